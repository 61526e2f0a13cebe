"""How long it takes to start: `import samrules` and `samrules --help`, beside Python's own start.

    python benchmarks/startup.py [--runs 15]

Each command runs as a process of its own, in turn, so that a slow moment of the machine strikes
all alike; the medians are printed, and what each takes beyond the bare interpreter.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python": [sys.executable, "-c", ""],
    "import samrules": [sys.executable, "-c", "import samrules"],
    "import samrules; samrules.load": [sys.executable, "-c", "import samrules; samrules.load"],
    'samrules.load("designation")': [sys.executable, "-c", 'import samrules; samrules.load("designation")'],
    "samrules --help": [sys.executable, "-m", "samrules", "--help"],
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs: int = parser.parse_args().runs
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for command in COMMANDS.values():
        seconds(command)  # a first run warms the file cache and writes the bytecode
    for _ in range(runs):
        for name, command in COMMANDS.items():
            taken[name].append(seconds(command))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    bare = medians["python"]
    print(f"{'':34}{'median':>10}{'beyond python':>16}")
    for name, median in medians.items():
        print(f"{name:34}{median * 1000:7.0f} ms{(median - bare) * 1000:13.0f} ms")


if __name__ == "__main__":
    main()

"""Larger than memory: how time and memory grow with the accounts: `python benchmarks/stream.py [--folder DIR]`.

A seeded portfolio (examples/generate_portfolio.py) of 1M and of 10M accounts is written as Parquet, where it is not there yet, and
decided by `samrules decide --engine frame`, each ruleset in a process of its own, of which the time and the most
memory that it held are measured. Small and large runs take turns, and of each the median counts. The run fails where ten times
the accounts take more than 11 times the time, or more than 4 GiB. `--programme N` measures instead `programme` with
events and history.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
GENERATOR = ROOT / "examples" / "generate_portfolio.py"
MOST_TIMES, MOST_BYTES = 11, 4 * 2**30
RULESETS = ("designation", "dedesignation", "buy_sell")


def portfolio(folder: Path, accounts: int, *, events: bool) -> Path:
    """The folder with a portfolio of so many accounts."""
    made = folder / f"{'full' if events else 'accounts'}-{accounts}"
    if not made.exists():
        unfinished = made.with_name(made.name + ".part")
        subprocess.run([sys.executable, str(GENERATOR), "--accounts", str(accounts), "--out", str(unfinished),
                        *([] if events else ["--without-events"])], check=True, stdout=subprocess.DEVNULL)
        unfinished.rename(made)
    return made


Run = tuple[float, float, int]
"""Seconds that passed, seconds of processor, the most bytes of memory."""


def decide(ruleset: str, data: Path, out: Path) -> Run:
    """One run. Its processor time says more than the clock where others use the machine."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "samrules", "decide", ruleset, str(data), "--as-of", "2026-11-21",
                                "--engine", "frame", "--out", str(out)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{ruleset}: the run ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def median(runs: list[Run]) -> Run:
    return statistics.median(r[0] for r in runs), statistics.median(r[1] for r in runs), max(r[2] for r in runs)


def shown(run: Run) -> str:
    return f"{run[0]:.1f} s ({run[1]:.1f} s of processor), {run[2] / 2**30:.2f} GiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000, help="the smaller number; the larger is ten times as many")
    parser.add_argument("--rulesets", nargs="*", default=list(RULESETS))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where portfolios are kept for another run; else they are deleted")
    parser.add_argument("--programme", type=int, metavar="N", help="`programme` on N accounts with events and history, once")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        out = Path(temporary) / "decisions.parquet"
        if asked.programme:
            run = decide("programme", portfolio(folder, asked.programme, events=True), out)
            print(f"programme: {asked.programme:,} accounts with events and history {shown(run)}")
            sys.exit(run[2] > MOST_BYTES)
        few, many = (portfolio(folder, n, events=False) for n in (asked.accounts, 10 * asked.accounts))
        failed = False
        for ruleset in asked.rulesets:
            runs = [(decide(ruleset, few, out), decide(ruleset, many, out)) for _ in range(asked.runs)]
            small, large = median([few for few, _ in runs]), median([many for _, many in runs])
            failed = failed or large[0] > MOST_TIMES * small[0] or large[2] > MOST_BYTES
            print(f"{ruleset}: {asked.accounts:,} accounts {shown(small)}; ten times as many {shown(large)}; "
                  f"{large[0] / small[0]:.2f} times the time, {large[1] / small[1]:.2f} times the processor", flush=True)
        sys.exit(failed)


if __name__ == "__main__":
    main()

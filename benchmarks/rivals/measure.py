"""One rival on one ruleset and one number of accounts, in a process of its own: `run` starts it and reads what it says.

The process reads the accounts, translates and converts (not timed), runs once while its memory is watched, holds
every answer against what is expected, and then runs for the clock. Memory is the most held beyond what was held when all
was ready to run.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.frame import Peak

ENOUGH, MOST, LONG = 0.3, 200, 12.0
"""Seconds after which there are runs enough, and the most runs; a run that takes so many seconds is not repeated."""


def run(key: str, ruleset: str, accounts: Path, expected: Path, limit: float) -> dict[str, Any]:
    """The figures of one process; `error` where it failed or took longer than `limit` seconds."""
    command = [sys.executable, "-m", "benchmarks.rivals.measure", key, ruleset, str(accounts), str(expected)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"longer than {limit:,.0f} s"}
    lines = ran.stdout.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        return {"error": (ran.stderr.strip().splitlines() or ["no answer"])[-1][:200]}
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def ruleset_of(name: str) -> Any:
    import samrules
    from benchmarks.rivals.generated import generated

    return generated(int(name.removeprefix("rules_"))) if name.startswith("rules_") else samrules.load(name)


def child(key: str, ruleset: str, accounts: str, expected: str) -> dict[str, Any]:
    from benchmarks.rivals.catalogue import ENTRIES

    rules, table = ruleset_of(ruleset), pl.read_parquet(accounts)
    job = ENTRIES[key].rival.make(rules, ruleset, table)
    with Peak() as peak:
        start, start_cpu = time.perf_counter(), time.process_time()
        found = job.run()
        first, first_cpu = time.perf_counter() - start, time.process_time() - start_cpu
    wanted = pl.read_parquet(expected)
    answers = job.answers(found)
    outcomes, settled = [a[0] for a in answers], [bool(a[1]) for a in answers]
    if outcomes != wanted["outcome"].to_list() or settled != wanted["settled"].to_list():
        wrong = sum((o, s) != w for o, s, w in zip(outcomes, settled, wanted.select("outcome", "settled").iter_rows(), strict=True))
        return {"error": f"{wrong:,} of {len(wanted):,} answers differ"}
    del found, answers, outcomes, settled
    seconds: list[float] = []
    cpu: list[float] = []
    if first > LONG:  # the watched run is enough of so long a one
        seconds, cpu = [first], [first_cpu]
    while not seconds or (first <= LONG and len(seconds) < MOST and (len(seconds) < 3 or sum(seconds) < ENOUGH)):
        wall, used = time.perf_counter(), time.process_time()
        job.run()
        seconds.append(time.perf_counter() - wall)
        cpu.append(time.process_time() - used)
    return {"seconds": statistics.median(seconds), "cpu": statistics.median(cpu), "runs": len(seconds),
            "peak": peak.most, "table": table.estimated_size()}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(child(*sys.argv[1:])), flush=True)
    os._exit(0)  # the threads of durable_rules' Host never end

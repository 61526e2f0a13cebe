"""A portfolio larger than memory: `samrules decide RULESET accounts.parquet --engine frame --out …`, in a process of
its own, with the most memory that the process ever held."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.frame import table
from samrules.rules import Rules

PART = 1_000_000


def write(rules: Rules, count: int, to: Path) -> None:
    """Accounts in files of a million, so that no table of all of them is ever in memory."""
    to.mkdir()
    once = table(rules, min(count, PART))
    for number, start in enumerate(range(0, count, PART)):
        ids = pl.Series("account_id", np.arange(start, min(start + PART, count))).cast(pl.String)
        once.head(len(ids)).with_columns(("A" + ids.str.zfill(9)).alias("account_id")).write_parquet(to / f"part{number:04d}.parquet")


def run(ruleset: str, accounts: Path, out: Path, as_of: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "samrules", "decide", ruleset, str(accounts), "--engine", "frame",
               "--as-of", as_of, "--out", str(out)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        return {"error": (said.strip().splitlines() or [f"status {status}"])[-1][:200]}
    size = sum(f.stat().st_size for f in accounts.iterdir())
    return {"seconds": time.perf_counter() - start, "cpu": usage.ru_utime + usage.ru_stime, "runs": 1,
            "peak": usage.ru_maxrss * 1024, "table": size}

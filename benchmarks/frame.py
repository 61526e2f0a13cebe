"""How fast a portfolio is decided as a frame: `python benchmarks/frame.py [--accounts N] [--rulesets …]`.

A seeded table of N accounts holds every fact that a ruleset reads, each missing in one account of ten.
Measured are the frame engine, the interpreter on a sample (with equal outcomes, or the run fails), and
how much memory is needed beside the table. Every figure is of this run on this machine.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import samrules
from samrules.model.ruleset import Fact
from samrules.model.types import Kind
from samrules.rules import Rules

AS_OF = date(2026, 11, 21)
SEED = 20261121
MISSING = 0.1
SAMPLE = 1_000


def table(rules: Rules, count: int, missing: float = MISSING) -> pl.DataFrame:
    """A seeded table with every fact that the ruleset reads, measures given as facts."""
    random = np.random.default_rng(SEED)
    columns = {"account_id": pl.Series([f"A{n:08d}" for n in range(count)])}
    for name in sorted(rules.reads - {"account_id"}):
        known = random.random(count) >= missing
        columns[name] = pl.select(pl.when(pl.Series(known)).then(_values(rules.facts[name], random, count))).to_series()
    return pl.DataFrame(columns)


def _values(fact: Fact, random: np.random.Generator, count: int) -> pl.Series:
    type_ = fact.type
    low = fact.range.low if fact.range else None
    high = fact.range.high if fact.range else None
    match type_.kind:
        case Kind.BOOLEAN:
            return pl.Series(random.random(count) < 0.5)
        case Kind.INTEGER:
            return pl.Series(random.integers(int(low or 0), int(high if high is not None else (low or 0) + 12), count, endpoint=True))  # type: ignore[arg-type, operator]
        case Kind.ORDINAL:
            return pl.Series(random.integers(type_.low, type_.high, count, endpoint=True))  # type: ignore[arg-type]
        case Kind.RATIO:
            return pl.Series(random.uniform(float(low or 0), float(high if high is not None else 1.5), count))  # type: ignore[arg-type]
        case Kind.NUMBER | Kind.MONEY:
            if high is not None:
                return pl.Series(random.uniform(float(low or 0), float(high), count))  # type: ignore[arg-type]
            return pl.Series(random.lognormal(14, 2, count))
        case Kind.DATE:
            days = pl.Series(random.integers(0, 2000, count))
            return pl.select(pl.lit(AS_OF) - pl.duration(days=pl.lit(days))).to_series()
        case Kind.ENUM:
            return pl.Series(list(type_.words)).gather(pl.Series(random.integers(0, len(type_.words), count)).cast(pl.UInt32))
    return pl.Series([f"text {n}" for n in range(50)]).gather(pl.Series(random.integers(0, 50, count)).cast(pl.UInt32))


def resident() -> int:
    """Bytes of memory that the process holds."""
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """The most memory held while something ran, beyond what was held before."""

    def __enter__(self) -> Peak:
        gc.collect()
        self.before, self.most, self.done = resident(), 0, threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()
        return self

    def _watch(self) -> None:
        while not self.done.wait(0.002):
            self.most = max(self.most, resident() - self.before)

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.watcher.join()


def best(run: Callable[[], object], times: int = 5) -> float:
    """The least seconds of several runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def measure(name: str, count: int) -> Mapping[str, Any]:
    rules = samrules.load(name)
    accounts = table(rules, count)
    with Peak() as peak:
        decided = rules.decide_frame(accounts, as_of=AS_OF)
    frame = best(lambda: rules.decide_frame(accounts, as_of=AS_OF))
    unchecked = best(lambda: rules.decide_frame(accounts, as_of=AS_OF, check=False))
    sample = accounts.head(SAMPLE).to_dicts()
    start = time.perf_counter()
    decisions = [rules.decide(facts, as_of=AS_OF) for facts in sample]
    one = (time.perf_counter() - start) / len(sample)
    expected = [d.outcome for d in decisions], ["; ".join(d.deciding_unknowns) for d in decisions]
    found = decided.head(SAMPLE)
    if expected != (found["outcome"].to_list(), found["deciding_unknowns"].to_list()):
        sys.exit(f"{name}: the frame engine and the interpreter differ")
    fixed = best(lambda: rules.decide_frame(accounts.head(1), as_of=AS_OF), 3)
    return {
        "ruleset": name, "accounts": count, "facts": accounts.width - 1, "frame s": frame, "no check s": unchecked,
        "fixed s": fixed, "µs an account": frame / count * 1e6, "interpreter µs": one * 1e6,
        "settled": decided["settled"].mean(), "table MB": accounts.estimated_size("mb"),
        "peak / table": peak.most / accounts.estimated_size(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--rulesets", nargs="*", default=["designation", "dedesignation", "buy_sell"])
    asked = parser.parse_args()
    warnings.simplefilter("ignore", samrules.UndeclaredFactWarning)
    for name in asked.rulesets:
        for key, value in measure(name, asked.accounts).items():
            print(f"{key:>16}: {value:,.3f}" if isinstance(value, float) else f"{key:>16}: {value}")
        print()


if __name__ == "__main__":
    main()

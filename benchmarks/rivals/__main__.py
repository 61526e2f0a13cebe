"""`python -m benchmarks.rivals`: samrules and its rivals, in one run on one machine.

First every rival's answers on 300 accounts are held against the interpreter's, and the columns by hand against those of the
frame engine on 20,000; the run ends where any differ. Then each is measured, a process each, in turn and several
times round. What would take longer than `--limit` seconds, as its own time on fewer accounts says, is not run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.frame import table
from benchmarks.rivals import measure, report, streamed
from benchmarks.rivals.by_hand import BY_HAND
from benchmarks.rivals.catalogue import ENTRIES
from benchmarks.rivals.rival import AS_OF
from samrules.rules import Rules

SIZES = (1, 1_000, 100_000, 1_000_000, 10_000_000)
STREAMED = 10_000_000
"""From so many accounts on only the command line streams them."""
RULES = (10, 100, 1000)
GENERATED_ACCOUNTS = 10_000
FEW, SLOW = 30, ("durable", "rule_engine", "json_logic", "interpreter")
"""So many accounts are enough to hold the slow ones against the interpreter."""
PACKAGES = ("polars", "narwhals", "pandas", "zen-engine", "rule-engine", "json-logic-qubit", "durable-rules")
Record = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1_000_000, help="the most accounts")
    parser.add_argument("--rulesets", nargs="*", default=list(BY_HAND))
    parser.add_argument("--rivals", nargs="*", default=list(ENTRIES))
    parser.add_argument("--rules", nargs="*", type=int, default=list(RULES), help="numbers of rules of the generated rulesets")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=60, help="seconds that one run may take")
    parser.add_argument("--quick", action="store_true", help="1,000 accounts, one round")
    parser.add_argument("--results", type=Path, default=report.RESULTS)
    parser.add_argument("--write", action="store_true", help="only write docs/performance.md from the results")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.write:
        return report.write(asked.results)
    if asked.quick:
        asked.accounts, asked.rounds, asked.rules = 1_000, 1, [10, 100]
    start = time.perf_counter()
    here = [key for key in asked.rivals if ENTRIES[key].here]
    for key in set(asked.rivals) - set(here):
        print(f"{ENTRIES[key].title}: not installed", file=sys.stderr)
    records = []
    with tempfile.TemporaryDirectory(prefix="rivals") as folder:
        for name in asked.rulesets:
            records += _ruleset(name, here, [s for s in SIZES if s <= asked.accounts], asked, Path(folder))
            keep(records, start, asked.results)
        for number in asked.rules:
            keys = [k for k in here if ENTRIES[k].generated]
            records += _ruleset(f"rules_{number}", keys, [1, GENERATED_ACCOUNTS], asked, Path(folder))
            keep(records, start, asked.results)
    print(f"{asked.results}: python -m benchmarks.rivals --write puts them into docs/performance.md")
    return None


def keep(records: Sequence[Record], start: float, to: Path) -> None:
    """What was measured so far: a run that is ended keeps it."""
    to.parent.mkdir(exist_ok=True)
    to.write_text(json.dumps({"machine": _machine(start), "records": records}, indent=1) + "\n")


def _machine(start: float) -> dict[str, Any]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[1], "versions": versions,
            "seconds": time.perf_counter() - start}


def _ruleset(name: str, keys: Sequence[str], sizes: Sequence[int], asked: Any, folder: Path) -> list[Record]:
    rules = measure.ruleset_of(name)
    missing = 0.01 if name.startswith("rules_") else 0.1
    failed, known = equal(name, rules, keys, missing, folder)
    records: list[Record] = [{"rival": k, "ruleset": name, "accounts": 0, "error": why} for k, why in failed.items()]
    keys = [key for key in keys if key not in failed]
    for size in sizes:
        if size >= STREAMED:
            continue
        accounts, expected = folder / "accounts.parquet", folder / "expected.parquet"
        given = table(rules, size, missing)
        given.write_parquet(accounts)
        rules.decide_frame(given, as_of=AS_OF).select("outcome", "settled").write_parquet(expected)
        records += _size(name, keys, size, known, accounts, expected, asked)
    if sizes[-1] >= 1_000_000:
        records += _streamed(name, rules, sizes, folder)
    return records


def _size(name: str, keys: Sequence[str], size: int, known: dict[str, float], accounts: Path, expected: Path,
          asked: Any) -> list[Record]:
    found: dict[str, list[Record]] = {key: [] for key in keys}
    for turn in range(asked.rounds):
        for key in keys:
            guess = known.get(key, 0.0) * size
            if guess > asked.limit and not ENTRIES[key].whole:
                found[key] = [{"error": "not run", "guess": guess}]
            elif turn == 0 or guess < asked.limit / 6:
                found[key].append(measure.run(key, name, accounts, expected, 120 + asked.limit * 6))
    records = []
    for key, figures in found.items():
        record = {"rival": key, "ruleset": name, "accounts": size, **merged(figures)}
        if "seconds" in record and size > 1:
            known[key] = record["seconds"] / size
        records.append(record)
        print(json.dumps(record), flush=True)
    return records


def merged(figures: Sequence[Mapping[str, Any]]) -> Record:
    """Of several processes the median, and the least and the most seconds; an error where any failed."""
    if failed := [f for f in figures if "error" in f]:
        return dict(failed[0])
    seconds = [f["seconds"] for f in figures]
    return {**{k: statistics.median(f[k] for f in figures) for k in ("seconds", "cpu", "peak", "table")},
            "least": min(seconds), "most": max(seconds), "processes": len(figures), "runs": sum(f["runs"] for f in figures)}


def _streamed(name: str, rules: Rules, sizes: Sequence[int], folder: Path) -> list[Record]:
    records = []
    for size in (s for s in sizes if s >= 1_000_000):
        into = folder / f"{name}_{size}"
        streamed.write(rules, size, into)
        figures = streamed.run(name, into, folder / "out.parquet", AS_OF.isoformat())
        records.append({"rival": "streamed", "ruleset": name, "accounts": size, **figures})
        print(json.dumps(records[-1]), flush=True)
        for file in into.iterdir():
            file.unlink()
    return records


def equal(name: str, rules: Rules, keys: Sequence[str], missing: float, folder: Path) -> tuple[dict[str, str], dict[str, float]]:
    """Ends the run where a rival answers other than the interpreter, or a column by hand differs. Returns why
    rivals failed that gave no answers, and the seconds an account of the slow ones."""
    files = folder / "accounts.parquet", folder / "expected.parquet"
    failed: dict[str, str] = {}
    known: dict[str, float] = {}
    for count in (300, FEW):
        sample = table(rules, count, missing)
        decided = [rules.decide({k: v for k, v in row.items() if v is not None}, as_of=AS_OF) for row in sample.iter_rows(named=True)]
        sample.write_parquet(files[0])
        pl.DataFrame({"outcome": [d.outcome for d in decided], "settled": [d.settled for d in decided]}).write_parquet(files[1])
        for key in keys:
            if count != (FEW if key in SLOW else 300):
                continue
            found = measure.run(key, name, *files, 300)
            if "differ" in found.get("error", ""):
                sys.exit(f"{name}: {ENTRIES[key].title}: {found['error']} from the interpreter's")
            if "error" in found:
                failed[key] = found["error"]
            elif key in SLOW:
                known[key] = found["seconds"] / count
    if "by_hand" in keys:
        many = table(rules, 20_000)
        differing = unlike(rules.decide_frame(many, as_of=AS_OF), BY_HAND[name](many, AS_OF, list(rules._plan.facts)))
        if differing:
            sys.exit(f"{name}: by hand other than the frame engine in {', '.join(differing)}")
    return failed, known


def unlike(wanted: pl.DataFrame, found: pl.DataFrame) -> list[str]:
    """The columns that differ; numbers may by a thousand-millionth."""
    if set(wanted.columns) != set(found.columns):
        return sorted(set(wanted.columns) ^ set(found.columns))
    differing = []
    for name in wanted.columns:
        a, b = wanted[name], found[name]
        odd = (a.is_null() != b.is_null()) | ((a - b).abs() > 1e-9).fill_null(False) if a.dtype == pl.Float64 else a.ne_missing(b)
        if odd.any():
            differing.append(name)
    return differing


if __name__ == "__main__":
    main()

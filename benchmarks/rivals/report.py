"""The results as tables and plots: what stands between the markers of docs/performance.md.

Plots are SVG, written here: a few lines on logarithmic axes need no library, and the files are small text that
git compares.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.rivals.catalogue import ENTRIES
from benchmarks.rivals.plot import Line, plot

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "rivals.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- results: written by python -m benchmarks.rivals --write -->", "<!-- end of results -->"
Record = Mapping[str, Any]


def write(results: Path) -> None:
    """Put the results into the page, and the plots beside it. Raises ValueError where the page has no markers."""
    found = json.loads(results.read_text())
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + section(found) + after)
    for name, text in plots(found["records"]).items():
        (PAGE.parent / "performance").mkdir(exist_ok=True)
        (PAGE.parent / "performance" / name).write_text(text)


def section(found: Mapping[str, Any]) -> str:
    """The text between the markers, markers included."""
    records: list[Record] = found["records"]
    parts = [BEGIN, machine(found["machine"]), "### What was asked for", goals(records)]
    drawn = plots(records)
    for ruleset in names(records):
        if not ruleset.startswith("rules_"):
            parts += [f"### `{ruleset}`", time_table(records, ruleset), picture(f"{ruleset}.svg", drawn)]
    for title, text in (("Memory", memory_table(records)), ("Number of rules", rules_table(records)),
                        ("Larger than memory", streamed_table(records))):
        parts += [f"### {title}", text] if text else []
    return "\n\n".join([*(p for p in [*parts, picture("rules.svg", drawn)] if p), END])


def picture(name: str, drawn: Mapping[str, str]) -> str:
    return f"![{name.removesuffix('.svg')}](performance/{name})" if name in drawn else ""


def machine(given: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in given["versions"].items())
    return (f"One run of {given['seconds'] / 60:,.0f} minutes on {given['cores']} cores, Python {given['python']}; {versions}. "
            f"The machine's load when it ended was {given['load']:.1f}"
            + (": other work ran beside it, so ratios tell more than times." if given["load"] > given["cores"] else "."))


# --- tables ----------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def names(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(r["ruleset"] for r in records))


def of(records: Sequence[Record], rival: str, ruleset: str, accounts: int) -> Record:
    return next((r for r in records if (r["rival"], r["ruleset"], r["accounts"]) == (rival, ruleset, accounts)), {})


def each(record: Record) -> float | None:
    """Microseconds an account."""
    return record["seconds"] / record["accounts"] * 1e6 if "seconds" in record else None


def shown(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def cell(record: Record) -> str:
    """Microseconds an account, or why there are none."""
    if "seconds" in record:
        return shown(each(record))
    if "guess" in record:
        return "not run"
    return "failed" if record else ""


def time_table(records: Sequence[Record], ruleset: str) -> str:
    """Microseconds an account, by rival and number of accounts."""
    own = [r for r in records if r["ruleset"] == ruleset and r["rival"] != "streamed"]
    sizes = sorted({r["accounts"] for r in own if r["accounts"]})
    rows = []
    for key in dict.fromkeys(r["rival"] for r in own):
        entry = ENTRIES.get(key)
        failed = of(own, key, ruleset, 0)
        cells = ["failed" if failed else cell(of(own, key, ruleset, size)) for size in sizes]
        rows.append([entry.title if entry else key, entry.gives if entry else "", *cells])
    return "Microseconds an account.\n\n" + table(["", "gives", *(f"{s:,} accounts" if s > 1 else "1 account" for s in sizes)], rows)


def memory_table(records: Sequence[Record]) -> str:
    largest = max((r["accounts"] for r in records if "peak" in r and r["rival"] != "streamed"), default=0)
    found = [r for r in records if r["accounts"] == largest and "peak" in r and r["rival"] != "streamed"]
    rows = [[f"`{r['ruleset']}`", ENTRIES[r["rival"]].title, f"{r['peak'] / 1e6:,.0f} MB", f"{r['table'] / 1e6:,.0f} MB",
             f"{r['peak'] / r['table']:.2f}"] for r in found if r["rival"] in ENTRIES]
    return (f"The most held at {largest:,} accounts beyond what was held before, against the table of accounts.\n\n"
            + table(["ruleset", "", "held", "table", "ratio"], rows)) if rows else ""


def rules_table(records: Sequence[Record]) -> str:
    rulesets = [n for n in names(records) if n.startswith("rules_")]
    if not rulesets:
        return ""
    most = max(r["accounts"] for r in records if r["ruleset"] in rulesets)
    keys = dict.fromkeys(r["rival"] for r in records if r["ruleset"] in rulesets)
    sizes = [(1, n) for n in rulesets] + [(most, n) for n in rulesets]
    rows = [[ENTRIES[key].title, *("failed" if of(records, key, n, 0) else cell(of(records, key, n, s)) for s, n in sizes)]
            for key in keys if key in ENTRIES]
    head = [f"{n.removeprefix('rules_')} rules, {f'{s:,} accounts' if s > 1 else '1 account'}" for s, n in sizes]
    return "Microseconds an account, on generated rulesets.\n\n" + table(["", *head], rows)


def streamed_table(records: Sequence[Record]) -> str:
    found = [r for r in records if r["rival"] == "streamed"]
    rows = [[f"`{r['ruleset']}`", f"{r['accounts']:,}", *([f"{r['seconds']:,.1f} s", f"{r['peak'] / 1e9:.2f} GB"]
                                                      if "seconds" in r else ["failed", r.get("error", "")])] for r in found]
    return ("`samrules decide … --engine frame --out …`, Parquet in and out; the most memory that the process held.\n\n"
            + table(["ruleset", "accounts", "time", "memory"], rows)) if rows else ""


# --- what was asked for ----------------------------------------------------------------------------


def goals(records: Sequence[Record]) -> str:
    """Each ratio that was asked for, beside what was measured; the clock decides whether it is met."""
    rows: list[list[str]] = []
    rulesets = [n for n in names(records) if not n.startswith("rules_")]
    largest = max((r["accounts"] for r in records if r["rival"] == "by_hand" and "seconds" in r), default=0)

    def ratio(what: str, wanted: str, a: Record, b: Record, met: Callable[[float], bool]) -> None:
        """Of the time an account takes, by the clock and of the processor."""
        if "seconds" in a and "seconds" in b:
            clock, cpu = ((a[k] / a["accounts"]) / (b[k] / b["accounts"]) for k in ("seconds", "cpu"))
            rows.append([what, wanted, shown(clock), shown(cpu), "yes" if met(clock) else "**no**"])

    for name in rulesets:
        frame, hand, alone, unchecked = (of(records, k, name, largest) for k in ("frame", "by_hand", "alone", "unchecked"))
        ratio(f"`{name}`, {largest:,} accounts: frame, over Polars by hand", "at most 1.5", frame, hand, lambda x: x <= 1.5)
        batch = [r for r in records if r["rival"] == "zen_batch" and r["ruleset"] == name and "seconds" in r]
        last = max(batch, key=lambda r: r["accounts"], default={})
        ratio(f"`{name}`: zen-engine's batch at {last.get('accounts', 0):,} accounts, over frame at {largest:,}", "at least 100",
              last, frame, lambda x: x >= 100)
        if "peak" in frame:
            held = frame["peak"] / frame["table"]
            rows.append([f"`{name}`, {largest:,} accounts: memory of frame, over the table", "at most 3", shown(held), "",
                         "yes" if held <= 3 else "**no**"])
        ratio(f"`{name}`, {largest:,} accounts: with narwhals and the compiler, over Polars alone", "at most 1.5", unchecked, alone,
              lambda x: x <= 1.5)
        ratio(f"`{name}`, one account: zen-engine's `evaluate`, over samrules compiled", "at least 10", of(records, "zen", name, 1),
              of(records, "compiled", name, 1), lambda x: x >= 10)
        ratio(f"`{name}`, one account: zen-engine's with trace, over samrules with full trace", "more than 1",
              of(records, "zen_trace", name, 1), of(records, "compiled_trace", name, 1) or of(records, "interpreter", name, 1), lambda x: x > 1)
    generated = [n for n in names(records) if n.startswith("rules_")]
    for small, large in itertools.pairwise(generated):
        few, many = (int(n.removeprefix("rules_")) for n in (small, large))
        most = max(r["accounts"] for r in records if r["ruleset"] == small)
        ratio(f"{most:,} accounts, frame: {many:,} rules over {few:,}", f"at most {many / few:,.0f}", of(records, "frame", large, most),
              of(records, "frame", small, most), lambda x, more=many / few: x <= more)  # type: ignore[misc]
    for name in rulesets:
        million, ten = (of(records, "streamed", name, size) for size in (1_000_000, 10_000_000))
        if "seconds" in million and "seconds" in ten:
            times = ten["seconds"] / million["seconds"]
            rows.append([f"`{name}`, streamed: ten million accounts over one", "at most 11", shown(times),
                         shown(ten["cpu"] / million["cpu"]), "yes" if times <= 11 else "**no**"])
    return table(["ratio", "asked for", "by the clock", "of the processor", "met"], rows)


# --- plots -----------------------------------------------------------------------------------------


def plots(records: Sequence[Record]) -> dict[str, str]:
    """The plots by the names of their files."""
    found = {}
    for name in names(records):
        own = [r for r in records if r["ruleset"] == name and "seconds" in r and r["rival"] in ENTRIES]
        if name.startswith("rules_") or not own:
            continue
        lines = [Line(ENTRIES[k].title.replace("`", ""), [(r["accounts"], each(r) or 0.0) for r in own if r["rival"] == k], k == "frame")
                 for k in dict.fromkeys(r["rival"] for r in own)]
        found[f"{name}.svg"] = plot(f"{name}: microseconds an account", "accounts", lines)
    most = max((r["accounts"] for r in records if r["ruleset"].startswith("rules_")), default=0)
    own = [r for r in records if r["ruleset"].startswith("rules_") and r["accounts"] == most and "seconds" in r]
    lines = [Line(ENTRIES[k].title.replace("`", ""),
                  [(int(r["ruleset"].removeprefix("rules_")), each(r) or 0.0) for r in own if r["rival"] == k], k == "frame")
             for k in dict.fromkeys(r["rival"] for r in own)]
    if lines:
        found["rules.svg"] = plot(f"{most:,} accounts: microseconds an account", "rules", lines)
    return found

"""Mutated ruleset files: whatever a file holds, loading it gives rules or located diagnostics.

    python tests/fuzz/mutate_rulesets.py --count 100000 --seed 0 --seconds 3600

Each mutant is made from one or two rulesets of `rulesets/` and `tests/corpus/` by flipped bytes,
lost, doubled and swapped pieces, splices, deep nesting, huge numbers, odd characters. Loading must
give Rules, or a RulesetError whose diagnostics have a code of the catalogue, a place inside the
text and a message, in no more than 5 seconds. What loads must format, obeying the formatter's laws,
and must decide accounts with random facts of the declared types. Anything else is a find: it is
saved, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import attrs

from samrules.catalogue import CATALOGUE
from samrules.diagnostics import Diagnostic
from samrules.errors import FactError, RulesetError
from samrules.model.ruleset import Fact
from samrules.model.types import Kind
from samrules.rules import Rules, loads
from samrules.syntax.formatter import format_text
from samrules.syntax.source import decode

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "tests" / "corpus" / "good"
"""Where mutants find what they use."""
SLOWEST = 5.0
FILE = "mutant.yaml"

_TOKEN = re.compile(rb"[A-Za-z_][A-Za-z0-9_.]*|\d[\d.]*|[^\w\s]|\n *")
_JUNK: list[str] = [
    *"{}[]()&*#?|-<>=!%@:`\"',+/~^$;\\\t\r\0\x7f\x85\xa0\ufeff\u2028\u202e\ud7ff\ufffd\U0001f642",
    "- ", ": ", " #", "---\n", "...\n", "%YAML 1.1\n", "<<: ", "!!python/object:os.system ", "&a ", "*a", "? ",
    "|\n", ">-\n", "| #c\n", '"\\ud800"', '"\\x00"', '"\\n"', "'", "''", "\r\n", "  ", "\n\n", "null", "~", "yes", ".nan",
    ".inf", "-.inf", "1e999", "-1e999", "1e-999", "9" * 19, "9" * 400, "-9223372036854775808", "0x1F", "1_000", "00", "-0",
    "0.1" + "0" * 400, "1e308", "5e-324", "2026-02-30", "0000-01-01", "9999-12-31", "0001-01-01", "999999 years", "1 month",
    "0 days", "12000 months", "60%", "1e5%", "5M", "5k", "9" * 30 + "B", "not ", " and ", " or ", "if a then b else c",
    "at_least 2 of [a, b]", "x in []", "coalesce(", "age(as_of)", "min(", "as_of", "account_id", "is missing", "between",
    "ruleset", "uses: [helper_facts]\n", "uses: [account_facts]\n", "facts:\n", "decide:", "rules:", "ordinal 1..999999",
    "enum [a, b]", "..", "0..", "é",
    "ladders:\n", "lifecycles:\n", "levels:\n", "states:\n", "transitions:\n", "unless: ", "always: ", "then: {to_step: 3}",
    "on_record: ", "since: ", "waived_by: ", "sustained: 2 reviews over 2 months", "median: ", "weight: ", "each: ", "名前", "\u0663", "İ", "ß", "x" * 5000, "{a}", "{account}", "{x:one|many}", "{", "true",
]

_RICH = re.compile(rb"^(ladders|lifecycles|measures|tables):|^    always:|always: *\{", re.MULTILINE)
"""Files of what expands into more than it says, and of what is counted: taken more often."""


def pool() -> list[bytes]:
    """The files that mutants are made from; small ones more often than the big rulesets, rich ones most."""
    corpus = ROOT / "tests" / "corpus"
    fine = sorted(corpus.glob("[gl]*/*.yaml"))
    big = sorted(p for p in (ROOT / "rulesets").glob("*.yaml") if p.name != "sources.yaml")
    files = [p.read_bytes() for p in (*fine * 3, *sorted(corpus.glob("bad/*.yaml")), *big)]
    return files + 4 * [data for data in files if _RICH.search(data)]


# --- mutations -----------------------------------------------------------------------------------


def _cut(r: Random, data: bytes, most: int = 60) -> tuple[int, int]:
    start = r.randrange(len(data) + 1)
    return start, min(len(data), start + r.randint(1, most))


def flip(r: Random, data: bytes, _: list[bytes]) -> bytes:
    at = r.randrange(max(1, len(data)))
    return data[:at] + bytes([r.randrange(256) if r.random() < 0.3 else r.randrange(32, 127)]) + data[at + 1 :]


def lose(r: Random, data: bytes, _: list[bytes]) -> bytes:
    start, end = _cut(r, data)
    return data[:start] + data[end:]


def double(r: Random, data: bytes, _: list[bytes]) -> bytes:
    start, end = _cut(r, data)
    times = 300 if r.random() < 0.02 else r.randint(2, 4)
    return data[:start] + data[start:end] * times + data[end:]


def insert(r: Random, data: bytes, _: list[bytes]) -> bytes:
    at = r.randrange(len(data) + 1)
    return data[:at] + r.choice(_JUNK).encode() + data[at:]


def _tokens(data: bytes) -> list[tuple[int, int]]:
    return [found.span() for found in _TOKEN.finditer(data)] or [(0, len(data))]


def replace(r: Random, data: bytes, files: list[bytes]) -> bytes:
    """A token by junk, or by a token of this or another file."""
    start, end = r.choice(_tokens(data))
    if r.random() < 0.4:
        new = r.choice(_JUNK).encode()
    else:
        other = data if r.random() < 0.6 else r.choice(files)
        a, b = r.choice(_tokens(other))
        new = other[a:b]
    return data[:start] + new + data[end:]


_KINDS = (
    rb"\b(?!true\b|false\b)[a-z][a-z0-9_]*(\.[a-z_]+)*\b(?!:)", rb"\d+(\.\d+)?(%|[kMB]\b| (months?|years?|days?|weeks?))?",
    rb"[<>!]=|[=<>+*/]|\b(and|or|between|in)\b|-", rb"\b(min|max|abs|coalesce|age|not|all|any)\b",
    rb"\b(boolean|integer|number|ratio|money|date|text|duration|ordinal 1\.\.5)\b",
    rb"\b(priority|first|unique|collect)\b", rb"\d{4}-\d\d-\d\d",
    rb"\b(count|sum|latest|earliest|distinct|median|spread|share|within|since|each|where|value|weight|type|unit)\b(?=:)",
    rb"\b(on_record|ceiling|requires|falls|unless|when|then|because|cites|title|at_least|waived_by|from|to|start|always)\b(?=:)",
)


def alike(r: Random, data: bytes, files: list[bytes]) -> bytes:
    """A name by another name, an operator by another, a constant by another: much of this loads."""
    kind = r.choice(_KINDS)
    found = list(re.finditer(kind, data))
    others = list(re.finditer(kind, data if r.random() < 0.8 else r.choice(files)))
    if not found or not others:
        return data
    start, end = r.choice(found).span()
    return data[:start] + r.choice(others)[0] + data[end:]


def swap(r: Random, data: bytes, _: list[bytes]) -> bytes:
    (a, b), (c, d) = sorted((r.choice(_tokens(data)), r.choice(_tokens(data))))
    return data if b > c else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def lines(r: Random, data: bytes, _: list[bytes]) -> bytes:
    """A line lost, doubled, moved or indented otherwise."""
    rows = data.split(b"\n")
    at = r.randrange(len(rows))
    row = rows.pop(at)
    way = r.randrange(4)
    if way == 1:
        rows[at:at] = [row, row]
    elif way == 2:
        rows.insert(r.randrange(len(rows) + 1), row)
    elif way == 3:
        rows.insert(at, b" " * r.randrange(8) + row.lstrip())
    return b"\n".join(rows)


def splice(r: Random, data: bytes, files: list[bytes]) -> bytes:
    """The head of one file and the tail of another, cut at a line."""
    head, tail = data.split(b"\n"), r.choice(files).split(b"\n")
    return b"\n".join(head[: r.randrange(len(head) + 1)] + tail[r.randrange(len(tail)) :])


def nest(r: Random, data: bytes, _: list[bytes]) -> bytes:
    """Something deep where a token was."""
    start, end = r.choice(_tokens(data))
    depth = r.choice((3, 20, 33, 45, 200, 3000))
    before, after = r.choice(((b"[", b"]"), (b"{a: ", b"}"), (b"(", b")"), (b"not ", b""), (b"- ", b""), (b"all: [", b"]"),
                              (b"{not: ", b"}"), (b"abs(", b")"), (b"-", b""), (b"if a then b else ", b""),
                              (b"a and ", b""), (b"1 + ", b""), (b"\n  all:", b"")))
    return data[:start] + before * depth + data[start:end] + after * depth + data[end:]


def number(r: Random, data: bytes, _: list[bytes]) -> bytes:
    """A number by one at an edge."""
    found = list(re.finditer(rb"\d+(\.\d+)?", data))
    if not found:
        return data
    start, end = r.choice(found).span()
    edge = r.choice(("0", "-1", "1", "100", "2147483648", "9223372036854775807", "9223372036854775808", "9007199254740993",
                     "1e308", "0.1", "1e-320", "99999999999999999999999", "-0.0", "101", "0.30000000000000004"))
    return data[:start] + edge.encode() + data[end:]


MUTATIONS = (alike, alike, alike, alike, alike, alike, flip, flip, lose, lose, double, insert, insert, replace, replace, replace, swap, swap, lines, lines, splice,
             nest, number)


def mutant(seed: int, files: list[bytes]) -> bytes:
    """The mutant of a seed; always the same for the same files."""
    r = Random(seed)
    data = r.choice(files)
    for _ in range(r.choice((1, 1, 1, 2, 2, 3, 5))):
        data = r.choice(MUTATIONS)(r, data, files)
    return data


# --- what must hold ------------------------------------------------------------------------------


class Find(Exception):
    """Something that must not happen."""


def examine(data: bytes, seed: int) -> str:
    """What became of a mutant: `loaded` or `refused`. Anything that must not happen is raised."""
    with _limit(int(SLOWEST * 3)):
        started = time.monotonic()
        try:
            text = decode(data, FILE)
            rules = loads(text, file=FILE, folder=FOLDER)
        except RulesetError as error:
            _spent(started, "loading")
            _located(error, data)
            return "refused"
        _spent(started, "loading")
        for finding in rules.findings:
            _fit(finding, text)
        if len(text) < 20_000:
            _formats(text)
        if rules.outcomes:
            _decides(rules, Random(seed))
        return "loaded"


def _spent(started: float, doing: str) -> None:
    if (spent := time.monotonic() - started) > SLOWEST:
        raise Find(f"{doing} took {spent:.1f} s")


@contextlib.contextmanager
def _limit(seconds: int) -> Iterator[None]:
    """Interrupt what hangs."""

    def stop(*_: object) -> None:
        raise Find(f"still busy after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _located(error: RulesetError, data: bytes) -> None:
    if not error.diagnostics:
        raise Find("an error without diagnostics")
    text = data.decode("utf-8-sig", errors="replace")
    for diagnostic in error.diagnostics:
        _fit(diagnostic, text)
    str(error).encode()


def _fit(d: Diagnostic, text: str) -> None:
    """A diagnostic that a reader can use: a known code, a place in the text, words."""
    if d.code not in CATALOGUE or not d.message.strip() or not d.help.strip():
        raise Find(f"an unfit diagnostic: {d!r}")
    if d.span is None:
        raise Find(f"a diagnostic without a place: {d!r}")
    span, rows = d.span, text.split("\n")
    if span.file == FILE:
        inside = 1 <= span.line <= len(rows) and 1 <= span.column <= len(rows[span.line - 1]) + 1
        forward = (span.end_line, span.end_column) >= (span.line, span.column)
        if not inside or not forward:
            raise Find(f"a place outside of the text: {d!r}")
    d.render().encode()


def _formats(text: str) -> None:
    once = format_text(text, FILE)
    if format_text(once, FILE) != once:
        raise Find("formatting twice changes it")


def _decides(rules: Rules, r: Random) -> None:
    for _ in range(3):
        facts = _account(rules, r)
        reviews = [
            {**_account(rules, r), "review_date": date(2026, 1, 1) + timedelta(days=i * 90)}
            for i in range(r.randrange(3))
        ]
        as_of = r.choice((date(2026, 11, 21), date(2024, 2, 29), date.max, date(2026, 12, 31)))
        started = time.monotonic()
        with contextlib.suppress(FactError):
            if rules.together:
                shared = {name: value for name, value in facts.items() if r.random() < 0.8}
                table = [facts, *({**_account(rules, r), **shared, "account_id": f"B{i}"} for i in range(2))]
                json.dumps(rules.decide_portfolio(table, as_of=as_of, history=reviews).to_dict(), allow_nan=False)
            else:
                decision = rules.decide(facts, as_of=as_of, history=reviews, events=_events(rules, r))
                decision.to_json().encode()
                str(decision.why()).encode()
                str(decision.why_not(r.choice(rules.outcomes))).encode()
        _spent(started, "deciding")


def _events(rules: Rules, r: Random) -> list[dict[str, Any]] | None:
    kinds = list(rules.events.values())
    if not kinds or r.random() < 0.3:
        return None
    return [{"event": kind.name, "date": date(2023, 1, 1) + timedelta(r.randrange(1400)),
             **{f.name: _value(f, r) for f in kind.fields if r.random() < 0.9}}
            for kind in r.choices(kinds, k=r.randrange(6))]


def _account(rules: Rules, r: Random) -> dict[str, Any]:
    given = {name: _value(fact, r) for name, fact in rules.facts.items() if r.random() < 0.7}
    return {**given, "account_id": "A"}


def _value(fact: Fact, r: Random) -> Any:
    match fact.type.kind:
        case Kind.BOOLEAN:
            return r.random() < 0.5
        case Kind.ORDINAL if r.random() < 0.9:
            return r.randint(*map(int, (fact.type.low or 0, fact.type.high or 9)))
        case Kind.INTEGER | Kind.ORDINAL:
            return r.choice((0, 1, 2, 3, 5, 10, -1, 2**63 - 1, -(2**62), r.randrange(100)))
        case Kind.NUMBER | Kind.RATIO | Kind.MONEY:
            return r.choice((0.0, -0.0, 0.5, 1.0, 7.5, 1e308, -1e308, 5e-324, math.nan, r.uniform(-10, 1e7)))
        case Kind.DATE:
            return r.choice((date(2024, 2, 29), date.min, date.max, date(2020, 1, 1) + timedelta(r.randrange(3000))))
        case Kind.ENUM:
            return r.choice(fact.type.words)
    return r.choice(("", "a", "Öl & Gas", "{csat}", "x" * 300))


# --- a run ---------------------------------------------------------------------------------------


@attrs.define
class Summary:
    """What a run saw."""

    done: int = 0
    outcomes: Counter[str] = attrs.field(factory=Counter)
    finds: list[tuple[int, str]] = attrs.field(factory=list)
    slowest: float = 0.0


def run(count: int, seed: int, seconds: float, save: Path | None, progress: bool = False) -> Summary:
    """Examine mutants until there are `count` of them or the time is up."""
    files, summary, began = pool(), Summary(), time.monotonic()
    for number_ in range(seed, seed + count):
        if time.monotonic() - began > seconds:
            break
        data, started = mutant(number_, files), time.monotonic()
        try:
            summary.outcomes[examine(data, number_)] += 1
        except Exception as error:
            summary.outcomes["find"] += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            said = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
            summary.finds.append((number_, said[:300]))
            if save is not None:
                (save / f"mutant_{number_}.yaml").write_bytes(data)
        summary.slowest = max(summary.slowest, time.monotonic() - started)
        summary.done += 1
        if progress and summary.done % 1000 == 0:
            print(f"{summary.done:,} mutants, {len(summary.finds)} finds", file=sys.stderr, flush=True)
    return summary


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="the first mutant's seed")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after this long")
    parser.add_argument("--save", type=Path, help="where to save finds (a new temporary folder unless given)")
    parser.add_argument("--show", type=int, help="write the mutant of this seed to standard output")
    options = parser.parse_args()
    if options.show is not None:
        sys.stdout.buffer.write(mutant(options.show, pool()))
        return 0
    save = options.save or Path(tempfile.mkdtemp(prefix="samrules-fuzz-"))
    save.mkdir(parents=True, exist_ok=True)
    summary = run(options.count, options.seed, options.seconds, save, progress=True)
    shown = ", ".join(f"{n:,} {what}" for what, n in summary.outcomes.most_common())
    print(f"{summary.done:,} mutants: {shown}; the slowest took {summary.slowest:.2f} s")
    for number_, said in summary.finds:
        print(f"  seed {number_}: {said}")
    if summary.finds:
        print(f"saved in {save}")
    return 1 if summary.finds else 0


if __name__ == "__main__":
    sys.exit(main())

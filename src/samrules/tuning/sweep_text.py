"""A sweep as a page of text: a table with bars, and who changes where."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from samrules.compare.report import answer_in_words, outcome_in_words
from samrules.decision.words import counted, day, number, sentence, value_in_words, word
from samrules.model.types import Kind, Value

if TYPE_CHECKING:
    from samrules.tuning.sweep import Change, Sweep

_WIDTH = 100
_BAR = 40
_INKS = "█▓▒░▚·"


def value_text(found: Sweep, value: Value | None) -> str:
    """A value of the parameter, with all its digits that count."""
    if found.declared.type.kind is Kind.NUMBER and isinstance(value, float):
        return number(value, 6)
    return value_in_words(value, found.declared.type, found.rules.plan.currency, 6)


def text_of_sweep(found: Sweep) -> str:
    parts = [_head(found), _table(found), _changes(found)]
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def _head(found: Sweep) -> Iterator[str]:
    yield f"{found.rules.name} {found.rules.version}, {day(found.as_of)}, {counted(found.accounts, 'accounts')}"
    now = f" Now {value_text(found, found.current)}." if found.current is not None else ""
    called = f"Parameter `{found.parameter.removeprefix(found.rules.name + '.')}`"
    yield from textwrap.wrap(f"{called}: {sentence(found.declared.title or word(found.declared.name))}{now}", _WIDTH)


def _table(found: Sweep) -> Iterator[str]:
    """A line a value: how many accounts have each outcome, and a bar."""
    heads = [outcome_in_words(o) for o in found.outcomes]
    values = [value_text(found, s.value) for s in found.steps]
    wide = max(len("value"), *map(len, values))
    inks = {o: _INKS[min(i, len(_INKS) - 1)] for i, o in enumerate(found.outcomes)}
    bar = max(10, min(_BAR, _WIDTH - wide - 6 - sum(len(h) + 2 for h in heads)))
    yield "  " + "value".rjust(wide) + "".join(f"  {h}" for h in heads)
    for step, value in zip(found.steps, values, strict=True):
        counts = "".join(f"  {step.counts.get(o, 0):>{len(h)},}" for o, h in zip(found.outcomes, heads, strict=True))
        drawn = "".join(inks[o] * n for o, n in zip(found.outcomes, _shares([step.counts.get(o, 0) for o in found.outcomes], bar), strict=True))
        mark = ">" if step.value == found.current else " "
        yield f"{mark} {value:>{wide}}{counts}  {drawn}".rstrip()
    yield " " * (wide + 2) + "  " + "   ".join(f"{inks[o]} {h}" for o, h in zip(found.outcomes, heads, strict=True))


def _shares(counts: list[int], width: int) -> list[int]:
    """Whole parts of a width in proportion, the whole width given out."""
    total, given, done = sum(counts), [], 0
    for index in range(len(counts)):
        upto = round(width * sum(counts[: index + 1]) / total) if total else 0
        given.append(upto - done)
        done = upto
    return given


def _changes(found: Sweep) -> Iterator[str]:
    low, high = value_text(found, found.axis.low), value_text(found, found.axis.high)
    if not found.changes:
        yield f"No account changes between {low} and {high}" + ("." if found.complete else " as far as was sought.")
    else:
        yield "Where an account changes as the parameter rises"
        wide = max(len(place(found, c)) for c in found.changes)
        long = min(28, max(len(c.name) for c in found.changes))
        for change in found.changes:
            name = "".join(c if c.isprintable() else " " for c in change.name)
            went = f"{answer_in_words(change.old)} → {answer_in_words(change.new)}"
            yield from textwrap.wrap(went, _WIDTH, initial_indent=f"  {place(found, change):<{wide}}  {name:<{long}}  ",
                                     subsequent_indent=" " * (wide + long + 6), break_long_words=False, break_on_hyphens=False)
    if found.complete:
        yield "These are all of them: between two of these values nothing changes." if found.changes else ""
    else:
        yield from textwrap.wrap("Sought between the values of the table: two changes of an account that undo each other between "
                                 "two of these values would be missed; more --steps find more.", _WIDTH)


def place(found: Sweep, change: Change) -> str:
    shown = value_text(found, change.at)
    return f"from {shown} on" if change.inclusive else f"above {shown}"

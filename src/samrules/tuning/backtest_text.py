"""A backtest as a page of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from samrules.compare.answers import answer_of
from samrules.compare.report import answer_in_words, outcome_in_words
from samrules.decision.words import counted, listed, ratio, word

if TYPE_CHECKING:
    from samrules.tuning.backtest import Backtest

_WIDTH = 100
_MOST = 40
"""Lines of a list; the rest are counted."""


def text_of_backtest(found: Backtest) -> str:
    parts = [_head(found), _reviews(found), _changes(found), _tenure(found), _waiting(found), _record(found)]
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def _head(found: Backtest) -> Iterator[str]:
    accounts = {d.account for d in found.decided}
    yield f"{found.rules.name} {found.rules.version}, {counted(len(found.days), 'reviews')} from {found.days[0]} to {found.days[-1]}, " \
          f"{counted(len(accounts), 'accounts')}"
    carried = [name for c in found.carried for name in (c.fact, c.since) if name]
    if carried:
        yield from textwrap.wrap(f"Carried on from decision to decision: {listed(carried)}.", _WIDTH)


def _reviews(found: Backtest) -> Iterator[str]:
    outcomes = list(dict.fromkeys(d.decision.outcome for d in found.decided))
    order = found.rules.outcomes
    outcomes.sort(key=lambda o: (order.index(o) if isinstance(o, str) and o in order else len(order), str(o)))
    heads = [outcome_in_words(o) for o in outcomes]
    yield "review    " + "".join(f"  {h}" for h in heads)
    for day in found.days:
        counts = found.counts(day)
        yield f"{day}" + "".join(f"  {counts.get(o, 0):>{len(h)},}" for o, h in zip(outcomes, heads, strict=True))


def _lines(entries: list[list[str]]) -> Iterator[str]:
    for lines in entries[:_MOST]:
        yield from lines
    if len(entries) > _MOST:
        yield f"  … and {len(entries) - _MOST:,} more"


def _said(first: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False)


def _changes(found: Backtest) -> Iterator[str]:
    if not found.stays:
        return
    soon = sum(c.soon for c in found.changes)
    again = f", {counted(soon, 'of them')} within a year of the account's change before" if soon else ""
    yield f"{counted(len(found.changes), 'changes')} of status{again}"
    yield from _lines([_said("  ", f"{c.day}  {_plain(c.name)}: {word(c.old)} → {word(c.new)}{' (within a year)' if c.soon else ''}. {c.why}")
                       for c in found.changes])


def _tenure(found: Backtest) -> Iterator[str]:
    """How long accounts stayed in each status."""
    if not found.stays:
        return
    last = found.days[-1]
    yield "Time in each status, in months"
    order = [o for o in found.rules.outcomes if any(s.status == o for s in found.stays)]
    wide = max(len(word(o)) for o in order) if order else 0
    yield f"  {'':<{wide}}  stays  ended  median, ended  median, so far"
    for status in order:
        mine = [s for s in found.stays if s.status == status]
        ended = [s.months(last) for s in mine if s.end is not None and s.whole]
        lasting = [s.months(last) for s in mine if s.end is None]
        yield f"  {word(status):<{wide}}  {len(mine):>5,}  {sum(s.end is not None for s in mine):>5,}  {_middle(ended):>13}  {_middle(lasting):>14}"


def _middle(months: list[int]) -> str:
    return f"{median(months):g}" if months else "-"


def _waiting(found: Backtest) -> Iterator[str]:
    if not found.waiting:
        return
    yield "Waiting for a place"
    for day in found.days:
        who = found.waiting.get(day, ())
        yield from _said("  ", f"{day}  {len(who):,}" + (f": {listed([_plain(w) for w in who])}" if who else ""))


def _record(found: Backtest) -> Iterator[str]:
    """The confusion table, and who differs."""
    from samrules.tuning.backtest import why

    if found.recorded is None:
        return
    confusion = found.confusion
    total = sum(confusion.values())
    agreeing = sum(n for (a, b), n in confusion.items() if a == b)
    if not total:
        yield f"Nothing is recorded in {found.recorded}."
        return
    yield f"Compared with {found.recorded}: {agreeing:,} of {total:,} decisions agree ({ratio(agreeing / total)})"
    order = [*found.rules.outcomes, *sorted({w for pair in confusion for w in pair} - set(found.rules.outcomes))]
    rows = [o for o in order if any(a == o for a, _ in confusion)]
    columns = [o for o in order if any(b == o for _, b in confusion)]
    wide = max(len("recorded"), *(len(word(o)) for o in rows))
    yield f"  {'recorded':<{wide}}  " + "  ".join(word(o) for o in columns) + "   (decided)"
    for row in rows:
        yield f"  {word(row):<{wide}}  " + "  ".join(f"{confusion.get((row, c), 0) or '-':>{len(word(c))}}" for c in columns)
    if found.differing:
        yield ""
        yield "Where they differ"
    yield from _lines([_said("  ", f"{d.day}  {_plain(d.name)}: recorded {word(str(d.recorded))}, decided "
                             f"{answer_in_words(answer_of(d.decision))}. {why(d.decision)}") for d in found.differing])


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)

"""The sentences of the rules that give an outcome, for frames in memory.

The values that a sentence inserts are columns like all others; only the words are put together row by
row, and only for the rules that decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from samrules.engines.frame import terms as t
from samrules.engines.frame.compiler import Compiler
from samrules.engines.frame.terms import Term
from samrules.engines.frame.verdict import Judged
from samrules.engines.outcome import filled
from samrules.model import expressions as ex
from samrules.model.types import Duration, Value
from samrules.plan.plan import Placeholder, PlannedDecision, PlannedRule

WHO = "=because:who"


@attrs.frozen
class Inserted:
    """The column of a value that a sentence inserts, and that of a score's high end."""

    low: str
    high: str | None
    spans: dict[int, Duration]


@attrs.frozen
class Sentence:
    """The sentence of a rule, and the column that says where the rule gives the outcome."""

    rule: PlannedRule
    decides: str
    inserted: tuple[Inserted, ...]

    @property
    def columns(self) -> list[str]:
        return [self.decides, *(c for i in self.inserted for c in (i.low, i.high) if c is not None)]


def sentences(planned: PlannedDecision, verdict: Judged, who: Term, compiler: Compiler) -> list[Sentence]:
    """The sentences of a decision, with the columns that they need."""
    found = []
    compiler.named(who, WHO)
    earlier = t.FALSE  # whether a rule before this one decides, where only the first does
    for place, rule in enumerate(planned.rules):
        decides = compiler.hold(t.every([t.certain(compiler.term(ex.Name(rule.step))), _given(verdict, rule.outcome)]))
        if planned.decide.hit_policy == "first":
            decides, earlier = (t.every([decides, t.negated(earlier)]), compiler.hold(t.some([earlier, decides])))
        if not rule.rule.because:
            continue
        name = f"=because:{place}"
        compiler.named(decides, name)
        inserted = [_inserted(part, f"{name}:{at}", compiler) for at, part in enumerate(rule.because)
                    if isinstance(part, Placeholder)]
        found.append(Sentence(rule, name, tuple(inserted)))
    return found


def _given(verdict: Judged, outcome: str) -> Term:
    """Where an outcome is the one that is given, or among those that are."""
    settled = t.every([verdict.settled, verdict.possible[outcome]])
    return settled if outcome != verdict.decide.unsettled else t.some([settled, t.negated(verdict.settled)])


def _inserted(part: Placeholder, name: str, compiler: Compiler) -> Inserted:
    low = compiler.term(part.value.expr)
    compiler.named(low, name)
    if part.value.high is not None:
        compiler.named(compiler.term(part.value.high), f"{name}:high")
    return Inserted(name, f"{name}:high" if part.value.high is not None else None,
                    {t.span_code(s): s for s in low.spans})


def placeholders(planned: PlannedDecision) -> list[ex.Expr]:
    """The expressions that sentences insert."""
    parts = [p.value for r in planned.rules for p in r.because if isinstance(p, Placeholder)]
    return [e for value in parts for e in (value.expr, value.high) if e is not None]


def in_words(written: Sequence[Sentence], found: Any, currency: str | None) -> list[str]:
    """The sentences of each row of a polars frame, as one text a row."""
    texts: list[list[str]] = [[] for _ in range(len(found))]
    who = found.get_column(WHO)
    for sentence in written:
        rows = found.get_column(sentence.decides).arg_true()
        names = who.gather(rows).to_list()
        values = [_values(i, found.select(i.low, *([i.high] if i.high else [])), rows) for i in sentence.inserted]
        for at, row in enumerate(rows.to_list()):
            texts[row].append(filled(sentence.rule, names[at], [v[at] for v in values], currency))
    return [" ".join(each) for each in texts]


def _values(inserted: Inserted, columns: Any, rows: Any) -> list[tuple[Value | None, Value | None]]:
    low, *high = (columns.get_column(c).gather(rows).to_list() for c in columns.columns)
    if inserted.spans:
        low = [inserted.spans.get(v) for v in low]
    return list(zip(low, high[0] if high else [None] * len(low), strict=True))

"""Accounts that are decided together: the frame decides each by itself, and only those that may take a
place are collected for the choice. What it says is laid over their rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import attrs
import narwhals as nw

from samrules.decision.decision import Decision
from samrules.decision.trace import NO_NOTE, Trace
from samrules.diagnostics import Diagnostic
from samrules.engines.frame.accounts import DAY, OWNER, Facts
from samrules.engines.frame.backend import (
    ROW,
    Laid,
    Taken,
    collected,
    each_row,
    only_of,
    runs_polars,
)
from samrules.engines.interpreter import view
from samrules.engines.measures import NO_RECORD
from samrules.engines.outcome import decision_at
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model.types import Kind, Value
from samrules.plan.plan import Plan

ELIGIBLE = "~eligible"
_SHORN = Trace(ex.Literal(True, Kind.BOOLEAN), True, (), NO_NOTE)


@attrs.frozen
class Stated:
    """An account as far as the settings of the programme go."""

    account: str
    facts: Mapping[str, Value]


Choose = Callable[[Sequence[Decision], Sequence[Stated]], Sequence[Decision]]
"""From the decisions on those that may take a place, each by itself, and from accounts that state the
settings, to the decisions on them together. Raises FactError."""


def refuse_elsewhere(taken: Taken, what: str) -> None:
    """Raises FactError where the frame is not one that Polars runs."""
    if not runs_polars(taken):
        raise FactError([Diagnostic(
            "frame-cannot", f"{what} in a frame of {taken.engine.value}",
            "hand over a Polars frame; of a relation, `relation.pl(lazy=True)`", where="decide_frame")])


def chosen(plan: Plan, laid: Laid, facts: Facts, earlier: Facts | None, as_of: date, choose: Choose) -> list[dict[str, Any]]:
    """A row for each account that may take a place: what the choice says of it.

    `because` is its whole text; `kept` says whether the outcome is the one it has by itself, with
    which go the outputs that rules set.
    """
    columns = {name: facts.terms[name].expr.alias(name) for name in facts.terms if name in plan.facts}
    order = ROW if ROW in laid.frame.columns else OWNER
    asked = laid.frame.filter(nw.col(ELIGIBLE)).select(**columns, **{"~at": nw.col(order)})
    alone = [_shorn(d) for d in _by_themselves(plan, asked, earlier, as_of)]
    return [_row(before, after) for before, after in
            zip(alone, choose(alone, _stated(plan, facts, order)), strict=True)]


def _by_themselves(plan: Plan, asked: Any, earlier: Facts | None, as_of: date) -> Iterator[Decision]:
    """The interpreter's decision on each, from the facts that the frame has counted and cleaned."""
    rows = only_of(asked, "~at")
    reviews: dict[str, list[tuple[date, dict[str, Value]]]] = defaultdict(list)
    if earlier is not None and plan.looks_back:
        columns = {name: earlier.terms[name].expr.alias(name) for name in earlier.terms if name in plan.facts}
        seen = earlier.frame.join(rows.owners(OWNER), on=OWNER, how="semi")
        for row in each_row(seen.select(**columns, **{DAY: nw.col(DAY)}).sort("account_id", DAY)):
            day = row.pop(DAY)
            known = _known(row)
            reviews[str(known["account_id"])].append((day, known))
    for row in rows.each():
        known = _known(row)
        now = view(plan, known, as_of, reviews.get(str(known["account_id"]), []))
        yield decision_at(now, {}, [], NO_RECORD)


def _known(row: Mapping[str, Any]) -> dict[str, Value]:
    return {name: value for name, value in row.items() if value is not None and name != "~at"}


def _shorn(decision: Decision) -> Decision:
    """Without traces, of which there may be very many."""
    rules = tuple(attrs.evolve(r, trace=_SHORN, when=_SHORN, exceptions=()) for r in decision.rules)
    return attrs.evolve(decision, rules=rules, facts={}, parts=(), citations={}, thresholds={})


def _stated(plan: Plan, facts: Facts, order: str) -> list[Stated]:
    """Of each setting the first account that states it, and the first that states another value."""
    assert plan.places is not None
    found: dict[Any, tuple[str, dict[str, Value]]] = {}
    for name in plan.places.settings:
        if name not in facts.terms:
            continue
        told = facts.frame.select(value=facts.terms[name].expr, at=nw.col(order)).filter(~nw.col("value").is_null())
        for row in collected(told.group_by("value").agg(at=nw.col("at").min()).sort("at").head(2)):
            at = row["at"]
            if at not in found:
                owner = at if order == OWNER else collected(facts.frame.filter(nw.col(order) == at).select(OWNER))[0][OWNER]
                found[at] = owner, {}
            found[at][1][name] = row["value"]
    return [Stated(owner, known) for _, (owner, known) in sorted(found.items())]


def _row(before: Decision, after: Decision) -> dict[str, Any]:
    outputs = {name: value for name, (value, _) in after.outputs.items()}
    says = after.placing.says if after.placing is not None else ""
    return {
        "account_id": after.account, "outcome": after.outcome, "settled": after.settled,
        "possible": "; ".join(after.possible), "deciding_unknowns": "; ".join(after.deciding_unknowns),
        "kept": after.outcome == before.outcome,
        "because": " ".join(filter(None, (*(r.because for r in after.deciding), says))),
        **{name: outputs.get(name) for name in ("rank", "places", "cut_line")},
    }

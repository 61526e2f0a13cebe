"""Measures: facts counted from dated events, before anything else is decided.

Events after the day asked about are never seen. What a kind of event that nobody records would count
is missing, not zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import attrs

from samrules.decision.events import Event
from samrules.diagnostics import Diagnostic
from samrules.engines.interpreter import View, date_before, evaluate, parameters_at
from samrules.errors import FactError
from samrules.model.operators import OPERATORS
from samrules.model.types import Kind, Value
from samrules.plan.plan import Plan, PlannedMeasure


@attrs.frozen
class Record:
    """The events of one account, in order, and the kinds of events that are recorded at all.

    Of a kind that is recorded, having none is a fact; of another it is ignorance.
    """

    events: tuple[Event, ...] = ()
    recorded: frozenset[str] = frozenset()


NO_RECORD = Record()


@attrs.frozen
class Measured:
    """The facts with what was counted, and the events behind each measure that was."""

    facts: Mapping[str, Value]
    counted: Mapping[str, tuple[Event, ...]]


def measured(plan: Plan, facts: Mapping[str, Value], record: Record, day: date) -> Measured:
    """The facts of an account on a day, with every measure that is read and can be counted.

    A measure may also be given as a fact; where both are there they must agree.
    Raises FactError where they do not.
    """
    if not plan.measures or not record.recorded:
        return Measured(facts, {})
    found = dict(facts)
    counted: dict[str, tuple[Event, ...]] = {}
    problems = []
    for measure in plan.measures:
        chosen = _chosen(plan, measure, record, day)
        if chosen is None:
            continue
        value = _value(measure, chosen)
        given = facts.get(measure.name)
        if given is not None and value is not None and not _agree(given, value, measure.type.kind):
            problems.append(_disagreement(measure, given, value, str(facts["account_id"]), day))
        if value is not None and given is None:
            found[measure.name] = value
        if measure.name in found:
            counted[measure.name] = _behind(measure, chosen)
    if problems:
        raise FactError(problems)
    return Measured(found, counted)


def _chosen(plan: Plan, measure: PlannedMeasure, record: Record, day: date) -> tuple[Event, ...] | None:
    """The events that count, or None where that cannot be known."""
    spec = measure.measure
    if not record.recorded.issuperset((*spec.of.events, *spec.since)):
        return None
    after = date_before(spec.within, day)
    if spec.since:
        starts = [e.day for e in record.events if e.type in spec.since and e.day <= day]
        if not starts:
            return ()  # nothing lies after what has not happened
        after = max(starts) if after is None else max(after, max(starts))
    chosen = [e for e in record.events
              if e.type in spec.of.events and e.day <= day and (after is None or e.day > after)]
    if measure.where is None:
        return tuple(chosen)
    parameters = parameters_at(plan, day)
    truths = [evaluate(measure.where, View(plan, day, e.fields, parameters, ())).value for e in chosen]
    if None in truths:
        return None
    return tuple(e for e, truth in zip(chosen, truths, strict=True) if truth)


def _behind(measure: PlannedMeasure, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events that the value comes from: all of them, or the one that is latest or earliest."""
    kind = measure.measure.of.kind
    return events[-1:] if kind == "latest" else events[:1] if kind == "earliest" else events


def _value(measure: PlannedMeasure, events: Sequence[Event]) -> Value | None:
    of = measure.measure.of
    if of.kind == "count":
        return len(events)
    if of.field is None:
        if not events:
            return None
        return events[-1].day if of.kind == "latest" else events[0].day
    values = [e.fields.get(of.field) for e in events]
    if of.kind == "latest":
        return values[-1] if values else None
    if of.kind == "earliest":
        return values[0] if values else None
    known = [v for v in values if v is not None]
    if len(known) < len(values):
        return None  # a sum, or a number of different values, that leaves one out would be a guess
    return len(set(known)) if of.kind == "distinct" else _sum(known, measure.type.kind)


def _sum(values: Sequence[Value], kind: Kind) -> Value | None:
    """Added in the order of the events, as `+` adds."""
    total: Value | None = 0 if kind is Kind.INTEGER else 0.0
    add = OPERATORS["+"].compute
    assert add is not None
    for value in values:
        total = add(total, value) if total is not None else None
    return total


def _agree(given: Value, value: Value, kind: Kind) -> bool:
    """Whether a value that was given is the one counted: amounts may have been rounded to cents, other
    numbers to six places."""
    if isinstance(given, float) and isinstance(value, int | float):
        return math.isclose(given, value, rel_tol=1e-9, abs_tol=0.0101 if kind is Kind.MONEY else 1e-6)
    return given == value


def _disagreement(measure: PlannedMeasure, given: Value, value: Value, account: str, day: date) -> Diagnostic:
    return Diagnostic(
        "measure-differs", f"`{measure.name}` is given as {given} and the events up to {day} make it {value}",
        "correct the one that is wrong, or leave the fact out and let the events count",
        where=f"account {account}")

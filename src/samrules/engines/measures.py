"""Measures: facts counted from dated events, before anything else is decided.

Events after the day asked about are never seen. What a kind of event that nobody records would count
is missing, not zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cached_property
from operator import itemgetter

import attrs

from samrules.decision.events import Event
from samrules.diagnostics import Diagnostic
from samrules.engines.interpreter import View, date_before, evaluate, parameters_at, strict
from samrules.errors import FactError
from samrules.model.expressions import Expr
from samrules.model.types import Kind, Type, Value
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
    Raises FactError where they do not, and where the `value` of an event is beyond its type.
    """
    if not plan.measures or not record.recorded:
        return Measured(facts, {})
    found = dict(facts)
    counted: dict[str, tuple[Event, ...]] = {}
    problems = []
    for measure in plan.measures:
        counting = _Counting(plan, measure, day)
        try:
            chosen = counting.chosen(record)
            value = counting.value(chosen) if chosen is not None else None
        except _Beyond as beyond:
            problems.append(_out_of_range(measure, beyond, str(facts["account_id"])))
            continue
        if chosen is None:
            continue
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


class _Beyond(Exception):
    """The `value` of an event lies beyond the type that the measure declares."""

    def __init__(self, event: Event, value: Value) -> None:
        super().__init__(event, value)
        self.event = event
        self.value = value


@attrs.frozen
class _Counting:
    """One measure on one day. What an event says is None where it is missing."""

    plan: Plan
    measure: PlannedMeasure
    day: date

    def chosen(self, record: Record) -> tuple[Event, ...] | None:
        """The events that count, in order, or None where that cannot be known.

        First the window, then the latest of `each`, then `where`: a later word of the same person
        stands for the earlier ones, also where the condition then leaves it out.
        """
        spec = self.measure.measure
        if not record.recorded.issuperset((*spec.of.events, *spec.since)):
            return None
        events = self._in_window(record)
        if spec.each is not None:
            latest: dict[Value | None, Event] = {}
            for event in events:
                who = event.fields.get(spec.each)
                latest.pop(who, None)  # so that they stay in order
                latest[who] = event
            if None in latest:
                return None  # whose word it is, nobody knows
            events = list(latest.values())
        if self.measure.where is None:
            return tuple(events)
        truths = [self._evaluated(self.measure.where, e) for e in events]
        if None in truths:
            return None
        return tuple(e for e, truth in zip(events, truths, strict=True) if truth)

    def _in_window(self, record: Record) -> list[Event]:
        spec, day = self.measure.measure, self.day
        after = date_before(spec.within, day)
        if spec.since:
            starts = [e.day for e in record.events if e.type in spec.since and e.day <= day]
            if not starts:
                return []  # nothing lies after what has not happened
            after = max(starts) if after is None else max(after, max(starts))
        return [e for e in record.events
                if e.type in spec.of.events and e.day <= day and (after is None or e.day > after)]

    @cached_property
    def _parameters(self) -> Mapping[str, Value]:
        return parameters_at(self.plan, self.day)

    def _evaluated(self, node: Expr, event: Event) -> Value | None:
        return evaluate(node, View(self.plan, self.day, event.fields, self._parameters, ())).value

    def value(self, events: Sequence[Event]) -> Value | None:
        """What the events that count come to, or None where that is missing."""
        of = self.measure.measure.of
        if of.kind == "count":
            return len(events)
        if of.kind in ("latest", "earliest"):
            return self._taken(events[-1] if of.kind == "latest" else events[0]) if events else None
        values = [self._taken(e) for e in events]
        known = [v for v in values if v is not None]
        if len(known) < len(values):
            return None  # what leaves one out would be a guess
        if of.kind == "distinct":
            return len(set(known))
        if of.kind == "sum":
            return _sum(known, self.measure.type.kind)
        if of.kind == "spread":
            return strict("-", [max(known), min(known)]) if known else None
        weights = self._weights(events)
        if weights is None or not sum(weights):
            return None
        return median(known, weights) if of.kind == "median" else share(known, weights)

    def _taken(self, event: Event) -> Value | None:
        """What the measure takes of an event: its `value`, its field, or else its day."""
        spec = self.measure.measure
        if self.measure.value is None:
            return event.fields.get(spec.of.field) if spec.of.field is not None else event.day
        value = self._evaluated(self.measure.value, event)
        return _as_declared(value, spec.type, event) if spec.type is not None else value

    def _weights(self, events: Sequence[Event]) -> list[Fraction] | None:
        """What each event weighs, or None where one is not known."""
        field = self.measure.measure.weight
        if field is None:
            return [Fraction(1)] * len(events)
        weights = [e.fields.get(field) for e in events]
        return None if None in weights else [Fraction(repr(w)) for w in weights]


def _as_declared(value: Value | None, type_: Type, event: Event) -> Value | None:
    """A value as its type has it: whole numbers in the bounds of an ordinal, doubles for all other numbers."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if type_.kind not in (Kind.INTEGER, Kind.ORDINAL):
            return float(value)
        if value != int(value) or (type_.kind is Kind.ORDINAL and not type_.low <= value <= type_.high):  # type: ignore[operator]
            raise _Beyond(event, value)
        return int(value)
    return value


def median(values: Sequence[Value], weights: Sequence[Fraction]) -> Value:
    """The lower weighted median: the smallest value such that the events with it or less carry at
    least half of the whole weight, which is above 0.

    Weights are added exactly, each as the decimal one would write, so that half is half.
    """
    half, below = sum(weights) / 2, Fraction(0)
    for value, weight in sorted(zip(values, weights, strict=True), key=itemgetter(0)):
        below += weight
        if below >= half:
            return value
    raise AssertionError("the last value has all of the weight at or below it")


def share(truths: Sequence[Value], weights: Sequence[Fraction]) -> float:
    """The weight of what is true over the whole, which is above 0; rounded once."""
    return float(sum((w for t, w in zip(truths, weights, strict=True) if t), Fraction(0)) / sum(weights))


def _behind(measure: PlannedMeasure, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events that the value comes from: all of them, or the one that is latest or earliest."""
    kind = measure.measure.of.kind
    return events[-1:] if kind == "latest" else events[:1] if kind == "earliest" else events


def _sum(values: Sequence[Value], kind: Kind) -> Value | None:
    """Added in the order of the events, as `+` adds."""
    total: Value | None = 0 if kind is Kind.INTEGER else 0.0
    for value in values:
        total = strict("+", [total, value])
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


def _out_of_range(measure: PlannedMeasure, beyond: _Beyond, account: str) -> Diagnostic:
    event, type_ = beyond.event, measure.measure.type
    return Diagnostic(
        "out-of-range", f"`{measure.name}` takes {beyond.value} of the event `{event.type}` on {event.day}, "
        f"which is no {type_}",
        "correct the event, or the `value` or `type` of the measure", where=f"account {account}")

"""Measures: their events and fields exist, and what they take is fit to be summed, ordered or weighed."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from samrules.check.scope import event_scope, field_of, field_types, taken
from samrules.check.typing import Typer, firm, join
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.model import ruleset as rs
from samrules.model.types import Kind, Type
from samrules.syntax.printer import text_of

SUMMABLE = (Kind.INTEGER, Kind.NUMBER, Kind.RATIO, Kind.MONEY)

_TAKES: dict[str, tuple[tuple[Kind, ...], str]] = {
    "sum": (SUMMABLE, "sum numbers or amounts"),
    "median": ((*SUMMABLE, Kind.ORDINAL, Kind.DATE), "take the median of numbers, amounts, ordinals or dates"),
    "spread": ((*SUMMABLE, Kind.ORDINAL), "take the spread of numbers, amounts or ordinals"),
    "share": ((Kind.BOOLEAN,), "take the share of a boolean field, or of a condition written as `value`"),
}
"""The kinds of value that a measure can take, and the cure where it is given another."""


def check_measure(measure: rs.Measure, typer: Typer) -> None:
    """Report all that is wrong with a measure. `typer` is that of the ruleset that declares it."""
    events = typer.scope.events
    unknown = [e for e in (*measure.of.events, *measure.since) if e not in events]
    if unknown:
        typer.report(Diagnostic("unknown-name", f"no event is named `{unknown[0]}`",
                                did_you_mean(unknown[0], events, "events"), measure.span))
        return
    for problem in (*_taken(measure, events), *_each(measure, events), *_weight(measure, events)):
        typer.report(problem)
    inner = attrs.evolve(typer, scope=event_scope(measure, typer.scope))
    if measure.where is not None:
        inner.condition(measure.where)
    _value(measure, inner)


def _taken(measure: rs.Measure, events: dict[str, rs.EventType]) -> Iterator[Diagnostic]:
    """What is wrong with the field that a measure takes, the type it declares, or its unit."""
    of, field = measure.of, field_of(measure, events)
    if of.field is not None and field is None:
        yield _no_field(of.field, measure, events)
        return
    if of.field is not None and len(types := field_types(measure, of.field, events)) > 1:
        yield _two_types(of.field, types, measure)
    type_, _ = taken(measure, field)
    kinds, cure = _TAKES.get(of.kind, ((), ""))
    whole = of.field is not None or measure.type is not None  # a condition is typed as it stands
    if kinds and whole and type_.kind not in kinds:
        yield Diagnostic("type-mismatch", f"`{of.field or measure.name}` is {type_}, which has no {of.kind}",
                         cure, measure.span)
    if measure.unit is not None and of.kind not in ("count", "distinct"):
        yield Diagnostic("bad-value", f"`{measure.name}` has the unit of its field",
                         "only what is counted has a unit of its own", measure.span)


def _each(measure: rs.Measure, events: dict[str, rs.EventType]) -> Iterator[Diagnostic]:
    if measure.each is None:
        return
    if any(measure.each not in {f.name for f in events[e].fields} for e in measure.of.events):
        yield _no_field(measure.each, measure, events)
    elif len(types := field_types(measure, measure.each, events)) > 1:
        yield _two_types(measure.each, types, measure)


def _weight(measure: rs.Measure, events: dict[str, rs.EventType]) -> Iterator[Diagnostic]:
    """A weight is a number that cannot be negative, in every event that is weighed."""
    name = measure.weight
    if name is None:
        return
    for event in measure.of.events:
        field = next((f for f in events[event].fields if f.name == name), None)
        if field is None:
            yield _no_field(name, measure, events)
            return
        if field.type.kind not in SUMMABLE:
            yield Diagnostic("type-mismatch", f"`{name}` is {field.type}, which weighs nothing",
                             "weigh by a field that is a number or an amount", measure.span)
            return
        low = field.range.low if field.range is not None else None
        if not isinstance(low, int | float) or low < 0:
            yield Diagnostic("bad-value", f"`{name}` may be below 0, and a weight may not",
                             f"give the field `{name}` of `{event}` a range from 0, such as `range: 0..`",
                             measure.span)
            return


def _value(measure: rs.Measure, inner: Typer) -> None:
    """The expression fits the type that is declared; for a share it is a condition."""
    value = measure.value
    if value is None:
        return
    if measure.of.kind == "share":
        inner.condition(value)
        return
    found = inner.type_of(value)
    if found is None:
        return
    if measure.type is None:  # `distinct` takes anything that has a value
        if found.kind in (Kind.AGE, Kind.DURATION):
            inner.report(Diagnostic("type-mismatch", f"`{text_of(value)}` is {found}, which is not counted",
                                    "take the date itself, or a field", value.span))
    elif found.unit and found.unit != measure.type.unit and measure.type.kind in (Kind.INTEGER, Kind.NUMBER):
        inner.report(Diagnostic(
            "unit-mismatch", f"`{text_of(value)}` counts {found.unit}, and the measure {measure.type.unit or 'no unit'}",
            f"write `unit: {found.unit}` beside `type`", value.span))
    elif not _fits(found, measure.type):
        inner.report(Diagnostic(
            "type-mismatch", f"`{text_of(value)}` is {firm(found)}, and `type` says {measure.type}",
            "correct the one that is wrong", value.span))


def _fits(found: Type, declared: Type) -> bool:
    """Whether a value of one type can be taken as the other. Bounds of an ordinal are kept at run time."""
    whole = declared.kind in (Kind.INTEGER, Kind.ORDINAL)
    if whole and found.kind not in (Kind.INTEGER, Kind.ORDINAL):
        return False
    joined = join(found, declared)
    return joined is not None and (
        joined.kind is declared.kind or (joined.kind is Kind.RATIO and declared.kind is Kind.NUMBER))


def _no_field(name: str, measure: rs.Measure, events: dict[str, rs.EventType]) -> Diagnostic:
    fields = [f.name for e in measure.of.events for f in events[e].fields]
    return Diagnostic("unknown-name", f"`{', '.join(measure.of.events)}` has no field `{name}`",
                      did_you_mean(name, fields, "fields"), measure.span)


def _two_types(name: str, types: list[Type], measure: rs.Measure) -> Diagnostic:
    return Diagnostic("type-mismatch", f"`{name}` is {types[0]} in one event and {types[1]} in another",
                      "measure them apart", measure.span)

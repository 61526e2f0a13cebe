"""What each name means inside a ruleset, and which names exist."""

from __future__ import annotations

import enum
from collections.abc import Iterator

import attrs

from samrules.diagnostics import Span
from samrules.model import types as ty
from samrules.model.ruleset import (
    CONFLICT,
    Decide,
    Definition,
    EventType,
    Fact,
    Measure,
    Parameter,
    Range,
    Ruleset,
    Scorecard,
)
from samrules.model.types import Type

ACCOUNT_ID = Fact("account_id", ty.TEXT, title="account id")
AS_OF = "as_of"


class Role(enum.Enum):
    FACT = "fact"
    PARAMETER = "parameter"
    DEFINITION = "definition"
    SCORE = "score"
    BAND = "band of the score"
    DECISION = "decision"
    AS_OF = "date of the decision"


@attrs.frozen
class Meaning:
    """What a name stands for. `absolute` is the same wherever the name is used from."""

    role: Role
    absolute: str
    ruleset: str
    of: Fact | Parameter | Definition | Scorecard | Decide | None
    span: Span | None = None

    @property
    def title(self) -> str | None:
        return self.of.title if self.of is not None else None


def absolute_name(ruleset: str, member: str) -> str:
    return f"{ruleset}.{member}"


@attrs.frozen
class Scope:
    """The names that a ruleset may use, each with its meaning."""

    ruleset: Ruleset
    meanings: dict[str, Meaning]
    events: dict[str, EventType] = attrs.field(factory=dict)
    """The kinds of events that measures may count, declared here or in a used ruleset."""
    only: bool = False
    """Whether this is the narrow scope of a measure's `where` and `value`."""

    def __contains__(self, name: str) -> bool:
        return name in self.meanings

    def get(self, name: str) -> Meaning | None:
        return self.meanings.get(name)

    def names(self) -> Iterator[str]:
        return iter(self.meanings)


def measured_fact(measure: Measure, events: dict[str, EventType]) -> Fact:
    """The fact that a measure gives; a field that does not exist is the checker's to report."""
    of, field = measure.of, field_of(measure, events)
    type_, range_ = taken(measure, field)
    if of.kind == "share":
        type_, range_ = ty.RATIO, Range(0.0, 1.0)
    elif of.kind in ("count", "distinct") or (of.field is not None and field is None):
        type_, range_ = Type(ty.Kind.INTEGER, unit=measure.unit), Range(low=0)
    elif of.kind == "spread":
        type_, range_ = _spread(type_)
    elif of.kind == "sum" and range_ is not None:  # a sum of amounts above 0 is above 0, and has no top
        range_ = Range(low=0) if isinstance(range_.low, int | float) and range_.low >= 0 else None
    source = f"events: {', '.join(of.events)}"
    return Fact(measure.name, type_, measure.title, measure.description, range=range_, source=source, cites=measure.cites,
                actionable=measure.actionable, measure=measure, span=measure.span)


def taken(measure: Measure, field: Fact | None) -> tuple[Type, Range | None]:
    """What a measure takes of each event: its `value`, its field, or else the event's day."""
    if measure.type is not None:
        return measure.type, None
    return (field.type, field.range) if field is not None else (ty.DATE, None)


def _spread(of: Type) -> tuple[Type, Range]:
    """The steps between ordinals are counted; of all else the difference is of the same type."""
    if of.kind is ty.Kind.ORDINAL:
        assert of.low is not None
        assert of.high is not None
        return ty.INTEGER, Range(0, of.high - of.low)
    return of, Range(low=0)


def field_of(measure: Measure, events: dict[str, EventType]) -> Fact | None:
    """The field of its events that a measure takes, where all of them have it."""
    found = [next((f for f in events[e].fields if f.name == measure.of.field), None)
             for e in measure.of.events if e in events]
    return found[0] if found and all(f is not None for f in found) else None


def field_types(measure: Measure, field: str, events: dict[str, EventType]) -> list[Type]:
    """The types that a field has in the events of the measure, each once."""
    return list(dict.fromkeys(f.type for e in measure.of.events if e in events
                              for f in events[e].fields if f.name == field))


def own_members(ruleset: Ruleset, events: dict[str, EventType]) -> list[tuple[str, Meaning]]:
    """The members a ruleset declares, in the order written; a name may stand twice."""
    facts = [*ruleset.facts, *(measured_fact(m, events) for m in ruleset.measures)]
    found: list[tuple[str, Meaning]] = [
        (f.name, Meaning(Role.FACT, f.name, ruleset.name, f, f.span)) for f in facts
    ]
    roles = (
        (Role.PARAMETER, ruleset.parameters),
        (Role.DEFINITION, ruleset.define),
        (Role.SCORE, ruleset.scorecards),
        (Role.DECISION, (ruleset.decide,) if ruleset.decide else ()),
    )
    for role, members in roles:
        for member in members:
            absolute = absolute_name(ruleset.name, member.name)
            found.append((member.name, Meaning(role, absolute, ruleset.name, member, member.span)))
    return found


def scope_of(ruleset: Ruleset, used: dict[str, Scope]) -> Scope:
    """The scope of a ruleset whose used rulesets' scopes are known.

    Facts are shared by their bare names, however far down the chain of `uses` they are declared;
    other members of a directly used ruleset are dotted, or bare when they bear its name.
    """
    meanings: dict[str, Meaning] = {
        "account_id": Meaning(Role.FACT, "account_id", "", ACCOUNT_ID),
        AS_OF: Meaning(Role.AS_OF, AS_OF, "", None),
    }
    events: dict[str, EventType] = {}
    for name in ruleset.uses:
        if name not in used:
            continue
        other = used[name]
        events |= other.events
        for meaning in other.meanings.values():
            if meaning.role is Role.FACT:
                meanings[meaning.absolute] = meaning
        for member, meaning in own_members(other.ruleset, other.events):
            if meaning.role is Role.FACT:
                continue
            _enter(meanings, f"{name}.{member}", meaning)
            if member == name:
                _enter(meanings, name, meaning)
    events |= {e.name: e for e in ruleset.events}
    for member, meaning in own_members(ruleset, events):
        if member not in meanings:  # a clash: the checker reports it
            _enter(meanings, member, meaning)
    return Scope(ruleset, meanings, events)


def event_scope(measure: Measure, scope: Scope) -> Scope:
    """The names that a measure's `where` and `value` may use: the fields all its events have, and parameters."""
    kinds = [scope.events[e] for e in measure.of.events if e in scope.events]
    shared = [f for f in kinds[0].fields
              if all((f.name, f.type) in {(g.name, g.type) for g in k.fields} for k in kinds)] if kinds else []
    meanings = {n: m for n, m in scope.meanings.items() if m.role in (Role.PARAMETER, Role.AS_OF)}
    meanings |= {f.name: Meaning(Role.FACT, f.name, "", f, f.span) for f in shared}
    return Scope(scope.ruleset, meanings, only=True)


def _enter(meanings: dict[str, Meaning], name: str, meaning: Meaning) -> None:
    meanings[name] = meaning
    if isinstance(meaning.of, Scorecard) and meaning.role is Role.SCORE and meaning.of.bands:
        band = attrs.evolve(meaning, role=Role.BAND, absolute=f"{meaning.absolute}.band")
        meanings.setdefault(f"{name}.band", band)


def band_type(scorecard: Scorecard) -> Type:
    return Type(ty.Kind.ENUM, words=tuple(b.name for b in scorecard.bands))


def decision_type(decide: Decide) -> Type:
    conflict = (CONFLICT,) if decide.hit_policy == "unique" else ()
    return Type(ty.Kind.ENUM, words=(*decide.outcomes, *conflict))

"""A case: an account, a day, and what a ruleset should decide about it. docs/cases.md shows the file."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date

import attrs

from samrules.decision.events import Event
from samrules.diagnostics import Span
from samrules.inputs.accounts import Review
from samrules.model.types import Value
from samrules.rules import Rules


class Way(enum.Enum):
    """How a rule fared."""

    FIRED = "fired"
    NOT_FIRED = "not_fired"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, truth: bool | None) -> Way:
        return cls.UNKNOWN if truth is None else cls.FIRED if truth else cls.NOT_FIRED


# --- what can be expected of a decision; each knows its place in the file -------------------------


@attrs.frozen
class OutcomeIs:
    """The outcome; a tuple of them under the hit policy `collect`."""

    outcome: str | tuple[str, ...]
    span: Span = attrs.field(eq=False, repr=False)


@attrs.frozen
class SettledIs:
    settled: bool
    span: Span = attrs.field(eq=False, repr=False)


@attrs.frozen
class PossibleAre:
    """The outcomes still possible, in any order."""

    outcomes: frozenset[str]
    span: Span = attrs.field(eq=False, repr=False)


@attrs.frozen
class RuleIs:
    rule: str
    way: Way
    span: Span = attrs.field(eq=False, repr=False)


@attrs.frozen
class OutputIs:
    """An output; None where it must have no value."""

    name: str
    value: Value | None
    span: Span = attrs.field(eq=False, repr=False)


@attrs.frozen
class ScoreIs:
    """A score from `low` to `high`, equal where it is known."""

    name: str
    low: float
    high: float
    span: Span = attrs.field(eq=False, repr=False)


@attrs.frozen
class BandIs:
    """The band that a score is in for certain."""

    score: str
    band: str
    span: Span = attrs.field(eq=False, repr=False)


Expectation = OutcomeIs | SettledIs | PossibleAre | RuleIs | OutputIs | ScoreIs | BandIs


@attrs.frozen
class Other:
    """An account that is decided along with that of a case; what is known of it, as of a `Case`."""

    facts: Mapping[str, Value]
    span: Span = attrs.field(eq=False, repr=False)
    events: tuple[Event, ...] = ()
    recorded: frozenset[str] = frozenset()
    history: tuple[Review, ...] = ()


@attrs.frozen
class Case:
    """One account on one day, and what is expected; nothing of a case that was generated.

    `facts` are checked and without missing ones; `history` and `events` are in order of date;
    `recorded` are the kinds of events of which `events` is the whole record. `others` are decided
    along with it, where the ruleset decides accounts together.
    """

    name: str
    as_of: date
    facts: Mapping[str, Value]
    expected: tuple[Expectation, ...]
    span: Span = attrs.field(eq=False, repr=False)
    says: str | None = None
    events: tuple[Event, ...] = ()
    recorded: frozenset[str] = frozenset()
    history: tuple[Review, ...] = ()
    others: tuple[Other, ...] = ()
    base: tuple[str, ...] = ()
    """The bases that it starts from, by name."""


@attrs.frozen
class Unreachable:
    """A way that a rule, or a criterion of a scorecard, is said never to go, and why."""

    name: str
    way: str
    reason: str
    span: Span = attrs.field(eq=False, repr=False)


@attrs.frozen
class CasesFile:
    """The cases of one file, with the ruleset they are about."""

    file: str
    rules: Rules
    cases: tuple[Case, ...]
    unreachable: tuple[Unreachable, ...] = ()
    bases: Mapping[str, Mapping[str, Value | None]] = attrs.field(factory=dict)
    """What each base says; None is a fact said to be missing."""

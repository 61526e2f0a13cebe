"""A ruleset as its author wrote it: facts, parameters, definitions, scorecards, rules, a decision.

These classes are structured straight from the file; there is no second, raw form of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import attrs

from samrules.diagnostics import Span
from samrules.model.expressions import Expr
from samrules.model.types import Duration, Type, Value


@attrs.frozen
class Range:
    """Allowed values, both ends included; None leaves an end open."""

    low: Value | None = None
    high: Value | None = None


MEASURES = ("count", "sum", "latest", "earliest", "distinct", "median", "spread", "share")
WEIGHED = ("median", "share")
"""The measures in which events may weigh differently."""


@attrs.frozen
class Counting:
    """What a measure does with events: `count: a`, `sum: a.amount`, `latest: a`, `median: a.level`.

    `field` is None where days or events are taken, or the measure's own `value`.
    """

    kind: str
    events: tuple[str, ...]
    field: str | None = None


ACTIONABLE = ("yes", "raise", "lower", "no")
"""Whether those who look after an account can bring about another value of a fact: any, a higher one, a lower one, none."""


@attrs.frozen
class Measure:
    """A fact counted from dated events, in a window that ends at the decision's date.

    `within` is the length of the window (None: all that is on record); `since` names events after
    the latest of which it begins; `each` a field, of each value of which only the latest event
    counts; `where` is a condition on the event's own fields; `value` an expression over them that
    stands in place of a field, and `type` what it gives; `weight` a field that says how much an
    event weighs.
    """

    name: str
    of: Counting
    title: str | None = None
    description: str | None = None
    within: Duration | None = None
    since: tuple[str, ...] = ()
    where: Expr | None = None
    unit: str | None = None
    cites: tuple[str, ...] = ()
    value: Expr | None = None
    type: Type | None = None
    each: str | None = None
    weight: str | None = None
    actionable: str = "no"
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Fact:
    """A fact of an account: what it is, its type, and where a company keeps it.

    `measure` is set where the fact is counted from events. `actionable` is one of `ACTIONABLE`.
    """

    name: str
    type: Type
    title: str | None = None
    description: str | None = None
    range: Range | None = None
    source: str | None = None
    cites: tuple[str, ...] = ()
    actionable: str = "no"
    measure: Measure | None = None
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class EventType:
    """A kind of dated event, with the fields it carries besides its date."""

    name: str
    title: str | None = None
    description: str | None = None
    fields: tuple[Fact, ...] = ()
    source: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class DatedValue:
    """A parameter's value from a day on."""

    since: date
    value: Value
    bare: bool = attrs.field(default=False, eq=False)
    """Whether it was written as a bare number, without `%` or an amount's suffix."""
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Parameter:
    """A threshold with effective dates and the reason for it. `values` are in order of date."""

    name: str
    type: Type
    values: tuple[DatedValue, ...]
    title: str | None = None
    reason: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)

    def at(self, day: date) -> DatedValue | None:
        """The value in force on a day, or None before the first."""
        found = None
        for dated in self.values:
            if dated.since <= day:
                found = dated
        return found


@attrs.frozen
class Definition:
    """A named condition or value, shown by its name in explanations."""

    name: str
    value: Expr
    title: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    made_from: str | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    """The ladder or lifecycle that it comes from."""


@attrs.frozen
class Points:
    """A row of a criterion: so many points when the condition holds; None is `otherwise`."""

    when: Expr | None
    points: float
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Scale:
    """Points in proportion to a value: none at `zero` and beyond, the full weight at `full`."""

    of: Expr
    zero: Expr
    full: Expr
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Criterion:
    """One criterion of a scorecard: a table of conditions to points, or a scale."""

    name: str
    weight: float
    points: tuple[Points, ...] = ()
    scale: Scale | None = None
    title: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Band:
    """A named stretch of a score, from its lower bound to the next band's."""

    name: str
    since: float
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Scorecard:
    """Weighted criteria that sum to a score of 0 to 100, with named bands."""

    name: str
    criteria: tuple[Criterion, ...]
    bands: tuple[Band, ...] = ()
    title: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Sustained:
    """A rule must hold at this many of the latest reviews, reaching back at least `over`."""

    reviews: int
    over: Duration | None = None
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Assignment:
    """What a rule sets when it holds: the outcome, or an output. A constant, or an expression."""

    name: str
    value: Value | Expr
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Rule:
    """When `when` is true and no `unless` is, the rule holds and sets what `then` says."""

    name: str
    when: Expr
    then: tuple[Assignment, ...]
    title: str | None = None
    unless: tuple[Expr, ...] = ()
    sustained: Sustained | None = None
    because: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    because_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    table: str | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    """The decision table of which it is a row."""
    made_from: str | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    """The ladder or lifecycle that it comes from."""


@attrs.frozen
class Cell:
    """What a row of a decision table asks of one input.

    `test` is `any`, a comparison (`=`, `>=`, …), `between`, `in`, `known` or `missing`.
    """

    test: str
    operands: tuple[Expr, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class TableRow:
    """A row of a decision table: a cell for each input, and what it sets where all of them hold."""

    when: tuple[Cell, ...]
    then: tuple[Assignment, ...]
    title: str | None = None
    because: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    because_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class DecisionTable:
    """Rules in the form of a table. Each row becomes a rule when the ruleset is loaded.

    `file` names the CSV or XLSX file that inputs and rows are in; a loaded ruleset has them here.
    `because` and `cites` are for the rows without their own.
    """

    name: str
    inputs: tuple[Expr, ...] = ()
    rows: tuple[TableRow, ...] = ()
    file: str | None = None
    title: str | None = None
    because: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    because_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


PROMOTE, DEMOTE = "promote", "demote"
"""The outcomes that a ladder's rules give; a third, such as `hold`, is for the rest."""


@attrs.frozen
class Level:
    """One level of a ladder: what it requires beyond the levels below, and what stops the rise to it."""

    number: int = 0
    requires: Expr | None = None
    title: str | None = None
    unless: tuple[Expr, ...] = ()
    then: tuple[Assignment, ...] = ()
    because: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    because_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Fall:
    """When the level on record is lost; only ever one level at a time."""

    when: Expr
    title: str | None = None
    unless: tuple[Expr, ...] = ()
    then: tuple[Assignment, ...] = ()
    because: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    because_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Ladder:
    """Ordered levels that an account climbs and descends one at a time, on evidence that lasts.

    `on_record` is its present level, `ceiling` the highest it can reach; `unless` stops every move.
    Becomes definitions and rules when the ruleset is loaded.
    """

    name: str
    on_record: Expr
    levels: tuple[Level, ...]
    ceiling: Expr | None = None
    sustained: Sustained | None = None
    unless: tuple[Expr, ...] = ()
    falls: Fall | None = None
    title: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class State:
    """A state of a lifecycle, with the least time that an account stays in it."""

    name: str
    title: str | None = None
    at_least: Expr | None = None
    then: tuple[Assignment, ...] = ()
    because: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    because_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Transition:
    """A way from some states to another. `waived_by` lifts the least time in a state."""

    name: str
    origins: tuple[str, ...]
    to: str
    when: Expr
    title: str | None = None
    unless: tuple[Expr, ...] = ()
    waived_by: Expr | None = None
    sustained: Sustained | None = None
    then: tuple[Assignment, ...] = ()
    because: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    because_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Lifecycle:
    """States that an account goes through, and the ways between them.

    `on_record` is its present state, `since` the day it entered it. Becomes rules when the ruleset is
    loaded.
    """

    name: str
    on_record: Expr
    start: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    since: Expr | None = None
    title: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    start_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


HIT_POLICIES = ("priority", "first", "unique", "collect")
EVIDENCE_NEEDED = "evidence_needed"
"""The outcome of a decision that its known facts leave open."""
CONFLICT = "conflict"
"""The outcome when two rules of a `unique` decision hold at once: an error of the ruleset."""


@attrs.frozen
class Decide:
    """What a ruleset decides: the name of the decision, its outcomes, how rules combine.

    `always` are outputs that the decision carries whichever rule gives the outcome, and when none does.
    """

    name: str
    outcomes: tuple[str, ...]
    hit_policy: str = "priority"
    otherwise: str | None = None
    unsettled: str = EVIDENCE_NEEDED
    title: str | None = None
    always: tuple[Assignment, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


TIE_ORDERS = {"earliest": -1, "latest": 1, "lowest": -1, "highest": 1}
"""How a tie is broken: which end of a value goes first (1: the upper)."""


@attrs.frozen
class Tie:
    """What goes first among accounts that rank alike: `earliest status_since`, `highest csat`."""

    order: str
    of: Expr
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class PlacesSection:
    """`portfolio`: who takes a place when more qualify than there are places.

    An account to which the rules give `chosen` takes a place: an incumbent before all others and
    for certain, the others in the order of `rank_by` and `ties` while places last; for the rest the
    outcome is `waitlisted`. `ceiling`, `start` and `growth` are settings of the programme.
    """

    chosen: str
    waitlisted: str
    rank_by: Expr
    ceiling: Expr
    incumbents: Expr | None = None
    start: Expr | None = None
    growth: Expr | None = None
    ties: tuple[Tie, ...] = ()
    compare_with: Expr | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    chosen_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    waitlisted_span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)

    @property
    def limits(self) -> dict[str, Expr]:
        """The settings of the programme that are stated, by key."""
        stated = {"ceiling": self.ceiling, "start": self.start, "growth": self.growth}
        return {key: node for key, node in stated.items() if node is not None}


CLAIMS = ("never", "always", "never_lowers", "never_raises", "settles")
"""What an invariant may claim; it makes one claim."""


@attrs.frozen
class Invariant:
    """What the author claims of every account. Proved by `samrules prove`; no engine runs it.

    `never`: a condition that no account meets; `always`: one that no account fails. `rising` a fact, all
    else staying as it is, `never_lowers` or `never_raises` a decision, score, value or condition.
    `settles` names a lifecycle or ladder that no account goes round in for ever. `where` narrows the
    accounts that are meant; with `knowing_only`, no other facts are known of them.
    """

    name: str
    never: Expr | None = None
    always: Expr | None = None
    rising: Expr | None = None
    never_lowers: Expr | None = None
    never_raises: Expr | None = None
    settles: Expr | None = None
    where: Expr | None = None
    knowing_only: tuple[Expr, ...] = ()
    title: str | None = None
    reason: str | None = None
    cites: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)

    @property
    def claim(self) -> str:
        """Which of `CLAIMS` it makes."""
        return next(c for c in CLAIMS if getattr(self, c) is not None)

    @property
    def subject(self) -> Expr:
        """What the claim is about."""
        node: Expr = getattr(self, self.claim)
        return node


@attrs.frozen
class Layer:
    """A ruleset file that is part of a ruleset with overlays."""

    ruleset: str
    version: str
    file: str


@attrs.frozen
class Change:
    """A key of a part that an overlay gave anew (`values`, `criteria.growth.weight`), or took away (`no unless`)."""

    key: str
    ruleset: str


@attrs.frozen
class Origin:
    """Where a part of a ruleset comes from: who wrote it, and who changed what of it since."""

    section: str
    name: str
    ruleset: str
    changes: tuple[Change, ...] = ()


@attrs.frozen
class Removed:
    """Something that an overlay took away: a part, or `part.key`."""

    section: str
    name: str
    ruleset: str


@attrs.frozen
class Overlay:
    """How a ruleset came about that extends another. `layers` begin with the ruleset itself and end
    with the one that extends no other."""

    layers: tuple[Layer, ...]
    origins: tuple[Origin, ...]
    removed: tuple[Removed, ...] = ()

    def origin(self, section: str, name: str) -> Origin | None:
        return next((o for o in self.origins if (o.section, o.name) == (section, name)), None)


@attrs.frozen
class Ruleset:
    """A whole ruleset file, with what it extends."""

    name: str
    version: str
    title: str | None = None
    description: str | None = None
    currency: str | None = None
    uses: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    events: tuple[EventType, ...] = ()
    measures: tuple[Measure, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    define: tuple[Definition, ...] = ()
    scorecards: tuple[Scorecard, ...] = ()
    rules: tuple[Rule, ...] = ()
    """In a loaded ruleset also what its tables, ladders and lifecycles become, after the rules written
    as such."""
    tables: tuple[DecisionTable, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    lifecycles: tuple[Lifecycle, ...] = ()
    decide: Decide | None = None
    portfolio: PlacesSection | None = None
    invariants: tuple[Invariant, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    uses_spans: tuple[Span | None, ...] = attrs.field(
        default=(), eq=False, repr=False, kw_only=True
    )
    overlay: Overlay | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    """Where its parts come from, if it extends another ruleset; what it means is the same without."""


@attrs.frozen
class Passage:
    """A place in a source that a rule rests on, in our own words."""

    key: str
    says: str
    items: tuple[int, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)


@attrs.frozen
class Source:
    """A text that rules cite."""

    key: str
    title: str
    passages: tuple[Passage, ...]
    author: str | None = None


def expressions_of(member: object) -> Iterator[Expr]:
    """Every expression directly written in a member of a ruleset."""
    match member:
        case Definition(value=value):
            yield value
        case Scorecard(criteria=criteria):
            for criterion in criteria:
                yield from (row.when for row in criterion.points if row.when is not None)
                if criterion.scale:
                    yield from (criterion.scale.of, criterion.scale.zero, criterion.scale.full)
        case Measure(where=where, value=value):
            yield from (e for e in (where, value) if e is not None)
        case PlacesSection(incumbents=incumbents, compare_with=compared, ties=ties):
            yield member.rank_by
            yield from member.limits.values()
            yield from (node for node in (incumbents, compared) if node is not None)
            yield from (tie.of for tie in ties)
        case Rule(when=when, unless=unless, then=then):
            yield when
            yield from unless
            yield from (a.value for a in then if isinstance(a.value, Expr))
        case Invariant(settles=settles, where=where, knowing_only=known, rising=rising):
            yield from (e for e in (where, rising, *known) if e is not None)
            if settles is None:
                yield member.subject
        case Decide(always=always):
            yield from (a.value for a in always if isinstance(a.value, Expr))


def reached(ruleset: Ruleset, among: Mapping[str, Ruleset]) -> set[str]:
    """The names of those among some rulesets that one uses, directly or through others."""
    found: set[str] = set()
    stack = list(ruleset.uses)
    while stack:
        name = stack.pop()
        if name not in found and name in among:
            found.add(name)
            stack += among[name].uses
    return found

"""The plan: all that an engine needs to know, and what is needed to explain what it did."""

from __future__ import annotations

import attrs

from samrules.decision.trace import Note
from samrules.model.expressions import Expr, Held, walk
from samrules.model.ruleset import (
    Band,
    Decide,
    EventType,
    Fact,
    Invariant,
    Measure,
    Parameter,
    Rule,
)
from samrules.model.types import Type, Value
from samrules.syntax.library import Citation


@attrs.frozen
class Step:
    """A named expression of the core. Steps stand in order: each after those it names."""

    name: str
    expr: Expr


@attrs.frozen
class Shown:
    """A value with the type it is shown in. Of a score, `expr` is its low end and `high` its high."""

    expr: Expr
    type: Type | None
    high: Expr | None = None


@attrs.frozen
class Placeholder:
    """A value that `because` inserts, with its noun where it is a count."""

    value: Shown
    singular: str | None = None
    plural: str | None = None


@attrs.frozen
class PlannedRule:
    """A rule with its conditions reduced to the core.

    `step` names the step that holds its truth; `because` is text and placeholders by turns
    (None stands for the account's name).
    """

    rule: Rule
    step: str
    outcome: str
    outputs: tuple[tuple[str, Value | Shown], ...]
    because: tuple[str | Placeholder | None, ...]


@attrs.frozen
class PlannedDecision:
    """A decision with its rules: that of the ruleset itself, or of another that it asks for.

    `always` are the outputs that it carries whatever its outcome.
    """

    ruleset: str
    title: str
    decide: Decide
    rules: tuple[PlannedRule, ...]
    always: tuple[tuple[str, Value | Shown], ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of all that it may set besides the outcome: those of `always` first."""
        set_ = [name for rule in self.rules for name, _ in rule.outputs]
        return tuple(dict.fromkeys([*(name for name, _ in self.always), *set_]))


@attrs.frozen
class PlannedCriterion:
    name: str
    title: str
    weight: float
    low: str
    high: str


@attrs.frozen
class PlannedScore:
    """A scorecard: its criteria and ends as names of steps."""

    name: str
    title: str
    low: str
    high: str
    criteria: tuple[PlannedCriterion, ...]
    bands: tuple[Band, ...]

    def band(self, low: float, high: float) -> str | None:
        """The band that a score is in for certain, or None when it spans several or has none."""
        at = [b.name for b in self.bands if b.since <= low]
        up = [b.name for b in self.bands if b.since <= high]
        return at[-1] if at and at[-1:] == up[-1:] else None


@attrs.frozen
class PlannedMeasure:
    """A fact counted from events, its condition and its value reduced to the core.

    `type` is the type of the fact; `where` and `value` speak of the event's own fields by their bare
    names.
    """

    name: str
    measure: Measure
    type: Type
    where: Expr | None
    value: Expr | None


@attrs.frozen
class PlannedTie:
    """`order` is how the author says it, `sign` 1 where the upper end goes first, else -1."""

    order: str
    sign: int
    title: str
    value: Shown


@attrs.frozen
class PlannedPlaces:
    """Who takes a place, with conditions and values reduced to the core.

    `limits` are the settings of the programme by key: `ceiling`, perhaps `start` and `growth`;
    `settings` the facts they are made of, which all accounts share.
    """

    chosen: str
    waitlisted: str
    incumbents: Expr | None
    rank: Shown
    rank_title: str
    ties: tuple[PlannedTie, ...]
    limits: dict[str, Shown]
    settings: tuple[str, ...]
    compared: Shown | None
    compared_title: str

    def expressions(self) -> list[Expr]:
        shown = [self.rank, *(t.value for t in self.ties), *self.limits.values()]
        shown += [self.compared] if self.compared else []
        found = [e for s in shown for e in (s.expr, s.high) if e is not None]
        return found if self.incumbents is None else [self.incumbents, *found]


@attrs.frozen
class PlannedInvariant:
    """An invariant reduced to the core.

    `kind` says what `parts` are: a `condition`; a `value`; a `score` by its low and its high end; a `decision`
    by the questions whether each outcome is possible, strongest first. `settles` has no parts.
    """

    invariant: Invariant
    kind: str
    parts: tuple[Expr, ...]
    where: Expr | None = None
    knowing_only: frozenset[str] = frozenset()
    rising: str | None = None

    def expressions(self) -> tuple[Expr, ...]:
        return self.parts if self.where is None else (*self.parts, self.where)


@attrs.frozen
class Plan:
    """A ruleset ready to run.

    `facts` are all that may be given, by name; `parameters` those that are read, by absolute name;
    `decision` is None where the ruleset decides nothing, `asked` are the decisions of other rulesets
    that it asks for by name; `notes` says what each node is, for explanations.
    """

    name: str
    version: str
    title: str
    currency: str | None
    facts: dict[str, Fact]
    events: dict[str, EventType]
    measures: tuple[PlannedMeasure, ...]
    parameters: dict[str, Parameter]
    steps: tuple[Step, ...]
    decision: PlannedDecision | None
    asked: tuple[PlannedDecision, ...]
    scores: tuple[PlannedScore, ...]
    citations: dict[str, Citation]
    notes: dict[Expr, Note]
    digest: str
    read: frozenset[str]
    """Names of the facts that can have an effect."""
    looks_back: bool
    """Whether some rule must be sustained, so that earlier reviews matter."""
    past: frozenset[str]
    """Names of the steps that matter at earlier reviews too."""
    places: PlannedPlaces | None = None
    """Set where the ruleset decides all accounts together."""

    @property
    def sustained(self) -> tuple[Held, ...]:
        """What must be sustained, each once, in the order of the steps."""
        return tuple(dict.fromkeys(node for step in self.steps for node in walk(step.expr) if isinstance(node, Held)))

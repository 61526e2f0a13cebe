"""The decision: what was decided, and everything needed to say why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Protocol

import attrs

from samrules.decision.events import Event
from samrules.decision.evidence import Evidence, evidence, leaves
from samrules.decision.part import Part
from samrules.decision.placing import Claim, Placing
from samrules.decision.policy import deciding
from samrules.decision.trace import Trace
from samrules.model import expressions as ex
from samrules.model.ruleset import Decide, EventType, Fact
from samrules.model.types import Duration, Type, Value

SCHEMA = "samrules.decision/1"


@attrs.frozen
class RuleResult:
    """How one rule fared.

    `truth` is the rule's (None: unknown); `when` and `exceptions` are the traces of its conditions
    at this review; `reviews` the truth at each review that counts, latest first, when it must be
    sustained; `because` its sentence, filled in.
    """

    name: str
    title: str
    outcome: str
    truth: bool | None
    trace: Trace
    when: Trace
    exceptions: tuple[Trace, ...]
    reviews: tuple[tuple[date, bool | None], ...]
    reviews_needed: int
    because: str | None
    cites: tuple[str, ...]
    short_of: tuple[tuple[Trace, bool], ...]
    """The fewest conditions that would have to turn for it to hold, each with what it would have to
    be; empty unless it failed."""

    @property
    def near(self) -> Trace | None:
        """The one condition it was short of, if it was only one and that one is known."""
        only = self.short_of[0][0] if len(self.short_of) == 1 else None
        if only is None or only.value is None or not self._several:
            return None
        return only

    @property
    def _several(self) -> bool:
        """Whether it has more than one condition: one that fails alone says nothing of nearness."""
        return sum(1 for trace in (self.when, *self.exceptions) for _ in leaves(trace)) > 1

    @property
    def stopped(self) -> bool:
        """Whether its conditions held and an exception kept it from holding."""
        held = len(self.reviews) >= self.reviews_needed and all(t is True for _, t in self.reviews[1:])
        return held and self.when.value is True and any(e.value is True for e in self.exceptions)


@attrs.frozen
class CriterionResult:
    name: str
    title: str
    weight: float
    low: float
    high: float
    missing: tuple[str, ...]
    """Facts that are missing and matter to this criterion."""


@attrs.frozen
class ScoreResult:
    """A score as an interval from `low` to `high`, equal when all criteria are known."""

    key: str
    name: str
    title: str
    low: float
    high: float
    band: str | None
    criteria: tuple[CriterionResult, ...]


class Explainer(Protocol):
    """What turns a decision into words; `samrules.explain` is one."""

    def why(self, decision: Decision) -> Any: ...

    def why_not(self, decision: Decision, outcome: str) -> Any: ...

    def counterfactuals(self, decision: Decision, outcome: str | None, facts: Iterable[str] | None, most: int, limit: int) -> Any: ...

    def what_if(self, decision: Decision, facts: Mapping[str, Any]) -> Any: ...

    def html(self, decision: Decision) -> str: ...


@attrs.frozen
class Citation:
    """A passage that a rule rests on."""

    key: str
    source: str
    author: str | None
    says: str


@attrs.frozen
class Threshold:
    """A parameter's value in force at a decision, since when, and why."""

    name: str
    title: str
    value: Value
    type: Type
    since: date
    reason: str | None
    cites: tuple[str, ...]


@attrs.frozen
class Decision:
    """An explained decision on one account.

    Attributes:
        account: the account's id; `account_name` its name where known.
        as_of: the date it was decided for.
        outcome: the outcome; a tuple of them under the hit policy `collect`.
        settled: whether no missing fact could change the outcome.
        possible: every outcome that is still possible, strongest first.
        deciding_unknowns: the missing facts that bear on it, most decisive first.
        outputs: what the decision carries besides the outcome: what it always does, then what the
            deciding rules set. None: not known yet.
        parts: how the decisions of other rulesets came out that this one asks for, in the order of `uses`.
        scores: each scorecard it rests on, as an interval.
        rules: how each rule fared, in the order written.
        facts: the facts that were known and could matter, by name.
        counted: the events behind each fact that was counted from events, by name.
        placing: where it stands among all accounts, if they were decided together.
    """

    account: str
    account_name: str | None
    as_of: date
    ruleset: str
    version: str
    digest: str
    title: str
    engine: str
    decide: Decide
    outcome: str | tuple[str, ...]
    settled: bool
    possible: tuple[str, ...]
    deciding_unknowns: tuple[str, ...]
    outputs: Mapping[str, tuple[Value | None, Type | None]]
    scores: tuple[ScoreResult, ...]
    rules: tuple[RuleResult, ...]
    facts: Mapping[str, Value]
    facts_digest: str
    counted: Mapping[str, tuple[Event, ...]]
    declared: Mapping[str, Fact] = attrs.field(repr=False)
    kinds: Mapping[str, EventType] = attrs.field(repr=False)
    citations: Mapping[str, Citation] = attrs.field(repr=False)
    thresholds: Mapping[str, Threshold] = attrs.field(repr=False)
    currency: str | None = None
    parts: tuple[Part, ...] = ()
    claim: Claim | None = attrs.field(default=None, repr=False)
    placing: Placing | None = attrs.field(default=None, repr=False)
    basis: Any = attrs.field(default=None, eq=False, repr=False)
    """What it was made from, for making it again on other facts; None where that was not kept."""
    explainer: Explainer | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def fired(self) -> tuple[RuleResult, ...]:
        """The rules that hold."""
        return tuple(r for r in self.rules if r.truth is True)

    @property
    def deciding(self) -> tuple[RuleResult, ...]:
        """The rules that hold and give the outcome; under the policy `first`, the first of them.

        For an account on the waiting list, the rules by which it would have a place.
        """
        outcome = self.outcome
        if self.placing is not None and outcome == self.placing.waitlisted:
            outcome = self.placing.chosen
        places = deciding(self.decide, outcome, [(r.outcome, r.truth) for r in self.rules])
        return tuple(self.rules[place] for place in places)

    @property
    def stopped(self) -> tuple[RuleResult, ...]:
        """The rules that would hold but for an exception."""
        return tuple(r for r in self.rules if r.stopped)

    @property
    def near(self) -> tuple[RuleResult, ...]:
        """The rules that were one condition short."""
        return tuple(r for r in self.rules if r.near is not None and not r.stopped)

    def explained_by(self, explainer: Explainer) -> Decision:
        """This decision, with what turns it into words."""
        return attrs.evolve(self, explainer=explainer)

    def why(self) -> Any:
        """The explanation of the outcome: `str()` it, or take `.markdown()`, `.to_dict()`."""
        return self._explainer().why(self)

    def why_not(self, outcome: str) -> Any:
        """Why the outcome is not this one: for each rule that could give it, what failed and by how much.

        Raises FactError if the decision has no such outcome.
        """
        return self._explainer().why_not(self, outcome)

    def counterfactuals(self, outcome: str | None = None, *, facts: Iterable[str] | None = None, most: int = 4,
                        limit: int = 10) -> Any:
        """The smallest sets of changes of facts that would have given another outcome; docs/counterfactuals.md.

        Args:
            outcome: the outcome that is wanted; without it, each other one.
            facts: the names of those that may change, in any way; without it those that the ruleset marks as `actionable`, and
                what is missing.
            most: how many facts may change at once.
            limit: how many sets are given of each outcome.

        Returns a `Counterfactuals`: `str()` it, or take `.sought`, `.complete`, `.to_dict()`.
        Raises FactError for an outcome or a fact that there is not, and where accounts are decided together.
        """
        return self._explainer().counterfactuals(self, outcome, facts, most, limit)

    def what_if(self, facts: Mapping[str, Any]) -> Any:
        """The decision if these facts were so, all else being as it is, and what is different then.

        Values are as `decide` takes them; None makes a fact missing. Returns a `WhatIf` with the decision `after`.
        Raises FactError for a fact that nothing declares or a bad value, and where accounts are decided together.
        """
        return self._explainer().what_if(self, facts)

    @property
    def who(self) -> str:
        """The account's name, or its id where no name is known."""
        return self.account_name or self.account

    def _repr_html_(self) -> str | None:
        """What a notebook shows; None where nothing can explain it, and then a notebook shows the `repr`."""
        return self.explainer.html(self) if self.explainer is not None else None

    def _explainer(self) -> Explainer:
        if self.explainer is None:
            raise RuntimeError("this decision was made without an explainer; use samrules.load(...)")
        return self.explainer

    def to_dict(self) -> dict[str, Any]:
        """The decision as JSON-ready data, schema `samrules.decision/1`, keys in a fixed order."""
        outcome = list(self.outcome) if isinstance(self.outcome, tuple) else self.outcome
        return {
            "schema": SCHEMA,
            "account": self.account,
            "as_of": self.as_of.isoformat(),
            "ruleset": {"name": self.ruleset, "version": self.version, "digest": self.digest},
            "engine": self.engine,
            "outcome": outcome,
            "settled": self.settled,
            "possible": list(self.possible),
            "deciding_unknowns": list(self.deciding_unknowns),
            "outputs": _outputs(self.outputs),
            **({"parts": [_part(p) for p in self.parts]} if self.parts else {}),
            "scores": {s.name: _score(s) for s in self.scores},
            **({"portfolio": self.placing.to_dict()} if self.placing else {}),
            "fired": [self._fired(r) for r in self.fired],
            "stopped": [
                {"rule": r.name, "title": r.title,
                 "exceptions": [self._evidence(e) for t in r.exceptions if t.value is True for e in evidence(t)]}
                for r in self.stopped
            ],
            "near": [
                {"rule": r.name, "title": r.title, "outcome": r.outcome,
                 "failed": self._failed(r)}
                for r in self.near
            ],
            "facts_digest": self.facts_digest,
        }

    def to_json(self) -> str:
        """`to_dict` as one line of JSON; the same inputs give the same bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(", ", ": "), allow_nan=False)

    def _failed(self, rule: RuleResult) -> list[dict[str, Any]]:
        """The condition that a near rule was short of; of a sustained one, its reviews."""
        if rule.near is None:
            return []
        if isinstance(rule.near.expr, ex.Held):
            return [{"condition": rule.near.text, "truth": "false", "facts": {}, "reviews": _reviews(rule)}]
        return [self._evidence(e) for e in evidence(rule.near)]

    def _fired(self, rule: RuleResult) -> dict[str, Any]:
        found = {
            "rule": rule.name,
            "title": rule.title,
            "because": rule.because,
            "cites": list(rule.cites),
            "evidence": [self._evidence(e) for e in evidence(rule.when)],
        }
        if rule.exceptions:
            found["exceptions"] = [self._evidence(e) for t in rule.exceptions for e in evidence(t)]
        if rule.reviews:
            found["reviews"] = _reviews(rule)
        return found


    def _evidence(self, item: Evidence) -> dict[str, Any]:
        found: dict[str, Any] = {
            "condition": item.condition,
            "truth": truth_word(item.truth),
            "facts": {name: as_json(value) for name, value in item.facts.items()},
        }
        if item.parameters:
            found["parameters"] = {name: as_json(value) for name, value in item.parameters.items()}
        counted = {name: self.counted[name] for name in item.facts if name in self.counted}
        if counted:
            found["events"] = {
                name: [{"date": e.day.isoformat(), "event": e.type,
                        **{field: as_json(value) for field, value in e.fields.items()}} for e in events]
                for name, events in counted.items()
            }
        if item.within:
            found["within"] = item.within
        return found


def _reviews(rule: RuleResult) -> list[dict[str, str]]:
    return [{"date": day.isoformat(), "truth": truth_word(truth)} for day, truth in rule.reviews]


def truth_word(truth: object) -> str:
    return "unknown" if truth is None else "true" if truth is True else "false"


def as_json(value: Value | None) -> Any:
    """A value as JSON has it: dates and durations as text, whole doubles as they are."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Duration) else value


def _outputs(outputs: Mapping[str, tuple[Value | None, Type | None]]) -> dict[str, Any]:
    return {name: as_json(value) for name, (value, _) in outputs.items()}


def _part(part: Part) -> dict[str, Any]:
    return {
        "ruleset": part.ruleset,
        "decision": part.decision,
        "outcome": part.outcome,
        "settled": part.settled,
        "possible": list(part.possible),
        "outputs": _outputs(part.outputs),
        "because": list(part.because),
    }


def _score(score: ScoreResult) -> dict[str, Any]:
    return {
        "low": score.low,
        "high": score.high,
        "band": score.band,
        "criteria": [
            {"name": c.name, "weight": _whole(c.weight), "low": c.low, "high": c.high}
            for c in score.criteria
        ],
    }


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value

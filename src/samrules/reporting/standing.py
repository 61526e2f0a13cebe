"""What stands on record of an account, and what its decision is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import attrs

from samrules.decision.words import listed, word
from samrules.model import ruleset as rs
from samrules.model.ruleset import Fact
from samrules.model.types import Kind, Value
from samrules.reporting.subject import ANEW, Outcome, Subject
from samrules.rules import Rules
from samrules.tuning.reviews import Carried, carried_by

SIZE = "revenue_ttm"
"""The fact of the bundled vocabulary that scores are held against."""


@attrs.define(slots=False)
class Frame:
    """What a ruleset says about its decisions in general: names of outcomes, what is on record, its score.

    `size` is the fact that scores are held against; None for none.
    """

    rules: Rules
    size: Fact | None

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """Every outcome a decision may have, strongest first; the words for open and contradictory ones last."""
        decision = self.rules.plan.decision
        assert decision is not None
        decide = decision.decide
        return tuple(dict.fromkeys([*decide.outcomes, decide.unsettled, rs.CONFLICT]))

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """The titles of the states of the lifecycle that decides, by outcome."""
        lifecycle = self.lifecycle
        return {s.name: s.title for s in lifecycle.states if s.title} if lifecycle else {}

    @cached_property
    def lifecycle(self) -> rs.Lifecycle | None:
        """The lifecycle of which the ruleset's own decision is the next state."""
        decision = self.rules.plan.decision
        name = decision.decide.name if decision else None
        return next((x for x in self.rules.ruleset.lifecycles if x.name == name), None)

    @cached_property
    def carried(self) -> tuple[Carried, ...]:
        return tuple(carried_by(self.rules, {}))

    @cached_property
    def status(self) -> Carried | None:
        """The fact that holds the state on record; None where the ruleset's decision is no state."""
        if self.lifecycle is None:
            return None
        return next((c for c in self.carried if c.ruleset == self.rules.name and c.output is None), None)

    @cached_property
    def ladders(self) -> tuple[tuple[rs.Ladder, Carried], ...]:
        """The ladders of the ruleset and of those it asks, each with the fact that holds the level on record."""
        found = []
        for ruleset in self.rules.checked.bundle.rulesets:
            for ladder in ruleset.ladders:
                found += [(ladder, c) for c in self.carried if c.ruleset == ruleset.name and c.output == f"to_{ladder.name}"]
        return tuple(found)

    def words(self, outcome: Outcome | None) -> str:
        """An outcome as the report calls it: the title of a state, else its words."""
        if outcome is None:
            return "could not be decided"
        if isinstance(outcome, tuple):
            return listed([word(o) for o in outcome]) if outcome else "nothing"
        return self.titles.get(outcome) or word(outcome)

    def before(self, subject: Subject) -> Outcome | None:
        """What an outcome is compared with: the state on record, else the decision before."""
        if self.status is not None:
            found = value_of(subject, self.status.fact)
            return found if isinstance(found, str) else None
        return subject.before

    def moved(self, subject: Subject) -> bool:
        before = self.before(subject)
        return before is not None and subject.decision.settled and before != subject.decision.outcome

    def compared(self, any_past: bool, sources: frozenset[str]) -> str:
        """What changes are measured against, in a sentence."""
        if self.status is not None:
            title = self.rules.facts[self.status.fact].title or word(self.status.fact)
            return f"Changes are measured against what stands on record ({title})."
        if not any_past:
            return "No earlier decision is known, so no change can be shown."
        if sources == {ANEW}:
            return ("Changes are measured against the review before, decided anew: what these rules say of the facts on "
                    "record then. What was decided at the time is not known here.")
        if ANEW not in sources:
            return "Changes are measured against what held the day before, as it is on record."
        return ("Changes are measured against what held the day before, as it is on record; for accounts that are not, against the "
                "review before, decided anew by these rules.")


def value_of(subject: Subject, fact: str) -> Value | None:
    """A fact of an account, given or counted."""
    found = subject.decision.facts.get(fact)
    return found if found is not None else subject.facts.get(fact)


def size_fact(rules: Rules) -> Fact | None:
    """The fact that scores are held against where none is asked for."""
    found = rules.facts.get(SIZE)
    return found if found is not None and found.type.kind is Kind.MONEY else None

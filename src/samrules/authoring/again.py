"""An account decided anew after a few steps of the plan were changed: what does not rest on them stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import attrs

from samrules.authoring.cases import Case, Other
from samrules.decision.decision import Decision
from samrules.decision.events import Event
from samrules.engines.interpreter import Facts, View, evaluate, parameters_at, view
from samrules.engines.measures import Record, measured
from samrules.engines.outcome import as_recorded, at_review, decision_at
from samrules.errors import FactError
from samrules.explain.explainer import Explained
from samrules.model import expressions as ex
from samrules.plan.plan import Plan


@attrs.frozen
class Look:
    """An account as the interpreter sees it, with all that its decision says beside."""

    view: View
    counted: Mapping[str, tuple[Event, ...]]
    history: list[tuple[date, Facts]]
    record: Record

    def decision(self) -> Decision:
        return attrs.evolve(decision_at(self.view, self.counted, self.history, self.record), explainer=Explained())


def look(plan: Plan, account: Case | Other, day: date) -> Look:
    """Raises FactError where the account cannot be decided."""
    record = Record(account.events, account.recorded)
    now = measured(plan, account.facts, record, day)
    reviews = [(on, at_review(plan, known, record, on)) for on, known in account.history]
    return Look(view(plan, now.facts, day, reviews), now.counted, as_recorded(reviews, account.history), record)


def resting_on(plan: Plan, changed: Iterable[str]) -> frozenset[str]:
    """The steps that rest on some steps, these among them."""
    found = set(changed)
    for step in plan.steps:  # each stands after those it names
        if any(n.name in found for n in ex.names(step.expr)):
            found.add(step.name)
    return frozenset(found)


def again(plan: Plan, before: Look, changed: frozenset[str]) -> Look:
    """The same account under a plan that counts the same measures and differs in the steps named, in their
    parameters, and in what it makes of them. Raises FactError where a parameter has no value."""
    return attrs.evolve(before, view=_viewed(plan, before.view, changed, past=False))


def _viewed(plan: Plan, was: View, changed: frozenset[str], *, past: bool) -> View:
    earlier: list[View | FactError] = list(was.earlier)
    if not past and any(s in plan.past for s in changed):
        earlier = []
        for review in reversed(was.earlier):  # oldest first: each sees those before it
            earlier.insert(0, _viewed(plan, attrs.evolve(review, earlier=list(earlier)), changed, past=True)
                           if isinstance(review, View) else review)
    now = View(plan, was.day, was.facts, parameters_at(plan, was.day), earlier)
    for step in plan.steps:
        if past and step.name not in plan.past:
            continue
        kept = was.steps.get(step.name) if step.name not in changed else None
        now.steps[step.name] = kept if kept is not None else evaluate(step.expr, now)
    return now

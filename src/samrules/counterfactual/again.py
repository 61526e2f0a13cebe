"""A decision made again: on other facts, or as if what holds today had lasted."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from samrules.decision.decision import Decision
from samrules.engines.interpreter import View, evaluate, parameters_at, reviews
from samrules.engines.outcome import Basis, at_review, decision_at
from samrules.model import expressions as ex
from samrules.model.types import Value
from samrules.plan.plan import Plan, Step


def ground(basis: Basis) -> View:
    """The account as it was decided, with its earlier reviews and no step evaluated yet."""
    plan = basis.plan
    earlier = reviews(plan, [(day, at_review(plan, facts, basis.record, day)) for day, facts in basis.history])
    return View(plan, basis.as_of, basis.facts, parameters_at(plan, basis.as_of), earlier)


def on_facts(at: View, facts: Mapping[str, Value | None]) -> View:
    """A view with some facts changed, every step evaluated; None makes a fact missing."""
    known = {**at.facts, **facts}
    now = View(at.plan, at.day, {name: v for name, v in known.items() if v is not None}, at.parameters, at.earlier)
    for step in at.plan.steps:
        now.steps[step.name] = evaluate(step.expr, now)
    return now


def decided_on(before: Decision, at: View, facts: Mapping[str, Value | None]) -> Decision:
    """The decision with some facts changed. What was counted and is now given has no events behind it."""
    basis: Basis = before.basis
    counted = {name: events for name, events in before.counted.items() if name not in facts}
    decision = decision_at(on_facts(at, facts), counted, basis.history, basis.record)
    return attrs.evolve(decision, explainer=before.explainer)


def as_if_lasting(at: View) -> View:
    """A view in which what must be sustained need only hold today: as if it had held at every review there must be."""
    plan = at.plan
    steps = tuple(Step(s.name, s.expr.operand) if isinstance(s.expr, ex.Held) else s for s in plan.steps)
    lasting: Plan = attrs.evolve(plan, steps=steps, looks_back=False, past=frozenset())
    return View(lasting, at.day, at.facts, at.parameters, ())

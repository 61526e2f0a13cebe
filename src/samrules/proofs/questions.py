"""Questions: whether there is an account of some kind. Each is asked of the solver, and of the interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from samrules.decision.policy import judge
from samrules.engines.interpreter import View, evaluate, view
from samrules.model import expressions as ex
from samrules.model.ruleset import CONFLICT
from samrules.model.types import Value
from samrules.plan import lower as lo
from samrules.plan.plan import Plan, PlannedDecision, PlannedInvariant, PlannedRule
from samrules.proofs import domain
from samrules.proofs.encode import World
from samrules.proofs.frame import ID, Frame, Situation
from samrules.proofs.solver import Terms, Z


class Question(Protocol):
    """Whether there is an account such that …"""

    @property
    def facts(self) -> frozenset[str]:
        """Facts that matter besides those that the expressions rest on."""
        ...

    @property
    def expressions(self) -> tuple[ex.Expr, ...]:
        """What the question rests on."""
        ...

    @property
    def clearer(self) -> Question | None:
        """A narrower question, of which an account says the same more plainly."""
        ...

    def goal(self, frame: Frame) -> Z:
        """Such an account, in the solver's terms."""
        ...

    def holds(self, plan: Plan, at: Situation) -> bool:
        """Whether an account is such a one, by the interpreter."""
        ...


def seen(plan: Plan, at: Situation, *, after: bool = False) -> View:
    """What the interpreter makes of an account."""
    return view(plan, at.changed if after else at.facts, at.as_of, at.history)


def resting_on(plan: Plan, expressions: Sequence[ex.Expr]) -> Plan:
    """The plan with the steps, facts and parameters that some expressions rest on, and no others."""
    steps = {s.name: s for s in plan.steps}
    named: set[str] = set()
    stack = list(expressions)
    while stack:
        new = {n.name for n in ex.names(stack.pop())} - named
        named |= new
        stack += [steps[n].expr for n in new if n in steps]
    kept = tuple(s for s in plan.steps if s.name in named)
    return attrs.evolve(plan, steps=kept, read=frozenset(named & set(plan.facts)), past=plan.past & named,
                        parameters={k: p for k, p in plan.parameters.items() if k in named},
                        looks_back=any(isinstance(n, ex.Held) for s in kept for n in ex.walk(s.expr)))


NO_FACTS: frozenset[str] = frozenset()


# --- rules ---------------------------------------------------------------------------------------


@attrs.frozen
class Fires:
    """An account of which a rule is true."""

    rule: PlannedRule
    facts: frozenset[str] = NO_FACTS
    clearer: None = None

    @property
    def expressions(self) -> tuple[ex.Expr, ...]:
        return (ex.Name(self.rule.step),)

    def goal(self, frame: Frame) -> Z:
        return frame.now.rule(self.rule.step).true

    def holds(self, plan: Plan, at: Situation) -> bool:
        return seen(plan, at).value(self.rule.step) is True


@attrs.frozen
class Decides:
    """An account that a rule decides: it is true, its outcome is the outcome, and under `first` no earlier one is true."""

    decision: PlannedDecision
    rule: PlannedRule
    facts: frozenset[str] = NO_FACTS
    clearer: None = None

    @property
    def expressions(self) -> tuple[ex.Expr, ...]:
        return _steps(self.decision.rules)

    def goal(self, frame: Frame) -> Z:
        z, now, decide = frame.z, frame.now, self.decision.decide
        parts = [now.rule(self.rule.step).true]
        if decide.hit_policy == "first":
            for rule in self.decision.rules:
                if rule.step == self.rule.step:
                    break
                earlier = now.rule(rule.step)
                parts.append(z.no(earlier.true) if rule.outcome == self.rule.outcome else earlier.false)
        if decide.hit_policy == "priority":
            stronger = decide.outcomes[: decide.outcomes.index(self.rule.outcome)]
            parts += [now.rule(r.step).false for r in self.decision.rules if r.outcome in stronger]
        if decide.hit_policy == "unique":
            parts += [now.rule(r.step).false for r in self.decision.rules if r.outcome != self.rule.outcome]
        return z.all(parts)

    def holds(self, plan: Plan, at: Situation) -> bool:
        now = seen(plan, at)
        truths = [(r.outcome, _truth(now.value(r.step))) for r in self.decision.rules]
        verdict = judge(self.decision.decide, truths)
        place = [r.step for r in self.decision.rules].index(self.rule.step)
        if truths[place][1] is not True or not verdict.settled:
            return False
        if self.decision.decide.hit_policy == "collect":
            return True
        first = self.decision.decide.hit_policy == "first" and any(t is True for _, t in truths[:place])
        return verdict.outcome == self.rule.outcome and not first


@attrs.frozen
class Conflicts:
    """An account of which two rules with different outcomes are true, where only one may be."""

    decision: PlannedDecision
    facts: frozenset[str] = NO_FACTS
    clearer: None = None

    @property
    def expressions(self) -> tuple[ex.Expr, ...]:
        return _steps(self.decision.rules)

    def goal(self, frame: Frame) -> Z:
        z = frame.z
        given = [z.any([frame.now.rule(r.step).true for r in self.decision.rules if r.outcome == o])
                 for o in self.decision.decide.outcomes]
        return z.at_least(2, given)

    def holds(self, plan: Plan, at: Situation) -> bool:
        return verdict_of(self.decision, seen(plan, at)) == CONFLICT


@attrs.frozen
class NoneHolds:
    """An account of which all these rules are false: the rows of a table, or all rules there are."""

    rules: tuple[PlannedRule, ...]
    facts: frozenset[str] = NO_FACTS
    clearer: None = None

    @property
    def expressions(self) -> tuple[ex.Expr, ...]:
        return _steps(self.rules)

    def goal(self, frame: Frame) -> Z:
        return frame.z.all([frame.now.rule(r.step).false for r in self.rules])

    def holds(self, plan: Plan, at: Situation) -> bool:
        now = seen(plan, at)
        return all(now.value(r.step) is False for r in self.rules)


def _steps(rules: Sequence[PlannedRule]) -> tuple[ex.Expr, ...]:
    return tuple(ex.Name(r.step) for r in rules)


def verdict_of(decision: PlannedDecision, now: View) -> str | tuple[str, ...] | None:
    """The outcome of a decision, where it is settled."""
    verdict = judge(decision.decide, [(r.outcome, _truth(now.value(r.step))) for r in decision.rules])
    return verdict.outcome if verdict.settled else None


def _truth(value: Value | None) -> bool | None:
    return value if isinstance(value, bool) else None


# --- invariants ----------------------------------------------------------------------------------


@attrs.frozen
class Breaks:
    """An account that breaks an invariant; `clearly`: going from one outcome to another, both settled."""

    claim: PlannedInvariant
    clearly: bool = False

    @property
    def clearer(self) -> Breaks | None:
        """The same, of an account that is easier to read; None where there is no such thing."""
        return attrs.evolve(self, clearly=True) if self.claim.kind == "decision" and not self.clearly else None

    @property
    def facts(self) -> frozenset[str]:
        return self.claim.knowing_only | ({self.claim.rising} if self.claim.rising is not None else set())

    @property
    def expressions(self) -> tuple[ex.Expr, ...]:
        return self.claim.expressions()

    def goal(self, frame: Frame) -> Z:
        z, claim = frame.z, self.claim
        parts = []
        if claim.invariant.knowing_only:
            parts.append(frame.knowing_only(claim.knowing_only))
        if claim.where is not None:
            parts.append(frame.now.truth(claim.where).true)
        if claim.rising is None:
            meant = frame.now.truth(claim.parts[0])
            return z.all([*parts, meant.true if claim.invariant.claim == "never" else meant.false])
        after = frame.changed(claim.rising)
        if claim.where is not None:
            parts.append(after.truth(claim.where).true)
        parts.append(domain.below(frame.facts[claim.rising], frame.after[claim.rising], z))
        if self.clearly:
            parts += [z.no(z.at_least(2, [w.truth(p).true for p in claim.parts])) for w in (frame.now, after)]
        higher, lower = (frame.now, after) if claim.invariant.claim == "never_lowers" else (after, frame.now)
        return z.all([*parts, _lower(claim, lower, higher, z)])

    def holds(self, plan: Plan, at: Situation) -> bool:
        claim = self.claim
        if claim.invariant.knowing_only and any(
                set(known) - {ID} - claim.knowing_only for known in (at.facts, *(f for _, f in at.history))):
            return False
        views = [seen(plan, at)]
        if claim.rising is not None:
            before, later = at.facts.get(claim.rising), at.after.get(claim.rising)
            if before is None or later is None or not later > before:  # type: ignore[operator]
                return False
            views.append(seen(plan, at, after=True))
        if claim.where is not None and any(evaluate(claim.where, v).value is not True for v in views):
            return False
        read = [[evaluate(part, v).value for part in claim.parts] for v in views]
        if claim.rising is None:
            return read[0][0] is (claim.invariant.claim == "never")
        if self.clearly and any(sum(possible is True for possible in r) > 1 for r in read):
            return False
        higher, lower = read if claim.invariant.claim == "never_lowers" else reversed(read)
        return _is_lower(claim.kind, lower, higher)


def _lower(claim: PlannedInvariant, lower: World, higher: World, z: Terms) -> Z:
    """Whether the subject stands lower in one world than in the other."""
    if claim.kind == "condition":
        a, b = lower.truth(claim.parts[0]), higher.truth(claim.parts[0])
        return z.any([z.all([b.true, z.no(a.true)]), z.all([a.false, z.no(b.false)])])
    if claim.kind in ("value", "score"):
        ends = []
        for part in claim.parts:
            low, high = lower.term(part), higher.term(part)
            if low.value is not None and high.value is not None:
                ends.append(z.all([low.known, high.known, low.value < high.value]))
        return z.any(ends)
    a_, b_ = ([w.truth(p).true for p in claim.parts] for w in (lower, higher))
    ways = []
    for place in range(len(a_)):
        ways.append(z.all([b_[place], *(z.no(x) for x in a_[: place + 1])]))  # its strongest is weaker
        ways.append(z.all([a_[place], *(z.no(x) for x in b_[place:])]))  # its weakest is weaker
    return z.any(ways)


def _is_lower(kind: str, lower: Sequence[Value | None], higher: Sequence[Value | None]) -> bool:
    if kind == "condition":
        rank: dict[Value | None, int] = {False: 0, None: 1, True: 2}
        return rank[lower[0]] < rank[higher[0]]
    if kind in ("value", "score"):
        return any(a is not None and b is not None and a < b for a, b in zip(lower, higher, strict=True))  # type: ignore[operator]
    a, b = ([place for place, possible in enumerate(v) if possible is True] for v in (lower, higher))
    return bool(a and b) and (a[0] > b[0] or a[-1] > b[-1])


# --- two rulesets --------------------------------------------------------------------------------


def possible_outcomes(plan: Plan) -> dict[str, ex.Expr]:
    """Each outcome of a plan's own decision with the question whether it is possible; none where it collects."""
    assert plan.decision is not None
    known = {s.name for s in plan.steps}
    steps = {o: lo.outcome_step(plan.name, o) for o in (*plan.decision.decide.outcomes, CONFLICT)}
    return {o: ex.Name(step) for o, step in steps.items() if step in known}

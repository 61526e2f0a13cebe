"""Whether two rulesets decide alike: an account on which they differ, or a proof that there is none."""

from __future__ import annotations

import hashlib
import time
from datetime import date

import attrs

from samrules.decision.policy import Verdict, judge
from samrules.engines.interpreter import parameters_at, view
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.plan import lower as lo
from samrules.plan.plan import Plan
from samrules.proofs.encode import World
from samrules.proofs.frame import (
    ID,
    Frame,
    Kept,
    Situation,
    periods,
    proof_frame,
    recorded,
    search_frame,
    situation,
    unrecorded,
)
from samrules.proofs.questions import resting_on
from samrules.proofs.rounding import Precision
from samrules.proofs.settle import UNCONFIRMED, Proved, Unknown, left
from samrules.proofs.simplify import simplest
from samrules.proofs.solver import Answer, Z, ask
from samrules.proofs.terms import NotEncoded


@attrs.frozen
class Difference:
    """An account on which two plans differ, and what each decides of it; the interpreter said so."""

    witness: Situation
    old: Verdict
    new: Verdict


def differ(old: Plan, new: Plan, as_of: date, seconds: float = 20.0) -> Difference | Proved | Unknown:
    """An account whose possible outcomes differ between two plans, or a proof that there is none.

    Accounts are looked for on the day `as_of`; a proof is for every day on which both plans can decide. Only facts that both
    take are given: one of another kind in each cannot be compared. Outputs and sentences are not compared.

    Raises EngineError where the solver is not installed.
    """
    if old.decision is None or new.decision is None:
        return Unknown("one of them decides nothing")
    kinds = {n: (old.facts[n].type.kind, new.facts[n].type.kind) for n in old.read & new.read}
    changed = sorted(n for n, (a, b) in kinds.items() if a is not b)
    if changed:
        return Unknown(f"the fact `{changed[0]}` is {kinds[changed[0]][0]} in one and {kinds[changed[0]][1]} in the other")
    try:
        return _Pair(_bare(old), _bare(new), as_of, time.monotonic() + seconds, seconds).settle()
    except NotEncoded as error:
        return Unknown(f"the solver is not told of {error}")


def _bare(plan: Plan) -> Plan:
    """The plan with what its rules rest on."""
    assert plan.decision is not None
    return resting_on(plan, [ex.Name(r.step) for r in plan.decision.rules])


@attrs.frozen
class _Pair:
    old: Plan
    new: Plan
    day: date
    until: float
    seconds: float

    @property
    def both(self) -> Plan:
        """The facts of both, and the days on which either changes; it is never run."""
        parameters = {f"{side}: {name}": p for side, plan in (("old", self.old), ("new", self.new))
                      for name, p in plan.parameters.items()}
        return attrs.evolve(self.old, facts={**self.new.facts, **self.old.facts}, read=self.old.read | self.new.read,
                            parameters=parameters, steps=(*self.old.steps, *self.new.steps))

    def settle(self) -> Difference | Proved | Unknown:
        found = self.search()
        if isinstance(found, Difference):
            return found
        for precision in (Precision.DOUBLES, Precision.EXACT):
            answers = [self.ask_of(proof_frame(self.both, self.names, p, precision), None)[0] for p in periods(self.both)]
            if all(a is Answer.NONE for a in answers):
                return Proved(exact=precision is Precision.DOUBLES)
        return found

    @property
    def names(self) -> list[str]:
        return sorted((self.old.read | self.new.read) - {ID})

    def search(self) -> Difference | Unknown:
        """An account that goes from one outcome to another; else one that is settled by one of them only."""
        try:
            for settled in (True, False):
                frame = search_frame(self.both, self.names, self.day)
                answer, model = self.ask_of(frame, self.day, settled=settled)
                if answer is Answer.SOME:
                    break
        except FactError:
            return Unknown(f"one of them cannot decide on {self.day}")
        if answer is not Answer.SOME:
            return Unknown(f"the solver found no answer in {self.seconds:g} seconds" if answer is Answer.UNKNOWN
                           else f"on {self.day} the solver found no account")
        at = situation(frame, model, self.day)
        if not self.differs(at):
            return Unknown(UNCONFIRMED)
        moves = all(_verdict(plan, at).settled for plan in (self.old, self.new))
        plain = simplest(self.both, at, lambda s: self.differs(s) and (
            not moves or all(_verdict(plan, s).settled for plan in (self.old, self.new))))
        return Difference(plain, _verdict(self.old, plain), _verdict(self.new, plain))

    def differs(self, at: Situation) -> bool:
        try:
            return _verdict(self.old, at).possible != _verdict(self.new, at).possible
        except FactError:
            return False

    def ask_of(self, frame: Frame, day: date | None, *, settled: bool = False) -> tuple[Answer, object]:
        """`day` is set in a search; `settled` asks that each of them has one possible outcome."""
        kept: Kept = {}
        sides = []
        for plan in (self.old, self.new):
            at = day if day is not None else frame.calendar.first  # type: ignore[union-attr]
            past = recorded(frame, plan, day) if day is not None else \
                unrecorded(frame.z, frame.conditions, "", kept, _Meanings(plan).of)
            sides.append(_possible(plan, World(frame.z, plan, frame.facts, parameters_at(plan, at), frame.calendar,
                                               frame.rounding, frame.codes, past)))
        z, (a, b) = frame.z, sides
        goal = z.any([a.get(o, z.truth(False)) != b.get(o, z.truth(False)) for o in dict.fromkeys([*a, *b])])
        if settled and all(p.decision and p.decision.decide.hit_policy != "collect" for p in (self.old, self.new)):
            goal = z.all([goal, *(z.no(z.at_least(2, side.values())) for side in sides)])
        within_both = [c for n in self.names if n in self.old.facts and n in self.new.facts
                       for c in _within(self.new, n, frame)]
        return ask(frame.asserted(z.all([goal, *within_both])), left(self.until))


def _within(plan: Plan, name: str, frame: Frame) -> list[Z]:
    from samrules.proofs import domain

    return [c for facts in (frame.facts, *(f for _, f, _ in frame.reviews))
            for c in domain.within(plan.facts[name], facts[name], frame.z, frame.codes)]


def _possible(plan: Plan, world: World) -> dict[str, Z]:
    """Whether each outcome is possible; of a decision that collects, which rules are true and which are open."""
    assert plan.decision is not None
    decide = plan.decision.decide
    rules: list[tuple[str, ex.Expr]] = [(r.outcome, ex.Name(r.step)) for r in plan.decision.rules]
    if decide.hit_policy != "collect":
        return {o: world.truth(node).true for o, node in lo.possible_outcomes(decide, rules).items()}
    found = {}
    z = world.z
    for outcome in decide.outcomes:
        given = [world.truth(node) for o, node in rules if o == outcome]
        found[f"{outcome} for certain"] = z.any([g.true for g in given])
        found[f"{outcome} perhaps"] = z.any([z.no(g.false) for g in given])
    return found


def _verdict(plan: Plan, at: Situation) -> Verdict:
    assert plan.decision is not None
    now = view(plan, at.facts, at.as_of, at.history)
    truths = [(r.outcome, value if isinstance(value := now.value(r.step), bool) else None) for r in plan.decision.rules]
    return judge(plan.decision.decide, truths)


@attrs.define
class _Meanings:
    """What an expression means, whatever the names of the steps and parameters that it rests on."""

    plan: Plan
    _known: dict[str, str] = attrs.field(factory=dict)

    def of(self, node: ex.Expr) -> str:
        if isinstance(node, ex.Name):
            return self._named(node.name)
        own = [getattr(node, f.name) for f in attrs.fields(type(node)) if f.eq]
        plain = [repr(v) for v in own if not isinstance(v, ex.Expr | tuple) or (isinstance(v, tuple) and not v)]
        return _digest(type(node).__name__, *plain, *(self.of(child) for child in ex.children(node)))

    def _named(self, name: str) -> str:
        if name not in self._known:
            step = next((s for s in self.plan.steps if s.name == name), None)
            parameter = self.plan.parameters.get(name)
            self._known[name] = self.of(step.expr) if step is not None else \
                _digest("parameter", repr([(v.since, v.value) for v in parameter.values])) if parameter is not None else \
                _digest("fact", name)
        return self._known[name]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

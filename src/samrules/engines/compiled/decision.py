"""The decision of a compiled plan: the outcome at once, the rest when it is asked for.

What needs no trace comes from compiled functions; all else is made by the same code as the interpreter's decision, from
a view with its whole trace, which is evaluated when something first asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import attrs

from samrules.decision.decision import CriterionResult, Decision, Explainer, RuleResult, ScoreResult
from samrules.decision.events import Event
from samrules.decision.policy import Verdict
from samrules.decision.weigh import deciding_unknowns, short_of
from samrules.engines import outcome as o
from samrules.engines.compiled.program import OnDay, Truths, earlier_reviews, program_of
from samrules.engines.compiled.traces import traced_view
from samrules.engines.interpreter import Facts, View, reviews
from samrules.engines.measures import NO_RECORD, Record, measured
from samrules.errors import FactError
from samrules.inputs.facts import ID
from samrules.model.types import Value
from samrules.plan.plan import Plan, PlannedRule


@attrs.frozen(eq=False)
class Run:
    """One account as it was decided: its facts, its reviews with what was counted for them, its events."""

    on: OnDay
    facts: Facts
    counted: Mapping[str, tuple[Event, ...]]
    reviews: Sequence[tuple[date, Facts | FactError]]
    history: Sequence[tuple[date, Facts]]
    record: Record
    held: Truths

    def values(self, of: str) -> tuple[Any, ...]:
        return self.on.values(of, self.facts, self.held)

    @property
    def plan(self) -> Plan:
        return self.on.program.plan


class CompiledDecision(Decision):
    """A decision of which the parts are made when they are asked for; then they stay."""

    __slots__ = ("_given", "_now", "_on", "_run", "_truths", "_verdict")

    _given: dict[str, Any]
    _now: View
    _on: OnDay
    _run: Run
    _truths: Truths
    _verdict: Verdict

    def __getattr__(self, name: str) -> Any:
        make = _MAKERS.get(name)
        if make is None:
            raise AttributeError(f"a decision has no attribute {name!r}")
        value = make(self)
        object.__setattr__(self, name, value)
        return value

    def explained_by(self, explainer: Explainer) -> CompiledDecision:
        _set_explainer(self, explainer)  # it was made for this caller
        return self


class CompiledRule(RuleResult):
    """How a rule fared; its trace, and what is found in it, are made when they are asked for."""

    __slots__ = ("_decision", "_place")

    _decision: CompiledDecision
    _place: int

    def __getattr__(self, name: str) -> Any:
        d = self._decision if name in _OF_A_RULE else None
        if d is None:
            raise AttributeError(f"a rule has no attribute {name!r}")
        planned, now = _planned(d)[self._place], d._now
        if name in ("when", "exceptions", "reviews"):
            found = dict(zip(("when", "exceptions", "reviews"), o.conditions(planned, self.trace), strict=True))
        else:
            found = {name: now.steps[planned.step] if name == "trace" else short_of(self.trace) if name == "short_of"
                     else o.because(planned, now)}
        for part, value in found.items():
            object.__setattr__(self, part, value)
        return found[name]


_OF_A_RULE = frozenset(("trace", "when", "exceptions", "reviews", "because", "short_of"))

_new = object.__new__
_set_account, _set_outcome, _set_settled, _set_possible, _set_explainer = (
    getattr(Decision, name).__set__ for name in ("account", "outcome", "settled", "possible", "explainer"))
_set_on, _set_run, _set_given, _set_truths, _set_verdict = (
    getattr(CompiledDecision, name).__set__ for name in ("_on", "_run", "_given", "_truths", "_verdict"))


def decide(plan: Plan, facts: Facts, as_of: date, history: Sequence[tuple[date, Facts]] = (),
           record: Record = NO_RECORD) -> CompiledDecision:
    """Decide one account, as `outcome.decide` does. Raises FactError."""
    known = measured(plan, facts, record, as_of)
    seen = [(day, o.at_review(plan, at, record, day)) for day, at in history]
    program = program_of(plan)
    on = program.on(as_of)
    held = on.held(earlier_reviews(program, seen)) if seen else on.held_alone
    truths = on.values("rules" if seen else "fresh", known.facts, held)
    decision = _decision(on, str(facts[ID]), truths)
    _set_run(decision, Run(on, known.facts, known.counted, seen, o.as_recorded(seen, history), record, held))
    return decision


def decide_plain(plan: Plan, given: dict[str, Any], as_of: date, explainer: Explainer) -> tuple[CompiledDecision, tuple[str, ...]]:
    """Decide one account from its dictionary, without reviews and events; and the names that nothing declares.

    Raises BadValue for a value that is not what its fact declares, and for an account without an id: `account_facts`
    says all that is wrong. Raises FactError where a parameter has no value yet.
    """
    on = program_of(plan).on(as_of)
    check, strangers = on.check_for(given)
    account, truths = check(given)
    decision = _decision(on, account, truths)
    _set_given(decision, given.copy())  # the caller may go on to fill the same dictionary with the next account
    _set_explainer(decision, explainer)
    return decision, strangers


def _decision(on: OnDay, account: str, truths: Truths) -> CompiledDecision:
    verdict = on.program.verdict(truths)
    decision = _new(CompiledDecision)
    _set_account(decision, account)
    _set_outcome(decision, verdict.outcome)
    _set_settled(decision, verdict.settled)
    _set_possible(decision, verdict.possible)
    _set_on(decision, on)
    _set_truths(decision, truths)
    _set_verdict(decision, verdict)
    return decision


# --- what is made when it is asked for -----------------------------------------------------------


def _planned(d: CompiledDecision) -> Sequence[PlannedRule]:
    assert d._on.program.plan.decision is not None
    return d._on.program.plan.decision.rules


def _run(d: CompiledDecision) -> Run:
    """What was decided on, of an account that came as a dictionary without reviews and events."""
    return Run(d._on, d._on.facts(d._given), {}, (), (), NO_RECORD, d._on.held_alone)


def _now(d: CompiledDecision) -> View:
    run = d._run
    return traced_view(run.plan, run.on.day, run.facts, run.on.epoch.parameters, run.values("trace"), run.on.program.shapes,
                       run.on.fixed, partial(reviews, run.plan, run.reviews))


def _rules(d: CompiledDecision) -> tuple[RuleResult, ...]:
    found = []
    for place, (planned, truth) in enumerate(zip(_planned(d), d._truths, strict=True)):
        rule = _new(CompiledRule)
        for name, value in (("name", planned.rule.name), ("title", o.title_of(planned)), ("outcome", planned.outcome),
                            ("truth", truth), ("cites", planned.rule.cites),
                            ("reviews_needed", o.reviews_needed(planned)),
                            ("_decision", d), ("_place", place)):
            object.__setattr__(rule, name, value)
        found.append(rule)
    return tuple(found)


def _unknowns(d: CompiledDecision) -> tuple[str, ...]:
    plan = d._on.program.plan
    assert plan.decision is not None
    return () if d.settled else deciding_unknowns(plan.decision.decide, d.rules, d.scores, list(plan.facts))


def _outputs(d: CompiledDecision) -> o.Outputs:
    program = d._on.program
    assert program.plan.decision is not None
    rules = tuple(zip(program.outcomes, d._truths, strict=True))
    values: list[tuple[Value | None, ...]] = []

    def value_of(node: Any) -> Value | None:
        if not values:
            values.append(d._run.values("shown"))
        return values[0][program.shown[node]]

    return o.outputs(program.plan.decision, rules, d._verdict, value_of)


def _scores(d: CompiledDecision) -> tuple[ScoreResult, ...]:
    program = d._on.program
    if not program.plan.scores:
        return ()
    values = d._run.values("ends")
    at = {end: values[place] for end, place in program.ends.items()}
    if any(at[c.low] != at[c.high] for s in program.plan.scores for c in s.criteria):
        return tuple(o.score_result(s, d._now) for s in program.plan.scores)  # with what is missing
    return tuple(
        ScoreResult(s.low.removesuffix(":low"), s.name, s.title, at[s.low], at[s.high], s.band(at[s.low], at[s.high]), tuple(
            CriterionResult(c.name, c.title, c.weight, at[c.low], at[c.high], ()) for c in s.criteria))
        for s in program.plan.scores)


def _digest(d: CompiledDecision) -> str:
    run = d._run
    return o.facts_digest(run.facts, run.history, o.events_seen(run.plan, run.record, run.on.day))


def _of_plan(name: str) -> Callable[[CompiledDecision], Any]:
    return lambda d: getattr(d._on.program.plan, name)


_MAKERS: dict[str, Callable[[CompiledDecision], Any]] = {
    "_run": _run,
    "_now": _now,
    "account_name": lambda d: o.name_of(d._run.facts),
    "as_of": lambda d: d._on.day,
    "ruleset": _of_plan("name"),
    **{name: _of_plan(name) for name in ("version", "digest", "title", "currency")},
    "engine": lambda _: o.COMPILED,
    "decide": lambda d: d._on.program.plan.decision.decide,  # type: ignore[union-attr]
    "deciding_unknowns": _unknowns,
    "outputs": _outputs,
    "scores": _scores,
    "rules": _rules,
    "facts": lambda d: o.facts_read(d._on.program.plan, d._run.facts),
    "facts_digest": _digest,
    "counted": lambda d: d._run.counted,
    "declared": _of_plan("facts"),
    "kinds": _of_plan("events"),
    "citations": lambda d: d._on.program.citations,
    "thresholds": lambda d: d._on.thresholds,
    "parts": lambda d: o.parts(d._on.program.plan, d._now),
    "claim": lambda d: o.claim(d._on.program.plan, d._now) if d._on.program.plan.places else None,
    "placing": lambda _: None,
    "basis": lambda d: o.Basis(d._on.program.plan, d._run.facts, d._on.day, tuple(d._run.history), d._run.record),
    "explainer": lambda _: None,
}

"""Which mutants the cases notice.

A case is tried on a mutant only where the fault makes a difference to it: where one of the steps that
the fault changed has another value on what the case gave. A mutant that makes no difference to any
case cannot be noticed by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from samrules.authoring.again import Look, again, look, resting_on
from samrules.authoring.cases import Case, CasesFile, Other
from samrules.authoring.mutants import Mutant, mutants_of, mutated
from samrules.authoring.run_cases import compared
from samrules.decision.decision import Decision
from samrules.engines.interpreter import View, evaluate
from samrules.errors import FactError
from samrules.inputs.facts import ID
from samrules.model import expressions as ex
from samrules.plan.plan import Plan, PlannedDecision, Shown
from samrules.rules import Rules


@attrs.frozen
class Trial:
    """A mutant that was tried. `killed_by` is the first case that fails on it.

    Of one that lives, `noticed` is a case that decides otherwise without expecting anything of what
    differs, and `differs` says in what; `apart` is an account that would tell it apart, one of `tried`.
    """

    mutant: Mutant
    killed_by: str | None
    noticed: str | None = None
    differs: str | None = None
    apart: Case | None = None
    tried: int = 0

    @property
    def killed(self) -> bool:
        return self.killed_by is not None


@attrs.frozen
class Trials:
    """All mutants of a ruleset, tried on its cases."""

    ruleset: str
    trials: tuple[Trial, ...]

    @property
    def killed(self) -> int:
        return sum(t.killed for t in self.trials)

    @property
    def share(self) -> float:
        """The share that is killed, 0 to 1; 1 where there are none."""
        return self.killed / len(self.trials) if self.trials else 1.0


def try_mutants(file: CasesFile, accounts: Sequence[Case] = (), only: Iterable[Mutant] | None = None) -> Trials:
    """Every mutant tried on the cases that pass; what lives is tried on `accounts` too, to find one that
    tells it apart."""
    rules = file.rules
    decided = [d for case in file.cases if (d := _decided(rules, case)) is not None]
    passing = [d for d in decided if compared(d.case, d.decision).passed]
    others = _Lazily(rules, accounts)
    return Trials(rules.name, tuple(_tried(rules, mutant, passing, others)
                                    for mutant in (mutants_of(rules) if only is None else only)))


@attrs.define
class _Lazily:
    """Accounts seen by the ruleset without a fault, each when it is first needed."""

    rules: Rules
    accounts: Sequence[Case]
    _seen: dict[int, _Decided | None] = attrs.field(factory=dict)

    def __iter__(self) -> Iterator[_Decided]:
        for index, account in enumerate(self.accounts):
            if index not in self._seen:
                self._seen[index] = _decided(self.rules, account)
            found = self._seen[index]
            if found is not None:
                yield found


@attrs.define
class _Decided:
    """A case as the ruleset without a fault decides it, with each of the accounts it names."""

    case: Case
    looks: tuple[Look, ...]
    each: tuple[Decision, ...]
    decision: Decision


def _decided(rules: Rules, case: Case) -> _Decided | None:
    """None where it cannot be decided."""
    try:
        accounts: list[Case | Other] = [case, *case.others]
        looks: list[Look] = []
        for one in accounts:
            like = next((v for v, o in zip(looks, accounts, strict=False) if _known(o) == _known(one)), None)
            looks.append(like if like is not None else look(rules.plan, one, case.as_of))
        each = _each(case, looks, [None] * len(accounts))
        return _Decided(case, tuple(looks), each, _together(rules, case, each))
    except FactError:
        return None


def _known(one: Case | Other) -> object:
    """What is known of an account, its id aside."""
    return ({k: v for k, v in one.facts.items() if k != ID}, one.events, one.recorded,
            [(day, {k: v for k, v in facts.items() if k != ID}) for day, facts in one.history])


def _each(case: Case, looks: Sequence[Look], known: Sequence[Decision | None]) -> tuple[Decision, ...]:
    """The decision on each account by itself, but for those known already. Accounts of which the same
    is known share a look, and are decided once."""
    alike: dict[int, Decision] = {}
    found: list[Decision] = []
    accounts: list[Case | Other] = [case, *case.others]
    for one, as_seen, decision in zip(accounts, looks, known, strict=True):
        if decision is None:
            if id(as_seen) not in alike:
                alike[id(as_seen)] = as_seen.decision()
            decision = attrs.evolve(alike[id(as_seen)], account=str(one.facts[ID]))
        found.append(decision)
    return tuple(found)


def _together(rules: Rules, case: Case, each: Sequence[Decision]) -> Decision:
    return rules.choose(each, case.as_of).decisions[0] if rules.together else each[0]


def _tried(rules: Rules, mutant: Mutant, cases: Sequence[_Decided], others: _Lazily) -> Trial:
    faulty = mutated(rules, mutant)
    fault = _Infection(rules.plan, faulty.plan, mutant)
    noticed: tuple[str, str] | None = None
    for known in cases:
        wrong = fault.decision(faulty, known)
        if wrong is None:
            continue
        if isinstance(wrong, FactError) or not compared(known.case, wrong).passed:
            return Trial(mutant, known.case.name)
        differs = difference(known.decision, wrong) if noticed is None else None
        if differs is not None:
            noticed = known.case.name, differs
    if noticed is not None:
        return Trial(mutant, None, *noticed)
    tried = len(cases)
    for known in others:
        tried += 1
        wrong = fault.decision(faulty, known)
        if isinstance(wrong, Decision):
            differs = difference(known.decision, wrong)
            if differs is not None:
                return Trial(mutant, None, differs=differs, apart=known.case, tried=tried)
    return Trial(mutant, None, tried=tried)


def difference(right: Decision, wrong: Decision) -> str | None:
    if right.outcome != wrong.outcome:
        return f"the outcome would be {_shown(wrong.outcome)} instead of {_shown(right.outcome)}"
    if set(right.possible) != set(wrong.possible):
        return f"possible would be {', '.join(wrong.possible)} instead of {', '.join(right.possible)}"
    ours, theirs = ({n: v for n, (v, _) in d.outputs.items()} for d in (right, wrong))
    for name in dict.fromkeys([*ours, *theirs]):
        if ours.get(name) != theirs.get(name):
            return f"the output `{name}` would be {_shown(theirs.get(name))} instead of {_shown(ours.get(name))}"
    for a, b in zip(right.rules, wrong.rules, strict=False):
        if a.truth is not b.truth:
            return f"the rule `{a.name}` would be {_way(b.truth)} instead of {_way(a.truth)}"
    for one, other in zip(right.scores, wrong.scores, strict=False):
        if (one.low, one.high, one.band) != (other.low, other.high, other.band):
            return f"the score `{one.name}` would be {_ends(other.low, other.high, other.band)} instead of " \
                   f"{_ends(one.low, one.high, one.band)}"
    return None


def _shown(value: object) -> str:
    return "missing" if value is None else ", ".join(value) if isinstance(value, tuple) else \
        ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _way(truth: bool | None) -> str:
    return "unknown" if truth is None else "fired" if truth else "not fired"


def _ends(low: float, high: float, band: str | None) -> str:
    ends = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"{ends} ({band})" if band else ends


class _Infection:
    """Where a fault makes a difference: the steps that it changed, or more than steps."""

    def __init__(self, plan: Plan, faulty: Plan, mutant: Mutant) -> None:
        before = {s.name: s.expr for s in plan.steps}
        every = {s.name for s in faulty.steps}
        turned = {n for n, p in faulty.parameters.items() if plan.parameters.get(n) != p}
        self.rule = mutant.rule
        self.plan, self.faulty = plan, faulty
        self.steps = [s for s in faulty.steps
                      if (before.get(s.name) is not s.expr and before.get(s.name) != s.expr)
                      or (turned and any(n.name in turned for n in ex.names(s.expr)))]
        names = {s.name for s in self.steps}
        self.unknown = any(n.name not in before and n.name in every
                           for s in self.steps for n in ex.names(s.expr)) or bool(names - set(before))
        self.past = bool(names & (plan.past | faulty.past))
        self.beyond = mutant.rule is None and bool(
            _beyond(plan) != _beyond(faulty) or (turned and any(n.name in turned for e in _shown_in(faulty) for n in ex.names(e))))
        self.resting = resting_on(faulty, names)
        self.measured_by = bool(turned) and any(n.name in turned for m in faulty.measures for e in (m.where, m.value)
                                                if e is not None for n in ex.names(e))
        self.turned = {n: faulty.parameters[n] for n in turned}

    def decision(self, faulty: Rules, known: _Decided) -> Decision | FactError | None:
        """What the faulty ruleset decides on a case; None where the fault makes no difference to it. Of
        accounts decided together, those to which it makes none are not decided anew."""
        accounts: list[Case | Other] = [known.case, *known.case.others]
        met: dict[int, Look | None] = {}
        looks: list[Look | None] = []
        try:
            for before, account in zip(known.looks, accounts, strict=True):
                if id(before) not in met:
                    reached = self.reaches(before.view, bool(account.history))
                    met[id(before)] = self._anew(before, account) if reached else None
                looks.append(met[id(before)])
            if not any(looks):
                return None
            each = _each(known.case, [new or old for new, old in zip(looks, known.looks, strict=True)],
                         [None if new else decided for new, decided in zip(looks, known.each, strict=True)])
            return _together(faulty, known.case, each)
        except FactError as error:
            return error

    def _anew(self, before: Look, account: Case | Other) -> Look:
        if self.plan.measures != self.faulty.measures or self.measured_by:
            return look(self.faulty, account, before.view.day)
        return again(self.faulty, before, self.resting)

    def reaches(self, view: View, has_history: bool) -> bool:
        """Whether it makes a difference to an account; it may say so where it makes none."""
        if self.rule is not None:
            place = next(r.step for r in self.plan.decision.rules if r.rule.name == self.rule)  # type: ignore[union-attr]
            return view.steps[place].value is not False
        if self.beyond or self.unknown or (self.past and has_history):
            return True
        at = view
        if self.turned:
            parameters = dict(view.parameters)
            for name, parameter in self.turned.items():
                dated = parameter.at(view.day)
                if dated is not None:
                    parameters[name] = dated.value
            at = attrs.evolve(view, parameters=parameters)
        return any(not _alike(evaluate(s.expr, at).value, view.steps[s.name].value) for s in self.steps)


def _alike(a: object, b: object) -> bool:
    return type(a) is type(b) and a == b


def _beyond(plan: Plan) -> object:
    """What decides beside the steps."""
    def of(decision: PlannedDecision | None) -> object:
        return decision and (decision.decide, decision.always, [(r.outcome, r.outputs) for r in decision.rules])
    return of(plan.decision), [of(d) for d in plan.asked], plan.scores, plan.places, plan.measures


def _shown_in(plan: Plan) -> Iterator[ex.Expr]:
    for decision in (plan.decision, *plan.asked):
        if decision is None:
            continue
        for _, value in (*decision.always, *(o for r in decision.rules for o in r.outputs)):
            if isinstance(value, Shown):
                yield value.expr
                if value.high is not None:
                    yield value.high
    yield from plan.places.expressions() if plan.places is not None else ()
    for measure in plan.measures:
        yield from (e for e in (measure.where, measure.value) if e is not None)

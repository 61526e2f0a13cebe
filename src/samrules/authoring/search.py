"""The search for an account that shows what no case shows.

It starts from the cases that come closest and changes one fact at a time to a value at an edge of some
condition, as long as that brings the account nearer. There is no solver: what it does not find within
its bound may exist all the same, and it says how many accounts it tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import attrs

from samrules.authoring.aims import Aim, Seen, seen
from samrules.authoring.cases import Case
from samrules.authoring.edges import Ground, allowed, edges, ground_of
from samrules.engines.interpreter import View, date_before
from samrules.engines.measures import Record, measured
from samrules.errors import FactError
from samrules.inputs.facts import ID
from samrules.model import expressions as ex
from samrules.model.types import Duration, Value
from samrules.plan.plan import Plan
from samrules.rules import Rules

MOST_TRIED = 600
"""Accounts tried for one aim, all starts together; fewer of what rests on many steps, so that none takes long."""
_WORK = 24_000
_STARTS = 4

Facts = dict[str, Value]
History = tuple[tuple[date, Facts], ...]


@attrs.frozen
class Found:
    """An account that shows it (None: none was found), the case it came from, and how many were tried."""

    account: Case | None
    tried: int
    like: Case | None = None


@attrs.frozen
class State:
    """An account on the way: what is known now, measures counted, and at earlier reviews."""

    facts: Facts
    history: History

    def __hash__(self) -> int:
        return hash((frozenset(self.facts.items()), tuple((d, frozenset(f.items())) for d, f in self.history)))


def find(rules: Rules, aim: Aim, cases: Sequence[Seen], most: int = MOST_TRIED) -> Found:
    """An account that shows an aim. The same cases give the same account."""
    ground = ground_of(rules.plan, aim.rests_on())
    most = min(most, max(100, _WORK // max(1, len(ground.plan.steps))))
    tried = 0
    for start in sorted(cases, key=aim.gap)[:_STARTS]:
        state, spent = _climb(ground, aim, start, most - tried)
        tried += spent
        if state is not None:
            account = account_of(rules, start.case, state)
            checked = seen(rules, account)
            if checked is not None and aim.shown(checked):
                return Found(account, tried, start.case)
        if tried >= most:
            break
    return Found(None, tried)


def _climb(ground: Ground, aim: Aim, start: Seen, most: int) -> tuple[State | None, int]:
    """Downhill from one case, a fact at a time; None where it gets stuck or the bound is reached."""
    case, tried = start.case, 0
    state = state_of(start)
    at, gap = _look(ground, aim, case, state)
    known: set[State] = {state}
    while at is not None and gap > 0:
        better = None
        for next_ in _moves(ground, at, state):
            if next_ in known:
                continue
            known.add(next_)
            tried += 1
            if tried > most:
                return None, tried
            there, size = _look(ground, aim, case, next_)
            if there is not None and size < gap - 1e-12:
                better = (next_, there, size)
                break
        if better is None:
            return None, tried
        state, at, gap = better
    return (state if at is not None else None), tried


def _look(ground: Ground, aim: Aim, case: Case, state: State) -> tuple[Seen | None, float]:
    try:
        view = ground.view(state.facts, case.as_of, state.history)
    except FactError:
        return None, 0.0
    found = Seen(case, view)
    return found, aim.gap(found)


def state_of(start: Seen) -> State:
    """A case as a state: what was counted stands among the facts."""
    return State(dict(start.view.facts), tuple(_reviews(start.view.plan, start.case)))


def _reviews(plan: Plan, case: Case) -> Iterator[tuple[date, Facts]]:
    """The earlier reviews of a case, with what was counted at each."""
    record = Record(case.events, case.recorded)
    for day, facts in case.history:
        try:
            yield day, dict(measured(plan, facts, record, day).facts)
        except FactError:  # it matters to no rule that looks back less far
            yield day, dict(facts)


def _moves(ground: Ground, at: Seen, state: State) -> Iterator[State]:
    """Accounts that differ in one fact, now or at all earlier reviews, or in the reviews on record."""
    held = [n for e in ground.nodes for n in ex.walk(e) if isinstance(n, ex.Held)]
    around = edges(ground, at.view)
    for review in at.view.earlier:
        for name, more in edges(ground, review).items() if isinstance(review, View) else ():
            around[name] = list(dict.fromkeys([*around[name], *more]))
    for name, values in around.items():
        for value in (*values, None):
            if state.facts.get(name) == value and type(state.facts.get(name)) is type(value):
                continue
            if value is not None and not allowed(value, ground.plan.facts[name]):
                continue
            yield State(_with(state.facts, name, value), state.history)
            if held and state.history:
                past = tuple((day, _with(facts, name, value)) for day, facts in state.history)
                yield State(state.facts, past)
                yield State(_with(state.facts, name, value), past)
    if held:
        if state.history:
            yield State(state.facts, ())
        yield sustained(state, held, at.view.day)


def sustained(state: State, held: Sequence[ex.Held], day: date) -> State:
    """The account with what is known now known at as many earlier reviews as rules ask for."""
    return State(state.facts, tuple((on, dict(state.facts)) for on in _days(held, day)))


def _days(held: Sequence[ex.Held], day: date) -> Iterator[date]:
    """As many earlier reviews as the most that a rule asks for, reaching back as far, oldest first."""
    most = max(h.reviews for h in held) - 1
    reach = min((d for h in held if (d := date_before(h.over, day)) is not None), default=None)
    found = []
    for index in range(1, max(most, 1) + 1):
        there = date_before(Duration(months=3 * index), day)
        assert there is not None
        found.append(there)
    if reach is not None and reach < found[-1]:
        found[-1] = reach
    return reversed(found)


def _with(facts: Facts, name: str, value: Value | None) -> Facts:
    changed = {**facts, name: value} if value is not None else {k: v for k, v in facts.items() if k != name}
    return {k: v for k, v in changed.items() if v is not None}


# --- back to a case ------------------------------------------------------------------------------


def account_of(rules: Rules, case: Case, state: State) -> Case:
    """The state as a case. Events stay where no measure that they count was changed; else what they
    counted is given as facts."""
    counted = measured(rules.plan, case.facts, Record(case.events, case.recorded), case.as_of).facts
    changed = {n for n in {*counted, *state.facts} if counted.get(n) != state.facts.get(n)}
    measures = {m.name for m in rules.plan.measures}
    past = state.history != tuple(_reviews(rules.plan, case))
    if case.recorded and (changed & measures or past):
        return attrs.evolve(case, facts=dict(state.facts), history=state.history, events=(), recorded=frozenset(), expected=())
    facts = {n: v for n, v in state.facts.items() if n in case.facts or n in changed}
    return attrs.evolve(case, facts=facts, history=state.history if past else case.history, expected=())


def changes(rules: Rules, old: Case, new: Case) -> dict[str, Value | None]:
    """The facts in which a case differs from another, None for those it lacks; measures as counted."""
    before, after = (measured(rules.plan, c.facts, Record(c.events, c.recorded), c.as_of).facts for c in (old, new))
    order = list(rules.facts)
    names = sorted({*before, *after} - {ID}, key=order.index)
    return {n: after.get(n) for n in names if before.get(n) != after.get(n)}

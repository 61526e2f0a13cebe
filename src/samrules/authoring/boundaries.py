"""Boundary accounts: a case moved to a threshold, just below it and just above it.

A suggestion says what is decided now. Whether that is meant is for a person to say, who then keeps the
case or mends the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import attrs

from samrules.authoring.aims import Seen, seen
from samrules.authoring.cases import Case
from samrules.authoring.edges import Ground, allowed, edges, ground_of, moved
from samrules.authoring.run_cases import run_case
from samrules.authoring.search import State, account_of, state_of, sustained
from samrules.authoring.units import SUSTAINED, Site, Unit, units_of
from samrules.decision.decision import Decision
from samrules.engines.interpreter import evaluate
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model.types import Value
from samrules.rules import Rules

_SEEDS = 4
"""Cases that are moved to one threshold, to find one whose decision hangs on it."""
_MOST_OTHERS = 3
"""Cases that name more accounts than that are not moved: it says no more and takes long."""


@attrs.frozen
class Boundary:
    """A fact of a case moved to a value at a threshold of a condition.

    `holds` is whether the condition then does; `shown_by` a case that stands there already.
    """

    unit: str
    condition: str
    fact: str
    value: Value
    side: str
    """`at`, `just below` or `just above`."""
    account: Case
    holds: bool | None
    shown_by: str | None


def boundaries(rules: Rules, cases: Sequence[Seen]) -> Iterator[Boundary]:
    """For each condition that has a threshold, accounts at it and on both sides, in the order written."""
    seeds = [s for s in cases if len(s.case.others) <= _MOST_OTHERS]
    done: set[ex.Expr] = set()
    for unit in units_of(rules):
        for site in unit.sites():
            if site.is_condition and site.path != (SUSTAINED,):
                yield from _at_one(rules, unit, site, seeds, done)


def _at_one(rules: Rules, unit: Unit, site: Site, seeds: Sequence[Seen], done: set[ex.Expr]) -> Iterator[Boundary]:
    best: list[Boundary] = []
    told = -1
    for start in _starts(unit, site, seeds):
        core = _core(unit, site, start)
        if core in done or not any(isinstance(n, ex.Compare | ex.Between) for n in ex.walk(core)):
            return
        found = list(_moved(rules, unit, site, core, start, seeds))
        if found:
            decided = [_decided(rules, b.account) for b in found]
            tells = len({(d.outcome, d.possible, tuple(r.truth for r in d.rules)) for d in decided if d is not None})
            tells += 10 * len({d.outcome for d in decided if d is not None})
            if tells > told:
                best, told = found, tells
    if best:
        done.add(_core(unit, site, seeds[0]))
    yield from best


def _starts(unit: Unit, site: Site, seeds: Sequence[Seen]) -> list[Seen]:
    """The cases that hang on the condition, then those that know it."""
    went = [(s, s.fared(unit)[1][site.path]) for s in seeds]
    decisive = [s for s, w in went if w.decisive and w.truth is not None]
    known = [s for s, w in went if w.truth is not None and not w.decisive]
    return [*decisive, *known][:_SEEDS]


def _core(unit: Unit, site: Site, at: Seen) -> ex.Expr:
    trace = at.fared(unit)[1][site.path].trace
    assert trace is not None
    return trace.expr


def _moved(rules: Rules, unit: Unit, site: Site, core: ex.Expr, start: Seen, seeds: Sequence[Seen]) -> Iterator[Boundary]:
    ground = ground_of(rules.plan, (core,))
    state = state_of(start)
    for name, values in edges(ground, start.view).items():
        fact = rules.facts[name]
        truths: dict[Value, bool | None] = {v: _truth(ground, core, start, state, name, v) for v in values
                  if isinstance(v, int | float | date) and not isinstance(v, bool)}
        for low in sorted(truths, key=_order):
            high = moved(low, fact.type, 1)
            if high is None or high not in truths or truths[low] is truths[high] or None in (truths[low], truths[high]):
                continue
            direct = _direct(core, name)
            at = _threshold(direct, ground, core, start, low, high)
            sides = {low: "just below", high: "just above"} if at is None else \
                {at: "at"} | {v: side for steps, side in ((-1, "just below"), (1, "just above"))
                              if (v := moved(at, fact.type, steps)) is not None and allowed(v, fact)}
            for value in sorted(sides, key=_order):
                account = account_of(rules, start.case, State({**state.facts, name: value}, state.history))
                shown = next((s.case.name for s in seeds if s.view.facts.get(name) == value
                              and s.fared(unit)[1][site.path].decisive), None)
                yield Boundary(unit.name, site.text, name, value, sides[value], account,
                               _truth(ground, core, start, state, name, value), shown)
            return


def _direct(core: ex.Expr, name: str) -> bool:
    return any(isinstance(c, ex.Name) and c.name == name for n in ex.walk(core) for c in ex.children(n)
               if isinstance(n, ex.Compare | ex.Between))


def _threshold(direct: bool, ground: Ground, core: ex.Expr, start: Seen, low: Value, high: Value) -> Value | None:
    """Which of two neighbours is the threshold itself, where the fact is compared with it directly."""
    if not direct:
        return None
    for node in ex.walk(core):
        for child in ex.children(node) if isinstance(node, ex.Compare | ex.Between) else ():
            value = evaluate(child, start.view).value
            for near in (low, high):
                if value == near and not (isinstance(child, ex.Name) and child.name in ground.facts):
                    return near
    return None


def _truth(ground: Ground, core: ex.Expr, start: Seen, state: State, name: str, value: Value) -> bool | None:
    try:
        found = evaluate(core, ground.view({**state.facts, name: value}, start.case.as_of, state.history)).value
    except FactError:
        return None
    return found if isinstance(found, bool) else None


def _order(value: Value) -> float:
    return value.toordinal() if isinstance(value, date) else float(value)  # type: ignore[arg-type]


def _decided(rules: Rules, case: Case) -> Decision | None:
    return run_case(rules, case).decision


# --- accounts to tell mutants apart --------------------------------------------------------------

MOST_NEIGHBOURS = 300
"""Fewer of a ruleset of many steps, so that none takes long."""
_WORK = 12_000


def neighbours(rules: Rules, cases: Sequence[Seen], most: int = MOST_NEIGHBOURS) -> list[Case]:
    """Accounts one fact away from a case, at the edges of the conditions on which that case hangs; on the day of the case, and
    on the first day of each value of a parameter that no case is dated under."""
    most = min(most, max(60, _WORK // max(1, len(rules.plan.steps))))
    seeds = [s for s in cases if len(s.case.others) <= _MOST_OTHERS]
    found = [*_about(rules, seeds)]
    for day in untried_days(rules, [s.case.as_of for s in seeds]):
        there = (seen(rules, attrs.evolve(s.case, as_of=day)) for s in seeds if _may_move(s.case, day))
        found += _about(rules, [s for s in there if s is not None])
    chosen: list[Case] = []
    for rank in range(max(map(len, found), default=0)):  # some of each before all of one
        for accounts in found:
            if rank < len(accounts) and len(chosen) < most and accounts[rank] not in chosen:
                chosen.append(accounts[rank])
    return chosen


def _about(rules: Rules, seeds: Sequence[Seen]) -> Iterator[list[Case]]:
    """For each condition, the accounts around the first case that hangs on it."""
    for unit in units_of(rules):
        for site in unit.sites():
            if not site.is_condition or site.path == (SUSTAINED,):
                continue
            starts = [s for s in seeds if s.fared(unit)[1][site.path].decisive] or list(seeds)
            yield [account for start in starts[:1] for account in _around(rules, unit, _core(unit, site, start), start)]


def untried_days(rules: Rules, days: Iterable[date]) -> list[date]:
    """The first days of the values of parameters that are in force on none of these days."""
    tried = list(days)
    found = set()
    for parameter in rules.plan.parameters.values():
        met = {v.since for v in map(parameter.at, tried) if v is not None}
        found |= {v.since for v in parameter.values} - met
    return sorted(found)


def _may_move(case: Case, day: date) -> bool:
    """Whether an account can be looked at on another day: what is known of it must not lie ahead."""
    known = [e.day for e in case.events] + [at for at, _ in case.history]
    return all(at < day for at in known)


def _around(rules: Rules, unit: Unit, core: ex.Expr, start: Seen) -> Iterator[Case]:
    state = state_of(start)
    if unit.held is not None:
        yield account_of(rules, start.case, sustained(state, [unit.held], start.view.day))
    for name, values in edges(ground_of(rules.plan, (core,)), start.view).items():
        for value in values:
            if state.facts.get(name) != value:
                there = State({**state.facts, name: value}, state.history)
                yield account_of(rules, start.case, there)
                if unit.held is not None:
                    yield account_of(rules, start.case, sustained(there, [unit.held], start.view.day))


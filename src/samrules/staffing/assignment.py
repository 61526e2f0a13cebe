"""Which manager looks after which account, and why; which account nobody can take, and why not."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import attrs

from samrules.decision.decision import Decision
from samrules.decision.words import counted, listed, number
from samrules.explain.rules_in_words import asked
from samrules.inputs.rows import Table
from samrules.rules import Rules, decision_date, load
from samrules.staffing.managers import Manager, names, read_managers, table_of
from samrules.staffing.solver import Problem, Solution, solve

SCHEMA = "samrules.assignment/1"
LOAD, SCORE = "account_load", "strategic_score"
HIGHEST_LEVEL = 4
_UNIT = Decimal("0.1")
"""Loads and scores count in tenths of a point: a load is rounded up, a capacity down."""


@attrs.frozen
class Demand:
    """What an account asks of a manager. `load` and `level` are None where they are not known."""

    account: str
    name: str
    load: float | None
    level: int | None
    score: float
    missing: tuple[str, ...]


@attrs.frozen
class Placed:
    """An account with its manager, None where nobody can take it, and the reason."""

    account: str
    account_name: str
    manager: str | None
    manager_name: str | None
    before: str | None
    load: float | None
    reason: str

    @property
    def kept(self) -> bool:
        return self.manager is not None and self.manager == self.before

    def to_dict(self) -> dict[str, Any]:
        return {"account": self.account, "manager": self.manager, "before": self.before, "kept": self.kept,
                "load": self.load, "reason": self.reason}


@attrs.frozen
class Desk:
    """What a manager carries after the assignment, in points."""

    manager: str
    name: str
    load: float
    capacity: float
    accounts: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"manager": self.manager, "name": self.name, "load": self.load, "capacity": self.capacity,
                "accounts": list(self.accounts)}


@attrs.frozen
class Assignment:
    """Who looks after whom. Made by `samrules.assign`.

    Attributes:
        accounts: each account with its manager and the reason, in the order given.
        desks: what each manager carries, in order of manager id.
        proved: whether this is known to be the best; false only where the managers are so full, or so
            many, that the search was cut short. What is said of each account is true all the same.
    """

    as_of: date
    digest: str
    accounts: tuple[Placed, ...]
    desks: tuple[Desk, ...]
    proved: bool = True

    @property
    def unplaced(self) -> tuple[Placed, ...]:
        """The accounts that nobody can take."""
        return tuple(p for p in self.accounts if p.manager is None)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready data, schema `samrules.assignment/1`, keys in a fixed order."""
        return {
            "schema": SCHEMA,
            "as_of": self.as_of.isoformat(),
            "ruleset": {"name": LOAD, "digest": self.digest},
            "accounts": [p.to_dict() for p in self.accounts],
            "managers": [d.to_dict() for d in self.desks],
            "proved": self.proved,
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def assign(accounts: Iterable[Mapping[str, Any]], managers: Iterable[Mapping[str, Any]], *,
           events: Iterable[Mapping[str, Any]] | None = None, recorded: Collection[str] | None = None,
           history: Iterable[Mapping[str, Any]] | None = None, as_of: date | None = None) -> Assignment:
    """Give each account a manager, within capacity and level experience; the same input, the same answer.

    Goals, each before the next: in the order of their strategic scores (the certain, lower end), each
    account has a manager unless that would take one from an account before it; most keep the
    manager they have; the largest share of a capacity is least, in steps of a twentieth; the first
    ids go together.

    Args:
        accounts: facts, as `Rules.decide_portfolio` takes them, with `events`, `recorded`, `history`.
        managers: mappings with `manager_id`, `capacity_points`, `level_experience` (1 to 4), and
            perhaps `name` and `accounts`, the ids of those looked after now (a list, or text with `;`).

    Raises:
        FactError: accounts or managers that cannot be used, all problems at once; no solver installed
            (`pip install "samrules[assign]"`).
    """
    day = decision_date(as_of)
    load_rules, score_rules = rulesets()
    given = list(accounts)
    loads = load_rules.decide_each(given, events=events, recorded=recorded, history=history, as_of=day)
    scores = score_rules.decide_each(given, events=events, recorded=recorded, history=history, as_of=day)
    return assign_decided(loads, scores, table_of(managers), day)


def rulesets() -> tuple[Rules, Rules]:
    """The rulesets that say what an account takes, and what it is worth."""
    return load(LOAD), load(SCORE)


def assign_decided(loads: Sequence[Decision], scores: Sequence[Decision], managers: Table, day: date) -> Assignment:
    """The assignment from the decisions on load and score of each account. Raises FactError."""
    demands = [_demand(a, b) for a, b in zip(loads, scores, strict=True)]
    read = read_managers(managers, {d.account for d in demands})
    digest = loads[0].digest if loads else load(LOAD).digest
    return _Desks(demands, read).assignment(day, digest)


def _demand(load_: Decision, score: Decision) -> Demand:
    points, _ = load_.outputs.get("points", (None, None))
    level, _ = load_.outputs.get("level", (None, None))
    known = isinstance(points, int | float)
    return Demand(
        account=load_.account, name=load_.who,
        load=float(_tenths(points, up=True) * _UNIT) if isinstance(points, int | float) else None,
        level=level if isinstance(level, int) else None,
        score=score.scores[0].low,
        missing=() if known else tuple(asked(load_, fact) for fact in load_.deciding_unknowns),
    )


def _rank(demand: Demand) -> tuple[int, str]:
    """The order in which accounts are served."""
    return -round(demand.score * 10), demand.account


def _tenths(points: float, *, up: bool) -> int:
    return int((Decimal(repr(float(points))) / _UNIT).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))


class _Desks:
    """The assignment, and what is said of it."""

    def __init__(self, demands: Sequence[Demand], managers: Sequence[Manager]) -> None:
        self.managers = managers
        self.called = names(managers)
        self.holder = {account: m for m in managers for account in m.accounts}
        self.demands = demands
        self.known = sorted((d for d in demands if d.load is not None), key=lambda d: d.account)
        self.solution: Solution = solve(self.problem())
        self.manager_of = {self.known[a].account: managers[m] for a, m in self.solution.managers.items()}
        self.load = {m.id: sum(d.load or 0.0 for d in self.known if self.manager_of.get(d.account) is m) for m in managers}

    def problem(self) -> Problem:
        index = {m.id: i for i, m in enumerate(self.managers)}
        loads = tuple(_tenths(d.load or 0.0, up=True) for d in self.known)
        capacities = tuple(_tenths(m.capacity, up=False) for m in self.managers)
        able = frozenset((a, i) for a, d in enumerate(self.known) for i, m in enumerate(self.managers)
                         if m.level >= self.needed(d) and loads[a] <= capacities[i])
        held = {a: index[self.holder[d.account].id] for a, d in enumerate(self.known) if d.account in self.holder}
        scores = tuple(round(d.score * 10) for d in self.known)
        return Problem(loads, scores, capacities, able, held)

    @staticmethod
    def needed(demand: Demand) -> int:
        """The level a manager must have worked on; where it is not known, the highest is sure to do."""
        return demand.level if demand.level is not None else HIGHEST_LEVEL

    def assignment(self, day: date, digest: str) -> Assignment:
        desks = tuple(Desk(m.id, m.name, round(self.load[m.id], 1), m.capacity,
                           tuple(d.account for d in self.known if self.manager_of.get(d.account) is m)) for m in self.managers)
        return Assignment(day, digest, tuple(map(self.placed, self.demands)), desks, self.solution.proved)

    def placed(self, demand: Demand) -> Placed:
        manager = self.manager_of.get(demand.account)
        before = self.holder.get(demand.account)
        if manager is not None:
            reason = self.taken(demand, manager, before)
        elif demand.load is None:
            reason = f"{demand.name} cannot be placed: its load is not known, for want of {listed(list(demand.missing))}." \
                if demand.missing else f"{demand.name} cannot be placed: its load is not known."
        else:
            reason = self.refused(demand)
        return Placed(demand.account, demand.name, manager.id if manager else None,
                      self.called[manager.id] if manager else None, before.id if before else None, demand.load, reason)

    # --- reasons ---

    def taken(self, demand: Demand, manager: Manager, before: Manager | None) -> str:
        who = self.called[manager.id]
        said = [f"{who} takes {demand.name} ({counted(demand.load or 0, 'points')})"]
        reasons = []
        if demand.level is None:
            reasons.append(f"has worked on level {manager.level}, which does for any level (that of {demand.name} is not known)")
        elif demand.level > 1:
            asks = "as it needs" if manager.level == demand.level else f"level {demand.level} is needed"
            reasons.append(f"has worked on level {manager.level}, {asks}")
        if before is manager:
            reasons.append("looks after it already")
        elif before is not None:
            reasons.append(self.moved(demand, before))
        reasons.append(f"then carries {number(round(self.load[manager.id], 1))} of {counted(manager.capacity, 'points')}")
        return f"{said[0]}: {'; '.join(reasons)}."

    def moved(self, demand: Demand, before: Manager) -> str:
        """Why an account leaves the manager it has."""
        who = self.called[before.id]
        shut = self.shut_out(demand, before)
        if shut is not None:
            return f"moves from {who}, who {shut}"
        return f"moves from {who}, so that others find a manager or keep theirs"

    def shut_out(self, demand: Demand, manager: Manager) -> str | None:
        """What keeps a manager from taking an account; None where nothing does."""
        needed, load_ = self.needed(demand), demand.load or 0.0
        if manager.level < needed:
            return f"has worked no higher than level {manager.level}, level {needed} is needed"
        if _tenths(load_, up=True) > _tenths(manager.capacity, up=False):
            return f"has a capacity of {counted(manager.capacity, 'points')}, {number(load_)} are needed"
        left = manager.capacity - self.load[manager.id]
        if _tenths(load_, up=True) > _tenths(manager.capacity, up=False) - _tenths(self.load[manager.id], up=True):
            return f"has {counted(round(left, 1), 'points')} left, {number(load_)} are needed"
        return None

    def refused(self, demand: Demand) -> str:
        lead = f"Nobody can take {demand.name} ({counted(demand.load or 0, 'points')})"
        needed = self.needed(demand)
        if not self.managers:
            return f"{lead}: there are no managers."
        if all(m.level < needed for m in self.managers):
            unknown = f" (that of {demand.name} is not known, so any may be needed)" if demand.level is None else ""
            return f"{lead}: no manager has worked on level {needed}{unknown}."
        said = [f"{self.called[m.id]} {self.shut_out(demand, m) or 'found no room in the search'}" for m in self.managers]
        contested = [m for m in self.managers if m.level >= needed and m.capacity >= (demand.load or 0)]
        before = [d.name for d in sorted(self.known, key=_rank)
                  if self.manager_of.get(d.account) in contested and _rank(d) < _rank(demand)]
        went = f" With a higher score {listed(before)} went before." if before else ""
        return f"{lead}: {'; '.join(said)}.{went}"

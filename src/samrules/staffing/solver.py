"""The assignment problem in whole numbers, and its one best solution, by HiGHS.

Several goals follow each other: each is met as well as can be, then held while the next is looked
at. The last, the order of ids, leaves one solution, so that a run can be repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import attrs

from samrules.diagnostics import Diagnostic
from samrules.errors import FactError

STEPS = 20
"""Shares of a capacity are compared in steps of a twentieth: closer is no gain that a manager would feel."""

_NODES = 500
"""A search ends after so many nodes; a limit on time would make the answer hang on the machine."""

_SLACK = 0.5
"""All numbers are whole: half a unit keeps the solver's rounding from mattering."""

_LARGEST = 1_000_000
"""The largest weight of an objective; beyond it a solver's tolerances could swallow a unit."""

Pair = tuple[int, int]


@attrs.frozen
class Problem:
    """Accounts and managers in order of id, everything in whole units.

    `loads` and `scores` are by account, `capacities` by manager; `able` are the pairs (account, manager)
    that may be, by experience and by the whole of a capacity; `held` the manager an account has now.
    """

    loads: tuple[int, ...]
    scores: tuple[int, ...]
    capacities: tuple[int, ...]
    able: frozenset[Pair]
    held: Mapping[int, int]

    def rank(self) -> list[int]:
        """The accounts in the order in which they are served: the highest score first, then by id."""
        return sorted({a for a, _ in self.able}, key=lambda a: (-self.scores[a], a))


@attrs.frozen
class Solution:
    """The manager of each account that has one; `proved` unless a search was too long to finish."""

    managers: Mapping[int, int]
    proved: bool = True


def solve(problem: Problem) -> Solution:
    """The best solution: each account, in the order of rank, has a manager unless that would take
    one from an account before it; most keep their present manager; the largest share of a capacity is
    least, in steps of a twentieth; then the first ids go together.

    Raises FactError where the solver is not installed.
    """
    model = _Model(problem)
    for account in problem.rank():
        model.admit(account)
    if not model.chosen:
        return Solution({}, model.proved)
    model.keep()
    model.level_out()
    model.by_id()
    return Solution(dict(sorted(model.chosen.items())), model.proved)


class _Model:
    """What is settled so far; `chosen` meets all of it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.able = sorted(problem.able)
        self.managers_of = {a: frozenset(m for b, m in self.able if b == a) for a in range(len(problem.loads))}
        self.limits = list(problem.capacities)
        self.rows: list[tuple[float, dict[Pair, int]]] = []
        """Sums that have to reach a number."""
        self.chosen: dict[int, int] = {}
        self.proved = True

    # --- the goals ---

    def admit(self, account: int) -> None:
        """Find a manager for one more account, if need be by moving those before it."""
        able = [m for a, m in self.able if a == account]
        room = {m: self.limits[m] - self.carried(m) for m in able}
        fitting = [m for m in able if room[m] >= self.problem.loads[account]]
        if fitting:
            self.chosen[account] = self.problem.held.get(account, -1) if self.problem.held.get(account) in fitting \
                else min(fitting, key=lambda m: (room[m], m))
            return
        if self.may_fit(account):
            self.take(self.run({}, [*self.chosen, account]))

    def may_fit(self, account: int) -> bool:
        """Whether the managers that can take it have room, once only those that no other manager can
        take are left with them: a bound that spares most searches of a full programme."""
        for among in {self.managers_of[a] for a in (*self.chosen, account) if self.managers_of[a] >= self.managers_of[account]}:
            bound_here = sum(self.problem.loads[a] for a in self.chosen if self.managers_of[a] <= among)
            if bound_here + self.problem.loads[account] > sum(self.limits[m] for m in among):
                return False
        return True

    def keep(self) -> None:
        """Most accounts with the manager they have."""
        self.best({pair: 1 for pair in self.pairs(self.chosen) if self.problem.held.get(pair[0]) == pair[1]})

    def level_out(self) -> None:
        """Lower the largest share of a capacity, in steps of a twentieth, by halving."""
        low, high = 0, STEPS
        while low < high:
            middle = (low + high) // 2
            before, self.limits = self.limits, [middle * c // STEPS for c in self.problem.capacities]
            if self.take(self.run({}, self.chosen)):
                high = middle
            else:
                self.limits, low = before, middle + 1
        self.limits = [high * c // STEPS for c in self.problem.capacities]

    def by_id(self) -> None:
        """The accounts in order of id, each to the first manager in order of id that it can have."""
        managers = len(self.problem.capacities)
        chunk = 1
        while (managers + 1) ** (chunk + 1) <= _LARGEST:
            chunk += 1
        accounts = sorted(self.chosen)
        for start in range(0, len(accounts), chunk):
            part = accounts[start : start + chunk]
            weight = {account: (managers + 1) ** (len(part) - 1 - i) for i, account in enumerate(part)}
            self.take(self.run({(a, m): weight[a] * (managers - m) for a, m in self.pairs(part)}, self.chosen))
            self.able = [(a, m) for a, m in self.able if a not in weight or self.chosen[a] == m]

    def best(self, gain: Mapping[Pair, int]) -> None:
        """Reach the highest gain, and hold it from here on."""
        if gain and self.take(self.run(gain, self.chosen)):
            reached = sum(gain.get(pair, 0) for pair in self.chosen.items())
            self.rows.append((reached, dict(gain)))

    def take(self, found: dict[int, int] | None) -> bool:
        if found is not None:
            self.chosen = found
        return found is not None

    # --- the model ---

    def pairs(self, accounts: Collection[int]) -> list[Pair]:
        wanted = set(accounts)
        return [pair for pair in self.able if pair[0] in wanted]

    def carried(self, manager: int) -> int:
        return sum(self.problem.loads[a] for a, m in self.chosen.items() if m == manager)

    def run(self, gain: Mapping[Pair, int], accounts: Collection[int]) -> dict[int, int] | None:
        """All of the accounts with a manager each and the highest gain; None where that cannot be."""
        highs = highspy()
        model = highs.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("mip_rel_gap", 0.0),
                              ("mip_abs_gap", _SLACK), ("mip_feasibility_tolerance", 1e-9), ("mip_max_nodes", _NODES)):
            model.setOptionValue(option, value)
        pairs = self.pairs(accounts)
        column = {pair: index for index, pair in enumerate(pairs)}
        for pair, index in column.items():
            model.addVar(0, 1)
            model.changeColCost(index, float(gain.get(pair, 0)))
            model.changeColIntegrality(index, highs.HighsVarType.kInteger)

        def row(low: float, high: float, terms: Mapping[Pair, int]) -> None:
            model.addRow(low, high, len(terms), [column[p] for p in terms], [float(n) for n in terms.values()])

        of: dict[int, dict[Pair, int]] = {account: {} for account in accounts}
        by: dict[int, dict[Pair, int]] = {manager: {} for manager in range(len(self.limits))}
        for pair in pairs:
            of[pair[0]][pair] = 1
            by[pair[1]][pair] = self.problem.loads[pair[0]]
        for terms in of.values():
            row(1, 1, terms)
        for manager, terms in by.items():
            row(-highs.kHighsInf, self.limits[manager] + _SLACK, terms)
        for least, terms in self.rows:
            row(least - _SLACK, highs.kHighsInf, {p: n for p, n in terms.items() if p in column})
        model.changeObjectiveSense(highs.ObjSense.kMaximize)
        model.run()
        status = model.getModelStatus()
        if status != highs.HighsModelStatus.kOptimal:
            none = (highs.HighsModelStatus.kInfeasible, highs.HighsModelStatus.kUnboundedOrInfeasible)
            self.proved &= status in none  # nothing here is unbounded
            return None
        values = model.getSolution().col_value
        return {account: manager for (account, manager), value in zip(pairs, values, strict=True) if value > _SLACK}


def highspy() -> Any:
    """The solver, imported when first used. Raises FactError where it is not installed."""
    try:
        import highspy as library
    except ImportError:
        raise FactError([Diagnostic("needs-extra", "assigning managers needs the solver HiGHS",
                                    'install it with `pip install "samrules[assign]"`', where="samrules")]) from None
    return library

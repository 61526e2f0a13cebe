"""A parameter moved from one value to another: how accounts come out, and where each changes."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import attrs

from samrules.compare.answers import Answer, Deck, answer_of, answers, deck_of
from samrules.decision.decision import Decision, as_json
from samrules.decision.trace import Trace, unique
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model.ruleset import DatedValue, Parameter
from samrules.model.types import Kind, Value
from samrules.rules import Rules, decision_date, load
from samrules.syntax.literals import BadLiteral, parse_constant
from samrules.tuning.axis import Axis

SCHEMA = "samrules.sweep/1"
MOST_VALUES = 60
"""Whole values, such as months, that are all tried where a comparison does not show where to look."""
MOST_STEPS = 200

Outcome = str | tuple[str, ...]


@attrs.frozen
class Step:
    """How many accounts come out how at one value of the parameter."""

    value: Value
    counts: Mapping[Outcome, int]


@attrs.frozen
class Change:
    """Where an account's answer changes as the parameter rises.

    `at` is a value of the account's own, or the first whole value with the new answer. `inclusive`:
    the new answer holds at `at` already; else only above it.
    """

    account: str
    name: str
    at: Value
    inclusive: bool
    old: Answer
    new: Answer


@attrs.frozen
class Sweep:
    """What a parameter does to accounts.

    Attributes:
        parameter: its absolute name, such as `designation.entry_score`; `declared` is the parameter.
        current: its value in force on the day of the decisions.
        steps: outcomes at evenly spaced values from low to high, and at the current one.
        changes: every place at which an account changes, in order of the parameter.
        complete: whether there can be no other change: the parameter is only compared, so that what
            counts are the accounts' own values. Otherwise changes were sought between the steps, and two
            that undo each other between two steps would be missed.
    """

    rules: Rules
    as_of: date
    parameter: str
    declared: Parameter
    current: Value | None
    axis: Axis
    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    complete: bool
    accounts: int
    outcomes: tuple[Outcome, ...]
    warnings: tuple[Diagnostic, ...] = ()

    def __str__(self) -> str:
        from samrules.tuning.sweep_text import text_of_sweep

        return text_of_sweep(self)

    def svg(self) -> str:
        """The accounts by outcome over the values of the parameter, as an SVG picture."""
        from samrules.tuning.svg import svg_of_sweep

        return svg_of_sweep(self)

    def to_dict(self) -> dict[str, Any]:
        """The sweep as JSON-ready data, schema `samrules.sweep/1`."""
        def plain(outcome: Outcome) -> Any:
            return list(outcome) if isinstance(outcome, tuple) else outcome

        return {
            "schema": SCHEMA,
            "ruleset": {"name": self.rules.name, "version": self.rules.version, "digest": self.rules.digest},
            "as_of": self.as_of.isoformat(),
            "parameter": self.parameter,
            "current": as_json(self.current),
            "accounts": self.accounts,
            "complete": self.complete,
            "steps": [{"value": as_json(s.value), "outcomes": [{"outcome": plain(o), "accounts": s.counts.get(o, 0)} for o in self.outcomes]}
                      for s in self.steps],
            "changes": [{"account": c.account, "at": as_json(c.at), "inclusive": c.inclusive, "old": c.old.to_dict(),
                         "new": c.new.to_dict()} for c in self.changes],
        }


def sweep(ruleset: str | Path | Rules, parameter: str, low: str | Value, high: str | Value, *,
          accounts: str | Path | Iterable[Mapping[str, Any]], steps: int = 11, events: Any = None, history: Any = None,
          recorded: Collection[str] | None = None, as_of: date | None = None) -> Sweep:
    """Decide accounts with a parameter at many values, and find every value at which one of them changes.

    Args:
        ruleset: a bundled name, a path, or a loaded ruleset.
        parameter: its name; `ruleset.name` where it belongs to a ruleset that is used.
        low, high: the ends, as values or as the ruleset writes them (`60%`, `250k`, `12 months`).
        accounts, events, history, recorded, as_of: as `samrules.diff` takes them.
        steps: how many evenly spaced values are tabled.

    The parameter has each value on all dates, at earlier reviews too.

    Raises RulesetError and FactError.
    """
    day = decision_date(as_of)
    rules = ruleset if isinstance(ruleset, Rules) else load(ruleset)
    rules.must_decide()
    name, declared = _parameter(rules, parameter)
    axis = _axis(declared, low, high)
    if not 2 <= steps <= MOST_STEPS:
        raise FactError([Diagnostic("bad-value", f"{steps} steps", f"give 2 to {MOST_STEPS}", where="steps")])
    deck = deck_of(accounts, day, events=events, history=history, recorded=recorded)
    known = deck.known(rules)
    dated = declared.at(day)
    now = axis.position(dated.value) if dated is not None else None
    shown = [now] if now is not None and axis.ends[0] <= now <= axis.ends[1] else []
    grid = sorted({*axis.evenly(steps), *shown})
    mover = _Mover(rules, name, declared, axis, deck)
    lines, complete = mover.together(grid) if rules.together else mover.one_by_one(grid)
    counted = [Counter(lines[k.id].answer(p).outcome for k in known) for p in grid]
    seen = {o for c in counted for o in c} | {c.outcome for line in lines.values() for _, c in line.samples}
    names = {k.id: k.name for k in known}
    changes = [change for account, line in lines.items() for change in line.changes(account, names[account], axis)]
    return Sweep(
        rules, day, name, declared, dated.value if dated else None, axis,
        tuple(Step(axis.value(p), c) for p, c in zip(grid, counted, strict=True)),
        tuple(sorted(changes, key=lambda c: (axis.position(c.at), not c.inclusive))), complete, len(known),
        tuple(sorted(seen, key=lambda o: (rules.outcomes.index(o) if o in rules.outcomes else len(rules.outcomes), str(o)))),
        deck.warnings)


def _parameter(rules: Rules, wanted: str) -> tuple[str, Parameter]:
    read = rules.plan.parameters
    own = f"{rules.name}.{wanted}"
    for name in (own, wanted):
        if name in read:
            return name, read[name]
    shown = [n.removeprefix(f"{rules.name}.") for n in read]
    raise FactError([Diagnostic("unknown-name", f"the decision of `{rules.name}` rests on no parameter `{wanted}`",
                                did_you_mean(wanted, shown, "parameters"), where="parameter")])


def _axis(declared: Parameter, low: str | Value, high: str | Value) -> Axis:
    type_ = declared.type
    problems = []
    ends: list[Value] = []
    for end in (low, high):
        try:
            ends.append(parse_constant(end.strip(), type_) if isinstance(end, str) else end)
        except BadLiteral as error:
            problems.append(Diagnostic("bad-value", f"`{end}` is no {type_}", str(error), where=f"parameter {declared.name}"))
    if not problems:
        axis = Axis(type_, ends[0], ends[1])
        places = [axis.position(e) for e in ends]
        if type_.kind in (Kind.BOOLEAN, Kind.TEXT, Kind.ENUM) or None in places:
            problems.append(Diagnostic("bad-value", f"`{declared.name}` is {type_}: there is nothing between two values",
                                       "compare the rulesets with `samrules diff`; of durations give both ends in months, or both in days",
                                       where=f"parameter {declared.name}"))
        elif places[0] >= places[1]:  # type: ignore[operator]
            problems.append(Diagnostic("bad-value", f"from {low} to {high} is no way up", "give the lower end first",
                                       where=f"parameter {declared.name}"))
        else:
            return axis
    raise FactError(problems)


def with_value(rules: Rules, name: str, value: Value) -> Rules:
    """The rules with a parameter at one value on all dates."""
    plan = rules.plan
    changed = attrs.evolve(plan.parameters[name], values=(DatedValue(date.min, value),))
    return Rules(rules.checked, attrs.evolve(plan, parameters={**plan.parameters, name: changed}))


@attrs.frozen
class _Line:
    """The answers on one account, by position: each holds up to the next sample, and sideways until it."""

    samples: tuple[tuple[float, Answer], ...]
    marks: frozenset[float]

    def answer(self, position: float) -> Answer:
        """The answer at any position: that of the sample there, else of one in the same stretch between marks."""
        at = bisect_left(self.samples, position, key=lambda s: s[0])
        if at < len(self.samples) and self.samples[at][0] == position:
            return self.samples[at][1]
        before, after = self.samples[at - 1], self.samples[min(at, len(self.samples) - 1)]
        return after[1] if before[0] in self.marks else before[1]

    def changes(self, account: str, name: str, axis: Axis) -> Iterable[Change]:
        for (low, old), (high, new) in zip(self.samples, self.samples[1:], strict=False):
            if old.outcomes == new.outcomes:
                continue
            inclusive = axis.whole or high in self.marks or (low not in self.marks and len(repr(high)) <= len(repr(low)))
            yield Change(account, name, axis.value(high if inclusive else low), inclusive, old, new)


@attrs.define
class _Mover:
    """Decides the accounts at the values it takes to see every change."""

    rules: Rules
    name: str
    declared: Parameter
    axis: Axis
    deck: Deck
    _at: dict[float, Rules] = attrs.field(factory=dict)

    def rules_at(self, position: float) -> Rules:
        if position not in self._at:
            self._at[position] = with_value(self.rules, self.name, self.axis.value(position))
        return self._at[position]

    def one_by_one(self, grid: list[float]) -> tuple[dict[str, _Line], bool]:
        counting = any(n.name == self.name for m in self.rules.plan.measures for e in (m.where, m.value) if e is not None
                       for n in ex.names(e))
        lines, complete = {}, True
        for known in self.deck.known(self.rules):
            def decide(position: float, known: Any = known) -> Decision:
                return self.rules_at(position).decide_checked(known.facts, self.deck.as_of, known.history, known.record)

            first = decide(self.axis.ends[0])
            marks, only_compared = self.marks(first)
            only_compared = only_compared and not counting
            if only_compared:
                positions = self.axis.around(marks)
            else:
                positions, only_compared = self.all_or_some(grid, marks)
            seen = {self.axis.ends[0]: answer_of(first)}

            def answer(position: float, seen: dict[float, Answer] = seen, decide: Callable[[float], Decision] = decide) -> Answer:
                if position not in seen:
                    seen[position] = answer_of(decide(position))
                return seen[position]

            for position in positions:
                answer(position)
            if not only_compared:
                self.close_in(positions, answer, lambda a: a.outcomes)
            lines[known.id] = _Line(tuple(sorted(seen.items(), key=lambda s: s[0])), frozenset(marks))
            complete = complete and only_compared
        return lines, complete

    def together(self, grid: list[float]) -> tuple[dict[str, _Line], bool]:
        """Accounts that are decided together change together: the whole table is decided at each value."""
        positions, complete = self.all_or_some(grid, set())
        seen: dict[float, dict[str, Answer]] = {}

        def table(position: float) -> dict[str, Answer]:
            if position not in seen:
                seen[position] = answers(self.rules_at(position), self.deck)
            return seen[position]

        for position in positions:
            table(position)
        if not complete:
            self.close_in(positions, table, lambda found: {i: a.outcomes for i, a in found.items()})
        ids = list(table(positions[0]))
        return {i: _Line(tuple((p, seen[p][i]) for p in sorted(seen)), frozenset()) for i in ids}, complete

    def all_or_some(self, grid: list[float], marks: Collection[float]) -> tuple[list[float], bool]:
        """Every value where they are few and whole; else the steps and the values near the marks."""
        low, high = self.axis.ends
        if self.axis.whole and high - low < MOST_VALUES:
            return [float(p) for p in range(int(low), int(high) + 1)], True
        return sorted({*grid, *self.axis.around(marks)}), False

    def close_in(self, positions: list[float], found: Callable[[float], Any], seen: Callable[[Any], object]) -> None:
        """Wherever two neighbours differ, halve what lies between until nothing does."""
        stack = list(itertools.pairwise(positions))
        while stack:
            low, high = stack.pop()
            if seen(found(low)) == seen(found(high)):
                continue
            middle = self.axis.middle(low, high)
            if middle is not None:
                found(middle)
                stack += [(low, middle), (middle, high)]

    def marks(self, decision: Decision) -> tuple[set[float], bool]:
        """The values that the parameter is compared with, and whether it is used in no other way."""
        marks: set[float] = set()
        only = True
        visited: set[int] = set()
        for rule in decision.rules:
            for trace in unique(rule.trace):
                if id(trace) in visited:
                    continue
                visited.add(id(trace))
                if not any(self.is_it(part) for part in trace.parts):
                    continue
                others = [part for part in trace.parts if not self.is_it(part)]
                if not isinstance(trace.expr, ex.Compare | ex.Between | ex.In) or any(self.mentions(o) for o in others):
                    only = False
                    continue
                marks |= {p for o in others if (p := self.axis.position(o.value)) is not None}
                only = only and all(o.value is None or self.axis.position(o.value) is not None for o in others)
        return marks, only

    def is_it(self, trace: Trace) -> bool:
        return isinstance(trace.expr, ex.Name) and trace.expr.name == self.name

    def mentions(self, trace: Trace) -> bool:
        return any(self.is_it(t) for t in unique(trace))

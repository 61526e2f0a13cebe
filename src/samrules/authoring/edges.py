"""Where the edges of a fact lie: its smallest step, and the values at which some condition turns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

import attrs

from samrules.engines.interpreter import View, evaluate
from samrules.engines.interpreter import view as view_at
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model.ruleset import Fact, Range
from samrules.model.types import Kind, Type, Value
from samrules.plan.plan import Plan

_STEPS = {Kind.INTEGER: 1, Kind.ORDINAL: 1, Kind.MONEY: 1.0, Kind.RATIO: 0.001, Kind.NUMBER: 0.1}


def smallest_step(type_: Type, near: Value | None = None) -> float:
    """The step by which a number of this type is moved: 1 for whole numbers and amounts, 0.1% for
    ratios, 0.1 for other numbers; one in the last place of `near` where that is finer."""
    step = float(_STEPS.get(type_.kind, 1))
    if isinstance(near, float) and type_.kind in (Kind.RATIO, Kind.NUMBER) and math.isfinite(near):
        exponent = Decimal(repr(near)).as_tuple().exponent
        if isinstance(exponent, int) and exponent < 0:
            step = min(step, max(float(10.0 ** exponent), 1e-6))
    return step


def moved(value: Value, type_: Type, steps: int) -> Value | None:
    """A value so many smallest steps further; None where nothing lies there, or no steps can be made."""
    if isinstance(value, bool | str):
        return None
    if isinstance(value, date):
        try:
            return value + timedelta(days=steps)
        except OverflowError:
            return None
    if not isinstance(value, int | float):
        return None
    if type_.kind in (Kind.INTEGER, Kind.ORDINAL):
        there = int(value) + steps
        inside = type_.kind is not Kind.ORDINAL or (type_.low or 0) <= there <= (type_.high or 0)
        return there if inside else None
    return tidy(float(value) + steps * smallest_step(type_, float(value)))


def tidy(value: float) -> float:
    """A sum of decimals without what binary adds to it."""
    return float(f"{value:.9g}") if abs(value) < 1e9 else round(value, 2)


def allowed(value: Value, fact: Fact) -> bool:
    """Whether a fact may have this value."""
    type_, range_ = fact.type, fact.range or Range()
    if type_.kind is Kind.ORDINAL:
        return isinstance(value, int) and (type_.low or 0) <= value <= (type_.high or 0)
    if type_.kind is Kind.ENUM:
        return value in type_.words
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (range_.low is None or value >= range_.low) and (  # type: ignore[operator]
        range_.high is None or value <= range_.high)  # type: ignore[operator]


def fitted(value: Value, fact: Fact) -> Iterator[Value]:
    """The values of a fact's own type at and on both sides of a threshold."""
    kind = fact.type.kind
    if isinstance(value, bool | str):
        yield value
    elif isinstance(value, date):
        for days in (0, -1, 1):
            if (near := moved(value, fact.type, days)) is not None:
                yield near
    elif isinstance(value, int | float) and math.isfinite(value) and abs(value) < 2**53:
        if kind in (Kind.INTEGER, Kind.ORDINAL):
            whole = [math.floor(value), math.ceil(value)]
            yield from dict.fromkeys([*whole, whole[0] - 1, whole[1] + 1])
        else:
            step = smallest_step(fact.type, tidy(value) if kind in (Kind.RATIO, Kind.NUMBER) else None)
            down = tidy(math.floor(value / step + 1e-9) * step)
            up = tidy(math.ceil(value / step - 1e-9) * step)
            yield from dict.fromkeys([down, up, tidy(down - step), tidy(up + step)])


# --- an account that can be changed --------------------------------------------------------------

Facts = Mapping[str, Value]


@attrs.frozen
class Ground:
    """What some expressions rest on: the steps and facts below them, so that accounts are tried fast."""

    plan: Plan
    facts: tuple[str, ...]
    nodes: tuple[ex.Expr, ...]
    _below: dict[ex.Expr, Ground] = attrs.field(factory=dict, eq=False, repr=False)

    def below(self, node: ex.Expr) -> Ground:
        """The part that one expression rests on, found once."""
        if node not in self._below:
            self._below[node] = ground_of(self.plan, (node,))
        return self._below[node]

    def view(self, facts: Facts, day: date, history: Iterable[tuple[date, Facts]] = ()) -> View:
        """The account as far as they see it. `facts` hold what was counted too. Raises FactError."""
        return view_at(self.plan, facts, day, list(history))


def ground_of(plan: Plan, nodes: Iterable[ex.Expr]) -> Ground:
    nodes = tuple(nodes)
    steps = {s.name: s for s in plan.steps}
    names: dict[str, None] = {}
    stack = list(nodes)
    while stack:
        for name in ex.names(stack.pop()):
            if name.name not in names:
                names[name.name] = None
                if name.name in steps:
                    stack.append(steps[name.name].expr)
    below = tuple(s for s in plan.steps if s.name in names)
    whole = (*nodes, *(s.expr for s in below))
    held = any(isinstance(n, ex.Held) for e in whole for n in ex.walk(e))
    small = attrs.evolve(plan, steps=below, measures=(), looks_back=held,
                         past=frozenset(s.name for s in below) if held else frozenset())
    return Ground(small, tuple(n for n in names if n in plan.facts and n != "account_id"), whole)


def edges(ground: Ground, at: View) -> dict[str, list[Value]]:
    """For each fact, the values near which some condition below turns, all else being as it is."""
    found: dict[str, dict[Value, None]] = {name: {} for name in ground.facts}
    for whole in ground.nodes:
        for node in ex.walk(whole):
            for side, others in _sides(node):
                for other in others:
                    value = evaluate(other, at).value
                    if value is not None:
                        _enter(found, ground, at, side, value)
    for name, values in found.items():
        fact = ground.plan.facts[name]
        if fact.type.kind is Kind.BOOLEAN:
            values |= dict.fromkeys((True, False))
        elif fact.type.kind is Kind.ENUM:
            values |= dict.fromkeys(fact.type.words)
        elif fact.type.kind is Kind.ORDINAL and (fact.type.high or 0) - (fact.type.low or 0) <= 10:
            values |= dict.fromkeys(range(fact.type.low or 0, (fact.type.high or 0) + 1))
    return {name: [v for v in values if allowed(v, ground.plan.facts[name])] for name, values in found.items()}


def _sides(node: ex.Expr) -> Iterator[tuple[ex.Expr, tuple[ex.Expr, ...]]]:
    """What is compared, and with what; of a scale, its value with both its ends."""
    match node:
        case ex.Compare(left=left, right=right):
            yield left, (right,)
            yield right, (left,)
        case ex.Between(subject=subject, low=low, high=high):
            yield subject, (low, high)
        case ex.In(subject=subject, items=items):
            yield subject, items
        case ex.Arithmetic("/", ex.Arithmetic("-", of, zero), ex.Arithmetic("-", full, again)) if zero == again:
            yield of, (zero, full)


def _enter(found: dict[str, dict[Value, None]], ground: Ground, at: View, side: ex.Expr, value: Value) -> None:
    """The values of facts for which a side comes near a value."""
    if isinstance(side, ex.Name) and side.name in found:
        found[side.name] |= dict.fromkeys(fitted(value, ground.plan.facts[side.name]))
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    for name in _below(ground, side):
        near = _solved(ground, at, side, name, float(value))
        if near is not None:
            found[name] |= dict.fromkeys(fitted(near, ground.plan.facts[name]))


def _below(ground: Ground, side: ex.Expr) -> list[str]:
    """The facts that are numbers below an expression, through steps."""
    return [name for name in ground.below(side).facts if ground.plan.facts[name].type.numeric]


def _solved(ground: Ground, at: View, side: ex.Expr, name: str, target: float) -> float | None:
    """Where a side reaches a target, if it goes on as it does near the present value of the fact."""
    now = at.facts.get(name)
    if isinstance(now, bool) or not isinstance(now, int | float):
        return None
    fact = ground.plan.facts[name]
    step = max(smallest_step(fact.type), abs(now) * 0.01)
    further = float(math.ceil(step)) if fact.type.kind in (Kind.INTEGER, Kind.ORDINAL) else step
    ends = []
    for x in (now, now + further):
        try:
            value = evaluate(side, ground.below(side).view({**at.facts, name: x}, at.day)).value
        except FactError:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        ends.append(float(value))
    slope = (ends[1] - ends[0]) / further
    if slope == 0 or not math.isfinite(slope):
        return None
    near = now + (target - ends[0]) / slope
    return near if math.isfinite(near) else None

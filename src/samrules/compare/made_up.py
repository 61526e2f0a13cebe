"""Accounts made up for a purpose: such that a condition of a plan holds, at the edge of its thresholds.

From the condition wanted, down to the facts: of `all` every part, of `any` one, of a comparison a value
on the edge. Parts may get into each other's way, so an account is only likely to fit: whoever asks
for one decides it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta

import attrs

from samrules.engines.interpreter import date_before, strict, value_of
from samrules.model import expressions as ex
from samrules.model.operators import FLIPPED, NEGATED
from samrules.model.ruleset import Fact
from samrules.model.types import Kind, Value
from samrules.plan.plan import Plan

_STEPS: dict[Kind, tuple[float, ...]] = {
    Kind.INTEGER: (1,), Kind.ORDINAL: (1,), Kind.NUMBER: (0.5, 5.0), Kind.RATIO: (0.01, 0.1), Kind.MONEY: (1.0, 10_000.0),
}
_OFTEN = 0.8
"""How often a criterion of a score is given the points that its score should have."""


@attrs.define
class Maker:
    """Makes accounts for one plan. `others` are other values of its parameters, worth trying as well."""

    plan: Plan
    day: date
    chance: random.Random
    others: Mapping[str, list[Value]] = attrs.field(factory=dict)
    facts: dict[str, Value] = attrs.field(factory=dict)
    steps: dict[str, ex.Expr] = attrs.field(init=False)
    parameters: dict[str, Value] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.steps = {step.name: step.expr for step in self.plan.steps}
        self.parameters = {n: d.value for n, p in self.plan.parameters.items() if (d := p.at(self.day)) is not None}

    def account(self, wanted: ex.Expr, unwanted: list[ex.Expr]) -> dict[str, Value]:
        """The facts of an account on which a condition most likely holds and others do not."""
        self.facts = {"account_id": "made-up"}
        for name in sorted(self.plan.read):
            if name != "account_id":
                self.facts[name] = self.any_value(self.plan.facts[name])
        for node in unwanted:
            self.want(node, False)
        self.want(wanted, True)
        return dict(self.facts)

    def any_value(self, fact: Fact) -> Value:
        type_, pick = fact.type, self.chance
        match type_.kind:
            case Kind.BOOLEAN:
                return pick.random() < 0.5
            case Kind.ENUM:
                return pick.choice(type_.words)
            case Kind.DATE:
                return self.day - timedelta(days=pick.randrange(1500))
            case Kind.ORDINAL:
                assert type_.low is not None and type_.high is not None
                return pick.randint(type_.low, type_.high)
            case Kind.INTEGER:
                return self.held(fact, pick.randrange(8)) or 0
            case Kind.RATIO:
                return self.held(fact, round(pick.random(), 2)) or 0.0
            case Kind.MONEY:
                return self.held(fact, float(10 ** pick.randint(3, 7))) or 0.0
            case Kind.NUMBER:
                return self.held(fact, float(pick.randrange(20))) or 0.0
        return "a"

    def held(self, fact: Fact, value: float) -> float | None:
        """The value, or the end of the fact's range that it lies beyond."""
        low, high = (fact.range.low, fact.range.high) if fact.range else (None, None)
        if isinstance(low, int | float) and value < low:
            value = low
        if isinstance(high, int | float) and value > high:
            value = high
        return int(value) if fact.type.kind in (Kind.INTEGER, Kind.ORDINAL) else value

    # --- conditions ---

    def want(self, node: ex.Expr, goal: bool) -> None:
        match node:
            case ex.Name(name=name) if name in self.steps:
                self.want(self.steps[name], goal)
            case ex.Name(name=name) if name in self.plan.facts:
                self.facts[name] = goal
            case ex.Not(operand=operand):
                self.want(operand, not goal)
            case ex.All(operands=operands) | ex.Any_(operands=operands):
                every = isinstance(node, ex.All) is goal
                for operand in operands if every else [self.chance.choice(operands)]:
                    self.want(operand, goal)
            case ex.AtLeast(count=count, operands=operands):
                number = count if goal else len(operands) - count + 1
                for operand in self.chance.sample(operands, min(max(number, 0), len(operands))):
                    self.want(operand, goal)
            case ex.Certain(operand=operand) | ex.Possible(operand=operand) | ex.Held(operand=operand):
                self.want(operand, goal)
            case ex.Maybe(certain=certain, possible=possible):
                self.want(certain if goal else possible, goal)
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                way = self.chance.random() < 0.5
                self.want(condition, way)
                self.want(then if way else otherwise, goal)
            case ex.Known(subject=ex.Name(name=name), known=known) if name in self.plan.facts:
                if known is goal:
                    self.facts.setdefault(name, self.any_value(self.plan.facts[name]))
                else:
                    self.facts.pop(name, None)
            case ex.Compare(operator=operator, left=left, right=right):
                self.compare(operator if goal else NEGATED[operator], left, right)
            case ex.Between(subject=subject, low=low, high=high):
                if goal:
                    self.compare(*self.chance.choice([(">=", subject, low), ("<=", subject, high)]))
                else:
                    self.compare(*self.chance.choice([("<", subject, low), (">", subject, high)]))
            case ex.In(subject=subject, items=items):
                if goal:
                    self.compare("=", subject, self.chance.choice(items))
                else:
                    for item in items:
                        self.compare("!=", subject, item)

    def compare(self, operator: str, left: ex.Expr, right: ex.Expr) -> None:
        if not _moves(left, self.steps, self.plan) or (_moves(right, self.steps, self.plan) and self.chance.random() < 0.3):
            operator, left, right = FLIPPED[operator], right, left
        target = self.value(right)
        if target is not None:
            self.drive(left, operator, target, self.also(right))

    def also(self, node: ex.Expr) -> list[Value]:
        """Other values of the parameter that a side is, as in another version of the ruleset."""
        name = node.duration if isinstance(node, ex.Cutoff) else node
        found = self.others.get(name.name, []) if isinstance(name, ex.Name) else []
        return [d for v in found if (d := date_before(v, self.day)) is not None] if isinstance(node, ex.Cutoff) else found

    def drive(self, node: ex.Expr, operator: str, target: Value, also: list[Value]) -> None:
        """Make a value stand in a relation to another."""
        match node:
            case ex.Name(name=name) if name in self.steps:
                self.drive(self.steps[name], operator, target, also)
            case ex.Name(name=name) if name in self.plan.facts:
                value = self.beside(self.plan.facts[name], operator, target, also)
                if value is not None:
                    self.facts[name] = value
            case ex.Call(function="millionth", arguments=(inner,)):
                self.extreme(inner, operator in (">", ">=", "="))
            case ex.Call(function="coalesce" | "abs", arguments=(first, *_)):
                self.drive(first, operator, target, also)
            case ex.Call(arguments=arguments):
                for argument in arguments:
                    self.drive(argument, operator, target, also)
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                ways = [w for w, branch in ((True, then), (False, otherwise))
                        if not isinstance(branch, ex.Literal) or strict(operator, [branch.value, target]) is True]
                way = self.chance.choice(ways or [True, False])
                self.want(condition, way)
                self.drive(then if way else otherwise, operator, target, also)
            case ex.Arithmetic(operator=sign, left=left, right=right):
                other = self.value(right)
                if isinstance(other, int | float) and isinstance(target, int | float) and (other or sign in "+-"):
                    self.drive(left, operator if other > 0 or sign in "+-" else FLIPPED[operator], _undone(sign, target, other), [])

    def beside(self, fact: Fact, operator: str, target: Value, also: list[Value]) -> Value | None:
        """A value of a fact in this relation to another, as near to it as can be."""
        near: list[Value] = [target, *also]
        kind = fact.type.kind
        if kind is Kind.ENUM:
            near = [target] if operator == "=" else [w for w in fact.type.words if w != target]
        elif kind is Kind.DATE:
            near += [date.fromordinal(min(max(d.toordinal() + n, 1), date.max.toordinal()))
                     for d in (target, *also) if isinstance(d, date) for n in (-1, 1, -30, 30)]
        elif isinstance(target, int | float) and not isinstance(target, bool) and kind in _STEPS:
            numbers = [t for t in (target, *also) if isinstance(t, int | float)]
            numbers += [(target + t) / 2 for t in numbers[1:]]
            near = [self.held(fact, round(t + sign * step, 6)) for t in numbers for step in (0, *_STEPS[kind]) for sign in (-1, 1)]  # type: ignore[misc]
            if kind is Kind.ORDINAL:
                near = [v for v in near if isinstance(v, int) and (fact.type.low or 0) <= v <= (fact.type.high or 0)]
        elif kind is Kind.TEXT:
            near = [target, "b"]
        fits = [v for v in near if v is not None and strict(operator, [v, target]) is True]
        return self.chance.choice(fits) if fits else None

    def extreme(self, node: ex.Expr, high: bool) -> None:
        """Make a score, or a part of one, as large or as small as it can be; not every part every time."""
        match node:
            case ex.Name(name=name) if name in self.steps:
                if self.chance.random() < _OFTEN:
                    self.extreme(self.steps[name], high)
            case ex.Name(name=name) if name in self.plan.facts and self.plan.facts[name].type.numeric:
                fact, now = self.plan.facts[name], self.facts.get(name)
                if fact.type.kind is Kind.ORDINAL:
                    self.facts[name] = (fact.type.high if high else fact.type.low) or 0
                elif isinstance(now, int | float):
                    bound = {Kind.RATIO: 1.0, Kind.INTEGER: 20, Kind.NUMBER: 100.0}.get(fact.type.kind, 1e8)
                    self.facts[name] = self.held(fact, bound if high else 0) or 0
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                first, second = self.value(then), self.value(otherwise)
                if isinstance(first, int | float) and isinstance(second, int | float):
                    self.want(condition, (first >= second) is high)
                else:
                    self.want(condition, True)
                    self.extreme(then, high)
            case ex.Arithmetic(operator=sign, left=left, right=right):
                self.extreme(left, high)
                self.extreme(right, high if sign in "+*" else not high)
            case ex.Call(arguments=arguments):
                for argument in arguments:
                    self.extreme(argument, high)

    def value(self, node: ex.Expr) -> Value | None:
        """The value of a node on the facts so far."""
        match node:
            case ex.Literal(value=value):
                return value
            case ex.Name(name=name):
                if name in self.steps:
                    return self.value(self.steps[name])
                return self.day if name == "as_of" else self.parameters.get(name, self.facts.get(name))
            case ex.Cutoff(duration=duration):
                return date_before(self.value(duration), self.day)
            case ex.Held(operand=operand):
                return self.value(operand)
        return value_of(node, [self.value(child) for child in ex.children(node)])


def _moves(node: ex.Expr, steps: Mapping[str, ex.Expr], plan: Plan) -> bool:
    """Whether facts have a say in a value."""
    return any(_moves(steps[n.name], steps, plan) if n.name in steps else n.name in plan.facts for n in ex.names(node))


def _undone(sign: str, result: float, right: float) -> float:
    """What stands left of a sign, given the result and what stands right of it."""
    match sign:
        case "+":
            return result - right
        case "-":
            return result + right
        case "*":
            return result / right
    return result * right

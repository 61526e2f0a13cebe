"""Which values of a plan may be integers too large for a double: only these need more than durable_rules has."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from samrules.engines.durable_fence import EXACT
from samrules.model import expressions as ex
from samrules.model.ruleset import Range
from samrules.model.types import Kind, Value
from samrules.plan.plan import Plan


@attrs.define(eq=False)
class Widths:
    """What the nodes of a plan may be, on the safe side. Steps are gone through once, each after those it names."""

    plan: Plan
    parameters: Mapping[str, Value]
    steps: dict[str, tuple[bool, bool]] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for step in self.plan.steps:
            self.steps[step.name] = self.wide(step.expr), self.integer(step.expr)

    def wide(self, node: ex.Expr) -> bool:
        """Whether a value may be an integer of 2**53 or more."""
        match node:
            case ex.Literal(value=value):
                return isinstance(value, int) and abs(value) >= EXACT
            case ex.Name(name=name) if name in self.steps:
                return self.steps[name][0]
            case ex.Name(name=name) if name in self.plan.facts:
                return self.plan.facts[name].type.kind is Kind.INTEGER and not _bounded(self.plan.facts[name].range)
            case ex.Name(name=name):
                given = self.parameters.get(name)
                return isinstance(given, int) and abs(given) >= EXACT
            case ex.Arithmetic() | ex.Negate():
                return self.integer(node)
            case ex.Call(function="min" | "max", arguments=arguments):
                return self.integer(node) and any(map(self.wide, arguments))
            case ex.Call(function="abs", arguments=arguments):
                return self.integer(arguments[0])
            case ex.Call(function="coalesce", arguments=arguments):
                return any(map(self.wide, arguments))
            case ex.Call(function="millionth") | ex.Cutoff():
                return False
            case ex.If(then=then, otherwise=otherwise):
                return self.wide(then) or self.wide(otherwise)
        return True

    def integer(self, node: ex.Expr) -> bool:
        """Whether a value may be an integer: one that is calculated with a double is a double."""
        match node:
            case ex.Literal(value=value):
                return isinstance(value, int)
            case ex.Name(name=name) if name in self.steps:
                return self.steps[name][1]
            case ex.Name(name=name) if name in self.parameters:
                return isinstance(self.parameters[name], int)
            case ex.Name(name=name) if name in self.plan.facts:
                return self.plan.facts[name].type.kind in (Kind.INTEGER, Kind.ORDINAL)
            case ex.Arithmetic(operator=operator, left=left, right=right):
                return operator != "/" and self.integer(left) and self.integer(right)
            case ex.Negate(operand=operand):
                return self.integer(operand)
            case ex.Call(function="min" | "max" | "abs", arguments=arguments):
                return all(map(self.integer, arguments))
            case ex.Call(function="millionth") | ex.Cutoff():
                return False
            case ex.If(then=then, otherwise=otherwise):
                return self.integer(then) or self.integer(otherwise)
        return True


def _bounded(range_: Range | None) -> bool:
    """Whether both ends of a range are below 2**53."""
    ends = (range_.low, range_.high) if range_ else (None,)
    return all(isinstance(end, int | float) and -EXACT < end < EXACT for end in ends)

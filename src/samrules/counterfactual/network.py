"""The rules of a decision as a network over the facts that may move: what each rule may be within bounds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import attrs

from samrules.counterfactual import spans as sp
from samrules.decision.trace import NO_NOTE, Trace
from samrules.engines.interpreter import View, evaluate, held
from samrules.model import expressions as ex
from samrules.model.types import Kind, Value
from samrules.plan.plan import PlannedDecision

Operation = Callable[..., sp.Possible]


@attrs.frozen
class Node:
    """`depends` are the facts below, as bits; `give` makes what it may be of what `parts` may be."""

    depends: int
    give: Operation
    parts: tuple[int, ...]


@attrs.define
class Network:
    """The nodes below the rules, each after its parts.

    `at_rest` is what each is while every fact is as it is; `leaves` are the facts that may move and that some rule
    rests on, by name; `marks` what such a fact is compared with, None where it is also calculated with, or compared
    with what may move itself.
    """

    nodes: list[Node]
    at_rest: list[sp.Possible]
    rules: tuple[int, ...]
    leaves: dict[str, int]
    marks: dict[str, set[Value] | None]
    _programs: dict[int, list[tuple[int, Operation, tuple[int, ...]]]] = attrs.field(factory=dict)
    _moving: list[int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        leaves = set(self.leaves.values())
        self._moving = [i for i, n in enumerate(self.nodes) if n.depends and i not in leaves]

    def truths(self, where: Mapping[str, sp.Possible]) -> tuple[tuple[int, ...], int]:
        """What each rule may be, as masks, where some facts are within bounds and the others are as they are; and how
        many nodes were looked at."""
        moving = 0
        values = self.at_rest.copy()
        for fact, possible in where.items():
            leaf = self.leaves[fact]
            values[leaf] = possible
            moving |= self.nodes[leaf].depends
        program = self._program(moving)
        for index, give, parts in program:
            values[index] = give(*[values[p] for p in parts])
        return tuple([values[r] for r in self.rules]), len(program) + 10

    def _program(self, moving: int) -> list[tuple[int, Operation, tuple[int, ...]]]:
        found = self._programs.get(moving)
        if found is None:
            nodes = self.nodes
            found = self._programs[moving] = [(i, nodes[i].give, nodes[i].parts) for i in self._moving if nodes[i].depends & moving]
        return found


def network(decision: PlannedDecision, view: View, movable: Collection[str]) -> Network:
    """The network of a decision at a view. Raises FactError where an earlier review that matters cannot be seen."""
    builder = _Builder(view, [f for f in view.plan.facts if f in movable])
    needed = _needed(view, [r.step for r in decision.rules])
    for step in view.plan.steps:
        if step.name in needed:
            builder.steps[step.name] = builder.add(step.expr)
    rules = tuple(builder.steps[r.step] for r in decision.rules)
    return Network(builder.nodes, builder.at_rest, rules, builder.leaves, builder.compared)


def _needed(view: View, roots: Sequence[str]) -> set[str]:
    steps = {s.name: s.expr for s in view.plan.steps}
    found: set[str] = set()
    stack = list(roots)
    while stack:
        name = stack.pop()
        if name in steps and name not in found:
            found.add(name)
            stack += [n.name for n in ex.names(steps[name])]
    return found


@attrs.define
class _Builder:
    view: View
    movable: Sequence[str]
    nodes: list[Node] = attrs.field(factory=list)
    at_rest: list[sp.Possible] = attrs.field(factory=list)
    steps: dict[str, int] = attrs.field(factory=dict)
    leaves: dict[str, int] = attrs.field(factory=dict)
    compared: dict[str, set[Value] | None] = attrs.field(factory=dict)
    _known: dict[ex.Expr, int] = attrs.field(factory=dict)
    _conditions: dict[str, bool] = attrs.field(factory=dict)

    def add(self, node: ex.Expr) -> int:
        """The place of a node, made with all below it where it is new."""
        if node not in self._known:
            self._known[node] = self._made(node)
        return self._known[node]

    def _made(self, node: ex.Expr) -> int:
        if isinstance(node, ex.Name) and node.name in self.steps:
            return self.steps[node.name]
        if isinstance(node, ex.Name) and node.name in self.movable:
            return self._leaf(node.name)
        if isinstance(node, ex.Name | ex.Literal | ex.Cutoff):
            value = evaluate(node, self.view).value
            return self._constant(sp.mask_of(value) if self.condition(node) else sp.exactly(value))
        parts = tuple(self.add(child) for child in ex.children(node))
        same = isinstance(node, ex.Compare) and parts[0] == parts[1]
        give = sp.itself(node.operator) if same else self._operation(node)  # type: ignore[attr-defined]
        self._note(node, parts)
        depends = 0
        for part in parts:
            depends |= self.nodes[part].depends
        self.nodes.append(Node(depends, give, parts))
        self.at_rest.append(give(*[self.at_rest[p] for p in parts]))
        return len(self.nodes) - 1

    def _constant(self, value: sp.Possible) -> int:
        self.nodes.append(Node(0, sp.exactly, ()))
        self.at_rest.append(value)
        return len(self.nodes) - 1

    def _leaf(self, fact: str) -> int:
        if fact not in self.leaves:
            value = self.view.facts.get(fact)
            boolean = self.view.plan.facts[fact].type.kind is Kind.BOOLEAN
            self.nodes.append(Node(1 << len(self.leaves), sp.exactly, ()))
            self.at_rest.append(sp.mask_of(value) if boolean else sp.exactly(value))
            self.leaves[fact] = len(self.nodes) - 1
            self.compared[fact] = set()
        return self.leaves[fact]

    def condition(self, node: ex.Expr) -> bool:
        """Whether a node is a condition, so that what is missing of it is an unknown truth."""
        match node:
            case ex.Name(name=name) if name in self.steps:
                if name not in self._conditions:
                    self._conditions[name] = self.condition(next(s.expr for s in self.view.plan.steps if s.name == name))
                return self._conditions[name]
            case ex.Name(name=name) if name in self.view.parameters:
                return isinstance(self.view.parameters[name], bool)
            case ex.Name(name=name):
                fact = self.view.plan.facts.get(name)
                return fact is not None and fact.type.kind is Kind.BOOLEAN
            case ex.Literal(kind=kind):
                return kind is Kind.BOOLEAN
            case ex.If(then=then, otherwise=otherwise):
                return self.condition(then) or self.condition(otherwise)
            case ex.Call(arguments=arguments):
                return any(self.condition(a) for a in arguments)
        return isinstance(node, _CONDITIONS)

    def _operation(self, node: ex.Expr) -> Operation:
        match node:
            case ex.Compare(operator=operator, left=left, right=right):
                both = self.condition(left) or self.condition(right)
                return sp.alike(operator) if both else sp.comparison(operator)
            case ex.In(subject=subject):
                equal = sp.alike("=") if self.condition(subject) else sp.comparison("=")
                return lambda of, *items: sp.disjunction(*(equal(of, item) for item in items))
            case ex.AtLeast(count=count):
                return sp.at_least(count)
            case ex.Known(known=known):
                return sp.is_known(known)
            case ex.Arithmetic(operator=operator):
                return sp.arithmetic(operator)
            case ex.Call(function="coalesce"):
                return sp.first_known
            case ex.Call(function="abs"):
                return sp.absolute
            case ex.Call(function=function):
                return sp.rising(function)
            case ex.Held():
                return self._held(node)
        return _PLAIN[type(node)]

    def _held(self, node: ex.Held) -> Operation:
        """What it is for each truth at this review: those at earlier reviews stay as they were."""
        at: dict[int, int] = {}
        for bit, truth in ((sp.TRUE, True), (sp.FALSE, False), (sp.UNKNOWN, None)):
            at[bit] = sp.mask_of(held(node, Trace(node.operand, truth), self.view, NO_NOTE).value)
        return sp.table(at)

    def _note(self, node: ex.Expr, parts: tuple[int, ...]) -> None:
        """What the facts directly below are compared with."""
        of = {index: fact for fact, index in self.leaves.items()}
        for part in parts:
            fact = of.get(part)
            if fact is None or isinstance(node, ex.Known):
                continue
            others = [self.at_rest[p] for p in parts if p != part]
            fixed = all(self.nodes[p].depends == 0 for p in parts if p != part)
            marks = self.compared[fact]
            if not isinstance(node, _COMPARING) or not fixed or parts.count(part) > 1:
                self.compared[fact] = None
            elif marks is not None:
                marks |= {o[0] for o in others if isinstance(o, tuple)}


_CONDITIONS = (ex.Not, ex.All, ex.Any_, ex.AtLeast, ex.Compare, ex.Between, ex.In, ex.Known, ex.Certain, ex.Possible,
               ex.Maybe, ex.Held)
_COMPARING = (ex.Compare, ex.Between, ex.In)

_at_least_as, _at_most = sp.comparison(">="), sp.comparison("<=")


def _between(of: Any, low: Any, high: Any) -> int:
    return sp.conjunction(_at_least_as(of, low), _at_most(of, high))


_PLAIN: dict[type[ex.Expr], Operation] = {
    ex.Not: sp.negation, ex.All: sp.conjunction, ex.Any_: sp.disjunction, ex.Between: _between, ex.Negate: sp.negative,
    ex.If: sp.choice, ex.Certain: sp.certain, ex.Possible: sp.possible, ex.Maybe: sp.maybe,
}

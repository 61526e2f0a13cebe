"""A plan to a network of rules for durable_rules.

A condition becomes two bits, *certain* (it is true) and *possible* (it is not false), each a gate over the
bits below it; unknown is possible and not certain. `not` swaps and turns the two. Comparisons are
durable_rules': of a fact with a constant, a test of the fact; of two facts, a join. What is calculated is
calculated by an action, when the rule fires that waits for its operands: integers are exact to 64
bits and a result beyond them is missing, of which durable_rules knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property

import attrs

from samrules.engines.durable_fence import EXACT
from samrules.engines.durable_network import (
    FALSE,
    TRUE,
    Bit,
    Network,
    Say,
    Source,
    Stored,
    Test,
    Work,
    bit,
)
from samrules.engines.durable_widths import Widths
from samrules.engines.interpreter import strict, value_of
from samrules.model import expressions as ex
from samrules.model.operators import FLIPPED, NEGATED
from samrules.model.types import Duration, Kind, Value
from samrules.plan.plan import Plan

_SIGNS = {"=": "$eq", "!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_REFLEXIVE = ("=", "<=", ">=")


@attrs.frozen
class Truth:
    """A condition: whether it is certain, whether it is possible."""

    certain: Bit
    possible: Bit


UNKNOWN = Truth(FALSE, TRUE)


@attrs.frozen
class Constant:
    """A value that is known before any fact is, None where it is missing."""

    value: Value | None


Lowered = Truth | Source | Constant


@attrs.frozen
class StoredTruth:
    """Where the truth of a step is found; a bool where the bit is constant."""

    certain: Stored | bool
    possible: Stored | bool


@attrs.frozen
class Program:
    """A lowered plan: the network, what is asserted into it, and where its results are.

    `facts` are the sources of facts by name, `held` those of what earlier reviews say; `results` has
    each step, `operands` what must be sustained. `operands_of` has where the inputs of a node to compute
    are found.
    """

    network: Network
    facts: Mapping[str, Source]
    held: Mapping[ex.Held, Source]
    results: Mapping[str, StoredTruth | Source | Constant]
    operands: Mapping[ex.Held, StoredTruth | Source | Constant]
    inputs: Mapping[ex.Expr, StoredTruth | Source | Constant]
    codes: Mapping[Value, float]


def lower(plan: Plan, parameters: Mapping[str, Value], *, past: bool = False) -> Program:
    """The program of a plan with the parameters of one day; with `past`, what matters at earlier reviews."""
    return _Lowering(plan, parameters).program(past=past)


def code_of(value: Value, codes: Mapping[Value, float]) -> float | None:
    """The double that stands for a value, or None for an integer that no double is sure to be.

    Dates are numbered by day; texts, words and durations have codes of a dictionary.
    """
    if isinstance(value, bool):
        raise TypeError("a truth is no value")
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        return float(value) if -EXACT < value < EXACT else None
    return float(value.toordinal()) if isinstance(value, date) else codes[value]


@attrs.define(eq=False, slots=False)
class _Lowering:
    plan: Plan
    parameters: Mapping[str, Value]
    network: Network = attrs.field(factory=Network)
    facts: dict[str, Source] = attrs.field(factory=dict)
    held: dict[ex.Held, Source] = attrs.field(factory=dict)
    inputs: dict[ex.Expr, StoredTruth | Source | Constant] = attrs.field(factory=dict)
    codes: dict[Value, float] = attrs.field(factory=dict)
    done: dict[ex.Expr, Lowered] = attrs.field(factory=dict)
    compared: dict[ex.Compare, Truth] = attrs.field(factory=dict)
    whole: dict[Truth, Truth] = attrs.field(factory=dict)
    results: dict[str, Lowered] = attrs.field(factory=dict)

    @cached_property
    def widths(self) -> Widths:
        return Widths(self.plan, self.parameters)

    def program(self, *, past: bool) -> Program:
        for step in self.plan.steps:
            if not past or step.name in self.plan.past:
                self.results[step.name] = self.lower(step.expr)
        operands: dict[ex.Held, StoredTruth | Source | Constant] = {}
        for step in self.plan.steps if past else ():
            for node in ex.walk(step.expr):
                if isinstance(node, ex.Held):
                    operands[node] = self.result(self.lower(node.operand))
        results = {name: self.result(lowered) for name, lowered in self.results.items()}
        return Program(self.network, self.facts, self.held, results, operands, self.inputs, self.codes)

    def result(self, lowered: Lowered) -> StoredTruth | Source | Constant:
        if not isinstance(lowered, Truth):
            return lowered
        whole = self.in_one(lowered)
        return StoredTruth(self.stored(whole.certain), self.stored(whole.possible))

    def in_one(self, truth: Truth) -> Truth:
        """A test of one fact is said in one fact, not its two bits in two."""
        holds, fails = truth.certain.one, truth.possible.zero
        open_ = tuple(t for t in truth.certain.zero if t not in fails)
        if truth.certain.stored or not open_ or truth.possible.one != (*holds, *open_):
            return truth
        if truth not in self.whole:
            source = self.network.source(f"test {len(self.whole)}", "truth")
            for tests, value in ((holds, True), (fails, False), (open_, None)):
                self.network.each(tests, Say(source, value))
            self.whole[truth] = self.of_truth(source)
        return self.whole[truth]

    def stored(self, wanted: Bit) -> Stored | bool:
        found = self.network.store(wanted)
        if found.constant is not None:
            return found.constant
        assert found.stored is not None
        return found.stored

    # --- nodes ---

    def lower(self, node: ex.Expr) -> Lowered:
        if node not in self.done:
            self.done[node] = self.name(node) if isinstance(node, ex.Name) else \
                self.constant(node) if isinstance(node, ex.Literal) else \
                self.condition(node) if self.is_condition(node) else self.computed(node)
        return self.done[node]

    def truth(self, node: ex.Expr) -> Truth:
        lowered = self.lower(node)
        if isinstance(lowered, Constant) and lowered.value is None:
            return UNKNOWN
        assert isinstance(lowered, Truth)
        return lowered

    def is_condition(self, node: ex.Expr) -> bool:
        """Whether a node has a truth, not a value."""
        match node:
            case ex.Literal(value=value):
                return isinstance(value, bool)
            case ex.Name(name=name) if name in self.results:
                return isinstance(self.results[name], Truth)
            case ex.Name(name=name) if name in self.parameters:
                return isinstance(self.parameters[name], bool)
            case ex.Name(name=name):
                return name in self.plan.facts and self.plan.facts[name].type.kind is Kind.BOOLEAN
            case ex.If(then=then, otherwise=otherwise):
                return self.is_condition(then) or self.is_condition(otherwise)
            case ex.Call(arguments=arguments):
                return any(map(self.is_condition, arguments))
        return not isinstance(node, ex.Arithmetic | ex.Negate | ex.Cutoff)

    def constant(self, node: ex.Literal) -> Lowered:
        return self.given(node.value)

    def given(self, value: Value | None) -> Lowered:
        if isinstance(value, bool):
            return Truth(TRUE, TRUE) if value else Truth(FALSE, FALSE)
        if isinstance(value, str | Duration):
            self.codes.setdefault(value, float(len(self.codes)))
        return Constant(value)

    def name(self, node: ex.Name) -> Lowered:
        name = node.name
        if name in self.results:
            return self.results[name]
        if name in self.parameters:
            return self.given(self.parameters[name])
        source = self.network.source(f"fact {name}", "truth" if self.is_condition(node) else "value")
        self.facts[name] = source
        return self.of_truth(source) if source.form == "truth" else source

    def of_truth(self, source: Source) -> Truth:
        return Truth(bit(source, "c"), bit(source, "p"))

    # --- conditions ---

    def condition(self, node: ex.Expr) -> Truth:
        net = self.network
        match node:
            case ex.Not(operand=operand):
                return self.negated(self.truth(operand))
            case ex.All(operands=operands):
                return self.each(net.all_of, [self.truth(o) for o in operands])
            case ex.Any_(operands=operands):
                return self.each(net.any_of, [self.truth(o) for o in operands])
            case ex.AtLeast(count=count, operands=operands):
                return self.each(lambda bits: net.at_least(count, bits), [self.truth(o) for o in operands])
            case ex.Compare(operator=operator, left=left, right=right):
                return self.compare(operator, left, right)
            case ex.Between(subject=subject, low=low, high=high):
                return self.each(net.all_of, [self.compare(">=", subject, low), self.compare("<=", subject, high)])
            case ex.In(subject=subject, items=items):
                return self.each(net.any_of, [self.compare("=", subject, item) for item in items])
            case ex.Known(subject=subject, known=known):
                found = self.known(subject)
                return Truth(found, found) if known else Truth(~found, ~found)
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                return self.choice(*map(self.truth, (condition, then, otherwise)))
            case ex.Call(function="coalesce", arguments=arguments):
                return self.first_known([self.truth(a) for a in arguments])
            case ex.Certain(operand=operand):
                certain = self.truth(operand).certain
                return Truth(certain, certain)
            case ex.Possible(operand=operand):
                possible = self.truth(operand).possible
                return Truth(possible, possible)
            case ex.Maybe(certain=certain_, possible=possible_):
                certain = self.truth(certain_).certain
                return Truth(certain, net.any_of([certain, self.truth(possible_).certain]))
            case ex.Held(operand=operand):
                source = self.held.setdefault(node, net.source(f"held {len(self.held)}", "truth"))
                return self.each(net.all_of, [self.truth(operand), self.of_truth(source)])
        raise TypeError(f"the engine durable does not know {type(node).__name__}")

    def negated(self, truth: Truth) -> Truth:
        return Truth(~truth.possible, ~truth.certain)

    def each(self, combine: Callable[[list[Bit]], Bit], truths: list[Truth]) -> Truth:
        """And, or, at least: monotone, so their certain form is of certain forms, their possible of possible."""
        return Truth(combine([t.certain for t in truths]), combine([t.possible for t in truths]))

    def choice(self, condition: Truth, then: Truth, otherwise: Truth) -> Truth:
        """The branch taken; where the condition is unknown, what both branches agree on."""
        net = self.network

        def holds(then_: Bit, otherwise_: Bit) -> Bit:
            return net.any_of([net.all_of([condition.certain, then_]),
                               net.all_of([~condition.possible, otherwise_]), net.all_of([then_, otherwise_])])

        return Truth(holds(then.certain, otherwise.certain), ~holds(~then.possible, ~otherwise.possible))

    def first_known(self, truths: list[Truth]) -> Truth:
        first, net = truths[0], self.network
        if len(truths) == 1:
            return first
        rest = self.first_known(truths[1:])
        return Truth(net.any_of([first.certain, net.all_of([first.possible, rest.certain])]),
                     net.all_of([first.possible, net.any_of([first.certain, rest.possible])]))

    def known(self, subject: ex.Expr) -> Bit:
        lowered = self.lower(subject)
        if isinstance(lowered, Truth):
            return self.network.any_of([lowered.certain, ~lowered.possible])
        if isinstance(lowered, Constant):
            return FALSE if lowered.value is None else TRUE
        return Bit((Test(lowered, (("n", "$ex", 1.0),)), Test(lowered, (("b", "$ex", 1.0),))), (_missing(lowered),))

    # --- comparisons ---

    def compare(self, operator: str, left: ex.Expr, right: ex.Expr) -> Truth:
        a, b = self.lower(left), self.lower(right)
        if isinstance(a, Truth) or isinstance(b, Truth):
            same = self.same(self.truth(left), self.truth(right))
            return same if operator == "=" else self.negated(same)
        if isinstance(a, Constant):
            if isinstance(b, Constant):
                found = strict(operator, [a.value, b.value])
                return UNKNOWN if found is None else Truth(TRUE, TRUE) if found else Truth(FALSE, FALSE)
            return self.with_constant(FLIPPED[operator], b, right, a.value, ex.Compare(operator, left, right))
        if isinstance(b, Constant):
            return self.with_constant(operator, a, left, b.value, ex.Compare(operator, left, right))
        if a is b:
            known = self.known(left)
            return Truth(known, TRUE) if operator in _REFLEXIVE else Truth(FALSE, ~known)
        return self.of_two(ex.Compare(operator, left, right), a, b)

    def same(self, a: Truth, b: Truth) -> Truth:
        net = self.network
        both = net.any_of([net.all_of([a.certain, b.certain]), net.all_of([~a.possible, ~b.possible])])
        differ = net.any_of([net.all_of([a.certain, ~b.possible]), net.all_of([~a.possible, b.certain])])
        return Truth(both, ~differ)

    def with_constant(self, operator: str, source: Source, node: ex.Expr, value: Value | None,
                      whole: ex.Compare) -> Truth:
        """A test of one fact. An integer beyond 2**53 is said to be far off, which is all that a smaller
        constant asks; of a larger constant the action is asked."""
        if value is None:
            return UNKNOWN
        wide = self.widths.wide(node)
        constant = code_of(value, self.codes)
        if wide and (constant is None or abs(constant) >= EXACT):
            return self.decided(whole, [source])
        if constant is None:
            assert isinstance(value, int)
            constant = float(value)  # it meets a double, and as a double
        holds = _tests(source, operator, constant, wide=wide)
        fails = _tests(source, NEGATED[operator], constant, wide=wide)
        missing = _missing(source)
        return Truth(Bit(holds, (*fails, missing)), Bit((*holds, missing), fails))

    def of_two(self, node: ex.Compare, a: Source, b: Source) -> Truth:
        """A join of two facts, unless one is an integer beyond 2**53: then the action decides."""
        if node in self.compared:
            return self.compared[node]
        net = self.network
        source = net.source(f"comparison {len(net.sources)}", "truth")
        self.compared[node] = self.of_truth(source)
        net.compare(a, _SIGNS[node.operator], b, Say(source, True))
        net.compare(a, _SIGNS[NEGATED[node.operator]], b, Say(source, False))
        net.each([_missing(a), _missing(b)], Say(source, None))
        wide_a, wide_b = (Test(s, (("b", "$ex", 1.0),)) for s in (a, b))
        if self.widths.wide(node.left):
            self.waits(node)
            net.join([[wide_a], [Test(b, (("n", "$ex", 1.0),)), wide_b]], Work(source, node))
        if self.widths.wide(node.right):
            self.waits(node)
            net.join([[Test(a, (("n", "$ex", 1.0),))], [wide_b]], Work(source, node))
        return self.compared[node]

    def decided(self, node: ex.Compare, sources: list[Source]) -> Truth:
        """A comparison that an action makes, once the rule fires that waits for its operands."""
        if node not in self.compared:
            self.waits(node)
            source = self.network.source(f"comparison {len(self.network.sources)}", "truth")
            self.network.join_all([Test(s) for s in sources], Work(source, node))
            self.compared[node] = self.of_truth(source)
        return self.compared[node]

    # --- values ---

    def computed(self, node: ex.Expr) -> Lowered:
        """A value that an action computes, once the rule fires that waits for its operands."""
        tests = self.waits(node)
        if not tests:
            return self.given(self.folded(node))
        source = self.network.source(f"value {len(self.network.sources)}", "value")
        self.network.join_all(tests, Work(source, node))
        return source

    def folded(self, node: ex.Expr) -> Value | None:
        """The value of a node that rests on constants alone."""
        if node in self.inputs:
            found = self.inputs[node]
            if isinstance(found, StoredTruth):
                return True if found.certain is True else None if found.possible is True else False
            assert isinstance(found, Constant)
            return found.value
        return value_of(node, [self.folded(child) for child in ex.children(node)])

    def waits(self, node: ex.Expr) -> list[Test]:
        """The facts to wait for before a node can be computed, its inputs noted."""
        tests: dict[Test, None] = {}
        stack = [node]
        while stack:
            current = stack.pop()
            if isinstance(current, ex.Cutoff):
                tests[Test(self.fact("as_of"))] = None
            if isinstance(current, ex.Name | ex.Literal) or (current is not node and self.is_condition(current)):
                found = self.inputs[current] = self.result(self.lower(current))
                for source in _sources(found):
                    tests[source] = None
            else:
                stack.extend(ex.children(current))
        return list(tests)

    def fact(self, name: str) -> Source:
        lowered = self.lower(ex.Name(name))
        assert isinstance(lowered, Source)
        return lowered


def _missing(source: Source) -> Test:
    return Test(source, (("m", "$ex", 1.0),))


def _tests(source: Source, operator: str, constant: float, *, wide: bool) -> tuple[Test, ...]:
    """The facts of a source that compare so with a constant."""
    properties = ("n", "b") if wide else ("n",)
    return tuple(Test(source, ((p, _SIGNS[operator], constant),)) for p in properties)


def _sources(found: StoredTruth | Source | Constant) -> list[Test]:
    """What says that an input is there."""
    if isinstance(found, Source):
        return [Test(found)]
    if isinstance(found, StoredTruth):
        stored = [s for s in (found.certain, found.possible) if isinstance(s, Stored)]
        return list(dict.fromkeys(Test(s.source) for s in stored))
    return []

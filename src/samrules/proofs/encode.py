"""The core in the solver's terms: one account at one review. `interpreter.value_of` is what it must agree with."""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import attrs

from samrules.engines.interpreter import value_of
from samrules.model import expressions as ex
from samrules.model.operators import FLIPPED
from samrules.model.types import INTEGER_LIMIT, Value
from samrules.plan.plan import Plan
from samrules.proofs.rounding import Rounding
from samrules.proofs.solver import Terms, Z
from samrules.proofs.terms import Codes, Encoded, Length, NotEncoded, Term, Truth, constant


class Calendar(Protocol):
    """The day of a review, and the days so long before it."""

    def day(self) -> Term: ...

    def before(self, length: Length) -> Term: ...


Past = Callable[[ex.Held, Truth], Truth]
"""Whether something held at the latest reviews, from whether it holds now."""


_COMPARED: dict[str, Callable[[Z, Z], Z]] = {"=": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}


@attrs.define
class World:
    """An account at a review: every step in the solver's terms, made when it is first asked for."""

    z: Terms
    plan: Plan
    facts: Mapping[str, Encoded]
    parameters: Mapping[str, Value]
    calendar: Calendar
    rounding: Rounding
    codes: Codes
    past: Past
    _steps: dict[str, ex.Expr] = attrs.field(init=False)
    _made: dict[str, Encoded] = attrs.field(factory=dict)
    _nodes: dict[int, tuple[ex.Expr, Encoded]] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._steps = {s.name: s.expr for s in self.plan.steps}

    # --- what is asked of a world ---

    def truth(self, node: ex.Expr) -> Truth:
        found = self.of(node)
        if isinstance(found, Term) and found.value is None:
            return Truth(self.no, self.no)
        if not isinstance(found, Truth):
            raise NotEncoded("a value where a condition belongs")
        return found

    def rule(self, step: str) -> Truth:
        return self.truth(ex.Name(step))

    def term(self, node: ex.Expr) -> Term:
        found = self.of(node)
        if not isinstance(found, Term):
            raise NotEncoded("a condition where a value belongs")
        return found

    def of(self, node: ex.Expr) -> Encoded:
        kept = self._nodes.get(id(node))
        if kept is None:
            kept = self._nodes[id(node)] = (node, self._encode(node))  # the node is kept, so that its id stays its own
        return kept[1]

    @property
    def yes(self) -> Z:
        return self.z.truth(True)

    @property
    def no(self) -> Z:
        return self.z.truth(False)

    # --- nodes ---

    def _encode(self, node: ex.Expr) -> Encoded:
        z = self.z
        match node:
            case ex.Literal(value=value):
                return constant(value, z, self.codes, doubles=self.rounding.doubles)
            case ex.Name(name=name):
                return self._name(name)
            case ex.Not(operand=operand):
                inner = self.truth(operand)
                return Truth(inner.false, inner.true)
            case ex.All(operands=operands):
                return self._all([self.truth(o) for o in operands])
            case ex.Any_(operands=operands):
                return self._any([self.truth(o) for o in operands])
            case ex.AtLeast(count=count, operands=operands):
                parts = [self.truth(o) for o in operands]
                return Truth(z.at_least(count, [p.true for p in parts]),
                             z.no(z.at_least(count, [z.no(p.false) for p in parts])))
            case ex.Compare(operator=operator, left=left, right=right):
                return self._compare(operator, self.of(left), self.of(right))
            case ex.Between(subject=subject, low=low, high=high):
                return self._all([self._compare(">=", self.of(subject), self.of(low)),
                                  self._compare("<=", self.of(subject), self.of(high))])
            case ex.In(subject=subject, items=items):
                return self._any([self._compare("=", self.of(subject), self.of(i)) for i in items])
            case ex.Known(subject=subject, known=known):
                is_known = self._known(self.of(subject))
                return Truth(is_known, z.no(is_known)) if known else Truth(z.no(is_known), is_known)
            case ex.Arithmetic() | ex.Negate():
                return self._calculate(node)
            case ex.Call(function="coalesce", arguments=arguments):
                return self._first_known([self.of(a) for a in arguments])
            case ex.Call(function="millionth", arguments=(argument,)):
                inner_ = self.term(argument)
                if inner_.constant is not None:
                    return self._folded(node, [inner_])
                return Term(inner_.known, self.rounding.millionth(self._real(inner_), node), False)
            case ex.Call(function=function, arguments=arguments):
                return self._extreme(function, [self.term(a) for a in arguments])
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                return self._if(self.truth(condition), self.of(then), self.of(otherwise))
            case ex.Certain(operand=operand):
                inner = self.truth(operand)
                return Truth(inner.true, z.no(inner.true))
            case ex.Possible(operand=operand):
                inner = self.truth(operand)
                return Truth(z.no(inner.false), inner.false)
            case ex.Maybe(certain=certain, possible=possible):
                surely, perhaps = self.truth(certain).true, self.truth(possible).true
                return Truth(surely, z.all([z.no(surely), z.no(perhaps)]))
            case ex.Cutoff(duration=duration):
                length = self.of(duration)
                if not isinstance(length, Length):
                    raise NotEncoded("an age compared with what is no duration")
                return self.calendar.before(length)
            case ex.Held(operand=operand):
                return self.past(node, self.truth(operand))
        raise NotEncoded(f"`{type(node).__name__}`")

    def _name(self, name: str) -> Encoded:
        if name in self._steps:
            if name not in self._made:
                self._made[name] = self.of(self._steps[name])
            return self._made[name]
        if name in self.plan.parameters:
            return constant(self.parameters[name], self.z, self.codes, doubles=self.rounding.doubles)
        if name == "as_of":
            return self.calendar.day()
        return self.facts[name]

    # --- conditions ---

    def _all(self, parts: Sequence[Truth]) -> Truth:
        return Truth(self.z.all([p.true for p in parts]), self.z.any([p.false for p in parts]))

    def _any(self, parts: Sequence[Truth]) -> Truth:
        return Truth(self.z.any([p.true for p in parts]), self.z.all([p.false for p in parts]))

    def _known(self, value: Encoded) -> Z:
        if isinstance(value, Length):
            return self.z.any([condition for condition, _ in value.cases])
        return self.z.any([value.true, value.false]) if isinstance(value, Truth) else value.known

    def _compare(self, operator: str, left: Encoded, right: Encoded) -> Truth:
        z = self.z
        if isinstance(left, Length) or isinstance(right, Length):
            raise NotEncoded("a comparison of durations")
        if self._never(left) or self._never(right):
            return Truth(self.no, self.no)
        known = z.all([self._known(left), self._known(right)])
        if isinstance(left, Truth) or isinstance(right, Truth):
            assert isinstance(left, Truth)
            assert isinstance(right, Truth)
            holds = left.true == right.true
            holds = holds if operator == "=" else z.no(holds)
        else:
            if right.quotient is not None and left.constant is not None:
                left, right, operator = right, left, FLIPPED[operator]
            if left.quotient is not None and right.constant is not None:
                holds = self._of_a_quotient(operator, left.quotient, self._real(right))
            else:
                a, b = self._alike(left, right)
                if not (left.whole and right.whole):
                    self.rounding.meets(a, b)
                holds = _COMPARED[operator](a, b)
        return Truth(z.all([known, holds]), z.all([known, z.no(holds)]))

    def _of_a_quotient(self, operator: str, quotient: tuple[Z, Z], bound: Z) -> Z:
        """`a / b >= 3` without a division, which the solver is slow at."""
        above, below = quotient
        self.rounding.meets(above, bound * below)
        return self.z.choose(below > 0, _COMPARED[operator](above, bound * below), _COMPARED[FLIPPED[operator]](above, bound * below))

    def _never(self, value: Encoded) -> bool:
        return isinstance(value, Term) and value.value is None

    # --- values ---

    def _real(self, term: Term) -> Z:
        """As a double: a whole number that is too long for one is rounded."""
        if not term.whole:
            return term.value
        if term.constant is not None:
            return self.z.fraction(float(term.constant))
        value = self.z.as_real(term.value)
        return self.rounding.whole(value) if term.calculated else value

    def _alike(self, left: Term, right: Term) -> tuple[Z, Z]:
        return (left.value, right.value) if left.whole and right.whole else (self._real(left), self._real(right))

    def _folded(self, node: ex.Expr, parts: Sequence[Term]) -> Encoded:
        """What the interpreter makes of constants, to the last bit."""
        return constant(value_of(node, [p.constant for p in parts]), self.z, self.codes, doubles=self.rounding.doubles)

    def _calculate(self, node: ex.Arithmetic | ex.Negate) -> Encoded:
        z = self.z
        parts = [self.term(child) for child in ex.children(node)]
        if any(p.value is None for p in parts):
            return Term(self.no, None)
        if all(p.constant is not None for p in parts):
            return self._folded(node, parts)
        left, right = parts if isinstance(node, ex.Arithmetic) else (Term(self.yes, z.whole(0), True, 0), parts[0])
        operator = node.operator if isinstance(node, ex.Arithmetic) else "-"
        known = z.all([left.known, right.known])
        if left.whole and right.whole and operator != "/":
            a, b = left.value, right.value
            result = a + b if operator == "+" else a - b if operator == "-" else a * b
            return Term(z.all([known, result >= -INTEGER_LIMIT, result < INTEGER_LIMIT]), result, calculated=True)
        a, b = self._real(left), self._real(right)
        if operator == "/":
            known = z.all([known, b != 0])
            exact = a / b
        else:
            exact = a + b if operator == "+" else a - b if operator == "-" else a * b
        if not isinstance(node, ex.Arithmetic):
            return Term(known, exact, False)  # a sign is never rounded
        quotient = (a, b) if operator == "/" and right.constant is None and not self.rounding.doubles else None
        return Term(z.all([known, self.rounding.exists(exact)]), self.rounding.double(exact, node, (a, b)), False, quotient=quotient)

    def _extreme(self, function: str, parts: Sequence[Term]) -> Term:
        z = self.z
        if any(p.value is None for p in parts):
            return Term(self.no, None)
        whole = all(p.whole for p in parts)
        values = [p.value if whole else self._real(p) for p in parts]
        known = z.all([p.known for p in parts])
        if function == "abs":
            size = z.choose(values[0] >= 0, values[0], -values[0])
            return Term(z.all([known, size < INTEGER_LIMIT]) if whole else known, size, whole, calculated=parts[0].calculated)
        if function not in ("min", "max"):
            raise NotEncoded(f"`{function}`")
        best = values[0]
        for value in values[1:]:
            best = z.choose(value < best if function == "min" else value > best, value, best)
        return Term(known, best, whole, calculated=any(p.calculated for p in parts))

    def _first_known(self, parts: Sequence[Encoded]) -> Encoded:
        found = parts[-1]
        for part in reversed(parts[:-1]):
            found = self._choose(self._known(part), part, found)
        return found

    def _if(self, condition: Truth, then: Encoded, otherwise: Encoded) -> Encoded:
        """The branch taken; where that is unknown, what both agree on."""
        z = self.z
        if isinstance(then, Length) or isinstance(otherwise, Length):
            return self._lengths(condition, then, otherwise)
        taken = self._choose(condition.true, then, otherwise)
        agree = self._compare("=", then, otherwise).true
        settled = z.any([condition.true, condition.false, agree])
        if isinstance(taken, Truth):
            return Truth(z.all([settled, taken.true]), z.all([settled, taken.false]))
        assert isinstance(taken, Term)
        return attrs.evolve(taken, known=z.all([settled, taken.known]), constant=None, quotient=None)

    def _lengths(self, condition: Truth, then: Encoded, otherwise: Encoded) -> Length:
        z = self.z
        if not (isinstance(then, Length) and isinstance(otherwise, Length)):
            raise NotEncoded("a duration that may be missing")
        cases = [(z.all([condition.true, c]), d) for c, d in then.cases] + [(z.all([condition.false, c]), d) for c, d in otherwise.cases]
        unknown = z.no(z.any([condition.true, condition.false]))
        cases += [(z.all([unknown, a, b]), d) for a, d in then.cases for b, e in otherwise.cases if d == e]
        return Length(tuple(cases))

    def _choose(self, condition: Z, first: Encoded, second: Encoded) -> Encoded:
        """The first where the condition is met, else the second."""
        z = self.z
        if isinstance(first, Length) and isinstance(second, Length):
            return Length((*((z.all([condition, c]), d) for c, d in first.cases),
                           *((z.all([z.no(condition), c]), d) for c, d in second.cases)))
        first, second = self._of_a_kind(first, second), self._of_a_kind(second, first)
        if isinstance(first, Truth) and isinstance(second, Truth):
            return Truth(z.choose(condition, first.true, second.true), z.choose(condition, first.false, second.false))
        if not (isinstance(first, Term) and isinstance(second, Term)):
            raise NotEncoded("a choice between a condition and a value")
        if first.value is None or second.value is None:
            other = second if first.value is None else first
            return Term(z.choose(condition, first.known, second.known), other.value, other.whole)
        a, b = self._alike(first, second)
        return Term(z.choose(condition, first.known, second.known), z.choose(condition, a, b), first.whole and second.whole,
                    calculated=first.calculated or second.calculated)

    def _of_a_kind(self, value: Encoded, other: Encoded) -> Encoded:
        """What is never known, as a condition where it meets one."""
        return Truth(self.no, self.no) if isinstance(other, Truth) and self._never(value) else value

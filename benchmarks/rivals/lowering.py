"""A plan as two-valued formulas, which every rival can be given: the translation they all share.

Rivals know true and false only. So a condition becomes two formulas, *certain* (it is true) and *possible* (it
is not false), and what is missing is asked for by `Null`. A definition that is used becomes a named formula, or
two, in order; a rival computes each once. What is constant is folded, so that no rival does needless work.

Dates are numbers of days, parameters constants of the day. Earlier reviews are not translated.
"""

from __future__ import annotations

import itertools
import operator as op
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from samrules.engines.interpreter import date_before, parameters_at
from samrules.model import expressions as ex
from samrules.model.types import Duration, Kind
from samrules.plan.lower import possible_outcomes
from samrules.plan.plan import Plan
from samrules.rules import Rules

# --- formulas ------------------------------------------------------------------------------------


@attrs.frozen(cache_hash=True)
class Const:
    value: Any


@attrs.frozen(cache_hash=True)
class Ref:
    """A fact, or a formula that was named before. `fact` tells them apart."""

    name: str
    fact: bool


@attrs.frozen(cache_hash=True)
class Null:
    """Is a value missing."""

    of: Formula


@attrs.frozen(cache_hash=True)
class Is:
    """Is a boolean fact this one truth; a missing one is neither."""

    of: Ref
    truth: bool


@attrs.frozen(cache_hash=True)
class Compare:
    operator: str
    left: Formula
    right: Formula


@attrs.frozen(cache_hash=True)
class In:
    of: Formula
    items: tuple[Any, ...]


@attrs.frozen(cache_hash=True)
class Arithmetic:
    operator: str
    left: Formula
    right: Formula


@attrs.frozen(cache_hash=True)
class Least:
    """The smaller of two, or the larger."""

    function: str
    left: Formula
    right: Formula


@attrs.frozen(cache_hash=True)
class Floor:
    of: Formula


@attrs.frozen(cache_hash=True)
class If:
    condition: Formula
    then: Formula
    otherwise: Formula


@attrs.frozen(cache_hash=True)
class Not:
    of: Formula


@attrs.frozen(cache_hash=True)
class And:
    of: tuple[Formula, ...]


@attrs.frozen(cache_hash=True)
class Or:
    of: tuple[Formula, ...]


Formula = Const | Ref | Null | Is | Compare | In | Arithmetic | Least | Floor | If | Not | And | Or
TRUE, FALSE, NULL = Const(True), Const(False), Const(None)


def both(*parts: Formula) -> Formula:
    kept = dict.fromkeys(p for part in parts for p in (part.of if isinstance(part, And) else (part,)) if p != TRUE)
    if FALSE in kept:
        return FALSE
    return TRUE if not kept else next(iter(kept)) if len(kept) == 1 else And(tuple(kept))


def either(*parts: Formula) -> Formula:
    kept = dict.fromkeys(p for part in parts for p in (part.of if isinstance(part, Or) else (part,)) if p != FALSE)
    if TRUE in kept:
        return TRUE
    return FALSE if not kept else next(iter(kept)) if len(kept) == 1 else Or(tuple(kept))


def negated(part: Formula) -> Formula:
    if isinstance(part, Const):
        return Const(not part.value)
    return part.of if isinstance(part, Not) else Not(part)


# --- the translation -----------------------------------------------------------------------------


@attrs.frozen
class Program:
    """Named formulas in order, and the formulas that say which outcomes are possible.

    `facts` are those that are read; `whole` says of each whether it is a date.
    """

    facts: Mapping[str, bool]
    lets: Sequence[tuple[str, Formula]]
    outcomes: Mapping[str, Formula]
    unsettled: str


@attrs.frozen
class Truth:
    certain: Formula
    possible: Formula


@attrs.frozen
class Value:
    """A value; `there` says whether it is known, and only there it may be computed."""

    formula: Formula
    there: Formula


Lowered = Truth | Value
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}
_COMPUTE: dict[str, Callable[[Any, Any], Any]] = {"+": op.add, "-": op.sub, "*": op.mul, "/": op.truediv}


def program(rules: Rules, as_of: date) -> Program:
    """The translation of a ruleset's decision as of a day, for accounts without earlier reviews."""
    plan = rules._plan
    lowering = _Lowering(plan, as_of, parameters_at(plan, as_of))
    decision = plan.decision
    assert decision is not None and decision.decide.hit_policy != "collect"
    truths = [(r.outcome, ex.Name(r.step)) for r in decision.rules]
    outcomes = {o: lowering.truth(q).possible for o, q in possible_outcomes(decision.decide, list(truths)).items()}
    return Program(lowering.facts, lowering.lets, outcomes, decision.decide.unsettled)


def prepared(facts: Mapping[str, bool], row: Mapping[str, Any]) -> dict[str, Any]:
    """An account as rivals are handed it: the facts that are read, missing ones null, dates as numbers of days."""
    return {name: row[name].toordinal() if is_date and row.get(name) is not None else row.get(name)
            for name, is_date in facts.items()}


def answer(possible: Sequence[str], unsettled: str) -> tuple[str, bool]:
    """Outcome and whether it is settled, from the outcomes that are possible."""
    return (possible[0], True) if len(possible) == 1 else (unsettled, False)


@attrs.define
class _Lowering:
    plan: Plan
    day: date
    parameters: Mapping[str, Any]
    facts: dict[str, bool] = attrs.field(factory=dict)
    lets: list[tuple[str, Formula]] = attrs.field(factory=list)
    done: dict[ex.Expr, Lowered] = attrs.field(factory=dict)
    steps: dict[str, ex.Expr] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.steps = {s.name: s.expr for s in self.plan.steps}

    def lower(self, node: ex.Expr) -> Lowered:
        if node not in self.done:
            self.done[node] = self._lower(node)
        return self.done[node]

    def truth(self, node: ex.Expr) -> Truth:
        found = self.lower(node)
        if isinstance(found, Value):
            assert found.formula == NULL, node
            return Truth(FALSE, TRUE)
        return found

    def value(self, node: ex.Expr) -> Value:
        found = self.lower(node)
        assert isinstance(found, Value), node
        return found

    def _lower(self, node: ex.Expr) -> Lowered:
        match node:
            case ex.Literal(value=value):
                return self.constant(value)
            case ex.Name(name=name):
                return self.name(name)
            case ex.Not(operand=operand):
                a = self.truth(operand)
                return Truth(negated(a.possible), negated(a.certain))
            case ex.All(operands=operands):
                parts = [self.truth(o) for o in operands]
                return Truth(both(*(p.certain for p in parts)), both(*(p.possible for p in parts)))
            case ex.Any_(operands=operands):
                parts = [self.truth(o) for o in operands]
                return Truth(either(*(p.certain for p in parts)), either(*(p.possible for p in parts)))
            case ex.AtLeast(count=count, operands=operands):
                parts = [self.truth(o) for o in operands]
                ways = list(itertools.combinations(parts, count))
                return Truth(either(*(both(*(p.certain for p in w)) for w in ways)),
                             either(*(both(*(p.possible for p in w)) for w in ways)))
            case ex.Compare(operator=operator, left=left, right=right):
                return self.compare(operator, self.lower(left), self.lower(right))
            case ex.In(subject=subject, items=items):
                of = self.value(subject)
                found = In(of.formula, tuple(self.plain(self.value(i).formula) for i in items))
                return Truth(both(of.there, found), either(negated(of.there), found))
            case ex.Certain(operand=operand):
                certain = self.truth(operand).certain
                return Truth(certain, certain)
            case ex.Possible(operand=operand):
                possible = self.truth(operand).possible
                return Truth(possible, possible)
            case ex.Maybe(certain=certain_, possible=possible_):
                return Truth(self.truth(certain_).certain, self.truth(possible_).certain)
            case ex.Held(operand=operand, reviews=reviews, over=over):
                return self.truth(operand) if reviews == 1 and over is None else Truth(FALSE, FALSE)
            case ex.Cutoff(duration=duration):
                length = self.plain(self.value(duration).formula)
                assert isinstance(length, Duration)
                day = date_before(length, self.day)
                assert day is not None
                return Value(Const(day.toordinal()), TRUE)
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                return self.choice(self.truth(condition), self.value(then), self.value(otherwise))
            case ex.Call(function="coalesce", arguments=(first, second)):
                of, other = self.value(first), self.value(second)
                return of if of.there == TRUE else Value(If(of.there, of.formula, other.formula), either(of.there, other.there))
            case ex.Call(function="millionth", arguments=(first,)):
                of = self.value(first)
                million = Arithmetic("+", Arithmetic("*", of.formula, Const(1e6)), Const(0.5))
                return Value(Arithmetic("/", Floor(million), Const(1e6)), of.there)
            case ex.Call(function="min" | "max" as function, arguments=(first, second)):
                of, other = self.value(first), self.value(second)
                return Value(Least(function, of.formula, other.formula), both(of.there, other.there))
            case ex.Arithmetic(operator=operator, left=left, right=right):
                return self.arithmetic(operator, self.value(left), self.value(right))
            case ex.Negate(operand=operand):
                return self.arithmetic("-", Value(Const(0), TRUE), self.value(operand))
        raise NotImplementedError(f"{type(node).__name__} is not translated")

    def constant(self, value: Any) -> Lowered:
        if isinstance(value, bool):
            return Truth(Const(value), Const(value))
        if value is None:
            return Value(NULL, FALSE)
        return Value(Const(value.toordinal() if isinstance(value, date) else value), TRUE)

    def plain(self, formula: Formula) -> Any:
        assert isinstance(formula, Const)
        return formula.value

    def name(self, name: str) -> Lowered:
        if name in self.steps:
            return self.let(name.replace(":", "__").replace(".", "__"), self.lower(self.steps[name]))
        if name in self.parameters:
            return self.constant(self.parameters[name])
        if name == "as_of":
            return Value(Const(self.day.toordinal()), TRUE)
        kind = self.plan.facts[name].type.kind
        self.facts[name] = kind is Kind.DATE
        ref = Ref(name, True)
        if kind is Kind.BOOLEAN:
            return Truth(Is(ref, True), Not(Is(ref, False)))
        return Value(ref, Not(Null(ref)))

    def let(self, name: str, lowered: Lowered) -> Lowered:
        """Named, so that it is computed once; what is short stays where it is used."""
        if isinstance(lowered, Truth):
            certain = self.named(f"{name}__sure", lowered.certain)
            same = lowered.certain == lowered.possible
            return Truth(certain, certain if same else self.named(f"{name}__may", lowered.possible))
        if lowered.there == TRUE:
            return Value(self.named(name, lowered.formula), TRUE)
        ref = self.named(name, If(lowered.there, lowered.formula, NULL))
        return Value(ref, Not(Null(ref)))

    def named(self, name: str, formula: Formula) -> Formula:
        if isinstance(formula, Const | Ref | Is):
            return formula
        self.lets.append((name, formula))
        return Ref(name, False)

    def compare(self, operator: str, a: Lowered, b: Lowered) -> Truth:
        assert isinstance(a, Value) and isinstance(b, Value)
        if NULL in (a.formula, b.formula):
            return Truth(FALSE, TRUE)
        found = _COMPARE[operator](a.formula.value, b.formula.value) \
            if isinstance(a.formula, Const) and isinstance(b.formula, Const) else None
        formula = Const(found) if found is not None else Compare(operator, a.formula, b.formula)
        there = both(a.there, b.there)
        return Truth(both(there, formula), either(negated(there), formula))

    def arithmetic(self, operator: str, a: Value, b: Value) -> Value:
        there = both(a.there, b.there)
        if isinstance(a.formula, Const) and isinstance(b.formula, Const):
            return Value(Const(_COMPUTE[operator](a.formula.value, b.formula.value)), there)
        if operator == "/" and not isinstance(b.formula, Const):
            there = both(there, Compare("!=", b.formula, Const(0)))
        return Value(Arithmetic(operator, a.formula, b.formula), there)

    def choice(self, condition: Truth, then: Value, otherwise: Value) -> Value:
        assert condition.certain == condition.possible, "a choice on something unknown is not translated"
        there = If(condition.certain, then.there, otherwise.there) if then.there != otherwise.there else then.there
        return Value(If(condition.certain, then.formula, otherwise.formula), there)

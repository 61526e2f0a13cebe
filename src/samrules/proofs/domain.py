"""Facts as unknowns of the solver, within what they are declared to be, and values as the solver found them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from samrules.model.ruleset import Fact
from samrules.model.types import Kind, Type, Value
from samrules.proofs import solver
from samrules.proofs.rounding import EXACT
from samrules.proofs.solver import Terms, Z
from samrules.proofs.terms import Codes, Encoded, Length, Term, Truth

_NUMBERS = (Kind.NUMBER, Kind.RATIO, Kind.MONEY)


def unknown(fact: Fact, name: str, z: Terms) -> Encoded:
    """A fact of which nothing is told, not even whether it is known."""
    known = z.flag(f"{name} is known")
    if fact.type.kind is Kind.BOOLEAN:
        holds = z.flag(name)
        return Truth(z.all([known, holds]), z.all([known, z.no(holds)]))
    if fact.type.kind in _NUMBERS:
        return Term(known, z.real(name), False)
    return Term(known, z.integer(name))


def within(fact: Fact, value: Encoded, z: Terms, codes: Codes) -> Iterator[Z]:
    """What its declaration says of a fact. Numbers are taken to be no larger than whole numbers in a double can be."""
    if not isinstance(value, Term):
        return
    term, type_ = value.value, fact.type
    if type_.kind is Kind.ENUM:
        yield z.any([term == codes.code(word) for word in type_.words])
        return
    if type_.kind is Kind.TEXT:
        return
    low: Any
    high: Any
    if type_.kind is Kind.DATE:
        low, high = date.min.toordinal(), date.max.toordinal()
    elif type_.kind is Kind.ORDINAL:
        low, high = type_.low, type_.high
    else:
        low, high = -EXACT, EXACT
    declared = fact.range
    if declared is not None:
        low = max(low, _number(declared.low)) if declared.low is not None else low
        high = min(high, _number(declared.high)) if declared.high is not None else high
    yield term >= _q(low, z)
    yield term <= _q(high, z)


def known(value: Encoded, z: Terms) -> Z:
    if isinstance(value, Truth):
        return z.any([value.true, value.false])
    assert isinstance(value, Term)
    return value.known


def same(one: Encoded, other: Encoded, z: Terms) -> Z:
    """Whether two facts are both missing, or both known and equal."""
    if isinstance(one, Truth) and isinstance(other, Truth):
        return z.all([one.true == other.true, one.false == other.false])
    assert isinstance(one, Term)
    assert isinstance(other, Term)
    return z.all([one.known == other.known, z.implies(one.known, one.value == other.value)])


def below(one: Encoded, other: Encoded, z: Terms) -> Z:
    """Whether both are known and the other is higher: a number, a later day, yes instead of no."""
    if isinstance(one, Truth) and isinstance(other, Truth):
        return z.all([one.false, other.true])
    assert isinstance(one, Term)
    assert isinstance(other, Term)
    return z.all([one.known, other.known, one.value < other.value])


def read(model: Any, facts: Mapping[str, Fact], unknowns: Mapping[str, Encoded], z: Terms, codes: Codes,
         names: Iterable[str] | None = None) -> dict[str, Value]:
    """The facts that are known in a model, as values of their types."""
    found: dict[str, Value] = {}
    for name in sorted(unknowns if names is None else names):
        value = unknowns[name]
        if not isinstance(value, Length) and solver.truth_of(model, known(value, z)):
            found[name] = _value(model, value, facts[name].type, codes)
    return found


def _value(model: Any, value: Encoded, type_: Type, codes: Codes) -> Value:
    if isinstance(value, Truth):
        return solver.truth_of(model, value.true)
    assert isinstance(value, Term)
    number = solver.number_of(model, value.value)
    if type_.kind in _NUMBERS:
        return float(number)
    if type_.kind is Kind.DATE:
        return date.fromordinal(int(number))
    if type_.kind in (Kind.ENUM, Kind.TEXT):
        return codes.text(int(number))
    return int(number)


def _number(value: Value) -> int | Fraction:
    if isinstance(value, date):
        return value.toordinal()
    assert isinstance(value, int | float)
    return Fraction(value)


def _q(value: int | Fraction, z: Terms) -> Z:
    exact = Fraction(value)
    return z.whole(int(exact)) if exact.denominator == 1 else z.fraction(exact)

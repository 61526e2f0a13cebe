"""The solver, z3: the one file that imports it, when a proof is asked for."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from samrules.diagnostics import Diagnostic
from samrules.errors import EngineError

SEED = 7
"""The same question gets the same answer."""

Z = Any
"""A term of the solver, which has no types that Python could check."""


class Answer(enum.Enum):
    NONE = "no values meet it"
    SOME = "some values meet it"
    UNKNOWN = "the solver cannot tell"


def z3() -> Any:
    """The module. Raises EngineError where it is not installed."""
    try:
        import z3 as module
    except ImportError:
        raise EngineError([Diagnostic(
            "engine-missing", "proofs need the solver z3, which is not installed here",
            'install it with `pip install "samrules[proofs]"`', where="samrules prove")]) from None
    return module


class Terms:
    """Makes terms. Those of different makers never meet, so that no question hangs on those asked before it."""

    def __init__(self) -> None:
        self._z3 = z3()
        self._context = self._z3.Context()

    # unknowns and constants

    def flag(self, name: str) -> Z:
        return self._z3.Bool(name, self._context)

    def integer(self, name: str) -> Z:
        return self._z3.Int(name, self._context)

    def real(self, name: str) -> Z:
        return self._z3.Real(name, self._context)

    def truth(self, value: bool) -> Z:
        return self._z3.BoolVal(value, self._context)

    def whole(self, value: int) -> Z:
        return self._z3.IntVal(value, self._context)

    def fraction(self, value: Fraction | float) -> Z:
        exact = Fraction(value)
        return self._z3.Q(exact.numerator, exact.denominator, self._context)

    # conditions

    def all(self, parts: Iterable[Z]) -> Z:
        found = list(parts)
        return self._z3.And(found) if found else self.truth(True)

    def any(self, parts: Iterable[Z]) -> Z:
        found = list(parts)
        return self._z3.Or(found) if found else self.truth(False)

    def no(self, part: Z) -> Z:
        return self._z3.Not(part)

    def implies(self, condition: Z, what: Z) -> Z:
        return self._z3.Implies(condition, what)

    def at_least(self, count: int, parts: Iterable[Z]) -> Z:
        return self._z3.PbGe([(p, 1) for p in parts], count)

    # values

    def choose(self, condition: Z, then: Z, otherwise: Z) -> Z:
        return self._z3.If(condition, then, otherwise)

    def as_real(self, term: Z) -> Z:
        return self._z3.ToReal(term)

    def floor(self, term: Z) -> Z:
        return self._z3.ToInt(term)

    def is_real(self, term: Z) -> bool:
        return bool(self._z3.is_real(term))


def ask(conditions: Sequence[Z], seconds: float) -> tuple[Answer, Any]:
    """Whether some values meet all the conditions; with such values, as a model, where they do."""
    z = z3()
    solver = z.Solver(ctx=conditions[0].ctx)
    solver.set("timeout", max(1, int(seconds * 1000)))
    solver.set("random_seed", SEED)
    solver.add(*conditions)
    result = solver.check()
    if result == z.sat:
        return Answer.SOME, solver.model()
    return (Answer.NONE if result == z.unsat else Answer.UNKNOWN), None


def truth_of(model: Any, term: Z) -> bool:
    return bool(z3().is_true(model.eval(term, model_completion=True)))


def number_of(model: Any, term: Z) -> Fraction:
    """The number that a model gives a term; an irrational one to 20 digits."""
    value = model.eval(term, model_completion=True)
    if hasattr(value, "approx"):
        value = value.approx(20)
    return Fraction(value.as_fraction() if z3().is_rational_value(value) else value.as_long())

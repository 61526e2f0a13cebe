"""The solver, z3: the one file that imports it, when a proof is asked for."""

from __future__ import annotations

import enum
from fractions import Fraction
from typing import Any

from samrules.diagnostics import Diagnostic
from samrules.errors import EngineError

SEED = 7
"""The same question gets the same answer."""


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
            "no-solver", "proofs need the solver z3, which is not installed here",
            'install it with `pip install "samrules[proofs]"`', where="samrules prove")]) from None
    return module


def ask(conditions: list[Any], seconds: float) -> tuple[Answer, Any]:
    """Whether some values meet all the conditions; with such values, as a model, where they do."""
    z = z3()
    solver = z.Solver()
    solver.set("timeout", max(1, int(seconds * 1000)))
    solver.set("random_seed", SEED)
    solver.add(*conditions)
    result = solver.check()
    if result == z.sat:
        return Answer.SOME, solver.model()
    return (Answer.NONE if result == z.unsat else Answer.UNKNOWN), None


def truth_of(model: Any, term: Any) -> bool:
    return bool(z3().is_true(model.eval(term, model_completion=True)))


def number_of(model: Any, term: Any) -> Fraction:
    """The number that a model gives a term; an irrational one to 20 digits."""
    value = model.eval(term, model_completion=True)
    if hasattr(value, "approx"):
        value = value.approx(20)
    return Fraction(value.as_fraction() if z3().is_rational_value(value) else value.as_long())

"""The one table of operators and functions: name, signature, and the rule for missing operands.

The checker types expressions from it, the interpreter computes with it, `docs/semantics.md` prints
it. `compute` sees known values only; what happens when one is missing is `missing`.
"""

from __future__ import annotations

import enum
import math
import operator as op
from collections.abc import Callable
from typing import Any

import attrs

from samrules.model.types import INTEGER_LIMIT


class Missing(enum.Enum):
    """What an operator gives when an operand is missing."""

    STRICT = "missing, if any operand is"
    KLEENE = "strong Kleene: a known operand may decide"
    NEVER = "never missing"
    FIRST_KNOWN = "the first known operand"
    BRANCH = "the branch that is taken; if the condition is unknown, what both branches agree on"


class Signature(enum.Enum):
    """What an operator takes and gives."""

    LOGIC = "booleans to a boolean"
    EQUALITY = "two values of one type to a boolean"
    ORDER = "two ordered values of one type to a boolean"
    MEMBER = "a value and constants of its type to a boolean"
    PRESENCE = "any value to a boolean"
    ADD = "two numbers of one type to that type"
    MULTIPLY = "a number or an amount, by a number"
    DIVIDE = "a number or amount by another; like by like gives a number"
    SAME = "values of one type to that type"
    AGE = "a date to the time since then, to be compared with a duration"
    CHOICE = "a boolean and two values of one type to that type"


@attrs.frozen
class Operator:
    """One row of the table. `says` reads in a sentence: `revenue is at least 5M`."""

    name: str
    signature: Signature
    missing: Missing
    says: str
    compute: Callable[..., Any] | None = None
    """From known values to a value; None for a result that does not exist (division by zero)."""


def _finite(result: float) -> float | None:
    return result + 0.0 if math.isfinite(result) else None


def _exact(result: int) -> int | None:
    return result if -INTEGER_LIMIT <= result < INTEGER_LIMIT else None


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], int | float | None]:
    """Integers stay 64-bit integers, anything else is a double; overflow does not exist."""

    def calculate(a: float, b: float) -> int | float | None:
        if isinstance(a, int) and isinstance(b, int):
            return _exact(compute(a, b))
        return _finite(compute(float(a), float(b)))

    return calculate


def _divide(a: float, b: float) -> float | None:
    return None if b == 0 else _finite(float(a) / float(b))


def _compared(compute: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """An integer meets a double as a double, in this engine as in every other."""

    def compare(a: Any, b: Any) -> bool:
        if isinstance(a, float) or isinstance(b, float):
            a, b = float(a), float(b)
        return compute(a, b)

    return compare


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def chosen(*values: Any) -> Any:
        if any(isinstance(v, float) for v in values):
            values = tuple(float(v) for v in values)
        return choose(values)

    return chosen


def _millionth(value: float) -> float | None:
    """To a millionth, in steps that every engine can do alike: so that a sum of points that should be
    70 is 70, and not 69.99999999999999."""
    return _finite(math.floor(float(value) * 1e6 + 0.5) / 1e6)


def _absolute(value: float) -> int | float | None:
    return _exact(abs(value)) if isinstance(value, int) else abs(value)


_S, _M = Signature, Missing
OPERATORS: dict[str, Operator] = {
    o.name: o
    for o in (
        Operator("and", _S.LOGIC, _M.KLEENE, "and"),
        Operator("or", _S.LOGIC, _M.KLEENE, "or"),
        Operator("not", _S.LOGIC, _M.KLEENE, "not"),
        Operator("at_least", _S.LOGIC, _M.KLEENE, "at least this many of"),
        Operator("=", _S.EQUALITY, _M.STRICT, "is", _compared(op.eq)),
        Operator("!=", _S.EQUALITY, _M.STRICT, "is not", _compared(op.ne)),
        Operator("<", _S.ORDER, _M.STRICT, "below", _compared(op.lt)),
        Operator("<=", _S.ORDER, _M.STRICT, "at most", _compared(op.le)),
        Operator(">", _S.ORDER, _M.STRICT, "above", _compared(op.gt)),
        Operator(">=", _S.ORDER, _M.STRICT, "at least", _compared(op.ge)),
        Operator("between", _S.ORDER, _M.KLEENE, "between"),
        Operator("in", _S.MEMBER, _M.KLEENE, "one of"),
        Operator("is known", _S.PRESENCE, _M.NEVER, "known"),
        Operator("is missing", _S.PRESENCE, _M.NEVER, "missing"),
        Operator("+", _S.ADD, _M.STRICT, "plus", _arithmetic(op.add)),
        Operator("-", _S.ADD, _M.STRICT, "less", _arithmetic(op.sub)),
        Operator("*", _S.MULTIPLY, _M.STRICT, "times", _arithmetic(op.mul)),
        Operator("/", _S.DIVIDE, _M.STRICT, "divided by", _divide),
        Operator("min", _S.SAME, _M.STRICT, "the smallest of", _extreme(min)),
        Operator("max", _S.SAME, _M.STRICT, "the largest of", _extreme(max)),
        Operator("abs", _S.SAME, _M.STRICT, "the size of", _absolute),
        Operator("millionth", _S.SAME, _M.STRICT, "rounded", _millionth),
        Operator("coalesce", _S.SAME, _M.FIRST_KNOWN, "the first known of"),
        Operator("age", _S.AGE, _M.STRICT, "the time since"),
        Operator("if", _S.CHOICE, _M.BRANCH, "if"),
    )
}

FUNCTIONS = {"min": (2, 9), "max": (2, 9), "abs": (1, 1), "coalesce": (2, 9), "age": (1, 1)}
"""Each function an author may use, with the fewest and the most arguments it takes."""

NEGATED = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
FLIPPED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
"""`a < b` is `b > a`."""

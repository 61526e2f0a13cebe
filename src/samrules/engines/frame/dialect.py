"""What the engines say differently, where narwhals does not say it for them.

`decide_frame` names the engine for as long as it makes expressions; the terms ask here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any

import narwhals as nw

_ENGINE: ContextVar[nw.Implementation] = ContextVar("engine", default=nw.Implementation.POLARS)
_EXACT = float(1 << 53)
"""From here on doubles are whole."""


@contextmanager
def spoken(engine: nw.Implementation) -> Iterator[None]:
    """While this lasts, expressions are made for this engine."""
    before = _ENGINE.set(engine)
    try:
        yield
    finally:
        _ENGINE.reset(before)


def is_spark() -> bool:
    return _ENGINE.get() is nw.Implementation.PYSPARK


def day_literal(day: date) -> nw.Expr:
    if is_spark() and day.year < 1000:  # which PySpark hands over without leading zeros, and Java refuses
        return nw.lit(day.isoformat()).cast(nw.Date)
    return nw.lit(day, dtype=nw.Date)


def wide(expr: nw.Expr) -> nw.Expr:
    """Whole numbers of 64 bits in a type that holds the product of any two."""
    return expr.cast(nw.Decimal(20, 0) if is_spark() else nw.Int128)


def floor(expr: nw.Expr) -> nw.Expr:
    """The floor of a double, as a double: Spark makes a whole number of 64 bits of it."""
    if not is_spark():
        return expr.floor()
    return nw.when(expr.abs() < _EXACT).then(expr.floor().cast(nw.Float64)).otherwise(expr)


def text_of_double(expr: nw.Expr) -> nw.Expr:
    """A double as Python writes it, as far as the engine's own digits are the same."""
    shown = expr.cast(nw.String)
    for pattern, by in _REWRITTEN.get(_ENGINE.get(), ()):
        shown = shown.str.replace_all(pattern, by)
    return shown


def _java_to_python() -> Iterator[tuple[str, str]]:
    """Java writes `1.5E8` from 10^7 on and below 10^-3, Python `1.5e+16` from 10^16 on and below 10^-4."""
    for e in range(7, 16):
        yield rf"^(-?\d\.\d+)E{e}$", "$1" + "0" * e + f"E{e}"
        yield rf"^(-?\d)\.(\d{{{e}}})(\d+)E{e}$", "$1$2.$3"
    yield r"^(\d)\.(\d+)E-4$", "0.000$1$2"
    yield r"^-(\d)\.(\d+)E-4$", "-0.000$1$2"
    yield r"^(-?\d+\.\d+?)0+$", "$1"
    yield r"^(-?\d)\.0E", "$1E"
    yield r"E-(\d)$", "E-0$1"
    yield r"E(\d+)$", "e+$1"
    yield "E", "e"


_REWRITTEN: Mapping[nw.Implementation, Sequence[tuple[str, str]]] = {
    nw.Implementation.POLARS: (
        (r"e-(\d)$", "e-0$1"),
        (r"^(-?)0\.0000([1-9])$", "${1}${2}e-05"),
        (r"^(-?)0\.0000([1-9])(\d+)$", "${1}${2}.${3}e-05"),
    ),
    nw.Implementation.PYSPARK: tuple(_java_to_python()),
}


# --- which columns an expression names ---------------------------------------------------------------


def named_in(exprs: Iterable[nw.Expr]) -> frozenset[str]:
    """The columns that expressions name."""
    found: set[str] = set()
    stack: list[Any] = list(exprs)
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            found.add(part)  # a text that is no column does no harm
        elif isinstance(part, list | tuple):
            stack += part
        elif isinstance(part, nw.Expr):
            for node in part._nodes:  # narwhals has no public way
                stack += node.exprs
                stack += [node.kwargs.get(k, ()) for k in ("names", "partition_by", "order_by")]
    return frozenset(found)

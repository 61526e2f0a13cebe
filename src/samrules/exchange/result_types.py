"""Of what type of FEEL the decisions of an export are; `Any` where that is not one type for certain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from samrules.model import expressions as ex
from samrules.model.types import Value

ANY = "Any"
_TRUTH = (ex.Not, ex.All, ex.Any_, ex.AtLeast, ex.Compare, ex.Between, ex.In, ex.Known, ex.Certain, ex.Possible, ex.Maybe, ex.Held)


def type_of_value(value: Value | None) -> str:
    """Durations are of two types in FEEL, whose names differ between its versions: they stay `Any`."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "date" if isinstance(value, date) else "string" if isinstance(value, str) else ANY


def type_of(node: ex.Expr, known: Mapping[str, str]) -> str:
    """`known` has the types of the facts, the parameters and the steps before."""
    match node:
        case ex.Literal(value=value):
            return type_of_value(value)
        case ex.Name(name=name):
            return known.get(name, ANY)
        case ex.Arithmetic() | ex.Negate():
            return "number"
        case ex.Cutoff():
            return "date"
        case ex.Call(function="abs" | "millionth"):
            return "number"
        case ex.Call(arguments=arguments):  # min, max, coalesce: one of them
            return one_of(type_of(a, known) for a in arguments)
        case ex.If(then=then, otherwise=otherwise):
            return one_of(type_of(b, known) for b in (then, otherwise) if not (isinstance(b, ex.Literal) and b.value is None))
    return "boolean" if isinstance(node, _TRUTH) else ANY


def one_of(types: Iterable[str]) -> str:
    """The type that all are of."""
    found = set(types)
    return found.pop() if len(found) == 1 else ANY

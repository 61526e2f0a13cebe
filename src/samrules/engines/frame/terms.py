"""Terms: the values of expressions as dataframe expressions, with what is known of them beforehand.

A missing value, and the unknown truth, is null. Every function here means what the interpreter's does
on one account (`model/operators.py`); bounds that are known beforehand spare the checks for overflow.
"""

from __future__ import annotations

import itertools
import math
import operator as op
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import attrs
import narwhals as nw

from samrules.engines.frame.dialect import day_literal, floor, wide
from samrules.engines.interpreter import strict
from samrules.model.types import INTEGER_LIMIT, Duration, Kind, Value

BOOL, INT, FLOAT, DATE, TEXT, SPAN, NOTHING = "bool", "int", "float", "date", "text", "span", "nothing"
DTYPES: dict[str, Any] = {BOOL: nw.Boolean, INT: nw.Int64, FLOAT: nw.Float64, DATE: nw.Date, TEXT: nw.String,
                          SPAN: nw.Int64, NOTHING: nw.String}
_SORTS = {Kind.BOOLEAN: BOOL, Kind.INTEGER: INT, Kind.ORDINAL: INT, Kind.NUMBER: FLOAT, Kind.RATIO: FLOAT,
          Kind.MONEY: FLOAT, Kind.DATE: DATE, Kind.TEXT: TEXT, Kind.ENUM: TEXT, Kind.DURATION: SPAN}
_LEAST_INT, _MOST_INT = -INTEGER_LIMIT, INTEGER_LIMIT - 1
_LARGEST = 1.7976931348623157e308
_MANY_WAYS = 21
"""So many conjunctions `at_least` is written as; beyond, truths are counted."""


@attrs.frozen(eq=False)
class Term:
    """A value for every row.

    `sort` is its type in a frame; `layer` how many layers of columns it rests on; `known` whether it is
    never null; `low` and `high` bound a number; `value` is set for a constant (None: missing) and
    `spans` are the durations that a duration may be.
    """

    expr: nw.Expr
    sort: str
    layer: int = 0
    known: bool = False
    low: float = -math.inf
    high: float = math.inf
    constant: bool = False
    value: Value | None = None
    spans: frozenset[Duration] = frozenset()
    is_column: bool = False


Hold = Callable[[Term], Term]
"""Makes a term a column of its own, so that it is computed once."""


def sort_of(kind: Kind) -> str:
    return _SORTS[kind]


def constant(value: Value | None, sort: str | None = None) -> Term:
    """A constant; without a value it is missing in every row."""
    sort = sort or _sort_of_value(value)
    shown: Any = span_code(value) if isinstance(value, Duration) else value
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    low, high = (number, number) if number is not None else (-math.inf, math.inf)
    literal = day_literal(shown) if sort == DATE and shown is not None else nw.lit(shown, dtype=DTYPES[sort])
    return Term(literal, sort, 0, value is not None, low, high, True, value,
                frozenset({value}) if isinstance(value, Duration) else frozenset())


def _sort_of_value(value: Value | None) -> str:
    for types, sort in ((bool, BOOL), (int, INT), (float, FLOAT), (date, DATE), (str, TEXT), (Duration, SPAN)):
        if isinstance(value, types):
            return sort
    return NOTHING


def span_code(span: Duration) -> int:
    """A duration as a number, in the same order."""
    return span.months * 10_000_000 + span.days


def column(name: str, sort: str, layer: int = 0, *, known: bool = False, low: float = -math.inf,
           high: float = math.inf) -> Term:
    if sort == INT:
        low, high = max(low, _LEAST_INT), min(high, _MOST_INT)
    return Term(nw.col(name), sort, layer, known, low, high, is_column=True)


TRUE, FALSE, UNKNOWN = constant(True), constant(False), constant(None, BOOL)


def _layer(*terms: Term) -> int:
    return max((t.layer for t in terms), default=0)


# --- truth -------------------------------------------------------------------------------------


def negated(a: Term) -> Term:
    if a.constant:
        return UNKNOWN if a.value is None else constant(not a.value)
    return Term(~a.expr, BOOL, a.layer, a.known)


def every(terms: Sequence[Term]) -> Term:
    """Strong Kleene `and`."""
    if any(t.constant and t.value is False for t in terms):
        return FALSE
    return _joined([t for t in terms if not (t.constant and t.value is True)], TRUE, lambda a, b: a & b)


def some(terms: Sequence[Term]) -> Term:
    """Strong Kleene `or`."""
    if any(t.constant and t.value is True for t in terms):
        return TRUE
    return _joined([t for t in terms if not (t.constant and t.value is False)], FALSE, lambda a, b: a | b)


def _joined(terms: Sequence[Term], empty: Term, join: Callable[[nw.Expr, nw.Expr], nw.Expr]) -> Term:
    if all(t.constant for t in terms):
        return UNKNOWN if terms else empty  # only unknown ones are left
    if len(terms) == 1:
        return terms[0]
    exprs = [term.expr for term in terms]
    while len(exprs) > 1:  # in pairs: an expression of a thousand parts is ten deep
        exprs = [join(*pair) if len(pair) == 2 else pair[0] for pair in (exprs[i:i + 2] for i in range(0, len(exprs), 2))]
    return Term(exprs[0], BOOL, _layer(*terms), all(t.known for t in terms))


def certain(a: Term) -> Term:
    """Is it true."""
    if a.constant:
        return constant(a.value is True)
    return a if a.known else Term(a.expr.fill_null(False), BOOL, a.layer, True)


def possible(a: Term) -> Term:
    """Is it not false."""
    if a.constant:
        return constant(a.value is not False)
    return a if a.known else Term(a.expr.fill_null(True), BOOL, a.layer, True)


def maybe(sure: Term, may: Term) -> Term:
    """True where `sure` is, false where `may` is not, else unknown."""
    sure, may = certain(sure), certain(may)
    return some([sure, every([may, UNKNOWN])]) if not may.constant or may.value else sure


def at_least(count: int, terms: Sequence[Term]) -> Term:
    if count <= 0:
        return TRUE
    if count > len(terms):
        return FALSE
    if math.comb(len(terms), count) < _MANY_WAYS:
        return some([every(way) for way in itertools.combinations(terms, count)])
    enough = [_number_of([f(t) for t in terms]) >= count for f in (certain, possible)]
    layer = _layer(*terms)
    return maybe(*(Term(e, BOOL, layer, True) for e in enough))


def _number_of(truths: Sequence[Term]) -> nw.Expr:
    return nw.sum_horizontal(*(t.expr.cast(nw.Int32) for t in truths))


# --- choice ------------------------------------------------------------------------------------


def choice(condition: Term, then: Term, otherwise: Term, hold: Hold) -> Term:
    """`if`: with the condition unknown, the value only where both are known and equal."""
    if condition.constant and condition.value is not None:
        return then if condition.value else otherwise
    then, otherwise = alike(then, otherwise)
    if then.sort == NOTHING:
        return then  # neither has a value in any row
    layer = _layer(condition, then, otherwise)
    if then.sort == BOOL:
        both = every([then, otherwise])
        ways = [every([condition, then]), every([negated(condition), otherwise])]
        return some(ways if condition.known else [*map(hold, ways), both])
    if then.constant and otherwise.constant and then.value == otherwise.value:
        return then
    if condition.known:
        expr = nw.when(condition.expr).then(then.expr).otherwise(otherwise.expr)
    else:
        condition = hold(condition)
        last = compared("=", then, otherwise)
        agreed = None if last.constant and last.value is not True else nw.when(last.expr).then(then.expr)
        untrue = nw.when(~condition.expr).then(otherwise.expr)
        expr = nw.when(condition.expr).then(then.expr).otherwise(
            untrue.otherwise(agreed) if agreed is not None else untrue)
        layer = max(layer, condition.layer)
    known = condition.known and then.known and otherwise.known
    return Term(expr, then.sort, layer, known, min(then.low, otherwise.low), max(then.high, otherwise.high),
                spans=then.spans | otherwise.spans)


def first_known(terms: Sequence[Term]) -> Term:
    terms = alike(*terms)
    kept: list[Term] = []
    for term in terms:
        if term.constant and term.value is None:
            continue
        kept.append(term)
        if term.known:
            break
    if not kept:
        return constant(None, terms[0].sort)
    if len(kept) == 1:
        return kept[0]
    return Term(nw.coalesce(*(t.expr for t in kept)), kept[0].sort, _layer(*kept), kept[-1].known,
                min(t.low for t in kept), max(t.high for t in kept), spans=frozenset().union(*(t.spans for t in kept)))


def alike(*terms: Term) -> tuple[Term, ...]:
    """The terms in one type: numbers as doubles where one is, what is missing as what it stands beside."""
    sorts = {t.sort for t in terms} - {NOTHING}
    if not sorts:
        return terms
    sort = FLOAT if sorts == {INT, FLOAT} else sorts.pop()
    return tuple(constant(None, sort) if t.sort == NOTHING else as_double(t) if sort == FLOAT else t for t in terms)


def as_double(a: Term) -> Term:
    if a.sort != INT:
        return a
    if a.constant:
        return constant(None if a.value is None else float(a.value), FLOAT)  # type: ignore[arg-type]
    return Term(a.expr.cast(nw.Float64), FLOAT, a.layer, a.known, a.low, a.high)


# --- comparison and calculation ----------------------------------------------------------------

_COMPARE: dict[str, Callable[[nw.Expr, nw.Expr], nw.Expr]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}


def compared(operator: str, a: Term, b: Term) -> Term:
    if (a.constant and a.value is None) or (b.constant and b.value is None):
        return UNKNOWN
    if a.constant and b.constant:
        return constant(strict(operator, [a.value, b.value]), BOOL)
    a, b = alike(a, b)
    return Term(_COMPARE[operator](a.expr, b.expr), BOOL, _layer(a, b), a.known and b.known)


def among(subject: Term, items: Sequence[Term]) -> Term:
    """`x = a or x = b`, unknowns included."""
    values = [t.value for t in alike(subject, *items)[1:]]
    if subject.constant or not all(t.constant for t in items) or None in values or subject.sort == BOOL:
        return some([compared("=", subject, item) for item in items])
    subject = alike(subject, *items)[0]
    if len(values) == 1:
        return compared("=", subject, items[0])
    shown = [span_code(v) if isinstance(v, Duration) else v for v in values]
    return Term(subject.expr.is_in(shown), BOOL, subject.layer, subject.known)


def calculated(operator: str, a: Term, b: Term, hold: Hold) -> Term:
    """Whole numbers of 64 bits stay so, all else is a double; what is beyond does not exist."""
    if a.constant and b.constant:
        both_whole = a.sort == b.sort == INT and operator != "/"
        return constant(strict(operator, [a.value, b.value]), INT if both_whole else FLOAT)
    if a.sort == b.sort == INT and operator != "/":
        return _whole(operator, a, b, hold)
    a, b = as_double(a), as_double(b)
    if NOTHING in (a.sort, b.sort):
        return constant(None, FLOAT)
    low, high = _bounds(operator, a, b)
    if operator == "/" and b.constant and b.value == 0:
        return constant(None, FLOAT)
    if operator == "/":
        a, b = _true_divisor(a, b, hold)
    expr = {"+": a.expr.__add__, "-": a.expr.__sub__, "*": a.expr.__mul__, "/": a.expr.__truediv__}[operator](b.expr)
    result = Term(expr, FLOAT, _layer(a, b), a.known and b.known, low, high)
    return result if low > -_LARGEST and high < _LARGEST else finite(result, hold)


def _true_divisor(a: Term, b: Term, hold: Hold) -> tuple[Term, Term]:
    """A constant divisor as a column: Polars multiplies by the inverse of a constant, which rounds twice."""
    if not b.constant:
        return a, b
    a = hold(a)
    return a, attrs.evolve(b, expr=a.expr * 0.0 + float(b.value), layer=a.layer)  # type: ignore[arg-type]


def finite(a: Term, hold: Hold) -> Term:
    """Missing where it is infinite or no number."""
    a = hold(a)
    return Term(nw.when(a.expr.is_finite()).then(a.expr), FLOAT, a.layer, False,
                max(a.low, -_LARGEST), min(a.high, _LARGEST))


def _bounds(operator: str, a: Term, b: Term) -> tuple[float, float]:
    """The least and the most that a result can be; with infinities where that is not known."""
    if operator == "/" and b.low <= 0 <= b.high:
        return -math.inf, math.inf
    compute: Callable[[float, float], float] = {"+": op.add, "-": op.sub, "*": op.mul, "/": op.truediv}[operator]
    try:
        ends = [compute(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    except OverflowError:
        return -math.inf, math.inf
    if any(e != e for e in ends):
        return -math.inf, math.inf
    return min(ends), max(ends)


def _whole(operator: str, a: Term, b: Term, hold: Hold) -> Term:
    low, high = _bounds(operator, a, b)
    known, layer = a.known and b.known, _layer(a, b)
    fits = low >= _LEAST_INT and high <= _MOST_INT
    x, y = (a.expr, b.expr) if fits else (wide(a.expr), wide(b.expr))
    expr = {"+": x.__add__, "-": x.__sub__, "*": x.__mul__}[operator](y)
    if fits:
        return Term(expr, INT, layer, known, low, high)
    whole = hold(Term(expr, INT, layer, known))
    within = nw.when(whole.expr.is_between(_LEAST_INT, _MOST_INT)).then(whole.expr).cast(nw.Int64)
    return Term(within, INT, whole.layer, False, max(low, _LEAST_INT), min(high, _MOST_INT))


def opposite(a: Term, hold: Hold) -> Term:
    return calculated("-", constant(0), a, hold)


def size(a: Term, hold: Hold) -> Term:
    if a.constant:
        return constant(strict("abs", [a.value]), a.sort)
    most = max(abs(a.low), abs(a.high))
    if a.sort == FLOAT or a.low > _LEAST_INT:
        return Term(a.expr.abs(), a.sort, a.layer, a.known, 0, most)
    kept = nw.when(a.expr != _LEAST_INT).then(a.expr)  # its size has no 64 bits
    return Term(kept.abs(), INT, a.layer, False, 0, _MOST_INT)


def extreme(function: str, terms: Sequence[Term], hold: Hold) -> Term:
    """The smallest or the largest; missing where any is."""
    terms = alike(*terms)
    constants = [t for t in terms if t.constant]
    others = [t for t in terms if not t.constant]
    if any(t.value is None for t in constants):
        return constant(None, terms[0].sort)
    if constants:
        bound = constant(strict(function, [t.value for t in constants]), terms[0].sort)
        if not others:
            return bound
        others = [*others[:-1], _bounded(function, others[-1], bound)]
    result = others[0]
    for other in others[1:]:
        result = _extreme_of_two(function, hold(result), hold(other))
    return result


def _bounded(function: str, a: Term, bound: Term) -> Term:
    low, high = _extreme_bounds(function, a, bound)
    if a.sort in (INT, FLOAT):
        limits = {"upper_bound" if function == "min" else "lower_bound": bound.value}
        expr = a.expr.clip(**limits)  # type: ignore[arg-type]
        return Term(expr, a.sort, a.layer, a.known, low, high)
    operator = "<=" if function == "min" else ">="
    expr = nw.when(_COMPARE[operator](a.expr, bound.expr)).then(a.expr).otherwise(
        nw.when(~a.expr.is_null()).then(bound.expr))
    return Term(expr, a.sort, a.layer, a.known, spans=a.spans | bound.spans)


def _extreme_of_two(function: str, a: Term, b: Term) -> Term:
    operator = "<=" if function == "min" else ">="
    taken = _COMPARE[operator](a.expr, b.expr)
    known = a.known and b.known
    second = b.expr if known else nw.when(~taken).then(b.expr)
    low, high = _extreme_bounds(function, a, b)
    return Term(nw.when(taken).then(a.expr).otherwise(second), a.sort, _layer(a, b), known, low, high,
                spans=a.spans | b.spans)


def _extreme_bounds(function: str, a: Term, b: Term) -> tuple[float, float]:
    choose = min if function == "min" else max
    return choose(a.low, b.low), choose(a.high, b.high)


def millionth(a: Term, hold: Hold) -> Term:
    """Rounded to a millionth, in the interpreter's steps."""
    if a.constant:
        return constant(strict("millionth", [a.value]), FLOAT)
    a = as_double(a)
    whole = Term(floor(a.expr * 1e6 + 0.5), FLOAT, a.layer, a.known, a.low * 1e6 - 1, a.high * 1e6 + 1)
    return calculated("/", whole, constant(1e6), hold)

"""Columns of facts as they come to columns that can be calculated with; their values checked first.

The check collects one row of summaries a table (how many are not numbers, the least, the most, ...),
and only where something is wrong the first few offenders, so that they can be named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import attrs
import narwhals as nw

from samrules.diagnostics import Diagnostic
from samrules.engines.frame import terms as t
from samrules.engines.frame.backend import ROW, collected, each_row
from samrules.engines.frame.layers import LazyFrame
from samrules.engines.frame.rejects import Rejects
from samrules.engines.frame.terms import Term
from samrules.inputs.facts import ID, BadValue, convert
from samrules.model.ruleset import Fact
from samrules.model.types import INTEGER_LIMIT, Kind

SHOWN = 3
"""So many offenders of a kind are named; the rest are counted."""
WHITESPACE = "".join(c for c in map(chr, range(0x3001)) if c.isspace())
_NUMBERS = (Kind.NUMBER, Kind.RATIO, Kind.MONEY)


@attrs.frozen
class Column:
    """A column that holds a fact: where it stands, and what it declares."""

    name: str
    fact: Fact
    dtype: Any

    @property
    def kind(self) -> Kind:
        return self.fact.type.kind

    @property
    def is_float(self) -> bool:
        return bool(self.dtype.is_float())

    @property
    def is_text(self) -> bool:
        return self.dtype in (nw.String, nw.Categorical, nw.Enum)

    def fits(self) -> bool:
        """Whether the column's type can hold the fact at all."""
        dtype, kind = self.dtype, self.kind
        if _is_empty(dtype):
            return True
        if kind is Kind.BOOLEAN:
            return bool(dtype == nw.Boolean)
        if kind in (*_NUMBERS, Kind.INTEGER, Kind.ORDINAL):
            return bool(dtype.is_numeric())
        if kind is Kind.DATE:
            return dtype in (nw.Date, nw.Datetime)
        return self.is_text or (self.name == ID and bool(dtype.is_integer()))

    @property
    def bounds(self) -> tuple[float, float]:
        type_, range_ = self.fact.type, self.fact.range
        low, high = (type_.low, type_.high) if self.kind is Kind.ORDINAL else \
            (range_.low, range_.high) if range_ else (None, None)
        return (low if isinstance(low, int | float) else -math.inf, high if isinstance(high, int | float) else math.inf)

    def term(self, name: str, layer: int = 0, *, checked: bool = True) -> Term:
        """The fact as a column of this name."""
        low, high = self.bounds if checked else (-math.inf, math.inf)
        if self.kind in _NUMBERS:
            low, high = max(low, -1.7976931348623157e308), min(high, 1.7976931348623157e308)
        return t.column(name, t.sort_of(self.kind), layer, low=low, high=high)


def _is_empty(dtype: Any) -> bool:
    """The type of a column in which nothing was ever known."""
    return bool(dtype == nw.Unknown)


@attrs.frozen
class Clean:
    """What a column needs before it can be calculated with, as its summary tells."""

    nans: bool = True
    blanks: bool = True


def cleaned(column: Column, need: Clean) -> nw.Expr:
    """The column as its fact has it, null where it is missing."""
    expr, kind = nw.col(column.name), column.kind
    dtype = t.DTYPES[t.sort_of(kind)]
    if _is_empty(column.dtype):
        return nw.lit(None, dtype=dtype)
    if column.name == ID:
        return nw.col(ID).cast(nw.String).str.strip_chars(WHITESPACE) if need.blanks else nw.col(ID).cast(nw.String)
    if kind in (Kind.TEXT, Kind.ENUM):
        if column.dtype != nw.String:
            expr = expr.cast(nw.String)
        if need.blanks:
            bare = expr.str.strip_chars(WHITESPACE)
            expr = nw.when(bare != "").then(bare if kind is Kind.ENUM else expr)
        return expr
    if column.is_float and need.nans:
        expr = nw.when(~expr.is_nan()).then(expr)
    if column.dtype != dtype:
        expr = expr.cast(dtype)
    return expr


# --- the check -----------------------------------------------------------------------------------


@attrs.define
class Check:
    """Checks the declared columns of one table; problems are gathered, not raised."""

    frame: LazyFrame
    columns: Sequence[Column]
    what: str
    """What the rows are called: `account`, `review`, `event`."""
    problems: list[Diagnostic] = attrs.field(factory=list)
    needs: dict[str, Clean] = attrs.field(factory=dict)
    count: int = 0
    rejects: Rejects | None = None
    """Where bad rows are set aside instead of being problems."""
    ids_are_bare: bool = False
    """Whether no id has blanks around it, as far as that was asked."""

    def types(self) -> list[Column]:
        """The columns whose types fit; the others are problems."""
        fitting = []
        for column in self.columns:
            if column.fits():
                fitting.append(column)
            else:
                self.problems.append(Diagnostic(
                    "wrong-type", f"`{column.name}`: the column holds {_named(column.dtype)}, and the fact is "
                    f"{_a(str(column.fact.type))}", _cure(column), where=f"the table of {self.what}s"))
        return fitting

    def values(self, fitting: Sequence[Column], more: Mapping[str, nw.Expr] | None = None,
               read: frozenset[str] = frozenset()) -> dict[str, Any]:
        """Check the values of the columns; `more` are further summaries that are wanted."""
        return self.judged(fitting, collected(self.asked(fitting, more, read))[0])

    def asked(self, fitting: Sequence[Column], more: Mapping[str, nw.Expr] | None = None,
              read: frozenset[str] = frozenset()) -> LazyFrame:
        """One row with the summaries of the columns, and `more`."""
        asked: dict[str, nw.Expr] = {"~count": nw.len(), **(more or {})}
        for column in fitting:
            for key, expr in _summaries(column, column.name in read):
                asked[f"{column.name}~{key}"] = expr
        return self.frame.select(**asked)

    def judged(self, fitting: Sequence[Column], row: dict[str, Any]) -> dict[str, Any]:
        """The row of summaries, after what it tells of each column has been looked into."""
        self.count = int(row["~count"])
        for column in fitting:
            self._judge(column, {k.rpartition("~")[2]: v for k, v in row.items()
                                 if k.rpartition("~")[0] == column.name})
        return row

    def _judge(self, column: Column, found: Mapping[str, Any]) -> None:
        nans, blanks = bool(found.get("nan")), bool(found.get("odd"))
        self.needs[column.name] = Clean(nans, blanks)
        expr = cleaned(column, self.needs[column.name])
        kind = column.kind
        if _is_empty(column.dtype) or kind in (Kind.TEXT, Kind.BOOLEAN):
            return
        if kind is Kind.ENUM:
            if blanks:
                self._offenders(column, ~expr.is_in(list(column.fact.type.words)))
        elif kind is Kind.DATE:
            if found.get("part"):
                self._offenders(column, nw.col(column.name) != nw.col(column.name).cast(nw.Date))
        else:
            self._numbers(column, found, nans)

    def _numbers(self, column: Column, found: Mapping[str, Any], nans: bool) -> None:
        expr = nw.col(column.name)
        if nans:
            expr = nw.when(~expr.is_nan()).then(expr)
            found = {**found, **collected(self.frame.select(least=expr.min(), most=expr.max()))[0]}
        least, most = found.get("least"), found.get("most")
        if least is None or most is None:
            return
        low, high = column.bounds
        whole = column.kind in (Kind.INTEGER, Kind.ORDINAL)
        if whole:
            low, high = max(low, -INTEGER_LIMIT), min(high, INTEGER_LIMIT - 1)
        bad = least < low or most > high or math.isinf(least) or math.isinf(most)
        if whole and column.is_float:
            bad = bad or bool(found.get("part")) or float(most) >= INTEGER_LIMIT
        if not bad:
            return
        wrong = (expr < low) | (expr > high) if not math.isinf(low) and not math.isinf(high) else \
            (expr < low) if not math.isinf(low) else (expr > high) if not math.isinf(high) else None
        if column.is_float:
            unreal = ~expr.is_finite()
            wrong = unreal if wrong is None else wrong | unreal
            if whole:
                wrong = wrong | (expr != expr.floor()) | (expr >= float(INTEGER_LIMIT))
        if wrong is not None:
            self._offenders(column, wrong)

    def _offenders(self, column: Column, wrong: nw.Expr) -> None:
        """Name the first few rows whose value is refused, and count the others."""
        bad = self.frame.filter(wrong)
        names = [c for c in (ROW, ID, "review_date", "date") if c in self.frame.columns and c != column.name]
        if self.rejects is not None:
            for row in each_row(bad.select(*names, column.name)):
                try:
                    convert(row[column.name], column.fact)
                except BadValue as error:
                    self.rejects.add(self.what, row, error.code, error.message, column.name)
            return
        rows = collected(bad.select(*names, column.name).head(SHOWN))
        for row in rows:
            value = row[column.name]
            try:
                convert(value, column.fact)
            except BadValue as error:
                self.problems.append(Diagnostic(error.code, f"`{column.name}`: {error.message}", error.help,
                                                where=self.place(row)))
        if len(rows) == SHOWN:
            more = int(collected(bad.select(n=nw.len()))[0]["n"]) - SHOWN
            if more:
                values = "value is" if more == 1 else "values are"
                self.problems.append(Diagnostic(
                    "out-of-range", f"`{column.name}`: {more:,} more {values} refused",
                    "the first are listed; see that the column is what the fact declares",
                    where=f"the table of {self.what}s"))

    def place(self, row: Mapping[str, Any]) -> str:
        """Which row, and whose."""
        number = f"row {row[ROW] + 1}, " if ROW in row else ""
        day = next((row[c] for c in ("review_date", "date") if c in row), None)
        of = f", {self.what} of {_day(day)}" if day is not None else ""
        return f"{number}account {row.get(ID)}{of}"


def _day(value: Any) -> str:
    return (value.date() if isinstance(value, datetime) else value).isoformat() if isinstance(value, date) else str(value)


def _summaries(column: Column, read: bool) -> Iterator[tuple[str, nw.Expr]]:
    """What the check asks of a column: cheap summaries, a value each."""
    expr, kind = nw.col(column.name), column.kind
    if _is_empty(column.dtype) or column.name == ID or kind is Kind.BOOLEAN:
        return
    if kind is Kind.ENUM:
        words = expr if column.dtype == nw.String else expr.cast(nw.String)
        yield "odd", (~words.is_in(list(column.fact.type.words))).any()
    elif kind is Kind.TEXT:
        if read:
            words = expr if column.dtype == nw.String else expr.cast(nw.String)
            yield "odd", (words.str.strip_chars(WHITESPACE) == "").any()
    elif kind is Kind.DATE:
        if column.dtype != nw.Date:
            yield "part", (expr != expr.cast(nw.Date)).any()
    else:
        yield "least", expr.min()
        yield "most", expr.max()
        if column.is_float:
            yield "nan", expr.is_nan().any()
            if kind in (Kind.INTEGER, Kind.ORDINAL):
                yield "part", (expr != expr.floor()).any()


def _named(dtype: Any) -> str:
    if dtype in (nw.String, nw.Categorical, nw.Enum):
        return "text"
    if dtype == nw.Boolean:
        return "true and false"
    if dtype.is_integer():
        return "whole numbers"
    if dtype.is_numeric():
        return "numbers"
    return "dates" if dtype in (nw.Date, nw.Datetime) else f"values of the type {dtype}"


def _a(shown: str) -> str:
    shown = {"money": "amount of money"}.get(shown, shown)
    return f"an {shown}" if shown[0] in "aeio" else f"a {shown}"


def _cure(column: Column) -> str:
    if column.is_text and column.kind is Kind.DATE:
        return "convert the column to dates when you read the table"
    if column.is_text:
        return "convert the column when you read the table; what is no value of this type should be null"
    return "convert the column, or take the one that is meant"

"""Types of values: what a fact, a parameter or an expression may be, and which may meet."""

from __future__ import annotations

import enum
from datetime import date

import attrs


class Kind(enum.Enum):
    """The kinds of value of the language (docs/language.md, "Values")."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    RATIO = "ratio"
    MONEY = "money"
    DURATION = "duration"
    DATE = "date"
    TEXT = "text"
    ENUM = "enum"
    ORDINAL = "ordinal"
    SCORE = "score"
    """A scorecard's result, which may be an interval; compared, never calculated with."""
    AGE = "age"
    """What `age(date)` gives; compared with a duration, never calculated with."""

    def __str__(self) -> str:
        return self.value


NUMERIC = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.RATIO, Kind.MONEY, Kind.ORDINAL})
DECLARABLE = tuple(k for k in Kind if k not in (Kind.SCORE, Kind.AGE))

INTEGER_LIMIT = 2**63
"""Integers are 64-bit in every engine; one beyond is refused where it enters."""


@attrs.frozen
class Type:
    """A type: its kind, an enum's words, an ordinal's bounds, a unit for integers and numbers.

    `loose` marks a bare number such as `3` written by the author: it takes the type it meets.
    """

    kind: Kind
    words: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    unit: str | None = None
    loose: bool = False

    def __str__(self) -> str:
        if self.kind is Kind.ENUM:
            return f"enum [{', '.join(self.words)}]"
        if self.kind is Kind.ORDINAL:
            return f"ordinal {self.low}..{self.high}"
        return f"{self.kind} in {self.unit}" if self.unit else str(self.kind)

    @property
    def numeric(self) -> bool:
        return self.kind in NUMERIC


BOOLEAN = Type(Kind.BOOLEAN)
INTEGER = Type(Kind.INTEGER)
NUMBER = Type(Kind.NUMBER)
RATIO = Type(Kind.RATIO)
MONEY = Type(Kind.MONEY)
DURATION = Type(Kind.DURATION)
DATE = Type(Kind.DATE)
TEXT = Type(Kind.TEXT)
SCORE = Type(Kind.SCORE)
AGE = Type(Kind.AGE)


@attrs.frozen(order=True)
class Duration:
    """A length of calendar time: whole months or whole days, never both.

    A duration is applied to a date, never turned into seconds, so that calendars cannot differ
    between engines. Source of the rule: docs/semantics.md, "Time".
    """

    months: int = 0
    days: int = 0

    def __str__(self) -> str:
        count, unit = (self.days, "day") if self.days else (self.months, "month")
        return f"{count} {unit}" if count == 1 else f"{count} {unit}s"

    def before(self, day: date) -> date:
        """The date this long before `day`; a day that the month lacks becomes its last.

        Raises OverflowError when the result would be before the year 1.
        """
        if self.days:
            return date.fromordinal(day.toordinal() - self.days)
        index = day.year * 12 + day.month - 1 - self.months
        year, month = divmod(index, 12)
        if year < 1:
            raise OverflowError(f"{self} before {day} is before the year 1")
        for last in (day.day, 30, 29, 28):
            try:
                return date(year, month + 1, min(day.day, last))
            except ValueError:
                continue
        raise AssertionError("every month has 28 days")


Value = bool | int | float | str | date | Duration
"""A known value. A missing one is None, and so is the unknown truth value."""

"""Sets of values a fact can still take, for finding conditions that no value meets.

A domain is an interval with open or closed ends, or a finite set of words. The narrowing is sound:
it may keep an impossible condition for possible, never the other way round.
"""

from __future__ import annotations

import math
from typing import Any

import attrs

from samrules.model.types import Kind, Type


@attrs.frozen
class Interval:
    """Numbers (dates as day numbers) from `low` to `high`; `whole` when only whole ones count."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False

    @property
    def empty(self) -> bool:
        low, high = self.low, self.high
        low_open, high_open = self.low_open, self.high_open
        if self.whole:
            if math.isfinite(low):
                low = math.floor(low) + 1 if low_open else math.ceil(low)
                low_open = False
            if math.isfinite(high):
                high = math.ceil(high) - 1 if high_open else math.floor(high)
                high_open = False
        return low > high or (low == high and (low_open or high_open))

    def narrowed(self, operator: str, bound: float) -> Interval:
        match operator:
            case ">" if bound >= self.low:
                return attrs.evolve(self, low=bound, low_open=True)
            case ">=" if bound > self.low:
                return attrs.evolve(self, low=bound, low_open=False)
            case "<" if bound <= self.high:
                return attrs.evolve(self, high=bound, high_open=True)
            case "<=" if bound < self.high:
                return attrs.evolve(self, high=bound, high_open=False)
            case "=":
                return self.narrowed(">=", bound).narrowed("<=", bound)
            case "!=" if self.low == self.high == bound:
                return attrs.evolve(self, low_open=True)
            case "!=" if self.whole and bound == self.low:
                return attrs.evolve(self, low_open=True)
            case "!=" if self.whole and bound == self.high:
                return attrs.evolve(self, high_open=True)
        return self


@attrs.frozen
class Words:
    """A finite set of values: an enum's words, or true and false."""

    words: frozenset[Any]

    @property
    def empty(self) -> bool:
        return not self.words

    def narrowed(self, operator: str, word: Any) -> Words:
        match operator:
            case "=":
                return Words(self.words & {word})
            case "!=":
                return Words(self.words - {word})
        return self


Domain = Interval | Words


def domain_of(type_: Type, low: Any = None, high: Any = None) -> Domain | None:
    """All values of a type, within a range; None where a type's values are not followed."""
    match type_.kind:
        case Kind.BOOLEAN:
            return Words(frozenset({True, False}))
        case Kind.ENUM:
            return Words(frozenset(type_.words))
        case Kind.ORDINAL:
            return Interval(float(type_.low or 0), float(type_.high or 0), whole=True)
        case Kind.SCORE:
            return Interval(0.0, 100.0)
        case Kind.INTEGER | Kind.NUMBER | Kind.RATIO | Kind.MONEY | Kind.DATE:
            return Interval(
                -math.inf if low is None else as_number(low),
                math.inf if high is None else as_number(high),
                whole=type_.kind in (Kind.INTEGER, Kind.DATE),
            )
    return None


def as_number(value: Any) -> float:
    """A number or date on the number line."""
    return float(value.toordinal()) if hasattr(value, "toordinal") else float(value)

"""The ways in which a fact may change: up, down, to a word, from missing to known; and how large a change is."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from datetime import date
from typing import Any

import attrs

from samrules.counterfactual import spans as sp
from samrules.model.ruleset import Fact
from samrules.model.types import Kind, Value

RAISE, LOWER, BECOME, KNOWN = "raise", "lower", "become", "known"

_WHOLE = frozenset({Kind.INTEGER, Kind.ORDINAL})
_ORDERED = frozenset({*_WHOLE, Kind.NUMBER, Kind.RATIO, Kind.MONEY, Kind.DATE})
_YEAR = 365

BEYOND = 2**53
"""Where a number has no end of its own, it is tried up to this, about nine million billion, as in proofs."""


@attrs.frozen
class Move:
    """One way for one fact to change: to any of its values on that way, at positions from 0, the nearest first.

    `keys` are whole numbers in the order of the values; where only some values need be tried, `listed` holds the nearest of each
    stretch between which no condition turns, and `last` the end of the last.
    """

    fact: Fact
    kind: str
    old: Value | None
    first: int
    last: int
    words: tuple[Value, ...] = ()
    listed: tuple[int, ...] | None = None

    @property
    def count(self) -> int:
        return len(self.listed) if self.listed is not None else abs(self.last - self.first) + 1

    @property
    def sign(self) -> int:
        return -1 if self.kind == LOWER else 1

    def key(self, position: int) -> int:
        return self.listed[position] if self.listed is not None else self.first + self.sign * position

    def value(self, position: int) -> Value:
        return self.words[0] if self.words else value_of(self.key(position), self.fact.type.kind)

    def stretch(self, first: int, last: int) -> tuple[Value, Value]:
        """The nearest and the farthest value of the positions from `first` to `last`."""
        if self.words:
            return self.words[0], self.words[0]
        end = self.key(last)
        if self.listed is not None:
            end = self.listed[last + 1] - self.sign if last + 1 < len(self.listed) else self.last
        return self.value(first), value_of(end, self.fact.type.kind)

    def span(self, first: int, last: int) -> sp.Possible:
        """The values of the positions from `first` to `last`, as what a node may be."""
        if self.words:
            return sp.mask_of(self.words[0]) if isinstance(self.words[0], bool) else frozenset(self.words)
        ends = self.value(first), self.value(last)
        return (*(ends if self.sign > 0 else ends[::-1]), False)

    def size(self, position: int) -> float:
        """How large the change is, from 0 to 1: the part of the allowed range that it crosses; where that has no end,
        the change over what was there and the change together, and of dates over a year and the change; whole for
        a word, a yes or no, and for what becomes known."""
        if self.kind in (BECOME, KNOWN):
            return 1.0
        old, new = self.old, self.value(position)
        if isinstance(old, date) and isinstance(new, date):
            days = abs((new - old).days)
            return days / (days + _YEAR)
        low, high = bounds(self.fact)
        assert isinstance(old, int | float)
        assert isinstance(new, int | float)
        change = abs(new - old)
        if low is not None and high is not None:
            return float(change / (high - low))
        return 1.0 if math.isinf(change) else change / (abs(old) + change)


def bounds(fact: Fact) -> tuple[Any, Any]:
    """The least and the greatest value that a fact may have, None where it has no such end."""
    if fact.type.kind is Kind.ORDINAL:
        return fact.type.low, fact.type.high
    return (fact.range.low, fact.range.high) if fact.range else (None, None)


def moves_of(fact: Fact, old: Value | None, way: str, marks: set[Value] | None) -> list[Move]:
    """The ways on which a fact may change; `way` is `yes`, `raise` or `lower`. What is missing may become known, whatever
    the way. `marks` are what it is compared with, None where it is not only compared."""
    kind = fact.type.kind
    if kind is Kind.BOOLEAN or kind is Kind.ENUM:
        words: tuple[Value, ...] = (False, True) if kind is Kind.BOOLEAN else fact.type.words
        found = [Move(fact, KNOWN if old is None else BECOME, old, 0, 0, (w,)) for w in words if w != old]
        if kind is Kind.BOOLEAN and old is not None and way in (RAISE, LOWER):
            return [m for m in found if m.words == (way == RAISE,)]
        return found
    if kind not in _ORDERED:
        return []
    low, high = _ends(fact)
    if old is None:
        return list(_listed(Move(fact, KNOWN, None, low, high), marks))
    now = key_of(old, kind)
    found = []
    if way != LOWER and now < high:
        found.append(Move(fact, RAISE, old, now + 1, high))
    if way != RAISE and now > low:
        found.append(Move(fact, LOWER, old, now - 1, low))
    return [m for move in found for m in _listed(move, marks)]


def _listed(move: Move, marks: set[Value] | None) -> Iterator[Move]:
    """The move with one value of each stretch, where the fact is only compared; none where nothing can turn."""
    if marks is None or any(isinstance(m, int | float) and abs(m) >= 2**53 for m in marks):
        yield move
        return
    kind, sign = move.fact.type.kind, move.sign
    near = {move.first} if move.kind == KNOWN else set()
    for mark in marks:
        below, above = _around(mark, kind)
        if below == above:  # the fact may have that very value: a stretch of its own
            near |= {below, below + sign}
        else:
            near.add(above if sign > 0 else below)
    low, high = sorted((move.first, move.last))
    kept = sorted((k for k in near if low <= k <= high), reverse=sign < 0)
    if kept:
        yield attrs.evolve(move, listed=tuple(kept))


def _around(mark: Value, kind: Kind) -> tuple[int, int]:
    """The keys of the values next to a mark, below and above; twice the same where it is such a value itself."""
    if kind in _WHOLE and isinstance(mark, float):
        return math.floor(mark), math.ceil(mark)
    key = key_of(mark, kind)
    return key, key


def _ends(fact: Fact) -> tuple[int, int]:
    """The keys of the least and the greatest value that are tried: those of the range; where it has no such end, `BEYOND`."""
    kind = fact.type.kind
    low, high = bounds(fact)
    if kind is Kind.DATE:
        return key_of(low or date.min, kind), key_of(high or date.max, kind)
    return key_of(-BEYOND if low is None else low, kind), key_of(BEYOND if high is None else high, kind)


# --- values as whole numbers in their order ------------------------------------------------------


def key_of(value: Value, kind: Kind) -> int:
    """A whole number for each value of an ordered kind: neighbours have neighbouring numbers."""
    if isinstance(value, date):
        return value.toordinal()
    assert isinstance(value, int | float)
    if kind in _WHOLE:
        return int(value)
    bits: int = struct.unpack(">q", struct.pack(">d", abs(float(value))))[0]
    return -bits if value < 0 else bits


def value_of(key: int, kind: Kind) -> Value:
    if kind is Kind.DATE:
        return date.fromordinal(key)
    if kind in _WHOLE:
        return key
    found: float = struct.unpack(">d", struct.pack(">q", abs(key)))[0]
    return -found if key < 0 else found


def beside(value: Value, kind: Kind, steps: int) -> Value | None:
    """The value so many places on; None at the end of the line."""
    try:
        return value_of(key_of(value, kind) + steps, kind)
    except (OverflowError, ValueError, struct.error):
        return None

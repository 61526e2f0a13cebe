"""The values a parameter goes through: evenly spaced, and those that lie next to an account's own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from datetime import date

import attrs

from samrules.model.types import Duration, Kind, Type, Value

_WHOLE = frozenset({Kind.INTEGER, Kind.ORDINAL, Kind.DURATION, Kind.DATE})


@attrs.frozen
class Axis:
    """The values of a type from `low` to `high`, as positions: numbers in their order."""

    type: Type
    low: Value
    high: Value

    @property
    def whole(self) -> bool:
        """Whether there is a next value after each: integers, ordinals, days, months."""
        return self.type.kind in _WHOLE

    @property
    def ends(self) -> tuple[float, float]:
        low, high = self.position(self.low), self.position(self.high)
        assert low is not None and high is not None
        return low, high

    def position(self, value: Value | None) -> float | None:
        """Where a value stands; None for one that is on another axis."""
        if isinstance(value, Duration):
            days = isinstance(self.low, Duration) and (bool(self.low.days) or (isinstance(self.high, Duration) and bool(self.high.days)))
            if value.months and days:
                return None
            return value.days if days else value.months if not value.days else None
        if isinstance(value, date):
            return value.toordinal()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        return None

    def value(self, position: float) -> Value:
        kind = self.type.kind
        if kind is Kind.DURATION:
            days = any(isinstance(e, Duration) and e.days for e in (self.low, self.high))
            return Duration(days=int(position)) if days else Duration(months=int(position))
        if kind is Kind.DATE:
            return date.fromordinal(int(position))
        return int(position) if kind in (Kind.INTEGER, Kind.ORDINAL) else float(position)

    def evenly(self, steps: int) -> list[float]:
        """So many positions from end to end, both included, evenly spaced as far as whole values allow."""
        low, high = self.ends
        if self.whole:
            count = min(steps, int(high - low) + 1)
            return sorted({round(low + (high - low) * i / max(1, count - 1)) for i in range(count)})
        # rounded to what people write, so that 0.30000000000000004 is 0.3
        places = 12 - max(0, math.ceil(math.log10(max(abs(low), abs(high), 1e-12))))
        inner = [round(low + (high - low) * i / (steps - 1), places) for i in range(1, steps - 1)]
        return sorted({low, *inner, high})

    def around(self, marks: Iterable[float]) -> list[float]:
        """Positions such that one lies on each mark and one between any two: enough to see all that changes at the marks."""
        low, high = self.ends
        inside = sorted({m for m in marks if low <= m <= high})
        if self.whole:
            near = {p for m in inside for p in (math.floor(m) - 1, math.floor(m), math.ceil(m), math.ceil(m) + 1)}
            return sorted({low, high, *(p for p in near if low <= p <= high)})
        line = sorted({low, high, *inside})
        between = {low_ + (high_ - low_) / 2 for low_, high_ in itertools.pairwise(line)}
        return sorted({*line, *between})

    def middle(self, low: float, high: float) -> float | None:
        """A position between two, None where there is none."""
        if self.whole:
            return (low + high) // 2 if high - low > 1 else None
        middle = low + (high - low) / 2
        return middle if low < middle < high else None

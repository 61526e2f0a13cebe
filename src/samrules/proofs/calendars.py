"""Days in the solver's terms: a day that is fixed, or any day of a stretch of time."""

from __future__ import annotations

import functools
from calendar import monthrange
from datetime import date

import attrs

from samrules.engines.interpreter import date_before
from samrules.model.types import Duration
from samrules.proofs.solver import Terms, Z
from samrules.proofs.terms import Length, Term


@attrs.frozen
class FixedDay:
    """The decision is made on this day."""

    z: Terms
    at: date

    def day(self) -> Term:
        return Term(self.z.truth(True), self.z.whole(self.at.toordinal()))

    def before(self, length: Length) -> Term:
        days = [(condition, self.z.whole(_ordinal(duration, self.at))) for condition, duration in length.cases]
        return _chosen(days, self.z)


@attrs.define
class AnyDay:
    """The decision is made on any day from one to another, both included.

    Of a day so many months before it the solver is told how many days there can be between, and that a
    longer time never leads to a later day.
    """

    z: Terms
    name: str
    first: date
    last: date
    laws: list[Z] = attrs.field(factory=list)
    cutoffs: dict[Duration, Z] = attrs.field(factory=dict)
    variable: Z = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.variable = self.z.integer(self.name)
        self.laws += [self.variable >= self.first.toordinal(), self.variable <= self.last.toordinal()]

    def day(self) -> Term:
        return Term(self.z.truth(True), self.variable)

    def before(self, length: Length) -> Term:
        return _chosen([(condition, self._cutoff(duration)) for condition, duration in length.cases], self.z)

    def _cutoff(self, duration: Duration) -> Z:
        if duration in self.cutoffs:
            return self.cutoffs[duration]
        z = self.z
        cutoff = z.integer(f"{self.name}, {duration} before")
        least, most = (duration.days, duration.days) if not duration.months else days_in(duration.months)
        self.laws += [cutoff >= 1, cutoff >= self.variable - most,
                      z.any([cutoff <= self.variable - least, cutoff == 1])]
        for other, value in self.cutoffs.items():
            if bool(other.months) == bool(duration.months):
                earlier, later = (cutoff, value) if other < duration else (value, cutoff)
                self.laws.append(earlier <= later)
        self.cutoffs[duration] = cutoff
        return cutoff


def _chosen(days: list[tuple[Z, Z]], z: Terms) -> Term:
    value = days[-1][1]
    for condition, day in reversed(days[:-1]):
        value = z.choose(condition, day, value)
    return Term(z.any([condition for condition, _ in days]), value)


def _ordinal(duration: Duration, at: date) -> int:
    found = date_before(duration, at)
    assert found is not None
    return found.toordinal()


@functools.cache
def days_in(months: int) -> tuple[int, int]:
    """The fewest and the most days that so many months can be, counted back from any day of the calendar.

    The calendar repeats every 400 years, so those are all there are; between the first and the 28th of a month no day
    differs from the first.
    """
    length = Duration(months=months % 4800)
    cycles = months // 4800 * 146097
    days = (date(year, month, day) for year in range(2400, 2800) for month in range(1, 13)
            for day in (1, *range(28, monthrange(year, month)[1] + 1)))
    spans = [(day - length.before(day)).days for day in days]
    return min(spans) + cycles, max(spans) + cycles

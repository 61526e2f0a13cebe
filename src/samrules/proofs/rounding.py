"""Arithmetic as engines do it, in doubles, and as mathematics has it; a proof says which it rests on.

Of rounding the solver is told what is true of every double: a result lies within a 2^53rd of the exact one, and rounding
never turns the order of two results of one calculation round. It is told no more, so what it proves holds to the last bit.
"""

from __future__ import annotations

import enum
from fractions import Fraction

import attrs

from samrules.proofs.solver import Terms, Z

UNIT = Fraction(1, 2**53)
SMALLEST = Fraction(1, 2**1075)
"""Half of the smallest double: what rounding may take from a result that is almost nothing."""
LARGEST = Fraction(2**1024 - 2**970)
"""From here on a result is infinite, and does not exist."""
MILLION = 10**6
EXACT = 2**53
"""Whole numbers up to here are doubles."""


class Precision(enum.Enum):
    """How close to the doubles of an engine calculations are."""

    LOOSE = "scores are not even rounded to a millionth: what is found so has to be tried"
    EXACT = "fractions, and scores rounded to a millionth"
    DOUBLES = "any rounding that doubles may bring"


@attrs.define
class Rounding:
    """The calculations of one question. Without `doubles`, results are exact and none overflows."""

    z: Terms
    precision: Precision
    laws: list[Z] = attrs.field(factory=list)
    """What is true of the rounded results."""
    _results: dict[tuple[object, int], tuple[Z, Z]] = attrs.field(factory=dict)
    _names: int = 0

    @property
    def doubles(self) -> bool:
        return self.precision is Precision.DOUBLES

    def exists(self, exact: Z) -> Z:
        """Whether a result is no larger than doubles go."""
        if not self.doubles:
            return self.z.truth(True)
        return self.z.all([exact < self._q(LARGEST), exact > self._q(-LARGEST)])

    def double(self, exact: Z, site: object) -> Z:
        """The double nearest to an exact result. `site` is the place of the calculation in the ruleset."""
        if not self.doubles:
            return exact
        size = self.z.choose(exact >= 0, exact, -exact)
        return self._rounded(exact, ("double", site), size * self._q(UNIT) + self._q(SMALLEST))

    def millionth(self, exact: Z, site: object) -> Z:
        """To a millionth, halves up."""
        z = self.z
        if self.precision is Precision.LOOSE:
            return exact
        if not self.doubles:
            return z.as_real(z.floor(exact * MILLION + z.fraction(Fraction(1, 2)))) / MILLION
        size = z.choose(exact >= 0, exact, -exact)
        return self._rounded(exact, ("millionth", site), self._q(Fraction(1, 2 * MILLION)) + size * self._q(8 * UNIT))

    def whole(self, exact: Z) -> Z:
        """A whole number as a double: itself, up to the length of a double."""
        if not self.doubles:
            return exact
        rounded = self.double(exact, "whole")
        self.laws.append(self.z.implies(self.z.all([exact <= EXACT, exact >= -EXACT]), rounded == exact))
        return rounded

    def _rounded(self, exact: Z, site: object, error: Z) -> Z:
        z = self.z
        key = (site, exact.get_id())
        if key in self._results:
            return self._results[key][1]
        self._names += 1
        result = z.real(f"rounded {self._names}")
        self.laws += [result <= exact + error, result >= exact - error,
                      z.implies(exact == 0, result == 0), z.implies(exact >= 0, result >= 0), z.implies(exact <= 0, result <= 0)]
        for (other, _), (before, rounded) in self._results.items():
            if other == site:
                self.laws += [z.implies(before <= exact, rounded <= result), z.implies(exact <= before, result <= rounded)]
        self._results[key] = (exact, result)
        return result

    def _q(self, value: Fraction) -> Z:
        return self.z.fraction(value)

"""Arithmetic as engines do it, in doubles, and as mathematics has it; a proof says which it rests on.

Of rounding the solver is told what is true of every double: a result lies within a 2^53rd of the exact one; rounding never
turns round the order of two results of one calculation, nor that of a result and another double. It is told no more, so
what it proves holds to the last bit.
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
    EXACT = "as on paper: decimals as written, and scores rounded to a millionth"
    DOUBLES = "any rounding that doubles may bring"


@attrs.define
class Rounding:
    """The calculations of one question. Without `doubles`, results are exact and none overflows."""

    z: Terms
    precision: Precision
    laws: list[Z] = attrs.field(factory=list)
    """What is true of the rounded results."""
    _results: dict[tuple[object, int], tuple[Z, Z]] = attrs.field(factory=dict)
    _exact: dict[int, tuple[Z, Z]] = attrs.field(factory=dict)
    """Rounded results by their identity, each with what it was rounded from."""
    _millionths: dict[int, tuple[object, Z, Z]] = attrs.field(factory=dict)
    _names: int = 0
    compared: list[tuple[Z, Z]] = attrs.field(factory=list)
    """What was compared, where nothing is rounded."""

    @property
    def doubles(self) -> bool:
        return self.precision is Precision.DOUBLES

    def exists(self, exact: Z) -> Z:
        """Whether a result is no larger than doubles go."""
        if not self.doubles:
            return self.z.truth(True)
        return self.z.all([exact < self._q(LARGEST), exact > self._q(-LARGEST)])

    def double(self, exact: Z, site: object, operands: tuple[Z, ...] = ()) -> Z:
        """The double nearest to an exact result. `site` is the place of the calculation in the ruleset."""
        if not self.doubles:
            return exact
        size = self.z.choose(exact >= 0, exact, -exact)
        result = self._rounded(exact, ("double", site), size * self._q(UNIT) + self._q(SMALLEST))
        self._exact[result.get_id()] = (result, exact)
        for operand in operands:
            self.meets(result, operand)
        return result

    def meets(self, one: Z, other: Z) -> None:
        """Two doubles are compared: one that was rounded keeps its order with the other."""
        if not self.doubles:
            self.compared.append((one, other))
            return
        for result, double in ((one, other), (other, one)):
            found = self._exact.get(result.get_id())
            if found is not None:
                exact = found[1]
                self.laws += [self.z.implies(exact <= double, result <= double), self.z.implies(exact >= double, result >= double)]

    def millionth(self, exact: Z, site: object) -> Z:
        """To a millionth, halves up."""
        z = self.z
        if self.precision is Precision.LOOSE:
            return exact
        if not self.doubles:
            return z.as_real(z.floor(exact * MILLION + z.fraction(Fraction(1, 2)))) / MILLION
        steps = self._steps(exact, site)
        result = self._rounded(z.as_real(steps) / MILLION, ("millionth", site),
                               z.choose(exact >= 0, exact + 1, 1 - exact) * self._q(2 * UNIT))
        self._exact[result.get_id()] = (result, z.as_real(steps) / MILLION)
        return result

    def _steps(self, exact: Z, site: object) -> Z:
        """The millionths next to a value, as doubles find them: half a millionth off, and what two roundings add."""
        z = self.z
        key = exact.get_id()
        if key not in self._millionths:
            steps = z.integer(f"millionths {len(self._millionths)}")
            error = self._q(Fraction(1, 2)) + (z.choose(exact >= 0, exact, -exact) * MILLION + 1) * self._q(4 * UNIT)
            self.laws += [z.as_real(steps) <= exact * MILLION + error, z.as_real(steps) >= exact * MILLION - error]
            for other, before, found in self._millionths.values():
                if other == site:
                    self.laws += [z.implies(before <= exact, found <= steps), z.implies(exact <= before, steps <= found)]
            self._millionths[key] = (site, exact, steps)
        return self._millionths[key][2]

    def apart(self) -> Z:
        """That no two values that are compared are so near that rounding might turn them round."""
        near = self._q(Fraction(1, MILLION))
        return self.z.all([self.z.any([a - b >= near, b - a >= near]) for a, b in self.compared])

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

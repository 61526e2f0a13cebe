"""Values in the solver: a condition is two truth values, any other value is a term and whether it is known."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import attrs

from samrules.model.types import Duration, Value
from samrules.proofs.solver import Terms, Z


class NotEncoded(Exception):
    """Something that the solver is not told about; what rests on it cannot be proved. Its text says what."""


@attrs.frozen
class Truth:
    """A condition: surely true, surely false, or neither. Never both."""

    true: Z
    false: Z


@attrs.frozen
class Term:
    """A number, a date as its day, or a text as its code. `constant` is set where the value is always the same.

    `value` is None for what is never known. `whole` says that it is an integer, with 64 bits in every engine;
    `calculated` that it may be longer than a double. `quotient` is what it is the exact quotient of.
    """

    known: Z
    value: Z
    whole: bool = True
    constant: int | float | None = None
    calculated: bool = False
    quotient: tuple[Z, Z] | None = None


@attrs.frozen
class Length:
    """A duration: which one it is, under which condition."""

    cases: tuple[tuple[Z, Duration], ...]


Encoded = Truth | Term | Length


class Codes:
    """Texts as numbers. A number that stands for no text of the ruleset is some other text."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def code(self, text: str) -> int:
        return self.of.setdefault(text, len(self.of))

    def text(self, code: int) -> str:
        named = {number: text for text, number in self.of.items()}
        return named.get(code, f"A{code}")


def constant(value: Value | None, z: Terms, codes: Codes, *, doubles: bool) -> Encoded:
    """A constant as the solver has it.

    A double is the fraction that it stands for; calculated as on paper, the shortest decimal that denotes it, which is
    what was written.
    """
    yes, no = z.truth(True), z.truth(False)
    match value:
        case None:
            return Term(no, None)
        case bool():
            return Truth(z.truth(value), z.truth(not value))
        case int():
            return Term(yes, z.whole(value), True, value)
        case float():
            return Term(yes, z.fraction(Fraction(value) if doubles else Fraction(repr(value))), False, value)
        case str():
            return Term(yes, z.whole(codes.code(value)))
        case Duration():
            return Length(((yes, value),))
        case date():
            return Term(yes, z.whole(value.toordinal()))
    raise NotEncoded(f"a constant {value!r}")

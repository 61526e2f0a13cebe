"""Terms: a node of the plan as Python text, with what is known of it beforehand.

A condition has three texts: its value, and the two questions whether it is certain (true) and whether it is
possible (not false). Conditions are combined by these two, which Python's `and` and `or` cut short.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import attrs

from samrules.model.types import Duration, Kind, Value

BOOLEAN, WHOLE, DOUBLE, OTHER, MIXED = "boolean", "whole", "double", "other", "mixed"
"""What Python type a value has: bool, int, float, another; or int and float, by turns."""

_KINDS = {Kind.BOOLEAN: BOOLEAN, Kind.INTEGER: WHOLE, Kind.ORDINAL: WHOLE,
          Kind.NUMBER: DOUBLE, Kind.RATIO: DOUBLE, Kind.MONEY: DOUBLE}


def form_of(kind: Kind) -> str:
    """The form of the facts of a kind, as `samrules.inputs` hands them over."""
    return _KINDS.get(kind, OTHER)


def form_of_value(value: Value | None) -> str | None:
    """The form of a constant; None of the missing one, which goes with any."""
    match value:
        case None:
            return None
        case bool():
            return BOOLEAN
        case int():
            return WHOLE
        case float():
            return DOUBLE
        case str() | date() | Duration():
            return OTHER


@attrs.frozen
class Term:
    """A value as text.

    Attributes:
        text: an expression that gives the value, None where it is missing or unknown.
        form: what type it has.
        nullable: whether it can be missing.
        certain, possible: of a condition, expressions that are truthy where it is true, is not false.
        atom: whether the text is a name or a constant, which may stand in several places.
        constant: whether it is the same for all accounts; `value` is what it is then.
        depth: how deeply its texts are nested.
        low, high: bounds of a number.
    """

    text: str
    form: str | None
    nullable: bool = True
    certain: str = ""
    possible: str = ""
    atom: bool = False
    constant: bool = False
    value: Value | None = None
    depth: int = 0
    low: float = -math.inf
    high: float = math.inf

    @property
    def bounded(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)


def named(text: str, form: str | None, nullable: bool, low: float = -math.inf, high: float = math.inf) -> Term:
    """A local variable, which holds a value."""
    possible = f"{text} is not False" if nullable else text
    return Term(text, form, nullable, text, possible, True, low=low, high=high)


def truth(certain: str, possible: str, depth: int, nullable: bool = True) -> Term:
    """A condition from its two questions."""
    text = f"((True if {certain} else None) if {possible} else False)" if nullable else f"(True if {certain} else False)"
    return Term(text, BOOLEAN, nullable, certain, possible, depth=depth + 2)


def two_valued(question: str, depth: int) -> Term:
    """A condition that is never unknown, from an expression that is a bool."""
    return Term(question, BOOLEAN, False, question, question, depth=depth + 1)


def known_truth(value: bool | None) -> Term:
    """A condition that is the same for all accounts."""
    return Term(repr(value), BOOLEAN, value is None, repr(value is True), repr(value is not False), True, True, value)


def joined(word: str, questions: Sequence[str]) -> str:
    """Questions joined by `and` or `or`, without those that go without saying."""
    silent, loud = ("True", "False") if word == "and" else ("False", "True")
    if loud in questions:
        return loud
    told = list(dict.fromkeys(q for q in questions if q != silent))
    return silent if not told else told[0] if len(told) == 1 else f"({f' {word} '.join(told)})"


def turned(question: str) -> str:
    """The opposite of a question."""
    return {"True": "False", "False": "True"}.get(question, f"(not {question})")


def every(terms: Sequence[Term]) -> Term:
    return _group("and", terms)


def some(terms: Sequence[Term]) -> Term:
    return _group("or", terms)


def _group(word: str, terms: Sequence[Term]) -> Term:
    certain, possible = (joined(word, q) for q in ([t.certain for t in terms], [t.possible for t in terms]))
    return settled(truth(certain, possible, max((t.depth for t in terms), default=0), any(t.nullable for t in terms)))


def negated(term: Term) -> Term:
    return settled(truth(turned(term.possible), turned(term.certain), term.depth, term.nullable))


def settled(term: Term) -> Term:
    """The term, or the constant that it comes to."""
    if {term.certain, term.possible} <= {"True", "False"}:
        return known_truth(True if term.certain == "True" else None if term.possible == "True" else False)
    return term

"""How far an account is from making a condition go one way: 0 where it goes so, more the more is to change.

The search for an account goes downhill on this number. It has no other meaning: what is found is
always tried with the interpreter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from samrules.decision.trace import Trace
from samrules.model import expressions as ex
from samrules.model.types import Value

_UNSET = 1.2
"""A missing fact in the way is a little worse than a known one that nearly does."""


def distance(trace: Trace, want: bool | None) -> float:
    """How far a truth is from being as wanted; None is unknown."""
    if trace.value is want:
        return 0.0
    node, parts = trace.expr, trace.parts
    match node:
        case ex.Name() if parts:
            return distance(parts[0], want)
        case ex.Not():
            return distance(parts[0], None if want is None else not want)
        case ex.All():
            return _every(parts, True, want)
        case ex.Any_():
            return _every(parts, False, None if want is None else want)
        case ex.AtLeast(count=count):
            return _count(parts, count, want)
        case ex.If():
            return min(distance(parts[0], True) + distance(parts[1], want),
                       distance(parts[0], False) + distance(parts[2], want))
        case ex.Certain():
            return distance(parts[0], True) if want else min(distance(parts[0], False), distance(parts[0], None))
        case ex.Possible():
            return min(distance(parts[0], True), distance(parts[0], None)) if want else distance(parts[0], False)
        case ex.Maybe():
            if want is None:
                return distance(parts[0], False) + distance(parts[1], True)
            return distance(parts[0] if want else parts[1], want)
        case ex.Held():
            if want is True:
                return (distance(parts[0].parts[0], True) + earlier(trace, node)) or 1.0
            return min(distance(p.parts[0], want) for p in parts) or 1.0
    return _leaf(trace, want)


_NO_REVIEW = 3.0
"""A review that is lacking is worse than one that does not hold yet, of which one fact may be wrong."""


def earlier(trace: Trace, held: ex.Held) -> float:
    """How far the earlier reviews are from being enough, each with what must be sustained."""
    lacking = max(0, held.reviews - len(trace.parts)) * _NO_REVIEW
    return lacking + sum(distance(p.parts[0], True) for p in trace.parts[1:])


def _every(parts: Sequence[Trace], neutral: bool, want: bool | None) -> float:
    """Of `all` (neutral: true) and `any` (neutral: false): all parts neutral, one not, or the rest open."""
    if want is neutral:
        return sum(distance(p, neutral) for p in parts)
    if want is None:
        closed = sum(min(distance(p, neutral), distance(p, None)) for p in parts if p.value is (not neutral))
        return closed + min(distance(p, None) for p in parts)
    return min(distance(p, not neutral) for p in parts)


def _count(parts: Sequence[Trace], count: int, want: bool | None) -> float:
    if want is True:
        return sum(sorted(distance(p, True) for p in parts)[:count])
    if want is False:
        return sum(sorted(distance(p, False) for p in parts)[:len(parts) - count + 1])
    return min(distance(p, None) for p in parts) + abs(count - 1 - sum(p.value is True for p in parts))


def hanging(group: ex.Expr, others: Sequence[Trace]) -> float:
    """How far a group is from hanging on one part alone, the `others` being as they are."""
    match group:
        case ex.All():
            return sum(distance(p, True) for p in others)
        case ex.Any_():
            return sum(distance(p, False) for p in others)
        case ex.AtLeast(count=count):
            true = sorted((distance(p, True), i) for i, p in enumerate(others))
            chosen = {i for _, i in true[:count - 1]}
            return sum(distance(p, i in chosen) for i, p in enumerate(others))
    return 0.0


def _leaf(trace: Trace, want: bool | None) -> float:
    if want is None:
        return 1.0
    if trace.value is None:
        return _UNSET
    if isinstance(trace.expr, ex.Compare):
        return 1.0 + _apart(trace.parts[0].value, trace.parts[1].value)
    if isinstance(trace.expr, ex.Between):
        subject, low, high = (p.value for p in trace.parts)
        return 1.0 + min(_apart(subject, low), _apart(subject, high))
    return 1.0


def _apart(a: Value | None, b: Value | None) -> float:
    """Two values of one type, from 0 where they are equal to less than 1."""
    if isinstance(a, date) and isinstance(b, date):
        days = abs(a.toordinal() - b.toordinal())
        return days / (days + 365.0)
    if isinstance(a, int | float) and isinstance(b, int | float):
        gap = abs(float(a) - float(b))
        return gap / (gap + abs(float(b)) + 1.0)
    return 0.0

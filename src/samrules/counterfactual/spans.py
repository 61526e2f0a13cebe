"""What a node of a plan may be while facts are anywhere within bounds.

A condition is a mask of the truths it may have. Any other value is a span `(low, high, missing)` of ordered values, a set
of words (None among them where it may be missing), or None where it is missing for certain. Ends are computed by the very
operators of the engines: doubles are rounded in order, so what they give between two ends lies between what they
give at the ends. Of facts that are fixed all this is exact; of facts that move it may be too wide, never too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from samrules.model.operators import OPERATORS
from samrules.model.types import Value

TRUE, FALSE, UNKNOWN = 1, 2, 4
ANYTHING = TRUE | FALSE | UNKNOWN

Span = tuple[Any, Any, bool]
Possible = Any
"""A mask, a span, a frozenset of words, or None."""

_MASKS: dict[bool | None, int] = {True: TRUE, False: FALSE, None: UNKNOWN}
_TRUTHS = ((TRUE, True), (FALSE, False), (UNKNOWN, None))


def mask_of(truth: Value | None) -> int:
    return TRUE if truth is True else FALSE if truth is False else UNKNOWN


def truths(mask: int) -> list[bool | None]:
    return [truth for bit, truth in _TRUTHS if mask & bit]


def exactly(value: Value | None) -> Possible:
    """One value that is no condition."""
    if value is None:
        return None
    return frozenset((value,)) if isinstance(value, str) else (value, value, False)


# --- conditions ----------------------------------------------------------------------------------


def negation(mask: int) -> int:
    return (mask & TRUE) << 1 | (mask & FALSE) >> 1 | mask & UNKNOWN


def _both(a: int, b: int) -> int:
    """Strong Kleene `and` of each combination of two."""
    false = (a | b) & FALSE if a and b else 0
    unknown = UNKNOWN if (a & UNKNOWN and b & (TRUE | UNKNOWN)) or (b & UNKNOWN and a & TRUE) else 0
    return a & b & TRUE | false | unknown


_AND = [_both(a, b) for a in range(8) for b in range(8)]
_OR = [negation(_both(negation(a), negation(b))) for a in range(8) for b in range(8)]


def conjunction(*masks: int) -> int:
    found = TRUE
    for mask in masks:
        found = _AND[found << 3 | mask]
    return found


def disjunction(*masks: int) -> int:
    found = FALSE
    for mask in masks:
        found = _OR[found << 3 | mask]
    return found


def at_least(count: int) -> Callable[..., int]:
    def some(*masks: int) -> int:
        certain = sum(m == TRUE for m in masks)
        may_hold = sum(bool(m & TRUE) for m in masks)
        may_be_open = sum(bool(m & (TRUE | UNKNOWN)) for m in masks)
        must_be_open = sum(not m & FALSE for m in masks)
        found = TRUE if may_hold >= count else 0
        found |= FALSE if must_be_open < count else 0
        if certain < count <= may_be_open and any(m & UNKNOWN for m in masks):
            found |= UNKNOWN
        return found
    return some


def table(of: dict[int, int]) -> Callable[[int], int]:
    """A function of one truth, as the masks it gives."""
    made = [0] * 8
    for mask in range(8):
        for bit, to in of.items():
            made[mask] |= to if mask & bit else 0
    return made.__getitem__


certain = table({TRUE: TRUE, FALSE: FALSE, UNKNOWN: FALSE})
possible = table({TRUE: TRUE, FALSE: FALSE, UNKNOWN: TRUE})


def maybe(first: int, second: int) -> int:
    """True if the first is, false if the second is not, else unknown."""
    found = first & TRUE
    if first & (FALSE | UNKNOWN):
        found |= (UNKNOWN if second & TRUE else 0) | (FALSE if second & (FALSE | UNKNOWN) else 0)
    return found


# --- comparisons ---------------------------------------------------------------------------------


def comparison(operator: str) -> Callable[[Possible, Possible], int]:
    compute = OPERATORS[operator].compute
    less, equal = OPERATORS["<"].compute, OPERATORS["="].compute
    assert compute is not None
    assert less is not None
    assert equal is not None

    def compare(a: Possible, b: Possible) -> int:
        if a is None or b is None:
            return UNKNOWN
        if isinstance(a, frozenset):
            return _words(compute, a, b)
        low, high, missing = a
        low2, high2, missing2 = b
        found = UNKNOWN if missing or missing2 else 0
        if operator in ("<", "<="):
            return found | (TRUE if compute(low, high2) else 0) | (0 if compute(high, low2) else FALSE)
        if operator in (">", ">="):
            return found | (TRUE if compute(high, low2) else 0) | (0 if compute(low, high2) else FALSE)
        met = not less(high, low2) and not less(high2, low)
        one = low == high and low2 == high2
        same = (TRUE if met else 0) | (0 if one and equal(low, low2) else FALSE)
        return found | (same if operator == "=" else negation(same))

    return compare


def itself(operator: str) -> Callable[[Possible, Possible], int]:
    """A value compared with itself: `a = a` wherever it is known."""
    yes, known = operator in ("=", "<=", ">="), is_known(True)

    def compare(a: Possible, _: Possible) -> int:
        may = known(a)
        return ((TRUE if yes else FALSE) if may & TRUE else 0) | (UNKNOWN if may & FALSE else 0)
    return compare


def alike(operator: str) -> Callable[[int, int], int]:
    """`=` and `!=` of two conditions."""
    def compare(a: int, b: int) -> int:
        found = UNKNOWN if (a | b) & UNKNOWN else 0
        same = TRUE if a & b & (TRUE | FALSE) else 0
        if (a & TRUE and b & FALSE) or (a & FALSE and b & TRUE):
            same |= FALSE
        return found | (same if operator == "=" else negation(same))
    return compare


def _words(compute: Callable[[Any, Any], bool], a: frozenset[Any], b: frozenset[Any]) -> int:
    found = 0
    for one in a:
        for other in b:
            found |= UNKNOWN if one is None or other is None else TRUE if compute(one, other) else FALSE
    return found


def is_known(known: bool) -> Callable[[Possible], int]:
    yes, no = (TRUE, FALSE) if known else (FALSE, TRUE)

    def ask(a: Possible) -> int:
        if a is None:
            return no
        if isinstance(a, int):
            return (yes if a & (TRUE | FALSE) else 0) | (no if a & UNKNOWN else 0)
        missing = None in a if isinstance(a, frozenset) else a[2]
        present = a != frozenset((None,))
        return (no if missing else 0) | (yes if present else 0)
    return ask


# --- values --------------------------------------------------------------------------------------

_WIDEST: Span = (-math.inf, math.inf, True)


def _endless(*ends: Any) -> bool:
    return any(isinstance(e, float) and math.isinf(e) for e in ends)


def arithmetic(operator: str) -> Callable[[Possible, Possible], Possible]:
    compute = OPERATORS[operator].compute
    assert compute is not None

    def calculate(a: Possible, b: Possible) -> Possible:
        if a is None or b is None:
            return None
        low, high, missing = a
        low2, high2, missing2 = b
        if low == high and low2 == high2 and not _endless(low, low2):
            only = compute(low, low2)
            return None if only is None else (only, only, missing or missing2)
        if operator == "/" and low2 == high2 == 0:
            return None
        if _endless(low, high, low2, high2) or (operator == "/" and low2 <= 0 <= high2):
            return _WIDEST
        if operator == "+":
            ends = [compute(low, low2), compute(high, high2)]
        elif operator == "-":
            ends = [compute(low, high2), compute(high, low2)]
        else:
            ends = [compute(x, y) for x in (low, high) for y in (low2, high2)]
        if any(e is None for e in ends):
            return _WIDEST
        return min(ends), max(ends), missing or missing2

    return calculate


_minus = arithmetic("-")


def negative(a: Possible) -> Possible:
    return _minus((0, 0, False), a)


def rising(function: str) -> Callable[..., Possible]:
    """`min`, `max` and `millionth`, which never fall where what they take rises."""
    compute = OPERATORS[function].compute
    assert compute is not None

    def calculate(*given: Possible) -> Possible:
        if any(a is None for a in given):
            return None
        lows, highs = [a[0] for a in given], [a[1] for a in given]
        if function == "millionth" and _endless(*lows, *highs):
            return _WIDEST
        ends = compute(*lows), compute(*highs)
        return _WIDEST if None in ends else (*ends, any(a[2] for a in given))
    return calculate


def absolute(a: Possible) -> Possible:
    if a is None:
        return None
    low, high, missing = a
    compute = OPERATORS["abs"].compute
    assert compute is not None
    ends = compute(low), compute(high)
    if None in ends:
        return None if low == high else _WIDEST
    return (0 if low < 0 < high else min(ends)), max(ends), missing


def either(*options: Possible) -> Possible:
    """What is one of several values."""
    known = [o for o in options if o is not None]
    if not known:
        return None
    if isinstance(known[0], int):
        found = 0
        for o in options:
            found |= UNKNOWN if o is None else o
        return found
    absent = len(known) < len(options)
    if isinstance(known[0], frozenset):
        return frozenset().union(*known, (None,) if absent else ())
    return min(k[0] for k in known), max(k[1] for k in known), absent or any(k[2] for k in known)


def first_known(*given: Possible) -> Possible:
    """`coalesce`."""
    options: list[Possible] = []
    for a in given:
        if a is None:
            continue
        present: Possible
        if isinstance(a, int):
            open_, present = bool(a & UNKNOWN), a & (TRUE | FALSE)
        elif isinstance(a, frozenset):
            open_, present = None in a, a - {None}
        else:
            open_, present = a[2], (a[0], a[1], False)
        if present:
            options.append(present)
        if not open_:
            return either(*options)
    return either(*options, None) if options else (UNKNOWN if given and isinstance(given[-1], int) else None)


def choice(condition: int, then: Possible, otherwise: Possible) -> Possible:
    """`if`: where the condition is unknown, what both branches agree on."""
    options: list[Possible] = []
    if condition & TRUE:
        options.append(then)
    if condition & FALSE:
        options.append(otherwise)
    if condition & UNKNOWN:
        options += _agreed(then, otherwise)
    return either(*options)


def _agreed(then: Possible, otherwise: Possible) -> Sequence[Possible]:
    if isinstance(then, int) and isinstance(otherwise, int):
        met = then & otherwise & (TRUE | FALSE)
        return [met | (0 if then == otherwise and then in (TRUE, FALSE) else UNKNOWN)]
    if then is None or otherwise is None:
        return [None]
    if isinstance(then, frozenset):
        one = len(then) == 1 and then == otherwise and None not in then
        return [then] if one else [then & otherwise, None] if then & otherwise else [None]
    if _same_one(then, otherwise):
        return [then]  # which of two equal ones, an integer or a double, is the interpreter's choice too
    overlap = not (then[1] < otherwise[0] or otherwise[1] < then[0])
    return [then, None] if overlap else [None]


def _same_one(a: Span, b: Span) -> bool:
    equal = OPERATORS["="].compute
    assert equal is not None
    return a[0] == a[1] and b[0] == b[1] and not a[2] and not b[2] and bool(equal(a[0], b[0]))

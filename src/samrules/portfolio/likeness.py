"""How far a list of chosen accounts merely copies another ranking, such as that by revenue."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from samrules.decision.placing import Between
from samrules.decision.words import counted, number

COPIES_FROM = 0.8
"""From this share of the list on it may copy the ranking: 4 of 5. It is a hint for a reader, no rule."""

TOO_FEW = 3
"""A list of one or two says nothing of how it came about."""


@attrs.frozen
class Entrant:
    """An account as far as likeness goes; None is not known.

    `ranked` says whether it qualified for a place, so that its score counts in the correlation.
    """

    chosen: bool
    ranked: bool
    score: float | None
    compared: float | None


@attrs.frozen
class Likeness:
    """How far the chosen are those that another ranking would have chosen.

    Attributes:
        title: what the list is compared with, such as "revenue of the last 12 months".
        chosen, accounts: how many were chosen, of how many in the table.
        shared: how many of the chosen are also at the top of the other ranking, among as many.
        unknown: accounts whose place in the other ranking is not known.
        correlation: Kendall's tau-b of score and value among the accounts that qualify, from -1 to 1;
            None where fewer than two are known, or all are alike.
        pairs_of: how many accounts the correlation rests on.
    """

    title: str
    chosen: int
    accounts: int
    shared: Between
    unknown: int
    correlation: float | None
    pairs_of: int

    @property
    def says(self) -> str:
        """The comparison in a sentence or two."""
        if not self.chosen:
            return f"Nobody is chosen, so there is nothing to compare with the ranking by {self.title}."
        low, high = int(self.shared.low), int(self.shared.high or 0)
        some = f"{low}" if low == high else f"between {low} and {high}"
        text = f"{some[:1].upper()}{some[1:]} of the {self.chosen} chosen {'is' if high == 1 else 'are'} " \
               f"also among the {counted(self.chosen, 'accounts')} first by {self.title}, of {self.accounts}"
        if self.unknown:
            text += f" ({counted(self.unknown, 'accounts')} without this figure)"
        text += self._verdict(low, high)
        if self.correlation is not None:
            text += f" Among the {self.pairs_of} that qualify, both rankings agree to {number(self.correlation)} " \
                    "(Kendall's tau: 1 the same order, 0 none in common, -1 the reverse)."
        return text

    def _verdict(self, low: int, high: int) -> str:
        if self.chosen < TOO_FEW or self.accounts < 2 * self.chosen:
            return "; there are too few accounts to tell a copy from chance."
        if low >= COPIES_FROM * self.chosen:
            return ": the list may merely copy that ranking."
        return "." if high >= COPIES_FROM * self.chosen else ": the list is no copy of that ranking."

    def to_dict(self) -> dict[str, Any]:
        return {
            "compared_with": self.title, "chosen": self.chosen, "accounts": self.accounts,
            "shared": self.shared.to_dict(), "unknown": self.unknown, "correlation": self.correlation,
            "correlation_of": self.pairs_of, "says": self.says,
        }


def likeness(title: str, entrants: Sequence[Entrant]) -> Likeness:
    """Compare the chosen among the entrants with the ranking by the other value, highest first.

    An account is at the top of it where fewer accounts than were chosen have more. What is not
    known leaves the number of shared accounts an interval.
    """
    chosen = sum(e.chosen for e in entrants)
    known = sorted(e.compared for e in entrants if e.compared is not None)
    unknown = len(entrants) - len(known)
    low = high = 0
    for e in (e for e in entrants if e.chosen):
        more = len(known) - bisect_right(known, e.compared) if e.compared is not None else 0
        high += more < chosen
        low += e.compared is not None and more + unknown < chosen
    ranked = [(e.score, e.compared) for e in entrants if e.ranked]
    both = [(a, b) for a, b in ranked if a is not None and b is not None]
    return Likeness(title, chosen, len(entrants), Between(low, high), unknown, kendall(both), len(both))


def kendall(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Kendall's tau-b, which allows for ties: from -1 to 1, rounded to 3 places; None where it is undefined.

    By Knight's method: in the order of the first value, the inversions of the second are the pairs
    on which the two disagree.
    """
    def alike(values: Iterable[object]) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(values).values())

    disagree, seen = 0, list[float]()
    for _, second in sorted(pairs):
        disagree += len(seen) - bisect_right(seen, second)
        insort(seen, second)
    every = len(pairs) * (len(pairs) - 1) // 2
    first_alike, second_alike = alike(a for a, _ in pairs), alike(b for _, b in pairs)
    spread = (every - first_alike) * (every - second_alike)
    agree_less_disagree = every - first_alike - second_alike + alike(pairs) - 2 * disagree
    return round(agree_less_disagree / math.sqrt(spread), 3) if spread > 0 else None

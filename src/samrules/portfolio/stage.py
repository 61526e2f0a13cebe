"""Who may be in, who may have to wait: the meaning of docs/semantics.md, "Portfolio", as a pure function.

Nothing is guessed. What an account is, where it ranks and how many places there are may each be
open; an outcome is possible where some way of filling in what is open gives it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

import attrs

from samrules.decision.placing import SortKey
from samrules.portfolio.places import Limits

Place = tuple[float | str, ...]
"""Where an account would rank: its keys and, last of all, its id. The lower comes first."""


@attrs.frozen
class Contender:
    """An account in the choice: what it may be, and by what it ranks.

    It may keep its place (`keeps`), compete for one (`competes`), or be neither (`neither`); more
    than one of these where that is not known.
    """

    account: str
    keeps: bool
    competes: bool
    neither: bool
    keys: tuple[SortKey, ...]
    best: Place = attrs.field(init=False)
    worst: Place = attrs.field(init=False)

    @best.default
    def _best(self) -> Place:
        return (*(key.low for key in self.keys), self.account)

    @worst.default
    def _worst(self) -> Place:
        return (*(key.high for key in self.keys), self.account)

    @property
    def surely_competes(self) -> bool:
        return self.competes and not self.keeps and not self.neither

    @property
    def surely_keeps(self) -> bool:
        return self.keeps and not self.competes and not self.neither


@attrs.frozen
class Chance:
    """What an account finds if it competes: whether it may get a place, whether it may miss one, and
    how many newcomers rank before it, at least and at most."""

    may_enter: bool
    may_miss: bool
    least_before: int
    most_before: int


class Field:
    """All contenders, sorted so that each can be held against the others at once."""

    def __init__(self, contenders: Iterable[Contender], limits: Limits) -> None:
        self.limits = limits
        everyone = list(contenders)
        compete = [c for c in everyone if c.competes]
        self.keep_least = sum(c.surely_keeps for c in everyone)
        self.keep_most = sum(c.keeps for c in everyone)
        self.compete_least = sum(c.surely_competes for c in compete)
        self.compete_most = len(compete)
        self._best = sorted(c.best for c in compete)
        self._sure_worst = sorted(c.worst for c in compete if c.surely_competes)
        either = [c for c in compete if c.keeps]
        self._either_best = sorted(c.best for c in either)
        self._either_worst = sorted(c.worst for c in either if not c.neither)

    def chance(self, one: Contender) -> Chance:
        """How a contender fares if it competes.

        An account takes a place from the others whether it keeps one or comes before them, but one
        that keeps it never takes more: the places may grow with those that are held. So the worst
        for `one` is that all who can come before it do, and the best that they do nothing, else
        rank behind, else keep a place.
        """
        itself = one.best < one.worst  # then it was counted among those that may come before
        before = bisect_left(self._best, one.worst) - (one.competes and itself)
        either_before = bisect_left(self._either_best, one.worst) - (one.competes and one.keeps and itself)
        held_at_most = self.keep_most - one.keeps - either_before
        sure_before = bisect_left(self._sure_worst, one.best)
        held_at_least = self.keep_least + bisect_left(self._either_worst, one.best)
        return Chance(
            may_enter=self.limits.free(held_at_least, most=True) > sure_before,
            may_miss=self.limits.free(held_at_most, most=False) <= before,
            least_before=sure_before,
            most_before=before,
        )


def undecided(one: Contender, other: Contender) -> bool:
    """Whether what `other` takes from `one` is open: it may take a place or none, or of either kind."""
    may_precede = other.competes and other.best < one.worst
    surely_precedes = other.competes and other.worst < one.best
    ways = [other.keeps, may_precede, other.neither or (other.competes and not surely_precedes)]
    return sum(ways) > 1


def order_hangs_on(one: Contender, other: Contender) -> list[tuple[bool, str]]:
    """The missing facts on which the order of two hangs: whether of the first, and which."""
    found: list[tuple[bool, str]] = []
    for mine, its in zip(one.keys, other.keys, strict=True):
        if mine.low > its.high or its.low > mine.high:
            break  # the order is clear from here on
        found += [(True, fact) for fact in mine.missing] + [(False, fact) for fact in its.missing]
    return found

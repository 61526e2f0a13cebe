"""Which edits moved an account: each edit tried by itself, and each left out."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator

import attrs

from samrules.compare.answers import Answer, Deck, answers
from samrules.compare.hybrids import Hybrids, Subset
from samrules.errors import FactError

MOST_TRIED = 300
"""Sets of edits that are tried exhaustively; beyond it a set is only known to have no needless edit."""


@attrs.frozen
class Blame:
    """The edits, by number, that moved an account.

    `alone`: each of them by itself gives the new answer. `needed`: leaving out any one of them gives
    the old answer back. Where there is none of either, `together` is a set that gives the new answer,
    the smallest there is if `smallest`, else one in which every edit is needed; empty where no part of
    the edits makes a ruleset that could be tried.
    """

    alone: tuple[int, ...] = ()
    needed: tuple[int, ...] = ()
    together: tuple[int, ...] = ()
    smallest: bool = True

    @property
    def edits(self) -> tuple[int, ...]:
        return tuple(sorted({*self.alone, *self.needed, *self.together}))


Seen = Callable[[Answer], object]
"""What of an answer is compared."""


@attrs.define
class Blamer:
    """Decides accounts under parts of the edits."""

    hybrids: Hybrids
    deck: Deck
    tried: list[int]
    """The numbers of the edits that can bear on a decision."""
    _answers: dict[Subset, dict[str, Answer]] = attrs.field(factory=dict)

    def blame(self, moved: dict[str, tuple[Answer, Answer]], seen: Seen) -> dict[str, Blame]:
        """Of each account that moved, from one answer to another, the edits that moved it."""
        if len(self.tried) == 1:
            return {account: Blame(alone=tuple(self.tried), needed=tuple(self.tried)) for account in moved}
        everything = frozenset(self.tried)
        accounts = set(moved)
        alone = {i: self.answers(frozenset({i}), accounts) for i in self.tried}
        without = {i: self.answers(everything - {i}, accounts) for i in self.tried}
        found = {}
        for account, (old, new) in moved.items():
            by_itself = tuple(i for i in self.tried if _is(alone[i], account, new, seen))
            needed = tuple(i for i in self.tried if _is(without[i], account, old, seen))
            found[account] = Blame(by_itself, needed) if by_itself or needed else self.smallest(account, new, seen)
        return found

    def answers(self, subset: Subset, accounts: set[str]) -> dict[str, Answer]:
        """The answers under some edits on the accounts wanted; none where they cannot be made or decided."""
        known = self._answers.setdefault(subset, {})
        if wanted := accounts - set(known):
            rules = self.hybrids.rules(subset)
            if rules is not None and rules.plan.decision is not None:
                with contextlib.suppress(FactError):  # accounts may not go with the facts or dates of a half-way ruleset
                    known.update(answers(rules, self.deck, wanted))
        return known

    def smallest(self, account: str, new: Answer, seen: Seen) -> Blame:
        """A smallest set of edits with the new answer; where there are too many to try, one without a needless edit."""
        size = 2
        while size < len(self.tried) and math.comb(len(self.tried), size) <= MOST_TRIED:
            for chosen in itertools.combinations(self.tried, size):
                if _is(self.answers(frozenset(chosen), {account}), account, new, seen):
                    return Blame(together=chosen)
            size += 1
        if not _is(self.answers(frozenset(self.tried), {account}), account, new, seen):
            return Blame()
        if size >= len(self.tried):
            return Blame(together=tuple(self.tried))
        kept = list(self.tried)
        for chunk in _chunks(len(kept)):
            for part in [kept[i : i + chunk] for i in range(0, len(kept), chunk)]:
                rest = [i for i in kept if i not in part]
                if rest and _is(self.answers(frozenset(rest), {account}), account, new, seen):
                    kept = rest
        return Blame(together=tuple(kept), smallest=False)


def _is(found: dict[str, Answer], account: str, wanted: Answer, seen: Seen) -> bool:
    return account in found and seen(found[account]) == seen(wanted)


def _chunks(count: int) -> Iterator[int]:
    """Halves, quarters, … and at last one by one, twice: what was needed before may not be any more."""
    size = count // 2
    while size > 1:
        yield size
        size //= 2
    yield 1
    yield 1


def outcomes(answer: Answer) -> object:
    return answer.outcomes


def outputs(answer: Answer) -> object:
    return answer.outputs

"""What is known of an account's claim to a place, and what became of it among all the others."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen
class SortKey:
    """A value by which accounts are ordered, the lower first: somewhere from `low` to `high`.

    A score that is better when higher stands here with its sign turned. `missing` are the facts
    that keep it open.
    """

    low: float
    high: float
    missing: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        return self.low == self.high


@attrs.frozen
class Claim:
    """What one account brings to the choice: whether it has a place already, and where it ranks.

    `incumbent` is None where it is not known, for want of the facts in `incumbent_missing`. The first
    of `keys` is what accounts are ranked by, the others break ties; `compared` is the value that the
    list is compared with, such as revenue.
    """

    incumbent: bool | None
    incumbent_missing: tuple[str, ...]
    keys: tuple[SortKey, ...]
    compared: float | None = None


@attrs.frozen
class Between:
    """A number that is known, or known to be from `low` to `high`; None leaves the end open."""

    low: float
    high: float | None

    @property
    def exact(self) -> float | None:
        return self.low if self.low == self.high else None

    def to_dict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


@attrs.frozen
class CutLine:
    """What the last newcomer with a place brought: the score, and who it was where that is certain."""

    score: Between
    account: str | None = None
    name: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {**self.score.to_dict(), "account": self.account}


INCUMBENT, NEWCOMER, NEITHER, OPEN = "incumbent", "newcomer", "neither", "open"


@attrs.frozen
class Placing:
    """Where an account stands in the choice.

    Attributes:
        standing: `incumbent` (keeps its place), `newcomer` (competes for one), `neither`, or `open`.
        chosen, waitlisted: the outcomes with and without a place, as the ruleset calls them.
        rank: its rank among the newcomers, if it is one; None where it is not.
        competing: how many newcomers compete.
        places, free: places in all, and those left for newcomers.
        cut_line: the score of the last newcomer with a place; None where nobody waits or no place is free.
        hangs_on: how many other accounts could change the outcome.
        says: a sentence for a reader; empty where the choice has no part in the outcome.
        to_enter: what it would take to get a place, in a sentence; empty for all but those that wait.
        around: the ranking near the account, as lines.
    """

    standing: str
    chosen: str
    waitlisted: str
    rank: Between | None
    competing: Between
    places: Between
    free: Between
    cut_line: CutLine | None
    hangs_on: int
    says: str
    to_enter: str = ""
    around: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    """The names of the other accounts whose facts are among the deciding unknowns, by id."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "standing": self.standing,
            "rank": self.rank.to_dict() if self.rank else None,
            "competing": self.competing.to_dict(),
            "places": self.places.to_dict(),
            "free": self.free.to_dict(),
            "cut_line": self.cut_line.to_dict() if self.cut_line else None,
            "says": self.says,
        }


def fact_of(fact: str, account: str) -> str:
    """A fact of another account among the deciding unknowns: `product_fit@eastgate`."""
    return f"{fact}@{account}"


def owner_of(unknown: str) -> tuple[str, str]:
    """A deciding unknown as the fact and, where it is another account's, that account's id."""
    fact, _, account = unknown.partition("@")
    return fact, account

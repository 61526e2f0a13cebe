"""The result: the decisions on all accounts, the places, the ranking, the likeness to another ranking."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs

from samrules.decision.decision import Decision
from samrules.decision.placing import Between, CutLine
from samrules.portfolio.likeness import Likeness

SCHEMA = "samrules.portfolio/1"


@attrs.frozen
class Ranked:
    """A newcomer in the ranking. `rank` and `score` are intervals where facts are missing; `score` is
    None where nothing is known of it."""

    account: str
    account_name: str | None
    rank: Between
    score: Between | None
    outcome: str

    def to_dict(self) -> dict[str, Any]:
        return {"account": self.account, "rank": self.rank.to_dict(),
                "score": self.score.to_dict() if self.score else None, "outcome": self.outcome}


@attrs.frozen
class Portfolio:
    """The decisions on all accounts together. Made by `Rules.decide_portfolio`.

    Attributes:
        decisions: a decision on each account, in the order the accounts were given.
        ceiling: the most places there may ever be.
        start, growth: the places a programme begins with, and how many may be added at a review;
            None where the ruleset does not say.
        places: the places at this review.
        incumbents: the accounts that keep theirs.
        free: the places for newcomers.
        competing: the newcomers that qualify.
        cut_line: what the last newcomer with a place brings; None where nobody has to wait, where
            no place is free, or where too little is known.
        ranking: the newcomers, best first.
        likeness: how far the chosen copy another ranking; None where the ruleset names none.
        says: all this in a few sentences.
    """

    ruleset: str
    version: str
    digest: str
    title: str
    as_of: date
    decisions: tuple[Decision, ...] = attrs.field(repr=False)
    ceiling: Between
    start: Between | None
    growth: Between | None
    places: Between
    incumbents: Between
    free: Between
    competing: Between
    cut_line: CutLine | None
    ranking: tuple[Ranked, ...] = attrs.field(repr=False)
    likeness: Likeness | None
    says: str = attrs.field(repr=False)

    def decision(self, account: str) -> Decision:
        """The decision on one account. Raises KeyError."""
        for found in self.decisions:
            if found.account == account:
                return found
        raise KeyError(account)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from samrules.portfolio.notebook import portfolio_html

        return portfolio_html(self)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready data, schema `samrules.portfolio/1`, keys in a fixed order."""
        return {
            "schema": SCHEMA,
            "as_of": self.as_of.isoformat(),
            "ruleset": {"name": self.ruleset, "version": self.version, "digest": self.digest},
            "ceiling": self.ceiling.to_dict(),
            "start": self.start.to_dict() if self.start else None,
            "growth": self.growth.to_dict() if self.growth else None,
            "places": self.places.to_dict(),
            "incumbents": self.incumbents.to_dict(),
            "free": self.free.to_dict(),
            "competing": self.competing.to_dict(),
            "cut_line": self.cut_line.to_dict() if self.cut_line else None,
            "ranking": [r.to_dict() for r in self.ranking],
            "likeness": self.likeness.to_dict() if self.likeness else None,
            "says": self.says,
            "decisions": [d.to_dict() for d in self.decisions],
        }

"""What a report knows of one account: its decision, the facts and events, what was decided before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import attrs

from samrules.decision.decision import Decision
from samrules.decision.events import Event
from samrules.engines.measures import Record
from samrules.engines.outcome import COMPILED
from samrules.errors import FactError
from samrules.explain.brief import brief
from samrules.explain.explanation import Part
from samrules.inputs.accounts import Account
from samrules.model.types import Value
from samrules.rules import Rules

ANEW = "decided anew"
"""The source of a decision that nobody recorded: today's rules, on the facts of that review."""


Outcome = str | tuple[str, ...]


@attrs.frozen
class Past:
    """An earlier decision on the account, or what a person put in its place.

    Attributes:
        outcome: None where it could not be decided, and `why` says the reason.
        source: where it is known from.
        said: what stands in place of the outcome, if anything.
    """

    day: date
    outcome: Outcome | None
    why: str
    source: str = ANEW
    said: str = ""


@attrs.frozen
class Override:
    """What a person put in place of the decision; `record` is its number in the ledger."""

    outcome: Outcome
    by: str
    reason: str
    expires: date
    record: int


@attrs.frozen
class Subject:
    """One account.

    Attributes:
        past: earlier decisions, the latest first.
        held: what held before, where a ledger says so; else it is the latest of `past`.
        override: the override that holds on the day of the report.
        what_if: what would change the outcome; None where it was not asked for.
    """

    decision: Decision
    facts: Mapping[str, Value] = attrs.field(factory=dict)
    events: tuple[Event, ...] = ()
    past: tuple[Past, ...] = ()
    held: Outcome | None = None
    override: Override | None = None
    what_if: tuple[Part, ...] | None = None

    @property
    def before(self) -> Outcome | None:
        """What held before this decision, None where that is not known."""
        return self.held if self.held is not None else self.past[0].outcome if self.past else None


def subjects(rules: Rules, accounts: Iterable[Account], decisions: Iterable[Decision], recorded: frozenset[str]) -> Iterator[Subject]:
    """The accounts of a table with their decisions, in the same order; earlier reviews are decided anew."""
    for account, decision in zip(accounts, decisions, strict=True):
        yield Subject(decision, account.facts, account.events, anew(rules, account, recorded))


def anew(rules: Rules, account: Account, recorded: frozenset[str]) -> tuple[Past, ...]:
    """What the rules say of the earlier reviews of an account, each on what was known then; the latest first.

    Where accounts are decided together, an account by itself has no decision.
    """
    if rules.together:
        return ()
    found = []
    for place, (day, facts) in enumerate(account.history):
        try:
            decision = rules.decide_checked(facts, day, account.history[:place], Record(account.events, recorded), COMPILED)
        except FactError as error:
            found.append(Past(day, None, error.diagnostics[0].message))
            continue
        found.append(Past(day, decision.outcome, brief(decision)))
    return tuple(reversed(found))

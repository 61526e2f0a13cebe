"""`samrules decide --ledger`: decisions are put on record before they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Self

import attrs

from samrules.audit.ledger import CHUNK, Ledger, given_of_account
from samrules.cli.report import message

if TYPE_CHECKING:
    from samrules.decision.decision import Decision
    from samrules.inputs.accounts import Account, Accounts
    from samrules.rules import Rules


class Recorder:
    """An open ledger, and what was put into it. The ledger is begun where there is none."""

    def __init__(self, target: str, rules: Rules, recorded: frozenset[str], day: date) -> None:
        self._ledger = Ledger.open(target, create=True)
        self._rules, self._kinds, self._day = rules, recorded, day
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ledger.close()
        if error is not None and self._count:
            message(f"{self._count:,} decisions are on record all the same, in {self._ledger.shown}")

    def with_reviews(self, table: Accounts) -> Accounts:
        """The accounts, each with the earlier reviews that are on record. Raises FactError."""
        return attrs.evolve(table, accounts=tuple(
            attrs.evolve(account, history=self._ledger.reviews(account.id, self._rules, self._day)) for account in table.accounts))

    def recorded(self, accounts: Sequence[Account], decisions: Iterator[Decision], *, together: bool) -> Iterator[Decision]:
        """The decisions on these accounts, each after it is on record."""
        pairs = ((given_of_account(account, self._kinds, self._day), decision)
                 for account, decision in zip(accounts, decisions, strict=True))
        while chunk := list(pairs if together else islice(pairs, CHUNK)):
            if together:
                self._ledger.record_together(self._rules, chunk)
            else:
                self._ledger.record_many(self._rules, chunk)
            self._count += len(chunk)
            yield from (decision for _, decision in chunk)

    def tell(self) -> None:
        decisions = "1 decision is" if self._count == 1 else f"{self._count:,} decisions are"
        message(f"{decisions} on record in {self._ledger.shown}\nHead: {self._ledger.head}")

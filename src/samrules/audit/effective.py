"""What holds for an account on a day: the latest decision, or the override in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import attrs

from samrules.audit.database import Database, Query
from samrules.audit.record import Kind, Record

_BY_PEOPLE = (Kind.OVERRIDE, Kind.WITHDRAWAL)


@attrs.frozen
class Effective:
    """What holds for an account under one ruleset on a day.

    Attributes:
        on: the day.
        decision: the latest decision up to that day; None where there is only an override.
        override: the override that holds on that day; None where none does.
        lapsed: the overrides that held before and no more, latest first.
    """

    account: str
    ruleset: str
    on: date
    decision: Record | None
    override: Record | None
    lapsed: tuple[Record, ...] = ()

    @property
    def outcome(self) -> str | tuple[str, ...] | None:
        """The outcome that holds: the override's, else the decision's."""
        record = self.override or self.decision
        return record.outcome if record is not None else None


def of_account(database: Database, account: str, on: date, ruleset: str | None) -> list[Effective]:
    """What holds for an account, by each ruleset."""
    decided = database.latest(Query(account=account, ruleset=ruleset, kinds=(Kind.DECISION,), until=on.isoformat()))
    decisions = {str(record.ruleset): record for record in decided if record.account == account}
    said = [r for r in database.records(Query(account=account, ruleset=ruleset, kinds=_BY_PEOPLE)) if r.account == account]
    names = dict.fromkeys([*decisions, *(str(r.ruleset) for r in said)])
    found = [_effective(account, name, on, decisions.get(name), [r for r in said if r.ruleset == name]) for name in names]
    return [e for e in found if e.decision is not None or e.override is not None or e.lapsed]


def of_all(database: Database, on: date, ruleset: str | None) -> Iterator[Effective]:
    """What holds for each account that was decided on, one after the other. The records of people are held meanwhile."""
    said: dict[tuple[str, str], list[Record]] = {}
    for record in database.records(Query(ruleset=ruleset, kinds=_BY_PEOPLE)):
        said.setdefault((str(record.account), str(record.ruleset)), []).append(record)
    for decision in database.latest(Query(ruleset=ruleset, kinds=(Kind.DECISION,), until=on.isoformat())):
        key = str(decision.account), str(decision.ruleset)
        yield _effective(*key, on, decision, said.get(key, ()))


def _effective(account: str, ruleset: str, on: date, decision: Record | None, said: Sequence[Record]) -> Effective:
    """From what people said of one account and ruleset, in order of numbers."""
    begun = [r for r in said if r.as_of is not None and r.as_of <= on]
    withdrawn = {r.body.get("withdraws") for r in begun if r.kind is Kind.WITHDRAWAL}
    given = [r for r in begun if r.kind is Kind.OVERRIDE]
    holding = [r for r in given if r.seq not in withdrawn and r.expires is not None and on <= r.expires]
    override = holding[-1] if holding else None
    return Effective(account, ruleset, on, decision, override, tuple(r for r in reversed(given) if r not in holding))

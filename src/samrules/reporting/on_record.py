"""What a ledger holds of the accounts of a report: earlier decisions, and what people put in their place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

import attrs

from samrules.audit import Kind, Ledger, Record
from samrules.decision.words import day as day_in_words
from samrules.decision.words import listed, sentence, word
from samrules.reporting.subject import Outcome, Override, Past, Subject
from samrules.rules import Rules


@attrs.define
class OnRecord:
    """One account on record. `past` has the latest first; `held` is what held the day before the report."""

    past: list[Past] = attrs.field(factory=list)
    held: Outcome | None = None
    override: Override | None = None

    def onto(self, subject: Subject) -> Subject:
        """The account with this; a review that is not on record stays as it was decided anew."""
        days = {p.day for p in self.past}
        anew = [p for p in subject.past if p.day not in days]
        past = sorted([*self.past, *anew], key=lambda p: p.day, reverse=True)
        return attrs.evolve(subject, past=tuple(past), held=self.held, override=self.override)


def on_record(ledger: Ledger, rules: Rules, accounts: Collection[str], day: date) -> Mapping[str, OnRecord]:
    """What is on record of these accounts under a ruleset of this name, before a day. Raises LedgerError."""
    found: dict[str, OnRecord] = {}
    outcomes = {r.rule.name: r.outcome for r in rules.plan.decision.rules} if rules.plan.decision else {}
    last: dict[tuple[str, date], Past] = {}
    for record in ledger.records(ruleset=rules.name, kinds=(Kind.DECISION, Kind.OVERRIDE, Kind.WITHDRAWAL)):
        account, when = record.account, record.as_of
        if account is None or when is None or account not in accounts or when > day:
            continue
        mine = found.setdefault(account, OnRecord())
        if record.kind is not Kind.DECISION:
            mine.past.append(_by_a_person(record, when))
        elif when < day:
            last[account, when] = _decided(record, when, outcomes)
    for (account, _), past in last.items():
        found[account].past.append(past)
    for account_on_record in found.values():
        account_on_record.past.sort(key=lambda p: p.day, reverse=True)
    for held in ledger.current(day - timedelta(days=1), rules.name):
        if held.account in found:
            found[held.account].held = held.outcome
    for now in ledger.current(day, rules.name):
        if now.account in found and now.override is not None:
            found[now.account].override = _override(now.override)
    return found


def _decided(record: Record, when: date, outcomes: Mapping[str, str]) -> Past:
    decision = record.decision or {}
    given = record.outcome if isinstance(record.outcome, tuple) else (record.outcome,)
    because = [r["because"] or sentence(r["title"]) for r in decision.get("fired", ()) if outcomes.get(r["rule"], given[0] if given else None) in given]
    if not decision.get("settled", True):
        because = [f"Still possible: {listed([word(o) for o in decision['possible']], 'or')}."]
    return Past(when, record.outcome, " ".join(because) or "No rule for another outcome held.",
                f"record {record.seq}, {record.version}")


def _by_a_person(record: Record, when: date) -> Past:
    by, reason = record.body["by"], sentence(record.body["reason"])
    if record.kind is Kind.WITHDRAWAL:
        return Past(when, None, reason, f"record {record.seq}, by {by}", said=f"override of record {record.body['withdraws']} taken back")
    until = f", until {day_in_words(record.expires)}" if record.expires else ""
    return Past(when, record.outcome, reason, f"record {record.seq}, an override by {by}{until}")


def _override(record: Record) -> Override:
    assert record.outcome is not None and record.expires is not None
    return Override(record.outcome, record.body["by"], record.body["reason"], record.expires, record.seq)

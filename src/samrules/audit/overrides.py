"""What people put in place of a decision: checked before it is put on record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from samrules.audit.record import Kind, Record
from samrules.diagnostics import Diagnostic, did_you_mean, listed
from samrules.errors import LedgerError

if TYPE_CHECKING:
    from samrules.audit.ledger import Ledger


def override_of(ledger: Ledger, account: str, outcome: str | Sequence[str], *, by: str, reason: str, since: date, expires: date,
                ruleset: str | None) -> dict[str, Any]:
    """The body of an override. Raises LedgerError."""
    decision = _decision(ledger, account, ruleset)
    where = f"account {account}"
    outcomes = ledger.rules(str(decision.digest)).outcomes
    asked = [outcome] if isinstance(outcome, str) else list(outcome)
    problems = [Diagnostic("bad-override", f"`{name}` is no outcome of `{decision.ruleset}`",
                           did_you_mean(name, outcomes, "outcomes"), where=where) for name in asked if name not in outcomes]
    if not isinstance(outcome, str) and not isinstance(decision.outcome, tuple):
        problems.append(Diagnostic("bad-override", f"`{decision.ruleset}` gives one outcome, not several", "name one", where=where))
    problems += _signed(by, reason, where)
    if expires < since:
        problems.append(Diagnostic("bad-override", f"it would expire on {expires}, before it begins on {since}",
                                   "give the last day on which it shall hold", where=where))
    if problems:
        raise LedgerError(problems)
    return {
        "account": account,
        "ruleset": decision.body["ruleset"],
        "overrides": decision.seq,
        "outcome": asked if isinstance(decision.outcome, tuple) else asked[0],
        "by": by.strip(),
        "reason": reason.strip(),
        "since": since.isoformat(),
        "expires": expires.isoformat(),
    }


def withdrawal_of(ledger: Ledger, seq: int, *, by: str, reason: str, since: date) -> dict[str, Any]:
    """The body of a withdrawal. Raises LedgerError."""
    record = ledger.get(seq)
    where = f"record {seq}"
    if record.kind is not Kind.OVERRIDE:
        raise LedgerError([Diagnostic("bad-override", f"record {seq} is no override, but a record of the kind `{record.kind}`",
                                      "give the number of an override; `samrules audit log --kind override` lists them", where=where)])
    problems = _signed(by, reason, where)
    if problems:
        raise LedgerError(problems)
    return {
        "account": record.account,
        "ruleset": record.body["ruleset"],
        "withdraws": seq,
        "by": by.strip(),
        "reason": reason.strip(),
        "since": since.isoformat(),
    }


def _signed(by: str, reason: str, where: str) -> list[Diagnostic]:
    problems = []
    if not by.strip():
        problems.append(Diagnostic("bad-override", "nobody stands behind it", "give the name of the person who decides it", where=where))
    if not reason.strip():
        problems.append(Diagnostic("bad-override", "it has no reason", "say why, in a sentence that a stranger understands", where=where))
    for text in (by, reason):
        try:
            text.encode()
        except UnicodeEncodeError:
            problems.append(Diagnostic("bad-override", "the name or the reason holds what is no text", "write it as UTF-8", where=where))
    return problems


def _decision(ledger: Ledger, account: str, ruleset: str | None) -> Record:
    """The last recorded decision on the account. Raises LedgerError."""
    found: dict[str, Record] = {}
    for record in ledger.records(account=account, kinds=(Kind.DECISION,), newest_first=True):
        found.setdefault(str(record.ruleset), record)
        if record.ruleset == ruleset:
            return record
    where = f"account {account}"
    if not found:
        raise LedgerError([Diagnostic("no-such-account", f"nothing was decided about an account `{account}`",
                                      did_you_mean(account, ledger.database.accounts(), "accounts on record"), where=where)])
    if ruleset is not None:
        raise LedgerError([Diagnostic("no-such-record", f"the ruleset `{ruleset}` decided nothing about `{account}`",
                                      did_you_mean(ruleset, found, "rulesets that did"), where=where)])
    if len(found) > 1:
        raise LedgerError([Diagnostic("bad-override", f"several rulesets decided about `{account}`: {listed(list(found))}",
                                      "say whose decision it is: `--ruleset`", where=where)])
    return next(iter(found.values()))

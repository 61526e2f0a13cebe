"""What the ledger answers: its records, why a decision was made, whether it holds, and what people put in its place."""

from __future__ import annotations

import warnings
from datetime import date
from typing import TYPE_CHECKING, Any

from samrules.audit import Kind, Record
from samrules.audit.database import Query
from samrules.audit.ledger import Ledger
from samrules.audit.record import stamp
from samrules.audit.replay import changed
from samrules.errors import UndeclaredFactWarning
from samrules.inputs.facts import ID, by_account
from samrules.rules import Given, Rules
from samrules.serving.call import JSON_LINES, Call, Reply, clip, refusal
from samrules.serving.decisions import data_of, explained, ruleset
from samrules.serving.json_body import read_object
from samrules.serving.requests import FORMATS, Answer, Asked, asked, decided
from samrules.serving.shape import Shape
from samrules.syntax.literals import BadLiteral, parse_date

if TYPE_CHECKING:
    from samrules.serving.service import Service

MOST_RECORDS = 200
"""Records in one answer of the log."""
MOST_EXPORTED = 1_000
_LAST_NUMBER = 2**53


def log(service: Service, call: Call) -> Reply:
    given = call.options("account", "ruleset", "kind", "outcome", "since", "until", "before", "limit")
    limit = number_in(given, "limit", 50, MOST_RECORDS)
    before = number_in(given, "before", _LAST_NUMBER, _LAST_NUMBER)
    found = records(service.book, given, before, limit)
    return Reply.json({"records": [summary(r) for r in found], "next": found[-1].seq if len(found) == limit and found[-1].seq > 1 else None})


def records(ledger: Ledger, given: dict[str, str], before: int, limit: int) -> list[Record]:
    """The latest records of those asked for, of smaller number than `before`."""
    kind = given.get("kind")
    if kind is not None and kind not in list(Kind):
        raise refusal(400, "bad-parameter", f"`{clip(kind)}` is no kind of record", f"kinds: {', '.join(Kind)}", "kind")
    since, until = _day(given, "since"), _day(given, "until")
    query = Query(given.get("account"), given.get("ruleset"), (kind,) if kind else (), since.isoformat() if since else None,
                  until.isoformat() if until else None, given.get("outcome"), upto=before - 1)
    return list(ledger.database.records(query, newest_first=True, limit=limit))


def summary(record: Record) -> dict[str, Any]:
    """What a list shows of a record."""
    outcome = record.outcome
    return {"seq": record.seq, "at": stamp(record.at), "kind": str(record.kind), "account": record.account, "ruleset": record.ruleset,
            "version": record.version, "as_of": record.as_of.isoformat() if record.as_of else None,
            "outcome": list(outcome) if isinstance(outcome, tuple) else outcome, "by": record.body.get("by"), "hash": record.hash}


def show(service: Service, call: Call) -> Reply:
    call.options()
    return Reply.json(_record(service, call).to_dict())


def why(service: Service, call: Call) -> Reply:
    given = call.options("why_not", "format")
    form = given.get("format", "json")
    if form not in FORMATS:
        raise refusal(400, "bad-parameter", f"`{clip(form)}` is no format", f"formats: {', '.join(FORMATS)}", "format")
    decision = service.book.decided_again(decision_of(_record(service, call)))
    return explained(decision.why_not(given["why_not"]) if "why_not" in given else decision.why(), form)


def replay(service: Service, call: Call) -> Reply:
    """One record decided again. All of a ledger is for the command line: it takes long."""
    call.options()
    record = decision_of(_record(service, call))
    now = service.book.decided_again(record)
    changes = changed(record, now)
    return Reply.json({"seq": record.seq, "same": not changes, "decision": now.to_dict(),
                       "changes": [{"path": c.path, "recorded": c.recorded, "now": c.now} for c in changes]})


def what_if(service: Service, call: Call) -> Reply:
    """A recorded decision, if some facts had been otherwise."""
    call.options()
    shape = Shape(read_object(call.body), ("facts",))
    facts = shape.object("facts")
    shape.done()
    return Reply.json(service.book.decided_again(decision_of(_record(service, call))).what_if(facts).to_dict())


def counterfactuals(service: Service, call: Call) -> Reply:
    """The smallest sets of changes that would have given another outcome."""
    given = call.options("outcome")
    return Reply.json(service.book.decided_again(decision_of(_record(service, call))).counterfactuals(given.get("outcome")).to_dict())


def effective(service: Service, call: Call) -> Reply:
    given = call.options("account", "on", "ruleset")
    if "account" not in given:
        raise refusal(400, "missing-key", "the parameter `account` is not there", "add it: the id of an account", "query")
    on = _day(given, "on") or date.today()
    found = service.book.effective(given["account"], on, given.get("ruleset"))
    if not found:
        raise refusal(404, "no-such-account", "nothing of that account is on record on that day", "`/api/audit/log` lists what is", "account")
    return Reply.json({"account": given["account"], "on": on.isoformat(), "effective": [
        {"ruleset": e.ruleset, "outcome": list(e.outcome) if isinstance(e.outcome, tuple) else e.outcome,
         "decision": summary(e.decision) if e.decision else None, "override": e.override.to_dict() if e.override else None} for e in found]})


def verify(service: Service, call: Call) -> Reply:
    given = call.options("head")
    found = service.book.verify(head=given.get("head"))
    return Reply.json({"ok": found.ok, "records": found.records, "hash": found.hash, "counts": dict(found.counts),
                       "findings": [{"seq": f.seq, "what": f.what} for f in found.findings]})


def export(service: Service, call: Call) -> Reply:
    given = call.options("account", "mask")
    count = service.book.head.records
    if count > MOST_EXPORTED:
        raise refusal(413, "request-too-large", f"the ledger has {count:,} records, more than the {MOST_EXPORTED:,} of one answer",
                      "use `samrules audit export`", "ledger")
    mask = [name.strip() for name in given.get("mask", "").split(",") if name.strip()]
    return Reply.text("".join(service.book.export(account=given.get("account"), mask=mask)), JSON_LINES)


def decide(service: Service, call: Call) -> Reply:
    call.options()
    rules = ruleset(service, call)
    what, shape = asked(read_object(call.body))
    shape.done()
    answer = decided(rules, what)
    given = _given(rules, what, answer)
    pairs = list(zip(given, answer.decisions, strict=True))
    if answer.portfolio is not None:
        service.book.record_together(rules, pairs)
    else:  # fewer than the ledger writes in one transaction: all or none
        service.book.record_many(rules, pairs)
    return Reply.json({**data_of(answer), "head": str(service.book.head)}, 201)


def _given(rules: Rules, what: Asked, answer: Answer) -> list[Given]:
    """What was given of each account, in order of the decisions; it was found right when they were made."""
    ids = [str(facts[ID]).strip() for facts in what.accounts]
    happened, _ = by_account(what.events, "events", "bad-event", ids)
    reviews, _ = by_account(what.history, "history", "bad-history", ids)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndeclaredFactWarning)  # told with the decisions
        return [rules.check_account(facts, happened.get(i, []) if what.events is not None else None, what.recorded, reviews.get(i, ()), what.as_of)
                for i, facts in zip(ids, what.accounts, strict=True)]


def override(service: Service, call: Call) -> Reply:
    call.options()
    return Reply.json(overridden(service.book, read_object(call.body)).to_dict(), 201)


OVERRIDE = ("account", "ruleset", "outcome", "by", "reason", "since", "expires")


def overridden(ledger: Ledger, given: dict[str, Any]) -> Record:
    """An override put on record. Raises Refusal, LedgerError."""
    shape = Shape(given, OVERRIDE)
    account, name = shape.text("account", needed=True), shape.text("ruleset")
    outcome: str | list[str] | None = shape.names("outcome") if isinstance(given.get("outcome"), list) else shape.text("outcome", needed=True)
    by, reason = shape.text("by", needed=True), shape.text("reason", most=2_000, needed=True)
    since, expires = shape.day("since"), shape.day("expires")
    if given.get("expires") is None:
        shape.wrong("missing-key", "`expires` is not there", "add it: the last day on which the override shall hold")
    shape.done()
    assert account and outcome is not None and by and reason and expires
    return ledger.override(account, outcome, by=by, reason=reason, expires=expires, since=since, ruleset=name)


def withdraw(service: Service, call: Call) -> Reply:
    call.options()
    shape = Shape(read_object(call.body), ("by", "reason", "since"))
    by, reason, since = shape.text("by", needed=True), shape.text("reason", most=2_000, needed=True), shape.day("since")
    shape.done()
    assert by and reason
    return Reply.json(service.book.withdraw(number_of(call.path["number"]), by=by, reason=reason, since=since).to_dict(), 201)


# --- parameters ---


def number_of(text: str) -> int:
    """The number of a record in an address. Raises Refusal."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 16 and 0 < int(text) < _LAST_NUMBER):
        raise refusal(404, "no-such-record", "that is no number of a record", "records are numbered from 1", "path")
    return int(text)


def _record(service: Service, call: Call) -> Record:
    return service.book.get(number_of(call.path["number"]))


def decision_of(record: Record) -> Record:
    if record.kind is not Kind.DECISION:
        raise refusal(404, "no-such-record", f"record {record.seq} is no decision, but a record of the kind `{record.kind}`",
                      "`/api/audit/log?kind=decision` lists the decisions", "path")
    return record


def number_in(given: dict[str, str], name: str, default: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17 and 1 <= int(text) <= most):
        raise refusal(400, "bad-parameter", f"`{name}` is no whole number from 1 to {most:,}", "write digits only", name)
    return int(text)


def _day(given: dict[str, str], name: str) -> date | None:
    if name not in given:
        return None
    try:
        return parse_date(given[name].strip())
    except BadLiteral as error:
        raise refusal(400, "bad-date", f"`{name}` is not a date", str(error), name) from None

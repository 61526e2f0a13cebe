"""The operations of the JSON API: where each is, what it takes, what it answers. Routes and description are both made of this."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from samrules.audit import Kind
from samrules.serving import audit, decisions
from samrules.serving.call import JSON, JSON_LINES, MARKDOWN, TEXT, Call, Reply
from samrules.serving.requests import FORMATS

if TYPE_CHECKING:
    from samrules.serving.service import Service

Handler = Callable[["Service", Call], Reply]
Schema = dict[str, Any]


READING, WRITING = "reading", "writing"


@attrs.frozen
class Parameter:
    """A parameter of the query, or of the path."""

    name: str
    says: str
    schema: Schema
    place: str = "query"
    needed: bool = False


@attrs.frozen
class Operation:
    """One operation.

    `body` names the schema of what it takes; for those of a ruleset (`{ruleset}` in the path) it is made for each of them.
    `answers` are the schemas of the answer by its media type. `statuses` are the refusals besides those that every operation has.
    `needs` is READING or WRITING of a ledger, or nothing.
    """

    name: str
    method: str
    path: str
    handler: Handler
    summary: str
    says: str
    answers: dict[str, Schema]
    body: str | None = None
    parameters: tuple[Parameter, ...] = ()
    statuses: tuple[int, ...] = ()
    needs: str = ""
    done: int = 200


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


WORDS: Schema = {"type": "string"}
FORMAT: Schema = {"type": "string", "enum": list(FORMATS), "default": "json"}
DAY: Schema = {"type": "string", "format": "date"}
_ACCOUNT = Parameter("account", "Records of this account only.", WORDS)
_RULESET = Parameter("ruleset", "Records of this ruleset only.", WORDS)
_NUMBER = Parameter("number", "The number of a record.", {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}, place="path")
EXPLAINED = {JSON: ref("Explanation"), TEXT: WORDS, MARKDOWN: WORDS}

OPERATIONS: tuple[Operation, ...] = (
    Operation("rulesets", "GET", "/api/rulesets", decisions.rulesets, "The rulesets of this server",
              "Those that were named when the server was started.", {JSON: ref("Rulesets")}),
    Operation("decide", "POST", "/api/decide/{ruleset}", decisions.decide, "Decide accounts",
              "Decides accounts by the facts, events and earlier reviews that the request brings along. Nothing of it is kept. All problems are "
              "told at once; where there is one, no account is decided.",
              {JSON: ref("Decisions")}, body="decide"),
    Operation("explain", "POST", "/api/explain/{ruleset}", decisions.explain, "Explain a decision",
              "Decides as `decide` does, and says why the outcome is what it is, or with `why_not` why it is not another.",
              EXPLAINED, body="explain"),
    Operation("log", "GET", "/api/audit/log", audit.log, "The records of the ledger",
              "The latest first; the next page is asked for with `before` as `next` says.", {JSON: ref("Log")},
              parameters=(_ACCOUNT, _RULESET,
                          Parameter("kind", "Records of this kind only.", {"type": "string", "enum": list(Kind)}),
                          Parameter("outcome", "Records with this outcome only.", WORDS),
                          Parameter("since", "The day decided for, from this on.", DAY), Parameter("until", "The day decided for, up to this.", DAY),
                          Parameter("before", "Records of a smaller number.", {"type": "integer", "minimum": 1, "maximum": 2**53}),
                          Parameter("limit", "How many there may be.", {"type": "integer", "minimum": 1, "maximum": audit.MOST_RECORDS, "default": 50})),
              statuses=(409,), needs=READING),
    Operation("show", "GET", "/api/audit/records/{number}", audit.show, "One record",
              "All that it holds: facts, events, reviews, the decision, its hash and that of the record before.", {JSON: ref("Record")},
              parameters=(_NUMBER,), statuses=(404, 409), needs=READING),
    Operation("why", "GET", "/api/audit/records/{number}/why", audit.why, "Why a recorded decision was made",
              "The decision is made again from the record, by the ruleset as it was then, and explained; with `why_not`, why it is not another.",
              EXPLAINED, parameters=(_NUMBER, Parameter("why_not", "Say why the outcome is not this one.", WORDS),
                                     Parameter("format", "How it is written.", FORMAT)), statuses=(404, 409), needs=READING),
    Operation("replay", "GET", "/api/audit/records/{number}/replay", audit.replay, "A recorded decision made again",
              "From the record, by the ruleset as it was then; what differs is named.", {JSON: ref("Replay")},
              parameters=(_NUMBER,), statuses=(404, 409), needs=READING),
    Operation("what_if", "POST", "/api/audit/records/{number}/what-if", audit.what_if, "A recorded decision, if facts had been otherwise",
              "The decision with the facts given in place of those on record, all else as it was; and what is different then. null makes a fact missing.",
              {JSON: ref("WhatIf")}, body="Facts", parameters=(_NUMBER,), statuses=(404, 409), needs=READING),
    Operation("counterfactuals", "GET", "/api/audit/records/{number}/counterfactuals", audit.counterfactuals,
              "What would have given another outcome", "The smallest sets of changes of facts, complete up to the bound that the answer states.",
              {JSON: ref("Counterfactuals")}, parameters=(_NUMBER, Parameter("outcome", "The outcome wanted; each other one where it is absent.", WORDS)),
              statuses=(404, 409), needs=READING),
    Operation("effective", "GET", "/api/audit/effective", audit.effective, "What holds for an account",
              "By each ruleset: the latest decision, or the override in its place.", {JSON: ref("Effective")},
              parameters=(attrs.evolve(_ACCOUNT, needed=True, says="The id of the account."), _RULESET,
                          Parameter("on", "The day; today where it is absent.", DAY)), statuses=(404, 409), needs=READING),
    Operation("verify", "GET", "/api/audit/verify", audit.verify, "Whether the ledger holds",
              "Every record is what was written, and follows the one before. `samrules audit verify` does the same without a limit of time, and with a key.",
              {JSON: ref("Verification")}, parameters=(Parameter("head", "What was kept of the ledger elsewhere: a hash, or `records:hash`.", WORDS),),
              statuses=(409,), needs=READING),
    Operation("export", "GET", "/api/audit/export", audit.export, "The ledger as lines of JSON",
              f"Chosen facts masked, and still verifiable; up to {audit.MOST_EXPORTED:,} records.", {JSON_LINES: WORDS},
              parameters=(attrs.evolve(_ACCOUNT, says="What is about other accounts is masked whole."),
                          Parameter("mask", "Names of facts and events to mask, with commas between.", WORDS)),
              statuses=(409, 413), needs=READING),
    Operation("record", "POST", "/api/audit/decide/{ruleset}", audit.decide, "Decide accounts, and record the decisions",
              "As `decide`; the decisions are put on record, all or none, and are on the disk when the answer comes. `head` is the number of records "
              "and the hash of the last.", {JSON: ref("Recorded")}, body="decide", statuses=(409,), needs=WRITING, done=201),
    Operation("override", "POST", "/api/audit/overrides", audit.override, "Put another outcome in place of a decision",
              "A record of its own, with a name, a reason and an end; the decision stays as it is.", {JSON: ref("Record")},
              body="Override", statuses=(404, 409), needs=WRITING, done=201),
    Operation("withdraw", "POST", "/api/audit/overrides/{number}/withdrawal", audit.withdraw, "Take an override back",
              "A record of its own.", {JSON: ref("Record")}, body="Withdrawal", parameters=(_NUMBER,), statuses=(404, 409), needs=WRITING, done=201),
)

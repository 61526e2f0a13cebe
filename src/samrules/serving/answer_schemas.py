"""JSON Schemas of what the API answers."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(needed: Schema, more: Schema | None = None, says: str | None = None) -> Schema:
    return {"type": "object", **({"description": says} if says else {}), "required": list(needed), "properties": {**needed, **(more or {})}}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT: Schema = {"type": "string"}
_DAY: Schema = {"type": "string", "format": "date"}
_DIGEST: Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_MAYBE_TEXT: Schema = {"type": ["string", "null"]}
_OUTCOME: Schema = {"description": "Several under the hit policy `collect`.", "anyOf": [_TEXT, _list(_TEXT)]}
_MAYBE_OUTCOME: Schema = {"anyOf": [_TEXT, _list(_TEXT), {"type": "null"}]}
_SEQ: Schema = {"type": "integer", "minimum": 1}
_TIME: Schema = {"type": "string", "format": "date-time"}
_WORDS: Schema = {"type": "string", "pattern": r"\S", "maxLength": 200}
_NUMBER: Schema = {"type": "number"}
_BETWEEN: Schema = {"description": "Between two numbers, which are the same where all is known.", "type": ["object", "null"]}

ANSWERS: dict[str, Schema] = {
    "Diagnostic": _object({"severity": {"enum": ["error", "warning", "note"]}, "code": _TEXT, "message": _TEXT, "where": _MAYBE_TEXT, "help": _TEXT},
                          says="One problem: its code, what is wrong, where, and the cure."),
    "Problem": _object({"type": _TEXT, "title": _TEXT, "status": {"type": "integer", "minimum": 400, "maximum": 599},
                        "diagnostics": {**_list(_ref("Diagnostic")), "minItems": 1}}, says="Why a request was refused (RFC 9457)."),
    "Ruleset": _object({"name": _TEXT, "version": _TEXT, "title": _TEXT, "digest": _DIGEST, "outcomes": _list(_TEXT), "together": {"type": "boolean"}}),
    "Rulesets": _object({"rulesets": _list(_ref("Ruleset"))}),
    "RulesetOf": _object({"name": _TEXT, "version": _TEXT, "digest": _DIGEST}),
    "Score": _object({"low": _NUMBER, "high": _NUMBER, "band": _MAYBE_TEXT,
                      "criteria": _list(_object({"name": _TEXT, "weight": _NUMBER, "low": _NUMBER, "high": _NUMBER}))}),
    "Decision": _object(
        {"schema": {"const": "samrules.decision/1"}, "account": _TEXT, "as_of": _DAY, "ruleset": _ref("RulesetOf"), "engine": _TEXT,
         "outcome": _OUTCOME, "settled": {"type": "boolean"}, "possible": _list(_TEXT), "deciding_unknowns": _list(_TEXT),
         "outputs": {"type": "object"}, "scores": {"type": "object", "additionalProperties": _ref("Score")},
         "fired": _list(_object({"rule": _TEXT, "title": _TEXT, "because": _MAYBE_TEXT, "cites": _list(_TEXT), "evidence": _list({"type": "object"})})),
         "stopped": _list(_object({"rule": _TEXT, "title": _TEXT, "exceptions": _list({"type": "object"})})),
         "near": _list(_object({"rule": _TEXT, "title": _TEXT, "outcome": _TEXT, "failed": _list({"type": "object"})})),
         "facts_digest": _DIGEST},
        {"parts": _list({"type": "object"}), "portfolio": {"type": "object"}}, "A decision on one account."),
    "Decisions": _object({"schema": {"const": "samrules.decisions/1"}, "decisions": _list(_ref("Decision")), "warnings": _list(_ref("Diagnostic"))},
                         {"portfolio": _object({"schema": {"const": "samrules.portfolio/1"}, "as_of": _DAY, "ruleset": _ref("RulesetOf"), "places": _BETWEEN,
                                                "ranking": _list({"type": "object"}), "says": _TEXT})}),
    "Item": _object({"text": _TEXT}, {"truth": {"enum": ["true", "false", "unknown"]}, "items": _list(_ref("Item"))}),
    "Explanation": _object({"schema": {"const": "samrules.explanation/1"}, "question": _TEXT, "account": _TEXT, "outcome": _OUTCOME, "title": _TEXT,
                            "answer": _TEXT, "parts": _list(_object({"heading": _TEXT, "sentences": _list(_TEXT), "items": _list(_ref("Item"))})),
                            "record": _TEXT}),
    "Summary": _object({"seq": _SEQ, "at": _TIME, "kind": _TEXT, "account": _MAYBE_TEXT, "ruleset": _MAYBE_TEXT, "version": _MAYBE_TEXT,
                        "as_of": {"type": ["string", "null"], "format": "date"}, "outcome": _MAYBE_OUTCOME, "by": _MAYBE_TEXT, "hash": _DIGEST},
                       says="What a list shows of a record."),
    "Log": _object({"records": _list(_ref("Summary")), "next": {"type": ["integer", "null"]}}),
    "Record": _object({"seq": _SEQ, "at": _TIME, "kind": _TEXT, "batch": {"type": ["object", "null"]}, "prev": _DIGEST, "hash": _DIGEST},
                      {"account": _TEXT, "decision": _ref("Decision")}, "A record whole; its further members depend on its kind."),
    "Replay": _object({"seq": _SEQ, "same": {"type": "boolean"}, "decision": _ref("Decision"),
                       "changes": _list(_object({"path": _TEXT, "recorded": {}, "now": {}}))}),
    "Facts": {"type": "object", "additionalProperties": False, "required": ["facts"], "properties": {
        "facts": {"description": "Facts by name, with the values that they shall have.", "type": "object",
                  "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}}},
    "WhatIf": _object({"schema": {"const": "samrules.what-if/1"}, "account": _TEXT, "differs": {"type": "boolean"}, "changed": {"type": "object"},
                       "turned": _list({"type": "object"}), "before": {"type": "object"}, "after": _ref("Decision")}),
    "Counterfactuals": _object({"schema": {"const": "samrules.counterfactuals/1"}, "account": _TEXT}),
    "Effective": _object({"account": _TEXT, "on": _DAY, "effective": _list(_object(
        {"ruleset": _TEXT, "outcome": _MAYBE_OUTCOME, "decision": {"anyOf": [_ref("Summary"), {"type": "null"}]},
         "override": {"anyOf": [_ref("Record"), {"type": "null"}]}}))}),
    "Verification": _object({"ok": {"type": "boolean"}, "records": {"type": "integer"}, "hash": _DIGEST, "counts": {"type": "object"},
                             "findings": _list(_object({"seq": {"type": ["integer", "null"]}, "what": _TEXT}))}),
    "Recorded": _object({"schema": {"const": "samrules.decisions/1"}, "decisions": _list(_ref("Decision")), "warnings": _list(_ref("Diagnostic")),
                         "head": _TEXT}, {"portfolio": {"type": "object"}}),
    "Override": {"type": "object", "additionalProperties": False, "required": ["account", "outcome", "by", "reason", "expires"], "properties": {
        "account": {"description": "The id of an account that was decided on.", **_WORDS},
        "ruleset": {"description": "Whose decision; may be absent where only one decided on the account.", "type": ["string", "null"], "maxLength": 200},
        "outcome": {"description": "What shall hold; several where the ruleset gives several.",
                    "anyOf": [_WORDS, {"type": "array", "items": _TEXT}]},
        "by": {"description": "Who stands behind it.", **_WORDS},
        "reason": {"description": "Why, in a sentence that a stranger understands.", **_WORDS, "maxLength": 2000},
        "since": {"description": "The first day; today where it is absent.", "type": ["string", "null"], "format": "date"},
        "expires": {"description": "The last day.", **_DAY}}},
    "Withdrawal": {"type": "object", "additionalProperties": False, "required": ["by", "reason"], "properties": {
        "by": _WORDS, "reason": {**_WORDS, "maxLength": 2000}, "since": {"type": ["string", "null"], "format": "date"}}},
}

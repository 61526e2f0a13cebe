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
}

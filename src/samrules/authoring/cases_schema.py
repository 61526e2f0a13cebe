"""The JSON Schema of files of cases, with which an editor completes and checks as its user types.

It knows no ruleset: which facts and rules there are is for `samrules test` to check.
"""

from __future__ import annotations

from typing import Any

from samrules.authoring.cases import Way
from samrules.authoring.read_cases import MOST_ALIKE
from samrules.syntax.schema import DIALECT

Schema = dict[str, Any]

_VALUE = ["string", "number", "boolean", "null"]
_DAY: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}


def cases_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a `*.cases.yaml` file."""
    return {
        "$schema": DIALECT,
        "$id": "urn:samrules:schema:cases:1",
        "title": "samrules cases",
        **_object(FILE, ["ruleset", "cases"]),
        "description": "Accounts, and what a ruleset should decide about them. docs/cases.md describes the file.",
        "$defs": {
            "case": _object(CASE, ["expect"]),
            "other": {"anyOf": [_object(OTHER, []), {"type": "null"}]},
            "facts": _FACTS,
            "event": {"type": "object", "required": ["event", "date"],
                      "properties": {"event": {"type": "string", "description": "The kind of the event."},
                                     "date": {**_DAY, "description": "The day on which it happened."}},
                      "additionalProperties": {"type": _VALUE},
                      "description": "One event, with the fields that its kind declares."},
            "review": {"type": "object", "required": ["review_date"],
                       "properties": {"review_date": {**_DAY, "description": "The day of the earlier review."}},
                       "additionalProperties": {"type": _VALUE},
                       "description": "An earlier review: its day, and the facts as they were then."},
            "expect": _EXPECT,
            "names": _NAMES,
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


_NAMES: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "description": "A name, or a list of names."}
_FACTS: Schema = {"type": ["object", "null"], "additionalProperties": {"type": _VALUE},
                  "description": "Facts by name, written as in rulesets; `null` is not known.",
                  "examples": [{"revenue_ttm": "5M", "wants_closer_relationship": True, "csat": None}]}


def _rules(how: str) -> Schema:
    return {**_ref("names"), "description": f"Rules that must {how}; of others nothing is said."}


_EXPECT: Schema = {
    **_object({
        "outcome": {**_ref("names"), "description": "The outcome, `evidence_needed` included; under `collect` a list.",
                    "examples": ["designate", "evidence_needed"]},
        "settled": {"enum": [True, False, "yes", "no"], "description": "Whether the known facts settle the decision."},
        "possible": {**_ref("names"), "description": "The outcomes still possible: these and no others."},
        Way.FIRED.value: _rules("hold"),
        Way.NOT_FIRED.value: _rules("not hold"),
        Way.UNKNOWN.value: _rules("be open, because facts are missing"),
        "outputs": {"type": "object", "additionalProperties": {"type": _VALUE},
                    "description": "Outputs with the value that each must have; `null` where it must have none.",
                    "examples": [{"coverage": "dedicated_manager"}]},
        "scores": {"type": "object",
                   "additionalProperties": {"anyOf": [{"type": ["number", "string"]},
                                                      {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}]},
                   "description": "Scores: a number, an interval, or the name of a band.",
                   "examples": [{"strategic_score": 72.5}, {"strategic_score": [40, 60]}, {"strategic_score": "high"}]},
    }, []),
    "minProperties": 1,
    "description": "What should be decided; at least one thing.",
}
_ACCOUNT: dict[str, Schema] = {
    "base": {**_ref("names"), "description": "The base it starts from, or several; a later one wins."},
    "facts": _ref("facts"),
    "events": {"type": "array", "items": _ref("event"), "description": "What happened, up to the day; of a kind that stands here all are listed."},
    "recorded": {**_ref("names"), "description": "Further kinds of events of which there were none: counted as zero, not missing."},
    "history": {"type": "array", "items": _ref("review"), "description": "Earlier reviews, for rules that must be sustained."},
}
OTHER: dict[str, Schema] = {
    **_ACCOUNT,
    "times": {"type": "integer", "minimum": 1, "maximum": MOST_ALIKE, "description": "So many accounts of which the same is known."},
}
CASE: dict[str, Schema] = {
    "says": {"type": ["string", "number", "boolean"], "description": "A sentence for a reader: what the case is there to show."},
    "as_of": {**_DAY, "description": "The day of the decision, where it is not that of the file."},
    **_ACCOUNT,
    "others": {"type": "object", "additionalProperties": _ref("other"),
               "description": "The accounts decided along with it, under a ruleset with `portfolio`."},
    "expect": _ref("expect"),
}
FILE: dict[str, Schema] = {
    "ruleset": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "The ruleset: beside this file, in the folder above, or bundled."},
    "as_of": {**_DAY, "description": "The day of every case that does not give its own."},
    "base": {"type": ["object", "null"], "additionalProperties": _ref("facts"), "description": "Facts that cases start from, by a name."},
    "cases": {"type": "object", "minProperties": 1, "additionalProperties": _ref("case"), "description": "The cases, each under a name that says what it shows."},
    "unreachable": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
                    "description": "Ways that a rule or a criterion can never go, each with the reason.",
                    "examples": [{"not_interested": {"unknown": "the form does not close without this answer"}}]},
}

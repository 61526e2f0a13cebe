"""The JSON Schema of ruleset files, with which an editor completes and checks as its user types.

Which keys an entry has, and which it needs, comes from the table by which files are read, so the
two cannot drift apart; here stand only the form of each value and the words of help.
"""

from __future__ import annotations

import re
from typing import Any

from samrules.decision.words import sentence
from samrules.model import ruleset as rs
from samrules.model.operators import FUNCTIONS
from samrules.model.types import DECLARABLE, Kind
from samrules.syntax.entries import ENTRIES, MAX_ROWS
from samrules.syntax.overlays import sections

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NAME = "[a-z][a-z0-9_]*"
_NUMBER = r"-?\d+(\.\d+)?([eE][+-]?\d+)?"
_DURATION = r"\d{1,6}\s+(months?|years?|days?|weeks?)"
_SIMPLE = [str(k) for k in DECLARABLE if k not in (Kind.ENUM, Kind.ORDINAL)]
_TYPE = "|".join([*_SIMPLE, r"ordinal\s+\d{1,6}\s*\.\.\s*\d{1,6}", rf"enum\s*\[\s*{_NAME}\s*(,\s*{_NAME}\s*)*\]"])
_LANGUAGE = "docs/language.md"


def ruleset_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a ruleset file."""
    whole = _entry(rs.Ruleset)
    whole["properties"] |= {"replace": _replace(), "remove": _remove()}
    return {
        "$schema": DIALECT,
        "$id": "urn:samrules:schema:ruleset:1",
        "title": "samrules ruleset",
        **whole,
        "description": f"A ruleset for strategic account decisions. {_LANGUAGE} describes the language.",
        "dependentRequired": {"replace": ["extends"], "remove": ["extends"]},
        "$defs": {
            "expression": _EXPRESSION,
            "condition": _CONDITION,
            "conditions": _array(_ref("condition"), "Conditions, each after a `- `.", least=1),
            "cites": _array(_text(r"[^/]+/.+"), "Passages of sources.yaml, as `source/passage`."),
            "fact": _entry(rs.Fact),
            "event": _entry(rs.EventType),
            "measure": _measure(),
            "parameter": _entry(rs.Parameter),
            "definition": _definition(),
            "rule": _entry(rs.Rule),
            "table": {**_entry(rs.DecisionTable), "oneOf": [{"required": ["file"]}, {"required": ["inputs", "rows"]}],
                      "dependentSchemas": {"file": {"properties": {"inputs": False, "rows": False}}}},
            "row": _entry(rs.TableRow),
            "ladder": _entry(rs.Ladder),
            "level": _entry(rs.Level),
            "fall": _entry(rs.Fall),
            "lifecycle": _entry(rs.Lifecycle),
            "state": _entry(rs.State),
            "transition": _entry(rs.Transition),
            "decision": _entry(rs.Decide),
            "portfolio": {**_entry(rs.PlacesSection), "dependentRequired": {"start": ["growth"]}},
            "invariant": _invariant(),
            "scorecard": _entry(rs.Scorecard),
            "criterion": {**_entry(rs.Criterion), "oneOf": [{"required": ["points"]}, {"required": ["scale"]}]},
            "scale": _entry(rs.Scale),
            "points": _POINTS,
        },
    }


# --- forms ---------------------------------------------------------------------------------------


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _text(pattern: str | None = None) -> Schema:
    return {"type": "string"} if pattern is None else {"type": "string", "pattern": _whole(pattern)}


def _whole(pattern: str) -> str:
    """The pattern for all of a text. Some validators let `$` match before a last line end."""
    return rf"^({pattern})$(?!\n)"


_ANY_TEXT: Schema = {"type": ["string", "number", "boolean"]}
"""Free text: a reader of YAML takes `title: 2026` for a number, samrules takes it for its text."""


def _array(items: Schema, description: str | None = None, least: int = 0) -> Schema:
    found: Schema = {"type": "array", "items": items}
    if least:
        found["minItems"] = least
    return {**found, "description": description} if description else found


def _named(inner: Schema, least: int = 0) -> Schema:
    """A mapping of names to entries."""
    found: Schema = {"type": "object", "propertyNames": {"pattern": _whole(_NAME)}, "additionalProperties": inner}
    return {**found, "minProperties": least} if least else found


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


_EXPRESSION: Schema = {
    "title": "expression",
    "description": "A value or a condition, such as `revenue_ttm / 2 >= 5M`. Functions: "
                   + ", ".join(f"`{f}`" for f in FUNCTIONS) + ".",
    "type": ["string", "number", "boolean"],
    "minLength": 1,
}
_GROUPS: dict[str, Schema] = {
    "all": {**_ref("conditions"), "title": "all", "description": "All of these hold."},
    "any": {**_ref("conditions"), "title": "any", "description": "One or more of these hold."},
    "not": {**_ref("condition"), "title": "not", "description": "This does not hold."},
    "at_least": {"title": "at least", "type": "integer", "description": "So many of the conditions under `of` hold.", "examples": [2]},
    "of": {**_ref("conditions"), "title": "of", "description": "The conditions of which `at_least` hold."},
}
_ONE_GROUP: list[Schema] = [
    {"required": ["all"]}, {"required": ["any"]}, {"required": ["not"]}, {"required": ["at_least", "of"]},
]
_CONDITION: Schema = {
    "title": "condition",
    "description": "An expression such as `csat >= 8`, or a group of conditions.",
    "if": {"type": "object"},
    "then": {**_object(_GROUPS, []), "oneOf": _ONE_GROUP, "dependentRequired": {"of": ["at_least"]}},
    "else": _ref("expression"),
}
_POINTS: Schema = {
    "title": "a row of points",
    "oneOf": [
        _object({"when": {**_ref("condition"), "description": "The points are given when this holds, and no row before."},
                 "points": {"type": "number", "description": "How many points, at most the criterion's weight."}}, ["when", "points"]),
        _object({"otherwise": {"type": "number", "description": "The points where no row before holds."}}, ["otherwise"]),
    ],
}
_CONSTANT: Schema = {"type": ["string", "number", "boolean"], "description": "A constant: `inside_sales`, `12 months`, `20%`, `3`.",
                     "examples": ["inside_sales", "12 months", "20%", 3]}
_OUTPUT: Schema = {
    "if": {"type": "object"},
    "then": _object({"value": {**_ref("condition"), "description": "An expression that gives the output."}}, ["value"]),
    "else": _CONSTANT,
}
_THEN: Schema = {
    "type": "object",
    "propertyNames": {"pattern": _whole(_NAME)},
    "additionalProperties": _OUTPUT,
    "description": "The outcome, by the decision's name, and any other outputs.",
}

_OUTPUTS: Schema = {**_THEN, "description": "Outputs besides the outcome."}
_UNLESS: Schema = {
    "title": "exceptions: it does not hold when one of these does",
    "if": {"type": "array"}, "then": _array(_ref("condition")), "else": _ref("condition"),
}
_SUSTAINED: Schema = {
    **_text(rf"\d{{1,3}}\s+reviews?(\s+over\s+{_DURATION})?"),
    "description": "At how many reviews in a row it must hold: `2 reviews`, `2 reviews over 6 months`.",
    "examples": ["2 reviews", "2 reviews over 6 months"],
}
_ACTIONABLE: Schema = {"enum": list(rs.ACTIONABLE), "default": "no",
                       "description": "Whether we can bring about another value: any, a higher one, a lower one. Counterfactuals change these."}
_BECAUSE: Schema = {**_ANY_TEXT, "description": "The sentence for a reader, facts in braces: `{csat}`."}
_TITLE: Schema = {**_ANY_TEXT, "description": "A short phrase that reads well inside a sentence."}
_CITES = _ref("cites")
_UNIT: Schema = {**_text(), "description": "What an integer or number counts, such as `people`."}
_TYPES: Schema = {
    **_text(_TYPE), "description": "The type of its values.",
    "examples": [*_SIMPLE, "enum [vendor, preferred, partner]", "ordinal 1..5"],
}

_POLICIES = {
    "priority": "The one with the strongest outcome.",
    "first": "The first that holds, in the order written.",
    "unique": "The only one; two with different outcomes at once are an error of the ruleset.",
    "collect": "All of them: the outcome is a list.",
}
assert tuple(_POLICIES) == rs.HIT_POLICIES
_EVENT = rf"{_NAME}(\.{_NAME})?"
_EVENTS: Schema = {"anyOf": [_text(_EVENT), _array(_text(_EVENT), least=1)]}
_FIELD = rf"{_NAME}\.{_NAME}"
_FIELDS: Schema = {"anyOf": [_text(_FIELD), _array(_text(_FIELD), least=1)]}
_BARE_EVENTS: Schema = {"anyOf": [_text(_NAME), _array(_text(_NAME), least=1)]}

_FORMS: dict[type, dict[str, Schema]] = {
    rs.Ruleset: {
        "ruleset": {**_text(_NAME), "description": "Its name; the file is named after it."},
        "version": {**_text(r"\d+\.\d+\.\d+"), "description": "Three numbers, such as `1.0.0`.", "examples": ["1.0.0"]},
        "title": {**_ANY_TEXT, "description": "What it is for, in a phrase."},
        "description": {**_ANY_TEXT, "description": "What it is for, in a paragraph."},
        "currency": {**_text("[A-Z]{3}"), "description": "A currency code such as `EUR`.", "examples": ["EUR", "USD"]},
        "extends": {**_text(_NAME), "description": "The ruleset that this one changes: beside this file, or among those of samrules."},
        "uses": _array(_text(_NAME), "Rulesets it uses: beside this file, or among those of samrules."),
        "replace": {"type": "object", "description": "What is said anew of parts of the ruleset that is extended: the keys given "
                    "replace those of the part, the others stay."},
        "remove": {"type": "object", "description": "Names of parts of the ruleset that is extended, by section; `name.key` for a key."},
        "facts": {**_named(_ref("fact")), "description": "Facts it declares."},
        "events": {**_named(_ref("event")), "description": "Kinds of dated events that measures count."},
        "measures": {**_named(_ref("measure")), "description": "Facts counted from dated events."},
        "parameters": {**_named(_ref("parameter")), "description": "Dated thresholds."},
        "define": {**_named(_ref("definition")), "description": "Named conditions and values."},
        "scorecards": {**_named(_ref("scorecard")), "description": "Weighted scores from 0 to 100."},
        "rules": {**_named(_ref("rule")), "description": "The rules, in the order that counts for `first`."},
        "tables": {**_named(_ref("table")), "description": "Decision tables; each row is a rule."},
        "ladders": {**_named(_ref("ladder")), "description": "Levels that an account climbs one at a time."},
        "lifecycles": {**_named(_ref("lifecycle")), "description": "States that an account goes through."},
        "decide": {**_named(_ref("decision"), 1), "maxProperties": 1, "description": "The one decision it makes."},
        "portfolio": {**_ref("portfolio"), "title": "who takes a place when more qualify than there are places"},
        "invariants": {**_named(_ref("invariant")), "description": "What holds of every account; `samrules prove` proves it."},
    },
    rs.Invariant: {
        "title": _TITLE,
        "never": {**_ref("condition"), "title": "a condition that no account meets"},
        "always": {**_ref("condition"), "title": "a condition that no account fails"},
        "rising": {**_text(_NAME), "description": "A fact that rises while all else stays."},
        "never_lowers": {**_ref("condition"), "title": "a decision, score, value or condition that does not fall then"},
        "never_raises": {**_ref("condition"), "title": "a decision, score, value or condition that does not rise then"},
        "settles": {**_text(_NAME), "description": "A lifecycle or ladder that no account goes round in for ever."},
        "where": {**_ref("condition"), "title": "which accounts are meant"},
        "knowing_only": {"anyOf": [_text(_NAME), _array(_text(_NAME), least=1)],
                         "description": "The facts that are known of the accounts meant; all others are missing."},
        "reason": {**_ANY_TEXT, "description": "Why it must hold, in a sentence."},
        "cites": _CITES,
    },
    rs.Fact: {
        "type": _TYPES,
        "title": _TITLE,
        "description": {**_ANY_TEXT, "description": "What exactly it is, and what its steps mean."},
        "unit": _UNIT,
        "range": {**_text(r"\s*[^.\s].*\.\.\s*.*|\.\.\s*\S.*"), "description": "Allowed values: `0..10`, `0..`, `..100%`.",
                  "examples": ["0..10", "0..", "..100%"]},
        "source": {**_ANY_TEXT, "description": "Where a company keeps it."},
        "actionable": _ACTIONABLE,
        "cites": _CITES,
    },
    rs.EventType: {
        "title": _TITLE,
        "description": {**_ANY_TEXT, "description": "What exactly counts as one."},
        "fields": {**_named(_ref("fact")), "description": "What is recorded of it besides its date."},
        "source": {**_ANY_TEXT, "description": "Where a company keeps it."},
        "cites": _CITES,
    },
    rs.Measure: {
        "title": _TITLE,
        "description": {**_ANY_TEXT, "description": "What exactly is counted."},
        "count": {**_EVENTS, "description": "How many events: `count: discount_requested`."},
        "sum": {**_EVENTS, "description": "The sum of a field: `sum: order_placed.amount`."},
        "latest": {**_EVENTS, "description": "The day of the latest event, or a field of it."},
        "earliest": {**_EVENTS, "description": "The day of the earliest event, or a field of it."},
        "distinct": {**_EVENTS, "description": "How many different values a field has."},
        "median": {**_EVENTS, "description": "The value with half of the weight at or below it: the lower weighted median."},
        "spread": {**_EVENTS, "description": "The highest value less the lowest."},
        "share": {**_EVENTS, "description": "The weight of the events where a boolean is true, over the whole weight."},
        "value": {**_ref("condition"), "title": "an expression over the event's own fields, instead of a field"},
        "type": {**_TYPES, "description": "What `value` gives."},
        "within": {**_text(_DURATION), "description": "The window, ending at the decision's date.",
                   "examples": ["12 months", "90 days"]},
        "since": {**_EVENTS, "description": "Only what came after the latest of these events."},
        "each": {**_text(_NAME), "description": "A field: only the latest event of each of its values counts."},
        "where": {**_ref("condition"), "title": "a condition on the event's own fields"},
        "weight": {**_text(_NAME), "description": "A number field, from 0 up: how much each event weighs."},
        "unit": _UNIT,
        "actionable": _ACTIONABLE,
        "cites": _CITES,
    },
    rs.Parameter: {
        "type": _TYPES,
        "unit": _UNIT,
        "values": {
            "type": "object",
            "propertyNames": {"pattern": _whole(r"\d{4}-\d{2}-\d{2}")},
            "additionalProperties": _CONSTANT,
            "description": "The day from which a value holds, and the value: `{2020-01-01: 60%}`.",
        },
        "title": _TITLE,
        "reason": {**_ANY_TEXT, "description": "Why the value is what it is, in a sentence."},
        "cites": _CITES,
    },
    rs.Definition: {
        "title": _TITLE,
        "cites": _CITES,
        "value": {**_ref("condition"), "title": "the value or condition it stands for"},
        **_GROUPS,
    },
    rs.Rule: {
        "title": _TITLE,
        "when": {**_ref("condition"), "title": "the rule holds when this does"},
        "unless": _UNLESS,
        "sustained": _SUSTAINED,
        "then": _THEN,
        "because": _BECAUSE,
        "cites": _CITES,
    },
    rs.Ladder: {
        "title": _TITLE,
        "on_record": {**_ref("expression"), "title": "the present level: an integer or ordinal"},
        "ceiling": {**_ref("expression"), "title": "the highest level that can be reached"},
        "sustained": _SUSTAINED,
        "unless": _UNLESS,
        "levels": {"type": "object", "propertyNames": {"pattern": _whole(r"\d{1,3}")},
                   "required": ["2"], "maxProperties": 50,
                   "properties": {"1": {"description": "The lowest level: a title only.",
                                    "anyOf": [{"type": "null"}, {"type": "object", "properties": {"title": _TITLE},
                                                                      "additionalProperties": False}]}},
                   "additionalProperties": {"allOf": [_ref("level"), {"required": ["requires"]}]},
                   "description": "Each level by its number, from 1 on."},
        "falls": {**_ref("fall"), "title": "when a level is lost; else when the evidence for it is gone"},
        "cites": _CITES,
    },
    rs.Level: {
        "title": _TITLE,
        "requires": {**_ref("condition"), "title": "the evidence for this level, beside that for the levels below"},
        "unless": _UNLESS,
        "then": _OUTPUTS,
        "because": _BECAUSE,
        "cites": _CITES,
    },
    rs.Fall: {
        "title": _TITLE,
        "when": {**_ref("condition"), "title": "the level on record is lost when this holds"},
        "unless": _UNLESS,
        "then": _OUTPUTS,
        "because": _BECAUSE,
        "cites": _CITES,
    },
    rs.Lifecycle: {
        "title": _TITLE,
        "on_record": {**_ref("expression"), "title": "the present state: an enum of the states"},
        "since": {**_ref("expression"), "title": "the date on which the present state began"},
        "start": {**_text(_NAME), "description": "The state in which every account begins."},
        "states": {**_named({"anyOf": [_ref("state"), {"type": "null"}]}), "description": "The states, each an outcome."},
        "transitions": {**_named(_ref("transition"), 1), "description": "The ways between them; the first that holds is taken."},
        "cites": _CITES,
    },
    rs.State: {
        "title": _TITLE,
        "at_least": {**_ref("expression"), "title": "how long an account stays in it at least, such as `12 months`"},
        "then": _OUTPUTS,
        "because": _BECAUSE,
        "cites": _CITES,
    },
    rs.Transition: {
        "title": _TITLE,
        "from": {"anyOf": [_text(_NAME), _array(_text(_NAME), least=1)], "description": "The states it leads from."},
        "to": {**_text(_NAME), "description": "The state it leads to."},
        "when": {**_ref("condition"), "title": "the transition is taken when this holds"},
        "unless": _UNLESS,
        "waived_by": {**_ref("condition"), "title": "when this holds, the least time in a state does not count"},
        "sustained": _SUSTAINED,
        "then": _OUTPUTS,
        "because": _BECAUSE,
        "cites": _CITES,
    },
    rs.DecisionTable: {
        "title": _TITLE,
        "inputs": _array(_ref("condition"), "What the cells of each row test, in their order.", 1),
        "rows": {**_array(_ref("row"), "The rows.", 1), "maxItems": MAX_ROWS},
        "file": {**_text(r"[^./\\][^/\\]*\.([cC][sS][vV]|[xX][lL][sS][xX])"),
                 "description": "A CSV or XLSX file beside this one that holds inputs and rows."},
        "because": {**_ANY_TEXT, "description": "The sentence of rows without their own."},
        "cites": _CITES,
    },
    rs.TableRow: {
        "title": _TITLE,
        "when": _array({"type": ["string", "number", "boolean"], "minLength": 1},
                       "A cell for each input: `-`, `>= 5M`, `[2..4]`, `\"a\", \"b\"`, `true`, `is missing`.", 1),
        "then": _THEN,
        "because": _BECAUSE,
        "cites": _CITES,
    },
    rs.Decide: {
        "title": _TITLE,
        "outcomes": _array(_text(_NAME), "Every outcome, strongest first.", least=1),
        "hit_policy": {"enum": list(rs.HIT_POLICIES), "default": "priority",
                       "description": "Which of the rules that hold decides.", "enumDescriptions": list(_POLICIES.values())},
        "otherwise": {**_text(_NAME), "description": "The outcome when no rule holds."},
        "unsettled": {**_text(_NAME), "default": rs.EVIDENCE_NEEDED,
                      "description": "The outcome when the known facts leave it open."},
        "always": {**_THEN, "description": "Outputs that the decision carries whatever its outcome."},
    },
    rs.PlacesSection: {
        "chosen": {**_text(_NAME), "description": "The outcome that takes a place."},
        "waitlisted": {**_text(_NAME), "description": "The outcome where no place is left; no rule gives it."},
        "incumbents": {**_ref("condition"), "title": "who has a place already, and keeps it before all others"},
        "rank_by": {**_ref("expression"), "title": "the score or number that ranks the others, highest first"},
        "ties": _array(_text(rf"({'|'.join(rs.TIE_ORDERS)})\s+{_NAME}(\.{_NAME})?"),
                       "What goes first among those that rank alike: `earliest status_since`; last the account id."),
        "ceiling": {**_ref("expression"), "title": "the most places there may ever be"},
        "start": {**_ref("expression"), "title": "the places with which a programme begins"},
        "growth": {**_ref("expression"), "title": "how many places may be added at a review"},
        "compare_with": {**_ref("expression"), "title": "a number whose ranking the list might merely copy"},
        "cites": _CITES,
    },
    rs.Scorecard: {
        "title": _TITLE,
        "criteria": {**_named(_ref("criterion"), 1), "description": "What is scored; the weights sum to 100."},
        "bands": {**_named({"type": "number"}), "description": "Named stretches of the score, from this score on."},
        "cites": _CITES,
    },
    rs.Criterion: {
        "title": _TITLE,
        "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 100, "description": "Its part of 100."},
        "points": _array(_ref("points"), "Rows of which the first that holds counts; the last is `otherwise`.", 1),
        "scale": {**_ref("scale"), "title": "points in proportion to a value"},
        "cites": _CITES,
    },
    rs.Scale: {
        "of": {**_ref("expression"), "title": "the value"},
        "from": {**_ref("expression"), "title": "the value that earns nothing"},
        "to": {**_ref("expression"), "title": "the value that earns the full weight"},
    },
}
"""The form of each key; a test holds its keys to those of the table."""


def _entry(cls: type) -> Schema:
    """An entry of a file: its keys and those it needs from the table, their forms from above."""
    entry = ENTRIES[cls]
    properties = {key: _said(key, _FORMS[cls][key]) for key in entry.keys}
    title = re.sub(r"^an? ", "", entry.what)
    return {"title": title, **_object(properties, list(entry.required))}


def _said(key: str, form: Schema) -> Schema:
    """A form with what an editor shows of its key: a title and a sentence. A phrase that stands as the title makes the sentence."""
    if "description" in form:
        return {"title": key.replace("_", " "), **form}
    if "title" in form:
        return {**form, "title": key.replace("_", " "), "description": sentence(form["title"])}
    return {"title": key.replace("_", " "), **form}


# --- overlays ------------------------------------------------------------------------------------

_PARTS: dict[str, type] = {
    "facts": rs.Fact, "events": rs.EventType, "fields": rs.Fact, "measures": rs.Measure, "parameters": rs.Parameter,
    "define": rs.Definition, "scorecards": rs.Scorecard, "criteria": rs.Criterion, "rules": rs.Rule,
    "tables": rs.DecisionTable, "ladders": rs.Ladder, "levels": rs.Level, "lifecycles": rs.Lifecycle, "states": rs.State,
    "transitions": rs.Transition, "decide": rs.Decide, "invariants": rs.Invariant,
}


def _replace() -> Schema:
    """Sections of parts of which any keys may be given."""
    known = sections()
    found = {key: _named_parts(key) for key in known if key in _PARTS}
    if "portfolio" in known:
        found["portfolio"] = _some_keys(rs.PlacesSection)
    return {"title": "replace", **_FORMS[rs.Ruleset]["replace"], "additionalProperties": False,
            "properties": {key: {**found.get(key, {"type": "object"}), "description": f"What changes in parts of `{key}`, by name."}
                           for key in known}}


def _named_parts(key: str) -> Schema:
    partial = _some_keys(_PARTS[key])
    if key == "define":
        partial = {"if": {"type": "object"}, "then": partial, "else": _ref("expression")}
    return {"type": "object", "additionalProperties": partial}


def _some_keys(cls: type) -> Schema:
    entry = ENTRIES[cls]
    properties = {key: _said(key, _FORMS[cls][key]) for key in entry.keys}
    for key in set(properties) & {"fields", "criteria", "levels", "states", "transitions"}:
        properties[key] = {**_named_parts(key), "description": f"What changes in parts of `{key}`, by name."}
    if cls is rs.Ladder:
        properties["falls"] = {**_some_keys(rs.Fall), "description": _said("falls", _FORMS[rs.Ladder]["falls"])["description"]}
    return _object(properties, [])


def _remove() -> Schema:
    names = _array(_text(rf"{_NAME}(\.[a-z0-9_]+)*"), "Names of parts that go, or of keys of parts: `name.key`.", least=1)
    return {"title": "remove", **_FORMS[rs.Ruleset]["remove"], "additionalProperties": False,
            "properties": dict.fromkeys([*sections(), "uses"], names)}


def _invariant() -> Schema:
    """One claim; a fact that rises where the claim is about that."""
    moved = [{"required": [claim, "rising"]} for claim in ("never_lowers", "never_raises")]
    still = [{"required": [claim], "properties": {"rising": False}} for claim in ("never", "always")]
    settled = {"required": ["settles"], "properties": {"rising": False, "where": False, "knowing_only": False}}
    return {**_entry(rs.Invariant), "oneOf": [*still, *moved, settled]}


def _measure() -> Schema:
    """One kind of measure; a field or a `value` where it takes one; a `type` where that leaves it open."""
    without_value = {"properties": dict.fromkeys(("sum", "distinct", "median", "spread", "share"), _FIELDS)}
    with_value = {
        "properties": {"count": False, **{k: _BARE_EVENTS for k in rs.MEASURES if k != "count"}},
        "anyOf": [{"required": [key]} for key in ("type", "share", "distinct")],
    }
    return {
        **_entry(rs.Measure),
        "oneOf": [{"required": [kind]} for kind in rs.MEASURES],
        "if": {"required": ["value"]}, "then": with_value, "else": without_value,
        "dependentRequired": {"type": ["value"]},
        "dependentSchemas": {
            "type": {"properties": {"share": False, "distinct": False}},
            "weight": {"anyOf": [{"required": [kind]} for kind in rs.WEIGHED]},
        },
    }


def _definition() -> Schema:
    """An expression, or a mapping with a value or a group."""
    mapping = _entry(rs.Definition)
    kinds = [{"required": ["value"]}, *_ONE_GROUP]
    return {
        "title": mapping.pop("title"),
        "description": "`name: EXPRESSION`, or a mapping with `value` or a group, and a `title`.",
        "if": {"type": "object"},
        "then": {**mapping, "oneOf": kinds, "dependentRequired": {"of": ["at_least"]}},
        "else": _ref("expression"),
    }

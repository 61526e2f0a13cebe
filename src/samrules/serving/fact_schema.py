"""JSON Schemas of what a ruleset takes in: its facts, its events, its reviews. They say what `inputs` accepts, no more and no less."""

from __future__ import annotations

from typing import Any

import attrs

from samrules.inputs.events import DATE, EVENT, REFERENCE
from samrules.inputs.facts import ID, REVIEW_DATE
from samrules.model.ruleset import EventType, Fact
from samrules.model.types import INTEGER_LIMIT, Kind
from samrules.rules import Rules

Schema = dict[str, Any]
_DAY: Schema = {"type": "string", "format": "date", "pattern": r"^\s*\d{4}-\d{2}-\d{2}\s*$"}
_LARGEST = 1.7976931348623157e308
MISSING: Schema = {"description": "Not known: null, or blank text. It is never taken for no or for zero.",
                   "anyOf": [{"type": "null"}, {"type": "string", "pattern": r"^\s*$"}]}


@attrs.define
class Parts:
    """The schemas under `components`, each once: what several rulesets declare alike is shared."""

    schemas: dict[str, Schema] = attrs.field(factory=lambda: {"Missing": MISSING, "AccountId": account_id()})

    def add(self, name: str, schema: Schema, ruleset: str) -> Schema:
        """A reference to the schema, which another ruleset may have put there."""
        if self.schemas.setdefault(name, schema) != schema:
            name = f"{name}.{ruleset}"
            self.schemas[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}


def account_id() -> Schema:
    return {"description": "The id of an account.", "anyOf": [{"type": "string", "pattern": r"\S"}, {"type": "integer"}]}


_ID: Schema = {"$ref": "#/components/schemas/AccountId"}


def account_schema(rules: Rules, parts: Parts) -> Schema:
    """One account: its facts by name."""
    return parts.add(f"Account.{rules.name}", {
        "type": "object", "title": f"The facts of an account, for {rules.name}",
        "description": "Ratios are given as 0.6, durations in the unit that the fact states. A name that nothing declares has no "
                       "effect, and is named among the warnings.",
        "required": [ID], "properties": _facts(rules, parts)}, rules.name)


def review_schema(rules: Rules, parts: Parts) -> Schema:
    return parts.add(f"Review.{rules.name}", {
        "type": "object", "title": f"An earlier review of an account, for {rules.name}",
        "required": [ID, REVIEW_DATE], "properties": {**_facts(rules, parts), REVIEW_DATE: _DAY}}, rules.name)


def event_schema(rules: Rules, parts: Parts) -> Schema | None:
    """An event of any of the kinds declared; None where there are none."""
    if not rules.events:
        return None
    return parts.add(f"Event.{rules.name}", {
        "title": f"An event, for {rules.name}",
        "anyOf": [parts.add(f"event.{kind.name}", _event(kind, parts, rules.name), rules.name) for kind in rules.events.values()]}, rules.name)


def _event(kind: EventType, parts: Parts, ruleset: str) -> Schema:
    own = {f.name: parts.add(f"field.{kind.name}.{f.name}", value_schema(f), ruleset) for f in kind.fields}
    return {"type": "object", **_said(kind.title, kind.description), "required": [ID, EVENT, DATE],
            "properties": {ID: _ID, EVENT: {"const": kind.name}, DATE: {"description": "The day it happened, today at the latest.", **_DAY},
                           REFERENCE: {"description": "Tells events apart that are alike in all else.", "type": ["string", "integer", "null"]}, **own}}


def _facts(rules: Rules, parts: Parts) -> Schema:
    found = {name: parts.add(f"fact.{name}", value_schema(fact), rules.name) for name, fact in rules.facts.items() if name != ID}
    return {ID: _ID, **found}


def value_schema(fact: Fact) -> Schema:
    """The values that a fact may have, missing among them."""
    return {**_said(fact.title, fact.description), "anyOf": [_known(fact), {"$ref": "#/components/schemas/Missing"}]}


def _known(fact: Fact) -> Schema:
    type_ = fact.type
    low, high = (fact.range.low, fact.range.high) if fact.range else (None, None)
    ends: Schema = {**({"minimum": low} if isinstance(low, int | float) else {}), **({"maximum": high} if isinstance(high, int | float) else {})}
    match type_.kind:
        case Kind.BOOLEAN:
            return {"type": "boolean"}
        case Kind.INTEGER:
            return {"type": "integer", "minimum": -INTEGER_LIMIT, "maximum": INTEGER_LIMIT - 1, **ends}
        case Kind.ORDINAL:
            return {"type": "integer", "minimum": type_.low, "maximum": type_.high}
        case Kind.ENUM:
            return {"type": "string", "enum": list(type_.words)}
        case Kind.DATE:
            return _DAY
        case Kind.TEXT:
            return {"type": "string"}
    return {"type": "number", "minimum": -_LARGEST, "maximum": _LARGEST, **ends}


def _said(title: str | None, description: str | None) -> Schema:
    return {**({"title": title} if title else {}), **({"description": description} if description else {})}

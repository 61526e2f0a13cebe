"""The description of the API (OpenAPI 3.1), exact for the rulesets that this server has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from samrules import __version__
from samrules.rules import Rules
from samrules.serving.answer_schemas import ANSWERS
from samrules.serving.fact_schema import Parts, Schema, account_schema, event_schema, review_schema
from samrules.serving.operations import Operation
from samrules.serving.requests import ENGINES, FORMATS, MOST_ACCOUNTS, MOST_ENTRIES

_REFUSALS = {
    400: "The request is not understood: its JSON, a key, or a parameter.",
    401: "A token is needed, and was not given or is another.",
    403: "The request comes from another site, or names a host that this server is not.",
    404: "There is no such thing here.",
    408: "The body did not come in time.",
    409: "It does not go with what the ledger holds.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "The facts cannot be used, or the answer takes longer than is allowed.",
    429: "The server is busy; try again after the seconds of `Retry-After`.",
}
_ALWAYS, _WITH_BODY = (400, 403, 422, 429), (408, 413, 415)


def description(rulesets: Mapping[str, Rules], operations: Iterable[Operation], *, with_token: bool) -> Schema:
    """The whole document, JSON-ready."""
    parts = Parts()
    parts.schemas |= ANSWERS
    paths: dict[str, Schema] = {}
    for operation in operations:
        for rules in rulesets.values() if "{ruleset}" in operation.path else [None]:
            path = operation.path.replace("{ruleset}", rules.name) if rules else operation.path
            paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, rules, parts, with_token)
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "samrules", "version": __version__, "license": {"name": "MIT", "identifier": "MIT"},
                 "description": "Decides and explains strategic accounts by rulesets, and answers for what a ledger recorded. "
                                "Every refusal is `application/problem+json` with the diagnostics that the library gives."},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": dict(sorted(parts.schemas.items()))},
    }
    if with_token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def _operation(operation: Operation, rules: Rules | None, parts: Parts, with_token: bool) -> Schema:
    statuses = {*_ALWAYS, *operation.statuses, *(_WITH_BODY if operation.body else ()), *((401,) if with_token else ())}
    done: Schema = {"description": "Done.", "content": {_bare(t): {"schema": s} for t, s in operation.answers.items()}}
    found: Schema = {
        "operationId": f"{operation.name}_{rules.name}" if rules else operation.name,
        "tags": ["audit" if operation.needs else "decide"],
        "summary": f"{operation.summary}: {rules.title}" if rules else operation.summary,
        "description": operation.says,
        "responses": {str(operation.done): done, **{str(s): _refused(s) for s in sorted(statuses)}},
    }
    if operation.parameters:
        found["parameters"] = [{"name": p.name, "in": p.place, "description": p.says, "schema": p.schema,
                                **({"required": True} if p.needed or p.place == "path" else {})} for p in operation.parameters]
    if operation.body is not None:
        schema = body_schema(operation.body, rules, parts) if rules else {"$ref": f"#/components/schemas/{operation.body}"}
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _bare(media: str) -> str:
    return media.partition(";")[0]


def _refused(status: int) -> Schema:
    refused: Schema = {"description": _REFUSALS[status], "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    if status == 429:
        refused["headers"] = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
    return refused


def body_schema(kind: str, rules: Rules, parts: Parts) -> Schema:
    """What `decide` or `explain` takes, for one ruleset."""
    most = 1 if kind == "explain" and not rules.together else MOST_ACCOUNTS
    event = event_schema(rules, parts)
    properties: Schema = {
        "accounts": {"type": "array", "minItems": 1, "maxItems": most, "items": account_schema(rules, parts)},
        "events": {"description": "What happened; absent: no event is recorded, and what counts them is missing, not zero.",
                   "type": ["array", "null"], "maxItems": MOST_ENTRIES, **({"items": event} if event else {"items": False})},
        "recorded": {"description": "The kinds of events of which `events` is the whole record; all kinds where it is absent.",
                     "type": ["array", "null"], "items": {"type": "string", "enum": list(rules.events)} if rules.events else False},
        "history": {"description": "Earlier reviews, one a day and account.", "type": ["array", "null"], "maxItems": MOST_ENTRIES,
                    "items": review_schema(rules, parts)},
        "as_of": {"description": "The day to decide for; today where it is absent.", "type": ["string", "null"], "format": "date",
                  "pattern": r"^\s*\d{4}-\d{2}-\d{2}\s*$"},
        "engine": {"description": "What decides; the decisions are the same.", "enum": [*ENGINES, None]},
    }
    if kind == "explain":
        properties |= {
            "account": {"description": "The id of the account to explain, where there are several.", "type": ["string", "null"], "maxLength": 200},
            "why_not": {"description": "Say why the outcome is not this one.", "enum": [*rules.outcomes, None]},
            "format": {"enum": [*FORMATS, None], "default": "json"}}
    return parts.add(f"{kind.capitalize()}.{rules.name}", {
        "type": "object", "additionalProperties": False, "required": ["accounts"], "properties": properties}, rules.name)

"""The operations of the JSON API: where each is, what it takes, what it answers. Routes and description are both made of this."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from samrules.serving import decisions
from samrules.serving.call import JSON, MARKDOWN, TEXT, Call, Reply
from samrules.serving.requests import FORMATS

if TYPE_CHECKING:
    from samrules.serving.service import Service

Handler = Callable[["Service", Call], Reply]
Schema = dict[str, Any]


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
    ledger: bool = False
    done: int = 200


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


WORDS: Schema = {"type": "string"}
FORMAT: Schema = {"type": "string", "enum": list(FORMATS), "default": "json"}
EXPLAINED = {JSON: ref("Explanation"), TEXT: WORDS, MARKDOWN: WORDS}

OPERATIONS: tuple[Operation, ...] = (
    Operation("rulesets", "GET", "/api/rulesets", decisions.rulesets, "The rulesets of this server",
              "Those that were named when the server was started.", {JSON: ref("Rulesets")}),
    Operation("decide", "POST", "/api/decide/{ruleset}", decisions.decide, "Decide accounts",
              "Decides accounts by the facts, events and earlier reviews that the request brings along. Nothing of it is kept. All problems are "
              "told at once; where there is one, no account is decided.",
              {JSON: ref("Decisions")}, body="decide", statuses=(422,)),
    Operation("explain", "POST", "/api/explain/{ruleset}", decisions.explain, "Explain a decision",
              "Decides as `decide` does, and says why the outcome is what it is, or with `why_not` why it is not another.",
              EXPLAINED, body="explain", statuses=(422,)),
)

"""Pages for people, by templates. What stands in them is text, never markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from samrules.catalogue import CATALOGUE
from samrules.diagnostics import Diagnostic
from samrules.errors import SamrulesError
from samrules.serving.call import HTML, Call, Refusal, Reply
from samrules.serving.templates import render, style

if TYPE_CHECKING:
    from samrules.serving.service import Service


@attrs.frozen
class Page:
    """What every page needs: what its forms must carry, whether there is a session to end, whether there is a ledger."""

    form_token: str
    signed_in: bool
    ledger: bool


@attrs.frozen
class Wrong:
    """What is wrong with a form that was sent, for the page that it stands on."""

    status: int
    problems: Sequence[Diagnostic]


def page_of(service: Service, call: Call) -> Page:
    return Page(call.form_token, call.signed_in, service.ledger is not None)


def wrong(error: Refusal | SamrulesError) -> Wrong:
    return Wrong(error.status, error.problems) if isinstance(error, Refusal) else Wrong(422, error.diagnostics)


def problem_page(found: Refusal, page: Page) -> Reply:
    """A refusal as a page."""
    text = render("problem.html.jinja", page=page, title=_TITLES.get(found.status, "This cannot be done"), problems=found.problems)
    return Reply(found.status, HTML, text.encode(), found.headers)


_TITLES = {403: "Not from there", 404: "Nothing here", 405: "Not done here", 413: "Too large", 422: "That cannot be used", 429: "Busy", 500: "A fault"}


def sign_in_page(*, wrong: bool) -> Reply:
    return Reply.text(render("sign_in.html.jinja", wrong=wrong), HTML, 401 if wrong else 200)


def problems_page(page: Page) -> Reply:
    """What every code means: where the `type` of a problem leads."""
    return Reply.text(render("problems.html.jinja", page=page, entries=sorted(CATALOGUE.values(), key=lambda e: e.code)), HTML)


def api_page(document: dict[str, Any], page: Page) -> Reply:
    """The description of the API for people."""
    return Reply.text(render("api.html.jinja", page=page, document=document, operations=list(_operations(document))), HTML)


def _operations(document: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {})
            schema = next(iter(body.values()))["schema"] if body else None
            yield {"method": method.upper(), "path": path, **operation, "takes": _members(schema, document) if schema else []}


def _members(schema: dict[str, Any], document: dict[str, Any]) -> list[dict[str, Any]]:
    """The members of a body, each with its type in a word."""
    whole = _resolved(schema, document)
    return [{"name": name, "needed": name in whole.get("required", ()), "says": member.get("description", ""), "type": _type(member)}
            for name, member in whole.get("properties", {}).items()]


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _type(member: dict[str, Any]) -> str:
    if "enum" in member:
        return ", ".join(str(word) for word in member["enum"] if word is not None)
    found = member.get("type", "")
    return " or ".join(t for t in found if t != "null") if isinstance(found, list) else str(found)


STYLE = Reply.text(style(), "text/css; charset=utf-8")

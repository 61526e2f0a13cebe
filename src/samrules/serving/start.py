"""Puts a server together from what was said on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from samrules.rules import Rules
from samrules.serving.call import JSON, Reply, encoded
from samrules.serving.door import Door
from samrules.serving.openapi import description
from samrules.serving.pages import STYLE, Page, api_page, problems_page
from samrules.serving.service import Service
from samrules.serving.web import FORM, Answer, Fixed, Way, application

MOST_BYTES = 2_000_000


def service_of(rules: Iterable[Rules], ledger: str | None, *, read_only: bool = False) -> Service:
    """The service over rulesets that were loaded, and a ledger that can be opened. Raises LedgerError."""
    service = Service({each.name: each for each in rules}, ledger, read_only)
    if ledger is not None:
        service.shown = service.book.shown
        service.close()
    return service


def app_of(service: Service, door: Door, answer: Answer, *, most_bytes: int = MOST_BYTES, log: Callable[[str], None], lifespan: Any = None) -> Any:
    """The whole application. `answer` is what calls go to: a pool of workers, or in tests the service itself."""
    operations = service.operations()
    document = description(service.rules, operations, with_token=door.token is not None)
    page = Page("", door.token is not None, service.ledger is not None)
    routes = [Way(o.name, o.method, o.path, "application/json" if o.body else None) for o in operations]
    routes += [Way(p.name, p.method, p.path, FORM if p.method == "POST" else None) for p in service.pages()]
    fixed = [Fixed("/openapi.json", Reply(200, JSON, encoded(document))), Fixed("/api", api_page(document, page)),
             Fixed("/problems", problems_page(page)), Fixed("/style.css", STYLE, public=True)]
    return application(door, routes, fixed, answer, page=page, most_bytes=most_bytes, log=log, lifespan=lifespan)

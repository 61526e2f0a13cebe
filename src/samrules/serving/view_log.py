"""The log of a ledger, one record, and whether the ledger holds."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from samrules.audit import Kind
from samrules.audit.replay import Change, changed
from samrules.serving.audit import number_in, number_of, records
from samrules.serving.call import HTML, Call, Reply
from samrules.serving.pages import page_of
from samrules.serving.templates import render
from samrules.serving.view_accounts import address, words

if TYPE_CHECKING:
    from samrules.serving.service import Service

_LISTED = 50
_FILTERS = ("account", "ruleset", "kind", "outcome", "since", "until")


def log(service: Service, call: Call) -> Reply:
    given = {name: value for name, value in call.options(*_FILTERS, "before").items() if value}
    found = records(service.book, given, number_in(given, "before", 2**53, 2**53), _LISTED)
    more = "/log?" + urlencode({**given, "before": found[-1].seq}) if len(found) == _LISTED and found[-1].seq > 1 else None
    return Reply.text(render("log.html.jinja", page=page_of(service, call), records=found, given=given, kinds=list(Kind), more=more, words=words,
                             address=address, head=service.book.head), HTML)


def record(service: Service, call: Call) -> Reply:
    given = call.options("number")
    found = service.book.get(number_of(given.get("number", "")))
    again = None
    changes: tuple[Change, ...] = ()
    if found.kind is Kind.DECISION:
        again = service.book.decided_again(found)
        changes = changed(found, again)
    return Reply.text(render("record.html.jinja", page=page_of(service, call), record=found, words=words, again=again, changes=changes,
                             why=again.why() if again is not None else None, address=address, body=found.to_dict()), HTML)


def verify(service: Service, call: Call) -> Reply:
    given = call.options("head")
    head = given.get("head", "").strip() or None
    return Reply.text(render("verify.html.jinja", page=page_of(service, call), found=service.book.verify(head=head), head=head or "",
                             shown=service.shown), HTML)

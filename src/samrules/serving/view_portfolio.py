"""The portfolio at a glance, as a report has it, over the decisions that hold."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from samrules.audit.given import given_of_data
from samrules.publishing.templates import Raw
from samrules.reporting.gather import Gathering
from samrules.reporting.on_record import on_record
from samrules.reporting.render import portfolio_html
from samrules.reporting.standing import Frame, size_fact
from samrules.reporting.subject import Subject
from samrules.serving.call import HTML, Call, Reply, refusal
from samrules.serving.pages import page_of
from samrules.serving.templates import render
from samrules.serving.view_accounts import address

if TYPE_CHECKING:
    from samrules.serving.service import Service

MOST = 500
"""Accounts that are decided again for one page."""


def portfolio(service: Service, call: Call) -> Reply:
    """Each decision that holds is made again from its record, by the ruleset as it was then."""
    name = call.options("ruleset").get("ruleset", "")
    today = date.today()
    records = [e.decision for e in service.book.current(today, name) if e.decision is not None]
    if not records:
        raise refusal(404, "no-such-ruleset", "no decision of a ruleset of that name is on record", "the page of accounts lists what is", "ruleset")
    if len(records) > MOST:
        raise refusal(422, "request-too-large", f"there are {len(records):,} accounts, more than the {MOST:,} of one page", "use `samrules report`", "ledger")
    latest = max(records, key=lambda r: r.seq)
    rules = service.book.rules(str(latest.digest))
    if rules.together:
        raise refusal(422, "decides-together", f"`{name}` decides accounts together, and is not shown at a glance here", "use `samrules report`", "ruleset")
    day = max(r.as_of for r in records if r.as_of is not None)
    known = on_record(service.book, rules, {str(r.account) for r in records}, day)
    gathering = Gathering(Frame(rules, size_fact(rules)), day)
    links = []
    for record in records:
        own = service.book.rules(str(record.digest))
        given = given_of_data(record.body, own)
        subject = Subject(service.book.decided_again(record), given.facts, given.record.events)
        standing = known.get(str(record.account))
        gathering.add(standing.onto(subject) if standing is not None else subject)
        links.append(address(str(record.account), name))
    glance = gathering.glance()
    return Reply.text(render("portfolio.html.jinja", page=page_of(service, call), glance=glance, body=Raw(portfolio_html(glance)), links=links), HTML)

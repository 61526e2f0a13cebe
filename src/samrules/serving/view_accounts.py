"""The accounts of a ledger, and the page of one: what holds, why, what was decided before, what people put in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import attrs

from samrules.audit import Effective, Kind, Record
from samrules.audit.given import given_of_data
from samrules.decision.words import day as in_words
from samrules.decision.words import listed, word
from samrules.errors import SamrulesError
from samrules.publishing.templates import Raw
from samrules.reporting.gather import Gathering
from samrules.reporting.render import account_html
from samrules.reporting.standing import Frame, size_fact
from samrules.reporting.subject import Past, Subject
from samrules.rules import Rules
from samrules.serving.audit import OVERRIDE, number_of, overridden
from samrules.serving.call import HTML, Call, Refusal, Reply, refusal
from samrules.serving.forms import form_of
from samrules.serving.pages import Wrong, page_of, wrong
from samrules.serving.templates import render

if TYPE_CHECKING:
    from samrules.serving.service import Service

LISTED = 100
"""Accounts on one page of the list."""
_PAST = 50


@attrs.frozen
class Line:
    """An account in the list."""

    account: str
    name: str
    ruleset: str
    outcome: str
    decided: str
    day: str
    override: str
    address: str


def accounts(service: Service, call: Call) -> Reply:
    given = call.options("q", "ruleset", "outcome", "page")
    if service.ledger is None:
        return Reply.text(render("start.html.jinja", page=page_of(service, call), rulesets=list(service.rules.values())), HTML)
    number = int(given["page"]) if given.get("page", "").isascii() and given.get("page", "").isdigit() and len(given["page"]) < 7 else 1
    found = [_line(e) for e in service.book.current(ruleset=given.get("ruleset") or None)]
    outcomes = Counter(line.outcome for line in found)
    wanted = given.get("q", "").strip().casefold()
    shown = [line for line in found if (not wanted or wanted in line.account.casefold() or wanted in line.name.casefold())
             and (not given.get("outcome") or line.outcome == given["outcome"])]
    pages = max(1, -(-len(shown) // LISTED))
    number = min(max(number, 1), pages)
    others = {k: v for k, v in given.items() if k != "page" and v}

    def to(page: int) -> str:
        return "/?" + urlencode({**others, "page": page})

    return Reply.text(render(
        "accounts.html.jinja", page=page_of(service, call), lines=shown[(number - 1) * LISTED:number * LISTED], count=len(shown), all=len(found),
        outcomes=sorted(outcomes.items(), key=lambda pair: (-pair[1], pair[0])), rulesets=sorted({line.ruleset for line in found} | {given.get("ruleset") or ""}),
        given=given, number=number, pages=pages, before=to(number - 1) if number > 1 else None, after=to(number + 1) if number < pages else None), HTML)


def _line(e: Effective) -> Line:
    decision = e.decision
    outcome, decided = words(e.outcome), words(decision.outcome) if decision is not None else ""
    name = decision.account_name if decision is not None else None
    return Line(e.account, name or e.account, e.ruleset, outcome, decided, in_words(decision.as_of) if decision is not None and decision.as_of else "",
                f"until {in_words(e.override.expires)}" if e.override is not None and e.override.expires else "", address(e.account, e.ruleset))


def address(account: str, ruleset: str | None = None) -> str:
    """The page of an account. Its id is a parameter, not part of the path: ids hold whatever they hold."""
    return "/account?" + urlencode({"id": account, **({"ruleset": ruleset} if ruleset else {})})


def words(outcome: str | tuple[str, ...] | None) -> str:
    if isinstance(outcome, tuple):
        return listed([word(o) for o in outcome]) if outcome else "nothing"
    return word(outcome) if outcome else ""


def account(service: Service, call: Call) -> Reply:
    given = call.options("id", "ruleset")
    return _account(service, call, given.get("id", ""), given.get("ruleset"))


def _account(service: Service, call: Call, id_: str, ruleset: str | None, faults: Wrong | None = None, filled: dict[str, str] | None = None) -> Reply:
    found = service.book.effective(id_, date.today())
    mine = next((e for e in found if ruleset is None or e.ruleset == ruleset), None)
    if mine is None:
        raise refusal(404, "no-such-account", "nothing of that account is on record", "the page of accounts lists what is", "id")
    past = list(service.book.records(account=id_, ruleset=mine.ruleset, kinds=(Kind.DECISION,), newest_first=True, limit=_PAST))
    decision = mine.decision
    title, part = id_, ""
    outcomes: tuple[str, ...] = ()
    if decision is not None:
        title = decision.account_name or id_
        rules = service.book.rules(str(decision.digest))
        outcomes = rules.outcomes
        part = _part(service, decision, [r for r in past if r.seq != decision.seq])
    people = list(service.book.records(account=id_, ruleset=mine.ruleset, kinds=(Kind.OVERRIDE, Kind.WITHDRAWAL), newest_first=True, limit=_PAST))
    reply = render("account_page.html.jinja", page=page_of(service, call), title=title, id=id_, mine=mine, words=words, in_words=in_words,
                   others=[(e.ruleset, address(id_, e.ruleset)) for e in found if e.ruleset != mine.ruleset], part=Raw(part), past=past, people=people,
                   outcomes=outcomes, writing=not service.read_only, today=date.today().isoformat(), filled=filled or {},
                   faults=faults)
    return Reply.text(reply, HTML, faults.status if faults else 200)


def _part(service: Service, record: Record, past: Sequence[Record]) -> str:
    """The part of the account as a report has it, made from the record."""
    decision = service.book.decided_again(record)
    rules = service.book.rules(str(record.digest))
    given = given_of_data(record.body, rules)
    earlier = tuple(Past(r.as_of, r.outcome, _because(r), f"record {r.seq}") for r in past if r.as_of is not None)
    return part_html(rules, Subject(decision, given.facts, given.record.events, earlier))


def part_html(rules: Rules, subject: Subject) -> str:
    """The part of a report about one account, by itself."""
    return account_html(Gathering(Frame(rules, size_fact(rules)), subject.decision.as_of).add(subject))


def _because(record: Record) -> str:
    fired = (record.decision or {}).get("fired", [])
    return str(fired[0].get("because") or fired[0].get("title") or "") if fired else ""


def override(service: Service, call: Call) -> Reply:
    """A form puts another outcome in place of a decision; back to the account, with what is wrong if anything is."""
    call.options()
    form = form_of(call, OVERRIDE)
    several = {**form, **({"outcome": [form["outcome"]]} if _several(service, form) else {})}
    try:
        overridden(service.book, {k: v for k, v in several.items() if v})
    except (Refusal, SamrulesError) as error:
        return _account(service, call, form.get("account", ""), form.get("ruleset") or None, wrong(error), form)
    return Reply.see(address(form["account"], form.get("ruleset") or None))


def _several(service: Service, form: dict[str, str]) -> bool:
    """Whether the ruleset gives several outcomes: a form names one of them."""
    found = service.book.effective(form.get("account", ""), ruleset=form.get("ruleset") or None)
    return bool(found) and found[0].decision is not None and isinstance(found[0].decision.outcome, tuple)


def withdraw(service: Service, call: Call) -> Reply:
    call.options()
    form = form_of(call, ("number", "by", "reason"))
    seq = number_of(form.get("number", ""))
    made = service.book.withdraw(seq, by=form.get("by", "")[:200], reason=form.get("reason", "")[:2000])
    return Reply.see(address(str(made.account), made.ruleset))

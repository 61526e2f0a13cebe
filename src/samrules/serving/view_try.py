"""Forms to try facts on a ruleset: from nothing, or from a decision on record. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from samrules.audit import Record
from samrules.audit.given import given_of_data
from samrules.decision.decision import Decision
from samrules.errors import FactError
from samrules.explain.explanation import Explanation
from samrules.model.types import Value
from samrules.publishing.templates import Raw
from samrules.reporting.subject import Subject
from samrules.rules import Rules
from samrules.serving.audit import decision_of, number_of
from samrules.serving.call import HTML, Call, Reply, refusal
from samrules.serving.decisions import ruleset
from samrules.serving.fact_form import PREFIX, Read, fields, read
from samrules.serving.forms import form_of
from samrules.serving.pages import Wrong, page_of
from samrules.serving.templates import render
from samrules.serving.view_accounts import part_html, words
from samrules.syntax.literals import BadLiteral, parse_date

if TYPE_CHECKING:
    from samrules.serving.service import Service

NOBODY = "what-if"
"""The id of an account that is made up."""


def rulesets(service: Service, call: Call) -> Reply:
    call.options()
    alone = [r for r in service.rules.values() if not r.together]
    return Reply.text(render("rulesets.html.jinja", page=page_of(service, call), rulesets=alone,
                             together=[r for r in service.rules.values() if r.together]), HTML)


def blank(service: Service, call: Call) -> Reply:
    call.options()
    rules = _alone(ruleset(service, call))
    return _form(service, call, rules, f"/try/{rules.name}", {}, title=f"Try: {rules.title}", hidden={}, as_of=date.today().isoformat())


def tried(service: Service, call: Call) -> Reply:
    call.options()
    rules = _alone(ruleset(service, call))
    form = form_of(call, ("as_of",), PREFIX)
    what = read(form, rules, NOBODY)
    page: dict[str, Any] = {"title": f"Try: {rules.title}", "hidden": {}, "as_of": form.get("as_of", "")}
    try:
        day = parse_date(form["as_of"]) if form.get("as_of") else date.today()
        if what.problems:
            raise FactError(what.problems)
        decision = rules.decide_checked(what.facts, day)
    except BadLiteral as error:
        return _form(service, call, rules, f"/try/{rules.name}", what.facts, what.texts,
                     faults=Wrong(400, refusal(400, "bad-date", "the day is not a date", str(error), "as_of").problems), **page)
    except FactError as error:
        return _form(service, call, rules, f"/try/{rules.name}", what.facts, what.texts, faults=Wrong(422, error.diagnostics), **page)
    return _form(service, call, rules, f"/try/{rules.name}", what.facts, what.texts, part=part_html(rules, Subject(decision, what.facts)), after=words(decision.outcome), **page)


def of_record(service: Service, call: Call) -> Reply:
    given = call.options("record")
    record, rules, decision = _recorded(service, given.get("record", ""))
    return _form(service, call, rules, "/what-if", _values(record, rules, decision), **_about(record, decision))


def changed(service: Service, call: Call) -> Reply:
    call.options()
    form = form_of(call, ("record",), PREFIX)
    record, rules, decision = _recorded(service, form.get("record", ""))
    before = _values(record, rules, decision)
    what = read(form, rules, decision.account)
    if what.problems:
        return _form(service, call, rules, "/what-if", before, what.texts, faults=Wrong(422, what.problems), **_about(record, decision))
    told = decision.what_if(_other(rules, before, what)).explanation()
    return _form(service, call, rules, "/what-if", before, what.texts, told=told, **_about(record, decision))


def would_change(service: Service, call: Call) -> Reply:
    """The smallest sets of changes that would have given another outcome."""
    given = call.options("record")
    record, rules, decision = _recorded(service, given.get("record", ""))
    return Reply.text(render("would_change.html.jinja", page=page_of(service, call), told=decision.counterfactuals().explanation(),
                             **_about(record, decision), rules=rules), HTML)


def _recorded(service: Service, number: str) -> tuple[Record, Rules, Decision]:
    """A decision on record, by the ruleset as it was then. Raises Refusal, LedgerError."""
    record = decision_of(service.book.get(number_of(number)))
    rules = _alone(service.book.rules(str(record.digest)))
    return record, rules, service.book.decided_again(record)


def _alone(rules: Rules) -> Rules:
    if rules.together:
        raise refusal(422, "decides-together", f"`{rules.name}` decides accounts together: one by itself has no outcome",
                      "change the accounts' table, and use `samrules decide`")
    return rules


def _values(record: Record, rules: Rules, decision: Decision) -> dict[str, Value]:
    """What was known: what was given, and what was counted from events."""
    return {**given_of_data(record.body, rules).facts, **decision.facts}


def _about(record: Record, decision: Decision) -> dict[str, Any]:
    return {"title": f"What if: {decision.who}", "hidden": {"record": str(record.seq)}, "before": words(decision.outcome), "as_of": None,
            "day": decision.as_of, "record": record.seq}


def _other(rules: Rules, before: Mapping[str, Value], what: Read) -> dict[str, Value | None]:
    """The facts whose fields were changed; None for those that were emptied."""
    known, more = fields(rules, before)
    return {f.name: what.facts.get(f.name) for f in (*known, *more) if f.name in what.texts and what.texts[f.name] != f.value
            and what.facts.get(f.name) != before.get(f.name)}


def _form(service: Service, call: Call, rules: Rules, action: str, values: Mapping[str, Value], texts: Mapping[str, str] | None = None, *,
          title: str, hidden: Mapping[str, str], as_of: str | None, part: str = "", faults: Wrong | None = None, told: Explanation | None = None,
          before: str = "", after: str = "", day: date | None = None, record: int = 0) -> Reply:
    known, more = fields(rules, values, texts)
    text = render("try.html.jinja", page=page_of(service, call), title=title, rules=rules, action=action, known=known, more=more, hidden=hidden,
                  as_of=as_of, part=Raw(part), faults=faults, told=told, before=before, after=after, day=day, record=record, prefix=PREFIX)
    return Reply.text(text, HTML, faults.status if faults else 200)

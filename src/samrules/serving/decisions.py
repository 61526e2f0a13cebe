"""Deciding and explaining what a request brings along; nothing of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.explain.explanation import Explanation
from samrules.rules import Rules
from samrules.serving.call import MARKDOWN, Call, Refusal, Reply, clip, said
from samrules.serving.json_body import read_object
from samrules.serving.requests import FORMATS, Answer, asked, decided, one_of

if TYPE_CHECKING:
    from samrules.serving.service import Service

SCHEMA = "samrules.decisions/1"


def rulesets(service: Service, call: Call) -> Reply:
    call.options()
    return Reply.json({"rulesets": [about(rules) for rules in service.rules.values()]})


def about(rules: Rules) -> dict[str, Any]:
    return {"name": rules.name, "version": rules.version, "title": rules.title, "digest": rules.digest,
            "outcomes": list(rules.outcomes), "together": rules.together}


def decide(service: Service, call: Call) -> Reply:
    call.options()
    rules = ruleset(service, call)
    what, shape = asked(read_object(call.body))
    shape.done()
    return Reply.json(data_of(decided(rules, what)))


def data_of(answer: Answer) -> dict[str, Any]:
    data: dict[str, Any] = {"schema": SCHEMA, "decisions": [d.to_dict() for d in answer.decisions]}
    if answer.portfolio is not None:
        data["portfolio"] = {k: v for k, v in answer.portfolio.to_dict().items() if k != "decisions"}
    data["warnings"] = [said(w) for w in answer.warnings]
    return data


def explain(service: Service, call: Call) -> Reply:
    call.options()
    rules = ruleset(service, call)
    what, shape = asked(read_object(call.body), "account", "why_not", "format")
    account, why_not = shape.text("account"), shape.text("why_not")
    form = shape.word("format", FORMATS, "json")
    if not rules.together and len(what.accounts) > 1:
        shape.wrong("wrong-shape", f"{len(what.accounts):,} accounts to explain one of", "send the one account", "accounts")
    shape.done()
    decision = one_of(decided(rules, what).decisions, account)
    return explained(decision.why() if why_not is None else decision.why_not(why_not), form)


def explained(found: Explanation, form: str) -> Reply:
    if form == "text":
        return Reply.text(str(found))
    if form == "markdown":
        return Reply.text(found.markdown(), MARKDOWN)
    return Reply.json(found.to_dict())


def ruleset(service: Service, call: Call) -> Rules:
    """The ruleset that the path names: one of those named at the start, never a file. Raises Refusal."""
    name = call.path["ruleset"]
    if name in service.rules:
        return service.rules[name]
    raise Refusal(404, [Diagnostic("no-such-ruleset", f"this server has no ruleset `{clip(name, 60)}`",
                                   did_you_mean(name, service.rules, "rulesets"), where="path")])

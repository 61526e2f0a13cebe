"""Which rules made the outcome of an account that breaks a claim: the ones that held, and what stopped or failed the others."""

from __future__ import annotations

from collections.abc import Iterator

from samrules.decision.decision import RuleResult
from samrules.decision.trace import missing_facts
from samrules.decision.words import listed
from samrules.engines.interpreter import View
from samrules.engines.outcome import rule_result
from samrules.plan.plan import PlannedDecision

_MOST = 3
"""Conditions or facts named of a rule."""


def fared(decision: PlannedDecision, now: View) -> Iterator[str]:
    """A line a rule that holds, is open, is stopped by an exception, or was one condition short."""
    for rule in (rule_result(planned, now) for planned in decision.rules):
        if rule.truth is not False or rule.stopped or rule.near is not None:
            yield f"the rule `{rule.name}` {_how(rule)}"


def changed(decision: PlannedDecision, now: View, after: View) -> Iterator[str]:
    """A line a rule that fares otherwise after the change."""
    for planned in decision.rules:
        before, later = rule_result(planned, now), rule_result(planned, after)
        if before.truth is not later.truth:
            yield f"the rule `{planned.rule.name}` {_how(before)}; then it {_how(later)}"


def _how(rule: RuleResult) -> str:
    if rule.truth is True:
        return "holds"
    if rule.truth is None:
        missing = missing_facts(rule.trace)
        return "is open" + (f", for want of {_named(missing)}" if missing else "")
    if rule.stopped:
        return f"is stopped by its exception {_named([e.text for e in rule.exceptions if e.value is True and e.text])}"
    short = [trace.text for trace, _ in rule.short_of if trace.text and trace.value is False]
    return "fails" + (f", as {_named(short)} {'does' if len(short) == 1 else 'do'} not hold" if short else "")


def _named(texts: list[str]) -> str:
    more = [f"{len(texts) - _MOST} more"] if len(texts) > _MOST else []
    return listed([*(f"`{t}`" for t in texts[:_MOST]), *more])

"""Why a case has not the outcome that it expects: what each rule that gives that outcome was short of, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from samrules.authoring.cases import OutcomeIs
from samrules.authoring.run_cases import CaseResult
from samrules.decision.decision import Decision, RuleResult
from samrules.decision.trace import Trace, unique
from samrules.decision.words import listed
from samrules.explain.conditions import Phrases
from samrules.explain.rules_in_words import reviews
from samrules.model import expressions as ex
from samrules.plan.plan import Plan

_CLOSEST = 3
"""Rules that are told of; more of them help nobody."""


def missed(result: CaseResult, plan: Plan) -> Iterator[str]:
    """Of each rule that failed and gives the outcome expected, the closest first: its conditions that kept it from holding, each with
    what was needed and the parameters that ask for it. Nothing where the outcome is as expected."""
    decision = result.decision
    wanted = {o for e in result.case.expected if isinstance(e, OutcomeIs) for o in ([e.outcome] if isinstance(e.outcome, str) else e.outcome)}
    if decision is None or not wanted - _given(decision):
        return
    failed = [r for r in decision.rules if r.outcome in wanted - _given(decision) and r.truth is False and r.short_of]
    for rule in sorted(failed, key=lambda r: len(r.short_of))[:_CLOSEST]:
        yield f"`{rule.outcome}` was missed, by the rule `{rule.name}`:"
        for leaf, needed in rule.short_of:
            yield f"    {_said(decision, rule, leaf, needed)}{_asked_by(leaf, plan, decision.as_of)}"


def _given(decision: Decision) -> set[str]:
    return {decision.outcome} if isinstance(decision.outcome, str) else set(decision.outcome)


def _said(decision: Decision, rule: RuleResult, leaf: Trace, needed: bool) -> str:
    if isinstance(leaf.expr, ex.Held):
        return reviews(rule).text
    return Phrases(decision).condition(leaf, needed)


def _asked_by(leaf: Trace, plan: Plan, on: date) -> str:
    """The parameters in a condition, with the places of the values in force: `; see `large` (visits.yaml:9)`."""
    found = {}
    for node in unique(leaf):
        parameter = plan.parameters.get(node.expr.name) if isinstance(node.expr, ex.Name) else None
        dated = parameter.at(on) if parameter is not None else None
        if parameter is not None and dated is not None:
            span = dated.span or parameter.span
            found[parameter.name] = f" ({span.file}:{span.line})" if span is not None and span.file else ""
    return f"; see {listed([f'`{name}`{at}' for name, at in found.items()])}" if found else ""

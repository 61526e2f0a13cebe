"""Why the outcome is not another one: for each rule that could give it, what failed and by how much."""

from __future__ import annotations

from samrules.decision.decision import Decision, RuleResult
from samrules.decision.words import listed, word
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import FactError
from samrules.explain.explanation import Explanation, Part
from samrules.explain.rules_in_words import (
    outcome_words,
    record_line,
    rule_part,
    score_parts,
    sources_part,
    threshold_parts,
)
from samrules.explain.why import why


def why_not(decision: Decision, outcome: str) -> Explanation:
    """The explanation why an outcome was not given. Raises FactError if there is no such outcome."""
    if outcome not in decision.decide.outcomes:
        raise FactError([Diagnostic(
            "no-such-outcome", f"`{decision.ruleset}` has no outcome `{outcome}`",
            did_you_mean(outcome, decision.decide.outcomes, "outcomes"), where="why not")])
    given = decision.outcome if isinstance(decision.outcome, tuple) else (decision.outcome,)
    if outcome in given:
        found = why(decision)
        answer = f"It is {word(outcome)}. {found.answer}"
        parts = found.parts
    else:
        answer, parts = _answer(decision, outcome), tuple(_parts(decision, outcome))
    return Explanation(
        question=f"why not {outcome}",
        account=decision.account,
        outcome=decision.outcome,
        title=f"{decision.who}: why not {word(outcome)}?",
        answer=answer,
        parts=parts,
        record=record_line(decision),
    )


def _candidates(decision: Decision, outcome: str) -> list[RuleResult]:
    return [r for r in decision.rules if r.outcome == outcome]


def _answer(decision: Decision, outcome: str) -> str:
    wanted, is_ = word(outcome), outcome_words(decision)
    rules = _candidates(decision, outcome)
    if outcome in decision.possible:
        return f"{wanted.capitalize()} is still possible: the facts known so far do not settle it."
    holding = [r for r in rules if r.truth is True]
    if holding:
        rule = holding[0]
        first = decision.decide.hit_policy == "first"
        how = "an earlier rule decides" if first else f"{is_} comes before {wanted}"
        return f"“{rule.title}” does hold and would give {wanted}, but {how}."
    lead = ""
    if rules:
        named = listed([f"“{r.title}”" for r in rules])
        lead = f"{'The only rule' if len(rules) == 1 else 'None of the rules'} that could give {wanted}"
        lead += f", {named}, does not hold. " if len(rules) == 1 else f" holds: {named}. "
    if outcome == decision.decide.otherwise:
        stronger = listed([f"“{r.title}” ({word(r.outcome)})" for r in decision.deciding or decision.fired])
        verb = "holds" if len(decision.deciding) == 1 else "hold"
        return f"{lead}{wanted.capitalize()} is what remains when no rule for another outcome holds; here {stronger} {verb}."
    return lead or f"No rule gives {wanted}."


def _parts(decision: Decision, outcome: str) -> list[Part]:
    rules = _candidates(decision, outcome)
    parts = []
    for rule in rules:
        state = {True: "holds", False: "does not hold", None: "is open"}[rule.truth]
        parts.append(rule_part(rule, decision, f"The rule “{rule.title}” {state}", by=rule.truth is True))
    blocking = []
    if outcome == decision.decide.otherwise or any(r.truth is True for r in rules):
        blocking = [r for r in decision.deciding if r.outcome != outcome]
        for rule in blocking:
            heading = f"“{rule.title}” gives {word(rule.outcome)}; for {word(outcome)} it would have to fail"
            parts.append(rule_part(rule, decision, heading, by=True))
    shown = [*rules, *blocking]
    return [*parts, *score_parts(decision), *threshold_parts(shown, decision), *sources_part(shown, decision)]

"""Why the outcome is not another one: for each rule that could give it, what failed and by how much."""

from __future__ import annotations

from samrules.decision.decision import Decision, RuleResult
from samrules.decision.words import listed, word
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import FactError
from samrules.explain.explanation import Explanation, Part
from samrules.explain.placing import ranking_part, why_not_a_place
from samrules.explain.rules_in_words import (
    outcome_words,
    record_line,
    rule_part,
    score_parts,
    sources_part,
    threshold_parts,
)
from samrules.explain.why import why
from samrules.model.ruleset import CONFLICT


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
        placed = why_not_a_place(decision, decision.placing, outcome) if decision.placing else None
        answer, parts = placed or _answer(decision, outcome), tuple(_parts(decision, outcome))
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
    if decision.decide.hit_policy == "collect" and any(r.truth is True for r in rules):
        return f"{wanted.capitalize()} is one of the outcomes for certain; what else joins it is open."
    if outcome in decision.possible:
        return f"{wanted.capitalize()} is still possible: the facts known so far do not settle it."
    holding = [r for r in rules if r.truth is True]
    if holding:
        return f"“{holding[0].title}” does hold and would give {wanted}, but {_precedence(decision, wanted)}."
    said = []
    if rules:
        named = listed([f"“{r.title}”" for r in rules])
        said.append(f"The only rule that could give {wanted}, {named}, does not hold." if len(rules) == 1 else
                    f"None of the rules that could give {wanted} holds: {named}.")
    blocking = _blocking(decision, outcome)
    if blocking:
        stronger = listed([f"“{r.title}” ({word(r.outcome)})" for r in blocking])
        verb = "holds" if len(blocking) == 1 else "hold"
        if outcome == decision.decide.otherwise:
            said.append(f"{wanted.capitalize()} is what remains when no rule for another outcome holds; "
                        f"here {stronger} {verb}.")
        else:
            said.append(f"And {stronger} {verb}, which comes before {wanted}.")
    elif decision.settled and not isinstance(decision.outcome, tuple):
        said.append(f"It is {is_}.")
    return " ".join(said) or f"No rule gives {wanted}."


def _precedence(decision: Decision, wanted: str) -> str:
    if decision.decide.hit_policy == "first":
        return "an earlier rule decides"
    if decision.outcome == CONFLICT:
        others = [word(r.outcome) for r in decision.fired if word(r.outcome) != wanted]
        return f"so does a rule for {listed(others)}, and the two exclude each other"
    stronger = [word(o) for o in decision.possible if word(o) != wanted]
    return f"{listed(stronger, 'or')} comes before {wanted}"


def _blocking(decision: Decision, outcome: str) -> list[RuleResult]:
    """The rules that decide now and would have to fail for the outcome, whatever else held."""
    others = [r for r in decision.deciding if r.outcome != outcome]
    outcomes = decision.decide.outcomes
    match decision.decide.hit_policy:
        case "priority" if outcome != decision.decide.otherwise:
            return [r for r in others if outcomes.index(r.outcome) < outcomes.index(outcome)]
        case "first":
            names = [r.name for r in decision.rules]
            earliest = min((names.index(r.name) for r in _candidates(decision, outcome)), default=len(names))
            return [r for r in others if names.index(r.name) < earliest]
        case "collect" if outcome != decision.decide.otherwise:
            return []
    return others


def _parts(decision: Decision, outcome: str) -> list[Part]:
    placing = decision.placing
    if placing is not None and outcome == placing.waitlisted:
        outcome = placing.chosen  # by the rules, those wait who would have a place
    rules = _candidates(decision, outcome)
    parts = ranking_part(decision)[:1]  # what it would take is in the answer
    for rule in rules:
        state = {True: "holds", False: "does not hold", None: "is open"}[rule.truth]
        parts.append(rule_part(rule, decision, f"The rule “{rule.title}” {state}", by=rule.truth is True))
    blocking = _blocking(decision, outcome)
    for rule in blocking:
        heading = f"“{rule.title}” gives {word(rule.outcome)}; for {word(outcome)} it would have to fail"
        parts.append(rule_part(rule, decision, heading, by=True))
    shown = [*rules, *blocking]
    return [*parts, *score_parts(decision), *threshold_parts(shown, decision), *sources_part(shown, decision)]

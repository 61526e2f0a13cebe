"""Why the outcome is what it is, or what keeps it open."""

from __future__ import annotations

from samrules.decision.decision import Decision
from samrules.decision.placing import owner_of
from samrules.decision.words import counted, listed, word
from samrules.explain.explanation import ALSO, FIND_OUT, UNKNOWN, Explanation, Item, Part
from samrules.explain.lacking import why_open
from samrules.explain.placing import answered, ranking_part
from samrules.explain.rules_in_words import (
    also_held,
    asked,
    asked_part,
    nearest_misses,
    outcome_words,
    outputs_part,
    record_line,
    rule_part,
    score_parts,
    sources_part,
    stopped_part,
    threshold_parts,
)
from samrules.model.ruleset import CONFLICT

_RULES_SHOWN = 6
"""Undecided rules shown in full; the rest are named."""

_FAR = 4
"""Where no rule holds, rules short of up to so many conditions are shown."""

_FACTS_SHOWN = 12
"""Missing facts listed; the decision itself names all of them."""


def why(decision: Decision) -> Explanation:
    """The explanation of the outcome."""
    if not decision.settled:
        answer, parts = _unsettled(decision)
    elif decision.outcome == CONFLICT:
        answer, parts = _conflict(decision)
    else:
        answer, parts = _settled(decision)
    return Explanation(
        question="why",
        account=decision.account,
        outcome=decision.outcome,
        title=f"{decision.who}: {outcome_words(decision)}",
        answer=answered(decision, answer),
        parts=tuple(parts),
        record=record_line(decision),
    )


def _settled(decision: Decision) -> tuple[str, list[Part]]:
    rules = decision.deciding
    several = len(rules) > 1  # the answer holds the sentence of a single rule already
    parts = [rule_part(r, decision, f"Because of the rule “{r.title}”", said=several) for r in rules]
    if rules:
        sentences = " ".join(r.because for r in rules if r.because)
        answer = sentences or f"{decision.who}: {outcome_words(decision)}, by {listed([r.title for r in rules])}."
    else:
        others = [o for o in decision.decide.outcomes
                  if o != decision.outcome and any(r.outcome == o for r in decision.rules)]
        named = listed([word(o) for o in others], "or") if others else "any outcome"
        answer = f"No rule for {named} holds, and {outcome_words(decision)} is the outcome then."
        if any(r.truth is None for r in decision.rules):
            answer += " No fact that is still unknown could change it."
    parts += ranking_part(decision) + asked_part(decision) + outputs_part(decision)
    if decision.placing is None or decision.outcome != decision.placing.waitlisted:
        parts += nearest_misses(decision, most=1 if rules else _FAR)
    parts += stopped_part(decision) + also_held(decision)
    return answer, [*parts, *score_parts(decision), *threshold_parts(rules, decision),
                    *sources_part(rules, decision)]


def _unsettled(decision: Decision) -> tuple[str, list[Part]]:
    possible = listed([word(o) for o in decision.possible], "or")
    unknown = decision.deciding_unknowns
    if decision.decide.hit_policy == "collect":
        certain = [o for o in decision.possible if any(r.outcome == o for r in decision.fired)]
        asked_ = listed([f"whether {word(o)} is one of them" for o in decision.possible if o not in certain])
        possible = f"{listed([word(o) for o in certain])} for certain, and open {asked_}" if certain else possible
    if unknown:
        facts = "fact bears" if len(unknown) == 1 else "facts bear"
        answer = (f"The facts known so far leave it open: {possible}. "
                  f"{counted(len(unknown), 'missing ' + facts, 'missing ' + facts)} on it; "
                  f"first to find out: {asked(decision, unknown[0])}.")
    else:
        reason = why_open(decision)
        answer = (f"The facts known so far leave it open: {possible}. No missing fact of this review would "
                  f"settle it{': ' + reason if reason else ''}.")
    parts = []
    if unknown:
        items = [Item(_asked_for(f, decision), UNKNOWN) for f in unknown[:_FACTS_SHOWN]]
        if more := len(unknown) - _FACTS_SHOWN:
            items += [Item(f"and {counted(more, 'more facts')} that bear on it less")] if more > 0 else []
        parts.append(Part("What to find out, most decisive first", (), tuple(items), FIND_OUT))
    wanted = set(decision.possible)
    if decision.placing is not None and decision.placing.waitlisted in wanted:
        wanted.add(decision.placing.chosen)  # by the rules, those wait who would have a place
    open_rules = [r for r in decision.rules if r.truth is None and r.outcome in wanted]
    for rule in open_rules[:_RULES_SHOWN]:
        heading = f"{word(rule.outcome).capitalize()} hangs on “{rule.title}”"
        parts.append(rule_part(rule, decision, heading, open_only=True))
    if rest := open_rules[_RULES_SHOWN:]:
        items = [Item(f"{word(r.outcome)}, by “{r.title}”", UNKNOWN) for r in rest]
        parts.append(Part("Also open", (), tuple(items), ALSO))
    parts += ranking_part(decision)
    fired = [Item(f"{word(r.outcome)}, by “{r.title}”", "holds") for r in decision.fired]
    if fired:
        parts.append(Part("Already holding", (), tuple(fired), ALSO))
    parts += asked_part(decision) + outputs_part(decision)
    return answer, parts + stopped_part(decision) + score_parts(decision)


def _asked_for(fact: str, decision: Decision) -> str:
    declared = decision.declared.get(owner_of(fact)[0])
    title = asked(decision, fact)
    source = f"; source: {declared.source}" if declared and declared.source else ""
    return f"{title} ({fact}{source})"


def _conflict(decision: Decision) -> tuple[str, list[Part]]:
    rules = decision.fired
    named = listed([f"“{r.title}” ({word(r.outcome)})" for r in rules])
    answer = (f"Rules that exclude each other hold at once: {named}. This is an error of the ruleset, "
              "not of the account; its author must say which comes first.")
    parts = [rule_part(r, decision, f"The rule “{r.title}” gives {word(r.outcome)}") for r in rules]
    return answer, parts + asked_part(decision) + outputs_part(decision)

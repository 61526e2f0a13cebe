"""Of an open decision on which no missing fact bears: what leaves it open."""

from __future__ import annotations

from datetime import date

from samrules.decision.decision import Decision
from samrules.decision.policy import turning
from samrules.decision.trace import Lacking, Trace, lacking
from samrules.decision.words import counted, day, listed
from samrules.explain.conditions import Phrases
from samrules.explain.rules_in_words import asked

_SHOWN = 3


def why_open(decision: Decision) -> str:
    """`the review of 3 May 2026 lacks gross margin; revenue ÷ visits has no result`; empty where it cannot be said."""
    said: dict[str, None] = {}
    for number in turning(decision.decide, [(r.outcome, r.truth) for r in decision.rules]):
        for place in lacking(decision.rules[number].trace):
            said |= dict.fromkeys(_in_words(decision, place))
    shown = list(said)[:_SHOWN]
    if more := len(said) - len(shown):
        shown.append(f"and {counted(more, 'more things')} of this kind")
    return "; ".join(shown)


def _in_words(decision: Decision, place: Lacking) -> list[str]:
    review = f"the review of {day(date.fromisoformat(place.day))}" if place.day else None
    facts = [f"{review} lacks {listed([asked(decision, fact) for fact in place.facts])}"] if review and place.facts else []
    return facts + [_no_result(decision, node, review) for node in place.calculations]


def _no_result(decision: Decision, node: Trace, review: str | None) -> str:
    calculation = Phrases(decision).subject(node)
    return f"{calculation} had no result at {review}" if review else f"{calculation} has no result"

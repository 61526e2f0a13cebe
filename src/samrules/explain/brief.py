"""A decision in a sentence or two, as one would say it in a meeting."""

from __future__ import annotations

from samrules.decision.decision import Decision
from samrules.decision.words import listed, sentence, word
from samrules.explain.conditions import Phrases
from samrules.explain.lacking import why_open
from samrules.explain.rules_in_words import asked, stopped_part
from samrules.model.ruleset import CONFLICT

_FACTS_SHOWN = 3


def brief(decision: Decision) -> str:
    """Why it was decided so; of an open decision, what to find out first."""
    if not decision.settled:
        return _open(decision)
    if decision.outcome == CONFLICT:
        both = listed([f"“{r.title}” ({word(r.outcome)})" for r in decision.fired])
        return f"Rules that exclude each other hold at once: {both}. The ruleset must say which comes first."
    says = decision.placing.says if decision.placing is not None else ""
    rules = decision.deciding
    if not rules:
        return _otherwise(decision)
    said = rules[0].because or sentence(rules[0].title)
    if len(rules) > 1 and decision.decide.hit_policy == "collect":
        said = " ".join(r.because or sentence(r.title) for r in rules)
    elif len(rules) > 1:
        said += " Also: " + _end("; ".join(_lower(r.title) for r in rules[1:]))
    return says or said


def _open(decision: Decision) -> str:
    possible = listed([word(o) for o in decision.possible], "or")
    unknown = decision.deciding_unknowns
    if not unknown:
        return f"Open: {possible}. {sentence(why_open(decision) or 'no missing fact would settle it')}"
    shown = [asked(decision, fact) for fact in unknown[:_FACTS_SHOWN]]
    if more := len(unknown) - len(shown):
        shown.append(f"and {more} more")
    says = f" {decision.placing.says}" if decision.placing is not None else ""
    return f"Open: {possible}.{says}\nFind out first: {_end('; '.join(shown))}"


def _otherwise(decision: Decision) -> str:
    """No rule gave the outcome: what it would have taken for another, where little was missing."""
    given = decision.outcome if isinstance(decision.outcome, tuple) else (decision.outcome,)
    ruled = {r.outcome for r in decision.rules}
    others = [o for o in decision.decide.outcomes if o not in given and o in ruled]
    said = f"No rule for {listed([word(o) for o in others], 'or')} holds." if others else "No rule holds."
    near = sorted((r for r in decision.near if r.outcome in others), key=lambda r: -others.index(r.outcome))
    stopped = [item for part in stopped_part(decision) for item in part.items]
    if stopped:
        return f"{said} {sentence(stopped[0].text)}"
    if near and near[0].near is not None:
        failed = Phrases(decision).condition(near[0].near, near[0].short_of[0][1])
        return f"{said} Nearest was {word(near[0].outcome)}, by “{near[0].title}”: {_end(failed)}"
    return said


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _end(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."

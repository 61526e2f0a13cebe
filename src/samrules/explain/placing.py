"""The choice of a portfolio in an explanation: where the account ranks, and what would give it a place."""

from __future__ import annotations

from samrules.decision.decision import Decision
from samrules.decision.placing import INCUMBENT, NEITHER, Placing
from samrules.decision.words import word
from samrules.explain.explanation import FAILS, RANKING, Item, Part


def answered(decision: Decision, answer: str) -> str:
    """The answer with what the choice adds to it."""
    says = decision.placing.says if decision.placing is not None else ""
    return f"{answer} {says}" if says else answer


def ranking_part(decision: Decision) -> list[Part]:
    """The ranking near the account, and what it would take where it waits."""
    placing = decision.placing
    if placing is None or placing.standing in (INCUMBENT, NEITHER) or not placing.around:
        return []
    parts = [Part("The ranking of those that qualify", (), tuple(Item(line) for line in placing.around), RANKING)]
    if placing.to_enter:
        parts.append(Part("What it would take", (), (Item(placing.to_enter, FAILS),), RANKING))
    return parts


def why_not_a_place(decision: Decision, placing: Placing, outcome: str) -> str | None:
    """Why an account that qualifies has no place, or does not wait for one; None where its own facts say why."""
    if outcome == placing.chosen and decision.outcome == placing.waitlisted:
        return f"It qualifies, and no place is left for it. {placing.says} {placing.to_enter}"
    if outcome == placing.waitlisted and decision.outcome == placing.chosen:
        return f"It has a place. {placing.says}"
    if outcome == placing.waitlisted and decision.settled:
        return (f"Only an account that qualifies waits for a place, and it does not qualify: it is "
                f"{word(str(decision.outcome))}.")
    return None

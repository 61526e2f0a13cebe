"""What would change a decision, as an account manager reads it: what can be had by few changes first, the rest in a line."""

from __future__ import annotations

import attrs

from samrules.decision.decision import Decision
from samrules.decision.words import listed
from samrules.explain.counterfactuals import Counterfactuals, Sought
from samrules.explain.explanation import Part
from samrules.reporting.standing import Frame

MOST = 2
"""Facts that change at once at most: what one would set out to do before the next review."""
WAYS = 3
"""Ways that are shown for each outcome."""


def would_change(decision: Decision, frame: Frame) -> tuple[Part, ...]:
    """The changes of few facts that would give another outcome. Raises FactError where accounts are decided together."""
    found: Counterfactuals = decision.counterfactuals(most=MOST, limit=WAYS)
    *parts, limits = found.explanation().parts
    now = decision.outcome if isinstance(decision.outcome, tuple) else (decision.outcome,)
    wanted = [(s, p) for s, p in zip(found.sought, parts, strict=True)
              if s.outcome is None or (s.outcome not in now and s.outcome != decision.decide.unsettled)]
    shown = [attrs.evolve(p, heading=f"{_capital(frame.words(s.outcome))} instead" if s.outcome is not None else p.heading)
             for s, p in wanted if s.found or s.lasting]
    return (*shown, Part("", (*_not_found([s for s, _ in wanted if not (s.found or s.lasting)], frame), *limits.sentences)))


def _not_found(sought: list[Sought], frame: Frame) -> list[str]:
    """What cannot be had, and how sure that is."""
    said = []
    for lead, which in (
        ("However many of the facts that were varied change, none of this comes about today", [s for s in sought if s.nowhere]),
        (f"Up to {MOST} changes do not give", [s for s in sought if not s.nowhere and s.complete]),
        ("The search ended before it was done for", [s for s in sought if not s.nowhere and not s.complete]),
    ):
        if which:
            names = [f"“{frame.words(s.outcome)}”" if s.outcome is not None else "another list of outcomes" for s in which]
            said.append(f"{lead}: {listed(names, 'or')}.")
    return said


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""What a decision calls on to explain itself."""

from __future__ import annotations

from samrules.decision.decision import Decision
from samrules.explain.explanation import Explanation
from samrules.explain.why import why
from samrules.explain.why_not import why_not


class Explained:
    """The explainer that samrules gives its decisions."""

    def why(self, decision: Decision) -> Explanation:
        return why(decision)

    def why_not(self, decision: Decision, outcome: str) -> Explanation:
        return why_not(decision, outcome)

"""What a decision calls on to explain itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from samrules.decision.decision import Decision
from samrules.explain.explanation import Explanation
from samrules.explain.why import why
from samrules.explain.why_not import why_not

if TYPE_CHECKING:
    from samrules.explain.counterfactuals import Counterfactuals
    from samrules.explain.what_if import WhatIf


class Explained:
    """The explainer that samrules gives its decisions."""

    def why(self, decision: Decision) -> Explanation:
        return why(decision)

    def why_not(self, decision: Decision, outcome: str) -> Explanation:
        return why_not(decision, outcome)

    def counterfactuals(self, decision: Decision, outcome: str | None, facts: Iterable[str] | None, most: int,
                        limit: int) -> Counterfactuals:
        from samrules.explain.counterfactuals import (
            counterfactuals,  # what few ask for is imported when it is asked for
        )

        return counterfactuals(decision, outcome, facts, most, limit)

    def what_if(self, decision: Decision, facts: Mapping[str, Any]) -> WhatIf:
        from samrules.explain.what_if import what_if

        return what_if(decision, facts)

    def html(self, decision: Decision) -> str:
        from samrules.explain.notebook import decision_html

        return decision_html(decision)

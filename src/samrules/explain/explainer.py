"""Placeholder while the module is being written."""
from typing import Any
class Explained:
    def why(self, decision: Any) -> Any: return decision.outcome
    def why_not(self, decision: Any, outcome: str) -> Any: return decision.outcome

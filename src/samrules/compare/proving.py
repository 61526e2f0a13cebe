"""A solver in the place of a prover: whether an edit can change an outcome at all."""

from __future__ import annotations

from datetime import date

from samrules.compare.witness import Prover
from samrules.model.types import Value
from samrules.proofs.differ import Difference, differ
from samrules.proofs.settle import Proved
from samrules.rules import Rules

SECONDS = 10.0
"""How long the solver may take for an edit."""


def solver(day: date, seconds: float = SECONDS) -> Prover:
    """A prover for `diff`. What holds on paper only, and not to the last bit of a double, it does not call proved.

    The prover raises EngineError where the solver is not installed.
    """

    def prove(old: Rules, new: Rules) -> bool | dict[str, Value] | None:
        found = differ(old.plan, new.plan, day, seconds)
        if isinstance(found, Proved):
            return True if found.exact else None
        return dict(found.witness.facts) if isinstance(found, Difference) else None

    return prove

"""samrules: declarative rulesets for strategic account decisions, decided and explained.

    import samrules

    rules = samrules.load("dedesignation")
    decision = rules.decide(facts, as_of=date(2026, 11, 21))
    print(decision.why())
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from samrules.version import __version__

__all__ = [
    "Assignment",
    "Counterfactuals",
    "Decision",
    "Diagnostic",
    "EngineError",
    "FactError",
    "OutputError",
    "Portfolio",
    "Rules",
    "RulesetError",
    "SamrulesError",
    "Session",
    "UndeclaredFactWarning",
    "UnmatchedRowsWarning",
    "WhatIf",
    "__version__",
    "assign",
    "backtest",
    "diff",
    "load",
    "loads",
    "sweep",
]

_HOMES = {
    "Assignment": "samrules.staffing.assignment",
    "Counterfactuals": "samrules.explain.counterfactuals",
    "Decision": "samrules.decision.decision",
    "Diagnostic": "samrules.diagnostics",
    "EngineError": "samrules.errors",
    "FactError": "samrules.errors",
    "OutputError": "samrules.errors",
    "Portfolio": "samrules.portfolio.portfolio",
    "Rules": "samrules.rules",
    "RulesetError": "samrules.errors",
    "SamrulesError": "samrules.errors",
    "Session": "samrules.sessions.session",
    "UndeclaredFactWarning": "samrules.errors",
    "UnmatchedRowsWarning": "samrules.errors",
    "WhatIf": "samrules.explain.what_if",
    "assign": "samrules.staffing.assignment",
    "backtest": "samrules.tuning.backtest",
    "diff": "samrules.compare.difference",
    "load": "samrules.rules",
    "loads": "samrules.rules",
    "sweep": "samrules.tuning.sweep",
}

if TYPE_CHECKING:
    from samrules.compare.difference import diff
    from samrules.decision.decision import Decision
    from samrules.diagnostics import Diagnostic
    from samrules.errors import (
        EngineError,
        FactError,
        OutputError,
        RulesetError,
        SamrulesError,
        UndeclaredFactWarning,
        UnmatchedRowsWarning,
    )
    from samrules.explain.counterfactuals import Counterfactuals
    from samrules.explain.what_if import WhatIf
    from samrules.portfolio.portfolio import Portfolio
    from samrules.rules import Rules, load, loads
    from samrules.sessions.session import Session
    from samrules.staffing.assignment import Assignment, assign
    from samrules.tuning.backtest import backtest
    from samrules.tuning.sweep import sweep


def __getattr__(name: str) -> Any:
    """Names are imported when first used, so that `import samrules` stays fast."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'samrules' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

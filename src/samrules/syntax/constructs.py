"""Ladders and lifecycles as the definitions and rules they stand for, once a ruleset is loaded."""

from __future__ import annotations

import attrs

from samrules.diagnostics import Diagnostic
from samrules.model import ruleset as rs
from samrules.syntax import ladders, lifecycles

_NO_DECISION = "decision"
"""What the rules of a ruleset without a decision would set; that it has none is reported as such."""


def with_constructs(ruleset: rs.Ruleset) -> tuple[rs.Ruleset, list[Diagnostic]]:
    """The ruleset with what its ladders and lifecycles become, and what is wrong with them."""
    decision = ruleset.decide.name if ruleset.decide is not None else _NO_DECISION
    definitions, rules = list(ruleset.define), list(ruleset.rules)
    problems: list[Diagnostic] = []
    for ladder in ruleset.ladders:
        alone = len(ruleset.ladders) == 1
        definitions += ladders.definitions_of(ladder, alone=alone)
        rules += ladders.rules_of(ladder, decision, alone=alone)
    for lifecycle in ruleset.lifecycles:
        wrong = list(lifecycles.problems_of(lifecycle))
        problems += wrong
        if not wrong:
            rules += lifecycles.rules_of(lifecycle, decision)
    taken: dict[str, rs.Rule] = {}
    for rule in rules:
        other = taken.setdefault(rule.name, rule)
        if other is not rule and rule.made_from is not None:
            problems.append(Diagnostic(
                "name-clash", f"`{rule.made_from}` makes the rule `{rule.name}`, and so is another named",
                "rename the rule, or what makes it", other.span if other.made_from is None else rule.span))
    return attrs.evolve(ruleset, define=tuple(definitions), rules=tuple(rules)), problems

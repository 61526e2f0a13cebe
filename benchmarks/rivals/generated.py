"""Rulesets of any number of rules, from a seed: all of one shape, so that cost can be held against the number of rules.

Each rule is a conjunction of three comparisons of 20 numbers, one of them with an exception; they give one of three
outcomes. Every rule is certainly false on most accounts, so that there is no early end for anybody.
"""

from __future__ import annotations

import json
import random
from functools import cache

import samrules
from samrules.rules import Rules

FACTS = [f"x{i}" for i in range(20)]
OUTCOMES = ["designate", "nominate", "decline"]


@cache
def generated(rules: int, seed: int = 5) -> Rules:
    """The ruleset `rules_N`."""
    chance = random.Random(seed)

    def condition() -> str:
        return f"{chance.choice(FACTS)} {chance.choice(['>=', '<', '>', '<='])} {chance.randint(5, 95)}"

    written: dict[str, object] = {}
    for place in range(rules):
        rule: dict[str, object] = {"when": {"all": [condition(), condition(), f"{chance.choice(FACTS)} >= {chance.randint(90, 99)}"]},
                                   "then": {"entry": OUTCOMES[place % 2]}}
        if place % 3 == 0:
            rule["unless"] = f"{chance.choice(FACTS)} < {chance.randint(1, 30)}"
        written[f"rule_{place}"] = rule
    return samrules.loads(json.dumps({
        "ruleset": f"rules_{rules}", "version": "1.0.0",
        "facts": {name: {"type": "number", "range": "0..100"} for name in FACTS}, "rules": written,
        "decide": {"entry": {"outcomes": OUTCOMES, "hit_policy": "priority", "otherwise": "decline"}}}))

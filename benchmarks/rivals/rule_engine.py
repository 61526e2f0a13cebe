"""rule-engine 5: each named formula a `Rule`, evaluated in order, its value put beside the facts for those after it.

The types of facts are not declared, which its manual leaves open; numbers are decimals.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

import polars as pl

from benchmarks.rivals import lowering as lo
from benchmarks.rivals.rival import AS_OF, Answers, Job
from samrules.rules import Rules


def written(node: lo.Formula) -> str:
    match node:
        case lo.Const(value=None):
            return "null"
        case lo.Const(value=value):
            return json.dumps(value)
        case lo.Ref(name=name):
            return name
        case lo.Null(of=of):
            return f"{written(of)} == null"
        case lo.Is(of=of, truth=truth):
            return f"{written(of)} == {json.dumps(truth)}"
        case lo.Compare(operator=operator, left=left, right=right):
            return f"({written(left)} {'==' if operator == '=' else operator} {written(right)})"
        case lo.In(of=of, items=items):
            return f"({written(of)} in {json.dumps(list(items))})"
        case lo.Arithmetic(operator=operator, left=left, right=right):
            return f"({written(left)} {operator} {written(right)})"
        case lo.Least(function=function, left=left, right=right):
            return f"${function}([{written(left)}, {written(right)}])"
        case lo.Floor(of=of):
            return f"({written(of)}).floor"
        case lo.If(condition=condition, then=then, otherwise=otherwise):
            return f"({written(condition)} ? {written(then)} : {written(otherwise)})"
        case lo.Not(of=lo.Null(of=of)):
            return f"{written(of)} != null"
        case lo.Not(of=lo.Is(of=of, truth=truth)):
            return f"{written(of)} != {json.dumps(truth)}"
        case lo.Not(of=of):
            return f"not ({written(of)})"
        case lo.And(of=parts):
            return "(" + " and ".join(map(written, parts)) + ")"
        case lo.Or(of=parts):
            return "(" + " or ".join(map(written, parts)) + ")"
    raise TypeError(node)


class RuleEngine:
    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        rule_engine = importlib.import_module("rule_engine")
        program = lo.program(rules, AS_OF)
        context = rule_engine.Context(resolver=rule_engine.resolve_item)
        lets = [(name, rule_engine.Rule(written(f), context=context)) for name, f in program.lets]
        possible = [(o, rule_engine.Rule(written(f), context=context)) for o, f in program.outcomes.items()]
        given = [lo.prepared(program.facts, row) for row in accounts.iter_rows(named=True)]

        def one(facts: dict[str, Any]) -> tuple[str, bool]:
            known = dict(facts)
            for name, rule in lets:
                known[name] = rule.evaluate(known)
            return lo.answer([o for o, rule in possible if rule.matches(known)], program.unsettled)

        return Job(lambda: [one(facts) for facts in given], _same)


def _same(found: Answers) -> Answers:
    return found

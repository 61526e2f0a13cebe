"""json-logic-qubit 0.9, the json-logic that runs on Python 3: each named formula a rule of JSON Logic,
its value put beside the facts for those after it. `floor` is added with `add_operation`.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import polars as pl

from benchmarks.rivals import lowering as lo
from benchmarks.rivals.rival import AS_OF, Answers, Job
from samrules.rules import Rules


def written(node: lo.Formula) -> Any:
    match node:
        case lo.Const(value=value):
            return value
        case lo.Ref(name=name):
            return {"var": name}
        case lo.Null(of=of):
            return {"===": [written(of), None]}
        case lo.Is(of=of, truth=truth):
            return {"===": [written(of), truth]}
        case lo.Compare(operator=operator, left=left, right=right):
            return {{"=": "=="}.get(operator, operator): [written(left), written(right)]}
        case lo.In(of=of, items=items):
            return {"in": [written(of), list(items)]}
        case lo.Arithmetic(operator=operator, left=left, right=right):
            return {operator: [written(left), written(right)]}
        case lo.Least(function=function, left=left, right=right):
            return {function: [written(left), written(right)]}
        case lo.Floor(of=of):
            return {"floor": [written(of)]}
        case lo.If(condition=condition, then=then, otherwise=otherwise):
            return {"if": [written(condition), written(then), written(otherwise)]}
        case lo.Not(of=of):
            return {"!": [written(of)]}
        case lo.And(of=parts):
            return {"and": [written(p) for p in parts]}
        case lo.Or(of=parts):
            return {"or": [written(p) for p in parts]}
    raise TypeError(node)


class JsonLogic:
    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        json_logic = importlib.import_module("json_logic")
        json_logic.add_operation("floor", math.floor)
        program = lo.program(rules, AS_OF)
        lets = [(name, written(f)) for name, f in program.lets]
        possible = [(o, written(f)) for o, f in program.outcomes.items()]
        given = [lo.prepared(program.facts, row) for row in accounts.iter_rows(named=True)]

        def one(facts: dict[str, Any]) -> tuple[str, bool]:
            known = dict(facts)
            for name, rule in lets:
                known[name] = json_logic.jsonLogic(rule, known)
            return lo.answer([o for o, rule in possible if json_logic.jsonLogic(rule, known)], program.unsettled)

        return Job(lambda: [one(facts) for facts in given], _same)


def _same(found: Answers) -> Answers:
    return found

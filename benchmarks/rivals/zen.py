"""zen-engine 2.1: a JSON Decision Model. An expression node holds the named formulas, each asked for by those
after it as `$.name`; a decision table, first hit, then finds the outcome.

Its package offers `evaluate`, the same with `trace`, and `evaluate_batch`, which takes a list of requests. A comparison
with null is an error in ZEN, which ends the decision, so every comparison asks for null first. Numbers are decimals.
"""

from __future__ import annotations

import importlib
import itertools
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs
import polars as pl

from benchmarks.rivals import lowering as lo
from benchmarks.rivals.rival import AS_OF, Answers, Job
from samrules.rules import Rules

_OPERATORS = {"=": "=="}


def written(node: lo.Formula, inside: bool = True) -> str:
    """A formula in ZEN's expression language; `inside` the node that names it."""
    text = partial(written, inside=inside)
    match node:
        case lo.Const(value=None):
            return "null"
        case lo.Const(value=value):
            return json.dumps(value)
        case lo.Ref(name=name, fact=fact):
            return name if fact or not inside else f"$.{name}"
        case lo.Null(of=of):
            return f"{text(of)} == null"
        case lo.Is(of=of, truth=truth):
            return f"{text(of)} == {json.dumps(truth)}"
        case lo.Compare(operator=operator, left=left, right=right):
            return f"({text(left)} {_OPERATORS.get(operator, operator)} {text(right)})"
        case lo.In(of=of, items=items):
            return f"({text(of)} in {json.dumps(list(items))})"
        case lo.Arithmetic(operator=operator, left=left, right=right):
            return f"({text(left)} {operator} {text(right)})"
        case lo.Least(function=function, left=left, right=right):
            return f"{function}([{text(left)}, {text(right)}])"
        case lo.Floor(of=of):
            return f"floor({text(of)})"
        case lo.If(condition=condition, then=then, otherwise=otherwise):
            return f"({text(condition)} ? {text(then)} : {text(otherwise)})"
        case lo.Not(of=lo.Null(of=of)):
            return f"{text(of)} != null"
        case lo.Not(of=lo.Is(of=of, truth=truth)):
            return f"{text(of)} != {json.dumps(truth)}"
        case lo.Not(of=of):
            return f"not ({text(of)})"
        case lo.And(of=parts):
            return "(" + " and ".join(map(text, parts)) + ")"
        case lo.Or(of=parts):
            return "(" + " or ".join(map(text, parts)) + ")"
    raise TypeError(node)


def model(program: lo.Program) -> str:
    """The decision model as JSON."""
    lets = [{"id": name, "key": name, "value": written(f)} for name, f in program.lets]
    may = {o: f"possible__{o}" for o in program.outcomes}
    lets += [{"id": may[o], "key": may[o], "value": written(f)} for o, f in program.outcomes.items()]
    rows = [{"_id": o, "test": " and ".join([may[o], *(f"not {may[p]}" for p in may if p != o)]),
             "outcome": json.dumps(o), "settled": "true"} for o in may]
    rows.append({"_id": "else", "test": "", "outcome": json.dumps(program.unsettled), "settled": "false"})
    table = {"hitPolicy": "first", "passThrough": False, "rules": rows, "inputs": [{"id": "test", "name": "Only one", "field": ""}],
             "outputs": [{"id": key, "name": key, "field": key} for key in ("outcome", "settled")]}
    nodes = [("in", "inputNode", {}), ("definitions", "expressionNode", {"expressions": lets, "passThrough": False}),
             ("decide", "decisionTableNode", table), ("out", "outputNode", {})]
    return json.dumps({
        "nodes": [{"id": i, "type": t, "name": i, "position": {"x": 0, "y": 0}, "content": c} for i, t, c in nodes],
        "edges": [{"id": f"{a[0]}-{b[0]}", "sourceId": a[0], "targetId": b[0], "type": "edge"}
                  for a, b in itertools.pairwise(nodes)]})


@attrs.frozen
class Zen:
    """`form` is "evaluate", "trace" or "batch"."""

    form: str

    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        zen = importlib.import_module("zen")
        program = lo.program(rules, AS_OF)
        content = zen.ZenDecisionContent(model(program))
        engine = zen.ZenEngine({"loader": lambda key: content})
        contexts = [lo.prepared(program.facts, row) for row in accounts.iter_rows(named=True)]
        decision = engine.get_decision("ruleset")
        runs: Mapping[str, Callable[[], list[Any]]] = {
            "evaluate": lambda: [decision.evaluate(c) for c in contexts],
            "trace": lambda: [decision.evaluate(c, {"trace": True}) for c in contexts],
            "batch": lambda: [r["data"] for r in engine.evaluate_batch([{"key": "ruleset", "context": c} for c in contexts])],
        }
        return Job(runs[self.form], answers)


def answers(found: list[Any]) -> Answers:
    return [(r["result"]["outcome"], r["result"]["settled"]) for r in found]

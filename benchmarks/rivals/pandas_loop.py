"""A loop over a pandas frame: for each row of `itertuples` a Python function of the facts, with `is None` where a
fact may be missing. The function is written by code from the ruleset, statement by statement, as a hand would.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import polars as pl

from benchmarks.rivals import lowering as lo
from benchmarks.rivals.rival import AS_OF, Answers, Job
from samrules.rules import Rules


def written(node: lo.Formula) -> str:
    match node:
        case lo.Const(value=value):
            return repr(value)
        case lo.Ref(name=name):
            return name
        case lo.Null(of=of):
            return f"{written(of)} is None"
        case lo.Is(of=of, truth=truth):
            return f"{written(of)} is {truth}"
        case lo.Compare(operator=operator, left=left, right=right):
            return f"{written(left)} {'==' if operator == '=' else operator} {written(right)}"
        case lo.In(of=of, items=items):
            return f"{written(of)} in {tuple(items)!r}"
        case lo.Arithmetic(operator=operator, left=left, right=right):
            return f"({written(left)} {operator} {written(right)})"
        case lo.Least(function=function, left=left, right=right):
            return f"{function}({written(left)}, {written(right)})"
        case lo.Floor(of=of):
            return f"floor({written(of)})"
        case lo.If(condition=condition, then=then, otherwise=otherwise):
            return f"({written(then)} if {written(condition)} else {written(otherwise)})"
        case lo.Not(of=lo.Null(of=of)):
            return f"{written(of)} is not None"
        case lo.Not(of=lo.Is(of=of, truth=truth)):
            return f"{written(of)} is not {truth}"
        case lo.Not(of=of):
            return f"not ({written(of)})"
        case lo.And(of=parts):
            return "(" + " and ".join(map(written, parts)) + ")"
        case lo.Or(of=parts):
            return "(" + " or ".join(map(written, parts)) + ")"
    raise TypeError(node)


def function(program: lo.Program) -> Callable[..., tuple[str, bool]]:
    """The ruleset as a Python function of the facts, in the order of `program.facts`."""
    lines = [f"def decide({', '.join(program.facts)}):"]
    lines += [f"    {name} = {written(f)}" for name, f in program.lets]
    lines += ["    possible = []"]
    for outcome, formula in program.outcomes.items():
        lines += [f"    if {written(formula)}:", f"        possible.append({outcome!r})"]
    lines += [f"    return (possible[0], True) if len(possible) == 1 else ({program.unsettled!r}, False)"]
    scope: dict[str, Any] = {"floor": math.floor}
    exec("\n".join(lines), scope)  # our own translation of our own ruleset
    made: Callable[..., tuple[str, bool]] = scope["decide"]
    return made


class PandasLoop:
    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        pd = importlib.import_module("pandas")
        program = lo.program(rules, AS_OF)
        decide = function(program)
        given = {n: [lo.prepared(program.facts, {n: v})[n] for v in accounts[n]] for n in program.facts}
        frame = pd.DataFrame({n: pd.Series(values, dtype=object) for n, values in given.items()})
        return Job(lambda: [decide(*row) for row in frame.itertuples(index=False, name=None)], _same)


def _same(found: Answers) -> Answers:
    return found

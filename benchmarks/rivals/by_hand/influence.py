"""Which missing facts of an open decision to ask for first: what hand-written rules need beside themselves.

A rule is a tree of conditions. Weighed are the open rows alone, in numpy: each condition's chance to hold, how often
it turns the rule, and the facts that it lacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

Array = Any


@dataclass(eq=False)
class Condition:
    """`kind` is leaf, all, any, not or a number: at least so many. `facts` are those of a leaf; `shares`
    gives each its part where the parts are not equal."""

    truth: pl.Expr
    kind: str | int = "leaf"
    parts: Sequence[Condition] = ()
    facts: Sequence[str] = ()
    shares: Callable[[pl.DataFrame], Mapping[str, Array]] | None = field(default=None)

    def __invert__(self) -> Condition:
        return Condition(~self.truth, "not", [self])


def leaf(truth: pl.Expr, *facts: str, shares: Callable[[pl.DataFrame], Mapping[str, Array]] | None = None) -> Condition:
    return Condition(truth, facts=facts, shares=shares)


def flag(name: str) -> Condition:
    return leaf(pl.col(name), name)


def all_of(*parts: Condition) -> Condition:
    truth = parts[0].truth
    for part in parts[1:]:
        truth = truth & part.truth
    return Condition(truth, "all", parts)


def any_of(*parts: Condition) -> Condition:
    truth = parts[0].truth
    for part in parts[1:]:
        truth = truth | part.truth
    return Condition(truth, "any", parts)


def two_of(*parts: Condition) -> Condition:
    """At least two: no more than all but one are false, and so on, in Kleene logic."""
    pairs = [parts[i].truth & parts[j].truth for i in range(len(parts)) for j in range(i)]
    truth = pairs[0]
    for pair in pairs[1:]:
        truth = truth | pair
    return Condition(truth, 2, parts)


class Weights:
    """The weights of the missing facts of some open rows."""

    def __init__(self, rows: pl.DataFrame, facts: Sequence[str], roots: Sequence[Condition]) -> None:
        self.rows, self.facts = rows, facts
        self.leaves: dict[int, Condition] = {}
        for root in roots:
            self.gather(root)
        truths = rows.select(c.truth.cast(pl.Float64).alias(str(i)) for i, c in self.leaves.items())
        self.truths: dict[int, Array] = {i: truths[str(i)].to_numpy() for i in self.leaves}
        missing = rows.select(pl.col(facts).is_null().cast(pl.Float64))
        self.missing: dict[str, Array] = {name: missing[name].to_numpy() for name in facts}
        self.chances: dict[int, Array] = {}
        self.total: dict[str, Array] = {name: np.zeros(len(rows)) for name in facts}
        self.above: dict[int, Array] = {}

    def gather(self, node: Condition) -> None:
        if node.kind == "leaf":
            self.leaves[id(node)] = node
        for part in node.parts:
            self.gather(part)

    def chance(self, node: Condition) -> Array:
        if id(node) not in self.chances:
            parts = [self.chance(p) for p in node.parts]
            if node.kind == "leaf":
                truth = self.truths[id(node)]
                found = np.where(np.isnan(truth), 0.5, truth)
            elif node.kind == "not":
                found = 1 - parts[0]
            elif node.kind == "all":
                found = math.prod(parts[1:], start=parts[0])
            elif node.kind == "any":
                found = 1 - math.prod([1 - p for p in parts[1:]], start=1 - parts[0])
            else:
                found = np.asarray(sum(exactly(parts)[int(node.kind):]))
            self.chances[id(node)] = found
        return self.chances[id(node)]

    def add(self, root: Condition, weight: Array) -> None:
        """Spread a weight over what is missing below; a condition that is known has a chance of 0 or 1."""
        if root.kind == "leaf":
            unknown = np.isnan(self.truths[id(root)])
            lacking = root.shares(self.rows) if root.shares else {}
            if not root.shares:
                number = np.maximum(sum(self.missing[f] for f in root.facts), 1.0)
                lacking = {f: self.missing[f] / number for f in root.facts}
            for fact, share in lacking.items():
                self.total[fact] += np.where(unknown, weight * share, 0.0)
            return
        chances = [self.chance(p) for p in root.parts]
        for place, part in enumerate(root.parts):
            others = [c for i, c in enumerate(chances) if i != place]
            if root.kind == "not" or not others:
                pivot = 1.0
            elif root.kind == "all":
                pivot = math.prod(others[1:], start=others[0])
            elif root.kind == "any":
                pivot = math.prod([1 - c for c in others[1:]], start=1 - others[0])
            else:
                pivot = exactly(others)[int(root.kind) - 1]
            self.add(part, weight * pivot)

    def in_words(self) -> pl.Series:
        """The facts of each row, the weightiest first, as one text."""
        table = np.round(np.column_stack([self.total[name] for name in self.facts]), 9)
        row, fact = np.nonzero(table)
        order = np.lexsort((fact, -table[row, fact], row))
        long = pl.DataFrame({"row": row[order], "fact": pl.Series(self.facts).gather(fact[order])})
        joined = long.group_by("row", maintain_order=True).agg(pl.col("fact").str.join("; "))
        every = pl.DataFrame({"row": np.arange(len(table))})
        return every.join(joined, on="row", how="left", maintain_order="left")["fact"].fill_null("")


def exactly(chances: Sequence[Array]) -> list[Array]:
    dist: list[Any] = [1.0]
    for p in chances:
        dist = [(dist[i] * (1 - p) if i < len(dist) else 0.0) + (dist[i - 1] * p if i else 0.0)
                for i in range(len(dist) + 1)]
    return dist

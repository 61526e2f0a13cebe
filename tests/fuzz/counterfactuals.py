"""Counterfactuals against brute force, on random small rulesets: each is a true change of outcome, none smaller exists.

    python tests/fuzz/counterfactuals.py --count 2000 --seed 0

Each ruleset speaks of facts with few values, so that all sets of up to three changes can be tried, and of a ratio and a date, of which
many values are tried: those that conditions speak of, their neighbours, and some between. What is found must be decided so; every set that
brute force finds must hold one that was found; no part of what was found may do; no values may be nearer. Where all values were
tried, the sets must be the same. What could not be settled must be said to be open, and nothing that rests on it to be the smallest.
Any difference is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

import attrs

import samrules
from samrules.explain.counterfactuals import Counterfactuals, Sought
from samrules.model.ruleset import CONFLICT
from samrules.rules import Rules, loads

AS_OF = date(2026, 11, 21)
MOST = 3

FACTS: dict[str, dict[str, Any]] = {
    "flag": {"type": "boolean"},
    "wish": {"type": "boolean"},
    "count": {"type": "integer", "range": "0..3"},
    "change": {"type": "integer", "range": "-2..1"},
    "rank": {"type": "ordinal 1..3"},
    "kind": {"type": "enum [vendor, preferred, partner]"},
    "share": {"type": "ratio", "range": "0..100%"},
    "since": {"type": "date"},
}
_EIGHTHS = [i / 8 for i in range(9)]
_DAYS = [date(2024, 11, 21), date(2025, 11, 21), date(2026, 5, 21), date(2025, 1, 1)]
VALUES: dict[str, list[Any]] = {
    "flag": [False, True], "wish": [False, True], "count": [0, 1, 2, 3], "change": [-2, -1, 0, 1], "rank": [1, 2, 3],
    "kind": ["vendor", "preferred", "partner"],
    "share": sorted({*_EIGHTHS, *(math.nextafter(e, to) for e in (0.25, 0.5, 0.75) for to in (-1, 2))}),
    "since": sorted({d + timedelta(days=n) for d in _DAYS for n in (-1, 0)}),
}
SAMPLED = frozenset(("share", "since"))
WORDS = ["release", "watch", "retain"]


# --- random rulesets -----------------------------------------------------------------------------


class Writer:
    """Draws the text of a small ruleset, its account and the reviews before."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def number(self, depth: int) -> str:
        choose = self.random.choice
        if depth <= 0 or self.random.random() < 0.4:
            return choose(["count", "change", "count", str(self.random.randint(-2, 4))])
        a, b = self.number(depth - 1), self.number(depth - 1)
        return choose([f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"min({a}, {b})", f"max({a}, {b})", f"abs({a})", f"-{a}",
                       f"(if {self.condition(0)} then {a} else {b})", f"coalesce(count, {b})"])

    def ratio(self, depth: int) -> str:
        choose = self.random.choice
        if depth <= 0 or self.random.random() < 0.5:
            return choose(["share", "share", f"{self.random.randint(0, 8) * 12.5}%"])
        a = self.ratio(depth - 1)
        return choose([f"({a} + 12.5%)", f"({a} * 50%)", f"min({a}, 75%)", f"(100% - {a})",
                       f"(if {self.condition(0)} then {a} else 25%)"])

    def comparison(self, depth: int) -> str:
        choose = self.random.choice
        order = choose(["=", "!=", "<", "<=", ">", ">="])
        return choose([
            "flag", "wish", "not flag", "flag = wish",
            f'kind {choose(["=", "!="])} "{choose(VALUES["kind"])}"', f'kind in ["{choose(VALUES["kind"])}", "partner"]',
            f"rank {order} {self.random.randint(1, 3)}", "rank between 2 and 3", f"rank {order} count",
            f"{self.number(depth)} {order} {self.number(depth)}", f"{self.number(depth)} between 0 and {self.number(0)}",
            f"count / change {order} {self.random.randint(-2, 2)}",
            f"{self.ratio(depth)} {order} {self.ratio(0)}", f"share + count * 25% {order} {self.random.randint(0, 8) * 12.5}%",
            f"age(since) {order} {choose(['12 months', '24 months', '6 months'])}", f"since {order} 2025-01-01",
            f"{choose(sorted(FACTS))} is {choose(['known', 'missing'])}",
            f"score {choose(['<', '>='])} {self.random.randint(0, 100)}", 'score.band = "high"', "named",
        ])

    def condition(self, depth: int) -> str:
        if depth <= 0:
            return self.random.choice(["flag", "wish", "count >= 2", "share >= 50%", "rank = 2", 'kind = "partner"'])
        if depth == 1 or self.random.random() < 0.3:
            return self.comparison(depth)
        inner = [self.condition(depth - 1) for _ in range(self.random.randint(2, 3))]
        return self.random.choice([
            f"({' and '.join(inner)})", f"({' or '.join(inner)})", f"not ({inner[0]})",
            f"at_least {self.random.randint(1, len(inner))} of [{', '.join(inner)}]", f"(if {inner[0]} then {inner[1]} else {inner[-1]})"])

    def ruleset(self) -> str:
        random = self.random
        named = self.condition(1)
        while "named" in named or "score" in named:
            named = self.condition(1)
        rows = [{"when": self.condition(0), "points": random.choice([10, 15.5, 40])}, {"when": self.condition(0), "points": 5}]
        scale = random.choice([{"of": "share", "from": "0%", "to": "50%"}, {"of": "rank", "from": 1, "to": 3}, {"of": "count", "from": 3, "to": 0}])
        rules: dict[str, Any] = {}
        for index in range(random.randint(1, 4)):
            rule: dict[str, Any] = {"when": self.condition(2), "then": {"action": random.choice(WORDS)}}
            if random.random() < 0.3:
                rule["unless"] = self.condition(1)
            if random.random() < 0.2:
                rule["sustained"] = random.choice(["1 review", "2 reviews", "2 reviews over 3 months"])
            rules[f"rule_{index}"] = rule
        marked = random.random() < 0.7
        facts = {name: {**body, **({"actionable": self.way(name)} if marked else {})} for name, body in FACTS.items()}
        return json.dumps({
            "ruleset": "small", "version": "1.0.0", "facts": facts, "define": {"named": named},
            "scorecards": {"score": {"criteria": {"a": {"weight": 40, "points": [*rows, {"otherwise": 0}]}, "b": {"weight": 60, "scale": scale}},
                                     "bands": {"low": 0, "high": 60}}},
            "rules": rules,
            "decide": {"action": {"outcomes": WORDS, "hit_policy": random.choice(["priority", "priority", "first", "unique", "collect"]),
                                  "otherwise": random.choice(WORDS)}}})

    def way(self, name: str) -> str:
        return self.random.choice(["yes", "no"] if name == "kind" else ["yes", "yes", "raise", "lower", "no"])

    def facts(self) -> dict[str, Any]:
        return {name: self.random.choice(values) for name, values in VALUES.items() if self.random.random() < 0.8}


@attrs.frozen
class Case:
    """A ruleset with an account."""

    text: str
    rules: Rules
    facts: dict[str, Any]
    history: list[dict[str, Any]]

    def outcome(self, changed: Mapping[str, Any]) -> Any:
        known = {"account_id": "A", **self.facts, **changed}
        return self.rules.decide(known, history=self.history, as_of=AS_OF, engine="compiled").outcome

    def found(self, **options: Any) -> Counterfactuals:
        decision = self.rules.decide({"account_id": "A", **self.facts}, history=self.history, as_of=AS_OF)
        answer = decision.counterfactuals(**options)
        assert isinstance(answer, Counterfactuals)
        return answer


def case_of(seed: int) -> Case:
    writer = Writer(Random(seed))
    while True:
        text = writer.ruleset()
        try:
            rules = loads(text)
        except samrules.RulesetError:  # mostly a condition that no account can meet, in a place where none may stand
            continue
        break
    history = [{"review_date": AS_OF - timedelta(days=days), **writer.facts()} for days in (100, 40)] if writer.random.random() < 0.7 else []
    return Case(text, rules, writer.facts(), history)


# --- brute force ---------------------------------------------------------------------------------

Set = frozenset[tuple[str, Any]]
"""Changes, each as a fact and its way: `raise`, `lower`, `known`, or the word it becomes."""


def ways(case: Case) -> dict[tuple[str, Any], list[Any]]:
    """The values that each way of each fact leads to."""
    marked = any(f.actionable != "no" for f in case.rules.facts.values())
    found: dict[tuple[str, Any], list[Any]] = {}
    for name, values in VALUES.items():
        fact, old = case.rules.facts[name], case.facts.get(name)
        may = fact.actionable if marked else "yes"
        if name not in case.rules.reads or (may == "no" and old is not None):
            continue
        if name in ("flag", "wish", "kind"):
            for value in values:
                if value != old and (old is None or may in ("yes", "raise" if value is True else "lower")):
                    found[name, value] = [value]
        elif old is None:
            found[name, "known"] = values
        else:
            found |= {(name, "raise"): [v for v in values if v > old]} if may in ("yes", "raise") else {}
            found |= {(name, "lower"): [v for v in values if v < old]} if may in ("yes", "lower") else {}
    return {way: values for way, values in found.items() if values}


def size_of(case: Case, changed: Mapping[str, Any]) -> float:
    """How large changes are together, by the words of docs/counterfactuals.md."""
    spans = {"count": 3, "change": 3, "rank": 2, "share": 1}
    total = 0.0
    for name, new in changed.items():
        old = case.facts.get(name)
        if old is None or name in ("flag", "wish", "kind"):
            total += 1
        elif name == "since":
            days = abs((new - old).days)
            total += days / (days + 365)
        else:
            total += abs(new - old) / spans[name]
    return total


def brute(case: Case, wanted: Any) -> Iterator[tuple[Set, float]]:
    """Every set of up to `MOST` changes that gives the outcome while no part of it does, with its least size."""
    every = ways(case)
    feasible: list[Set] = []
    for size in range(1, MOST + 1):
        for chosen in itertools.combinations(every, size):
            names = [name for name, _ in chosen]
            kept = frozenset(chosen)
            if len(set(names)) < size or any(f <= kept for f in feasible):
                continue
            sizes = [size_of(case, changed) for values in itertools.product(*(every[w] for w in chosen))
                     if met(wanted, outcome_of(case, changed := dict(zip(names, values, strict=True))), case)]
            if sizes:
                feasible.append(kept)
                yield kept, min(sizes)


_seen: dict[tuple[int, tuple[Any, ...]], Any] = {}


def outcome_of(case: Case, changed: Mapping[str, Any]) -> Any:
    key = (id(case), tuple(sorted(changed.items(), key=str)))
    if key not in _seen:
        _seen[key] = case.outcome(changed)
    return _seen[key]


def met(wanted: str | None, outcome: Any, case: Case) -> bool:
    return bool(outcome != outcome_of(case, {})) if wanted is None else bool(outcome == wanted)


# --- the comparison ------------------------------------------------------------------------------


def differences(case: Case) -> list[str]:
    """What brute force says against what was found."""
    _seen.clear()
    answer = case.found(most=MOST, limit=10_000)
    now = outcome_of(case, {})
    said = []
    if isinstance(now, tuple) or case.rules.ruleset.decide.hit_policy == "collect":  # type: ignore[union-attr]
        expected: list[Any] = [None]
    else:
        unique = case.rules.ruleset.decide.hit_policy == "unique"  # type: ignore[union-attr]
        expected = [o for o in (*WORDS, *((CONFLICT,) if unique else ()), "evidence_needed") if o != now]
    if [s.outcome for s in answer.sought] != expected:
        said.append(f"sought {[s.outcome for s in answer.sought]}, expected {expected}")
    for sought in answer.sought:
        said += _against(case, sought)
    return said


def _against(case: Case, sought: Sought) -> Iterator[str]:
    wanted = sought.outcome
    open_ = [frozenset(names) for names in sought.left_open]
    if sought.complete == (bool(open_) or sought.settled_to != MOST):
        yield f"{wanted}: complete {sought.complete}, and {open_} open, settled to {sought.settled_to}"
    found: dict[Set, Any] = {}
    for way in sought.found:
        chosen = frozenset((c.fact.name, c.new if c.kind == "become" or isinstance(c.new, bool | str) else c.kind) for c in way.changes)
        found[chosen] = way
        if not met(wanted, case.outcome(way.facts), case) or case.outcome(way.facts) != way.outcome:
            yield f"{wanted}: {way.facts} gives {case.outcome(way.facts)}"
        if abs(size_of(case, way.facts) - way.size) > 1e-9:
            yield f"{wanted}: {way.facts} has the size {size_of(case, way.facts)}, not {way.size}"
        yield from _ranges(case, wanted, way)
    if sought.nowhere and found:
        yield f"{wanted}: nowhere, and found"
    tried = dict(brute(case, wanted))
    for chosen, size in tried.items():
        inside = [f for f in found if f <= chosen]
        if not inside and len(chosen) <= sought.settled_to and not any(o <= frozenset(name for name, _ in chosen) for o in open_):
            yield f"{wanted}: brute force finds {sorted(chosen, key=str)}, which was missed"
        elif chosen in found and found[chosen].least and found[chosen].size > size + 1e-9:
            yield f"{wanted}: {sorted(chosen, key=str)} has a nearer {size}, found {found[chosen].size}"
    for chosen in found:
        if found[chosen].smallest and any(t < chosen for t in tried):
            yield f"{wanted}: a part of {sorted(chosen, key=str)} would do"
        if chosen not in tried and not any(name in SAMPLED for name, _ in chosen):
            yield f"{wanted}: {sorted(chosen, key=str)} is more than brute force finds"


def _ranges(case: Case, wanted: Any, way: Any) -> Iterator[str]:
    """Every mix of tried values from the ranges gives the outcome; of a single change, no value outside that could be meant does."""
    within = []
    for change in way.changes:
        if change.ranges is None and len(way.changes) == 1 and change.fact.name not in SAMPLED:
            yield f"{wanted}: no ranges for {change.fact.name}"
        inside = [v for v in VALUES[change.fact.name]
                  if any(near <= v <= far or far <= v <= near for near, far in change.ranges or ())] or [change.new]
        within.append((change.fact.name, inside))
        if change.ranges is not None and len(way.changes) == 1 and change.kind == "known" and not isinstance(change.new, bool | str):
            for value in VALUES[change.fact.name]:
                if value not in inside and met(wanted, outcome_of(case, {change.fact.name: value}), case):
                    yield f"{wanted}: {change.fact.name} = {value} gives it too, outside {change.ranges}"
    for values in itertools.product(*(v for _, v in within)):
        changed = {name: v for (name, _), v in zip(within, values, strict=True)}
        if not met(wanted, outcome_of(case, changed), case):
            yield f"{wanted}: {changed} is within the ranges and gives {outcome_of(case, changed)}"
            return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    bad = sets = left_open = 0
    for seed in range(options.seed, options.seed + options.count):
        case = case_of(seed)
        said = differences(case)
        answer = case.found(most=MOST, limit=10_000)
        sets += sum(s.total for s in answer.sought)
        left_open += not answer.complete
        if said:
            bad += 1
            print(f"seed {seed}: {len(said)} differences", *said[:5], case.text, case.facts, case.history, sep="\n  ", file=sys.stderr)
    print(f"{options.count:,} rulesets, {sets:,} counterfactuals, {left_open} rulesets with a set that was left open, "
          f"{bad} with a difference from brute force")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""Weighing a trace: which unknown would decide most, and how far a rule was from holding."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from samrules.decision.decision import RuleResult, ScoreResult
from samrules.decision.policy import turning
from samrules.decision.trace import Trace, below, missing_facts, unique
from samrules.model import expressions as ex
from samrules.model.ruleset import Decide


def deciding_unknowns(decide: Decide, rules: Sequence[RuleResult], scores: Iterable[ScoreResult],
                      order: Sequence[str]) -> tuple[str, ...]:
    """The missing facts that bear on an unsettled decision, most decisive first.

    A fact's weight is how often learning its condition would turn an undecided rule, if every
    other unknown condition were as likely to hold as not (its Banzhaf influence), summed over the
    rules that can turn the outcome. Ties go to the fact declared first (`order`).
    """
    by_key = {s.key: s for s in scores}
    weights: dict[str, float] = defaultdict(float)
    for place in turning(decide, [(r.outcome, r.truth) for r in rules]):
        _spread(rules[place].trace, by_key, weights)
    declared = {name: i for i, name in enumerate(order)}
    return tuple(sorted(weights, key=lambda f: (-round(weights[f], 9), declared.get(f, len(declared)))))


Chances = dict[int, float]
"""How likely each unknown node is to hold, by identity: a shared node is weighed once."""


def _likely(trace: Trace, known: Chances) -> float:
    """How likely a condition is, if each unknown one is as likely to hold as not."""
    if trace.value is not None:
        return 1.0 if trace.value is True else 0.0
    if id(trace) not in known:
        known[id(trace)] = _chance(trace, [_likely(p, known) for p in below(trace)])
    return known[id(trace)]


def _chance(trace: Trace, parts: Sequence[float]) -> float:
    match trace.expr if trace.is_group else None:
        case ex.Not():
            return 1 - parts[0]
        case ex.All():
            return math.prod(parts)
        case ex.Any_():
            return 1 - math.prod(1 - p for p in parts)
        case ex.AtLeast(count=count):
            return sum(_exactly(parts)[count:])
    return parts[0] if parts else 0.5


def _exactly(chances: Sequence[float]) -> list[float]:
    """The chance that exactly 0, 1, 2 … of independent conditions hold."""
    dist = [1.0]
    for p in chances:
        dist = [
            (dist[i] * (1 - p) if i < len(dist) else 0.0) + (dist[i - 1] * p if i > 0 else 0.0)
            for i in range(len(dist) + 1)
        ]
    return dist


def _spread(root: Trace, scores: dict[str, ScoreResult], into: dict[str, float]) -> None:
    """Give each missing fact below its share of the weight, each node once, those above it first."""
    chances: Chances = {}
    weights: dict[int, float] = defaultdict(float)
    weights[id(root)] = 1.0
    for trace in _downwards(root):
        weight, parts = weights[id(trace)], below(trace)
        if trace.value is not None:
            continue
        if not parts:
            for fact, share in _shares(trace, scores).items():
                into[fact] += weight * share
        likely = [_likely(p, chances) for p in parts]
        for index, part in enumerate(parts):
            others = likely[:index] + likely[index + 1 :]
            weights[id(part)] += weight * (_pivotal(trace.expr, others) if trace.is_group else 1.0)


def _downwards(root: Trace) -> list[Trace]:
    """The unknown nodes below, each once and after all that rest on it."""
    done: dict[int, Trace] = {}

    def visit(trace: Trace) -> None:
        if id(trace) not in done and trace.value is None:
            for part in below(trace):
                visit(part)
            done[id(trace)] = trace

    visit(root)
    return list(reversed(done.values()))


def _pivotal(group: ex.Expr, others: Sequence[float]) -> float:
    """The chance that the others leave the group's truth to this one."""
    match group:
        case ex.All():
            return math.prod(others)
        case ex.Any_():
            return math.prod(1 - p for p in others)
        case ex.AtLeast(count=count):
            return _exactly(others)[count - 1]
    return 1.0


def _shares(leaf: Trace, scores: dict[str, ScoreResult]) -> dict[str, float]:
    """The missing facts of one condition: in a score, by the points that hang on each."""
    score = next((scores[t.note.shown] for t in unique(leaf)
                  if t.note.role == "score" and t.note.shown in scores), None)
    shares: dict[str, float] = defaultdict(float)
    if score is not None and score.high > score.low:
        for criterion in score.criteria:
            for fact in criterion.missing:
                span = (criterion.high - criterion.low) / (score.high - score.low)
                shares[fact] += span / len(criterion.missing)
        return shares
    missing = missing_facts(leaf)
    return {fact: 1 / len(missing) for fact in missing}


# --- how far from holding ------------------------------------------------------------------------


def short_of(trace: Trace) -> tuple[tuple[Trace, bool], ...]:
    """A smallest set of conditions that would have to turn for a rule that fails to hold.

    Each with what it would have to be.
    """
    return tuple(_flips(trace, True, {})) if trace.value is False else ()


Flips = list[tuple[Trace, bool]]


def _flips(trace: Trace, wanted: bool, known: dict[tuple[int, bool], Flips]) -> Flips:
    """A smallest set of conditions whose truth would have to turn for this to be as wanted."""
    if trace.value is wanted:
        return []
    key = id(trace), wanted
    if key not in known:
        known[key] = _turned(trace, wanted, known)
    return known[key]


def _turned(trace: Trace, wanted: bool, known: dict[tuple[int, bool], Flips]) -> Flips:
    parts = below(trace)
    if isinstance(trace.expr, ex.Held):  # it must hold now, and it must have held before
        return [*_flips(parts[0], wanted, known), (trace, wanted)]
    if not trace.is_group:
        return _flips(parts[0], wanted, known) if parts else [(trace, wanted)]
    match trace.expr:
        case ex.Not():
            return _flips(parts[0], not wanted, known)
        case ex.All():
            need = len(parts) if wanted else 1
        case ex.Any_():
            need = 1 if wanted else len(parts)
        case ex.AtLeast(count=count):
            need = count if wanted else len(parts) - count + 1
        case _:
            return [(trace, wanted)]
    cheapest = sorted((_flips(p, wanted, known) for p in parts), key=len)[:need]
    merged = {(id(leaf), to): (leaf, to) for flips in cheapest for leaf, to in flips}
    return list(merged.values())

"""Weighing a trace: which unknown would decide most, and how far a rule was from holding."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from samrules.decision.decision import RuleResult, ScoreResult
from samrules.decision.policy import judge
from samrules.decision.trace import Trace, missing_facts, unique
from samrules.model import expressions as ex
from samrules.model.ruleset import Decide


def deciding_unknowns(decide: Decide, rules: Sequence[RuleResult], scores: Iterable[ScoreResult],
                      order: Sequence[str]) -> tuple[str, ...]:
    """The missing facts that bear on an unsettled decision, most decisive first.

    A fact's weight is how often learning its condition would turn an undecided rule, if every
    other unknown condition were as likely to hold as not (its Banzhaf influence), summed over the
    rules that can still change the outcome. Ties go to the fact declared first (`order`).
    """
    by_key = {s.key: s for s in scores}
    weights: dict[str, float] = defaultdict(float)
    for rule in _relevant(decide, rules):
        _spread(rule.trace, 1.0, by_key, weights)
    place = {name: i for i, name in enumerate(order)}
    return tuple(sorted(weights, key=lambda f: (-round(weights[f], 9), place.get(f, len(place)))))


def _relevant(decide: Decide, rules: Sequence[RuleResult]) -> list[RuleResult]:
    """The unknown rules whose truth changes which outcomes are possible."""
    truths = [(r.outcome, r.truth) for r in rules]
    found = []
    for index, rule in enumerate(rules):
        if rule.truth is not None:
            continue
        ways = [judge(decide, [*truths[:index], (rule.outcome, t), *truths[index + 1 :]])
                for t in (True, False)]
        if ways[0] != ways[1]:
            found.append(rule)
    return found


def _likely(trace: Trace) -> float:
    """How likely a condition is, if each unknown one is as likely to hold as not."""
    if trace.value is not None:
        return 1.0 if trace.value is True else 0.0
    if trace.is_named_condition:
        return _likely(trace.parts[0])
    if not trace.is_group:
        return 0.5
    parts = [_likely(p) for p in trace.parts]
    match trace.expr:
        case ex.Not():
            return 1 - parts[0]
        case ex.All():
            return math.prod(parts)
        case ex.Any_():
            return 1 - math.prod(1 - p for p in parts)
        case ex.AtLeast(count=count):
            return sum(_exactly(parts)[count:])
    return 0.5


def _exactly(chances: Sequence[float]) -> list[float]:
    """The chance that exactly 0, 1, 2 … of independent conditions hold."""
    dist = [1.0]
    for p in chances:
        dist = [
            (dist[i] * (1 - p) if i < len(dist) else 0.0) + (dist[i - 1] * p if i > 0 else 0.0)
            for i in range(len(dist) + 1)
        ]
    return dist


def _spread(trace: Trace, weight: float, scores: dict[str, ScoreResult], into: dict[str, float]) -> None:
    """Give each missing fact below its share of the weight."""
    if trace.value is not None:
        return
    if trace.is_named_condition:
        _spread(trace.parts[0], weight, scores, into)
    elif isinstance(trace.expr, ex.Held):
        _spread(trace.parts[0].parts[0], weight, scores, into)
    elif trace.is_group:
        chances = [_likely(p) for p in trace.parts]
        for index, part in enumerate(trace.parts):
            others = chances[:index] + chances[index + 1 :]
            _spread(part, weight * _pivotal(trace.expr, others), scores, into)
    else:
        for fact, share in _shares(trace, scores).items():
            into[fact] += weight * share


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


def short_of(trace: Trace) -> tuple[Trace, ...]:
    """A smallest set of conditions whose truth would have to turn for a rule that fails to hold."""
    return tuple(_flips(trace, True)) if trace.value is False else ()


def _flips(trace: Trace, wanted: bool) -> list[Trace]:
    """A smallest set of conditions whose truth would have to turn for this to be as wanted."""
    if trace.value is wanted:
        return []
    if trace.is_named_condition:
        return _flips(trace.parts[0], wanted)
    if isinstance(trace.expr, ex.Held):  # it must hold now, and it must have held before
        return [*_flips(trace.parts[0].parts[0], wanted), trace]
    if not trace.is_group:
        return [trace]
    match trace.expr:
        case ex.Not():
            return _flips(trace.parts[0], not wanted)
        case ex.All():
            need = len(trace.parts) if wanted else 1
        case ex.Any_():
            need = 1 if wanted else len(trace.parts)
        case ex.AtLeast(count=count):
            need = count if wanted else len(trace.parts) - count + 1
        case _:
            return [trace]
    by_size: Callable[[list[Trace]], int] = len
    cheapest = sorted((_flips(p, wanted) for p in trace.parts), key=by_size)[:need]
    return [flip for flips in cheapest for flip in flips]

"""Hit policies: from the truth of each rule to the outcome. One function for all engines."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from samrules.model.ruleset import CONFLICT, Decide

Truth = bool | None


@attrs.frozen
class Verdict:
    """The outcome, whether it is settled, and every outcome that is still possible."""

    outcome: str | tuple[str, ...]
    settled: bool
    possible: tuple[str, ...]


def judge(decide: Decide, rules: Sequence[tuple[str, Truth]]) -> Verdict:
    """The verdict on rules, given as (outcome, truth) in the order written.

    An outcome is possible when some way of filling in the unknown rules, each by itself, gives it;
    the decision is settled when exactly one is. Source: docs/semantics.md, "Decisions".
    """
    if decide.hit_policy == "collect":
        return _collect(decide, rules)
    possible = _POLICIES[decide.hit_policy](decide, rules)
    order = (*decide.outcomes, CONFLICT)
    listed = tuple(o for o in order if o in possible)
    settled = len(listed) == 1
    return Verdict(listed[0] if settled else decide.unsettled, settled, listed)


def deciding(decide: Decide, outcome: str | tuple[str, ...], rules: Sequence[tuple[str, Truth]]) -> list[int]:
    """The places of the rules that hold and give the outcome; under the policy `first`, of the first."""
    outcomes = outcome if isinstance(outcome, tuple) else (outcome,)
    found = [place for place, (given, truth) in enumerate(rules) if truth is True and given in outcomes]
    return found[:1] if decide.hit_policy == "first" else found


def turning(decide: Decide, rules: Sequence[tuple[str, Truth]]) -> list[int]:
    """The places of the unknown rules that can turn the outcome: under some way of filling in the others, it is another with
    the rule than without. No way needs more than one of the others to hold, so none has to be tried."""
    turn = _turning_first if decide.hit_policy == "first" else _turning_by_outcome
    return [place for place in turn(decide, rules) if rules[place][1] is None]


def _turning_by_outcome(decide: Decide, rules: Sequence[tuple[str, Truth]]) -> list[int]:
    """Where the order of the rules does not matter, those of one outcome turn it or do not, together."""
    certain = {outcome for outcome, truth in rules if truth is True}
    open_ = {outcome for outcome, truth in rules if truth is not False}
    if decide.hit_policy == "unique" and len(certain) > 1:
        return []
    turns = set()
    for place, outcome in enumerate(decide.outcomes):
        above, below = (decide.outcomes[:place + 1], decide.outcomes[place + 1:]) \
            if decide.hit_policy == "priority" else ((outcome,), decide.outcomes)
        if certain.isdisjoint(above) and (outcome != decide.otherwise or not (open_ - {outcome}).isdisjoint(below)):
            turns.add(outcome)
    return [place for place, (outcome, _) in enumerate(rules) if outcome in turns]


def _turning_first(decide: Decide, rules: Sequence[tuple[str, Truth]]) -> list[int]:
    turns = []
    after: set[str | None] = {decide.otherwise}
    for place in reversed(range(len(rules))):
        outcome, truth = rules[place]
        if after - {outcome}:
            turns.append(place)
        after = {outcome} if truth is True else after if truth is False else after | {outcome}
    sure = next((place for place, (_, truth) in enumerate(rules) if truth is True), len(rules))
    return [place for place in reversed(turns) if place < sure]


def _priority(decide: Decide, rules: Sequence[tuple[str, Truth]]) -> set[str]:
    possible: set[str] = set()
    for outcome in decide.outcomes:
        truths = [truth for given, truth in rules if given == outcome]
        if any(t is not False for t in truths):
            possible.add(outcome)
        if True in truths:
            return possible
    return possible | _otherwise(decide)


def _first(decide: Decide, rules: Sequence[tuple[str, Truth]]) -> set[str]:
    possible: set[str] = set()
    for outcome, truth in rules:
        if truth is not False:
            possible.add(outcome)
        if truth is True:
            return possible
    return possible | _otherwise(decide)


def _unique(decide: Decide, rules: Sequence[tuple[str, Truth]]) -> set[str]:
    certain = {outcome for outcome, truth in rules if truth is True}
    open_ = {outcome for outcome, truth in rules if truth is not False}
    if len(certain) > 1:
        return {CONFLICT}
    possible = set(certain) if certain else open_ | _otherwise(decide)
    return possible | {CONFLICT} if len(open_) > 1 else possible


def _otherwise(decide: Decide) -> set[str]:
    return {decide.otherwise} if decide.otherwise is not None else set()


def _collect(decide: Decide, rules: Sequence[tuple[str, Truth]]) -> Verdict:
    certain = {outcome for outcome, truth in rules if truth is True}
    open_ = {outcome for outcome, truth in rules if truth is None} - certain
    possible = certain | open_ | (_otherwise(decide) if not certain else set())
    listed = tuple(o for o in decide.outcomes if o in possible)
    if open_ and listed != (decide.otherwise,):  # that one is the answer either way
        return Verdict(decide.unsettled, False, listed)
    return Verdict(listed, True, listed)


_POLICIES = {"priority": _priority, "first": _first, "unique": _unique}

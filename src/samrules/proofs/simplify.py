"""The simplest account of its kind: what does not matter left out, what does as plain as it can be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date

import attrs

from samrules.model.ruleset import Fact
from samrules.model.types import Duration, Kind, Value
from samrules.plan.plan import Plan
from samrules.proofs.frame import ID, Situation

Holds = Callable[[Situation], bool]
_PLAIN = (0, 1, 2, 3, 5, 10, 12, 20, 24, 25, 50, 60, 75, 100)


def simplest(plan: Plan, at: Situation, holds: Holds) -> Situation:
    """The account with every fact left out that may be, and the others as plain as they may be.

    `holds` says whether an account is still what was looked for; it does of `at`.
    """
    at = _shorter(at, holds)
    at = _fewer(at, holds)
    named = attrs.evolve(at, facts={**at.facts, ID: "A"}, history=tuple((d, {**f, ID: "A"}) for d, f in at.history))
    at = named if holds(named) else at
    for _ in range(3):
        before, at = at, _fewer(_plainer(plan, at, holds), holds)
        if at == before:
            break
    return at


def _shorter(at: Situation, holds: Holds) -> Situation:
    """Without earlier reviews, or with reviews on which everything was as it is now."""
    options = [attrs.evolve(at, history=())] if at.history else []
    if at.history:
        options.append(attrs.evolve(at, history=tuple((day, at.facts) for day, _ in at.history)))
    return next((o for o in options if holds(o)), at)


def _fewer(at: Situation, holds: Holds) -> Situation:
    for name in sorted(at.facts):
        if name == ID or name in at.after:
            continue
        everywhere = attrs.evolve(at, facts=_without(at.facts, name),
                                  history=tuple((day, _without(known, name)) for day, known in at.history))
        now = attrs.evolve(at, facts=_without(at.facts, name))
        at = next((o for o in (everywhere, now) if holds(o)), at)
    for place, (_, known) in enumerate(at.history):
        for name in sorted(known):
            fewer = _review(at, place, _without(at.history[place][1], name)) if name != ID else at
            at = fewer if fewer is not at and holds(fewer) else at
    return at


def _plainer(plan: Plan, at: Situation, holds: Holds) -> Situation:
    for name in sorted(set(at.facts) | set(at.after)):
        if name == ID:
            continue
        fact = plan.facts[name]
        if name in at.after:
            at = _plainer_pair(fact, name, at, holds)
        elif name in at.facts:
            at = next((o for v in plain_values(fact, at.facts[name], at.as_of) if holds(o := _with(at, name, v))), at)
    for place, (day, known) in enumerate(at.history):
        for name in sorted(set(known) - {ID}):
            for value in plain_values(plan.facts[name], known[name], day):
                option = _review(at, place, {**at.history[place][1], name: value})
                if holds(option):
                    at = option
                    break
    return at


def _plainer_pair(fact: Fact, name: str, at: Situation, holds: Holds) -> Situation:
    """Of what rises, both values; the second as near to the first as a plain value is."""
    for before in (*plain_values(fact, at.facts[name], at.as_of), at.facts[name]):
        for later in (*plain_values(fact, at.after[name], at.as_of), at.after[name]):
            option = _with(attrs.evolve(at, after={name: later}), name, before)
            if (before, later) != (at.facts[name], at.after[name]) and holds(option):
                return option
    return at


def plain_values(fact: Fact, value: Value, day: date) -> Iterator[Value]:
    """Plainer values of the fact's type than this one, plainest first."""
    kind = fact.type.kind
    if kind in (Kind.BOOLEAN, Kind.TEXT, Kind.ENUM) or isinstance(value, str | bool | Duration):
        return
    if isinstance(value, date):
        for months in (1, 6, 12, 18, 24, 36, 60, 120):
            found = Duration(months=months).before(day)
            if found == value:
                return
            yield found
        return
    low = fact.type.low if fact.type.low is not None else fact.range.low if fact.range else None
    high = fact.type.high if fact.type.high is not None else fact.range.high if fact.range else None
    for number in _plainer_numbers(kind, float(value)):
        if number == value:
            return
        if (low is None or number >= low) and (high is None or number <= high):  # type: ignore[operator]
            yield number


def _plainer_numbers(kind: Kind, value: float) -> Iterator[int | float]:
    whole = kind in (Kind.INTEGER, Kind.ORDINAL)
    scale = {Kind.MONEY: 10_000.0, Kind.RATIO: 0.01}.get(kind, 1.0)
    for number in _PLAIN:
        yield number if whole else number * scale if scale >= 1 else number / 100
    if kind is Kind.MONEY:
        yield from (1e6 * n for n in (2, 5, 10, 100))
    if value and math.isfinite(value):
        for digits in (1, 2, 3, 4):
            exponent = math.floor(math.log10(abs(value)))
            for step in (math.floor, math.ceil):
                rounded = step(value / 10.0 ** (exponent - digits + 1)) * 10.0 ** (exponent - digits + 1)
                yield int(rounded) if whole else float(f"{rounded:.{digits}g}")


def _without(facts: object, name: str) -> dict[str, Value]:
    assert isinstance(facts, dict)
    return {k: v for k, v in facts.items() if k != name}


def _with(at: Situation, name: str, value: Value) -> Situation:
    """With another value, also at earlier reviews where it was the same."""
    before = at.facts[name]
    history = tuple((day, {**known, name: value} if known.get(name) == before else known) for day, known in at.history)
    return attrs.evolve(at, facts={**at.facts, name: value}, history=history)


def _review(at: Situation, place: int, facts: dict[str, Value]) -> Situation:
    history = list(at.history)
    history[place] = (history[place][0], facts)
    return attrs.evolve(at, history=tuple(history))

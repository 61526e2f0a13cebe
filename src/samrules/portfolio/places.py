"""How many places there are: the settings of the programme, which all its accounts share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Protocol

import attrs

from samrules.decision.placing import Between
from samrules.decision.trace import missing_facts
from samrules.diagnostics import Diagnostic, Span
from samrules.engines.interpreter import evaluate, view
from samrules.errors import FactError
from samrules.model.types import Value
from samrules.plan.plan import Plan
from samrules.syntax.literals import constant_text

Locate = Callable[[str, str], Span | None]
"""The place of an account's fact in its table, where it has one."""

LEAST = {"ceiling": 1, "start": 1, "growth": 0}


def nowhere(account: str, fact: str) -> Span | None:
    """Accounts passed from Python stand in no file."""
    return None


@attrs.frozen
class Limit:
    """A setting of the programme. Where it is not known it is from its least value to no end."""

    low: int
    high: float
    missing: tuple[str, ...] = ()

    @property
    def between(self) -> Between:
        return Between(self.low, None if self.high == math.inf else self.high)


@attrs.frozen
class Limits:
    """The settings that say how many places there are.

    A programme begins with `start` places and may grow by `growth` a review, up to its ceiling.
    """

    ceiling: Limit
    start: Limit | None = None
    growth: Limit | None = None

    def total(self, incumbents: int, *, most: bool) -> float:
        """The places there are at least, or at most, where so many are held already."""
        def end(limit: Limit) -> float:
            return limit.high if most else limit.low

        grown = incumbents + end(self.growth) if self.growth is not None else math.inf
        begun = end(self.start) if self.start is not None else 0
        return min(end(self.ceiling), max(begun, grown))

    def free(self, incumbents: int, *, most: bool) -> float:
        """The places for newcomers. A ceiling removes nobody: above it there are none."""
        return max(0, self.total(incumbents, most=most) - incumbents)

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings that are not known."""
        stated = (limit for limit in (self.ceiling, self.start, self.growth) if limit is not None)
        return tuple(dict.fromkeys(fact for limit in stated for fact in limit.missing))

    def binding(self, incumbents: int) -> str:
        """Which setting keeps the places from being more: `ceiling`, `start` or `growth`."""
        if self.growth is None or self.total(incumbents, most=False) == self.ceiling.low:
            return "ceiling"
        return "start" if self.start is not None and self.start.low > incumbents + self.growth.low else "growth"


class Stating(Protocol):
    """An account with what it states."""

    @property
    def account(self) -> str: ...

    @property
    def facts(self) -> Mapping[str, Value]: ...


def limits_of(plan: Plan, decisions: Sequence[Stating], as_of: date, locate: Locate = nowhere) -> Limits:
    """The settings as all accounts state them. Raises FactError where two differ, or nobody could be in."""
    places = plan.places
    assert places is not None
    stated = _shared(places.settings, decisions, plan, locate)
    facts: dict[str, Value] = {name: value for name, (value, _) in stated.items()}
    now = view(plan, {"account_id": "", **facts}, as_of)
    found: dict[str, Limit] = {}
    problems = []
    for key, shown in places.limits.items():
        trace = evaluate(shown.expr, now)
        least = LEAST[key]
        if not isinstance(trace.value, int):
            found[key] = Limit(least, math.inf, tuple(missing_facts(trace)))
            continue
        if trace.value < least:
            problems.append(_too_few(key, trace.value, stated, plan, locate))
        found[key] = Limit(trace.value, trace.value)
    if problems:
        raise FactError(problems)
    return Limits(**found)


def _shared(settings: Sequence[str], decisions: Sequence[Stating], plan: Plan,
            locate: Locate) -> dict[str, tuple[Value, str]]:
    """Each setting with the first account that states it. Raises FactError where another differs."""
    stated: dict[str, tuple[Value, str]] = {}
    problems = []
    for name in settings:
        for decision in decisions:
            value = decision.facts.get(name)
            if value is None:
                continue
            first, owner = stated.setdefault(name, (value, decision.account))
            if first != value:
                kind = plan.facts[name].type.kind
                problems.append(Diagnostic(
                    "settings-differ",
                    f"`{name}` is {constant_text(value, kind)} for the account `{decision.account}` and "
                    f"{constant_text(first, kind)} for `{owner}`",
                    "a portfolio is one programme: correct the one that is wrong, or decide the programmes apart",
                    locate(decision.account, name), where=f"account {decision.account}"))
                break
    if problems:
        raise FactError(problems)
    return stated


def _too_few(key: str, value: int, stated: Mapping[str, tuple[Value, str]], plan: Plan, locate: Locate) -> Diagnostic:
    """The smallest number among the settings is most likely what made it so few."""
    numbers = sorted((v, name) for name, (v, _) in stated.items()
                     if isinstance(v, int | float) and not isinstance(v, bool))
    said = "a programme without a place for anybody" if LEAST[key] else "places would be taken away"
    if not numbers:
        return Diagnostic("no-places", f"the {key} is {value}: {said}", "correct the ruleset", where=plan.name)
    name = numbers[0][1]
    account = stated[name][1]
    because = "" if numbers[0][0] == value else f" (`{name}` is {numbers[0][0]:g})"
    what = f"`{name}`" if numbers[0][0] == value else f"the {key}"
    return Diagnostic("no-places", f"{what} is {value}{because}: {said}",
                      f"give {LEAST[key]} or more, or leave the cell blank where it is not known",
                      locate(account, name), where=f"account {account}")

"""A folder of reviews, and what is carried on from a decision to the next review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import attrs

from samrules.decision.decision import Decision
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import FactError
from samrules.inputs.accounts import Accounts, check_tables
from samrules.inputs.tables import read_tables
from samrules.model import expressions as ex
from samrules.model.ruleset import Fact
from samrules.model.types import Kind, Value
from samrules.rules import Rules
from samrules.syntax.literals import BadLiteral, parse_date


@attrs.frozen
class Review:
    """One review: its day, and the tables as they stood then."""

    day: date
    folder: Path
    table: Accounts


def reviews_of(folder: Path, rules: Rules) -> Iterator[Review]:
    """The reviews of a folder, one a subfolder that is named by its day, in order of date.

    Raises FactError where there are none, and with the problems of a review's tables.
    """
    if not folder.is_dir():
        raise FactError([Diagnostic("no-such-file", "there is no such folder", "give a folder with one subfolder a review",
                                    where=str(folder))])
    found = []
    for inner in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        try:
            found.append((parse_date(inner.name), inner))
        except BadLiteral:
            raise FactError([Diagnostic("bad-date", f"the folder `{inner.name}` is not named by a day",
                                        "name each review's folder by its day, such as `2026-11-21`", where=str(folder))]) from None
    if not found:
        raise FactError([Diagnostic("no-such-file", "the folder holds no reviews",
                                    "put each review's tables in a subfolder that is named by its day, such as `2026-11-21`",
                                    where=str(folder))])
    for day, inner in sorted(found):
        yield Review(day, inner, check_tables(read_tables(inner), rules.facts, rules.events, day))


@attrs.frozen
class Carried:
    """A fact that the next review takes from the last decision.

    `value_of` is the ruleset whose decision gives it, or `output` of it. A `since` fact takes the day on which
    `fact` got its value; a `day_of` fact the day on which the account came into one of `states`.
    """

    fact: str
    ruleset: str
    output: str | None = None
    since: str | None = None
    states: tuple[str, ...] = ()

    def value(self, decision: Decision) -> Value | None:
        """What the decision gives, None where it is open or says nothing of it."""
        if self.ruleset == decision.ruleset:
            outcome, outputs, settled = decision.outcome, decision.outputs, decision.settled
        else:
            part = next((p for p in decision.parts if p.ruleset == self.ruleset), None)
            if part is None:
                return None
            outcome, outputs, settled = part.outcome, part.outputs, part.settled
        if not settled:
            return None
        if self.output is None:
            return outcome if isinstance(outcome, str) else None
        return outputs[self.output][0] if self.output in outputs else None


def carried_by(rules: Rules, dated: Mapping[str, Sequence[str]]) -> list[Carried]:
    """The facts on record that lifecycles and ladders of the ruleset, and of those it asks, keep up to date.

    `dated` are further facts that take the day on which the account entered one of some states.
    Raises FactError where those do not go with the ruleset.
    """
    found = []
    asked = {rules.name, *(p.ruleset for p in rules.plan.asked)}
    for ruleset in rules.checked.bundle.rulesets:
        if ruleset.name not in asked:
            continue
        for lifecycle in ruleset.lifecycles:
            if isinstance(lifecycle.on_record, ex.Name) and lifecycle.on_record.name in rules.facts:
                since = lifecycle.since.name if isinstance(lifecycle.since, ex.Name) and lifecycle.since.name in rules.facts else None
                found.append(Carried(lifecycle.on_record.name, ruleset.name, since=since))
        found += [Carried(ladder.on_record.name, ruleset.name, output=f"to_{ladder.name}") for ladder in ruleset.ladders
                  if isinstance(ladder.on_record, ex.Name) and ladder.on_record.name in rules.facts]
    for fact, states in dated.items():
        found.append(_dated(rules, found, fact, tuple(states)))
    return found


def _dated(rules: Rules, carried: Sequence[Carried], fact: str, states: tuple[str, ...]) -> Carried:
    where = f"--since {fact}"
    declared = rules.facts.get(fact)
    status = next((c for c in carried if c.ruleset == rules.name and c.output is None), None)
    if declared is None or declared.type.kind is not Kind.DATE:
        dates = [f.name for f in rules.facts.values() if f.type.kind is Kind.DATE]
        raise FactError([Diagnostic("bad-value", f"`{fact}` is no date among the facts of `{rules.name}`",
                                    did_you_mean(fact, dates, "dates"), where=where)])
    if status is None:
        raise FactError([Diagnostic("bad-value", f"`{rules.name}` has no lifecycle: no account enters a state",
                                    "give `--since` with a ruleset that has one", where=where)])
    for state in states:
        if state not in rules.outcomes:
            raise FactError([Diagnostic("bad-value", f"`{state}` is no state of `{rules.name}`",
                                        did_you_mean(state, rules.outcomes, "states"), where=where)])
    return Carried(fact, rules.name, states=states)


@attrs.define
class Standing:
    """What stands on record of an account, review after review."""

    facts: dict[str, Value] = attrs.field(factory=dict)
    seen: list[tuple[date, dict[str, Value]]] = attrs.field(factory=list)

    def onto(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """The facts of a review, with what is carried on in place of what the table says."""
        return {**given, **self.facts}

    def before(self, day: date, history: Sequence[tuple[date, dict[str, Value]]]) -> list[tuple[date, dict[str, Value]]]:
        """The earlier reviews: those decided here as they were decided, others as the table has them."""
        mine = dict(self.seen)
        theirs = {d: facts for d, facts in history if d not in mine and (not mine or d < min(mine))}
        return sorted({**theirs, **mine}.items(), key=lambda review: review[0])

    def decided(self, day: date, facts: Mapping[str, Value], decision: Decision, carried: Sequence[Carried],
                declared: Mapping[str, Fact]) -> None:
        """Take over what a decision changes; a value that the fact cannot have, such as that of an open decision, changes nothing."""
        self.seen.append((day, dict(facts)))
        status = next((c for c in carried if c.ruleset == decision.ruleset and c.output is None and not c.states), None)
        for one in carried:
            before = facts.get(one.fact)
            if one.states:
                now, was = (status.value(decision), facts.get(status.fact)) if status is not None else (None, None)
                if now in one.states and was not in one.states:
                    self.facts[one.fact] = day
                elif before is not None:
                    self.facts.setdefault(one.fact, before)
                continue
            value = one.value(decision)
            words = declared[one.fact].type.words
            if value is not None and value != before and (not words or value in words):
                self.facts[one.fact] = value
                if one.since is not None:
                    self.facts[one.since] = day
            elif before is not None:
                self.facts[one.fact] = before
                if one.since is not None and facts.get(one.since) is not None:
                    self.facts[one.since] = facts[one.since]

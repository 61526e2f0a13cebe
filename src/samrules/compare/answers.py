"""What a ruleset answers on each account of a table, in a form in which answers can be compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import attrs

from samrules.decision.decision import Decision, as_json
from samrules.diagnostics import Diagnostic
from samrules.engines.measures import Record
from samrules.errors import FactError
from samrules.inputs.accounts import check_tables
from samrules.inputs.facts import ID, by_account, mappings
from samrules.inputs.tables import Tables, read_tables
from samrules.model.types import Value
from samrules.rules import Rules

Review = tuple[date, dict[str, Value]]


@attrs.frozen
class Answer:
    """The decision on one account, as far as it is compared."""

    outcome: str | tuple[str, ...]
    possible: tuple[str, ...]
    outputs: tuple[tuple[str, Any], ...]

    @property
    def outcomes(self) -> tuple[object, ...]:
        """What must differ for an account to have moved."""
        return (self.outcome, frozenset(self.possible))

    def to_dict(self) -> dict[str, Any]:
        outcome = list(self.outcome) if isinstance(self.outcome, tuple) else self.outcome
        return {"outcome": outcome, "possible": list(self.possible), "outputs": dict(self.outputs)}


def answer_of(decision: Decision) -> Answer:
    outputs = tuple(sorted((name, as_json(value)) for name, (value, _) in decision.outputs.items()))
    return Answer(decision.outcome, decision.possible, outputs)


@attrs.frozen
class Known:
    """One account as a ruleset takes it: checked facts, earlier reviews, events."""

    facts: dict[str, Value]
    history: tuple[Review, ...]
    record: Record

    @property
    def id(self) -> str:
        return str(self.facts[ID])

    @property
    def name(self) -> str:
        return str(self.facts.get("account_name") or self.id)


@attrs.define
class Deck:
    """The accounts that rulesets are compared on, checked anew against each ruleset that declares other facts."""

    as_of: date
    tables: Tables | None = None
    given: list[Mapping[str, Any]] = attrs.field(factory=list)
    events: list[Mapping[str, Any]] | None = None
    history: list[Mapping[str, Any]] = attrs.field(factory=list)
    recorded: Collection[str] | None = None
    warnings: tuple[Diagnostic, ...] = ()
    _checked: list[tuple[Rules, list[Known]]] = attrs.field(factory=list)

    def known(self, rules: Rules) -> list[Known]:
        """Raises FactError with the problems of all accounts."""
        for other, found in self._checked:
            if other.facts == rules.facts and other.events == rules.events:
                return found
        found = self._from_tables(rules) if self.tables is not None else self._from_mappings(rules)
        self._checked.append((rules, found))
        return found

    def _from_tables(self, rules: Rules) -> list[Known]:
        assert self.tables is not None
        checked = check_tables(self.tables, rules.facts, rules.events, self.as_of)
        self.warnings = checked.warnings
        return [Known(a.facts, tuple(a.history), Record(a.events, checked.recorded)) for a in checked.accounts]

    def _from_mappings(self, rules: Rules) -> list[Known]:
        ids = [str(facts.get(ID)).strip() if facts.get(ID) is not None else None for facts in self.given]
        happened, problems = by_account(self.events, "events", "bad-event", ids)
        reviews, more = by_account(self.history, "history", "bad-history", ids)
        problems += more
        found = []
        for facts, account in zip(self.given, ids, strict=True):
            try:
                given = rules.check_account(facts, happened.get(account, []) if self.events is not None else None,
                                            self.recorded, reviews.get(account, []), self.as_of)
                seen = tuple(r for r in given.history if r[0] < self.as_of)
                found.append(Known(given.facts, seen, given.record))
            except FactError as error:
                problems += error.diagnostics
        twice = sorted({i for i in ids if i is not None and ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
        problems += [Diagnostic("duplicate-account", f"the account `{i}` is given twice", "give each account once",
                                where=f"account {i}") for i in twice]
        if problems:
            raise FactError(dict.fromkeys(problems))
        return found


def deck_of(accounts: str | Path | Iterable[Mapping[str, Any]], as_of: date, *, events: Any = None, history: Any = None,
            recorded: Collection[str] | None = None) -> Deck:
    """The accounts of a file or folder, as `samrules decide` takes it, or of mappings, as `decide_portfolio` does.

    Raises FactError where a table cannot be read.
    """
    if isinstance(accounts, str | Path):
        return Deck(as_of, tables=read_tables(accounts, history, events))
    listed = None if events is None else mappings(events, "events")
    return Deck(as_of, given=mappings(accounts, "accounts"), events=listed, history=mappings(history or (), "history"),
                recorded=recorded)


def decisions(rules: Rules, deck: Deck, only: Collection[str] | None = None) -> dict[str, Decision]:
    """The decision on each account by id; on `only` some of them, where accounts are decided one by one.

    Raises FactError.
    """
    if not rules.together:
        return {k.id: rules.decide_checked(k.facts, deck.as_of, k.history, k.record)
                for k in deck.known(rules) if only is None or k.id in only}
    each = [rules.decide_checked(k.facts, deck.as_of, k.history, k.record) for k in deck.known(rules)]
    return {d.account: d for d in rules.choose(each, deck.as_of).decisions}


def answers(rules: Rules, deck: Deck, only: Collection[str] | None = None) -> dict[str, Answer]:
    return {account: answer_of(d) for account, d in decisions(rules, deck, only).items()}

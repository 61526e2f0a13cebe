"""Many accounts in working memory: what each line changes about one of them, or about all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from samrules.decision.decision import Decision, as_json
from samrules.diagnostics import Diagnostic
from samrules.engines.measures import Record
from samrules.engines.outcome import sentences
from samrules.errors import FactError
from samrules.inputs.accounts import Account
from samrules.inputs.events import in_order
from samrules.inputs.facts import ID
from samrules.model.types import Value
from samrules.rules import Rules
from samrules.sessions.accept import (
    Accepted,
    Mark,
    accepted_event,
    accepted_facts,
    later_day,
    mark_of,
)
from samrules.sessions.changes import Changes, changes_of
from samrules.sessions.graph import graph_of
from samrules.sessions.lines import Line
from samrules.sessions.state import Review, State, Update, after, opened


@attrs.define(eq=False)
class Kept:
    """What is kept of one account. `state` is None until it is needed: what was read back costs nothing yet."""

    given: Mapping[str, Value]
    record: Record
    reviews: tuple[Review, ...]
    marks: set[Mark]
    state: State | None = None


@attrs.frozen
class Told:
    """A decision that changed: `changes` says how, `state` what the account is now. New: none was before."""

    changes: Changes
    state: State
    new: bool


class Watch:
    """The accounts that lines speak of, each decided anew after each line about it.

    Args:
        rules: the ruleset that decides.
        day: the day to decide for.
        recorded: kinds of events that are recorded from the start; another is, of an account, from its
            first event on.

    Raises RulesetError where the ruleset decides nothing, FactError where it cannot decide for that day.
    """

    def __init__(self, rules: Rules, day: date, recorded: Iterable[str] = ()) -> None:
        rules.must_decide()
        self.rules = rules
        self.day = day
        self.recorded = frozenset(recorded)
        self.accounts: dict[str, Kept] = {}
        self.evaluated = 0
        """Steps of the ruleset that were evaluated."""
        self.undeclared: dict[str, None] = {}
        """Names met that nothing declares."""
        self._graph = graph_of(rules.plan)
        self._blank: State | None = self._nothing_known()

    def add(self, account: Account) -> None:
        """An account of a table, decided at once. Raises FactError."""
        marks = {mark_of(e, {}, self.rules.events) for e in account.events}
        kept = Kept(account.facts, Record(account.events, self.recorded), account.history, marks)
        self._woken(kept)
        self.accounts[account.id] = kept

    def take(self, line: Line) -> list[Told]:
        """Take in what a line says, and return the decisions that it changed. Raises FactError, and then
        nothing is taken in."""
        if line.day is not None:
            return self._advance(line.day, line.review)
        kept = self.accounts.get(line.account)
        new = kept is None
        kept = kept or self._begun(line.account)
        accepted = self._accepted(line, kept)
        recorded = kept.record.recorded | {e.type for e in accepted.events}
        update = after(self._woken(kept), self._graph, facts=accepted.facts, events=accepted.events, recorded=recorded,
                       light=True)
        self.undeclared |= dict.fromkeys(accepted.undeclared)
        self.accounts[line.account] = kept
        kept.marks |= accepted.marks
        self._settle(kept, update)
        if not new and not _differs(update):
            return []
        changes = changes_of(update, self._graph, facts=tuple(accepted.facts), events=accepted.events)
        return [Told(changes, update.after, new)]

    def keep(self, line: Line) -> None:
        """Take in a line that was taken in before, without deciding anything. Raises FactError."""
        if line.day is not None:
            for kept in self.accounts.values():
                kept.state = None
                if line.review:
                    kept.reviews = _reviewed(kept, self.day)
            self.day, self._blank = line.day, None
            return
        kept = self.accounts.get(line.account) or self._begun(line.account)
        accepted = self._accepted(line, kept)
        self.accounts[line.account] = kept
        kept.given = {k: v for k, v in {**kept.given, **accepted.facts}.items() if v is not None}
        if accepted.events:
            kept.record = Record(in_order([*kept.record.events, *accepted.events]),
                                 kept.record.recorded | {e.type for e in accepted.events})
        kept.marks |= accepted.marks
        kept.state = None

    def decision(self, account: str, engine: str = "interpreter") -> Decision:
        """The whole decision on an account as it stands, decided from scratch."""
        kept = self.accounts[account]
        return self._whole(kept.given, self.day, kept.reviews, kept.record, engine)

    def _whole(self, given: Mapping[str, Value], day: date, reviews: Sequence[Review], record: Record,
               engine: str) -> Decision:
        seen = [review for review in reviews if review[0] < day]
        return self.rules.decide_checked(given, day, seen, record, engine)

    def line_of(self, told: Told, number: int, engine: str = "interpreter") -> dict[str, Any]:
        """What is written of a decision that changed, JSON-ready; `number` is that of the line it rests on."""
        changes, now = told.changes, told.state.judged
        verdict, outputs, because = changes.after, now.outputs, sentences(now, told.state.view)
        if engine != "interpreter":  # what changed is ours to find; what is decided is that engine's to say
            was = told.state
            decided = self._whole(was.given, was.view.day, was.reviews, was.record, engine)
            verdict = attrs.evolve(verdict, outcome=decided.outcome, settled=decided.settled, possible=decided.possible)
            outputs, because = decided.outputs, tuple(r.because for r in decided.deciding if r.because)
        data = changes.to_dict()
        return {
            "account": changes.account,
            "line": number,
            "as_of": data["as_of"],
            "from": data["from"]["outcome"] if data["from"] is not None and not told.new else None,
            "to": list(verdict.outcome) if isinstance(verdict.outcome, tuple) else verdict.outcome,
            "settled": verdict.settled,
            "possible": list(verdict.possible),
            "outputs": {name: as_json(value) for name, (value, _) in outputs.items()},
            "because": list(because),
            "changes": {key: data[key] for key in ("given", "woken", "withdrawn", "turned", "derived", "outputs")},
        }

    # --- one account ---

    def _begun(self, account: str) -> Kept:
        """An account of which nothing is known: made of one that all share, so that little is evaluated."""
        if self._blank is None:
            self._blank = self._nothing_known()
        state = after(self._blank, self._graph, facts={ID: account}, light=True).after
        return Kept(state.given, state.record, (), set(), state)

    def _nothing_known(self) -> State:
        return opened(self._graph, {ID: ""}, self.day, (), Record((), self.recorded), light=True)

    def _woken(self, kept: Kept) -> State:
        if kept.state is None:
            kept.state = opened(self._graph, kept.given, self.day, kept.reviews, kept.record, light=True)
            self.evaluated += len(kept.state.view.steps)
        return kept.state

    def _accepted(self, line: Line, kept: Kept) -> Accepted:
        if line.event is not None:
            return accepted_event(line.event, self.rules.events, line.account, self.day, kept.marks, line.places)
        assert line.facts is not None
        return accepted_facts(line.facts, self.rules.facts, line.account, line.places)

    def _settle(self, kept: Kept, update: Update) -> None:
        state = update.after
        kept.given, kept.record, kept.reviews, kept.state = state.given, state.record, state.reviews, state
        self.evaluated += update.evaluated

    # --- all of them ---

    def _advance(self, as_of: date, review: bool) -> list[Told]:
        day = later_day(as_of, self.day, review=review)
        updates: list[tuple[Kept, Update]] = []
        problems: list[Diagnostic] = []
        for kept in self.accounts.values():
            try:
                reviewed = _reviewed(kept, self.day) if review else None
                updates.append((kept, after(self._woken(kept), self._graph, day=day, reviewed=reviewed, light=True)))
            except FactError as error:
                problems += error.diagnostics
        if problems:
            raise FactError(problems)
        over = self.day if review else None
        self.day, self._blank = day, None
        told = []
        for kept, update in updates:
            self._settle(kept, update)
            if _differs(update):
                told.append(Told(changes_of(update, self._graph, review=over), update.after, new=False))
        return told


def _reviewed(kept: Kept, day: date) -> tuple[Review, ...]:
    """The reviews with the one of this day, which stands for one that was given for it."""
    others = [review for review in kept.reviews if review[0] != day]
    return tuple(sorted([*others, (day, kept.given)], key=lambda review: review[0]))


def _differs(update: Update) -> bool:
    """Whether the outcome, the possible outcomes or an output is another."""
    old, new = update.before.judged, update.after.judged
    return old is not new and (old.verdict != new.verdict or repr(old.outputs) != repr(new.outputs))


def decisions(watch: Watch, engine: str) -> Iterator[Decision]:
    """Every account's decision as it stands, in the order in which the accounts were met."""
    return (watch.decision(account, engine) for account in watch.accounts)


__all__: Sequence[str] = ["Kept", "Told", "Watch", "decisions"]

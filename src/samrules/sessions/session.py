"""A session: one account in working memory, decided anew after each fact and each event."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

import attrs

from samrules.decision.decision import Decision
from samrules.diagnostics import Diagnostic
from samrules.engines.interpreter import View
from samrules.engines.outcome import as_recorded, decision_at
from samrules.errors import FactError, UndeclaredFactWarning
from samrules.explain.explainer import Explained
from samrules.inputs.facts import ID, mappings
from samrules.rules import Rules, check_engine, decision_date, undeclared_message
from samrules.sessions.accept import Accepted, accepted_event, accepted_facts, later_day, marks_of
from samrules.sessions.changes import Changes, changes_of, opening
from samrules.sessions.graph import Graph, graph_of
from samrules.sessions.state import State, after, opened


class Session:
    """An account whose facts and events come one by one. After each call the decision is current.

    Whatever the calls were, `decision` is what `rules.decide` makes of the facts, events and reviews that
    they amount to; of the ruleset only the steps that depend on what changed are evaluated anew. A call
    that raises leaves the session as it was.

    Args:
        rules: what `samrules.load` returned.
        account, events, recorded, history, as_of, engine: as `rules.decide` takes them. Where `events` is not
            given, a kind of event is recorded from its first observation on.

    Raises FactError and RulesetError as `rules.decide` does. Not safe for use by several threads at once.
    """

    def __init__(self, rules: Rules, account: Mapping[str, Any], *,
                 events: Iterable[Mapping[str, Any]] | None = None, recorded: Collection[str] | None = None,
                 history: Iterable[Mapping[str, Any]] = (), as_of: date | None = None,
                 engine: str = "interpreter") -> None:
        check_engine(engine)
        rules.must_decide()
        observed = mappings(events, "events")
        given = rules.check_account(account, None if events is None else observed, recorded, history, decision_date(as_of))
        _warn(given.undeclared, rules, 3)
        self._rules, self._engine = rules, engine
        self._graph: Graph = graph_of(rules.plan)
        self._open = events is None
        """Whether a kind of event is recorded once it is observed."""
        self._marks = marks_of(observed, rules.events, str(given.facts[ID]))
        self._state: State = opened(self._graph, given.facts, given.as_of, given.history, given.record)
        self._decision: Decision | None = None
        reviews = sum(len(v.steps) for v in self._state.view.earlier if isinstance(v, View))
        self._changes = opening(self._graph, self._state.judged.verdict, self.account, self._who, given.as_of,
                                len(self._state.view.steps) + reviews)

    @property
    def rules(self) -> Rules:
        return self._rules

    @property
    def account(self) -> str:
        return str(self._state.given[ID])

    @property
    def as_of(self) -> date:
        """The day that is decided for."""
        return self._state.view.day

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts that were asserted and not retracted, by name; not what is counted from events."""
        return dict(self._state.given)

    @property
    def changes(self) -> Changes:
        """What the last call changed, and why."""
        return self._changes

    @property
    def decision(self) -> Decision:
        """The decision on what is known now."""
        if self._decision is None:
            state = self._state
            if self._engine == "interpreter":
                decided = decision_at(state.view, state.counted, as_recorded(state.past, state.reviews), state.record)
                self._decision = attrs.evolve(decided, explainer=Explained())
            else:
                seen = [review for review in state.reviews if review[0] < self.as_of]
                self._decision = self._rules.decide_checked(state.given, self.as_of, seen, state.record, self._engine)
        return self._decision

    def assert_fact(self, name: str, value: Any) -> Changes:
        """Say what a fact is now; the value before, if there was one, is replaced.

        None, NaN and blank text are missing: to assert one is to retract the fact. Raises FactError for a
        value of the wrong type or out of range, for another `account_id`, and where a measure is given
        that differs from what the events make it. A name that nothing declares has no effect and brings
        an UndeclaredFactWarning.
        """
        return self._accept(accepted_facts({name: value}, self._rules.facts, self.account))

    def assert_facts(self, facts: Mapping[str, Any]) -> Changes:
        """Say several facts at once; those that are missing are retracted. All are taken, or none."""
        return self._accept(accepted_facts(facts, self._rules.facts, self.account))

    def retract_fact(self, name: str) -> Changes:
        """Say that a fact is not known any more. What was concluded from it is withdrawn.

        A measure that was given is then what the events make it.
        """
        return self._accept(accepted_facts({name: None}, self._rules.facts, self.account))

    def observe(self, event: Mapping[str, Any]) -> Changes:
        """Say that something happened: a mapping with `event`, `date` and the fields of its kind.

        Raises FactError as for the events of `rules.decide`, and for an event that was observed already.
        """
        return self._accept(accepted_event(event, self._rules.events, self.account, self.as_of, self._marks))

    def advance(self, as_of: date, *, review: bool = False) -> Changes:
        """Go on to a later day: windows, ages and dated parameters move with it.

        With `review`, the review of the day before this call is over: the facts as they are pass into
        history under its date, and count for what must be sustained. Without it, the day passes and no
        review was held. Raises FactError for a day before the present one, and for a review that is
        over on the day on which it was held.
        """
        day = later_day(as_of, self.as_of, review=review)
        reviewed = (*self._state.reviews, (self.as_of, dict(self._state.given))) if review else None
        if reviewed is not None:
            _once(self.as_of, self._state, self.account)
            reviewed = tuple(sorted(reviewed, key=lambda r: r[0]))
        update = after(self._state, self._graph, day=day, reviewed=reviewed)
        said = changes_of(update, self._graph, review=self.as_of if review else None)
        return self._settle(update.after, said)

    def _accept(self, accepted: Accepted) -> Changes:
        _warn(accepted.undeclared, self._rules, 4)
        recorded = self._state.record.recorded
        if self._open:
            recorded = recorded | {event.type for event in accepted.events}
        update = after(self._state, self._graph, facts=accepted.facts, events=accepted.events, recorded=recorded)
        said = changes_of(update, self._graph, facts=tuple(accepted.facts), events=accepted.events)
        self._marks |= accepted.marks
        return self._settle(update.after, said)

    def _settle(self, state: State, said: Changes) -> Changes:
        self._state, self._changes, self._decision = state, said, None
        return said

    @property
    def _who(self) -> str:
        return str(self._state.view.facts.get("account_name", self.account))

    def __repr__(self) -> str:
        return f"<Session {self.account} of {self._rules.name}>"


def _once(day: date, state: State, account: str) -> None:
    if any(when == day for when, _ in state.reviews):
        raise FactError([Diagnostic("bad-history", f"two reviews on {day}", "keep one review a day",
                                    where=f"account {account}")])


def _warn(names: Iterable[str], rules: Rules, stacklevel: int) -> None:
    if undeclared := list(names):
        warnings.warn(undeclared_message(undeclared, rules.facts), UndeclaredFactWarning, stacklevel=stacklevel)

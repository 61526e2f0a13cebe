"""Sessions: after every call the decision is that of the final state, and only what depends on it was evaluated."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import samrules
from samrules.inputs.facts import ID
from samrules.sessions import graph as gr
from samrules.sessions import state as ss
from tests import strategies as some

AS_OF = date(2026, 11, 21)

# --- the law -------------------------------------------------------------------------------------


class Sessions(RuleBasedStateMachine):
    """Whatever is said and in whatever order: the session, and the light state that many accounts are kept in,
    say what deciding the final state from scratch says; a call that is refused changes nothing, and then
    that state could not be decided at all."""

    @initialize(case=some.rulesets(monotone=False), asker=st.one_of(st.none(), some.askers()),
                facts=some.accounts(), history=some.histories(), events=some.events(),
                recorded=st.sampled_from([None, ["ordered"], ["asked", "ordered"]]))
    def begin(self, case: some.Case, asker: some.Case | None, facts: dict[str, Any], history: list[dict[str, Any]],
              events: list[dict[str, Any]] | None, recorded: list[str] | None) -> None:
        self.made = rules_of(case, asker)
        self.facts, self.history, self.day = facts, history, some.AS_OF
        self.events, self.given = list(events or []), events is not None
        self.recorded = (set(recorded) if recorded else set(self.made.events)) if self.given else set()
        self.session = samrules.Session(self.made, facts, events=events, recorded=recorded if self.given else None,
                                        history=history, as_of=self.day)
        self.graph = gr.graph_of(self.made.plan)
        checked = self.made.check_account(facts, events, recorded if self.given else None, history, self.day)
        self.light = ss.opened(self.graph, checked.facts, self.day, checked.history, checked.record, light=True)

    def scratch(self, facts: dict[str, Any], events: list[dict[str, Any]], recorded: set[str],
                history: list[dict[str, Any]], day: date) -> samrules.Decision:
        if self.given or events:
            return self.made.decide(facts, events=events, recorded=recorded, history=history, as_of=day)
        return self.made.decide(facts, history=history, as_of=day)

    def say(self, call: Any, facts: dict[str, Any] | None = None, event: dict[str, Any] | None = None,
            day: date | None = None, history: list[dict[str, Any]] | None = None) -> None:
        facts = self.facts if facts is None else {k: v for k, v in facts.items() if v is not None}
        events = [*self.events, event] if event else self.events
        recorded = self.recorded | ({event["event"]} if event and not self.given else set())
        history, day = history or self.history, day or self.day
        state, before = self.session._state, self.session.decision
        try:
            said = call()
        except samrules.FactError:
            assert self.session._state is state
            assert self.session.decision == before
            with pytest.raises(samrules.FactError):
                self.scratch(facts, events, recorded, history, day)
            return
        assert said is self.session.changes
        if said.evaluated == 0:
            assert self.session.decision.outcome == before.outcome
        changed_rules = {r.name: r.after for r in said.rules if r.outcome and "." not in r.name}
        was, now = ({r.name: r.truth for r in d.rules} for d in (before, self.session.decision))
        assert changed_rules == {name: truth for name, truth in now.items() if truth != was[name]}
        assert json.loads(json.dumps(said.to_dict()))["account"] == "A-1"
        assert str(said)
        self.facts, self.events, self.recorded, self.history, self.day = facts, events, recorded, history, day
        new = self.session._state
        self.light = ss.after(self.light, self.graph, facts={k: new.given.get(k) for k in some.KNOWABLE},
                              events=[e for e in new.record.events if e not in state.record.events] if event else (),
                              recorded=new.record.recorded, day=day, reviewed=new.reviews, light=True).after

    @rule(data=st.data(), name=st.sampled_from(sorted(some.VALUES)))
    def assert_fact(self, data: st.DataObject, name: str) -> None:
        value = data.draw(some.VALUES[name])
        self.say(lambda: self.session.assert_fact(name, value), {**self.facts, name: value})

    @rule(data=st.data(), name=st.sampled_from(sorted(some.MEASURED)))
    def assert_measure(self, data: st.DataObject, name: str) -> None:
        value = data.draw(some.MEASURED[name])
        self.say(lambda: self.session.assert_fact(name, value), {**self.facts, name: value})

    @rule(facts=some.accounts())
    def assert_facts(self, facts: dict[str, Any]) -> None:
        self.say(lambda: self.session.assert_facts(facts), {**self.facts, **facts})

    @rule(data=st.data())
    def retract_fact(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted({*self.facts, "csat_of_old", "flag"} - {ID, "csat_of_old"})))
        self.say(lambda: self.session.retract_fact(name), {k: v for k, v in self.facts.items() if k != name})

    @rule(events=some.events())
    def observe(self, events: list[dict[str, Any]] | None) -> None:
        for event in (events or [])[:2]:
            self.say(lambda event=event: self.session.observe(event), event=event)

    @rule(days=st.integers(0, 500), review=st.booleans())
    def advance(self, days: int, review: bool) -> None:
        day = self.day + timedelta(days)
        if review and (days == 0 or any(h["review_date"] == self.day for h in self.history)):
            with pytest.raises(samrules.FactError):
                self.session.advance(day, review=True)
            return
        history = [*self.history, {**self.facts, "review_date": self.day}] if review else self.history
        self.say(lambda: self.session.advance(day, review=review), day=day, history=history)

    @invariant()
    def as_from_scratch(self) -> None:
        if not hasattr(self, "session"):
            return
        expected = self.scratch(self.facts, self.events, self.recorded, self.history, self.day)
        found = self.session.decision
        assert found.to_json() == expected.to_json()
        assert str(found.why()) == str(expected.why())
        assert (found.rules, found.scores, found.outputs, found.counted) == \
            (expected.rules, expected.scores, expected.outputs, expected.counted)
        assert (self.light.judged.verdict.outcome, self.light.judged.verdict.possible) == \
            (expected.outcome, expected.possible)
        assert repr(self.light.judged.outputs) == repr(expected.outputs)
        assert {n: repr(t.value) for n, t in self.light.view.steps.items()} == \
            {n: repr(t.value) for n, t in self.session._state.view.steps.items()}


def rules_of(case: some.Case, asker: some.Case | None) -> samrules.Rules:
    """The ruleset, or one that asks for its decision; what collects cannot be asked for."""
    if asker is None or case.data["decide"]["action"]["hit_policy"] == "collect":
        return samrules.loads(case.text)
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "random.yaml").write_text(case.text, encoding="utf-8")
        return samrules.loads(asker.text, folder=folder)


TestSessions = Sessions.TestCase
TestSessions.settings = settings(deadline=None, suppress_health_check=list(HealthCheck), stateful_step_count=12)

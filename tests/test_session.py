"""Sessions: after every call the decision is that of the final state, and only what depends on it was evaluated."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import samrules
from samrules.engines.measures import measured
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
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "random.yaml").write_text(case.text, encoding="utf-8")
        return samrules.loads(asker.text, folder=folder)


TestSessions = Sessions.TestCase
TestSessions.settings = settings(deadline=None, suppress_health_check=list(HealthCheck), stateful_step_count=12)


# --- what depends on what ------------------------------------------------------------------------

SMALL = """\
ruleset: small
version: 1.0.0
title: Keep or drop
facts:
  account_name: {type: text}
  csat: {title: customer satisfaction, type: number, range: 0..10}
  revenue: {title: revenue of the last 12 months, type: money}
  escalated: {title: an escalation is open, type: boolean}
  colour: {title: colour, type: text}
events:
  discount_requested:
    title: request for a lower price
    fields: {pct: {type: ratio}}
  order_placed: {}
measures:
  requests: {title: requests for a lower price, count: discount_requested, within: 12 months}
  orders: {title: orders, count: order_placed}
parameters:
  enough:
    title: satisfaction that is enough
    type: number
    values: {2020-01-01: 7, 2027-01-01: 8}
define:
  content: {title: the customer is content, value: csat >= enough}
  haggles: {title: the customer haggles, value: requests >= 2 and orders <= 5}
  worth_it: {title: the account is worth the effort, value: content and not haggles}
scorecards:
  fit:
    title: fit
    criteria:
      size: {weight: 40, scale: {of: revenue, from: 0, to: 1M}}
      liking: {weight: 60, scale: {of: csat, from: 0, to: 10}}
    bands: {low: 0, high: 50}
rules:
  stays:
    title: Worth it
    when: worth_it
    unless: escalated
    then: {action: keep, budget: {value: revenue}}
    because: "{account} rates us {csat}"
  shrinks:
    title: Haggles only
    when: haggles
    then: {action: drop}
    because: "{account} asked {requests:time|times}"
  lasting:
    title: Content for two reviews
    when: content
    sustained: 2 reviews
    then: {action: keep}
decide:
  action: {outcomes: [keep, drop, wait], otherwise: wait, always: {fit_band: {value: fit.band}}}
"""
ACME = {"account_id": "A-1", "account_name": "Acme"}
REQUEST = {"event": "discount_requested", "date": "2026-06-03"}


def session(**more: Any) -> samrules.Session:
    return samrules.Session(samrules.loads(SMALL), ACME, **{"events": [], "as_of": AS_OF, **more})


def test_what_has_no_bearing_evaluates_nothing() -> None:
    """A fact that no rule reads, and one that is what it was, evaluate no step; one that few rest on, few."""
    open_ = session()
    everything = open_.changes.evaluated
    assert everything == 12
    assert open_.assert_fact("csat", 8).evaluated == 8
    assert open_.assert_fact("colour", "red").evaluated == 0
    assert open_.assert_fact("csat", 8.0).evaluated == 0
    assert open_.retract_fact("escalated").evaluated == 0
    assert open_.assert_fact("escalated", False).evaluated == 1
    assert open_.observe(REQUEST).evaluated == 4
    assert open_.observe({"event": "order_placed", "date": "2001-01-01"}).evaluated == 4
    assert open_.advance(AS_OF).evaluated == 0


def test_only_the_measures_of_an_event_are_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[list[str]] = []
    real = measured

    def spy(plan: Any, *rest: Any) -> Any:
        counted.append([m.name for m in plan.measures])
        return real(plan, *rest)

    open_ = session()
    monkeypatch.setattr(ss, "measured", spy)
    open_.assert_fact("csat", 8)
    open_.observe(REQUEST)
    open_.assert_fact("orders", 0)
    open_.advance(date(2026, 11, 22))
    assert counted == [["requests"], ["orders"], ["requests", "orders"]]


def test_sessions_of_a_ruleset_share_its_graph() -> None:
    rules = samrules.loads(SMALL)
    assert samrules.Session(rules, ACME)._graph is samrules.Session(rules, {"account_id": "B"})._graph
    assert gr.graph_of(samrules.loads(SMALL).plan) is not gr.graph_of(rules.plan)


# --- the words -----------------------------------------------------------------------------------


def test_an_assertion_and_its_retraction_in_words() -> None:
    open_ = session()
    open_.assert_facts({"escalated": False, "revenue": 500000})
    assert str(open_.assert_fact("csat", 8)) == """\
Acme: evidence needed (keep or wait) → keep
What was said
  · customer satisfaction: not known → 8
Rules that hold now
  ✓ “Worth it” (keep)
      because of customer satisfaction → the customer is content → the account is worth the
        effort
What follows
  · the customer is content: not known → yes
      because of customer satisfaction
  · liking: between 0 and 60 → 48
      because of customer satisfaction
  · fit: between 20 and 80 → 68
      because of customer satisfaction → liking
  · the account is worth the effort: not known → yes
      because of customer satisfaction → the customer is content
What the decision carries
  · fit band: not known → high
  · budget: nothing → 500,000
"""
    assert str(open_.retract_fact("csat")) == """\
Acme: keep → evidence needed (keep or wait)
What was said
  · customer satisfaction: 8 → not known
Rules that hold no longer
  ✗ “Worth it” (keep)
      because of customer satisfaction → the customer is content → the account is worth the
        effort
What follows
  · the customer is content: yes → not known
      because of customer satisfaction
  · liking: 48 → between 0 and 60
      because of customer satisfaction
  · fit: 68 → between 20 and 80
      because of customer satisfaction → liking
  · the account is worth the effort: yes → not known
      because of customer satisfaction → the customer is content
What the decision carries
  · fit band: high → not known
  · budget: 500,000 → nothing
"""
    assert open_.changes.withdrawn[0].name == "stays"


def test_events_in_words_and_as_data() -> None:
    open_ = session()
    open_.assert_facts({"csat": 8, "escalated": False})
    open_.observe({**REQUEST, "pct": 0.05})
    said = open_.observe({"event": "discount_requested", "date": date(2026, 6, 4)})
    assert str(said) == """\
Acme: keep → drop
What was said
  · request for a lower price, 4 June 2026
Rules that hold now
  ✓ “Haggles only” (drop)
      because of request for a lower price → requests for a lower price → the customer haggles
Rules that hold no longer
  ✗ “Worth it” (keep)
      because of request for a lower price → requests for a lower price → the customer haggles →
        the account is worth the effort
What follows
  · requests for a lower price: 1 → 2
      because of request for a lower price
  · the customer haggles: no → yes
      because of request for a lower price → requests for a lower price
  · the account is worth the effort: yes → no
      because of request for a lower price → requests for a lower price → the customer haggles
What the decision carries
  · budget: not known → nothing
"""
    request, count = "discount_requested", "requests"
    assert said.to_dict() == {
        "schema": "samrules.changes/1",
        "account": "A-1",
        "as_of": "2026-11-21",
        "given": [{"event": request, "date": "2026-06-04"}],
        "from": {"outcome": "keep", "settled": True, "possible": ["keep"]},
        "to": {"outcome": "drop", "settled": True, "possible": ["drop"]},
        "woken": [{"rule": "shrinks", "outcome": "drop", "from": "false", "to": "true",
                   "chains": [[request, count, "small.haggles"]]}],
        "withdrawn": [{"rule": "stays", "outcome": "keep", "from": "true", "to": "false",
                       "chains": [[request, count, "small.haggles", "small.worth_it"]]}],
        "turned": [],
        "derived": [
            {"kind": "measure", "name": count, "from": 1, "to": 2, "chains": [[request]]},
            {"kind": "definition", "name": "small.haggles", "from": False, "to": True, "chains": [[request, count]]},
            {"kind": "definition", "name": "small.worth_it", "from": True, "to": False,
             "chains": [[request, count, "small.haggles"]]},
        ],
        "outputs": [{"output": "budget", "from": None, "to": None}],
        "evaluated": 4,
    }


def test_days_and_reviews_in_words() -> None:
    """A day alone is no review; one that is over counts from the next day on, under its date."""
    open_ = session()
    open_.assert_facts({"csat": 7.5, "escalated": True})
    assert str(open_.advance(date(2026, 12, 20))) == """\
Acme: wait, as before
What was said
  · the day: 21 November 2026 → 20 December 2026
"""
    assert str(open_.advance(date(2026, 12, 21), review=True)) == """\
Acme: wait → keep
What was said
  · the day: 20 December 2026 → 21 December 2026
  · the review of 20 December 2026 is over
Rules that hold now
  ✓ “Content for two reviews” (keep)
      because of the day
      because of earlier reviews
"""
    assert str(open_.advance(date(2027, 1, 1))) == """\
Acme: keep → wait
What was said
  · the day: 21 December 2026 → 1 January 2027
Rules that hold no longer
  ✗ “Content for two reviews” (keep)
      because of the day
What follows
  · satisfaction that is enough: 7 → 8
      because of the day
  · the customer is content: yes → no
      because of the day → satisfaction that is enough
  · the account is worth the effort: yes → no
      because of the day → satisfaction that is enough → the customer is content
"""
    assert open_.as_of == date(2027, 1, 1)


def test_nothing_changes_in_words() -> None:
    open_ = session()
    assert str(open_.changes) == "Acme: evidence needed (keep or wait)\n"
    assert open_.changes.before is None
    assert str(open_.retract_fact("csat")) == "Acme: evidence needed (keep or wait), as before\n"
    assert not open_.changes.decision_changed


ASKED = """\
ruleset: asked
version: 1.0.0
uses: [small]
rules:
  goes: {when: small.action = "drop", then: {ask: go}}
decide: {ask: {outcomes: [go, stay], otherwise: stay}}
"""


def test_the_decision_of_another_ruleset_is_a_link(tmp_path: Any) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    open_ = samrules.Session(samrules.loads(ASKED, folder=tmp_path), ACME, events=[REQUEST], as_of=AS_OF)
    open_.assert_facts({"csat": 8, "escalated": False})
    said = open_.observe({**REQUEST, "date": "2026-07-01"})
    decision = next(d for d in said.derived if d.kind == "decision")
    assert (decision.name, decision.before, decision.after) == ("small", ("keep",), ("drop",))
    assert "· action of small: keep → drop" in str(said)
    assert [(r.name, r.outcome) for r in said.woken] == [("small.shrinks", "drop"), ("goes", "go")]
    assert [link.name for link in said.woken[1].chains[0]] == \
        ["discount_requested", "requests", "small.haggles", "small.shrinks", "small"]


def test_an_event_of_long_ago_changes_earlier_reviews() -> None:
    """What was counted for a review is counted anew where an event of before is observed."""
    text = SMALL.replace("when: content\n    sustained", "when: requests >= 1\n    sustained")
    rules = samrules.loads(text)
    open_ = samrules.Session(rules, ACME, events=[{**REQUEST, "date": "2026-10-01"}], as_of=AS_OF,
                             history=[{"review_date": "2026-05-01"}])
    said = open_.observe({**REQUEST, "date": "2026-04-01"})
    assert [(r.name, [[link.name for link in chain] for chain in r.chains]) for r in said.woken] == [
        ("lasting", [["discount_requested", "earlier reviews"]]),
        ("shrinks", [["discount_requested", "requests", "small.haggles"]])]
    before = open_.decision
    assert open_.observe({**REQUEST, "date": "2026-05-02"}).evaluated > 0
    assert before.rules[2].reviews == open_.decision.rules[2].reviews


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "said"), [
    (lambda s: s.assert_fact("csat", 92),
     "fact `csat`: error[out-of-range]: 92 is out of range\nhelp: it must be from 0 to 10"),
    (lambda s: s.assert_fact("csat", "nine"),
     "fact `csat`: error[wrong-type]: `nine` is not a number\n"
     "help: give a finite number, or leave it out where it is not known"),
    (lambda s: s.assert_facts({"csat": 92, "escalated": 1}),
     "fact `csat`: error[out-of-range]: 92 is out of range\nhelp: it must be from 0 to 10\n\n"
     "fact `escalated`: error[wrong-type]: `1` is neither true nor false\n"
     "help: give true or false, or leave it out where it is not known"),
    (lambda s: s.assert_facts([1]),
     "facts: error[wrong-type]: facts are a mapping, not list\nhelp: pass a dictionary of fact names to values"),
    (lambda s: s.assert_fact("account_id", "B-2"),
     "fact `account_id`: error[other-account]: the account here is `A-1`\nhelp: say of each account what is its own"),
    (lambda s: s.retract_fact("account_id"),
     "fact `account_id`: error[other-account]: the account here is `A-1`\nhelp: say of each account what is its own"),
    (lambda s: s.assert_fact("requests", 7),
     "account A-1: error[measure-differs]: `requests` is given as 7 and the events up to 2026-11-21 make it 1\n"
     "help: correct the one that is wrong, or leave the fact out and let the events count"),
    (lambda s: s.observe(REQUEST),
     "event `discount_requested`: error[bad-event]: the same event twice\n"
     "help: leave it out, or tell the two apart by a column such as a reference"),
    (lambda s: s.observe({"event": "discount_requestd", "date": "2026-06-03"}),
     "event `discount_requestd`: error[bad-event]: no ruleset in use declares the event `discount_requestd`\n"
     "help: did you mean `discount_requested`?, or declare it under `events`"),
    (lambda s: s.observe({"event": "order_placed", "date": "2999-01-01"}),
     None),
    (lambda s: s.observe({"event": "order_placed", "date": "2026-01-01", "account_id": "B-2"}),
     "event `order_placed`: error[bad-event]: an event of the account `B-2`\n"
     "help: this is the session of the account `A-1`"),
    (lambda s: s.observe("order_placed"),
     "event: error[wrong-type]: an event is a mapping, not str\n"
     "help: pass a dictionary with `event`, `date` and its fields"),
    (lambda s: s.advance(date(2026, 11, 20)),
     "as_of: error[bad-date]: 2026-11-20 is before 2026-11-21, the day that is decided for\n"
     "help: go on to a later day, or begin anew for an earlier one"),
    (lambda s: s.advance(AS_OF, review=True),
     "as_of: error[bad-history]: a review of 2026-11-21 on the same day\n"
     "help: a review counts as an earlier one from the next day on"),
    (lambda s: s.advance("2026-12-01"),
     "as_of: error[bad-date]: `'2026-12-01'` is not a date\nhelp: pass a datetime.date"),
])
def test_what_is_refused_changes_nothing(call: Any, said: str | None) -> None:
    open_ = session(events=[REQUEST])
    open_.assert_fact("csat", 8)
    changes, decision, facts = open_.changes, open_.decision, open_.facts
    with pytest.raises(samrules.FactError) as caught:
        call(open_)
    assert said is None or str(caught.value) == said
    assert (open_.changes, open_.decision, open_.facts, open_.as_of) == (changes, decision, facts, AS_OF)


def test_a_session_is_refused_as_a_decision_is() -> None:
    rules = samrules.loads(SMALL)
    wrongs: tuple[dict[str, Any], ...] = (
        {"account": {}}, {"account": {**ACME, "csat": 11}}, {"engine": "prolog"}, {"recorded": ["order_placed"]},
        {"as_of": "today"}, {"events": [{"event": "order_placed"}]}, {"history": [{}]}, {"as_of": date(1999, 1, 1)})
    for wrong in wrongs:
        given: dict[str, Any] = {"account": ACME, "as_of": AS_OF, **wrong}
        account = given.pop("account")
        with pytest.raises(samrules.FactError) as by_session:
            samrules.Session(rules, account, **given)
        with pytest.raises(samrules.FactError) as by_decide:
            rules.decide(account, **given)
        assert str(by_session.value) == str(by_decide.value)
    with pytest.raises(samrules.RulesetError, match="decides nothing"):
        samrules.Session(samrules.load("account_facts"), ACME)


def test_undeclared_names_warn() -> None:
    with pytest.warns(samrules.UndeclaredFactWarning, match=r"`cst` \(did you mean `csat`\?\)") as told:
        samrules.Session(samrules.loads(SMALL), {**ACME, "cst": 8})
    assert told[0].filename == __file__
    open_ = session()
    calls: tuple[Callable[[], object], ...] = (
        lambda: open_.assert_fact("cst", 8), lambda: open_.retract_fact("cst"),
        lambda: open_.assert_facts({"cst": 8}), lambda: open_.observe({**REQUEST, "cst": 8}))
    for call in calls:
        with pytest.warns(samrules.UndeclaredFactWarning, match="`cst`") as told:
            call()
        assert told[0].filename == __file__
    assert open_.facts == ACME


def test_a_kind_is_recorded_from_its_first_observation_where_no_record_was_given() -> None:
    open_ = session(events=None)
    assert "requests" in open_.decision.deciding_unknowns
    open_.observe({"event": "order_placed", "date": "2026-01-01"})
    assert open_.decision.facts["orders"] == 1
    assert "requests" not in open_.decision.facts
    named = session(recorded=["discount_requested"])
    assert named.decision.facts["requests"] == 0
    assert "orders" not in named.observe({"event": "order_placed", "date": "2026-01-01"}).to_dict()["given"]
    assert "orders" not in named.decision.facts


def test_what_tells_two_events_apart_is_remembered_of_the_first_ones_too() -> None:
    open_ = session(events=[{**REQUEST, "reference": "R-1"}, {**REQUEST, "reference": "R-2"}])
    open_.observe({**REQUEST, "reference": "R-3"})
    assert open_.decision.facts["requests"] == 3
    with pytest.raises(samrules.FactError, match="the same event twice"):
        open_.observe({**REQUEST, "reference": "R-2"})


def test_the_page_shows_what_happens() -> None:
    """docs/sessions.md: its Python runs, its comments are true, and what it prints is printed."""
    page = (Path(__file__).parent.parent / "docs" / "sessions.md").read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    shown = re.search(r"```\n(Acme: .*?)```", page, re.DOTALL)
    assert code
    assert shown
    printed: list[str] = []
    names: dict[str, Any] = {"print": lambda text: printed.append(str(text))}
    checked, comments = re.subn(r"^(\S+)  # (.*)$", r"assert \1 == \2", code[1], flags=re.MULTILINE)
    exec(checked, names)
    assert comments == 3
    assert printed == [shown[1]]

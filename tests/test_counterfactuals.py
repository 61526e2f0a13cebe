"""What would change a decision: held to brute force, and to the letter for the bundled rulesets."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import samrules
from samrules.cli.main import cli
from samrules.counterfactual import spans as sp
from samrules.counterfactual.moves import key_of, value_of
from samrules.engines.interpreter import all_of, any_of
from samrules.engines.interpreter import value_of as interpreted
from samrules.explain import counterfactuals as asked_of
from samrules.inputs.accounts import check_tables
from samrules.inputs.tables import read_tables
from samrules.model import expressions as ex
from samrules.model.types import Kind
from tests.fuzz.counterfactuals import case_of, differences

ROOT = Path(__file__).resolve().parent.parent
PORTFOLIO = ROOT / "examples" / "portfolio"
AS_OF = date(2026, 11, 21)


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in args])


def explain(ruleset: str, account: str, *args: str) -> Result:
    return run("explain", ruleset, PORTFOLIO, "--account", account, "--as-of", "2026-11-21", *args)


def decided(text: str, facts: dict[str, Any], history: tuple[dict[str, Any], ...] = ()) -> samrules.Decision:
    return samrules.loads(text).decide({"account_id": "A", **facts}, history=history, as_of=AS_OF)


def lines(found: Any, outcome: str | None = None) -> list[str]:
    """The lines of an explanation below its answer, or of the part about one outcome."""
    parts = [p for p in found.explanation().parts if outcome is None or p.heading == outcome]
    return [line for p in parts for line in (*p.sentences, *(t for i in p.items for t in (i.text, *(j.text for j in i.items))))]


# --- laws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2000, 2040))
def test_brute_force_finds_the_same(seed: int) -> None:
    """Each is a true change of outcome; none smaller exists, by number or by size; all within the ranges give it."""
    assert differences(case_of(seed)) == []


def test_masks_hold_exactly_what_truths_give() -> None:
    """For conditions, bounds are no wider than they must be: each mask is the set of what the truths in it give."""
    every = range(1, 8)
    for a in every:
        for b in every:
            pairs = [(x, y) for x in sp.truths(a) for y in sp.truths(b)]
            assert sp.conjunction(a, b) == sum({sp.mask_of(all_of(p)) for p in pairs})
            assert sp.disjunction(a, b) == sum({sp.mask_of(any_of(p)) for p in pairs})
            maybe = ex.Maybe(ex.Literal(True, Kind.BOOLEAN), ex.Literal(True, Kind.BOOLEAN))
            assert sp.maybe(a, b) == sum({sp.mask_of(interpreted(maybe, list(p))) for p in pairs})
            for count in (1, 2):
                some = ex.AtLeast(count, ())
                assert sp.at_least(count)(a, b) == sum({sp.mask_of(interpreted(some, list(p))) for p in pairs})


def test_values_are_numbered_in_their_order() -> None:
    values = [-1e308, -2.5, -5e-324, 0.0, 5e-324, 0.1, math.nextafter(0.1, 1), 2.0**53]
    keys = [key_of(v, Kind.NUMBER) for v in values]
    assert keys == sorted(keys)
    assert [value_of(k, Kind.NUMBER) for k in keys] == values
    assert keys[6] == keys[5] + 1
    assert value_of(key_of(AS_OF, Kind.DATE), Kind.DATE) == AS_OF


# --- what a change is ----------------------------------------------------------------------------

KEPT = """
ruleset: kept
version: 1.0.0
facts:
  made: {type: integer, range: 0..}
  kept: {title: promises kept, type: integer, range: 0.., unit: promises, actionable: raise}
  sponsors: {title: executive sponsors, type: integer, range: 0.., actionable: yes}
  margin: {title: margin, type: ratio, actionable: yes}
  since: {title: day of the plan, type: date, actionable: raise}
  view: {title: the view of us, type: "enum [vendor, partner]", actionable: yes}
  name: {type: text}
rules:
  trusted: {when: kept / made >= 90%, then: {action: keep}}
  backed: {when: sponsors >= 1 and margin > 10%, then: {action: keep}}
  fresh: {when: since >= 2026-06-01 and view = "partner" and name = "x", then: {action: keep}}
decide: {action: {outcomes: [keep, drop], otherwise: drop}}
"""
LOW: dict[str, Any] = {"made": 50, "kept": 41, "sponsors": 0, "margin": 0.2, "since": date(2025, 3, 1), "view": "vendor", "name": "x"}


def test_the_smallest_sets_by_number_then_by_size() -> None:
    found = decided(KEPT, LOW).counterfactuals()
    assert [f.facts for f in found.found] == [
        {"kept": 45}, {"sponsors": 1}, {"since": date(2026, 6, 1), "view": "partner"}]
    assert found.complete
    assert lines(found, "Keep") == [
        "3 ways, of 1 or 2 changes.",
        "promises kept: from 41 promises to 45 promises or more",
        "executive sponsors: from 0 to 1 or more",
        "2 changes together",
        "day of the plan: from 1 March 2025 to 1 June 2026 or later",
        "the view of us: from vendor to partner",
    ]


def test_the_boundary_is_exact_and_strict() -> None:
    """`margin > 10%` is met by the next double, and said to be more than 10%."""
    found = decided(KEPT, {**LOW, "sponsors": 1, "margin": 0.05}).counterfactuals("keep", most=1)
    change = next(f.changes[0] for f in found.found if "margin" in f.facts)
    assert change.new == math.nextafter(0.1, 1)
    assert "margin: from 5% to more than 10%" in lines(found)
    assert found.decision.what_if({"margin": change.new}).after.outcome == "keep"
    assert found.decision.what_if({"margin": 0.1}).after.outcome == "drop"


def test_only_what_is_marked_or_named_moves() -> None:
    decision = decided(KEPT, LOW)
    assert {n for f in decision.counterfactuals().found for n in f.facts} == {"kept", "sponsors", "since", "view"}
    named = decision.counterfactuals(facts=["made", "name"])
    assert [(f.outcome, f.facts) for f in named.found] == [("keep", {"made": 45}), ("evidence_needed", {"made": 0})]
    assert named.unheard == ("name",)
    assert lines(named)[-3:] == ["Varied: made.", "Without effect here: name.", (
        "At most 4 facts at once, in today's facts only: earlier reviews, the date and the thresholds stay as they are.")]
    unmarked = decided(KEPT.replace("actionable", "source"), LOW).counterfactuals()
    assert unmarked.chosen_by == "all"
    assert "The ruleset marks no fact as actionable, so all 6 that have an effect were varied." in lines(unmarked)


def test_what_is_missing_may_become_known() -> None:
    """Marked or not; what all values are that would do is told, and that an open decision is one outcome however open."""
    decision = decided(KEPT, {k: v for k, v in LOW.items() if k not in ("made", "sponsors")})
    assert decision.outcome == "evidence_needed"
    found = decision.counterfactuals()
    assert lines(found, "Keep") == [
        "3 ways, of 1 or 2 changes.",
        "made: becomes known and is at least 1 and at most 45",
        "executive sponsors: becomes known and is at least 1",
        "2 changes together",
        "day of the plan: from 1 March 2025 to 1 June 2026 or later",
        "the view of us: from vendor to partner",
    ]
    assert lines(found, "Drop") == [
        "2 ways, of 2 changes.",
        "2 changes together",
        "made: becomes known and is at least 46",
        "margin: from 20% to 10% or less",
        "2 changes together",
        "made: becomes known and is at least 46",
        "executive sponsors: becomes known and is 0",
    ]
    assert [s.outcome for s in found.sought] == ["keep", "drop"]


def test_what_cannot_be_reached_says_what_stands_in_the_way() -> None:
    found = decided(KEPT, {**LOW, "made": 0, "margin": 0.2}).counterfactuals("keep", facts=["kept"])
    assert found.sought[0].nowhere
    assert lines(found, "Keep") == [
        "No changes of the facts that were varied give it today, however many. One of these would have to change too: "
        "made, executive sponsors or the view of us."]


LASTING = """
ruleset: lasting
version: 1.0.0
facts:
  wish: {title: the customer wants more, type: boolean, actionable: raise}
rules:
  twice: {title: Wanted twice, when: wish, sustained: 2 reviews over 2 months, then: {action: promote}}
decide: {action: {outcomes: [promote, hold], otherwise: hold}}
"""


def test_a_change_of_today_does_not_mend_earlier_reviews() -> None:
    before = ({"review_date": date(2026, 8, 21), "wish": False},)
    found = decided(LASTING, {"wish": False}, before).counterfactuals()
    assert found.sought[0].found == ()
    assert lines(found, "Promote") == [
        "No changes of the facts that were varied give it today, however many.",
        "It would come with these changes if they lasted:",
        "the customer wants more: from no to yes (“Wanted twice” asks for 2 reviews over 2 months)"]
    waiting = decided(LASTING, {"wish": True}, before).counterfactuals()
    assert lines(waiting, "Promote")[1] == (
        "It needs no change: it comes if things stay as they are. (“Wanted twice” asks for 2 reviews over 2 months)")
    lost = decided(LASTING, {"wish": True}, ({"review_date": date(2026, 8, 21), "wish": True},))
    assert lost.outcome == "promote"
    assert lost.counterfactuals(facts=["wish"]).found[0].facts == {"wish": False}


def test_what_could_not_be_settled_is_said() -> None:
    """Bounds cannot see that both sides are one; nothing is claimed then."""
    text = KEPT.replace("kept / made >= 90%", "margin - margin > 0% or margin - margin < 0%").replace("sponsors >= 1 and margin > 10%", "false")
    text = text.replace("when: false", "when: sponsors > 99999999")
    found = decided(text, {**LOW, "name": "y"}).counterfactuals("keep", facts=["margin"])
    assert not found.complete
    assert found.sought[0].left_open == (("margin",), ("margin",))
    assert lines(found, "Keep") == [
        "Whether this gives it could not be settled: margin.", "All others of up to 4 changes are known."]


def test_a_search_that_ends_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = decided(KEPT, LOW).counterfactuals("keep")
    for effort in (1, 400, 1000):
        monkeypatch.setattr(asked_of, "EFFORT", effort)
        found = decided(KEPT, LOW).counterfactuals("keep", limit=1 if effort == 1 else 10)
        sought = found.sought[0]
        assert not sought.complete
        assert sought.settled_to < 4
        assert any(line.startswith("The search ended early: ") for line in lines(found, "Keep"))
        assert {tuple(f.facts) for f in sought.found if len(f.facts) <= sought.settled_to} == {
            tuple(f.facts) for f in whole.found if len(f.facts) <= sought.settled_to}


def test_lists_of_outcomes() -> None:
    text = KEPT.replace("then: {action: keep}}\ndecide", "then: {action: drop}}\ndecide").replace("outcomes: [keep, drop]", "hit_policy: collect, outcomes: [keep, drop]")
    decision = decided(text, LOW)
    assert decision.outcome == ("drop",)
    found = decision.counterfactuals(most=1)
    assert [s.outcome for s in found.sought] == [None]
    assert lines(found, "Another list of outcomes")[-2:] == [
        "promises kept: from 41 promises to 45 promises or more → keep", "executive sponsors: from 0 to 1 or more → keep"]
    assert decision.counterfactuals("drop").sought[0].found == ()


@pytest.mark.parametrize("engine", ["interpreter", "compiled"])
def test_every_engine_and_session_knows_what_it_was_made_from(engine: str) -> None:
    rules = samrules.loads(KEPT)
    decision = rules.decide({"account_id": "A", **LOW}, as_of=AS_OF, engine=engine)
    assert decision.counterfactuals().found[0].facts == {"kept": 45}
    session = samrules.Session(rules, {"account_id": "A"}, as_of=AS_OF)
    session.assert_facts(LOW)
    assert session.decision.counterfactuals().to_dict() == decision.counterfactuals().to_dict()


def test_bad_questions_are_refused() -> None:
    decision = decided(KEPT, LOW)
    asked: tuple[tuple[Callable[[], Any], str, str], ...] = (
        (lambda: decision.counterfactuals("kep"), "no-such-outcome", "did you mean `keep`?"),
        (lambda: decision.counterfactuals(facts=["keptt"]), "unknown-name", "did you mean `kept`?"),
        (lambda: decision.counterfactuals(most=0), "bad-value", "give 1 to 12"),
        (lambda: decision.counterfactuals(limit=0), "bad-value", "give 1 or more"),
        (lambda: decision.what_if({"keptt": 3}), "unknown-name", "did you mean `kept`?"),
        (lambda: decision.what_if({"kept": -3}), "out-of-range", "it must be at least 0"),
        (lambda: decision.what_if({"account_id": "B"}), "other-account", "decide the other account"),
    )
    for call, code, help_ in asked:
        with pytest.raises(samrules.FactError) as caught:
            call()
        assert [(d.code, d.help) for d in caught.value.diagnostics] == [(code, help_)]
    together = samrules.load("portfolio").decide_portfolio([{"account_id": "A", "programme_cap": 3}], as_of=AS_OF).decisions[0]
    both: tuple[Callable[[], Any], ...] = (together.counterfactuals, lambda: together.what_if({}))
    for ask in both:
        with pytest.raises(samrules.FactError, match="decides accounts together"):
            ask()


# --- what if -------------------------------------------------------------------------------------


def test_what_if_says_what_is_different_and_why() -> None:
    found = decided(KEPT, LOW).what_if({"kept": 45, "margin": 0.2, "view": None})
    assert (found.before.outcome, found.after.outcome) == ("drop", "keep")
    assert found.changed == {"kept": (41, 45), "view": ("vendor", None)}
    assert str(found) == """\
A: what if?
===========
It would be keep instead of drop.

With these facts
  · promises kept: 45 promises instead of 41 promises
  · the view of us: not known instead of vendor
  · margin: 20%, as it is

What is different
  ✓ “trusted” (keep) holds; as it is, it does not hold
      ✓ promises kept ÷ made: 90%

Why it would be keep
  A: keep, by trusted.

""" + str(found).split("\n\n")[-1]
    assert found.to_dict()["turned"] == [{"rule": "trusted", "title": "trusted", "outcome": "keep", "from": "false", "to": "true"}]
    assert json.loads(json.dumps(found.to_dict()))["after"] == found.after.to_dict()
    nothing = decided(KEPT, LOW).what_if({"margin": 0.3})
    assert lines(nothing, "What is different") == ["Nothing."]


def test_a_decision_made_again_is_the_decision_on_those_facts() -> None:
    """Also with events and reviews: what was counted stays unless it is set."""
    rules = samrules.load("dedesignation")
    facts = {"account_id": "A", "designation_status": "strategic", "designated_on": date(2020, 1, 1), "buys_by_auction": True}
    events = [{"event": "discount_requested", "date": date(2026, 9, day), "trigger": "investment"} for day in (1, 2)]
    history = [{"review_date": date(2026, 8, 1), **facts}]
    decision = rules.decide(facts, events=events, history=history, as_of=AS_OF)
    other = rules.decide({**facts, "sponsor_unchanged": False}, events=events, history=history, as_of=AS_OF)
    assert decision.what_if({"sponsor_unchanged": False}).after.to_dict() == other.to_dict()
    fewer = decision.what_if({"discount_requests": 0})
    assert fewer.counted == ("discount_requests",)
    assert "number of requests for a lower price in the last 12 months: 0 instead of 2; counted from events before" in lines(fewer)


# --- the bundled rulesets, and the command -------------------------------------------------------


def test_norvale() -> None:
    result = explain("dedesignation", "norvale", "--what-if")
    assert result.exit_code == 0
    assert result.output.split("\n\nDecided by")[0] == """\
Norvale: what would change it?
==============================
It is release. These are the smallest changes with which it would be something else on 21
November 2026.

Watch
  3 ways, of 1 change.
  · number of dedicated services the customer confirmed it wants: from 0 to 1 or more
  · the customer reaffirmed the joint plan in the last six months: from no to yes
  · gain the customer confirmed in the last 12 months: from 0 to more than 0

Retain
  No changes of the facts that were varied give it today, however many. One of these would have
  to change too: status in the programme, number of requests for a lower price in the last 24
  months that answered a nomination or an investment of ours or number of requests to drop
  services for a lower price in the last 12 months.

Evidence needed
  No changes of the facts that were varied leave it open.

What was looked at
  13 facts that are marked as actionable were varied.
  At most 4 facts at once, in today's facts only: earlier reviews, the date and the thresholds
  stay as they are."""


@pytest.mark.parametrize(("ruleset", "account", "outcome", "expected"), [
    ("dedesignation", "harrow-north", "retain", ["One way, of 1 change.", "number of champions: from 0 to 1 or more"]),
    ("designation", "calder", "designate", ["One way, of 1 change.", "number of promises kept in the last 12 months: from 17 to 18 or more"]),
    ("dedesignation", "pell", "watch", ["One way, of 1 change.", "number of champions: becomes known and is 0"]),
    ("dedesignation", "gantry", "release", [
        "No changes of the facts that were varied give it today, however many.",
        "It needs no change: it comes if things stay as they are. (“Wants a low price and nothing else” asks for 2 reviews over 2 months)"]),
])
def test_bundled(ruleset: str, account: str, outcome: str, expected: list[str]) -> None:
    result = explain(ruleset, account, "--what-if", "--outcome", outcome, "--format", "json")
    assert result.exit_code == 0
    part = json.loads(result.output)
    assert part["schema"] == "samrules.counterfactuals/1"
    text = " ".join(explain(ruleset, account, "--what-if", "--outcome", outcome).output.split())
    for line in expected:
        assert line in text


@pytest.mark.parametrize("name", ["designation", "dedesignation", "buy_sell"])
def test_every_bundled_answer_is_complete(name: str) -> None:
    """With the facts that are marked: nothing is left open, and what is found is so."""
    rules = samrules.load(name)
    table = check_tables(read_tables(str(PORTFOLIO), None, None), rules.facts, rules.events, AS_OF)
    for account in table.accounts[:: 2]:
        decision = rules.decide_account(account, table.recorded, AS_OF)
        found = decision.counterfactuals()
        assert found.complete, account.id
        assert all(decision.what_if(f.facts).after.outcome == f.outcome for f in found.found)


def test_setting_facts_on_the_command_line() -> None:
    result = explain("dedesignation", "norvale", "--set", "services_confirmed=1", "--set", "sponsor_unchanged=")
    assert result.exit_code == 0
    assert "It would be watch instead of release." in result.output
    assert "number of dedicated services the customer confirmed it wants: 1 instead of 0" in result.output
    assert "the customer's executive sponsor is still in place: not known instead of yes" in result.output
    data = json.loads(explain("dedesignation", "norvale", "--set", "services_confirmed=1", "--format", "json").output)
    assert (data["schema"], data["before"]["outcome"], data["after"]["outcome"]) == ("samrules.what-if/1", "release", "watch")


def test_bad_settings_are_told_all_at_once() -> None:
    result = explain("dedesignation", "norvale", "--set", "champion_cont=1", "--set", "csat=12", "--set", "bar", "--set", "csat=1",
                     "--set", "sponsor_unchanged=maybe", "--set", "nps=1", "--set", "nps=2")
    assert result.exit_code == 2
    assert result.stdout == ""
    for said in ("error[unknown-name]: no fact is named `champion_cont`", "did you mean `champion_count`?",
                 "error[out-of-range]: `csat`: 12 is out of range", "error[bad-value]: `bar` sets nothing", "write `--set fact=value`",
                 "error[wrong-type]: `sponsor_unchanged`: `maybe` is neither yes nor no", "error[bad-value]: `nps` is set twice"):
        assert said in result.stderr


@pytest.mark.parametrize(("args", "said"), [
    (("--what-if", "--why-not", "watch"), "one question at a time"),
    (("--what-if", "--set", "csat=1"), "one question at a time"),
    (("--outcome", "watch"), "belong to --what-if"),
    (("--what-if", "--vary", "csat", "--all-facts"), "give one of the two"),
    (("--what-if", "--vary", "cast"), "did you mean `csat`?"),
    (("--what-if", "--outcome", "wach"), "did you mean `watch`?"),
    (("--what-if", "--most", "99"), "give 1 to 12"),
])
def test_bad_questions_on_the_command_line(args: tuple[str, ...], said: str) -> None:
    result = explain("dedesignation", "norvale", *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr


def test_an_unknown_account_is_told() -> None:
    result = explain("dedesignation", "norval", "--what-if")
    assert result.exit_code == 2
    assert "there is no account `norval`" in result.stderr
    assert "did you mean `norvale`?" in result.stderr


def test_the_page_shows_what_is_printed() -> None:
    page = (ROOT / "docs" / "counterfactuals.md").read_text("utf-8")
    shown = page.split("--as-of 2026-11-21\n", 1)[1].split("\n```", 1)[0]
    assert explain("dedesignation", "norvale", "--what-if").output.startswith(shown)
    assert explain("designation", "calder", "--set", "promises_kept=18").output.splitlines()[2] == "It would be designate instead of nominate."

"""Outputs that a decision always carries, and how the decisions of other rulesets that it asks for came out."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samrules
from samrules.cli.arguments import checked_accounts
from samrules.cli.main import cli
from samrules.cli.table import decisions_table
from samrules.decision.decision import Decision
from samrules.decision.part import Part
from samrules.inputs.results import Columns, write_decisions
from samrules.rules import Rules
from samrules.syntax.library import bundled_names
from tests import strategies as some
from tests.test_explain import LUMEN

slow = settings(deadline=None, suppress_health_check=list(HealthCheck))
pytestmark = pytest.mark.usefixtures("engine")

PORTFOLIO = Path(__file__).parent.parent / "examples" / "portfolio"
NOT_COLLECTING = ("priority", "first", "unique")


def same(part: Part, alone: Decision) -> None:
    """The part says what the ruleset by itself decides."""
    assert (part.ruleset, part.decision) == (alone.ruleset, alone.decide.name)
    assert (part.outcome, part.settled, part.possible) == (alone.outcome, alone.settled, alone.possible)
    assert list(part.outputs.items()) == list(alone.outputs.items())
    assert part.rules == tuple(r.title for r in alone.deciding)
    assert part.because == tuple(r.because for r in alone.deciding if r.because)
    assert part.cites == tuple(dict.fromkeys(key for r in alone.deciding for key in r.cites))


# --- laws ----------------------------------------------------------------------------------------


@slow
@given(some.rulesets(monotone=False, policies=NOT_COLLECTING), some.askers(), some.accounts(), some.histories(), some.events())
def test_a_part_is_what_its_ruleset_decides(tmp_path_factory: pytest.TempPathFactory, asked: some.Case, asking: some.Case,
                                            facts: dict[str, Any], history: list[dict[str, Any]],
                                            events: list[dict[str, Any]] | None) -> None:
    """A part agrees with its ruleset by itself, on the same facts, reviews and events."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "random.yaml").write_text(asked.text, encoding="utf-8")
    rules = samrules.loads(asking.text, folder=folder)
    decision = rules.decide(facts, history=history, events=events, as_of=some.AS_OF)
    alone = samrules.loads(asked.text).decide(facts, history=history, events=events, as_of=some.AS_OF)
    (part,) = decision.parts
    same(part, alone)
    value, _ = decision.outputs["action_"]
    assert value == (alone.outcome if alone.settled else None)
    assert len(json.loads(decision.to_json())["parts"]) == 1
    assert "Decisions it rests on" in str(decision.why())


@slow
@given(some.rulesets(policies=NOT_COLLECTING), some.askers(), some.full_accounts(),
       st.sets(st.sampled_from(some.KNOWABLE)), st.sets(st.sampled_from(some.KNOWABLE)))
def test_what_is_known_of_always_stays(tmp_path_factory: pytest.TempPathFactory, asked: some.Case, asking: some.Case,
                                       full: dict[str, Any], hidden: set[str], learnt: set[str]) -> None:
    """With more facts known, no output that was known changes, and no outcome of a part becomes possible."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "random.yaml").write_text(asked.text, encoding="utf-8")
    less = {k: v for k, v in full.items() if k not in hidden}
    more = {k: v for k, v in full.items() if k not in hidden - learnt}
    for rules in (samrules.loads(asking.text, folder=folder), samrules.loads(asked.text)):
        before, after = (rules.decide(facts, as_of=some.AS_OF) for facts in (less, more))
        for name, (value, _) in before.outputs.items():
            assert value is None or after.outputs[name][0] == value
        for earlier, later in zip(before.parts, after.parts, strict=True):
            assert set(later.possible) <= set(earlier.possible)
            assert not earlier.settled or later.outcome == earlier.outcome


@slow
@given(some.rulesets(monotone=False), some.accounts())
def test_what_always_names_is_always_there(case: some.Case, facts: dict[str, Any]) -> None:
    """Settled or not, every output of `always` is there, first, in the order written."""
    rules = samrules.loads(case.text)
    always = list(case.data["decide"]["action"].get("always", {}))
    decision = rules.decide(facts, as_of=some.AS_OF)
    assert list(decision.outputs)[: len(always)] == always
    assert list(rules.outputs)[: len(always)] == always
    assert set(decision.outputs) <= set(rules.outputs)
    assert decision.settled or list(decision.outputs) == always


# --- the bundled rulesets ------------------------------------------------------------------------

ASKING = {
    "coverage": ("designation", "dedesignation"),
    "dedesignation": ("buy_sell",),
    "portfolio": ("dedesignation",),
    "programme": ("buy_sell", "designation", "dedesignation", "coverage", "health", "assessment", "cadence",
                  "account_plan", "manager"),
}
"""Each bundled ruleset that asks for decisions, and whose, in the order of its `uses`."""


def _decided(rules: Rules) -> dict[str, Decision]:
    table = checked_accounts(rules, str(PORTFOLIO), None, None, some.AS_OF)
    return {a.id: rules.decide_account(a, table.recorded, some.AS_OF) for a in table.accounts}


@pytest.mark.parametrize("name", sorted(set(bundled_names()) - {"account_facts"}))
def test_parts_of_the_bundled_rulesets(name: str) -> None:
    """Over the portfolio: those it asks for directly, each as its own ruleset decides; else none."""
    decisions = _decided(samrules.load(name))
    assert len(decisions) == 20
    for place, asked in enumerate(ASKING.get(name, ())):
        alone = _decided(samrules.load(asked))
        for account, decision in decisions.items():
            same(decision.parts[place], alone[account])
    for decision in decisions.values():
        assert tuple(p.ruleset for p in decision.parts) == ASKING.get(name, ())
        assert ("parts" in decision.to_dict()) == bool(decision.parts)


# --- which decisions are asked for ---------------------------------------------------------------

FIRST = """
ruleset: first
version: 1.0.0
facts: {a: {type: boolean}, b: {type: boolean}}
rules: {r: {when: a, then: {d: go, then_: x}, because: "{account} goes", cites: [guide/patience]}, s: {when: a, then: {d: go}}}
decide: {d: {title: whether to go, outcomes: [go, stay], otherwise: stay, always: {b_: {value: b}}}}
"""
SECOND = """
ruleset: second
version: 1.0.0
uses: [first]
rules: {r: {when: 'first.d = "go"', then: {e: up}}}
decide: {e: {outcomes: [up, down], otherwise: down}}
"""
THIRD = """
ruleset: third
version: 1.0.0
uses: [first]
rules: {r: {when: b, then: {g: 'on'}}, s: {when: not b, then: {g: 'off'}}, t: {when: a, then: {g: 'off'}}}
decide: {g: {outcomes: ['on', 'off', idle], hit_policy: unique, otherwise: idle}}
"""
TOP = """
ruleset: top
version: 1.0.0
uses: [third, second, first]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("first", FIRST), ("second", SECOND), ("third", THIRD)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def asks(folder: Path, *, define: str = "a", when: str = "x", unless: str = "false", out: str = "a", because: str = "so",
         always: str = "{}") -> list[str]:
    """Whose decisions a ruleset asks for that is written so, in the order of its parts."""
    text = TOP + (f"define: {{x: '{define}'}}\n"
                  f"rules: {{r: {{when: '{when}', unless: '{unless}', then: {{z: go, o: {{value: '{out}'}}}}, because: '{because}'}}}}\n"
                  f"decide: {{z: {{outcomes: [go, stay], otherwise: stay, always: {always}}}}}\n")
    decision = samrules.loads(text, folder=folder).decide({"account_id": "A", "a": True}, as_of=some.AS_OF)
    return [p.ruleset for p in decision.parts]


def test_parts_are_what_is_asked_for_directly_in_the_order_of_uses(folder: Path) -> None:
    """Wherever it is asked; what only an asked ruleset asks is no part; nor are facts and definitions."""
    assert asks(folder) == []
    assert asks(folder, define='first.d = "go"') == ["first"]
    assert asks(folder, when='second.e = "up"') == ["second"]
    assert asks(folder, unless="third.g is known") == ["third"]
    assert asks(folder, out="second.e") == ["second"]
    assert asks(folder, because="{third.g}, {first.d}") == ["third", "first"]
    assert asks(folder, always="{o: {value: first.d}, p: {value: third.g}}") == ["third", "first"]
    assert asks(folder, define='first.d = "go"', when='x and second.e = "up"', always="{p: {value: third.g}}") == \
        ["third", "second", "first"]


def test_a_part_in_detail(folder: Path) -> None:
    """Its word, what stays possible, its sentences and outputs; as data without titles."""
    rules = samrules.loads(TOP + """
rules: {r: {when: 'first.d = "go" and second.e = "up"', then: {z: go}}}
decide: {z: {outcomes: [go, stay], otherwise: stay, always: {g: {value: third.g}}}}
""", folder=folder)
    decision = rules.decide({"account_id": "A", "a": True, "b": True}, as_of=some.AS_OF)
    third, second, first = decision.parts
    assert first == Part("first", "d", "whether to go", "go", True, ("go",), ("r", "s"), ("A goes.",),
                         {"b_": (True, samrules.loads(FIRST).facts["b"].type), "then_": ("x", None)}, ("guide/patience",))
    assert (second.title, second.rules, second.because) == ("e of second", ("r",), ())
    assert (third.outcome, third.settled, third.possible, third.rules) == ("conflict", True, ("conflict",), ())
    assert decision.outputs["g"][0] == "conflict"
    assert decision.citations["guide/patience"].says
    data = decision.to_dict()
    assert list(data)[list(data).index("outputs") + 1] == "parts"
    assert data["parts"][2] == {
        "ruleset": "first", "decision": "d", "outcome": "go", "settled": True, "possible": ["go"],
        "outputs": {"b_": True, "then_": "x"}, "because": ["A goes."]}

    nothing = rules.decide({"account_id": "A"}, as_of=some.AS_OF)
    assert [(p.outcome, p.settled, p.possible, dict(p.outputs)) for p in nothing.parts[1:]] == [
        ("evidence_needed", False, ("up", "down"), {}),
        ("evidence_needed", False, ("go", "stay"), {"b_": (None, samrules.loads(FIRST).facts["b"].type)})]


def test_facts_that_only_a_part_carries_are_read(folder: Path) -> None:
    """An output of an asked decision rests on its facts: they are read, though they decide nothing here."""
    rules = samrules.loads(TOP.replace("third, second, ", "") + """
rules: {r: {when: 'first.d = "go"', then: {z: go}}}
decide: {z: {outcomes: [go, stay], otherwise: stay}}
""", folder=folder)
    assert rules.reads == {"a", "b"} | ({"account_id"} & rules.reads)
    decision = rules.decide({"account_id": "A"}, as_of=some.AS_OF)
    assert decision.deciding_unknowns == ("a",)


def test_who_decides_nothing_asks_for_nothing(folder: Path) -> None:
    """A dictionary for others reads no fact, though its definitions name decisions."""
    rules = samrules.loads(TOP + "define: {x: 'first.d = \"go\"'}\n", folder=folder)
    assert rules.reads == frozenset()
    assert rules.outputs == ()


# --- outputs that a decision always carries ------------------------------------------------------

POLICIES = """
ruleset: policies
version: 1.0.0
facts: {a: {type: boolean}, b: {type: boolean}, day: {type: date}}
rules:
  r: {when: a, then: {z: go, pace: fast}}
  s: {when: b, then: {z: stay}}
decide: {z: {outcomes: [go, stay, rest], hit_policy: POLICY, otherwise: rest, always: {pace: slow, day_: {value: day}}}}
"""


@pytest.mark.parametrize(("policy", "facts", "outcome", "pace"), [
    ("priority", {"a": True, "b": True}, "go", "fast"),
    ("priority", {"a": False, "b": True}, "stay", "slow"),
    ("priority", {"b": True}, "evidence_needed", None),
    ("first", {"a": False}, "evidence_needed", "slow"),
    ("unique", {"a": True, "b": True}, "conflict", "slow"),
    ("unique", {"a": True}, "evidence_needed", None),
    ("collect", {"a": True, "b": True}, ("go", "stay"), "fast"),
    ("collect", {"a": True}, "evidence_needed", None),
    ("collect", {"a": False}, "evidence_needed", "slow"),
])
def test_a_rule_comes_before_always(policy: str, facts: dict[str, Any], outcome: Any, pace: str | None) -> None:
    """A rule's output where the rule gives the outcome; not known where it still may; else that of `always`."""
    decision = samrules.loads(POLICIES.replace("POLICY", policy)).decide({"account_id": "A", **facts}, as_of=some.AS_OF)
    assert decision.outcome == outcome
    assert {name: value for name, (value, _) in decision.outputs.items()} == {"pace": pace, "day_": None}


def test_always_is_part_of_the_meaning() -> None:
    """It changes the digest, with its order; without it the digest is what it was before there was such a key."""
    plain = "ruleset: r\nversion: 1.0.0\nrules: {a: {when: true, then: {d: x}}}\ndecide: {d: {outcomes: [x, y], otherwise: yALWAYS}}\n"
    digests = [samrules.loads(plain.replace("ALWAYS", text)).digest for text in
               ("", ", always: {}", ", always: {a: 1, b: 2}", ", always: {b: 2, a: 1}")]
    assert digests[0] == digests[1] == \
        "sha256:dccd0cb32e9f860f42495a149b5d751dc66cf8d71c963bae0b7c3f25746fa43f"
    assert len(set(digests)) == 3


def test_columns_of_always_come_first() -> None:
    rules = samrules.loads(POLICIES.replace("POLICY", "first").replace("pace: fast", "extra: 1"))
    assert rules.outputs == ("pace", "day_", "extra")
    decision = rules.decide({"account_id": "A", "day": "2026-01-01"}, as_of=some.AS_OF)
    sink = io.BytesIO()
    write_decisions([decision], "csv", Columns(rules.outputs, rules.scores), sink)
    head, line = sink.getvalue().decode().splitlines()
    assert head.endswith(",deciding_unknowns,pace,day_,extra,fired,because")
    assert line.endswith(',"a; b",slow,2026-01-01,,,')


# --- shown ---------------------------------------------------------------------------------------

SERVING = Path(__file__).parent / "explanations" / "serving.yaml"


def test_the_table_stays_readable() -> None:
    rules = samrules.load(SERVING)
    accounts = ({**LUMEN, "csat": 8.5, "escalations": 0}, {"account_id": "A", "revenue_ttm": 3e6, "csat": 8.0})
    table = decisions_table(rules, [rules.decide(facts, as_of=some.AS_OF) for facts in accounts], False)
    assert table == """\
How an account is served. serving 1.0.0, 21 November 2026

Account   Decision          Why
────────────────────────────────────────────────────────────────────────────────────────────────────
Lumen     team              Lumen is one to keep and brings EUR 6.4 million.
L-1                         → place: keep; greets: warm; visits: 12; lasts: 6 months

A         evidence needed   Open: desk or pool.
                            Find out first: fit of our offerings; active decision makers.
                            → visits: 2; lasts: 6 months; not known: place, greets

2 accounts: 1 team, 1 evidence needed
"""


def test_show_tells_what_is_always_carried() -> None:
    shown = CliRunner().invoke(cli, ["show", str(SERVING)]).output
    assert "  Always → place: what to do; greets: decision of greeting; visits: 2; lasts: 6 months\n" in shown
    data = json.loads(CliRunner().invoke(cli, ["show", str(SERVING), "--format", "json"]).output)
    assert data["decide"]["always"] == {
        "place": {"value": "programme.action"}, "greets": {"value": "greeting.letter"}, "visits": 2, "lasts": "6 months"}

"""Measures: facts counted from dated events. What is not recorded is missing, not zero."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli

TODAY = date(2026, 11, 21)
TEXT = """
ruleset: measured
version: 1.0.0
events:
  discount_requested:
    title: request for a lower price
    fields:
      pct: {type: ratio, title: asked}
      trigger: {type: "enum [none, investment]"}
  order_placed:
    title: order
    fields: {amount: {type: money, range: 0..}, division: {type: text}, pieces: {type: integer}}
  designated: {title: designation}
facts: {flag: {type: boolean}}
parameters: {big: {type: ratio, values: {1990-01-01: 10%, 2026-01-01: 20%}}}
measures:
  requests: {title: requests in 12 months, count: discount_requested, within: 12 months}
  big_requests: {count: discount_requested, within: 12 months, where: pct >= big}
  since_named: {count: [discount_requested, order_placed], since: designated}
  revenue: {sum: order_placed.amount, within: 12 months}
  pieces: {sum: order_placed.pieces}
  divisions: {distinct: order_placed.division, unit: divisions}
  last_order: {latest: order_placed}
  first_order: {earliest: order_placed}
  last_amount: {latest: order_placed.amount}
rules:
  r:
    when: requests >= 2
    then:
      d: x
      requests: {value: requests}
      big_requests: {value: big_requests}
      since_named: {value: since_named}
      revenue: {value: revenue}
      pieces: {value: pieces}
      divisions: {value: divisions}
      last_order: {value: last_order}
      first_order: {value: first_order}
      last_amount: {value: last_amount}
    because: "{account} asked {requests:time|times}"
  held: {when: revenue > 100, sustained: 2 reviews, then: {d: z}}
decide: {d: {outcomes: [x, y, z], otherwise: y}}
"""
RULES = samrules.loads(TEXT)


def asked(day: str, **fields: Any) -> dict[str, Any]:
    return {"event": "discount_requested", "date": day, **fields}


def ordered(day: str, amount: float | None = None, division: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"event": "order_placed", "date": day, "amount": amount, "division": division, **fields}


def measures(events: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """What each measure is; two requests for a lower price make the rule hold that shows them."""
    both = [asked("2026-11-20", pct=0.01, trigger="none"), asked("2026-11-20", pct=0.02, trigger="none")]
    decision = RULES.decide({"account_id": "A"}, events=[*both, *events], as_of=TODAY, **options)
    assert decision.outcome == "x"
    return {name: value for name, (value, _) in decision.outputs.items()}


def test_each_way_of_counting() -> None:
    found = measures([
        asked("2026-03-01", pct=0.25), asked("2025-12-01", pct=0.15),
        ordered("2026-02-01", 100, "east", pieces=3), ordered("2026-09-01", 250.5, "west", pieces=2),
        ordered("2024-01-01", 999, "east", pieces=1),
        {"event": "designated", "date": "2026-02-15"},
    ])
    assert found == {
        "requests": 4, "big_requests": 1, "since_named": 4, "revenue": 350.5, "pieces": 6, "divisions": 2,
        "last_order": date(2026, 9, 1), "first_order": date(2024, 1, 1), "last_amount": 250.5,
    }


def test_the_window_ends_with_the_day_and_begins_after_its_start() -> None:
    at = {"2025-11-21": 2, "2025-11-22": 3, "2026-11-21": 3}
    for day, count in at.items():
        assert measures([asked(day, pct=0.01)])["requests"] == count
    assert measures([asked("2026-11-22", pct=0.01)] if date.today() > TODAY else [])["requests"] == 2


def test_none_of_a_recorded_kind_is_a_fact() -> None:
    found = measures([])
    assert (found["revenue"], found["pieces"], found["divisions"]) == (0.0, 0, 0)
    assert (found["last_order"], found["last_amount"], found["since_named"]) == (None, None, 0)


def test_a_kind_that_is_not_recorded_counts_as_missing() -> None:
    found = measures([], recorded=["discount_requested"])
    assert found["requests"] == 2
    assert found["revenue"] is found["divisions"] is found["since_named"] is None
    decision = RULES.decide({"account_id": "A"}, as_of=TODAY)
    assert decision.outcome == "evidence_needed"
    assert decision.deciding_unknowns == ("requests",)


def test_an_unknown_field_leaves_a_measure_missing() -> None:
    assert measures([asked("2026-01-01")])["big_requests"] is None  # was it big? nobody knows
    assert measures([asked("2025-01-01")])["big_requests"] == 0  # outside the window it does not matter
    found = measures([ordered("2026-01-01", None, "a"), ordered("2026-02-01", 5, None)])
    assert (found["revenue"], found["divisions"], found["last_amount"]) == (None, None, 5.0)


def test_a_measure_may_be_given_and_must_agree() -> None:
    facts = {"account_id": "A", "requests": 2}
    assert RULES.decide(facts, as_of=TODAY).outcome == "x"
    events = [asked("2026-01-01"), asked("2026-02-01")]
    assert RULES.decide(facts, events=events, as_of=TODAY).outcome == "x"
    with pytest.raises(samrules.FactError) as error:
        RULES.decide(facts, events=events[:1], as_of=TODAY)
    (problem,) = error.value.diagnostics
    assert (problem.code, problem.where) == ("measure-differs", "account A")
    assert problem.message == "`requests` is given as 2 and the events up to 2026-11-21 make it 1"


def test_earlier_reviews_see_the_events_of_their_day() -> None:
    events = [ordered("2025-09-01", 150), ordered("2026-06-01", 160)]
    history = [{"review_date": "2026-08-21"}]
    decision = RULES.decide({"account_id": "A"}, events=events, history=history, as_of=TODAY)
    assert decision.outcome == "z"
    late = [ordered("2026-10-01", 160)]
    assert RULES.decide({"account_id": "A"}, events=late, history=history, as_of=TODAY).outcome == "y"


def test_the_explanation_lists_the_events() -> None:
    events = [asked("2026-06-03", pct=0.1, trigger="investment"), asked("2026-08-03")]
    decision = RULES.decide({"account_id": "A"}, events=events, as_of=TODAY)
    assert """
  ✓ requests in 12 months: 2, at least 2 needed
      · 3 August 2026, request for a lower price
      · 3 June 2026, request for a lower price (asked: 10%; trigger: investment)
""" in str(decision.why())
    assert decision.to_dict()["fired"][0]["evidence"][0]["events"] == {"requests": [
        {"date": "2026-06-03", "event": "discount_requested", "pct": 0.1, "trigger": "investment"},
        {"date": "2026-08-03", "event": "discount_requested"},
    ]}


DAYS = st.dates(TODAY - timedelta(days=800), TODAY)


@given(st.lists(st.tuples(DAYS, st.floats(0, 1e6)), max_size=12, unique=True), st.randoms())
def test_measures_by_hand(orders: list[tuple[date, float]], random: Any) -> None:
    """A sum in a window is the sum over the events in it, in whatever order they are handed over."""
    events = [ordered(day.isoformat(), amount) for day, amount in orders]
    random.shuffle(events)
    found = measures(events)
    inside = sorted((d, a) for d, a in orders if date(2025, 11, 21) < d <= TODAY)
    assert found["revenue"] == pytest.approx(sum(a for _, a in inside))
    assert found["last_order"] == (max(d for d, _ in orders) if orders else None)
    assert measures(events[::-1]) == found


BAD_EVENTS = {
    "an event without its kind": [{"date": "2026-01-01"}],
    "an event without a date": [{"event": "order_placed"}],
    "no ruleset in use declares the event `ordr_placed`": [{"event": "ordr_placed", "date": "2026-01-01"}],
    "after ": [{"event": "order_placed", "date": "9999-01-01"}],
    "is not a date": [{"event": "order_placed", "date": "31/02/2026"}],
    "the same event twice; first in account A, event 1": [ordered("2026-01-01", 5)] * 2,
    "-5 is out of range": [ordered("2026-01-01", -5)],
}


@pytest.mark.parametrize("said", BAD_EVENTS)
def test_bad_events(said: str) -> None:
    with pytest.raises(samrules.FactError, match=re.escape(said)):
        RULES.decide({"account_id": "A"}, events=BAD_EVENTS[said], as_of=TODAY)


def test_an_unknown_kind_said_to_be_recorded() -> None:
    with pytest.raises(samrules.FactError, match="did you mean `designated`"):
        RULES.decide({"account_id": "A"}, events=[], recorded=["designatd"], as_of=TODAY)


@pytest.mark.parametrize(("measure", "place", "message"), [
    ("{count: ordr}", "12:3", "no event is named `ordr`"),
    ("{sum: ordered.amont}", "12:3", "`ordered` has no field `amont`"),
    ("{sum: ordered.division}", "12:3", "`division` is text, which has no sum"),
    ("{sum: ordered}", "12:7", "`sum` of which field?"),
    ("{count: ordered.amount}", "12:7", "`count` counts events, not fields"),
    ("{count: ordered, sum: ordered.amount}", "12:3", "a measure counts in one way"),
    ("{within: 12 months}", "12:3", "a measure counts in one way"),
    ("{count: ordered, within: 12}", "12:31", "`12` is not a duration"),
    ("{count: ordered, where: amount > 60%}", "12:30", "`amount` is money and `60%` is a ratio: they cannot be compared"),
    ("{count: ordered, where: flag}", "12:30", "nothing here is named `flag`"),
    ("{count: ordered, since: named}", "12:3", "no event is named `named`"),
    ("{latest: ordered, unit: days}", "12:3", "`m` has the unit of its field"),
])
def test_bad_measures(measure: str, place: str, message: str) -> None:
    text = f"""ruleset: r
version: 1.0.0
facts:
  flag: {{type: boolean}}
events:
  ordered:
    fields:
      amount: {{type: money}}
      division: {{type: text}}

measures:
  m: {measure}
"""
    with pytest.raises(samrules.RulesetError) as error:
        samrules.loads(text)
    (problem,) = error.value.diagnostics
    assert (f"{problem.line}:{problem.column}", problem.message) == (place, message)


def test_events_in_a_table(tmp_path: Path) -> None:
    """A kind that stands nowhere in the table is not recorded."""
    (tmp_path / "measured.yaml").write_text(TEXT, "utf-8")
    (tmp_path / "accounts.csv").write_text("account_id\nA\nB\n", "utf-8")
    (tmp_path / "events.csv").write_text(
        "account_id,date,event,pct,amount,ticket\n"
        "A,2026-01-05,discount_requested,10%,,1\nA,2026-01-05,discount_requested,10%,,2\n"
        "Z,2026-01-05,discount_requested,10%,,3\n", "utf-8")
    arguments = ["decide", str(tmp_path / "measured.yaml"), str(tmp_path), "--as-of", "2026-11-21", "--format", "csv"]
    found = CliRunner().invoke(cli, arguments)
    assert found.exit_code == 0
    header, a, b = found.stdout.splitlines()
    row = dict(zip(header.split(","), a.split(","), strict=True))
    assert (row["outcome"], row["requests"], row["revenue"]) == ("x", "2", "")
    other = dict(zip(header.split(","), b.split(","), strict=True))
    assert (other["account"], other["outcome"]) == ("B", "y")  # none requested: recorded, so a fact
    assert "1 event is of accounts that are not in the table: `Z`" in found.stderr
    assert "no measure can read the columns `ticket` of these events" in found.stderr


def test_faults_of_an_event_table_are_placed(tmp_path: Path) -> None:
    (tmp_path / "measured.yaml").write_text(TEXT, "utf-8")
    (tmp_path / "accounts.csv").write_text("account_id\nA\n", "utf-8")
    events = tmp_path / "events.csv"
    events.write_text(
        "account_id,date,event,amount\nA,,order_placed,1\nA,2026-02-30,order_placed,1\nA,2026-01-01,ordered,1\n"
        "A,2026-01-01,order_placed,one\nA,2026-01-01,order_placed,1\nA,2026-01-01,order_placed,1\n,2026-01-01,order_placed,1\n"
        "A,9999-01-01,order_placed,1\n", "utf-8")
    found = CliRunner().invoke(cli, ["decide", str(tmp_path / "measured.yaml"), str(tmp_path)])
    assert found.exit_code == 2
    assert found.stdout == ""
    places = re.findall(r"events\.csv:(\d+:\d+): error\[([a-z-]+)\]", found.stderr)
    assert places == [
        ("2:3", "bad-event"), ("3:3", "bad-date"), ("4:14", "bad-event"), ("5:27", "wrong-type"),
        ("7:14", "bad-event"), ("8:1", "missing-account-id"), ("9:3", "bad-event"),
    ]
    events.write_text("account,date\nA,2026-01-01\n", "utf-8")
    found = CliRunner().invoke(cli, ["decide", str(tmp_path / "measured.yaml"), str(tmp_path)])
    assert "the table has no column `account_id`" in found.stderr
    assert "the table has no column `event`" in found.stderr

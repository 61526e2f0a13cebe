"""Measures: facts counted from dated events. What is not recorded is missing, not zero."""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import median_low
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli

pytestmark = pytest.mark.usefixtures("engine")

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


SAYING = """
ruleset: saying
version: 1.0.0
facts: {explained: {type: boolean, title: it is to be explained}}
events:
  said:
    title: opinion
    fields:
      n: {type: integer}
      size: {type: number, title: size}
      true_so: {type: boolean}
      who: {type: text, title: by}
      w: {type: number, range: 0.., title: influence}
measures:
  middle: {title: middle size, median: said.size, weight: w, each: who, within: 12 months}
  plain: {median: said.size}
  width: {spread: said.size, each: who}
  part: {share: said.true_so, weight: w, each: who, where: size >= 0}
  level: {latest: said, value: n, type: ordinal 1..4, within: 12 months}
rules:
  explained: {when: explained and middle >= 2, then: {d: x}}
  shown:
    when: not explained
    then:
      d: y
      middle: {value: middle}
      plain: {value: plain}
      width: {value: width}
      part: {value: part}
      level: {value: level}
decide: {d: {outcomes: [x, y], otherwise: y}}
"""
SAYINGS = samrules.loads(SAYING)


def said(day: str, **fields: Any) -> dict[str, Any]:
    return {"event": "said", "date": day, **fields}


def sayings(events: list[dict[str, Any]], as_of: date = TODAY) -> dict[str, Any]:
    decision = SAYINGS.decide({"account_id": "A", "explained": False}, events=events, as_of=as_of)
    return {name: value for name, (value, _) in decision.outputs.items()}


SIZES = st.sampled_from([-2.5, 0.0, 1.0, 1.5, 3.0, 1e6])
WEIGHTS = st.one_of(st.sampled_from([0.0, 0.1, 0.2, 0.3, 1.0, 1e300, 5e-324]), st.floats(0, 1e308))


@st.composite
def opinions(draw: st.DrawFn, *, known: bool = True, least: int = 0) -> list[dict[str, Any]]:
    """Up to eight opinions of up to four people, no two of one person on one day."""
    said_on = draw(st.lists(st.tuples(st.sampled_from("abcd"), DAYS), min_size=least, max_size=8, unique=True))
    found: list[dict[str, Any]] = []
    for who, day in said_on:
        fields: dict[str, Any] = {"who": who, "size": draw(SIZES), "w": draw(WEIGHTS), "true_so": draw(st.booleans())}
        if not known:
            fields = {k: v for k, v in fields.items() if draw(st.integers(0, 5))}
        found.append(said(day.isoformat(), id=str(len(found)), **fields))
    return found


def latest_of_each(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({e["who"]: e for e in sorted(events, key=lambda e: e["date"])}.values())


quietly = pytest.mark.filterwarnings("ignore::samrules.UndeclaredFactWarning")  # of the `id` that tells twins apart


@quietly
@given(opinions(least=1))
def test_the_median_lies_among_the_values_and_halves_the_weight(events: list[dict[str, Any]]) -> None:
    """As a reader with a pencil would have it: below it lies less than half, up to it at least half."""
    counted = latest_of_each([e for e in events if e["date"] > "2025-11-21"])
    weights = [(e["size"], Fraction(str(e["w"]))) for e in counted]
    whole = sum(w for _, w in weights)
    middle = sayings(events)["middle"]
    if not whole:
        assert middle is None
        return
    assert min(v for v, _ in weights) <= middle <= max(v for v, _ in weights)
    assert 2 * sum(w for v, w in weights if v < middle) < whole <= 2 * sum(w for v, w in weights if v <= middle)


@quietly
@given(opinions(least=1))
def test_with_equal_weights_it_is_the_lower_median(events: list[dict[str, Any]]) -> None:
    sizes = [e["size"] for e in events]
    assert sayings(events)["plain"] == median_low(sizes)
    same = [{**e, "w": 0.1} for e in events]
    recent = latest_of_each([e for e in same if e["date"] > "2025-11-21"])
    assert sayings(same)["middle"] == (median_low([e["size"] for e in recent]) if recent else None)


@quietly
@given(opinions(known=False), st.randoms())
def test_the_order_in_which_events_are_handed_over_does_not_matter(events: list[dict[str, Any]], random: Any) -> None:
    found = sayings(events)
    random.shuffle(events)
    assert sayings(events) == found


@quietly
@given(opinions(), st.data())
def test_learning_what_an_event_lacks_never_contradicts(events: list[dict[str, Any]], data: st.DataObject) -> None:
    """A measure that is known stays as it is when a weight, a value, a person or a truth is filled in."""
    keys = [(i, k) for i, e in enumerate(events) for k in ("who", "size", "w", "true_so", "n") if k in e]
    hidden = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    less = [{k: v for k, v in e.items() if (i, k) not in hidden} for i, e in enumerate(events)]
    after = sayings(events)
    for name, value in sayings(less).items():
        assert value is None or value == after[name], name


@quietly
@given(opinions())
def test_spread_and_share_by_hand(events: list[dict[str, Any]]) -> None:
    counted = latest_of_each(events)
    found = sayings(events)
    sizes = [e["size"] for e in counted]
    assert found["width"] == (max(sizes) - min(sizes) if sizes else None)
    positive = [e for e in counted if e["size"] >= 0]
    whole = sum(Fraction(str(e["w"])) for e in positive)
    true = sum(Fraction(str(e["w"])) for e in positive if e["true_so"])
    assert found["part"] == (float(true / whole) if whole else None)


def test_a_value_beyond_its_type_names_the_event() -> None:
    for n, seen in ((4, 4), (0, None)):
        events = [said("2025-01-01", n=9), said("2026-03-04", n=n)]  # the first is outside the window
        if seen is not None:
            assert sayings(events)["level"] == seen
            continue
        with pytest.raises(samrules.FactError) as error:
            sayings(events)
        (problem,) = error.value.diagnostics
        assert (problem.code, problem.where) == ("out-of-range", "account A")
        assert problem.message == "`level` takes 0 of the event `said` on 2026-03-04, which is no ordinal 1..4"
        assert problem.help == "correct the event, or the `value` or `type` of the measure"


def test_a_whole_number_is_asked_of_an_integer() -> None:
    rules = samrules.loads(
        "ruleset: r\nversion: 1.0.0\nevents: {e: {fields: {n: {type: integer}}}}\n"
        "measures: {m: {latest: e, value: n + 0.5, type: integer}}\n"
        "rules: {a: {when: m >= 1, then: {d: go}}}\ndecide: {d: {outcomes: [go, stay], otherwise: stay}}\n")
    with pytest.raises(samrules.FactError, match=re.escape("`m` takes 1.5 of the event `e` on 2026-01-01, which is no integer")):
        rules.decide({"account_id": "A"}, events=[{"event": "e", "date": "2026-01-01", "n": 1}], as_of=TODAY)


def test_the_explanation_lists_who_said_what_with_what_influence() -> None:
    events = [said("2026-01-03", size=9.0, w=5.0, who="Ito"), said("2026-06-03", size=2.5, w=3.0, who="Ito"),
              said("2026-05-03", size=1.0, w=1.5, who="Lee"), said("2024-05-03", size=1.0, w=9.0, who="Old")]
    decision = SAYINGS.decide({"account_id": "A", "explained": True}, events=events, as_of=TODAY)
    assert """
  ✓ middle size: 2.5, at least 2 needed
      · 3 June 2026, opinion (size: 2.5; by: Ito; influence: 3)
      · 3 May 2026, opinion (size: 1; by: Lee; influence: 1.5)
""" in str(decision.why())
    assert [e["who"] for e in decision.to_dict()["fired"][0]["evidence"][1]["events"]["middle"]] == ["Lee", "Ito"]


def test_the_rulebook_says_how_it_is_counted(tmp_path: Path) -> None:
    (tmp_path / "saying.yaml").write_text(SAYING, "utf-8")
    shown = CliRunner().invoke(cli, ["show", str(tmp_path / "saying.yaml")]).stdout
    said_there = " ".join(shown.split())
    assert "middle size (middle): median of said.size within 12 months, only the latest of each who, weighed by w" in said_there
    assert "share of said.true_so, only the latest of each who, where size >= 0, weighed by w" in said_there
    assert "latest of n in said within 12 months" in said_there


def opinion(day: str, who: str, influence: float | None, **fields: Any) -> dict[str, Any]:
    return {"event": "level_assessed", "date": day, "respondent": who, "influence": influence, **fields}


PERCEIVED = """
ruleset: perceived
version: 1.0.0
uses: [account_facts]
rules:
  r:
    when: account_id = "A"
    then:
      d: x
      level: {value: perceived_level}
      spread: {value: perceived_level_spread}
      share: {value: influence_citing_impact}
decide: {d: {outcomes: [x, y], otherwise: y}}
"""


def perceived(events: list[dict[str, Any]], **facts: Any) -> list[Any]:
    decision = samrules.loads(PERCEIVED).decide({"account_id": "A", **facts}, events=events, as_of=TODAY)
    return [value for value, _ in decision.outputs.values()]


@pytest.mark.parametrize(("original", "level"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4)])
def test_the_original_five_levels_are_read_as_four(original: int, level: int) -> None:
    found = perceived([opinion("2026-05-01", "Ito", 1, original_level=original, cites_impact=True)])
    assert found == [level, 0, 1.0]
    assert type(found[0]) is int


def test_the_level_is_what_the_customers_people_last_said() -> None:
    """Per stakeholder, weighed by influence, the spread kept."""
    events = [
        opinion("2026-01-10", "Ito", 3, level=1, cites_impact=False),  # she has changed her mind since
        opinion("2026-09-10", "Ito", 3, level=3, cites_impact=True),
        opinion("2026-09-11", "Lee", 1, original_level=3, cites_impact=False),
        opinion("2026-09-12", "Cho", 1, level=2, cites_impact=False),
        opinion("2025-06-12", "Old", 9, level=4, cites_impact=True),  # too long ago
    ]
    assert perceived(events) == [3, 1, 0.6]
    assert perceived(events, perceived_level=3, influence_citing_impact=0.6) == [3, 1, 0.6]
    with pytest.raises(samrules.FactError, match="`perceived_level` is given as 4 and the events up to 2026-11-21 make it 3"):
        perceived(events, perceived_level=4)
    unheard = opinion("2026-09-13", "Roe", None, level=2, cites_impact=False)
    assert perceived([*events, unheard]) == [None, 1, None]
    assert perceived([*events, unheard], perceived_level=3) == [3, 1, None]


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

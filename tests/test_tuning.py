"""Thresholds moved over accounts, and history decided anew."""

from __future__ import annotations

import json
import math
import re
import shutil
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.compare.answers import answer_of
from samrules.model.types import Duration, Kind, Value
from samrules.tuning.sweep import Sweep
from tests.strategies import AS_OF, Case, accounts, histories, rulesets

ROOT = Path(__file__).parent.parent
PORTFOLIO = ROOT / "examples" / "portfolio"
REVIEWS = ROOT / "examples" / "reviews"
PAGE = (ROOT / "docs" / "tune.md").read_text("utf-8")


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in args])


def problems(result: Result) -> list[str]:
    assert result.exit_code == 2, result.output
    return [line for line in result.stderr.splitlines() if "error[" in line]


# --- sweep ---------------------------------------------------------------------------------------


def test_the_page_shows_what_is_printed() -> None:
    for command, shown in re.findall(r"```\n\$ samrules (.*?)\n(.*?)```", PAGE, re.DOTALL):
        args = [a.replace("examples/", f"{ROOT}/examples/") for a in command.split()]
        done = run(*args)
        assert done.exit_code == 0, done.output
        assert done.stdout.replace(f"{ROOT}/", "") == shown


RANGES: dict[str, tuple[Any, Any]] = {
    "least_count": (0, 9), "least_share": (0.0, 1.5), "least_revenue": (0.0, 3e6), "tenure": (Duration(months=0), Duration(months=40)),
}


@settings(max_examples=15)
@given(rulesets(), st.lists(st.tuples(accounts(least=4), histories()), min_size=1, max_size=3), st.sampled_from(sorted(RANGES)), st.data())
def test_every_value_is_as_the_changes_say(case: Case, some: list[Any], name: str, data: st.DataObject) -> None:
    """At the steps, at and beside every change, and at any value where it says that there are no more changes,
    the answer is that of the ruleset with the value written in it."""
    rules = samrules.loads(case.text)
    if f"random.{name}" not in rules.plan.parameters:
        return
    table = [{**facts, "account_id": f"A-{i}"} for i, (facts, _) in enumerate(some)]
    history = [{**review, "account_id": f"A-{i}"} for i, (_, reviews) in enumerate(some) for review in reviews]
    low, high = RANGES[name]
    found = samrules.sweep(rules, name, low, high, accounts=table, history=history, as_of=AS_OF, steps=4)
    assert found.declared.name == name
    tried = [found.axis.position(s.value) for s in found.steps]
    for change in found.changes:
        at = found.axis.position(change.at)
        assert at is not None
        tried += [at, at - 1, at + 1] if found.axis.whole else [at, math.nextafter(at, -math.inf), math.nextafter(at, math.inf)]
    if found.complete:
        drawn = st.integers(int(found.axis.ends[0]), int(found.axis.ends[1])) if found.axis.whole else st.floats(*found.axis.ends)
        tried += data.draw(st.lists(drawn, min_size=2, max_size=4), label="anywhere")
    wanted = sorted({p for p in tried if p is not None and found.axis.ends[0] <= p <= found.axis.ends[1]})
    steps = {found.axis.position(s.value): s for s in found.steps}
    first = by_hand(case, name, low, table, history)
    for position in wanted:
        decided = by_hand(case, name, found.axis.value(position), table, history)
        for account, answer in decided.items():
            assert predicted(found, account, position, first) == answer.outcomes
        if position in steps:
            counts = {o: n for o, n in steps[position].counts.items() if n}
            outcomes = [a.outcome for a in decided.values()]
            assert counts == {o: outcomes.count(o) for o in outcomes}


def by_hand(case: Case, name: str, value: Value, table: list[dict[str, Any]], history: list[dict[str, Any]]) -> dict[str, Any]:
    written = str(value) if isinstance(value, Duration) else value
    parameters = {**case.data["parameters"], name: {**case.data["parameters"][name], "values": {"1800-01-01": written}}}
    rules = samrules.loads(json.dumps({**case.data, "parameters": parameters}, ensure_ascii=False))
    return {f["account_id"]: answer_of(rules.decide(f, history=[
        {k: v for k, v in r.items() if k != "account_id"} for r in history if r["account_id"] == f["account_id"]], as_of=AS_OF)) for f in table}


def predicted(found: Sweep, account: str, position: float, low: dict[str, Any]) -> object:
    answer = low[account]
    for change in found.changes:
        at = found.axis.position(change.at)
        assert at is not None
        if change.account == account and (at < position or (at == position and change.inclusive)):
            assert change.old.outcomes == answer.outcomes
            answer = change.new
    return answer.outcomes


TEXT = """ruleset: r
version: 1.0.0
facts: {n: {type: number}, share: {type: ratio}, on: {type: date}, flag: {type: boolean}}
parameters:
  p: {title: the threshold, type: number, values: {1990-01-01: 5}}
  half: {type: number, values: {1990-01-01: 5}}
  on_day: {type: date, values: {1990-01-01: 2026-01-01}}
  word: {type: text, values: {1990-01-01: a}}
  unread: {type: number, values: {1990-01-01: 5}}
rules:
  exactly: {when: n = p, then: {d: same}}
  over: {when: n > p and n > half * 2 and on > on_day, then: {d: over}}
  never: {when: word = "b", then: {d: over}}
decide: {d: {outcomes: [same, over, under], otherwise: under}}
"""
TABLE: list[dict[str, Any]] = [{"account_id": "a", "n": 7.25, "on": "2026-05-05"}, {"account_id": "b", "n": 2.5, "on": "2020-01-01"}]


def changes(found: Sweep) -> list[tuple[str, Any, bool, str, str]]:
    return [(c.account, c.at, c.inclusive, str(c.old.outcome), str(c.new.outcome)) for c in found.changes]


def test_a_change_at_a_single_value_is_seen() -> None:
    """Between evenly spaced values it would not be."""
    rules = samrules.loads(TEXT.replace("half * 2", "half"))
    found = samrules.sweep(rules, "p", 0, "10", accounts=TABLE, as_of=AS_OF, steps=3)
    assert found.complete
    assert changes(found) == [("b", 2.5, True, "under", "same"), ("b", 2.5, False, "same", "under"),
                              ("a", 7.25, True, "over", "same"), ("a", 7.25, False, "same", "under")]


def test_calculated_with_it_is_sought_and_said_so() -> None:
    found = samrules.sweep(samrules.loads(TEXT), "half", 0, 10, accounts=TABLE, as_of=AS_OF, steps=3)
    assert not found.complete
    assert changes(found) == [("a", 3.625, True, "over", "under")]
    assert "two changes of an account that undo each other" in str(found)


def test_a_date_goes_day_by_day() -> None:
    found = samrules.sweep(samrules.loads(TEXT.replace("half * 2", "half")), "on_day", "2026-01-01", "2026-12-31", accounts=TABLE, as_of=AS_OF)
    assert found.complete
    assert changes(found) == [("a", date(2026, 5, 5), True, "over", "under")]
    assert "from 5 May 2026 on  a  over → under" in str(found)


@pytest.mark.parametrize(("given", "said"), [
    ("q=1..2", "error[unknown-name]: the decision of `r` rests on no parameter `q`"),
    ("unread=1..2", "error[unknown-name]: the decision of `r` rests on no parameter `unread`"),
    ("p=x..2", "error[bad-value]: `x` is no number"),
    ("p=3..2", "error[bad-value]: from 3 to 2 is no way up"),
    ("p=2..2", "error[bad-value]: from 2 to 2 is no way up"),
    ("word=a..b", "error[bad-value]: `word` is text: there is nothing between two values"),
])
def test_what_cannot_be_swept(tmp_path: Path, given: str, said: str) -> None:
    (tmp_path / "r.yaml").write_text(TEXT, "utf-8")
    (tmp_path / "t.csv").write_text("account_id,n\na,1\n", "utf-8")
    (problem,) = problems(run("sweep", tmp_path / "r.yaml", "--parameter", given, "--accounts", tmp_path / "t.csv"))
    assert said in problem


def test_arguments_of_sweep(tmp_path: Path) -> None:
    for text in ("p", "p=1", "=1..2", "p=..2"):
        assert run("sweep", "designation", "--parameter", text, "--accounts", PORTFOLIO).exit_code == 2
    assert "1 steps" in problems(run("sweep", "designation", "--parameter", "entry_score=1..2", "--accounts", PORTFOLIO, "--steps", "1"))[0]
    assert run("sweep", "designation", "--parameter", "entry_score=1..2", "--accounts", PORTFOLIO,
               "--plot", tmp_path / "no" / "p.svg").exit_code == 2


def test_the_plot(tmp_path: Path) -> None:
    """Well-formed; at every value its bars reach as high as there are accounts."""
    picture = tmp_path / "p.svg"
    done = run("sweep", "designation", "--parameter", "entry_score=60..95", "--accounts", PORTFOLIO, "--as-of", "2026-11-21", "--plot", picture,
               "--format", "json")
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert data["complete"] and len(data["changes"]) == 7
    root = ET.fromstring(picture.read_text("utf-8"))
    bars = [e for e in root.iter("{http://www.w3.org/2000/svg}rect") if e.get("y") not in (None, "34")]
    heights: dict[str, float] = {}
    for bar in bars:
        heights[bar.attrib["x"]] = heights.get(bar.attrib["x"], 0) + float(bar.attrib["height"])
    assert len(heights) == 1 + len({c["at"] for c in data["changes"]})
    assert all(math.isclose(h, 380 - 64 - 48, abs_tol=0.05) for h in heights.values())


def test_a_portfolio_is_swept_as_a_whole() -> None:
    table = ROOT / "examples" / "waiting_list"
    rules = samrules.load("portfolio")
    name = next(n for n in rules.plan.parameters if n.endswith(("ceiling_of_a_medium_firm", "ceiling_of_a_small_firm")))
    assert rules.plan.parameters[name].type.kind is Kind.INTEGER
    found = samrules.sweep(rules, name, 1, 8, accounts=table, as_of=AS_OF)
    assert found.complete and found.accounts > 0


# --- backtest ------------------------------------------------------------------------------------


def test_the_reviews_of_the_examples() -> None:
    """The status carried on is the one that the tables have at the next review."""
    found = samrules.backtest("programme", REVIEWS)
    assert [c.fact for c in found.carried] == ["buy_sell_level", "designation_status"]
    assert found.differing == ()
    assert sum(found.confusion.values()) == 8
    assert [(str(c.day), c.account, c.old, c.new, c.soon) for c in found.changes] == [
        ("2026-08-21", "norvale", "strategic", "watch", False), ("2026-11-21", "norvale", "watch", "released", True),
        ("2027-02-21", "harrow", "strategic", "watch", False), ("2027-08-21", "harrow", "watch", "strategic", True)]
    for one in found.decided:  # as each folder by itself is decided
        alone = json.loads(run("decide", "programme", REVIEWS / str(one.day), "--as-of", str(one.day), "--format", "json").stdout)
        assert next(d for d in alone if d["account"] == one.account)["outcome"] == one.decision.outcome


LIFE = """ruleset: life
version: 1.0.0
facts:
  status: {type: "enum [out, core, gone]"}
  since: {type: date}
  joined: {type: date}
  good: {type: boolean}
lifecycles:
  place:
    on_record: status
    since: since
    start: out
    states: {out: , core: {at_least: 3 months}, gone: }
    transitions:
      join: {from: out, to: core, when: good, because: "{account} is good"}
      leave: {from: core, to: gone, when: not good and age(joined) >= 3 months}
decide: {place: {outcomes: [out, core, gone], hit_policy: first, otherwise: out}}
"""


@pytest.fixture
def life(tmp_path: Path) -> Path:
    (tmp_path / "life.yaml").write_text(LIFE, "utf-8")
    rows = {"2026-01-01": ["a,out,yes,core", "b,out,no,out"], "2026-03-01": ["a,out,no,gone", "b,out,,core"], "2026-06-01": ["a,out,no,core", "b,out,yes,"]}
    for day, lines in rows.items():
        folder = tmp_path / "reviews" / day
        folder.mkdir(parents=True)
        (folder / "accounts.csv").write_text("account_id,status,good,said\n" + "".join(f"{line}\n" for line in lines), "utf-8")
    return tmp_path


def test_status_and_dates_are_carried_on(life: Path) -> None:
    """Though the tables say `out` at every review; an open decision leaves the status as it is."""
    found = samrules.backtest(life / "life.yaml", life / "reviews", since={"joined": ["core"]}, recorded="said")
    assert [(str(d.day)[5:7], d.account, d.status, d.decision.outcome, d.recorded) for d in found.decided] == [
        ("01", "a", "out", "core", "core"), ("01", "b", "out", "out", "out"),
        ("03", "a", "core", "core", "gone"), ("03", "b", "out", "evidence_needed", "core"),
        ("06", "a", "core", "gone", "core"), ("06", "b", "out", "core", None)]
    assert [(s.account, s.status, str(s.start), str(s.end), s.whole) for s in found.stays] == [
        ("a", "out", "2026-01-01", "2026-01-01", False), ("a", "core", "2026-01-01", "2026-06-01", True), ("a", "gone", "2026-06-01", "None", True),
        ("b", "out", "2026-01-01", "2026-06-01", False), ("b", "core", "2026-06-01", "None", True)]
    assert dict(found.confusion) == {("core", "core"): 1, ("out", "out"): 1, ("gone", "core"): 1, ("core", "evidence_needed"): 1, ("core", "gone"): 1}
    without = samrules.backtest(life / "life.yaml", life / "reviews")
    assert [d.decision.outcome for d in without.decided if d.account == "a"] == ["core", "core", "evidence_needed"]
    assert without.recorded == "status at the next review"


def test_the_text_of_a_backtest(life: Path) -> None:
    done = run("backtest", life / "life.yaml", life / "reviews", "--since", "joined=core", "--recorded", "said")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == """\
life 1.0.0, 3 reviews from 2026-01-01 to 2026-06-01, 2 accounts
Carried on from decision to decision: status, since and joined.

review      out  core  gone  evidence needed
2026-01-01    1     1     0                0
2026-03-01    0     1     0                1
2026-06-01    0     1     1                0

3 changes of status, 1 of them within a year of the account's change before
  2026-01-01  a: out → core. a is good.
  2026-06-01  a: core → gone (within a year). the rule `leave` holds
  2026-06-01  b: out → core. b is good.

Time in each status, in months
        stays  ended  median, ended  median, so far
  out       2      2              -               -
  core      2      1              5               0
  gone      1      0              -               0

Compared with said: 2 of 5 decisions agree (40%)
  recorded  out  core  gone  evidence needed   (decided)
  out         1     -     -                -
  core        -     1     1                1
  gone        -     1     -                -

Where they differ
  2026-03-01  a: recorded gone, decided core. a stays as it is, core: nothing that would change that
      holds.
  2026-03-01  b: recorded core, decided evidence needed (out or core). not known: good
  2026-06-01  a: recorded core, decided gone. the rule `leave` holds
"""


def test_backtest_as_json(life: Path) -> None:
    data = json.loads(run("backtest", life / "life.yaml", life / "reviews", "--since", "joined=core", "--recorded", "said", "--format", "json").stdout)
    assert data["schema"] == "samrules.backtest/1"
    assert data["carried"] == ["status", "joined", "since"]
    assert data["recorded"] == {"what": "said", "compared": 5, "agreeing": 2, "confusion": data["recorded"]["confusion"]}
    assert [r["day"] for r in data["reviews"]] == ["2026-01-01", "2026-03-01", "2026-06-01"]


def test_what_cannot_be_backtested(life: Path, tmp_path: Path) -> None:
    rules, folder = life / "life.yaml", life / "reviews"
    assert "is no date among the facts of `life`" in problems(run("backtest", rules, folder, "--since", "good=core"))[0]
    assert "`cor` is no state of `life`" in problems(run("backtest", rules, folder, "--since", "joined=cor"))[0]
    assert "the table has no column `sad`" in problems(run("backtest", rules, folder, "--recorded", "sad"))[0]
    assert "there is no such folder" in problems(run("backtest", rules, life / "nowhere"))[0]
    (life / "empty").mkdir()
    assert "the folder holds no reviews" in problems(run("backtest", rules, life / "empty"))[0]
    shutil.copytree(folder / "2026-01-01", folder / "last")
    assert "the folder `last` is not named by a day" in problems(run("backtest", rules, folder))[0]
    assert run("backtest", rules, folder, "--since", "joined").exit_code == 2


def test_the_waiting_list(tmp_path: Path) -> None:
    folder = tmp_path / "2026-11-21"
    folder.mkdir()
    for name in ("accounts.csv", "history.csv"):
        shutil.copy(ROOT / "examples" / "waiting_list" / name, folder / name)
    found = samrules.backtest("portfolio", tmp_path)
    assert found.waiting[date(2026, 11, 21)] == tuple(d.account for d in found.decided if d.decision.outcome == "waitlisted")
    assert "Waiting for a place\n  2026-11-21  " in str(found)

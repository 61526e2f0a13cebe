"""The report: what it says of a portfolio and of an account, and that names in it are text, whatever they look like."""

from __future__ import annotations

import base64
import gzip
import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner, Result

import samrules
from samrules.cli.main import cli
from samrules.inputs.accounts import Accounts, check_tables
from samrules.inputs.tables import read_tables
from samrules.publishing import templates
from samrules.reporting import render
from samrules.reporting.charts import scatter
from samrules.reporting.document import (
    Change,
    Glance,
    Link,
    OutcomeShown,
    Page,
    Picture,
    Point,
    Term,
    UnknownShown,
)
from samrules.reporting.gather import Gathering
from samrules.reporting.render import (
    LISTED,
    STATIC,
    Parts,
    account_html,
    portfolio_html,
    report_html,
)
from samrules.reporting.standing import Frame, size_fact
from samrules.reporting.subject import Override, Past, Subject, subjects
from samrules.reporting.what_if import would_change
from samrules.rules import Rules

EXAMPLES = Path(__file__).parent.parent / "examples"
DAY = date(2026, 11, 21)

SMALL = """\
ruleset: small
version: 1.0.0
title: Thanks
currency: EUR
facts:
  revenue_ttm: {title: revenue of the last 12 months, type: money, source: the ledger}
  csat: {title: satisfaction, type: number, source: the yearly survey}
  keeper: {title: account manager, type: text}
events:
  visited: {title: visit, fields: {by: {title: visitor, type: text}}}
measures:
  visits: {title: visits, count: visited, within: 12 months}
scorecards:
  warmth:
    title: warmth
    criteria:
      content: {title: how content it is, weight: 60, scale: {of: csat, from: 0, to: 10}}
      seen: {title: visits, weight: 40, points: [{when: visits >= 2, points: 40}, {otherwise: 0}]}
rules:
  warm: {title: Warm, when: warmth >= 70, then: {thanks: visit}, because: "{account} is warm, at {warmth} points"}
  kept: {title: In good hands, when: csat >= 5 and keeper is known, then: {thanks: letter}, because: "{account} has {keeper}"}
decide: {thanks: {title: how we say thanks, outcomes: [visit, letter, nothing], hit_policy: priority, otherwise: nothing}}
"""


class Small:
    """A portfolio of a few accounts under the small ruleset."""

    def __init__(self, *accounts: dict[str, Any], text: str = SMALL) -> None:
        self.rules = samrules.loads(text)
        self.gathering = Gathering(Frame(self.rules, size_fact(self.rules)), DAY)
        self.pages = [self.gathering.add(self.subject(**a)) for a in accounts]

    def subject(self, events: Any = (), past: Any = (), held: Any = None, override: Override | None = None, **facts: Any) -> Subject:
        given = self.rules.check_account(facts, events, None, (), DAY)
        decision = self.rules.decide_checked(given.facts, DAY, (), given.record)
        return Subject(decision, given.facts, given.record.events, tuple(past), held, override)

    def html(self) -> str:
        parts = Parts()
        for page in self.pages:
            parts.add(account_html(page))
        return report_html(self.gathering.glance(), parts)


@attrs.frozen
class Portfolio:
    glance: Glance
    pages: dict[str, Page]


def _table(rules: Rules, folder: str) -> Accounts:
    return check_tables(read_tables(str(EXAMPLES / folder)), rules.facts, rules.events, DAY)


@pytest.fixture(scope="module")
def programme() -> Portfolio:
    rules = samrules.load("programme")
    table = _table(rules, "portfolio")
    gathering = Gathering(Frame(rules, size_fact(rules)), DAY)
    decisions = (rules.decide_account(a, table.recorded, DAY, "compiled") for a in table.accounts)
    pages = [gathering.add(s) for s in subjects(rules, table.accounts, decisions, table.recorded)]
    return Portfolio(gathering.glance(), {p.id: p for p in pages})


# --- the portfolio at a glance -------------------------------------------------------------------


def test_what_a_meeting_has_to_know(programme: Portfolio) -> None:
    g = programme.glance
    assert (g.title, g.subtitle) == ("Status in the programme", "20 accounts, decided by programme 1.0.0 for 21 November 2026")
    assert g.lead == (
        "10 of 20 accounts change: 4 to “released”, 2 to “on watch”, 2 to “strategic” and 2 to “nominated”.",
        "3 decisions are open for want of facts: Dunmore Dairy, Eastgate Supplies and Pell Chemicals.")
    assert g.compared == "Changes are measured against what stands on record (status in the programme)."
    assert g.changes[0] == Change("on watch", "released", 4, (
        Link(3, "Norvale"), Link(14, "Hollis & Day"), Link(15, "Ingram Optics"), Link(18, "Larch Foods")), 0)
    assert [(c.before, c.after, c.count) for c in g.changes[1:]] == [
        ("strategic", "on watch", 2), ("nominated", "strategic", 1), ("outside the programme", "strategic", 1),
        ("outside the programme", "nominated", 2)]
    assert g.outcomes[0] == OutcomeShown(0, "released", 5, 0.25, "25%", 4, "73.7", "3.1 million")
    assert [(o.words, o.count) for o in g.outcomes[1:]] == [
        ("on watch", 3), ("strategic", 4), ("nominated", 4), ("outside the programme", 1), ("evidence needed", 3)]
    assert g.unknowns[0] == UnknownShown("number of champions", "champion_count", "contacts", 1, 1)
    assert g.tiles == (("accounts", 20, "all"), ("change", 10, "moved"), ("open", 3, "open"))


def test_levels_and_the_other_questions(programme: Portfolio) -> None:
    [ladder] = programme.glance.ladders
    assert ladder.title == "Level on the Buy-Sell Hierarchy"
    assert [(x.level, x.title, x.count, x.up, x.down) for x in ladder.levels] == [
        ("1", "price", 2, 0, 0), ("2", "quality", 14, 1, 1), ("3", "business results", 3, 0, 0), ("4", "trusted adviser", 0, 0, 0)]
    assert ladder.note == "The level of 1 account is not on record."
    asked = {a.ruleset: a for a in programme.glance.asked}
    assert asked["dedesignation"].title == "Stay in the programme"
    assert asked["dedesignation"].outcomes == (("release", 4), ("watch", 3), ("retain", 12), ("evidence needed", 1))


def test_the_list_begins_with_what_changes(programme: Portfolio) -> None:
    rows = programme.glance.rows
    assert [r.moved for r in rows] == [True] * 10 + [False] * 10
    assert [r.settled for r in rows[10:]] == [False] * 3 + [True] * 7
    first = rows[0]
    assert (first.name, first.id, first.outcome, first.before, first.score, first.size_shown) == (
        "Hollis & Day", "hollis", "released", "on watch", "73.7", "3.1 million")
    assert first.brief.startswith("Hollis & Day does not want what sets a strategic account apart")


def test_scores_against_sizes(programme: Portfolio) -> None:
    picture = programme.glance.picture
    assert picture is not None
    assert picture.says == ("Over 19 accounts the strategic score has little to do with the revenue of the last 12 months "
                            "(Kendall's tau -0.02: 1 the same order, 0 none in common, -1 the reverse).")
    assert picture.note == ("1 account is not drawn: strategic score or revenue of the last 12 months is not known, or not above zero.")
    assert picture.points[0] == Point(1, "Lumen Labs", 2, 400_000, 87.24, 87.24)
    drawn = scatter(picture, programme.glance.outcomes)
    assert ">Lumen Labs</text>" in drawn
    assert drawn.count('class="k2 mark"') == 1


def test_many_accounts_are_dots_without_names() -> None:
    outcomes = (OutcomeShown(0, "in", 600, 1.0, "100%", 0, "", ""),)
    points = tuple(Point(n, f"A{n}", 0, 1000.0 + n, 40, 60) for n in range(1, 601))
    drawn = scatter(Picture("score", "revenue", "EUR", points, "It does.", ""), outcomes)
    assert drawn.count("h0") == 600
    assert "A1" not in drawn
    assert "span" not in drawn
    assert len(drawn) < 15_000


def test_accounts_decided_together_show_places() -> None:
    rules = samrules.load("portfolio")
    table = _table(rules, "waiting_list")
    portfolio = rules.choose([rules.decide_account(a, table.recorded, DAY) for a in table.accounts], DAY)
    gathering = Gathering(Frame(rules, size_fact(rules)), DAY)
    pages = [gathering.add(s) for s in subjects(rules, table.accounts, portfolio.decisions, table.recorded)]
    glance = gathering.glance(portfolio=portfolio)
    assert glance.places is not None
    assert glance.places.says[0] == portfolio.says
    assert [(r.rank, r.name, r.outcome) for r in glance.places.ranking[:3]] == [
        ("1", "Elmira Optics", "in"), ("2", "Fairlie Health", "in"), ("3", "Garnet Tools", "waitlisted")]
    assert glance.compared == "No earlier decision is known, so no change can be shown."
    assert glance.tiles == (("accounts", 14, "all"), ("open", 2, "open"))
    garnet = next(p for p in pages if p.id == "garnet")
    assert garnet.past_note == "Accounts are decided together here, and the other accounts of earlier reviews are not at hand."
    assert garnet.near == ()
    assert "The ranking of those that qualify" in [part.heading for part in garnet.reasons]


# --- the part of an account ----------------------------------------------------------------------


def test_the_part_of_an_account(programme: Portfolio) -> None:
    p = programme.pages["norvale"]
    assert (p.name, p.outcome, p.day) == ("Norvale", "released", "21 November 2026")
    assert p.move == "Was: on watch. From now on: released."
    assert p.answer == ("Norvale does not want what sets a strategic account apart, and we let it go in good order; "
                        "it may be nominated again after 12 months.")
    assert p.terms == (
        Term("Status in the programme, on record", "on watch, since 21 August 2026"),
        Term("Level on the Buy-Sell Hierarchy, on record", "2, quality; from now on 1"),
        Term("Strategic score", "43.5 of 100, low"),
        Term("Revenue of the last 12 months", "3.9 million"))
    assert p.follows[:3] == (Term("Level move", "demote"), Term("Coverage", "inside sales"), Term("Health", "failing"))
    assert [part.heading for part in p.reasons] == ["Because of the rule “Released”", "Also holding, without deciding"]
    asked = {a.question: a for a in p.asked}
    assert asked["Promise of contact"].outcome == "too much"
    assert asked["Promise of contact"].carries == "next step: hold back or agree on more"
    score = p.scores[0]
    assert (score.title, score.shown) == ("Strategic score", "43.5 of 100, low")
    assert (score.bars[5].title, score.bars[5].shown) == ("Projected revenue", "12 of 12")
    assert (p.events[1].day, p.events[1].what, p.events[1].details) == (
        "26 May 2026", "Request for a lower price", "asked: 5%; in answer to: investment")


def test_earlier_reviews_are_decided_anew_and_said_to_be(programme: Portfolio) -> None:
    [past] = programme.pages["norvale"].past
    assert attrs.astuple(past) == (
        "21 August 2026", "on watch",
        "Warning signs at Norvale outweigh what speaks for it; it stays in the programme while we work on them.", "decided anew")
    assert programme.pages["norvale"].past_note.startswith("Decided anew: for this report, by these rules")
    assert programme.pages["megamart"].past_note == "No earlier review or decision of this account is at hand."


def test_an_open_decision_says_what_to_find_out_and_what_is_near(programme: Portfolio) -> None:
    p = programme.pages["pell"]
    assert not p.settled
    assert p.move == "So far: strategic. What it will be is open."
    assert p.follows_title == "What follows meanwhile"
    assert [i.text for i in p.find_out[0].items] == ["number of champions (champion_count; source: contacts)"]


def test_a_score_that_may_be_anything_is_not_known(programme: Portfolio) -> None:
    p = programme.pages["eastgate"]
    assert p.scores[0].shown == "not known"
    assert (p.scores[0].bars[0].shown, p.scores[0].bars[0].missing) == ("0 to 15 of 15", "not known")


def test_near_misses_and_their_distance() -> None:
    small = Small({"account_id": "a", "csat": 4, "keeper": "Ann"})
    [near] = small.pages[0].near
    assert near.heading == "Closest to holding, and what was missing"
    assert [i.text for i in near.items] == [
        "visit, by “Warm”: warmth: 24, at least 70 needed (46 points short)",
        "letter, by “In good hands”: satisfaction: 4, at least 5 needed (1 short)"]


# --- what would change it ------------------------------------------------------------------------


def test_what_would_change_it_and_what_would_not() -> None:
    text = SMALL.replace("csat: {title: satisfaction, type: number,", "csat: {title: satisfaction, type: number, range: 0..10, actionable: raise,")
    small = Small(text=text)
    decision = attrs.evolve(small.subject(account_id="a", csat=3, keeper="Ann", events=[]).decision, explainer=samrules.rules.EXPLAINED)
    parts = would_change(decision, small.gathering.frame)
    assert [(p.heading, p.sentences, [i.text for i in p.items]) for p in parts] == [
        ("Letter instead", ("One way, of 1 change.",), ["satisfaction: from 3 to 5 or more"]),
        ("", ("However many of the facts that were varied change, none of this comes about today: “visit”.",
              "1 fact that is marked as actionable was varied.",
              "At most 2 facts at once, in today's facts only: earlier reviews, the date and the thresholds stay as they are."), [])]
    page = small.gathering.add(Subject(decision, what_if=parts))
    assert page.what_if_note == ""
    assert "<h4>Letter instead</h4>" in account_html(page)


def test_where_it_was_not_looked_for_the_part_says_so(programme: Portfolio) -> None:
    page = programme.pages["norvale"]
    assert page.what_if is None
    assert page.what_if_note == ("Not looked for here; `samrules explain --what-if` finds it, and for all accounts "
                                 "`samrules report --what-if all`.")
    assert page.what_if_note in account_html(page)


@pytest.mark.parametrize(("wanted", "looked_for"), [("all", {"a", "b", "c"}), ("changes", {"a", "b"}), ("none", set())])
def test_for_which_accounts_it_is_looked_for(tmp_path: Path, wanted: str, looked_for: set[str]) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    data = tmp_path / "data"
    data.mkdir()
    (data / "accounts.csv").write_text("account_id,csat,keeper,visits\na,6,Ann,0\nb,,Ann,0\nc,6,Ann,0\n")
    (data / "history.csv").write_text("account_id,review_date,csat,keeper,visits\na,2026-08-01,1,Ann,0\nc,2026-08-01,6,Ann,0\n")
    out = tmp_path / "r.html"
    found = run(str(tmp_path / "small.yaml"), str(data), "--what-if", wanted, "--as-of", "2026-11-21", "--out", str(out))
    assert found.exit_code == 0, found.stderr
    articles = out.read_text("utf-8").split("<article ")[1:]
    assert {account for account, text in zip("abc", articles, strict=True) if "Not looked for" not in text} == looked_for


# --- what it is compared with --------------------------------------------------------------------


def test_against_the_review_before() -> None:
    past = [Past(date(2026, 5, 1), "letter", "It was so")]
    small = Small({"account_id": "a", "csat": 2, "past": past}, {"account_id": "b", "csat": 2}, {"account_id": "c", "csat": 1, "past": past})
    glance = small.gathering.glance()
    assert glance.lead[0] == "2 of the 2 accounts that something earlier is known of change: 2 to “nothing”."
    assert glance.compared == ("Changes are measured against the review before, decided anew: what these rules say of the facts on record "
                               "then. What was decided at the time is not known here.")
    assert [p.move for p in small.pages] == ["Was: letter. From now on: nothing.", "", "Was: letter. From now on: nothing."]


def test_against_a_record_and_with_an_override() -> None:
    override = Override("visit", "Ruth Ax", "They asked us to come", date(2027, 1, 31), 12)
    past = [Past(date(2026, 5, 1), "letter", "It was so", "record 7, 1.0.0")]
    small = Small({"account_id": "a", "csat": 2, "past": past, "held": "nothing", "override": override})
    glance = small.gathering.glance()
    assert glance.lead[0] == "None of 1 account changes."
    assert glance.lead[-1] == "People have put another outcome in place of 1 decision: a."
    assert glance.compared == "Changes are measured against what held the day before, as it is on record."
    assert small.pages[0].move == "As before: nothing."
    assert small.pages[0].override == "Ruth Ax has put “visit” in its place, until 31 January 2027: They asked us to come. (record 12)"
    assert glance.rows[0].overridden == "visit"
    assert small.pages[0].past_note == ""


def test_what_a_ledger_holds(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    from samrules.audit import Ledger
    from samrules.reporting.on_record import on_record

    rules = samrules.loads(SMALL)
    with Ledger.open(tmp_path / "l.ledger", create=True) as ledger:
        ledger.decide(rules, {"account_id": "a", "csat": 6, "keeper": "Ann"}, events=[], as_of=date(2026, 3, 1))
        ledger.decide(rules, {"account_id": "a"}, as_of=date(2026, 6, 1))
        decided = ledger.decide(rules, {"account_id": "a", "csat": 1}, events=[], as_of=date(2026, 9, 1))
        override = ledger.override("a", "letter", by="Ruth Ax", reason="they are new", since=date(2026, 10, 1), expires=date(2026, 12, 31))
        ledger.decide(rules, {"account_id": "a", "csat": 1}, events=[], as_of=DAY)
        ledger.decide(rules, {"account_id": "elsewhere"}, as_of=date(2026, 9, 1))
        found = on_record(ledger, rules, {"a", "b"}, DAY)
    assert set(found) == {"a"}
    mine = found["a"]
    assert mine.held == "letter"
    assert mine.override == Override("letter", "Ruth Ax", "they are new", date(2026, 12, 31), override.seq)
    assert mine.past == [
        Past(date(2026, 10, 1), "letter", "They are new.", f"record {override.seq}, an override by Ruth Ax, until 31 December 2026"),
        Past(date(2026, 9, 1), "nothing", "No rule for another outcome held.", f"record {decided.record.seq}, 1.0.0"),
        Past(date(2026, 6, 1), "evidence_needed", "Still possible: visit or nothing.", f"record {decided.record.seq - 1}, 1.0.0"),
        Past(date(2026, 3, 1), "letter", "a has Ann.", f"record {decided.record.seq - 2}, 1.0.0")]
    small = Small()
    subject = attrs.evolve(small.subject(account_id="a", csat=1), past=(Past(date(2026, 9, 1), "visit", "anew"), Past(date(2026, 1, 1), "letter", "anew")))
    assert [(p.day.isoformat(), p.outcome) for p in mine.onto(subject).past] == [
        ("2026-10-01", "letter"), ("2026-09-01", "nothing"), ("2026-06-01", "evidence_needed"), ("2026-03-01", "letter"), ("2026-01-01", "letter")]


def test_several_outcomes_are_one_line_each() -> None:
    text = SMALL.replace("hit_policy: priority", "hit_policy: collect").replace(", otherwise: nothing", "")
    small = Small({"account_id": "a", "csat": 10, "keeper": "Ann", "events": [
        {"event": "visited", "date": "2026-03-01"}, {"event": "visited", "date": "2026-04-01"}]}, {"account_id": "b", "csat": 6, "keeper": "Ann"}, text=text)
    assert [(o.words, o.count) for o in small.gathering.glance().outcomes] == [("letter", 1), ("visit and letter", 1)]


# --- the file ------------------------------------------------------------------------------------

HOSTILE = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)></script><!--\u2028{{ 7*7 }}&lt;\u202egpj'


class _Read(HTMLParser):
    """What a browser would make of a file: its elements with their attributes, and the text of each."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_names_are_text_whatever_they_look_like() -> None:
    hostile = {"account_id": "A" + HOSTILE, "account_name": HOSTILE, "csat": 6, "keeper": HOSTILE,
               "events": [{"event": "visited", "date": "2026-03-01", "by": HOSTILE}],
               "past": [Past(date(2026, 5, 1), "letter", HOSTILE, HOSTILE)],
               "override": Override("visit", HOSTILE, HOSTILE, date(2027, 1, 1), 3)}
    text = SMALL.replace("facts:\n", "facts:\n  account_name: {type: text}\n", 1)
    small = Small(hostile, {"account_id": "tame", "csat": 9}, text=text)
    whole = small.html()
    tame = Small({"account_id": "a", "account_name": "n", "csat": 6, "keeper": "k", "events": [{"event": "visited", "date": "2026-03-01", "by": "b"}],
                  "past": [Past(date(2026, 5, 1), "letter", "w", "s")], "override": Override("visit", "b", "r", date(2027, 1, 1), 3)},
                 {"account_id": "tame", "csat": 9}, text=text).html()
    read = _Read(whole)
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in _Read(tame).elements]
    assert not any(name.startswith("on") or name == "style" for _, attributes in read.elements for name in attributes)
    texts = " ".join(" ".join(read.texts).split())
    shown = " ".join(HOSTILE.split())
    assert texts.count(shown) > 8
    index = json.loads(re.search(r'<script type="application/json" id="index">(.*?)</script>', whole, re.DOTALL)[1])  # type: ignore[index]
    assert [row[1] for row in index["rows"] if row[0] == 1] == [HOSTILE]
    assert "\u2028" not in re.search(r'id="index">(.*?)</script>', whole, re.DOTALL)[1]  # type: ignore[index]


def test_the_file_needs_nothing_else_and_runs_nothing_else() -> None:
    whole = Small({"account_id": "a", "csat": 6}).html()
    read = _Read(whole)
    loaded = [value for _, attributes in read.elements for name, value in attributes.items() if name in ("src", "href", "srcset", "action")]
    assert all(value and value.startswith("#") for value in loaded)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import", whole)
    [policy] = [a["content"] for tag, a in read.elements if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    sheet = re.search(r"<style>(.*?)</style>", whole, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", whole, re.DOTALL)
    assert sheet and script
    assert policy == (f"default-src 'none'; script-src '{render.allowed(script[1])}'; style-src '{render.allowed(sheet[1])}'; "
                      "base-uri 'none'; form-action 'none'")


def test_the_same_accounts_give_the_same_bytes() -> None:
    accounts = [{"account_id": f"a{n}", "csat": n % 10, "revenue_ttm": 1000 * n} for n in range(1, 40)]
    assert Small(*accounts).html() == Small(*accounts).html()


def test_many_parts_are_packed_and_none_is_lost() -> None:
    count = STATIC + 45
    small = Small(*({"account_id": f"a{n}", "csat": n % 11 if n % 11 < 11 else None} for n in range(count)))
    whole = small.html()
    assert "<article" not in whole
    unpacked: dict[int, str] = {}
    for first, data in re.findall(r'<script type="application/octet-stream" class="packed" data-first="(\d+)">(.*?)</script>', whole):
        for place, html in enumerate(json.loads(gzip.decompress(base64.b64decode(data)))):
            unpacked[int(first) + place] = html
    assert unpacked == {page.number: account_html(page) for page in small.pages}
    assert whole.count("<tr><th scope=\"row\"><a ") == LISTED
    assert f"{count} accounts, the first {LISTED} listed" in whole


def test_the_parts_stand_by_themselves() -> None:
    small = Small({"account_id": "a", "csat": 6, "keeper": "Ann", "revenue_ttm": 5}, {"account_id": "b", "csat": 1, "revenue_ttm": 6})
    part = account_html(small.pages[0])
    assert part.startswith('<article id="account-1" aria-labelledby="name-1">')
    assert part.rstrip().endswith("</article>")
    there = portfolio_html(small.gathering.glance(), lambda number: f"/accounts/{number}")
    assert "<html" not in there
    assert "Accounts</h2>" not in there


# --- the command ---------------------------------------------------------------------------------


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["report", *arguments])


def test_the_command_writes_one_file(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    found = run("programme", str(EXAMPLES / "portfolio"), "--as-of", "2026-11-21", "--title", "Autumn & after", "--out", str(out))
    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr == f"{out}: written, {out.stat().st_size / 1e6:.1f} MB\n"
    text = out.read_text("utf-8")
    assert "<title>Autumn &amp; after, 21 November 2026</title>" in text
    assert text.count("<article ") == 20


def test_the_command_compares_with_a_ledger(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    from samrules.audit import Ledger

    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "accounts.csv").write_text("account_id,csat,keeper,visits\na,6,Ann,0\n")
    with Ledger.open(tmp_path / "l.ledger", create=True) as ledger:
        ledger.decide(samrules.load(tmp_path / "small.yaml"), {"account_id": "a", "csat": 1, "visits": 0}, as_of=date(2026, 3, 1))
    before = (tmp_path / "l.ledger").read_bytes()
    out = tmp_path / "r.html"
    found = run(str(tmp_path / "small.yaml"), str(tmp_path / "accounts.csv"), "--ledger", str(tmp_path / "l.ledger"), "--as-of", "2026-11-21", "--out", str(out))
    assert found.exit_code == 0, found.stderr
    assert "1 of 1 account changes: 1 to “letter”." in out.read_text("utf-8")
    assert (tmp_path / "l.ledger").read_bytes() == before


@pytest.mark.parametrize(("arguments", "said"), [
    (("--against", "revenue_tm"), "--against: error[bad-value]: `programme` knows no fact `revenue_tm`\nhelp: did you mean `revenue_ttm`?"),
    (("--against", "sector"), "--against: error[bad-value]: `sector` is no amount or number\n"),
    (("--as-of", "soon"), "--as-of: error[bad-date]: `soon` is not a date"),
    (("--engine", "steam"), "engine: error[no-such-engine]: there is no engine `steam`"),
    (("--ledger", "no.ledger"), "no.ledger: error["),
])
def test_what_cannot_be_used_is_said_and_nothing_is_written(tmp_path: Path, arguments: tuple[str, str], said: str) -> None:
    out = tmp_path / "r.html"
    found = run("programme", str(EXAMPLES / "portfolio"), *arguments, "--out", str(out))
    assert found.exit_code == 2
    assert found.stderr.startswith(said), found.stderr
    assert not out.exists()


def test_a_name_that_says_something_else_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    found = run("programme", str(EXAMPLES / "portfolio"), "--out", str(out))
    assert found.exit_code == 2
    assert found.stderr == f"{out}: error[unknown-format]: a report is HTML, and `report.pdf` does not say so\nhelp: end the name in .html\n\n"


def test_what_is_read_is_not_written_over(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.html"
    accounts.write_text("account_id\na\n")
    found = run("designation", str(accounts), "--out", str(accounts))
    assert found.exit_code == 2
    assert accounts.read_text() == "account_id\na\n"


def test_bad_accounts_leave_the_report_of_before_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("account_id,csat\na,many\nb,11\n")
    out = tmp_path / "r.html"
    out.write_text("the report of before")
    found = run("designation", str(tmp_path / "accounts.csv"), "--out", str(out))
    assert found.exit_code == 2
    assert "2 errors" in found.stderr
    assert out.read_text() == "the report of before"
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["accounts.csv", "r.html"]


@pytest.fixture
def _without_jinja(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for cached in (render._environment, render._module):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    yield
    for cached in (render._environment, render._module):
        cached.cache_clear()


@pytest.mark.usefixtures("_without_jinja")
def test_without_the_extra_it_says_which(tmp_path: Path) -> None:
    found = run("designation", str(EXAMPLES / "portfolio"), "--out", str(tmp_path / "r.html"))
    assert found.exit_code == 2
    assert found.stderr == ("report: error[needs-extra]: reports need the package jinja2, which is not installed\n"
                            "help: pip install \"samrules[report]\"\n\n")
    assert templates.Raw("x") == "x"

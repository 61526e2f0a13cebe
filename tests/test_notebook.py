"""What a notebook shows of a decision, an explanation and a portfolio: by itself, without colours of its own, and escaped."""

from __future__ import annotations

import re
from datetime import date

import attrs
import pytest
from click.testing import CliRunner

import samrules
from samrules.cli.main import cli
from samrules.rules import ENGINES
from tests.test_report import DAY, EXAMPLES, HOSTILE, SMALL, Small, _Read, _table

SHOWN = (
    '<div style="font-family:inherit;color:inherit;line-height:1.45;max-width:60em;text-align:left" role="group" aria-label="Decision on a">'
    '<p style="margin:.3em 0"><strong>a</strong>&ensp;<span style="border:1px solid currentColor;border-radius:.4em;padding:.1em .5em;'
    'font-weight:600">letter</span>&ensp;<span style="opacity:.8;font-size:.9em">small 1.0.0, 21 November 2026</span></p>'
    '<p style="margin:.3em 0">a has Ann.</p>'
    '<details style="margin:.3em 0" open=""><summary style="cursor:pointer;font-weight:600">Because of the rule “In good hands”</summary>'
    '<ul style="list-style:none;margin:.2em 0;padding-left:1.4em">'
    '<li style="margin:.1em 0"><span role="img" aria-label="holds">✓</span> satisfaction: 6, at least 5 needed</li>'
    '<li style="margin:.1em 0"><span role="img" aria-label="holds">✓</span> account manager: known</li></ul></details>')


def test_a_decision_shows_itself() -> None:
    decision = samrules.loads(SMALL).decide({"account_id": "a", "csat": 6, "keeper": "Ann"}, events=[], as_of=DAY)
    shown = decision._repr_html_()
    assert shown is not None
    assert shown.startswith(SHOWN), shown
    assert re.search(r"<p [^>]*>Decided by small 1\.0\.0 \(sha256:\w{12}…\) for 21 November 2026 on facts sha256:\w{12}…</p></div>$", shown)


@pytest.mark.parametrize("engine", [e for e in ENGINES if e != "durable"])
def test_every_engine_shows_the_same(engine: str) -> None:
    rules = samrules.load("dedesignation")
    facts = {"account_id": "a", "designation_status": "strategic", "discount_requests": 3}
    assert rules.decide(facts, as_of=DAY, engine=engine)._repr_html_() == rules.decide(facts, as_of=DAY)._repr_html_()


def test_an_explanation_shows_itself() -> None:
    decision = samrules.loads(SMALL).decide({"account_id": "a", "keeper": "Ann"}, as_of=DAY)
    shown = decision.why_not("letter")._repr_html_()
    assert "<strong>a: why not letter?</strong>" in shown
    assert 'aria-label="not known"' in shown


def test_a_portfolio_shows_itself() -> None:
    rules = samrules.load("portfolio")
    table = _table(rules, "waiting_list")
    portfolio = rules.choose([rules.decide_account(a, table.recorded, DAY) for a in table.accounts], DAY)
    shown = portfolio._repr_html_()
    read = _Read(shown)
    assert [tag for tag, _ in read.elements].count("tr") == 15
    assert portfolio.says in " ".join(read.texts)
    assert ">Garnet Tools</th>" in shown
    many = attrs.evolve(portfolio, decisions=portfolio.decisions * 5)._repr_html_()
    assert "and 10 more accounts" in many


def test_names_are_text() -> None:
    for name in (HOSTILE, "tame"):
        text = SMALL.replace("facts:\n", "facts:\n  account_name: {type: text}\n", 1)
        decision = Small(text=text).subject(account_id="A", account_name=name, csat=6, keeper=name,
                                            events=[{"event": "visited", "date": "2026-03-01", "by": name}]).decision
        read = _Read(str(decision.explained_by(samrules.rules.EXPLAINED)._repr_html_()))
        if name == HOSTILE:
            hostile = read
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in read.elements]
    assert not any(key.startswith("on") or key in ("src", "href") for _, attributes in hostile.elements for key in attributes)
    assert HOSTILE in " ".join(hostile.texts)


@pytest.mark.parametrize("question", [(), ("--why-not", "retain"), ("--what-if", "--most", "1"), ("--set", "csat=3")])
def test_an_explanation_as_a_file(question: tuple[str, ...]) -> None:
    asked = ["explain", "dedesignation", str(EXAMPLES / "portfolio"), "--account", "norvale", "--as-of", "2026-11-21", *question]
    file, text = CliRunner().invoke(cli, [*asked, "--format", "html"]), CliRunner().invoke(cli, asked)
    assert (file.exit_code, file.stderr) == (0, "")
    assert file.stdout.startswith('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">')
    read = _Read(file.stdout)
    assert {tag for tag, _ in read.elements} <= {"html", "head", "meta", "title", "body", "main", "h1", "h2", "p", "ul", "li", "span"}
    bare = re.sub(r"[=✓✗?·\s]+", "", "".join(read.texts)).removeprefix(re.sub(r"\s+", "", text.stdout.splitlines()[0]).replace("?", ""))
    assert bare == re.sub(r"[=✓✗?·\s]+", "", text.stdout)


def test_without_an_explainer_there_is_the_repr() -> None:
    decision = samrules.loads(SMALL).decide({"account_id": "a", "csat": 6}, as_of=date(2026, 1, 1))
    assert attrs.evolve(decision, explainer=None)._repr_html_() is None

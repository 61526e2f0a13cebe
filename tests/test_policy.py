"""Policy documents: complete, in words, and text whatever the names are."""

from __future__ import annotations

import re
import sys
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from samrules.check.checker import CheckedRuleset, check
from samrules.cli.main import cli
from samrules.decision.words import word
from samrules.plan.planner import plan
from samrules.publishing.policy import policy
from samrules.publishing.templates import _template, as_html, as_markdown
from samrules.syntax.library import bundle_of_text, bundled_names, load_bundle
from tests.test_corpus import GOOD

DAY = date(2026, 11, 21)

SMALL = """\
ruleset: small
version: 1.2.0
title: How an account is served
description: Service goes where it is wanted
currency: EUR
facts:
  revenue_ttm: {title: revenue of the last 12 months, type: money, range: 0.., source: the ledger}
  wants_it: {title: the customer wants a manager, type: boolean}
  since: {title: first order, type: date, source: the ledger}
parameters:
  large: {title: Revenue of a large account, type: money, values: {2020-01-01: 1M, 2026-01-01: 2M}, reason: It pays for one.}
define:
  wants_and_pays: {title: the account wants a manager and pays for one, all: [wants_it, revenue_ttm >= large]}
tables:
  serve:
    title: how it is served
    inputs: [wants_it, revenue_ttm, age(since)]
    because: "{account} buys for {revenue_ttm}"
    rows:
      - {when: ["true", ">= large", "-"], then: {model: dedicated, visits: 12}}
      - {when: ["-", "[250k..1M]", "< 24 months"], then: {model: digital}}
rules:
  asks:
    title: Asks for more
    when: {any: [wants_and_pays, not wants_it]}
    unless: revenue_ttm < 100k
    sustained: 2 reviews over 6 months
    then: {model: dedicated}
decide: {model: {outcomes: [dedicated, digital], hit_policy: first, otherwise: digital}}
"""

WRITTEN = """\
# How an account is served

Policy small, version 1.2.0, with the thresholds in force on 21 November 2026

## 1. Purpose

Service goes where it is wanted.

## 2. Scope

It decides for each account by itself, on the day of the decision: dedicated or digital.

A fact that is not known counts neither as no nor as zero. Where the known facts leave the answer open, the answer is “evidence needed”, with the facts to find out first.

## 3. Outcomes, and what each leads to

Where several rules hold at once, the first of them decides.

| Outcome | By rule | What may follow |
|---|---|---|
| **dedicated** | 1, 2 | visits: 12 |
| **digital** | 3; where no rule holds | – |

## 4. Rules

### Rule 1: Asks for more

→ **dedicated**

The rule holds when one or more of these hold:

- the account wants a manager and pays for one
- it is not so that the customer wants a manager

It does not hold when this holds:

- revenue of the last 12 months: below EUR 100,000

It must hold at 2 reviews in a row, over at least 6 months.

### Table: how it is served

A row holds when all of its cells do; each row is a rule.

| Rule | The customer wants a manager | Revenue of the last 12 months | Time since first order | → model | → visits | Reason |
|---|---|---|---|---|---|---|
| 2 | yes | at least EUR 2 million ‹large› | any | dedicated | 12 | \\[account\\] buys for \\[revenue of the last 12 months\\] |
| 3 | any | from EUR 250,000 to EUR 1 million | less than 24 months ago | digital |  | \\[account\\] buys for \\[revenue of the last 12 months\\] |

## 5. Terms

**The account wants a manager and pays for one**

That is so when all of these hold:

- the customer wants a manager
- revenue of the last 12 months: at least EUR 2 million ‹large›

## 6. Thresholds

In the rules a threshold stands with its name in ‹angle quotes›.

| Threshold | Value | In force since | Meaning and reason | Sources |
|---|---|---|---|---|
| ‹large› | **EUR 2 million**; also EUR 1 million from 1 January 2020 | 1 January 2026 | Revenue of a large account. It pays for one. |  |

## 7. Open questions

- No row of the table \\`serve\\` applies, for example for revenue\\_ttm 0.
- The table \\`serve\\` has rows that cite nothing.
- The rule \\`asks\\` has no sentence for the reader.
- The rule \\`asks\\` cites nothing.
- Where it comes from is not said of: the customer wants a manager.

## 8. Glossary of facts

| Fact | Name in data | Values | Where it comes from |
|---|---|---|---|
| **First order** | since | date | the ledger |
| **Revenue of the last 12 months** | revenue\\_ttm | amount in EUR, at least EUR 0 | the ledger |
| **Whether the customer wants a manager** | wants\\_it | yes or no | not said |

## 9. Version and signatures

This document states the ruleset small, version 1.2.0. The fingerprint below changes with any change of meaning in one of them; a decision names the fingerprint it was made by.

`DIGEST`

| Role | Name | Date | Signature |
|---|---|---|---|
| Head of the programme |  |  |  |
| Executive sponsor |  |  |  |
| Finance or audit |  |  |  |
"""


def written(checked: CheckedRuleset) -> tuple[str, str]:
    document = policy(checked, plan(checked), DAY)
    return as_markdown(document, ""), as_html(document, "")


def test_a_policy_to_the_letter() -> None:
    checked = check(bundle_of_text(SMALL, "small.yaml"))
    assert written(checked)[0] == WRITTEN.replace("DIGEST", plan(checked).digest)


class Page(HTMLParser):
    """Tags, the text, and whether every tag is closed where it should be."""

    VOID = frozenset({"meta", "path", "rect", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [str(value) for name, value in attrs if name == "id"]
        self.links |= {str(value) for name, value in attrs if name == "href"}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.mark.parametrize("path", [*bundled_names(), *GOOD], ids=str)
def test_a_policy_leaves_nothing_out(path: str | Path) -> None:
    """Every rule, outcome, own definition, threshold, criterion and fact of the ruleset stands in it."""
    checked = check(load_bundle(path))
    r = checked.main
    markdown, html = written(checked)
    page = Page(html)
    assert not page.open
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    said = " ".join(page.said.split()).lower()
    for rule in r.rules:
        if rule.table is None:
            assert " ".join((rule.title or word(rule.name)).split()).rstrip(".").lower() in said
    for definition in r.define:
        if definition.made_from is None:
            assert (definition.title or word(definition.name)).lower() in said
    for parameter in r.parameters:
        assert f"‹{word(parameter.name)}›" in said
    for name in (*(f.name for f in r.facts), *(o for o in (r.decide.outcomes if r.decide else ()))):
        assert word(name) in word(said)
    for criterion in (c for card in r.scorecards for c in card.criteria):
        assert (criterion.title or word(criterion.name)).lower() in said
    assert plan(checked).digest in html
    assert plan(checked).digest in markdown


def test_names_are_text() -> None:
    script = "<script>alert(1)</script>"
    text = SMALL.replace("How an account is served", script).replace("Asks for more", "a | b ![x](http://e.example)") \
        .replace("Service goes", f"'{script} `x` # *y*'").replace("where it is wanted", "").replace("the ledger", "'<img src=x onerror=alert(2)>'")
    markdown, html = written(check(bundle_of_text(text, "small.yaml")))
    page = Page(html)
    assert not page.tags & {"script", "img"}
    assert not any(name.startswith("on") for name in page.attributes)
    assert script in page.said
    assert "\\<script\\>" in markdown
    assert "### Rule 1: A \\| b !\\[x\\](http://e.example)" in markdown
    assert not re.search(r"(?<!\\)<", markdown)


def test_the_thresholds_are_those_of_the_day() -> None:
    checked = check(bundle_of_text(SMALL, "small.yaml"))
    early = as_markdown(policy(checked, plan(checked), date(2020, 5, 1)), "")
    assert "at least EUR 1 million ‹large›" in early
    assert "| **EUR 1 million**; also EUR 2 million from 1 January 2026 | 1 January 2020 |" in early
    before = as_markdown(policy(checked, plan(checked), date(2019, 5, 1)), "")
    assert "| **none yet**; also EUR 1 million from 1 January 2020; EUR 2 million from 1 January 2026 |  |" in before


def test_an_overlay_says_what_differs(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("""\
ruleset: ours
version: 1.0.0
extends: designation
replace:
  parameters: {entry_score: {values: {1990-01-01: 75}}}
remove: {rules: [kept_as_a_vendor]}
rules:
  owes_us_money:
    when: financial_health <= 1
    then: {action: decline}
    because: "{account} owes us money"
    cites: [elimination/helps-reach-goals]
""")
    markdown, _ = written(check(load_bundle(tmp_path / "ours.yaml")))
    assert ("It is the policy designation 1.0.0 with what differs here: changed: entry score; added: owes us money; "
            "removed: kept as a vendor.\n") in markdown
    assert "‹entry score› | **75** |" in markdown
    assert "Keeps every supplier a vendor" not in markdown


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli, ["docs", *args])
    return result.exit_code, result.stdout, result.stderr


def test_the_command(tmp_path: Path) -> None:
    html, markdown = tmp_path / "policy.html", tmp_path / "policy.md"
    assert run("programme", "--as-of", "2026-11-21", "--out", str(html)) == (0, "", "")
    assert run("programme", "--as-of", "2026-11-21", "--out", str(markdown)) == (0, "", "")
    assert "<svg" in html.read_text("utf-8")
    assert "```mermaid\n" in markdown.read_text("utf-8")
    assert run("programme", "--as-of", "2026-11-21")[1] == markdown.read_text("utf-8")
    assert Page(html.read_text("utf-8")).open == []


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _template.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    out = tmp_path / "policy.md"
    assert run("designation", "--out", str(out)) == (
        2, "", "docs: error[needs-extra]: policy documents need the package jinja2, which is not installed\n"
               "help: pip install \"samrules[report]\"\n\n")
    assert not out.exists()

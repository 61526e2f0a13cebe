"""Real shapes: three public data sets beside the checkout. Skipped where they are not there."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

import samrules
from samrules.cli.main import cli
from samrules.engines.measures import Record
from samrules.inputs.accounts import check_tables
from samrules.inputs.tables import read_tables

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "facts"
DATES = {"classicmodels": "2005-05-31", "northwind": "1998-05-06", "maven": "2017-12-31"}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not beside this checkout")

COUNTING = """
ruleset: counting
version: 1.0.0
uses: [account_facts]
measures: {turnover: {sum: order_placed.amount, within: 12 months}}
rules: {r: {when: order_count >= 0, then: {d: x, turnover: {value: turnover}, given: {value: revenue_ttm}}}}
decide: {d: {outcomes: [x, y], otherwise: y}}
"""


@pytest.mark.parametrize("ruleset", ["designation", "dedesignation", "strategic_score", "programme"])
@pytest.mark.parametrize("name", DATES)
def test_decisions_on_real_shapes_are_honest(name: str, ruleset: str) -> None:
    """Most accounts are open, and each open one names the missing facts that matter."""
    found = CliRunner().invoke(
        cli, ["decide", ruleset, str(DATA / name / "accounts.csv"), "--as-of", DATES[name], "--format", "json"])
    assert found.exit_code == 0
    decisions = json.loads(found.stdout)
    unsettled = [d for d in decisions if not d["settled"]]
    assert len(unsettled) > len(decisions) / 2
    assert all(d["outcome"] == "evidence_needed" and d["deciding_unknowns"] for d in unsettled)


@pytest.mark.parametrize("name", ["classicmodels", "northwind"])
def test_counted_from_events_equals_what_was_given(name: str) -> None:
    """Orders and revenue counted from the events are those of the accounts and of every review."""
    rules = samrules.loads(COUNTING)
    day = date.fromisoformat(DATES[name])
    tables = check_tables(read_tables(DATA / name), rules.facts, rules.events, day)
    assert tables.recorded == {"order_placed"}
    for account in tables.accounts:
        reviews = [*account.history, (day, account.facts)]
        for at, facts in reviews:
            decision = rules.decide_checked(facts, at, (), Record(account.events, tables.recorded))
            turnover, given = (decision.outputs[k][0] for k in ("turnover", "given"))
            assert turnover == pytest.approx(given, abs=0.02), (account.id, at)

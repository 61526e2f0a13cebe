"""docs/reconciliations.md is true: where the sources disagree, the bundled rulesets take one reading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import samrules
from samrules.decision.decision import Decision
from samrules.inputs.accounts import Account, check_tables
from samrules.inputs.tables import read_tables
from samrules.rules import Rules

ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2026, 11, 21)
EARLIER = (date(2026, 2, 21), date(2026, 5, 21), date(2026, 8, 21))


def accounts() -> Mapping[str, Account]:
    rules = samrules.load("programme")
    tables = check_tables(read_tables(ROOT / "examples" / "portfolio" / "accounts.csv"), rules.facts, rules.events, AS_OF)
    return {a.id: a for a in tables.accounts}


ACCOUNTS = accounts()


def decided(ruleset: str, account: str, *, lasting: bool = False, **changes: Any) -> Decision:
    """An account of the example with some facts changed; `lasting` when they were so at three reviews before."""
    facts = {**ACCOUNTS[account].facts, **changes}
    history = [(day, facts) for day in EARLIER] if lasting else []
    return loaded(ruleset).decide_checked(facts, AS_OF, history)


RULES: dict[str, Rules] = {}


def loaded(name: str) -> Rules:
    return RULES.setdefault(name, samrules.load(name))


WORST: dict[str, Any] = {"renewal_likelihood": 0.0, "customer_growth_pct": -0.5, "product_fit": 1, "personal_relationship_count": 0,
         "financial_health": 1, "projected_revenue_3y": 0.0, "revenue_rank_pct": 0.0}
"""Facts that bring the strategic score to 0."""


@pytest.mark.parametrize("account", ["harrow", "teclan", "pell", "ferrum"])
@pytest.mark.parametrize("status", ["strategic", "watch"])
def test_1_a_falling_score_alone_never_releases(account: str, status: str) -> None:
    changed = {**WORST, "designation_status": status, "status_since": date(2020, 1, 1), "champion_count": 2,
               "external_shock": False}
    found = decided("dedesignation", account, lasting=True, **changed)
    assert found.scores[0].high == 0
    assert found.outcome == "watch"
    assert decided("programme", account, lasting=True, **changed).outcome != "released"


def test_1_entry_is_hard_and_exit_slow() -> None:
    assert decided("designation", "borealis").scores[0].low == 70
    assert decided("designation", "borealis").outcome == "designate"
    assert decided("designation", "borealis", renewal_likelihood=0.94).outcome == "nominate"
    low: dict[str, Any] = {**WORST, "plan_reaffirmed_by_customer": False, "external_shock": False}
    assert "low_score_twice" not in {r.name for r in decided("dedesignation", "teclan", **low).fired}
    assert "low_score_twice" in {r.name for r in decided("dedesignation", "teclan", lasting=True, **low).fired}


def test_1_tenure_is_waived_by_the_customers_own_acts_only() -> None:
    young = {"designation_status": "strategic", "designated_on": date(2026, 1, 15), "status_since": date(2026, 1, 15)}
    by_price = decided("dedesignation", "hollis", lasting=True, **young)
    assert by_price.outcome == "watch"
    by_its_acts = decided("dedesignation", "norvale", lasting=True, **young)
    assert (by_its_acts.outcome, by_its_acts.outputs["reason"][0]) == ("release", "asked_to_leave")


def test_1_a_released_account_stays_out_for_a_year() -> None:
    assert decided("designation", "juno", status_since=date(2025, 11, 22)).outcome == "decline"
    assert decided("designation", "juno", status_since=date(2025, 11, 21)).outcome == "designate"
    assert decided("programme", "juno", status_since=date(2025, 11, 22)).outcome == "released"
    assert decided("programme", "juno", status_since=date(2025, 11, 21)).outcome == "strategic"


def test_2_hiccups_and_warning_signs() -> None:
    assert decided("health", "harrow").outcome == "hiccup"
    assert decided("dedesignation", "harrow").outcome == "retain"
    assert decided("health", "osprey").outcome == "hollow"
    strategic = {"designation_status": "strategic", "designated_on": date(2020, 1, 1), "status_since": date(2020, 1, 1)}
    assert decided("dedesignation", "osprey", lasting=True, **strategic).outcome != "release"


def test_4_revenue_is_a_fifth_of_the_score_and_neither_enough_nor_needed() -> None:
    card = next(c for c in loaded("strategic_score").ruleset.scorecards if c.name == "strategic_score")
    weights = {c.name: c.weight for c in card.criteria}
    assert weights["present_revenue"] + weights["projected_revenue"] == 20
    assert decided("designation", "megamart", revenue_ttm=1e9, revenue_rank_pct=1.0, gross_margin_pct=0.4).outcome == "decline"
    assert decided("designation", "lumen-labs", revenue_rank_pct=0.0).outcome == "designate"


def test_5_a_faster_rhythm_is_an_agreed_amendment() -> None:
    often: dict[str, Any] = {"contacts_promised": 6, "contacts_made": 14, "cadences_agreed": 1}
    assert decided("cadence", "teclan", **often, cadence_amendments=0).outcome == "too_much"
    assert decided("cadence", "teclan", **often, cadence_amendments=1).outcome == "kept"


def test_6_breadth_counts_and_not_one_friend() -> None:
    def points(people: int) -> float:
        found = decided("strategic_score", "teclan", personal_relationship_count=people)
        return next(c.low for c in found.scores[0].criteria if c.name == "relationships")

    assert [points(people) for people in (0, 1, 5, 9)] == [0, 3, 15, 15]


def test_7_nominated_early_and_designated_after_proof() -> None:
    assert decided("designation", "lumen-labs", customer_views_us_as="vendor", customer_investment=0,
                   interdependence=0, customer_metric_impact=0).outcome == "nominate"
    assert decided("designation", "lumen-labs").outcome == "designate"


def test_8_a_service_counts_when_the_customer_confirmed_it() -> None:
    assert decided("dedesignation", "hollis", lasting=True, designation_status="strategic").outcome == "release"
    assert decided("dedesignation", "hollis", lasting=True, designation_status="strategic", services_confirmed=1).outcome == "watch"


def test_9_what_we_think_of_ourselves_never_promotes() -> None:
    proud = {"claimed_level": 4, "csat": 10.0, "on_time_delivery_pct": 1.0}
    assert decided("buy_sell", "osprey", lasting=True, **proud).outcome == "hold"
    assert decided("buy_sell", "teclan", lasting=True).outcome == "promote"
    assert decided("buy_sell", "teclan", lasting=True, perceived_level_spread=2).outcome == "hold"


def test_the_page_names_what_exists() -> None:
    page = (ROOT / "docs" / "reconciliations.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 9
    for row in rows:
        for part in row.split(" | ")[3].strip(" |").split("; "):
            ruleset, *names = re.findall(r"`(\w+)`", part)
            text = (ROOT / "rulesets" / f"{ruleset}.yaml").read_text("utf-8")
            assert [n for n in names if not re.search(rf"\b{n}\b", text)] == [], ruleset

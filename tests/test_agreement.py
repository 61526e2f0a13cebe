"""The law that all engines agree, on random rulesets and accounts and on every case that was ever found different."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.engines import durable
from samrules.engines.durable_network import FALSE, TRUE, Network, bit
from samrules.inputs.accounts import Account, check_tables
from samrules.inputs.tables import read_tables
from samrules.rules import Rules
from samrules.syntax.library import bundled_names
from tests import strategies as some
from tests.conftest import needs_durable, why_no_durable
from tests.test_corpus import agrees, cases, decided, normal

ENGINES = ("interpreter", "compiled", *(["durable"] if why_no_durable() is None else []))

ROOT = Path(__file__).parent.parent
PORTFOLIO = ROOT / "examples" / "portfolio"
SHARED = ROOT.parent / "shared" / "data" / "facts"
DIFFERENCES = sorted((Path(__file__).parent / "corpus" / "differences").glob("*.yaml"))

slow = settings(deadline=None, suppress_health_check=list(HealthCheck))

odd_texts = st.one_of(st.sampled_from(["", "a", "b,c", "true", "null", "1", 'a"b', "\\", "a\nb", "é", "日本", "a\x00b", "x" * 70_000]),
                      st.text(max_size=5)).filter(str.strip)


def same(rules: Rules, facts: dict[str, Any], **more: Any) -> None:
    """All engines say the same to the last byte, but for their name; or refuse the same."""
    found = []
    for engine in ENGINES:
        try:
            decision = rules.decide(facts, as_of=some.AS_OF, engine=engine, **more)
            assert decision.engine == engine
            found.append(decision.to_json().replace(f'"engine": "{engine}"', "", 1) + str(decision.why()))
        except samrules.FactError as error:
            found.append(str(error))
    assert found == found[:1] * len(ENGINES)


@slow
@given(some.rulesets(monotone=False), st.lists(st.tuples(some.accounts(), some.histories(), some.events(), odd_texts),
                                               min_size=1, max_size=3))
def test_random_rulesets(case: some.Case, accounts: list[Any]) -> None:
    """Every operator, construct and hit policy; missing values, extremes, odd texts, reviews, events."""
    rules = samrules.loads(case.text)
    for facts, history, events, note in accounts:
        given_ = {**facts, "note": note} if "note" in facts else facts
        same(rules, given_, history=history, events=events)


@slow
@given(some.rulesets(monotone=False, policies=("priority", "first", "unique")), some.askers(), some.accounts(), some.events())
def test_rulesets_that_ask_others(tmp_path_factory: pytest.TempPathFactory, asked: some.Case, asker: some.Case,
                                  facts: dict[str, Any], events: Any) -> None:
    folder = tmp_path_factory.mktemp("asked")
    (folder / "random.yaml").write_text(asked.text, encoding="utf-8")
    same(samrules.loads(asker.text, folder=folder), facts, events=events)


@given(st.integers(0, 14), st.lists(st.sampled_from([True, False]), max_size=14))
def test_at_least_is_counting(count: int, truths: list[bool]) -> None:
    """Of constants, `at_least` comes out as counting does."""
    found = Network().at_least(count, [TRUE if t else FALSE for t in truths])
    assert found.constant is (sum(truths) >= count)


def test_at_least_grows_with_what_it_counts() -> None:
    """10 of 20 are some hundred gates, not 184,756 ways to choose them."""
    net = Network()
    net.at_least(10, [bit(net.source(f"fact {i}", "truth"), "c") for i in range(20)])
    assert len(net.rules) < 1000


@pytest.mark.parametrize("path", DIFFERENCES, ids=lambda p: p.stem)
def test_differences(path: Path, engine: str) -> None:
    """What once came out differently, or would in durable_rules itself, comes out as the file says."""
    rules = samrules.load(path)
    found = list(cases(path))
    assert found
    for case in found:
        here, expected = decided(rules, case), normal(case.expected)
        assert all(agrees(v, here.get(k)) for k, v in expected.items()), f"{case.facts}: {here}"


@pytest.mark.parametrize("ruleset", [name for name in bundled_names() if samrules.load(name).outcomes])
def test_the_example_portfolio(ruleset: str) -> None:
    """The output on the portfolio, its events and reviews, byte for byte but for the engine's name."""
    assert_same_bytes(ruleset, PORTFOLIO, "2026-11-21")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not beside this checkout")
@pytest.mark.parametrize(("name", "day"), [("classicmodels", "2005-05-31"), ("northwind", "1998-05-06"), ("maven", "2017-12-31")])
def test_the_shared_data(name: str, day: str) -> None:
    assert_same_bytes("programme", SHARED / name, day)


def assert_same_bytes(ruleset: str, folder: Path, day: str) -> None:
    found = []
    for engine in ENGINES:
        ran = CliRunner().invoke(cli, ["decide", ruleset, str(folder), "--as-of", day, "--engine", engine, "--format", "json"])
        assert ran.exit_code == 0, ran.output
        assert ran.stdout.count(f'"engine": "{engine}"') == len(json.loads(ran.stdout)) > 0
        found.append(ran.stdout.replace(f'"engine": "{engine}"', '"engine": ""'))
    assert found == found[:1] * len(ENGINES)


def test_explain_takes_an_engine() -> None:
    texts = [CliRunner().invoke(cli, ["explain", "dedesignation", str(PORTFOLIO), "--account", "norvale",
                                      "--as-of", "2026-11-21", "--engine", engine]).stdout
             for engine in ENGINES]
    assert texts == texts[:1] * len(ENGINES)
    assert texts[0].startswith("Norvale: release")


def test_an_error_comes_out_of_all(engine: str) -> None:
    """A parameter without a value on the day of a review that counts."""
    rules = samrules.loads(
        "ruleset: r\nversion: 1.0.0\nfacts: {x: {type: number}}\nparameters: {p: {type: number, values: {2026-06-01: 2}}}\n"
        "rules: {a: {when: x > p, then: {d: go}, sustained: 2 reviews}}\ndecide: {d: {outcomes: [go, stay], otherwise: stay}}\n")
    history = [{"review_date": date(2026, 1, 1), "x": 3}]
    with pytest.raises(samrules.FactError, match="has no value on 2026-01-01"):
        rules.decide({"account_id": "A", "x": 3}, as_of=some.AS_OF, history=history)
    later = [{"review_date": date(2026, 7, 1), "x": 3}]
    assert rules.decide({"account_id": "A", "x": 3}, as_of=some.AS_OF, history=history + later).outcome == "go"


@needs_durable
def test_accounts_leave_nothing_behind() -> None:
    """An account decided after others is decided as alone: one's texts, reviews and facts are not the next one's."""
    rules, day = samrules.load("programme"), date(2026, 11, 21)
    tables = check_tables(read_tables(PORTFOLIO), rules.facts, rules.events, day)

    def decide(account: Account) -> str:
        return rules.decide_account(account, tables.recorded, day, "durable").to_json()

    durable.forget()
    forwards = [decide(a) for a in tables.accounts]
    backwards = [decide(a) for a in reversed(tables.accounts)]
    assert forwards == backwards[::-1]

"""The benchmark's translations say what the interpreter says, and its page says what was measured."""

from __future__ import annotations

import importlib.util
import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import samrules
from samrules.rules import Rules

pl = pytest.importorskip("polars")
for needed in ("numpy", "narwhals"):
    pytest.importorskip(needed)

from benchmarks.frame import table  # noqa: E402
from benchmarks.rivals import measure, report  # noqa: E402
from benchmarks.rivals.__main__ import merged, unlike  # noqa: E402
from benchmarks.rivals.by_hand import BY_HAND  # noqa: E402
from benchmarks.rivals.catalogue import ENTRIES  # noqa: E402
from benchmarks.rivals.generated import generated  # noqa: E402

AS_OF = date(2026, 11, 21)
ACCOUNTS = 100
LIKE_US = ("frame", "unchecked", "alone", "interpreter", "compiled", "compiled_trace", "compiled_read", "many")
APART = ("durable",)
"""Its threads never end, so it has a process of its own."""
RIVALS = [key for key in ENTRIES if key not in (*LIKE_US, *APART)]
RULESETS = [*BY_HAND, "rules_10"]


@cache
def given(ruleset: str) -> tuple[Rules, Any, list[tuple[str, bool]]]:
    """A ruleset, accounts for it, and what the interpreter says of them."""
    rules = generated(10) if ruleset == "rules_10" else samrules.load(ruleset)
    accounts = table(rules, ACCOUNTS, 0.15)
    decided = [rules.decide({k: v for k, v in row.items() if v is not None}, as_of=AS_OF) for row in accounts.iter_rows(named=True)]
    return rules, accounts, [(d.outcome, d.settled) for d in decided]  # type: ignore[misc]


@pytest.mark.parametrize("ruleset", RULESETS)
@pytest.mark.parametrize("key", RIVALS)
def test_a_translated_ruleset_answers_as_the_interpreter(key: str, ruleset: str) -> None:
    entry = ENTRIES[key]
    if not entry.here:
        pytest.skip(f"the package {entry.package} is not installed")
    if ruleset.startswith("rules_") and not entry.generated:
        pytest.skip("nobody wrote generated rules by hand")
    rules, accounts, wanted = given(ruleset)
    job = entry.rival.make(rules, ruleset, accounts)
    assert [(outcome, bool(settled)) for outcome, settled in job.answers(job.run())] == wanted


def test_the_accounts_are_no_easy_ones() -> None:
    """Unsettled ones are among those that rivals are asked for, and each outcome of some ruleset."""
    decided = [answer for ruleset in RULESETS for answer in given(ruleset)[2]]
    assert {"designate", "nominate", "decline", "watch", "retain", "hold", "evidence_needed"} <= {o for o, _ in decided}
    assert sum(not settled for _, settled in decided) > 10


@pytest.mark.parametrize("ruleset", list(BY_HAND))
def test_by_hand_every_column_is_that_of_the_frame_engine(ruleset: str) -> None:
    rules = given(ruleset)[0]
    accounts = table(rules, 3_000, 0.2)
    assert unlike(rules.decide_frame(accounts, as_of=AS_OF), BY_HAND[ruleset](accounts, AS_OF, list(rules._plan.facts))) == []


def test_a_differing_column_is_found() -> None:
    one, other = pl.DataFrame({"a": [1.0, 2.0], "b": ["x", None]}), pl.DataFrame({"a": [1.0, 2.5], "b": ["x", None]})
    assert (unlike(one, one), unlike(one, other), unlike(one, one.drop("b"))) == ([], ["a"], ["b"])


def in_a_process(key: str, accounts: Any, answers: list[tuple[str, bool]], folder: Path) -> dict[str, Any]:
    files = folder / "accounts.parquet", folder / "expected.parquet"
    accounts.write_parquet(files[0])
    pl.DataFrame(answers, schema=["outcome", "settled"], orient="row").write_parquet(files[1])
    return measure.run(key, "buy_sell", *files, 120)


def test_the_host_of_durable_rules_answers_as_the_interpreter(tmp_path: Path) -> None:
    if importlib.util.find_spec("durable") is None:
        pytest.skip("the package durable is not installed")
    _, accounts, wanted = given("buy_sell")
    assert "error" not in in_a_process("durable", accounts.head(5), wanted[:5], tmp_path)


def test_a_wrong_answer_is_not_timed(tmp_path: Path) -> None:
    _, accounts, wanted = given("buy_sell")
    assert in_a_process("by_hand", accounts, wanted, tmp_path)["seconds"] > 0
    wrong = [("promote", True), *wanted[1:]]
    assert in_a_process("by_hand", accounts, wrong, tmp_path) == {"error": "1 of 100 answers differ"}


def test_a_failed_process_fails_the_whole_measurement() -> None:
    fine = {"seconds": 2.0, "cpu": 1.0, "peak": 3, "table": 4, "runs": 5}
    assert merged([fine, {**fine, "seconds": 4.0}]) == {
        "seconds": 3.0, "cpu": 1.0, "peak": 3, "table": 4, "least": 2.0, "most": 4.0, "processes": 2, "runs": 10}
    assert merged([fine, {"error": "gone"}]) == {"error": "gone"}


def test_the_page_is_written_from_the_results() -> None:
    assert report.section(json.loads(report.RESULTS.read_text())) in report.PAGE.read_text(), \
        "python -m benchmarks.rivals --write"


def test_ratios_are_held_against_what_was_asked_for() -> None:
    records = [{"rival": rival, "ruleset": "designation", "accounts": 1000, "seconds": seconds, "cpu": seconds * 2, "peak": 70, "table": 20}
               for rival, seconds in (("frame", 0.2), ("by_hand", 0.1), ("unchecked", 0.15), ("alone", 0.1), ("zen_batch", 20.0))]
    assert [line.split(" | ")[2:] for line in report.goals(records).splitlines()[2:]] == [
        ["2.00", "2.00", "**no** |"], ["100", "100", "yes |"], ["3.50", "", "**no** |"], ["1.50", "1.50", "yes |"]]


def test_what_was_not_run_has_no_number() -> None:
    records = [{"rival": "zen", "ruleset": "designation", "accounts": 1000, "error": "not run", "guess": 99.0},
               {"rival": "by_hand", "ruleset": "designation", "accounts": 1000, "seconds": 0.002}]
    assert report.time_table(records, "designation").splitlines()[-2:] == [
        "| zen-engine, `evaluate` | outcome, settled | not run |", "| Polars by hand | all columns | 2.00 |"]

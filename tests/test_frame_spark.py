"""The frame engine on PySpark: the laws and examples of the other kinds of frame, on `local[2]`.

Spark takes seconds a query, so that many accounts go into one frame and few rulesets are drawn.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import samrules
from tests import strategies as some
from tests.required import missing
from tests.test_frame import (
    AS_OF,
    DIFFERENCES,
    SMALL,
    FrameKind,
    Portfolio,
    agrees,
    check_agreement,
    check_difference,
    check_each_fact_missing,
    example,
    plain,
    portfolios,
    problems,
)
from tests.test_frame import test_bad_events_and_reviews as test_bad_events_and_reviews
from tests.test_frame import test_blank_and_nan_are_missing as test_blank_and_nan_are_missing
from tests.test_frame import (
    test_every_problem_is_told_and_many_are_summed_up as test_every_problem_is_told_and_many_are_summed_up,
)
from tests.test_frame import test_ids as test_ids
from tests.test_frame import test_tables_without_rows as test_tables_without_rows
from tests.test_frame import test_types_are_checked_by_column as test_types_are_checked_by_column
from tests.test_frame import test_unmatched_rows_are_told as test_unmatched_rows_are_told
from tests.test_frame import (
    test_what_is_given_and_counted_must_agree as test_what_is_given_and_counted_must_agree,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:pyspark.*"),  # it does not know pandas 3 yet
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyspark.*"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
FAST = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",  # tiny frames are done before their code is compiled
    "spark.log.level": "ERROR",
    "spark.driver.host": "localhost",
}


def why_no_spark() -> str | None:
    """Why Spark cannot be had here; None where it can."""
    if importlib.util.find_spec("pyspark") is None:
        return "PySpark is not installed"
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        return "there is no Java"
    return None


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """One session for all tests of the module."""
    if why := why_no_spark():
        missing("spark", why)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("samrules")
    for name, value in FAST.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def frame(spark: Any) -> FrameKind:
    """The kind of frame that the tests from the other module are run on."""
    return FrameKind("pyspark", lambda table: spark.createDataFrame(table.to_arrow()),
                     lambda found: pl.DataFrame(pl.from_arrow(found.toArrow())))


few = settings(deadline=None, max_examples=3, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])


@st.composite
def large_portfolios(draw: st.DrawFn) -> Portfolio:
    """Some portfolios as one, every account with an id of its own; every second account has no events."""
    parts = [draw(portfolios()) for _ in range(5)]
    facts: list[dict[str, Any]] = []
    history: list[list[dict[str, Any]]] = []
    events: list[Sequence[dict[str, Any]]] = []
    for part in parts:
        for place, account in enumerate(part.facts):
            number = {"account_id": f"A-{len(facts)}"}
            facts.append({**account, **number})
            history.append([{**review, **number} for review in part.history[place]])
            events.append(part.events[place] if part.events is not None else [])
    return Portfolio(facts, history, events)


@few
@given(case=some.rulesets(monotone=False), portfolio=large_portfolios())
def test_frames_agree_with_the_interpreter(frame: FrameKind, case: some.Case, portfolio: Portfolio) -> None:
    """Every column of every account is what the interpreter says."""
    check_agreement(samrules.loads(case.text), portfolio, frame)


@pytest.mark.parametrize("path", DIFFERENCES, ids=lambda p: p.stem)
def test_differences_that_were_found(frame: FrameKind, path: Path, tmp_path: Path) -> None:
    check_difference(frame, path, tmp_path)


def test_each_fact_missing_in_turn(frame: FrameKind) -> None:
    check_each_fact_missing(frame, "buy_sell")


@pytest.mark.parametrize("name", ["dedesignation"])
def test_a_bundled_ruleset_agrees(spark: Any, frame: FrameKind, name: str) -> None:
    """With events and history, and code compiled as it is on a cluster."""
    rules = samrules.load(name)
    tables, accounts, history, events = example(rules)
    spark.conf.set("spark.sql.codegen.wholeStage", "true")
    spark.conf.set("spark.sql.codegen.factoryMode", "FALLBACK")
    try:
        found = frame.rows(rules.decide_frame(frame.put(accounts), events=frame.put(events), history=frame.put(history),
                                              as_of=AS_OF, trace="rules"))
    finally:
        for key in ("spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode"):
            spark.conf.set(key, FAST[key])
    for account in tables.accounts:
        agrees(found[account.id], plain(rules.decide_account(account, tables.recorded, AS_OF)))


def test_nothing_is_collected_unchecked(spark: Any, frame: FrameKind, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.sql.classic.dataframe import DataFrame

    rules = samrules.loads(SMALL)
    accounts = frame.put(pl.DataFrame({"account_id": ["a"], "size": [2e6]}))
    for method in ("collect", "toArrow", "toPandas", "count"):
        monkeypatch.setattr(DataFrame, method, lambda *_, **__: pytest.fail("collected"))
    assert isinstance(rules.decide_frame(accounts, as_of=AS_OF, check=False), DataFrame)


def test_names_that_spark_reads_as_paths(frame: FrameKind) -> None:
    rules = samrules.loads(SMALL)
    table = frame.put(pl.DataFrame({"account_id": ["a"], "size.now": [2e6]}))
    assert problems(lambda: rules.decide_frame(table, as_of=AS_OF)) == [
        ("not-a-frame", "decide_frame", "the accounts have the column `size.now`, and Spark takes a dot or a backtick "
                                        "in a name for a path")]


def test_the_full_trace(frame: FrameKind) -> None:
    """A condition gives its text to a column, whatever stands in it."""
    rules = samrules.loads(SMALL.replace("size >= 1M", "size >= 1.5M"))
    found = frame.rows(rules.decide_frame(frame.put(pl.DataFrame({"account_id": ["a"], "size": [2e6]})), as_of=AS_OF, trace="full"))
    assert found["a"]["condition:big:size >= 1.5M"] is True
    assert found["a"]["condition:big:count >= 2"] is None


def test_decimals_are_amounts_and_no_part_is_cut_off(spark: Any, frame: FrameKind) -> None:
    """Money is often decimal in Spark; an integer with a part is refused, not cut off."""
    rules = samrules.loads(SMALL)
    rows = spark.sql("select 'a' as account_id, cast(2000000.01 as decimal(18, 2)) as size, cast(3 as decimal(18, 2)) as count")
    expected = rules.decide({"account_id": "a", "size": 2000000.01, "count": 3}, as_of=AS_OF)
    assert frame.rows(rules.decide_frame(rows, as_of=AS_OF))["a"]["outcome"] == expected.outcome
    part = rows.selectExpr("account_id", "cast(1.5 as decimal(18, 2)) as count")
    assert [m for _, _, m in problems(lambda: rules.decide_frame(part, as_of=AS_OF))] == ["`count`: `1.5` is not an integer"]


def test_the_job_of_the_examples(spark: Any, frame: FrameKind, tmp_path: Path) -> None:
    """examples/spark/decide.py writes what `decide_frame` gives."""
    file = Path(__file__).parent.parent / "examples" / "spark" / "decide.py"
    spec = importlib.util.spec_from_file_location("spark_job", file)
    assert spec is not None
    assert spec.loader is not None
    job = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(job)
    rules = samrules.load("buy_sell")
    _, accounts, _, _ = example(rules)
    accounts.write_parquet(tmp_path / "accounts.parquet")
    job.decide(spark, "buy_sell", accounts=str(tmp_path / "accounts.parquet"), out=str(tmp_path / "decisions"), as_of=AS_OF)
    found = frame.rows(spark.read.parquet(str(tmp_path / "decisions")))
    expected = rules.decide_frame(accounts, as_of=AS_OF)
    assert sorted(found) == sorted(expected["account_id"])
    assert [found[r["account_id"]]["outcome"] for r in expected.to_dicts()] == expected["outcome"].to_list()

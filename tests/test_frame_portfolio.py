"""Frames decide a portfolio as `decide_portfolio` does, and collect only those that may take a place."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.engines.frame import together
from samrules.engines.interpreter import view
from samrules.inputs.accounts import check_tables
from samrules.inputs.tables import read_tables
from samrules.portfolio.portfolio import Portfolio
from tests import strategies as some
from tests.test_frame import KINDS, agrees, plain, slow, table_of, table_of_events

AS_OF = date(2026, 11, 21)
WAITING = Path(__file__).parent.parent / "examples" / "waiting_list"


def same(found: dict[str, dict[str, Any]], expected: Portfolio) -> None:
    for decision in expected.decisions:
        agrees(found[decision.account], plain(decision))


def _weighable(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "force": min(round(event["force"], 6), 1e6)} if "force" in event else event


@slow
@given(some.portfolios(), some.tables_of_accounts(), st.data())
def test_frames_choose_as_the_interpreter_does(case: some.Case, table: list[dict[str, Any]], data: st.DataObject) -> None:
    """With reviews and events, in memory and lazily: every column of every account."""
    rules = samrules.loads(case.text)
    history = [{**r, "account_id": f["account_id"]} for f in table for r in data.draw(some.histories())]
    events = [{**_weighable(e), "account_id": f["account_id"]} for f in table for e in data.draw(some.events()) or ()]
    more: dict[str, Any] = {"history": history} if history else {}
    more |= {"events": events, "recorded": sorted({e["event"] for e in events})} if events else {}
    expected = rules.decide_portfolio(table, as_of=some.AS_OF, **more)
    for kind in (KINDS["polars"], KINDS["polars-lazy"]):
        frames: dict[str, Any] = {}
        if history:
            frames["history"] = kind.put(table_of(history, rules.facts, {"account_id": pl.String, "review_date": pl.Date}))
        if events:
            frames["events"] = kind.put(table_of_events(events, rules.events))
        same(kind.rows(rules.decide_frame(kind.put(table_of(table, rules.facts, {})), as_of=some.AS_OF, trace="rules", **frames)), expected)


def test_a_sustained_fact_that_no_review_has() -> None:
    """Nothing is known of it in any row: a text, where Polars was asked for the columns, of which there is no "not"."""
    rules = samrules.loads("""ruleset: r
version: 1.0.0
facts: {flag: {type: boolean}, count: {type: integer}, cap: {type: integer, range: 1..}}
rules: {asked: {when: flag, then: {o: go}, sustained: 2 reviews}}
decide: {o: {outcomes: [go, wait, stay], otherwise: stay}}
portfolio: {chosen: go, waitlisted: wait, rank_by: count, ceiling: cap}""")
    account = {"account_id": "A", "flag": True, "cap": 1}
    review = {"account_id": "A", "review_date": date(2026, 5, 1), "count": 3}
    frame = pl.DataFrame([account], schema={"account_id": pl.String, "flag": pl.Boolean, "cap": pl.Int64})
    found = rules.decide_frame(frame, history=pl.DataFrame([review]), as_of=AS_OF, trace="rules")
    same({"A": found.row(0, named=True)}, rules.decide_portfolio([account], history=[review], as_of=AS_OF))


def waiting() -> tuple[samrules.Rules, pl.DataFrame, pl.DataFrame, Portfolio]:
    rules = samrules.load("portfolio")
    tables = check_tables(read_tables(WAITING), rules.facts, rules.events, AS_OF)
    accounts = table_of([a.facts for a in tables.accounts], rules.facts, {})
    history = table_of([{**facts, "review_date": day, "account_id": a.id} for a in tables.accounts for day, facts in a.history],
                       rules.facts, {"account_id": pl.String, "review_date": pl.Date})
    return rules, accounts, history, rules.choose([rules.decide_account(a, tables.recorded, AS_OF) for a in tables.accounts], AS_OF)


@pytest.mark.parametrize("name", ["polars", "polars-lazy", "pandas", "pyarrow"])
def test_the_waiting_list(name: str) -> None:
    """Who is in, who waits: ranks, places and the line where they are cut stand in columns of their own."""
    kind = KINDS[name]
    rules, accounts, history, expected = waiting()
    decided = rules.decide_frame(kind.put(accounts), history=kind.put(history), as_of=AS_OF, trace="rules")
    found = kind.rows(decided)
    same(found, expected)
    assert {"in", "waitlisted", "out"} <= {r["outcome"] for r in found.values()}
    columns = kind.read(decided).columns
    assert columns[columns.index("deciding_unknowns"):columns.index("strategic_score_low")] == [
        "deciding_unknowns", "next_step", "rank", "places", "cut_line"]
    if name != "polars-lazy":
        assert kind.read(decided)["account_id"].to_list() == accounts["account_id"].to_list()


def test_sentences_of_the_choice() -> None:
    rules, accounts, history, expected = waiting()
    found = rules.decide_frame(accounts, history=history, as_of=AS_OF, because=True)
    for row, decision in zip(found.to_dicts(), expected.decisions, strict=True):
        assert decision.placing is not None
        assert row["because"] == " ".join(filter(None, (*(r.because for r in decision.deciding), decision.placing.says)))


def test_only_those_that_may_take_a_place_are_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    rules, accounts, history, expected = waiting()
    seen: list[str] = []
    def watched(plan: Any, facts: Any, *more: Any) -> Any:
        seen.append(facts["account_id"])
        return view(plan, facts, *more)

    monkeypatch.setattr(together, "view", watched)
    rules.decide_frame(accounts.lazy(), history=history.lazy(), as_of=AS_OF)
    may = [d.account for d in expected.decisions if d.placing is not None and d.placing.standing != "neither"]
    assert sorted(seen) == sorted(may)
    assert len(may) < len(accounts)


def test_settings_that_differ_are_refused() -> None:
    """With the words of `decide_portfolio`."""
    rules, accounts, _, _ = waiting()
    bad = accounts.with_row_index("n").with_columns(
        programme_cap=pl.when(pl.col("n") == 2).then(7).otherwise("programme_cap")).drop("n")
    rows = [{k: v for k, v in r.items() if v is not None} for r in bad.to_dicts()]
    said = []
    for decide in (lambda: rules.decide_frame(bad, as_of=AS_OF), lambda: rules.decide_portfolio(rows, as_of=AS_OF)):
        with pytest.raises(samrules.FactError) as caught:
            decide()
        said.append([(d.code, d.message, d.where) for d in caught.value.diagnostics])
    assert said[0] == said[1]
    assert said[0][0][0] == "settings-differ"


def test_other_engines_are_refused() -> None:
    rules = samrules.load("portfolio")
    with pytest.raises(samrules.FactError, match="hand over a Polars frame; of a relation"):
        rules.decide_frame(duckdb.sql("select 'a' as account_id"), as_of=AS_OF)


def test_from_the_command_line(tmp_path: Path) -> None:
    """Streamed from files, as a file and in partitions."""
    _, accounts, history, expected = waiting()
    accounts.write_parquet(tmp_path / "accounts.parquet")
    history.write_parquet(tmp_path / "history.parquet")
    for out, more in (("out.parquet", []), ("out", ["--partition-by", "outcome"])):
        found = CliRunner().invoke(cli, ["decide", "portfolio", str(tmp_path), "--as-of", AS_OF.isoformat(), "--engine", "frame",
                                         "--out", str(tmp_path / out), *more])
        assert found.exit_code == 0, found.stderr
        rows = {r["account_id"]: r for r in pl.read_parquet(tmp_path / out).to_dicts()}
        assert len(rows) == len(expected.decisions)
        for decision in expected.decisions:
            agrees(rows[decision.account], {k: v for k, v in plain(decision).items() if not k.startswith("rule:")})

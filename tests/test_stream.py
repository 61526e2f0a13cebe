"""Portfolios larger than memory: the generator, tables in parts, partitions, bad rows, runs that are killed."""

from __future__ import annotations

import csv
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

import samrules
from samrules.cli.main import cli
from samrules.inputs.accounts import check_tables
from samrules.inputs.parquet_parts import ROW, in_parts
from samrules.inputs.parquet_table import scan_parquet
from samrules.inputs.results import unfinished
from samrules.inputs.tables import read_tables
from tests.test_frame import agrees, plain

ROOT = Path(__file__).parent.parent
AS_OF = date(2026, 11, 21)
GENERATOR = runpy.run_path(str(ROOT / "examples" / "generate_portfolio.py"))

SMALL = """
ruleset: small
version: 1.0.0
title: Small
facts:
  size: {type: money, range: 0..}
  kind: {type: "enum [new, old]"}
  count: {type: integer}
events:
  seen: {fields: {level: {type: ordinal 1..5}}}
measures:
  level: {latest: seen.level}
rules:
  big: {when: size >= 1M, then: {move: go}}
  seen_well: {when: level >= 3, then: {move: go}}
  kept: {when: "count > 3", sustained: 2 reviews, then: {move: go}}
decide: {move: {outcomes: [go, stay], otherwise: stay}}
"""


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, ["decide", *map(str, args), "--as-of", AS_OF.isoformat(), "--engine", "frame"])


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path / "small.yaml"


# --- the generator -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    GENERATOR["write"](GENERATOR["Generator"](3), 300, folder, "parquet")
    return folder


def test_the_same_seed_gives_the_same_rows_and_more_begin_alike(generated: Path) -> None:
    generator = GENERATOR["Generator"](3)
    again = generator.block(0, 200)
    for name, table in zip(("accounts", "events", "history"), again, strict=True):
        there = pl.read_parquet(generated / f"{name}.parquet")
        assert there.filter(pl.col("account_id").is_in(again[0]["account_id"].implode())).equals(table)
    assert not GENERATOR["Generator"](4).block(0, 200)[0].equals(again[0])


def test_what_is_made_is_as_documented(generated: Path) -> None:
    """Values are missing in every column but the keys, as often as said; each worked kind is there."""
    generator = GENERATOR["Generator"](3)
    accounts, events, history = generator.block(0)
    for name, fact in generator.facts.items():
        rate = GENERATOR["MISSING"][fact.type.kind]
        assert accounts[name].null_count() / len(accounts) > 0.6 * rate, name
        assert history[name].null_count() > 0, name
    assert accounts["programme_cap"].null_count() / len(accounts) == pytest.approx(0.05, abs=0.01)
    assert accounts["account_id"].n_unique() == len(accounts)
    for name in generator.event_schema:
        assert (events[name].null_count() == 0) is (name in ("account_id", "event", "date")), name
    assert len(generator.worked) == 7
    found = accounts.filter(pl.col("revenue_rank_pct") == 0.38)  # that of Lumen Labs
    assert len(found) > 50


def test_csv_is_the_same_portfolio(tmp_path: Path, generated: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / "generate_portfolio.py"), "--accounts", "300", "--seed", "3"]
    subprocess.run([*command, "--out", str(tmp_path), "--format", "csv"], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
    for name in ("accounts", "events", "history"):
        table = pl.read_parquet(generated / f"{name}.parquet")
        assert pl.read_csv(tmp_path / f"{name}.csv", schema=table.schema).equals(table)


def test_programme_decides_it_as_the_interpreter_does(generated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In several parts, from files, every column of every account."""
    monkeypatch.setattr("samrules.inputs.parquet_parts.MOST_ROWS", {"accounts": 120, "events": 10**6, "history": 10**6})
    rules = samrules.load("programme")
    out = generated / "out.parquet"
    assert run("programme", generated, "--out", out).exit_code == 0
    found = {r["account_id"]: r for r in pl.read_parquet(out).to_dicts()}
    out.unlink()
    tables = check_tables(read_tables(generated), rules.facts, rules.events, AS_OF)
    assert len(found) == len(tables.accounts)
    for account in tables.accounts[::3]:
        expected = plain(rules.decide_account(account, tables.recorded, AS_OF))
        agrees(found[account.id], {k: v for k, v in expected.items() if not k.startswith("rule:")})


# --- parts ---------------------------------------------------------------------------------------------


def write_tables(folder: Path, ids: Sequence[Any], **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    count = len(ids)
    accounts = pl.DataFrame({"account_id": ids, "size": [1.5e6, 2.0] * (count // 2), "kind": ["new"] * count, "count": [4] * count, **more},
                            strict=False)
    accounts.write_parquet(folder / "accounts.parquet")
    days = [date(2026, 1, 1 + n % 28) for n in range(count)]
    pl.DataFrame({"account_id": ids, "event": ["seen"] * count, "date": days,
                  "level": [1 + n % 5 for n in range(count)]}).write_parquet(folder / "events.parquet")
    pl.DataFrame({"account_id": ids, "review_date": days, "count": [n % 8 for n in range(count)]}).write_parquet(folder / "history.parquet")
    return folder


MANY = {
    "text": [f"A{n:03}" for n in range(60)],
    "numbers": list(range(60)),
    "blanks around": [f" A{n:03} " if n % 7 == 0 else f"A{n:03}" for n in range(60)],
}


@pytest.mark.parametrize("ids", MANY.values(), ids=list(MANY))
def test_each_row_is_in_one_part(tmp_path: Path, ids: Sequence[Any]) -> None:
    """Whatever the ids, and so are rows without one; what belongs to an account goes with it."""
    folder = write_tables(tmp_path / "t", [*ids, None, None])
    frames = {n: scan_parquet(folder / f"{n}.parquet", ROW) for n in ("accounts", "events", "history")}
    parts = [{n: f.collect() for n, f in part.items()} for part in in_parts(frames, {"accounts": 10, "events": 100, "history": 100})]
    assert len(parts) == 7
    for name in frames:
        assert sorted(r for part in parts for r in part[name][ROW]) == list(range(62))
    for part in parts:
        assert set(part["events"]["account_id"]) == set(part["accounts"]["account_id"])


def test_an_id_written_in_two_ways_is_one_account(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its events are found in another part of the file, and its second row is."""
    monkeypatch.setattr("samrules.inputs.parquet_parts.MOST_ROWS", {"accounts": 10, "events": 100, "history": 100})
    folder = write_tables(tmp_path / "t", [f"A{n:03}" for n in range(60)])
    events = pl.read_parquet(folder / "events.parquet").with_columns(account_id=pl.format(" {} ", "account_id"))
    events.write_parquet(folder / "events.parquet")
    assert run(small, folder, "--out", tmp_path / "out.parquet").exit_code == 0
    fired = pl.read_parquet(tmp_path / "out.parquet").filter(pl.col("fired").str.contains("seen_well"))
    assert len(fired) == 36
    write_tables(folder, [*(f"A{n:03}" for n in range(59)), " A000"])
    found = run(small, folder, "--out", tmp_path / "again.parquet")
    assert found.exit_code == 2
    assert "the account stands more than once" in found.stderr


def test_a_kind_that_is_recorded_anywhere_is_recorded_everywhere(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account in a part without events has had none, which is known."""
    monkeypatch.setattr("samrules.inputs.parquet_parts.MOST_ROWS", {"accounts": 10, "events": 100, "history": 100})
    rules = samrules.loads(SMALL.replace("level >= 3", "happened = 0").replace(
        "level: {latest: seen.level}", "happened: {count: seen}"))
    small.write_text(SMALL.replace("level >= 3", "happened = 0").replace(
        "level: {latest: seen.level}", "happened: {count: seen}"), encoding="utf-8")
    folder = write_tables(tmp_path / "t", [f"A{n:03}" for n in range(60)])
    events = pl.read_parquet(folder / "events.parquet").head(3)
    events.write_parquet(folder / "events.parquet")
    assert run(small, folder, "--out", tmp_path / "out.parquet").exit_code == 0
    expected = rules.decide_frame(pl.read_parquet(folder / "accounts.parquet"), events=events,
                                  history=pl.read_parquet(folder / "history.parquet"), as_of=AS_OF)
    assert pl.read_parquet(tmp_path / "out.parquet").sort("account_id").equals(expected.sort("account_id"))


# --- partitions ------------------------------------------------------------------------------------------


def test_folders_of_partitions_in_and_out(tmp_path: Path, small: Path) -> None:
    """Their names are a column; what is written is read back whole."""
    parts = tmp_path / "accounts"
    for region, kind, size in (("north", "new", 2e6), ("south", "old", 1.0)):
        folder = parts / f"region={region}" / f"kind={kind}"
        folder.mkdir(parents=True)
        pl.DataFrame({"account_id": [f"{region}-{n}" for n in range(5)], "size": [size] * 5, "count": [1] * 5}).write_parquet(folder / "part.parquet")
    assert run(small, parts, "--out", tmp_path / "out.parquet").exit_code == 0
    whole = pl.read_parquet(tmp_path / "out.parquet").sort("account_id")
    assert whole["outcome"].to_list() == ["go"] * 5 + ["evidence_needed"] * 5
    found = run(small, parts, "--out", tmp_path / "out", "--partition-by", "outcome")
    assert found.exit_code == 0, found.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["outcome=evidence_needed", "outcome=go"]
    assert pl.read_parquet(tmp_path / "out").select(whole.columns).sort("account_id").equals(whole)
    assert pl.read_parquet(tmp_path / "out" / "outcome=go").height == 5
    assert not list(tmp_path.glob(".*"))


def test_a_column_of_a_partition_is_a_fact(tmp_path: Path, small: Path) -> None:
    """It is checked as any other."""
    folder = tmp_path / "accounts" / "kind=modern"
    folder.mkdir(parents=True)
    pl.DataFrame({"account_id": ["a"]}).write_parquet(folder / "part.parquet")
    found = run(small, tmp_path / "accounts", "--out", tmp_path / "out.parquet")
    assert "row 1, account a: error[out-of-range]: `kind`: `modern` is not one of its words" in found.stderr


@pytest.mark.parametrize(("key", "there", "said"), [
    ("outcom", False, "decisions have no column `outcom`"),
    ("outcome", True, "something is there already"),
])
def test_what_partitions_refuse(tmp_path: Path, small: Path, key: str, there: bool, said: str) -> None:
    folder = write_tables(tmp_path / "t", ["a", "b"])
    if there:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    found = run(small, folder, "--out", tmp_path / "out", "--partition-by", key)
    assert found.exit_code == 2
    assert said in found.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_options_of_the_frame_engine_are_not_ignored_elsewhere(tmp_path: Path, small: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("account_id\na\n")
    for option in (["--reject", str(tmp_path / "bad.csv")], ["--partition-by", "outcome"]):
        found = CliRunner().invoke(cli, ["decide", str(small), str(table), *option])
        assert found.exit_code == 2
        assert f"{option[0]} goes with --engine frame" in found.stderr


# --- bad rows ---------------------------------------------------------------------------------------------


def test_one_bad_value_is_named_with_its_row(tmp_path: Path, small: Path) -> None:
    """The row's number is that in the file, of accounts, events and reviews."""
    folder = write_tables(tmp_path / "t", [f"A{n:03}" for n in range(60)])
    for name, column, row, value in (("accounts", "size", 41, -1.0), ("events", "level", 17, 9)):
        table = pl.read_parquet(folder / f"{name}.parquet").with_row_index("n")
        table = table.with_columns(pl.when(pl.col("n") == row).then(value).otherwise(column).alias(column)).drop("n")
        table.write_parquet(tmp_path / f"bad_{name}.parquet")
    alone = run(small, tmp_path / "bad_accounts.parquet", "--out", tmp_path / "out.parquet")
    assert "row 42, account A041: error[out-of-range]: `size`: -1 is out of range" in alone.stderr
    both = run(small, tmp_path / "bad_accounts.parquet", "--events", tmp_path / "bad_events.parquet", "--out", tmp_path / "out.parquet")
    assert "the table of accounts, row 42, account A041: error[out-of-range]: `size`: -1 is out of range" in both.stderr
    assert "the table of events, row 18, account A017: error[out-of-range]: `level`: 9 is out of range" in both.stderr
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("events", [False, True], ids=["accounts", "accounts and events"])
def test_many_bad_rows_are_a_summary(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch, events: bool) -> None:
    monkeypatch.setattr("samrules.inputs.parquet_parts.MOST_ROWS", {"accounts": 300, "events": 10_000, "history": 10_000})
    count = 1_000
    folder = write_tables(tmp_path / "t", [f"A{n:04}" for n in range(count)], size=[-1.0] * count, kind=["new", "modern"] * (count // 2))
    found = run(small, folder if events else folder / "accounts.parquet", "--out", tmp_path / "out.parquet")
    assert found.exit_code == 2
    assert found.stderr.count("error[") == 8
    assert "`size`: 997 more values are refused" in found.stderr
    assert "`kind`: 497 more values are refused" in found.stderr
    assert "row 1, account A0000" in found.stderr


def test_bad_rows_are_set_aside_on_request(tmp_path: Path, small: Path) -> None:
    """Accounts with a bad row in any table are not decided; each such row is told, and the rest is decided as without them."""
    ids = [*(f"A{n:03}" for n in range(58)), "A057", " "]
    folder = write_tables(tmp_path / "t", ids)
    def change(name: str, column: str, rows: dict[int, Any]) -> None:
        path = folder / f"{name}.parquet"
        table = pl.read_parquet(path)
        table.with_columns(pl.Series(column, [rows.get(n, v) for n, v in enumerate(table[column])], dtype=table[column].dtype)).write_parquet(path)

    change("accounts", "size", {3: -5.0, 4: float("inf")})
    change("accounts", "kind", {4: "modern"})
    change("events", "level", {7: 9})
    change("events", "date", {8: date(2999, 1, 1), 59: None})
    change("history", "review_date", {9: None})
    bad = tmp_path / "bad.csv"
    found = run(small, folder, "--out", tmp_path / "out.parquet", "--reject", bad)
    assert found.exit_code == 0, found.stderr
    with bad.open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = [(r["table"], r["row"], r["account_id"], r["column"], r["code"]) for r in rows]
    assert [t for t in told if t[0] == "account"] == [
        ("account", "4", "A003", "size", "out-of-range"), ("account", "5", "A004", "size", "wrong-type"),
        ("account", "5", "A004", "kind", "out-of-range"), ("account", "58", "A057", "", "duplicate-account"),
        ("account", "59", "A057", "", "duplicate-account"), ("account", "60", "", "", "missing-account-id")]
    assert ("event", "8", "A007", "level", "out-of-range") in told
    assert ("event", "9", "A008", "", "bad-event") in told
    assert ("review", "10", "A009", "", "bad-history") in told
    aside = {t[2] for t in told}
    assert aside == {"", "A003", "A004", "A007", "A008", "A009", "A057"}
    kept = [n for n in range(58) if f"A{n:03}" not in aside]
    tables = {n: pl.read_parquet(folder / f"{n}.parquet").filter(pl.col("account_id").is_in([f"A{k:03}" for k in kept]))
              for n in ("accounts", "events", "history")}
    expected = samrules.load(small).decide_frame(tables["accounts"], events=tables["events"], history=tables["history"], as_of=AS_OF)
    assert pl.read_parquet(tmp_path / "out.parquet").sort("account_id").equals(expected.sort("account_id"))
    assert f"{len(rows)} rows refused and 6 accounts set aside" in found.stderr


def test_measures_that_differ_are_set_aside_too(tmp_path: Path, small: Path) -> None:
    folder = write_tables(tmp_path / "t", ["a", "b"], level=[1, 5])
    found = run(small, folder, "--out", tmp_path / "out.parquet", "--reject", tmp_path / "bad.csv")
    assert found.exit_code == 0, found.stderr
    assert pl.read_parquet(tmp_path / "out.parquet")["account_id"].to_list() == ["a"]
    assert (tmp_path / "bad.csv").read_text().splitlines()[1:] == [
        "account,,b,level,5,measure-differs,the events make it 2"]


def test_nothing_to_set_aside(tmp_path: Path, small: Path) -> None:
    """An old list of bad rows is not left standing."""
    (tmp_path / "bad.csv").write_text("old")
    folder = write_tables(tmp_path / "t", ["a", "b"])
    found = run(small, folder, "--out", tmp_path / "out.parquet", "--reject", tmp_path / "bad.csv")
    assert found.exit_code == 0
    assert (tmp_path / "bad.csv").read_text() == "table,row,account_id,column,value,code,problem\n"
    same = run(small, folder, "--out", tmp_path / "out.csv", "--reject", tmp_path / "out.csv")
    assert same.exit_code == 2


def test_rows_are_not_set_aside_in_other_engines() -> None:
    duckdb = pytest.importorskip("duckdb")
    with pytest.raises(samrules.FactError, match="rows are not set aside in a frame of"):
        samrules.loads(SMALL).decide_frame(duckdb.sql("select 'a' as account_id"), as_of=AS_OF, reject=lambda rows: None)


# --- a run that is killed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_run_leaves_the_old_file_and_the_next_one_cleans_up(tmp_path: Path, small: Path, sent: signal.Signals) -> None:
    """In the middle of writing, at the hardest signal and the softest."""
    count = 400_000
    folder = tmp_path / "t"
    folder.mkdir()
    pl.DataFrame({"account_id": pl.int_range(count, eager=True), "size": pl.repeat(1.5, count, eager=True)}).write_parquet(
        folder / "accounts.parquet", row_group_size=10_000)
    pl.DataFrame({"account_id": pl.int_range(count, eager=True), "event": pl.repeat("seen", count, eager=True),
                  "date": pl.repeat(date(2026, 1, 1), count, dtype=pl.Date, eager=True)}).write_parquet(folder / "events.parquet", row_group_size=10_000)
    out = tmp_path / "out.parquet"
    out.write_bytes(b"the old one")
    process = subprocess.Popen([sys.executable, "-m", "samrules", "decide", str(small), str(folder), "--as-of", AS_OF.isoformat(),
                                "--engine", "frame", "--out", str(out)], stderr=subprocess.DEVNULL,
                               env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
    for _ in range(3_000):
        if list(tmp_path.glob(".out.parquet.*.tmp/*.parquet")):
            break
        time.sleep(0.02)
    else:
        pytest.fail("it did not begin to write")
    process.send_signal(sent)
    assert process.wait() != 0
    assert out.read_bytes() == b"the old one"
    left = list(tmp_path.glob(".*"))
    assert left == [] or sent is not signal.SIGINT
    unfinished(out)
    assert list(tmp_path.glob(".*")) == []


def test_what_another_run_is_writing_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / f".out.parquet.{os.getpid()}-0123abcd.tmp"
    mine.mkdir()
    other = tmp_path / ".out.parquet.notes.tmp"
    other.write_text("not ours")
    unfinished(tmp_path / "out.parquet")
    assert mine.exists()
    assert other.exists()


# --- ids at scale ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [[f"A{n}" for n in range(90)], [*(f"A{n}" for n in range(90)), "A7"]], ids=["all differ", "one twice"])
def test_ids_are_held_against_each_other_in_shares(monkeypatch: pytest.MonkeyPatch, ids: list[str]) -> None:
    """Whatever the number of shares, an id that stands twice is found."""
    monkeypatch.setattr("samrules.engines.frame.backend.HASHES_AT_ONCE", 20)
    rules = samrules.loads(SMALL)
    frame = pl.LazyFrame({"account_id": ids})
    if len(set(ids)) == len(ids):
        assert rules.decide_frame(frame, as_of=AS_OF).collect().height == len(ids)
    else:
        with pytest.raises(samrules.FactError, match="the account `A7` stands twice"):
            rules.decide_frame(frame, as_of=AS_OF)

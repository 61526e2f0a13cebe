"""Decisions out: the same bytes, nothing a spreadsheet runs, whole files or none."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import IO, Any

import pytest

import samrules
from samrules.cli.table import decisions_table, reason
from samrules.decision.decision import Decision
from samrules.errors import OutputError
from samrules.inputs.results import (
    Columns,
    check_destination,
    format_of,
    write_decisions,
    write_whole,
)

AS_OF = date(2026, 11, 21)

TEXT = """
ruleset: small
version: 1.0.0
title: Keep or drop
facts:
  account_name: {title: name, type: text}
  revenue: {title: revenue, type: money}
  csat: {title: customer satisfaction, type: number, range: 0..10}
  wants_more: {title: the customer wants more, type: boolean}
  left: {title: the sponsor left, type: boolean}
rules:
  content:
    title: Content and growing
    when: csat >= 8 and revenue >= 1M
    unless: left
    then: {action: keep, coverage: inside_sales, version: 2, share: {value: csat / 10}, ask_again: 12 months}
    because: "{account} brings {revenue} a year"
    cites: [varasi/beyond-revenue]
  asks:
    title: Asks for more
    when: wants_more
    then: {action: keep}
    because: "{account} wants more"
    cites: [varasi/beyond-revenue]
decide:
  action: {outcomes: [keep, drop], hit_policy: POLICY, otherwise: drop}
"""
RULES = samrules.loads(TEXT.replace("POLICY", "priority"))
COLUMNS = Columns(("coverage", "version", "share", "ask_again"), ())


def decide(**facts: Any) -> Decision:
    return RULES.decide({"account_id": "A-1", **facts}, as_of=AS_OF)


KEPT = decide(csat=9, revenue=2_500_000, wants_more=True, left=False, account_name="=HYPERLINK(0)")
DROPPED = decide(csat=7, revenue=2_500_000, wants_more=False, left=False)
OPEN = decide(csat=9, left=False)


def written(format_: str, *decisions: Decision, columns: Columns = COLUMNS) -> bytes:
    sink = io.BytesIO()
    write_decisions(decisions, format_, columns, sink)
    return sink.getvalue()


def rows(*decisions: Decision, columns: Columns = COLUMNS) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written("csv", *decisions, columns=columns).decode())))


# --- formats -------------------------------------------------------------------------------------


def test_json_is_an_array_with_one_decision_a_line() -> None:
    text = written("json", KEPT, OPEN).decode()
    assert json.loads(text) == [KEPT.to_dict(), OPEN.to_dict()]
    first, *lines, last = text.splitlines()
    assert (first, last) == ("[", "]")
    assert [json.loads(line.removesuffix(",")) for line in lines] == [KEPT.to_dict(), OPEN.to_dict()]
    assert written("json") == b"[]\n"


def test_json_lines() -> None:
    lines = written("jsonl", KEPT, DROPPED).decode().splitlines()
    assert [json.loads(line) for line in lines] == [KEPT.to_dict(), DROPPED.to_dict()]


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv", "parquet"])
def test_same_decisions_same_bytes(format_: str) -> None:
    if format_ == "parquet":
        pytest.importorskip("polars")
    again = decide(csat=9, revenue=2_500_000, wants_more=True, left=False, account_name="=HYPERLINK(0)")
    assert written(format_, KEPT, OPEN) == written(format_, again, OPEN)


def test_csv_columns_and_values() -> None:
    kept, open_ = rows(KEPT, OPEN)
    assert kept == {
        "account": "A-1", "account_name": "'=HYPERLINK(0)", "as_of": "2026-11-21", "ruleset": "small",
        "version": "1.0.0", "outcome": "keep", "settled": "true", "possible": "keep", "deciding_unknowns": "",
        "coverage": "inside_sales", "output_version": "2", "share": "0.9", "ask_again": "12 months",
        "fired": "content; asks",
        "because": "'=HYPERLINK(0) brings 2.5 million a year. =HYPERLINK(0) wants more.",
    }
    assert (open_["outcome"], open_["settled"], open_["possible"]) == ("evidence_needed", "false", "keep; drop")
    assert open_["deciding_unknowns"] == "; ".join(OPEN.deciding_unknowns) != ""
    assert open_["coverage"] == open_["because"] == ""


def test_scores_have_three_columns() -> None:
    rules = samrules.load("strategic_score")
    decision = rules.decide({"account_id": "A", "financial_health": 5}, as_of=AS_OF)
    (row,) = rows(decision, columns=Columns((), ("strategic_score",)))
    assert (row["strategic_score_low"], row["strategic_score_high"], row["strategic_score_band"]) == ("15.0", "100.0", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_spreadsheet_runs_no_cell(start: str) -> None:
    decision = decide(account_name=f"{start}cmd")
    assert rows(decision)[0]["account_name"] == f"'{start}cmd"
    json_name = json.loads(written("json", decision))[0]
    assert json_name["account"] == "A-1"


def test_numbers_stay_numbers() -> None:
    rules = samrules.loads(TEXT.replace("POLICY", "priority").replace("{value: csat / 10}", "{value: 0 - csat}"))
    decision = rules.decide({"account_id": "A", "csat": 9, "revenue": 5_000_000, "left": False}, as_of=AS_OF)
    assert rows(decision)[0]["share"] == "-9.0"


def test_parquet_columns_and_types() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.read_parquet(io.BytesIO(written("parquet", KEPT, OPEN)))
    assert tuple(frame.columns) == COLUMNS.names()
    assert frame["as_of"].to_list() == [AS_OF, AS_OF]
    assert frame["account_name"].to_list() == ["=HYPERLINK(0)", None]
    assert frame["share"].to_list() == [0.9, None]
    assert frame["settled"].to_list() == [True, False]
    assert frame["ask_again"].to_list() == ["12 months", None]


@pytest.mark.parametrize(("name", "format_"), [("d.json", "json"), ("d.JSONL", "jsonl"), ("d.csv", "csv"),
                                               ("d.parquet", "parquet"), ("d.txt", "table")])
def test_the_ending_tells_the_format(name: str, format_: str) -> None:
    assert format_of(Path(name)) == format_


def test_other_endings_are_refused() -> None:
    with pytest.raises(OutputError, match=r"`\.xls` is not a format"):
        format_of(Path("d.xls"))
    with pytest.raises(OutputError, match="does not tell the format"):
        format_of(Path("decisions"))


# --- the table for people ------------------------------------------------------------------------


def table(*decisions: Decision) -> str:
    return decisions_table(RULES, decisions, terminal=False)


def test_the_table_to_the_letter() -> None:
    assert table(KEPT, DROPPED, OPEN) == """\
Keep or drop. small 1.0.0, 21 November 2026

Account         Decision          Why
────────────────────────────────────────────────────────────────────────────────────────────────────
=HYPERLINK(0)   keep              =HYPERLINK(0) brings 2.5 million a year. Also: asks for more.
A-1                               → coverage: inside sales; version: 2; share: 0.9; ask again: 12
                                  months

A-1             drop              No rule for keep holds. Nearest was keep, by “Content and
                                  growing”: customer satisfaction: 7, at least 8 needed (1 short).

A-1             evidence needed   Open: keep or drop.
                                  Find out first: revenue; whether the customer wants more.

3 accounts: 1 keep, 1 drop, 1 evidence needed
"""


def test_the_table_fits_and_shows_no_control_characters() -> None:
    name = "\x1b[31mred\x1b[0m " + "very long " * 30
    text = table(decide(account_name=name, csat=9, revenue=2_000_000, wants_more=True, left=False))
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text


def test_markup_in_a_name_is_text() -> None:
    assert "[bold]x[/bold]" in table(decide(account_name="[bold]x[/bold]"))


def test_what_most_accounts_lack() -> None:
    assert "Most worth finding out: revenue (2 accounts); whether the customer wants more (2 accounts)." in \
        " ".join(table(OPEN, OPEN).split())


def test_a_stopped_rule_is_the_reason() -> None:
    stopped = decide(csat=9, revenue=2_500_000, wants_more=False, left=True)
    assert reason(stopped).startswith("No rule for keep holds. Keep, by “Content and growing”: stopped because")


def test_reasons_under_other_policies() -> None:
    facts = {"account_id": "A", "csat": 9, "revenue": 2_500_000, "wants_more": True, "left": False}
    both = "A brings 2.5 million a year. A wants more."
    collected = samrules.loads(TEXT.replace("POLICY", "collect")).decide(facts, as_of=AS_OF)
    assert reason(collected).startswith(both)
    first = samrules.loads(TEXT.replace("POLICY", "first")).decide(facts, as_of=AS_OF)
    assert reason(first).splitlines()[0] == "A brings 2.5 million a year."
    unique = samrules.loads(TEXT.replace("POLICY", "unique").replace("then: {action: keep}", "then: {action: drop}"))
    assert reason(unique.decide(facts, as_of=AS_OF)) == (
        "Rules that exclude each other hold at once: “Content and growing” (keep) and “Asks for more” (drop). "
        "The ruleset must say which comes first.")


# --- whole or not at all -------------------------------------------------------------------------


def put(text: str) -> Callable[[IO[bytes]], None]:
    def write(sink: IO[bytes]) -> None:
        sink.write(text.encode())

    return write


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    write_whole(path, put("one"))
    path.chmod(0o640)
    write_whole(path, put("two"))
    assert path.read_text(encoding="utf-8") == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["d.csv"]


@pytest.mark.parametrize("error", [RuntimeError("a fault"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_file_stays_as_it_was_when_writing_fails(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "d.csv"
    path.write_text("old", encoding="utf-8")

    def write(sink: IO[bytes]) -> None:
        sink.write(b"half")
        raise error

    expected = OutputError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        write_whole(path, write)
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["d.csv"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    write_whole(link, put("new"))
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_whole(Path(os.devnull), put("gone"))
    assert not stat.S_ISREG(Path(os.devnull).stat().st_mode)


@pytest.mark.parametrize(("target", "said"), [
    ("missing/d.csv", "the folder `{}/missing` does not exist"),
    ("file/d.csv", "the folder `{}/file` is not a folder"),
    (".", "it is a folder"),
    ("file", "it is the table being read"),
])
def test_places_that_cannot_be_written(tmp_path: Path, target: str, said: str) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        check_destination(tmp_path / target, [tmp_path / "file", "-"])
    (problem,) = caught.value.diagnostics
    assert problem.code == "cannot-write"
    assert problem.message == f"cannot write the file: {said.format(tmp_path)}"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="you may not write there"):
            check_destination(tmp_path / "d.csv")
    finally:
        tmp_path.chmod(0o700)

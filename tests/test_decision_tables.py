"""Decision tables: one table in YAML, CSV or XLSX; rows as rules; gaps and overlaps that are real."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samrules
from samrules.check.checker import CheckedRuleset, check
from samrules.check.tables import Example, Survey, Surveyor, Unchecked
from samrules.diagnostics import Span
from samrules.model import expressions as ex
from samrules.syntax.cells import cell_text, parse_cell
from samrules.syntax.entries import MAX_ROWS
from samrules.syntax.library import bundle_of_text
from samrules.syntax.source import Problems
from tests import strategies as some

HEAD = """
ruleset: served
version: 1.0.0
facts:
  status: {title: designation status, type: "enum [strategic, watch, other]"}
  revenue_ttm: {title: revenue, type: money, range: 0..}
  wants: {title: the customer wants a closer relationship, type: boolean}
  csat: {title: customer satisfaction, type: number, range: 0..10}
parameters: {least: {type: number, values: {1990-01-01: 7.5}, reason: so it was agreed}}
decide: {model: {outcomes: [dedicated, pooled, digital], hit_policy: first, otherwise: digital}}
"""
YAML = HEAD + """
tables:
  serve:
    title: how the account is served
    inputs: [status, revenue_ttm, wants, csat]
    because: "{account} has {revenue_ttm}."
    rows:
      - {when: ['"strategic", "watch"', ">= 1M", "-", "[0.5..least]"], then: {model: dedicated, pace: 12 months}}
      - {when: ["-", "-", true, "is missing"], then: {model: pooled, share: 60%}, title: A wish, cites: [guide/patience]}
      - {when: ["-", "-", "-", "-"], then: {model: digital}, because: "Nothing, or little, is known."}
"""
CSV = '''status,revenue_ttm,wants,csat,then model,then pace,then share,title,because,cites
"""strategic"", ""watch""",>= 1M,-,[0.5..least],dedicated,12 months,,,,
-,-,true,is missing,pooled,,60%,A wish,,guide/patience
-,-,-,-,digital,,,,"Nothing, or little, is known.",
'''
SHEET: list[list[Any]] = [
    ["status", "revenue_ttm", "wants", "csat", "then model", "then pace", "then share", "title", "because", "cites"],
    ['"strategic", "watch"', ">= 1M", "-", "[0.5..least]", "dedicated", "12 months"],
    [],
    ["-", "-", True, "is missing", "pooled", None, 0.6, "A wish", None, "guide/patience"],
    ["-", "-", "-", "-", "digital", None, None, None, "Nothing, or little, is known."],
]


def workbook(path: Path, rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell in (cell for line in sheet.iter_rows() for cell in line if cell.value == 0.6):
        cell.number_format = "0%"
    book.save(path)


def in_file(name: str) -> str:
    return HEAD + f"tables: {{serve: {{file: {name}, title: how the account is served, " \
                  'because: "{account} has {revenue_ttm}."}}\n'


def problems(text: str, folder: Path | None = None) -> list[str]:
    """Each problem as a reader sees it, without the line of text."""
    with pytest.raises(samrules.RulesetError) as caught:
        samrules.loads(text, file="served.yaml", folder=folder)
    return [f"{Path(str(d.span)).name} {d.code}: {d.message}" for d in caught.value.diagnostics]


# --- one table, three spellings ------------------------------------------------------------------


def test_a_table_means_the_same_in_yaml_csv_and_xlsx(tmp_path: Path) -> None:
    (tmp_path / "serve.csv").write_text(CSV, "utf-8")
    workbook(tmp_path / "serve.xlsx", SHEET)
    written = samrules.loads(YAML)
    for name in ("serve.csv", "serve.xlsx"):
        read = samrules.loads(in_file(name), folder=tmp_path)
        assert read.digest == written.digest, name
        for facts in ({"status": "watch", "revenue_ttm": 2e6, "csat": 7.5}, {"wants": True}, {}):
            account = {"account_id": "A", **facts}
            assert read.decide(account, as_of=some.AS_OF).to_json() == written.decide(account, as_of=some.AS_OF).to_json()


def test_a_table_is_the_rules_of_its_rows() -> None:
    """Decisions and explanations are those of rules written by hand."""
    by_hand = HEAD + """
rules:
  serve_1:
    title: "row 1: how the account is served"
    when: status in ["strategic", "watch"] and revenue_ttm >= 1M and csat between 0.5 and least
    then: {model: dedicated, pace: 12 months}
    because: "{account} has {revenue_ttm}."
  serve_2:
    title: A wish
    when: wants and csat is missing
    then: {model: pooled, share: 60%}
    because: "{account} has {revenue_ttm}."
    cites: [guide/patience]
  serve_3:
    title: "row 3: how the account is served"
    when: "true"
    then: {model: digital}
    because: "Nothing, or little, is known."
"""
    assert samrules.loads(YAML).digest == samrules.loads(by_hand).digest


def test_the_explanation_speaks_of_rows() -> None:
    rules = samrules.loads(YAML)
    decision = rules.decide({"account_id": "A", "status": "watch", "revenue_ttm": 2e6, "csat": 7.0}, as_of=some.AS_OF)
    assert [r.name for r in decision.fired] == ["serve_1", "serve_3"]
    text = str(decision.why())
    assert "Because of the rule “row 1: how the account is served”\n" in text
    assert "  ✓ designation status: watch, as needed\n" in text
    assert "  ✓ revenue: 2 million, at least 1 million needed\n" in text
    fallen = rules.decide({"account_id": "A", "status": "other", "csat": 1.0}, as_of=some.AS_OF)
    assert "  ✓ whatever the facts\n" in str(fallen.why())


# --- cells ---------------------------------------------------------------------------------------


def nowhere(start: int, end: int) -> Span:
    return Span("cell", 1, start + 1, 1, end + 1)


@pytest.mark.parametrize(("text", "canonical"), [
    ("-", "-"), ("  >=5M ", ">= 5M"), ('!="x"', '!= "x"'), ("< least", "< least"), ("[ 2 .. 4 ]", "[2..4]"),
    ("[0.5..60%]", "[0.5..60%]"), ("= 5", "5"), ("-3", "-3"), ("[-2..-1]", "[-2..-1]"),
    ("'a', \"b,c\"", '"a", "b,c"'), ("is  known", "is known"), ("is missing", "is missing"), ("true", "true"),
    ("24 months", "24 months"), ("> min(a, b) / 2", "> min(a, b) / 2"), ("min(a, b)", "min(a, b)"),
    ('"a\\\\", "b"', '"a\\\\", "b"'), ("2026-11-21", "2026-11-21"),
])
def test_cells_have_one_spelling(text: str, canonical: str) -> None:
    """A cell read, printed and read again is the same cell."""
    cell = parse_cell(text, nowhere)
    assert cell_text(cell) == canonical
    assert parse_cell(canonical, nowhere) == cell


@pytest.mark.parametrize(("text", "column"), [
    ("", 1), ("==5", 1), (">= ", 3), ("[1..]", 5), ("[a]", 1), ("a or b", 1), (">= 5 and < 6", 10), ('"a", ', 5),
    ("a, b >", 6), ("x = 5", 1), ("not a", 1),
])
def test_what_is_wrong_in_a_cell_is_shown_at_its_place(text: str, column: int) -> None:
    with pytest.raises(Problems) as caught:
        parse_cell(text, nowhere)
    assert [(d.code, d.column) for d in caught.value.diagnostics] == [("expression-syntax", column)]


# --- files that cannot be used -------------------------------------------------------------------


def test_problems_in_a_csv_file_are_at_its_cells(tmp_path: Path) -> None:
    (tmp_path / "serve.csv").write_text(
        'status,csat,then model\n"""a"", ""watch""",>= 60 days,pooled\n-,"=> 1,5",pooled\n-,-,poled\n', "utf-8")
    assert problems(in_file("serve.csv"), tmp_path) == ["serve.csv:3:4 expression-syntax: `=>` is not part of the language"]
    (tmp_path / "serve.csv").write_text(
        'status,csat,then model\n"""a"", ""watch""",>= 60 days,pooled\n-,-,poled\n', "utf-8")
    assert problems(in_file("serve.csv"), tmp_path) == [
        "serve.csv:2:2 unknown-word: `a` is not one of the words",
        "serve.csv:2:20 type-mismatch: `csat` is a number and `60 days` is a duration: they cannot be compared",
        "serve.csv:3:5 unknown-outcome: `poled` is not an outcome of `model`",
    ]


def test_problems_in_a_workbook_name_the_cell(tmp_path: Path) -> None:
    workbook(tmp_path / "serve.xlsx", [["csat", "wants", "then model"], [">= 1 and", "-", "pooled"], ["-", None, "pooled"]])
    assert problems(in_file("serve.xlsx"), tmp_path) == [
        "serve.xlsx:A2 expression-syntax: the expression stops too early",
        "serve.xlsx:B3 expression-syntax: a blank cell",
    ]
    workbook(tmp_path / "serve.xlsx", [["csat", "wants", "then model"], [5, True, "poled", "x"]])
    assert problems(in_file("serve.xlsx"), tmp_path) == [
        "serve.xlsx:D2 bad-decision-table: 4 cells where the header has 3"]
    workbook(tmp_path / "serve.xlsx", [["csat", "wants", "then model"], [5, True, "poled"]])
    with pytest.raises(samrules.RulesetError, match=r"serve\.xlsx:C2: error\[unknown-outcome\]: `poled` is not") as caught:
        samrules.loads(in_file("serve.xlsx"), folder=tmp_path)
    assert (caught.value.diagnostics[0].line, caught.value.diagnostics[0].column) == (2, 3)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 and no more", b"status,then model\n"])
def test_what_is_no_workbook_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "serve.xlsx").write_bytes(data)
    assert [p.split(":")[1] for p in problems(in_file("serve.xlsx"), tmp_path)] == ["A1 bad-table"]


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    """Whatever byte is wrong, there is a table or a diagnostic."""
    workbook(tmp_path / "serve.xlsx", SHEET)
    data = (tmp_path / "serve.xlsx").read_bytes()
    refused = 0
    for at in range(0, len(data), 97):
        (tmp_path / "serve.xlsx").write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            samrules.loads(in_file("serve.xlsx"), folder=tmp_path)
        except samrules.RulesetError:
            refused += 1
    assert refused


def test_without_openpyxl_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook(tmp_path / "serve.xlsx", SHEET)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(samrules.RulesetError, match=r"needs-extra.*\n.*samrules\[xlsx\]"):
        samrules.loads(in_file("serve.xlsx"), folder=tmp_path)


def test_a_table_in_a_file_needs_a_folder() -> None:
    assert problems(in_file("serve.csv")) == [
        "served.yaml:11:10 no-such-file: there is no folder in which to look for `serve.csv`"]


def test_a_table_has_a_largest_size(tmp_path: Path) -> None:
    rows = "-,digital\n" * MAX_ROWS
    (tmp_path / "serve.csv").write_text("csat,then model\n" + rows, "utf-8")
    assert samrules.loads(in_file("serve.csv"), folder=tmp_path).outcomes
    (tmp_path / "serve.csv").write_text("csat,then model\n" + rows + "-,digital\n", "utf-8")
    assert problems(in_file("serve.csv"), tmp_path) == [
        "serve.csv:1:1 bad-decision-table: 1,001 rows; a table has at most 1,000"]


# --- gaps and overlaps ---------------------------------------------------------------------------


def surveyed(text: str) -> tuple[CheckedRuleset, Surveyor, Survey]:
    checked = check(bundle_of_text(text, "text"))
    main = checked.main
    assert main.decide is not None
    surveyor = Surveyor(main.tables[0], main.decide, checked.scopes[main.name], checked.definitions)
    return checked, surveyor, surveyor.survey()


def account_of(example: Example) -> dict[str, Any]:
    """An example as facts; what it calls missing is left out."""
    found: dict[str, Any] = {"account_id": "A"}
    for node, point in example:
        inner = node.arguments[0] if isinstance(node, ex.Call) else node
        assert isinstance(inner, ex.Name)
        found[inner.name] = point.value
    return found


def truths(text: str, facts: dict[str, Any], day: date) -> Iterator[bool | None]:
    for rule in samrules.loads(text).decide(facts, as_of=day).rules:
        if rule.name.startswith("listed_"):
            yield rule.truth


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(["first", "unique", "priority"]))
def test_every_example_is_real(data: st.DataObject, policy: str) -> None:
    """Of a gap, no row holds under the interpreter; of an overlap, both rows do."""
    words = ["release", "watch", "retain"]
    table = data.draw(some.tables(words, monotone=False))
    case = {
        "ruleset": "random", "version": "1.0.0", "facts": some.FACTS, "events": some.EVENTS, "measures": some.MEASURES,
        "parameters": some.PARAMETERS, "tables": {"listed": table},
        "define": {"first_condition": "flag", "level": "if rank >= 4 then 3 else if rank >= 2 then 2 else 1"},
        "scorecards": {"score": {"criteria": {"a": {"weight": 100, "scale": {"of": "share", "from": "0%", "to": "50%"}}},
                                 "bands": {"low": 0, "middle": 40, "high": 70}}},
        "decide": {"action": {"outcomes": words, "hit_policy": policy, "otherwise": "watch"}},
    }
    text = json.dumps(case)
    try:
        _, surveyor, survey = surveyed(text)
    except Unchecked:
        return
    if not surveyor.independent:
        return
    if survey.gap is not None:
        assert not any(t is not False for t in truths(text, account_of(survey.gap), surveyor.day))
    for (first, second), example in survey.overlaps.items():
        held = list(truths(text, account_of(example), surveyor.day))
        assert held[first] is True
        assert held[second] is True
        assert table["rows"][first]["then"]["action"] != table["rows"][second]["then"]["action"]


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.lists(some.full_accounts(), min_size=1, max_size=5))
def test_no_gap_and_no_cover_means_none(data: st.DataObject, accounts: list[dict[str, Any]]) -> None:
    """Where no gap is reported, some row holds or is open for every account; a covered row is never
    the first that holds."""
    words = ["release", "watch", "retain"]
    table = data.draw(some.tables(words, monotone=False))
    case = {
        "ruleset": "random", "version": "1.0.0", "facts": some.FACTS, "events": some.EVENTS, "measures": some.MEASURES,
        "parameters": some.PARAMETERS, "tables": {"listed": table},
        "define": {"first_condition": "flag", "level": "if rank >= 4 then 3 else if rank >= 2 then 2 else 1"},
        "scorecards": {"score": {"criteria": {"a": {"weight": 100, "scale": {"of": "share", "from": "0%", "to": "50%"}}},
                                 "bands": {"low": 0, "middle": 40, "high": 70}}},
        "decide": {"action": {"outcomes": words, "hit_policy": "first", "otherwise": "watch"}},
    }
    text = json.dumps(case)
    try:
        _, surveyor, survey = surveyed(text)
    except Unchecked:
        return
    for facts in accounts:
        held = list(truths(text, facts, surveyor.day))
        if survey.gap is None:
            assert any(t is not False for t in held)
        first = next((i for i, t in enumerate(held) if t is True), None)
        assert first not in survey.covered


def test_the_report_reads_well() -> None:
    text = HEAD.replace("first", "unique") + """
tables:
  serve:
    inputs: [status, revenue_ttm, csat]
    because: "{account}"
    cites: [guide/patience]
    rows:
      - {when: ['"strategic"', ">= 1M", "-"], then: {model: dedicated}}
      - {when: ["-", "> 5M", "-"], then: {model: pooled}}
      - {when: ['"watch", "other"', "<= 5M", "< least"], then: {model: digital}}
"""
    found = [(d.code, d.message) for d in samrules.loads(text).findings if d.code.startswith("table")]
    assert found == [
        ("table-gap", "no row of the table `serve` applies, for example for status strategic, revenue_ttm 0"),
        ("table-overlap", "rows 1 and 2 of the table `serve` differ and both apply, for example for "
                          "status strategic, revenue_ttm 10M"),
    ]

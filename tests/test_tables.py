"""Tables in: every cell knows its place, every fault is told, all of them at once."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import samrules
from samrules.errors import FactError
from samrules.inputs.accounts import Accounts, check_tables
from samrules.inputs.csv_table import read_csv
from samrules.inputs.json_table import read_json, read_json_lines
from samrules.inputs.rows import MOST_PROBLEMS
from samrules.inputs.tables import read_table, read_tables

AS_OF = date(2026, 11, 21)

RULES = samrules.loads("""
ruleset: small
version: 1.0.0
facts:
  account_name: {title: name, type: text}
  revenue: {title: revenue, type: money}
  csat: {title: satisfaction, type: number, range: 0..10}
  orders: {title: number of orders, type: integer}
  margin: {title: margin, type: ratio}
  since: {title: first order, type: date}
  wants: {title: the customer wants more, type: boolean}
  status: {title: status, type: "enum [none, strategic]"}
rules:
  keep:
    title: Content
    when: csat >= 8
    sustained: 2 reviews
    then: {action: keep}
    because: "{account} is content"
decide:
  action: {outcomes: [keep, drop], hit_policy: priority, otherwise: drop}
""")


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Accounts]:
    """Accounts from the text of a file, and of a history beside it."""
    monkeypatch.chdir(tmp_path)

    def check(text: str | bytes, name: str = "t.csv", history: str | None = None) -> Accounts:
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        if history is not None:
            Path("h.csv").write_text(history, encoding="utf-8")
        return check_tables(read_tables(name, "h.csv" if history is not None else None), RULES.facts, RULES.events, AS_OF)

    return check


def facts_of(found: Accounts) -> list[dict[str, Any]]:
    return [dict(a.facts) for a in found.accounts]


def problems(check: Callable[..., Accounts], *args: Any) -> list[str]:
    with pytest.raises(FactError) as caught:
        check(*args)
    return [d.render() for d in caught.value.diagnostics]


def places(check: Callable[..., Accounts], *args: Any) -> list[tuple[int | None, int | None, str]]:
    with pytest.raises(FactError) as caught:
        check(*args)
    return [(d.line, d.column, d.code) for d in caught.value.diagnostics]


# --- what is accepted ----------------------------------------------------------------------------


def test_csv_values_of_every_type(checked: Callable[..., Accounts]) -> None:
    found = checked(
        "account_id,account_name,revenue,csat,orders,margin,since,wants,status\r\n"
        'A-1,"Smith, Jones ""&"" Co",1250000.5,9,3,12%,2020-02-29,yes,strategic\r\n'
        "A-2,,,NaN,3.0,0.12,,FALSE, none \r\n"
    )
    assert facts_of(found) == [
        {"account_id": "A-1", "account_name": 'Smith, Jones "&" Co', "revenue": 1250000.5, "csat": 9.0,
         "orders": 3, "margin": 0.12, "since": date(2020, 2, 29), "wants": True, "status": "strategic"},
        {"account_id": "A-2", "orders": 3, "margin": 0.12, "wants": False, "status": "none"},
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(checked: Callable[..., Accounts], separator: str) -> None:
    text = "account_id,csat\nA,1.5\n".replace(",", separator)
    assert facts_of(checked(text)) == [{"account_id": "A", "csat": 1.5}]


def test_byte_order_mark_blank_lines_and_blanks_around_names_and_ids(checked: Callable[..., Accounts]) -> None:
    found = checked(b"\xef\xbb\xbfaccount_id, csat\n\n A ,1\n,,\n\n")
    assert facts_of(found) == [{"account_id": "A", "csat": 1.0}]


def test_columns_without_name_or_value_are_dropped(checked: Callable[..., Accounts]) -> None:
    assert facts_of(checked("account_id,csat,,\nA,1,,\n")) == [{"account_id": "A", "csat": 1.0}]


@pytest.mark.parametrize(("name", "text"), [
    ("t.json", '[{"account_id": "A", "csat": 1}, {"account_id": 7, "csat": null}]'),
    ("t.json", '{"account_id": "A", "csat": 1}\n{"account_id": 7}'),
    ("t.jsonl", '{"account_id": "A", "csat": 1}\n\n  {"account_id": 7, "csat": null}\r\n'),
    ("t.ndjson", '{"account_id": "A", "csat": 1.0}\n{"account_id": 7}'),
    ("no_ending", '[{"account_id": "A", "csat": 1}, {"account_id": 7}]'),
    ("no_ending", "account_id,csat\nA,1\n7,\n"),
])
def test_json_forms(checked: Callable[..., Accounts], name: str, text: str) -> None:
    assert facts_of(checked(text, name)) == [{"account_id": "A", "csat": 1.0}, {"account_id": "7"}]


def test_one_object(checked: Callable[..., Accounts]) -> None:
    assert facts_of(checked('{\n "account_id": "A"\n}', "t.json")) == [{"account_id": "A"}]


def test_parquet(checked: Callable[..., Accounts]) -> None:
    pl = pytest.importorskip("polars")
    sink = io.BytesIO()
    pl.DataFrame({"account_id": [1, 2], "csat": [float("nan"), 9.5], "since": [date(2020, 1, 2), None],
                  "wants": [None, True]}).write_parquet(sink)
    found = checked(sink.getvalue(), "t.parquet")
    assert facts_of(found) == [{"account_id": "1", "since": date(2020, 1, 2)},
                               {"account_id": "2", "csat": 9.5, "wants": True}]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (b"account_id,csat\nA,1\n", b'\n[{"account_id":"A","csat":1}]', b'{"account_id":"A","csat":1}'):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        found = check_tables(read_tables("-"), RULES.facts, RULES.events, AS_OF)
        assert facts_of(found) == [{"account_id": "A", "csat": 1.0}]


def test_folder(tmp_path: Path) -> None:
    (tmp_path / "accounts.jsonl").write_text('{"account_id": "A"}', encoding="utf-8")
    (tmp_path / "history.csv").write_text("account_id,review_date,csat\nA,2026-08-01,9\n", encoding="utf-8")
    (tmp_path / "events.csv").write_text("account_id,event,date\nA,order,2026-01-01\n", encoding="utf-8")
    found = check_tables(read_tables(tmp_path), RULES.facts, RULES.events, AS_OF)
    assert found.accounts[0].history == ((date(2026, 8, 1), {"account_id": "A", "csat": 9.0}),)
    assert [d.code for d in found.warnings] == ["not-read"]


def test_history_given_goes_before_one_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("account_id\nA\n", encoding="utf-8")
    (tmp_path / "history.csv").write_text("broken", encoding="utf-8")
    other = tmp_path / "other.csv"
    other.write_text("account_id,review_date\nA,2026-08-01\n", encoding="utf-8")
    found = check_tables(read_tables(tmp_path, other), RULES.facts, RULES.events, AS_OF)
    assert len(found.accounts[0].history) == 1
    assert [d.where for d in found.warnings] == [str(tmp_path / "history.csv")]


def test_reviews_from_the_day_on_are_not_seen(checked: Callable[..., Accounts]) -> None:
    found = checked("account_id\nA\n", "t.csv",
                    "account_id,review_date\nA,2026-11-20\nA,2026-11-21\nA,2027-02-21\n")
    assert [day for day, _ in found.accounts[0].history] == [date(2026, 11, 20)]
    assert [d.message for d in found.warnings] == ["2 reviews are not before 2026-11-21, and not seen"]


def test_history_in_order_of_date(checked: Callable[..., Accounts]) -> None:
    found = checked("account_id\nA\nB\n", "t.csv",
                    "account_id,review_date,csat\nA,2026-08-01,9\nA,2026-05-01,8\nB,2026-08-01,\n")
    assert [[day.isoformat() for day, _ in a.history] for a in found.accounts] == \
        [["2026-05-01", "2026-08-01"], ["2026-08-01"]]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), min_size=1, max_size=4))
def test_cells_are_where_their_places_say(cells: list[str]) -> None:
    """Law: the text at a cell's place is the cell, however it is quoted and wherever lines break."""
    quoted = [f'"{c.replace(chr(34), chr(34) * 2)}"' for c in cells]
    names = [f"c{i}" for i in range(len(cells))]
    text = "account_id," + ",".join(names) + "\nA," + ",".join(quoted) + "\n"
    row = read_csv(text, "t").rows[0]
    assert [row.values[n] for n in names] == cells
    lines = io.StringIO(text, newline="").readlines()
    starts = [sum(map(len, lines[:i])) for i in range(len(lines))]
    assert row.places is not None
    for name, raw in zip(names, quoted, strict=True):
        span = row.places[name]
        start = starts[span.line - 1] + span.column - 1
        end = starts[span.end_line - 1] + span.end_column - 1
        assert text[start:end] == raw


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=6), st.booleans()), min_size=1))
@example({"": "a", 'b"': "c"})
def test_json_values_are_where_their_places_say(record: dict[str, Any]) -> None:
    """Law: reading the text at a value's place gives the value."""
    for ascii_ in (True, False):
        text = json.dumps([{}, record], ensure_ascii=ascii_, indent=2)
        row = read_json(text, "t").rows[1]
        lines = [line + "\n" for line in text.split("\n")]
        assert row.places is not None
        for key, value in record.items():
            span = row.places[key]
            found = lines[span.line - 1][span.column - 1 : span.end_column - 1]
            assert json.loads(found) == value


@given(st.text(max_size=60))
def test_any_text_gives_a_table_or_diagnostics(text: str) -> None:
    for read in (read_csv, read_json, read_json_lines):
        try:
            table = read(text, "t")
        except FactError as error:
            assert error.diagnostics
        else:
            for row in table.rows:
                assert row.places is not None
                assert all(row.places[c].line >= 1 for c in row.values)


@given(st.binary(max_size=60), st.sampled_from([".csv", ".json", ".jsonl", ".parquet", ""]))
def test_any_bytes_give_a_table_or_diagnostics(tmp_path_factory: pytest.TempPathFactory, data: bytes,
                                               suffix: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(data)
    try:
        check_tables(read_tables(path), RULES.facts, RULES.events, AS_OF)
    except FactError as error:
        assert error.diagnostics


# --- what is wrong, where, and its cure ----------------------------------------------------------


def test_every_fault_of_a_table_at_once(checked: Callable[..., Accounts]) -> None:
    assert places(checked, (
        "account_id,revenue,csat,csat,since,status,orders\n"
        "A-1,N/A,12,,31/02/2026,stategic,3.5\n"
        'A-1,,,,,"none\n",99999999999999999999\n'
        "B,1\n"
        " ,1,2,,,,\n"
        'C,1,2,,"2026-02-30",,,extra\n'
        "D,1,2,,2026-02-30,,\n"
    )) == [
        (1, 25, "duplicate-column"),
        (2, 5, "wrong-type"),
        (2, 9, "out-of-range"),
        (2, 13, "bad-date"),
        (2, 24, "out-of-range"),
        (2, 33, "wrong-type"),
        (3, 1, "duplicate-account"),
        (4, 3, "wrong-type"),
        (5, 3, "ragged-row"),
        (6, 1, "missing-account-id"),
        (7, 23, "ragged-row"),
        (8, 8, "bad-date"),
    ]


@pytest.mark.parametrize(("text", "rendered"), [
    ("account_id,revenue\nA,N/A\n", """\
t.csv:2:3: error[wrong-type]: `revenue`: `N/A` is not an amount of money
  A,N/A
    ^^^
help: leave the cell blank where the fact is not known"""),
    ('account_id,revenue\nA,"1,234"\n', """\
t.csv:2:3: error[wrong-type]: `revenue`: `1,234` is not an amount of money
  A,"1,234"
    ^^^^^^^
help: write digits and a decimal point only, as in `1234.5`"""),
    ("account_id,csat\nA,92\n", """\
t.csv:2:3: error[out-of-range]: `csat`: 92 is out of range
  A,92
    ^^
help: it must be from 0 to 10"""),
    ("account_id,since\nA,31/02/2026\n", """\
t.csv:2:3: error[bad-date]: `since`: `31/02/2026` is not a date
  A,31/02/2026
    ^^^^^^^^^^
help: write an existing day as `2026-11-21`"""),
    ("account_id,status\nA,stategic\n", """\
t.csv:2:3: error[out-of-range]: `status`: `stategic` is not one of its words
  A,stategic
    ^^^^^^^^
help: did you mean `strategic`?"""),
    ("account_id,csat\nA,1\nB,2\nA,3\n", """\
t.csv:4:1: error[duplicate-account]: the account `A` stands twice; first in line 2
  A,3
  ^
help: keep one row an account; earlier states belong in the history table"""),
    ("account_id,csat,csat\nA,1,2\n", """\
t.csv:1:17: error[duplicate-column]: the column `csat` stands twice, as 2 and 3
  account_id,csat,csat
                  ^^^^
help: remove or rename one of the two"""),
    ("Account ID,csat\nA,1\nB,2\n", """\
t.csv:1:1: error[missing-account-id]: the table has no column `account_id`
  Account ID,csat
  ^
help: rename `Account ID` to `account_id`"""),
    ("account_id,csat\n,1\n", """\
t.csv:2:1: error[missing-account-id]: an account without `account_id`
  ,1
  ^
help: give each account an id"""),
    ("account_id,account_name\nA,Smith, Jones\n", """\
t.csv:2:9: error[ragged-row]: the row has 3 cells, the header 2
  A,Smith, Jones
          ^^^^^^
help: put a cell that holds a comma in quotes, or remove the cells that are too many"""),
    ('account_id,account_name\nA,"Smith\nB,x\n', """\
t.csv:2:3: error[bad-table]: a quote is opened here and never closed
  A,"Smith
    ^
help: close it, or write a quote inside a cell as two, `""`"""),
    ('account_id,account_name\nA,"5" pipe"\n', """\
t.csv:2:3: error[bad-table]: text after the closing quote of a cell
  A,"5" pipe"
    ^
help: write a quote inside a cell as two, `""`, and leave no blank beside the outer ones"""),
    ("account_id,csat\nA,1\0\n", """\
t.csv:2:4: error[bad-table]: a null byte: this is not plain text
  A,1
     ^
help: open the file in the program it came from and save it as "CSV UTF-8\""""),
    ("account_id,csat,\nA,1,x\n", """\
t.csv:2:5: error[bad-table]: a value in column 3, which has no name
  A,1,x
      ^
help: name the column in the header, or remove it"""),
    (b"account_id,account_name\nA,M\xfcller\n", """\
t.csv:2:4: error[wrong-encoding]: byte 0xfc is not UTF-8 text
help: save the file as UTF-8 (in a spreadsheet: "CSV UTF-8")"""),
    ("account_id,csat\nA,1".encode("utf-16"), """\
t.csv:1:1: error[wrong-encoding]: the file is UTF-16 text, not UTF-8
help: save the file as UTF-8 (in a spreadsheet: "CSV UTF-8")"""),
    ("", """\
t.csv:1:1: error[empty-file]: the file holds nothing
help: export it again; an empty table is nearly always a failed export"""),
    ("account_id,csat\n", """\
t.csv:1:1: error[empty-file]: the table has a header and no rows
help: export it again; an empty table is nearly always a failed export"""),
])  # fmt: skip
def test_csv_faults_to_the_letter(checked: Callable[..., Accounts], text: str | bytes, rendered: str) -> None:
    assert problems(checked, text) == [rendered]


def test_a_cell_too_large_is_located(checked: Callable[..., Accounts]) -> None:
    assert places(checked, 'account_id,account_name\nA,"' + "x\n" * 100_000) == [(2, 3, "bad-table")]


@pytest.mark.parametrize(("text", "found"), [
    ('[{"account_id": "A", "csat": NaN}]', [(1, 30, "wrong-type")]),
    ('[{"account_id": "A", "csat": -Infinity}]', [(1, 30, "wrong-type")]),
    ('[{"account_id": "A", "csat": 1e999}]', [(1, 30, "wrong-type")]),
    ('[{"account_id": "A",\n "csat": 1, "csat": 2}]', [(2, 21, "duplicate-key")]),
    ('[{"account_id": "A", "csat": {"a": 1}}]', [(1, 30, "wrong-type")]),
    ('[{"account_id": "A", "csat": [1]}]', [(1, 30, "wrong-type")]),
    ('[{"account_id": "A", "csat": "9"}]', [(1, 30, "wrong-type")]),
    ('[{"account_id": "A", "orders": 9223372036854775808}]', [(1, 32, "wrong-type")]),
    ('[{"account_id": "A", "csat": ' + "9" * 5000 + "}]", [(1, 30, "wrong-type")]),
    ('[{"account_id": "A"},\n {"account_id": "A"}]', [(2, 17, "duplicate-account")]),
    ('[{"csat": 1}]', [(1, 1, "missing-account-id")]),
    ('[{"account_id": null}]', [(1, 17, "missing-account-id")]),
    ('[{"account_id": "A"},\n 3]', [(2, 2, "bad-table")]),
    ('[{"account_id": "A"},\n', [(1, 21, "bad-table")]),
    ('[{"account_id": "A"}\n {"account_id": "B"}]', [(2, 2, "bad-table")]),
    ('[{"account_id": "A"},]', [(1, 22, "bad-table")]),
    ('{"account_id": "A", csat: 1}', [(1, 21, "bad-table")]),
    ("[" * 100_000, [(1, 2, "bad-table")]),
    ("[]", [(1, 1, "empty-file")]),
    (" ", [(1, 1, "empty-file")]),
])
def test_json_faults(checked: Callable[..., Accounts], text: str, found: list[tuple[int, int, str]]) -> None:
    assert places(checked, text, "t.json") == found


def test_a_json_fault_to_the_letter(checked: Callable[..., Accounts]) -> None:
    assert problems(checked, '[{"account_id": "A", "csat": NaN}]', "t.json") == ["""\
t.json:1:30: error[wrong-type]: `csat`: `NaN` is not a value
  [{"account_id": "A", "csat": NaN}]
                               ^^^
help: JSON has no `NaN`; write `null` where the fact is not known"""]


def test_every_bad_line_of_json_lines(checked: Callable[..., Accounts]) -> None:
    assert places(checked, '{"account_id": "A"}\n {"account_id": B}\n{"account_id": "C"} 3\n[1]\n{"account_id": ""}\n',
                  "t.jsonl") == [
        (2, 17, "bad-table"), (3, 21, "bad-table"), (4, 1, "bad-table"), (5, 16, "missing-account-id")]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\0" * 30 + b"PAR1", b"account_id\nA\n"])
def test_bad_parquet(checked: Callable[..., Accounts], data: bytes) -> None:
    pytest.importorskip("polars")
    with pytest.raises(FactError) as caught:
        checked(data, "t.parquet")
    assert [d.code for d in caught.value.diagnostics] == ["bad-table" if data else "empty-file"]


def test_parquet_faults_name_the_row(checked: Callable[..., Accounts]) -> None:
    pl = pytest.importorskip("polars")
    sink = io.BytesIO()
    pl.DataFrame({"account_id": ["A", "A"], "csat": [1.0, 11.0]}).write_parquet(sink)
    assert problems(checked, sink.getvalue(), "t.parquet") == [
        "t.parquet: row 2: error[duplicate-account]: the account `A` stands twice; first in row 1\n"
        "help: keep one row an account; earlier states belong in the history table",
        "t.parquet: row 2: error[out-of-range]: `csat`: 11 is out of range\nhelp: it must be from 0 to 10",
    ]


def test_parquet_without_polars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1    PAR1")
    with pytest.raises(FactError) as caught:
        read_table(path)
    assert 'pip install "samrules[parquet]"' in str(caught.value)
    assert caught.value.diagnostics[0].code == "needs-extra"


@pytest.mark.parametrize(("name", "code"), [("t.xlsx", "unknown-format"), ("t.yaml", "unknown-format"),
                                            ("none.csv", "no-such-file"), ("none.xls", "no-such-file")])
def test_files_that_are_no_table(tmp_path: Path, name: str, code: str) -> None:
    if not name.startswith("none"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    with pytest.raises(FactError) as caught:
        read_table(tmp_path / name)
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_folders_that_do_not_say_which_table(tmp_path: Path) -> None:
    with pytest.raises(FactError, match="holds no table of accounts"):
        read_tables(tmp_path)
    for name in ("accounts.csv", "accounts.json"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    with pytest.raises(FactError, match=r"holds `accounts.csv` and `accounts.json`"):
        read_tables(tmp_path)


def test_reading_stops_after_a_thousand_problems(checked: Callable[..., Accounts]) -> None:
    for text, name in (("account_id,csat\n" + "".join(f"A{i},x\n" for i in range(5000)), "t.csv"),
                       ("account_id,csat\n" + "".join(f"A{i}\n" for i in range(5000)), "t.csv"),
                       ('{"account_id": 1, "csat": "x"}\n' * 5000, "t.jsonl")):
        assert len(places(checked, text, name)) == MOST_PROBLEMS


# --- columns and history -------------------------------------------------------------------------


def test_undeclared_columns_once_with_the_nearest_name(checked: Callable[..., Accounts]) -> None:
    found = checked("account_id,acount_name,zip,csat,Csat\n" + "".join(f"A{i},,,,\n" for i in range(9)))
    assert [d.render() for d in found.warnings] == [
        "t.csv: warning[undeclared-fact]: the columns `acount_name` (did you mean `account_name`?), `zip` and "
        "`Csat` are no declared facts and have no effect\n"
        "help: rename what is a misspelt fact, declare what a rule should read, ignore the rest"]


def test_many_undeclared_columns_are_cut(checked: Callable[..., Accounts]) -> None:
    names = ",".join(f"x{i}" for i in range(40))
    (warning,) = checked(f"account_id,{names}\nA{',' * 40}\n").warnings
    assert warning.message.endswith("`x7` and 32 more are no declared facts and have no effect")


@pytest.mark.parametrize(("history", "found"), [
    ("account_id,csat\nA,1\n", [(1, 1, "bad-history")]),
    ("review_date,csat\n2026-01-01,1\n", [(1, 1, "missing-account-id")]),
    ("account_id,review_date\nA,\n", [(2, 3, "bad-history")]),
    ("account_id,review_date\nA,31/02/2026\n", [(2, 3, "bad-date")]),
    ("account_id,review_date\nA,2026-01-01\nA,2026-01-01\n", [(3, 3, "bad-history")]),
    ("account_id,review_date,csat\nA,2026-01-01,x\n", [(2, 14, "wrong-type")]),
])
def test_history_faults(checked: Callable[..., Accounts], history: str, found: list[tuple[int, int, str]]) -> None:
    assert places(checked, "account_id\nA\n", "t.csv", history) == found


def test_faults_of_accounts_and_history_together(checked: Callable[..., Accounts]) -> None:
    assert places(checked, "account_id,csat\nA,x\n", "t.csv", "account_id,review_date\nA,x\n") == [
        (2, 3, "bad-date"), (2, 3, "wrong-type")]


def test_history_of_other_accounts_is_a_warning(checked: Callable[..., Accounts]) -> None:
    found = checked("account_id\nA\n", "t.csv",
                    "account_id,review_date,csat\na,2026-01-01,x\nB,2026-01-01,\nB,2026-02-01,\n")
    assert found.accounts[0].history == ()
    assert [d.render() for d in found.warnings] == [
        "h.csv: warning[unmatched-history]: 3 reviews are of accounts that are not in the table: `a` and `B`\n"
        "help: check the ids if these accounts should be decided; else ignore this"]

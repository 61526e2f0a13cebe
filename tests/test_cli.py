"""The command line: exit codes, what goes to which stream, nothing half-written, messages to the letter."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

import samrules
from samrules.cli.codes import catalogue_page
from samrules.cli.main import cli
from samrules.engines import durable_fence
from samrules.syntax.library import bundled_names

ROOT = Path(__file__).resolve().parent.parent
PORTFOLIO = ROOT / "examples" / "portfolio"
AS_OF = ("--as-of", "2026-11-21")

RULESET = """\
ruleset: small
version: 1.0.0
title: Keep or drop
description: Who is content stays.
uses: [account_facts]
parameters:
  enough:
    title: Satisfaction that is enough
    type: number
    values: {2020-01-01: 7, 2026-01-01: 8}
    reason: People forgive the rest.
    cites: [varasi/beyond-revenue]
define:
  content:
    title: the customer is content
    value: csat >= enough
rules:
  stays:
    title: Content
    when:
      all:
        - content
        - revenue_ttm >= 1M
        - not wants_closer_relationship
    unless: age(customer_since) < 12 months
    sustained: 2 reviews
    then: {action: keep, ask_again: 12 months}
    because: "{account} is content and brings {revenue_ttm}"
    cites: [varasi/beyond-revenue]
decide:
  action:
    outcomes: [keep, drop]
    hit_policy: priority
    otherwise: drop
"""
ACCOUNTS = "account_id,account_name,csat,revenue_ttm,customer_since,wants_closer_relationship\n" \
    "A-1,Acme,9,2500000,2020-01-01,no\nB-2,Bolt,9,,2020-01-01,no\nC-3,Crux,5,2500000,2020-01-01,no\n"
HISTORY = "account_id,review_date,csat,revenue_ttm,customer_since,wants_closer_relationship\n" \
    "A-1,2026-08-21,9,2000000,2020-01-01,no\nB-2,2026-08-21,9,2000000,2020-01-01,no\n"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs in a folder of its own that holds a ruleset and accounts."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("small.yaml", RULESET), ("accounts.csv", ACCOUNTS), ("history.csv", HISTORY)):
        Path(name).write_text(text, encoding="utf-8")


def run(*args: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in args], input=stdin)


def refused(*args: str | Path, stdin: str | bytes | None = None) -> str:
    """What is said of unusable input: exit 2, and nothing on standard output."""
    before = {p.name: p.read_bytes() for p in Path().iterdir() if p.is_file()}
    found = run(*args, stdin=stdin)
    assert (found.exit_code, found.stdout) == (2, ""), found.output
    assert {p.name: p.read_bytes() for p in Path().iterdir() if p.is_file()} == before
    return found.stderr


def files() -> set[str]:
    return {p.name for p in Path().iterdir()}


# --- decide --------------------------------------------------------------------------------------


def test_decide_prints_a_table_with_reasons() -> None:
    found = run("decide", "small.yaml", "accounts.csv", "--history", "history.csv", *AS_OF)
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout == """\
Keep or drop. small 1.0.0, 21 November 2026

Account   Decision          Why
────────────────────────────────────────────────────────────────────────────────────────────────────
Acme      keep              Acme is content and brings 2.5 million.
A-1                         → ask again: 12 months

Bolt      evidence needed   Open: keep or drop.
B-2                         Find out first: revenue of the last 12 months.

Crux      drop              No rule for keep holds.
C-3

3 accounts: 1 keep, 1 evidence needed, 1 drop
"""


def test_decide_reads_standard_input_and_folders() -> None:
    by_file = run("decide", "small.yaml", "accounts.csv", "--history", "history.csv", *AS_OF, "--format", "json")
    by_stdin = run("decide", "small.yaml", "-", "--history", "history.csv", *AS_OF, "--format", "json", stdin=ACCOUNTS)
    by_folder = run("decide", "small.yaml", ".", *AS_OF, "--format", "json")
    assert by_file.exit_code == by_stdin.exit_code == by_folder.exit_code == 0
    assert by_file.stdout == by_stdin.stdout == by_folder.stdout
    assert [d["outcome"] for d in json.loads(by_file.stdout)] == ["keep", "evidence_needed", "drop"]


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv", "parquet", "txt"])
def test_out_is_what_standard_output_would_be(suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("polars")
    found = run("decide", "small.yaml", ".", *AS_OF, "--out", f"d.{suffix}")
    assert (found.exit_code, found.output) == (0, "")
    format_ = {"txt": "table"}.get(suffix, suffix)
    assert Path(f"d.{suffix}").read_bytes() == run("decide", "small.yaml", ".", *AS_OF, "--format", format_).stdout_bytes


def test_the_worked_accounts() -> None:
    expected = {
        "designation": {"lumen-labs": "designate", "megamart": "decline"},
        "dedesignation": {"norvale": "release", "harrow": "retain", "harrow-north": "watch"},
        "buy_sell": {"teclan": "promote", "osprey": "hold", "norvale": "demote"},
        "programme": {"lumen-labs": "strategic", "megamart": "none", "norvale": "released", "harrow": "strategic",
                      "harrow-north": "watch", "teclan": "strategic", "osprey": "nominated"},
    }
    for ruleset, outcomes in expected.items():
        found = run("decide", ruleset, PORTFOLIO, *AS_OF, "--format", "json")
        decided = {d["account"]: d["outcome"] for d in json.loads(found.stdout)}
        assert {account: decided[account] for account in outcomes} == outcomes


def test_the_programme_answers_from_all_rulesets() -> None:
    found = run("decide", "programme", PORTFOLIO, *AS_OF, "--format", "json")
    decided = {d["account"]: d for d in json.loads(found.stdout)}
    outputs = {account: d["outputs"] for account, d in decided.items()}
    assert outputs["lumen-labs"]["action"] == "designate"
    assert outputs["megamart"]["coverage"] == "inside_sales"
    assert outputs["norvale"] | {"action": "release", "cool_off": "12 months", "coverage": "inside_sales",
                                 "level_move": "demote"} == outputs["norvale"]
    assert outputs["osprey"]["level_move"] == "hold"
    parts = {(account, p["ruleset"]): p for account, d in decided.items() for p in d["parts"]}
    assert parts["harrow", "dedesignation"]["outputs"] == {"next_step": "amend_the_plan_together"}
    assert parts["teclan", "buy_sell"]["outputs"] == {"to_level": 3}
    assert parts["megamart", "designation"]["outputs"] == {"coverage": "inside_sales", "desk": "large_accounts",
                                                         "ask_again": "12 months"}


REVIEWS = {
    "2026-08-21": {"norvale": "watch", "harrow": "strategic"},
    "2026-11-21": {"norvale": "released", "harrow": "strategic"},
    "2027-02-21": {"norvale": "released", "harrow": "watch"},
    "2027-05-21": {"norvale": "released", "harrow": "watch"},
    "2027-08-21": {"norvale": "released", "harrow": "strategic"},
}
"""Norvale goes only at the second review that says so; Harrow loses its champion to a rival's entry, and returns."""


def test_two_accounts_review_by_review() -> None:
    before: dict[str, tuple[str, str]] = {}
    for day, expected in REVIEWS.items():
        folder = ROOT / "examples" / "reviews" / day
        found = run("decide", "programme", folder, "--as-of", day, "--format", "json")
        decided = {d["account"]: d["outcome"] for d in json.loads(found.stdout)}
        assert decided == expected
        with (folder / "accounts.csv").open(encoding="utf-8") as file:
            recorded = {r["account_id"]: (r["designation_status"], r["status_since"]) for r in csv.DictReader(file)}
        for account, status in before.items():
            assert recorded[account] == status, "the record follows from the decision at the review before"
        before = {account: (outcome, day if outcome != recorded[account][0] else recorded[account][1])
                  for account, outcome in decided.items()}


def test_warnings_go_to_standard_error_once() -> None:
    Path("events.csv").write_text("account_id,date,event,note\nA,2026-01-01,order_placed,x\n", encoding="utf-8")
    Path("accounts.csv").write_text("account_id,revenue\nA,1\nB,2\n", encoding="utf-8")
    found = run("decide", "small.yaml", ".", *AS_OF, "--format", "jsonl")
    assert (found.exit_code, found.stdout.count("\n")) == (0, 2)
    assert found.stderr == """\
accounts.csv: warning[undeclared-fact]: the column `revenue` (did you mean `revenue_ttm`?) is no declared fact \
and has no effect
help: rename what is a misspelt fact, declare what a rule should read, ignore the rest

history.csv: warning[unmatched-history]: 2 reviews are of accounts that are not in the table: `A-1` and `B-2`
help: check the ids if these accounts should be decided; else ignore this

events.csv: warning[undeclared-fact]: no measure can read the columns `note` of these events
help: declare them under the `fields` of the event, or ignore this

"""


# --- bad input: a message with a cure, exit 2, nothing written -----------------------------------


def test_bad_cells_to_the_letter() -> None:
    Path("accounts.csv").write_text("account_id,revenue_ttm,customer_since\nA,N/A,31/02/2026\n", encoding="utf-8")
    assert refused("decide", "small.yaml", "accounts.csv", *AS_OF, "--out", "d.csv") == """\
accounts.csv:2:3: error[wrong-type]: `revenue_ttm`: `N/A` is not an amount of money
  A,N/A,31/02/2026
    ^^^
help: leave the cell blank where the fact is not known

accounts.csv:2:7: error[bad-date]: `customer_since`: `31/02/2026` is not a date
  A,N/A,31/02/2026
        ^^^^^^^^^^
help: write an existing day as `2026-11-21`

2 errors
"""


@pytest.mark.parametrize(("args", "said"), [
    (("--as-of", "31/02/2026"), """\
--as-of: error[bad-date]: `31/02/2026` is not a date
help: write an existing day as `2026-11-21`

"""),
    (("--as-of", "2026-02-30"), """\
--as-of: error[bad-date]: `2026-02-30` is not a date
help: the calendar has no such day; write an existing day as `2026-11-21`

"""),
    (("--as-of", "2019-12-31"), """\
small.yaml:7:3: error[parameter-not-yet]: `small.enough` has no value on 2019-12-31
help: its first value, 7.0, holds from 2020-01-01; decide for a later date, or add the value that held then

"""),
    ((*AS_OF, "--engine", "prolog"), """\
engine: error[no-such-engine]: there is no engine `prolog`
help: engines here: `compiled`, `durable`, `frame` and `interpreter`

"""),
    ((*AS_OF, "--out", "missing/d.csv"), """\
missing/d.csv: error[cannot-write]: cannot write the file: the folder `missing` does not exist
help: create the folder first, or give another path

"""),
    ((*AS_OF, "--out", "accounts.csv"), """\
accounts.csv: error[cannot-write]: cannot write the file: it is the table being read
help: give the results a name of their own

"""),
    ((*AS_OF, "--out", "."), """\
.: error[cannot-write]: cannot write the file: it is a folder
help: give the name of a file in it

"""),
    ((*AS_OF, "--out", "d.xls"), """\
d.xls: error[unknown-format]: `.xls` is not a format that samrules writes
help: end it in .json, .jsonl, .csv, .parquet or .txt, or give `--format`

"""),
])  # fmt: skip
def test_bad_options_to_the_letter(args: tuple[str, ...], said: str) -> None:
    assert refused("decide", "small.yaml", "accounts.csv", *args) == said


@pytest.mark.parametrize(("data", "code"), [
    (b"", "empty-file"),
    (b"account_id,csat\n", "empty-file"),
    (b"csat\n1\n", "missing-account-id"),
    (b"account_id,csat\n,1\n", "missing-account-id"),
    (b"account_id\nA\nA\n", "duplicate-account"),
    (b"account_id,csat,csat\nA,1,1\n", "duplicate-column"),
    (b"account_id,csat\nA\n", "ragged-row"),
    (b"account_id,csat\nA,1,2\n", "ragged-row"),
    (b"account_id,account_name\nA,M\xfcller\n", "wrong-encoding"),
    (b'account_id\n"A\n', "bad-table"),
    (b"account_id,csat\nA,11\n", "out-of-range"),
    (b"account_id,csat\nA,high\n", "wrong-type"),
    (b'[{"account_id": "A", "csat": NaN}]', "wrong-type"),
    (b'[{"account_id": "A"}', "bad-table"),
])
def test_bad_tables_leave_nothing(data: bytes, code: str) -> None:
    assert f"error[{code}]" in refused("decide", "small.yaml", "-", *AS_OF, "--out", "d.json", stdin=data)
    assert "d.json" not in files()


def test_an_error_while_deciding_leaves_the_old_file() -> None:
    Path("d.json").write_text("old", encoding="utf-8")
    refused("decide", "small.yaml", "accounts.csv", "--as-of", "2019-12-31", "--out", "d.json")
    assert Path("d.json").read_text(encoding="utf-8") == "old"


def test_fifty_problems_are_shown_and_the_rest_counted() -> None:
    rows = "".join(f"A{i},{'x' if i % 2 else 99}\n" for i in range(200))
    said = refused("decide", "small.yaml", "-", *AS_OF, stdin=f"account_id,csat\n{rows}")
    assert said.count("help:") == 50
    assert said.endswith("\n… and 150 more: 75 out-of-range, 75 wrong-type\n\n200 errors\n")


@pytest.mark.parametrize(("args", "said"), [
    (("decide", "desigantion", "accounts.csv"), "did you mean `designation`?"),
    (("decide", "account_facts", "accounts.csv"), "error[no-decision]"),
    (("decide", "small.yaml", "nowhere.csv"), "error[no-such-file]"),
    (("decide", "small.yaml", "small.yaml"), "error[unknown-format]"),
    (("explain", "small.yaml", "accounts.csv", "--account", "A-1", "--why-not", "keeep"), "did you mean `keep`?"),
    (("explain", "small.yaml", "accounts.csv", "--account", "A-11"), "did you mean `A-1`?"),
    (("explain", "small.yaml", "accounts.csv", "--account", "acme"), "did you mean `A-1`?"),
    (("show", "nothing.yaml"), "error[no-such-file]"),
    (("format", "nothing.yaml", "small.yaml"), "error[no-such-file]"),
    (("explan",), "did you mean `explain`?"),
    (("decide", "small.yaml"), "Missing argument 'ACCOUNTS'"),
    (("check",), "name at least one ruleset"),
])
def test_slips_of_the_keyboard(args: tuple[str, ...], said: str) -> None:
    assert said in refused(*args)


def test_an_unknown_account_to_the_letter() -> None:
    assert refused("explain", "small.yaml", "accounts.csv", "--account", "Acme", *AS_OF) == """\
--account: error[no-such-account]: there is no account `Acme` in the table
help: did you mean `A-1`?

"""


def test_a_fault_of_samrules_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(samrules.Rules, "decide_checked", broken)
    found = run("decide", "small.yaml", "accounts.csv", *AS_OF, "--out", "d.json")
    assert isinstance(found.exception, ZeroDivisionError)
    assert "d.json" not in files()


# --- explain, show, list, schema -----------------------------------------------------------------


def test_explain_in_three_forms() -> None:
    args = ("explain", "small.yaml", "accounts.csv", "--account", "C-3", *AS_OF)
    text = run(*args)
    assert (text.exit_code, text.stderr) == (0, "")
    assert text.stdout.startswith("Crux: drop\n")
    assert run(*args, "--format", "md").stdout.startswith("# Crux: drop\n")
    assert json.loads(run(*args, "--format", "json").stdout)["account"] == "C-3"


def test_explain_why_not() -> None:
    found = run("explain", "small.yaml", "accounts.csv", "--account", "C-3", "--why-not", "keep", *AS_OF)
    assert found.exit_code == 0
    assert found.stdout.startswith("Crux: why not keep?\n")
    assert "customer satisfaction: 5, at least 8 needed (3 short)" in found.stdout


def test_explain_shows_no_control_characters() -> None:
    Path("accounts.csv").write_text("account_id,account_name\nA,\x1b[2Jx\n", encoding="utf-8")
    assert "\x1b" not in run("explain", "small.yaml", "accounts.csv", "--account", "A", *AS_OF).stdout


def test_show_to_the_letter() -> None:
    found = run("show", "small.yaml", *AS_OF)
    assert (found.exit_code, found.stderr) == (0, "")
    digest = samrules.load("small.yaml").digest
    assert found.stdout == f"""\
Keep or drop
============
small 1.0.0, {digest}
Uses account_facts.

Who is content stays.

Decides action: keep or drop
  The strongest outcome for which a rule holds; drop where no rule holds; evidence needed while the
  known facts leave it open.

Rules
  Content → keep; ask again: 12 months
    when all of these hold
      - the customer is content
      - revenue of the last 12 months: at least 1 million
      - not: the customer wants a closer relationship
    unless
      - date of the first order: less than 12 months ago
    sustained: 2 reviews in a row
    because “[account] is content and brings [revenue of the last 12 months]”
    rests on varasi/beyond-revenue

Definitions
  the customer is content:
      - customer satisfaction: at least 8 ‹enough›

Thresholds in force on 21 November 2026
  ‹enough› 8, since 1 January 2026
      Satisfaction that is enough. People forgive the rest.

Sources
  varasi: “Identifying strategic accounts”, Team Varasi
    varasi/beyond-revenue: Ranking customers by what they spend is the usual way to choose, and
      yields little but a list of the biggest.
"""


def test_show_on_other_days() -> None:
    assert "‹enough› 7, since 1 January 2020" in run("show", "small.yaml", "--as-of", "2025-12-31").stdout
    assert "‹enough› no value yet; the first from 1 January 2020" in \
        run("show", "small.yaml", "--as-of", "2019-12-31").stdout


def test_show_as_json() -> None:
    found = json.loads(run("show", "small.yaml", *AS_OF, "--format", "json").stdout)
    assert found["rules"][0]["when"] == "content and revenue_ttm >= 1M and not wants_closer_relationship"
    assert found["parameters"][0]["value"] == 8.0


@pytest.mark.parametrize("name", bundled_names())
def test_every_bundled_ruleset_can_be_shown(name: str) -> None:
    found = run("show", name, *AS_OF)
    assert found.exit_code == 0
    assert max(map(len, found.stdout.splitlines())) <= 100
    json.loads(run("show", name, *AS_OF, "--format", "json").stdout)


LADDER = """\
ruleset: trust
version: 1.0.0
title: Standing
facts:
  level: {type: ordinal 1..2, title: present level}
  top: {type: ordinal 1..2, title: highest level for anyone}
  trust: {type: number, title: trust}
  status: {type: "enum [outside, at_home]", title: status}
  status_since: {type: date, title: start of the status}
parameters: {settling: {type: duration, values: {1990-01-01: 6 months}}}
ladders:
  step:
    title: standing with the customer
    on_record: level
    ceiling: top
    levels:
      1: {title: price}
      2: {title: quality, requires: trust >= 7, because: "{account} trusts us"}
lifecycles:
  place:
    on_record: status
    since: status_since
    start: outside
    states: {outside: {title: outside the programme}, at_home: {at_least: settling}}
    transitions: {enter: {title: Comes home, from: outside, to: at_home, when: trust >= 9}}
rules: {pause: {title: Pause, when: trust < 0, then: {move: outside}}}
decide: {move: {outcomes: [demote, promote, at_home, outside], hit_policy: first, otherwise: outside}}
"""


def test_show_a_ladder_and_a_lifecycle_once_before_their_rules() -> None:
    Path("trust.yaml").write_text(LADDER, encoding="utf-8")
    found = run("show", "trust.yaml", *AS_OF).stdout
    shown = found[found.index("Rules\n") : found.index("\n\nDefinitions")]
    assert shown == """\
Rules
  Pause → outside
    when
      - trust: below 0

Ladder: standing with the customer
  1  price
  2  quality
  On record: present level. One level at a time: up on the evidence for the next level and all below
    it, down when the evidence for the level is gone.
  No higher than: highest level for anyone.

  From price to quality → promote; to step: 2
    when all of these hold
      - present level is 1
      - there is evidence for level 2, quality
    unless
      - no higher level can be reached
    because “[account] trusts us”

  One level down → demote; to step: one lower
    when all of these hold
      - present level: above 1
      - level that the evidence supports: below present level

Lifecycle: place
  outside: outside the programme; an account starts here
  at home: for at least 6 months ‹settling›
  On record: status, since: start of the status. The first rule below that holds says where the
    account goes, or that it stays.

  Comes home → at home
    when all of these hold
      - status is outside
      - trust: at least 9

  Stays: outside the programme → outside
    when
      - status is outside
    because “[account] stays as it is, outside the programme: nothing that would change that holds”

  Stays: at home → at home
    when
      - status is at home
    because “[account] stays as it is, at home: nothing that would change that holds”"""


def test_show_a_ladder_and_a_lifecycle_as_json() -> None:
    Path("trust.yaml").write_text(LADDER, encoding="utf-8")
    found = json.loads(run("show", "trust.yaml", *AS_OF, "--format", "json").stdout)
    assert found["ladders"] == [{
        "name": "step", "title": "standing with the customer", "on_record": "level", "ceiling": "top",
        "levels": [{"level": 1, "title": "price", "requires": None},
                   {"level": 2, "title": "quality", "requires": "trust >= 7"}],
        "cites": []}]
    assert found["lifecycles"] == [{
        "name": "place", "title": None, "on_record": "status", "since": "status_since", "start": "outside",
        "states": [{"name": "outside", "title": "outside the programme", "at_least": None},
                   {"name": "at_home", "title": None, "at_least": "settling"}],
        "transitions": [{"name": "enter", "from": ["outside"], "to": "at_home", "waived_by": None}],
        "cites": []}]
    assert [r["made_from"] for r in found["rules"]] == [None, "step", "step", "place", "place", "place"]


def test_list() -> None:
    found = run("list")
    assert found.exit_code == 0
    assert "designation 1.0.0      Make an account strategic\n                       designate, nominate, decline\n" \
        in found.stdout


def test_schema_is_json() -> None:
    assert json.loads(run("schema").stdout)["type"] == "object"


# --- check and format ----------------------------------------------------------------------------


def test_check_exit_codes() -> None:
    clean = run("check", "small.yaml")
    assert (clean.exit_code, clean.stdout, clean.stderr) == (0, "", "small.yaml: no findings\n")
    Path("small.yaml").write_text(RULESET.replace("    cites: [varasi/beyond-revenue]\ndecide", "decide"),
                                  encoding="utf-8")
    warned = run("check", "small.yaml")
    assert (warned.exit_code, warned.stderr) == (1, "small.yaml: 1 warning\n")
    assert "warning[uncited-rule]" in warned.stdout
    Path("small.yaml").write_text(RULESET.replace("csat >= enough", "csatt >= enough"), encoding="utf-8")
    wrong = run("check", "small.yaml", "designation")
    assert (wrong.exit_code, wrong.stderr) == (2, "2 files: 1 error\n")
    assert "error[unknown-name]" in wrong.stdout
    found = json.loads(run("check", "small.yaml", "--format", "json").stdout)
    assert [(d["severity"], d["code"], d["line"]) for d in found] == [("error", "unknown-name", 16)]
    assert json.loads(run("check", "designation", "--format", "json").stdout) == []


def test_the_page_of_diagnostics_is_current() -> None:
    assert run("check", "--codes").stdout == catalogue_page()
    assert (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8") == catalogue_page(), \
        "run: samrules check --codes > docs/diagnostics.md"


def test_format() -> None:
    untidy = RULESET.replace("title: Keep or drop", "title:   Keep or drop").replace(
        "version: 1.0.0", "version: 1.0.0   # mine")
    tidy = run("format", "small.yaml")
    assert tidy.exit_code == 0
    canonical = Path("small.yaml").read_text(encoding="utf-8")
    assert run("format", "small.yaml", "--check").exit_code == 0
    Path("small.yaml").write_text(untidy, encoding="utf-8")
    checked = run("format", "small.yaml", "--check")
    assert (checked.exit_code, checked.stdout, checked.stderr) == (1, "small.yaml\n", "1 of 1 would change\n")
    assert Path("small.yaml").read_text(encoding="utf-8") == untidy
    done = run("format", "small.yaml")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "small.yaml\n", "1 of 1 changed\n")
    assert "# mine" in Path("small.yaml").read_text(encoding="utf-8")
    assert Path("small.yaml").read_text(encoding="utf-8").replace(" # mine", "").split() == canonical.split()
    Path("broken.yaml").write_text("ruleset: [", encoding="utf-8")
    Path("small.yaml").write_text(untidy, encoding="utf-8")
    refused("format", "small.yaml", "broken.yaml")


# --- help, streams, signals ----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["list", "show", "decide", "explain", "check", "format", "schema"])
def test_help_has_an_example(command: str) -> None:
    found = run(command, "--help")
    assert found.exit_code == 0
    assert f"  samrules {command}" in found.stdout
    assert command in run("--help").stdout


def test_version() -> None:
    assert run("--version").stdout == f"samrules {samrules.__version__}\n"


def process(*args: str, **options: object) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "error"}
    return subprocess.Popen([sys.executable, "-m", "samrules.cli.main", *args], stdout=subprocess.PIPE,  # type: ignore[call-overload, no-any-return]
                            stderr=subprocess.PIPE, env=env, **options)


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['samrules', '--help']\n" \
        "from samrules.cli.main import main\n" \
        "try:\n    main()\nexcept SystemExit:\n    pass\n" \
        "print([m for m in ('rich', 'lark', 'ruamel', 'cattrs', 'polars', 'attrs') if m in sys.modules])"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_piped_output_has_no_colour_and_any_locale_gets_utf8() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "ascii", "FORCE_COLOR": "1"}
    done = subprocess.run([sys.executable, "-m", "samrules.cli.main", "decide", "small.yaml", ".", *AS_OF],
                          capture_output=True, env=env, check=True)
    assert b"\x1b" not in done.stdout + done.stderr
    assert "──" in done.stdout.decode()


@pytest.mark.skipif(os.name == "nt", reason="pipes and signals of POSIX")
def test_a_reader_that_goes_away_is_no_error() -> None:
    rows = "".join(f"A{i},9\n" for i in range(3000))
    Path("many.csv").write_text(f"account_id,csat\n{rows}", encoding="utf-8")
    running = process("decide", "small.yaml", "many.csv", *AS_OF, "--format", "json")
    assert running.stdout is not None and running.stderr is not None
    running.stdout.read(10)
    running.stdout.close()
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait() == 141


@pytest.mark.skipif(os.name == "nt", reason="pipes and signals of POSIX")
def test_ctrl_c_leaves_nothing() -> None:
    rows = "".join(f"A{i},9\n" for i in range(60_000))
    Path("many.csv").write_text(f"account_id,csat\n{rows}", encoding="utf-8")
    running = process("decide", "small.yaml", "many.csv", *AS_OF, "--out", "d.json")
    for _ in range(600):
        if any(name.endswith(".tmp") for name in files()):
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"Traceback" not in stderr
    assert files() == {"small.yaml", "accounts.csv", "history.csv", "many.csv"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_a_message() -> None:
    with Path("/dev/full").open("wb") as full:
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run([sys.executable, "-m", "samrules.cli.main", "decide", "small.yaml", ".", *AS_OF],
                              stdout=full, stderr=subprocess.PIPE, env=env, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"standard output: error[cannot-write]: cannot write the results: no space left")
    assert b"Traceback" not in done.stderr


def test_an_engine_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both commands refuse before they read anything, and say what to do."""
    def gone(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(durable_fence, "importlib", SimpleNamespace(import_module=gone))
    monkeypatch.setattr(durable_fence, "sys", SimpleNamespace(version_info=(3, 12)))
    for command in (["decide", "designation", "no.csv"], ["explain", "designation", "no.csv", "--account", "x"]):
        found = run(*command, "--engine", "durable")
        assert found.exit_code == 2
        assert found.stdout == ""
        assert found.stderr == (
            "engine: error[engine-missing]: the engine `durable` cannot run: the package `durable-rules` is not installed\n"
            "help: `pip install durable-rules` (it is compiled: a C compiler is needed), or use the engine `interpreter`\n\n")

"""`samrules audit` and `samrules decide --ledger`: what an auditor reads, to the letter; exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from samrules.audit import Ledger
from samrules.cli.main import cli
from tests.fuzz.harm_ledger import SMALL
from tests.test_ledger import change, forged

ACCOUNTS = """\
account_id,account_name,revenue,csat,prices_only
norvale,Norvale,1234567,3,yes
b,,,9,no
"""
EVENTS = """\
account_id,event,date,pct
norvale,asked,2026-06-03,5%
norvale,asked,2026-09-03,
"""
LEDGER = "decisions.ledger"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL, encoding="utf-8")
    Path("data").mkdir()
    Path("data/accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
    Path("data/events.csv").write_text(EVENTS, encoding="utf-8")
    monkeypatch.setattr("samrules.audit.database.now", lambda: "2026-11-22T09:30:12.000000Z")


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, list(args))


def audit(command: str, *args: str) -> Result:
    return run("audit", command, LEDGER, *args)


def said(result: Result, code: int = 0) -> str:
    """What was said, hashes and signatures left out."""
    assert result.exit_code == code, result.output
    return re.sub(r"sha256:[0-9a-f]+", "sha256:…", result.stdout)


@pytest.fixture
def filled() -> None:
    assert run("decide", "small.yaml", "data", "--as-of", "2026-11-21", "--ledger", LEDGER).exit_code == 0
    assert audit("override", "--account", "norvale", "--outcome", "retain", "--by", "Ana Lima", "--reason", "Talks are under way.",
                 "--since", "2026-12-01", "--expires", "2027-02-28").exit_code == 0


def test_decide_records_what_it_shows() -> None:
    plain = run("decide", "small.yaml", "data", "--as-of", "2026-11-21", "--format", "jsonl")
    recorded = run("decide", "small.yaml", "data", "--as-of", "2026-11-21", "--format", "jsonl", "--ledger", LEDGER)
    assert recorded.stdout == plain.stdout
    assert re.sub(r"sha256:[0-9a-f]+", "sha256:…", recorded.stderr) == f"2 decisions are on record in {LEDGER}\nHead: 4:sha256:…\n"
    with Ledger.open(LEDGER) as ledger:
        assert [json.dumps(r.decision, ensure_ascii=False) for r in ledger.records(kinds=("decision",))] == plain.stdout.splitlines()


def test_log(filled: None) -> None:
    assert said(audit("log")) == """\
No.  Written (UTC)        For the day  Account                   What
  1  2026-11-22 09:30:12                                         the ledger was begun
  2  2026-11-22 09:30:12                                         the ruleset small 1.0.0, sha256:……
  3  2026-11-22 09:30:12  2026-11-21   Norvale (norvale)         release, by small 1.0.0
  4  2026-11-22 09:30:12  2026-11-21   b                         retain, by small 1.0.0
  5  2026-11-22 09:30:12  2026-12-01   norvale                   override of 3: retain until 2027-02-28, by Ana Lima: Talks are under way.
"""
    assert len(said(audit("log", "--account", "norvale", "--kind", "decision")).splitlines()) == 2
    cut = audit("log", "--limit", "2")
    assert [line[:3] for line in cut.stdout.splitlines()] == ["No.", "  4", "  5"]
    assert cut.stderr == "3 earlier ones are not shown; --limit 0 shows all\n"
    lines = [json.loads(line) for line in audit("log", "--format", "jsonl").stdout.splitlines()]
    assert [(line["seq"], line["kind"]) for line in lines] == [(1, "ledger"), (2, "ruleset"), (3, "decision"), (4, "decision"), (5, "override")]


def test_show(filled: None) -> None:
    from samrules import __version__

    assert said(audit("show", "3")) == f"""\
Record 3: a decision on Norvale (norvale)
=========================================
  written      22 November 2026, 09:30:12 UTC, by samrules {__version__}
  for the day  21 November 2026
  ruleset      small 1.0.0, sha256:…
  engine       interpreter
  outcome      release

Rules that held
  go: Norvale asked 2 times.
  look

Facts
  account id: norvale  [account_id]
  account name: Norvale  [account_name]
  csat: 3  [csat]
  prices only: yes  [prices_only]
  revenue: 1,234,567  [revenue]

Events
  3 June 2026       asked (pct: 5%)
  3 September 2026  asked

Kinds of events of which this is the whole record: asked.

In the chain
  hash       sha256:…
  before it  sha256:…
"""
    assert said(audit("show", "5")) == """\
Record 5: an override about norvale
===================================
  written      22 November 2026, 09:30:12 UTC
  in place of  the decision of record 3
  outcome      retain
  holds        from 1 December 2026 to 28 February 2027
  by           Ana Lima
  reason       Talks are under way.

In the chain
  hash       sha256:…
  before it  sha256:…
"""
    assert json.loads(audit("show", "3", "--format", "json").stdout)["decision"]["outcome"] == "release"
    assert said(audit("show", "2")).startswith("Record 2: a ruleset\n")
    missing = audit("show", "6")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr == f"{LEDGER}: error[no-such-record]: there is no record 6\nhelp: the ledger has the records 1 to 5\n\n"


def test_why(filled: None) -> None:
    text = said(audit("why", "--account", "norvale", "--on", "2026-12-01"))
    assert text.startswith("""\
Norvale (norvale) on 1 December 2026: retain
============================================
A person's word holds in place of the rules: retain, from 1 December 2026 to 28 February 2027.
Ana Lima: Talks are under way. (record 5, written 22 November 2026, 09:30:12 UTC)

The rules decided release; their decision stands unchanged in record 3:

Norvale: release
================
Norvale asked 2 times.
""")
    assert text.endswith(f"""\
On record
---------
Record 3 of 5 in {LEDGER}, written 22 November 2026, 09:30:12 UTC, by small 1.0.0 for 21
November 2026.
Decided again now, from the record and from the ruleset as it was recorded: the same decision.
Its hash is sha256:….
That nothing was changed since is shown by `samrules audit verify {LEDGER}`.
""")
    assert said(audit("why", "--account", "norvale", "--on", "2027-03-01")).startswith("""\
Norvale (norvale) on 1 March 2027: release
==========================================
No override holds on that day. One did: retain, from 1 December 2026 to 28 February 2027 at the
latest, by Ana Lima (record 5).
""")
    early = audit("why", "--account", "norvale", "--on", "2026-01-01")
    assert (early.exit_code, early.stdout) == (2, "")
    assert "nothing is on record about `norvale` up to 2026-01-01" in early.stderr
    assert "did you mean `norvale`?" in audit("why", "--account", "norval").stderr


def test_verify(filled: None) -> None:
    result = audit("verify")
    assert said(result) == f"""\
{LEDGER} holds.

5 records: 2 decisions, 1 override and 1 ruleset. Written from 22 November 2026, 09:30:12 UTC to
22 November 2026, 09:30:12 UTC.
Each record has the hash of what it says and follows the one before; each ruleset loads to the
digest that it is recorded under.

Head: 5:sha256:…
Keep this line where nobody who can write to the ledger can reach it. Records cut off the end,
or all written anew, show only against it: `--head`.
"""
    head = re.findall(r"Head: (\S+)", result.stdout)[0]
    assert "The head that was kept is in it.\n" in said(audit("verify", "--head", head))
    change(Path(LEDGER), "DELETE FROM samrules_records WHERE seq = 5")
    assert "The chain of decisions.ledger holds, and yet:\n\n  The head that was kept is not in the ledger: there is no record 5 with that hash." \
        in said(audit("verify", "--head", head), 1)
    change(Path(LEDGER), "UPDATE samrules_records SET outcome = 'retain' WHERE seq = 3")
    assert said(audit("verify"), 1) == f"""\
{LEDGER} does not hold.

  Record 3 is the first that does not hold: what stands beside its contents is not what they
  say.

The 2 records before it hold.
"""
    found = json.loads(audit("verify", "--format", "json").stdout)
    assert (found["holds"], found["findings"][0]["record"]) == (False, 3)


def test_replay(filled: None) -> None:
    assert said(audit("replay")) == "2 decisions of 21 November 2026 decided again, by the ruleset as it was recorded: all the same.\n"
    assert said(audit("replay", "--account", "none")) == "There is no such decision on record.\n"
    forged(Path(LEDGER), 3, lambda body: body["decision"].update(outcome="watch", settled=False))
    assert said(audit("replay"), 1) == """\
2 decisions of 21 November 2026 decided again, by the ruleset as it was recorded: 1 the same, 1
not.

Record 3, Norvale (norvale), small 1.0.0, 21 November 2026
  outcome: recorded watch, now release
  settled: recorded false, now true
"""
    assert "Decided again now, it comes out differently" in said(audit("why", "--account", "norvale", "--on", "2026-11-21"))


def test_export(filled: None) -> None:
    result = audit("export", "--mask", "revenue", "--mask", "by", "--out", "handed_on.jsonl")
    assert (result.exit_code, result.output) == (0, "")
    text = Path("handed_on.jsonl").read_text(encoding="utf-8")
    assert "1234567" not in text
    assert "Ana Lima" not in text
    assert "are masked: what they say is not shown, and is committed to by their hashes." in said(run("audit", "verify", "handed_on.jsonl"))
    assert audit("export").stdout.count("\n") == 6
    Path("handed_on.jsonl").write_text(text.replace('"json":"3"', '"json":"4"', 1), encoding="utf-8")
    assert "Record 3 is the first that does not hold: its hash is not that of its contents." in said(run("audit", "verify", "handed_on.jsonl"), 1)
    wrong = audit("export", "--mask", "revenu", "--out", "none.jsonl")
    assert (wrong.exit_code, Path("none.jsonl").exists()) == (2, False)
    assert wrong.stderr == "--mask: error[no-such-name]: nothing on record is called `revenu`\nhelp: did you mean `revenue`?\n\n"


def test_people(filled: None) -> None:
    assert said(audit("withdraw", "5", "--by", "Ana Lima", "--reason", "The talks ended.", "--since", "2027-01-01")) == \
        "Record 6: override 5 withdrawn by Ana Lima: The talks ended.\nHead: 6:sha256:…\n"
    assert "norvale) on 1 January 2027: release" in said(audit("why", "--account", "norvale", "--on", "2027-01-01"))
    wrong = audit("override", "--account", "b", "--outcome", "keep", "--by", "", "--reason", "x", "--expires", "2020-01-01")
    assert wrong.exit_code == 2
    assert wrong.stderr.count("error[bad-override]") == 3


def test_history_from_the_ledger() -> None:
    Path("twice.yaml").write_text(SMALL.replace("ruleset: small", "ruleset: twice").replace("{when: csat < 5, then", "{when: csat < 5, sustained: 2 reviews, then"),
                                  encoding="utf-8")
    Path("one.csv").write_text("account_id,csat,prices_only\na,3,no\n", encoding="utf-8")
    for day, outcome in (("2026-06-01", "retain"), ("2026-09-01", "watch")):
        result = run("decide", "twice.yaml", "one.csv", "--as-of", day, "--ledger", LEDGER, "--history", "ledger", "--format", "jsonl")
        assert json.loads(result.stdout)["outcome"] == outcome
    assert said(audit("replay")).endswith("all the same.\n")
    assert run("decide", "twice.yaml", "one.csv", "--history", "ledger").exit_code == 2


def test_what_is_no_ledger() -> None:
    for command in (["log"], ["show", "1"], ["why", "--account", "a"], ["verify"], ["replay"], ["export"]):
        result = run("audit", command[0], "none.ledger", *command[1:])
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("none.ledger: error[no-such-file]: there is no such file\n")
    result = run("audit", "log", "data/accounts.csv")
    assert result.stderr == "data/accounts.csv: error[bad-ledger]: this is no ledger: the file is no database\nhelp: give the path of a ledger, or of a new file\n\n"
    Path("other.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    assert run("audit", "verify", "other.jsonl").exit_code == 2
    assert run("decide", "small.yaml", "data", "--ledger", "data/accounts.csv").exit_code == 2
    assert run("decide", "small.yaml", "data", "--ledger", LEDGER, "--engine", "frame", "--out", "x.csv").exit_code == 2
    same = run("decide", "small.yaml", "data", "--ledger", LEDGER, "--out", LEDGER, "--format", "csv")
    assert same.exit_code == 2

"""`samrules watch`: lines in, changed decisions out; nothing acknowledged is lost, whenever it is killed."""

from __future__ import annotations

import functools
import json
import os
import random
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.inputs.facts import ID
from samrules.sessions.journal import Journal
from samrules.sessions.lines import LONGEST_LINE, Line, Splitter, placed, read_line
from samrules.sessions.resume import accounts_of
from samrules.sessions.watch import Watch
from tests.test_session import SMALL

AS_OF = ("--as-of", "2026-11-21")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL, encoding="utf-8")


def run(*args: str | Path, stdin: str | bytes = b"", as_of: tuple[str, ...] = AS_OF) -> Result:
    return CliRunner().invoke(cli, ["watch", "small.yaml", *as_of, *map(str, args)], input=stdin)


def text_of(*lines: dict[str, Any]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


def fact(name: str, value: Any, account: str = "A-1") -> dict[str, Any]:
    return {ID: account, "fact": name, "value": value}


def request(day: str = "2026-06-03", account: str = "A-1", **fields: Any) -> dict[str, Any]:
    return {ID: account, "event": "discount_requested", "date": day, **fields}


def told(result: Result) -> list[tuple[Any, ...]]:
    return [(d["account"], d["line"], d["from"], d["to"]) for d in map(json.loads, result.stdout.splitlines()) if "ack" not in d]


KEPT = [fact("escalated", False), fact("revenue", 500000), fact("csat", 8)]

# --- what is told --------------------------------------------------------------------------------


def test_a_line_for_each_decision_that_changed() -> None:
    found = run("--recorded", "all", stdin=text_of(
        *KEPT, fact("csat", 8.5), fact("csat", 2, "B-2"), request(), request("2026-06-04"),
        {ID: "A-1", "retract": "csat"}))
    assert (found.exit_code, found.stderr) == (0, "")
    assert told(found) == [
        ("A-1", 1, None, "evidence_needed"),
        ("A-1", 3, "evidence_needed", "keep"),
        ("B-2", 5, None, "wait"),
        ("A-1", 7, "keep", "drop"),
        ("A-1", 8, "drop", "drop"),  # an output changed
    ]
    assert json.loads(found.stdout.splitlines()[3]) == {
        "account": "A-1",
        "line": 7,
        "as_of": "2026-11-21",
        "from": "keep",
        "to": "drop",
        "settled": True,
        "possible": ["drop"],
        "outputs": {"fit_band": "high"},
        "because": ["A-1 asked 2 times."],
        "changes": {
            "given": [{"event": "discount_requested", "date": "2026-06-04"}],
            "woken": [{"rule": "shrinks", "outcome": "drop", "from": "false", "to": "true",
                       "chains": [["discount_requested", "requests", "small.haggles"]]}],
            "withdrawn": [{"rule": "stays", "outcome": "keep", "from": "true", "to": "false",
                           "chains": [["discount_requested", "requests", "small.haggles", "small.worth_it"]]}],
            "turned": [],
            "derived": [
                {"kind": "measure", "name": "requests", "from": 1, "to": 2, "chains": [["discount_requested"]]},
                {"kind": "definition", "name": "small.haggles", "from": False, "to": True,
                 "chains": [["discount_requested", "requests"]]},
                {"kind": "definition", "name": "small.worth_it", "from": True, "to": False,
                 "chains": [["discount_requested", "requests", "small.haggles"]]}],
            "outputs": [{"output": "budget", "from": 500000.0, "to": None}],
        },
    }


def test_days_and_reviews_are_for_all_accounts() -> None:
    found = run(stdin=text_of(
        *({ID: a, "facts": {"csat": 7.5, "escalated": True}} for a in "AB"), {"as_of": "2026-12-20"},
        {"as_of": "2026-12-21", "review": True}, {"as_of": "2027-01-01"}))
    assert found.exit_code == 0
    assert told(found) == [
        ("A", 1, None, "evidence_needed"), ("B", 2, None, "evidence_needed"),
        ("A", 4, "evidence_needed", "keep"), ("B", 4, "evidence_needed", "keep"),
        ("A", 5, "keep", "evidence_needed"), ("B", 5, "keep", "evidence_needed")]
    assert json.loads(found.stdout.splitlines()[2])["changes"]["given"] == [
        {"day": "as_of", "from": "2026-12-20", "to": "2026-12-21"},
        {"review": "earlier reviews", "from": None, "to": "2026-12-20"}]


def test_tables_to_begin_with(tmp_path: Path) -> None:
    """The decisions go on from those of the tables, which are told of once they change."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id,csat,escalated\nA-1,8,no\nB-2,8,no\n", encoding="utf-8")
    (folder / "events.csv").write_text("account_id,event,date\nA-1,order_placed,2026-01-01\nA-1,discount_requested,2026-06-03\n", encoding="utf-8")
    (folder / "history.csv").write_text("account_id,review_date,csat\nB-2,2026-06-03,8\n", encoding="utf-8")
    decided = CliRunner().invoke(cli, ["decide", "small.yaml", "data", *AS_OF, "--format", "jsonl"])
    found = run("--accounts", "data", "--decisions", "d.jsonl", stdin=text_of(request("2026-06-04")))
    assert told(found) == [("A-1", 1, "keep", "drop")]
    assert Path("d.jsonl").read_text().splitlines()[1:] == decided.stdout.splitlines()[1:]
    again = run("--accounts", "data", stdin=text_of(request()))
    assert (again.exit_code, again.stdout) == (1, "")
    assert "the same event twice" in again.stderr


def test_other_engines_make_the_whole_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """`engine` reaches what decides; here one that gives itself away."""
    import samrules.rules as module

    real, asked = module.Rules.decide_checked, []

    def decide_checked(self: Any, facts: Any, day: Any, history: Any = (), record: Any = None, engine: str = "") -> Any:
        asked.append(engine)
        return real(self, facts, day, history, record)

    monkeypatch.setattr(module, "ENGINES", ("interpreter", "other"))
    monkeypatch.setattr(module.Rules, "decide_checked", decide_checked)
    found = run("--engine", "other", stdin=text_of(*KEPT))
    assert told(found) == told(run(stdin=text_of(*KEPT)))
    assert asked == ["other"] * len(told(found)) != []
    session = samrules.Session(samrules.load("small.yaml"), {ID: "A-1"}, engine="other")
    assert session.decision.outcome == "evidence_needed"
    assert len(asked) == len(told(found)) + 1
    monkeypatch.undo()
    Path("small.yaml").write_text(SMALL, encoding="utf-8")
    assert run("--engine", "prolog").exit_code == 2


# --- what is refused -----------------------------------------------------------------------------

BAD = {
    '{"account_id": "A-1", "fact": "csat", "value": 92}':
        "<stdin>:2:48: error[out-of-range]: `csat`: 92 is out of range",
    '{"account_id": "A-1", "fact": "csat"}': "<stdin>:2:31: error[bad-line]: the fact `csat` without a `value`",
    '{"account_id": "A-1", "fact": "csat", "valeu": 9}': "<stdin>:2:48: error[unknown-key]: a line with `fact` has no `valeu`",
    '{"account_id": "A-1", "fact": 5, "value": 9}': "<stdin>:2:31: error[bad-line]: `fact` is no name of a fact",
    '{"account_id": "A-1", "fact": "csat", "value": NaN}': "<stdin>:2:48: error[wrong-type]: `NaN` is not a value",
    '{"account_id": "A-1", "fact": "csat", "value": [8]}': "<stdin>:2:48: error[wrong-type]: `csat`: `[8]` is not a number",
    '{"account_id": "A-1", "fact": "csat", "value": 8, "value": 9}':
        "<stdin>:2:60: error[duplicate-key]: `value` stands twice in one object",
    '{"account_id": "A-1", "fact": "csat", "value": 8, "retract": "csat"}':
        "<stdin>:2:62: error[bad-line]: both `fact` and `retract`",
    '{"account_id": "A-1", "facts": {"csat": 8, "csat": 9}}':
        "<stdin>:2:32: error[duplicate-key]: `csat` stands twice in one object",
    '{"account_id": "A-1", "facts": {"csat": 8, "escalated": 3}}':
        "<stdin>:2:32: error[wrong-type]: `escalated`: `3` is neither true nor false",
    '{"account_id": "A-1", "facts": 8}': "<stdin>:2:32: error[bad-line]: `facts` is no object",
    '{"account_id": " ", "fact": "csat", "value": 8}': "<stdin>:2:16: error[missing-account-id]: a line without `account_id`",
    '{"fact": "csat", "value": 8}': "<stdin>:2:1: error[missing-account-id]: a line without `account_id`",
    '{"account_id": "A-1"}': "<stdin>:2:1: error[bad-line]: a line without a fact or an event",
    '{"account_id": "A-1", "fact": "account_id", "value": "B"}':
        "<stdin>:2:54: error[other-account]: `account_id`: the account here is `A-1`",
    '{"account_id": "A-1", "event": "discount_requestd", "date": "2026-06-03"}':
        "<stdin>:2:32: error[bad-event]: no ruleset in use declares the event `discount_requestd`",
    '{"account_id": "A-1", "event": "order_placed", "date": "2026-02-31"}': "<stdin>:2:56: error[bad-date]",
    '{"account_id": "A-1", "event": "order_placed"}': "<stdin>:2:1: error[bad-event]: an event without a date",
    '{"account_id": "A-1", "event": "discount_requested", "date": "2026-06-03", "pct": "much"}':
        "<stdin>:2:83: error[wrong-type]: `pct`: `much` is not a ratio",
    '{"as_of": "2026-11-20"}': "<stdin>:2:1: error[bad-date]: as_of: 2026-11-20 is before 2026-11-21",
    '{"as_of": "soon"}': "<stdin>:2:11: error[bad-date]: `soon` is not a date",
    '{"as_of": "2026-11-22", "review": 1}': "<stdin>:2:35: error[bad-line]: `review` is neither true nor false",
    '{"as_of": "2026-11-22", "why": 1}': "<stdin>:2:32: error[unknown-key]: a line with `as_of` has no `why`",
    "[1]": "<stdin>:2:1: error[bad-table]: an array stands where an object belongs",
    '{"account_id": "A-1", ': "<stdin>:2:2",
    '{"account_id": "A-1"} {}': "<stdin>:2:23: error[bad-table]: more text after the end of the JSON",
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_is_told_and_changes_nothing(line: str) -> None:
    """It is placed, the lines after it are taken, the exit code is 1; under --strict it ends the run with 2."""
    rest = text_of(fact("escalated", False))
    for_nothing = run("--decisions", "d.jsonl", stdin=text_of(KEPT[0]) + "\n" + rest)
    expected, decisions = for_nothing.stdout, Path("d.jsonl").read_bytes()
    found = run("--decisions", "d.jsonl", stdin=text_of(KEPT[0]) + line + "\n" + rest)
    assert (found.exit_code, found.stdout) == (1, expected), found.stderr
    assert found.stderr.startswith(BAD[line]), found.stderr
    assert "\nhelp: " in found.stderr
    assert Path("d.jsonl").read_bytes() == decisions
    Path("d.jsonl").unlink()
    strict = run("--strict", "--decisions", "d.jsonl", "--state", "s", "--ack", stdin=text_of(KEPT[0]) + line + "\n" + rest)
    assert strict.exit_code == 2
    assert strict.stderr == found.stderr
    assert strict.stdout == expected + '{"ack": 1}\n'
    assert not Path("d.jsonl").exists()
    assert run("--state", "s", "--ack").stdout == '{"ack": 1}\n'


def test_text_that_is_no_text() -> None:
    found = run(stdin=b"\xef\xbb\xbf" + text_of(KEPT[0]).encode() + b'\r\n  \n{"account_id": "\xff"}\n')
    assert (found.exit_code, len(told(found))) == (1, 1)
    assert found.stderr == ("<stdin>:4:17: error[wrong-encoding]: the line is not UTF-8 text\n"
                            "help: write the lines as UTF-8\n\n")
    long_ = b'{"account_id": "' + b"A" * LONGEST_LINE + b'"}'
    found = run(stdin=long_ + b"\n" + text_of(KEPT[0]).encode())
    assert (found.exit_code, [line for _, line, *_ in told(found)]) == (1, [2])
    assert found.stderr.startswith("<stdin>:1:1: error[too-large]: the line is longer than 1,000,000 bytes\n")


_LINES = [text_of(line).strip() for line in (
    *KEPT, request(pct=0.05), {ID: "A", "facts": {"csat": 8, "colour": "ré\\d"}}, {ID: "A", "retract": "csat"}, {"as_of": "2026-11-22"})]
_PIECES = st.one_of(st.sampled_from(['"', "{", "}", "[", "]", ":", ",", "null", "1e999", "-0.0", "NaN", "9" * 500, '"\\ud800"',
                                     '"csat"', '"value"', '"fact"', '"account_id"', '"event"', '"as_of"', "true", "[" * 2000, "\0"]),
                    st.text(max_size=3))


@functools.cache
def _small() -> samrules.Rules:
    return samrules.loads(SMALL)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(st.sampled_from(_LINES), st.lists(st.tuples(st.integers(0, 100), st.integers(0, 12), _PIECES), max_size=3), st.binary(max_size=4))
def test_whatever_a_line_is_it_is_taken_or_refused(line: str, cuts: list[tuple[int, int, str]], tail: bytes) -> None:
    """Any line is taken in, and what it changed can be written; or it is refused, and nothing is changed."""
    for at, length, piece in cuts:
        line = line[:at] + piece + line[at + length :]
    watch = Watch(_small(), date(2026, 11, 21))
    for number, text in enumerate(_LINES[:3], start=1):
        watch.take(read_line(text.encode(), number) or Line())
    before = list(accounts_of(watch))
    try:
        said = read_line(line.encode("utf-8", "surrogatepass") + (tail if tail.strip(b"\n") else b"").replace(b"\n", b""), 4)
        changed = watch.take(said) if said else []
    except samrules.FactError as error:
        assert str(placed(error, 4, line)).startswith("<stdin>:4:")
        assert list(accounts_of(watch)) == before
        return
    json.dumps([watch.line_of(one, 4) for one in changed], ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000_000])
def test_lines_are_the_same_however_they_come(size: int) -> None:
    long_ = b"x" * (LONGEST_LINE + 10) if size > 7 else b"x"
    data = b"a\n\nbc\n" + long_ + b"\nde\nf"
    splitter, found = Splitter(), []
    for start in range(0, len(data), size):
        found += [(n, line[:3]) for n, line in splitter.feed(data[start : start + size])]
    found += [(n, line[:3]) for n, line in splitter.end()]
    assert found == [(1, b"a"), (2, b""), (3, b"bc"), (4, long_[:3]), (5, b"de"), (6, b"f")]


def test_undeclared_names_are_warned_of_once() -> None:
    found = run(stdin=text_of(fact("cst", 8), fact("cst", 9), request(colour="red", pc=1)))
    assert (found.exit_code, len(told(found))) == (0, 2)
    assert found.stderr.split("\nhelp")[0] == \
        "<stdin>:1:1: warning[undeclared-fact]: `cst` (did you mean `csat`?) is not declared here and has no effect"
    assert found.stderr.count("warning[undeclared-fact]") == 3


def test_a_day_that_cannot_be_is_refused_for_all() -> None:
    """On the new day a measure that was given is not what the events make it: nobody goes on."""
    lines = [request("2025-12-01"), fact("requests", 1), *(fact("csat", 8, a) for a in "BC"), {"as_of": "2026-12-20"}]
    found = run("--decisions", "d.jsonl", stdin=text_of(*lines))
    assert found.exit_code == 1
    assert found.stderr.startswith("<stdin>:5:1: error[measure-differs]: account A-1: `requests` is given as 1")
    assert {json.loads(d)["as_of"] for d in Path("d.jsonl").read_text().splitlines()} == {"2026-11-21"}


def test_what_cannot_be_watched_at_all() -> None:
    found = run("--state", "s", as_of=("--as-of", "1999-01-01"), stdin=text_of(*KEPT))
    assert (found.exit_code, found.stdout, Path("s").exists()) == (2, "", False)
    assert "small.yaml:19:3: error[parameter-not-yet]: `small.enough` has no value on 1999-01-01" in found.stderr
    facts = CliRunner().invoke(cli, ["watch", "account_facts"])
    assert (facts.exit_code, "decides nothing" in facts.stderr) == (2, True)
    kinds = run("--recorded", "order_placed,discount_requestd")
    assert kinds.exit_code == 2
    assert kinds.stderr.startswith("recorded: error[bad-event]: no ruleset in use declares the event `discount_requestd`\n")
    assert run("--as-of", "soon").exit_code == 2


# --- the state file ------------------------------------------------------------------------------


def test_a_state_goes_on_where_it_was() -> None:
    lines = [*KEPT, request(pct=0.05, reference="R-1"), request("2026-06-04"), fact("account_name", "Acme Ünited")]
    whole = run("--decisions", "whole.jsonl", stdin=text_of(*lines))
    parts = [run("--state", "s", "--ack", "--decisions", "parts.jsonl", stdin=text_of(line)) for line in lines]
    assert [p.exit_code for p in parts] == [0] * len(lines)
    assert [t for p in parts for t in told(p)] == told(whole)
    assert Path("parts.jsonl").read_bytes() == Path("whole.jsonl").read_bytes()
    assert parts[3].stdout.splitlines()[0] == '{"ack": 3}'
    twice = run("--state", "s", stdin=text_of(lines[3]))
    assert (twice.exit_code, twice.stdout) == (1, "")
    assert "the same event twice" in twice.stderr


def test_a_later_day_comes_first() -> None:
    run("--state", "s", "--recorded", "all", stdin=text_of(*KEPT, request("2025-12-01"), request("2025-12-02")))
    found = run("--state", "s", as_of=("--as-of", "2026-12-20"))
    assert told(found) == [("A-1", 5, "drop", "keep")]
    assert run("--state", "s", as_of=("--as-of", "2026-12-20")).stdout == ""
    earlier = run("--state", "s")
    assert earlier.exit_code == 2
    assert earlier.stderr == ("--as-of: error[bad-date]: the state is of 2026-12-20, after 2026-11-21\n"
                              "help: go on with `--as-of 2026-12-20` or a later day\n\n")


def test_options_that_do_not_go_with_the_state(tmp_path: Path) -> None:
    Path("a.csv").write_text("account_id,csat\nA-1,8\n", encoding="utf-8")
    assert run("--state", "s", "--accounts", "a.csv").exit_code == 0
    again = run("--state", "s", "--accounts", "a.csv")
    assert (again.exit_code, again.stderr.splitlines()[0]) == (0, "a.csv: warning[not-read]: this table is not read again")
    found = run("--state", "s", "--recorded", "all")
    assert found.exit_code == 2
    assert found.stderr == ("s: error[bad-state]: the state was begun with other kinds of events recorded\n"
                            "help: leave `--recorded` out, or begin a new state file\n\n")
    before = Path("s").read_bytes()
    Path("small.yaml").write_text(SMALL.replace("csat >= enough", "csat > enough"), encoding="utf-8")
    found = run("--state", "s")
    assert (found.exit_code, Path("s").read_bytes()) == (2, before)
    assert found.stderr == (
        "s: error[bad-state]: the state was made by the ruleset `small` 1.0.0 as it was then, not by `small` 1.0.0 as it is now\n"
        "help: watch with the ruleset that made it, or begin a new state file\n\n")
    assert run("--state", "no/such/folder/s").exit_code == 2
    Path("empty").touch()
    for path in ("small.yaml", "a.csv", "empty"):
        assert "this is no state file of `samrules.watch/1`" in run("--state", path).stderr


def journal(*lines: dict[str, Any]) -> bytes:
    """A state file that was not closed: the first half of the lines in a batch, the others in another."""
    Path("s").unlink(missing_ok=True)
    run("--state", "s")
    opened = Journal(Path("s"))
    assert opened.read()
    half = len(lines) // 2
    for batch in (range(half), range(half, len(lines))):
        opened.commit([(n + 1, json.dumps(lines[n])) for n in batch], batch.stop)
        if not batch.start:
            opened.told(batch.stop)
    opened.close()
    return Path("s").read_bytes()


def test_whatever_a_crash_leaves_of_the_last_batch_is_cut_off() -> None:
    """Cut at every byte of the last batch: what was acknowledged before is there, and nothing of the rest is."""
    lines = [*KEPT, request(), request("2026-06-04"), fact("revenue", 1)]
    after_ = [t for t in told(run(stdin=text_of(*lines))) if t[1] > 3]
    assert after_
    data = journal(*lines)
    first = data.index(b'{"n":4')
    first = data.rindex(b"\n", 0, first) + 1
    for end in (*range(first, len(data), 7), len(data) - 1):
        Path("s").write_bytes(data[:end])
        found = run("--state", "s", "--ack")
        assert (found.exit_code, found.stdout) == (0, '{"ack": 3}\n'), end
        assert told(run("--state", "s", stdin=text_of(*lines[3:]))) == after_, end
    Path("s").write_bytes(data)
    found = run("--state", "s", "--ack")
    assert json.loads(found.stdout.splitlines()[-1]) == {"ack": 6}


def test_what_was_safe_and_not_told_is_told_after_the_start() -> None:
    lines = [*KEPT, fact("escalated", True), fact("escalated", False), fact("revenue", 1)]
    whole = told(run(stdin=text_of(*lines)))
    journal(*lines)
    assert told(run("--state", "s")) == [t for t in whole if t[1] > 3]
    assert run("--state", "s").stdout == ""


@pytest.mark.parametrize("wrong", [b"x", b"\0"])
def test_damage_is_refused(wrong: bytes) -> None:
    data = journal(*KEPT, request())
    at = data.index(b"revenue")
    damaged = data[:at] + wrong + data[at + 1 :]
    Path("s").write_bytes(damaged)
    found = run("--state", "s")
    assert (found.exit_code, found.stdout, Path("s").read_bytes()) == (2, "", damaged)
    assert found.stderr == ("s: error[bad-state]: the file is damaged in line 5\n"
                            "help: go on from a copy of it, or from a new file\n\n")


def test_one_process_at_a_time() -> None:
    pytest.importorskip("fcntl")
    run("--state", "s")
    holder = Journal(Path("s"))
    holder.read()
    found = run("--state", "s")
    assert (found.exit_code, found.stderr.splitlines()[0]) == (2, "s: error[bad-state]: the file is in use by another process")
    Path("s").unlink()
    with pytest.raises(samrules.FactError, match="removed or replaced"):
        holder.commit([], 1)
    holder.close()


def test_a_torn_last_line_is_not_acknowledged() -> None:
    text = text_of(*KEPT[:2])
    found = run("--state", "s", "--ack", stdin=text + '{"account_id": "A-1", "fact": "cs')
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (1, '{"ack": 2}')
    found = run("--state", "s", "--ack", stdin=text_of(KEPT[2]).rstrip("\n"))
    assert found.stdout.splitlines()[-1] == '{"ack": 3}'


# --- killed --------------------------------------------------------------------------------------


def many(count: int, accounts: int, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    found: list[dict[str, Any]] = []
    for number in range(count):
        account = f"A-{chance.randrange(accounts)}"
        odd = {"reference": str(number)}
        match chance.randrange(7):
            case 0:
                line = fact("csat", chance.randint(0, 10), account)
            case 1:
                line = fact("escalated", chance.random() < 0.5, account)
            case 2:
                line = {ID: account, "retract": chance.choice(["csat", "escalated"])}
            case 3:
                line = fact("csat", 99, account)
            case 4:
                line = {ID: account, "facts": {"revenue": chance.randint(0, 9) * 1e5, "csat": 8}}
            case 5:
                line = request(f"2026-0{chance.randint(1, 9)}-03", account, **odd)
            case _:
                line = {**request("2026-01-03", account, **odd), "event": "order_placed"}
        found.append(line)
    found[count // 2 : count // 2] = [{"as_of": "2026-11-30", "review": True}]
    return found


def started(*args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "samrules", "watch", "small.yaml", "--recorded", "all", *AS_OF, *args],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            env={**os.environ, "PYTHONPATH": str(Path(samrules.__file__).parent.parent)})


def feed(pipe: Any, lines: list[bytes], pause: float) -> None:
    try:
        for start in range(0, len(lines), 20):
            pipe.write(b"".join(lines[start : start + 20]))
            pipe.flush()
            time.sleep(pause)
    except OSError:
        pass  # it was killed
    with suppress(OSError):
        pipe.close()


def test_killed_at_any_moment_it_loses_nothing() -> None:
    """Killed again and again while lines come: who sends on after the last line acknowledged ends with the decisions of
    the whole, and has been told of every change."""
    lines = many(1500, 40, seed=3)
    whole = run("--recorded", "all", "--decisions", "whole.jsonl", stdin=text_of(*lines))
    data = [json.dumps(line).encode() + b"\n" for line in lines]
    chance, heard, kills = random.Random(11), {}, 0
    while True:
        process = started("--state", "s", "--ack", "--decisions", "parts.jsonl")
        assert process.stdin
        assert process.stdout
        answers = []
        through = 0
        if Path("s").exists():
            for answer in process.stdout:
                answers.append(answer)
                if b'{"ack"' in answer[:8]:
                    through = json.loads(answer)["ack"]
                    break
        sender = threading.Thread(target=feed, args=(process.stdin, data[through:], 0.01))
        sender.start()
        if kills < 6:
            threading.Timer(chance.uniform(0.05, 0.45), process.kill).start()
            kills += 1
        answers += process.stdout.readlines()
        process.stdout.close()
        sender.join()
        for answer in answers:
            if answer.endswith(b"\n") and b'"line"' in answer[:60]:
                said = json.loads(answer)
                heard[said["account"], said["line"]] = said
        if process.wait() in (0, 1):
            break
    assert kills == 6
    assert Path("parts.jsonl").read_bytes() == Path("whole.jsonl").read_bytes()
    expected = {(d["account"], d["line"]): d for d in map(json.loads, whole.stdout.splitlines())}
    assert heard == expected


def test_the_decisions_are_those_of_the_final_tables() -> None:
    """What is decided line by line is what `decide` says of the facts, events and reviews at the end."""
    lines = many(1500, 40, seed=4)
    run("--recorded", "all", "--decisions", "d.jsonl", stdin=text_of(*lines))
    rules = samrules.load("small.yaml")
    facts: dict[str, dict[str, Any]] = {}
    events: dict[str, list[dict[str, Any]]] = {}
    history: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        if "as_of" in line:
            history = {a: [{**f, "review_date": "2026-11-21"}] for a, f in facts.items()}
            continue
        account = line[ID]
        if line.get("value") == 99:
            continue
        known = facts.setdefault(account, {ID: account})
        if "event" in line:
            events.setdefault(account, []).append({k: v for k, v in line.items() if k != "reference"} | {"n": len(facts)})
        known |= line.get("facts", {}) | ({line["fact"]: line["value"]} if "fact" in line else {})
        known.pop(line.get("retract", ""), None)
    for text in Path("d.jsonl").read_text(encoding="utf-8").splitlines():
        account = json.loads(text)["account"]
        given = [{k: v for k, v in e.items() if k != "n"} | {"pct": None} for e in events.get(account, [])]
        numbered = [{**e, "reference": n} for n, e in enumerate(given)]
        decision = rules.decide(facts[account], events=numbered, history=history.get(account, ()), as_of=date(2026, 11, 30))
        assert decision.to_json() == text

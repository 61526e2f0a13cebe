"""The ledger: what is recorded can be verified and decided again; whatever is changed is found."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samrules
from samrules.audit import Kind, Ledger
from samrules.audit.database import _SQLITE_GUARDS, Database
from samrules.audit.export import verify_export
from samrules.audit.parts import as_text, commitments, parts_of
from samrules.audit.record import START, Draft, chained, columns_of, parts_hash
from samrules.audit.sources import rules_of_data, ruleset_as_data
from samrules.errors import FactError, LedgerError
from samrules.rules import Rules
from samrules.syntax import library
from samrules.syntax.library import bundled_names
from tests.fuzz import harm_ledger
from tests.fuzz.harm_ledger import DAY, small

ROOT = Path(__file__).resolve().parent.parent
PORTFOLIO = ROOT / "examples" / "portfolio"
NORVALE = {"account_id": "norvale", "account_name": "Norvale", "revenue": 1234567.0, "csat": 3, "prices_only": True}
ASKED: list[dict[str, Any]] = [{"event": "asked", "date": "2026-06-03", "pct": 0.05}, {"event": "asked", "date": "2026-09-03"}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.ledger"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path, create=True) as opened:
        yield opened


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Six records: the beginning, a ruleset, two decisions on Norvale and one on another, an override."""
    rules = small()
    ledger.decide(rules, NORVALE, events=ASKED, as_of=date(2026, 8, 31))
    ledger.decide(rules, NORVALE, events=ASKED, as_of=DAY)
    ledger.decide(rules, {"account_id": "b", "csat": 9}, events=(), as_of=DAY)
    ledger.override("norvale", "retain", by="Ana Lima", reason="Talks under way.", since=date(2026, 12, 1), expires=date(2027, 2, 28))
    return ledger


def codes(error: pytest.ExceptionInfo[LedgerError]) -> list[str]:
    return [d.code for d in error.value.diagnostics]


# --- what is recorded ----------------------------------------------------------------------------


def test_a_record_holds_the_decision_and_all_it_rests_on(filled: Ledger) -> None:
    rules = small()
    decision = rules.decide(NORVALE, events=ASKED, as_of=DAY)
    record = filled.get(4)
    assert (record.kind, record.account, record.ruleset, record.version, record.as_of) == (Kind.DECISION, "norvale", "small", "1.0.0", DAY)
    assert record.decision == json.loads(decision.to_json())
    assert list(record.decision or ()) == list(decision.to_dict())
    assert record.body["facts"] == NORVALE
    assert record.body["events"] == [{"date": "2026-06-03", "event": "asked", "fields": {"pct": 0.05}},
                                     {"date": "2026-09-03", "event": "asked", "fields": {}}]
    assert record.outcome == "release"
    assert filled.head.records == 6
    assert filled.get(1).prev == START
    assert [r.prev for r in filled.records()][1:] == [r.hash for r in filled.records()][:-1]


def test_decisions_are_as_without_a_ledger(ledger: Ledger) -> None:
    rules = small()
    assert ledger.decide(rules, NORVALE, events=ASKED, as_of=DAY).decision == rules.decide(NORVALE, events=ASKED, as_of=DAY)


def test_what_cannot_be_decided_is_not_recorded(ledger: Ledger) -> None:
    with pytest.raises(FactError):
        ledger.decide(small(), {"account_id": "a", "csat": 99}, as_of=DAY)
    assert ledger.head.records == 1


def test_a_ruleset_is_on_record_once(filled: Ledger, path: Path) -> None:
    with Ledger.open(path) as another:
        another.decide(small(), NORVALE, as_of=DAY)
    assert filled.count() == {"decision": 4, "ledger": 1, "override": 1, "ruleset": 1}


@pytest.mark.parametrize("name", bundled_names())
def test_bundled_rulesets_load_again_from_a_record(name: str) -> None:
    rules = samrules.load(name)
    assert rules_of_data(json.loads(as_text(ruleset_as_data(rules)))).digest == rules.digest


def test_overlays_and_tables_load_again_from_a_record(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["csat", "prices_only", "then action"], [">= 9", "-", "praise"], ["<= 3", "true", "visit"]):
        book.active.append(row)
    book.save(tmp_path / "in_a_book.xlsx")
    (tmp_path / "in_text.csv").write_bytes(b"csat;prices_only;then action\r\n[4..6];-;visit\r\n")
    (tmp_path / "own.yaml").write_text(
        "ruleset: own\nversion: 1.0.0\nfacts: {csat: {type: ordinal 1..10}, prices_only: {type: boolean}}\n"
        "tables:\n  a: {file: in_a_book.xlsx}\n  b: {file: in_text.csv}\n"
        "decide: {action: {outcomes: [visit, praise, nothing], otherwise: nothing}}\n", encoding="utf-8")
    (tmp_path / "designation.yaml").write_text(
        "ruleset: designation\nextends: designation\nversion: 2.0.0\nreplace: {parameters: {entry_score: {values: {2020-01-01: 75}}}}\n", encoding="utf-8")
    for name in ("own", "designation"):
        rules = samrules.load(tmp_path / f"{name}.yaml")
        data = json.loads(as_text(ruleset_as_data(rules)))
        again = rules_of_data(data)
        assert (again.name, again.version, again.digest) == (rules.name, rules.version, rules.digest)
    assert set(data["files"]) >= {"own/designation.yaml", "bundled/designation.yaml"}


def test_a_record_cannot_write_files_elsewhere(tmp_path: Path) -> None:
    data = ruleset_as_data(small())
    for name in ("own/../../out.yaml", "own//etc/out", "own/..", "elsewhere/x.yaml", "own/"):
        with pytest.raises(ValueError, match="file"):
            rules_of_data({**data, "files": {**data["files"], name: "x"}})


def test_after_a_bundled_ruleset_is_edited_the_recorded_one_decides(tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = tmp_path / "bundled"
    shutil.copytree(ROOT / "rulesets", bundled)
    monkeypatch.setattr(library, "bundled_folder", lambda: bundled)
    facts = {"account_id": "a", "designation_status": "none"}
    before = ledger.decide(samrules.load("dedesignation"), facts, as_of=DAY)
    assert before.decision.outcome == "retain"
    file = bundled / "dedesignation.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("otherwise: retain", "otherwise: watch"), encoding="utf-8")
    edited = samrules.load("dedesignation")
    assert edited.digest != before.decision.digest
    assert edited.decide(facts, as_of=DAY) != before.decision
    with Ledger.open(Path(ledger.shown)) as later:
        found = later.replay()
        assert (found.decisions, found.same) == (1, 1)
        assert later.decided_again(before.record).to_dict() == before.decision.to_dict()
        shutil.rmtree(bundled)
        assert later.verify().ok


def test_accounts_decided_together_are_decided_together_again(ledger: Ledger) -> None:
    rules = samrules.load("portfolio")
    accounts = [{"account_id": f"a{n}", "programme_cap": 1, "designation_status": "none"} for n in range(3)]
    together = ledger.decide_portfolio(rules, accounts, as_of=DAY)
    assert [r.account for r in together.records] == ["a0", "a1", "a2"]
    assert [str(r.batch).partition(":")[2] for r in together.records] == ["1:3", "2:3", "3:3"]
    assert ledger.replay(account="a1").same == 1
    day = {"account_id": "a1", "date": date(2026, 6, 1)}
    events, reviews = iter([{**day, "event": "discount_requested"}]), iter([{"account_id": "a1", "review_date": date(2026, 6, 1), "csat": 5}])
    seen = ledger.decide_portfolio(rules, iter(accounts), events=events, history=reviews, as_of=DAY).records[1].body
    assert (len(seen["events"]), len(seen["history"])) == (1, 1)
    assert ledger.replay().ok
    assert ledger.decided_again(together.records[2]).to_dict() == together.portfolio.decisions[2].to_dict()


def test_reviews_on_record_serve_as_history(ledger: Ledger) -> None:
    rules = small()
    for day, csat in ((date(2026, 3, 1), 4), (date(2026, 6, 1), 5), (date(2026, 6, 1), 6), (DAY, 7)):
        ledger.decide(rules, {"account_id": "a", "csat": csat}, as_of=day)
    assert ledger.history("a", "small", DAY) == [{"review_date": date(2026, 3, 1), "account_id": "a", "csat": 4},
                                                 {"review_date": date(2026, 6, 1), "account_id": "a", "csat": 6}]
    assert ledger.reviews("a", rules, DAY) == ((date(2026, 3, 1), {"account_id": "a", "csat": 4}), (date(2026, 6, 1), {"account_id": "a", "csat": 6}))
    assert ledger.history("a", "other", DAY) == []


def test_records_are_found_by_what_they_are_about(filled: Ledger) -> None:
    assert [r.seq for r in filled.records(account="norvale")] == [3, 4, 6]
    assert [r.seq for r in filled.records(kinds=("decision",), since=DAY)] == [4, 5]
    assert [r.seq for r in filled.records(outcome="release", newest_first=True)] == [4]
    assert [r.seq for r in filled.records(newest_first=True, limit=2)] == [6, 5]
    assert [r.seq for r in filled.records(ruleset="other")] == []
    with pytest.raises(LedgerError) as caught:
        filled.get(7)
    assert codes(caught) == ["no-such-record"]


def test_threads_share_a_ledger(ledger: Ledger) -> None:
    rules = small()
    threads = [threading.Thread(target=lambda n=n: [ledger.decide(rules, {"account_id": f"{n}-{i}"}, as_of=DAY) for i in range(5)]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.verify().counts == {"ledger": 1, "ruleset": 1, "decision": 20}
    assert ledger.verify().ok


# --- laws ----------------------------------------------------------------------------------------

JSON = st.recursive(st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "#0", "~", "/", "0", "facts", "ä b"]), inner, max_size=3),
                    max_leaves=6)
BODIES = st.dictionaries(st.sampled_from(["facts", "history", "events", "decision", "files", "as_of"]), JSON, max_size=4)


@given(BODIES, BODIES)
def test_two_bodies_never_have_the_same_parts(one: dict[str, Any], other: dict[str, Any]) -> None:
    def parts(body: dict[str, Any]) -> list[tuple[str, str]]:
        return [(path, as_text(value)) for path, value in parts_of(body)]

    assert (parts(one) == parts(other)) == (as_text(one) == as_text(other))
    assert len(dict(parts(one))) == len(parts(one))


@given(BODIES)
def test_a_body_is_found_again_in_its_parts(body: dict[str, Any]) -> None:
    from samrules.audit.export import _body

    if body:
        assert as_text(_body([(path, as_text(value)) for path, value in parts_of(body)])) == as_text(body)


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32), mask=st.sets(st.sampled_from(["revenue", "csat", "prices_only", "account_name", "account_id", "asked"])))
def test_random_decisions_verify_replay_and_export(seed: int, mask: set[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is decided verifies and comes out the same; an export verifies, whatever is masked, and shows nothing masked."""
    import random

    rules, random_ = small(), random.Random(seed)
    with Ledger.open(tmp_path_factory.mktemp("law") / "a.ledger", create=True) as ledger:
        for facts, events in harm_ledger.accounts(random_, 3):
            one = harm_ledger.given(rules, {**facts, "account_id": "secret-id", "account_name": "Secret Name", "revenue": 7654321.5}, events)
            ledger.record(rules, one, harm_ledger.decided(rules, one))
        assert ledger.verify().ok
        assert ledger.replay().ok
        lines = list(ledger.export(mask=mask))
        found = verify_export(lines, head=str(ledger.head))
        assert found.ok
        assert (found.records, found.hash) == (ledger.head.records, ledger.head.hash)
    text = "".join(lines[3:])
    assert ("7654321.5" in text) == ("revenue" not in mask)
    assert ("secret-id" in text) == ("account_id" not in mask)
    assert ("Secret Name" in text) == ("account_name" not in mask)
    assert '"path":"facts/csat","salt"' not in text or "csat" not in mask


# --- what is changed is found --------------------------------------------------------------------


def change(path: Path, *statements: str | tuple[Any, ...]) -> None:
    """Change a ledger behind its back, its guards taken off and put back."""
    with closing(sqlite3.connect(path)) as plain, plain:
        for guard in _SQLITE_GUARDS:
            plain.execute(f"DROP TRIGGER {guard.split()[2]}")
        for statement in statements:
            text, *values = (statement,) if isinstance(statement, str) else statement
            plain.execute(text, values)
        for guard in _SQLITE_GUARDS:
            plain.execute(guard)


@pytest.mark.parametrize("statement", ["UPDATE samrules_records SET outcome = 'retain' WHERE seq = 3", "DELETE FROM samrules_records",
                                       "DELETE FROM samrules_ledger"])
def test_the_database_refuses_changes(filled: Ledger, path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as plain, pytest.raises(sqlite3.IntegrityError, match="only appended to"):
        plain.execute(statement)
    assert filled.verify().ok


@pytest.mark.parametrize(("statement", "seq", "what"), [
    ("UPDATE samrules_records SET body = replace(body, '\"csat\":3', '\"csat\":4') WHERE seq = 4", 4, "its hash is not that of its contents"),
    ("UPDATE samrules_records SET body = replace(body, ':', ': ') WHERE seq = 4", 4, "its contents are not as they were written"),
    ("UPDATE samrules_records SET body = x'00' WHERE seq = 4", 4, "it cannot be read: `body` is no text"),
    ("UPDATE samrules_records SET body = '[1]' WHERE seq = 4", 4, "its contents are not as they were written"),
    ("UPDATE samrules_records SET body = '{\"decision\":1}' WHERE seq = 4", 4, "its contents are not as they were written"),
    ("UPDATE samrules_records SET outcome = 'retain' WHERE seq = 4", 4, "what stands beside its contents is not what they say"),
    ("UPDATE samrules_records SET account = 'b' WHERE seq = 4", 4, "what stands beside its contents is not what they say"),
    ("UPDATE samrules_records SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 4", 4, "its hash is not that of its contents"),
    ("UPDATE samrules_records SET at = 'then' WHERE seq = 4", 4, "it cannot be read: Invalid isoformat string: 'then'"),
    ("UPDATE samrules_records SET kind = 'override' WHERE seq = 4", 4, "its hash is not that of its contents"),
    ("UPDATE samrules_records SET secret = 'x' WHERE seq = 4", 4, "its hash is not that of its contents"),
    ("UPDATE samrules_records SET batch = 'a:1:2' WHERE seq = 4", 4, "its hash is not that of its contents"),
    ("UPDATE samrules_records SET prev = hash WHERE seq = 4", 4, "it does not follow the record before it"),
    ("DELETE FROM samrules_records WHERE seq = 4", 4, "it is missing; the next is record 5"),
    ("DELETE FROM samrules_records WHERE seq = 1", 1, "it is missing; the next is record 2"),
    ("DELETE FROM samrules_records", None, "there is no record at all"),
])
def test_what_is_changed_is_found(filled: Ledger, path: Path, statement: str, seq: int | None, what: str) -> None:
    change(path, statement)
    found = filled.verify()
    assert found.finding is not None
    assert (found.finding.seq, found.finding.what) == (seq, what)


def test_two_records_that_changed_places_are_found(filled: Ledger, path: Path) -> None:
    change(path, "UPDATE samrules_records SET seq = 99 WHERE seq = 3", "UPDATE samrules_records SET seq = 3 WHERE seq = 4",
           "UPDATE samrules_records SET seq = 4 WHERE seq = 99")
    assert str(filled.verify().finding) == "record 3: it does not follow the record before it"


def test_a_guard_that_is_gone_is_found(filled: Ledger, path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute("DROP TRIGGER samrules_update_samrules_records")
    assert [f.what for f in filled.verify().findings] == [
        "what keeps records from being changed is gone or altered: `samrules_update_samrules_records`"]


def test_records_cut_off_the_end_show_against_a_head_kept_elsewhere(filled: Ledger, path: Path) -> None:
    head = filled.head
    early = filled.get(3).hash
    assert filled.verify(head=str(head)).ok
    assert filled.verify(head=early).ok
    assert filled.verify(head=early.removeprefix("sha256:")).ok
    assert not filled.verify(head=f"4:{early}").ok
    change(path, "DELETE FROM samrules_records WHERE seq = 6")
    assert filled.verify().ok  # a chain alone cannot show it
    assert [f.what for f in filled.verify(head=str(head)).findings] == [
        "the head that was kept is not in the ledger: there is no record 6 with that hash. Records were cut off the end, or all were written anew"]
    assert filled.verify(head=early).ok


def forged(path: Path, seq: int, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change a record and write all hashes after it anew, as one would who can write to the database and knows the format."""
    with closing(sqlite3.connect(path)) as plain:
        rows = plain.execute("SELECT seq, at, kind, batch, secret, body, hash FROM samrules_records ORDER BY seq").fetchall()
    statements, prev = [], START
    for number, at, kind, batch, secret, text, hash_ in rows:
        body = json.loads(text)
        if number == seq:
            edit(body)
        new = chained(number, at, kind, batch, prev, parts_hash(commitments(body, secret)))
        if number >= seq:
            columns = columns_of(body)
            statements.append(("UPDATE samrules_records SET body = ?, outcome = ?, digest = ?, prev = ?, hash = ? WHERE seq = ?",
                               as_text(body), columns.outcome, columns.digest, prev, new, number))
        else:
            assert new == hash_
        prev = new
    change(path, *statements)


def test_a_chain_written_anew_shows_against_a_head_and_in_a_replay(filled: Ledger, path: Path) -> None:
    head = str(filled.head)

    def edit(body: dict[str, Any]) -> None:
        body["decision"]["outcome"] = "retain"

    forged(path, 4, edit)
    assert filled.verify().ok
    assert not filled.verify(head=head).ok
    found = filled.replay()
    assert (found.decisions, found.same) == (3, 2)
    assert [(d.record.seq, [(c.path, c.recorded, c.now) for c in d.changes]) for d in found.differences] == [(4, [("outcome", "retain", "release")])]


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_a_checkpoint_shows_a_chain_written_anew(filled: Ledger, path: Path, keys: tuple[Path, Path]) -> None:
    private, public = keys
    assert [f.what.partition(" (")[0] for f in filled.verify(key=public).findings] == ["no checkpoint is signed with this key"]
    assert filled.checkpoint(private).seq == 7
    found = filled.verify(key=public)
    assert (found.ok, found.signed, found.checkpoints) == (True, 6, 1)
    assert verify_export(filled.export(mask=["csat"]), key=public).signed == 6
    filled.decide(small(), NORVALE, as_of=DAY)
    assert filled.verify(key=public).signed == 6

    def edit(body: dict[str, Any]) -> None:
        body["decision"]["outcome"] = "retain"

    forged(path, 4, edit)
    assert str(filled.verify(key=public).finding) == "record 7: the checkpoint signs another record than the one before it"


def test_a_signature_by_another_is_no_signature(filled: Ledger, path: Path, keys: tuple[Path, Path]) -> None:
    private, public = keys
    filled.checkpoint(private)

    def edit(body: dict[str, Any]) -> None:
        body["signature"] = ("B" if body["signature"][0] == "A" else "A") + body["signature"][1:]

    forged(path, 7, edit)
    assert filled.verify().ok
    assert str(filled.verify(key=public).finding) == "record 7: the signature is not that of the key"


def test_keys_of_another_kind_are_refused(filled: Ledger, keys: tuple[Path, Path], tmp_path: Path) -> None:
    private, public = keys
    other = tmp_path / "other.pem"
    other.write_text("no key", encoding="utf-8")
    for call in (lambda: filled.checkpoint(public), lambda: filled.verify(key=private), lambda: filled.checkpoint(other),
                 lambda: filled.verify(key=tmp_path / "none.pem")):
        with pytest.raises(LedgerError) as caught:
            call()
        assert codes(caught) == ["bad-key"]
    assert filled.head.records == 6


def test_a_batch_that_is_torn_is_found(ledger: Ledger, path: Path) -> None:
    rules = samrules.load("portfolio")
    ledger.decide_portfolio(rules, [{"account_id": f"a{n}", "programme_cap": 1} for n in range(3)], as_of=DAY)
    change(path, "DELETE FROM samrules_records WHERE seq = 5")
    assert str(ledger.verify().finding) == "record 4: it is 2 of 3 decisions made together, and those after it are missing"


@pytest.mark.parametrize(("edit", "says"), [
    (lambda body: body["files"].update({"text": "ruleset: small\n"}), "record 2: the ruleset of record 2 does not load: "),
    (lambda body: body["files"].update({"text": body["files"]["text"].replace("csat < 5", "csat < 4")}),
     "record 2: the ruleset of record 2 loads to another digest than it is recorded under"),
    (lambda body: body["ruleset"].update({"digest": "sha256:0"}), "record 2: the ruleset of record 2 loads to another digest than it is recorded under"),
])
def test_a_ruleset_that_is_not_what_its_digest_says_is_found(filled: Ledger, path: Path, edit: Any, says: str) -> None:
    forged(path, 2, edit)
    assert str(filled.verify().finding).startswith(says)


# --- exports -------------------------------------------------------------------------------------


def test_an_export_that_is_changed_is_found(filled: Ledger) -> None:
    lines = list(filled.export(mask=["revenue"]))
    assert verify_export(lines).masked > 0
    for changed, says in (
        ([*lines[:4], lines[4].replace('"json":"3"', '"json":"4"'), *lines[5:]], "record 4: its hash is not that of its contents"),
        ([*lines[:4], *lines[5:]], "record 4: it is missing; the next is record 5"),
        (lines[:-1], "record 6: it is missing; the first line says that there are 6 records"),
        ([*lines, lines[-1]], "record 7: there are more records than the first line says"),
        ([*lines[:4], "nothing\n", *lines[5:]], "record 4: the line is not as it was written"),
        ([*lines[:4], "[]\n", *lines[5:]], "record 4: the line is not as it was written"),
    ):
        found = verify_export(changed)
        assert str(found.finding).startswith(says)
    with pytest.raises(LedgerError) as caught:
        verify_export(lines[1:])
    assert codes(caught) == ["bad-ledger"]


def test_an_export_of_one_account_masks_the_others_whole(filled: Ledger) -> None:
    lines = list(filled.export(account="b"))
    assert "norvale" not in "".join(lines).lower()
    assert verify_export(lines).ok
    assert '"path":"facts/csat"' in lines[5]


def test_a_masked_fact_masks_what_shows_it(ledger: Ledger) -> None:
    ledger.decide(small(), NORVALE, events=ASKED, as_of=DAY)
    line = list(ledger.export(mask=["prices_only"]))[3]
    parts = {part["path"]: part for part in json.loads(line)["parts"]}
    masked = {path for path, part in parts.items() if "masked" in part}
    assert masked == {"facts/prices_only", "decision/fired/#0/because", "decision/fired/#1/because", "decision/fired/#0/evidence/#0",
                      "decision/facts_digest"}
    assert parts["decision/outcome"]["json"] == '"release"'
    line = list(ledger.export(mask=["asked"]))[3]
    masked = {part["path"] for part in json.loads(line)["parts"] if "masked" in part}
    assert {"events/#0", "events/#1", "decision/fired/#0/evidence/#1"} <= masked
    assert "facts/prices_only" not in masked


def test_a_name_that_masks_nothing_is_refused(filled: Ledger) -> None:
    with pytest.raises(LedgerError) as caught:
        filled.export(mask=["revenu"])
    assert codes(caught) == ["no-such-name"]
    assert "did you mean `revenue`?" in str(caught.value)


# --- overrides -----------------------------------------------------------------------------------


def test_an_override_holds_from_its_first_day_to_its_last(filled: Ledger) -> None:
    def on(day: date) -> tuple[Any, int | None]:
        (found,) = filled.effective("norvale", day)
        return found.outcome, found.override.seq if found.override else None

    assert on(date(2026, 11, 30)) == ("release", None)
    assert on(date(2026, 12, 1)) == ("retain", 6)
    assert on(date(2027, 2, 28)) == ("retain", 6)
    assert on(date(2027, 3, 1)) == ("release", None)
    assert [(e.account, e.outcome) for e in filled.current(date(2026, 12, 1))] == [("b", "retain"), ("norvale", "retain")]
    filled.override("norvale", "watch", by="Bo", reason="Better.", since=date(2027, 1, 1), expires=date(2027, 1, 31))
    assert on(date(2027, 1, 15)) == ("watch", 7)
    assert on(date(2027, 2, 1)) == ("retain", 6)
    filled.withdraw(7, by="Bo", reason="Not better.", since=date(2027, 1, 10))
    assert on(date(2027, 1, 9)) == ("watch", 7)
    assert on(date(2027, 1, 10)) == ("retain", 6)
    filled.decide(small(), {**NORVALE, "csat": 9, "prices_only": False}, as_of=date(2027, 1, 5))
    assert on(date(2027, 1, 10)) == ("retain", 6)
    assert on(date(2027, 3, 1)) == ("retain", None)
    assert filled.effective("norvale", date(2026, 8, 30)) == []
    assert filled.get(4).outcome == "release"
    assert filled.verify().ok


def test_overrides_that_cannot_stand_are_refused(filled: Ledger) -> None:
    whole: dict[str, Any] = {"account": "norvale", "outcome": "retain", "by": "Ana", "reason": "So.", "since": DAY, "expires": DAY}
    for changed, code, says in (
        ({"outcome": "retein"}, "bad-override", "did you mean `retain`?"),
        ({"by": " "}, "bad-override", "nobody stands behind it"),
        ({"reason": ""}, "bad-override", "it has no reason"),
        ({"reason": "\udcff"}, "bad-override", "what is no text"),
        ({"expires": date(2026, 11, 20)}, "bad-override", "it would expire on 2026-11-20, before it begins on 2026-11-21"),
        ({"outcome": ["retain", "watch"]}, "bad-override", "gives one outcome"),
        ({"account": "norval"}, "no-such-account", "did you mean `norvale`?"),
        ({"ruleset": "smal"}, "no-such-record", "did you mean `small`?"),
    ):
        with pytest.raises(LedgerError) as caught:
            filled.override(**{**whole, **changed})
        assert codes(caught) == [code]
        assert says in str(caught.value)
    with pytest.raises(LedgerError) as caught:
        filled.withdraw(4, by="Ana", reason="So.")
    assert codes(caught) == ["bad-override"]
    assert filled.head.records == 6


# --- ledgers that cannot be used -----------------------------------------------------------------


def test_what_is_no_ledger_is_said_to_be_none(tmp_path: Path, path: Path) -> None:
    text, other, empty = tmp_path / "text.ledger", tmp_path / "other.db", tmp_path / "empty.ledger"
    text.write_text("account_id,csat\n" * 100, encoding="utf-8")
    empty.touch()
    with closing(sqlite3.connect(other)) as plain, plain:
        plain.execute("CREATE TABLE accounts (id)")
    untouched = other.read_bytes()
    for target, create, code, says in (
        (path, False, "no-such-file", "there is no such file"),
        (tmp_path, False, "no-such-file", "this is a folder"),
        (tmp_path, True, "no-such-file", "this is a folder"),
        (tmp_path / "none" / "a.ledger", True, "bad-ledger", "does not exist"),
        (text, False, "bad-ledger", "the file is no database"),
        (text, True, "bad-ledger", "the file is no database"),
        (empty, False, "bad-ledger", "the file holds no records of samrules"),
        (other, False, "bad-ledger", "the file holds no records of samrules"),
        (other, True, "bad-ledger", "it has tables that are not a ledger's"),
        ("mysql://host/name", True, "bad-ledger", "a ledger cannot lie in `mysql`"),
        ("postgresql://127.0.0.1:1/none", False, "bad-ledger", "the database says: "),
    ):
        with pytest.raises(LedgerError) as caught:
            Ledger.open(target, create=create)
        assert codes(caught) == [code]
        assert says in str(caught.value)
    assert other.read_bytes() == untouched
    assert not path.exists()
    with Ledger.open(empty, create=True) as ledger:
        assert ledger.verify().ok


def test_a_password_is_not_shown() -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger.open("postgresql://ana:hidden@127.0.0.1:1/none")
    assert "hidden" not in str(caught.value)


def test_a_later_format_is_refused(filled: Ledger, path: Path) -> None:
    change(path, "UPDATE samrules_ledger SET format = 'samrules.ledger/2'")
    with pytest.raises(LedgerError, match=r"the ledger has the format `samrules.ledger/2`; this samrules reads `samrules.ledger/1`"):
        Ledger.open(path)


def test_a_ledger_that_is_held_is_busy(filled: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samrules.audit.database._WAIT", 0.1)
    with Ledger.open(path) as another, closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError) as caught:
            another.decide(small(), NORVALE, as_of=DAY)
        assert codes(caught) == ["ledger-busy"]
        assert another.get(6).account == "norvale"  # readers do not wait
        plain.execute("ROLLBACK")
        another.decide(small(), NORVALE, as_of=DAY)


def test_a_ledger_opened_to_read_is_not_written_to(filled: Ledger, path: Path) -> None:
    with Ledger.open(path, read_only=True) as reader:
        assert reader.verify().ok
        with pytest.raises(LedgerError) as caught:
            reader.decide(small(), NORVALE, as_of=DAY)
        assert codes(caught) == ["bad-ledger"]
    assert filled.head.records == 6


def test_a_ledger_in_a_folder_that_nobody_may_write_to_is_read(filled: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.close()
    monkeypatch.setattr("os.access", lambda *_: False)
    with Ledger.open(path, read_only=True) as reader:
        assert reader.verify().ok
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]


def test_a_decision_is_recorded_with_what_it_was_made_from(ledger: Ledger) -> None:
    rules: Rules = small()
    one, other = (rules.check_account({"account_id": i}, None, None, (), DAY) for i in "ab")
    with pytest.raises(LedgerError, match="not of this ruleset, this account and this day"):
        ledger.record(rules, one, harm_ledger.decided(rules, other))
    assert ledger.head.records == 1


def test_a_batch_is_written_whole_or_not_at_all(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    append = Database.append

    def failing(self: Database, drafts: list[Draft]) -> Any:
        return append(self, [*drafts, Draft(Kind.DECISION, None, "", "", drafts[-1].columns)])  # type: ignore[arg-type]

    monkeypatch.setattr(Database, "append", failing)
    with pytest.raises(LedgerError, match="NOT NULL"):
        ledger.decide(small(), NORVALE, as_of=DAY)
    assert ledger.head.records == 1


# --- what it must stand, in small; tests/fuzz/harm_ledger.py does more ------------------------------


def harm(*asked: str) -> str:
    """Runs trials in a process of their own, as they fork. What they say of the first."""
    ended = subprocess.run([sys.executable, "tests/fuzz/harm_ledger.py", *asked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.partition(": ")[2]


def test_changed_bytes_are_found(tmp_path: Path) -> None:
    assert harm_ledger.changes(12, 7, tmp_path).startswith("12 changed bytes")


def test_killed_writers_lose_nothing_acknowledged(path: Path) -> None:
    assert harm("--kills", "6", "--target", str(path)).startswith("6 kills: ")


def test_writers_at_once_leave_one_chain(path: Path) -> None:
    assert harm("--writers", "4", "--each", "20", "--target", str(path)).startswith("4 writers at once: 80 decisions in one chain")


def test_a_ledger_whose_writer_was_killed_can_be_read_without_writing(path: Path) -> None:
    code = ("import sys, time; from tests.fuzz.harm_ledger import DAY, Ledger, small; ledger = Ledger.open(sys.argv[1], create=True); "
            "ledger.decide(small(), {'account_id': 'a'}, as_of=DAY); print('done', flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"done\n"
        writer.kill()
    assert Path(f"{path}-wal").stat().st_size > 0
    with Ledger.open(path, read_only=True) as ledger:
        found = ledger.verify()
        assert (found.ok, found.counts["decision"]) == (True, 1)


@pytest.mark.parametrize("name", [None, "coverage"])
def test_recorded_decisions_come_out_the_same(path: Path, name: str | None) -> None:
    assert "with no difference" in harm_ledger.replays(40, 7, str(path), name)


def test_the_library_does_not_import_databases() -> None:
    code = "import sys, samrules, samrules.rules; assert not {'sqlalchemy', 'psycopg', 'cryptography', 'samrules.audit'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)

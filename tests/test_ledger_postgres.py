"""The same ledger in PostgreSQL: a real server is begun, where `postgres` is required."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner

import samrules
from samrules.audit import Ledger
from samrules.audit.export import verify_export
from samrules.cli.main import cli
from samrules.errors import LedgerError
from tests.fuzz.harm_ledger import DAY, small
from tests.postgres import NoServer, server
from tests.required import is_required, missing
from tests.test_ledger import ASKED, NORVALE, PORTFOLIO, harm

psycopg = pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """The URL of a server, begun for these tests."""
    if not is_required("postgres"):
        missing("postgres", "a server of PostgreSQL is begun only where it is required: SAMRULES_REQUIRE=postgres")
    try:
        running = server()
        url = running.__enter__()
    except NoServer as error:
        missing("postgres", str(error))
    try:
        yield url
    finally:
        running.__exit__(None, None, None)


@pytest.fixture
def url(host: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    name = f"ledger_{abs(hash(request.node.name))}"
    run(host, f"CREATE DATABASE {name}")
    return host.rsplit("/", 1)[0] + f"/{name}"


def run(url: str, *statements: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            found = connection.execute(statement.encode())
        return found.fetchall() if found.description else None


def test_a_ledger_in_postgresql(url: str) -> None:
    """Recorded, verified, decided again, overridden, exported: as in SQLite, whatever the texts."""
    rules = small()
    with pytest.raises(LedgerError, match="the database holds no records of samrules"):
        Ledger.open(url)
    with Ledger.open(url, create=True) as ledger:
        ledger.decide(rules, {**NORVALE, "account_name": "株式会社 \0 '\"\\"}, events=ASKED, as_of=DAY)
        ledger.decide(rules, {"account_id": "zero\0", "csat": 9, "prices_only": False}, as_of=DAY)
        together = ledger.decide_portfolio(samrules.load("portfolio"), [{"account_id": f"a{n}", "programme_cap": 1} for n in range(3)], as_of=DAY)
        ledger.override("norvale", "retain", by="Ana", reason="Talks.", since=DAY, expires=date(2027, 1, 1))
        assert ledger.verify().ok
        assert (ledger.replay().decisions, ledger.replay().same) == (5, 5)
        assert [r.seq for r in ledger.batch(together.records[1])] == [r.seq for r in together.records]
        assert ledger.effective("norvale", DAY)[0].outcome == "retain"
        assert ledger.effective("zero\0", DAY)[0].outcome == "retain"
        assert len(list(ledger.current(DAY))) == 5
        assert verify_export(ledger.export(mask=["csat"]), head=str(ledger.head)).ok
        with Ledger.open(url, read_only=True) as reader:
            assert reader.verify().ok
            with pytest.raises(LedgerError, match="may not be written to"):
                reader.decide(rules, NORVALE, as_of=DAY)


def test_the_database_refuses_changes_and_they_are_found(url: str) -> None:
    with Ledger.open(url, create=True) as ledger:
        ledger.decide(small(), NORVALE, events=ASKED, as_of=DAY)
        for statement in ("UPDATE samrules_records SET outcome = 'retain'", "DELETE FROM samrules_records", "TRUNCATE samrules_records",
                          "DELETE FROM samrules_ledger"):
            with pytest.raises(psycopg.errors.RaiseException, match="only appended to"):
                run(url, statement)
        run(url, "ALTER TABLE samrules_records DISABLE TRIGGER ALL", "UPDATE samrules_records SET secret = 'x' WHERE seq = 3")
        assert [str(f) for f in ledger.verify().findings] == [
            "record 3: its hash is not that of its contents",
            "what keeps records from being changed is gone or altered: `samrules_guard_samrules_records`"]


def test_a_user_that_may_only_insert_can_record(url: str) -> None:
    with Ledger.open(url, create=True) as ledger:
        ledger.decide(small(), NORVALE, as_of=DAY)
    run(url, "DROP ROLE IF EXISTS clerk", "CREATE ROLE clerk LOGIN", "GRANT SELECT, INSERT ON samrules_records TO clerk",
        "GRANT SELECT ON samrules_ledger TO clerk")
    with Ledger.open(url.replace("samrules@", "clerk@"), create=True) as ledger:
        ledger.decide(small(), NORVALE, as_of=DAY)
        assert ledger.verify().ok
    run(url, "DROP OWNED BY clerk", "DROP ROLE clerk")


def test_killed_writers_lose_nothing_acknowledged(url: str) -> None:
    assert harm("--kills", "5", "--target", url).startswith("5 kills: ")


def test_writers_at_once_leave_one_chain(url: str) -> None:
    assert harm("--writers", "4", "--each", "20", "--target", url).startswith("4 writers at once: 80 decisions in one chain")


def test_a_ledger_that_is_held_is_busy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samrules.audit.database._WAIT", 1)
    with Ledger.open(url, create=True) as ledger, psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock('samrules_records'::regclass::oid::bigint)")
        with pytest.raises(LedgerError) as caught:
            ledger.decide(small(), NORVALE, as_of=DAY)
        assert [d.code for d in caught.value.diagnostics] == ["ledger-busy"]


def test_the_commands_take_its_url(url: str) -> None:
    decided = CliRunner().invoke(cli, ["decide", "dedesignation", str(PORTFOLIO), "--as-of", "2026-11-21", "--ledger", url, "--format", "jsonl"])
    assert decided.exit_code == 0, decided.stderr
    verified = CliRunner().invoke(cli, ["audit", "verify", url, "--format", "json"])
    assert (verified.exit_code, json.loads(verified.stdout)["counts"]["decision"]) == (0, 20)
    why = CliRunner().invoke(cli, ["audit", "why", url, "--account", "norvale", "--on", "2026-11-21"])
    assert "Norvale (norvale) on 21 November 2026: release" in why.stdout

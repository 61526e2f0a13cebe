"""The server's API and its refusals, asked without a network; what each refusal says, to the letter."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import samrules
from samrules.audit import Ledger
from samrules.audit.export import verify_export
from samrules.serving import web
from samrules.serving.door import COOKIE, Door
from samrules.serving.json_body import read_object
from samrules.serving.openapi import description
from samrules.serving.operations import OPERATIONS
from samrules.serving.requests import MOST_ACCOUNTS
from tests.serving_kit import (
    DAY,
    TEXT,
    TOKEN,
    Visitor,
    keep,
    ledger_in,
    over_ledger,
    plain,
    visiting,
    visitor,
)

ONE: dict[str, Any] = {"accounts": [{"account_id": "x", "revenue": 5_000_000, "loyal": True}], "as_of": "2026-11-21"}


@pytest.fixture(scope="module")
def asker() -> Visitor:
    return visitor(plain())


# --- decide and explain ---


def test_decide_answers_what_the_library_decides(asker: Visitor) -> None:
    given = {**ONE, "accounts": [*ONE["accounts"], {"account_id": 7, "stage": "late"}],
             "events": [{"account_id": "7", "event": "visited", "date": "2026-10-01"}, {"account_id": "7", "event": "visited", "date": "2026-10-02"}]}
    answer = asker.post("/api/decide/keep", given)
    expected = keep().decide_each(given["accounts"], events=given["events"], as_of=DAY)
    assert answer.status == 200
    assert answer.json() == {"schema": "samrules.decisions/1", "decisions": [d.to_dict() for d in expected], "warnings": []}
    assert [d["outcome"] for d in answer.json()["decisions"]] == ["keep", "keep"]
    assert asker.log[-1].startswith("POST /api/decide/keep 200 ")


def test_what_nothing_declares_is_told(asker: Visitor) -> None:
    answer = asker.post("/api/decide/keep", {"accounts": [{"account_id": "x", "revenu": 5}]})
    assert answer.json()["warnings"] == [{
        "severity": "warning", "code": "undeclared-fact", "message": "`revenu` (did you mean `revenue`?) is not a declared fact and has no effect",
        "where": "accounts", "help": "rename what is a misspelt fact, leave out the rest"}]


@pytest.mark.parametrize("engine", ["interpreter", "compiled"])
def test_explain_says_what_the_library_says(asker: Visitor, engine: str) -> None:
    decision = keep().decide(ONE["accounts"][0], as_of=DAY, engine=engine)
    given = {**ONE, "engine": engine}
    assert asker.post("/api/explain/keep", {**given, "format": "text"}).text == str(decision.why())
    assert asker.post("/api/explain/keep", {**given, "format": "markdown", "why_not": "drop"}).text == decision.why_not("drop").markdown()
    assert asker.post("/api/explain/keep", given).json() == decision.why().to_dict()


def test_accounts_that_are_decided_together() -> None:
    asker = visitor(plain(samrules.load("portfolio")))
    answer = asker.post("/api/decide/portfolio", {"accounts": [{"account_id": "a"}, {"account_id": "b"}]}).json()
    assert answer["portfolio"]["schema"] == "samrules.portfolio/1"
    assert [d["account"] for d in answer["decisions"]] == ["a", "b"]
    several = {"accounts": [{"account_id": "a"}, {"account_id": "b"}]}
    assert asker.post("/api/explain/portfolio", several).json()["title"] == "there are several accounts, and none is named"
    assert asker.post("/api/explain/portfolio", {**several, "account": "b"}).json()["account"] == "b"
    assert asker.post("/api/explain/portfolio", {**several, "account": "c"}).json()["diagnostics"][0]["help"] == "accounts here: `a` and `b`"


def test_all_problems_are_told_at_once(asker: Visitor) -> None:
    answer = asker.post("/api/decide/keep", {"accounts": [{"account_id": "x", "revenue": -1, "stage": "erly"}, {"loyal": "perhaps"}]})
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems#out-of-range", "title": "`revenue`: -1 is out of range (and 3 more)", "status": 422, "diagnostics": [
            {"severity": "error", "code": "out-of-range", "message": "`revenue`: -1 is out of range", "where": "account x", "help": "it must be from 0 to 1000000000"},
            {"severity": "error", "code": "out-of-range", "message": "`stage`: `erly` is not one of its words", "where": "account x", "help": "did you mean `early`?"},
            {"severity": "error", "code": "missing-account-id", "message": "an account without `account_id`", "where": "facts", "help": "give each account an id"},
            {"severity": "error", "code": "wrong-type", "message": "`loyal`: `perhaps` is neither true nor false", "where": "facts",
             "help": "give true or false, or leave it out where it is not known"}]}


# --- what is refused ---


def refused(title: str, code: str, where: str | None, help_: str, status: int = 400) -> dict[str, Any]:
    return {"type": f"/problems#{code}", "title": title, "status": status,
            "diagnostics": [{"severity": "error", "code": code, "message": title, "where": where, "help": help_}]}


FACT = b'{"accounts": [{"account_id": "x", "revenue": %s}]}'


@pytest.mark.parametrize(("body", "expected"), [
    (b"", refused("the request has no body", "bad-json", "body", "send a JSON object")),
    (b"[1]", refused("the body is no JSON object", "bad-json", "body", "send an object, `{…}`")),
    (b"\xff{}", refused("the body is not UTF-8 at byte 0", "bad-json", "body", "send the JSON as UTF-8")),
    (b'{"accounts":\n [,]}', refused("this is not well-formed JSON: expecting value, line 2, column 3", "bad-json", "body", "correct it there")),
    (FACT % b"NaN", refused("JSON has no `NaN`", "bad-json", "body", "write `null` where the fact is not known")),
    (FACT % b"-Infinity", refused("JSON has no `-Infinity`", "bad-json", "body", "send a finite number")),
    (FACT % b"1e999", refused("`1e999` is too large for a double", "bad-json", "body", "send a finite number")),
    (FACT % (b"9" * 5000), refused("a number of 5,000 digits", "bad-json", "body", "no fact is larger than a double")),
    (FACT % rb'"\ud800"', refused("a text holds half a character (a lone surrogate)", "bad-json", "body", "send whole characters")),
    (rb'{"accounts": [{"\udc00": 1}]}', refused("a text holds half a character (a lone surrogate)", "bad-json", "body", "send whole characters")),
    (b'{"accounts": [{"account_id": "x", "loyal": true, "loyal": false}]}',
     refused("`loyal` stands twice in one object", "duplicate-key", "body", "remove or rename one of the two")),
    (b'{"accounts": ' + b"[" * 50_000, refused("the JSON is nested deeper than 16", "too-deep", "body", "send plain values: no fact is a group")),
    (b'{"account": []}', {
        "type": "/problems#unknown-key", "title": "there is no key `account` here (and 1 more)", "status": 400, "diagnostics": [
            {"severity": "error", "code": "unknown-key", "message": "there is no key `account` here", "where": "body", "help": "did you mean `accounts`?"},
            {"severity": "error", "code": "missing-key", "message": "`accounts` is not there", "where": "body", "help": "add it: an array of objects"}]}),
    (b'{"accounts": {}}', refused("`accounts` is an object", "wrong-shape", "accounts", "send an array of objects")),
    (b'{"accounts": []}', refused("`accounts` is empty", "wrong-shape", "accounts", "give at least one")),
    (b'{"accounts": [3]}', refused("a number stands where an object belongs", "wrong-shape", "accounts, entry 1", "send an object, `{…}`")),
    (json.dumps({"accounts": [{"account_id": str(i)} for i in range(MOST_ACCOUNTS + 1)]}).encode(),
     refused("`accounts` has 501 entries", "request-too-large", "accounts", "send at most 500 in one request")),
    (b'{"accounts": [{"account_id": "x"}], "as_of": "21.11.2026"}',
     refused("`21.11.2026` is not a date", "bad-date", "as_of", "write an existing day as `2026-11-21`")),
    (b'{"accounts": [{"account_id": "x"}], "engine": "durable"}',
     refused("`durable` is no `engine`", "wrong-shape", "engine", "words here: `compiled` and `interpreter`")),
    (b'{"accounts": [{"account_id": "x"}], "recorded": ["visited"]}',
     refused("`recorded` without `events`", "bad-event", "recorded", "pass the events too, an empty list where there are none", 422)),
    (b'{"accounts": [{"account_id": "x"}], "history": [{"account_id": "y", "review_date": "2020-01-01"}]}',
     refused("`y` is none of the accounts", "bad-history", "history, entry 1", "give the id of one of the accounts", 422)),
])
def test_a_body_that_is_refused(asker: Visitor, body: bytes, expected: dict[str, Any]) -> None:
    answer = asker.post("/api/decide/keep", body)
    assert (answer.status, answer.json()) == (expected["status"], expected)


def test_texts_that_are_never_closed_are_read_once() -> None:
    """A body of quotes and backslashes takes no more than one pass: this would be minutes if it were read again from each."""
    with pytest.raises(Exception, match="not well-formed"):
        read_object(b'{"a": "' + b'\\"' * 500_000)


@pytest.mark.parametrize(("method", "path", "status", "title", "help_"), [
    ("GET", "/nothing.txt", 404, None, None),
    ("GET", "/api/nothing", 404, "there is nothing at this address", "the page `/api` lists what there is"),
    ("GET", "/api/decide/keep", 405, "`GET` is not done here", "done here: POST"),
    ("DELETE", "/api/rulesets", 405, "`DELETE` is not done here", "done here: GET, HEAD"),
    ("GET", "/api/rulesets?x=1", 400, "there is no parameter `x` here", "leave it out"),
    ("GET", "/api/rulesets?%ff", 400, "the query cannot be read", "write it as UTF-8, percent-encoded, with at most 200 parameters"),
    ("GET", "/static/..%2f..%2fetc%2fpasswd", 404, None, None),
    ("GET", "/../../etc/passwd", 404, None, None),
    ("GET", "/api/audit/log", 404, "there is nothing at this address", "the page `/api` lists what there is"),
])
def test_an_address_that_is_refused(asker: Visitor, method: str, path: str, status: int, title: str | None, help_: str | None) -> None:
    answer = asker.ask(method, path)
    assert answer.status == status
    if title is None:
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "There is nothing at this address." in answer.text
    else:
        assert (answer.json()["title"], answer.json()["diagnostics"][0]["help"]) == (title, help_)


@pytest.mark.parametrize("name", ["designatoin", "keep.yaml", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "%00", "account_facts"])
def test_a_ruleset_is_one_of_those_named_at_the_start(asker: Visitor, name: str) -> None:
    """Also a bundled one that was not named is none, and a path leads to no file."""
    answer = asker.post(f"/api/decide/{name}", ONE)
    assert answer.status == 404
    assert answer.code in ("no-such-ruleset", "no-such-page")


@pytest.mark.parametrize(("headers", "status", "code"), [
    ({"content_type": "text/plain"}, 415, "bad-media-type"),
    ({"content_type": ""}, 415, "bad-media-type"),
    ({"content_type": "application/json; charset=latin-1"}, 415, "bad-media-type"),
    ({"content_encoding": "gzip"}, 415, "bad-media-type"),
    ({"content_length": "100001"}, 413, "request-too-large"),
    ({"content_length": "9" * 5000}, 413, "request-too-large"),
    ({"host": "evil.example"}, 403, "bad-host"),
    ({"host": "127.0.0.1.evil.example:8642"}, 403, "bad-host"),
    ({"host": "10.0.0.1"}, 403, "bad-host"),
    ({"host": ""}, 403, "bad-host"),
    ({"origin": "http://evil.example"}, 403, "foreign-origin"),
    ({"origin": "null"}, 403, "foreign-origin"),
    ({"origin": "http://127.0.0.1:9999"}, 403, "foreign-origin"),
    ({"sec_fetch_site": "cross-site"}, 403, "foreign-origin"),
    ({"sec_fetch_site": "same-site"}, 403, "foreign-origin"),
    ({"origin": "http://127.0.0.1:8642", "sec_fetch_site": "same-origin"}, 200, ""),
    ({"host": "localhost:1"}, 200, ""),
    ({"host": "[::1]:8642"}, 200, ""),
    ({"content_type": "application/json;charset=UTF-8"}, 200, ""),
])
def test_headers_that_decide_who_comes_in(asker: Visitor, headers: dict[str, str], status: int, code: str) -> None:
    answer = asker.post("/api/decide/keep", ONE, **headers)
    assert answer.status == status
    assert status == 200 or answer.code == code


def test_a_link_from_another_site_leads_here_and_a_picture_does_not(asker: Visitor) -> None:
    assert asker.get("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate").status == 200
    assert asker.get("/", sec_fetch_site="cross-site", sec_fetch_mode="no-cors").status == 403
    assert asker.get("/api/rulesets", sec_fetch_site="cross-site", sec_fetch_mode="cors").status == 403


def test_a_body_without_a_length_is_counted_as_it_comes(asker: Visitor) -> None:
    answer = asker.ask("POST", "/api/decide/keep", [b" " * 60_000] * 3, {"content-type": "application/json"})
    assert (answer.status, answer.json()["title"], answer.headers["connection"]) == (413, "the body is larger than 100,000 bytes", "close")


def test_a_body_that_does_not_come(asker: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_BODY_SECONDS", 0.05)
    answer = asker.ask("POST", "/api/decide/keep", [b"{", b"}"], {"content-type": "application/json"}, wait=0.2)
    assert (answer.status, answer.code) == (408, "slow-body")


@pytest.mark.parametrize("path", ["/", "/api/rulesets", "/nothing", "/api/nothing", "/style.css", "/api", "/openapi.json", "/try/keep"])
def test_every_answer_carries_the_headers_that_protect_it(asker: Visitor, path: str) -> None:
    headers = asker.get(path).headers
    assert "script" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"], headers["referrer-policy"]) == ("nosniff", "no-store", "same-origin")
    assert not any(name.startswith("access-control") for name in headers)


def test_a_fault_is_logged_by_its_place_and_says_nothing_of_facts(asker: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **more: Any) -> None:
        raise ValueError("revenue 5000000")

    monkeypatch.setattr("samrules.serving.decisions.decided", fail)
    answer = asker.post("/api/decide/keep", ONE)
    assert (answer.status, answer.code) == (500, "server-fault")
    assert asker.log[-2].startswith("fault: ValueError at tests.test_serve:")
    assert not any("5000000" in line for line in [*asker.log, answer.text])


# --- the token ---


def test_without_the_token_nothing_is_told() -> None:
    asker = visitor(plain(), Door(TOKEN))
    answer = asker.get("/api/rulesets")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == refused("this server wants a token", "needs-token", "Authorization",
                                    "send the header `Authorization: Bearer …` with the token it was started with", 401)
    for path in ("/openapi.json", "/api/nothing", "/api/decide/keep"):
        assert asker.get(path).status == 401
    for path in ("/", "/api", "/problems", "/nothing", "/try/keep"):
        found = asker.get(path)
        assert (found.status, found.headers["location"], found.body) == (303, "/sign-in", b"")
    for wrong in ("Bearer " + TOKEN[:-1], "Basic " + TOKEN, "Bearer", TOKEN, "Bearer é"):
        assert asker.get("/api/rulesets", authorization=wrong.encode("utf-8").decode("latin-1").encode("ascii", "replace").decode()).status == 401
    assert asker.get("/api/rulesets", authorization=f"Bearer {TOKEN}").status == 200


def test_signing_in_and_out() -> None:
    asker = visitor(plain(), Door(TOKEN))
    assert 'type="password"' in asker.get("/sign-in").text
    wrong = asker.form("/sign-in", {"token": "another-token-of-sixteen"})
    assert (wrong.status, "That is not the token." in wrong.text, "set-cookie" in wrong.headers) == (401, True, False)
    right = asker.form("/sign-in", {"token": TOKEN})
    cookie = right.headers["set-cookie"]
    assert (right.status, right.headers["location"]) == (303, "/")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    session = cookie.split(";")[0]
    assert "Sign out" in asker.get("/", cookie=session).text
    assert asker.get("/api/rulesets", cookie=session).status == 200
    until, _, seal = session.removeprefix(f"{COOKIE}=").partition(".")
    for forged in (f"{int(until) + 1}.{seal}", f"{until}.{seal[:-1]}0{seal[-1]}", f"1.{seal}", until, "", "."):
        assert asker.get("/", cookie=f"{COOKIE}={forged}").status == 303
    assert visitor(plain(), Door(TOKEN)).get("/", cookie=session).status == 303, "a server started anew knows it no more"
    assert asker.form("/sign-in", {"token": TOKEN}, origin="http://evil.example").status == 403
    assert 'samrules_session=""' in asker.form("/sign-out", {}, cookie=session).headers["set-cookie"]


def test_a_server_that_others_reach_goes_by_addresses_and_the_names_given() -> None:
    asker = visitor(plain(), Door(TOKEN, loopback=False, names=frozenset({"rules.example"})))
    for host, status in (("10.1.2.3:8642", 200), ("rules.example", 200), ("RULES.example:80", 200), ("evil.example", 403), ("localhost", 200)):
        assert asker.get("/api/rulesets", host=host, authorization=f"Bearer {TOKEN}").status == status, host


# --- the ledger ---


def test_the_log_goes_back_page_by_page(reader: Visitor) -> None:
    first = reader.get("/api/audit/log?limit=2&kind=decision").json()
    assert [(r["seq"], r["account"], r["outcome"]) for r in first["records"]] == [(5, "b/../c?d&e", "evidence_needed"), (4, "A-17", "keep")]
    second = reader.get(f"/api/audit/log?limit=2&kind=decision&before={first['next']}").json()
    assert [r["seq"] for r in second["records"]] == [3]
    assert second["next"] is None
    assert [r["seq"] for r in reader.get("/api/audit/log?account=b/../c%3fd%26e").json()["records"]] == [5]
    assert [r["seq"] for r in reader.get("/api/audit/log?since=2026-08-01&until=2026-08-31").json()["records"]] == [3]


@pytest.mark.parametrize(("path", "status", "code"), [
    ("/api/audit/log?limit=0", 400, "bad-parameter"),
    ("/api/audit/log?limit=201", 400, "bad-parameter"),
    ("/api/audit/log?before=99999999999999999999999", 400, "bad-parameter"),
    ("/api/audit/log?kind=rumour", 400, "bad-parameter"),
    ("/api/audit/log?since=yesterday", 400, "bad-date"),
    ("/api/audit/log?acount=A-17", 400, "unknown-parameter"),
    ("/api/audit/log?limit=1&limit=2", 400, "duplicate-key"),
    ("/api/audit/records/900", 404, "no-such-record"),
    ("/api/audit/records/0", 404, "no-such-record"),
    ("/api/audit/records/-1", 404, "no-such-record"),
    ("/api/audit/records/" + "9" * 5000, 404, "no-such-record"),
    ("/api/audit/records/decisions.ledger", 404, "no-such-record"),
    ("/api/audit/records/1/why", 404, "no-such-record"),
    ("/api/audit/records/4/why?format=pdf", 400, "bad-parameter"),
    ("/api/audit/records/4/why?why_not=kep", 422, "no-such-outcome"),
    ("/api/audit/effective", 400, "missing-key"),
    ("/api/audit/effective?account=nobody", 404, "no-such-account"),
    ("/api/audit/export?mask=revenu", 422, "no-such-name"),
])
def test_what_is_asked_of_a_ledger_in_vain(reader: Visitor, path: str, status: int, code: str) -> None:
    answer = reader.get(path)
    assert (answer.status, answer.code) == (status, code)
    assert "decisions.ledger" not in answer.text, "where the ledger lies is nothing for a visitor"


def test_a_record_says_why_and_is_decided_again(book: Visitor, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "decisions.ledger", read_only=True) as ledger:
        record = ledger.get(4)
        decision = ledger.decided_again(record)
        assert book.get("/api/audit/records/4").json() == record.to_dict()
        assert book.get("/api/audit/records/4/why?format=text").text == str(decision.why())
        assert book.get("/api/audit/records/4/why?why_not=drop").json() == decision.why_not("drop").to_dict()
        assert book.get("/api/audit/records/4/replay").json() == {"seq": 4, "same": True, "decision": decision.to_dict(), "changes": []}
        assert book.post("/api/audit/records/4/what-if", {"facts": {"loyal": False}}).json() == decision.what_if({"loyal": False}).to_dict()
        assert book.get("/api/audit/records/4/counterfactuals?outcome=drop").json() == decision.counterfactuals("drop").to_dict()
        assert book.get("/api/audit/verify").json() == {
            "ok": True, "records": 5, "hash": ledger.head.hash, "counts": {"ledger": 1, "ruleset": 1, "decision": 3}, "findings": []}
    assert book.get("/api/audit/verify?head=sha256:" + "0" * 64).json()["ok"] is False


def test_an_export_is_verifiable(reader: Visitor) -> None:
    answer = reader.get("/api/audit/export?mask=revenue,account_name&account=A-17")
    assert answer.headers["content-type"] == "application/jsonl"
    found = verify_export(answer.text.splitlines(keepends=True))
    assert (found.ok, found.records) == (True, 5)
    assert "2000000" not in answer.text


def test_decisions_are_put_on_record_all_or_none(book: Visitor, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "decisions.ledger", read_only=True) as ledger:
        bad = book.post("/api/audit/decide/keep", {"accounts": [{"account_id": "x"}, {"account_id": "y", "revenue": -5}]})
        assert (bad.status, ledger.head.records) == (422, 5)
        answer = book.post("/api/audit/decide/keep", {**ONE, "events": [{"account_id": "x", "event": "visited", "date": "2026-01-05", "by": "us"}]})
        assert (answer.status, answer.json()["head"]) == (201, str(ledger.head))
        record = ledger.get(6)
        assert record.decision == answer.json()["decisions"][0]
        assert record.body["events"] == [{"date": "2026-01-05", "event": "visited", "fields": {"by": "us"}}]
        assert ledger.verify().ok
        assert ledger.replay().ok


OVERRIDE = {"account": "A-17", "outcome": "drop", "by": "Ada Quist", "reason": "They are being bought.", "since": "2026-11-22", "expires": "2099-12-31"}


def test_an_override_is_a_record_of_its_own(book: Visitor) -> None:
    made = book.post("/api/audit/overrides", OVERRIDE)
    assert made.status == 201
    assert {k: made.json()[k] for k in ("seq", "kind", "overrides", "by")} == {"seq": 6, "kind": "override", "overrides": 4, "by": "Ada Quist"}
    holds = book.get("/api/audit/effective?account=A-17&on=2027-01-01").json()["effective"][0]
    assert (holds["outcome"], holds["decision"]["outcome"], holds["override"]["seq"]) == ("drop", "keep", 6)
    assert book.post("/api/audit/overrides/6/withdrawal", {"by": "Ada Quist", "reason": "The sale is off.", "since": "2027-01-01"}).status == 201
    assert book.get("/api/audit/effective?account=A-17&on=2027-01-02").json()["effective"][0]["outcome"] == "keep"
    assert book.post("/api/audit/overrides/4/withdrawal", {"by": "Ada", "reason": "x"}).code == "bad-override"


@pytest.mark.parametrize(("change", "status", "code", "message"), [
    ({"outcome": "kep"}, 422, "bad-override", "`kep` is no outcome of `keep`"),
    ({"by": " "}, 400, "wrong-shape", "`by` is blank"),
    ({"reason": None}, 400, "missing-key", "`reason` is not there"),
    ({"expires": None}, 400, "missing-key", "`expires` is not there"),
    ({"expires": "2026-11-01"}, 422, "bad-override", "it would expire on 2026-11-01, before it begins on 2026-11-22"),
    ({"account": "A-18"}, 404, "no-such-account", "nothing was decided about an account `A-18`"),
    ({"ruleset": "kept"}, 404, "no-such-record", "the ruleset `kept` decided nothing about `A-17`"),
    ({"reason": "x" * 2001}, 400, "request-too-large", "`reason` has 2,001 characters"),
    ({"until": "2027-01-01"}, 400, "unknown-key", "there is no key `until` here"),
])
def test_an_override_that_cannot_stand(reader: Visitor, change: dict[str, Any], status: int, code: str, message: str) -> None:
    answer = reader.post("/api/audit/overrides", {**OVERRIDE, **change})
    assert (answer.status, answer.code, answer.json()["diagnostics"][0]["message"]) == (status, code, message)


def test_a_ledger_that_is_only_read(tmp_path: Path) -> None:
    with visiting(over_ledger(tmp_path, read_only=True)) as asker:
        assert asker.post("/api/audit/overrides", OVERRIDE).status == 404
        assert asker.post("/api/audit/decide/keep", ONE).status == 404
        assert "override" not in asker.get("/account?id=A-17").text.lower()
        assert "overrides" not in asker.get("/openapi.json").text


# --- the description ---


def test_the_description_is_whole(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Every reference leads somewhere, every schema is one, every operation is described, and every answer is of its schema."""
    service = over_ledger(tmp_path)
    request.addfinalizer(service.close)
    asker = visitor(service)
    document = asker.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    text = json.dumps(document)
    assert {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]} <= schemas.keys()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(o.method, o.path.replace("{ruleset}", "keep")) for o in service.operations()}

    def holds(name: str, value: Any) -> None:
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}).validate(value)

    holds("Rulesets", asker.get("/api/rulesets").json())
    holds("Decisions", asker.post("/api/decide/keep", ONE).json())
    holds("Explanation", asker.post("/api/explain/keep", ONE).json())
    holds("Log", asker.get("/api/audit/log").json())
    holds("Record", asker.get("/api/audit/records/4").json())
    holds("Replay", asker.get("/api/audit/records/4/replay").json())
    holds("WhatIf", asker.post("/api/audit/records/4/what-if", {"facts": {"loyal": False}}).json())
    holds("Counterfactuals", asker.get("/api/audit/records/4/counterfactuals").json())
    holds("Effective", asker.get("/api/audit/effective?account=A-17").json())
    holds("Verification", asker.get("/api/audit/verify").json())
    holds("Problem", asker.get("/api/audit/records/900").json())
    for body, good in ((ONE, True), ({"accounts": []}, False), ({"accounts": [{"account_id": "x", "revenue": -1}]}, False),
                       ({"accounts": [{"account_id": " "}]}, False), ({"accounts": [{"account_id": "x", "stage": "  "}]}, True)):
        valid = Draft202012Validator({"$ref": "#/components/schemas/Decide.keep", "components": {"schemas": schemas}}).is_valid(body)
        assert valid is good
        assert (asker.post("/api/decide/keep", body).status == 200) is good, "the schema says what the server does"


def test_facts_that_rulesets_declare_alike_are_described_once() -> None:
    other = samrules.loads(TEXT.replace("ruleset: keep", "ruleset: hold").replace("[early, late]", "[early, late, never]"))
    document = description({"keep": keep(), "hold": other}, plain().operations(), with_token=False)
    facts = sorted(name for name in document["components"]["schemas"] if name.startswith("fact."))
    assert facts == ["fact.account_name", "fact.growth", "fact.loyal", "fact.revenue", "fact.stage", "fact.stage.hold", "fact.visits"]


def test_a_ledger_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(samrules.errors.LedgerError):
        from samrules.serving.start import service_of

        service_of([keep()], str(tmp_path / "none.ledger"))
    assert ledger_in(tmp_path).exists()


def test_the_page_about_it_is_true() -> None:
    """Its operations are those of the API, its example runs, its refusal is the one given."""
    page = (Path(__file__).parent.parent / "docs" / "serve.md").read_text("utf-8")
    listed = set(re.findall(r"\| `(GET|POST) (/api/[^`]*)`", page))
    assert listed == {(o.method, o.path.replace("{ruleset}", "RULESET").replace("{number}", "N")) for o in OPERATIONS}
    asker = visitor(plain(samrules.load("dedesignation")))
    example = re.search(r"explain/dedesignation.*?-d '(\{.*?\})'", page, re.DOTALL)
    assert example
    answer = asker.post("/api/explain/dedesignation", example[1].encode())
    assert (answer.status, answer.text.splitlines()[0]) == (200, "A-17: why not release?")
    shown = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert shown
    assert asker.post("/api/decide/dedesignation", {"accounts": [{"account_id": "A-17", "csat": 11}]}).json() == json.loads(shown[1])

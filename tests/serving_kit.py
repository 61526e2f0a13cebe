"""For tests of the server: an application without a network, what asks it, and a ledger of a few decisions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import attrs

import samrules
from samrules.audit import Ledger
from samrules.rules import Rules
from samrules.serving.call import Call, Reply
from samrules.serving.door import Door
from samrules.serving.service import Service
from samrules.serving.start import app_of, service_of

TOKEN = "a-token-of-more-than-sixteen"
HOSTILE = "<script>alert(1)</script> & Söhne"
DAY = date(2026, 11, 21)
TEXT = """
ruleset: keep
version: 1.0.0
title: Keep the account
facts:
  account_name: {type: text}
  revenue: {type: money, title: yearly revenue, range: 0..1000M}
  growth: {type: ratio, title: growth}
  loyal: {type: boolean, title: the customer is loyal}
  stage: {type: "enum [early, late]", title: stage}
events:
  visited: {title: visit, fields: {by: {type: text}}}
measures:
  visits: {count: visited, within: 12 months, title: number of visits}
rules:
  large: {title: Large and loyal, when: {all: [revenue >= 1M, loyal]}, then: {action: keep}, because: "{account} is large and loyal."}
  seen: {title: Often seen, when: 'visits >= 2 and stage = "late"', then: {action: keep}}
  small: {title: Small, when: revenue < 100k and growth < 20%, then: {action: drop}}
decide: {action: {outcomes: [keep, drop], hit_policy: priority, otherwise: drop}}
"""


@cache
def keep() -> Rules:
    return samrules.loads(TEXT)


@attrs.frozen
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the first diagnostic."""
        return str(self.json()["diagnostics"][0]["code"])


@attrs.define
class Visitor:
    """Asks an application, with the headers that a browser or a program would send."""

    app: Any
    log: list[str]
    headers: dict[str, str] = attrs.field(factory=lambda: {"host": "127.0.0.1:8642"})

    def get(self, path: str, **headers: str) -> Answered:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, data: Any, **headers: str) -> Answered:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        return self.ask("POST", path, [body], {"content-type": "application/json", **headers})

    def form(self, path: str, fields: Mapping[str, str], **headers: str) -> Answered:
        from urllib.parse import urlencode

        return self.ask("POST", path, [urlencode(fields).encode()], {"content-type": "application/x-www-form-urlencoded", **headers})

    def ask(self, method: str, path: str, blocks: Iterable[bytes] = (b"",), headers: Mapping[str, str] = {}, wait: float = 0) -> Answered:
        from urllib.parse import unquote

        raw, _, query = path.partition("?")
        given = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": unquote(raw),
                 "raw_path": raw.encode(), "query_string": query.encode(), "root_path": "", "server": ("127.0.0.1", 8642), "client": ("127.0.0.1", 5),
                 "headers": [(k.encode(), v.encode()) for k, v in given.items() if v]}
        waiting = list(blocks)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if wait:
                await asyncio.sleep(wait)
            block = waiting.pop(0) if waiting else b""
            return {"type": "http.request", "body": block, "more_body": bool(waiting)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        assert sent[0]["type"] == "http.response.start"
        return Answered(sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, b"".join(m.get("body", b"") for m in sent[1:]))


def visitor(service: Service, door: Door | None = None, most_bytes: int = 100_000) -> Visitor:
    log: list[str] = []

    async def answer(call: Call) -> Reply:
        return service.answer(call)

    return Visitor(app_of(service, door or Door(), answer, most_bytes=most_bytes, log=log.append), log)


@contextlib.contextmanager
def visiting(service: Service) -> Iterator[Visitor]:
    """A visitor of a service that holds a ledger open; it is closed afterwards."""
    try:
        yield visitor(service)
    finally:
        service.close()


def plain(*rules: Rules) -> Service:
    return service_of(rules or [keep()], None)


def ledger_in(folder: Path) -> Path:
    """A ledger: two accounts decided, one of them twice, one of a hostile name."""
    path = folder / "decisions.ledger"
    with Ledger.open(path, create=True) as ledger:
        ledger.decide(keep(), {"account_id": "A-17", "account_name": HOSTILE, "revenue": 50_000}, as_of=date(2026, 8, 21))
        ledger.decide(keep(), {"account_id": "A-17", "account_name": HOSTILE, "revenue": 2_000_000, "loyal": True, "growth": 0.123},
                      events=[{"event": "visited", "date": "2026-10-01", "by": HOSTILE}], as_of=DAY)
        ledger.decide(keep(), {"account_id": "b/../c?d&e", "revenue": 500_000, "loyal": False}, as_of=DAY)
    return path


def over_ledger(folder: Path, *, read_only: bool = False) -> Service:
    return service_of([keep()], str(ledger_in(folder)), read_only=read_only)


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


@attrs.frozen
class Tiring:
    """A service for the pool's tests: answers, sleeps, or ends its process."""

    def answer(self, call: Call) -> Reply:
        if call.operation == "sleep":
            time.sleep(60)
        if call.operation == "nap":
            time.sleep(0.4)
        if call.operation == "end":
            os._exit(3)
        return Reply.text(f"{call.operation} by {os.getpid()}")

"""A request once it is through the door, and what is answered: plain data, so that both travel between processes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from samrules.diagnostics import Diagnostic, listed, nearest

JSON, PROBLEM, TEXT, MARKDOWN, HTML, JSON_LINES = (
    "application/json", "application/problem+json", "text/plain; charset=utf-8", "text/markdown; charset=utf-8",
    "text/html; charset=utf-8", "application/jsonl")


@attrs.frozen
class Call:
    """A request: which operation, with what. `form_token` is what a form of this visitor must carry."""

    operation: str
    path: Mapping[str, str] = attrs.field(factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = attrs.field(default=b"", repr=False)
    form_token: str = attrs.field(default="", repr=False)
    signed_in: bool = False

    def options(self, *names: str) -> dict[str, str]:
        """The query parameters. Raises Refusal for one that the operation does not have, or that stands twice."""
        found: dict[str, str] = {}
        problems = []
        for name, value in self.query:
            if name not in names:
                near = nearest(name, names)
                cure = f"did you mean `{near}`?" if near else f"parameters here: {listed(sorted(names))}" if names else "leave it out"
                problems.append(Diagnostic("unknown-parameter", f"there is no parameter `{clip(name)}` here", cure, where="query"))
            elif name in found:
                problems.append(Diagnostic("duplicate-key", f"the parameter `{name}` stands twice", "give it once", where="query"))
            found[name] = value
        if problems:
            raise Refusal(400, problems)
        return found


@attrs.frozen
class Reply:
    """An answer: its status, the type of its body, the body, and further headers. `fault` is for the server's log only."""

    status: int
    type: str
    body: bytes = attrs.field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    fault: str = ""

    @classmethod
    def json(cls, data: Any, status: int = 200) -> Reply:
        return cls(status, JSON, encoded(data))

    @classmethod
    def text(cls, text: str, type_: str = TEXT, status: int = 200) -> Reply:
        return cls(status, type_, text.encode())

    @classmethod
    def see(cls, address: str) -> Reply:
        """Look there: the answer to a form that was taken in."""
        return cls(303, TEXT, b"", (("Location", address),))


class Refusal(Exception):
    """A request that is not answered: the status, and every problem with it."""

    def __init__(self, status: int, problems: Iterable[Diagnostic], headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.status, self.problems, self.headers = status, tuple(problems), headers
        super().__init__("; ".join(p.message for p in self.problems))


def refusal(status: int, code: str, message: str, help_: str, where: str | None = None,
            headers: tuple[tuple[str, str], ...] = ()) -> Refusal:
    return Refusal(status, [Diagnostic(code, message, help_, where=where)], headers)


def fault(error: BaseException) -> str:
    """What failed and where, without its message: that may hold facts."""
    at, trace = "", error.__traceback__
    while trace is not None:
        at, trace = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}", trace.tb_next
    return f"{type(error).__name__} at {at}"


def server_fault() -> Refusal:
    return refusal(500, "server-fault", "samrules failed at this", "please report it, with the line of the server's log")


def problem(found: Refusal) -> Reply:
    """A refusal as problem details (RFC 9457), with the diagnostics themselves."""
    first = found.problems[0]
    more = f" (and {len(found.problems) - 1:,} more)" if len(found.problems) > 1 else ""
    data = {"type": f"/problems#{first.code}", "title": first.message + more, "status": found.status,
            "diagnostics": [said(p) for p in found.problems[:MOST_SHOWN]]}
    return Reply(found.status, PROBLEM, encoded(data), found.headers)


MOST_SHOWN = 100
"""Diagnostics in one answer; their number is in its title."""


def said(problem: Diagnostic) -> dict[str, object]:
    return {"severity": str(problem.severity), "code": problem.code, "message": problem.message, "where": problem.where,
            "help": problem.help}


def encoded(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n").encode()


def clip(text: str, most: int = 40) -> str:
    """What came with a request, as it may stand in a message: its beginning, nothing that is not printable."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown if len(shown) <= most else shown[:most] + "…"

"""A report as HTML: one file with all that it needs. What stands in it is text, whatever it looks like."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

from samrules.publishing.templates import Raw, templates
from samrules.reporting import charts
from samrules.reporting.document import Glance, Page, Row

_TEMPLATES = Path(__file__).parent / "templates"

LISTED = 100
"""Accounts that the list shows at first, and by which it grows."""
STATIC = 150
"""Up to so many accounts their parts stand in the file as they are; more are compressed, and opened when asked for."""
_TOGETHER = 40
"""Parts compressed together: enough that what they share costs once, few enough to be opened in no time."""

Link = Callable[[int], str]
"""From the number of an account to the address of its part."""


def in_file(number: int) -> str:
    return f"#account-{number}"


@attrs.define
class Parts:
    """The parts of the accounts as HTML, in order; compressed as soon as there are many."""

    _waiting: list[str] = attrs.field(factory=list, init=False)
    packed: list[tuple[int, str]] = attrs.field(factory=list, init=False)
    """The number of the first account, and the compressed parts from there on."""
    count: int = attrs.field(default=0, init=False)

    def add(self, html: str) -> None:
        self._waiting.append(html)
        self.count += 1
        if self.count > STATIC:
            self._pack(_TOGETHER)

    def static(self) -> Sequence[str]:
        """The parts that stand in the file as they are: all, or none."""
        if self.count <= STATIC:
            return self._waiting
        self._pack(1)
        return ()

    def _pack(self, least: int) -> None:
        while len(self._waiting) >= least:
            now, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            data = gzip.compress(json.dumps(now, ensure_ascii=False).encode(), 9, mtime=0)
            first = self.packed[-1][0] + _TOGETHER if self.packed else 1
            self.packed.append((first, base64.b64encode(data).decode()))


def check_ready() -> None:
    """Raises OutputError without the extra `report`: before anything is decided."""
    _environment(in_file)


def account_html(page: Page) -> str:
    """The part of one account, an `article`. Raises OutputError without the extra `report`."""
    return f'<article id="account-{page.number}" aria-labelledby="name-{page.number}">\n' \
           f"{_module('account.html.jinja', in_file).account(page)}\n</article>\n"


def portfolio_html(glance: Glance, link: Link = in_file) -> str:
    """The portfolio at a glance, without the list of accounts. Raises OutputError without the extra `report`."""
    return str(_module("glance.html.jinja", link).portfolio(glance))


def style() -> str:
    """The style sheet that the parts are written for."""
    return (_TEMPLATES / "report.css").read_text("utf-8")


def report_html(glance: Glance, parts: Parts) -> str:
    """The whole file. Raises OutputError without the extra `report`."""
    sheet, script = style(), (_TEMPLATES / "report.js").read_text("utf-8")
    static = parts.static()
    whole: str = _environment(in_file).get_template("report.html.jinja").render(
        g=glance, style=Raw(sheet), script=Raw(script), style_hash=allowed(sheet), script_hash=allowed(script),
        pages=[Raw(text) for text in static], packed=parts.packed, most_rows=LISTED, index=Raw(_index(glance)))
    return whole.strip() + "\n"


@functools.cache
def _environment(link: Link) -> Any:
    found = templates(_TEMPLATES, "reports", "report", html=True)
    found.globals.update(
        colours=charts.COLOURS, shape=charts.shape, account_link=link,
        shares=lambda outcomes: Raw(charts.shares(outcomes)),
        scatter=lambda picture, outcomes: Raw(charts.scatter(picture, outcomes)))
    return found


@functools.cache
def _module(name: str, link: Link) -> Any:
    return _environment(link).get_template(name).module


def allowed(text: str) -> str:
    """A script or style sheet as a content security policy allows it: by its hash."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _index(glance: Glance) -> str:
    """What the list searches, as JSON that may stand in a script element."""
    data = {
        "step": LISTED, "score": glance.score, "size": glance.size,
        "marks": [charts.shape(key) for key in range(charts.COLOURS)],
        "rows": [_entry(r) for r in glance.rows],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _entry(r: Row) -> list[object]:
    middle = (r.low + r.high) / 2 if r.low is not None and r.high is not None else None
    return [r.number, r.name, r.id, r.key, r.outcome, int(r.settled), r.before, int(r.moved), r.brief, r.score, r.size_shown,
            middle, r.size, r.overridden, r.also]

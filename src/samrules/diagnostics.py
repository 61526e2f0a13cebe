"""Problems as data: where, what, and the cure. Text is made from the data, never the other way round.

Every problem samrules can report has an entry in `samrules.catalogue`; a `Diagnostic` names its code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import attrs

from samrules.catalogue import CATALOGUE, Severity

NAMES_SHOWN = 8
"""A list of names that exist is cut after this many: a wall of names helps nobody."""


@attrs.frozen(order=True)
class Span:
    """A stretch of a text file. Lines and columns count from 1; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        """`file:line:column`; in a workbook, where these count rows and columns, `file:B3`."""
        if self.file.lower().endswith(".xlsx"):
            return f"{self.file}:{_letters(self.column)}{self.line}"
        return f"{self.file}:{self.line}:{self.column}"


def _letters(column: int) -> str:
    """The name of a spreadsheet's column: A to Z, AA, AB, …"""
    rest, last = divmod(column - 1, 26)
    return (_letters(rest) if rest else "") + chr(ord("A") + last)


@attrs.frozen
class Diagnostic:
    """One problem. `text` is the line of source under the span, when there is one;
    `where` places problems that have no file (an account passed from Python)."""

    code: str
    message: str
    help: str
    span: Span | None = None
    text: str | None = None
    where: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise KeyError(f"diagnostic code {self.code!r} has no entry in the catalogue")

    @property
    def severity(self) -> Severity:
        return CATALOGUE[self.code].severity

    @property
    def file(self) -> str | None:
        return self.span.file if self.span else None

    @property
    def line(self) -> int | None:
        return self.span.line if self.span else None

    @property
    def column(self) -> int | None:
        return self.span.column if self.span else None

    def render(self) -> str:
        """The problem as `file:line:column: error[code]: message`, the line with a caret, the help."""
        place = ""
        if self.span:
            place = f"{self.span}: "
        elif self.where:
            place = f"{self.where}: "
        lines = [f"{place}{self.severity}[{self.code}]: {_printable(self.message)}"]
        if self.span and self.text is not None:
            lines += _caret(self.span, self.text)
        if self.help:
            lines.append(f"help: {_printable(self.help)}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        return {
            "severity": str(self.severity),
            "code": self.code,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "help": self.help,
        }


def _printable(text: str) -> str:
    """Without what would move a terminal's cursor: keys and values come from files of others."""
    return "".join(c if c.isprintable() else " " for c in text)


_LONGEST_LINE_SHOWN = 160


def _caret(span: Span, text: str) -> list[str]:
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(text)
    end = max(start + 1, min(end, len(text)))
    if len(text) > _LONGEST_LINE_SHOWN:  # keep the span in view, not the whole of a huge line
        cut = max(0, min(start - 40, len(text) - _LONGEST_LINE_SHOWN))
        text = text[cut : cut + _LONGEST_LINE_SHOWN]
        start, end = start - cut, min(end - cut, _LONGEST_LINE_SHOWN)
    shown = _printable(text)
    return [f"  {shown}".rstrip(), "  " + " " * start + "^" * max(1, end - start)]


def sort_key(diagnostic: Diagnostic) -> tuple[object, ...]:
    """Reading order: by place, then by what was said."""
    span = diagnostic.span
    place = (span.file, span.line, span.column) if span else ("", 0, 0)
    return (*place, diagnostic.where or "", diagnostic.code, diagnostic.message)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The existing name that a misspelt one most likely meant, or None."""
    pool = sorted(set(names))
    close = difflib.get_close_matches(name, pool, n=1, cutoff=0.6)
    if close:
        return close[0]
    folded = {n.replace("_", "").lower(): n for n in pool}
    return folded.get(name.replace("_", "").replace("-", "").replace(" ", "").lower())


def did_you_mean(name: str, names: Iterable[str], what: str = "names", most: int = NAMES_SHOWN) -> str:
    """Help for an unknown name: the nearest one, or a list of those that exist, cut after so many."""
    pool = sorted(set(names))
    near = nearest(name, pool)
    if near is not None:
        return f"did you mean `{near}`?"
    if not pool:
        return f"there are no {what} to choose from here"
    return f"{what} here: {listed(pool, most)}"


def listed(names: Sequence[str], most: int = NAMES_SHOWN) -> str:
    """`a`, `b` and 3 more."""
    shown = [f"`{n}`" for n in names[:most]]
    more = len(names) - len(shown)
    if more > 0:
        return ", ".join(shown) + f" and {more} more"
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]

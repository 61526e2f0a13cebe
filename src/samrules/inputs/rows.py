"""A table as it was read: rows of raw values that know their place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from samrules.diagnostics import Diagnostic, Span
from samrules.errors import FactError

MOST_PROBLEMS = 1_000
"""Reading a table stops after so many problems: one fault in an export repeats in every row."""


class Places(Mapping[str, Span]):
    """Where each value of a row stands, by column. Worked out when asked for: most rows are right."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, column: str) -> Span:
        raise NotImplementedError


@attrs.frozen
class Row:
    """One row: raw values by column, and where they stand.

    `at` says it in words (`line 4`); a row without `places` has no lines (Parquet).
    """

    values: Mapping[str, Any]
    at: str
    places: Places | None = None


@attrs.frozen
class Table:
    """A table that was read, with every problem found on the way.

    `textual` values come from a text file without types (CSV): numbers are then read from text.
    `lines` are those of the file, for showing them; `header` places the column names.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Diagnostic, ...] = ()
    textual: bool = False
    lines: Sequence[str] = attrs.field(default=(), repr=False)
    header: Mapping[str, Span] = attrs.field(factory=dict, repr=False)

    def where(self, row: Row) -> str:
        return f"{self.name}: {row.at}"

    def shown(self, problems: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The same problems, each with its line of text."""
        return with_lines(problems, self.lines)

    def start(self) -> Span | None:
        """The place of problems with the table as a whole."""
        return Span(self.name, 1, 1, 1, 1) if self.lines else None


def with_lines(problems: Iterable[Diagnostic], lines: Sequence[str]) -> list[Diagnostic]:
    return [
        attrs.evolve(p, text=lines[p.span.line - 1].rstrip("\r\n"))
        if p.span and p.text is None and p.span.line <= len(lines) else p
        for p in problems
    ]


def unusable(code: str, message: str, help_: str, name: str, span: Span | None = None,
             lines: Sequence[str] = ()) -> FactError:
    """The error for a table of which nothing can be read."""
    problem = Diagnostic(code, message, help_, span, where=None if span else name)
    return FactError(with_lines([problem], lines))


def empty(name: str, message: str = "the file holds nothing") -> FactError:
    return unusable("empty-file", message, "export it again; an empty table is nearly always a failed export",
                    name, Span(name, 1, 1, 1, 1))

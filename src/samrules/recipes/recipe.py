"""What a recipe IS: the tables it reads, the SQL that makes facts of them."""

from __future__ import annotations

import enum
from pathlib import Path

import attrs

from samrules.diagnostics import Diagnostic, Span

ACCOUNTS, EVENTS = "accounts", "events"
"""The two SQL files that give results; every other one makes a table for them."""


class CellType(enum.Enum):
    """What the cells of a column are read as."""

    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"


@attrs.frozen
class Column:
    """A column that a recipe reads. `gives` are the facts and events that stay missing without it."""

    name: str
    meaning: str
    type: CellType = CellType.TEXT
    required: bool = True
    filled: bool = False
    gives: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen
class RawTable:
    """A table that a recipe reads: an export, or what another recipe prepares for it.

    `file` is the name of its file without the ending. `dated` names the column that says since when
    a row is there: rows after the day asked for are not seen.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    file: str
    dated: str | None = None
    required: bool = True
    gives: tuple[str, ...] = ()
    span: Span | None = attrs.field(default=None, eq=False, repr=False)

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)


@attrs.frozen
class Query:
    """An SQL file of a recipe. `name`, in small letters, is that of the table it makes; `file` is the
    file's name as messages show it."""

    name: str
    file: str
    text: str = attrs.field(repr=False)

    def span(self, start: int, end: int) -> Span:
        """Offsets in the text, of characters, as a place in the file."""
        return Span(self.file, *self._place(start), *self._place(max(end, start + 1)))

    def _place(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    def problem(self, code: str, message: str, help_: str, span: Span | None = None) -> Diagnostic:
        """A problem of this file, with its line where the place is known."""
        if span is None:
            return Diagnostic(code, message, help_, where=self.file)
        lines = self.text.split("\n")
        text = lines[span.line - 1].rstrip("\r") if span.line <= len(lines) else None
        return Diagnostic(code, message, help_, span, text)


@attrs.frozen
class Recipe:
    """A recipe with all that it uses: `tables` are those read from the exports or prepared by a
    query of that name; `queries` are the SQL files, its own before those of a used recipe."""

    name: str
    title: str
    folder: Path
    file: str
    tables: tuple[RawTable, ...]
    queries: tuple[Query, ...]
    description: str | None = None
    uses: str | None = None
    facts: str | None = None
    """The ruleset that declares what the results may hold; `account_facts` where none is named."""
    texts: dict[str, str] = attrs.field(factory=dict, eq=False, repr=False)

    @property
    def exports(self) -> tuple[RawTable, ...]:
        """The tables that no query prepares."""
        prepared = {q.name for q in self.queries}
        return tuple(t for t in self.tables if t.name.lower() not in prepared)

    def query(self, name: str) -> Query | None:
        return next((q for q in self.queries if q.name == name), None)

    def table(self, name: str) -> RawTable | None:
        return next((t for t in self.tables if t.name.lower() == name), None)

"""CSV to rows. Cells know their line and column, through quotes and line breaks inside them.

The standard reader splits the cells; where each stands is worked out only for rows that are
wrong. Cells are separated by commas, or, where the header has no comma, by semicolons or tabs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import attrs

from samrules.diagnostics import Diagnostic, Span
from samrules.errors import FactError
from samrules.inputs.rows import MOST_PROBLEMS, Places, Row, Table, empty, unusable, with_lines

_OTHER_SEPARATORS = (";", "\t")
_SAVE_AGAIN = "open the file in the program it came from and save it as \"CSV UTF-8\""


def read_csv(text: str, name: str) -> Table:
    """Read a CSV file. Raises FactError where there are no rows; other problems are gathered."""
    lines = list(io.StringIO(text, newline=""))
    if "\0" in text:
        raise _null_byte(lines, name)
    if not text.strip():
        raise empty(name)
    return _Reader(name, lines).table()


def separator_of(lines: Iterable[str]) -> str:
    """What separates the cells, told by the header, the first line that is not blank."""
    header = next((line for line in lines if line.strip()), "")
    return _Reader("", [header]).find_separator()


def _null_byte(lines: Sequence[str], name: str) -> FactError:
    line = next(i for i, content in enumerate(lines, start=1) if "\0" in content)
    column = lines[line - 1].index("\0") + 1
    return unusable("bad-table", "a null byte: this is not plain text", _SAVE_AGAIN, name,
                    Span(name, line, column, line, column + 1), lines)


class _Reader:
    def __init__(self, name: str, lines: list[str]) -> None:
        self.name = name
        self.lines = lines
        self.separator = ","
        self.problems: list[Diagnostic] = []

    def problem(self, code: str, message: str, help_: str, span: Span) -> None:
        self.problems.append(Diagnostic(code, message, help_, span))

    def table(self) -> Table:
        self.separator = self.find_separator()
        records = self.records()
        header, first, last = next(records, ([], 1, 1))
        if not header:
            raise FactError(with_lines(self.problems, self.lines)) if self.problems else empty(self.name)
        names = [cell.strip() for cell in header]
        places = CellPlaces(self, names, first, last)
        self.check_header(names, places)
        rows = tuple(self.rows(records, names))
        if not rows and not self.problems:
            raise empty(self.name, "the table has a header and no rows")
        columns = tuple(dict.fromkeys(n for n in names if n))
        return Table(self.name, columns, rows, tuple(self.problems), True, self.lines,
                     {n: places.of(names.index(n)) for n in columns})

    def find_separator(self) -> str:
        """A comma, unless the header is one cell by commas and several by another separator."""
        header = next((line for line in self.lines if line.strip()), "")

        def width(separator: str) -> int:
            try:
                return len(next(csv.reader([header], delimiter=separator)))
            except csv.Error:
                return 1

        if width(",") > 1:
            return ","
        found = [s for s in _OTHER_SEPARATORS if width(s) > 1]
        return found[0] if len(found) == 1 else ","

    def records(self) -> Iterator[tuple[list[str], int, int]]:
        """Each record that is not blank with its first and last line."""
        reader = csv.reader(self.lines, delimiter=self.separator, strict=True)
        while len(self.problems) < MOST_PROBLEMS:
            first = reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.malformed(str(error), first, reader.line_num)
                if reader.line_num > first:  # a quote ran on: what follows cannot be trusted
                    return
                continue
            if any(cell.strip() for cell in record):
                yield record, first, reader.line_num

    def malformed(self, reason: str, first: int, last: int) -> None:
        cells = _cells("".join(self.lines[first - 1 : last]), self.separator)
        cell = next((c for c in cells if c.quoted and c.closed != c.end), cells[-1])
        if "limit" in reason:
            message = f"a cell of more than {csv.field_size_limit():,} characters"
            help_ = "is a quote not closed? close it, or write a quote inside a cell as two, `\"\"`"
        elif "expected after" in reason:
            message = "text after the closing quote of a cell"
            if last > first:
                message += f" that was opened {last - first} lines before"
            help_ = "write a quote inside a cell as two, `\"\"`, and leave no blank beside the outer ones"
        else:
            message = "a quote is opened here and never closed"
            help_ = "close it, or write a quote inside a cell as two, `\"\"`"
        self.problem("bad-table", message, help_, self.span(first, last, cell.start, cell.start + 1))

    def span(self, first: int, last: int, start: int, end: int) -> Span:
        """Offsets in the text of a record as a place in the file."""
        place, stop = (self._place(first, last, offset) for offset in (start, max(end, start + 1)))
        return Span(self.name, *place, *stop)

    def _place(self, first: int, last: int, offset: int) -> tuple[int, int]:
        line = first
        while line < last and offset >= len(self.lines[line - 1]):
            offset -= len(self.lines[line - 1])
            line += 1
        return line, offset + 1

    # --- header and rows ---

    def check_header(self, names: Sequence[str], places: CellPlaces) -> None:
        for index, column in enumerate(names):
            if column and column in names[:index]:
                first = names.index(column) + 1
                said = f"the column `{column}` stands twice, as {first} and {index + 1}"
                self.problem("duplicate-column", said, "remove or rename one of the two", places.of(index))

    def rows(self, records: Iterator[tuple[list[str], int, int]], names: list[str]) -> Iterator[Row]:
        unnamed = {index for index, column in enumerate(names) if not column}
        for cells, first, last in records:
            places = CellPlaces(self, names, first, last)
            if len(cells) != len(names):
                self.ragged(cells, names, places)
                continue
            for index in sorted(unnamed):
                if cells[index].strip():
                    unnamed.remove(index)
                    self.problem("bad-table", f"a value in column {index + 1}, which has no name",
                                 "name the column in the header, or remove it", places.of(index))
            values: dict[str, str] = {}
            for column, cell in zip(names, cells, strict=True):
                if column:
                    values.setdefault(column, cell)
            yield Row(values, f"line {first}", places)

    def ragged(self, cells: Sequence[str], names: Sequence[str], places: CellPlaces) -> None:
        have, want = len(cells), len(names)
        several = "cell" if have == 1 else "cells"
        if have > want:
            span = places.of(want)
            help_ = "put a cell that holds a comma in quotes, or remove the cells that are too many"
            if self.separator != ",":
                help_ = "put a cell that holds the separator in quotes, or remove the cells that are too many"
        else:
            span = places.of(have - 1)
            help_ = "add the missing cells; an unknown value is a blank cell between separators"
        self.problem("ragged-row", f"the row has {have} {several}, the header {want}", help_, span)


class CellPlaces(Places):
    """The places of the cells of one record."""

    def __init__(self, reader: _Reader, columns: Sequence[str], first: int, last: int) -> None:
        super().__init__(columns)
        self.reader, self.first, self.last = reader, first, last

    def __getitem__(self, column: str) -> Span:
        if column not in self.columns:
            raise KeyError(column)
        return self.of(self.columns.index(column))

    def of(self, index: int) -> Span:
        raw = "".join(self.reader.lines[self.first - 1 : self.last])
        cell = _cells(raw, self.reader.separator)[index]
        return self.reader.span(self.first, self.last, cell.start, cell.end)


@attrs.frozen
class _Cell:
    """Offsets of a cell in the text of its record, quotes included; `closed` is where they end."""

    start: int
    end: int
    quoted: bool
    closed: int | None


def _cells(raw: str, separator: str) -> list[_Cell]:
    body = raw.rstrip("\r\n")
    cells: list[_Cell] = []
    start = 0
    while True:
        quoted = body.startswith('"', start)
        closed = _closing(body, start + 1) if quoted else None
        after = start if not quoted else len(body) if closed is None else closed
        stop = body.find(separator, after)
        end = len(body) if stop < 0 else stop
        cells.append(_Cell(start, end, quoted, closed))
        if stop < 0:
            return cells
        start = stop + 1


def _closing(body: str, at: int) -> int | None:
    """Where the quotes that stand open at an offset end; two of them inside are one of text."""
    while at < len(body):
        if body[at] == '"':
            if not body.startswith('"', at + 1):
                return at + 1
            at += 1
        at += 1
    return None

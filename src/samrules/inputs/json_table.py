"""JSON and JSON lines to rows. Every record, and every value in it, knows its line and column.

An array of objects, one object, or objects one after another. Numbers that JSON has not (`NaN`),
a key that stands twice and an object inside an object are refused, not bent into shape.
"""

from __future__ import annotations

import bisect
import io
import json
import re
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import attrs

from samrules.diagnostics import Diagnostic, Span
from samrules.inputs.rows import MOST_PROBLEMS, Places, Row, Table, empty

_BLANK = re.compile(r"[ \t\n\r]*")
_LONGEST_NUMBER = 400
"""Digits of a number: a double has at most 309 before its point."""
_SHAPE = "give an array of objects, `[{\"account_id\": …}, …]`, or one object a line"


@attrs.frozen
class Refused:
    """A value that no fact can have, shown as it stands in the file."""

    text: str
    help: str

    def __repr__(self) -> str:
        return self.text


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys stood in it twice."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found.twice = tuple(sorted({n for n in names if names.count(n) > 1}))
    return found


def _integer(text: str) -> Any:
    if len(text) > _LONGEST_NUMBER:
        return Refused(text, "the number is too large for a double")
    return int(text)


def _constant(text: str) -> Refused:
    help_ = "write `null` where the fact is not known" if text == "NaN" else "give a finite number"
    return Refused(text, f"JSON has no `{text}`; {help_}")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant)


def read_json(text: str, name: str) -> Table:
    """Read an array of objects, one object, or several in a row. Raises FactError if it is empty."""
    return _Reader(text, name).table(by_line=False)


def read_json_lines(text: str, name: str) -> Table:
    """Read one object a line; a line that cannot be read does not hide the faults of the next."""
    return _Reader(text, name).table(by_line=True)


class _Malformed(Exception):
    def __init__(self, message: str, at: int, help_: str) -> None:
        super().__init__(message)
        self.message, self.at, self.help = message, at, help_


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.lines = list(io.StringIO(text, newline="\n"))
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.problems: list[Diagnostic] = []

    def table(self, by_line: bool) -> Table:
        if not self.text.strip():
            raise empty(self.name)
        rows = tuple(self.rows(by_line))
        if not rows and not self.problems:
            raise empty(self.name, "the file holds no accounts")
        columns = tuple(dict.fromkeys(key for row in rows for key in row.values))
        return Table(self.name, columns, rows, tuple(self.problems), False, self.lines)

    def rows(self, by_line: bool) -> Iterator[Row]:
        values = self.each_line() if by_line else self.each_value()
        for value, start, end in values:
            if not isinstance(value, _Object):
                said = f"{_kind(value)} stands where an object belongs"
                self.problem("bad-table", said, _SHAPE, start, end)
                continue
            places = RecordPlaces(self, tuple(value), start, end)
            for key in value.twice:
                self.problems.append(Diagnostic("duplicate-key", f"`{key}` stands twice in one object",
                                                "remove or rename one of the two", places[key]))
            yield Row(value, f"line {places.start().line}", places)

    def each_line(self) -> Iterator[tuple[Any, int, int]]:
        for start, line in zip(self.starts, self.lines, strict=False):
            if not line.strip() or len(self.problems) >= MOST_PROBLEMS:
                continue
            indent = len(line) - len(line.lstrip())
            try:
                value, end = self.value(indent, line, start)
                self.expect_end(start + end, start + len(line))
            except _Malformed as found:
                self.problem("bad-table", found.message, found.help, found.at, found.at + 1)
                continue
            yield value, start + indent, start + end

    def each_value(self) -> Iterator[tuple[Any, int, int]]:
        try:
            at = self.skip(0)
            if self.text.startswith("[", at):
                at = yield from self.array(at)
                self.expect_end(at, len(self.text))
                return
            while at < len(self.text):
                value, end = self.value(at)
                yield value, at, end
                at = self.skip(end)
        except _Malformed as found:
            self.problem("bad-table", found.message, found.help, found.at, found.at + 1)

    def array(self, at: int) -> Generator[tuple[Any, int, int], None, int]:
        at = self.skip(at + 1)
        while not self.text.startswith("]", at):
            value, end = self.value(at)
            yield value, at, end
            at = self.skip(end)
            if not self.text.startswith(",", at):
                break
            at = self.skip(at + 1)
            if self.text.startswith("]", at):
                raise _Malformed("a comma before the closing bracket", at, "remove the comma")
        if not self.text.startswith("]", at):
            cut = at >= len(self.text)
            raise _Malformed("the file ends inside the array" if cut else "`,` or `]` expected here", at,
                             "export it again, it is cut off" if cut else "put a comma between records")
        return at + 1

    def value(self, at: int, text: str | None = None, base: int = 0) -> tuple[Any, int]:
        """The value that starts at an offset of the text, which itself starts at `base`, and its end."""
        text = self.text if text is None else text
        try:
            return _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            message = error.msg[:1].lower() + error.msg[1:]
            last = len(text.rstrip()) - 1
            raise _Malformed(f"this is not well-formed JSON: {message}", base + max(0, min(error.pos, last)),
                             "correct it here, or export it again") from None
        except RecursionError:
            raise _Malformed("nested too deep", base + at, "a record holds plain values only") from None

    def skip(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def expect_end(self, at: int, end: int) -> None:
        if self.skip(at) < end:
            raise _Malformed("more text after the end of the JSON", self.skip(at), _SHAPE)

    def problem(self, code: str, message: str, help_: str, start: int, end: int) -> None:
        self.problems.append(Diagnostic(code, message, help_, self.span(start, end)))

    def span(self, start: int, end: int) -> Span:
        return Span(self.name, *self.place(start), *self.place(max(end, start + 1)))

    def place(self, offset: int) -> tuple[int, int]:
        line = max(1, bisect.bisect_right(self.starts, offset, hi=len(self.lines)))
        return line, offset - self.starts[line - 1] + 1


def _kind(value: Any) -> str:
    kinds: Sequence[tuple[type | tuple[type, ...], str]] = (
        (bool, "true or false"), ((int, float, Refused), "a number"), (str, "a text"), (list, "an array"))
    return next((said for kind, said in kinds if isinstance(value, kind)), "null")


class RecordPlaces(Places):
    """The places of the values of one object."""

    def __init__(self, reader: _Reader, keys: Sequence[str], start: int, end: int) -> None:
        super().__init__(keys)
        self.reader, self.first, self.last = reader, start, end

    def start(self) -> Span:
        return self.reader.span(self.first, self.first + 1)

    def __getitem__(self, key: str) -> Span:
        """The last value under the key: the one that a JSON reader keeps."""
        found = [(start, end) for name, start, end in self._members() if name == key]
        return self.reader.span(*found[-1]) if found else self.start()

    def _members(self) -> Iterator[tuple[str, int, int]]:
        """Each member of the object: its name, and where its value stands."""
        text, at = self.reader.text, self.first + 1
        while (at := self.reader.skip(at)) < self.last and text[at] == '"':
            name, at = self.reader.value(at)
            start = self.reader.skip(self.reader.skip(at) + 1)  # behind the colon
            _, at = self.reader.value(start)
            yield name, start, at
            at = self.reader.skip(at) + 1  # behind the comma, or the brace

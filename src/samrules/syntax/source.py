"""YAML 1.2 text to a tree in which everything knows its place; limits are kept while reading.

The events come from ruamel.yaml. Scalars stay text: what `60%` means is decided where it is used.
"""

from __future__ import annotations

import codecs
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import attrs
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from samrules.diagnostics import Diagnostic, Span
from samrules.errors import RulesetError

MAX_BYTES = 1_000_000
MAX_DEPTH = 32

_LONG_ESCAPE = re.compile(r"\\U([0-9a-fA-F]{8})")
_SURROGATE = re.compile("[\ud800-\udfff]")
"""What `\\ud800` in quotes gives; no file could hold it."""


@attrs.frozen
class Scalar:
    """A single value as text. `plain` tells `true` from `"true"`; an empty plain one is null.

    `raw` is its spelling in the file, from which the columns inside it are found.
    """

    text: str
    plain: bool
    span: Span
    raw: str = attrs.field(default="", eq=False, repr=False)

    @property
    def null(self) -> bool:
        return self.plain and self.text in ("", "~", "null")

    def locate(self, start: int, end: int) -> Span:
        """The place in the file of a stretch of the scalar's text."""
        if not self.text.strip():
            return self.span
        if self.raw == self.text:  # plain and on one line: the usual case
            at = self.span
            return Span(at.file, at.line, at.column + start, at.line, at.column + max(end, start + 1))
        places = self._places()
        last = len(places) - 1
        first = places[min(start, last)]
        final = places[min(max(end - 1, start), last)]
        return Span(self.span.file, *first, final[0], final[1] + 1)

    def _places(self) -> list[tuple[int, int]]:
        """Line and column of each character of the text, found by walking the raw spelling."""
        places: list[tuple[int, int]] = []
        line, column, at = self.span.line, self.span.column, 0
        for character in self.text or " ":
            while at < len(self.raw):
                current = self.raw[at]
                if current == character or (character.isspace() and current.isspace()):
                    break
                line, column = (line + 1, 1) if current == "\n" else (line, column + 1)
                at += 1
            places.append((line, column))
            if at < len(self.raw):
                line, column = (line + 1, 1) if self.raw[at] == "\n" else (line, column + 1)
                at += 1
        return places


class Mapping(dict[str, Any]):
    """A YAML mapping: key to node, with the span of the whole and of each key."""

    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span
        self.keys_at: dict[str, Span] = {}


class Sequence(list[Any]):
    """A YAML sequence with its span."""

    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span


Node = Scalar | Mapping | Sequence


@attrs.frozen
class Document:
    """A file that was read: its text, and the tree."""

    file: str
    text: str
    root: Node

    def locate(self, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
        """The same problems, each with its line of text."""
        return located(diagnostics, self.file, self.text)


def located(diagnostics: list[Diagnostic], file: str, text: str) -> list[Diagnostic]:
    lines = text.split("\n")
    return [
        attrs.evolve(d, text=lines[d.span.line - 1].rstrip("\r"))
        if d.span and d.span.file == file and d.text is None and d.span.line <= len(lines)
        else d
        for d in diagnostics
    ]


class Problems(Exception):
    """Problems found at one place; reading goes on elsewhere and reports all of them together."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__()
        self.diagnostics = list(diagnostics)


def problem(code: str, message: str, help: str, span: Span | None) -> Problems:  # noqa: A002
    return Problems(Diagnostic(code, message, help, span))


def read_bytes(path: Path, shown: str | None = None) -> bytes:
    """The bytes of a ruleset file. Raises RulesetError if it is not there or too large."""
    name = shown or str(path)
    at = Span(name, 1, 1, 1, 1)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RulesetError(
            [Diagnostic("no-such-file", f"cannot read the file: {reason.lower()}",
                        "give the path of a ruleset file, or the name of a bundled ruleset", at)]
        ) from None
    if len(data) > MAX_BYTES:
        raise RulesetError(
            [Diagnostic("too-large", f"the file is larger than {MAX_BYTES:,} bytes",
                        "split the ruleset and join the parts with `uses`", at)]
        )
    return data


def decode(data: bytes, file: str) -> str:
    """Bytes as UTF-8 text, a byte order mark dropped."""
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line, column = _place(before, len(before))
        raise RulesetError(
            [Diagnostic("wrong-encoding", f"byte 0x{data[error.start]:02x} is not UTF-8 text",
                        "save the file as UTF-8", Span(file, line, column, line, column + 1))]
        ) from None


def read(text: str, file: str) -> Document:
    """Parse YAML text into a tree. Raises RulesetError with every problem found."""
    reader = _Reader(file, text)
    try:
        root = reader.document(_events(text, file))
    except Problems as found:
        reader.problems += found.diagnostics
        root = None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = _place(text, mark.index)
        span = Span(file, line, column, line, column + 1)
        message = (error.problem or error.context or "this is not well-formed YAML").strip()
        reader.problems.append(
            Diagnostic("yaml-syntax", _yaml_message(message), _yaml_help(message), span)
        )
        root = None
    except YAMLError as error:
        line, column = _position(error, text)
        reader.problems.append(
            Diagnostic("yaml-syntax", "a character that YAML text may not contain",
                       "remove the control character", Span(file, line, column, line, column + 1))
        )
        root = None
    if reader.problems or root is None:
        if not reader.problems:
            reader.problems.append(
                Diagnostic("empty-file", "the file holds no ruleset",
                           "start with `ruleset: <name>`", Span(file, 1, 1, 1, 1))
            )
        raise RulesetError(located(reader.problems, file, text))
    return Document(file, text, root)


def _events(text: str, file: str) -> Iterator[Any]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except (ValueError, OverflowError):  # the reader does not check what `\U` stands for
        beyond = (m for m in _LONG_ESCAPE.finditer(text) if int(m[1], 16) > sys.maxunicode)
        line, column = _place(text, next((m.start() for m in beyond), 0))
        raise problem("yaml-syntax", "an escape that stands for no character",
                      "write the character itself", Span(file, line, column, line, column + 10)) from None


def _position(error: YAMLError, text: str) -> tuple[int, int]:
    index = getattr(error, "position", None)
    return _place(text, index) if isinstance(index, int) else (1, 1)


def _place(text: str, index: int) -> tuple[int, int]:
    """Line and column as an editor counts them. YAML's reader ends lines at more characters."""
    before = text[:index]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _yaml_message(message: str) -> str:
    message = message.replace("\n", " ")
    return message[:1].lower() + message[1:]


def _yaml_help(message: str) -> str:
    if "\\t" in message or "tab" in message:
        return "indent with spaces"
    if "mapping values" in message:
        return "put the text in quotes: a plain text may not hold `: `"
    if "expected ',' or" in message and "'['" in message:
        return "put a text with brackets in quotes, as in `type: \"enum [a, b]\"`"
    if "<block end>" in message or "expected ',' or" in message:
        return "check indentation and brackets here and in the line before; put a text that begins with `{` or `\"` in quotes"
    return "check quotes, brackets and indentation"


class _Reader:
    """Builds the tree from events, without recursion, and keeps the limits."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.problems: list[Diagnostic] = []
        self.lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def span(self, event: Any) -> Span:
        return Span(self.file, *self.place(event.start_mark.index), *self.place(event.end_mark.index))

    def place(self, index: int) -> tuple[int, int]:
        """As `_place`, without counting from the start of the text."""
        line = bisect_right(self.lines, index)
        return line, index - self.lines[line - 1] + 1

    def refuse(self, code: str, message: str, help: str, event: Any) -> NoReturn:  # noqa: A002
        raise problem(code, message, help, self.span(event))

    def document(self, events: Iterator[Any]) -> Node | None:
        root: Node | None = None
        stack: list[tuple[Mapping | Sequence, list[tuple[str, Span]]]] = []
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.refuse("yaml-feature", "a second document starts here",
                                "keep one ruleset a file", event)
                continue
            if isinstance(event, AliasEvent):
                self.refuse("yaml-feature", "an alias: rulesets do without YAML aliases",
                            "write the value out, or name it under `define`", event)
            if isinstance(event, MappingEndEvent | SequenceEndEvent):
                stack.pop()
                continue
            node = self.node(event)
            if node is None:
                continue
            if not stack:
                root = node
            else:
                self.add(stack[-1], node)
            if isinstance(node, Mapping | Sequence):
                if len(stack) >= MAX_DEPTH:
                    self.refuse("too-deep", f"nested more than {MAX_DEPTH} levels deep",
                                "name the inner parts under `define`", event)
                stack.append((node, []))
        if isinstance(root, Scalar) and root.null:
            return None
        return root

    def node(self, event: Any) -> Node | None:
        if not isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
            return None
        if event.anchor is not None:
            self.refuse("yaml-feature", f"an anchor `&{event.anchor}`: rulesets do without YAML anchors",
                        "write the value out where it is needed", event)
        if event.tag is not None and event.tag != "!":
            self.refuse("yaml-feature", f"a tag `{event.tag}`: rulesets do without YAML tags",
                        "remove the tag", event)
        span = self.span(event)
        if isinstance(event, ScalarEvent):
            plain = event.style is None or event.style == ""
            raw = self.text[event.start_mark.index : event.end_mark.index]
            if _SURROGATE.search(event.value):
                self.refuse("yaml-syntax", "an escape that stands for no character",
                            "write the character itself", event)
            return Scalar(event.value, plain, span, raw)
        return Mapping(span) if isinstance(event, MappingStartEvent) else Sequence(span)

    def add(self, frame: tuple[Mapping | Sequence, list[tuple[str, Span]]], node: Node) -> None:
        holder, pending = frame
        if isinstance(holder, Sequence):
            holder.append(node)
            return
        if not pending:  # this is a key
            if not isinstance(node, Scalar):
                raise problem("yaml-feature", "a key must be a single word",
                              "write `key: value`", node.span)
            if node.text in holder:
                first = holder.keys_at[node.text]
                self.problems.append(
                    Diagnostic("duplicate-key", f"`{node.text}` stands twice; first in line {first.line}",
                               "rename or remove one of the two", node.span)
                )
            pending.append((node.text, node.span))
            return
        key, at = pending.pop()
        if key not in holder:
            holder.keys_at[key] = at
            holder[key] = node

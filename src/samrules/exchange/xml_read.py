"""XML to a tree of elements that know their line. A document type is refused: so no entity is ever expanded or fetched."""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

import attrs

from samrules.diagnostics import Diagnostic, Span
from samrules.errors import RulesetError

MAX_SIZE = 5_000_000
MAX_DEPTH = 60


@attrs.define
class Element:
    """An element: its namespace and name, attributes by name (`namespace name` where they have one), text and children."""

    namespace: str
    tag: str
    attributes: dict[str, str]
    span: Span
    text: str = ""
    children: list[Element] = attrs.field(factory=list)

    def all(self, tag: str) -> list[Element]:
        return [c for c in self.children if c.tag == tag]

    def one(self, tag: str) -> Element | None:
        return next((c for c in self.children if c.tag == tag), None)

    def said(self, tag: str) -> str | None:
        """The text of a child, None where there is none."""
        child = self.one(tag)
        return child.text.strip() if child is not None else None


def read_xml(path: Path) -> Element:
    """The root element of a file. Raises RulesetError."""
    file = str(path)
    try:
        if path.stat().st_size > MAX_SIZE:
            raise _refused(file, 1, f"the file is larger than {MAX_SIZE // 1_000_000} MB", "split the model", "too-large")
        data = path.read_bytes()
    except OSError as error:
        raise RulesetError([Diagnostic("no-such-file", f"`{path.name}` cannot be read: {error.strerror}",
                                       "give the path of a DMN file", where=file)]) from None
    return parse_xml(data, file)


def parse_xml(data: bytes, file: str) -> Element:
    """The root element of a text. Raises RulesetError for what is not well-formed, too deep, or has a document type."""
    reader = _Reader(file)
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", 1)
        why = expat.errors.messages[error.code] if isinstance(error, expat.ExpatError) else str(error)
        raise _refused(file, line, f"this is not well-formed XML: {why}",
                       "export the model again from the tool that made it") from None
    assert reader.root is not None
    return reader.root


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Element | None = None
        self.stack: list[Element] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.said

    def doctype(self, *_: object) -> None:
        raise _refused(self.file, self.parser.CurrentLineNumber, "the file has a document type (`<!DOCTYPE`)",
                       "remove it: DMN needs none, and what it declares is never read")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        found = Element(namespace, tag, attributes, Span(self.file, line, column, line, column + len(tag) + 1))
        if len(self.stack) >= MAX_DEPTH:
            raise _refused(self.file, line, f"elements are nested more than {MAX_DEPTH} deep", "export the model again")
        if self.stack:
            self.stack[-1].children.append(found)
        else:
            self.root = found
        self.stack.append(found)

    def end(self, _: str) -> None:
        self.stack.pop()

    def said(self, text: str) -> None:
        self.stack[-1].text += text


def _refused(file: str, line: int, message: str, cure: str, code: str = "bad-dmn") -> RulesetError:
    return RulesetError([Diagnostic(code, message, cure, Span(file, line, 1, line, 2))])

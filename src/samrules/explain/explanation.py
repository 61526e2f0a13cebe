"""An explanation as data, and its three forms: text, Markdown, JSON."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import attrs

SCHEMA = "samrules.explanation/1"
_WIDTH = 96

HOLDS, FAILS, UNKNOWN, PLAIN = "holds", "fails", "unknown", "plain"
RULE, FIND_OUT, RANKING, ASKED, FOLLOWS, NEAR, STOPPED, ALSO, SCORE, THRESHOLDS, SOURCES = (
    "rule", "find_out", "ranking", "asked", "follows", "near", "stopped", "also", "score", "thresholds", "sources")
"""What a part is about."""

_MARKS = {HOLDS: "✓ ", FAILS: "✗ ", UNKNOWN: "? ", PLAIN: "· "}
_BULLETS = {HOLDS: "- ✓ ", FAILS: "- ✗ ", UNKNOWN: "- ? ", PLAIN: "- "}


def mark_of(truth: object) -> str:
    """The mark of a condition: it holds, fails, or is unknown."""
    return UNKNOWN if truth is None else HOLDS if truth is True else FAILS


@attrs.frozen
class Item:
    """A line with its mark, and lines below it."""

    text: str
    mark: str = PLAIN
    items: tuple[Item, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"text": self.text}
        if self.mark != PLAIN:
            found["truth"] = {HOLDS: "true", FAILS: "false", UNKNOWN: "unknown"}[self.mark]
        if self.items:
            found["items"] = [i.to_dict() for i in self.items]
        return found


@attrs.frozen
class Part:
    """A part of an explanation: a heading, sentences, and lines. `kind` says what it is about, for those who lay it out."""

    heading: str
    sentences: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    kind: str = attrs.field(default="", eq=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        return {
            "heading": self.heading,
            "sentences": list(self.sentences),
            "items": [i.to_dict() for i in self.items],
        }


@attrs.frozen
class Explanation:
    """The answer to a question about a decision. `str()` gives plain text."""

    question: str
    account: str
    outcome: str | tuple[str, ...]
    title: str
    answer: str
    parts: tuple[Part, ...]
    record: str
    """What was decided by what, on what facts: one line for the file."""

    def __str__(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield self.title
        yield "=" * len(self.title)
        yield from _wrapped(self.answer, "")
        for part in self.parts:
            yield ""
            yield part.heading
            for sentence in part.sentences:
                yield from _wrapped(sentence, "  ")
            for item in part.items:
                yield from _item_lines(item, "  ")
        yield ""
        yield from _wrapped(self.record, "")

    def markdown(self) -> str:
        """The explanation as Markdown. Names and values are escaped: they are text, never markup."""
        lines = [f"# {escaped(self.title)}", "", escaped(self.answer)]
        for part in self.parts:
            lines += ["", f"## {escaped(part.heading)}"]
            for sentence in part.sentences:
                lines += ["", escaped(sentence)]
            if part.items:
                lines.append("")
                lines += [line for item in part.items for line in _bullets(item, 0)]
        lines += ["", f"*{escaped(self.record)}*", ""]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from samrules.explain.notebook import explanation_html

        return explanation_html(self)

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON-ready data, schema `samrules.explanation/1`."""
        outcome = list(self.outcome) if isinstance(self.outcome, tuple) else self.outcome
        return {
            "schema": SCHEMA,
            "question": self.question,
            "account": self.account,
            "outcome": outcome,
            "title": self.title,
            "answer": self.answer,
            "parts": [p.to_dict() for p in self.parts],
            "record": self.record,
        }


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first or indent, subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False)


def _item_lines(item: Item, indent: str) -> Iterator[str]:
    mark = _MARKS[item.mark]
    yield from _wrapped(item.text, indent + "  ", indent + mark)
    for inner in item.items:
        yield from _item_lines(inner, indent + "    ")


def _bullets(item: Item, depth: int) -> Iterator[str]:
    yield "  " * depth + _BULLETS[item.mark] + escaped(item.text)
    for inner in item.items:
        yield from _bullets(inner, depth + 1)


_MARKUP = re.compile(r"([\\`*_\[\]<>&|~])")


def escaped(text: str) -> str:
    """A text as Markdown that shows it as it is."""
    text = _MARKUP.sub(r"\\\1", text)
    return re.sub(r"^(\s*)(#|[-+](?=\s)|\d+(?=\.\s))", r"\1\\\2", text)


class Explains:
    """What shows itself as its explanation: printed, in Markdown, in a notebook."""

    __slots__ = ()

    def explanation(self) -> Explanation:
        raise NotImplementedError

    def __str__(self) -> str:
        return str(self.explanation())

    def to_text(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.explanation()._repr_html_()

    def markdown(self) -> str:
        return self.explanation().markdown()

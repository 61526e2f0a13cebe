"""The canonical spelling of a ruleset file. Meaning and comments stay; only the layout changes.

Two spaces of indent, lists indented under their key; a blank line around sections, elsewhere those
of the author, one at a time; brackets as long as the line fits in 100 columns; quotes only where a
text needs them, and around every text with braces; expressions as `samrules.syntax.printer` has
them, folded where the line would be too long; two spaces before a comment.
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Iterator
from typing import Any

import attrs

from samrules.diagnostics import Span
from samrules.errors import RulesetError
from samrules.model.ruleset import Ruleset, Source
from samrules.syntax.cells import cell_text, parse_cell
from samrules.syntax.entries import ENTRIES
from samrules.syntax.expression import parse
from samrules.syntax.layout import Branch, Entry, Leaf, Remark, comments, lay_out
from samrules.syntax.literals import guess_constant
from samrules.syntax.overlays import EXTENDS
from samrules.syntax.printer import text_of
from samrules.syntax.source import Mapping, Node, Problems, Sequence, located, read
from samrules.syntax.structure import parse_ruleset, parse_sources

WIDTH = 100
INDENT = 2

_LONGEST_KEY = 1_000
"""A longer key cannot stand before `: ` on one line; YAML allows 1,024 characters."""


def format_text(text: str, file: str) -> str:
    """A ruleset file, or a file of sources, in its canonical spelling. Formatting that again
    changes nothing.

    Raises RulesetError with the ordinary diagnostics if the text cannot be read as either.
    """
    before = _meaning(text, file)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    shape = Shape.RULESET if not isinstance(before, tuple) else Shape.OTHER
    formatted = "\n".join(_Printer().root(lay_out(text), shape)) + "\n"
    if _meaning(formatted, file) != before or comments(formatted) != comments(text):
        raise AssertionError(f"formatting would change {file}: please report it with the file")
    return formatted


def _meaning(text: str, file: str) -> Ruleset | tuple[Source, ...] | dict[str, Any]:
    root = read(text, file).root
    if isinstance(root, Mapping) and "sources" in root and "ruleset" not in root:
        return parse_sources(text, file)
    if isinstance(root, Mapping) and EXTENDS in root:  # by itself it is no whole ruleset
        try:
            return {key: _said(node, _INSIDE[Shape.RULESET].get(key, Shape.OTHER)) for key, node in root.items()}
        except Problems as error:
            raise RulesetError(located(error.diagnostics, file, text)) from None
    return parse_ruleset(text, file)


def _said(node: Node, shape: Shape) -> Any:
    """What a node of an overlay says, whatever its layout."""
    if isinstance(node, Mapping):
        inside = _INSIDE.get(shape, {})
        return {key: _said(inner, inside.get(key, inside.get(_EACH, Shape.OTHER))) for key, inner in node.items()}
    if isinstance(node, Sequence):
        return [_said(inner, _ITEMS.get(shape, Shape.OTHER)) for inner in node]
    if node.null:
        return None
    if shape is Shape.CELL:
        return parse_cell(node.text, node.locate)
    if shape in _EXPRESSIONS:
        return parse(node.text, node.locate)
    return guess_constant(node.text) if shape is Shape.OUTPUT and node.plain else node.text


class Shape(enum.Enum):
    """What stands at a place of the file, as far as its spelling depends on it."""

    OTHER = "text or constants, left as written"
    EXPRESSION = "an expression, or a group of them"
    RULESET = "the whole file"
    REPLACED = "sections of what is replaced"
    DEFINITIONS = "definitions by name"
    DEFINITION = "a definition"
    MEASURES = "measures by name"
    MEASURE = "a measure"
    RULES = "rules by name"
    RULE = "a rule"
    DECISIONS = "decisions by name"
    DECISION = "a decision"
    OUTPUTS = "outputs by name"
    OUTPUT = "an output"
    SCORECARDS = "scorecards by name"
    SCORECARD = "a scorecard"
    CRITERIA = "criteria by name"
    CRITERION = "a criterion"
    POINTS = "rows of points"
    ROW = "a row of points"
    SCALE = "a scale"
    TABLES = "decision tables by name"
    TABLE = "a decision table"
    TABLE_ROWS = "rows of a decision table"
    TABLE_ROW = "a row of a decision table"
    CELLS = "cells of a decision table"
    CELL = "a cell of a decision table"
    LADDERS = "ladders by name"
    LADDER = "a ladder"
    LEVELS = "levels by number"
    LEVEL = "a level"
    LIFECYCLES = "lifecycles by name"
    LIFECYCLE = "a lifecycle"
    STATES = "states by name"
    STATE = "a state"
    PORTFOLIO = "the places of a portfolio"


_GROUP = dict.fromkeys(("all", "any", "not", "of"), Shape.EXPRESSION)
_EACH = "*"
_INSIDE: dict[Shape, dict[str, Shape]] = {
    Shape.RULESET: {"define": Shape.DEFINITIONS, "rules": Shape.RULES, "scorecards": Shape.SCORECARDS,
                    "tables": Shape.TABLES, "measures": Shape.MEASURES, "ladders": Shape.LADDERS,
                    "lifecycles": Shape.LIFECYCLES, "decide": Shape.DECISIONS, "portfolio": Shape.PORTFOLIO},
    Shape.DEFINITIONS: {_EACH: Shape.DEFINITION},
    Shape.DEFINITION: {"value": Shape.EXPRESSION, **_GROUP},
    Shape.EXPRESSION: _GROUP,
    Shape.MEASURES: {_EACH: Shape.MEASURE},
    Shape.MEASURE: dict.fromkeys(("value", "where"), Shape.EXPRESSION),
    Shape.RULES: {_EACH: Shape.RULE},
    Shape.RULE: {"when": Shape.EXPRESSION, "unless": Shape.EXPRESSION, "then": Shape.OUTPUTS,
                 "waived_by": Shape.EXPRESSION},
    Shape.DECISIONS: {_EACH: Shape.DECISION},
    Shape.DECISION: {"always": Shape.OUTPUTS},
    Shape.OUTPUTS: {_EACH: Shape.OUTPUT},
    Shape.OUTPUT: {"value": Shape.EXPRESSION},
    Shape.SCORECARDS: {_EACH: Shape.SCORECARD},
    Shape.SCORECARD: {"criteria": Shape.CRITERIA},
    Shape.CRITERIA: {_EACH: Shape.CRITERION},
    Shape.CRITERION: {"points": Shape.POINTS, "scale": Shape.SCALE},
    Shape.ROW: {"when": Shape.EXPRESSION},
    Shape.TABLES: {_EACH: Shape.TABLE},
    Shape.TABLE: {"inputs": Shape.EXPRESSION, "rows": Shape.TABLE_ROWS},
    Shape.TABLE_ROW: {"when": Shape.CELLS, "then": Shape.OUTPUTS},
    Shape.LADDERS: {_EACH: Shape.LADDER},
    Shape.LADDER: {**dict.fromkeys(("on_record", "ceiling", "unless"), Shape.EXPRESSION), "levels": Shape.LEVELS,
                   "falls": Shape.RULE},
    Shape.LEVELS: {_EACH: Shape.LEVEL},
    Shape.LEVEL: {"requires": Shape.EXPRESSION, "unless": Shape.EXPRESSION, "then": Shape.OUTPUTS},
    Shape.LIFECYCLES: {_EACH: Shape.LIFECYCLE},
    Shape.LIFECYCLE: {"on_record": Shape.EXPRESSION, "since": Shape.EXPRESSION, "states": Shape.STATES,
                      "transitions": Shape.RULES},
    Shape.STATES: {_EACH: Shape.STATE},
    Shape.STATE: {"at_least": Shape.EXPRESSION, "then": Shape.OUTPUTS},
    Shape.PORTFOLIO: dict.fromkeys(("incumbents", "rank_by", "ceiling", "start", "growth", "compare_with"),
                                   Shape.EXPRESSION),
    Shape.SCALE: dict.fromkeys(("of", "from", "to"), Shape.EXPRESSION),
}
_ITEMS: dict[Shape, Shape] = {
    Shape.EXPRESSION: Shape.EXPRESSION, Shape.POINTS: Shape.ROW, Shape.TABLE_ROWS: Shape.TABLE_ROW,
    Shape.CELLS: Shape.CELL,
}
"""What stands in a list of something."""
_INSIDE[Shape.REPLACED] = _INSIDE[Shape.RULESET]
_INSIDE[Shape.RULESET] = {**_INSIDE[Shape.RULESET], "replace": Shape.REPLACED}
_EXPRESSIONS = frozenset({Shape.EXPRESSION, Shape.DEFINITION})
_HEAD = frozenset({"ruleset", "version", "extends", "title", "description", "currency", "uses"})
_SECTIONS = frozenset(ENTRIES[Ruleset].keys) - _HEAD


def _inside(shape: Shape, entry: Entry) -> Shape:
    """What stands in an entry of something."""
    if entry.key is None:
        return _ITEMS.get(shape, Shape.OTHER)
    inner = _INSIDE.get(shape, {})
    return inner.get(entry.key.text, inner.get(_EACH, Shape.OTHER))


@attrs.frozen
class _Printer:
    """Prints a laid-out file, line by line."""

    def root(self, root: Branch, shape: Shape) -> list[str]:
        for before, entry in itertools.pairwise(root.entries):
            if {e.key.text for e in (before, entry) if e.key} & _SECTIONS:
                _set_apart(entry)
        return self.entries(root, 0, shape)

    def entries(self, branch: Branch, indent: int, shape: Shape) -> list[str]:
        lines: list[str] = []
        for entry in branch.entries:
            lines += _remarks(entry.before, indent)
            if entry.blank:
                lines.append("")
            lines += self.entry(entry, indent, _inside(shape, entry))
        lines += _remarks(branch.foot, indent)
        return lines[1:] if lines[0] == "" else lines

    def entry(self, entry: Entry, indent: int, shape: Shape) -> list[str]:
        pad, lines = " " * indent, []
        mark = "-" if entry.key is None else self.key(entry.key) + ":"
        if len(mark) > _LONGEST_KEY:
            lines, mark = [f"{pad}? {mark[:-1]}"], ":"
        comment = f"  {entry.after}" if entry.after else ""
        value = entry.value
        room = WIDTH - indent - len(mark) - 1
        if isinstance(value, Leaf):
            first, *rest = self.leaf(value, shape, room, indent + INDENT)
            return [*lines, f"{pad}{mark} {first}".rstrip() + comment, *rest]
        if not value.entries or (value.flow and not value.commented):
            flat = self.flow(value, shape)
            if len(flat) <= room or not value.entries:
                return [*lines, f"{pad}{mark} {flat}{comment}"]
        inner = self.entries(value, indent + INDENT, shape)
        if entry.key is not None:
            return [*lines, pad + mark + comment, *inner]
        above = [entry.after] if entry.after else []
        while inner[0].lstrip()[:1] in ("#", ""):  # nothing but the entry may stand behind the dash
            above += [c.strip() for c in inner[:1] if c]
            del inner[0]
        return [*(pad + c for c in above), f"{pad}- {inner[0].lstrip()}", *inner[1:]]

    def flow(self, value: Leaf | Branch, shape: Shape) -> str:
        """A value on one line, as it stands in brackets."""
        if isinstance(value, Leaf):
            if _null(value):
                return "null"
            if shape is Shape.CELL:
                return _cell(value, True)
            return _expression(value, True) if shape in _EXPRESSIONS else _constant(value, shape, True)
        inner = [
            (f"{self.key(e.key, True)}: " if e.key else "") + self.flow(e.value, _inside(shape, e))
            for e in value.entries
        ]
        return "{" + ", ".join(inner) + "}" if value.mapping else "[" + ", ".join(inner) + "]"

    def key(self, key: Leaf, flow: bool = False) -> str:
        return _constant(key, Shape.OTHER, flow)

    def leaf(self, leaf: Leaf, shape: Shape, room: int, indent: int) -> list[str]:
        """A value in block style: one line, or the header of a block and its lines."""
        if _null(leaf):
            return [""]
        if shape is Shape.CELL:
            return [_cell(leaf, False)]
        if shape in _EXPRESSIONS:
            line = _expression(leaf, False)
            folded = _folded(_canonical(leaf), indent) if len(line) > room else []
            return folded or [line]
        if leaf.style in ("|", ">") and (block := _block(leaf, indent)):
            return block
        line = _constant(leaf, shape, False)
        folded = _folded(leaf.text, indent) if len(line) > room and "\n" in leaf.raw else []
        return folded or [line]


def _set_apart(entry: Entry) -> None:
    """A blank line above the entry and its comments."""
    if entry.before:
        entry.before[0] = attrs.evolve(entry.before[0], blank=True)
    else:
        entry.blank = True


def _remarks(remarks: list[Remark], indent: int) -> Iterator[str]:
    for remark in remarks:
        if remark.blank:
            yield ""
        yield " " * indent + remark.text


# --- single values -------------------------------------------------------------------------------

_NULLS = ("", "~", "null")
_TYPED = re.compile(
    r"""~|null|true|false|yes|no|on|off|y|n|=|<<
      | [-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)(e[-+]?[0-9]+)? | 0[xob][0-9a-f_]+
      | [-+]?\.(inf|nan) | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
      | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)?
    """, re.IGNORECASE | re.VERBOSE)
"""What some YAML reader takes for something else than text: quotes around it are kept."""

_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_IN_FLOW = re.compile(r"[,\[\]{}]")
_NOT_PLAIN = re.compile(r":(\s|$)|\s#|\s$|^\s")


def _null(leaf: Leaf) -> bool:
    return leaf.style is None and leaf.text in _NULLS


def _canonical(leaf: Leaf) -> str:
    return text_of(parse(leaf.text, lambda start, end: Span("", 1, 1, 1, 1)))


def _expression(leaf: Leaf, flow: bool) -> str:
    text = _canonical(leaf)
    return text if _plain(text, flow) and text not in _NULLS else _quoted(text)


def _cell(leaf: Leaf, flow: bool) -> str:
    text = cell_text(parse_cell(leaf.text, lambda start, end: Span("", 1, 1, 1, 1)))
    return text if _plain(text, flow) else _quoted(text)


def _constant(leaf: Leaf, shape: Shape, flow: bool) -> str:
    """A text or constant, without quotes where it means the same without them."""
    bare = leaf.style is None or not (
        _TYPED.fullmatch(leaf.text)
        or (shape is Shape.OUTPUT and not isinstance(guess_constant(leaf.text)[0], str))
    )
    sentence = "{" in leaf.text or "}" in leaf.text  # all sentences look alike, quoted
    return leaf.text if bare and not sentence and _plain(leaf.text, flow) else _quoted(leaf.text)


def _plain(text: str, flow: bool) -> bool:
    """Whether a text can be written without quotes. A little stricter than YAML is."""
    if not text or not text.isprintable() or _NOT_PLAIN.search(text):
        return False
    if text[0] in _INDICATORS and not re.match(r"-[\w.]", text):
        return False
    return not (flow and _IN_FLOW.search(text))


def _quoted(text: str) -> str:
    """In double quotes, or in single ones where that saves escapes."""
    if ("\"" in text or "\\" in text) and "'" not in text and text.isprintable():
        return f"'{text}'"
    return '"' + "".join(_escaped(c) for c in text) + '"'


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _folded(text: str, indent: int) -> list[str]:
    """A long text as a folded block, broken where folding gives back the single space; or nothing."""
    if not text.isprintable() or text != text.strip():
        return []
    pad, room = " " * indent, WIDTH - indent
    lines: list[str] = []
    for word in _words(text):
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return [">-", *(pad + line for line in lines)] if len(lines) > 1 else []


def _words(text: str) -> list[str]:
    """The parts of a text between its single spaces."""
    return re.split(r"(?<! ) (?! )", text)


def _block(leaf: Leaf, indent: int) -> list[str]:
    """A `|` or `>` block with its lines as they are, at another indent; nothing where that would
    leave spaces at the end of a line or depend on the blank lines below."""
    header, *lines = leaf.raw.split("\n")
    indicators = header.split("#")[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    filled = [line for line in lines if line.strip()]
    margins = [len(line) - len(line.lstrip(" ")) for line in filled]
    spaces = any(line != line.rstrip() for line in (*filled, *leaf.text.split("\n")))
    if not filled or spaces or margins[0] != min(margins) or set(indicators) & set("+123456789"):
        return []
    if leaf.text.startswith(("\n", " ")) or not leaf.text.replace("\n", "").isprintable():
        return []
    chomp = "-" if "-" in indicators else ""
    return [header[0] + chomp, *(" " * indent + line[margins[0] :] if line.strip() else "" for line in lines)]

"""Cells of decision tables: `-`, `>= 5M`, `[2..4]`, `"a", "b"`, `is missing`, `true`; read and printed.

What stands in a cell is read by the expression parser, so that a fault is shown at its characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from samrules.model import expressions as ex
from samrules.model.ruleset import Cell
from samrules.syntax.expression import Locate, parse
from samrules.syntax.printer import text_of
from samrules.syntax.source import Problems, problem

_PRESENCE = re.compile(r"is\s+(known|missing)\Z")
_COMPARISON = re.compile(r"(<=|>=|!=|<|>|=)\s*")
_MARKS = re.compile(r""" "(?:[^"\\]|\\.)*" | '[^']*' | [(),] """, re.VERBOSE)
_FOREIGN = {"==": "=", "=>": ">=", "=<": "<=", "<>": "!="}
_CONDITIONS = (ex.Not, ex.All, ex.Any_, ex.AtLeast, ex.Compare, ex.Between, ex.In, ex.Known, ex.If)

FORMS = '`-`, `>= 5`, `[2..4]`, `"a"`, `"a", "b"`, `true`, `is known` or `is missing`'


def parse_cell(text: str, locate: Locate) -> Cell:
    """A cell from its text. Raises Problems with what is wrong in it."""
    body, start = text.strip(), len(text) - len(text.lstrip())
    whole = locate(start, start + max(1, len(body)))
    if not body:
        raise problem("expression-syntax", "a blank cell", "write `-` for anything", whole)
    if body == "-":
        return Cell("any", span=whole)
    if found := _PRESENCE.match(body):
        return Cell(found[1], span=whole)
    if body[0] == "[":
        low, dots, high = body[1:-1].partition("..")
        if body[-1] != "]" or not dots:
            raise problem("expression-syntax", f"`{body}` is not a range",
                          'write `[2..4]`, both ends included; a choice of words is `"a", "b"`', whole)
        ends = (_operand(low, start + 1, locate), _operand(high, start + 3 + len(low), locate))
        return Cell("between", ends, span=whole)
    if right := _FOREIGN.get(body[:2]):
        raise problem("expression-syntax", f"`{body[:2]}` is not part of the language",
                      f"write `{right}`", locate(start, start + 2))
    if found := _COMPARISON.match(body):
        operand = _operand(body[found.end() :], start + found.end(), locate)
        return Cell(found[1], (operand,), span=whole)
    items, problems = [], []
    for offset, part in _parts(body):
        try:
            items.append(_operand(part, start + offset, locate))
        except Problems as error:
            problems += error.diagnostics
    if problems:
        raise Problems(*problems)
    return Cell("in" if len(items) > 1 else "=", tuple(items), span=whole)


def _operand(text: str, offset: int, locate: Locate) -> ex.Expr:
    """One value of a cell, which begins at an offset of its text."""
    node = parse(text, lambda start, end: locate(start + offset, end + offset))
    if isinstance(node, _CONDITIONS):
        raise problem("expression-syntax", f"`{text.strip()}` is a condition by itself",
                      f"a cell holds one test of the input above it: {FORMS}",
                      locate(offset, offset + len(text)))
    return node


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The stretches between commas that stand in no quotes and no parentheses, with their offsets."""
    start = depth = 0
    for found in _MARKS.finditer(text):
        mark = found[0]
        if mark in "()":
            depth += 1 if mark == "(" else -1
        elif mark == "," and depth == 0:
            yield start, text[start : found.start()]
            start = found.end()
    yield start, text[start:]


def cell_text(cell: Cell) -> str:
    """The canonical text of a cell; reading it gives the same cell."""
    operands = [text_of(o) for o in cell.operands]
    match cell.test:
        case "any":
            return "-"
        case "known" | "missing":
            return f"is {cell.test}"
        case "between":
            return f"[{operands[0]}..{operands[1]}]"
        case "=" | "in":
            return ", ".join(operands)
    return f"{cell.test} {operands[0]}"


def condition_of(subject: ex.Expr, cell: Cell) -> ex.Expr | None:
    """What a cell asks of the input above it; None for anything."""
    match cell.test, cell.operands:
        case "any", _:
            return None
        case ("known" | "missing"), _:
            return ex.Known(subject, cell.test == "known", span=cell.span)
        case "between", (low, high):
            return ex.Between(subject, low, high, span=cell.span)
        case "in", items:
            return ex.In(subject, items, span=cell.span)
        case "=", (ex.Literal(value=bool(wanted)),):
            asked = attrs.evolve(subject, span=cell.span)
            return asked if wanted else ex.Not(asked, span=cell.span)
    return ex.Compare(cell.test, subject, cell.operands[0], span=cell.span)

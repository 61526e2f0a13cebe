"""Cells of DMN tables, as far as a cell of samrules says the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date

from samrules.model.types import Duration, Kind, Type, Value
from samrules.syntax.literals import constant_text

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^,()\[\]"]+|[,()\[\]]')
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?\Z")
_DATE = re.compile(r'date\(\s*"(\d{4}-\d\d-\d\d)"\s*\)\Z')
_DURATION = re.compile(r'duration\(\s*"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?"\s*\)\Z')
_RANGE = re.compile(r"\[(.+?)\.\.(.+)\]\Z", re.DOTALL)
_COMPARISON = re.compile(r"(<=|>=|<|>)\s*")


class NotKept(Exception):
    """A cell or a constant that a ruleset has no form for; the text says why."""


def value_of(text: str) -> Value | None:
    """A constant of FEEL; None for null. Raises NotKept."""
    text = text.strip()
    if text == "null":
        return None
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.match(text):
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        return float(text)
    if found := _DATE.match(text):
        try:
            return date.fromisoformat(found[1])
        except ValueError:
            raise NotKept(f"`{found[1]}` is no date") from None
    if found := _DURATION.match(text):
        years, months, days = (int(n or 0) for n in found.groups())
        if bool(found[1] or found[2]) != bool(found[3]):
            return Duration(months=years * 12 + months, days=days)
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            pass
    raise NotKept(f"`{text}` is no constant")


def cell_of(text: str, type_: Type, named: Callable[[str], str | None]) -> str:
    """The cell of samrules that asks what unary tests ask of an input. Raises NotKept.

    `named` gives the fact that a name stands for. Nulls beside other values are dropped: in samrules what is missing is
    unknown to every test but `is known` and `is missing`.
    """
    text = text.strip()
    if text in ("", "-"):
        return "-"
    if text == "null":
        return "is missing"

    def operand(part: str) -> str:
        fact = named(part.strip())
        return fact if fact is not None else written(value_of(part), type_)

    if found := re.fullmatch(r"not\s*\((.*)\)", text, re.DOTALL):
        return _negated(split(found[1]), operand, text)
    if found := _COMPARISON.match(text):
        return f"{found[1]} {operand(text[found.end():])}"
    if text[0] in "[(]" and (found := _RANGE.match(text)):
        return f"[{operand(found[1])}..{operand(found[2])}]"
    if text[0] in "[(]":
        raise NotKept(f"the range `{text}` has an end that is not included")
    parts = split(text)
    if len(parts) > 1 and any(named(p.strip()) is not None or value_of(p) is None for p in parts):
        raise NotKept(f"`{text}` asks for one of several that are not all constants")
    return ", ".join(map(operand, parts))


def _negated(parts: list[str], operand: Callable[[str], str], text: str) -> str:
    known = [p for p in parts if p.strip() != "null"]
    if not known:
        return "is known"
    if len(known) > 1 or _COMPARISON.match(known[0].strip()) or known[0].strip()[:1] in ("[", "(", "]"):
        raise NotKept(f"`{text}` denies more than one value")
    return f"!= {operand(known[0])}"


def split(text: str) -> list[str]:
    """The parts between the commas that stand in no quotes and no parentheses."""
    parts, depth = [""], 0
    for token in _TOKEN.findall(text):
        depth += (token in "([") - (token in ")]") if len(token) == 1 else 0
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return parts


def written(value: Value | None, type_: Type) -> str:
    """A constant as a cell of samrules has it, in the type of its column. Raises NotKept where it is of another."""
    kind = type_.kind
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return "true" if value else "false"
    if kind is Kind.DATE and isinstance(value, date):
        return value.isoformat()
    if kind in (Kind.TEXT, Kind.ENUM) and isinstance(value, str):
        return constant_text(value, Kind.TEXT)
    if type_.numeric and isinstance(value, int | float) and not isinstance(value, bool):
        if kind in (Kind.INTEGER, Kind.ORDINAL):
            if value != int(value):
                raise NotKept(f"`{value}` in a column of whole numbers")
            return constant_text(int(value), kind)
        return constant_text(float(value), kind)
    raise NotKept(f"`{value}` in a column of the type {type_}")

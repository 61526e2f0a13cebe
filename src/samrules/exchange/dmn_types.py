"""The types of a DMN file as types of facts."""

from __future__ import annotations

import re

import attrs

from samrules.exchange.dmn_model import ItemType
from samrules.exchange.unary_tests import NotKept, split, value_of, written
from samrules.model.types import Type, Value
from samrules.syntax.literals import BadLiteral, parse_type

_BASES = {"string": "text", "number": "number", "boolean": "boolean", "date": "date",
          "integer": "integer", "long": "integer", "double": "number"}
"""Types of FEEL, and those that older tools write in their place."""
OWN = ("integer", "ratio", "money", "ordinal")
"""Types that samrules names in the files it writes, numbers of FEEL."""


@attrs.frozen
class FactType:
    """A type as a ruleset writes it, perhaps with a range."""

    text: str
    type: Type
    range: str | None = None


def fact_type(name: str, types: dict[str, ItemType], *, ours: bool) -> FactType:
    """What a `typeRef` stands for; `ours` in a file that samrules wrote. Raises NotKept."""
    allowed: str | None = None
    base, seen = name.removeprefix("feel:"), set[str]()
    while base in types and base not in seen and not (ours and base in OWN):
        seen.add(base)
        item = types[base]
        if item.allowed is not None:
            if allowed is not None:
                raise NotKept(f"the type `{name}` limits values twice")
            allowed = item.allowed
        base = item.base.removeprefix("feel:")
    text = base if ours and base in OWN else _BASES.get(base)
    if text is None:
        raise NotKept(f"the type `{base}`" if base else "an input without a type")
    if allowed is None:
        if text == "ordinal":
            raise NotKept("an ordinal without its levels")
        return FactType(text, parse_type(text))
    tests = [t.strip() for t in split(allowed) if t.strip() != "null"]
    if text == "text":
        return _enum(tests)
    if len(tests) != 1:
        raise NotKept(f"the allowed values `{allowed}`")
    return _limited(text, tests[0])


def _enum(tests: list[str]) -> FactType:
    words: list[Value | None] = [value_of(t) for t in tests]
    text = f"enum [{', '.join(map(str, words))}]"
    try:
        found = parse_type(text)
    except BadLiteral as error:
        raise NotKept(f"the allowed values {', '.join(tests)}: {error}") from None
    if not words or found.words != tuple(words):
        raise NotKept(f"the allowed values {', '.join(tests)}")
    return FactType(text, found)


def _limited(text: str, test: str) -> FactType:
    both = re.fullmatch(r"\[(.+?)\.\.(.+)\]", test)
    low, high = both.groups() if both else (test[2:], "") if test.startswith(">=") else ("", test[2:])
    if not both and not test.startswith((">=", "<=")):
        raise NotKept(f"the allowed values `{test}`")
    if text == "ordinal":
        text = f"ordinal {low.strip()}..{high.strip()}"
        try:
            return FactType(text, parse_type(text))
        except BadLiteral:
            raise NotKept(f"the levels `{test}`") from None
    type_ = parse_type(text)
    ends = [written(value_of(end), type_) if end else "" for end in (low, high)]
    return FactType(text, type_, "..".join(ends))

"""Constants as text and back: `60%`, `5M`, `24 months`, `2026-11-21`, `ordinal 1..5`."""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import Decimal

from samrules.model.types import (
    DECLARABLE,
    INTEGER_LIMIT,
    Duration,
    Kind,
    Type,
    Value,
)

_SCALES = {"k": 1_000, "M": 1_000_000, "B": 1_000_000_000}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$")
_INTEGER = re.compile(r"-?[0-9]+$")
_RATIO = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s?%$")
_MONEY = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)([kMB])$")
_DURATION = re.compile(r"([0-9]+)\s+(month|year|day|week)s?$")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_WORD = re.compile(r"[a-z][a-z0-9_]*$")
_ORDINAL = re.compile(r"ordinal\s+([0-9]{1,6})\s*\.\.\s*([0-9]{1,6})$")
_ENUM = re.compile(r"enum\s*\[(.*)\]$")

_LONGEST_DURATION = 12_000
"""A thousand years of months; a longer one is a slip."""

FORMS = {
    Kind.BOOLEAN: "write `true` or `false`",
    Kind.INTEGER: "write a whole number such as `3`",
    Kind.NUMBER: "write a number such as `2.5`",
    Kind.RATIO: "write a ratio as `60%` or `0.6`",
    Kind.MONEY: "write an amount as `5M`, `250k` or a plain number",
    Kind.DURATION: "write a duration as `24 months`, `2 years`, `90 days` or `2 weeks`",
    Kind.DATE: "write an existing day as `2026-11-21`",
    Kind.TEXT: "write the text in quotes",
}


class BadLiteral(ValueError):
    """A constant that is not of the form its type asks for; the message says how to write it."""


def parse_integer(text: str) -> int:
    if not _INTEGER.match(text) or len(text) > 20:
        raise BadLiteral(FORMS[Kind.INTEGER])
    value = int(text)
    if not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        raise BadLiteral("an integer has at most 64 bits")
    return value


def parse_number(text: str) -> float:
    if not _NUMBER.match(text):
        raise BadLiteral(FORMS[Kind.NUMBER])
    value = float(text)
    if not math.isfinite(value):
        raise BadLiteral("the number is too large for a double")
    return value + 0.0


def parse_ratio(text: str) -> float:
    found = _RATIO.match(text)
    if not found:
        try:
            return parse_number(text)
        except BadLiteral:
            raise BadLiteral(FORMS[Kind.RATIO]) from None
    return parse_number(str(Decimal(found[1]) / 100))


def parse_money(text: str) -> float:
    found = _MONEY.match(text)
    if not found:
        try:
            return parse_number(text)
        except BadLiteral:
            raise BadLiteral(FORMS[Kind.MONEY]) from None
    return parse_number(str(Decimal(found[1]) * _SCALES[found[2]]))


def parse_duration(text: str) -> Duration:
    found = _DURATION.match(text)
    if not found or len(found[1]) > 6:
        raise BadLiteral(FORMS[Kind.DURATION])
    count = int(found[1])
    months = {"month": count, "year": 12 * count}.get(found[2], 0)
    days = {"day": count, "week": 7 * count}.get(found[2], 0)
    if months > _LONGEST_DURATION or days > 31 * _LONGEST_DURATION:
        raise BadLiteral("a duration is at most 1,000 years")
    return Duration(months=months, days=days)


def parse_date(text: str) -> date:
    if not _DATE.match(text):
        raise BadLiteral(FORMS[Kind.DATE])
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadLiteral("the calendar has no such day; " + FORMS[Kind.DATE]) from None


def parse_boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise BadLiteral(FORMS[Kind.BOOLEAN])
    return text == "true"


def parse_constant(text: str, type_: Type) -> Value:
    """A constant of a known type, as a parameter or a range writes it. Raises BadLiteral."""
    match type_.kind:
        case Kind.BOOLEAN:
            return parse_boolean(text)
        case Kind.INTEGER:
            return parse_integer(text)
        case Kind.NUMBER:
            return parse_number(text)
        case Kind.RATIO:
            return parse_ratio(text)
        case Kind.MONEY:
            return parse_money(text)
        case Kind.DURATION:
            return parse_duration(text)
        case Kind.DATE:
            return parse_date(text)
        case Kind.ORDINAL:
            value = parse_integer(text)
            if type_.low is not None and type_.high is not None and not type_.low <= value <= type_.high:
                raise BadLiteral(f"it must be a whole number from {type_.low} to {type_.high}")
            return value
        case Kind.ENUM if text not in type_.words:
            raise BadLiteral("it must be one of: " + ", ".join(type_.words))
        case _:
            return text


def guess_constant(text: str) -> tuple[Value, Kind | None]:
    """A constant whose type nothing declares (an output): the form decides, a word is a word.

    The kind is given where the value alone would not tell it: an amount or a ratio.
    """
    parsers = (parse_boolean, parse_duration, parse_date, parse_integer, parse_number)
    for parse in parsers:
        try:
            return parse(text), None
        except BadLiteral:
            continue
    for pattern, parse_amount, kind in ((_RATIO, parse_ratio, Kind.RATIO), (_MONEY, parse_money, Kind.MONEY)):
        if pattern.match(text):
            return parse_amount(text), kind
    return text, None


_OTHER_TYPES = {
    "bool": "boolean", "int": "integer", "float": "number", "decimal": "number", "percentage": "ratio",
    "percent": "ratio", "pct": "ratio", "string": "text", "str": "text", "amount": "money",
    "currency": "money", "datetime": "date", "timestamp": "date",
}
"""What other languages call our types."""


def parse_type(text: str, unit: str | None = None) -> Type:
    """A type as a fact or parameter declares it. Raises BadLiteral."""
    if found := _ORDINAL.match(text):
        low, high = int(found[1]), int(found[2])
        if low >= high:
            raise BadLiteral("the first bound of an ordinal must be below the second")
        type_ = Type(Kind.ORDINAL, low=low, high=high)
    elif found := _ENUM.match(text):
        words = tuple(w.strip() for w in found[1].split(","))
        if bad := [w for w in words if not _WORD.match(w)]:
            raise BadLiteral(f"`{bad[0]}` is not a word: lower case letters, digits and `_`")
        if len(set(words)) != len(words):
            raise BadLiteral("a word stands twice")
        type_ = Type(Kind.ENUM, words=words)
    else:
        simple = {str(k): k for k in DECLARABLE if k not in (Kind.ENUM, Kind.ORDINAL)}
        if text in _OTHER_TYPES:
            raise BadLiteral(f"did you mean `{_OTHER_TYPES[text]}`?")
        if text not in simple:
            raise BadLiteral(
                "use one of: " + ", ".join(simple) + ", `enum [a, b]`, `ordinal 1..5`"
            )
        type_ = Type(simple[text])
    if unit is not None:
        if type_.kind not in (Kind.INTEGER, Kind.NUMBER):
            raise BadLiteral(f"only an integer or a number has a unit, not a {type_.kind}")
        type_ = Type(type_.kind, unit=unit)
    return type_


# --- and back ------------------------------------------------------------------------------------


def plain_number(value: float) -> str:
    """A number in its shortest decimal form, without exponent: `0.1`, `12`, `1234567.5`."""
    return format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")


def _decimal_text(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money_text(value: float) -> str:
    """An amount as a ruleset writes it: the largest of B, M, k that leaves a short number."""
    amount = Decimal(repr(float(value)))
    for suffix in ("B", "M", "k"):
        scaled = amount / _SCALES[suffix]
        if abs(scaled) >= 1 or suffix == "k":
            return _decimal_text(scaled) + suffix
    raise AssertionError("unreachable")


def ratio_text(value: float) -> str:
    return _decimal_text(Decimal(repr(float(value))) * 100) + "%"


def constant_text(value: Value, kind: Kind) -> str:
    """A constant as a ruleset writes it; reading it back gives the same value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if kind is Kind.RATIO:
        return ratio_text(value)
    if kind is Kind.MONEY:
        return money_text(value)
    text = plain_number(value)
    return text + ".0" if isinstance(value, float) and "." not in text else text

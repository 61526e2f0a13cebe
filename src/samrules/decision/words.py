"""Values in words, as they would be written in a letter: money, per cent, dates, counts with nouns."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from samrules.model.types import Duration, Kind, Type, Value

UNKNOWN = "not known"

_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
_SINGULAR = {"people": "person"}


def singular(noun: str) -> str:
    """`requests` → `request`. Good for the plain nouns that units are."""
    if noun in _SINGULAR:
        return _SINGULAR[noun]
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith("ss") else noun


def counted(count: float, plural: str, one: str | None = None) -> str:
    """`1 request`, `3 requests`."""
    return f"{number(count)} {(one or singular(plural)) if count == 1 else plural}"


_ASTRONOMIC = 1e15
"""From here on a number is written with an exponent: nobody counts the digits."""


def number(value: float, places: int = 2) -> str:
    """A number with thousands separated and at most so many decimal places."""
    if isinstance(value, int):
        return f"{value:,}"
    if abs(value) >= _ASTRONOMIC:
        return format(value, ".3g")
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    text = f"{rounded:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def money(value: float, currency: str | None = None, places: int = 2) -> str:
    """An amount: `EUR 1.1 million`, `400,000`. Without a stated currency, the bare amount."""
    exact = Decimal(repr(float(value)))
    for limit, word in ((1_000_000_000, " billion"), (1_000_000, " million")):
        scaled = exact / limit
        if limit <= abs(value) < _ASTRONOMIC and scaled == round(scaled, places):
            text = number(float(scaled), places) + word
            break
    else:
        text = number(value, min(places, 2))
    return f"{currency} {text}" if currency else text


def ratio(value: float, places: int = 1) -> str:
    return f"{number(float(Decimal(repr(float(value))) * 100), places)}%"


def day(value: date) -> str:
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def word(value: str) -> str:
    """A word of an enum or an outcome as people write it: `inside_sales` → `inside sales`."""
    return value.replace("_", " ")


def value_in_words(value: Value | None, type_: Type | None, currency: str | None = None,
                   places: int | None = None) -> str:
    """A value as a letter would have it. A missing one is said to be so."""
    if value is None:
        return UNKNOWN
    kind = type_.kind if type_ else None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, str):
        return word(value) if kind is Kind.ENUM else value
    if kind is Kind.MONEY:
        return money(value, currency, 2 if places is None else places)
    if kind is Kind.RATIO:
        return ratio(value, 1 if places is None else places)
    shown = 2 if places is None else places
    if type_ is not None and type_.unit:
        noun = singular(type_.unit) if value == 1 else type_.unit
        return f"{number(value, shown)} {noun}"
    return number(value, shown)


def apart(value: Value | None, against: Value | None, type_: Type | None,
          currency: str | None = None) -> tuple[str, str]:
    """Two values in words that differ in words when they differ: never `60%, at least 60%`."""
    for places in (None, 2, 3, 4, 6, 9, 12, 15):
        first = value_in_words(value, type_, currency, places)
        second = value_in_words(against, type_, currency, places)
        if first != second or value == against:
            break
    return first, second


def age_in_words(since: date, now: date, *, up: bool = False) -> str:
    """Whole months between two days, or days where there are fewer than two months.

    What is left over is dropped; with `up` it counts as a month, for what is still lacking.
    """
    months = (now.year - since.year) * 12 + now.month - since.month
    if months > 0 and Duration(months=months).before(now) < since:
        months -= 1
    if up and months >= 2 and Duration(months=months).before(now) != since:
        months += 1
    if months < 0 or since > now:
        return f"in {counted((since - now).days, 'days')}"
    return counted(months, "months") if months >= 2 else counted((now - since).days, "days")


def interval(low: float, high: float) -> str:
    """A score: `63`, or `between 41 and 78` where criteria are unknown."""
    return number(low, 1) if low == high else f"between {number(low, 1)} and {number(high, 1)}"


def listed(items: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + f" {last} {items[-1]}"


def sentence(text: str) -> str:
    """With a capital at its start and a full stop at its end."""
    text = text.strip()
    if not text:
        return text
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ":")) else ".")


__all__ = [
    "UNKNOWN", "age_in_words", "apart", "counted", "day", "interval", "listed", "money", "number",
    "ratio", "sentence", "singular", "value_in_words", "word",
]

"""Values from outside to facts: checked against their declarations, missing ones left out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import attrs

from samrules.diagnostics import Diagnostic, Span, did_you_mean, nearest
from samrules.errors import FactError
from samrules.model.ruleset import Fact
from samrules.model.types import INTEGER_LIMIT, Kind, Type, Value
from samrules.syntax import literals
from samrules.syntax.literals import BadLiteral, constant_text

ID = "account_id"
REVIEW_DATE = "review_date"
REVIEW = Fact(REVIEW_DATE, Type(Kind.DATE), title="date of the review")

_ABSENT_WORDS = frozenset({"n/a", "na", "#n/a", "nan", "nat", "none", "null", "-", "--", "?", "unknown", "tbd"})
_TRUE_WORDS, _FALSE_WORDS = frozenset({"true", "yes"}), frozenset({"false", "no"})


_DIGITS_AND_MORE = re.compile(r"\d[^\d.]|[^\d.+-]\d|\..*\.")
"""A number with more about it than digits and a point: `1,234`, `€5`, `3 people`."""


@attrs.frozen
class BadValue(Exception):
    """A value that is not what its fact declares."""

    code: str
    message: str
    help: str


def convert(value: Any, fact: Fact, *, textual: bool = False) -> Value | None:
    """A value as the fact's type has it, or None where it is missing.

    `textual` values come from a text file: numbers, dates and yes/no are then read from text.
    Raises BadValue for a wrong type or a value out of range, never takes one for missing.
    """
    value = _unwrapped(value)
    if value is None:
        return None
    if isinstance(value, str) and not value.strip():
        return None
    if textual and isinstance(value, str) and fact.type.kind not in (Kind.TEXT, Kind.ENUM):
        value = _from_text(value.strip(), fact)
        if value is None:
            return None
    if isinstance(value, float) and math.isnan(value):
        return None
    converted = _typed(value, fact)
    _check_range(converted, fact)
    return converted


def _unwrapped(value: Any) -> Any:
    """A plain Python value from what dataframes put in its place; None from their nulls."""
    if value is None or isinstance(value, bool | int | float | str | date):
        return None if value.__class__.__name__ == "NaTType" else value
    if isinstance(value, Decimal):
        if value.is_nan():
            return None
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if value.__class__.__name__ in ("NAType", "NaTType"):
        return None
    item = getattr(value, "item", None)  # a numpy scalar
    if callable(item) and getattr(value, "shape", None) == ():
        return _unwrapped(item())
    return value


def _from_text(text: str, fact: Fact) -> Any:
    kind = fact.type.kind
    try:
        match kind:
            case Kind.BOOLEAN:
                lowered = text.lower()
                if lowered in _TRUE_WORDS | _FALSE_WORDS:
                    return lowered in _TRUE_WORDS
                raise BadLiteral("write `true` or `false`, `yes` or `no`")
            case Kind.INTEGER | Kind.ORDINAL:
                return None if text.lower() == "nan" else _whole(text)
            case Kind.NUMBER | Kind.MONEY:
                return None if text.lower() == "nan" else literals.parse_number(text)
            case Kind.RATIO:
                return None if text.lower() == "nan" else literals.parse_ratio(text)
            case Kind.DATE:
                return literals.parse_date(text)
        return text
    except BadLiteral as error:
        if text.lower() in _ABSENT_WORDS:
            cure = "leave the cell blank where the fact is not known"
        elif kind in (Kind.NUMBER, Kind.MONEY, Kind.INTEGER) and _DIGITS_AND_MORE.search(text):
            cure = "write digits and a decimal point only, as in `1234.5`"
        else:
            cure = str(error)
        raise BadValue("bad-date" if kind is Kind.DATE else "wrong-type",
                       f"{_shown(text)} is {'neither yes nor no' if kind is Kind.BOOLEAN else f'not {_a(fact.type)}'}", cure) from None


def _whole(text: str) -> int:
    """A whole number; `3.0`, as spreadsheets and dataframes write it beside blanks, is one."""
    head, point, tail = text.partition(".")
    return literals.parse_integer(head if point and not tail.strip("0") and tail else text)


def _typed(value: Any, fact: Fact) -> Value:
    kind = fact.type.kind
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case Kind.BOOLEAN if isinstance(value, bool):
            return value
        case Kind.INTEGER | Kind.ORDINAL if is_number and _is_whole(value):
            return int(value)
        case Kind.NUMBER | Kind.RATIO | Kind.MONEY if is_number and _is_finite(value):
            return float(value) + 0.0
        case Kind.DATE if isinstance(value, datetime):
            if (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0):
                return value.date()
        case Kind.DATE if isinstance(value, date):
            return value
        case Kind.DATE if isinstance(value, str):
            try:
                return literals.parse_date(value.strip())
            except BadLiteral as error:
                raise BadValue("bad-date", f"{_shown(value)} is not a date", str(error)) from None
        case Kind.TEXT if isinstance(value, str):  # blanks around an id would make it another one
            return value.strip() if fact.name == ID else value
        case Kind.TEXT if fact.name == ID and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        case Kind.ENUM if isinstance(value, str):
            if value.strip() in fact.type.words:
                return value.strip()
            raise BadValue("out-of-range", f"{_shown(value)} is not one of its words",
                           _word_help(value, fact.type))
    what = "neither true nor false" if kind is Kind.BOOLEAN else f"not {_a(fact.type)}"
    raise BadValue("wrong-type", f"{_shown(value)} is {what}", _form(kind))


def _is_finite(value: float) -> bool:
    """Whether a double can hold the number."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_whole(value: float) -> bool:
    """Whether a number is whole and of at most 64 bits."""
    return _is_finite(value) and value == int(value) and -INTEGER_LIMIT <= value < INTEGER_LIMIT


def _word_help(value: str, type_: Type) -> str:
    if value.strip().lower() in _ABSENT_WORDS - set(type_.words):
        return "leave it blank where the fact is not known"
    near = nearest(value.strip().lower().replace(" ", "_"), type_.words)
    return f"did you mean `{near}`?" if near else did_you_mean(value, type_.words, "words")


def _form(kind: Kind) -> str:
    return {
        Kind.BOOLEAN: "give true or false, or leave it out where it is not known",
        Kind.INTEGER: "give a whole number of at most 64 bits, or leave it out where it is not known",
        Kind.ORDINAL: "give a whole number, or leave it out where it is not known",
        Kind.DATE: "give a date, or its text as `2026-11-21`",
        Kind.TEXT: "give a text",
        Kind.ENUM: "give one of its words as text",
    }.get(kind, "give a finite number, or leave it out where it is not known")


def _check_range(value: Value, fact: Fact) -> None:
    type_ = fact.type
    low, high = (fact.range.low, fact.range.high) if fact.range else (None, None)
    if type_.kind is Kind.ORDINAL:
        low, high = type_.low, type_.high
    below = low is not None and value < low  # type: ignore[operator]
    above = high is not None and value > high  # type: ignore[operator]
    if not below and not above:
        return
    ends = [_bare(end, type_.kind) if end is not None else "" for end in (low, high)]
    allowed = f"from {ends[0]} to {ends[1]}" if all(ends) else \
        f"at least {ends[0]}" if ends[0] else f"at most {ends[1]}"
    raise BadValue("out-of-range", f"{_bare(value, type_.kind)} is out of range", f"it must be {allowed}")


def _bare(value: Value, kind: Kind) -> str:
    """A value as data has it: `12`, not `12.0`; `500`, not `0.5k`."""
    if isinstance(value, int | float) and kind is not Kind.RATIO:
        return literals.plain_number(value).removesuffix(".0")
    return constant_text(value, kind)


def _a(type_: Type) -> str:
    if type_.kind in (Kind.MONEY, Kind.TEXT):
        return "an amount of money" if type_.kind is Kind.MONEY else "a text"
    shown = str(type_)
    return f"an {shown}" if shown[0] in "aeio" else f"a {shown}"


_LONGEST_SHOWN = 40


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else " " for c in text)
    return f"`{text[:_LONGEST_SHOWN]}…`" if len(text) > _LONGEST_SHOWN else f"`{text}`"


# --- a whole account -----------------------------------------------------------------------------


@attrs.define
class Gathered:
    """The facts of one account, or review, and what was wrong with them."""

    facts: dict[str, Value]
    problems: list[Diagnostic]
    undeclared: list[str]


def gather(given: Mapping[str, Any], declared: Mapping[str, Fact], *, where: str | None = None,
           spans: Mapping[str, Span] | None = None, textual: bool = False,
           beside: Iterable[str] = ()) -> Gathered:
    """The facts among what was given. `spans` places each value in a file; `beside` are columns
    that are not facts (a review's date). Problems are gathered, not raised."""
    result = Gathered({}, [], [])
    skip = set(beside)
    for name, value in given.items():
        if name in skip:
            continue
        fact = declared.get(name)
        if fact is None:
            result.undeclared.append(str(name))
            continue
        try:
            converted = convert(value, fact, textual=textual)
        except BadValue as bad:
            span = spans.get(name) if spans else None
            result.problems.append(
                Diagnostic(bad.code, f"`{name}`: {bad.message}", bad.help, span, where=where))
            continue
        if converted is not None:
            result.facts[name] = converted
    if ID not in result.facts and not any(f"`{ID}`" in p.message for p in result.problems):
        span = spans.get(ID) if spans else None
        result.problems.append(Diagnostic(
            "missing-account-id", "an account without `account_id`", "give each account an id", span,
            where=where))
    return result


def account_facts(given: Mapping[str, Any], declared: Mapping[str, Fact]) -> tuple[dict[str, Value], list[str]]:
    """The facts of an account passed from Python, and the names that nothing declares.

    Raises FactError with every problem.
    """
    if not isinstance(given, Mapping):
        raise FactError([Diagnostic("wrong-type", f"facts are a mapping, not {type(given).__name__}",
                                    "pass a dictionary of fact names to values", where="facts")])
    where = f"account {given.get(ID)}" if given.get(ID) is not None else "facts"
    gathered = gather(given, declared, where=where)
    if gathered.problems:
        raise FactError(gathered.problems)
    return gathered.facts, gathered.undeclared


def mappings(given: object, what: str) -> list[Mapping[str, Any]]:
    """A list of mappings passed from Python; None is an empty one. Raises FactError for anything else."""
    if given is None:
        return []
    entries: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, Mapping) else [given]
    if isinstance(given, Mapping) or any(not isinstance(e, Mapping) for e in entries):
        raise FactError([Diagnostic("wrong-type", f"{what} are a list of mappings, not {type(given).__name__}",
                                    "pass a list of dictionaries", where=what)])
    return entries


def by_account(given: Iterable[Mapping[str, Any]] | None, what: str, code: str,
               accounts: Iterable[str | None]) -> tuple[dict[str | None, list[Mapping[str, Any]]], list[Diagnostic]]:
    """Events or reviews of several accounts passed from Python, by account; and those that belong to none of them."""
    known = set(accounts) - {None}
    found: dict[str | None, list[Mapping[str, Any]]] = {}
    problems = []
    for number, entry in enumerate(mappings(given, what), start=1):
        owner = entry.get(ID)
        account = str(owner).strip() if owner is not None else None
        if account in known:
            found.setdefault(account, []).append(entry)
            continue
        said = f"`{owner}` is none of the accounts" if owner is not None else "no `account_id`"
        problems.append(Diagnostic(code, said, "give the id of one of the accounts", where=f"{what}, entry {number}"))
    return found, problems


def review_history(given: Iterable[Mapping[str, Any]] | None, declared: Mapping[str, Fact], account: str,
                   as_of: date) -> tuple[list[tuple[date, dict[str, Value]]], list[str]]:
    """Earlier reviews passed from Python, in order of date, and the names that nothing declares.

    Each is a mapping of facts with a `review_date`; `account_id` may be left out. Reviews from `as_of`
    on are not seen.
    Raises FactError with every problem.
    """
    problems: list[Diagnostic] = []
    found: list[tuple[date, dict[str, Value]]] = []
    undeclared: dict[str, None] = {}
    for number, review in enumerate(mappings(given, "history"), start=1):
        where = f"account {account}, review {number}"
        try:
            day = convert(review.get(REVIEW_DATE), REVIEW)
        except BadValue as bad:
            problems.append(Diagnostic("bad-history", f"`{REVIEW_DATE}`: {bad.message}", bad.help, where=where))
            continue
        owner = review.get(ID)
        if owner is not None and str(owner).strip() != account:
            problems.append(Diagnostic("bad-history", f"a review of the account `{owner}`",
                                       "pass the reviews of one account only", where=where))
            continue
        gathered = gather({**review, ID: account}, declared, where=where, beside=(REVIEW_DATE,))
        problems += gathered.problems
        undeclared |= dict.fromkeys(gathered.undeclared)
        if isinstance(day, date):
            found.append((day, gathered.facts))
        else:
            problems.append(Diagnostic("bad-history", f"a review without `{REVIEW_DATE}`",
                                       "give each review its date", where=where))
    problems += history_problems([(day, None) for day, _ in found], f"account {account}")
    if problems:
        raise FactError(problems)
    seen = [review for review in found if review[0] < as_of]
    return sorted(seen, key=lambda r: r[0]), list(undeclared)


def history_problems(days: Iterable[tuple[date, Span | None]], where: str) -> list[Diagnostic]:
    """What is wrong with the dates of one account's reviews."""
    problems = []
    seen: set[date] = set()
    for day, span in days:
        if day in seen:
            problems.append(Diagnostic("bad-history", f"two reviews on {day}",
                                       "keep one review a day", span, where=where))
        seen.add(day)
    return problems

"""What is found in the text of SQL without running it: names, their places, and words that do not belong."""

from __future__ import annotations

import re

from samrules.diagnostics import Diagnostic, Span
from samrules.recipes.recipe import Query

_NOT_CODE = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_CHANGING = re.compile(
    r"\b(?:(?:now|today|random|setseed|uuid|gen_random_uuid|uuidv4|uuidv7|transaction_timestamp|get_current_time"
    r"|get_current_timestamp)(?=\s*\()|using\s+sample|tablesample|current_date|current_time|current_timestamp|localtime|localtimestamp)\b",
    re.IGNORECASE)


_READ = re.compile(r'\b(?:from|join)\s+(?:"?\w+"?(?:\s+(?:as\s+)?\w+)?\s*,\s*)*"?(\w+)"?', re.IGNORECASE)


def code_of(text: str) -> str:
    """SQL with blanks for comments and texts, so that offsets stay."""
    return _NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def tables_of(text: str) -> frozenset[str]:
    """The names after `from` and `join`, in small letters; names made inside the query may be among them."""
    code = code_of(text)
    return frozenset(
        name.lower() for found in _READ.finditer(code) for name in re.findall(r"\w+", found[0]))


def changing_words(query: Query) -> list[Diagnostic]:
    """What gives another value in another run."""
    return [
        query.problem("recipe-sql", f"`{found[0]}` gives another value in another run",
                      "write `$as_of` for the day; the same exports must give the same facts",
                      query.span(found.start(), found.end()))
        for found in _CHANGING.finditer(code_of(query.text))
    ]


def column_place(query: Query, column: str) -> Span | None:
    """Where a column of the result is named: last after `as`, else last at all; None where it is not."""
    code = code_of(query.text)
    name = re.escape(column)
    for pattern in (rf"\bas\s+\"?({name})\b", rf"(?<![\w.])\"?({name})\b", rf"\b({name})\b"):
        if found := list(re.finditer(pattern, code, re.IGNORECASE)):
            return query.span(*found[-1].span(1))
    return None

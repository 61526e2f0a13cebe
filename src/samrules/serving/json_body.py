"""The JSON of a request, read strictly: what other readers bend into shape is refused."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from samrules.serving.call import Refusal, clip, refusal

MOST_DEEP = 16
"""Groups in groups; a request has four."""
_LONGEST_NUMBER = 400
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]}]', re.DOTALL)
"""A text, to its end even where it is not closed (so that none is read twice), or a bracket."""
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_object(body: bytes) -> dict[str, Any]:
    """The object that a request carries. Raises Refusal."""
    if not body.strip():
        raise _bad("the request has no body", "send a JSON object")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(f"the body is not UTF-8 at byte {error.start}", "send the JSON as UTF-8") from None
    _check_depth(text)
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)
    except json.JSONDecodeError as error:
        said = error.msg[:1].lower() + error.msg[1:]
        raise _bad(f"this is not well-formed JSON: {said}, line {error.lineno}, column {error.colno}", "correct it there") from None
    if not isinstance(found, dict):
        raise _bad("the body is no JSON object", "send an object, `{…}`")
    if _SURROGATE.search(text):
        _check_texts(found)
    return found


def _check_depth(text: str) -> None:
    """Counts brackets outside of texts, so that no reader recurses as deep as a request likes."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MOST_DEEP:
                raise refusal(400, "too-deep", f"the JSON is nested deeper than {MOST_DEEP}", "send plain values: no fact is a group", "body")
        elif token[0] in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        name = next(n for n, _ in pairs if n in seen or seen.add(n))  # type: ignore[func-returns-value]
        raise refusal(400, "duplicate-key", f"`{clip(name)}` stands twice in one object", "remove or rename one of the two", "body")
    return found


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise _bad(f"a number of {len(text):,} digits", "no fact is larger than a double")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _bad(f"`{clip(text)}` is too large for a double", "send a finite number")
    return value


def _constant(text: str) -> Any:
    raise _bad(f"JSON has no `{text}`", "write `null` where the fact is not known" if text == "NaN" else "send a finite number")


def _check_texts(value: Any) -> None:
    """Half a character (`\\ud800`) can be neither stored nor sent back."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _bad("a text holds half a character (a lone surrogate)", "send whole characters") from None
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_texts(name)
            _check_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner)


def _bad(message: str, help_: str) -> Refusal:
    return refusal(400, "bad-json", message, help_, "body")

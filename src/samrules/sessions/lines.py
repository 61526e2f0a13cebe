"""Lines of JSON, each with a fact, a retraction, an event or a new day. A line is taken whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import attrs

from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.errors import FactError
from samrules.inputs.events import EVENT
from samrules.inputs.facts import ID
from samrules.inputs.json_table import RecordPlaces, Refused, read_json_lines
from samrules.inputs.rows import Row
from samrules.sessions.accept import Places
from samrules.syntax.literals import BadLiteral, parse_date

STDIN = "<stdin>"
LONGEST_LINE = 1_000_000
"""Bytes; what is said of an account in one go is never so long."""
FACT, VALUE, RETRACT, FACTS, DAY, REVIEW = "fact", "value", "retract", "facts", "as_of", "review"
_SHAPES: Mapping[str, tuple[str, ...]] = {
    FACT: (ID, FACT, VALUE), RETRACT: (ID, RETRACT), FACTS: (ID, FACTS), DAY: (DAY, REVIEW)}
_EXAMPLE = ('give `{"account_id": …, "fact": …, "value": …}`, or `retract`, `facts` or `event` in place of `fact`; '
            'or `{"as_of": …}`')


@attrs.frozen
class Line:
    """What a line says. Of `facts`, `event` and `day` one is there; facts that are None are retracted."""

    account: str = ""
    facts: Mapping[str, Any] | None = None
    event: Mapping[str, Any] | None = None
    day: date | None = None
    review: bool = False
    places: Places | None = None


class Splitter:
    """Bytes, as they come, to lines with their numbers. `number` is that of the last line that is whole."""

    def __init__(self) -> None:
        self.number = 0
        self._rest = b""
        self._skipping = False

    def feed(self, block: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that a block completes. Of one that is too long, only its beginning."""
        *whole, rest = (self._rest + block).split(b"\n")
        self._rest = b""
        for line in whole:
            if self._skipping:
                self._skipping = False  # this is the end of a line that was told already
                continue
            self.number += 1
            yield self.number, line
        self._rest = b"" if self._skipping else rest
        if len(self._rest) > LONGEST_LINE:
            self.number += 1
            yield self.number, self._rest
            self._rest, self._skipping = b"", True

    def end(self) -> Iterator[tuple[int, bytes]]:
        """The last line, where no line break follows it."""
        if self._rest:
            self.number += 1
            yield self.number, self._rest
            self._rest = b""


def read_line(data: bytes, number: int, file: str = STDIN) -> Line | None:
    """What a line says, or None where it is blank. Raises FactError with every problem, placed in the line."""
    if number == 1:
        data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        return None
    if len(data) > LONGEST_LINE:
        raise _refused("too-large", f"the line is longer than {LONGEST_LINE:,} bytes", "give one fact or event a line",
                       Span(file, number, 1, number, 2))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        column = len(data[: error.start].decode("utf-8")) + 1
        raise _refused("wrong-encoding", "the line is not UTF-8 text", "write the lines as UTF-8",
                       Span(file, number, column, number, column + 1)) from None
    try:
        table = read_json_lines(text, file)
        if table.problems:
            raise FactError(table.problems)
        if "\\u" in text:
            _check_text(table.rows[0])
        return _line(table.rows[0])
    except FactError as error:
        raise placed(error, number, text) from None


def _check_text(row: Row) -> None:
    """Half of a pair of surrogates is no text: nothing could ever write it again."""
    try:
        json.dumps(row.values, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise _refused("wrong-encoding", "a text with half of a surrogate pair", "write the letter itself, or both halves",
                       Span(STDIN, 1, 1, 1, 2)) from None


def placed(error: FactError, number: int, text: str) -> FactError:
    """The problems of a line that was read by itself, with its place among the others and its text."""
    found = []
    for d in error.diagnostics:
        if d.span is None:
            message = f"{d.where}: {d.message}" if d.where else d.message
            found.append(attrs.evolve(d, message=message, span=Span(STDIN, number, 1, number, 2), where=None))
        elif d.span.file == STDIN:
            span = attrs.evolve(d.span, line=number, end_line=number)
            found.append(attrs.evolve(d, span=span, text=text.rstrip("\r\n"), where=None))
        else:
            found.append(d)  # of the ruleset
    return FactError(found)


def _line(row: Row) -> Line:
    values, places = row.values, row.places
    assert isinstance(places, RecordPlaces)
    if DAY in values and ID not in values:
        _known(values, places, DAY)
        return Line(day=_day(values[DAY], places), review=_review(values, places), places=places)
    account = _account(values, places)
    if EVENT in values:
        plain = {name: value.text if isinstance(value, Refused) else value for name, value in values.items()}
        return Line(account, event=plain, places=places)
    shape = [key for key in (FACT, RETRACT, FACTS) if key in values]
    if len(shape) != 1:
        said = f"both `{shape[0]}` and `{shape[1]}`" if shape else "a line without a fact or an event"
        raise _refused("bad-line", said, _EXAMPLE if not shape else "give each a line of its own",
                       places[shape[1]] if shape else places.start())
    _known(values, places, shape[0])
    facts = _facts(values, places, shape[0])
    return Line(account, facts=facts, places=_FactPlaces(facts, places, VALUE if VALUE in values else shape[0]))


class _FactPlaces(Mapping[str, Span]):
    """The facts of a line, all at the place of one key; worked out when asked for: most lines are right."""

    def __init__(self, facts: Mapping[str, Any], places: Places, key: str) -> None:
        self.facts, self.places, self.key = facts, places, key

    def __getitem__(self, name: str) -> Span:
        return self.places[self.key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)


def _facts(values: Mapping[str, Any], places: Places, key: str) -> Mapping[str, Any]:
    given = values[key]
    if key == FACTS:
        if not isinstance(given, dict):
            raise _refused("bad-line", "`facts` is no object", "give `{\"facts\": {\"csat\": 8, …}}`", places[key])
        if twice := getattr(given, "twice", ()):
            raise _refused("duplicate-key", f"`{twice[0]}` stands twice in one object", "remove or rename one of the two",
                           places[key])
        facts = given
    else:
        if not isinstance(given, str):
            raise _refused("bad-line", f"`{key}` is no name of a fact", "give the name as a text", places[key])
        if key == FACT and VALUE not in values:
            raise _refused("bad-line", f"the fact `{given}` without a `value`",
                           "give its `value`; `null` where it is not known any more", places[key])
        facts = {given: values[VALUE] if key == FACT else None}
    for value in facts.values():
        if isinstance(value, Refused):
            raise _refused("wrong-type", f"`{value.text[:40]}` is not a value", value.help,
                           places[VALUE if key == FACT else key])
    return facts


def _account(values: Mapping[str, Any], places: RecordPlaces) -> str:
    value = values.get(ID)
    account = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not account:
        if ID not in values and not {FACT, RETRACT, FACTS, EVENT} & set(values):
            raise _refused("bad-line", "a line without a fact or an event", _EXAMPLE, places.start())
        raise _refused("missing-account-id", "a line without `account_id`", "say which account it is about",
                       places[ID] if ID in values else places.start())
    return account


def _known(values: Mapping[str, Any], places: Places, key: str) -> None:
    for name in values:
        if name not in _SHAPES[key]:
            raise _refused("unknown-key", f"a line with `{key}` has no `{name[:40]}`",
                           did_you_mean(name, _SHAPES[key], "keys"), places[name])


def _day(value: Any, places: Places) -> date:
    try:
        return parse_date(value.strip() if isinstance(value, str) else "")
    except BadLiteral as error:
        raise _refused("bad-date", f"`{value}` is not a date", str(error), places[DAY]) from None


def _review(values: Mapping[str, Any], places: Places) -> bool:
    value = values.get(REVIEW, False)
    if not isinstance(value, bool):
        raise _refused("bad-line", "`review` is neither true nor false", "give `true` where a review is over",
                       places[REVIEW])
    return value


def _refused(code: str, message: str, cure: str, span: Span) -> FactError:
    return FactError([Diagnostic(code, message, cure, span)])

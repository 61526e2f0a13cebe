"""Dated events from outside: checked against what the rulesets declare, in one order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from samrules.decision.events import Event
from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.errors import FactError
from samrules.inputs.facts import ID, BadValue, convert, mappings
from samrules.model.ruleset import EventType, Fact
from samrules.model.types import Kind, Type

EVENT, DATE, REFERENCE = "event", "date", "reference"
"""A `reference` is read by no measure: it tells events apart that are alike in all else."""
_DAY = Fact(DATE, Type(Kind.DATE))
_KIND = Fact(EVENT, Type(Kind.TEXT))


@attrs.define
class Reader:
    """Reads events one at a time; problems are gathered, not raised.

    `latest` is the last day on which something can have happened: an event after it is an error.
    `strangers` are columns that the kind of event they stand beside does not declare.
    """

    kinds: Mapping[str, EventType]
    latest: date
    textual: bool = False
    problems: list[Diagnostic] = attrs.field(factory=list)
    strangers: dict[str, None] = attrs.field(factory=dict)
    unknown: dict[str, int] = attrs.field(factory=dict)
    """Kinds of events that nothing declares, and how often they were met."""
    seen: dict[tuple[str, object], str] = attrs.field(factory=dict)

    def read(self, given: Mapping[str, Any], account: str, where: str,
             spans: Mapping[str, Span] | None = None) -> Event | None:
        """The event, or None where something is wrong with it."""
        before = len(self.problems)

        def wrong(code: str, message: str, cure: str, column: str = EVENT) -> None:
            span = spans.get(column) if spans else None
            self.problems.append(Diagnostic(code, message, cure, span, where=where))

        def value(column: str, fact: Fact) -> Any:
            try:
                return convert(given.get(column), fact, textual=self.textual)
            except BadValue as bad:
                wrong(bad.code, f"`{column}`: {bad.message}", bad.help, column)
                return None

        name, day = value(EVENT, _KIND), value(DATE, _DAY)
        kind = self.kinds.get(str(name).strip()) if name is not None else None
        if name is None and len(self.problems) == before:
            wrong("bad-event", "an event without its kind", "name the kind of event in `event`")
        elif kind is None and name is not None:
            self.unknown[str(name)] = self.unknown.get(str(name), 0) + 1
            if self.unknown[str(name)] > 1:
                return None  # said once
            wrong("bad-event", f"no ruleset in use declares the event `{name}`",
                  did_you_mean(str(name), self.kinds, "events") + ", or declare it under `events`")
        if day is None and len(self.problems) == before:
            wrong("bad-event", "an event without a date", "give the day on which it happened", DATE)
        elif day is not None and day > self.latest:
            wrong("bad-event", f"an event on {day}, after {self.latest}",
                  "an event is something that has happened; correct the date, or leave it out", DATE)
        fields = {}
        for field in kind.fields if kind is not None else ():
            if (found := value(field.name, field)) is not None:
                fields[field.name] = found
        if kind is not None:
            declared = {f.name for f in kind.fields} | {ID, EVENT, DATE, REFERENCE}
            self.strangers |= {c: None for c, v in given.items() if c not in declared and v not in (None, "")}
        if len(self.problems) > before or kind is None or not isinstance(day, date):
            return None
        event = Event(day, kind.name, fields)
        key = (account, (event.order, str(sorted((k, str(v)) for k, v in given.items()))))
        if key in self.seen:
            wrong("bad-event", f"the same event twice; first in {self.seen[key]}",
                  "keep one, or tell them apart by a column `reference`")
            return None
        self.seen[key] = where
        return event


def account_events(given: Iterable[Mapping[str, Any]], kinds: Mapping[str, EventType], account: str,
                   latest: date) -> tuple[tuple[Event, ...], tuple[str, ...]]:
    """Events passed from Python, in order, and the names in them that nothing declares.

    Each is a mapping with `event`, `date` and its fields.

    Raises FactError with every problem.
    """
    reader = Reader(kinds, latest)
    found = []
    for number, event in enumerate(mappings(given, "events"), start=1):
        where = f"account {account}, event {number}"
        owner = event.get(ID)
        if owner is not None and str(owner).strip() != account:
            reader.problems.append(Diagnostic(
                "bad-event", f"an event of the account `{owner}`", "pass the events of one account only",
                where=where))
            continue
        found.append(reader.read(event, account, where))
    if reader.problems:
        raise FactError(reader.problems)
    return in_order(e for e in found if e is not None), tuple(reader.strangers)


def in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda e: e.order))


def check_recorded(recorded: Collection[str], kinds: Mapping[str, EventType]) -> frozenset[str]:
    """The kinds of events said to be recorded. Raises FactError for one that nothing declares."""
    if isinstance(recorded, str):
        raise FactError([Diagnostic("bad-event", "`recorded` is one text", f"pass a list: [{recorded!r}]",
                                    where="recorded")])
    unknown: Sequence[str] = [k for k in recorded if k not in kinds]
    if unknown:
        raise FactError([Diagnostic("bad-event", f"no ruleset in use declares the event `{k}`",
                                    did_you_mean(k, kinds, "events"), where="recorded") for k in unknown])
    return frozenset(recorded)

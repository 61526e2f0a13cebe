"""What is said of an account, checked: facts like those of an account, events like events."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import attrs

from samrules.decision.events import Event
from samrules.diagnostics import Diagnostic, Span
from samrules.errors import FactError
from samrules.inputs.events import DATE, EVENT, Reader
from samrules.inputs.facts import ID, BadValue, convert
from samrules.model.ruleset import EventType, Fact
from samrules.model.types import Value
from samrules.rules import decision_date

Mark = str
"""What tells one event from another: a hash over the event and what else was said of it."""
Places = Mapping[str, Span]


@attrs.frozen
class Accepted:
    """Checked facts (None: retracted) and events, the events' marks, and names that nothing declares."""

    facts: Mapping[str, Value | None] = attrs.field(factory=dict)
    events: tuple[Event, ...] = ()
    marks: frozenset[Mark] = frozenset()
    undeclared: tuple[str, ...] = ()


def accepted_facts(given: Mapping[str, Any], declared: Mapping[str, Fact], account: str,
                   places: Places | None = None) -> Accepted:
    """Facts that are said of an account. Raises FactError with every problem.

    `places` are those of the values in a text; without them problems are placed by the fact's name.
    """
    if not isinstance(given, Mapping):
        raise FactError([Diagnostic("wrong-type", f"facts are a mapping, not {type(given).__name__}",
                                    "pass a dictionary of fact names to values", where="facts")])
    facts: dict[str, Value | None] = {}
    problems, undeclared = [], []
    for name, value in given.items():
        fact = declared.get(name)
        if fact is None:
            undeclared.append(str(name))
            continue
        try:
            converted = convert(value, fact)
        except BadValue as bad:
            problems.append(_of_fact(name, bad.code, bad.message, bad.help, places))
            continue
        if name != ID:
            facts[name] = converted
        elif converted != account:
            problems.append(_of_fact(name, "other-account", f"the account here is `{account}`",
                                     "say of each account what is its own", places))
    if problems:
        raise FactError(problems)
    return Accepted(facts, undeclared=tuple(undeclared))


def _of_fact(name: str, code: str, message: str, cure: str, places: Places | None) -> Diagnostic:
    if places is None:
        return Diagnostic(code, message, cure, where=f"fact `{name}`")
    return Diagnostic(code, f"`{name}`: {message}", cure, places[name])


def accepted_event(given: Mapping[str, Any], kinds: Mapping[str, EventType], account: str, day: date,
                   marks: Iterable[Mark], places: Places | None = None) -> Accepted:
    """An event that is said to have happened. `marks` are those of the events observed before.

    Raises FactError with every problem, and where it is the same event twice.
    """
    if not isinstance(given, Mapping):
        raise FactError([Diagnostic("wrong-type", f"an event is a mapping, not {type(given).__name__}",
                                    "pass a dictionary with `event`, `date` and its fields", where="event")])
    where = f"event `{given.get(EVENT)}`" if given.get(EVENT) is not None else "event"
    owner = given.get(ID)
    if owner is not None and str(owner).strip() != account:
        raise FactError([Diagnostic("bad-event", f"an event of the account `{owner}`",
                                    f"this is the session of the account `{account}`", where=where)])
    reader = Reader(kinds, max(day, date.today()))
    event = reader.read(given, account, where, places)
    if event is None:
        raise FactError(reader.problems)
    mark = mark_of(event, given, kinds)
    if mark in marks:
        raise FactError([Diagnostic("bad-event", "the same event twice",
                                    "leave it out, or tell the two apart by a column such as a reference",
                                    places.get(EVENT) if places else None, where=where)])
    return Accepted({}, (event,), frozenset({mark}), tuple(reader.strangers))


def mark_of(event: Event, given: Mapping[str, Any], kinds: Mapping[str, EventType]) -> Mark:
    """Two events are the same when all that is declared of them is, and all else that was said."""
    declared = {ID, EVENT, DATE, *(f.name for f in kinds[event.type].fields)}
    more = sorted((str(k), str(v)) for k, v in given.items() if k not in declared and v not in (None, ""))
    text = json.dumps([repr(event.order), more], ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def marks_of(given: Iterable[Mapping[str, Any]], kinds: Mapping[str, EventType], account: str) -> set[Mark]:
    """The marks of events that were checked already."""
    reader = Reader(kinds, date.max)
    read = ((reader.read(event, account, EVENT), event) for event in given)
    return {mark_of(event, raw, kinds) for event, raw in read if event is not None}


def later_day(as_of: date, present: date, *, review: bool = False) -> date:
    """The day to go on to. Raises FactError where it is no date, or not later."""
    day = decision_date(as_of)
    if day < present:
        raise FactError([Diagnostic("bad-date", f"{day} is before {present}, the day that is decided for",
                                    "go on to a later day, or begin anew for an earlier one", where="as_of")])
    if review and day == present:
        raise FactError([Diagnostic("bad-history", f"a review of {day} on the same day",
                                    "a review counts as an earlier one from the next day on", where="as_of")])
    return day


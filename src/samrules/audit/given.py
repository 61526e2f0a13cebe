"""What was given of an account, as a record holds it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from samrules.decision.decision import as_json
from samrules.decision.events import Event
from samrules.engines.measures import Record as Happened
from samrules.inputs.facts import BadValue, convert
from samrules.model.ruleset import Fact
from samrules.model.types import Value
from samrules.rules import Given, Rules


def given_as_data(given: Given) -> dict[str, Any]:
    """The facts, the reviews before the day, and the events, as JSON-ready data."""
    return {
        "facts": _plain(given.facts),
        "history": [{"date": day.isoformat(), "facts": _plain(facts)} for day, facts in given.history if day < given.as_of],
        "recorded": sorted(given.record.recorded),
        "events": [{"date": e.day.isoformat(), "event": e.type, "fields": _plain(e.fields)} for e in given.record.events],
    }


def given_of_data(body: Mapping[str, Any], rules: Rules) -> Given:
    """The same from a record. Raises ValueError where it does not go with the ruleset."""
    try:
        events = tuple(Event(date.fromisoformat(e["date"]), e["event"],
                             _typed(e["fields"], {f.name: f for f in rules.events[e["event"]].fields})) for e in body["events"])
        reviews = tuple((date.fromisoformat(r["date"]), _typed(r["facts"], rules.facts)) for r in body["history"])
        return Given(_typed(body["facts"], rules.facts), date.fromisoformat(body["as_of"]), reviews,
                     Happened(events, frozenset(body["recorded"])), ())
    except BadValue as error:
        raise ValueError(error.message) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the record has not what the ruleset declares: {error}") from None


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: as_json(values[name]) for name in sorted(values)}


def _typed(values: Mapping[str, Any], declared: Mapping[str, Fact]) -> dict[str, Value]:
    found = {name: convert(value, declared[name]) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}

"""A watch to a state file and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from samrules.decision.decision import as_json
from samrules.decision.events import Event
from samrules.diagnostics import Diagnostic, listed
from samrules.engines.measures import Record
from samrules.errors import FactError
from samrules.inputs.facts import ID, BadValue, convert
from samrules.model.ruleset import Fact
from samrules.model.types import Value
from samrules.rules import Rules
from samrules.sessions.journal import Contents, Entry
from samrules.sessions.lines import read_line
from samrules.sessions.watch import Kept, Told, Watch


def header_of(watch: Watch) -> Entry:
    """What a state file says of the watch as a whole."""
    rules = watch.rules
    return {"ruleset": {"name": rules.name, "version": rules.version, "digest": rules.digest},
            "recorded": sorted(watch.recorded), "as_of": watch.day.isoformat()}


def accounts_of(watch: Watch) -> Iterator[Entry]:
    """Each account as a state file holds it."""
    for kept in watch.accounts.values():
        yield {
            "facts": _plain(kept.given),
            "events": [[e.day.isoformat(), e.type, _plain(e.fields)] for e in kept.record.events],
            "recorded": sorted(kept.record.recorded),
            "reviews": [[day.isoformat(), _plain(facts)] for day, facts in kept.reviews],
            "marks": sorted(kept.marks),
        }


def check_state(contents: Contents, rules: Rules, path: Path) -> None:
    """Raises FactError where another ruleset, or another version of it, made the state."""
    made = contents.header.get("ruleset", {})
    if made.get("digest") == rules.digest:
        return
    by = f"the ruleset `{made.get('name')}` {made.get('version')}"
    if (made.get("name"), made.get("version")) == (rules.name, rules.version):
        by += " as it was then"
    raise FactError([Diagnostic(
        "bad-state", f"the state was made by {by}, not by `{rules.name}` {rules.version} as it is now",
        "watch with the ruleset that made it, or begin a new state file", where=str(path))])


def resumed(contents: Contents, rules: Rules, path: Path) -> tuple[Watch, list[tuple[int, Told]]]:
    """The watch that a state file holds, and what its last lines changed and nobody may have been told of.

    Raises FactError where what the file holds does not go with the ruleset.
    """
    check_state(contents, rules, path)
    try:
        header = contents.header
        watch = Watch(rules, date.fromisoformat(header["as_of"]), header["recorded"])
        for entry in contents.accounts:
            kept = _kept(entry, rules)
            watch.accounts[str(kept.given[ID])] = kept
        told: list[tuple[int, Told]] = []
        for place, (number, text) in enumerate(contents.lines):
            line = read_line(text.encode("utf-8", "surrogatepass"), number)
            assert line is not None
            if place < contents.told:
                watch.keep(line)
            else:
                told += [(number, one) for one in watch.take(line)]
    except (KeyError, TypeError, ValueError, BadValue) as error:
        raise FactError([Diagnostic("bad-state", f"the file holds what no watch wrote: {listed([str(error)])}",
                                    "go on from a copy of it, or from a new file", where=str(path))]) from None
    return watch, told


def _kept(entry: Entry, rules: Rules) -> Kept:
    events = tuple(Event(date.fromisoformat(day), kind, _typed(fields, {f.name: f for f in rules.events[kind].fields}))
                   for day, kind, fields in entry["events"])
    reviews = tuple((date.fromisoformat(day), _typed(facts, rules.facts)) for day, facts in entry["reviews"])
    return Kept(_typed(entry["facts"], rules.facts), Record(events, frozenset(entry["recorded"])), reviews,
                set(entry["marks"]))


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: as_json(value) for name, value in values.items()}


def _typed(values: Mapping[str, Any], declared: Mapping[str, Fact]) -> dict[str, Value]:
    found = {name: convert(value, declared[name]) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}

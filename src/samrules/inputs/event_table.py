"""A table of events to the record of each account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import attrs

from samrules.decision.events import Event
from samrules.diagnostics import NAMES_SHOWN, Diagnostic, did_you_mean, listed, nearest
from samrules.inputs.events import DATE, EVENT, Reader, in_order
from samrules.inputs.facts import ID
from samrules.inputs.json_table import Refused
from samrules.inputs.rows import MOST_PROBLEMS, Row, Table
from samrules.model.ruleset import EventType


@attrs.frozen
class Events:
    """The events of each account, in order, and the kinds that the table records at all.

    A kind that stands nowhere in the table is not recorded: what counts it is missing, not zero.
    """

    of: Mapping[str, tuple[Event, ...]]
    recorded: frozenset[str]
    problems: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...]


NO_EVENTS = Events({}, frozenset(), (), ())


def read_events(table: Table, kinds: Mapping[str, EventType], accounts: Mapping[str, object],
                as_of: date) -> Events:
    """Every event of a table, with every problem. Events of accounts that are not asked about are
    counted in a warning; an event after today, or after `as_of` where that is later, is an error."""
    missing = [c for c in (ID, EVENT, DATE) if c not in table.columns]
    if missing:
        return Events({}, frozenset(), tuple(table.shown([*table.problems, *_columns(table, missing)])), ())
    reader = Reader(kinds, max(as_of, date.today()), textual=table.textual)
    found: dict[str, list[Event]] = {}
    recorded: set[str] = set()
    strangers: dict[str, int] = {}
    for row in table.rows:
        if len(reader.problems) >= MOST_PROBLEMS:
            break
        account = _account(row)
        if not account:
            reader.problems.append(Diagnostic(
                "missing-account-id", "an event without `account_id`", "say whose event it is",
                row.places[ID] if row.places else None, where=table.where(row)))
            continue
        values = {c: v.text if isinstance(v, Refused) else v for c, v in row.values.items()}
        event = reader.read(values, account, table.where(row), row.places)
        if event is None:
            continue
        recorded.add(event.type)
        if account in accounts:
            found.setdefault(account, []).append(event)
        else:
            strangers[account] = strangers.get(account, 0) + 1
    problems = table.shown([*table.problems, *reader.problems])
    warnings = [*_undeclared(table, reader), *_unmatched(table, strangers)]
    records = {account: in_order(events) for account, events in found.items()}
    return Events(records, frozenset(recorded), tuple(problems), tuple(warnings))


def _account(row: Row) -> str:
    value = row.values.get(ID)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _columns(table: Table, missing: list[str]) -> list[Diagnostic]:
    start = table.start()
    return [
        Diagnostic("missing-account-id" if column == ID else "bad-event", f"the table has no column `{column}`",
                   did_you_mean(column, table.columns, "columns"), start,
                   where=None if start else table.name)
        for column in missing
    ]


def _undeclared(table: Table, reader: Reader) -> list[Diagnostic]:
    """One warning for all columns that the kinds of event beside them do not declare."""
    if not reader.strangers:
        return []
    fields = {f.name for kind in reader.kinds.values() for f in kind.fields}
    said = []
    for column in list(reader.strangers)[:NAMES_SHOWN]:
        near = nearest(column, fields)
        said.append(f"`{column}` (did you mean `{near}`?)" if near and near != column else f"`{column}`")
    more = f" and {len(reader.strangers) - len(said)} more" if len(reader.strangers) > len(said) else ""
    return [Diagnostic("undeclared-fact", f"no measure can read the columns {', '.join(said)}{more} of these events",
                       "declare them under the `fields` of the event, or ignore this", where=table.name)]


def _unmatched(table: Table, strangers: Mapping[str, int]) -> list[Diagnostic]:
    if not strangers:
        return []
    count = sum(strangers.values())
    events = "1 event is" if count == 1 else f"{count:,} events are"
    return [Diagnostic("unmatched-history", f"{events} of accounts that are not in the table: "
                       f"{listed(list(strangers))}",
                       "check the ids if these accounts should be decided; else ignore this", where=table.name)]

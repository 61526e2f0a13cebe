"""Decisions made again from their records, and what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs

from samrules.audit.database import Query
from samrules.audit.given import given_of_data
from samrules.audit.parts import parts_of
from samrules.audit.record import Kind, Record
from samrules.decision.decision import Decision
from samrules.diagnostics import Diagnostic
from samrules.engines.outcome import INTERPRETER
from samrules.errors import EngineError, LedgerError, SamrulesError
from samrules.rules import Rules, check_engine

if TYPE_CHECKING:
    from samrules.audit.ledger import Ledger

KEPT = 100
"""Differences that are kept; the others are counted."""


@attrs.frozen
class Change:
    """A part of a decision that is another now: its path, as recorded and as decided again; None where it is not there."""

    path: str
    recorded: Any
    now: Any


@attrs.frozen
class Difference:
    """A record that does not come out the same: what changed, or why it cannot be decided at all."""

    record: Record
    changes: tuple[Change, ...]
    problem: str | None = None


@attrs.frozen
class Replay:
    """What came of deciding again.

    Attributes:
        decisions: how many were decided again; `same` of them came out the same.
        differences: those that did not, at most a hundred.
    """

    decisions: int
    same: int
    differences: tuple[Difference, ...]
    first: date | None = None
    last: date | None = None
    rulesets: int = 0

    @property
    def ok(self) -> bool:
        return self.decisions == self.same


def replay(ledger: Ledger, query: Query, engine: str | None) -> Replay:
    if engine is not None:
        check_engine(engine)
    decisions = same = 0
    kept: list[Difference] = []
    days: list[date] = []
    digests = set()
    for record, difference in replayed(ledger, query, engine):
        decisions += 1
        digests.add(record.digest)
        day = record.as_of
        if day is not None:
            days = [min(day, *days), max(day, *days)] if days else [day, day]
        if difference is None:
            same += 1
        elif len(kept) < KEPT:
            kept.append(difference)
    first, last = days or (None, None)
    return Replay(decisions, same, tuple(kept), first, last, len(digests))


def replayed(ledger: Ledger, query: Query, engine: str | None) -> Iterator[tuple[Record, Difference | None]]:
    """Each decision with what differs, in order of the records."""
    together: dict[int, Decision | str] = {}
    batch = None
    for record in ledger.database.records(query):
        if record.batch is None or record.batch.id != batch or record.seq not in together:
            batch = record.batch.id if record.batch is not None else None
            together = _decided(ledger, record, engine)
        found = together[record.seq]
        if isinstance(found, str):
            yield record, Difference(record, (), found)
        else:
            changes = changed(record, found)
            yield record, Difference(record, changes) if changes else None


def again(ledger: Ledger, record: Record) -> Decision:
    """Raises LedgerError."""
    if record.kind is not Kind.DECISION:
        raise LedgerError([Diagnostic("no-such-record", f"record {record.seq} holds no decision", "give the number of a decision",
                                      where=f"record {record.seq}")])
    found = _decided(ledger, record, None)[record.seq]
    if isinstance(found, str):
        raise LedgerError([Diagnostic("bad-ledger", f"the decision cannot be made again: {found}",
                                      "`samrules audit verify` tells whether the record holds", where=f"record {record.seq}")])
    return found


def changed(record: Record, now: Decision) -> tuple[Change, ...]:
    """What differs between a decision on record and the same decided again. Which engine decided does not matter."""
    before = _flat(record.decision or {})
    after = _flat(json.loads(json.dumps(now.to_dict())))
    return tuple(Change(path, before.get(path), after.get(path)) for path in {**before, **after}
                 if path != "engine" and (path not in before or path not in after or before[path] != after[path]))


def _flat(decision: dict[str, Any]) -> dict[str, Any]:
    return {path.removeprefix("decision/"): value for path, value in parts_of({"decision": decision})}


def _alone(rules: Rules, record: Record, engine: str | None) -> Decision:
    given = given_of_data(record.body, rules)
    return rules.decide_checked(given.facts, given.as_of, given.history, given.record, _engine(engine or record.body["engine"]))


def _decided(ledger: Ledger, record: Record, engine: str | None) -> dict[int, Decision | str]:
    """The decision of a record, and of those made together with it, by number; or why it cannot be made."""
    records: tuple[Record, ...] = (record,)
    try:
        rules = ledger.rules(str(record.digest))
        if not rules.together:
            return {record.seq: _alone(rules, record, engine)}
        records = ledger.batch(record)
        portfolio = rules.choose([_alone(rules, r, engine) for r in records], given_of_data(record.body, rules).as_of)
        return {r.seq: decision for r, decision in zip(records, portfolio.decisions, strict=True)}
    except SamrulesError as error:
        said = error.diagnostics[0].message
    except (ValueError, KeyError) as error:
        said = str(error)
    return {r.seq: said for r in records}


@cache
def _engine(name: str) -> str:
    """The engine, or the interpreter where it cannot run here: all of them say the same."""
    try:
        check_engine(name)
    except EngineError:
        return INTERPRETER
    return name

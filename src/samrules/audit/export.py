"""A ledger as lines of JSON, chosen facts masked, and still verifiable by anyone.

Of a masked part the commitment stands there, and no salt: what it was cannot be found by trying values. Of a
record that is masked whole, one hash stands for all parts. Either way the record's hash is what it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from samrules.audit.parts import as_text, commitment, key_of, parts_of, salt_of
from samrules.audit.record import (
    Batch,
    Columns,
    Kind,
    Record,
    chained,
    columns_of,
    parts_hash,
    stamp,
)
from samrules.audit.verify import Broken, Finding, Verification, Walk
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import LedgerError
from samrules.inputs.facts import ID
from samrules.plan.plan import PlannedDecision, Shown

if TYPE_CHECKING:
    from samrules.audit.ledger import Ledger
    from samrules.rules import Rules

SCHEMA = "samrules.ledger-export/1"
_SAID = ("by", "reason")
"""Of overrides: what may be masked besides facts and events."""
_NAME = "account_name"


def lines(ledger: Ledger, account: str | None, mask: Collection[str]) -> Iterator[str]:
    """Raises LedgerError, at once, where nothing on record has a name that shall be masked."""
    masks = _Masks(ledger, frozenset(mask))
    head = ledger.head
    header = {"schema": SCHEMA, "records": head.records, "head": head.hash, "masked": sorted(mask),
              **({"account": account} if account is not None else {})}
    return _lines(ledger, header, head.records, account, masks)


def _lines(ledger: Ledger, header: dict[str, Any], upto: int, account: str | None, masks: _Masks) -> Iterator[str]:
    from samrules.audit.database import Query

    yield as_text(header) + "\n"
    for record in ledger.database.records(Query(upto=upto)):
        yield as_text(_line(record, account, masks)) + "\n"


def _line(record: Record, account: str | None, masks: _Masks) -> dict[str, Any]:
    body = record.body
    found: dict[str, Any] = {"seq": record.seq, "at": stamp(record.at), "kind": str(record.kind),
                             "batch": str(record.batch) if record.batch else None, "prev": record.prev, "hash": record.hash}
    others = account is not None and record.account is not None and record.account != account
    closed = set() if others else masks.of(record)
    parts: list[dict[str, str]] = []
    committed: list[tuple[str, str]] = []
    for path, value in parts_of(body):
        salt, text = salt_of(record.secret, path), as_text(value)
        committed.append((path, commitment(salt, path, text)))
        if path in closed:
            parts.append({"path": path, "masked": committed[-1][1]})
        else:
            parts.append({"path": path, "salt": salt, "json": text})
    return {**found, "masked": parts_hash(committed)} if others else {**found, "parts": parts}


# --- what is masked ------------------------------------------------------------------------------


class _Masks:
    """Which parts of a record say something of what shall be masked."""

    def __init__(self, ledger: Ledger, names: frozenset[str]) -> None:
        self.ledger, self.names = ledger, names
        self.by_digest: dict[str, _Ruleset] = {}
        if names:
            known: set[str] = set(_SAID)
            from samrules.audit.database import Query

            for record in ledger.database.records(Query(kinds=(Kind.RULESET,))):
                rules = ledger.rules(str(record.digest))
                known |= {*rules.facts, *rules.events}
                self.by_digest[str(record.digest)] = _Ruleset(rules, names)
            problems = [Diagnostic("no-such-name", f"nothing on record is called `{name}`", did_you_mean(name, known, "facts and events"),
                                   where="--mask") for name in sorted(names - known)]
            if problems:
                raise LedgerError(problems)

    def of(self, record: Record) -> set[str]:
        """The paths of a record's masked parts."""
        if not self.names or record.kind not in (Kind.DECISION, Kind.OVERRIDE, Kind.WITHDRAWAL):
            return set()
        ruleset = self.by_digest.get(str(record.digest))
        return {path for path, value in parts_of(record.body) if self._closed(path, value, ruleset)}

    def _closed(self, path: str, value: Any, ruleset: _Ruleset | None) -> bool:
        steps = path.split("/")
        last = key_of(steps[-1])
        if path == "account":
            return ID in self.names
        if path in _SAID:
            return path in self.names or (path == "reason" and ruleset is not None and ruleset.touched)
        if ruleset is None or not ruleset.touched:
            return False
        if steps[0] in ("facts", "history"):
            return last in ruleset.names
        if steps[0] == "events":
            return bool(value) and ruleset.hides_event(value)
        return steps[0] == "decision" and ruleset.hides(steps[1:], last, value)


@attrs.define(init=False)
class _Ruleset:
    """What the names to mask are to one ruleset: the facts, with those counted from masked events; the events, with
    those that masked facts are counted from."""

    names: frozenset[str]
    events: frozenset[str]
    fields: frozenset[str]
    computed: frozenset[tuple[str, str]]
    """Outputs whose values are calculated from facts: ruleset and name."""

    def __init__(self, rules: Rules, names: frozenset[str]) -> None:
        kinds = {n for n in names if n in rules.events}
        facts = {n for n in names if n in rules.facts}
        counting = {m.name: {*m.measure.of.events, *m.measure.since} for m in rules.plan.measures}
        hidden = kinds | {kind for name in facts for kind in counting.get(name, ())}
        self.events = frozenset(hidden)
        self.names = frozenset(facts | {name for name, of in counting.items() if of & hidden})
        self.fields = frozenset(facts)
        decisions = [d for d in (rules.plan.decision, *rules.plan.asked) if d is not None]
        self.computed = frozenset((d.ruleset, name) for d in decisions for name in _calculated(d))

    @property
    def touched(self) -> bool:
        return bool(self.names or self.events)

    @property
    def only_who(self) -> bool:
        """Whether only who the account is shall be masked, which no score rests on."""
        return self.names <= {ID, _NAME} and not self.events

    def hides_event(self, event: Any) -> bool:
        return event["event"] in self.events or bool(self.fields & event["fields"].keys())

    def hides(self, steps: list[str], last: str, value: Any) -> bool:
        """Whether a part of a decision is masked: what shows a masked fact, and what may show it in other words."""
        first = steps[0]
        if first == "account":
            return ID in self.names
        if last in ("because", "says", "facts_digest"):
            return True
        if first == "deciding_unknowns":
            return ID in self.names and any("@" in name for name in value)
        if first == "scores":
            return bool(value) and not self.only_who
        if first == "portfolio":
            return last == "cut_line" and bool(value) and (not self.only_who or ID in self.names)
        if "outputs" in steps[:-1]:
            return not self.only_who and any(name == last for _, name in self.computed)
        return isinstance(value, dict) and self._mentions(value)

    def _mentions(self, evidence: Mapping[str, Any]) -> bool:
        """Whether a condition that was tried is about a masked fact."""
        text = set(re.findall(r"\w+", str(evidence.get("condition", ""))))
        counted = [e for events in evidence.get("events", {}).values() for e in events]
        return bool(self.names & ({*evidence.get("facts", {})} | text)) or \
            any(e["event"] in self.events or self.fields & e.keys() for e in counted)


def _calculated(decision: PlannedDecision) -> set[str]:
    set_ = [pair for rule in decision.rules for pair in rule.outputs]
    return {name for name, value in (*decision.always, *set_) if isinstance(value, Shown)}


# --- verifying an export -------------------------------------------------------------------------


def verify_export(source: Iterable[str], *, head: str | None = None, key: Path | None = None) -> Verification:
    """Verify the lines of an export: all that is shown is what was recorded, and no record is missing.

    Raises LedgerError where the lines are no export at all.
    """
    walk = Walk(head, key)
    given = iter(source)
    header = _header(next(given, ""))
    finding, masked = None, 0
    try:
        for line in given:
            if not line.strip():
                continue
            if walk.seq >= header["records"]:
                raise Broken("there are more records than the first line says")
            record, body, hidden = _read(line, walk.seq + 1, walk.hash)
            masked += hidden
            walk.step(record, body)
        if (walk.seq, walk.hash) != (header["records"], header["head"]):
            raise Broken(f"it is missing; the first line says that there are {header['records']} records, the last with the hash {header['head']}")
    except Broken as error:
        finding = Finding(walk.seq + 1, str(error))
    return walk.ended(finding, (), masked)


def is_export(path: Path) -> bool:
    """Whether a file looks like an export, and not like a database."""
    try:
        with path.open("rb") as stream:
            return stream.read(1) == b"{"
    except OSError:
        return False


def _header(line: str) -> dict[str, Any]:
    try:
        header = json.loads(line)
        if isinstance(header, dict) and header.get("schema") == SCHEMA and isinstance(header["records"], int) \
                and isinstance(header["head"], str):
            return header
        said = str(header.get("schema")) if isinstance(header, dict) and "schema" in header else ""
    except (ValueError, KeyError, RecursionError):
        said = ""
    about = f"it has the schema `{said[:80]}`" if said else "its first line does not say so"
    raise LedgerError([Diagnostic("bad-ledger", f"this is no export of a ledger of the schema `{SCHEMA}`: {about}",
                                  "give a file that `samrules audit export` wrote", where="the export")])


def _read(line: str, seq: int, prev: str) -> tuple[Record, dict[str, Any] | None, int]:
    """A line as a record whose hash is right, its body where nothing of it is masked, how many parts are. Raises Broken."""
    try:
        found = json.loads(line)
        if found["seq"] != seq:
            raise Broken(f"it is missing; the next is record {found['seq']}")
        if found["prev"] != prev:
            raise Broken("it does not follow the record before it")
        shown: list[tuple[str, str]] = []
        hidden = 0
        if "parts" in found:
            committed = []
            for part in found["parts"]:
                if "masked" in part:
                    committed.append((part["path"], part["masked"]))
                    hidden += 1
                else:
                    committed.append((part["path"], commitment(part["salt"], part["path"], part["json"])))
                    shown.append((part["path"], part["json"]))
            whole = parts_hash(committed)
        else:
            whole, hidden = found["masked"], 1
        if chained(seq, found["at"], found["kind"], found["batch"], prev, whole) != found["hash"]:
            raise Broken("its hash is not that of its contents")
        body = None if hidden else _body(shown)
        record = Record(seq, datetime.fromisoformat(found["at"]), Kind(found["kind"]),
                        Batch.parse(found["batch"]) if found["batch"] is not None else None, prev, found["hash"],
                        as_text(body or {}), columns_of(body) if body else Columns(None, None, None, None, None), "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Broken("the line is not as it was written") from None
    return record, body, hidden


def _body(parts: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A body from all its parts. Raises ValueError."""
    root: dict[str, Any] = {}
    for path, text in parts:
        *way, last = path.split("/")
        node: Any = root
        for place, step in enumerate(way, start=1):
            node = _inside(node, step, [] if path.split("/")[place].startswith("#") else {})
        _inside(node, last, json.loads(text))
    return root


def _inside(node: Any, step: str, value: Any) -> Any:
    """What lies at a step, `value` where nothing does yet."""
    if isinstance(node, list):
        place = int(step.removeprefix("#"))
        if place == len(node):
            node.append(value)
        return node[place]
    return node.setdefault(key_of(step), value)

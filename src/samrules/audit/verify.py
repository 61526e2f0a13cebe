"""Whether a ledger holds: every record is what was written, and follows the one before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from samrules.audit.database import Database, Unusable, as_record
from samrules.audit.parts import as_text, commitments
from samrules.audit.record import START, Batch, Kind, Record, chained, columns_of, parts_hash
from samrules.audit.signing import PublicKey
from samrules.errors import LedgerError


@attrs.frozen
class Finding:
    """Something that does not hold: at which record, where it is one, and what."""

    seq: int | None
    what: str

    def __str__(self) -> str:
        return f"record {self.seq}: {self.what}" if self.seq is not None else self.what


@attrs.frozen
class Verification:
    """What was found.

    Attributes:
        records: how many records hold, from the first on; `hash` is that of the last of them.
        first, last: when the first and the last of them were written.
        counts: how many of each kind.
        finding: the first record that does not hold, and why; None where all do.
        more: what else is not as it should be.
        signed: up to which record signatures by the given key reach; None where no key was given.
        checkpoints: how many checkpoints there are, by any key.
        masked: parts of an export that are masked.
    """

    records: int
    hash: str
    first: datetime | None
    last: datetime | None
    counts: Mapping[str, int]
    finding: Finding | None
    more: tuple[Finding, ...] = ()
    signed: int | None = None
    checkpoints: int = 0
    masked: int = 0

    @property
    def ok(self) -> bool:
        return self.finding is None and not self.more

    @property
    def findings(self) -> tuple[Finding, ...]:
        return ((self.finding,) if self.finding else ()) + self.more


class Broken(Exception):
    """A record does not hold."""


class Walk:
    """Follows a chain from its first record; `step` raises Broken at the first that does not hold."""

    def __init__(self, head: str | None, key: Path | None) -> None:
        self.seq, self.hash = 0, START
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.counts: Counter[str] = Counter()
        self.digests: set[str] = set()
        self.batch: Batch | None = None
        self.public = PublicKey(key) if key is not None else None
        self.signed = 0
        self.wanted_seq, self.wanted = _wanted(head)
        self.met = head is None

    def step(self, record: Record, body: dict[str, Any] | None) -> None:
        """Take in a record of which the hash was found right. `body` is None where parts of it are masked."""
        kind = record.kind
        if (self.seq == 0) != (kind is Kind.LEDGER):
            raise Broken("a ledger begins with a record of the kind `ledger`, and has one such")
        self._batch(record)
        if body is not None:
            self._body(record, body)
        self.seq, self.hash, self.last = record.seq, record.hash, record.at
        self.first = self.first or record.at
        self.counts[str(kind)] += 1
        if record.hash == self.wanted and self.wanted_seq in (None, record.seq):
            self.met = True

    def _batch(self, record: Record) -> None:
        """Decisions made together stand one after the other."""
        due, batch = self.batch, record.batch
        if due is not None and (batch is None or (batch.id, batch.place, batch.size) != (due.id, due.place + 1, due.size)):
            raise Broken(f"a decision is missing: the one before it is {due.place} of {due.size} made together")
        if batch is not None and due is None and batch.place != 1:
            raise Broken(f"it is {batch.place} of {batch.size} decisions made together, and those before it are missing")
        self.batch = batch if batch is not None and batch.place < batch.size else None

    def _body(self, record: Record, body: dict[str, Any]) -> None:
        if record.kind is Kind.RULESET:
            if record.digest in self.digests:
                raise Broken("the same ruleset is on record before")
            from samrules.audit.ledger import rules_of_record

            try:
                rules_of_record(record, "")
            except LedgerError as error:
                raise Broken(error.diagnostics[0].message) from None
            self.digests.add(str(record.digest))
        elif record.kind is Kind.DECISION and record.digest not in self.digests:
            raise Broken("the ruleset that decided is not on record before it")
        elif record.kind is Kind.CHECKPOINT:
            if (body.get("records"), body.get("head")) != (self.seq, self.hash):
                raise Broken("the checkpoint signs another record than the one before it")
            if self.public is not None and body.get("key") == self.public.name:
                if not self.public.verifies(body):
                    raise Broken("the signature is not that of the key")
                self.signed = self.seq

    def ended(self, finding: Finding | None, more: Iterable[Finding] = (), masked: int = 0) -> Verification:
        found = list(more)
        if finding is None and self.batch is not None:
            finding = Finding(self.seq, f"it is {self.batch.place} of {self.batch.size} decisions made together, and those after it are missing")
        if finding is None and self.seq == 0:
            finding = Finding(None, "there is no record at all")
        if finding is None and not self.met:
            place = f"record {self.wanted_seq} with that hash" if self.wanted_seq is not None else "record with that hash"
            found.append(Finding(None, f"the head that was kept is not in the ledger: there is no {place}. Records were cut off "
                                       "the end, or all were written anew"))
        if finding is None and self.public is not None and not self.signed:
            found.append(Finding(None, f"no checkpoint is signed with this key ({self.public.name})"))
        return Verification(self.seq, self.hash, self.first, self.last, dict(self.counts), finding, tuple(found),
                            self.signed if self.public is not None else None, self.counts[str(Kind.CHECKPOINT)], masked)


def verify(database: Database, head: str | None, key: Path | None) -> Verification:
    """Verify every record of a database. Raises LedgerError where it cannot be read at all, or the key cannot be."""
    walk = Walk(head, key)
    finding = None
    more = [Finding(None, f"what keeps records from being changed is gone or altered: `{name}`") for name in database.missing_guards()]
    try:
        for row in database.rows():
            try:
                record = checked(row, walk.seq + 1, walk.hash)
                walk.step(record, record.body)
            except Broken as error:
                finding = Finding(walk.seq + 1, str(error))
                break
        else:
            said = database.damage()
            more += [Finding(None, f"the file is damaged: {said}")] if said else []
    except LedgerError as error:
        finding = Finding(walk.seq + 1, f"it cannot be read: {error.diagnostics[0].message}")
    return walk.ended(finding, more)


def checked(row: dict[str, Any], seq: int, prev: str) -> Record:
    """A row as a record whose hash is right. Raises Broken."""
    try:
        record = as_record(row)
    except Unusable as error:
        raise Broken(f"it cannot be read: {error.why}") from None
    if record.seq != seq:
        raise Broken(f"it is missing; the next is record {record.seq}")
    try:
        body = json.loads(record.text)
        if not isinstance(body, dict) or as_text(body) != record.text:
            raise Broken("its contents are not as they were written")
        if columns_of(body) != record.columns:
            raise Broken("what stands beside its contents is not what they say")
        committed = parts_hash(commitments(body, record.secret))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Broken("its contents are not as they were written") from None
    if record.prev != prev:
        raise Broken("it does not follow the record before it")
    if chained(record.seq, row["at"], row["kind"], row["batch"], record.prev, committed) != record.hash:
        raise Broken("its hash is not that of its contents")
    return record


def _wanted(head: str | None) -> tuple[int | None, str | None]:
    """Number and hash of what was kept elsewhere: `records:sha256:…`, or the hash alone, with or without `sha256:`."""
    if head is None:
        return None, None
    number, _, rest = head.strip().partition(":")
    seq = int(number) if number.isdecimal() and len(number) < 19 and rest else None
    hash_ = rest if seq is not None else head.strip()
    return seq, hash_ if hash_.startswith("sha256:") else f"sha256:{hash_}"

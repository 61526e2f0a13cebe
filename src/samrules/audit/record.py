"""A record of a ledger: what it says, and the hash that chains it to the one before."""

from __future__ import annotations

import enum
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import attrs

from samrules.audit.parts import as_text, commitments

FORMAT = "samrules.ledger/1"
START = "sha256:" + "0" * 64
"""What stands for the hash of the record before the first."""


class Kind(enum.StrEnum):
    """What a record is."""

    LEDGER = "ledger"
    """The first one: the ledger was begun."""
    RULESET = "ruleset"
    """The files of a ruleset, with all it uses; before the first decision by it."""
    DECISION = "decision"
    OVERRIDE = "override"
    """A person puts another outcome in place of what was decided, until a day."""
    WITHDRAWAL = "withdrawal"
    """A person takes an override back."""
    CHECKPOINT = "checkpoint"
    """A signature under all records before it."""


@attrs.frozen
class Batch:
    """Where a decision stands among those that were decided together: `place` counts from 1 to `size`."""

    id: str
    place: int
    size: int

    def __str__(self) -> str:
        return f"{self.id}:{self.place}:{self.size}"

    @classmethod
    def parse(cls, text: str) -> Batch:
        """Raises ValueError."""
        id_, place, size = text.split(":")
        return cls(id_, int(place), int(size))


@attrs.frozen
class Draft:
    """A record that is not in a ledger yet."""

    kind: Kind
    text: str
    secret: str
    parts: str
    columns: Columns
    batch: Batch | None = None

    @classmethod
    def of(cls, kind: Kind, body: Mapping[str, Any], batch: Batch | None = None) -> Draft:
        secret = secrets.token_hex(16)
        return cls(kind, as_text(body), secret, parts_hash(commitments(body, secret)), columns_of(body), batch)


@attrs.frozen
class Columns:
    """What of a record's body stands beside it too, for looking records up."""

    account: str | None
    ruleset: str | None
    digest: str | None
    as_of: str | None
    outcome: str | None


def columns_of(body: Mapping[str, Any]) -> Columns:
    """Read off the body; raises KeyError, TypeError or AttributeError where it is none."""
    ruleset = body.get("ruleset") or {}
    outcome = body["decision"]["outcome"] if "decision" in body else body.get("outcome")
    account = body.get("account")
    return Columns(
        account=None if account is None else column_text(account),
        ruleset=ruleset.get("name"),
        digest=ruleset.get("digest"),
        as_of=body.get("as_of") or body.get("since"),
        outcome="; ".join(outcome) if isinstance(outcome, list) else outcome,
    )


def column_text(text: str) -> str:
    """A text as a column holds it: PostgreSQL knows no zero characters, and no database half a character."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def parts_hash(committed: Sequence[tuple[str, str]]) -> str:
    """One hash for all parts of a record: over path and commitment of each, in order."""
    return sha256(as_text(committed).encode()).hexdigest()


def chained(seq: int, at: str, kind: str, batch: str | None, prev: str, parts: str) -> str:
    """The hash of a record: over its place, its time, its kind, its parts and the hash of the record before it."""
    return "sha256:" + sha256(as_text([FORMAT, seq, at, kind, batch, prev, parts]).encode()).hexdigest()


def now() -> str:
    """The present as records have it: UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@attrs.frozen
class Record:
    """One record, as it stands in the ledger.

    Attributes:
        seq: its number, from 1 on without gaps.
        at: when it was written, as UTC.
        kind: what it is.
        batch: where it stands among decisions made together; None for a decision by itself.
        prev, hash: the hash of the record before, and its own.
        text: its body as stored; `body` is the same as data.
    """

    seq: int
    at: datetime
    kind: Kind
    batch: Batch | None
    prev: str
    hash: str
    text: str = attrs.field(repr=False)
    columns: Columns = attrs.field(repr=False)
    secret: str = attrs.field(repr=False)
    _body: list[dict[str, Any]] = attrs.field(factory=list, init=False, eq=False, repr=False)

    @property
    def body(self) -> dict[str, Any]:
        """What it says. Read only: a change changes no ledger."""
        if not self._body:
            self._body.append(json.loads(self.text))
        return self._body[0]

    @property
    def account(self) -> str | None:
        """The account it is about."""
        account: str | None = self.body.get("account")
        return account

    @property
    def account_name(self) -> str | None:
        """The account's name, where a decision knew it."""
        name = self.body.get("facts", {}).get("account_name")
        return name if isinstance(name, str) else None

    @property
    def ruleset(self) -> str | None:
        """The name of the ruleset; `version` and `digest` tell which of that name."""
        return self.columns.ruleset

    @property
    def version(self) -> str | None:
        version: str | None = (self.body.get("ruleset") or {}).get("version")
        return version

    @property
    def digest(self) -> str | None:
        return self.columns.digest

    @property
    def as_of(self) -> date | None:
        """The day decided for; of an override or a withdrawal, the first day it holds."""
        return date.fromisoformat(self.columns.as_of) if self.columns.as_of else None

    @property
    def expires(self) -> date | None:
        """The last day of an override."""
        until = self.body.get("expires")
        return date.fromisoformat(until) if until else None

    @property
    def outcome(self) -> str | tuple[str, ...] | None:
        """Of a decision or an override; a tuple under the hit policy `collect`."""
        body = self.body
        outcome = body["decision"]["outcome"] if "decision" in body else body.get("outcome")
        return tuple(outcome) if isinstance(outcome, list) else outcome

    @property
    def decision(self) -> dict[str, Any] | None:
        """The decision, schema `samrules.decision/1`; None of other kinds of record."""
        return self.body.get("decision")

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-ready data."""
        batch = {"id": self.batch.id, "place": self.batch.place, "size": self.batch.size} if self.batch else None
        return {"seq": self.seq, "at": stamp(self.at), "kind": str(self.kind), "batch": batch,
                "prev": self.prev, "hash": self.hash, **self.body}


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")

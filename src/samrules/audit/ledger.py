"""The ledger: decisions are appended to it, with all they rest on, and read from it again."""

from __future__ import annotations

import secrets
import threading
import warnings
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import attrs

from samrules.audit import effective as in_force
from samrules.audit import export, overrides, replay, signing, verify
from samrules.audit.database import Database, Query
from samrules.audit.effective import Effective
from samrules.audit.given import given_as_data
from samrules.audit.record import Batch, Draft, Kind, Record
from samrules.audit.replay import Replay
from samrules.audit.sources import identity, rules_of_data, ruleset_as_data
from samrules.audit.verify import Verification
from samrules.decision.decision import Decision
from samrules.diagnostics import Diagnostic
from samrules.engines.measures import Record as Happened
from samrules.errors import LedgerError, RulesetError, UndeclaredFactWarning
from samrules.inputs.accounts import Account
from samrules.inputs.facts import ID, REVIEW_DATE, by_account, mappings, review_history
from samrules.model.types import Value
from samrules.portfolio.portfolio import Portfolio
from samrules.rules import Given, Rules, check_engine, decision_date, undeclared_message
from samrules.version import __version__

CHUNK = 500
"""Decisions written in one transaction, where many are."""
_RULES_KEPT = 16


@attrs.frozen
class Head:
    """How many records a ledger has, and the hash of the last: whoever keeps this elsewhere can tell later
    whether records were cut off or changed."""

    records: int
    hash: str

    def __str__(self) -> str:
        return f"{self.records}:{self.hash}"


@attrs.frozen
class Decided:
    """A decision, and the record that holds it."""

    decision: Decision
    record: Record


@attrs.frozen
class DecidedTogether:
    """The decisions on all accounts of a portfolio, and the records that hold them, in the same order."""

    portfolio: Portfolio
    records: tuple[Record, ...]


class Ledger:
    """An open ledger. Made by `Ledger.open`; a context manager. Threads may share it, processes each open their own.

    Everything that writes returns when what it wrote is on the disk, and raises LedgerError where it is not.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rules: OrderedDict[str, Rules] = OrderedDict()
        self._on_record: set[str] = set()
        self._lock = threading.Lock()

    @classmethod
    def open(cls, target: str | Path, *, create: bool = False, read_only: bool = False) -> Ledger:
        """Open a ledger: the path of a file (SQLite), or the URL of a database (`postgresql://user@host/name`).

        Args:
            create: begin a ledger where there is none.
            read_only: refuse to write; the file is not touched.

        Raises LedgerError where there is no ledger, where it has another format, where it cannot be reached.
        """
        return cls(Database.open(target, create=create, read_only=read_only))

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Ledger {self._database.shown}>"

    @property
    def shown(self) -> str:
        """Where it lies, without a password."""
        return self._database.shown

    @property
    def head(self) -> Head:
        return Head(*self._database.head())

    # --- deciding on record ---

    def decide(self, rules: Rules, facts: Mapping[str, Any], *, events: Iterable[Mapping[str, Any]] | None = None,
               recorded: Collection[str] | None = None, history: Iterable[Mapping[str, Any]] = (),
               as_of: date | None = None, engine: str = "interpreter") -> Decided:
        """Decide one account as `Rules.decide` does, and put the decision on record.

        Raises what `Rules.decide` raises, and then records nothing; LedgerError where it cannot be recorded.
        """
        check_engine(engine)
        rules.must_decide_alone()
        given = rules.check_account(facts, events, recorded, history, decision_date(as_of))
        _tell_of(given.undeclared, rules)
        decision = _decided(rules, given, engine)
        return Decided(decision, self.record(rules, given, decision))

    def decide_portfolio(self, rules: Rules, accounts: Iterable[Mapping[str, Any]], *,
                         events: Iterable[Mapping[str, Any]] | None = None, recorded: Collection[str] | None = None,
                         history: Iterable[Mapping[str, Any]] | None = None, as_of: date | None = None,
                         engine: str = "interpreter") -> DecidedTogether:
        """Decide all accounts of a portfolio as `Rules.decide_portfolio` does, and put the decisions on record, all or none."""
        day = decision_date(as_of)
        all_given = mappings(accounts, "accounts")
        events = mappings(events, "events") if events is not None else None  # read twice
        history = mappings(history, "history")
        portfolio = rules.decide_portfolio(all_given, events=events, recorded=recorded, history=history, as_of=day, engine=engine)
        ids = [str(facts[ID]).strip() for facts in all_given]
        happened, _ = by_account(events, "events", "bad-event", ids)
        reviews, _ = by_account(history, "history", "bad-history", ids)
        given = [rules.check_account(facts, happened.get(i, []) if events is not None else None, recorded, reviews.get(i, ()), day)
                 for i, facts in zip(ids, all_given, strict=True)]
        return DecidedTogether(portfolio, self.record_together(rules, list(zip(given, portfolio.decisions, strict=True))))

    def record(self, rules: Rules, given: Given, decision: Decision) -> Record:
        """Put a decision on record that was made from `given` (`Rules.check_account`, or `given_of_account`)."""
        return self._append(rules, [_draft(rules, given, decision)])[0]

    def record_many(self, rules: Rules, decided: Iterable[tuple[Given, Decision]]) -> int:
        """Put decisions on record as they come, some hundred at a time; how many there were.

        Each batch that was written stays, whatever happens to those after it.
        """
        source, count = iter(decided), 0
        while chunk := [_draft(rules, given, decision) for given, decision in islice(source, CHUNK)]:
            self._append(rules, chunk)
            count += len(chunk)
        return count

    def record_together(self, rules: Rules, decided: Sequence[tuple[Given, Decision]]) -> tuple[Record, ...]:
        """Put decisions that were made together on record, all or none: replay will decide them together."""
        batch = secrets.token_hex(8)
        drafts = [_draft(rules, given, decision, Batch(batch, place, len(decided)))
                  for place, (given, decision) in enumerate(decided, start=1)]
        return tuple(self._append(rules, drafts)) if drafts else ()

    def _append(self, rules: Rules, drafts: Sequence[Draft]) -> list[Record]:
        """Append decisions, after their ruleset where it is not on record yet."""
        if rules.digest in self._on_record:
            return self._database.append(drafts)
        ruleset = Draft.of(Kind.RULESET, ruleset_as_data(rules))
        records = self._database.append([ruleset, *drafts])
        self._on_record.add(rules.digest)
        return records[-len(drafts):]

    # --- people ---

    def override(self, account: str, outcome: str | Sequence[str], *, by: str, reason: str, expires: date,
                 since: date | None = None, ruleset: str | None = None) -> Record:
        """Put another outcome in place of what was decided about an account, from `since` (today where it is not
        given) to `expires`, that day included. The decision stays as it is.

        Args:
            ruleset: whose decision; may be left out where only one ruleset has decided on the account.

        Raises LedgerError: nothing decided about the account, no such outcome, no name, no reason, an expiry
        before the beginning.
        """
        body = overrides.override_of(self, account, outcome, by=by, reason=reason, since=since or date.today(), expires=expires,
                                     ruleset=ruleset)
        return self._database.append([Draft.of(Kind.OVERRIDE, body)])[-1]

    def withdraw(self, override: int, *, by: str, reason: str, since: date | None = None) -> Record:
        """Take an override back, given by its number, from a day on (today where it is not given). Raises LedgerError."""
        body = overrides.withdrawal_of(self, override, by=by, reason=reason, since=since or date.today())
        return self._database.append([Draft.of(Kind.WITHDRAWAL, body)])[-1]

    def checkpoint(self, key: Path) -> Record:
        """Sign all records so far with a private key (Ed25519, PEM): a record of its own. Raises LedgerError."""
        return signing.checkpoint(self._database, key)

    # --- reading ---

    def get(self, seq: int) -> Record:
        """The record of a number. Raises LedgerError where there is none."""
        for record in self._database.records(Query(after=seq - 1, upto=seq)):
            return record
        last = self.head.records
        raise LedgerError([Diagnostic("no-such-record", f"there is no record {seq}", f"the ledger has the records 1 to {last}",
                                      where=self.shown)])

    def records(self, *, account: str | None = None, ruleset: str | None = None, kinds: Sequence[str] = (),
                outcome: str | None = None, since: date | None = None, until: date | None = None,
                newest_first: bool = False, limit: int | None = None) -> Iterator[Record]:
        """Records in order of their numbers, read some at a time.

        Args:
            kinds: such as `("decision", "override")`; all where it is empty.
            since, until: bounds of the day decided for, or of the first day of an override.
            limit: the most there may be.
        """
        query = _query(account, ruleset, kinds, outcome, since, until)
        return self._database.records(query, newest_first=newest_first, limit=limit)

    def count(self, *, account: str | None = None, ruleset: str | None = None, kinds: Sequence[str] = (),
              outcome: str | None = None, since: date | None = None, until: date | None = None) -> dict[str, int]:
        """How many such records there are, by kind."""
        return self._database.count(_query(account, ruleset, kinds, outcome, since, until))

    def batch(self, record: Record) -> tuple[Record, ...]:
        """The decisions that were made together with this one, itself among them, in their order."""
        if record.batch is None:
            return (record,)
        return tuple(self._database.records(Query(batch=record.batch.id)))

    def effective(self, account: str, on: date | None = None, ruleset: str | None = None) -> list[Effective]:
        """What holds for an account on a day (today where it is not given), by each ruleset that decided on it."""
        return in_force.of_account(self._database, account, on or date.today(), ruleset)

    def current(self, on: date | None = None, ruleset: str | None = None) -> Iterator[Effective]:
        """What holds on a day for each account, in order of ruleset and account id."""
        return in_force.of_all(self._database, on or date.today(), ruleset)

    def history(self, account: str, ruleset: str, before: date | None = None) -> list[dict[str, Any]]:
        """The facts of earlier decisions on an account, as `Rules.decide` takes them for `history`: the last one
        recorded for each day before `before` (today where it is not given), in order of date."""
        found: dict[date, dict[str, Any]] = {}
        for record in self.records(account=account, ruleset=ruleset, kinds=(Kind.DECISION,)):
            if record.account == account and record.as_of is not None and record.as_of < (before or date.today()):
                found[record.as_of] = {REVIEW_DATE: record.as_of, **record.body["facts"]}
        return [found[day] for day in sorted(found)]

    def reviews(self, account: str, rules: Rules, before: date) -> tuple[tuple[date, dict[str, Value]], ...]:
        """The same for a ruleset as it is now, checked against what it declares. Raises FactError where a fact on record is
        not what the ruleset declares."""
        declared = rules.facts
        known = [{name: value for name, value in review.items() if name in declared or name == REVIEW_DATE}
                 for review in self.history(account, rules.name, before)]
        return tuple(review_history(known, declared, account, before)[0])

    # --- deciding again ---

    def rules(self, digest: str) -> Rules:
        """The rules of a ruleset on record, from the files as they were then. Raises LedgerError."""
        with self._lock:
            if digest in self._rules:
                self._rules.move_to_end(digest)
                return self._rules[digest]
        for record in self._database.records(Query(kinds=(Kind.RULESET,), digest=digest), limit=1):
            rules = rules_of_record(record, self.shown)
            with self._lock:
                self._rules[digest] = rules
                while len(self._rules) > _RULES_KEPT:
                    self._rules.popitem(last=False)
            return rules
        raise LedgerError([Diagnostic("no-such-record", f"no ruleset is on record under {digest}",
                                      "`samrules audit verify` tells whether the ledger holds", where=self.shown)])

    def decided_again(self, record: Record) -> Decision:
        """The decision of a record, made once more from the record and the ruleset as it was then; with it `why()`,
        `why_not()` and all else a decision can do. A decision made together with others is made together with them.

        Raises LedgerError where the record holds no decision, or what it holds cannot be decided.
        """
        return replay.again(self, record)

    def replay(self, *, account: str | None = None, ruleset: str | None = None, since: date | None = None,
               until: date | None = None, engine: str | None = None) -> Replay:
        """Decide every such decision again from its record, and gather what differs. `engine` is that of each
        record where it is not given."""
        return replay.replay(self, _query(account, ruleset, (Kind.DECISION,), None, since, until), engine)

    # --- verifying, handing on ---

    def verify(self, *, head: str | None = None, key: Path | None = None) -> Verification:
        """Whether every record is what was written, and follows the one before.

        Args:
            head: what was kept of the ledger elsewhere, a hash or `records:hash`: it must be in the chain.
            key: the public key (Ed25519, PEM) by which signed checkpoints are verified.

        Raises LedgerError where the ledger cannot be read at all.
        """
        return verify.verify(self._database, head, key)

    def export(self, *, account: str | None = None, mask: Collection[str] = ()) -> Iterator[str]:
        """Every record as a line of JSON, schema `samrules.ledger-export/1`, with the facts named in `mask` masked;
        with `account`, what is about other accounts is masked whole. `verify_export` verifies the lines."""
        return export.lines(self, account, mask)

    @property
    def database(self) -> Database:
        """For the commands of samrules."""
        return self._database


def given_of_account(account: Account, recorded: Collection[str], as_of: date) -> Given:
    """What `record` takes, of an account of checked tables."""
    return Given(account.facts, as_of, account.history, Happened(account.events, frozenset(recorded)), ())


def rules_of_record(record: Record, shown: str) -> Rules:
    """Raises LedgerError where its files do not load to the ruleset that it names."""
    try:
        rules = rules_of_data(record.body)
    except (RulesetError, ValueError) as error:
        said = error.diagnostics[0].message if isinstance(error, RulesetError) else str(error)
        raise LedgerError([Diagnostic("bad-ledger", f"the ruleset of record {record.seq} does not load: {said}",
                                      "use the samrules that recorded it, or a version after it", where=shown)]) from None
    if rules.digest != record.digest:
        raise LedgerError([Diagnostic(
            "bad-ledger", f"the ruleset of record {record.seq} loads to another digest than it is recorded under",
            f"it was recorded by samrules {record.body.get('samrules')}; this is {__version__}", where=shown)])
    return rules


def _query(account: str | None, ruleset: str | None, kinds: Sequence[str], outcome: str | None, since: date | None,
           until: date | None) -> Query:
    return Query(account, ruleset, tuple(map(str, kinds)), since.isoformat() if since else None,
                 until.isoformat() if until else None, outcome)


def _draft(rules: Rules, given: Given, decision: Decision, batch: Batch | None = None) -> Draft:
    if decision.digest != rules.digest or decision.account != given.facts.get(ID) or decision.as_of != given.as_of:
        raise LedgerError([Diagnostic("bad-ledger", "the decision is not of this ruleset, this account and this day",
                                      "record a decision with what it was made from", where=f"account {decision.account}")])
    return Draft.of(Kind.DECISION, {
        "account": decision.account,
        "as_of": decision.as_of.isoformat(),
        "ruleset": identity(rules),
        "engine": decision.engine,
        "samrules": __version__,
        **given_as_data(given),
        "decision": decision.to_dict(),
    }, batch)


def _decided(rules: Rules, given: Given, engine: str) -> Decision:
    seen = [review for review in given.history if review[0] < given.as_of]
    return rules.decide_checked(given.facts, given.as_of, seen, given.record, engine)


def _tell_of(undeclared: Sequence[str], rules: Rules) -> None:
    if undeclared:
        warnings.warn(undeclared_message(undeclared, rules.facts), UndeclaredFactWarning, stacklevel=3)

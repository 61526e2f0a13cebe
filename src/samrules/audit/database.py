"""Where the records lie: SQLite or PostgreSQL, by the same code; the one place that imports SQLAlchemy.

Records are only ever appended, one transaction at a time, each on the disk before `append` returns. The
database refuses to change or delete them; who gets round that is found by `verify`.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from samrules.audit.record import (
    FORMAT,
    START,
    Batch,
    Columns,
    Draft,
    Kind,
    Record,
    chained,
    column_text,
    now,
)
from samrules.diagnostics import Diagnostic
from samrules.errors import LedgerError

PAGE = 500
"""Records read at a time: what is in memory."""
_WAIT = 60
"""Seconds that a writer waits for the others."""
_URL = re.compile(r"^[a-z][a-z0-9+]*://", re.IGNORECASE)
_WRITES = "samrules_writes"
_COLUMNS = ("seq", "at", "kind", "batch", "account", "ruleset", "digest", "as_of", "outcome", "prev", "hash", "secret", "body")

_SQLITE_GUARDS = tuple(
    f"CREATE TRIGGER samrules_{what}_{table} BEFORE {what.upper()} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'a ledger is only appended to'); END"
    for table in ("samrules_records", "samrules_ledger") for what in ("update", "delete"))
_POSTGRESQL_GUARDS = (
    "CREATE FUNCTION samrules_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'a ledger is only appended to'; END $$",
    *(f"CREATE TRIGGER samrules_guard_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
      "FOR EACH STATEMENT EXECUTE FUNCTION samrules_refuse()" for table in ("samrules_records", "samrules_ledger")),
)


class Unusable(Exception):
    """A row that is no record: which, and what is wrong with it."""

    def __init__(self, seq: int | None, why: str) -> None:
        super().__init__(why)
        self.seq = seq
        self.why = why


@attrs.frozen
class Query:
    """Which records are asked for; what is None or empty does not matter. `since` and `until` are bounds of `as_of`."""

    account: str | None = None
    ruleset: str | None = None
    kinds: Sequence[str] = ()
    since: str | None = None
    until: str | None = None
    outcome: str | None = None
    digest: str | None = None
    batch: str | None = None
    after: int = 0
    upto: int | None = None


class Database:
    """An open ledger. Safe to use from several threads, each call by itself."""

    def __init__(self, engine: Any, tables: Any, shown: str) -> None:
        self._engine, self._tables, self.shown = engine, tables, shown
        self._sa = sqlalchemy()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return str(self._engine.dialect.name)

    # --- opening ---

    @classmethod
    def open(cls, target: str | Path, *, create: bool, read_only: bool) -> Database:
        """Raises LedgerError where there is no ledger, or none of this format."""
        sa = sqlalchemy()
        text = str(target)
        if isinstance(target, str) and _URL.match(text):
            engine = _of_url(sa, text, read_only)
            shown = str(engine.url.set(drivername="postgresql").render_as_string(hide_password=True))
        else:
            shown = text
            engine = _of_file(sa, Path(target), create and not read_only, read_only, shown)
        self = cls(engine, _tables(sa), shown)
        try:
            with self._translated():
                self._begin(create and not read_only)
        except BaseException:
            self.close()
            raise
        return self

    def _begin(self, create: bool) -> None:
        """See that a ledger is there, or make one."""
        meta = self._tables["samrules_ledger"]
        with self._reading() as connection:
            there = self._sa.inspect(connection).has_table("samrules_ledger")
            found = connection.execute(self._sa.select(meta.c.format)).scalars().all() if there else []
        if not there or not found:
            if not create:
                raise _bad(f"this is no ledger: {'the file' if self.dialect == 'sqlite' else 'the database'} holds no records of samrules",
                           "give the file or the URL of a ledger; `samrules decide … --ledger` begins one", self.shown)
            self._create()
            return
        if found != [FORMAT]:
            raise _bad(f"the ledger has the format `{', '.join(map(str, found))[:80]}`; this samrules reads `{FORMAT}`",
                       "use the samrules that wrote it, or a later one", self.shown)

    def _create(self) -> None:
        """Make the tables, unless another writer just did."""
        sa, tables = self._sa, self._tables
        with self._reading() as connection:
            names = sa.inspect(connection).get_table_names() if self.dialect == "sqlite" else []
            if names and "samrules_ledger" not in names:
                raise _bad("this is a database of something else: it has tables that are not a ledger's",
                           "give the path of a new file", self.shown)
        if self.dialect == "sqlite":  # readers and writers do not wait for each other
            with contextlib.closing(self._engine.raw_connection()) as plain:
                plain.driver_connection.execute("PRAGMA journal_mode = WAL")
        with self._writing() as connection:
            if self.dialect == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('samrules_ledger'))"))
            if sa.inspect(connection).has_table("samrules_ledger"):
                return
            tables["samrules_records"].metadata.create_all(connection)
            for guard in _SQLITE_GUARDS if self.dialect == "sqlite" else _POSTGRESQL_GUARDS:
                connection.exec_driver_sql(guard)
            connection.execute(sa.insert(tables["samrules_ledger"]), {"format": FORMAT})
            first = Draft.of(Kind.LEDGER, {"format": FORMAT})
            connection.execute(sa.insert(tables["samrules_records"]), _rows([first], 0, START)[0])

    def close(self) -> None:
        self._engine.dispose()

    # --- writing ---

    def append(self, drafts: Sequence[Draft] | Callable[[int, str], Sequence[Draft]]) -> list[Record]:
        """Append records, all or none; they are on the disk when this returns.

        A ruleset that is on record already is left out. Drafts may be made when number and hash of the last record
        are known. Raises LedgerError.
        """
        records = self._tables["samrules_records"]
        with self._translated(), self._writing() as connection:
            if self.dialect == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock('samrules_records'::regclass::oid::bigint)")
            last = connection.execute(
                self._sa.select(records.c.seq, records.c.hash).order_by(records.c.seq.desc()).limit(1)).first()
            if last is None:
                raise _bad("the ledger holds no record, not even its first", "`samrules audit verify` tells more", self.shown)
            made = drafts(last.seq, last.hash) if callable(drafts) else drafts
            new = [d for d in made if d.kind is not Kind.RULESET or not self._has_ruleset(connection, d)]
            rows = _rows(new, last.seq, last.hash)
            if rows:
                connection.execute(self._sa.insert(records), rows)
        return [as_record(row) for row in rows]

    def _has_ruleset(self, connection: Any, draft: Draft) -> bool:
        records = self._tables["samrules_records"]
        asked = self._sa.select(records.c.seq).where(records.c.kind == str(Kind.RULESET), records.c.digest == draft.columns.digest)
        return connection.execute(asked.limit(1)).first() is not None

    # --- reading ---

    def head(self) -> tuple[int, str]:
        """Number and hash of the last record; 0 and `START` where there is none."""
        records = self._tables["samrules_records"]
        with self._translated(), self._reading() as connection:
            row = connection.execute(self._sa.select(records.c.seq, records.c.hash).order_by(records.c.seq.desc()).limit(1)).first()
        return (row.seq, row.hash) if row is not None else (0, START)

    def rows(self, query: Query = Query(), *, newest_first: bool = False,
             limit: int | None = None) -> Iterator[dict[str, Any]]:
        """Rows as they are stored, in order of their numbers, some at a time. Raises LedgerError."""
        sa, table = self._sa, self._tables["samrules_records"]
        after, upto = query.after, query.upto
        while limit is None or limit > 0:
            asked = sa.select(*(table.c[name] for name in _COLUMNS)).where(*_where(table, query), table.c.seq > after)
            if upto is not None:
                asked = asked.where(table.c.seq <= upto)
            size = PAGE if limit is None else min(PAGE, limit)
            with self._translated(), self._reading() as connection:
                page = connection.execute(asked.order_by(table.c.seq.desc() if newest_first else table.c.seq).limit(size)).mappings().all()
            yield from map(dict, page)
            if len(page) < size:
                return
            limit = None if limit is None else limit - len(page)
            if newest_first:
                upto = page[-1]["seq"] - 1
            else:
                after = page[-1]["seq"]

    def records(self, query: Query = Query(), *, newest_first: bool = False, limit: int | None = None) -> Iterator[Record]:
        """The same as records. Raises LedgerError also for a row that is none."""
        return map(self._as_record, self.rows(query, newest_first=newest_first, limit=limit))

    def _as_record(self, row: dict[str, Any]) -> Record:
        try:
            return as_record(row)
        except Unusable as error:
            raise _bad(f"record {row['seq']} cannot be read: {error.why}",
                       "`samrules audit verify` tells which records hold", self.shown) from None

    def count(self, query: Query = Query()) -> dict[str, int]:
        """How many records of each kind."""
        table = self._tables["samrules_records"]
        asked = self._sa.select(table.c.kind, self._sa.func.count()).where(*_where(table, query)).group_by(table.c.kind)
        with self._translated(), self._reading() as connection:
            return {str(kind): int(n) for kind, n in connection.execute(asked.order_by(table.c.kind)).all()}

    def latest(self, query: Query) -> Iterator[Record]:
        """The latest of such decisions for each account and ruleset: by the day decided for, then by number."""
        sa, table = self._sa, self._tables["samrules_records"]
        place = sa.func.row_number().over(partition_by=(table.c.account, table.c.ruleset),
                                          order_by=(table.c.as_of.desc(), table.c.seq.desc())).label("place")
        ranked = sa.select(table.c.seq, table.c.account, table.c.ruleset, place).where(*_where(table, query)).subquery()
        with self._translated(), self._reading() as connection:
            first = connection.execute(sa.select(ranked.c.seq).where(ranked.c.place == 1)
                                       .order_by(ranked.c.ruleset, ranked.c.account)).scalars().all()
        for start in range(0, len(first), PAGE):
            wanted = first[start : start + PAGE]
            with self._translated(), self._reading() as connection:
                found = connection.execute(sa.select(*(table.c[name] for name in _COLUMNS)).where(table.c.seq.in_(wanted))).mappings().all()
            by_seq = {row["seq"]: dict(row) for row in found}
            yield from (self._as_record(by_seq[seq]) for seq in wanted)

    def accounts(self) -> list[str]:
        """The accounts that something is on record about, at most some thousand."""
        column = self._tables["samrules_records"].c.account
        with self._translated(), self._reading() as connection:
            return list(connection.execute(self._sa.select(column).where(column.is_not(None)).distinct().limit(5_000)).scalars())

    def missing_guards(self) -> list[str]:
        """What should keep records from being changed, and is not there or not as samrules made it."""
        with self._translated(), self._reading() as connection:
            if self.dialect == "sqlite":
                there = set(connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'trigger'").scalars())
                return [guard.split()[2] for guard in _SQLITE_GUARDS if guard not in there]
            found = set(connection.exec_driver_sql(
                "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D' AND tgrelid IN "
                "('samrules_records'::regclass, 'samrules_ledger'::regclass)").scalars())
        return [name for name in ("samrules_guard_samrules_records", "samrules_guard_samrules_ledger") if name not in found]

    def damage(self) -> str | None:
        """What SQLite finds wrong with its file; PostgreSQL looks after its own files."""
        if self.dialect != "sqlite":
            return None
        with self._translated(), self._reading() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalars().all()
        return None if found == ["ok"] else " ".join(str(found[0]).split())

    # --- connections ---

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Any]:
        with self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Any]:
        with self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """What databases raise, in words."""
        exc = self._sa.exc
        try:
            yield
        except exc.TimeoutError:  # more threads than connections
            raise _busy(self.shown) from None
        except exc.DBAPIError as error:
            raise _in_words(error, self.shown) from None
        except sqlite3.DatabaseError as error:
            raise _in_words(error, self.shown) from None
        except (UnicodeDecodeError, OverflowError):  # what bytes of a file give that no database wrote
            raise _damaged(self.shown) from None


def sqlalchemy() -> ModuleType:
    """Raises LedgerError where it is not installed."""
    try:
        import sqlalchemy as library
        import sqlalchemy.exc
    except ImportError:
        raise LedgerError([Diagnostic("needs-extra", "a ledger needs the package sqlalchemy, which is not installed",
                                      'pip install "samrules[ledger]"', where="samrules")]) from None
    return library


@cache
def _tables(sa: Any) -> Any:
    metadata = sa.MetaData()
    text, number = sa.Text, sa.BigInteger
    sa.Table("samrules_ledger", metadata, sa.Column("format", text, primary_key=True))
    table = sa.Table(
        "samrules_records", metadata,
        sa.Column("seq", number().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        *(sa.Column(name, text, nullable=name in ("batch", "account", "ruleset", "digest", "as_of", "outcome"))
          for name in _COLUMNS[1:]))
    sa.Index("samrules_records_account", table.c.account, table.c.seq)
    sa.Index("samrules_records_kind", table.c.kind, table.c.seq)
    of_ruleset, of_batch = sa.text(f"kind = '{Kind.RULESET}'"), sa.text("batch IS NOT NULL")
    sa.Index("samrules_records_digest", table.c.digest, unique=True, sqlite_where=of_ruleset, postgresql_where=of_ruleset)
    sa.Index("samrules_records_batch", table.c.batch, sqlite_where=of_batch, postgresql_where=of_batch)
    return metadata.tables


def _where(table: Any, query: Query) -> list[Any]:
    found: list[Any] = [table.c[name] == column_text(wanted) for name in ("account", "ruleset", "outcome", "digest")
                        if (wanted := getattr(query, name)) is not None]
    if query.kinds:
        found.append(table.c.kind.in_([str(k) for k in query.kinds]))
    if query.since is not None:
        found.append(table.c.as_of >= query.since)
    if query.until is not None:
        found.append(table.c.as_of <= query.until)
    if query.batch is not None:
        found += [table.c.batch >= f"{query.batch}:", table.c.batch < f"{query.batch};"]
    return found


def _rows(drafts: Iterable[Draft], seq: int, prev: str) -> list[dict[str, Any]]:
    """Drafts as rows, chained to the record before."""
    rows = []
    for draft in drafts:
        seq += 1
        at, batch = now(), str(draft.batch) if draft.batch else None
        hash_ = chained(seq, at, str(draft.kind), batch, prev, draft.parts)
        rows.append({"seq": seq, "at": at, "kind": str(draft.kind), "batch": batch, **attrs.asdict(draft.columns),
                     "prev": prev, "hash": hash_, "secret": draft.secret, "body": draft.text})
        prev = hash_
    return rows


def as_record(row: dict[str, Any]) -> Record:
    """Raises Unusable."""
    wrong = [name for name in _COLUMNS[1:] if not isinstance(row[name], str | None)]
    if wrong or not isinstance(row["seq"], int):
        raise Unusable(row["seq"], f"`{(wrong or ['seq'])[0]}` is no text")
    try:
        at = datetime.fromisoformat(row["at"])
        batch = Batch.parse(row["batch"]) if row["batch"] is not None else None
        kind = Kind(row["kind"])
    except (TypeError, ValueError) as error:
        raise Unusable(row["seq"], str(error)) from None
    return Record(row["seq"], at, kind, batch, row["prev"], row["hash"], row["body"],
                  Columns(*(row[f.name] for f in attrs.fields(Columns))), row["secret"])


# --- engines -------------------------------------------------------------------------------------


def _of_file(sa: Any, path: Path, create: bool, read_only: bool, shown: str) -> Any:
    """SQLite in a file. Raises LedgerError."""
    if path.is_dir() or not (path.exists() or create):
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise LedgerError([Diagnostic("no-such-file", what, "give the file of a ledger, or a URL such as `postgresql://host/name`",
                                      where=shown)])
    if create and not path.resolve().parent.is_dir():
        raise _bad(f"the folder `{path.parent}` does not exist", "create the folder first, or give another path", shown)
    mode = "ro" if read_only else "rwc" if create else "rw"
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    if read_only and not os.access(path.resolve().parent, os.W_OK) and not Path(f"{path.resolve()}-wal").exists():
        uri += "&immutable=1"  # SQLite would want to write beside it, and nobody can

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool, max_overflow=40, pool_timeout=_WAIT)

    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")

    sa.event.listen(engine, "begin", begin)
    return engine


def _of_url(sa: Any, url: str, read_only: bool) -> Any:
    """A database by its URL. Raises LedgerError."""
    try:
        made = sa.engine.make_url(url)
    except sa.exc.ArgumentError:
        raise _bad("this is no URL of a database", "write `postgresql://user@host/name`", "the ledger") from None
    name = made.get_backend_name()
    if name not in ("postgresql", "postgres"):
        raise _bad(f"a ledger cannot lie in `{name}`", "give the path of a file, for SQLite, or a URL `postgresql://…`",
                   str(made.render_as_string(hide_password=True)))
    made = made.set(drivername="postgresql+psycopg")
    try:
        engine = sa.create_engine(made, pool_size=4, max_overflow=16, pool_timeout=_WAIT, pool_pre_ping=True, connect_args={"connect_timeout": 15})
    except ImportError:
        raise LedgerError([Diagnostic("needs-extra", "a ledger in PostgreSQL needs the package psycopg, which is not installed",
                                      'pip install "samrules[postgres]"', where="samrules")]) from None

    def begin(connection: Any) -> None:
        if read_only:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        if connection.get_execution_options().get(_WRITES):
            connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT}s'")

    sa.event.listen(engine, "begin", begin)
    return engine


def _in_words(error: Exception, shown: str) -> LedgerError:
    """What a database said, as a diagnostic: the first line of it, without SQL."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    low = said.lower()
    if "locked" in low or "lock timeout" in low:
        return _busy(shown)
    if "readonly" in low or "read-only" in low or "permission denied" in low:
        return _bad("the ledger may not be written to", "give a file, or a user of the database, that may be written to", shown)
    if "not a database" in low:
        return _bad("this is no ledger: the file is no database", "give the path of a ledger, or of a new file", shown)
    if "unable to open" in low:
        return _bad("the file cannot be opened", "give a file that you may read, in a folder that you may write to; its latest records may "
                    "lie beside it in a file that ends in `-wal`", shown)
    if "malformed" in low or "disk image" in low or "decode" in low:
        return _damaged(shown)
    return _bad(f"the database says: {said[:300]}", "`samrules audit verify` tells whether the records hold", shown)


def _busy(shown: str) -> LedgerError:
    return LedgerError([Diagnostic("ledger-busy", "the ledger is in use: others did not finish in time",
                                   "try again; nothing was recorded of what was not acknowledged", where=shown)])


def _damaged(shown: str) -> LedgerError:
    return _bad("the file is damaged", "go on from a copy of it; `samrules audit verify` tells which records hold", shown)


def _bad(message: str, cure: str, shown: str) -> LedgerError:
    return LedgerError([Diagnostic("bad-ledger", message, cure, where=shown)])

"""`samrules decide --engine frame`: Parquet files in, decided as they are read."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from samrules.cli import arguments
from samrules.diagnostics import Diagnostic
from samrules.errors import (
    FactError,
    OutputError,
    UndeclaredFactWarning,
    Unmatched,
    UnmatchedRowsWarning,
)

if TYPE_CHECKING:
    from samrules.engines.frame.rejects import Reject
    from samrules.rules import Rules

_FORMATS = ("parquet", "csv")
_SHOWN = 3
_ENOUGH = 100_000
"""So many refused rows are enough to see that a table is bad."""
_PLURAL = {"account": "accounts", "event": "events", "review": "reviews"}


def decide_frame(ruleset: str, accounts: str, history: str | None, events: str | None, day: date,
                 format_: str | None, out: Path | None, reject: Path | None, partition_by: str | None) -> None:
    """Decide the accounts of Parquet tables of any size. Written whole or not at all."""
    from samrules.cli.report import message, warn
    from samrules.inputs.parquet_parts import ROW, partitioned, together, write_parts
    from samrules.inputs.parquet_table import count_rows, scan_parquet
    from samrules.inputs.results import move_whole, workspace, write_whole

    if out is None:
        raise OutputError([Diagnostic("cannot-write", "the frame engine writes to a file",
                                      "give `--out decisions.parquet`", where="--engine frame")])
    reading = [path for path in (accounts, history, events) if path]
    format_ = _format(out, format_, reading, reject, partition_by)
    rules = arguments.decider(ruleset)
    tables = _tables(accounts, history, events)
    frames = {name: scan_parquet(path, ROW) for name, path in tables.items()}
    set_aside: list[Reject] = []
    parts = _Parts(rules, frames, day, accounts, None if reject is None else set_aside)
    bar = _bar(count_rows(frames["accounts"])) if sys.stderr.isatty() else contextlib.nullcontext()
    with workspace(out) as folder:
        with bar as advance:
            files = write_parts(parts.decided(partition_by), folder, advance)
        warn(parts.unmatched())
        if partition_by is None:
            write_whole(out, lambda sink: together(files, format_, sink))
        else:
            whole = folder / "whole"
            whole.mkdir()
            partitioned(files, partition_by, whole)
            move_whole(whole, out)
    if reject is not None:
        write_whole(reject, lambda sink: _write_rejects(set_aside, sink))
        owners = {r.account_id for r in set_aside if r.account_id}
        message(f"{len(set_aside):,} rows refused and {len(owners):,} accounts set aside: {reject}" if set_aside else
                "no row was refused")


def _format(out: Path, format_: str | None, reading: list[str], reject: Path | None, partition_by: str | None) -> str:
    """The format to write, after all places were looked at. Raises OutputError."""
    from samrules.inputs.results import check_destination, check_new_folder, format_of

    if reject is not None:
        check_destination(reject, [*reading, out])
        if reject.resolve() == out.resolve():
            raise OutputError([Diagnostic("cannot-write", "cannot write the file: it is that of the decisions",
                                          "give the rows that are set aside a file of their own", where="--reject")])
    if partition_by is not None:
        check_new_folder(out)
        format_ = format_ or "parquet"
    else:
        check_destination(out, reading)
        format_ = format_ or format_of(out)
    if format_ not in (("parquet",) if partition_by is not None else _FORMATS):
        raise OutputError([Diagnostic("unknown-format", f"the frame engine does not write {format_}"
                                      + (" in partitions" if partition_by is not None else ""),
                                      "end the file in .parquet or .csv; explanations come with the interpreter",
                                      where="--engine frame")])
    return format_


class _Parts:
    """Decides tables part by part; of what is wrong with several parts everything is told."""

    def __init__(self, rules: Rules, frames: Mapping[str, Any], day: date, where: str, set_aside: list[Reject] | None) -> None:
        self.rules, self.frames, self.day, self.where, self.set_aside = rules, frames, day, where, set_aside
        self.warned = False
        self.strangers: dict[str, Unmatched] = {}

    def decided(self, key: str | None) -> Iterator[Any]:
        """A decided frame for each part. Raises FactError after the last one that is bad."""
        from samrules.inputs.parquet_parts import check_key, in_parts, kinds_in

        if len(self.frames) == 1 or self.rules.together:
            found = self.one(self.frames, None, self.set_aside)
            if key is not None:
                check_key(found, key)
            yield found
            return
        recorded = [k for k in kinds_in(self.frames["events"]) if k in self.rules.events] if "events" in self.frames else None
        refused: list[Reject] = []
        gathered = refused if self.set_aside is None else self.set_aside
        for part in in_parts(self.frames):
            found = self.one(part, recorded, gathered)
            if key is not None:
                check_key(found, key)
            if not refused:
                yield found
            elif len(refused) > _ENOUGH:
                break
        if refused:
            raise FactError(_summary(refused))

    def one(self, frames: Mapping[str, Any], recorded: list[str] | None, gathered: list[Reject] | None) -> Any:
        from samrules.cli.report import warn

        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", UndeclaredFactWarning)
            warnings.simplefilter("always", UnmatchedRowsWarning)
            found = self.rules.decide_frame(frames["accounts"], events=frames.get("events"), history=frames.get("history"),
                                            recorded=recorded, as_of=self.day,
                                            reject=None if gathered is None else gathered.extend)
        if not self.warned:
            warn([Diagnostic("undeclared-fact", str(w.message), "rename what is a misspelt fact, ignore the rest", where=self.where)
                  for w in said if issubclass(w.category, UndeclaredFactWarning)])
        self.warned = True
        for warning in said:
            if isinstance(warning.message, UnmatchedRowsWarning):
                more = warning.message.unmatched
                self.strangers[more.what] = self.strangers[more.what] + more if more.what in self.strangers else more
        return found

    def unmatched(self) -> list[Diagnostic]:
        """The reviews and events of accounts that no part has."""
        return [Diagnostic("unmatched-history", str(rows), "check the ids if these accounts should be decided; else ignore this",
                           where=self.where) for rows in self.strangers.values()]


def _summary(refused: Sequence[Reject]) -> list[Diagnostic]:
    """Of each kind of problem the first few rows, and how many more there are."""
    kinds: dict[tuple[str, str | None, str], list[Reject]] = {}
    for row in sorted(refused, key=lambda r: (r.table, r.row if r.row is not None else -1)):
        kinds.setdefault((row.table, row.column, row.code), []).append(row)
    found = []
    for (table, column, code), rows in kinds.items():
        of = f"`{column}`: " if column is not None else ""
        for row in rows[:_SHOWN]:
            place = [f"row {row.row}"] if row.row is not None else []
            place += [f"account {row.account_id}"] if row.account_id else []
            found.append(Diagnostic(code, of + row.problem, "correct it, or set such rows aside with `--reject bad.csv`",
                                    where=f"the table of {_PLURAL[table]}, {', '.join(place)}" if place else f"the table of {_PLURAL[table]}"))
        if (more := len(rows) - _SHOWN) > 0:
            what = ("value is" if more == 1 else "values are") if column is not None else ("row is" if more == 1 else "rows are")
            found.append(Diagnostic(code, f"{of}{more:,} more {what} refused", "the first are listed; `--reject bad.csv` lists all",
                                    where=f"the table of {_PLURAL[table]}"))
    return found


def _write_rejects(refused: Sequence[Reject], sink: IO[bytes]) -> None:
    from samrules.inputs.results import csv_row

    columns = ("table", "row", "account_id", "column", "value", "code", "problem")
    sink.write((",".join(columns) + "\n").encode())
    for r in sorted(refused, key=lambda r: (r.table, r.row if r.row is not None else -1, r.account_id or "")):
        sink.write(csv_row(getattr(r, c) for c in columns).encode())


def _tables(accounts: str, history: str | None, events: str | None) -> dict[str, Path]:
    """The Parquet files: those named, and in a folder `accounts`, `history` and `events`."""
    main = Path(accounts)
    found: dict[str, Path] = {}
    members = {stem: _member(main, stem) for stem in ("accounts", "history", "events")} if main.is_dir() else {}
    found |= {stem: path for stem, path in members.items() if path is not None}
    found.setdefault("accounts", main)  # a file, or a folder of parts
    found |= {stem: Path(path) for stem, path in (("history", history), ("events", events)) if path is not None}
    problems = [Diagnostic("unknown-format", f"the frame engine reads Parquet, and `{path.name}` is none",
                           "convert it, or leave `--engine frame` out", where=str(path))
                for path in found.values() if not path.is_dir() and path.suffix.lower() != ".parquet"]
    if problems:
        raise FactError(problems)
    return found


def _member(folder: Path, stem: str) -> Path | None:
    """A table in a folder: `accounts.parquet`, or a folder `accounts` of parts."""
    return next((p for p in (folder / f"{stem}.parquet", folder / stem) if p.exists()), None)


class _bar:  # noqa: N801 - used as a function
    """A bar on the terminal; told how many more accounts are decided."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self.progress = Progress(TextColumn("Deciding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                                 console=Console(stderr=True), transient=True)
        self.task = self.progress.add_task("", total=total)

    def __enter__(self) -> Any:
        self.progress.start()
        return lambda rows: self.progress.advance(self.task, rows)

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

"""`samrules decide --engine frame`: Parquet files in, decided as they are read."""

from __future__ import annotations

import sys
import warnings
from datetime import date
from pathlib import Path
from typing import IO, Any

from samrules.cli import arguments
from samrules.diagnostics import Diagnostic
from samrules.errors import FactError, OutputError, UndeclaredFactWarning, UnmatchedRowsWarning

_FORMATS = ("parquet", "csv")


def decide_frame(ruleset: str, accounts: str, history: str | None, events: str | None, day: date,
                 format_: str | None, out: Path | None) -> None:
    """Decide the accounts of a Parquet file of any size. Written whole or not at all."""
    from samrules.cli.report import warn
    from samrules.inputs.parquet_table import count_rows, scan_parquet, sink_frame
    from samrules.inputs.results import check_destination, format_of, write_whole

    if out is None:
        raise OutputError([Diagnostic("cannot-write", "the frame engine writes to a file",
                                      "give `--out decisions.parquet`", where="--engine frame")])
    check_destination(out, [path for path in (accounts, history, events) if path])
    format_ = format_ or format_of(out)
    if format_ not in _FORMATS:
        raise OutputError([Diagnostic("unknown-format", f"the frame engine does not write {format_}",
                                      "end the file in .parquet or .csv; explanations come with the interpreter",
                                      where="--engine frame")])
    rules = arguments.decider(ruleset)
    tables = _tables(accounts, history, events)
    frames = {name: scan_parquet(path) for name, path in tables.items()}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UndeclaredFactWarning)
        warnings.simplefilter("always", UnmatchedRowsWarning)
        decided = rules.decide_frame(frames["accounts"], events=frames.get("events"), history=frames.get("history"),
                                     as_of=day)
    warn([Diagnostic("undeclared-fact", str(w.message), "rename what is a misspelt fact, ignore the rest", where=accounts)
          for w in said if issubclass(w.category, UndeclaredFactWarning)])
    warn([Diagnostic("unmatched-history", str(w.message), "check the ids if these accounts should be decided; else ignore this",
                     where=accounts) for w in said if issubclass(w.category, UnmatchedRowsWarning)])

    def write(sink: IO[bytes]) -> None:
        if not sys.stderr.isatty():
            sink_frame(decided, format_, sink)
            return
        with _bar(count_rows(frames["accounts"])) as advance:
            sink_frame(decided, format_, sink, advance)

    write_whole(out, write)


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

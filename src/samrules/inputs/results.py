"""Decisions out: JSON, JSON lines, CSV and Parquet; written whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import attrs

from samrules.decision.decision import Decision, as_json
from samrules.diagnostics import Diagnostic
from samrules.errors import OutputError
from samrules.inputs.parquet_table import write_parquet
from samrules.model.types import Duration

FORMATS = ("table", "json", "jsonl", "csv", "parquet")
_SUFFIXES = {".txt": "table", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv",
             ".parquet": "parquet"}
_FIXED = ("account", "account_name", "as_of", "ruleset", "version", "outcome", "settled", "possible",
          "deciding_unknowns")
_LAST = ("fired", "because")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet runs a text cell that begins with one of these, wherever the text came from."""


_NEEDS_QUOTES = re.compile(r'[,";\r\n\t]|^\s|\s$')


@attrs.frozen
class Columns:
    """The columns that a ruleset's decisions have besides the fixed ones: the same in every run."""

    outputs: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        scores = [f"{s}_{end}" for s in self.scores for end in ("low", "high", "band")]
        return (*_FIXED, *map(self.output, self.outputs), *scores, *_LAST)

    def output(self, name: str) -> str:
        """An output that is named like another column is told apart."""
        return f"output_{name}" if name in (*_FIXED, *_LAST) else name


def format_of(path: Path) -> str:
    """The format that a file name asks for. Raises OutputError."""
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        ending = f"`{path.suffix}` is not a format that samrules writes" if path.suffix else \
            "the file name does not tell the format"
        raise OutputError([Diagnostic("unknown-format", ending,
                                      "end it in .json, .jsonl, .csv, .parquet or .txt, or give `--format`",
                                      where=str(path))])
    return found


# --- the formats ---------------------------------------------------------------------------------


def write_decisions(decisions: Iterable[Decision], format_: str, columns: Columns, sink: IO[bytes]) -> None:
    """Write decisions to a binary stream. The same decisions give the same bytes."""
    writers: Mapping[str, Callable[[], None]] = {
        "json": lambda: _lines(_array(decisions), sink),
        "jsonl": lambda: _lines((d.to_json() + "\n" for d in decisions), sink),
        "csv": lambda: _csv(decisions, columns, sink),
        "parquet": lambda: _parquet(decisions, columns, sink),
    }
    writers[format_]()


def _lines(texts: Iterable[str], sink: IO[bytes]) -> None:
    for text in texts:
        sink.write(text.encode())


def _array(decisions: Iterable[Decision]) -> Iterator[str]:
    """A JSON array with one decision a line, so that lines can be compared."""
    before = "[\n"
    for decision in decisions:
        yield before + decision.to_json()
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def record(decision: Decision, columns: Columns) -> dict[str, Any]:
    """A decision as one flat row of plain values."""
    scores = {s.name: s for s in decision.scores}
    outcome = decision.outcome
    found: dict[str, Any] = {
        "account": decision.account,
        "account_name": decision.account_name,
        "as_of": decision.as_of,
        "ruleset": decision.ruleset,
        "version": decision.version,
        "outcome": _joined(outcome) if isinstance(outcome, tuple) else outcome,
        "settled": decision.settled,
        "possible": _joined(decision.possible),
        "deciding_unknowns": _joined(decision.deciding_unknowns),
    }
    for name in columns.outputs:
        value, _ = decision.outputs.get(name, (None, None))
        found[columns.output(name)] = str(value) if isinstance(value, Duration) else value
    for name in columns.scores:
        score = scores.get(name)
        for end in ("low", "high", "band"):
            found[f"{name}_{end}"] = getattr(score, end) if score else None
    found["fired"] = _joined(r.name for r in decision.fired)
    says = decision.placing.says if decision.placing is not None else ""
    found["because"] = " ".join(filter(None, (*(r.because for r in decision.deciding), says)))
    return found


def _joined(words: Iterable[str]) -> str:
    return "; ".join(words)


def csv_row(values: Iterable[Any]) -> str:
    """A line of CSV, with its line end."""
    return ",".join(map(_cell, values)) + "\n"


def _csv(decisions: Iterable[Decision], columns: Columns, sink: IO[bytes]) -> None:
    sink.write((",".join(columns.names()) + "\n").encode())
    for decision in decisions:
        sink.write((",".join(map(_cell, record(decision, columns).values())) + "\n").encode())


def _cell(value: Any) -> str:
    """A value as CSV has it. Text that a spreadsheet would run gets an apostrophe before it;
    numbers stay numbers. Quoted here, as what the standard writer quotes differs with its version."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(as_json(value))
    text = "'" + value if value.startswith(_FORMULA_STARTS) else value
    if _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _parquet(decisions: Iterable[Decision], columns: Columns, sink: IO[bytes]) -> None:
    found: dict[str, list[Any]] = {name: [] for name in columns.names()}
    for decision in decisions:
        for name, value in record(decision, columns).items():
            found[name].append(value)
    write_parquet(found, sink)


# --- whole or not at all -------------------------------------------------------------------------


def check_destination(path: Path, reading: Sequence[str | Path] = ()) -> None:
    """Refuse a place that cannot be written, before anything is decided. Raises OutputError.

    `reading` are the tables being read: they are not written over.
    """
    folder = path.parent
    if path.is_dir():
        raise _cannot(path, "it is a folder", "give the name of a file in it")
    if not folder.is_dir():
        said = "is not a folder" if folder.exists() else "does not exist"
        raise _cannot(path, f"the folder `{folder}` {said}", "create the folder first, or give another path")
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise _cannot(path, "you may not write there", "give a path in a folder that you may write to")
    for table in map(Path, reading):
        with contextlib.suppress(OSError):
            if path.exists() and table.exists() and path.samefile(table):
                raise _cannot(path, "it is the table being read", "give the results a name of their own")


def _cannot(path: Path, why: str, help_: str) -> OutputError:
    return OutputError([Diagnostic("cannot-write", f"cannot write the file: {why}", help_, where=str(path))])


def write_whole(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write a file so that a reader finds the old one or the new one, never a part. Raises OutputError."""
    target = path.resolve()  # through a link, to the file it stands for
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        _write_through(target, write)  # a device or a pipe cannot be replaced
        return
    beside = unfinished(target)
    try:
        with beside.open("xb") as sink:
            write(sink)
            sink.flush()
            os.fsync(sink.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        raise _failed(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def unfinished(target: Path) -> Path:
    """A name beside the target for what is not whole yet. What a killed run left there is removed."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
        owner = _UNFINISHED.search(left.name)
        if owner is not None and not _runs(int(owner[1])):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    left.unlink(missing_ok=True)
    return target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


_UNFINISHED = re.compile(r"\.(\d+)-[0-9a-f]{8}\.tmp$")


def _runs(process: int) -> bool:
    """Whether there is such a process. Where that cannot be asked without harm, it is taken to run."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


@contextlib.contextmanager
def workspace(path: Path) -> Iterator[Path]:
    """A folder beside a target, for what is written on the way to it; it is gone afterwards. Raises OutputError."""
    folder = unfinished(path.resolve())
    try:
        folder.mkdir()
        yield folder
    except OSError as error:
        raise _failed(path, error) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_new_folder(path: Path) -> None:
    """Refuse a place for a folder, before anything is decided. Raises OutputError."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise _cannot(path, "something is there already", "give the name of a new folder")
    parent = path.resolve().parent
    if not parent.is_dir():
        raise _cannot(path, f"the folder `{path.parent}` does not exist", "create the folder first, or give another path")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise _cannot(path, "you may not write there", "give a path in a folder that you may write to")


def move_whole(made: Path, path: Path) -> None:
    """Give a folder that was made beside its place the name that it shall have. Raises OutputError."""
    try:
        made.replace(path.resolve())
    except OSError as error:
        raise _failed(path, error) from None


def _write_through(target: Path, write: Callable[[IO[bytes]], None]) -> None:
    try:
        with tempfile.TemporaryFile() as whole:
            write(whole)
            whole.seek(0)
            with target.open("wb") as sink:
                shutil.copyfileobj(whole, sink)
    except OSError as error:
        raise _failed(target, error) from None


def _failed(path: Path, error: OSError) -> OutputError:
    return _cannot(path, (error.strerror or str(error)).lower(), "free some space, or give another path")

"""Account and history tables from files, folders and standard input. What is in them is checked
in `accounts`; here they are found, told apart by format and read."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs

from samrules.diagnostics import Diagnostic, listed, nearest
from samrules.errors import FactError, RulesetError
from samrules.inputs.csv_table import read_csv
from samrules.inputs.json_table import read_json, read_json_lines
from samrules.inputs.parquet_table import is_parquet, read_parquet
from samrules.inputs.rows import Table, empty, unusable
from samrules.syntax.source import decode

STDIN = "-"
_STDIN_NAME = "standard input"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_FORMATS = {".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
            ".parquet": "parquet"}
_SUPPORTED = "use a file that ends in .csv, .json, .jsonl or .parquet"
_SPREADSHEETS = (".xls", ".xlsx", ".xlsm", ".ods", ".numbers")


@attrs.frozen
class Tables:
    """The tables that were asked for, as they were read, and what was left unread."""

    accounts: Table
    history: Table | None = None
    events: Table | None = None
    warnings: tuple[Diagnostic, ...] = ()


def read_tables(accounts: str | Path, history: str | Path | None = None,
                events: str | Path | None = None) -> Tables:
    """Read the accounts, and the earlier reviews and the events where there are any.

    `accounts` is a file, `-` for standard input, or a folder that holds `accounts.*` and perhaps
    `history.*` and `events.*`; `history` and `events` name tables of their own and go before those
    in the folder. Raises FactError where a table cannot be read at all; other problems are kept
    with it.
    """
    folder = Path(accounts) if str(accounts) != STDIN and Path(accounts).is_dir() else None
    if folder is None:
        return Tables(read_table(accounts), _read_if(history), _read_if(events))
    warnings = _others(folder, {Path(p) for p in (history, events) if p is not None})
    history = _beside(folder, "history", history, warnings)
    events = _beside(folder, "events", events, warnings)
    main = _only(folder, "accounts", _members(folder, "accounts"))
    if main is None:
        raise unusable("no-such-file", "the folder holds no table of accounts",
                       "put `accounts.csv` (or .json, .jsonl, .parquet) there, or name the file itself",
                       str(folder))
    return Tables(read_table(main), _read_if(history), _read_if(events), tuple(warnings))


def _read_if(path: str | Path | None) -> Table | None:
    return read_table(path) if path is not None else None


def _beside(folder: Path, stem: str, named: str | Path | None, warnings: list[Diagnostic]) -> str | Path | None:
    """The table that was named, else the one in the folder."""
    found = _members(folder, stem)
    if named is None:
        return _only(folder, stem, found)
    warnings += [_not_read(path, f"`--{stem}` names another table") for path in found]
    return named


def _members(folder: Path, stem: str) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.stem.lower() == stem and p.suffix.lower() in _FORMATS)


_MEMBERS = ("accounts", "history", "events")


def _others(folder: Path, named: set[Path]) -> list[Diagnostic]:
    """Tables of the folder that bear none of the names that are read."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _FORMATS and path.stem.lower() not in _MEMBERS and path not in named:
            near = nearest(path.stem.lower(), _MEMBERS)
            help_ = f"did you mean `{near}{path.suffix}`?" if near else "a folder is read for accounts, history and events"
            found.append(_not_read(path, help_))
    return found


def _only(folder: Path, stem: str, found: list[Path]) -> Path | None:
    if len(found) > 1:
        raise unusable("bad-table", f"the folder holds {listed([p.name for p in found])}",
                       f"keep one `{stem}` table, or name the file itself", str(folder))
    return found[0] if found else None


def _not_read(path: Path, help_: str) -> Diagnostic:
    return Diagnostic("not-read", "this file is not read", help_, where=str(path))


def read_table(path: str | Path) -> Table:
    """Read one table; its format is told by the name's ending, without one by the content."""
    if str(path) == STDIN:
        return _parse(sys.stdin.buffer.read(), _STDIN_NAME, None)
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix and suffix not in _FORMATS:
        if suffix in _SPREADSHEETS and path.is_file():
            raise unusable("unknown-format", f"`{suffix}` is a spreadsheet, not a table of plain values",
                           "save the sheet as \"CSV UTF-8\" and give that file", str(path))
        if path.exists():
            raise unusable("unknown-format", f"`{suffix}` is not a format that samrules reads", _SUPPORTED,
                           str(path))
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise unusable("no-such-file", f"cannot read the file: {reason.lower()}",
                       "give the path of a table, of a folder that holds one, or `-` for standard input",
                       str(path)) from None
    return _parse(data, str(path), _FORMATS.get(suffix))


def _parse(data: bytes, name: str, format_: str | None) -> Table:
    if not data:
        raise empty(name)
    if format_ == "parquet" or (format_ is None and is_parquet(data)):
        return read_parquet(data, name)
    text = _decoded(data, name)
    start = text.lstrip()[:1]
    if format_ == "jsonl":
        return read_json_lines(text, name)
    if format_ == "json" or (format_ is None and start in ("[", "{")):
        return read_json(text, name)
    return read_csv(text, name)


def _decoded(data: bytes, name: str) -> str:
    try:
        return decode(data, name)
    except RulesetError as error:
        problem = error.diagnostics[0]
        said = problem.message
        if data.startswith(_UTF16):
            said = "the file is UTF-16 text, not UTF-8"
        help_ = "save the file as UTF-8 (in a spreadsheet: \"CSV UTF-8\")"
        raise FactError([attrs.evolve(problem, message=said, help=help_)]) from None

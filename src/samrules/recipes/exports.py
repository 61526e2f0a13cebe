"""The tables of a folder of exports: found, checked against what a recipe reads, and put into the database."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from samrules.diagnostics import Diagnostic, did_you_mean, listed, nearest
from samrules.errors import FactError
from samrules.inputs.csv_table import separator_of
from samrules.inputs.rows import MOST_PROBLEMS, Table, empty
from samrules.inputs.tables import read_table
from samrules.recipes.database import Database, SqlError
from samrules.recipes.recipe import CellType, Column, RawTable

_ENDINGS = (".csv", ".tsv", ".parquet")


@attrs.frozen
class Loaded:
    """What was not there: optional tables, and optional columns by table. `notes` are no errors."""

    tables: frozenset[str]
    columns: Mapping[str, frozenset[str]]
    notes: tuple[Diagnostic, ...]


def load_exports(folder: Path, tables: Iterable[RawTable], database: Database) -> Loaded:
    """Put every table into the database. Raises FactError with all that is missing or ill-formed."""
    if not folder.is_dir():
        said = "this is a file, not a folder" if folder.exists() else "there is no such folder"
        raise FactError([Diagnostic("no-such-file", said, "give the folder that holds the exports, one file a table",
                                    where=str(folder))])
    found = _files(folder)
    problems: list[Diagnostic] = []
    notes: list[Diagnostic] = []
    absent_tables: set[str] = set()
    absent_columns: dict[str, frozenset[str]] = {}
    for table in tables:
        files = found.get(table.file.lower(), [])
        if not files:
            absent_tables.add(table.name)
            if table.required:
                problems.append(_no_file(table, folder, found))
            else:
                database.make_empty(table.name, {c.name: c.type for c in table.columns})
            continue
        if len(files) > 1:
            problems.append(Diagnostic("bad-table", f"the folder holds {listed([p.name for p in files])}",
                                       "keep one of them", where=str(folder)))
            continue
        try:
            absent_columns[table.name], undated = _load(files[0], table, database)
        except FactError as error:
            problems += error.diagnostics
            continue
        if undated:
            rows = "1 row" if undated == 1 else f"{undated:,} rows"
            notes.append(Diagnostic("undated-rows", f"{rows} without `{table.dated}` not seen",
                                    "fill the cells, or ignore this", where=str(files[0])))
    if problems:
        raise FactError(problems)
    return Loaded(frozenset(absent_tables), absent_columns, tuple(notes))


def _files(folder: Path) -> dict[str, list[Path]]:
    """The files of the folder by the name of their table, in small letters."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _ENDINGS and path.is_file():
            found.setdefault(path.stem.lower(), []).append(path)
    return found


def _no_file(table: RawTable, folder: Path, found: Mapping[str, list[Path]]) -> Diagnostic:
    names = [p.name for files in found.values() for p in files]
    near = nearest(table.file.lower(), found)
    help_ = f"rename `{found[near][0].name}` to `{table.file}{found[near][0].suffix}`" if near else \
        f"export it as `{table.file}.csv`; tables here: {listed(names)}" if names else \
        f"export it as `{table.file}.csv`; the folder holds no CSV and no Parquet file"
    return Diagnostic("missing-table", f"there is no table `{table.file}` ({table.title})", help_, where=str(folder))


# --- one table -----------------------------------------------------------------------------------


def _load(path: Path, table: RawTable, database: Database) -> tuple[frozenset[str], int]:
    """Put a table in; the optional columns that it lacks, and the number of rows without a date."""
    if path.suffix.lower() == ".parquet":
        absent = _load_parquet(path, table, database)
    else:
        absent = _load_csv(path, table, database)
    problems = _bad_cells(path, [c for c in table.columns if c.name not in absent], table.name, database)
    if problems:
        raise FactError(problems)
    undated = 0
    if table.dated and not table.column(table.dated).filled:
        undated = len(database.blank_cells(table.name, table.dated, 1_000_000_000))
    database.give_types(table.name, {c.name: c.type for c in table.columns}, absent)
    return absent, undated


def _load_parquet(path: Path, table: RawTable, database: Database) -> frozenset[str]:
    try:
        names = _matched(path, table, database.parquet_columns(path))
        database.load_parquet(table.name, {there: name for name, there in names.items()}, path)
    except SqlError as error:
        raise FactError([Diagnostic("bad-table", f"the Parquet file cannot be read: {error.message}", "export it again",
                                    where=str(path))]) from None
    return frozenset(c.name for c in table.columns if c.name not in names)


def _load_csv(path: Path, table: RawTable, database: Database) -> frozenset[str]:
    """The cells go through a clean copy: the database's own reader takes an unclosed quote for no rows."""
    with tempfile.TemporaryDirectory(prefix="samrules-") as scratch:
        copy = Path(scratch) / "cells.csv"
        try:
            records = _records(path)
            header = next(records)
            names = _matched(path, table, [name.strip() for name in header])
            places = [[n.strip() for n in header].index(there) for there in names.values()]
            with copy.open("w", encoding="utf-8", newline="") as sink:
                writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\n")
                writer.writerows([record[i].strip() for i in places] for record in records)
        except _IllFormedError:
            raise _told(path) from None
        database.load_cells(table.name, list(names), copy)
    return frozenset(c.name for c in table.columns if c.name not in names)


class _IllFormedError(Exception):
    """Something is wrong with the file; the reader of `inputs` says what, and where."""


def _records(path: Path) -> Iterator[list[str]]:
    """The header and the rows that are not blank, all of one width. As `inputs` reads them, but streaming."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            separator = separator_of(stream)
            stream.seek(0)
            width = 0
            for record in csv.reader(_plain(stream), delimiter=separator, strict=True):
                if not any(cell.strip() for cell in record):
                    continue
                width = width or len(record)
                if len(record) != width:
                    raise _IllFormedError
                yield record
            if not width:
                raise _IllFormedError
    except (csv.Error, UnicodeError, OSError):
        raise _IllFormedError from None


def _plain(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if "\0" in line:
            raise _IllFormedError
        yield line


def _told(path: Path) -> FactError:
    """What is wrong with a file, in the words of the reader that `decide` uses."""
    try:
        table = read_table(path)
    except FactError as error:
        return error
    return FactError(table.shown(table.problems)) if table.problems else empty(str(path))


# --- columns and cells ---------------------------------------------------------------------------


def _matched(path: Path, table: RawTable, header: Iterable[str]) -> dict[str, str]:
    """Each column the recipe reads with its name in the file; capital letters do not matter.
    Raises FactError with every required one that is not there, and every one that is there twice."""
    names = list(header)
    problems = []
    found: dict[str, str] = {}
    for column in table.columns:
        there = [n for n in names if n.lower() == column.name.lower()]
        if len(there) > 1:
            problems.append(Diagnostic("duplicate-column", f"the column `{column.name}` stands {len(there)} times",
                                       "keep one of them", where=str(path)))
        elif there:
            found[column.name] = there[0]
        elif column.required:
            free = [n for n in names if n and n.lower() not in {c.name.lower() for c in table.columns}]
            near = nearest(column.name, free)
            help_ = f"rename `{near}` to `{column.name}`" if near else \
                f"add it; {did_you_mean(column.name, free or names, 'columns')}"
            problems.append(Diagnostic("missing-column", f"the table has no column `{column.name}` ({column.meaning})",
                                       help_, where=str(path)))
    if problems:
        raise FactError(problems)
    return found


_FORMS = {
    CellType.DATE: ("a date", "write it as `2026-11-21`, or give the column the type text and let the SQL read it"),
    CellType.NUMBER: ("a number", "write digits and a decimal point only, as in `1234.5`"),
    CellType.INTEGER: ("a whole number", "write digits only, as in `12`"),
    CellType.BOOLEAN: ("true or false", "write `true` or `false`, `yes` or `no`, `1` or `0`"),
}


def _bad_cells(path: Path, columns: Iterable[Column], table: str, database: Database) -> list[Diagnostic]:
    """Cells that are not of their type, and blank ones that must be filled, each in its place."""
    wrong: list[tuple[int, str, str, str, str]] = []
    for column in columns:
        if column.type is not CellType.TEXT:
            form, cure = _FORMS[column.type]
            wrong += [(row, column.name, "wrong-type", f"`{column.name}`: `{cell}` is not {form}", cure)
                      for row, cell in database.bad_cells(table, column.name, column.type, MOST_PROBLEMS)]
        if column.filled:
            wrong += [(row, column.name, "missing-value", f"`{column.name}` is blank ({column.meaning})",
                       "fill the cell, or remove the row")
                      for row in database.blank_cells(table, column.name, MOST_PROBLEMS)]
    if not wrong:
        return []
    source = read_table(path) if path.suffix.lower() != ".parquet" else None
    told = [_placed(source, path, *fault) for fault in sorted(wrong)[:MOST_PROBLEMS]]
    return source.shown(told) if source else told


def _placed(source: Table | None, path: Path, number: int, column: str, code: str, message: str,
            help_: str) -> Diagnostic:
    if source is None:
        return Diagnostic(code, message, help_, where=f"{path}: row {number + 1}")
    row = source.rows[number]
    there = next(c for c in source.columns if c.lower() == column.lower())
    return Diagnostic(code, message, help_, row.places[there] if row.places else None, where=source.where(row))

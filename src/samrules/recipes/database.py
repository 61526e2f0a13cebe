"""DuckDB, locked in: the one place that imports it, and only when a recipe runs.

A database lives in memory and for one run. Tables are put in, the door is shut — no file, no
network, no setting can be reached — and only then does SQL from a recipe run in it.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import attrs

from samrules.diagnostics import Diagnostic
from samrules.errors import FactError
from samrules.recipes.recipe import CellType

T = TypeVar("T")

NUMBER = "DECIMAL(24, 6)"
"""Exact, so that sums do not hang on the order of rows; amounts keep six places."""

_TYPES = {CellType.TEXT: "VARCHAR", CellType.DATE: "DATE", CellType.NUMBER: NUMBER, CellType.INTEGER: "BIGINT",
          CellType.BOOLEAN: "BOOLEAN"}
_SETTINGS: dict[str, Any] = {
    "threads": 1,  # the order of rows, and so `first` and sums of doubles, are then the same in every run
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # a table of SQL is never a variable of Python
}


@attrs.frozen
class SqlError(Exception):
    """SQL that the database refuses: its words, and where in the text (characters), if it says."""

    message: str
    start: int | None = None
    length: int = 1
    suggestions: tuple[str, ...] = ()


@attrs.frozen
class Result:
    """What a query gives: names of columns, their SQL types, and rows."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def duckdb() -> ModuleType:
    """Raises FactError with the command that installs it."""
    try:
        import duckdb
    except ImportError:
        raise FactError([Diagnostic(
            "needs-extra", "recipes need the package duckdb, which is not installed",
            "pip install \"samrules[recipes]\"", where="recipes")]) from None
    return duckdb


class Database:
    """A database in memory. Close it by `with`."""

    def __init__(self) -> None:
        self._duckdb = duckdb()
        self._connection = self._duckdb.connect(":memory:", config=_SETTINGS)
        self._connection.execute("SET errors_as_json = true")

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    # --- tables in ---

    def load_cells(self, table: str, columns: Sequence[str], path: Path) -> None:
        """A table of text from a CSV file that was written for this, every cell in quotes."""
        kinds = ", ".join(f"{_text(c)}: 'VARCHAR'" for c in columns)
        self._connection.execute(
            f"CREATE TABLE {quoted(table)} AS SELECT * FROM read_csv(?, header=false, auto_detect=false, delim=',', "
            f"quote='\"', escape='\"', new_line='\\n', max_line_size=100000000, columns={{{kinds}}})", [str(path)])

    def load_parquet(self, table: str, columns: Mapping[str, str], path: Path) -> None:
        """A table of text from a Parquet file; `columns` are names in the file to names in the table.
        Raises SqlError."""
        cells = ", ".join(f"nullif(trim(CAST({quoted(a)} AS VARCHAR)), '') AS {quoted(b)}" for a, b in columns.items())
        self._run(f"CREATE TABLE {quoted(table)} AS SELECT {cells} FROM read_parquet(?)", [str(path)])

    def parquet_columns(self, path: Path) -> tuple[str, ...]:
        """Raises SqlError."""
        self._run("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)])
        return tuple(row[0] for row in self._connection.fetchall())

    def shut(self) -> None:
        """From here on nothing outside the tables can be reached, and this cannot be undone."""
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    # --- cells to values ---

    def bad_cells(self, table: str, column: str, type_: CellType, most: int) -> list[tuple[int, str]]:
        """Cells that are not of the type, each with the number of its row, from 0."""
        cell = quoted(column)
        self._connection.execute(
            f"SELECT rowid, {cell} FROM {quoted(table)} WHERE {cell} IS NOT NULL AND {_value(cell, type_)} IS NULL "
            f"ORDER BY rowid LIMIT {most}")
        return [(int(n), str(c)) for n, c in self._connection.fetchall()]

    def blank_cells(self, table: str, column: str, most: int) -> list[int]:
        self._connection.execute(
            f"SELECT rowid FROM {quoted(table)} WHERE {quoted(column)} IS NULL ORDER BY rowid LIMIT {most}")
        return [int(n) for n, in self._connection.fetchall()]

    def give_types(self, table: str, columns: Mapping[str, CellType], absent: Collection[str] = ()) -> None:
        """The text of a table read as the types; the columns that are absent are there, without values."""
        cells = ", ".join(f"{_empty(c, t) if c in absent else _value(quoted(c), t) + ' AS ' + quoted(c)}"
                          for c, t in columns.items())
        self._connection.execute(
            f"CREATE OR REPLACE TABLE {quoted(table)} AS SELECT {cells} FROM {quoted(table)} ORDER BY rowid")

    def make_empty(self, table: str, columns: Mapping[str, CellType]) -> None:
        cells = ", ".join(_empty(c, t) for c, t in columns.items())
        self._connection.execute(f"CREATE TABLE {quoted(table)} AS SELECT {cells} LIMIT 0")

    def forget_after(self, table: str, column: str, day: date) -> None:
        """Rows of a later date are gone: no SQL of a recipe can see them. Rows without a date go too."""
        self._connection.execute(f"DELETE FROM {quoted(table)} WHERE {quoted(column)} IS NULL OR {quoted(column)} > ?",
                                 [day])

    # --- SQL of recipes ---

    def check_one_select(self, sql: str, parameters: Collection[str]) -> frozenset[str]:
        """The parameters that one SELECT uses. Raises SqlError for anything else."""
        statements = self._asked(lambda: self._connection.extract_statements(sql), sql)
        if len(statements) != 1:
            raise SqlError("the file holds no SQL" if not statements else f"the file holds {len(statements)} statements")
        if statements[0].type != self._duckdb.StatementType.SELECT:
            start = len(sql) - len(sql.lstrip()) if not sql.lstrip().startswith(("-", "/")) else None
            raise SqlError(f"a recipe only asks: this is {statements[0].type.name}, not a SELECT", start, 6)
        used = frozenset(statements[0].named_parameters)
        if strange := sorted(used - set(parameters)):
            start = sql.find(f"${strange[0]}")
            raise SqlError(f"there is no parameter `${strange[0]}`", start if start >= 0 else None, len(strange[0]) + 1)
        return used

    def make_table(self, table: str, sql: str, parameters: Mapping[str, Any]) -> dict[str, str]:
        """Keep what a SELECT gives as a table; its columns with their SQL types. Raises SqlError."""
        self._run(sql, parameters, before=f"CREATE OR REPLACE TABLE {quoted(table)} AS\n")
        self._connection.execute(f"DESCRIBE {quoted(table)}")
        return {row[0]: row[1] for row in self._connection.fetchall()}

    def conform(self, table: str, columns: Mapping[str, CellType], absent: Collection[str]) -> None:
        """A prepared table with just the columns another recipe reads, of their types. Raises SqlError."""
        cells = ", ".join(_empty(c, t) if c in absent else f"CAST({quoted(c)} AS {_TYPES[t]}) AS {quoted(c)}"
                          for c, t in columns.items())
        self._run(f"CREATE OR REPLACE TABLE {quoted(table)} AS SELECT {cells} FROM {quoted(table)} ORDER BY rowid")

    def ask(self, sql: str, parameters: Mapping[str, Any]) -> Result:
        """What a SELECT gives. Raises SqlError."""
        self._run(sql, parameters)
        description = self._connection.description or []
        try:
            rows = self._connection.fetchall()
        except (self._duckdb.Error, ValueError, OverflowError) as error:  # a date that Python does not have
            raise self._refusal(error, sql, 0) from None
        return Result(tuple(d[0] for d in description), tuple(str(d[1]) for d in description), rows)

    def _run(self, sql: str, parameters: Any = None, before: str = "") -> None:
        self._asked(lambda: self._connection.execute(before + sql, parameters or None), sql, len(before.encode()))

    def _asked(self, step: Callable[[], T], sql: str, before: int = 0) -> T:
        try:
            return step()
        except self._duckdb.Error as error:
            raise self._refusal(error, sql, before) from None

    def _refusal(self, error: Exception, sql: str, before: int) -> SqlError:
        """The database's words as they are said here, with the place in the recipe's own text."""
        said = str(error)
        found: dict[str, Any] = {}
        with contextlib.suppress(ValueError):
            found = json.loads(said[said.index("{"):])
        message = str(found.get("exception_message", said)).split("\n")[0].strip().rstrip("!.")
        message = re.sub(r"^[A-Z][\w ]* Error: ", "", message)
        message = re.sub(r'"([^"]*)"', r"`\1`", message)
        names = str(found.get("candidates", ""))
        suggestions = tuple(n.strip().split(".")[-1] for n in names.split(",") if n.strip())
        start, length = None, 1
        with contextlib.suppress(ValueError, TypeError):
            at, *rest = json.loads(str(found.get("location", f"[{found.get('position', '')}]")))
            start = len(sql.encode()[: at - before].decode(errors="ignore")) if at >= before else None
            length = rest[0] if rest else 1
        return SqlError(message[:1].lower() + message[1:], start, max(length, 1), suggestions)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _empty(column: str, type_: CellType) -> str:
    return f"CAST(NULL AS {_TYPES[type_]}) AS {quoted(column)}"


_DAY = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?)?"
_DECIMAL = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"


def _value(cell: str, type_: CellType) -> str:
    """SQL for a cell as its type has it, NULL where it is not of the type."""
    match type_:
        case CellType.DATE:  # of a time, the day as it is written
            return f"CASE WHEN regexp_full_match({cell}, '{_DAY}') THEN TRY_CAST(left({cell}, 10) AS DATE) END"
        case CellType.NUMBER:
            return f"CASE WHEN regexp_full_match({cell}, '{_DECIMAL}') THEN TRY_CAST({cell} AS {NUMBER}) END"
        case CellType.INTEGER:
            whole = f"regexp_replace({cell}, '\\.0*$', '')"
            return f"CASE WHEN regexp_full_match({cell}, '[+-]?\\d+(\\.0*)?') THEN TRY_CAST({whole} AS BIGINT) END"
        case CellType.BOOLEAN:
            return (f"CASE WHEN lower({cell}) IN ('true', 'yes', '1') THEN true "
                    f"WHEN lower({cell}) IN ('false', 'no', '0') THEN false END")
    return cell

"""A recipe and a folder of exports to the rows of accounts, events and history.

The day asked about is run first and the earlier reviews after it, latest first; before each, rows of
a later date are deleted. So no SQL of a recipe can see what came after the day it is run for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import attrs

from samrules.diagnostics import Diagnostic, did_you_mean, listed
from samrules.errors import FactError
from samrules.recipes.database import Database, Result, SqlError
from samrules.recipes.exports import Loaded, load_exports
from samrules.recipes.recipe import ACCOUNTS, EVENTS, CellType, Query, RawTable, Recipe
from samrules.recipes.sql_text import changing_words, column_place, tables_of

T = TypeVar("T")

PARAMETERS = ("as_of", "present")
"""`$as_of` is the day, a DATE; `$present` is false where that is the day of an earlier review."""

_SQL_TYPES = {CellType.TEXT: "text", CellType.DATE: "a date", CellType.NUMBER: "a number",
              CellType.INTEGER: "a whole number", CellType.BOOLEAN: "true or false"}
_NUMERIC = ("DECIMAL", "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT",
            "UINTEGER", "USMALLINT", "UTINYINT", "UHUGEINT", "\"NULL\"")
_ALLOWED: Mapping[CellType, tuple[str, ...]] = {
    CellType.TEXT: ("VARCHAR", "BIGINT", "INTEGER", "UUID", "\"NULL\""), CellType.DATE: ("DATE", "\"NULL\""),
    CellType.NUMBER: _NUMERIC, CellType.INTEGER: tuple(n for n in _NUMERIC if n not in ("DOUBLE", "FLOAT", "DECIMAL")),
    CellType.BOOLEAN: ("BOOLEAN", "\"NULL\""),
}


@attrs.frozen
class Made:
    """What the SQL gave: accounts, events if the recipe has any, and the accounts at each review."""

    accounts: Result
    events: Result | None
    reviews: tuple[tuple[date, Result], ...]
    missing: frozenset[str]
    """Facts that stay missing because what they are made of is not in the exports."""
    notes: tuple[Diagnostic, ...]


def make(recipe: Recipe, folder: Path, as_of: date, reviews: Sequence[date] = ()) -> Made:
    """Run a recipe. `reviews` are days before `as_of`.

    Raises FactError with what is wrong with the exports, or else with what is wrong with the SQL.
    """
    with Database() as database:
        loaded = load_exports(folder, recipe.exports, database)
        database.shut()
        run = _Run(recipe, database, loaded)
        run.check()
        accounts, events = run.at(as_of, present=True)
        past = tuple((day, run.at(day, present=False)[0]) for day in sorted(reviews, reverse=True))
        missing, notes = run.absences()
    return Made(accounts, events, past, missing, (*loaded.notes, *notes))


class _Run:
    def __init__(self, recipe: Recipe, database: Database, loaded: Loaded) -> None:
        self.recipe = recipe
        self.database = database
        self.loaded = loaded
        self.absent = dict(loaded.columns)
        """Optional columns that are not there, by table."""
        self.used: dict[str, frozenset[str]] = {}
        self.order: list[Query] = []

    # --- before anything runs ---

    def check(self) -> None:
        """Each file is one SELECT of known tables, and the order of those that make tables."""
        problems: list[Diagnostic] = []
        needs: dict[str, frozenset[str]] = {}
        for query in self.recipe.queries:
            problems += changing_words(query)
            try:
                self.used[query.name] = self.database.check_one_select(query.text, PARAMETERS)
                needs[query.name] = tables_of(query.text) - {query.name}  # a step inside it may bear its name
            except SqlError as error:
                problems.append(self.refused(query, error))
        if problems:
            raise FactError(problems)
        self.order = self.in_order(needs)

    def in_order(self, needs: Mapping[str, frozenset[str]]) -> list[Query]:
        """The queries that make tables, each after those it reads. Raises FactError for a circle."""
        left = {q.name: q for q in self.recipe.queries if q.name not in (ACCOUNTS, EVENTS)}
        order: list[Query] = []
        while left:
            waiting = {name.lower() for name in left}
            ready = [q for name, q in left.items() if not (needs[name] & waiting)]
            if not ready:
                first = next(iter(left.values()))
                raise FactError([first.problem(
                    "recipe-cycle", f"the tables {listed(sorted(left))} need each other", "break the circle",
                    first.span(0, 1))])
            order += ready
            left = {name: q for name, q in left.items() if q not in ready}
        return order

    # --- a day ---

    def at(self, day: date, present: bool) -> tuple[Result, Result | None]:
        """The accounts on a day, and the events until then where that is the day asked about."""
        values = {"as_of": day, "present": present}
        for table in self.recipe.exports:
            if table.dated and table.name not in self.loaded.tables:
                self.database.forget_after(table.name, table.dated, day)
        for query in self.order:
            self.prepare(query, values, day)
        accounts, events = self.recipe.query(ACCOUNTS), self.recipe.query(EVENTS)
        assert accounts is not None
        return self.ask(accounts, values), self.ask(events, values) if events and present else None

    def parameters(self, query: Query, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in self.used[query.name]}

    def ask(self, query: Query, values: Mapping[str, Any]) -> Result:
        return self.tried(query, lambda: self.database.ask(query.text, self.parameters(query, values)))

    def tried(self, query: Query, step: Callable[[], T]) -> T:
        try:
            return step()
        except SqlError as error:
            raise FactError([self.refused(query, error)]) from None

    def prepare(self, query: Query, values: Mapping[str, Any], day: date) -> None:
        """Make the table of a query; where another recipe reads it, just as that recipe declares it."""
        types = self.tried(query, lambda: self.database.make_table(
            query.name, query.text, self.parameters(query, values)))
        table = self.recipe.table(query.name)
        if table is None:
            return
        self.check_prepared(query, table, types)
        absent = frozenset(c.name for c in table.columns if not _there(c.name, types))
        self.absent[table.name] = absent
        self.tried(query, lambda: self.database.conform(
            table.name, {c.name: c.type for c in table.columns}, absent))
        for column in table.columns:
            if column.filled and (blank := self.database.blank_cells(table.name, column.name, 1_000_000_000)):
                rows = "1 row" if len(blank) == 1 else f"{len(blank):,} rows"
                raise FactError([query.problem(
                    "missing-value", f"`{column.name}` is blank in {rows} ({column.meaning})",
                    "leave such rows out in the SQL, or fill the cells of the export", column_place(query, column.name))])
        if table.dated:
            self.database.forget_after(table.name, table.dated, day)

    def check_prepared(self, query: Query, table: RawTable, types: Mapping[str, str]) -> None:
        problems = []
        for column in table.columns:
            found = _there(column.name, types)
            if found is None and column.required:
                problems.append(query.problem(
                    "missing-column", f"the SQL gives no column `{column.name}` ({column.meaning})",
                    did_you_mean(column.name, types, "columns of the SQL")))
            elif found and found.split("(")[0].upper() not in _ALLOWED[column.type]:
                problems.append(query.problem(
                    "wrong-type", f"`{column.name}` is {found} where {_SQL_TYPES[column.type]} is read",
                    f"cast it, or give its source a type in `{self.recipe.file}`", column_place(query, column.name)))
        known = {c.name.lower() for c in table.columns}
        problems += [
            query.problem("undeclared-column", f"`{name}` is no column of the table `{table.name}`",
                          did_you_mean(name, [c.name for c in table.columns], "columns"), column_place(query, name))
            for name in types if name.lower() not in known
        ]
        if problems:
            raise FactError(problems)

    # --- what is not there ---

    def absences(self) -> tuple[frozenset[str], list[Diagnostic]]:
        """The facts that stay missing, and a note for each table or column that is the reason.

        A fact is missing where a table that gives it is absent, or where all the columns that give it
        are, whichever tables they belong to.
        """
        there: set[str] = set()
        gone: set[str] = set()
        for table in self.recipe.tables:
            absent = self.absent.get(table.name, frozenset())
            for column in table.columns:
                lost = table.name in self.loaded.tables or column.name in absent
                (gone if lost else there).update(column.gives)
        gone -= there
        notes = []
        for table in self.recipe.tables:
            if table.name in self.loaded.tables:
                lost_here = [*table.gives, *(f for c in table.columns for f in c.gives if f in gone)]
                gone.update(table.gives)
                notes.append(Diagnostic("stays-missing", f"there is no table `{table.file}`: {_stay(lost_here)}",
                                        f"export it ({table.title}), or do without", where=self.recipe.name))
                continue
            for column in table.columns:
                lost_here = [f for f in column.gives if f in gone]
                if column.name in self.absent.get(table.name, frozenset()) and lost_here:
                    notes.append(Diagnostic(
                        "stays-missing", f"`{table.name}` has no column `{column.name}`: {_stay(lost_here)}",
                        f"add it ({column.meaning}), or do without", where=self.recipe.name))
        return frozenset(gone), notes

    # --- problems ---

    def refused(self, query: Query, error: SqlError) -> Diagnostic:
        span = query.span(error.start, error.start + error.length) if error.start is not None else None
        return query.problem("recipe-sql", error.message, self.cure(error), span)

    def cure(self, error: SqlError) -> str:
        said = error.message
        tables = [*(t.name for t in self.recipe.tables), *(q.name for q in self.order)]
        if found := re.search(r"table with name (.+?) does not exist", said, re.IGNORECASE):
            return did_you_mean(found[1], tables, "tables")
        if "file system" in said or "disabled by configuration" in said:
            return f"a recipe reads its tables only; name the file under `tables` in `{self.recipe.file}`"
        if "parameter" in said:
            return did_you_mean("", [f"${p}" for p in PARAMETERS], "parameters")
        if "statement" in said or "holds no SQL" in said or "not a SELECT" in said:
            return "keep one SELECT a file; a step before it is a file of its own"
        if error.suggestions:
            return f"did you mean {' or '.join(f'`{s}`' for s in error.suggestions[:3])}?"
        if "VARCHAR" in said or "convert" in said or "cast" in said or "format" in said:
            return f"a column is text unless `{self.recipe.file}` gives it a `type`"
        return "correct the SQL here; docs/recipes.md tells what a recipe may use"


def _there(name: str, types: Mapping[str, str]) -> str | None:
    """The type of a column; SQL does not tell capital letters from small ones."""
    return next((t for n, t in types.items() if n.lower() == name.lower()), None)


def _stay(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    if not unique:
        return "no fact needs it"
    return f"{listed(unique)} {'stays' if len(unique) == 1 else 'stay'} missing"

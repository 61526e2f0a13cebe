"""What the SQL of a recipe gave, checked as `decide` checks it, as the bytes of its files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import attrs

from samrules.diagnostics import Diagnostic, did_you_mean, nearest
from samrules.errors import FactError
from samrules.inputs.accounts import Accounts, check_tables
from samrules.inputs.events import DATE, EVENT, REFERENCE
from samrules.inputs.facts import ID, REVIEW_DATE, BadValue, convert
from samrules.inputs.rows import Row, Table
from samrules.inputs.tables import Tables
from samrules.model.ruleset import EventType, Fact
from samrules.model.types import Kind, Type, Value
from samrules.recipes.database import Result
from samrules.recipes.recipe import ACCOUNTS, EVENTS, Query, Recipe
from samrules.recipes.run import Made
from samrules.recipes.sql_text import column_place
from samrules.syntax.literals import plain_number

_DAY = Fact(DATE, Type(Kind.DATE))

Cells = Sequence[str]


@attrs.frozen
class Checked:
    """The files to be written, by name, with their rows, and what was found that is no error."""

    files: Mapping[str, bytes]
    rows: Mapping[str, int]
    warnings: tuple[Diagnostic, ...]


def checked(recipe: Recipe, made: Made, facts: Mapping[str, Fact], kinds: Mapping[str, EventType],
            as_of: date) -> Checked:
    """The files of facts, events and history. Raises FactError with every problem of the results."""
    return _Results(recipe, made, facts, kinds, as_of).checked()


class _Results:
    def __init__(self, recipe: Recipe, made: Made, facts: Mapping[str, Fact], kinds: Mapping[str, EventType],
                 as_of: date) -> None:
        self.recipe, self.made, self.facts, self.kinds, self.as_of = recipe, made, facts, kinds, as_of
        accounts = recipe.query(ACCOUNTS)
        assert accounts is not None
        self.accounts = accounts
        self.events = recipe.query(EVENTS)

    def checked(self) -> Checked:
        self.refuse([*self.columns(), *self.event_columns()])
        main = self.table(self.accounts, self.made.accounts)
        if not main.rows:
            self.refuse([self.accounts.problem("empty-file", "the SQL gives no accounts",
                                               "is `--as-of` before the first row of the exports?")])
        events = self.table(self.events, self.made.events) if self.events and self.made.events else None
        events = events if events and events.rows else None
        history = self.history()
        self.refuse(self.late(events) if events else [])
        found = check_or_raise(Tables(main, history, events), self.facts, self.kinds, self.as_of,
                               {q.file: q for q in self.recipe.queries})
        self.refuse([*self.null_bytes(main, events), *(self.event_rows(events) if events else [])])
        files = {"accounts.csv": self.account_lines(found)}
        if events:
            files["events.csv"] = self.event_lines(events)
        if history:
            files["history.csv"] = self.history_lines(found)
        return Checked({name: _csv(lines) for name, lines in files.items()},
                       {name: len(lines) - 1 for name, lines in files.items()}, found.warnings)

    def refuse(self, problems: list[Diagnostic]) -> None:
        if problems:
            raise FactError(problems)

    # --- columns ---

    def columns(self) -> list[Diagnostic]:
        names = self.made.accounts.columns
        problems = _twice(self.accounts, names)
        return problems + [
            self.accounts.problem("undeclared-column", f"`{name}` is no declared fact",
                                  _or_leave_out(name, [f for f in self.facts if f not in names]),
                                  column_place(self.accounts, name))
            for name in names if name not in self.facts and name != ID
        ]

    def event_columns(self) -> list[Diagnostic]:
        if self.events is None or self.made.events is None:
            return []
        names = self.made.events.columns
        declared = {f.name for kind in self.kinds.values() for f in kind.fields} | {ID, EVENT, DATE, REFERENCE}
        return _twice(self.events, names) + [
            self.events.problem("undeclared-column", f"`{name}` is no field of any declared event",
                                did_you_mean(name, declared, "fields"), column_place(self.events, name))
            for name in names if name not in declared
        ]

    # --- tables, as `inputs` takes them ---

    def table(self, query: Query, result: Result) -> Table:
        columns = result.columns
        lost = [i for i, c in enumerate(columns) if c in self.made.missing] if query is self.accounts else []
        at = columns.index(ID) if ID in columns else None
        rows = []
        for number, cells in enumerate(result.rows, start=1):
            if lost:
                cells = tuple(None if i in lost else cell for i, cell in enumerate(cells))
            said = f"row {number}" if at is None else f"row {number} ({cells[at]})"
            rows.append(Row(dict(zip(columns, cells, strict=True)), said))
        return Table(query.file, columns, tuple(rows))

    def history(self) -> Table | None:
        """The reviews as one table. One that is empty is a day before the first account."""
        rows = [
            attrs.evolve(row, values={**row.values, REVIEW_DATE: day}, at=f"{row.at}, review {day}")
            for day, result in self.made.reviews
            for row in self.table(self.accounts, result).rows
        ]
        columns = (ID, REVIEW_DATE, *(c for c in self.made.accounts.columns if c != ID))
        return Table(self.accounts.file, columns, tuple(rows)) if rows else None

    # --- rows ---

    def null_bytes(self, *tables: Table | None) -> list[Diagnostic]:
        return [
            Diagnostic("wrong-type", f"`{name}`: a null byte: this is not plain text", "take it out in the SQL",
                       where=table.where(row))
            for table in tables if table
            for row in table.rows
            for name, value in row.values.items() if isinstance(value, str) and "\0" in value
        ]

    def late(self, table: Table) -> list[Diagnostic]:
        """Events after the day asked about: the SQL has seen, or made up, what it must not know."""
        assert self.events is not None
        late = [day for row in table.rows if (day := _day_of(row.values.get(DATE))) and day > self.as_of]
        if not late:
            return []
        count = "1 event is" if len(late) == 1 else f"{len(late):,} events are"
        return [self.events.problem("bad-event", f"{count} after {self.as_of}, the latest on {max(late)}",
                                    "add `where ... <= $as_of`", column_place(self.events, DATE))]

    def event_rows(self, table: Table) -> list[Diagnostic]:
        """Values in fields that their kind of event does not have."""
        assert self.events is not None
        fields: dict[tuple[str, str], None] = {}
        for row in table.rows:
            kind = self.kinds[str(row.values[EVENT]).strip()]
            declared = {f.name for f in kind.fields} | {ID, EVENT, DATE, REFERENCE}
            fields |= {(kind.name, c): None for c, v in row.values.items() if v is not None and c not in declared}
        return [
            self.events.problem("undeclared-column", f"the event `{kind}` has no field `{name}`",
                                did_you_mean(name, [f.name for f in self.kinds[kind].fields], "fields"),
                                column_place(self.events, name))
            for kind, name in fields
        ]

    # --- lines ---

    def account_lines(self, found: Accounts) -> list[Cells]:
        columns = (ID, *(c for c in self.made.accounts.columns if c != ID))
        rows = sorted([_shown(a.facts.get(c)) for c in columns] for a in found.accounts)
        return [columns, *rows]

    def history_lines(self, found: Accounts) -> list[Cells]:
        columns = [c for c in self.made.accounts.columns if c != ID]
        known = {a.id: a for a in found.accounts}
        rows = [
            [account, day.isoformat(), *(_shown(facts.get(c)) for c in columns if c != "account_name")]
            for account, found_ in known.items() for day, facts in found_.history
        ]
        return [(ID, REVIEW_DATE, *(c for c in columns if c != "account_name")), *sorted(rows)]

    def event_lines(self, table: Table) -> list[Cells]:
        first = (ID, DATE, EVENT)
        columns = (*first, *(c for c in table.columns if c not in first))
        fields = {(k.name, f.name): f for k in self.kinds.values() for f in k.fields}
        own = {ID: Fact(ID, Type(Kind.TEXT)), DATE: _DAY, EVENT: Fact(EVENT, Type(Kind.TEXT))}
        rows = []
        for row in table.rows:
            kind = str(row.values[EVENT]).strip()
            cells = []
            for column in columns:
                value, fact = row.values[column], own.get(column) or fields.get((kind, column))
                cells.append("" if value is None else _shown(convert(value, fact) if fact else str(value)))
            rows.append(cells)
        return [columns, *sorted(rows)]


def check_or_raise(tables: Tables, facts: Mapping[str, Fact], kinds: Mapping[str, EventType], as_of: date,
                   queries: Mapping[str, Query]) -> Accounts:
    """As `decide` checks tables; a fault that repeats in every row is told once, at its column in the SQL."""
    try:
        return check_tables(tables, facts, kinds, as_of)
    except FactError as error:
        raise FactError(_once(error.diagnostics, queries)) from None


_COLUMN = re.compile(r"`(\w+)`: ")


def _once(problems: Iterable[Diagnostic], queries: Mapping[str, Query]) -> Iterator[Diagnostic]:
    groups: dict[tuple[str, str, str], list[Diagnostic]] = {}
    for problem in problems:
        file = next((f for f in queries if (problem.where or "").startswith(f)), None)
        column = _COLUMN.match(problem.message)
        if file is None or column is None:
            yield problem
        else:
            groups.setdefault((file, problem.code, column[1]), []).append(problem)
    for (file, _, name), alike in groups.items():
        row = (alike[0].where or "").removeprefix(f"{file}: ")
        more = f", and {len(alike) - 1:,} more" if len(alike) > 1 else ""
        yield queries[file].problem(alike[0].code, f"{alike[0].message}, in {row}{more}", alike[0].help,
                                    column_place(queries[file], name))


def _day_of(value: object) -> date | None:
    """The day of an event, None where that is no date: `decide`'s own check tells it."""
    try:
        day = convert(value, _DAY)
    except BadValue:
        return None
    return day if isinstance(day, date) else None


def _or_leave_out(name: str, facts: Iterable[str]) -> str:
    near = nearest(name, facts)
    return f"did you mean `{near}`?" if near else "leave it out, or declare it in a ruleset that the recipe names as `facts`"


def _twice(query: Query, names: Sequence[str]) -> list[Diagnostic]:
    twice = dict.fromkeys(n for i, n in enumerate(names) if n in names[:i])
    return [query.problem("duplicate-column", f"the SQL gives `{n}` twice", "rename or remove one of the two",
                          column_place(query, n)) for n in twice]


def _shown(value: Value | None) -> str:
    """A value as CSV has it, and `decide` reads it: dates ISO, numbers in shortest form, missing ones blank."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        text = plain_number(value)
        return text.removesuffix(".0")
    return value.isoformat() if isinstance(value, date) else str(value)


_NEEDS_QUOTES = re.compile(r'[,";\r\n\t]|^\s|\s$')


def _csv(lines: Iterable[Cells]) -> bytes:
    return "".join(",".join(map(_quoted, cells)) + "\n" for cells in lines).encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell

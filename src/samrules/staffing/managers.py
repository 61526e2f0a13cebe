"""The table of account managers: what they can carry, where they have worked, whom they look after now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import attrs

from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import FactError
from samrules.inputs.facts import BadValue, convert, mappings
from samrules.inputs.rows import Row, Table
from samrules.model.ruleset import Fact, Range
from samrules.model.types import Kind, Type, Value

ID, CAPACITY, LEVEL, ACCOUNTS = "manager_id", "capacity_points", "level_experience", "accounts"
COLUMNS = {
    ID: Fact(ID, Type(Kind.TEXT)),
    "name": Fact("name", Type(Kind.TEXT)),
    CAPACITY: Fact(CAPACITY, Type(Kind.NUMBER), range=Range(low=0)),
    LEVEL: Fact(LEVEL, Type(Kind.ORDINAL, low=1, high=4)),
    ACCOUNTS: Fact(ACCOUNTS, Type(Kind.TEXT)),
}
_REQUIRED = {ID: "give each manager an id", CAPACITY: "give the points a manager can carry, such as 40",
             LEVEL: "give the highest level, 1 to 4, at which the manager has worked"}


@attrs.frozen
class Manager:
    """An account manager. `capacity` is in points; `accounts` are the ids of those looked after now."""

    id: str
    name: str
    capacity: float
    level: int
    accounts: tuple[str, ...] = ()


def table_of(managers: Iterable[Mapping[str, Any]]) -> Table:
    """Managers passed from Python as a table. Raises FactError where they are no mappings."""
    given = mappings(managers, "managers")
    rows = tuple(Row(values, f"manager {number}") for number, values in enumerate(given, start=1))
    return Table("", tuple(dict.fromkeys(name for values in given for name in values)), rows)


def read_managers(table: Table, accounts: Collection[str]) -> tuple[Manager, ...]:
    """The managers of a table, in order of id. `accounts` are the ids of all accounts to be assigned.

    Raises FactError with every problem: unknown or absent columns, a manager twice, a value that is
    missing or out of range, an account with two managers or none of the table.
    """
    reader = _Reader(table, accounts)
    found = reader.managers()
    if reader.problems:
        raise FactError(table.shown(reader.problems))
    return tuple(sorted(found, key=lambda m: m.id))


class _Reader:
    def __init__(self, table: Table, accounts: Collection[str]) -> None:
        self.table = table
        self.accounts = accounts
        self.problems = list(table.problems)
        self.holder: dict[str, str] = {}

    def where(self, row: Row) -> str:
        """The row's place in its file; managers passed from Python are only counted."""
        return self.table.where(row) if self.table.name else row.at

    def wrong(self, code: str, message: str, cure: str, row: Row, column: str) -> None:
        span = row.places[column] if row.places and column in row.values else None
        self.problems.append(Diagnostic(code, message, cure, span, where=self.where(row)))

    def managers(self) -> list[Manager]:
        self.columns()
        found: dict[str, Manager] = {}
        for row in self.table.rows:
            values = {name: self.value(row, name) for name in COLUMNS}
            lacking = [name for name in _REQUIRED if values[name] is None and name in self.table.columns]
            for name in lacking:
                if not any(f"`{name}`" in p.message and p.where == self.where(row) for p in self.problems):
                    self.wrong("missing-value", f"a manager without `{name}`", _REQUIRED[name], row, name)
            if lacking or any(values[name] is None for name in _REQUIRED):
                continue
            id_ = str(values[ID]).strip()
            if id_ in found:
                self.wrong("duplicate-manager", f"the manager `{id_}` stands twice", "keep one row a manager", row, ID)
                continue
            capacity, level = values[CAPACITY], values[LEVEL]
            assert isinstance(capacity, int | float)
            assert isinstance(level, int)
            found[id_] = Manager(id_, str(values["name"] or id_).strip(), float(capacity), level,
                                 self.held(row, str(values[ACCOUNTS] or ""), id_))
        return list(found.values())

    def columns(self) -> None:
        for name in self.table.columns:
            if name not in COLUMNS:
                self.problems.append(Diagnostic(
                    "unknown-column", f"a table of managers has no column `{name}`", did_you_mean(name, COLUMNS, "columns"),
                    self.table.header.get(name), where=self.table.name or "managers"))
        if not self.table.rows:
            return
        for name, cure in _REQUIRED.items():
            if name not in self.table.columns:
                start = self.table.start()
                self.problems.append(Diagnostic("missing-value", f"the table of managers has no column `{name}`", cure, start,
                                                where=self.table.name or "managers"))

    def value(self, row: Row, name: str) -> Value | None:
        given = row.values.get(name)
        if name == ACCOUNTS and isinstance(given, list | tuple):
            given = ";".join(map(str, given))
        if name == ID and isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        try:
            return convert(given, COLUMNS[name], textual=self.table.textual)
        except BadValue as bad:
            self.wrong(bad.code, f"`{name}`: {bad.message}", bad.help, row, name)
            return None

    def held(self, row: Row, text: str, manager: str) -> tuple[str, ...]:
        """The accounts that a manager has now, separated by `;`."""
        ids = tuple(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))
        for account in ids:
            if account not in self.accounts:
                self.wrong("no-such-account", f"`{manager}` looks after `{account}`, which is not among the accounts",
                           did_you_mean(account, self.accounts, "accounts") + "; else give all accounts of your managers, "
                           "or their load would be missed", row, ACCOUNTS)
            elif account in self.holder:
                self.wrong("duplicate-manager", f"`{account}` has two managers, `{self.holder[account]}` and `{manager}`",
                           "an account has one manager: leave it with one of them", row, ACCOUNTS)
            self.holder.setdefault(account, manager)
        return ids


def names(managers: Sequence[Manager]) -> dict[str, str]:
    """What to call each manager: the name, with the id where two have the same."""
    shared = {m.name for m in managers if sum(o.name == m.name for o in managers) > 1}
    return {m.id: f"{m.name} ({m.id})" if m.name in shared else m.name for m in managers}

"""From tables as they were read to accounts that can be decided: every value checked, all faults told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from samrules.decision.events import Event
from samrules.diagnostics import NAMES_SHOWN, Diagnostic, Span, did_you_mean, listed, nearest
from samrules.errors import FactError
from samrules.inputs.event_table import NO_EVENTS, read_events
from samrules.inputs.facts import (
    ID,
    REVIEW,
    REVIEW_DATE,
    BadValue,
    Gathered,
    convert,
    gather,
    history_problems,
)
from samrules.inputs.json_table import Refused
from samrules.inputs.rows import MOST_PROBLEMS, Row, Table
from samrules.inputs.tables import Tables
from samrules.model.ruleset import EventType, Fact
from samrules.model.types import Value

Review = tuple[date, dict[str, Value]]


@attrs.frozen
class Account:
    """The facts of one account, its earlier reviews and its events, both in order of date."""

    facts: dict[str, Value]
    history: tuple[Review, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def id(self) -> str:
        return str(self.facts[ID])


@attrs.frozen
class Accounts:
    """Accounts in the order of their table, and what was found on the way that is no error."""

    accounts: tuple[Account, ...]
    recorded: frozenset[str]
    """The kinds of events that are recorded at all."""
    warnings: tuple[Diagnostic, ...]
    table: Table | None = attrs.field(default=None, repr=False)
    rows: Mapping[str, Row] = attrs.field(factory=dict, repr=False)

    def locate(self, account: str, fact: str) -> Span | None:
        """Where a fact of an account stands in its file."""
        row = self.rows.get(account)
        return row.places[fact] if row is not None and row.places and fact in row.values else None

    def shown(self, error: FactError) -> FactError:
        """The same error, each problem with its line of text."""
        return FactError(self.table.shown(error.diagnostics)) if self.table is not None else error


def check_tables(tables: Tables, declared: Mapping[str, Fact], kinds: Mapping[str, EventType],
                 as_of: date) -> Accounts:
    """The accounts of the tables. Raises FactError with every problem of all, up to a thousand."""
    main = _Checker(tables.accounts, declared)
    facts = main.accounts()
    reviews: dict[str, list[Review]] = {}
    problems = main.problems
    warnings = [*tables.warnings, *main.undeclared()]
    if tables.history is not None:
        past = _Checker(tables.history, declared, beside=(REVIEW_DATE,))
        reviews = past.reviews(facts, as_of)
        problems = problems + past.problems
        warnings += [*past.undeclared(), *past.unmatched(), *past.not_seen(as_of)]
    events = NO_EVENTS
    if tables.events is not None and not kinds:
        warnings.append(Diagnostic("not-read", "this file is not read", "the ruleset counts no events",
                                   where=tables.events.name))
    elif tables.events is not None:
        events = read_events(tables.events, kinds, facts, as_of)
        problems = [*problems, *events.problems]
        warnings += events.warnings
    if problems:
        told = [] if any(p.code == "missing-account-id" for p in problems) else warnings
        raise FactError([*problems[:MOST_PROBLEMS], *told])  # a misspelt column may be why
    return Accounts(
        tuple(Account(known, tuple(sorted(reviews.get(i, ()), key=_day)), events.of.get(i, ()))
              for i, known in facts.items()),
        events.recorded, tuple(warnings), tables.accounts, main.rows)


def _day(review: Review) -> date:
    return review[0]


class _Checker:
    """Checks one table."""

    def __init__(self, table: Table, declared: Mapping[str, Fact], beside: Sequence[str] = ()) -> None:
        self.table = table
        self.declared = declared
        self.beside = beside
        self.found = list(table.problems)
        self.strangers: dict[str, int] = {}
        self.late = 0
        self.rows: dict[str, Row] = {}
        self.missing = [c for c in (ID, *beside) if c not in table.columns]
        for column in self.missing if table.columns else ():
            self.missing_column(column)

    @property
    def problems(self) -> list[Diagnostic]:
        return self.table.shown(self.found)

    def missing_column(self, column: str) -> None:
        columns = [c for c in self.table.columns if c not in self.declared]
        near = nearest(column, columns)
        help_ = f"rename `{near}` to `{column}`" if near else \
            f"name it in the header; {did_you_mean(column, self.table.columns, 'columns')}"
        code = "missing-account-id" if column == ID else "bad-history"
        start = self.table.start()
        self.found.append(Diagnostic(code, f"the table has no column `{column}`", help_, start,
                                     where=None if start else self.table.name))

    def gathered(self) -> Iterator[tuple[Row, Gathered]]:
        """Each row with its facts, until there are too many problems to be of use."""
        for row in self.table.rows:
            if len(self.found) >= MOST_PROBLEMS:
                return
            values, refused = self.plain(row)
            result = gather(values, self.declared, where=self.table.where(row), spans=row.places,
                            textual=self.table.textual, beside=self.beside)
            if ID in self.missing or any(name == ID for name, _ in refused):
                result.problems[:] = [p for p in result.problems if p.code != "missing-account-id"]
            result.problems += [
                Diagnostic("wrong-type", f"`{name}`: {said}", help_, row.places[name] if row.places else None,
                           where=self.table.where(row))
                for name, (said, help_) in refused
            ]
            yield row, result

    def plain(self, row: Row) -> tuple[Mapping[str, Any], list[tuple[str, tuple[str, str]]]]:
        """The values of a row without those that no fact can have, and these."""
        if self.table.textual:
            return row.values, []
        refused = []
        for name, value in row.values.items():
            if isinstance(value, Refused):
                refused.append((name, (f"`{_cut(value.text)}` is not a value", value.help)))
            elif isinstance(value, list | dict) and (name in self.declared or name in self.beside):
                what = "a list" if isinstance(value, list) else "an object"
                refused.append((name, (f"{what} stands where one plain value belongs",
                                       "give one number, text, true or false, or null")))
        gone = {name for name, _ in refused}
        return {n: v for n, v in row.values.items() if n not in gone} if gone else row.values, refused

    # --- accounts ---

    def accounts(self) -> dict[str, dict[str, Value]]:
        facts: dict[str, dict[str, Value]] = {}
        first = self.rows
        for row, result in self.gathered():
            self.found += result.problems
            account = result.facts.get(ID)
            if not isinstance(account, str):
                continue
            if account in first:
                self.found.append(Diagnostic(
                    "duplicate-account",
                    f"the account `{_cut(account)}` stands twice; first in {first[account].at}",
                    "keep one row an account; earlier states belong in the history table",
                    row.places[ID] if row.places else None, where=self.table.where(row)))
                continue
            first[account] = row
            facts[account] = result.facts
        return facts

    # --- history ---

    def reviews(self, accounts: Mapping[str, object], as_of: date) -> dict[str, list[Review]]:
        found: dict[str, list[Review]] = {}
        days: dict[str, list[tuple[date, Span | None]]] = {}
        for row, result in self.gathered():
            account = result.facts.get(ID)
            if isinstance(account, str) and account not in accounts:
                self.strangers[account] = self.strangers.get(account, 0) + 1
                continue
            self.found += result.problems
            day = self.review_day(row)
            if day is not None and isinstance(account, str):
                found.setdefault(account, []).append((day, result.facts))
                days.setdefault(account, []).append((day, row.places[REVIEW_DATE] if row.places else None))
        for account, dated in days.items():
            self.found += history_problems(dated, f"{self.table.name}: account {account}")
        return {account: self.before(reviews, as_of) for account, reviews in found.items()}

    def before(self, reviews: list[Review], as_of: date) -> list[Review]:
        """The reviews before the decision's date; the others are only counted."""
        seen = [review for review in reviews if _day(review) < as_of]
        self.late += len(reviews) - len(seen)
        return seen

    def not_seen(self, as_of: date) -> list[Diagnostic]:
        if not self.late:
            return []
        reviews = "1 review is" if self.late == 1 else f"{self.late:,} reviews are"
        return [Diagnostic("not-read", f"{reviews} not before {as_of}, and not seen",
                           "history holds earlier reviews; the present facts belong in the accounts",
                           where=self.table.name)]

    def review_day(self, row: Row) -> date | None:
        if REVIEW_DATE in self.missing:
            return None
        where, span = self.table.where(row), row.places.get(REVIEW_DATE) if row.places else None
        try:
            day = convert(row.values.get(REVIEW_DATE), REVIEW, textual=self.table.textual)
        except BadValue as bad:
            said = f"`{REVIEW_DATE}`: {bad.message}"
            self.found.append(Diagnostic(bad.code, said, bad.help, span, where=where))
            return None
        if isinstance(day, date):
            return day
        self.found.append(Diagnostic("bad-history", f"a review without `{REVIEW_DATE}`",
                                     "give each review its date", span, where=where))
        return None

    # --- what is no error ---

    def undeclared(self) -> list[Diagnostic]:
        """One warning for all columns that nothing declares, each with the name it may have meant."""
        names = [c for c in self.table.columns if c not in self.declared and c not in self.beside]
        if not names:
            return []
        near = {name: self.meant(name) for name in names}
        ordered = sorted(names, key=lambda n: near[n] is None)
        said = [f"`{_cut(n)}` (did you mean `{near[n]}`?)" if near[n] else f"`{_cut(n)}`"
                for n in ordered[:NAMES_SHOWN]]
        if more := len(names) - len(said):
            said.append(f"{more} more")
        listed_ = said[0] if len(said) == 1 else ", ".join(said[:-1]) + " and " + said[-1]
        one = len(names) == 1
        what, are = ("the column", "is no declared fact and has") if one else \
            ("the columns", "are no declared facts and have")
        message = f"{what} {listed_} {are} no effect"
        return [Diagnostic("undeclared-fact", message,
                           "rename what is a misspelt fact, declare what a rule should read, ignore the rest",
                           where=self.table.name)]

    def meant(self, column: str) -> str | None:
        """The declared name nearest to a column's, unless it is in the table already."""
        near = nearest(column, self.declared)
        return None if near in self.table.columns else near

    def unmatched(self) -> list[Diagnostic]:
        if not self.strangers:
            return []
        rows = sum(self.strangers.values())
        reviews = "1 review is" if rows == 1 else f"{rows:,} reviews are"
        ids = listed([_cut(i) for i in self.strangers])
        return [Diagnostic("unmatched-history",
                           f"{reviews} of accounts that are not in the table: {ids}",
                           "check the ids if these accounts should be decided; else ignore this",
                           where=self.table.name)]


_LONGEST_ID_SHOWN = 60


def _cut(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown if len(shown) <= _LONGEST_ID_SHOWN else shown[:_LONGEST_ID_SHOWN] + "…"

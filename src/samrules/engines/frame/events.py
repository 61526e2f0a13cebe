"""A table of events: its columns found, checked and cleaned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import attrs
import narwhals as nw

from samrules.diagnostics import Diagnostic, did_you_mean, nearest
from samrules.engines.frame import terms as t
from samrules.engines.frame.accounts import OWNER
from samrules.engines.frame.backend import ROW, Taken, collected
from samrules.engines.frame.dialect import day_literal
from samrules.engines.frame.layers import LazyFrame
from samrules.engines.frame.rejects import Rejects
from samrules.engines.frame.table import SHOWN, WHITESPACE, Check, Clean, Column, cleaned
from samrules.engines.frame.terms import Term
from samrules.errors import FactError
from samrules.inputs.events import DATE, EVENT, check_recorded
from samrules.inputs.facts import ID
from samrules.model.ruleset import EventType, Fact
from samrules.model.types import Kind, Type

KIND, ON = "~kind", "~on"
"""The kind of an event, and its day."""


@attrs.frozen
class Happened:
    """Events ready to be counted: the fields of each kind, and the kinds that are recorded at all."""

    frame: LazyFrame
    fields: Mapping[tuple[str, str], tuple[str, Term]]
    """The column and the term of each, by kind and name."""
    recorded: frozenset[str]
    undeclared: tuple[str, ...]

    def field(self, kinds: Sequence[str], name: str) -> Term:
        """A field of events of several kinds; missing where a kind does not declare it."""
        having = [(kind, self.fields[kind, name]) for kind in kinds if (kind, name) in self.fields]
        if not having:
            return t.constant(None)
        if len({column for _, (column, _) in having}) == 1 and len(having) == len(set(kinds)):
            return having[0][1][1]
        found: Term = t.constant(None, having[0][1][1].sort)
        for kind, (_, term) in having:
            chosen = nw.when(nw.col(KIND) == kind).then(term.expr).otherwise(found.expr)
            found = Term(chosen, term.sort, 0)
        return found


def happened(taken: Taken, kinds: Mapping[str, EventType], recorded: Collection[str] | None, latest: date,
             *, check: bool, rejects: Rejects | None = None) -> Happened:
    """The events of a table. Raises FactError with every problem of it."""
    frame = taken.frame
    schema = frame.collect_schema()
    if missing := [c for c in (ID, EVENT, DATE) if c not in schema]:
        raise FactError([_without(c, schema) for c in missing])
    fixed = [Column(ID, Fact(ID, Type(Kind.TEXT)), schema[ID]), Column(EVENT, Fact(EVENT, Type(Kind.TEXT)), schema[EVENT]),
             Column(DATE, Fact(DATE, Type(Kind.DATE)), schema[DATE])]
    owner, kind = cleaned(fixed[0], Clean()), cleaned(fixed[1], Clean()).str.strip_chars(WHITESPACE)
    checking = Check(frame, fixed, "event")
    if len(checking.types()) < len(fixed):
        raise FactError(checking.problems)
    on = cleaned(fixed[2], Clean())
    frame = frame.with_columns(**{OWNER: owner, KIND: kind, ON: on})
    problems: list[Diagnostic] = []
    standing = frozenset(r[KIND] for r in collected(frame.select(KIND).unique()) if r[KIND] is not None)
    if check:
        problems += _fixed_problems(frame, standing, kinds, latest, rejects)
    fields, columns, found = _fields(frame, schema, kinds, standing, check=check, rejects=rejects)
    if problems + found:
        raise FactError(problems + found)
    if check:
        _refuse_twice(frame, list(schema), rejects)
    complete = check_recorded(recorded, kinds) if recorded is not None else standing & frozenset(kinds)
    declared = {f.name for k in kinds.values() for f in k.fields} | {ID, EVENT, DATE, ROW}
    strangers = tuple(c for c in schema if c not in declared)
    return Happened(frame.select(OWNER, KIND, ON, **columns), fields, complete, strangers)


def _fields(frame: LazyFrame, schema: Mapping[str, Any], kinds: Mapping[str, EventType], standing: frozenset[str], *,
            check: bool, rejects: Rejects | None) -> tuple[dict[tuple[str, str], tuple[str, Term]], dict[str, nw.Expr], list[Diagnostic]]:
    """Each field of each kind as a column; kinds that declare a field alike share it."""
    terms: dict[tuple[str, str], tuple[str, Term]] = {}
    columns: dict[str, nw.Expr] = {}
    problems: list[Diagnostic] = []
    shared: dict[tuple[str, object], str] = {}
    for kind in kinds.values():
        present = [Column(f.name, f, schema[f.name]) for f in kind.fields if f.name in schema]
        checking = Check(frame.filter(nw.col(KIND) == kind.name), present, "event", rejects=rejects)
        fitting = checking.types() if kind.name in standing else [c for c in present if c.fits()]
        if check and kind.name in standing and not checking.problems:
            checking.values(fitting, read=frozenset(c.name for c in fitting))
        problems += checking.problems
        for column in fitting:
            need = checking.needs.get(column.name, Clean())
            key = column.name, (column.fact.type.kind, column.bounds, need)
            name = shared.setdefault(key, f"~field{len(shared)}:{column.name}")
            columns[name] = cleaned(column, need)
            terms[kind.name, column.name] = name, column.term(name, checked=check)
    return terms, columns, problems


def _fixed_problems(frame: LazyFrame, standing: frozenset[str], kinds: Mapping[str, EventType],
                    latest: date, rejects: Rejects | None) -> list[Diagnostic]:
    owner, kind, on = nw.col(OWNER), nw.col(KIND), nw.col(ON)
    wrong = {
        "owner": owner.is_null() | (owner == ""),
        "kind": kind.is_null(),
        "day": on.is_null(),
        "late": (on > day_literal(latest)).fill_null(False),
    }
    counts = collected(frame.select(**{name: expr.cast(nw.Int64).sum() for name, expr in wrong.items()}))[0]
    said = {
        "owner": ("missing-account-id", "an event without `account_id`", "say whose event it is"),
        "kind": ("bad-event", "an event without its kind", "name the kind of event in `event`"),
        "day": ("bad-event", "an event without a date", "give the day on which it happened"),
        "late": ("bad-event", f"an event after {latest}",
                 "an event is something that has happened; correct the date, or leave it out"),
    }
    problems = []
    numbered = [ROW] if ROW in frame.columns else []
    for name, (code, message, help_) in said.items():
        if not counts[name]:
            continue
        if rejects is not None:
            rejects.rows("event", frame, wrong[name], code, message, OWNER)
            continue
        rows = collected(frame.filter(wrong[name]).select(*numbered, OWNER, ON).head(SHOWN))
        for row in rows:
            on_day = f"an event on {row[ON]}, after {latest}" if name == "late" else message
            place = f"row {row[ROW] + 1}" if ROW in row else f"account {row[OWNER]}"
            problems.append(Diagnostic(code, on_day, help_, where=f"the table of events, {place}"))
        if (more := int(counts[name]) - len(rows)) > 0:
            problems.append(Diagnostic(code, f"{more:,} more of these", help_, where="the table of events"))
    problems += [Diagnostic("bad-event", f"no ruleset in use declares the event `{k}`",
                            did_you_mean(k, kinds, "events") + ", or declare it under `events`",
                            where="the table of events") for k in sorted(standing - set(kinds))]
    return problems


def _refuse_twice(frame: LazyFrame, columns: Sequence[str], rejects: Rejects | None) -> None:
    """Raises FactError where the same event stands twice, or sets its account aside."""
    names = [c for c in columns if c != ROW]
    counted = frame.group_by(*names).agg(**{"~n": nw.len(), OWNER: nw.col(OWNER).min(), ON: nw.col(ON).min()})
    twice = counted.filter(nw.col("~n") > 1)
    if rejects is not None:
        rejects.rows("event", twice, None, "bad-event", "the same event twice", OWNER)
        return
    rows = collected(twice.select(OWNER, ON).sort(OWNER, ON).head(SHOWN))
    if rows:
        raise FactError([Diagnostic("bad-event", f"the same event twice, on {r[ON]}",
                                    "keep one, or tell them apart by a column such as a reference",
                                    where=f"account {r[OWNER]}") for r in rows])


def _without(column: str, schema: Mapping[str, Any]) -> Diagnostic:
    names = [c for c in schema if c != ROW]
    near = nearest(column, names)
    return Diagnostic("missing-account-id" if column == ID else "bad-event", f"the table has no column `{column}`",
                      f"rename `{near}` to `{column}`" if near else did_you_mean(column, names, "columns"),
                      where="the table of events")

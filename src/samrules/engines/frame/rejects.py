"""Rows that are set aside on request, so that the other accounts are decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import attrs
import narwhals as nw

from samrules.engines.frame.backend import ROW, each_row, owners_frame
from samrules.engines.frame.layers import LazyFrame
from samrules.inputs.facts import ID


@attrs.frozen
class Reject:
    """A row that was set aside: its table, its number from 1 where it has one, whose it is, and why.

    `column` and `value` are None where it is not one value that is wrong.
    """

    table: str
    row: int | None
    account_id: str | None
    column: str | None
    value: str | None
    code: str
    problem: str


@attrs.define
class Rejects:
    """Gathers rows. An account of which a row in any table is bad is not decided: without that row it would
    be decided on less than is known."""

    found: list[Reject] = attrs.field(factory=list)

    def add(self, table: str, row: Any, code: str, problem: str, column: str | None = None) -> None:
        """`row` has the place of the row and its `account_id`, and the column where one is named."""
        place, owner = row.get(ROW), row.get(ID)
        value = row[column] if column is not None else None
        self.found.append(Reject(table, None if place is None else place + 1, None if owner is None else str(owner).strip(),
                                 column, None if value is None else _shown(value), code, problem))

    def rows(self, table: str, frame: LazyFrame, wrong: nw.Expr | None, code: str, problem: str, owner: str = ID) -> None:
        """All rows of a frame of which something is true, or all of them."""
        columns = [c for c in (ROW,) if c in frame.columns]
        bad = frame.filter(wrong) if wrong is not None else frame
        for row in each_row(bad.select(*columns, **{ID: nw.col(owner)})):
            self.add(table, row, code, problem)

    def kept(self, frame: LazyFrame, owner: str) -> LazyFrame:
        """A frame without the rows of these accounts, and without those that belong to nobody."""
        if not self.found:
            return frame
        ids = sorted({r.account_id for r in self.found if r.account_id})
        there = frame.filter(~nw.col(owner).is_null() & (nw.col(owner) != ""))
        return there.join(owners_frame(ids, owner), on=owner, how="anti")


def accounts_of(found: Iterable[Reject]) -> int:
    """How many accounts were set aside."""
    return len({r.account_id for r in found if r.account_id})


def _shown(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)

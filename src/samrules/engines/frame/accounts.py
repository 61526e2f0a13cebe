"""The tables of accounts and of earlier reviews: their columns found, checked and cleaned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs
import narwhals as nw

from samrules.diagnostics import NAMES_SHOWN, Diagnostic, did_you_mean, listed, nearest
from samrules.engines.frame import terms as t
from samrules.engines.frame.backend import ROW, Taken, all_differ, collected
from samrules.engines.frame.dialect import day_literal
from samrules.engines.frame.layers import LazyFrame
from samrules.engines.frame.rejects import Rejects
from samrules.engines.frame.table import SHOWN, Check, Clean, Column, cleaned
from samrules.engines.frame.terms import Term
from samrules.errors import FactError, Unmatched
from samrules.inputs.facts import ID, REVIEW, REVIEW_DATE
from samrules.model.ruleset import Fact

OWNER, DAY = "~id", "~day"
"""The account of a row, and the day of an earlier review."""


@attrs.frozen
class Facts:
    """A table ready to be calculated with: a column a fact, and the account of each row."""

    frame: LazyFrame
    terms: Mapping[str, Term]
    undeclared: tuple[str, ...]
    first_day: date | None = None
    most_reviews: int = 0


def fact_column(name: str) -> str:
    """What the column of a fact is called while it is worked with."""
    return f"~fact:{name}"


def accounts(taken: Taken, declared: Mapping[str, Fact], read: frozenset[str], *, check: bool,
             rejects: Rejects | None = None) -> Facts:
    """The accounts. Raises FactError with every problem of the table."""
    checking, fitting, undeclared = _begun(taken, declared, rejects)
    if check:
        _check_accounts(checking, fitting, read)
    if checking.problems:
        raise FactError(checking.problems)
    return _facts(taken.frame, fitting, checking, read, undeclared, check, {})


def _begun(taken: Taken, declared: Mapping[str, Fact], rejects: Rejects | None) -> tuple[Check, list[Column], tuple[str, ...]]:
    columns, undeclared = _columns(taken.frame, declared, ())
    if not any(c.name == ID for c in columns):
        raise FactError([_without(ID, taken.frame, declared)])
    checking = Check(taken.frame, columns, "account", rejects=rejects)
    return checking, checking.types(), undeclared


@attrs.frozen
class Presumed:
    """Accounts presumed to need no cleaning, so that they are decided and checked in one run.

    `summaries` is one row; `checked` takes it, raises FactError with every problem of the table, and returns the accounts as they are,
    or None where they are as presumed.
    """

    facts: Facts
    summaries: LazyFrame
    checked: Callable[[dict[str, Any]], Facts | None]


def presumed(taken: Taken, declared: Mapping[str, Fact], read: frozenset[str]) -> Presumed | None:
    """The accounts of a frame in memory; None where a column is not of the type of its fact."""
    checking, fitting, undeclared = _begun(taken, declared, None)
    if checking.problems:
        return None
    bare = Clean(nans=False, blanks=False)
    checking.needs, checking.ids_are_bare = {c.name: bare for c in fitting}, True
    facts = _facts(taken.frame, fitting, checking, read, undeclared, True, {})
    summaries = checking.asked(fitting, _of_ids(next(c for c in fitting if c.name == ID)), read)

    def checked(row: dict[str, Any]) -> Facts | None:
        _check_accounts(checking, fitting, read, row)
        if checking.problems:
            raise FactError(checking.problems)
        if checking.ids_are_bare and all(checking.needs[c.name] == bare for c in fitting):
            return None
        return _facts(taken.frame, fitting, checking, read, undeclared, True, {})

    return Presumed(facts, summaries, checked)


def reviews(taken: Taken, declared: Mapping[str, Fact], read: frozenset[str], as_of: date, *, check: bool,
            rejects: Rejects | None = None) -> Facts:
    """The reviews before `as_of`. Raises FactError with every problem of the table."""
    columns, undeclared = _columns(taken.frame, declared, (REVIEW_DATE,))
    if missing := [c for c in (ID, REVIEW_DATE) if c not in taken.frame.columns]:
        raise FactError([_without(c, taken.frame, declared) for c in missing])
    day = Column(REVIEW_DATE, REVIEW, taken.frame.collect_schema()[REVIEW_DATE])
    checking = Check(taken.frame, [*columns, day], "review", rejects=rejects)
    fitting = checking.types()
    row: dict[str, Any] = {}
    if not checking.problems:
        row = _check_reviews(checking, fitting, read, day, as_of, check=check)
    if checking.problems:
        raise FactError(checking.problems)
    before = cleaned(day, Clean(False, False))
    facts = _facts(taken.frame.filter(before < day_literal(as_of)), [c for c in fitting if c is not day],
                   checking, read, undeclared, check, {DAY: before})
    return attrs.evolve(facts, first_day=row.get("~first"), most_reviews=int(row.get("~most") or 0))


def _columns(frame: LazyFrame, declared: Mapping[str, Fact], beside: Sequence[str]) -> tuple[list[Column], tuple[str, ...]]:
    schema = frame.collect_schema()
    columns = [Column(name, declared[name], dtype) for name, dtype in schema.items() if name in declared]
    strangers = tuple(n for n in schema if n not in declared and n not in beside and n != ROW)
    return columns, strangers


def _facts(frame: LazyFrame, columns: Sequence[Column], checking: Check, read: frozenset[str],
           undeclared: tuple[str, ...], check: bool, beside: Mapping[str, nw.Expr]) -> Facts:
    kept = [c for c in columns if c.name in read and c.name != ID]
    owner = next(c for c in columns if c.name == ID)
    chosen = {OWNER: cleaned(owner, Clean(blanks=not checking.ids_are_bare)), **beside}
    chosen |= {fact_column(c.name): cleaned(c, checking.needs.get(c.name, Clean())) for c in kept}
    numbers = [nw.col(ROW)] if ROW in frame.columns else []
    terms = {c.name: c.term(fact_column(c.name), checked=check) for c in kept}
    return Facts(frame.select(*numbers, **chosen), {**terms, ID: t.column(OWNER, t.TEXT, known=True)}, undeclared)


# --- what is wrong with them -----------------------------------------------------------------------


def _check_accounts(checking: Check, fitting: Sequence[Column], read: frozenset[str], row: dict[str, Any] | None = None) -> None:
    """`row` has the summaries, if they are there already."""
    owner = next((c for c in fitting if c.name == ID), None)
    if owner is None:
        checking.values(fitting, read=read)
        return
    row = checking.values(fitting, _of_ids(owner), read) if row is None else checking.judged(fitting, row)
    bare, blank = _bare_ids(checking, owner, row)
    if checking.rejects is not None:
        _set_ids_aside(checking, bare, blank=bool(blank))
    elif blank:
        checking.problems += _blank_ids(checking, bare, blank)
    elif not all_differ(checking.frame.select(**{ID: bare})):
        counted = checking.frame.select(**{ID: bare}).group_by(ID).agg(n=nw.len()).filter(nw.col("n") > 1)
        twice = collected(counted.sort(ID).head(SHOWN))
        number = int(collected(counted.select(n=nw.len()))[0]["n"])
        help_ = "keep one row an account; earlier states belong in the history"
        checking.problems += [Diagnostic("duplicate-account", f"the account `{r[ID]}` stands {_times(r['n'])}",
                                         help_, where="the table of accounts") for r in twice]
        checking.problems += _more("duplicate-account", number - len(twice), "account stands there more than once",
                                   "accounts stand there more than once", help_, "the table of accounts")


def _of_ids(owner: Column) -> dict[str, nw.Expr]:
    """Summaries that tell whether ids are bare, and how many of those that are bare are blank: texts are stripped in one place
    only, for that takes longest of all that is checked."""
    plain = cleaned(owner, Clean(blanks=False))
    asked = {"~blank": (plain.is_null() | (plain == "")).cast(nw.Int64).sum()}
    return asked | ({"~padded": (cleaned(owner, Clean()) != plain).any()} if owner.dtype != nw.Unknown else {})


def _bare_ids(checking: Check, owner: Column, row: Mapping[str, Any]) -> tuple[nw.Expr, int]:
    """The ids without blanks around them, and how many are blank."""
    checking.ids_are_bare = not row.get("~padded", True)
    bare = cleaned(owner, Clean(blanks=not checking.ids_are_bare))
    if checking.ids_are_bare:
        return bare, int(row["~blank"] or 0)
    return bare, int(collected(checking.frame.select(n=(bare.is_null() | (bare == "")).cast(nw.Int64).sum()))[0]["n"] or 0)


def _set_ids_aside(checking: Check, bare: nw.Expr, *, blank: bool) -> None:
    """Rows of nobody, and all rows of an account that stands more than once."""
    rejects, frame = checking.rejects, checking.frame.with_columns(**{OWNER: bare})
    assert rejects is not None
    nobody = nw.col(OWNER).is_null() | (nw.col(OWNER) == "")
    if blank:
        rejects.rows("account", frame, nobody, "missing-account-id", "an account without `account_id`", OWNER)
    there = frame.filter(~nobody)
    if not all_differ(there.select(OWNER)):
        twice = there.group_by(OWNER).agg(n=nw.len()).filter(nw.col("n") > 1)
        rejects.rows("account", there.join(twice, on=OWNER, how="semi"), None, "duplicate-account",
                     "the account stands more than once", OWNER)


def _set_reviews_aside(checking: Check, bare: nw.Expr, on: nw.Expr, counted: LazyFrame, *,
                       blank: bool, undated: bool) -> None:
    rejects, frame = checking.rejects, checking.frame.with_columns(**{OWNER: bare, DAY: on})
    assert rejects is not None
    if blank:
        rejects.rows("review", frame, nw.col(OWNER).is_null() | (nw.col(OWNER) == ""), "missing-account-id",
                     "a review without `account_id`", OWNER)
    if undated:
        rejects.rows("review", frame, nw.col(DAY).is_null(), "bad-history", f"a review without `{REVIEW_DATE}`", OWNER)
    twice = counted.filter((nw.col("n") > 1) & ~nw.col(DAY).is_null()).rename({ID: OWNER})
    rejects.rows("review", frame.join(twice, on=[OWNER, DAY], how="semi"), None, "bad-history",
                 "two reviews on one day", OWNER)


def _check_reviews(checking: Check, fitting: Sequence[Column], read: frozenset[str], day: Column, as_of: date,
                   *, check: bool) -> dict[str, Any]:
    owner = next(c for c in fitting if c.name == ID)
    bare, on = cleaned(owner, Clean()), cleaned(day, Clean(False, False))
    seen = nw.when(on < day_literal(as_of)).then(on)
    summaries = {"~first": seen.min()}
    counted = checking.frame.select(**{ID: bare, DAY: on}).group_by(ID, DAY).agg(n=nw.len())
    most = counted.group_by(ID).agg(m=nw.len()).select(m=nw.col("m").max())
    if not check:
        return {**collected(checking.frame.select(**summaries))[0], "~most": collected(most)[0]["m"]}
    row = checking.values(fitting, {**summaries, **_of_ids(owner), "~undated": on.is_null().cast(nw.Int64).sum()}, read)
    if checking.problems:
        return row
    _, blank = _bare_ids(checking, owner, row)
    if checking.rejects is not None:
        _set_reviews_aside(checking, bare, on, counted, blank=bool(blank), undated=bool(row["~undated"]))
        row["~most"] = collected(most)[0]["m"]
        return row
    if blank:
        checking.problems += _blank_ids(checking, bare, blank)
    if row["~undated"]:
        rows = collected(checking.frame.filter(on.is_null()).select(ID).head(SHOWN))
        checking.problems += [Diagnostic("bad-history", f"a review without `{REVIEW_DATE}`",
                                         "give each review its date", where=f"account {r[ID]}") for r in rows]
        checking.problems += _more("bad-history", int(row["~undated"]) - len(rows), "review has no date",
                                   "reviews have no date", "give each review its date", "the table of reviews")
    if not checking.problems:
        twice = collected(counted.filter(nw.col("n") > 1).sort(ID, DAY).head(SHOWN))
        checking.problems += [Diagnostic("bad-history", f"two reviews on {r[DAY]}", "keep one review a day",
                                         where=f"account {r[ID]}") for r in twice]
        row["~most"] = collected(most)[0]["m"]
    return row


def _blank_ids(checking: Check, bare: nw.Expr, number: int) -> list[Diagnostic]:
    numbered = [ROW] if ROW in checking.frame.columns else []
    rows = collected(checking.frame.filter(bare.is_null() | (bare == "")).select(*numbered, ID).head(SHOWN)) \
        if numbered else []
    what = f"the table of {checking.what}s"
    an = "an" if checking.what[0] in "ae" else "a"
    found = [Diagnostic("missing-account-id", f"{an} {checking.what} without `account_id`", "give each account an id",
                        where=f"row {r[ROW] + 1}") for r in rows]
    return found + _more("missing-account-id", number - len(rows), "row has no `account_id`", "rows have no `account_id`",
                         "give each account an id", what)


def _more(code: str, number: int, one: str, several: str, help_: str, where: str) -> list[Diagnostic]:
    if number <= 0:
        return []
    return [Diagnostic(code, f"1 more {one}" if number == 1 else f"{number:,} more {several}", help_, where=where)]


def _times(number: int) -> str:
    return "twice" if number == 2 else f"{number} times"


def _without(column: str, frame: LazyFrame, declared: Mapping[str, Fact]) -> Diagnostic:
    names = [c for c in frame.columns if c not in declared and c != ROW]
    near = nearest(column, names)
    help_ = f"rename `{near}` to `{column}`" if near else did_you_mean(column, names, "columns") if names else \
        f"the table has {listed([c for c in frame.columns if c != ROW])}"
    return Diagnostic("missing-account-id" if column == ID else "bad-history",
                      f"the table has no column `{column}`", help_, where="decide_frame")



def strangers(what: str, rows: LazyFrame, asked_about: LazyFrame, rejects: Rejects | None) -> list[Unmatched]:
    """Reviews or events of accounts that are not asked about, if there are any; of them, a count an account is made."""
    if rejects is not None:
        rows = rejects.kept(rows, OWNER)
    others = rows.select(OWNER).join(asked_about.select(OWNER), on=OWNER, how="anti").group_by(OWNER).agg(n=nw.len())
    total = collected(others.select(n=nw.col("n").sum(), ids=nw.len()))[0]
    if not total["ids"]:
        return []
    first = [r[OWNER] for r in collected(others.sort(OWNER).head(NAMES_SHOWN))]
    return [Unmatched(what, int(total["n"]), int(total["ids"]), tuple(first))]

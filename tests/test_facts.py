"""Facts passed from Python: what is taken, what is missing, what is an error."""

from __future__ import annotations

import re
import warnings
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

import samrules

RULES = samrules.loads("""
ruleset: r
version: 1.0.0
facts:
  flag: {type: boolean}
  count: {type: integer, unit: people, range: 0..9}
  size: {type: number}
  share: {type: ratio, range: 0%..100%}
  revenue: {type: money, range: 0..}
  since: {type: date}
  kind: {type: "enum [vendor, partner]"}
  rank: {type: ordinal 1..5}
  note: {type: text}
rules: {a: {when: flag, then: {d: x, echo: {value: count}}}}
decide: {d: {outcomes: [x, y], otherwise: y}}
""")
TODAY = date(2026, 11, 21)


def problems(**facts: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(samrules.FactError) as error:
        RULES.decide({"account_id": "A-17", **facts}, as_of=TODAY)
    assert all(d.where == "account A-17" for d in error.value.diagnostics)
    return [(d.code, d.message, d.help) for d in error.value.diagnostics]


@pytest.mark.parametrize("value", [None, float("nan"), "", "  ", Decimal("NaN"), pl.Series([None], dtype=pl.Int64)[0]])
def test_missing_values(value: Any) -> None:
    """Null, NaN and blank text are missing, never false and never zero."""
    decision = RULES.decide({"account_id": "A", "flag": None, "count": value, "note": value}, as_of=TODAY)
    assert decision.outcome == "evidence_needed"
    assert decision.deciding_unknowns == ("flag",)


@pytest.mark.parametrize(("name", "value"), [
    ("count", 3.0), ("size", 3), ("size", Decimal("3.5")), ("revenue", 0), ("since", "2024-02-29"),
    ("since", datetime(2024, 2, 29)), ("kind", "vendor"), ("kind", " vendor "), ("rank", 5), ("share", 1),
    ("size", -(10**300)),
])
def test_values_that_fit(name: str, value: Any) -> None:
    assert RULES.decide({"account_id": "A", "flag": True, name: value}, as_of=TODAY).outcome == "x"


@pytest.mark.parametrize(("name", "value", "problem"), [
    ("flag", 1, ("wrong-type", "`flag`: `1` is neither true nor false", "give true or false, or leave it out where it is not known")),
    ("flag", "yes", ("wrong-type", "`flag`: `yes` is neither true nor false", "give true or false, or leave it out where it is not known")),
    ("count", 2.5, ("wrong-type", "`count`: `2.5` is not an integer in people",
                    "give a whole number of at most 64 bits, or leave it out where it is not known")),
    ("count", True, ("wrong-type", "`count`: `True` is not an integer in people",
                     "give a whole number of at most 64 bits, or leave it out where it is not known")),
    ("count", 12, ("out-of-range", "`count`: 12 is out of range", "it must be from 0 to 9")),
    ("size", "12", ("wrong-type", "`size`: `12` is not a number", "give a finite number, or leave it out where it is not known")),
    ("size", float("inf"), ("wrong-type", "`size`: `inf` is not a number", "give a finite number, or leave it out where it is not known")),
    ("size", 10**400, None),
    ("share", 1.5, ("out-of-range", "`share`: 150% is out of range", "it must be from 0% to 100%")),
    ("revenue", -1, ("out-of-range", "`revenue`: -1 is out of range", "it must be at least 0")),
    ("revenue", "N/A", ("wrong-type", "`revenue`: `N/A` is not an amount of money",
                        "give a finite number, or leave it out where it is not known")),
    ("since", "31/02/2026", ("bad-date", "`since`: `31/02/2026` is not a date", "write an existing day as `2026-11-21`")),
    ("since", "2026-02-31", ("bad-date", "`since`: `2026-02-31` is not a date",
                             "the calendar has no such day; write an existing day as `2026-11-21`")),
    ("since", datetime(2024, 1, 1, 12), None),
    ("kind", "Partner", ("out-of-range", "`kind`: `Partner` is not one of its words", "did you mean `partner`?")),
    ("kind", "n/a", ("out-of-range", "`kind`: `n/a` is not one of its words",
                     "leave it blank where the fact is not known")),
    ("rank", 6, ("out-of-range", "`rank`: 6 is out of range", "it must be from 1 to 5")),
    ("note", 5, ("wrong-type", "`note`: `5` is not a text", "give a text")),
    ("note", ["a"], ("wrong-type", "`note`: `['a']` is not a text", "give a text")),
])
def test_values_that_do_not(name: str, value: Any, problem: tuple[str, str, str] | None) -> None:
    found = problems(**{name: value})
    assert len(found) == 1
    if problem is not None:
        assert found == [problem]


def test_all_problems_at_once() -> None:
    assert len(problems(flag="x", count=99, since="soon", rank=0)) == 4


def test_an_account_needs_an_id() -> None:
    for facts in ({}, {"account_id": None}, {"account_id": " "}, {"account_id": float("nan")}):
        with pytest.raises(samrules.FactError, match="missing-account-id"):
            RULES.decide(facts, as_of=TODAY)
    assert RULES.decide({"account_id": 17}, as_of=TODAY).account == "17"


def test_an_undeclared_name_is_said_once_with_the_nearest() -> None:
    with pytest.warns(samrules.UndeclaredFactWarning, match=r"`fleg` \(did you mean `flag`\?\)"):
        RULES.decide({"account_id": "A", "fleg": True}, as_of=TODAY)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RULES.decide({"account_id": "A", "flag": True}, as_of=TODAY)


def test_history_must_go() -> None:
    def review(day: Any) -> dict[str, Any]:
        return {"review_date": day, "flag": True}

    for reviews, said in (
        ([review("2026-06-30"), review(date(2026, 6, 30))], "two reviews on 2026-06-30"),
        ([{"flag": True}], "a review without `review_date`"),
        ([review("2026-02-31")], "is not a date"),
        ([{"review_date": date(2026, 6, 30), "rank": 9}], "9 is out of range"),
    ):
        with pytest.raises(samrules.FactError, match=re.escape(said)):
            RULES.decide({"account_id": "A"}, history=reviews, as_of=TODAY)


def test_engine_and_date_are_checked() -> None:
    with pytest.raises(samrules.FactError, match="did you mean `interpreter`"):
        RULES.decide({"account_id": "A"}, engine="interpreted")
    with pytest.raises(samrules.FactError, match="bad-date"):
        RULES.decide({"account_id": "A"}, as_of="2026-11-21")  # type: ignore[arg-type]
    assert RULES.decide({"account_id": "A"}).as_of == date.today()


def test_a_date_before_a_parameter_is_an_error() -> None:
    rules = samrules.loads("""
ruleset: r
version: 1.0.0
facts: {n: {type: integer}}
parameters: {p: {type: integer, values: {2020-01-01: 3, 2024-01-01: 4}}}
rules: {a: {when: n >= p, then: {d: x}}}
decide: {d: {outcomes: [x, y], otherwise: y}}
""")
    facts = {"account_id": "A", "n": 3}
    assert rules.decide(facts, as_of=date(2020, 1, 1)).outcome == "x"
    assert rules.decide(facts, as_of=date(2024, 1, 1)).outcome == "y"
    with pytest.raises(samrules.FactError, match=r"`r\.p` has no value on 2019-12-31") as error:
        rules.decide(facts, as_of=date(2019, 12, 31))
    assert "holds from 2020-01-01" in error.value.diagnostics[0].help

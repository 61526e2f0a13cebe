"""Values in words, and calendars."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrules.decision import words
from samrules.model import types as ty
from samrules.model.types import Duration, Kind, Type, Value


@pytest.mark.parametrize(("value", "type_", "said"), [
    (5_000_000.0, ty.MONEY, "EUR 5 million"),
    (1_100_000.0, ty.MONEY, "EUR 1.1 million"),
    (22_345_678.0, ty.MONEY, "EUR 22,345,678"),
    (400_000.0, ty.MONEY, "EUR 400,000"),
    (0.0, ty.MONEY, "EUR 0"),
    (-2_500_000.0, ty.MONEY, "EUR -2.5 million"),
    (0.6, ty.RATIO, "60%"),
    (0.945, ty.RATIO, "94.5%"),
    (0.0, ty.RATIO, "0%"),
    (3, ty.INTEGER, "3"),
    (1, Type(Kind.INTEGER, unit="people"), "1 person"),
    (3, Type(Kind.INTEGER, unit="people"), "3 people"),
    (1, Type(Kind.INTEGER, unit="companies"), "1 company"),
    (12345, ty.INTEGER, "12,345"),
    (1e308, ty.NUMBER, "1e+308"),
    (9.2, ty.NUMBER, "9.2"),
    (date(2026, 11, 1), ty.DATE, "1 November 2026"),
    (Duration(months=24), ty.DURATION, "24 months"),
    (Duration(days=1), ty.DURATION, "1 day"),
    ("inside_sales", Type(Kind.ENUM), "inside sales"),
    ("as_is", ty.TEXT, "as_is"),
    (True, ty.BOOLEAN, "yes"),
    (None, ty.MONEY, "not known"),
])
def test_values_in_words(value: Value | None, type_: Type, said: str) -> None:
    assert words.value_in_words(value, type_, "EUR") == said


@pytest.mark.parametrize(("a", "b", "type_", "said"), [
    (0.5996, 0.6, ty.RATIO, ("59.96%", "60%")),
    (0.59999, 0.6, ty.RATIO, ("59.999%", "60%")),
    (69.999, 70.0, ty.NUMBER, ("69.999", "70")),
    (4_999_999.99, 5e6, ty.MONEY, ("4,999,999.99", "5 million")),
    (0.6, 0.6, ty.RATIO, ("60%", "60%")),
])
def test_what_differs_differs_in_words(a: float, b: float, type_: Type, said: tuple[str, str]) -> None:
    assert words.apart(a, b, type_) == said


@given(st.floats(0, 1, allow_nan=False), st.floats(0, 1, allow_nan=False))
def test_ratios_a_millionth_apart_differ_in_words(a: float, b: float) -> None:
    if abs(a - b) > 1e-6:
        first, second = words.apart(a, b, ty.RATIO)
        assert first != second


@pytest.mark.parametrize(("day", "months", "before"), [
    (date(2026, 3, 31), 1, date(2026, 2, 28)),
    (date(2024, 3, 31), 1, date(2024, 2, 29)),
    (date(2024, 2, 29), 12, date(2023, 2, 28)),
    (date(2026, 1, 15), 1, date(2025, 12, 15)),
    (date(2026, 11, 21), 24, date(2024, 11, 21)),
])
def test_months_before(day: date, months: int, before: date) -> None:
    assert Duration(months=months).before(day) == before


@given(st.dates(date(100, 1, 1)), st.integers(0, 600), st.integers(0, 600))
def test_longer_ago_is_earlier(day: date, a: int, b: int) -> None:
    """The order of durations is the order of dates."""
    early, late = Duration(months=max(a, b)).before(day), Duration(months=min(a, b)).before(day)
    assert early <= late


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 4000))
def test_ages_never_say_more_than_passed(since: date, days: int) -> None:
    now = since + timedelta(days=days)
    said = words.age_in_words(since, now)
    count, unit = said.split()
    if unit.startswith("month"):
        assert Duration(months=int(count)).before(now) >= since
        assert Duration(months=int(count) + 1).before(now) < since or Duration(
            months=int(count) + 1).before(now) <= since
    else:
        assert int(count) == days
        assert unit == ("day" if days == 1 else "days")


def test_lists_and_sentences() -> None:
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"], "or") == "a, b or c"
    assert words.sentence("norvale asked again") == "Norvale asked again."
    assert words.sentence("Did it? Yes!") == "Did it? Yes!"

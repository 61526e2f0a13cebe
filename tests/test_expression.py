"""Expressions: text to nodes and back, places, and what is said of text that cannot be read."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrules.diagnostics import Span
from samrules.model import expressions as ex
from samrules.model.operators import FUNCTIONS, OPERATORS
from samrules.model.types import Duration, Kind
from samrules.syntax.expression import RESERVED, parse
from samrules.syntax.printer import text_of
from samrules.syntax.source import Problems


def at(start: int, end: int) -> Span:
    return Span("f", 1, start + 1, 1, end + 1)


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,6}(\.[a-z][a-z0-9_]{0,6})?", fullmatch=True).filter(
    lambda n: n not in RESERVED | set(FUNCTIONS))
LITERALS = st.one_of(
    st.booleans().map(lambda v: ex.Literal(v, Kind.BOOLEAN)),
    st.integers(0, 2**63 - 1).map(lambda v: ex.Literal(v, Kind.INTEGER)),
    st.floats(0, 1e22, allow_nan=False).map(lambda v: ex.Literal(v + 0.0, Kind.NUMBER)),
    st.floats(0, 1e6).map(lambda v: ex.Literal(v + 0.0, Kind.RATIO)),
    st.floats(0, 1e18).map(lambda v: ex.Literal(v + 0.0, Kind.MONEY)),
    st.dates().map(lambda v: ex.Literal(v, Kind.DATE)),
    st.integers(0, 999).map(lambda v: ex.Literal(Duration(months=v), Kind.DURATION)),
    st.integers(1, 9999).map(lambda v: ex.Literal(Duration(days=v), Kind.DURATION)),
    st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=8).map(
        lambda v: ex.Literal(v, Kind.TEXT)),
)


def _compound(inner: st.SearchStrategy[ex.Expr]) -> st.SearchStrategy[ex.Expr]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    comparison = st.sampled_from([o for o in OPERATORS if o in ("=", "!=", "<", "<=", ">", ">=")])
    return st.one_of(
        st.builds(ex.Not, inner),
        st.builds(ex.All, several),
        st.builds(ex.Any_, several),
        st.builds(ex.AtLeast, st.integers(0, 9), several),
        st.builds(ex.Compare, comparison, inner, inner),
        st.builds(ex.Between, inner, inner, inner),
        st.builds(ex.In, inner, several),
        st.builds(ex.Known, inner, st.booleans()),
        st.builds(ex.Arithmetic, st.sampled_from("+-*/"), inner, inner),
        st.builds(ex.Negate, inner),
        st.builds(ex.Call, st.sampled_from(["min", "max", "coalesce"]), several),
        st.builds(ex.Call, st.sampled_from(["abs", "age"]), st.tuples(inner)),
        st.builds(ex.If, inner, inner, inner),
    )


ATOMS: st.SearchStrategy[ex.Expr] = st.one_of(NAMES.map(ex.Name), LITERALS)
EXPRESSIONS = st.recursive(ATOMS, _compound, max_leaves=12)


@given(EXPRESSIONS)
def test_printing_and_parsing_gives_the_same(node: ex.Expr) -> None:
    """parse(text_of(node)) == node, and the text is its own canonical form."""
    text = text_of(node)
    again = parse(text, at)
    assert again == node
    assert text_of(again) == text


@given(st.text(max_size=60))
def test_any_text_gives_nodes_or_one_diagnostic_in_place(text: str) -> None:
    try:
        parse(text, at)
    except Problems as found:
        (diagnostic,) = found.diagnostics
        assert diagnostic.message
        assert diagnostic.help
        assert diagnostic.span is not None
        assert 1 <= diagnostic.span.column <= len(text) + 1


def test_nodes_know_their_place() -> None:
    node = parse("csat >= 8 and  nps > 30", at)
    assert isinstance(node, ex.All)
    assert node.operands[1].span == Span("f", 1, 16, 1, 24)


@pytest.mark.parametrize(("text", "canonical"), [
    ("a>=5000k", "a >= 5000k"),
    ("a = 60 %", "a = 60%"),
    ("(a and (b))", "a and b"),
    ("not(a)", "not a"),
    ("age( d )>=2 years", "age(d) >= 24 months"),
    ("age(d) >= 14 days", "age(d) >= 14 days"),
    ("age(d) >= 2 weeks", "age(d) >= 14 days"),
    ("x in ['a','b']", 'x in ["a", "b"]'),
    ("1500000.0 < b", "1500000.0 < b"),
    ("b < 1.5M", "b < 1.5M"),
    ("a - (b - c)", "a - (b - c)"),
    ("(a - b) - c", "a - b - c"),
    ("a * (b + c)", "a * (b + c)"),
    ("(a or b) and c", "(a or b) and c"),
])
def test_canonical_text(text: str, canonical: str) -> None:
    printed = text_of(parse(text, at))
    assert printed == canonical.replace("5000k", "5M")


def test_values() -> None:
    assert parse("60%", at) == ex.Literal(0.6, Kind.RATIO)
    assert parse("1.2B", at) == ex.Literal(1.2e9, Kind.MONEY)
    assert parse("2026-11-21", at) == ex.Literal(date(2026, 11, 21), Kind.DATE)
    assert parse(r'"say \"no\" \\ "', at) == ex.Literal('say "no" \\ ', Kind.TEXT)


@pytest.mark.parametrize(("text", "column", "message", "cure"), [
    ("a == b", 3, "`==` is not part of the language", "equality is written `=`"),
    ("a => 5", 3, "`=>` is not part of the language", "write `>=`"),
    ("a && b", 3, "`&` is not part of the language", "write `and`"),
    ("a AND b", 3, "`AND` is not part of the language", "keywords are lower case: `and`"),
    ("x = NULL", 5, "`NULL` is not part of the language", "write `is missing`"),
    ("1 < x < 5", 7, "a second comparison `<` in a row",
     "write `x between a and b`, or join two comparisons with `and`"),
    ("a >=", 4, "the expression stops too early", "expected a name or a value"),
    ("a is not b", 6, "`is not` is not part of the language", "write `!=`, or `is known`"),
    ("foo(a)", 1, "there is no function `foo`", "functions here: `abs`, `age`, `coalesce`, `max` and `min`"),
    ("d = 2026-02-31", 5, "`2026-02-31` cannot be read as date",
     "the calendar has no such day; write an existing day as `2026-11-21`"),
    ("a = 5Q", 5, "`5Q` cannot be read as a value",
     "numbers are written `3`, `0.5`, `60%`, `5M`; dates `2026-11-21`; names start with a letter"),
    ('a = "x', 5, '`"` is not part of the language', "close the text with a second quote"),
    ("", 1, "an expression is missing here", "write a condition such as `csat >= 8`"),
])
def test_what_cannot_be_read(text: str, column: int, message: str, cure: str) -> None:
    with pytest.raises(Problems) as found:
        parse(text, at)
    (diagnostic,) = found.value.diagnostics
    assert (diagnostic.column, diagnostic.message, diagnostic.help) == (column, message, cure)


def test_a_dash_is_a_subtraction_not_a_name() -> None:
    """`response-x.status` must not quietly be a name that is missing."""
    assert parse("response-x.status", at) == ex.Arithmetic("-", ex.Name("response"), ex.Name("x.status"))


@pytest.mark.parametrize("text", ["not " * 41 + "a", "-" * 41 + "a", "(a + " * 41 + "a" + ")" * 41, "a" * 4001])
def test_too_deep_or_too_long(text: str) -> None:
    with pytest.raises(Problems) as found:
        parse(text, at)
    assert found.value.diagnostics[0].code == "too-deep"


@pytest.mark.parametrize("text", ["(" * 5000 + "a", "a" + " and a" * 700, "[" * 4000])
def test_hostile_text_is_only_text(text: str) -> None:
    try:
        parse(text, at)
    except Problems as found:
        assert found.diagnostics

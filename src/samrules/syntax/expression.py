"""Expression text to nodes. Each node's span points into the file the text came from."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from importlib import resources
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, VisitError

from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.model import expressions as ex
from samrules.model.operators import FUNCTIONS
from samrules.model.types import INTEGER_LIMIT, Kind
from samrules.syntax import literals
from samrules.syntax.source import Problems, problem

MAX_CHARACTERS = 4_000
MAX_DEPTH = 40

Locate = Callable[[int, int], Span]
"""From the start and end offset in the expression's text to a place in the file."""

RESERVED = frozenset(
    ["and", "or", "not", "if", "then", "else", "between", "in", "is", "known", "missing", "true", "false", "at_least", "of", "all", "any", "as_of", "account"]
)

_FOREIGN = (
    ("==", "equality is written `=`"),
    ("=>", "write `>=`"),
    ("=<", "write `<=`"),
    ("<>", "write `!=`"),
    ("!", "write `not`, or `!=` for unequal"),
    ("&", "write `and`"),
    ("|", "write `or`"),
    ("%", "a ratio is a number followed by `%`; there is no remainder"),
    ("^", "there are no powers in this language"),
    ("{", "write a list in square brackets"),
    ("€", "amounts have no currency sign: write `5M`; the ruleset's `currency` says which it is"),
    ("$", "amounts have no currency sign: write `5M`; the ruleset's `currency` says which it is"),
    ("£", "amounts have no currency sign: write `5M`; the ruleset's `currency` says which it is"),
    ("\"", "close the text with a second quote"),
    ("'", "close the text with a second quote"),
)


@v_args(meta=True)
class _Builder(Transformer[Token, ex.Expr]):
    """Grammar rules to nodes, one method a rule."""

    def __init__(self, locate: Locate) -> None:
        super().__init__()
        self.locate = locate

    def _span(self, meta: Any) -> Span:
        return self.locate(meta.start_pos, meta.end_pos)

    def _literal(self, meta: Any, token: str, parse: Callable[[str], Any], kind: Kind) -> ex.Literal:
        span = self._span(meta)
        try:
            return ex.Literal(parse(" ".join(str(token).split())), kind, span=span)
        except literals.BadLiteral as error:
            code = "bad-date" if kind is Kind.DATE else "bad-value"
            raise problem(code, f"`{token}` cannot be read as {kind}", str(error), span) from None

    def date(self, meta: Any, t: list[str]) -> ex.Expr:
        return self._literal(meta, t[0], literals.parse_date, Kind.DATE)

    def duration(self, meta: Any, t: list[str]) -> ex.Expr:
        return self._literal(meta, t[0], literals.parse_duration, Kind.DURATION)

    def ratio(self, meta: Any, t: list[str]) -> ex.Expr:
        return self._literal(meta, t[0], literals.parse_ratio, Kind.RATIO)

    def money(self, meta: Any, t: list[str]) -> ex.Expr:
        return self._literal(meta, t[0], literals.parse_money, Kind.MONEY)

    def number(self, meta: Any, t: list[str]) -> ex.Expr:
        return self._literal(meta, t[0], literals.parse_number, Kind.NUMBER)

    def integer(self, meta: Any, t: list[str]) -> ex.Expr:
        if t[0] == _SIZE_OF_SMALLEST:  # an integer only with a sign before it, which is read apart
            return ex.Literal(INTEGER_LIMIT, Kind.INTEGER, span=self._span(meta))
        return self._literal(meta, t[0], literals.parse_integer, Kind.INTEGER)

    def text(self, meta: Any, t: list[str]) -> ex.Expr:
        raw = str(t[0])
        inner = raw[1:-1]
        value = re.sub(r"\\(.)", r"\1", inner) if raw[0] == '"' else inner
        return ex.Literal(value, Kind.TEXT, span=self._span(meta))

    def true(self, meta: Any, _: list[str]) -> ex.Expr:
        return ex.Literal(True, Kind.BOOLEAN, span=self._span(meta))

    def false(self, meta: Any, _: list[str]) -> ex.Expr:
        return ex.Literal(False, Kind.BOOLEAN, span=self._span(meta))

    def name(self, meta: Any, t: list[str]) -> ex.Expr:
        return ex.Name(str(t[0]), span=self._span(meta))

    def call(self, meta: Any, t: list[Any]) -> ex.Expr:
        function, *arguments = t
        span = self._span(meta)
        if function not in FUNCTIONS:
            raise problem("expression-syntax", f"there is no function `{function}`",
                          did_you_mean(str(function), FUNCTIONS, "functions"), span)
        fewest, most = FUNCTIONS[function]
        if not fewest <= len(arguments) <= most:
            takes = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise problem("expression-syntax", f"`{function}` takes {takes} arguments, not {len(arguments)}"
                          if most > 1 else f"`{function}` takes one argument, not {len(arguments)}",
                          "put the arguments in parentheses, with commas between", span)
        return ex.Call(str(function), tuple(arguments), span=span)

    def at_least(self, meta: Any, t: list[Any]) -> ex.Expr:
        count, *operands = t
        return ex.AtLeast(int(count), tuple(operands), span=self._span(meta))

    def if_(self, meta: Any, t: list[ex.Expr]) -> ex.Expr:
        return ex.If(*t, span=self._span(meta))

    def any_(self, meta: Any, t: list[ex.Expr]) -> ex.Expr:
        return ex.Any_(tuple(t), span=self._span(meta))

    def all_(self, meta: Any, t: list[ex.Expr]) -> ex.Expr:
        return ex.All(tuple(t), span=self._span(meta))

    def not_(self, meta: Any, t: list[ex.Expr]) -> ex.Expr:
        return ex.Not(t[0], span=self._span(meta))

    def compare(self, meta: Any, t: list[Any]) -> ex.Expr:
        return ex.Compare(str(t[1]), t[0], t[2], span=self._span(meta))

    def between(self, meta: Any, t: list[ex.Expr]) -> ex.Expr:
        return ex.Between(*t, span=self._span(meta))

    def in_(self, meta: Any, t: list[ex.Expr]) -> ex.Expr:
        return ex.In(t[0], tuple(t[1:]), span=self._span(meta))

    def known(self, meta: Any, t: list[ex.Expr]) -> ex.Expr:
        return ex.Known(t[0], True, span=self._span(meta))

    def missing(self, meta: Any, t: list[ex.Expr]) -> ex.Expr:
        return ex.Known(t[0], False, span=self._span(meta))

    def arithmetic(self, meta: Any, t: list[Any]) -> ex.Expr:
        return ex.Arithmetic(str(t[1]), t[0], t[2], span=self._span(meta))

    def negate(self, meta: Any, t: list[Any]) -> ex.Expr:
        return ex.Negate(t[1], span=self._span(meta))


@functools.cache
def _parser() -> Lark:
    grammar = resources.files("samrules.syntax").joinpath("expression.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def parse(text: str, locate: Locate) -> ex.Expr:
    """An expression from its text. Raises Problems with one located diagnostic."""
    if len(text) > MAX_CHARACTERS:
        raise problem("too-deep", f"an expression of {len(text):,} characters",
                      f"keep it under {MAX_CHARACTERS:,}: name parts of it under `define`",
                      locate(0, len(text)))
    if not text.strip():
        raise problem("expression-syntax", "an expression is missing here",
                      "write a condition such as `csat >= 8`", locate(0, max(1, len(text))))
    try:
        tree = _parser().parse(text)
        _check_depth(tree, text, locate)
        node = _Builder(locate).transform(tree)
        _check_integers(node)
        return node
    except UnexpectedInput as error:
        raise Problems(_syntax_problem(text, error, locate)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, Problems):
            raise error.orig_exc from None
        raise


_SIZE_OF_SMALLEST = str(INTEGER_LIMIT)


def _check_integers(node: ex.Expr) -> None:
    """Refuse the size of the smallest integer where it is not negative."""
    negated = {id(n.operand) for n in ex.walk(node) if isinstance(n, ex.Negate)}
    for literal in ex.walk(node):
        if isinstance(literal, ex.Literal) and literal.value == INTEGER_LIMIT and literal.kind is Kind.INTEGER \
                and id(literal) not in negated:
            raise problem("bad-value", f"`{_SIZE_OF_SMALLEST}` cannot be read as integer",
                          "an integer has at most 64 bits", literal.span)


def _check_depth(tree: Any, text: str, locate: Locate) -> None:
    """Refuse a deep tree before anything walks it by recursion."""
    stack = [(tree, 1)]
    while stack:
        current, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise problem("too-deep", f"an expression nested more than {MAX_DEPTH} levels deep",
                          "name the inner parts under `define`", locate(0, len(text)))
        stack.extend((child, depth + 1) for child in getattr(current, "children", ()))


_VALUE = re.compile(r"\d+(\.\d+)?(\s?%|[kMB]\b)?(?![\w.])")

_EXPECTED = {
    "COMPARISON": "a comparison such as `>=`",
    "RSQB": "`]`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "ELSE": "`else`",
    "THEN": "`then`",
    "KNOWN": "`known`",
    "OF": "`of`",
}


def _syntax_problem(text: str, error: UnexpectedInput, locate: Locate) -> Diagnostic:
    position = getattr(error, "pos_in_stream", None)
    token = getattr(error, "token", None)
    if position is None or position < 0 or (token is not None and token.type == "$END"):
        end = len(text.rstrip())
        return Diagnostic("expression-syntax", "the expression stops too early",
                          _expected_help(error), locate(max(0, end - 1), end))
    for foreign, cure in _FOREIGN:
        for start in (position, position - 1):
            if start >= 0 and text.startswith(foreign, start) and (start == position or len(foreign) == 2):
                return Diagnostic("expression-syntax", f"`{foreign}` is not part of the language", cure,
                                  locate(start, start + len(foreign)))
    found = re.match(r"\w+|.", text[position:], re.DOTALL)
    word = found[0] if found else text[position]
    span = locate(position, position + len(word))
    if word.lower() != word and word.lower() in RESERVED | {"null", "none"}:
        return Diagnostic("expression-syntax", f"`{word}` is not part of the language",
                          f"keywords are lower case: `{word.lower()}`" if word.lower() in RESERVED
                          else "write `is missing`", span)
    if word[0].isdigit() and not _VALUE.match(text, position):
        return Diagnostic("expression-syntax", f"`{word}` cannot be read as a value",
                          "numbers are written `3`, `0.5`, `60%`, `5M`; dates `2026-11-21`; "
                          "names start with a letter", span)
    if isinstance(error, UnexpectedCharacters) and not word[0].isdigit():
        return Diagnostic("expression-syntax", f"`{word}` cannot stand in an expression",
                          "names are lower case letters, digits and `_`; texts are quoted", span)
    before = text[:position].rstrip()
    if word == "," and before[-1:].isdigit() and text[position + 1 : position + 2].isdigit():
        return Diagnostic("expression-syntax", "a comma inside a number",
                          "no commas inside numbers, and a decimal point: write `5000000`, `5M`, `0.5`", span)
    if word == "not" and text[position:].split()[1:2] == ["in"]:
        return Diagnostic("expression-syntax", "`not in` is not part of the language",
                          "put `not` before the comparison: `not x in [...]`", span)
    if word[0].isalpha() and re.search(r"\d$", before) and word not in RESERVED:
        return Diagnostic("expression-syntax", f"`{word}` after a number",
                          "durations are whole numbers of days, weeks, months or years, such as `18 months`", span)
    if word == "not" and before.endswith("is"):
        return Diagnostic("expression-syntax", "`is not` is not part of the language",
                          "write `!=`, or `is known`", span)
    if found_ := re.match(r"[<>=!]=?", text[position:]):
        return Diagnostic("expression-syntax", f"a second comparison `{found_[0]}` in a row",
                          "write `x between a and b`, or join two comparisons with `and`",
                          locate(position, position + len(found_[0])))
    return Diagnostic("expression-syntax", f"`{word}` is not expected here", _expected_help(error), span)


def _expected_help(error: UnexpectedInput) -> str:
    expected: set[str] = set(getattr(error, "accepts", None) or getattr(error, "expected", None)
                             or getattr(error, "allowed", None) or ())
    words = [said for terminal, said in _EXPECTED.items() if terminal in expected]
    if {"NAME", "INTEGER"} & expected:
        words.append("a name or a value")
    if {"AND", "OR"} & expected:
        words.append("`and` or `or`")
    return "expected " + ", or ".join(words) if words else "expected the end of the expression"

"""Single values of a file: texts, numbers, names, conditions, and entries with a shape of their own.

Each function takes a node and gives a value, or raises Problems with the places of what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeVar

import attrs
import cattrs

from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Kind, Type, Value
from samrules.syntax import literals
from samrules.syntax.cells import parse_cell
from samrules.syntax.expression import RESERVED, parse
from samrules.syntax.source import Mapping, Node, Problems, Scalar, Sequence, problem

T = TypeVar("T")

NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
GROUPS = ("all", "any", "not", "at_least")
_OWN_NAMES = RESERVED | {"account_id", "review_date"}


def flatten(error: BaseException) -> list[Diagnostic]:
    """The diagnostics inside the groups that cattrs makes.

    A KeyError is cattrs' word for a required key that `keys` has reported already; anything
    else is a fault of ours and goes up as it is.
    """
    if isinstance(error, Problems):
        return error.diagnostics
    if isinstance(error, KeyError):
        return []
    if isinstance(error, BaseExceptionGroup):
        return [d for inner in error.exceptions for d in flatten(inner)]
    raise error


# --- single values -------------------------------------------------------------------------------


def single_value(node: Node, what: str = "a single value") -> Scalar:
    if not isinstance(node, Scalar):
        raise problem("wrong-shape", f"{what} belongs here, not a {shape_of(node)}",
                      "write it on one line after the key", node.span)
    if node.null:
        raise problem("wrong-shape", "a value is missing here", f"write {what}", node.span)
    return node


def shape_of(node: Node) -> str:
    return {Mapping: "mapping", Sequence: "list", Scalar: "single value"}[type(node)]


def text(node: Node, _: Any = None) -> str:
    return single_value(node, "a text").text


def literal(node: Node, parse_text: Callable[[str], T], what: str) -> T:
    scalar = single_value(node, what)
    try:
        return parse_text(scalar.text)
    except literals.BadLiteral as error:
        code = "bad-date" if what == "a date" else "bad-value"
        raise problem(code, f"`{scalar.text}` is not {what}", str(error), scalar.span) from None


def number(node: Node, _: Any = None) -> float:
    return literal(node, literals.parse_number, "a number")


def integer(node: Node, _: Any = None) -> int:
    return literal(node, literals.parse_integer, "a whole number")


def texts(node: Node, _: Any = None) -> tuple[str, ...]:
    if not isinstance(node, Sequence):
        shown = node.text if isinstance(node, Scalar) and not node.null else "a, b"
        raise problem("wrong-shape", f"a list belongs here, not a {shape_of(node)}",
                      f"write `[{shown}]`", node.span)
    return tuple(each(node, text))


def integers(node: Node, _: Any = None) -> tuple[int, ...]:
    if not isinstance(node, Sequence):
        raise problem("wrong-shape", f"a list belongs here, not a {shape_of(node)}",
                      "write `[1, 2]`", node.span)
    return tuple(each(node, integer))


def each(nodes: Iterable[Any], step: Callable[[Any], T]) -> list[T]:
    """The step on every node; the problems of all of them together."""
    done, problems = [], []
    for node in nodes:
        try:
            done.append(step(node))
        except (Problems, cattrs.BaseValidationError) as error:
            problems += flatten(error)
    if problems:
        raise Problems(*problems)
    return done


def absent(node: Any) -> bool:
    return isinstance(node, Scalar) and node.null


def check_name(name: str, at: Span) -> None:
    if not NAME.match(name):
        raise problem("bad-name", f"`{name}` is not a name",
                      "names are lower case letters, digits and `_`, and start with a letter", at)
    if name in _OWN_NAMES:
        raise problem("bad-name", f"`{name}` is a word of the language", "choose another name", at)


_OTHER_KEYS = {
    "definitions": "define", "definition": "define", "thresholds": "parameters", "decision": "decide",
    "decisions": "decide", "scores": "scorecards", "scorecard": "scorecards", "if": "when", "except": "unless",
    "else": "otherwise", "default": "otherwise", "policy": "hit_policy", "reviews": "sustained",
}
"""What others call our keys."""


_THOUSANDS = re.compile(r"[0-9]{3}$")
_MOST_KEYS = 30
"""No entry has more keys than that: they are all listed, as one of them is meant."""


def keys(node: Node, allowed: Iterable[str], required: Iterable[str], what: str) -> Mapping:
    """The node as a mapping without null entries. Raises on unknown and missing keys."""
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"{what} is a mapping, not a {shape_of(node)}",
                      f"its keys are: {', '.join(allowed)}", node.span)
    problems = [
        Diagnostic("unknown-key", f"{what} has no key `{key}`",
                   f"did you mean `{_OTHER_KEYS[key]}`?" if _OTHER_KEYS.get(key, "") in allowed
                   else did_you_mean(key, allowed, "keys", most=_MOST_KEYS), node.keys_at[key])
        for key in node
        if key not in allowed
    ]
    problems += [
        Diagnostic("missing-key", f"{what} needs `{key}`", f"add `{key}:`", node.span)
        for key in required
        if key not in node or absent(node[key])
    ]
    if problems:
        raise Problems(*problems)
    kept = Mapping(node.span)
    kept.keys_at = node.keys_at
    kept.update({k: v for k, v in node.items() if not absent(v)})
    return kept


# --- conditions and values -----------------------------------------------------------------------


def expression(node: Node, _: Any = None) -> ex.Expr:
    if isinstance(node, Scalar):
        if node.null:
            raise problem("expression-syntax", "an expression is missing here",
                          "write a condition such as `csat >= 8`", node.span)
        return parse(node.text, node.locate)
    if isinstance(node, Sequence):
        raise problem("wrong-shape", "a list of conditions without saying how they combine",
                      "put `all:` or `any:` before it", node.span)
    return _group(node)


def _group(node: Mapping) -> ex.Expr:
    heads = [k for k in node if k in GROUPS]
    others = [k for k in node if k not in GROUPS and not (k == "of" and "at_least" in node)]
    if others or len(heads) != 1:
        key = others[0] if others else (heads[1] if len(heads) > 1 else None)
        at = node.keys_at[key] if key else node.span
        message = f"`{key}` does not belong in a group of conditions" if key else "an empty group"
        raise problem("unknown-key" if others else "wrong-shape", message,
                      "a group is one of `all: [...]`, `any: [...]`, `not: ...`, "
                      "`at_least: 2` with `of: [...]`", at)
    head = heads[0]
    at = node.keys_at[head]
    if head == "not":
        return ex.Not(expression(node["not"]), span=at)
    if head == "at_least":
        if "of" not in node:
            raise problem("missing-key", "`at_least` without `of`", "add `of: [...]`", at)
        count = integer(node["at_least"])
        return ex.AtLeast(count, _conditions(node["of"], at), span=at)
    operands = _conditions(node[head], at)
    if len(operands) == 1:
        return operands[0]
    return (ex.All if head == "all" else ex.Any_)(operands, span=at)


def _conditions(node: Node, at: Span) -> tuple[ex.Expr, ...]:
    if not isinstance(node, Sequence):
        raise problem("wrong-shape", "a list of conditions belongs here",
                      "write each condition after a `- `", node.span)
    if not node:
        raise problem("wrong-shape", "a group without conditions", "add a condition", at)
    check_commas(node)
    return tuple(each(node, expression))


def exceptions(node: Node, _: Any = None) -> tuple[ex.Expr, ...]:
    """`unless`: one condition or a list of them."""
    nodes: Sequence | list[Node] = node if isinstance(node, Sequence) else [node]
    check_commas(nodes)
    return tuple(each(nodes, expression))


def check_commas(nodes: Sequence | list[Node]) -> None:
    """YAML parts a list at each comma, that of `550,000` among them. Raises Problems where parts are one number."""
    for at, first in enumerate(nodes):
        head = re.search(r"[0-9]+$", first.text) if isinstance(first, Scalar) and first.plain else None
        whole, before = head[0] if head else "", first
        for node in nodes[at + 1 :] if head else ():
            if not (isinstance(node, Scalar) and node.plain and _THOUSANDS.match(node.text) and _touch(before.span, node.span)):
                break
            whole, before = whole + node.text, node
        if head and before is not first:
            short = f" or `{literals.money_text(float(whole))}`" if whole.endswith("000") else ""
            raise problem("expression-syntax", "a comma inside a number", f"no commas inside numbers: write `{whole}`{short}",
                          attrs.evolve(before.span, line=first.span.end_line, column=first.span.end_column - len(head[0])))


def _touch(one: Span, other: Span) -> bool:
    """Whether only a comma can stand between two places."""
    return (one.end_line, one.end_column + 1) == (other.line, other.column)


# --- entries with a shape of their own -----------------------------------------------------------


def sustained(node: Node, _: Any = None) -> rs.Sustained:
    scalar = single_value(node, "a number of reviews")
    found = re.match(r"(\d{1,3})\s+reviews?(?:\s+over\s+(.+))?$", scalar.text)
    if not found or int(found[1]) < 1:
        raise problem("bad-value", f"`{scalar.text}` is not a number of reviews",
                      "write `2 reviews` or `2 reviews over 6 months`", scalar.span)
    over = None
    if found[2]:
        over = literal(attrs.evolve(scalar, text=found[2]), literals.parse_duration, "a duration")
    return rs.Sustained(int(found[1]), over, span=scalar.span)


def assignments(node: Node, _: Any = None) -> tuple[rs.Assignment, ...]:
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"a mapping belongs here, not a {shape_of(node)}",
                      "write `{action: release}`", node.span)

    def assign(key: str) -> rs.Assignment:
        check_name(key, node.keys_at[key])
        value = node[key]
        if isinstance(value, Mapping):
            keys(value, ("value",), ("value",), "an output")
            return rs.Assignment(key, expression(value["value"]), span=node.keys_at[key])
        scalar = single_value(value, "a constant")
        constant, kind = literals.guess_constant(scalar.text) if scalar.plain else (scalar.text, None)
        value_ = constant if kind is None else ex.Literal(constant, kind, span=scalar.span)
        return rs.Assignment(key, value_, span=scalar.span)

    return tuple(each(node, assign))


def bands(node: Node, _: Any = None) -> tuple[rs.Band, ...]:
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"a mapping belongs here, not a {shape_of(node)}",
                      "write `{low: 0, medium: 55, high: 70}`", node.span)

    def band(key: str) -> rs.Band:
        check_name(key, node.keys_at[key])
        return rs.Band(key, number(node[key]), span=node.keys_at[key])

    return tuple(each(node, band))


def ties(node: Node, _: Any = None) -> tuple[rs.Tie, ...]:
    """What goes first among those that rank alike: `earliest status_since`."""
    if not isinstance(node, Sequence):
        raise problem("wrong-shape", f"a list belongs here, not a {shape_of(node)}",
                      "write `[earliest status_since]`", node.span)
    return tuple(each(node, _tie))


def _tie(node: Node) -> rs.Tie:
    scalar = single_value(node, "an order and a name")
    order, _, name = scalar.text.partition(" ")
    cure = "write `earliest status_since`, or `latest`, `lowest`, `highest` and a name"
    if order not in rs.TIE_ORDERS or not name.strip():
        raise problem("bad-value", f"`{scalar.text}` does not say what goes first", cure, scalar.span)
    start = len(scalar.text) - len(name.lstrip())
    of = parse(name.strip(), lambda first, last: scalar.locate(first + start, last + start))
    if not isinstance(of, ex.Name):
        raise problem("bad-value", f"`{name.strip()}` is not a name", "define the value, and name it here", scalar.span)
    return rs.Tie(order, of, span=scalar.span)


def points(node: Node, _: Any = None) -> rs.Points:
    if isinstance(node, Mapping) and "otherwise" in node:
        keys(node, ("otherwise",), ("otherwise",), "the last row")
        return rs.Points(None, number(node["otherwise"]), span=node.span)
    row = keys(node, ("when", "points"), ("when", "points"), "a row of points")
    return rs.Points(expression(row["when"]), number(row["points"]), span=row.span)


def dated_values(node: Node, type_: Type) -> tuple[rs.DatedValue, ...]:
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", "dated values belong here",
                      "write `{2020-01-01: 60%}`: the day from which the value holds", node.span)
    check_commas([part for key in node for part in (Scalar(key, True, node.keys_at[key]), node[key])])

    def dated(key: str) -> rs.DatedValue:
        at = node.keys_at[key]
        since: date = literal(Scalar(key, True, at), literals.parse_date, "a date")
        value = _constant(node[key], type_)
        written = node[key]
        bare = isinstance(written, Scalar) and written.text[-1:].isdigit()
        return rs.DatedValue(since, value, bare, span=at)

    return tuple(sorted(each(node, dated), key=lambda v: v.since))


def _constant(node: Node, type_: Type) -> Value:
    article = "an" if str(type_)[0] in "aeio" else "a"
    what = "an amount" if type_.kind is Kind.MONEY else f"{article} {type_}"
    return literal(node, lambda text: literals.parse_constant(text, type_), what)


def declared_type(node: Mapping) -> Type:
    scalar = single_value(node["type"], "a type")
    unit = text(node["unit"]) if "unit" in node and not absent(node["unit"]) else None
    try:
        return literals.parse_type(scalar.text, unit)
    except literals.BadLiteral as error:
        raise problem("bad-type", f"`{scalar.text}` is not a type here", str(error), scalar.span) from None


def declared_range(node: Node, type_: Type) -> rs.Range:
    scalar = single_value(node, "a range")
    parts = scalar.text.split("..")
    if not type_.numeric and type_.kind is not Kind.DATE:
        raise problem("bad-value", f"a {type_} has no range", "remove `range`", scalar.span)
    if type_.kind is Kind.ORDINAL:
        raise problem("bad-value", "an ordinal has its range in its type", "remove `range`", scalar.span)
    if len(parts) != 2 or not any(p.strip() for p in parts):
        raise problem("bad-value", f"`{scalar.text}` is not a range",
                      "write `0..10`, or `0..` to leave an end open", scalar.span)
    low, high = (
        _constant(attrs.evolve(scalar, text=p.strip()), type_) if p.strip() else None for p in parts
    )
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        raise problem("bad-value", "the range is upside down", "put the lower end first", scalar.span)
    return rs.Range(low, high)


def rows(node: Node, _: Any = None) -> tuple[rs.Points, ...]:
    if not isinstance(node, Sequence):
        raise problem("wrong-shape", f"rows of points belong here, not a {shape_of(node)}",
                      "write `- {when: CONDITION, points: 10}` and last `- {otherwise: 0}`", node.span)
    return tuple(each(node, points))


def cells(node: Node, _: Any = None) -> tuple[rs.Cell, ...]:
    """`when` of a row of a decision table."""
    if not isinstance(node, Sequence):
        raise problem("wrong-shape", f"the cells of a row are a list, not a {shape_of(node)}",
                      "write a cell for each input: `['>= 5', '-']`", node.span)
    return tuple(each(node, cell))


def cell(node: Node) -> rs.Cell:
    if not isinstance(node, Scalar):
        raise problem("wrong-shape", f"a cell is a single value, not a {shape_of(node)}",
                      "put it in quotes: `'[2..4]'`", node.span)
    return parse_cell("" if node.null else node.text, node.locate)

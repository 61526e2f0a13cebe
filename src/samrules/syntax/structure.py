"""The tree of a file to the model, by cattrs: every problem of the file at once, each in its place."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override

from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.errors import RulesetError
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Duration, Kind, Type, Value
from samrules.syntax import literals
from samrules.syntax.expression import RESERVED, parse
from samrules.syntax.source import Mapping, Node, Problems, Scalar, Sequence, problem, read

T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
GROUPS = ("all", "any", "not", "at_least")
_OWN_NAMES = RESERVED | {"account_id"}


@functools.lru_cache(maxsize=32)  # a program loads the same few files again and again
def parse_ruleset(text: str, file: str) -> rs.Ruleset:
    """A ruleset from YAML text. Raises RulesetError with all problems of reading and structure."""
    return _structured(text, file, rs.Ruleset)


@functools.lru_cache(maxsize=8)
def parse_sources(text: str, file: str) -> tuple[rs.Source, ...]:
    """The sources of a `sources.yaml`. Raises RulesetError."""
    return _structured(text, file, _Sources).sources


@attrs.frozen
class _Sources:
    sources: tuple[rs.Source, ...]
    span: Span | None = attrs.field(default=None, eq=False)


def _structured(text: str, file: str, cls: type[T]) -> T:
    document = read(text, file)
    try:
        return _converter().structure(document.root, cls)
    except (cattrs.BaseValidationError, Problems) as error:
        raise RulesetError(document.locate(_flatten(error))) from None


def _flatten(error: BaseException) -> list[Diagnostic]:
    """The diagnostics inside the groups that cattrs makes.

    A KeyError is cattrs' word for a required key that `_keys` has reported already; anything
    else is a fault of ours and goes up as it is.
    """
    if isinstance(error, Problems):
        return error.diagnostics
    if isinstance(error, KeyError):
        return []
    if isinstance(error, BaseExceptionGroup):
        return [d for inner in error.exceptions for d in _flatten(inner)]
    raise error


# --- single values -------------------------------------------------------------------------------


def _scalar(node: Node, what: str = "a single value") -> Scalar:
    if not isinstance(node, Scalar):
        raise problem("wrong-shape", f"{what} belongs here, not a {_shape(node)}",
                      "write it on one line after the key", node.span)
    if node.null:
        raise problem("wrong-shape", "a value is missing here", f"write {what}", node.span)
    return node


def _shape(node: Node) -> str:
    return {Mapping: "mapping", Sequence: "list", Scalar: "single value"}[type(node)]


def _text(node: Node, _: Any = None) -> str:
    return _scalar(node, "a text").text


def _literal(node: Node, parse_text: Callable[[str], T], what: str) -> T:
    scalar = _scalar(node, what)
    try:
        return parse_text(scalar.text)
    except literals.BadLiteral as error:
        code = "bad-date" if what == "a date" else "bad-value"
        raise problem(code, f"`{scalar.text}` is not {what}", str(error), scalar.span) from None


def _number(node: Node, _: Any = None) -> float:
    return _literal(node, literals.parse_number, "a number")


def _integer(node: Node, _: Any = None) -> int:
    return _literal(node, literals.parse_integer, "a whole number")


def _texts(node: Node, _: Any = None) -> tuple[str, ...]:
    if not isinstance(node, Sequence):
        shown = node.text if isinstance(node, Scalar) and not node.null else "a, b"
        raise problem("wrong-shape", f"a list belongs here, not a {_shape(node)}",
                      f"write `[{shown}]`", node.span)
    return tuple(_each(node, _text))


def _integers(node: Node, _: Any = None) -> tuple[int, ...]:
    if not isinstance(node, Sequence):
        raise problem("wrong-shape", f"a list belongs here, not a {_shape(node)}",
                      "write `[1, 2]`", node.span)
    return tuple(_each(node, _integer))


def _each(nodes: Iterable[Any], step: Callable[[Any], T]) -> list[T]:
    """The step on every node; the problems of all of them together."""
    done, problems = [], []
    for node in nodes:
        try:
            done.append(step(node))
        except (Problems, cattrs.BaseValidationError) as error:
            problems += _flatten(error)
    if problems:
        raise Problems(*problems)
    return done


# --- conditions and values -----------------------------------------------------------------------


def _expression(node: Node, _: Any = None) -> ex.Expr:
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
        return ex.Not(_expression(node["not"]), span=at)
    if head == "at_least":
        if "of" not in node:
            raise problem("missing-key", "`at_least` without `of`", "add `of: [...]`", at)
        count = _integer(node["at_least"])
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
    return tuple(_each(node, _expression))


def _exceptions(node: Node, _: Any = None) -> tuple[ex.Expr, ...]:
    """`unless`: one condition or a list of them."""
    nodes = node if isinstance(node, Sequence) else [node]
    return tuple(_each(nodes, _expression))


# --- entries with a shape of their own -----------------------------------------------------------


def _sustained(node: Node, _: Any = None) -> rs.Sustained:
    scalar = _scalar(node, "a number of reviews")
    found = re.match(r"(\d{1,3})\s+reviews?(?:\s+over\s+(.+))?$", scalar.text)
    if not found or int(found[1]) < 1:
        raise problem("bad-value", f"`{scalar.text}` is not a number of reviews",
                      "write `2 reviews` or `2 reviews over 6 months`", scalar.span)
    over = None
    if found[2]:
        over = _literal(attrs.evolve(scalar, text=found[2]), literals.parse_duration, "a duration")
    return rs.Sustained(int(found[1]), over, span=scalar.span)


def _assignments(node: Node, _: Any = None) -> tuple[rs.Assignment, ...]:
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"a mapping belongs here, not a {_shape(node)}",
                      "write `{action: release}`", node.span)

    def assign(key: str) -> rs.Assignment:
        _check_name(key, node.keys_at[key])
        value = node[key]
        if isinstance(value, Mapping):
            _keys(value, ("value",), ("value",), "an output")
            return rs.Assignment(key, _expression(value["value"]), span=node.keys_at[key])
        scalar = _scalar(value, "a constant")
        constant: Value = literals.guess_constant(scalar.text) if scalar.plain else scalar.text
        return rs.Assignment(key, constant, span=scalar.span)

    return tuple(_each(node, assign))


def _bands(node: Node, _: Any = None) -> tuple[rs.Band, ...]:
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"a mapping belongs here, not a {_shape(node)}",
                      "write `{low: 0, medium: 55, high: 70}`", node.span)

    def band(key: str) -> rs.Band:
        _check_name(key, node.keys_at[key])
        return rs.Band(key, _number(node[key]), span=node.keys_at[key])

    return tuple(_each(node, band))


def _points(node: Node, _: Any = None) -> rs.Points:
    if isinstance(node, Mapping) and "otherwise" in node:
        _keys(node, ("otherwise",), ("otherwise",), "the last row")
        return rs.Points(None, _number(node["otherwise"]), span=node.span)
    row = _keys(node, ("when", "points"), ("when", "points"), "a row of points")
    return rs.Points(_expression(row["when"]), _number(row["points"]), span=row.span)


def _decide(node: Node, _: Any = None) -> rs.Decide:
    if not isinstance(node, Mapping) or len(node) != 1:
        raise problem("wrong-shape", "a ruleset makes one decision",
                      "write `decide: {action: {outcomes: [...], otherwise: ...}}`; "
                      "put a second decision in a ruleset of its own", node.span)
    return _named(node, rs.Decide)[0]


def _dated_values(node: Node, type_: Type) -> tuple[rs.DatedValue, ...]:
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", "dated values belong here",
                      "write `{2020-01-01: 60%}`: the day from which the value holds", node.span)

    def dated(key: str) -> rs.DatedValue:
        at = node.keys_at[key]
        since: date = _literal(Scalar(key, True, at), literals.parse_date, "a date")
        value = _constant(node[key], type_)
        return rs.DatedValue(since, value, span=at)

    return tuple(sorted(_each(node, dated), key=lambda v: v.since))


def _constant(node: Node, type_: Type) -> Value:
    article = "an" if str(type_)[0] in "aeio" else "a"
    return _literal(node, lambda text: literals.parse_constant(text, type_), f"{article} {type_}")


def _type(node: Mapping) -> Type:
    scalar = _scalar(node["type"], "a type")
    unit = _text(node["unit"]) if "unit" in node and not _absent(node["unit"]) else None
    try:
        return literals.parse_type(scalar.text, unit)
    except literals.BadLiteral as error:
        raise problem("bad-type", f"`{scalar.text}` is not a type here", str(error), scalar.span) from None


def _range(node: Node, type_: Type) -> rs.Range:
    scalar = _scalar(node, "a range")
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


# --- the converter -------------------------------------------------------------------------------


def _absent(node: Any) -> bool:
    return isinstance(node, Scalar) and node.null


def _check_name(name: str, at: Span) -> None:
    if not _NAME.match(name):
        raise problem("bad-name", f"`{name}` is not a name",
                      "names are lower case letters, digits and `_`, and start with a letter", at)
    if name in _OWN_NAMES:
        raise problem("bad-name", f"`{name}` is a word of the language", "choose another name", at)


def _keys(node: Node, allowed: Iterable[str], required: Iterable[str], what: str) -> Mapping:
    """The node as a mapping without null entries. Raises on unknown and missing keys."""
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"{what} is a mapping, not a {_shape(node)}",
                      f"its keys are: {', '.join(allowed)}", node.span)
    problems = [
        Diagnostic("unknown-key", f"{what} has no key `{key}`", did_you_mean(key, allowed, "keys"),
                   node.keys_at[key])
        for key in node
        if key not in allowed
    ]
    problems += [
        Diagnostic("missing-key", f"{what} needs `{key}`", f"add `{key}:`", node.span)
        for key in required
        if key not in node or _absent(node[key])
    ]
    if problems:
        raise Problems(*problems)
    kept = Mapping(node.span)
    kept.keys_at = node.keys_at
    kept.update({k: v for k, v in node.items() if not _absent(v)})
    return kept


Prepare = Callable[[Mapping], None]


@attrs.frozen
class Entry:
    """How a class is written: its words for a reader, its keys, what to make ready before cattrs."""

    what: str
    keys: tuple[str, ...]
    required: tuple[str, ...] = ()
    prepare: Prepare | None = None
    renamed: dict[str, str] = attrs.field(factory=dict)


def _prepare_fact(node: Mapping) -> None:
    node["type"] = type_ = _type(node)
    node.pop("unit", None)
    if type_.kind is Kind.DURATION:
        raise problem("bad-type", "a fact cannot be a duration",
                      "declare an integer with `unit: months`, or a date and use `age(...)`",
                      node.keys_at["type"])
    if "range" in node:
        node["range"] = _range(node["range"], type_)


def _prepare_measure(node: Mapping) -> None:
    """One of `count`, `sum`, … becomes what is counted: `sum: order_placed.amount`."""
    kinds = [k for k in rs.MEASURES if k in node]
    if len(kinds) != 1:
        raise problem("missing-key" if not kinds else "wrong-shape",
                      "a measure counts in one way", f"write one of: {', '.join(rs.MEASURES)}", node.span)
    kind = kinds[0]
    counted = node.pop(kind)
    named = [_scalar(n, "a kind of event") for n in (counted if isinstance(counted, Sequence) else [counted])]
    events, fields = zip(*(s.text.partition(".")[::2] for s in named), strict=True) if named else ((), ())
    at = node.keys_at[kind]
    if not events or len(set(fields)) != 1:
        raise problem("wrong-shape", f"`{kind}` of several events takes the same field of each",
                      f"write `{kind}: [a.field, b.field]`, or measures of their own", at)
    field = fields[0] or None
    if kind in ("sum", "distinct") and field is None:
        raise problem("missing-key", f"`{kind}` of which field?", f"write `{kind}: {events[0]}.field`", at)
    if kind == "count" and field is not None:
        raise problem("wrong-shape", "`count` counts events, not fields",
                      f"write `count: {events[0]}`, or `distinct: {named[0].text}`", at)
    node["of"] = rs.Counting(kind, events, field)
    if "within" in node:
        node["within"] = _literal(node["within"], literals.parse_duration, "a duration")
    if isinstance(node.get("since"), Scalar):
        since = Sequence(node["since"].span)
        since.append(node["since"])
        node["since"] = since


def _prepare_parameter(node: Mapping) -> None:
    node["type"] = type_ = _type(node)
    node.pop("unit", None)
    node["values"] = _dated_values(node["values"], type_)


def _prepare_definition(node: Mapping) -> None:
    if "value" in node:
        group = [k for k in (*GROUPS, "of") if k in node]
        if group:
            raise problem("wrong-shape", f"both `value` and `{group[0]}`", "keep one of them",
                          node.keys_at[group[0]])
        return
    inner = Mapping(node.span)
    inner.keys_at = node.keys_at
    for key in (*GROUPS, "of"):
        if key in node:
            inner[key] = node.pop(key)
    if not inner:
        raise problem("missing-key", "a definition needs a `value` or a group",
                      "add `value: EXPRESSION`, or `all:`, `any:`, `not:`, `at_least:` with `of:`",
                      node.span)
    node["value"] = inner


def _prepare_rule(node: Mapping) -> None:
    if "because" in node:
        node["because_span"] = node["because"]


def _prepare_criterion(node: Mapping) -> None:
    if ("points" in node) == ("scale" in node):
        raise problem("bad-scorecard", "a criterion has either `points` or a `scale`",
                      "write rows of points, or `scale: {of: ..., from: ..., to: ...}`", node.span)


def _prepare_ruleset(node: Mapping) -> None:
    problems = []
    for key, pattern, cure in (
        ("ruleset", _NAME, "lower case letters, digits and `_`"),
        ("version", re.compile(r"\d+\.\d+\.\d+\Z"), "three numbers, such as `1.0.0`"),
        ("currency", re.compile(r"[A-Z]{3}\Z"), "a code of three capitals, such as `EUR`"),
    ):
        value = node.get(key)
        if isinstance(value, Scalar) and not pattern.match(value.text):
            code = "bad-name" if key == "ruleset" else "bad-value"
            problems.append(Diagnostic(code, f"`{value.text}` is not a {key}", f"write {cure}", value.span))
    if problems:
        raise Problems(*problems)
    uses = node.get("uses")
    if isinstance(uses, Sequence):
        node["uses_spans"] = tuple(n.span for n in uses)


ENTRIES: dict[type, Entry] = {
    rs.Ruleset: Entry(
        "a ruleset",
        ("ruleset", "version", "title", "description", "currency", "uses", "facts", "events",
         "measures", "parameters", "define", "scorecards", "rules", "decide"),
        ("ruleset", "version"), _prepare_ruleset, {"name": "ruleset"}),
    rs.Fact: Entry("a fact", ("type", "title", "description", "unit", "range", "source", "cites"),
                    ("type",), _prepare_fact),
    rs.EventType: Entry("a kind of event", ("title", "description", "fields", "source", "cites")),
    rs.Measure: Entry("a measure", ("title", *rs.MEASURES, "within", "since", "where", "unit", "cites"),
                      (), _prepare_measure),
    rs.Parameter: Entry("a parameter", ("type", "unit", "values", "title", "reason", "cites"),
                         ("type", "values"), _prepare_parameter),
    rs.Definition: Entry("a definition", ("title", "cites", "value", *GROUPS, "of"), (),
                          _prepare_definition),
    rs.Rule: Entry("a rule", ("title", "when", "unless", "sustained", "then", "because", "cites"),
                    ("when", "then"), _prepare_rule),
    rs.Decide: Entry("a decision", ("title", "outcomes", "hit_policy", "otherwise", "unsettled"),
                      ("outcomes",)),
    rs.Scorecard: Entry("a scorecard", ("title", "criteria", "bands", "cites"), ("criteria",)),
    rs.Criterion: Entry("a criterion", ("title", "weight", "points", "scale", "cites"), ("weight",),
                         _prepare_criterion),
    rs.Scale: Entry("a scale", ("of", "from", "to"), ("of", "from", "to"),
                     renamed={"zero": "from", "full": "to"}),
    rs.Source: Entry("a source", ("title", "author", "passages"), ("title", "passages")),
    rs.Passage: Entry("a passage", ("says", "items"), ("says",)),
    _Sources: Entry("a file of sources", ("sources",), ("sources",)),
}
"""How each class is written in a file. The JSON Schema is made from the same table."""

NAMED: dict[type, str] = {
    rs.Fact: "name", rs.EventType: "name", rs.Measure: "name", rs.Parameter: "name", rs.Definition: "name", rs.Rule: "name",
    rs.Decide: "name", rs.Scorecard: "name", rs.Criterion: "name", rs.Source: "key",
    rs.Passage: "key",
}
"""Classes written as `name: body`, with the field that takes the name."""


def _named(node: Node, cls: type[T]) -> tuple[T, ...]:
    """A mapping of names to bodies as a tuple of entries, each knowing its name."""
    entry = ENTRIES[cls]
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"a mapping of names belongs here, not a {_shape(node)}",
                      f"write `name:` and then {entry.what}", node.span)

    def structure(key: str) -> T:
        at = node.keys_at[key]
        if cls not in (rs.Passage, rs.Source):
            _check_name(key, at)
        body = node[key]
        if cls is rs.Definition and isinstance(body, Scalar) and not body.null:
            return rs.Definition(key, _expression(body), span=at)  # type: ignore[return-value]
        if _absent(body):
            raise problem("wrong-shape", f"{entry.what} `{key}` without a body",
                          f"its keys are: {', '.join(entry.keys)}", at)
        if isinstance(body, Mapping):
            named = Mapping(at)
            named.keys_at = {**body.keys_at}
            named.update(body)
            body = named
        made = _structure_entry(body, cls)
        return attrs.evolve(made, **{NAMED[cls]: key})  # type: ignore[misc]

    return tuple(_each(node, structure))


def _structure_entry(node: Node, cls: type[T]) -> T:
    entry = ENTRIES[cls]
    problems: list[Diagnostic] = []
    if isinstance(node, Mapping):  # report bad keys and go on with the good ones
        try:
            _keys(node, entry.keys, entry.required, entry.what)
        except Problems as found:
            problems += found.diagnostics
        good = Mapping(node.span)
        good.keys_at = node.keys_at
        good.update({k: v for k, v in node.items() if k in entry.keys and not _absent(v)})
    else:
        good = _keys(node, entry.keys, entry.required, entry.what)
    try:
        if entry.prepare and all(k in good for k in entry.required):
            entry.prepare(good)
    except Problems as found:
        problems += found.diagnostics
        good = _without(good, entry)
    if cls in NAMED:
        good[NAMED[cls]] = Scalar("-", False, node.span)
    try:
        made = _functions()[cls](good, cls)
    except (cattrs.BaseValidationError, Problems) as error:
        problems += _flatten(error)
        if not problems:  # a key that `ENTRIES` does not know to be required
            raise
    if problems:
        raise Problems(*problems)
    placed: T = attrs.evolve(made, span=node.span) if hasattr(made, "span") else made
    return placed


def _without(node: Mapping, entry: Entry) -> Mapping:
    """After a failed preparation: the keys that can still be read by themselves, for their problems."""
    special = {"type", "unit", "range", "values", "because_span"}
    kept = Mapping(node.span)
    kept.keys_at = node.keys_at
    kept.update({k: v for k, v in node.items() if k not in special})
    return kept


def _as_it_is(value: Any, _: Any) -> Any:
    return value


@functools.cache
def _functions() -> dict[type, Callable[[Any, Any], Any]]:
    """One structuring function a class, made by cattrs from its fields."""
    converter = _converter()
    return {cls: _function(cls, entry, converter) for cls, entry in ENTRIES.items()}


def _function(cls: type, entry: Entry, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    attrs.resolve_types(cls)
    overrides: dict[str, Any] = {name: override(rename=key) for name, key in entry.renamed.items()}
    for name in ("span", "measure"):  # set by us, not by the file
        if name in attrs.fields_dict(cls):
            overrides[name] = override(omit=True)
    return make_dict_structure_fn(cls, converter, **overrides)


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True)
    hooks: dict[Any, Callable[[Any, Any], Any]] = {
        str: _text, float: _number, int: _integer, ex.Expr: _expression, rs.Sustained: _sustained,
        rs.Points: _points, rs.Decide: _decide, Type: _as_it_is, rs.Range: _as_it_is,
        rs.Counting: _as_it_is, Duration: _as_it_is,
        Span: lambda node, _: node.span,
    }
    for cls, hook in hooks.items():
        converter.register_structure_hook(cls, hook)
    tuples: dict[Any, Callable[[Any, Any], Any]] = {
        tuple[str, ...]: _texts, tuple[int, ...]: _integers, tuple[ex.Expr, ...]: _exceptions,
        tuple[rs.Assignment, ...]: _assignments, tuple[rs.Band, ...]: _bands,
        tuple[rs.DatedValue, ...]: _as_it_is, tuple[Span | None, ...]: _as_it_is,
        tuple[rs.Points, ...]: _rows,
    }
    for cls in NAMED:
        tuples[tuple[cls, ...]] = functools.partial(_named_hook, cls)  # type: ignore[valid-type]
    for shape, hook in tuples.items():
        converter.register_structure_hook_func(functools.partial(operator.eq, shape), hook)
    for cls in (rs.Ruleset, rs.Scale, _Sources):
        converter.register_structure_hook(cls, lambda node, cls: _structure_entry(node, cls))
    return converter


def _rows(node: Node, _: Any = None) -> tuple[rs.Points, ...]:
    if not isinstance(node, Sequence):
        raise problem("wrong-shape", f"rows of points belong here, not a {_shape(node)}",
                      "write `- {when: CONDITION, points: 10}` and last `- {otherwise: 0}`", node.span)
    return tuple(_each(node, _points))


def _named_hook(cls: type, node: Node, _: Any) -> tuple[Any, ...]:
    return _named(node, cls)

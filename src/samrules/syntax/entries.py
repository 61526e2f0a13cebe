"""How each class of the model is written in a file: its keys, and what is made ready before cattrs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import attrs

from samrules.diagnostics import Diagnostic, Span
from samrules.model import ruleset as rs
from samrules.model.types import Kind, Type
from samrules.syntax import literals
from samrules.syntax import values as v
from samrules.syntax.source import Mapping, Problems, Scalar, Sequence, problem
from samrules.syntax.values import GROUPS


@attrs.frozen
class Sources:
    """A `sources.yaml`."""

    sources: tuple[rs.Source, ...]
    span: Span | None = attrs.field(default=None, eq=False)


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
    type_ = _declare(node, "a fact")
    if "range" in node:
        node["range"] = v.declared_range(node["range"], type_)


def _declare(node: Mapping, what: str) -> Type:
    """`type` and `unit` become the type of a fact."""
    node["type"] = type_ = v.declared_type(node)
    node.pop("unit", None)
    if type_.kind is Kind.DURATION:
        raise problem("bad-type", f"{what} cannot be a duration",
                      "declare an integer with `unit: months`, or a date and use `age(...)`",
                      node.keys_at["type"])
    return type_


def _prepare_measure(node: Mapping) -> None:
    """One of `count`, `sum`, … becomes what is counted: `sum: order_placed.amount`."""
    kinds = [k for k in rs.MEASURES if k in node]
    if len(kinds) != 1:
        raise problem("missing-key" if not kinds else "wrong-shape",
                      "a measure counts in one way", f"write one of: {', '.join(rs.MEASURES)}", node.span)
    kind = kinds[0]
    counted = node.pop(kind)
    named = [v.single_value(n, "a kind of event") for n in (counted if isinstance(counted, Sequence) else [counted])]
    events, fields = zip(*(s.text.partition(".")[::2] for s in named), strict=True) if named else ((), ())
    at = node.keys_at[kind]
    if not events or len(set(fields)) != 1:
        raise problem("wrong-shape", f"`{kind}` of several events takes the same field of each",
                      f"write `{kind}: [a.field, b.field]`, or measures of their own", at)
    field = fields[0] or None
    if kind not in ("count", "latest", "earliest") and field is None and "value" not in node:
        raise problem("missing-key", f"`{kind}` of which field?",
                      f"write `{kind}: {events[0]}.field`, or add `value: EXPRESSION`", at)
    if kind == "count" and field is not None:
        raise problem("wrong-shape", "`count` counts events, not fields",
                      f"write `count: {events[0]}`, or `distinct: {named[0].text}`", at)
    if problems := list(_misfits(node, kind, named[0].text)):
        raise Problems(*problems)
    node["of"] = rs.Counting(kind, events, field)
    if "type" in node:
        _declare(node, "a measure")
    if "within" in node:
        node["within"] = v.literal(node["within"], literals.parse_duration, "a duration")
    if isinstance(node.get("since"), Scalar):
        node["since"] = _one(node["since"])


_TYPED = {"count": "an integer", "distinct": "an integer", "share": "a ratio"}
"""Measures that give the same type whatever they take."""


def _misfits(node: Mapping, kind: str, counted: str) -> Iterator[Diagnostic]:
    """The keys of a measure that do not go with its kind, with the field it takes or with each other."""
    at = node.keys_at
    event, _, field = counted.partition(".")
    if "value" in node and kind == "count":
        yield Diagnostic("wrong-shape", "`count` counts events, and takes no `value`",
                         "write `where:` to count only some, or another kind of measure", at["value"])
    elif "value" in node and field:
        yield Diagnostic("wrong-shape", f"both `value` and the field `{field}`",
                         f"write `{kind}: {event}` with the `value`, or `{kind}: {counted}` without",
                         at["value"])
    elif "value" in node and "type" not in node and kind not in _TYPED:
        yield Diagnostic("missing-key", "`value` needs a `type`",
                         "say what it gives, such as `type: ordinal 1..4`", at["value"])
    if "type" in node and kind in _TYPED:
        yield Diagnostic("wrong-shape", f"`{kind}` always gives {_TYPED[kind]}", "remove `type`", at["type"])
    elif "type" in node and "value" not in node:
        yield Diagnostic("wrong-shape", "`type` without `value`",
                         "remove `type`: a measure has the type of the field it takes", at["type"])
    if "weight" in node and kind not in rs.WEIGHED:
        yield Diagnostic("wrong-shape", f"`{kind}` takes no `weight`",
                         f"remove it; only {' and '.join(f'`{k}`' for k in rs.WEIGHED)} weigh events", at["weight"])


def _prepare_parameter(node: Mapping) -> None:
    node["type"] = type_ = v.declared_type(node)
    node.pop("unit", None)
    node["values"] = v.dated_values(node["values"], type_)


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


MAX_ROWS = 1_000
"""Rows of a decision table; a larger one is data, and belongs in facts."""


def _prepare_table(node: Mapping) -> None:
    """Either a file, or inputs and rows with a cell for each input."""
    if "because" in node:
        node["because_span"] = node["because"]
    own = [k for k in ("inputs", "rows") if k in node]
    if "file" in node:
        if own:
            raise problem("wrong-shape", f"both `file` and `{own[0]}`",
                          "keep the table in one place: in the file, or here", node.keys_at[own[0]])
        return
    if missing := [k for k in ("inputs", "rows") if k not in node]:
        raise Problems(*(
            Diagnostic("missing-key", f"a table needs `{key}`", "add `inputs:` and `rows:`, or `file:`", node.span)
            for key in missing))
    inputs, rows = node["inputs"], node["rows"]
    if not isinstance(inputs, Sequence):
        raise problem("wrong-shape", f"the inputs of a table are a list, not a {v.shape_of(inputs)}",
                      "write `inputs: [csat]`", inputs.span)
    if not isinstance(rows, Sequence):
        return  # reported when the rows are read
    for kind, held in (("inputs", inputs), ("rows", rows)):
        if not held:
            raise problem("bad-decision-table", f"a table without {kind}",
                          "list what the rows test" if kind == "inputs" else "add a row, or remove the table",
                          held.span)
    if len(rows) > MAX_ROWS:
        raise problem("bad-decision-table", f"{len(rows):,} rows; a table has at most {MAX_ROWS:,}",
                      "make what they look up a fact of the account, or split the table", rows.span)
    if problems := list(_uneven_rows(inputs, rows)):
        raise Problems(*problems)


def _uneven_rows(inputs: Sequence, rows: Sequence) -> Iterator[Diagnostic]:
    for row in rows:
        when = row.get("when") if isinstance(row, Mapping) else None
        if isinstance(when, Sequence) and len(when) != len(inputs):
            yield Diagnostic("bad-decision-table", f"{_count(len(when), 'cell')} for {_count(len(inputs), 'input')}",
                             "write a cell for each input, `-` for anything", when.span)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _prepare_transition(node: Mapping) -> None:
    _prepare_rule(node)
    if isinstance(node["from"], Scalar):
        node["from"] = _one(node["from"])


def _one(scalar: Scalar) -> Sequence:
    """A single word as a list of one."""
    several = Sequence(scalar.span)
    several.append(scalar)
    return several


def _prepare_lifecycle(node: Mapping) -> None:
    node["start_span"] = node["start"]


def _prepare_portfolio(node: Mapping) -> None:
    for key in ("chosen", "waitlisted"):
        node[f"{key}_span"] = node[key]
    if isinstance(node.get("ties"), Scalar):
        node["ties"] = _one(node["ties"])


def _prepare_invariant(node: Mapping) -> None:
    claims = [k for k in rs.CLAIMS if k in node]
    if len(claims) != 1:
        raise problem("bad-invariant", f"both `{claims[0]}` and `{claims[1]}`" if claims else "an invariant that claims nothing",
                      "make them two invariants" if claims else f"add one of: {', '.join(rs.CLAIMS)}",
                      node.keys_at[claims[1]] if claims else node.span)
    moved = claims[0] in ("never_lowers", "never_raises")
    if moved != ("rising" in node):
        raise problem("bad-invariant", f"`{claims[0]}` says nothing of a fact that rises" if not moved
                      else f"`{claims[0]}`, when which fact rises?",
                      "remove `rising`, or claim what it `never_lowers` or `never_raises`" if not moved
                      else "add `rising:` with the fact", node.keys_at["rising" if not moved else claims[0]])
    if claims[0] == "settles" and (extra := [k for k in ("where", "knowing_only") if k in node]):
        raise problem("bad-invariant", f"`settles` is for all accounts, and takes no `{extra[0]}`",
                      "remove it", node.keys_at[extra[0]])


def _prepare_criterion(node: Mapping) -> None:
    if ("points" in node) == ("scale" in node):
        raise problem("bad-scorecard", "a criterion has either `points` or a `scale`",
                      "write rows of points, or `scale: {of: ..., from: ..., to: ...}`", node.span)


def _prepare_ruleset(node: Mapping) -> None:
    problems = []
    for key, pattern, cure in (
        ("ruleset", v.NAME, "lower case letters, digits and `_`"),
        ("version", re.compile(r"\d+\.\d+\.\d+\Z"), "three numbers, such as `1.0.0`"),
        ("currency", re.compile(r"[A-Z]{3}\Z"), "a code of three capitals, such as `EUR`"),
    ):
        value = node.get(key)
        if isinstance(value, Scalar) and not pattern.match(value.text):
            code = "bad-name" if key == "ruleset" else "bad-value"
            problems.append(Diagnostic(code, f"`{value.text}` is not a {key}", f"write {cure}", value.span))
    problems += [
        Diagnostic("wrong-shape", f"`{key}` in a ruleset that extends no other",
                   "add `extends: NAME` above it, or write the parts in their own sections", node.keys_at[key])
        for key in ("replace", "remove") if key in node and "extends" not in node
    ]
    if problems:
        raise Problems(*problems)
    uses = node.get("uses")
    if isinstance(uses, Sequence):
        node["uses_spans"] = tuple(n.span for n in uses)


ENTRIES: dict[type, Entry] = {
    rs.Ruleset: Entry(
        "a ruleset",
        ("ruleset", "version", "extends", "title", "description", "currency", "uses", "replace", "remove", "facts", "events",
         "measures", "parameters", "define", "scorecards", "rules", "tables", "ladders", "lifecycles",
         "decide", "portfolio", "invariants"),
        ("ruleset", "version"), _prepare_ruleset, {"name": "ruleset"}),
    rs.Fact: Entry("a fact", ("type", "title", "description", "unit", "range", "source", "actionable", "cites"),
                    ("type",), _prepare_fact),
    rs.EventType: Entry("a kind of event", ("title", "description", "fields", "source", "cites")),
    rs.Measure: Entry("a measure", ("title", "description", *rs.MEASURES, "value", "type", "within", "since", "each",
                                         "where", "weight", "unit", "actionable", "cites"), (), _prepare_measure),
    rs.Parameter: Entry("a parameter", ("type", "unit", "values", "title", "reason", "cites"),
                         ("type", "values"), _prepare_parameter),
    rs.Definition: Entry("a definition", ("title", "cites", "value", *GROUPS, "of"), (),
                          _prepare_definition),
    rs.Rule: Entry("a rule", ("title", "when", "unless", "sustained", "then", "because", "cites"),
                    ("when", "then"), _prepare_rule),
    rs.DecisionTable: Entry("a table", ("title", "inputs", "rows", "file", "because", "cites"), (),
                            _prepare_table),
    rs.TableRow: Entry("a row of a table", ("when", "then", "title", "because", "cites"),
                       ("when", "then"), _prepare_rule),
    rs.Ladder: Entry("a ladder", ("title", "on_record", "ceiling", "sustained", "unless", "levels", "falls", "cites"),
                     ("on_record", "levels")),
    rs.Level: Entry("a level", ("title", "requires", "unless", "then", "because", "cites"), (), _prepare_rule),
    rs.Fall: Entry("a fall", ("title", "when", "unless", "then", "because", "cites"), ("when",), _prepare_rule),
    rs.Lifecycle: Entry("a lifecycle", ("title", "on_record", "since", "start", "states", "transitions", "cites"),
                        ("on_record", "start", "states", "transitions"), _prepare_lifecycle),
    rs.State: Entry("a state", ("title", "at_least", "then", "because", "cites"), (), _prepare_rule),
    rs.Transition: Entry(
        "a transition",
        ("title", "from", "to", "when", "unless", "waived_by", "sustained", "then", "because", "cites"),
        ("from", "to", "when"), _prepare_transition, {"origins": "from"}),
    rs.Decide: Entry("a decision", ("title", "outcomes", "hit_policy", "otherwise", "unsettled", "always"),
                      ("outcomes",)),
    rs.PlacesSection: Entry(
        "a portfolio",
        ("chosen", "waitlisted", "incumbents", "rank_by", "ties", "ceiling", "start", "growth", "compare_with", "cites"),
        ("chosen", "waitlisted", "rank_by", "ceiling"), _prepare_portfolio),
    rs.Invariant: Entry(
        "an invariant",
        ("title", "never", "always", "rising", "never_lowers", "never_raises", "settles", "where", "knowing_only", "reason",
         "cites"), (), _prepare_invariant),
    rs.Scorecard: Entry("a scorecard", ("title", "criteria", "bands", "cites"), ("criteria",)),
    rs.Criterion: Entry("a criterion", ("title", "weight", "points", "scale", "cites"), ("weight",),
                         _prepare_criterion),
    rs.Scale: Entry("a scale", ("of", "from", "to"), ("of", "from", "to"),
                     renamed={"zero": "from", "full": "to"}),
    rs.Source: Entry("a source", ("title", "author", "passages"), ("title", "passages")),
    rs.Passage: Entry("a passage", ("says", "items"), ("says",)),
    Sources: Entry("a file of sources", ("sources",), ("sources",)),
}
"""How each class is written in a file. The JSON Schema is made from the same table."""

NAMED: dict[type, str] = {
    rs.Fact: "name", rs.EventType: "name", rs.Measure: "name", rs.Parameter: "name", rs.Definition: "name", rs.Rule: "name",
    rs.DecisionTable: "name", rs.Ladder: "name", rs.Lifecycle: "name", rs.State: "name", rs.Transition: "name",
    rs.Decide: "name", rs.Invariant: "name", rs.Scorecard: "name", rs.Criterion: "name", rs.Source: "key",
    rs.Passage: "key",
}
"""Classes written as `name: body`, with the field that takes the name."""

"""The tree of a file to the model, by cattrs: every problem of the file at once, each in its place."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override

from samrules.diagnostics import Diagnostic, Span
from samrules.errors import RulesetError
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Duration, Type
from samrules.syntax import values as v
from samrules.syntax.entries import ENTRIES, NAMED, Entry, Sources
from samrules.syntax.source import Mapping, Node, Problems, Scalar, Sequence, problem, read

T = TypeVar("T")

MOST_LEVELS = 50
_OF_A_RISE = ("unless", "then", "because", "cites")
"""What belongs to the rise to a level."""


@functools.lru_cache(maxsize=32)  # a program loads the same few files again and again
def parse_ruleset(text: str, file: str) -> rs.Ruleset:
    """A ruleset from YAML text. Raises RulesetError with all problems of reading and structure."""
    return _structured(text, file, rs.Ruleset)


@functools.lru_cache(maxsize=8)
def parse_sources(text: str, file: str) -> tuple[rs.Source, ...]:
    """The sources of a `sources.yaml`. Raises RulesetError."""
    return _structured(text, file, Sources).sources


def structure_ruleset(root: Mapping) -> rs.Ruleset:
    """A ruleset from a tree that was put together. Raises RulesetError; its problems have no line of text yet."""
    try:
        return _converter().structure(root, rs.Ruleset)
    except (cattrs.BaseValidationError, Problems) as error:
        raise RulesetError(v.flatten(error)) from None


def _structured(text: str, file: str, cls: type[T]) -> T:
    document = read(text, file)
    try:
        return _converter().structure(document.root, cls)
    except (cattrs.BaseValidationError, Problems) as error:
        raise RulesetError(document.locate(v.flatten(error))) from None


def _named(node: Node, cls: type[T]) -> tuple[T, ...]:
    """A mapping of names to bodies as a tuple of entries, each knowing its name."""
    entry = ENTRIES[cls]
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"a mapping of names belongs here, not a {v.shape_of(node)}",
                      f"write `name:` and then {entry.what}", node.span)

    def structure(key: str) -> T:
        at = node.keys_at[key]
        if cls not in (rs.Passage, rs.Source):
            v.check_name(key, at)
        body = node[key]
        if cls is rs.State and v.absent(body):
            body = Mapping(at)
        if cls is rs.Definition and isinstance(body, Scalar) and not body.null:
            return rs.Definition(key, v.expression(body), span=at)  # type: ignore[return-value]
        if v.absent(body):
            raise problem("wrong-shape", f"{entry.what} `{key}` without a body",
                          f"its keys are: {', '.join(entry.keys)}", at)
        if isinstance(body, Mapping):
            named = Mapping(at)
            named.keys_at = {**body.keys_at}
            named.update(body)
            body = named
        made = _structure_entry(body, cls)
        return attrs.evolve(made, **{NAMED[cls]: key})  # type: ignore[misc]

    return tuple(v.each(node, structure))


def _structure_entry(node: Node, cls: type[T]) -> T:
    entry = ENTRIES[cls]
    problems: list[Diagnostic] = []
    if isinstance(node, Mapping):  # report bad keys and go on with the good ones
        try:
            v.keys(node, entry.keys, entry.required, entry.what)
        except Problems as found:
            problems += found.diagnostics
        good = Mapping(node.span)
        good.keys_at = node.keys_at
        good.update({k: n for k, n in node.items() if k in entry.keys and not v.absent(n)})
    else:
        good = v.keys(node, entry.keys, entry.required, entry.what)
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
        problems += v.flatten(error)
        if not problems:  # a key that `ENTRIES` does not know to be required
            raise
    if problems:
        raise Problems(*problems)
    placed: T = attrs.evolve(made, span=node.span) if hasattr(made, "span") else made
    return placed


def _without(node: Mapping, entry: Entry) -> Mapping:
    """After a failed preparation: the keys that can still be read by themselves, for their problems."""
    special = {"type", "unit", "range", "values", "because_span", "chosen_span", "waitlisted_span"}
    kept = Mapping(node.span)
    kept.keys_at = node.keys_at
    kept.update({k: n for k, n in node.items() if k not in special})
    return kept


def structure_table(node: Mapping) -> rs.DecisionTable:
    """A decision table that was read from a file of its own. Raises Problems."""
    try:
        return _structure_entry(node, rs.DecisionTable)
    except (cattrs.BaseValidationError, Problems) as error:
        raise Problems(*v.flatten(error)) from None


def _table_rows(node: Node, _: Any = None) -> tuple[rs.TableRow, ...]:
    if not isinstance(node, Sequence):
        raise problem("wrong-shape", f"rows of a table belong here, not a {v.shape_of(node)}",
                      "write each row after a `- `: `- {when: ['>= 5'], then: {action: go}}`", node.span)
    return tuple(v.each(node, lambda row: _structure_entry(row, rs.TableRow)))


def _levels(node: Node, _: Any = None) -> tuple[rs.Level, ...]:
    """A mapping of the numbers from 1 on to levels."""
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"a mapping of numbers belongs here, not a {v.shape_of(node)}",
                      "write each level after its number: `2: {title: quality, requires: ...}`", node.span)

    def level(key: str) -> rs.Level:
        at = node.keys_at[key]
        number = v.integer(Scalar(key, True, at))
        body = node[key] if not v.absent(node[key]) else Mapping(at)
        return attrs.evolve(_structure_entry(body, rs.Level), number=number, span=at)

    levels = tuple(v.each(node, level))
    if problems := list(_gaps(levels, node.span)):
        raise Problems(*problems)
    return levels


def _gaps(levels: tuple[rs.Level, ...], span: Span) -> Iterator[Diagnostic]:
    """What keeps the levels from standing one above the other, from 1 on."""
    if len(levels) < 2:
        yield Diagnostic("bad-ladder", "a ladder with fewer than two levels", "name the levels, from `1:` on", span)
    if len(levels) > MOST_LEVELS:
        yield Diagnostic("too-large", f"a ladder with {len(levels)} levels", f"a ladder has at most {MOST_LEVELS}", span)
    for expected, level in enumerate(levels, start=1):
        if level.number != expected:
            before = f"goes from {levels[expected - 2].number} to {level.number}" if expected > 1 \
                else f"begins at {level.number}"
            yield Diagnostic("ladder-gap", f"the ladder {before}", f"level {expected} belongs here: number the levels from 1 on, "
                             "each one above the last", level.span)
            return
    for level in levels:
        if level.number == 1 and level.requires is not None:
            yield Diagnostic("bad-ladder", "the lowest level requires something",
                             "remove `requires` here: where nothing else holds, an account is on the lowest level", level.span)
        if level.number == 1 and (unused := [k for k in _OF_A_RISE if getattr(level, k)]):
            yield Diagnostic("bad-ladder", f"no account rises to the lowest level, so its `{unused[0]}` would never be used",
                             "give it a `title` only; what a fall sets stands under `falls`", level.span)
        if level.number > 1 and level.requires is None:
            yield Diagnostic("ladder-gap", f"nothing says what level {level.number} requires",
                             "add `requires:` with the evidence for it", level.span)


def _decide(node: Node, _: Any = None) -> rs.Decide:
    if not isinstance(node, Mapping) or len(node) != 1:
        raise problem("wrong-shape", "a ruleset makes one decision",
                      "write `decide: {action: {outcomes: [...], otherwise: ...}}`; "
                      "put a second decision in a ruleset of its own", node.span)
    return _named(node, rs.Decide)[0]


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
    for name in ("span", "measure", "table", "number", "made_from", "overlay"):  # set by us, not by the file
        if name in attrs.fields_dict(cls):
            overrides[name] = override(omit=True)
    return make_dict_structure_fn(cls, converter, **overrides)


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True)
    hooks: dict[Any, Callable[[Any, Any], Any]] = {
        str: v.text, float: v.number, int: v.integer, ex.Expr: v.expression, rs.Sustained: v.sustained,
        rs.Points: v.points, rs.Decide: _decide, Type: _as_it_is, rs.Range: _as_it_is,
        rs.Counting: _as_it_is, Duration: _as_it_is,
        Span: lambda node, _: node.span,
    }
    for cls, hook in hooks.items():
        converter.register_structure_hook(cls, hook)
    tuples: dict[Any, Callable[[Any, Any], Any]] = {
        tuple[str, ...]: v.texts, tuple[int, ...]: v.integers, tuple[ex.Expr, ...]: v.exceptions,
        tuple[rs.Assignment, ...]: v.assignments, tuple[rs.Band, ...]: v.bands,
        tuple[rs.DatedValue, ...]: _as_it_is, tuple[Span | None, ...]: _as_it_is,
        tuple[rs.Points, ...]: v.rows, tuple[rs.Cell, ...]: v.cells, tuple[rs.TableRow, ...]: _table_rows,
        tuple[rs.Level, ...]: _levels,
        tuple[rs.Tie, ...]: v.ties,
    }
    for cls in NAMED:
        tuples[tuple[cls, ...]] = functools.partial(_named_hook, cls)  # type: ignore[valid-type]
    for shape, hook in tuples.items():
        converter.register_structure_hook_func(functools.partial(operator.eq, shape), hook)
    for cls in (rs.Ruleset, rs.Scale, rs.Fall, rs.PlacesSection, Sources):
        converter.register_structure_hook(cls, lambda node, cls: _structure_entry(node, cls))
    return converter


def _named_hook(cls: type, node: Node, _: Any) -> tuple[Any, ...]:
    return _named(node, cls)

"""The tree of a `recipe.yaml` to the model: every problem of the file at once, each in its place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TypeVar

from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.recipes.recipe import CellType, Column, RawTable, Recipe
from samrules.syntax import values as v
from samrules.syntax.source import Mapping, Node, Problems, problem

T = TypeVar("T")

_KEYS = ("recipe", "title", "description", "uses", "facts", "tables")
_TABLE_KEYS = ("title", "file", "dated", "required", "gives", "columns")
_COLUMN_KEYS = ("meaning", "type", "required", "filled", "gives")


def structured(root: Node, folder: Path, shown: str) -> tuple[Recipe, tuple[str, Span] | None]:
    """The recipe without its SQL, and the name under `uses` with its place. Raises Problems."""
    problems: list[Diagnostic] = []
    node = _entry(root, _KEYS, ("recipe", "title"), "a recipe", problems)
    name = _get(node, "recipe", _name, "-", problems)
    uses = _get(node, "uses", v.text, "", problems)
    recipe = Recipe(
        name=name, title=_get(node, "title", v.text, "", problems), folder=folder, file=shown,
        tables=_get(node, "tables", lambda n: _tables(n, problems), (), problems), queries=(),
        description=_get(node, "description", v.text, None, problems), uses=uses or None,
        facts=_get(node, "facts", v.text, None, problems))
    if problems:
        raise Problems(*problems)
    return recipe, ((uses, node["uses"].span) if uses else None)


def _entry(node: Node, allowed: Collection[str], required: Collection[str], what: str,
           problems: list[Diagnostic]) -> Mapping:
    """The node as a mapping of the keys that belong there; what is wrong is kept, and reading goes on."""
    try:
        return v.keys(node, allowed, required, what)
    except Problems as found:
        problems += found.diagnostics
    good = Mapping(node.span)
    if isinstance(node, Mapping):
        good.keys_at = node.keys_at
        good.update({k: n for k, n in node.items() if k in allowed and not v.absent(n)})
    return good


def _get(node: Mapping, key: str, step: Callable[[Node], T], default: T, problems: list[Diagnostic]) -> T:
    if key not in node:
        return default
    try:
        return step(node[key])
    except Problems as found:
        problems += found.diagnostics
        return default


def _name(node: Node) -> str:
    name = v.text(node)
    v.check_name(name, node.span)
    return name


def _flag(node: Node) -> bool:
    text = v.text(node)
    if text not in ("true", "false"):
        raise problem("bad-value", f"`{text}` is neither true nor false", "write `true` or `false`", node.span)
    return text == "true"


def _cell_type(node: Node) -> CellType:
    text = v.text(node)
    words = [t.value for t in CellType]
    if text not in words:
        raise problem("bad-type", f"`{text}` is not a type of cells", did_you_mean(text, words, "types"), node.span)
    return CellType(text)


def _names(node: Node, what: str, example: str) -> Mapping:
    if not isinstance(node, Mapping):
        raise problem("wrong-shape", f"a mapping of {what} belongs here, not a {v.shape_of(node)}",
                      f"write {example}", node.span)
    return node


def _tables(node: Node, problems: list[Diagnostic]) -> tuple[RawTable, ...]:
    names = _names(node, "tables", "the name of each file without its ending, and then its columns")
    _no_doubles(((n, names.keys_at[n]) for n in names), "tables", problems)
    return tuple(_table(n, body, names.keys_at[n], problems) for n, body in names.items())


def _table(name: str, body: Node, at: Span, problems: list[Diagnostic]) -> RawTable:
    if not name.isidentifier() or not name.isascii():
        problems += problem("bad-name", f"`{name}` is not the name of a table",
                            "name it with letters, digits and `_`, as its file is named", at).diagnostics
    node = _entry(_body(body, at), _TABLE_KEYS, ("title", "columns"), f"the table `{name}`", problems)
    file = _get(node, "file", v.text, name, problems)
    no_columns: tuple[Column, ...] = ()
    columns = _get(node, "columns", lambda n: _columns(n, problems), no_columns, problems)
    dated = _get(node, "dated", v.text, None, problems)
    known = {c.name: c for c in columns}
    if dated is not None and columns:
        if dated not in known:
            problems.append(Diagnostic("unknown-name", f"the table `{name}` has no column `{dated}`",
                                       did_you_mean(dated, known, "columns"), node["dated"].span))
        elif known[dated].type is not CellType.DATE or not known[dated].required:
            problems.append(Diagnostic("type-mismatch", f"`{dated}` says since when a row is there, and is no required date",
                                       f"write `{dated}: {{type: date, ...}}`, without `required: false`",
                                       node["dated"].span))
    required, gives = _needed(node, f"the table `{name}`", problems)
    return RawTable(name, _get(node, "title", v.text, "", problems), columns, file, dated, required, gives, at)


def _columns(node: Node, problems: list[Diagnostic]) -> tuple[Column, ...]:
    names = _names(node, "columns", "`<name in the header>: {meaning: ...}`")
    _no_doubles(((n, names.keys_at[n]) for n in names), "columns", problems)
    return tuple(_column(n, body, names.keys_at[n], problems) for n, body in names.items())


def _column(name: str, body: Node, at: Span, problems: list[Diagnostic]) -> Column:
    node = _entry(_body(body, at), _COLUMN_KEYS, ("meaning",), f"the column `{name}`", problems)
    required, gives = _needed(node, f"the column `{name}`", problems)
    return Column(name, _get(node, "meaning", v.text, "", problems),
                  _get(node, "type", _cell_type, CellType.TEXT, problems), required,
                  _get(node, "filled", _flag, False, problems), gives, at)


def _needed(node: Mapping, what: str, problems: list[Diagnostic]) -> tuple[bool, tuple[str, ...]]:
    """Whether it must be there, and what stays missing where it is not."""
    required = _get(node, "required", _flag, True, problems)
    nothing: tuple[str, ...] = ()
    gives = _get(node, "gives", v.texts, nothing, problems)
    if not required and "gives" not in node:
        problems.append(Diagnostic("missing-key", f"{what} may be absent, and does not say what is missing then",
                                   "add `gives: [...]` with the facts and events that need it", node["required"].span))
    elif required and gives:
        problems.append(Diagnostic("unknown-key", f"{what} is required: nothing is missing without it",
                                   "remove `gives`, or add `required: false`", node.keys_at["gives"]))
    return required, gives


def _body(body: Node, at: Span) -> Node:
    """The body of a named entry; without one, an empty mapping at the name, so that what it needs is told."""
    return Mapping(at) if v.absent(body) else body


def _no_doubles(names: Iterable[tuple[str, Span]], what: str, problems: list[Diagnostic]) -> None:
    """SQL does not tell capital letters from small ones."""
    seen: dict[str, str] = {}
    for name, span in names:
        if name.lower() in seen:
            problems.append(Diagnostic("duplicate-key", f"`{name}` and `{seen[name.lower()]}` are one name in SQL",
                                       f"keep one of the two {what}", span))
        seen.setdefault(name.lower(), name)


def named_results(recipe: Recipe, known: Collection[str]) -> list[Diagnostic]:
    """What `gives` names and nothing declares. `known` are the facts and the kinds of events."""
    entries = [(table.span, table.gives) for table in recipe.tables]
    entries += [(column.span, column.gives) for table in recipe.tables for column in table.columns]
    return [
        Diagnostic("unknown-name", f"no fact and no event is called `{name}`",
                   did_you_mean(name, known, "facts and events"), span)
        for span, gives in entries for name in gives if name not in known
    ]

"""Finding and reading recipes: `recipe.yaml`, the SQL files beside it, and the recipe it uses."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import attrs

from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.errors import RulesetError
from samrules.recipes.recipe import ACCOUNTS, Query, Recipe
from samrules.recipes.recipe_file import structured
from samrules.syntax import values as v
from samrules.syntax.source import Mapping, Node, Problems, decode, problem, read, read_bytes

FILE = "recipe.yaml"
_TABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


@functools.cache
def bundled_folder() -> Path:
    """Where the recipes that come with samrules are: in the package, or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "recipes_bundled"
    return installed if installed.is_dir() else package.parent.parent / "recipes"


def bundled_names() -> list[str]:
    """The names of the bundled recipes, sorted."""
    return sorted(p.parent.name for p in bundled_folder().glob(f"*/{FILE}"))


def load_recipe(name_or_path: str | Path) -> Recipe:
    """A recipe with all that it uses. Raises RulesetError with every problem of its files."""
    return _load(_find(str(name_or_path)), ())


def _find(text: str) -> Path:
    if text in bundled_names():
        return bundled_folder() / text
    folder = Path(text)
    if folder.name == FILE and folder.is_file():
        return folder.parent
    if folder.is_dir():
        if (folder / FILE).is_file():
            return folder
        raise RulesetError([Diagnostic("no-such-recipe", f"the folder holds no `{FILE}`",
                                       "give the folder of a recipe; docs/recipes.md shows one", where=text)])
    near = did_you_mean(text, bundled_names(), "bundled recipes")
    raise RulesetError([Diagnostic(
        "no-such-recipe", f"there is no bundled recipe and no folder `{text}`",
        f"{near if near.endswith('?') else near + ';'} `samrules facts --list` tells what each needs", where=text)])


def shown_path(path: Path) -> str:
    """The path as messages show it: bundled ones short, others as given."""
    if path.is_relative_to(bundled_folder()):
        return f"recipes/{path.relative_to(bundled_folder()).as_posix()}"
    return str(path)


def _load(folder: Path, chain: tuple[str, ...]) -> Recipe:
    shown = shown_path(folder / FILE)
    text = decode(read_bytes(folder / FILE, shown), shown)
    if not re.search(r"^\s*[^\s#]", text, re.MULTILINE):
        raise RulesetError([Diagnostic("empty-file", "the file holds no recipe",
                                       "start with `recipe: <name>`", Span(shown, 1, 1, 1, 1))])
    document = read(text, shown)
    try:
        recipe, used = structured(document.root, folder, shown)
        queries, problems = _queries(folder)
        base = _used(folder, used, (*chain, recipe.name)) if used else None
        problems += _other_problems(recipe, document.root, folder, [*queries, *(base.queries if base else ())])
        if problems:
            raise Problems(*problems)
    except Problems as found:
        raise RulesetError(document.locate(found.diagnostics)) from None
    recipe = attrs.evolve(recipe, queries=tuple(queries), texts={shown: text})
    recipe = _joined(recipe, base) if base else recipe
    if not chain and recipe.query(ACCOUNTS) is None:
        raise RulesetError([Diagnostic(
            "missing-key", f"the recipe has no `{ACCOUNTS}.sql`",
            f"write `{ACCOUNTS}.sql`, one row an account, or name a recipe that has it under `uses`", where=shown)])
    return recipe


def _used(folder: Path, used: tuple[str, Span], chain: tuple[str, ...]) -> Recipe:
    """The recipe named under `uses`: beside this one, else bundled. Raises Problems."""
    wanted, span = used
    beside = folder.parent / wanted
    found = beside if (beside / FILE).is_file() else bundled_folder() / wanted
    if wanted in chain:
        raise problem("recipe-cycle", f"recipes use each other in a circle: {' → '.join((*chain, wanted))}",
                      "name a recipe that does not use this one", span)
    if not v.NAME.match(wanted) or not (found / FILE).is_file():
        raise problem("no-such-recipe", f"there is no recipe `{wanted}` beside this one, and none is bundled",
                      did_you_mean(wanted, [*bundled_names(), *_beside(folder)], "recipes"), span)
    return _load(found, chain)


def _beside(folder: Path) -> list[str]:
    return [p.parent.name for p in folder.parent.glob(f"*/{FILE}") if p.parent.name != folder.name]


def _joined(recipe: Recipe, base: Recipe) -> Recipe:
    """A recipe before the one it uses: its own tables and files stand for those of the same name."""
    own_tables, own_queries = {t.name.lower() for t in recipe.tables}, {q.name for q in recipe.queries}
    return attrs.evolve(
        recipe, tables=(*recipe.tables, *(t for t in base.tables if t.name.lower() not in own_tables)),
        queries=(*recipe.queries, *(q for q in base.queries if q.name not in own_queries)),
        facts=recipe.facts or base.facts, texts=base.texts | recipe.texts)


def _queries(folder: Path) -> tuple[list[Query], list[Diagnostic]]:
    queries, problems = [], []
    for path in sorted(folder.glob("*.sql")):
        shown = shown_path(path)
        if not _TABLE.match(path.stem):
            problems.append(Diagnostic("bad-name", f"`{path.stem}` is not the name of a table",
                                       "name the file with letters, digits and `_`", where=shown))
        try:
            queries.append(Query(path.stem.lower(), shown, decode(read_bytes(path, shown), shown)))
        except RulesetError as error:
            problems += error.diagnostics
    names = [q.name for q in queries]
    problems += [Diagnostic("name-clash", f"two files make the table `{q.name}`", "keep one of them", where=q.file)
                 for i, q in enumerate(queries) if q.name in names[:i]]
    return queries, problems


def _other_problems(recipe: Recipe, root: Node, folder: Path, queries: list[Query]) -> list[Diagnostic]:
    assert isinstance(root, Mapping)
    problems = []
    if recipe.name != folder.resolve().name:
        problems.append(Diagnostic("misnamed-file", f"the recipe `{recipe.name}` stands in the folder `{folder.name}`",
                                   f"name the folder `{recipe.name}`, or the recipe `{folder.name}`",
                                   root["recipe"].span))
    names = {q.name: q for q in reversed(queries)}
    problems += [
        Diagnostic("name-clash", f"`{t.name}` is a table to be read, and `{names[t.name.lower()].file}` makes one of "
                   "that name", "rename the file", t.span)
        for t in recipe.tables if t.name.lower() in names
    ]
    return problems

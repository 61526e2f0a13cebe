"""`samrules facts`: from the tables of other systems to what `samrules decide` reads."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from samrules.recipes.recipe import Recipe

_MOST_REVIEWS = 400


def _listed(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """The bundled recipes with the tables each needs."""
    if not wanted or context.resilient_parsing:
        return
    from samrules.cli.report import emit
    from samrules.recipes.library import bundled_names, load_recipe

    for name in bundled_names():
        recipe = load_recipe(name)
        emit(f"{name}  {recipe.title}\n")
        for table in recipe.exports:
            emit(f"  {table.name}{'' if table.required else ' (optional)'}: {table.title}\n")
            columns = [c.name if c.required else f"[{c.name}]" for c in table.columns]
            emit(click.wrap_text(", ".join(columns), 98, "    ", "    ") + "\n")
    context.exit()


@click.command(
    "facts",
    short_help="Make facts, events and history from exports.",
    epilog="""\b
Examples:
  samrules facts --list
  samrules facts order_lines exports/ --as-of 2026-11-21 --out facts/
  samrules facts salesforce exports/ --as-of 2026-11-21 --out facts/ --reviews 4 --every "3 months"
  samrules decide dedesignation facts/ --as-of 2026-11-21""",
)
@click.argument("recipe", metavar="RECIPE")
@click.argument("data", metavar="DATA_DIR", type=click.Path(path_type=Path))
@click.option("--as-of", metavar="DATE", required=True,
              help="The day of the exports, such as 2026-11-21. Rows of a later date are not seen.")
@click.option("--out", metavar="DIR", required=True, type=click.Path(path_type=Path),
              help="The folder to write, all files or none.")
@click.option("--reviews", metavar="N", type=click.IntRange(0, _MOST_REVIEWS), default=0, show_default=True,
              help="How many earlier reviews to make a history of.")
@click.option("--every", metavar="TIME", default="3 months", show_default=True,
              help="The time between two reviews, in months or days.")
@click.option("--force", is_flag=True, help="Replace the tables of an earlier run in DIR.")
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_listed,
              help="Name the bundled recipes and the tables each needs. [Column] is optional.")
def command(recipe: str, data: Path, as_of: str, out: Path, reviews: int, every: str, force: bool) -> None:
    """Make facts, events and history from the tables of other systems.

    RECIPE is the name of a bundled recipe or the path of a folder that holds `recipe.yaml` and SQL.

    DATA_DIR is a folder of exports, one file a table, CSV (UTF-8) or Parquet, named as the recipe says.

    DIR gets `accounts.csv`, `events.csv` and, with --reviews, `history.csv`; `samrules decide` reads
    the folder. What the exports do not tell stays blank: it is missing, never no or zero. The same
    exports give the same bytes.
    """
    from samrules.cli.report import message, warn
    from samrules.recipes.folder import check_folder, write_folder
    from samrules.recipes.results import checked
    from samrules.recipes.run import make
    from samrules.rules import load

    day = arguments.day_of(as_of)
    days = _review_days(day, reviews, every)
    check_folder(out, data, force)
    found = _recipe(recipe)
    declared = load(_ruleset_of(found))
    _check_gives(found, {*declared.facts, *declared.events})
    made = make(found, data, day, days)
    results = checked(found, made, declared.facts, declared.events, day)
    write_folder(out, results.files)
    warn((*made.notes, *results.warnings))
    message(f"{', '.join(f'{count:,} rows in {name}' for name, count in results.rows.items())}: {out}")


def _recipe(name: str) -> Recipe:
    from samrules.recipes.library import load_recipe

    return load_recipe(name)


def _ruleset_of(recipe: Recipe) -> str | Path:
    """The ruleset that declares the facts: beside the recipe's folder, else bundled."""
    if recipe.facts is None:
        return "account_facts"
    beside = recipe.folder / recipe.facts
    return beside if beside.is_file() else recipe.facts


def _check_gives(recipe: Recipe, known: set[str]) -> None:
    """Raises RulesetError where `gives` names what nothing declares."""
    from samrules.errors import RulesetError
    from samrules.recipes.recipe_file import named_results
    from samrules.syntax.source import located

    if problems := named_results(recipe, known):
        for file, text in recipe.texts.items():
            problems = located(problems, file, text)
        raise RulesetError(problems)


def _review_days(day: date, count: int, every: str) -> list[date]:
    """The days of the reviews, latest first. Raises FactError."""
    from samrules.diagnostics import Diagnostic
    from samrules.errors import FactError
    from samrules.model.types import Duration
    from samrules.syntax.literals import BadLiteral, parse_duration

    try:
        step = parse_duration(every.strip())
        if not (step.months or step.days):
            raise BadLiteral("reviews need time between them, such as `3 months`")
        return [Duration(step.months * n, step.days * n).before(day) for n in range(1, count + 1)]
    except BadLiteral as error:
        said, cure = f"`{every}` is not a length of time", str(error)
    except (OverflowError, ValueError):
        said, cure = f"{count} reviews, one every {every}, begin before the calendar", "ask for fewer"
    raise FactError([Diagnostic("bad-value", said, cure, where="--every")])

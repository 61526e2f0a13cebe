"""`samrules sweep`: a threshold moved from one value to another, over accounts."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import IO

import click

from samrules.cli import arguments


@click.command(
    "sweep",
    short_help="Move a threshold and see which accounts change, and where.",
    epilog="""\b
Examples:
  samrules sweep designation --parameter entry_score=50..90 --accounts data/
  samrules sweep dedesignation --parameter minimum_tenure="6 months..36 months" --accounts data/ --plot tenure.svg
  samrules sweep programme --parameter dedesignation.kept_promises=80%..100% --accounts data/ --format json""",
)
@arguments.ruleset
@click.option("--parameter", required=True, metavar="NAME=LOW..HIGH", help="The parameter and its ends, as a ruleset writes them.")
@click.option("--accounts", required=True, metavar="ACCOUNTS", help="The accounts to decide: a table, a folder, or `-`.")
@click.option("--steps", type=int, default=11, show_default=True, help="How many evenly spaced values the table shows.")
@arguments.history
@arguments.events
@arguments.as_of
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Also draw it, as an SVG file.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, ruleset: str, parameter: str, accounts: str, steps: int, history: str | None, events: str | None,
            as_of: str | None, plot: Path | None, format_: str) -> None:
    """Decide accounts with a parameter at many values: how many come out how, and exactly where each of them changes.

    RULESET is the name of a bundled ruleset or the path of a ruleset file. The parameter is one of its own, or
    `ruleset.name` of one that it uses.
    """
    from samrules.cli.report import emit, message, printable, warn
    from samrules.inputs.results import check_destination, write_whole
    from samrules.tuning.sweep import sweep

    name, equals, ends = parameter.partition("=")
    low, dots, high = ends.partition("..")
    if not (name.strip() and equals and dots and low.strip() and high.strip()):
        raise click.UsageError(f"--parameter is NAME=LOW..HIGH, such as entry_score=50..90, not {parameter}", ctx)
    day = arguments.day_of(as_of)
    if plot is not None:
        check_destination(plot, [path for path in (accounts, history, events) if path])
    found = sweep(ruleset, name.strip(), low.strip(), high.strip(), accounts=accounts, steps=steps, events=events,
                  history=history, as_of=day)
    warn(found.warnings)
    if plot is not None:
        write_whole(plot, partial(_draw, found.svg()))
        message(f"{plot}: written")
    emit(arguments.as_json(found.to_dict()) if format_ == "json" else printable(str(found)))


def _draw(picture: str, sink: IO[bytes]) -> None:
    sink.write(picture.encode())

"""`samrules backtest`: a history of reviews decided anew."""

from __future__ import annotations

from pathlib import Path

import click

from samrules.cli import arguments


@click.command(
    "backtest",
    short_help="Decide a history review by review, and compare it with the record.",
    epilog="""\b
Examples:
  samrules backtest programme examples/reviews
  samrules backtest programme reviews/ --since designated_on=strategic,watch
  samrules backtest my_rules.yaml reviews/ --recorded decided_by_us --format json""",
)
@arguments.ruleset
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--recorded", metavar="COLUMN", help="The column of the accounts tables that says what was decided then. "
              "Default: the status on record at the next review, where the ruleset has a lifecycle.")
@click.option("--since", multiple=True, metavar="FACT=STATE,STATE",
              help="A date that becomes the day on which an account enters one of these states.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, ruleset: str, folder: Path, recorded: str | None, since: tuple[str, ...], format_: str) -> None:
    """Decide every review of DIR in order: status changes, time in each status, waiting list, agreement with the record.

    DIR holds one folder a review, named by its day (2026-11-21), with `accounts.*` and perhaps `history.*` and
    `events.*`. Each review is decided on what was known then; the status that follows from a decision, its date,
    and the level of a ladder are carried on to the next review.
    """
    from samrules.cli.report import emit, printable, warn
    from samrules.tuning.backtest import backtest

    dated = {}
    for text in since:
        fact, equals, states = text.partition("=")
        if not (fact.strip() and equals and states.strip()):
            raise click.UsageError(f"--since is FACT=STATE,STATE, such as designated_on=strategic,watch, not {text}", ctx)
        dated[fact.strip()] = [s.strip() for s in states.split(",")]
    found = backtest(ruleset, folder, recorded=recorded, since=dated)
    warn(found.warnings)
    emit(arguments.as_json(found.to_dict()) if format_ == "json" else printable(str(found)))

"""`samrules show`: a ruleset as people read it."""

from __future__ import annotations

import click

from samrules.cli import arguments


@click.command(
    "show",
    short_help="Show a ruleset: thresholds, scores, rules, sources.",
    epilog="""\b
Examples:
  samrules show designation
  samrules show my_rules.yaml --as-of 2025-01-01
  samrules show designation --format json""",
)
@arguments.ruleset
@click.option("--as-of", metavar="DATE", help="Show the thresholds in force on this day. Default: today.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
def command(ruleset: str, as_of: str | None, format_: str) -> None:
    """Show a ruleset in words: its decision, rules, thresholds with their reasons, and sources.

    RULESET is the name of a bundled ruleset or the path of a ruleset file.
    """
    from samrules.check.checker import check
    from samrules.cli.report import emit
    from samrules.cli.rulebook import Rulebook
    from samrules.plan.planner import plan
    from samrules.syntax.library import load_bundle

    day = arguments.day_of(as_of)
    checked = check(load_bundle(ruleset))
    book = Rulebook(checked, plan(checked), day)
    emit(arguments.as_json(book.to_dict()) if format_ == "json" else book.text())

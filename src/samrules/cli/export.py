"""`samrules export`: a ruleset for other engines."""

from __future__ import annotations

from pathlib import Path

import click

from samrules.cli import arguments

_FORMATS = {"dmn": "1.5", "dmn-1.3": "1.3"}
"""With the version of DMN."""


@click.command(
    "export",
    short_help="Write a ruleset for other engines (DMN).",
    epilog="""\b
Examples:
  samrules export health --format dmn --out health.dmn
  samrules export health --as-of 2026-11-21 > health.dmn
  samrules export health --format dmn-1.3 --out health.dmn""",
)
@arguments.ruleset
@click.option("--format", "format_", type=click.Choice(tuple(_FORMATS)), default="dmn", show_default=True,
              help="XML of DMN 1.5, or of DMN 1.3 for tools that know no later one. Expressions are FEEL.")
@click.option("--as-of", metavar="DATE", help="With the thresholds of this day, such as 2026-11-21. Default: today.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there, whole or not at all, instead of to standard output.")
def command(ruleset: str, format_: str, as_of: str | None, out: Path | None) -> None:
    """Write a ruleset as DMN: decision tables, definitions, scorecards, rules and outcome, for engines that read DMN.

    RULESET is the name of a bundled ruleset or the path of a ruleset file. Measures and what earlier reviews say are
    inputs there. What DMN has no form for is refused by name; docs/exchange.md tells what becomes of each part.
    """
    from samrules.cli.report import warn
    from samrules.exchange.dmn_write import written
    from samrules.exchange.export import export
    from samrules.inputs.results import check_destination
    from samrules.rules import load

    day = arguments.day_of(as_of)
    if out is not None:
        check_destination(out, [ruleset])
    exported = export(load(ruleset).checked, day)
    arguments.put(written(exported.model, _FORMATS[format_]), out)
    warn(exported.notes)

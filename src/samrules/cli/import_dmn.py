"""`samrules import`: decision tables of other tools as a ruleset."""

from __future__ import annotations

from pathlib import Path

import click

from samrules.cli import arguments


@click.command(
    "import",
    short_help="Make a ruleset of the decision tables of a DMN file.",
    epilog="""\b
Examples:
  samrules import tables.dmn --out tables.yaml
  samrules import tables.dmn""",
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there, whole or not at all, instead of to standard output.")
def command(file: Path, out: Path | None) -> None:
    """Make a ruleset of the decision tables of a DMN file.

    Inputs become facts, tables stay tables, the first output is the decision. The ruleset is called after the file it is written to. What a ruleset cannot keep is refused by name, and
    nothing is written; docs/exchange.md tells what is kept.
    """
    from samrules.exchange.importing import imported
    from samrules.inputs.results import check_destination
    from samrules.rules import loads
    from samrules.syntax.values import NAME

    if out is not None:
        check_destination(out, [str(file)])
    text = imported(file, out.stem if out is not None and NAME.match(out.stem) else None)
    loads(text, file=str(out) if out is not None else file.with_suffix(".yaml").name)  # what the checker refuses is not written
    arguments.put(text, out)

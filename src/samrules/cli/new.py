"""`samrules new`: a project for a ruleset of one's own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    "new",
    short_help="Start a ruleset of your own, with cases and checks.",
    epilog="""\b
Examples:
  samrules new our_rules
  samrules new acme_designation --from designation""",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--from", "base", metavar="RULESET", help="Extend this bundled ruleset, and say only what differs.")
def command(folder: Path, base: str | None) -> None:
    """Create a project in DIR, a new or empty folder: a ruleset, its cases, example accounts, editor settings, checks for every commit and push.

    The ruleset is named after the folder. Everything in the project passes its own checks from the start; docs/tutorial.md goes on from there.
    """
    from samrules import __version__
    from samrules.authoring.scaffold import create, ruleset_name
    from samrules.cli.report import emit, message

    written = create(folder, __version__, base)
    emit("".join(f"{folder / path}\n" for path in written))
    name = ruleset_name(folder)
    message(f"next: cd {folder}, then samrules check {name}.yaml, then samrules test cases")

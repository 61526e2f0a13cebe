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
    import shlex

    from samrules import __version__
    from samrules.authoring.scaffold import create, repository_around, ruleset_name
    from samrules.cli.report import emit, message, warn
    from samrules.diagnostics import Diagnostic

    written = create(folder, __version__, base)
    emit("".join(f"{folder / path}\n" for path in written))
    name = ruleset_name(folder)
    if (around := repository_around(folder)) is not None:
        warn([Diagnostic("inside-repository", f"the project lies inside the Git repository `{around}`, and its commits and hooks would go there",
                         f"where that is not meant, move it out, or give it a repository of its own: `git init {shlex.quote(str(folder))}`",
                         where=str(folder))])
    message(f"next: cd {shlex.quote(str(folder))}, then samrules check {name}.yaml, then samrules test cases")

"""`samrules check`: everything that is wrong with a ruleset, before it decides anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from samrules.diagnostics import Diagnostic


@click.command(
    "check",
    short_help="Find what is wrong with rulesets.",
    epilog="""\b
Examples:
  samrules check my_rules.yaml
  samrules check rulesets/*.yaml --format json
  samrules check rulesets/sources.yaml --ideas
  samrules check --codes

Exit codes: 0 clean, notes aside; 1 warnings; 2 errors.""",
)
@click.argument("rulesets", nargs=-1, metavar="RULESET...")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--codes", is_flag=True, help="Print every code there is, with example and fix, as Markdown.")
@click.option("--ideas", is_flag=True,
              help="Print what encodes each idea of a sources.yaml, as Markdown.")
@click.pass_context
def command(ctx: click.Context, rulesets: tuple[str, ...], format_: str, codes: bool, ideas: bool) -> None:
    """Check rulesets, and those they use: names, types, units, circles, rules that cannot hold.

    Of a `sources.yaml`, check that something rests on every passage.

    Findings go to standard output, all of them at once; the count goes to standard error.
    """
    from samrules.cli.report import counted, emit, message, rendered

    if codes:
        from samrules.cli.codes import catalogue_page

        emit(catalogue_page())
        return
    if not rulesets:
        raise click.UsageError("name at least one ruleset, or give --codes", ctx)
    if ideas:
        from samrules.check.traceability import traceability_page

        emit(traceability_page(Path(rulesets[0])))
    found = list(dict.fromkeys(d for name in rulesets for d in _findings(name)))
    if ideas:
        for text in rendered(found):
            message(text + "\n")
    elif format_ == "json":
        from samrules.cli.arguments import as_json

        emit(as_json([d.to_dict() for d in found]))
    else:
        for text in rendered(found):
            emit(text + "\n\n")
    what = rulesets[0] if len(rulesets) == 1 else f"{len(rulesets)} files"
    message(f"{what}: {counted(found)}")
    ctx.exit(_exit_code(found))


def _findings(name: str) -> list[Diagnostic]:
    from samrules.check.traceability import untraced
    from samrules.errors import RulesetError
    from samrules.rules import load
    from samrules.syntax.library import SOURCES

    try:
        if Path(name).name == SOURCES:
            return untraced(Path(name))
        return list(load(name).findings)
    except RulesetError as error:
        return list(error.diagnostics)


def _exit_code(found: list[Diagnostic]) -> int:
    from samrules.catalogue import Severity
    from samrules.cli.main import DONE, FINDINGS, UNUSABLE

    severities = {d.severity for d in found}
    if Severity.ERROR in severities:
        return UNUSABLE
    return FINDINGS if Severity.WARNING in severities else DONE

"""`samrules schema`: JSON Schemas of rulesets and of cases, for editors."""

from __future__ import annotations

import click


@click.command(
    "schema",
    short_help="Print a JSON Schema of ruleset files, for editors.",
    epilog="""\b
Examples:
  samrules schema > ruleset.schema.json
  samrules schema --cases > cases.schema.json
and in the first line of a ruleset, for editors with the YAML language server:
  # yaml-language-server: $schema=ruleset.schema.json""",
)
@click.option("--cases", is_flag=True, help="The schema of files of cases instead.")
def command(cases: bool) -> None:
    """Print a JSON Schema of ruleset files: an editor then completes and checks as you type."""
    from samrules.authoring.cases_schema import cases_schema
    from samrules.cli.arguments import as_json
    from samrules.cli.report import emit
    from samrules.syntax.schema import ruleset_schema

    emit(as_json(cases_schema() if cases else ruleset_schema()))

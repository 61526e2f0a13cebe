"""`samrules schema`: a JSON Schema of ruleset files, for editors."""

from __future__ import annotations

import click


@click.command(
    "schema",
    short_help="Print a JSON Schema of ruleset files, for editors.",
    epilog="""\b
Example:
  samrules schema > ruleset.schema.json
and in the first line of a ruleset, for editors with the YAML language server:
  # yaml-language-server: $schema=ruleset.schema.json""",
)
def command() -> None:
    """Print a JSON Schema of ruleset files: an editor then completes and checks as you type."""
    from samrules.cli.arguments import as_json
    from samrules.cli.report import emit
    from samrules.syntax.schema import ruleset_schema

    emit(as_json(ruleset_schema()))

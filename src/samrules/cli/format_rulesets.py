"""`samrules format`: the one canonical spelling of a ruleset, comments kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from samrules.diagnostics import Diagnostic


@click.command(
    "format",
    short_help="Give ruleset files their canonical spelling.",
    epilog="""\b
Examples:
  samrules format my_rules.yaml
  samrules format rulesets/*.yaml --check""",
)
@click.argument("rulesets", nargs=-1, required=True, metavar="RULESET...")
@click.option("--check", is_flag=True,
              help="Change nothing; name the files that would change, exit 1 if any.")
@click.pass_context
def command(ctx: click.Context, rulesets: tuple[str, ...], check: bool) -> None:
    """Rewrite ruleset files in the canonical spelling. Meaning and comments stay as they are.

    A file is written only where it changes, and none is while one of them cannot be read.
    """
    from samrules.cli.main import FINDINGS
    from samrules.cli.report import emit, message
    from samrules.errors import RulesetError, SamrulesError
    from samrules.inputs.results import check_destination, write_whole

    changed: list[tuple[Path, str]] = []
    problems: list[Diagnostic] = []
    for name in dict.fromkeys(rulesets):
        try:
            path, before, after = _formatted(name)
            if before != after:
                if not check:
                    check_destination(path)
                changed.append((path, after))
        except SamrulesError as error:
            problems += error.diagnostics
    if problems:
        raise RulesetError(problems)
    for path, text in changed:
        if not check:
            data = text.encode()
            write_whole(path, lambda sink, data=data: sink.write(data) and None)  # type: ignore[misc]
    emit("".join(f"{path}\n" for path, _ in changed))
    what = "would change" if check else "changed"
    message(f"{len(changed)} of {len(dict.fromkeys(rulesets))} {what}")
    if check and changed:
        ctx.exit(FINDINGS)


def _formatted(name: str) -> tuple[Path, str, str]:
    """The file of a ruleset, its text and its canonical text. Raises RulesetError."""
    from samrules.syntax.formatter import format_text
    from samrules.syntax.library import find
    from samrules.syntax.source import decode, read_bytes

    path = find(name)
    data = read_bytes(path, str(path))
    text = decode(data, str(path))
    return path, data.decode(), format_text(text, str(path))

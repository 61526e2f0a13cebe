"""`samrules list`: the rulesets that come with samrules."""

from __future__ import annotations

import click


@click.command("list", short_help="Name the rulesets that come with samrules.", epilog="""\b
Example:
  samrules list""")
def command() -> None:
    """Name the rulesets that come with samrules, with their outcomes."""
    from samrules.cli.report import emit
    from samrules.decision.words import word
    from samrules.syntax.library import bundled_folder, bundled_names
    from samrules.syntax.source import decode, read_bytes
    from samrules.syntax.structure import parse_ruleset

    found = []
    for name in bundled_names():
        path = bundled_folder() / f"{name}.yaml"
        ruleset = parse_ruleset(decode(read_bytes(path), str(path)), str(path))
        outcomes = ", ".join(map(word, ruleset.decide.outcomes)) if ruleset.decide else "decides nothing"
        found.append((f"{name} {ruleset.version}", ruleset.title or "", outcomes))
    width = max((len(name) for name, _, _ in found), default=0)
    for name, title, outcomes in found:
        emit(f"{name:<{width}}  {title}\n{'':<{width}}  {outcomes}\n")

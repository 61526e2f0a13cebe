"""`samrules graph`: a ruleset as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from samrules.cli import arguments


@click.command(
    "graph",
    short_help="Draw a ruleset: what its rules rest on.",
    epilog="""\b
Examples:
  samrules graph designation --out designation.svg
  samrules graph designation --format mermaid
  samrules graph programme --rule release --depth 2 --out release.svg""",
)
@arguments.ruleset
@click.option("--rule", "rules", multiple=True, metavar="NAME", help="Draw only this rule and what it rests on. May be repeated.")
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Go only so many steps back from the rules; `…` marks what goes on.")
@click.option("--format", "format_", type=click.Choice(("mermaid", "svg")),
              help="Default: what the ending of --out says (.mmd, .mermaid, .svg), else mermaid.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there, whole or not at all, instead of to standard output.")
def command(ruleset: str, rules: tuple[str, ...], depth: int | None, format_: str | None, out: Path | None) -> None:
    """Draw a ruleset: facts, definitions, scores and rules, up to the outcomes; ladders and lifecycles with their states.

    RULESET is the name of a bundled ruleset or the path of a ruleset file. Facts that the same definitions and rules read share
    a box. Thresholds are left out; `samrules show` and `samrules docs` list them.

    An SVG picture stands by itself: it opens in any browser. Mermaid text is drawn by many wikis, editors and forges.
    """
    from samrules.check.checker import check
    from samrules.inputs.results import check_destination
    from samrules.publishing.draw import draw
    from samrules.publishing.mermaid import mermaid
    from samrules.publishing.svg import svg
    from samrules.syntax.library import load_bundle

    if out is not None:
        check_destination(out, [ruleset])
    format_ = format_ or arguments.format_by_name(out, {".mmd": "mermaid", ".mermaid": "mermaid", ".svg": "svg"}) or "mermaid"
    graph = draw(check(load_bundle(ruleset)), rules, depth)
    arguments.put(svg(graph) if format_ == "svg" else mermaid(graph), out)

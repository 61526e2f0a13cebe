"""`samrules docs`: a ruleset as a policy document."""

from __future__ import annotations

from pathlib import Path

import click

from samrules.cli import arguments


@click.command(
    "docs",
    short_help="Write a ruleset as a policy document to sign.",
    epilog="""\b
Examples:
  samrules docs designation --out policy.html
  samrules docs my_rules.yaml --as-of 2026-11-21 --out policy.md""",
)
@arguments.ruleset
@click.option("--as-of", metavar="DATE", help="State the thresholds in force on this day. Default: today.")
@click.option("--format", "format_", type=click.Choice(("md", "html")),
              help="Default: what the ending of --out says (.md, .html), else md.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there, whole or not at all, instead of to standard output.")
def command(ruleset: str, as_of: str | None, format_: str | None, out: Path | None) -> None:
    """Write a ruleset as a policy document: purpose, scope, outcomes, rules with reasons and sources, terms, scores, thresholds,
    open questions, a glossary of facts, version, and room for signatures.

    RULESET is the name of a bundled ruleset or the path of a ruleset file. It needs the extra `report`.
    """
    from samrules.check.checker import check
    from samrules.errors import RulesetError
    from samrules.inputs.results import check_destination
    from samrules.plan.planner import plan
    from samrules.publishing.draw import draw
    from samrules.publishing.mermaid import mermaid
    from samrules.publishing.policy import policy
    from samrules.publishing.svg import svg
    from samrules.publishing.templates import as_html, as_markdown
    from samrules.syntax.library import load_bundle

    if out is not None:
        check_destination(out, [ruleset])
    day = arguments.day_of(as_of)
    endings = {".md": "md", ".markdown": "md", ".html": "html", ".htm": "html"}
    format_ = format_ or arguments.format_by_name(out, endings) or "md"
    checked = check(load_bundle(ruleset))
    document = policy(checked, plan(checked), day)
    try:
        graph = draw(checked)
        picture = svg(graph) if format_ == "html" else mermaid(graph)
    except RulesetError:  # a ruleset that is facts only has no picture
        picture = ""
    arguments.put(as_html(document, picture) if format_ == "html" else as_markdown(document, picture), out)

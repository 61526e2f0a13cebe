"""`samrules prove`: what holds of every account, and accounts on which it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from samrules.proofs.report import Report, Result


@click.command(
    "prove",
    short_help="Prove invariants; find rules that can never decide.",
    epilog="""\b
Examples:
  samrules prove designation
  samrules prove my_rules.yaml --timeout 60 --format json

Exit codes: 0 all is proved and nothing found; 1 something is refuted or found (with --strict, or not found out);
2 unusable input.""",
)
@click.argument("rulesets", nargs=-1, required=True, metavar="RULESET...")
@click.option("--as-of", metavar="DATE", help="Look for accounts on this day first; proofs are for every day. Default: today.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=20, show_default=True, metavar="SECONDS",
              help="What one question may take.")
@click.option("--strict", is_flag=True, help="Exit with 1 also where something was not found out.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, rulesets: tuple[str, ...], as_of: str | None, timeout: float, strict: bool, format_: str) -> None:
    """Prove the invariants of rulesets, or refute them with an account; find rules that can never hold or never decide,
    rules that contradict each other, gaps in tables, and lifecycles that go round for ever.

    RULESET is the name of a bundled ruleset or the path of a ruleset file. What cannot be told is said to be unknown.
    """
    from samrules.check.checker import check
    from samrules.cli.main import DONE, FINDINGS
    from samrules.cli.report import emit
    from samrules.proofs.prove import prove
    from samrules.proofs.solver import z3
    from samrules.syntax.library import load_bundle

    day = arguments.day_of(as_of)
    checked = [check(load_bundle(name)) for name in rulesets]
    z3()
    reports = []
    for one in checked:
        reports.append(prove(one, day, timeout))
        if format_ == "text":
            emit("".join(_shown(reports[-1])))
    if format_ == "json":
        emit(arguments.as_json([r.to_dict() for r in reports]))
    _tell(reports)
    found = any(r.findings or (strict and r.unknown) for r in reports)
    ctx.exit(FINDINGS if found else DONE)


def _shown(report: Report) -> list[str]:
    rules = f": {report.live} of {report.rules} rules decide some account" if report.rules else ""
    lines = [f"{report.ruleset} {report.version}{rules}\n"]
    for result in report.results:
        lines += _wrapped(result)
    return [*lines, "\n"]


def _wrapped(result: Result) -> list[str]:
    import textwrap

    found = []
    for line in result.lines():
        indent = " " * (2 + len(line) - len(line.lstrip()))
        found += [f"{text}\n" for text in textwrap.wrap(line.lstrip(), 100, initial_indent=indent, subsequent_indent=indent + "  ",
                                                        break_long_words=False, break_on_hyphens=False)]
    return found


def _tell(reports: list[Report]) -> None:
    from collections import Counter

    from samrules.cli.report import message

    counts = Counter(r.verdict.value for report in reports for r in report.results if r.verdict.value != "note")
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    message(f"{reports[0].ruleset if len(reports) == 1 else f'{len(reports)} rulesets'}: {said or 'nothing found'}")

"""`samrules diff`: what differs between two rulesets, and which accounts that moves."""

from __future__ import annotations

from importlib.util import find_spec

import click

from samrules.cli import arguments


@click.command(
    "diff",
    short_help="Compare two rulesets: the edits, and the accounts they move.",
    epilog="""\b
Examples:
  samrules diff old/designation.yaml designation
  samrules diff designation acme_designation.yaml --accounts data/ --as-of 2026-11-21
  samrules diff old.yaml new.yaml --accounts accounts.csv --format json

Exit codes: 0 no difference; 1 differences; 2 unusable input.""",
)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--accounts", metavar="ACCOUNTS", help="Also decide these accounts with both: a table, a folder, or `-`.")
@arguments.history
@arguments.events
@arguments.as_of
@click.option("--witnesses/--no-witnesses", default=True, show_default=True,
              help="Without --accounts: make up an account for each edit. It takes some seconds.")
@click.option("--prove/--no-prove", default=True, show_default=True,
              help="Ask a solver, where it is installed, about edits for which no account was found.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, old: str, new: str, accounts: str | None, history: str | None, events: str | None,
            as_of: str | None, witnesses: bool, prove: bool, format_: str) -> None:
    """Say in words what differs between two rulesets, by what they mean, not by their text.

    OLD and NEW are names of bundled rulesets or paths. With --accounts, both decide the accounts in full; each
    account that moves is shown with the edits that moved it: those that move it by themselves, or that cannot be
    left out. Without, accounts are made up on which each edit makes the difference; where none is found, a solver
    (`pip install "samrules[proofs]"`) may find one, or prove that no outcome changes.
    """
    from samrules.cli.main import DONE, FINDINGS
    from samrules.cli.report import emit, printable, warn
    from samrules.compare.difference import diff

    if accounts is None and (history or events):
        raise click.UsageError("--history and --events go with --accounts", ctx)
    day = arguments.day_of(as_of)
    prover = None
    if prove and witnesses and accounts is None and find_spec("z3") is not None:
        from samrules.compare.proving import solver

        prover = solver(day)
    found = diff(old, new, accounts=accounts, events=events, history=history, as_of=day, witnesses=witnesses, prover=prover)
    warn(found.warnings)
    emit(arguments.as_json(found.to_dict()) if format_ == "json" else printable(str(found)))
    ctx.exit(DONE if found.same else FINDINGS)

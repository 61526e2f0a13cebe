"""`samrules assign`: which manager looks after which account."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from samrules.staffing.assignment import Assignment


@click.command(
    "assign",
    short_help="Give each account a manager, within capacity and experience.",
    epilog="""\b
Examples:
  samrules assign accounts.csv --managers managers.csv
  samrules assign data/ --managers managers.csv --as-of 2026-11-21 --out assignment.csv""",
)
@arguments.accounts
@click.option("--managers", metavar="FILE", required=True,
              help="The managers: manager_id, capacity_points, level_experience, and perhaps name and accounts.")
@arguments.history
@arguments.events
@arguments.as_of
@click.option("--format", "format_", type=click.Choice(("table", "json", "csv")),
              help="Default: what the ending of --out says, else a table to read.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there, whole or not at all, instead of to standard output.")
def command(accounts: str, managers: str, history: str | None, events: str | None, as_of: str | None,
            format_: str | None, out: Path | None) -> None:
    """Give each account a manager, and say why; say of the others why nobody can take them.

    The load of an account comes from the ruleset `account_load`, its worth from `strategic_score`. Nobody carries more than
    capacity_points; from level 3 up the manager must have worked on the account's level.

    Goals, each before the next: in the order of their scores, each account has a manager unless that would take one from
    an account before it; most keep the manager they have; the largest share of a capacity is least, in steps of a twentieth;
    the first ids go together.

    ACCOUNTS is a table of facts as `samrules decide` reads it. MANAGERS is a table too; its `accounts` are the ids of
    those looked after now, with `;` between them.
    """
    from samrules.cli.report import emit
    from samrules.diagnostics import Diagnostic
    from samrules.errors import OutputError
    from samrules.inputs.results import check_destination, format_of, write_whole
    from samrules.inputs.tables import read_table
    from samrules.staffing.assignment import assign_decided, rulesets

    day = arguments.day_of(as_of)
    if out is not None:
        check_destination(out, [path for path in (accounts, managers, history, events) if path])
    format_ = format_ or (format_of(out) if out else "table")
    if format_ not in _WRITERS:
        raise OutputError([Diagnostic("unknown-format", f"an assignment is not written as {format_}",
                                      "end the file in .csv, .json or .txt, or give `--format`", where=str(out))])
    loads, scores = rulesets()
    table = arguments.checked_accounts(loads, accounts, history, events, day)
    people = read_table(managers)
    found = assign_decided([loads.decide_account(a, table.recorded, day) for a in table.accounts],
                           [scores.decide_account(a, table.recorded, day) for a in table.accounts], people, day)
    text = _WRITERS[format_](found)

    def write(sink: IO[bytes]) -> None:
        sink.write(text.encode())

    if out is not None:
        write_whole(out, write)
    else:
        emit(text)


def _csv(found: Assignment) -> str:
    from samrules.inputs.results import csv_row

    head = ("account", "account_name", "manager", "manager_name", "before", "kept", "load", "reason")
    return csv_row(head) + "".join(csv_row(getattr(placed, name) for name in head) for placed in found.accounts)


def _table(found: Assignment) -> str:
    """Each account with its reason, by manager; then what each manager carries."""
    import textwrap

    from samrules.cli.report import printable
    from samrules.decision.words import counted, day, number

    lines = [f"Who looks after whom, {day(found.as_of)}", ""]
    for desk in found.desks:
        lines.append(printable(f"{desk.name} ({desk.manager}): {number(desk.load)} of {counted(desk.capacity, 'points')}"))
        for placed in (p for p in found.accounts if p.manager == desk.manager):
            lines += textwrap.wrap(printable(placed.reason), 98, initial_indent="  ", subsequent_indent="    ")
        lines.append("")
    if found.unplaced:
        lines.append("Without a manager")
        for placed in found.unplaced:
            lines += textwrap.wrap(printable(placed.reason), 98, initial_indent="  ", subsequent_indent="    ")
        lines.append("")
    kept = sum(p.kept for p in found.accounts)
    placed_ = len(found.accounts) - len(found.unplaced)
    lines.append(f"{counted(len(found.accounts), 'accounts')}: {placed_} with a manager, {kept} of them with the one they have, "
                 f"{len(found.unplaced)} without")
    if not found.proved:
        lines.append("The search was cut short: there may be a better assignment.")
    return "\n".join(lines) + "\n"


_WRITERS = {"table": _table, "json": lambda found: found.to_json(), "csv": _csv}

"""`samrules report`: a portfolio for its readers, as one HTML file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from datetime import date

    from samrules.inputs.accounts import Account, Accounts
    from samrules.model.ruleset import Fact
    from samrules.reporting.on_record import OnRecord
    from samrules.reporting.standing import Frame
    from samrules.reporting.subject import Subject
    from samrules.rules import Rules

_LOOKED_THROUGH = 100
"""Accounts for which is looked, unasked, for what would change their decisions."""
_PROGRESS_FROM = 20
"""Fewer accounts are told of before a bar could be read."""


@click.command(
    "report",
    short_help="Write a portfolio as one HTML file, for a meeting and for each account manager.",
    epilog="""\b
Examples:
  samrules report programme examples/portfolio --as-of 2026-11-21 --out report.html
  samrules report designation accounts.csv --title "Review, autumn" --out report.html""",
)
@arguments.ruleset
@arguments.accounts
@arguments.history
@arguments.events
@arguments.as_of
@click.option("--ledger", metavar="LEDGER", help="A ledger (file or URL) that says what was decided before, and what people put in its place.")
@click.option("--what-if", "what_if", type=click.Choice(("all", "changes", "none")),
              help="For which accounts to look for what would change the decision: it takes about a second each. `changes`: those that "
                   "change or are open. Default: all, where there are at most 100 accounts; else none.")
@click.option("--engine", metavar="ENGINE", default="compiled", show_default=True,
              help="What decides: interpreter, compiled, or durable; the decisions are the same.")
@click.option("--title", metavar="TEXT", help="The heading of the report. Default: the title of the decision.")
@click.option("--against", metavar="FACT", help="The fact that scores are held against. Default: revenue_ttm, where it is declared.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", required=True,
              help="The HTML file, written whole or not at all.")
def command(ruleset: str, accounts: str, history: str | None, events: str | None, as_of: str | None, ledger: str | None,
            what_if: str | None, engine: str, title: str | None, against: str | None, out: Path) -> None:
    """Write a portfolio as one HTML file: decisions, changes, what to find out, scores, levels; and a part for each account with
    its reasons, near misses, what would change it, scores, earlier decisions and events. The file loads nothing from elsewhere. It needs the
    extra `report`.

    RULESET is the name of a bundled ruleset or the path of a ruleset file.

    ACCOUNTS is a table of facts as `samrules decide` reads it. Earlier reviews in its history are decided anew, but for
    those that the ledger has on record. Nothing is written to the ledger.
    """
    from samrules.cli.report import message
    from samrules.inputs.results import check_destination, write_whole
    from samrules.reporting.gather import Gathering
    from samrules.reporting.render import Parts, account_html, check_ready, report_html
    from samrules.reporting.standing import Frame
    from samrules.reporting.subject import subjects
    from samrules.rules import check_engine

    day = arguments.day_of(as_of)
    check_engine(engine)
    check_ready()
    _check_name(out)
    check_destination(out, [path for path in (accounts, history, events, ledger) if path])
    rules = arguments.decider(ruleset)
    frame = Frame(rules, _size(rules, against))
    table = arguments.checked_accounts(rules, accounts, history, events, day)
    portfolio = arguments.decided_together(rules, table, table.accounts, day, engine) if rules.together else None
    decisions = iter(portfolio.decisions) if portfolio is not None else \
        (rules.decide_account(a, table.recorded, day, engine) for a in table.accounts)
    wanted = what_if or ("all" if len(table.accounts) <= _LOOKED_THROUGH else "none")
    known = _known(ledger, rules, table, day)
    gathering, parts = Gathering(frame, day), Parts()
    for subject in subjects(rules, _watched(table), decisions, table.recorded):
        on_record = known.get(subject.decision.account)
        whole = on_record.onto(subject) if on_record is not None else subject
        parts.add(account_html(gathering.add(_with_changes(whole, frame, wanted))))
    text = report_html(gathering.glance(title, portfolio), parts).encode()

    def write(sink: IO[bytes]) -> None:
        sink.write(text)

    write_whole(out, write)
    message(f"{out}: written, {len(text) / 1e6:.1f} MB")


def _check_name(out: Path) -> None:
    """Raises OutputError where the name of the file says that it is something else."""
    if out.suffix.lower() not in (".html", ".htm"):
        from samrules.diagnostics import Diagnostic
        from samrules.errors import OutputError

        raise OutputError([Diagnostic("unknown-format", f"a report is HTML, and `{out.name}` does not say so", "end the name in .html",
                                      where=str(out))])


def _with_changes(subject: Subject, frame: Frame, wanted: str) -> Subject:
    """The account with what would change its decision, where that is wanted and can be said of an account by itself."""
    if frame.rules.together or wanted == "none" or (wanted == "changes" and subject.decision.settled and not frame.moved(subject)):
        return subject
    import attrs

    from samrules.reporting.what_if import would_change

    return attrs.evolve(subject, what_if=would_change(subject.decision, frame))


def _known(ledger: str | None, rules: Rules, table: Accounts, day: date) -> Mapping[str, OnRecord]:
    """What the ledger has on record of the accounts, by account. Raises LedgerError."""
    if ledger is None:
        return {}
    from samrules.audit import Ledger
    from samrules.reporting.on_record import on_record

    with Ledger.open(ledger, read_only=True) as opened:
        return on_record(opened, rules, {a.id for a in table.accounts}, day)


def _size(rules: Rules, against: str | None) -> Fact | None:
    """The fact that scores are held against. Raises FactError."""
    from samrules.diagnostics import Diagnostic, did_you_mean
    from samrules.errors import FactError
    from samrules.model.types import Kind
    from samrules.reporting.standing import size_fact

    if against is None:
        return size_fact(rules)
    found = rules.facts.get(against)
    numbers = [name for name, fact in rules.facts.items() if fact.type.kind in (Kind.MONEY, Kind.NUMBER, Kind.INTEGER)]
    if found is None or against not in numbers:
        said = f"`{against}` is no amount or number" if found is not None else f"`{rules.name}` knows no fact `{against}`"
        raise FactError([Diagnostic("bad-value", said, did_you_mean(against, numbers, "amounts and numbers"), where="--against")])
    return found


def _watched(table: Accounts) -> Iterator[Account]:
    """The accounts, with a bar on a terminal while there are many."""
    if len(table.accounts) < _PROGRESS_FROM or not sys.stderr.isatty():
        yield from table.accounts
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(table.accounts, "Writing", console=Console(stderr=True), transient=True)

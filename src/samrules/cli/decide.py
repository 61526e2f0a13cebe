"""`samrules decide`: every account of a table."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from samrules.decision.decision import Decision
    from samrules.inputs.accounts import Account, Accounts
    from samrules.inputs.results import Columns
    from samrules.portfolio.portfolio import Portfolio
    from samrules.rules import Rules

FRAME = "frame"
_FROM_LEDGER = "ledger"
"""What `--history` says where earlier reviews are those on record."""
_PROGRESS_FROM = 200
"""Fewer accounts are decided before a bar could be read."""


@click.command(
    "decide",
    short_help="Decide every account of a table.",
    epilog="""\b
Examples:
  samrules decide designation accounts.csv
  samrules decide designation accounts.csv --as-of 2026-11-21 --out decisions.csv
  samrules decide my_rules.yaml data/ --format json > decisions.json
  cat accounts.jsonl | samrules decide dedesignation - --format jsonl
  samrules decide dedesignation data/ --ledger decisions.ledger""",
)
@arguments.ruleset
@arguments.accounts
@arguments.history
@arguments.events
@arguments.as_of
@arguments.engine
@click.option("--format", "format_", type=click.Choice(("table", "json", "jsonl", "csv", "parquet")),
              help="Default: what the ending of --out says, else a table to read.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Write there, whole or not at all, instead of to standard output.")
@click.option("--ledger", metavar="LEDGER",
              help="Put every decision on record there before it is shown: a file, which is begun where there is none, or a URL "
                   "postgresql://…. With `--history ledger` the earlier reviews are those on record.")
@click.option("--reject", type=click.Path(path_type=Path), metavar="FILE",
              help="Write rows with bad values there, as CSV, and decide the other accounts. Only with --engine frame.")
@click.option("--partition-by", metavar="COLUMN",
              help="Make --out a folder of Parquet files, one for each value, such as outcome=retain/. Only with --engine frame.")
def command(ruleset: str, accounts: str, history: str | None, events: str | None,
            as_of: str | None, engine: str,
            format_: str | None, out: Path | None, ledger: str | None, reject: Path | None, partition_by: str | None) -> None:
    """Decide every account of a table, each with its reasons.

    RULESET is the name of a bundled ruleset or the path of a ruleset file. One that chooses a portfolio decides the
    accounts together: who takes a place, who waits for one.

    ACCOUNTS is a table of facts, one row an account: CSV (UTF-8, separated by commas, else by
    semicolons or tabs), JSON, JSON lines or Parquet; a folder that holds `accounts.*` and perhaps
    `history.*` and `events.*`; or `-` for standard input. A blank cell is a fact that is not known; it is never
    taken for no or for zero.

    With `--engine frame` the tables are Parquet files (or folders of them) that are decided as they are
    read: they may be larger than memory. It needs `--out`, as .parquet or .csv; the columns are those of
    `decide_frame`. Names of folders such as region=north are a column.

    In CSV results a text that begins with = + - @ gets an apostrophe before it, so that no
    spreadsheet runs it.
    """
    from samrules.cli.report import message, printable
    from samrules.inputs.results import check_destination, format_of
    from samrules.rules import check_engine

    day = arguments.day_of(as_of)
    check_engine(engine, FRAME)
    from_ledger = history == _FROM_LEDGER and ledger is not None
    if history == _FROM_LEDGER and ledger is None and not Path(_FROM_LEDGER).exists():
        raise click.UsageError("--history ledger goes with --ledger")
    if engine == FRAME:
        if ledger is not None:
            raise click.UsageError("--ledger does not go with --engine frame: a record holds a decision with its reasons, a frame has none")
        from samrules.cli.decide_frame import decide_frame

        decide_frame(ruleset, accounts, history, events, day, format_, out, reject, partition_by)
        return
    if reject is not None or partition_by is not None:
        raise click.UsageError(f"{'--reject' if reject else '--partition-by'} goes with --engine frame")
    if out is not None:
        if ledger is not None and out.resolve() == Path(ledger).resolve():
            raise click.UsageError("--out and --ledger name the same file")
        check_destination(out, [path for path in (accounts, history, events) if path])
    format_ = format_ or (format_of(out) if out else "table")
    _check_format(format_, out)
    rules = arguments.decider(ruleset)
    table = arguments.checked_accounts(rules, accounts, None if from_ledger else history, events, day)
    with contextlib.ExitStack() as stack:
        recorder = None
        if ledger is not None:
            from samrules.cli.recorder import Recorder

            recorder = stack.enter_context(Recorder(ledger, rules, table.recorded, day))
            table = recorder.with_reviews(table) if from_ledger else table
        portfolio = arguments.decided_together(rules, table, _watched(table), day, engine) if rules.together else None
        decisions = iter(portfolio.decisions) if portfolio is not None else \
            (rules.decide_account(a, table.recorded, day, engine) for a in _watched(table))
        if recorder is not None:
            decisions = recorder.recorded(table.accounts, decisions, together=portfolio is not None)
        _put(decisions, portfolio, format_, rules, out)
        if recorder is not None:
            recorder.tell()
    if out is None and format_ == "table" and table.warnings:  # those above may have gone out of sight
        message(f"beware: {'; '.join(printable(w.message) for w in table.warnings)}")


def _put(decisions: Iterator[Decision], portfolio: Portfolio | None, format_: str, rules: Rules, out: Path | None) -> None:
    """Write the decisions, whole or not at all."""
    from samrules.cli.report import emit_bytes
    from samrules.inputs.results import write_whole

    def write(sink: IO[bytes]) -> None:
        _write(decisions, format_, rules, sink, to_terminal=out is None and sys.stdout.isatty())
        if portfolio is not None and format_ == "table":
            from samrules.cli.table import choice_below

            sink.write(choice_below(portfolio).encode())

    if out is not None:
        write_whole(out, write)
        _tell(portfolio, format_)
        return
    import tempfile

    # nothing is shown before all is decided
    with tempfile.SpooledTemporaryFile(max_size=50_000_000) as whole:
        write(whole)
        whole.seek(0)
        while block := whole.read(1 << 20):
            emit_bytes(block)
    _tell(portfolio, format_)


def _tell(portfolio: Portfolio | None, format_: str) -> None:
    """Beside results for a program, a person is told of the choice; a table has it below."""
    from samrules.cli.report import message, printable

    if portfolio is not None and format_ != "table":
        message(printable(portfolio.says))
        if portfolio.likeness is not None:
            message(printable(portfolio.likeness.says))


def _check_format(format_: str, out: Path | None) -> None:
    if format_ != "parquet":
        return
    from samrules.diagnostics import Diagnostic
    from samrules.errors import OutputError
    from samrules.inputs.parquet_table import polars

    polars()
    if out is None and sys.stdout.isatty():
        raise OutputError([Diagnostic("cannot-write", "Parquet is no text for a terminal",
                                      "give `--out decisions.parquet`", where="standard output")])


def _write(decisions: Iterator[Decision], format_: str, rules: Rules, sink: IO[bytes],
           to_terminal: bool) -> None:
    from samrules.inputs.results import write_decisions

    if format_ == "table":
        from samrules.cli.table import decisions_table

        sink.write(decisions_table(rules, decisions, to_terminal).encode())
    else:
        write_decisions(decisions, format_, _columns(rules), sink)


def _columns(rules: Rules) -> Columns:
    from samrules.inputs.results import Columns

    return Columns(rules.outputs, rules.scores)


def _watched(table: Accounts) -> Iterator[Account]:
    """The accounts, with a bar on a terminal while there are many."""
    if len(table.accounts) < _PROGRESS_FROM or not sys.stderr.isatty():
        yield from table.accounts
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(table.accounts, "Deciding", console=Console(stderr=True), transient=True)

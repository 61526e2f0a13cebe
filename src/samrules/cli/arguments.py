"""Arguments that several commands share, from their text to what the library takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from samrules.inputs.accounts import Account, Accounts
    from samrules.portfolio.portfolio import Portfolio
    from samrules.rules import Rules

ruleset = click.argument("ruleset", metavar="RULESET")
accounts = click.argument("accounts", metavar="ACCOUNTS")
as_of = click.option("--as-of", metavar="DATE",
                     help="Decide for this day, such as 2026-11-21. Default: today.")
history = click.option("--history", metavar="FILE",
                       help="Earlier reviews, for rules that must be sustained: facts with a review_date.")

events = click.option("--events", metavar="FILE",
                      help="What happened, from which measures are counted: account_id, event, date, fields.")

engine = click.option("--engine", metavar="ENGINE", default="interpreter", show_default=True,
                      help="What decides: interpreter, compiled (generated Python), or durable (durable_rules); the decisions are the same.")


def day_of(text: str | None, option: str = "--as-of") -> date:
    """The date of an option, today where it is not given. Raises FactError."""
    from samrules.diagnostics import Diagnostic
    from samrules.errors import FactError
    from samrules.syntax.literals import BadLiteral, parse_date

    if text is None:
        return date.today()
    try:
        return parse_date(text.strip())
    except BadLiteral as error:
        message = f"`{text}` is not a date"
        raise FactError([Diagnostic("bad-date", message, str(error), where=option)]) from None


def decider(name: str) -> Rules:
    """A ruleset that makes a decision. Raises RulesetError."""
    from samrules.rules import load

    rules = load(name)
    rules.must_decide()
    return rules


def checked_accounts(rules: Rules, table: str, reviews: str | None, happened: str | None,
                     day: date) -> Accounts:
    """The accounts of a table, checked against what the ruleset declares; warnings are told.

    Raises FactError.
    """
    from samrules.cli.report import warn
    from samrules.inputs.accounts import check_tables
    from samrules.inputs.tables import read_tables

    found = check_tables(read_tables(table, reviews, happened), rules.facts, rules.events, day)
    warn(found.warnings)
    return found


def decided_together(rules: Rules, table: Accounts, accounts: Iterable[Account], day: date, engine: str) -> Portfolio:
    """The portfolio of a table. Raises FactError, placed in the table."""
    from samrules.errors import FactError

    decisions = [rules.decide_account(a, table.recorded, day, engine) for a in accounts]
    try:
        return rules.choose(decisions, day, table.locate)
    except FactError as error:
        raise table.shown(error) from None


def as_json(data: Any) -> str:
    import json

    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def format_by_name(out: Path | None, endings: Mapping[str, str]) -> str | None:
    """The format that the name of the output asks for, None without an output. Raises OutputError."""
    from samrules.diagnostics import Diagnostic
    from samrules.errors import OutputError

    if out is None:
        return None
    found = endings.get(out.suffix.lower())
    if found is None:
        ending = f"`{out.suffix}` is not a format that this command writes" if out.suffix else "the file name does not tell the format"
        raise OutputError([Diagnostic("unknown-format", ending, f"name the file with one of {', '.join(endings)}, or give `--format`",
                                      where=str(out))])
    return found


def put(text: str, out: Path | None) -> None:
    """A text to a file, whole or not at all, or to standard output. Raises OutputError."""
    from samrules.cli.report import emit
    from samrules.inputs.results import write_whole

    if out is None:
        emit(text)
        return
    data = text.encode()

    def write(sink: IO[bytes]) -> None:
        sink.write(data)

    write_whole(out, write)

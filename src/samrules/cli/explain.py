"""`samrules explain`: one account, why or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from samrules.inputs.accounts import Account, Accounts


@click.command(
    "explain",
    short_help="Say why one account got its decision, or why not another.",
    epilog="""\b
Examples:
  samrules explain designation accounts.csv --account A-17
  samrules explain designation accounts.csv --account A-17 --why-not designate
  samrules explain dedesignation accounts.csv --account A-17 --format md > A-17.md""",
)
@arguments.ruleset
@arguments.accounts
@click.option("--account", metavar="ID", required=True, help="The account_id to explain.")
@click.option("--why-not", metavar="OUTCOME",
              help="Explain why this outcome was not given, and what fell short.")
@arguments.history
@arguments.events
@arguments.as_of
@arguments.engine
@click.option("--format", "format_", type=click.Choice(("text", "md", "json")), default="text",
              show_default=True)
def command(ruleset: str, accounts: str, account: str, why_not: str | None, history: str | None, events: str | None,
            as_of: str | None, engine: str, format_: str) -> None:
    """Explain the decision on one account: the rules that held, what was unknown, what was near.

    RULESET is the name of a bundled ruleset or the path of a ruleset file.

    ACCOUNTS is a table of facts as `samrules decide` reads it.
    """
    from samrules.cli.report import emit, printable
    from samrules.rules import check_engine

    day = arguments.day_of(as_of)
    check_engine(engine)
    rules = arguments.decider(ruleset)
    table = arguments.checked_accounts(rules, accounts, history, events, day)
    chosen = _find(table, account)
    if rules.together:  # within the whole table
        decision = arguments.decided_together(rules, table, table.accounts, day, engine).decision(chosen.id)
    else:
        decision = rules.decide_account(chosen, table.recorded, day, engine)
    found = decision.why() if why_not is None else decision.why_not(why_not)
    if format_ == "json":
        emit(arguments.as_json(found.to_dict()))
    else:
        emit(printable(found.markdown() if format_ == "md" else str(found)))


def _find(table: Accounts, account: str) -> Account:
    """The account of that id. Raises FactError; a name leads to the id."""
    from samrules.diagnostics import Diagnostic, did_you_mean
    from samrules.errors import FactError

    by_id = {a.id: a for a in table.accounts}
    if account.strip() in by_id:
        return by_id[account.strip()]
    named = {str(a.facts.get("account_name", a.id)).casefold(): a.id for a in table.accounts}
    lowered = {i.casefold(): i for i in by_id}
    near = lowered.get(account.casefold()) or named.get(account.casefold())
    help_ = f"did you mean `{near}`?" if near else did_you_mean(account, by_id, "accounts")
    raise FactError([Diagnostic("no-such-account", f"there is no account `{account}` in the table", help_,
                                where="--account")])

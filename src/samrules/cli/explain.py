"""`samrules explain`: one account, why or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from samrules.inputs.accounts import Account, Accounts
    from samrules.model.types import Value
    from samrules.rules import Rules


@click.command(
    "explain",
    short_help="Say why one account got its decision, why not another, and what would change it.",
    epilog="""\b
Examples:
  samrules explain designation accounts.csv --account A-17
  samrules explain designation accounts.csv --account A-17 --why-not designate
  samrules explain dedesignation accounts.csv --account A-17 --format md > A-17.md
  samrules explain designation accounts.csv --account A-17 --what-if --outcome designate
  samrules explain designation accounts.csv --account A-17 --set has_executive_sponsor=yes --set promises_kept=20""",
)
@arguments.ruleset
@arguments.accounts
@click.option("--account", metavar="ID", required=True, help="The account_id to explain.")
@click.option("--why-not", metavar="OUTCOME",
              help="Explain why this outcome was not given, and what fell short.")
@click.option("--what-if", is_flag=True, help="The smallest changes of facts that would give another outcome.")
@click.option("--outcome", metavar="OUTCOME", help="With --what-if: only this outcome.")
@click.option("--vary", metavar="FACT", multiple=True,
              help="With --what-if: a fact that may change, instead of those marked as actionable. May be given more than once.")
@click.option("--all-facts", is_flag=True, help="With --what-if: any fact may change.")
@click.option("--most", metavar="N", type=int, help="With --what-if: how many facts may change at once. Default: 4.")
@click.option("--limit", metavar="N", type=int, help="With --what-if: how many ways are shown for each outcome. Default: 10.")
@click.option("--set", "set_", metavar="FACT=VALUE", multiple=True,
              help="Decide as if this were so, and say what is different. A blank value makes the fact missing. May be given more than once.")
@arguments.history
@arguments.events
@arguments.as_of
@arguments.engine
@click.option("--format", "format_", type=click.Choice(("text", "md", "html", "json")), default="text",
              show_default=True)
def command(ruleset: str, accounts: str, account: str, why_not: str | None, what_if: bool, outcome: str | None,
            vary: tuple[str, ...], all_facts: bool, most: int | None, limit: int | None, set_: tuple[str, ...], history: str | None,
            events: str | None, as_of: str | None, engine: str, format_: str) -> None:
    """Explain the decision on one account: the rules that held, what was unknown, what was near; or what would change it.

    RULESET is the name of a bundled ruleset or the path of a ruleset file.

    ACCOUNTS is a table of facts as `samrules decide` reads it.
    """
    from samrules.cli.report import emit, printable
    from samrules.rules import check_engine

    if sum((why_not is not None, what_if, bool(set_))) > 1:
        raise click.UsageError("one question at a time: --why-not, --what-if or --set")
    if not what_if and (outcome is not None or vary or all_facts or most is not None or limit is not None):
        raise click.UsageError("--outcome, --vary, --all-facts, --most and --limit belong to --what-if")
    if vary and all_facts:
        raise click.UsageError("--vary names the facts that may change, --all-facts takes all of them: give one of the two")
    day = arguments.day_of(as_of)
    check_engine(engine)
    rules = arguments.decider(ruleset)
    table = arguments.checked_accounts(rules, accounts, history, events, day)
    chosen = _find(table, account)
    if rules.together:  # within the whole table
        decision = arguments.decided_together(rules, table, table.accounts, day, engine).decision(chosen.id)
    else:
        decision = rules.decide_account(chosen, table.recorded, day, engine)
    found: Any
    if what_if:
        options = {name: n for name, n in (("most", most), ("limit", limit)) if n is not None}
        found = decision.counterfactuals(outcome, facts=rules.reads if all_facts else vary or None, **options)
    elif set_:
        found = decision.what_if(_set_facts(rules, set_))
    else:
        found = decision.why() if why_not is None else decision.why_not(why_not)
    if format_ == "json":
        emit(arguments.as_json(found.to_dict()))
    elif format_ == "html":
        from samrules.explain.explanation import Explanation
        from samrules.explain.notebook import explanation_file

        emit(printable(explanation_file(found if isinstance(found, Explanation) else found.explanation())))
    else:
        emit(printable(found.markdown() if format_ == "md" else str(found)))


def _set_facts(rules: Rules, given: tuple[str, ...]) -> dict[str, Value | None]:
    """Facts from `name=value`, each value as a table has it. Raises FactError with all that is wrong."""
    from samrules.diagnostics import Diagnostic, did_you_mean
    from samrules.errors import FactError
    from samrules.inputs.facts import BadValue, convert

    found: dict[str, Value | None] = {}
    problems = []
    for text in given:
        name, sign, value = text.partition("=")
        name = name.strip()
        fact = rules.facts.get(name)
        if not sign:
            problems.append(Diagnostic("bad-value", f"`{text}` sets nothing", "write `--set fact=value`", where="--set"))
        elif fact is None:
            problems.append(Diagnostic("unknown-name", f"no fact is named `{name}`", did_you_mean(name, rules.facts, "facts"), where="--set"))
        elif name in found:
            problems.append(Diagnostic("bad-value", f"`{name}` is set twice", "keep one of the two", where="--set"))
        else:
            try:
                found[name] = convert(value, fact, textual=True)
            except BadValue as bad:
                problems.append(Diagnostic(bad.code, f"`{name}`: {bad.message}", bad.help, where="--set"))
    if problems:
        raise FactError(problems)
    return found


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

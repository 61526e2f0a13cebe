"""`samrules audit`: decisions on record: read, explained, verified, decided again, overridden, handed on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from samrules.audit.ledger import Ledger
    from samrules.audit.record import Record
    from samrules.audit.verify import Verification

_KINDS = ("decision", "override", "withdrawal", "ruleset", "checkpoint", "ledger")

ledger_argument = click.argument("ledger", metavar="LEDGER")
account_option = click.option("--account", metavar="ID", help="Only what is about this account.")
ruleset_option = click.option("--ruleset", metavar="NAME", help="Only what this ruleset decided.")
since_option = click.option("--since", metavar="DATE", help="Only what was decided for this day or later.")
until_option = click.option("--until", metavar="DATE", help="Only what was decided for this day or earlier.")


@click.group(
    "audit",
    short_help="Read, verify and replay decisions on record.",
    epilog="""\b
Examples:
  samrules decide dedesignation data/ --ledger decisions.ledger
  samrules audit why decisions.ledger --account norvale
  samrules audit verify decisions.ledger --head 38:sha256:9459a9fa…

LEDGER is the path of a file (SQLite), or a URL postgresql://user@host/name. docs/audit.md is for auditors.""",
)
def command() -> None:
    """Decisions on record, each with all it was decided on, chained by hashes."""


# --- reading -------------------------------------------------------------------------------------


@command.command("log", short_help="List the records.")
@ledger_argument
@account_option
@ruleset_option
@click.option("--kind", type=click.Choice(_KINDS), multiple=True, help="Only records of this kind; may be given again.")
@click.option("--outcome", metavar="OUTCOME", help="Only this outcome.")
@since_option
@until_option
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="The latest so many; 0 for all.")
@click.option("--format", "format_", type=click.Choice(("text", "jsonl")), default="text", show_default=True)
def log(ledger: str, account: str | None, ruleset: str | None, kind: tuple[str, ...], outcome: str | None, since: str | None,
        until: str | None, limit: int, format_: str) -> None:
    """List what is on record, a line each, the oldest first."""
    from samrules.audit import words
    from samrules.audit.parts import as_text
    from samrules.cli.report import emit, message, printable

    asked: dict[str, Any] = {"account": account, "ruleset": ruleset, "kinds": kind, "outcome": outcome, **_days(since, until)}
    with _opened(ledger) as opened:
        there = sum(opened.count(**asked).values())
        records: Iterator[Record] = opened.records(**asked) if not limit else \
            reversed(list(opened.records(**asked, newest_first=True, limit=limit)))
        if format_ == "jsonl":
            for record in records:
                emit(as_text(record.to_dict()) + "\n")
        else:
            for line in words.log(records, opened.head.records):
                emit(printable(line).rstrip() + "\n")
        if limit and there > limit:
            message(f"{there - limit:,} earlier ones are not shown; --limit 0 shows all")
        elif not there:
            message("no such record")


@command.command("show", short_help="Show one record, whole.")
@ledger_argument
@click.argument("number", type=click.IntRange(min=1), metavar="NUMBER")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
def show(ledger: str, number: int, format_: str) -> None:
    """Show a record: what was decided, on which facts, by which ruleset, and its place in the chain."""
    from samrules.audit import words
    from samrules.cli.report import emit, printable

    with _opened(ledger) as opened:
        record = opened.get(number)
        emit(arguments.as_json(record.to_dict()) if format_ == "json" else printable(words.show(record, opened)))


@command.command("why", short_help="Say what holds for an account, and why.")
@ledger_argument
@click.option("--account", metavar="ID", required=True, help="The account_id.")
@click.option("--on", metavar="DATE", help="What held on this day. Default: today.")
@ruleset_option
def why(ledger: str, account: str, on: str | None, ruleset: str | None) -> None:
    """Say which decision or override holds for an account on a day, and why: from the record, by the ruleset as it
    was recorded."""
    from samrules.audit import words
    from samrules.audit.replay import changed
    from samrules.cli.report import emit, printable
    from samrules.diagnostics import Diagnostic, did_you_mean
    from samrules.errors import LedgerError

    day = arguments.day_of(on, "--on")
    with _opened(ledger) as opened:
        found = opened.effective(account, day, ruleset)
        if not found:
            help_ = did_you_mean(account, opened.database.accounts(), "accounts on record")
            if opened.count(account=account):
                help_ = "`samrules audit log` with `--account` shows what was decided, and for which day"
            raise LedgerError([Diagnostic("no-such-account", f"nothing is on record about `{account}` up to {day}", help_, where="--account")])
        last = opened.head.records
        texts = []
        for effective in found:
            decision, same, problem = None, False, None
            if effective.decision is not None:
                try:
                    decision = opened.decided_again(effective.decision)
                    same = not changed(effective.decision, decision)
                except LedgerError as error:
                    problem = error.diagnostics[0].message
            texts.append(words.why(effective, decision, same, problem, last, opened.shown))
        emit(printable("\n".join(texts)))


# --- verifying -----------------------------------------------------------------------------------


@command.command("verify", short_help="Verify that no record was changed.",
                 epilog="Exit codes: 0 the ledger holds; 1 it does not; 2 it cannot be read.")
@ledger_argument
@click.option("--head", metavar="N:HASH", help="What was kept of an earlier verify: that record must still be there.")
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="A public key (Ed25519, PEM): the signatures of checkpoints are verified.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_context
def verify(ctx: click.Context, ledger: str, head: str | None, key: Path | None, format_: str) -> None:
    """Verify a ledger, or a file that `samrules audit export` wrote: that each record is what was written and follows the
    one before. The first that does not hold is named."""
    from samrules.audit import words
    from samrules.audit.export import is_export, verify_export
    from samrules.cli.main import DONE, FINDINGS
    from samrules.cli.report import emit, printable

    if is_export(Path(ledger)):
        with Path(ledger).open(encoding="utf-8", errors="replace", newline="\n") as lines:
            found = verify_export(lines, head=head, key=key)
    else:
        with _opened(ledger) as opened:
            found = opened.verify(head=head, key=key)
    emit(arguments.as_json(_as_data(found)) if format_ == "json" else printable(words.verified(found, ledger, head, key is not None)))
    ctx.exit(DONE if found.ok else FINDINGS)


@command.command("replay", short_help="Decide again from the records, and report differences.",
                 epilog="Exit codes: 0 all decisions are the same; 1 some are not; 2 unusable input.")
@ledger_argument
@account_option
@ruleset_option
@since_option
@until_option
@click.option("--engine", metavar="ENGINE", help="What decides. Default: what decided then.")
@click.pass_context
def replay(ctx: click.Context, ledger: str, account: str | None, ruleset: str | None, since: str | None, until: str | None,
           engine: str | None) -> None:
    """Decide again what is on record, each from its record and the ruleset as it was recorded, and report every part of a
    decision that comes out differently."""
    from samrules.audit import words
    from samrules.cli.main import DONE, FINDINGS
    from samrules.cli.report import emit, printable

    with _opened(ledger) as opened:
        found = opened.replay(account=account, ruleset=ruleset, engine=engine, **_days(since, until))
    emit(printable(words.replayed(found)))
    ctx.exit(DONE if found.ok else FINDINGS)


@command.command("export", short_help="Write the records as JSON lines, facts masked, still verifiable.")
@ledger_argument
@click.option("--mask", metavar="NAME", multiple=True,
              help="A fact or a kind of event that shall not be shown, or `by` or `reason` of overrides; may be given again.")
@click.option("--account", metavar="ID", help="Mask all that is about other accounts.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write there, whole or not at all.")
def export(ledger: str, mask: tuple[str, ...], account: str | None, out: Path | None) -> None:
    """Write every record as a line of JSON. Facts that are masked cannot be read from it; that they were not changed can
    be verified all the same, by anyone: `samrules audit verify FILE`.

    Masked with a fact are the sentences, conditions and scores that could show it. The outcome stays, and says something of the
    facts it rests on.
    """
    from samrules.cli.report import emit_bytes
    from samrules.inputs.results import check_destination, write_whole

    if out is not None:
        check_destination(out, [ledger])
    with _opened(ledger) as opened:
        lines = opened.export(account=account, mask=mask)
        if out is None:
            for line in lines:
                emit_bytes(line.encode())
            return

        def write(sink: IO[bytes]) -> None:
            for line in lines:
                sink.write(line.encode())

        write_whole(out, write)


# --- people --------------------------------------------------------------------------------------


@command.command("override", short_help="Put a person's word in place of a decision, until a day.")
@ledger_argument
@click.option("--account", metavar="ID", required=True, help="The account_id.")
@click.option("--outcome", metavar="OUTCOME", required=True, multiple=True,
              help="What shall hold instead; may be given again where a decision has several.")
@click.option("--by", metavar="NAME", required=True, help="Who decides it.")
@click.option("--reason", metavar="TEXT", required=True, help="Why, in a sentence.")
@click.option("--expires", metavar="DATE", required=True, help="The last day on which it holds.")
@click.option("--since", metavar="DATE", help="The first day on which it holds. Default: today.")
@click.option("--ruleset", metavar="NAME", help="Whose decision, where several rulesets decided on the account.")
def override(ledger: str, account: str, outcome: tuple[str, ...], by: str, reason: str, expires: str, since: str | None,
             ruleset: str | None) -> None:
    """Put another outcome in place of what was decided, from a day to a day. The decision stays as it is; the override is a record
    of its own, and only another record takes it back."""
    until, start = arguments.day_of(expires, "--expires"), arguments.day_of(since, "--since")
    with _opened(ledger, write=True) as opened:
        record = opened.override(account, outcome[0] if len(outcome) == 1 else outcome, by=by, reason=reason, since=start, expires=until,
                                 ruleset=ruleset)
        _tell(record, opened)


@command.command("withdraw", short_help="Take an override back.")
@ledger_argument
@click.argument("number", type=click.IntRange(min=1), metavar="NUMBER")
@click.option("--by", metavar="NAME", required=True, help="Who decides it.")
@click.option("--reason", metavar="TEXT", required=True, help="Why, in a sentence.")
@click.option("--since", metavar="DATE", help="The first day on which it holds no more. Default: today.")
def withdraw(ledger: str, number: int, by: str, reason: str, since: str | None) -> None:
    """Take an override back, given by the number of its record: from a day on the decision holds again."""
    start = arguments.day_of(since, "--since")
    with _opened(ledger, write=True) as opened:
        _tell(opened.withdraw(number, by=by, reason=reason, since=start), opened)


@command.command("checkpoint", short_help="Sign all records so far.")
@ledger_argument
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", required=True,
              help="The private key (Ed25519, PEM).")
def checkpoint(ledger: str, key: Path) -> None:
    """Sign all records so far, in a record of its own. Whoever has the public key can then tell whether any of them was
    changed, even by one who can write to the ledger."""
    with _opened(ledger, write=True) as opened:
        _tell(opened.checkpoint(key), opened)


def _tell(record: Record, ledger: Ledger) -> None:
    from samrules.audit import words
    from samrules.cli.report import emit, printable

    emit(printable(f"Record {record.seq}: {words.what(record)}\nHead: {ledger.head}\n"))


# --- shared --------------------------------------------------------------------------------------


def _opened(target: str, *, write: bool = False) -> Ledger:
    from samrules.audit.ledger import Ledger

    return Ledger.open(target, read_only=not write)


def _days(since: str | None, until: str | None) -> dict[str, Any]:
    return {"since": arguments.day_of(since, "--since") if since is not None else None,
            "until": arguments.day_of(until, "--until") if until is not None else None}


def _as_data(found: Verification) -> dict[str, Any]:
    return {
        "schema": "samrules.verification/1",
        "holds": found.ok,
        "records": found.records,
        "head": found.hash,
        "counts": dict(found.counts),
        "findings": [{"record": f.seq, "what": f.what} for f in found.findings],
        "signed": found.signed,
        "checkpoints": found.checkpoints,
        "masked": found.masked,
    }

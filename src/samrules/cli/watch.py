"""`samrules watch`: facts and events line by line, and each decision that they change."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from datetime import date
    from io import BufferedReader

    from samrules.diagnostics import Diagnostic
    from samrules.rules import Rules
    from samrules.sessions.journal import Journal
    from samrules.sessions.watch import Told, Watch

_BLOCK = 1 << 16
"""Bytes read at a time; what has come by then is one batch, told and acknowledged together."""
_MOST_LINES = 50_000
"""Lines in a state file, beyond as many as there are accounts, before it is written anew."""


@click.command(
    "watch",
    short_help="Take in facts and events line by line, and tell which decisions they change.",
    epilog="""\b
Lines:
  {"account_id": "A-17", "fact": "csat", "value": 8}
  {"account_id": "A-17", "facts": {"csat": 8, "revenue_ttm": 2500000}}
  {"account_id": "A-17", "retract": "csat"}
  {"account_id": "A-17", "event": "discount_requested", "date": "2026-06-03", "pct": 0.05}
  {"as_of": "2026-12-01"}

\b
Examples:
  samrules watch designation < lines.jsonl
  tail -f lines.jsonl | samrules watch designation --state designation.state --ack

Exit codes: 0 done; 1 lines were refused; 2 unusable input, or a line refused under --strict.""",
)
@arguments.ruleset
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Keep what is known there; started again with it, nothing acknowledged is lost.")
@click.option("--accounts", metavar="ACCOUNTS", help="Begin with these accounts: a table or folder as `decide` reads it.")
@click.option("--recorded", metavar="KINDS",
              help="Kinds of events that are recorded from the start, with commas between; `all` for all. "
                   "Another is, of an account, from its first event on.")
@arguments.as_of
@click.option("--engine", default="interpreter", show_default=True, help="What decides.")
@click.option("--strict", is_flag=True, help="Stop at the first line that is refused.")
@click.option("--ack", is_flag=True, help='Write {"ack": N} when the first N lines are safe.')
@click.option("--decisions", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="At the end, write every account's decision there, as `decide` does with --format jsonl.")
@click.pass_context
def command(ctx: click.Context, ruleset: str, state: Path | None, accounts: str | None, recorded: str | None,
            as_of: str | None, engine: str, strict: bool, ack: bool, decisions: Path | None) -> None:
    """Read lines of JSON from standard input, each a fact or an event of an account, and write a line of
    JSON for each decision that changed: of which account, from what to what, and why.

    RULESET is the name of a bundled ruleset or the path of a ruleset file.

    A line that cannot be taken in is told on standard error with its place; it changes nothing, and the
    next is read.
    """
    from samrules.inputs.results import check_destination
    from samrules.rules import check_engine

    check_engine(engine)
    if decisions is not None:
        check_destination(decisions, [p for p in (accounts, state) if p])
    rules = arguments.decider(ruleset)
    kinds = _kinds(recorded, rules)
    run = _begin(rules, state, accounts, kinds, as_of, engine, ack)
    try:
        refused = run.read(strict)
        if decisions is not None:
            _write_decisions(run.watch, decisions, engine, rules)
    finally:
        run.close()
    ctx.exit(1 if refused else 0)


class _Run:
    """A watch with its state file, its input and its output."""

    def __init__(self, watch: Watch, journal: Journal | None, through: int, engine: str, ack: bool) -> None:
        self.watch, self.journal, self.through, self.engine, self.ack = watch, journal, through, engine, ack
        self.said: set[str] = set()

    def read(self, strict: bool) -> int:
        """Take in all of standard input; how many lines were refused. Raises FactError at the first, if strict."""
        from samrules.sessions.lines import Splitter

        splitter, refused = Splitter(), 0
        stdin = cast("BufferedReader", sys.stdin.buffer)
        while block := stdin.read1(_BLOCK):
            refused += self.batch(splitter.feed(block), strict)
        return refused + self.batch(splitter.end(), strict, torn=True)

    def batch(self, lines: Iterable[tuple[int, bytes]], strict: bool, *, torn: bool = False) -> int:
        """Take in lines, then tell what they changed; how many were refused. One that may be `torn`, as it
        lacks its line break, is not acknowledged where it is refused: who sends may send it whole."""
        from samrules.cli.report import warn
        from samrules.errors import FactError
        from samrules.sessions.lines import placed, read_line

        taken: list[tuple[int, str]] = []
        told: list[tuple[int, Told]] = []
        refused, first = 0, self.through
        for number, data in lines:
            try:
                line = read_line(data, number)
                if line is not None:
                    text = data.decode("utf-8").removeprefix("\ufeff")
                    try:
                        changed = self.watch.take(line)
                    except FactError as error:
                        raise placed(error, number, text) from None
                    taken.append((self.through + 1, text))
                    told += [(self.through + 1, one) for one in changed]
                    self.undeclared(number)
            except FactError as error:
                if strict:
                    self.tell(taken, told)
                    raise
                warn(error.diagnostics)
                refused += 1
                if torn:
                    break
            self.through += 1
        if self.through > first:
            self.tell(taken, told)
        return refused

    def tell(self, taken: list[tuple[int, str]], told: Iterable[tuple[int, Told]]) -> None:
        """Make sure of what was taken in, then write what it changed and acknowledge it."""
        from samrules.cli.report import emit_bytes

        if self.journal is not None:
            self.journal.commit(taken, self.through)
        lines = [self.watch.line_of(one, number, self.engine) for number, one in told]
        if self.ack:
            lines.append({"ack": self.through})
        if lines:
            emit_bytes("".join(map(_json_line, lines)).encode())
        if self.journal is not None:
            self.journal.told(self.through)
            if self.journal.lines > _MOST_LINES + len(self.watch.accounts):
                self.save()

    def undeclared(self, number: int) -> None:
        """Warn of each name that nothing declares, once."""
        from samrules.cli.report import warn
        from samrules.diagnostics import Diagnostic, Span, nearest
        from samrules.sessions.lines import STDIN

        fields = [f.name for kind in self.watch.rules.events.values() for f in kind.fields]
        for name in self.watch.undeclared.keys() - self.said:
            self.said.add(name)
            near = nearest(name, [*self.watch.rules.facts, *fields])
            meant = f" (did you mean `{near}`?)" if near and near != name else ""
            warn([Diagnostic("undeclared-fact", f"`{name[:60]}`{meant} is not declared here and has no effect",
                             "rename what is misspelt, declare what a rule should read, ignore the rest",
                             Span(STDIN, number, 1, number, 2))])

    def save(self) -> None:
        from samrules.sessions.resume import accounts_of, header_of

        assert self.journal is not None
        self.journal.rewrite(header_of(self.watch), accounts_of(self.watch), self.through)

    def close(self) -> None:
        """At the end of the input, or of the run for another reason, the lines become a snapshot."""
        if self.journal is not None:
            if self.journal.lines and sys.exc_info()[0] is None:
                self.save()
            self.journal.close()


def _begin(rules: Rules, state: Path | None, accounts: str | None, kinds: frozenset[str], as_of: str | None,
           engine: str, ack: bool) -> _Run:
    """The watch as its state file has it, else a new one."""
    from samrules.sessions.journal import Journal

    day = arguments.day_of(as_of)
    journal = Journal(state) if state is not None else None
    try:
        return _begun(rules, journal, accounts, kinds, day, engine, ack)
    except BaseException:
        if journal is not None:
            journal.close()
        raise


def _begun(rules: Rules, journal: Journal | None, accounts: str | None, kinds: frozenset[str], day: date,
           engine: str, ack: bool) -> _Run:
    from samrules.sessions.resume import resumed

    contents = journal.read() if journal is not None else None
    if contents is None:
        if journal is not None:
            from samrules.inputs.results import check_destination

            check_destination(journal.path)
        run = _Run(_new(rules, accounts, kinds, day), journal, 0, engine, ack)
        if journal is not None:
            run.save()
        return run
    assert journal is not None
    watch, told = resumed(contents, rules, journal.path)
    _check_resumed(watch, journal.path, accounts, kinds, day)
    run = _Run(watch, journal, contents.through, engine, ack)
    run.said |= watch.undeclared.keys()
    taken = []
    if day > watch.day:
        from samrules.sessions.lines import Line

        told += [(contents.through, one) for one in watch.take(Line(day=day))]
        taken = [(contents.through, json.dumps({"as_of": day.isoformat()}))]
    if told or taken or ack:
        run.tell(taken, told)
    return run


def _new(rules: Rules, accounts: str | None, kinds: frozenset[str], day: date) -> Watch:
    from samrules.errors import FactError
    from samrules.sessions.watch import Watch

    if accounts is None:
        return Watch(rules, day, kinds)
    table = arguments.checked_accounts(rules, accounts, None, None, day)
    watch = Watch(rules, day, kinds | table.recorded)
    problems: list[Diagnostic] = []
    for account in table.accounts:
        try:
            watch.add(account)
        except FactError as error:
            problems += error.diagnostics
    if problems:
        raise FactError(problems)
    return watch


def _check_resumed(watch: Watch, path: Path, accounts: str | None, kinds: frozenset[str], day: date) -> None:
    """Options that began the state and now say otherwise are refused, never ignored."""
    from samrules.cli.report import warn
    from samrules.diagnostics import Diagnostic
    from samrules.errors import FactError

    problems = []
    if day < watch.day:
        problems.append(Diagnostic("bad-date", f"the state is of {watch.day}, after {day}",
                                   f"go on with `--as-of {watch.day}` or a later day", where="--as-of"))
    if not kinds <= watch.recorded:
        problems.append(Diagnostic("bad-state", "the state was begun with other kinds of events recorded",
                                   "leave `--recorded` out, or begin a new state file", where=str(path)))
    if problems:
        raise FactError(problems)
    if accounts is not None:
        warn([Diagnostic("not-read", "this table is not read again", "the state holds the accounts already",
                         where=accounts)])


def _kinds(recorded: str | None, rules: Rules) -> frozenset[str]:
    from samrules.inputs.events import check_recorded

    if recorded is None:
        return frozenset()
    if recorded.strip() == "all":
        return frozenset(rules.events)
    return check_recorded([kind.strip() for kind in recorded.split(",") if kind.strip()], rules.events)


def _write_decisions(watch: Watch, path: Path, engine: str, rules: Rules) -> None:
    from samrules.inputs.results import Columns, write_decisions, write_whole
    from samrules.sessions.watch import decisions

    columns = Columns(rules.outputs, rules.scores)
    write_whole(path, lambda sink: write_decisions(decisions(watch, engine), "jsonl", columns, sink))


def _json_line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n"




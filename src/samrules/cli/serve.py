"""`samrules serve`: the report and the JSON API, as a local web application."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from samrules.cli import arguments

if TYPE_CHECKING:
    from samrules.errors import SamrulesError
    from samrules.rules import Rules
    from samrules.serving.door import Door


@click.command(
    "serve",
    short_help="Show a ledger, and decide and explain, as a local web application.",
    epilog="""\b
Examples:
  samrules serve designation dedesignation
  samrules serve --ledger decisions.ledger designation
  samrules serve --ledger decisions.ledger --host 0.0.0.0 --token-file token designation

It stops at Ctrl-C. docs/serve.md has the API, the limits, and what it is safe against.""",
)
@click.argument("rulesets", metavar="RULESET...", nargs=-1, required=True)
@click.option("--ledger", metavar="LEDGER", help="The ledger to show, and to record overrides in: a file, or the URL of a database.")
@click.option("--read-only", is_flag=True, help="Neither overrides nor decisions are put on record.")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True,
              help="Where to listen. Any but a loopback address needs a token.")
@click.option("--port", metavar="PORT", type=click.IntRange(0, 65535), default=8642, show_default=True, help="0 takes any that is free.")
@click.option("--token-file", metavar="FILE", type=click.Path(path_type=Path),
              help="A file with the token that every visitor must show. Else from SAMRULES_TOKEN.")
@click.option("--allow-host", metavar="NAME", multiple=True, help="A name by which this server may be called, besides localhost and addresses.")
@click.option("--workers", metavar="N", type=click.IntRange(1, 64), default=2, show_default=True, help="Requests answered at once, each by a process.")
@click.option("--time-limit", metavar="SECONDS", type=click.FloatRange(0.1, 600), default=10.0, show_default=True,
              help="A request that takes longer is ended.")
@click.option("--body-limit", metavar="BYTES", type=click.IntRange(1000, 100_000_000), default=2_000_000, show_default=True,
              help="A request that is larger is refused.")
@click.option("--quiet", is_flag=True, help="No line for each request on standard error.")
def command(rulesets: tuple[str, ...], ledger: str | None, read_only: bool, host: str, port: int, token_file: Path | None, allow_host: tuple[str, ...],
            workers: int, time_limit: float, body_limit: int, quiet: bool) -> None:
    """Serve a web application and a JSON API over rulesets and a ledger.

    RULESET is the name of a bundled ruleset or the path of a ruleset file. Requests reach these, and no others.
    """
    from samrules.cli.report import emit, message

    start, server = _modules()
    rules = _rulesets(rulesets)
    door = _door(token_file, allow_host, host, server.is_loopback(host))
    service = start.service_of(rules, ledger, read_only=read_only)
    socket = server.listening(host, port)

    def log(line: str) -> None:
        if not quiet or line.startswith("fault"):
            message(line)

    def ready() -> None:
        emit(f"samrules serves {server.address_of(socket)}\n")
        for each in rules:
            emit(f"  ruleset  {each.name} {each.version}, {each.digest[:19]}\n")
        emit(f"  ledger   {_ledger_in_words(service.shown, read_only)}\n")
        emit(f"  token    {'needed' if door.token else 'not needed: whoever uses this machine can use this server'}\n")
        sys.stdout.flush()
        if not door.loopback:
            message("token and facts travel unencrypted: let a proxy in front of it speak TLS")

    pool = server.Pool(service, workers, time_limit)
    app = start.app_of(service, door, pool.answer, most_bytes=body_limit, log=log, lifespan=server.lifespan(pool, log))
    try:
        server.run(app, socket, ready)
    finally:
        socket.close()
    message("stopped")


def _ledger_in_words(shown: str, read_only: bool) -> str:
    if not shown:
        return "none: nothing is recorded"
    return f"{shown}, only read" if read_only else shown


def _modules() -> tuple[ModuleType, ModuleType]:
    """The parts that need the extra. Raises OutputError without it."""
    try:
        from samrules.serving import server, start
    except ImportError as error:
        raise _unusable("needs-extra", f"a server needs the package {error.name}, which is not installed", 'pip install "samrules[serve]"') from None
    return start, server


def _rulesets(names: tuple[str, ...]) -> list[Rules]:
    """Raises RulesetError, and OutputError for two of one name."""
    found: dict[str, Rules] = {}
    for name in names:
        rules = arguments.decider(name)
        if rules.name in found:
            raise _unusable("duplicate-key", f"the ruleset `{rules.name}` is named twice", "name each ruleset once")
        found[rules.name] = rules
    return list(found.values())


def _door(token_file: Path | None, names: tuple[str, ...], host: str, loopback: bool) -> Door:
    """Who may come in. Raises OutputError where a token is needed and there is none, or it is none."""
    from samrules.serving.door import SHORTEST_TOKEN, TOKEN_VARIABLE, Door

    token = os.environ.get(TOKEN_VARIABLE)
    where = TOKEN_VARIABLE
    if token_file is not None:
        where = str(token_file)
        try:
            token = token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise _unusable("no-such-file", "the file of the token cannot be read", "give the path of a text file with `--token-file`", where) from None
    if token is None:
        if not loopback:
            raise _unusable("needs-token", f"`{host}` can be reached by others, and there is no token",
                            f"give one with `--token-file` or in {TOKEN_VARIABLE}; or leave `--host` out, to listen on this machine only")
    elif len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise _unusable("bad-token", f"the token is none: it has to be at least {SHORTEST_TOKEN} letters, digits and signs, without blanks",
                        'make one: `python -c "import secrets; print(secrets.token_urlsafe())"`', where)
    return Door(token, loopback, frozenset(n.lower() for n in names))


def _unusable(code: str, message: str, help_: str, where: str = "serve") -> SamrulesError:
    from samrules.diagnostics import Diagnostic
    from samrules.errors import OutputError

    return OutputError([Diagnostic(code, message, help_, where=where)])

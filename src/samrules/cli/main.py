"""The command `samrules`: which commands there are, and what every one of them does alike.

Commands are imported when they are called, and they import the library when they run, so that
`samrules --help` answers at once.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from samrules import __version__

DONE, FINDINGS, UNUSABLE = 0, 1, 2
"""Exit codes: done; a check found something; the input cannot be used."""
_INTERRUPTED, _BROKEN_PIPE = 130, 141
"""What a shell reports of a program that was stopped by Ctrl-C, or whose reader went away."""

_COMMANDS = {
    "new": "samrules.cli.new",
    "list": "samrules.cli.list_rulesets",
    "show": "samrules.cli.show",
    "graph": "samrules.cli.graph",
    "docs": "samrules.cli.docs",
    "decide": "samrules.cli.decide",
    "explain": "samrules.cli.explain",
    "serve": "samrules.cli.serve",
    "report": "samrules.cli.report_portfolio",
    "facts": "samrules.cli.facts",
    "assign": "samrules.cli.assign",
    "check": "samrules.cli.check",
    "test": "samrules.cli.test",
    "prove": "samrules.cli.prove",
    "format": "samrules.cli.format_rulesets",
    "schema": "samrules.cli.schema",
    "export": "samrules.cli.export",
    "import": "samrules.cli.import_dmn",
    "watch": "samrules.cli.watch",
    "diff": "samrules.cli.diff",
    "sweep": "samrules.cli.sweep",
    "backtest": "samrules.cli.backtest",
    "audit": "samrules.cli.audit",
}


class Commands(click.Group):
    """Finds commands by name, and turns what they raise into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            from samrules.diagnostics import did_you_mean

            ctx.fail(f"there is no command '{args[0]}'; {did_you_mean(args[0], _COMMANDS, 'commands')}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # before click sees it: to click it would be a failure
            _let_go_of_stdout()
            ctx.exit(_BROKEN_PIPE)

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None,
             complete_var: str | None = None, standalone_mode: bool = True, **extra: Any) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        for stream in (sys.stdout, sys.stderr):  # a terminal without the letter shows `?`, and no traceback
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        sys.exit(self._run(args, prog_name, complete_var, **extra))

    def _run(self, args: Sequence[str] | None, prog_name: str | None, complete_var: str | None,
             **extra: Any) -> int:
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
        except click.exceptions.Abort:
            return _INTERRUPTED
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except Exception as error:
            from samrules.errors import SamrulesError

            if not isinstance(error, SamrulesError):
                raise  # a fault of samrules itself: nothing to hide
            from samrules.cli.report import report_error

            report_error(error)
            return UNUSABLE
        return code if isinstance(code, int) else DONE


def _let_go_of_stdout() -> None:
    """The reader has gone; what Python still holds for it must not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  samrules list
  samrules decide designation accounts.csv
  samrules explain designation accounts.csv --account A-17 --why-not designate

Exit codes: 0 done; 1 findings; 2 unusable input, with the reasons on standard error.""",
)
@click.version_option(__version__, prog_name="samrules", message="%(prog)s %(version)s")
def cli() -> None:
    """Decide which accounts are strategic, by rules that are checked and explain themselves."""


def main() -> NoReturn:
    """The entry point."""
    cli(prog_name="samrules")
    raise AssertionError("unreachable: the group exits")


if __name__ == "__main__":
    main()

"""What goes to standard error, and how results reach standard output."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable

import click

from samrules.catalogue import Severity
from samrules.diagnostics import Diagnostic
from samrules.errors import OutputError, SamrulesError

MOST_SHOWN = 50
"""Problems shown in full; the rest are counted by code."""

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def colour_allowed() -> bool | None:
    """None lets the terminal decide; https://no-color.org turns it off."""
    return False if os.environ.get("NO_COLOR") else None


def report_error(error: SamrulesError) -> None:
    """Every problem of an error, up to fifty in full, and how many there are."""
    for text in rendered(error.diagnostics):
        message(text + "\n")
    if len(error.diagnostics) > 1:
        message(counted(error.diagnostics))


def rendered(diagnostics: Iterable[Diagnostic]) -> list[str]:
    found = list(diagnostics)
    texts = [_coloured(d) for d in found[:MOST_SHOWN]]
    if rest := found[MOST_SHOWN:]:
        codes = ", ".join(f"{count:,} {code}" for code, count in Counter(d.code for d in rest).most_common())
        texts.append(f"… and {len(rest):,} more: {codes}")
    return texts


def counted(diagnostics: Iterable[Diagnostic]) -> str:
    """`3 errors, 1 warning`."""
    counts = Counter(d.severity for d in diagnostics)
    said = [f"{counts[s]:,} {s}{'' if counts[s] == 1 else 's'}" for s in Severity if counts[s]]
    return ", ".join(said) or "no findings"


def _coloured(diagnostic: Diagnostic) -> str:
    label = f"{diagnostic.severity}[{diagnostic.code}]"
    styled = click.style(label, fg=_COLOURS[diagnostic.severity], bold=True)
    return diagnostic.render().replace(label, styled, 1)


def warn(diagnostics: Iterable[Diagnostic]) -> None:
    for diagnostic in diagnostics:
        message(_coloured(diagnostic) + "\n")


def message(text: str) -> None:
    """A line to standard error."""
    click.echo(text, err=True, color=colour_allowed())


def emit(text: str) -> None:
    """A result to standard output: coloured on a terminal, else plain UTF-8 whatever the locale."""
    if sys.stdout.isatty():
        click.echo(text, nl=False, color=colour_allowed())
    else:
        emit_bytes(click.unstyle(text).encode())


def printable(text: str) -> str:
    """Names come from outside: a control character in one must not reach the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def emit_bytes(data: bytes) -> None:
    """Raises OutputError where standard output is a file that cannot take it all."""
    stream = sys.stdout.buffer
    try:
        sys.stdout.flush()
        stream.write(data)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError([Diagnostic("cannot-write", f"cannot write the results: {reason}",
                                      "free some space, or give `--out` elsewhere",
                                      where="standard output")]) from None

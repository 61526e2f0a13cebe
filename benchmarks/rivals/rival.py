"""What the runner asks of a rival."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol

import attrs
import polars as pl

from samrules.rules import Rules

AS_OF = date(2026, 11, 21)
Answers = Sequence[tuple[str, bool]]
"""Outcome and whether it is settled, an account each."""


@attrs.frozen
class Job:
    """A translated ruleset with the accounts in the form that the rival takes.

    `run` decides them all and is timed; `answers` reads what it returned and is not.
    """

    run: Callable[[], Any]
    answers: Callable[[Any], Answers]


class Rival(Protocol):
    """`make` translates and converts, which is not timed."""

    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job: ...

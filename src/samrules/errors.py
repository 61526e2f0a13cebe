"""The exceptions a user of samrules meets. Each carries every problem found, not the first only."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from samrules.diagnostics import NAMES_SHOWN, Diagnostic, listed, sort_key


class SamrulesError(Exception):
    """Base of all samrules errors.

    Attributes:
        diagnostics: every problem, in reading order, with code, message, file, line, column, help.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(sorted(diagnostics, key=sort_key))
        super().__init__("\n\n".join(d.render() for d in self.diagnostics))


class RulesetError(SamrulesError):
    """A ruleset that cannot be used: unreadable, ill-formed, or refused by the checker."""


class FactError(SamrulesError):
    """Facts that cannot be used: a wrong type, a value out of range, a missing account id."""


class CasesError(SamrulesError):
    """Cases that cannot be tried: unreadable, ill-formed, or of names that the ruleset does not have."""


class OutputError(SamrulesError):
    """Results that cannot be written where they were asked for."""


class EngineError(SamrulesError):
    """An engine that cannot run here, or cannot run this ruleset; the others can."""


class LedgerError(SamrulesError):
    """A ledger that cannot be used, or what cannot be put into one."""


@attrs.frozen
class Unmatched:
    """Reviews or events of accounts that are not in the table of accounts: how many, of how many accounts, and the first ids."""

    what: str
    rows: int
    accounts: int
    first: tuple[str, ...]

    def __str__(self) -> str:
        several = f"1 {self.what} is" if self.rows == 1 else f"{self.rows:,} {self.what}s are"
        return f"{several} of accounts that are not in the table: {listed([*self.first, *[''] * (self.accounts - len(self.first))])}"

    def __add__(self, other: Unmatched) -> Unmatched:
        """Both, where no account is in both and they are of one kind."""
        first = sorted({*self.first, *other.first})[:NAMES_SHOWN]
        return Unmatched(self.what, self.rows + other.rows, self.accounts + other.accounts, tuple(first))


class UnmatchedRowsWarning(UserWarning):
    """Reviews or events are of accounts that are not in the table of accounts; they have no effect."""

    def __init__(self, unmatched: Unmatched) -> None:
        super().__init__(str(unmatched))
        self.unmatched = unmatched


class UndeclaredFactWarning(UserWarning):
    """A fact was given that no ruleset in use declares; it cannot have any effect."""

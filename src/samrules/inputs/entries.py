"""Events or reviews of many accounts, for accounts that come one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from samrules.diagnostics import Diagnostic
from samrules.errors import FactError
from samrules.inputs.facts import ID, mappings

Given = Iterable[Mapping[str, Any]] | Mapping[Any, Iterable[Mapping[str, Any]]] | None
"""Entries each with its `account_id`, or the entries of each account by its id."""


@attrs.define
class Entries:
    """The entries of each account.

    Those that came as one table are held, and each must find its account; in a mapping accounts are looked up.
    """

    what: str
    code: str
    by_id: Mapping[Any, Any]
    table: bool
    met: set[str] = attrs.field(factory=set)

    @classmethod
    def of(cls, given: Given, what: str, code: str) -> Entries | None:
        """None where nothing is given. Raises FactError for an entry without the id of its account."""
        if given is None:
            return None
        if isinstance(given, Mapping):
            return cls(what, code, given, False)
        found: dict[str, list[Mapping[str, Any]]] = {}
        problems = []
        for number, entry in enumerate(mappings(given, what), start=1):
            if entry.get(ID) is None:
                problems.append(Diagnostic(code, f"no `{ID}`", "give the id of one of the accounts", where=f"{what}, entry {number}"))
            else:
                found.setdefault(str(entry[ID]).strip(), []).append(entry)
        if problems:
            raise FactError(problems)
        return cls(what, code, found, True)

    def of_account(self, facts: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """The entries of the account that has these facts."""
        given = facts.get(ID)
        account = str(given).strip()
        found = self.by_id.get(account)
        if found is None and not self.table and not isinstance(given, str):
            found = self.by_id.get(given)
        if self.table and found is not None:
            self.met.add(account)
        return () if found is None else found

    def unmet(self) -> list[Diagnostic]:
        """The accounts of a table that never came."""
        if not self.table:
            return []
        return [Diagnostic(self.code, f"`{account}` is none of the accounts", "give the id of one of the accounts",
                           where=f"{self.what} of {account}") for account in self.by_id if account not in self.met]

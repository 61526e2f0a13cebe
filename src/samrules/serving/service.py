"""What answers requests: the rulesets, the ledger, and the operations over both. It knows nothing of HTTP's wires."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from samrules.audit.ledger import Ledger
from samrules.errors import LedgerError, SamrulesError
from samrules.rules import Rules
from samrules.serving.call import Call, Refusal, Reply, fault, problem, server_fault
from samrules.serving.operations import OPERATIONS, WRITING, Operation
from samrules.serving.pages import Page, problem_page
from samrules.serving.views import VIEWS, View

_STATUS = {"no-such-record": 404, "no-such-account": 404, "bad-ledger": 409, "ledger-busy": 429}
_RETRY = (("Retry-After", "5"),)


@attrs.define
class Service:
    """Rulesets by name, and where the ledger is. `answer` never raises for what a request holds.

    It is pickled into each worker, which opens the ledger for itself.
    """

    rules: Mapping[str, Rules]
    ledger: str | None = None
    read_only: bool = False
    shown: str = ""
    """The ledger as it may be shown, without a password."""
    _book: Ledger | None = attrs.field(default=None, init=False, repr=False)

    @property
    def book(self) -> Ledger:
        """The ledger, open. Raises LedgerError."""
        assert self.ledger is not None
        if self._book is None:
            self._book = Ledger.open(self.ledger, read_only=self.read_only)
        return self._book

    def close(self) -> None:
        if self._book is not None:
            self._book.close()
            self._book = None

    def operations(self) -> tuple[Operation, ...]:
        """Those that this server has: of the ledger only where there is one, and none that writes where it must not."""
        return tuple(o for o in OPERATIONS if self._has(o.needs))

    def pages(self) -> tuple[View, ...]:
        return tuple(v for v in VIEWS if self._has(v.needs))

    def _has(self, needs: str) -> bool:
        return not needs or (self.ledger is not None and not (needs == WRITING and self.read_only))

    def answer(self, call: Call) -> Reply:
        views = {v.name: v.handler for v in self.pages()}
        handlers = {o.name: o.handler for o in self.operations()}
        try:
            return (handlers.get(call.operation) or views[call.operation])(self, call)
        except Refusal as error:
            found = error
        except SamrulesError as error:
            found = _refusal(error)
        except Exception as error:
            return attrs.evolve(self._refused(call, server_fault()), fault=fault(error))
        return self._refused(call, found)

    def _refused(self, call: Call, found: Refusal) -> Reply:
        is_page = any(call.operation == v.name for v in self.pages())
        return problem_page(found, Page(call.form_token, call.signed_in, self.ledger is not None)) if is_page else problem(found)


def _refusal(error: SamrulesError) -> Refusal:
    """What the library found, as a refusal. Where the ledger lies is nothing for a visitor."""
    if not isinstance(error, LedgerError):
        return Refusal(422, error.diagnostics)
    status = min((_STATUS.get(p.code, 422) for p in error.diagnostics), default=422)
    return Refusal(status, [attrs.evolve(p, where="ledger") for p in error.diagnostics], _RETRY if status == 429 else ())

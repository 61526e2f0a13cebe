"""What answers requests: the rulesets, the ledger, and the operations over both. It knows nothing of HTTP's wires."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from samrules.errors import SamrulesError
from samrules.rules import Rules
from samrules.serving.call import Call, Refusal, Reply, fault, problem, server_fault
from samrules.serving.operations import OPERATIONS, Operation
from samrules.serving.pages import Page, problem_page
from samrules.serving.views import VIEWS, View


@attrs.frozen
class Service:
    """Rulesets by name, for one process. `answer` never raises for what a request holds."""

    rules: Mapping[str, Rules]
    ledger: str | None = None

    def operations(self) -> tuple[Operation, ...]:
        return OPERATIONS

    def pages(self) -> tuple[View, ...]:
        return VIEWS

    def answer(self, call: Call) -> Reply:
        views = {v.name: v.handler for v in self.pages()}
        handlers = {o.name: o.handler for o in self.operations()}
        try:
            return (handlers.get(call.operation) or views[call.operation])(self, call)
        except Refusal as error:
            found = error
        except SamrulesError as error:
            found = Refusal(422, error.diagnostics)
        except Exception as error:
            return attrs.evolve(self._refused(call, server_fault()), fault=fault(error))
        return self._refused(call, found)

    def _refused(self, call: Call, found: Refusal) -> Reply:
        is_page = any(call.operation == v.name for v in self.pages())
        return problem_page(found, Page(call.form_token, call.signed_in)) if is_page else problem(found)

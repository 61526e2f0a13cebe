"""Shared by all tests: how hard hypothesis tries, and the engines that behaviour is held to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings

from samrules.engines import durable_fence, outcome
from samrules.engines.measures import NO_RECORD, Record
from samrules.errors import EngineError
from samrules.rules import ENGINES
from tests.required import is_required

if TYPE_CHECKING:
    from tests.serving_kit import Visitor

settings.register_profile("usual", max_examples=60, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True)  # a gate says the same twice; `long` searches
settings.register_profile("ci_brief", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("long", max_examples=3000, deadline=None)
settings.register_profile("quick", max_examples=30, deadline=None, phases=[Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "usual"))


def why_no_durable() -> str | None:
    """Why durable_rules cannot be had here; None where it can."""
    try:
        durable_fence.engine()
    except EngineError as error:
        return error.diagnostics[0].message
    return None


needs_durable = pytest.mark.skipif(why_no_durable() is not None and not is_required("durable"), reason=str(why_no_durable()))


@pytest.fixture(params=[pytest.param(e, marks=needs_durable) if e == outcome.DURABLE else e for e in ENGINES])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs a test once on every engine: what it decides without naming one is decided by this one."""
    decide, wanted = outcome.decide, str(request.param)

    def on_this(plan: Any, facts: Any, as_of: Any, history: Sequence[Any] = (), record: Record = NO_RECORD,
                engine: str = outcome.INTERPRETER) -> Any:
        return decide(plan, facts, as_of, history, record, wanted)

    monkeypatch.setattr(outcome, "decide", on_this)
    return wanted


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Visitor]:
    """A visitor of a server over a ledger."""
    # imported here, as most tests have nothing to do with a server
    from tests.serving_kit import over_ledger, visiting

    with visiting(over_ledger(tmp_path)) as found:
        yield found


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """The same, for tests that write nothing."""
    from tests.serving_kit import over_ledger, visiting

    with visiting(over_ledger(tmp_path_factory.mktemp("ledger"))) as found:
        yield found

"""The server fuzzed from its own description: requests that keep to it and requests that do not; no answer is a fault.

Needs schemathesis (the extra `fuzz`); skipped with a word without it. `SAMRULES_FUZZ=500` tries as many requests of each kind.
"""

from __future__ import annotations

import os
import random
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.required import missing
from tests.serving_kit import TEXT, TOKEN, ledger_in
from tests.test_serve_process import Running, running

pytestmark = pytest.mark.filterwarnings("ignore")
COUNT = int(os.environ.get("SAMRULES_FUZZ", "12"))
PROFILE = settings(max_examples=COUNT, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None)
AUTHORIZATION = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def schemathesis() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import schemathesis as library
    except ImportError:
        missing("fuzz", "schemathesis is not installed")
    return library


@pytest.fixture(scope="module")
def server(schemathesis: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over a ledger, with a small ruleset and two bundled ones, of which one decides accounts together."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    (folder / "keep.yaml").write_text(TEXT, "utf-8")
    with running(str(folder / "keep.yaml"), "dedesignation", "portfolio", "--ledger", str(ledger_in(folder)), "--quiet", SAMRULES_TOKEN=TOKEN) as found:
        yield found


def belong_together(body: Any, chance: random.Random) -> None:
    """Events and reviews of accounts that are not there are refused as a whole: most get an account that is."""
    if not isinstance(body, dict):
        return
    ids = [a["account_id"] for a in body.get("accounts") or () if isinstance(a, dict) and isinstance(a.get("account_id"), str | int)] \
        if isinstance(body.get("accounts"), list) else []
    for name in ("events", "history"):
        entries = body.get(name)
        for entry in entries if isinstance(entries, list) and ids else ():
            if isinstance(entry, dict) and chance.random() < 0.9:
                entry["account_id"] = chance.choice(ids)


def fuzzed(schemathesis: Any, operation: Any, mode: Any) -> Counter[int]:
    """The statuses of the answers to so many requests of one kind; raises where one is not as described."""
    from schemathesis.specs.openapi import checks

    statuses: Counter[int] = Counter()
    chance = random.Random(1)
    held_to = [schemathesis.checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
               checks.response_schema_conformance, checks.response_headers_conformance]

    @seed(20261121)
    @PROFILE
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        belong_together(case.body, chance)
        answer = case.call(headers=AUTHORIZATION, timeout=60)
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=held_to)

    ask()
    return statuses


def test_no_answer_is_a_fault_and_each_is_as_described(schemathesis: Any, server: Running) -> None:
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json", headers=AUTHORIZATION)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 18
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    met = {(operation.label, mode): fuzzed(schemathesis, operation, mode) for operation in operations for mode in modes}
    assert not [label for (label, mode), statuses in met.items() if any(status >= 500 for status in statuses)]
    good = {label: sum(n for status, n in statuses.items() if status < 300) for (label, mode), statuses in met.items() if mode is modes[0]}
    decided = [n for label, n in good.items() if "/decide/" in label or "/explain/" in label]
    assert sum(decided) >= COUNT * len(decided) / 4, f"requests that keep to the description are mostly answered: {good}"
    bad = sum(n for (_, mode), statuses in met.items() if mode is modes[1] for status, n in statuses.items() if 400 <= status < 500)
    assert bad >= COUNT * len(operations) / 4, f"requests that do not are mostly refused: {met}"
    verified = server.ask("GET", "/api/audit/verify", authorization=f"Bearer {TOKEN}")
    assert verified[0] == 200
    assert '"ok": true' in verified[1]
    assert server.process.poll() is None

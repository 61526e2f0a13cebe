"""The digest of a ruleset is over what it means."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings

import samrules
from tests import strategies as some

slow = settings(deadline=None, suppress_health_check=list(HealthCheck))


@slow
@given(some.rulesets(monotone=False))
def test_the_digest_is_over_meaning(case: some.Case) -> None:
    """Layout, the order of declarations and comments change nothing; a threshold does."""
    rules = samrules.loads(case.text)
    laid_out = json.dumps(case.data, indent=3, ensure_ascii=False) + "\n# a comment\n"
    turned = {**case.data, "facts": dict(reversed(case.data["facts"].items())),
              "define": dict(reversed(case.data["define"].items()))}
    assert samrules.loads(laid_out).digest == rules.digest
    assert samrules.loads(json.dumps(turned)).digest == rules.digest
    changed = {**case.data, "parameters": {**case.data["parameters"], "least_count": {
        "type": "integer", "values": {"1990-01-01": 3, "2020-01-01": 4}}}}
    assert samrules.loads(json.dumps(changed)).digest != rules.digest

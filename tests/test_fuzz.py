"""A short run of the mutated rulesets; the long one is tests/fuzz/mutate_rulesets.py."""

from __future__ import annotations

import attrs
import pytest

from samrules.diagnostics import Span
from samrules.errors import RulesetError
from samrules.rules import loads
from tests.fuzz.mutate_rulesets import Find, _fit, examine, mutant, pool, run


def test_mutants_give_rules_or_diagnostics() -> None:
    summary = run(300, seed=2_000_000, seconds=90, save=None)
    assert not summary.finds
    assert summary.outcomes["loaded"] > 10
    assert summary.outcomes["refused"] > 100


def test_the_files_themselves_load_or_are_refused() -> None:
    """What the mutants are made from passes the same examination."""
    outcomes = {examine(data, seed) for seed, data in enumerate(sorted(set(pool())))}
    assert outcomes == {"loaded", "refused"}


def test_a_mutant_depends_on_its_seed_alone() -> None:
    files = pool()
    assert mutant(7, files) == mutant(7, files)


def test_what_is_unfit_is_found() -> None:
    with pytest.raises(RulesetError) as caught:
        loads("ruleset: r\n", file="mutant.yaml")
    found = caught.value.diagnostics[0]
    _fit(found, "ruleset: r\n")
    with pytest.raises(Find, match="outside"):
        _fit(attrs.evolve(found, span=Span("mutant.yaml", 9, 1, 9, 2)), "ruleset: r\n")
    with pytest.raises(Find, match="unfit"):
        _fit(attrs.evolve(found, help=""), "ruleset: r\n")

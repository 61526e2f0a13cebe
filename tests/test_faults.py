"""Planted faults: `samrules prove` finds each of them, and nothing else. tests/corpus/README.md says how."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from samrules.check.checker import check
from samrules.proofs.prove import prove
from samrules.syntax.library import load_bundle

pytest.importorskip("z3")

FAULTS = sorted((Path(__file__).parent / "corpus" / "faults").glob("*.yaml"))
AS_OF = date(2026, 11, 21)
_REMARK = re.compile(r"^# (finds|proves): (.+)$", re.MULTILINE)


def test_there_are_enough() -> None:
    assert len(FAULTS) >= 30


@pytest.mark.parametrize("path", FAULTS, ids=lambda p: p.stem)
def test_each_is_found(path: Path) -> None:
    """Every finding that the file names, and no other; nothing is left open."""
    report = prove(check(load_bundle(path)), AS_OF, seconds=60)
    remarks = _REMARK.findall(path.read_text())
    found = [f"{r.verdict.value} {r.what} {r.name}" for r in report.findings]
    assert sorted(found) == sorted(rest for word, rest in remarks if word == "finds")
    proved = {f"{r.what} {r.name}" for r in report.results if r.verdict.value == "proved"}
    assert proved >= {rest for word, rest in remarks if word == "proves"}
    assert not report.unknown, [r.says for r in report.unknown]
    assert all(r.account is not None for r in report.findings if r.verdict.value not in ("dead", "shadowed"))

"""Every idea of the sources is encoded somewhere, and losing one is noticed by name."""

from __future__ import annotations

import shutil
from pathlib import Path

from click.testing import CliRunner

from samrules.check.traceability import ideas, traceability_page, untraced
from samrules.cli.main import cli

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "rulesets" / "sources.yaml"


def test_all_159_ideas_are_encoded() -> None:
    assert sorted(i.number for i in ideas(SOURCES) if i.number is not None) == list(range(1, 160))
    assert untraced(SOURCES) == []


def test_the_page_is_current() -> None:
    page = (ROOT / "docs" / "traceability.md").read_text("utf-8")
    assert page == traceability_page(SOURCES), "run: samrules check rulesets/sources.yaml --ideas > docs/traceability.md"


def test_losing_the_last_citation_is_found_by_name(tmp_path: Path) -> None:
    for path in (ROOT / "rulesets").glob("*.yaml"):
        shutil.copy(path, tmp_path)
    file = tmp_path / "designation.yaml"
    file.write_text(file.read_text("utf-8").replace(", varasi/can-aspire", ""), "utf-8")
    found = CliRunner().invoke(cli, ["check", str(tmp_path / "sources.yaml")])
    assert found.exit_code == 1
    assert "warning[untraced]: nothing rests on the passage `varasi/can-aspire` (idea 14)" in found.stdout

"""The documentation is true: its examples load, its tables are those of the code."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import samrules
from samrules.cli.main import cli
from samrules.engines import durable
from samrules.engines.durable_lowering import lower
from samrules.engines.interpreter import parameters_at
from samrules.model.operators import OPERATORS
from samrules.syntax.structure import parse_sources

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


def test_the_example_of_the_language_page_loads() -> None:
    first = blocks("language.md")[0]
    rules = samrules.loads(first, file="language.md", folder=ROOT / "rulesets")
    assert rules.outcomes == ("release", "watch", "retain")


@pytest.mark.parametrize("block", blocks("language.md")[1:])
def test_the_parts_on_the_language_page_load(block: str) -> None:
    if block.startswith("sources:"):
        assert parse_sources(block, "language.md")
        return
    facts = "facts: {customer_growth_pct: {type: ratio}, personal_relationship_count: {type: integer}}\n"
    text = "ruleset: part\nversion: 1.0.0\n" + (block if block.startswith("facts:") else facts + block)
    samrules.loads(text)


def operator_table() -> str:
    rows = ["| operator | from … to | a missing operand |", "|---|---|---|"]
    rows += [f"| `{o.name}` | {o.signature.value} | {o.missing.value} |" for o in OPERATORS.values()]
    return "\n".join(rows)


def test_the_operator_table_is_that_of_the_code() -> None:
    page = (DOCS / "semantics.md").read_text("utf-8")
    found = re.search(r"<!-- operators:.*?-->\n(.*?)<!-- end of operators -->", page, re.DOTALL)
    assert found
    assert found[1].strip() == operator_table()


def test_the_example_of_the_engines_page_is_that_of_the_code() -> None:
    page = (DOCS / "engines.md").read_text("utf-8")
    found = re.search(r"<!-- example:.*?-->\n```yaml\n(.*?)```\n\nbecomes\n\n```text\n(.*?)```\n<!-- end of example -->", page, re.DOTALL)
    assert found
    plan = samrules.loads(found[1])._plan
    assert found[2].rstrip("\n") == durable.legend(lower(plan, parameters_at(plan, date(2026, 11, 21))))


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*DOCS.glob("*.md"), *ROOT.glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_picture_of_designation_is_current() -> None:
    """Written by `samrules graph designation --out docs/designation.svg`."""
    drawn = CliRunner().invoke(cli, ["graph", "designation", "--format", "svg"])
    assert drawn.stdout == (DOCS / "designation.svg").read_text("utf-8")


def test_the_readme_shows_what_is_printed() -> None:
    page = (ROOT / "README.md").read_text("utf-8")
    shown = re.search(r"```\n(Because of the rule .*?)```", page, re.DOTALL)
    command = re.search(r"^samrules (explain .* norvale) --as-of", page, re.MULTILINE)
    assert shown and command
    args = [*command[1].replace("examples/", f"{ROOT}/examples/").split(), "--as-of", "2026-11-21"]
    assert shown[1] in CliRunner().invoke(cli, args).stdout


def test_the_python_of_the_readme_is_true() -> None:
    page = (ROOT / "README.md").read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code
    names: dict[str, Any] = {"print": lambda _: None}
    exec(code[1], names)
    for value, said in re.findall(r"^(decision\.\w+)  # ([('].*)$", code[1], re.MULTILINE):
        assert repr(eval(value, names)) == said

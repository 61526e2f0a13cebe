"""DMN files that are imported, and rulesets that are exported, as tests: what is expected stands inside each file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import samrules
from samrules import catalogue
from samrules.diagnostics import Diagnostic
from samrules.errors import OutputError, RulesetError
from samrules.exchange.export import export
from samrules.exchange.importing import imported
from samrules.exchange.xml_read import MAX_SIZE
from tests.test_corpus import AS_OF, CORPUS, yaml

FILES = sorted((CORPUS / "dmn").iterdir())
_EXPECTED = re.compile(r"^(?:<!--|#) (expect|case): (.*?)(?: -->)?$", re.MULTILINE)


def remarks(path: Path, word: str) -> list[str]:
    return [found[2] for found in _EXPECTED.finditer(path.read_text(encoding="utf-8")) if found[1] == word]


def findings(path: Path) -> tuple[Diagnostic, ...]:
    """What is said of a file: by an import of a DMN file, by an export of a ruleset."""
    try:
        if path.suffix == ".yaml":
            return export(samrules.load(path).checked, AS_OF).notes
        imported(path)
    except (RulesetError, OutputError) as error:
        return tuple(error.diagnostics)
    return ()


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_finding_is_the_one_expected(path: Path) -> None:
    found = findings(path)
    shown = "\n".join(f"{d.line if d.span else '-'} {d.code} {d.message} | {d.help}" for d in found)
    expected = remarks(path, "expect")
    assert len(expected) == len(found), shown
    for text, d in zip(expected, found, strict=True):
        line, code, part = text.split(" ", 2)
        assert (line, code) == (str(d.line if d.span else "-"), d.code), shown
        assert part in f"{d.message} | {d.help}", shown
        assert d.help


@pytest.mark.parametrize("path", [p for p in FILES if remarks(p, "case")], ids=lambda p: p.stem)
def test_what_is_kept_decides_as_the_file_says(path: Path) -> None:
    rules = samrules.loads(imported(path))
    for case in remarks(path, "case"):
        facts, _, outcome = case.rpartition(" => ")
        assert rules.decide({"account_id": "A", **yaml(facts)}, as_of=AS_OF).outcome == outcome, case


def test_every_code_has_a_file() -> None:
    shown = {text.split(" ", 2)[1] for path in FILES for text in remarks(path, "expect")}
    assert shown == {e.code for e in catalogue._EXCHANGE}
    assert all(remarks(p, "expect") or remarks(p, "case") for p in FILES)


def test_a_file_that_would_be_silly_to_keep(tmp_path: Path) -> None:
    huge = tmp_path / "huge.dmn"
    huge.write_bytes(b"<a>" + b" " * MAX_SIZE + b"</a>")
    assert [(d.code, d.message) for d in findings(huge)] == [("too-large", "the file is larger than 5 MB")]

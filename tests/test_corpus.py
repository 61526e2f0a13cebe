"""Rulesets as tests: what is expected of each file stands inside it. tests/corpus/README.md says how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
from ruamel.yaml import YAML

from samrules import catalogue
from samrules.diagnostics import Diagnostic
from samrules.errors import FactError, RulesetError
from samrules.model.types import Duration
from samrules.rules import Rules, load, loads

CORPUS = Path(__file__).parent / "corpus"
GOOD, BAD, LINT = (
    sorted(p for p in (CORPUS / folder).glob("*.yaml") if p.name != "sources.yaml" and not p.name.startswith("used_"))
    for folder in ("good", "bad", "lint")
)
AS_OF = date(2026, 11, 21)

_COMMENT = re.compile(r"^# (case|as_of|account|history|events|expect|finds|disputed): ?(.*?)\r?$", re.MULTILINE)
_FOUND = re.compile(r"(?:(\S+\.(?:yaml|csv|xlsx)):)?(\d+):(\d+) (\w+)\[([a-z-]+)\] ?(.*)$")


def remarks(path: Path) -> list[tuple[str, str]]:
    """The comments that say what is expected, as (word, rest)."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    return [(found[1], found[2]) for found in _COMMENT.finditer(text)]


def skip_if_disputed(path: Path) -> None:
    for word, rest in remarks(path):
        if word == "disputed":
            pytest.skip(rest)


def yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@attrs.frozen
class Case:
    """One decision and what is expected of it."""

    facts: dict[str, Any]
    as_of: date
    history: list[dict[str, Any]]
    expected: dict[str, Any]
    events: list[dict[str, Any]] | None = None


def cases(path: Path) -> Iterator[Case]:
    as_of = AS_OF
    facts: dict[str, Any] = {}
    history: list[dict[str, Any]] = []
    events: list[dict[str, Any]] | None = None
    for word, rest in remarks(path):
        if word == "as_of":
            as_of = date.fromisoformat(rest.strip())
        elif word == "case":
            given, _, outcome = rest.rpartition(" => ")
            yield Case({"account_id": "A", **yaml(given)}, as_of, [], {"outcome": yaml(outcome)})
        elif word == "account":
            facts, history, events = yaml(rest), [], None
        elif word == "history":
            history = yaml(rest)
        elif word == "events":
            events = yaml(rest)
        elif word == "expect":
            yield Case(facts, as_of, history, yaml(rest), events)


def plain(value: Any) -> Any:
    """A value as the expectations write it."""
    if isinstance(value, Duration):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def decided(rules: Rules, case: Case) -> dict[str, Any]:
    """The decision, in the words of the expectations."""
    try:
        decision = rules.decide(case.facts, history=case.history, events=case.events, as_of=case.as_of)
    except FactError as error:
        return {"error": [d.code for d in error.diagnostics]}
    return {
        "error": None,
        "outcome": plain(decision.outcome),
        "settled": decision.settled,
        "possible": list(decision.possible),
        "deciding_unknowns": list(decision.deciding_unknowns),
        "outputs": {name: plain(value) for name, (value, _) in decision.outputs.items()},
        "parts": {p.ruleset: p.outcome for p in decision.parts},
        "fired": [r.name for r in decision.fired],
        "stopped": [r.name for r in decision.stopped],
        "near": [r.name for r in decision.near],
        "because": {r.name: r.because for r in decision.fired},
        "scores": {s.name: {"low": s.low, "high": s.high, "band": s.band} for s in decision.scores},
    }


def agrees(expected: Any, found: Any) -> bool:
    """Whether what was found is as expected: alike in type, numbers to the last digits but three."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(k in found and agrees(v, found[k]) for k, v in expected.items())
    if isinstance(expected, float) and isinstance(found, float):
        return found == pytest.approx(expected, rel=1e-12, abs=1e-12)
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(agrees, expected, found))
    return type(expected) is type(found) and bool(expected == found)


def normal(expected: dict[str, Any]) -> dict[str, Any]:
    """Scores, written `[low, high]` or in full, in full and as doubles."""
    found = {"error": None, **expected}
    if "scores" in found:
        scores = {}
        for name, score in found["scores"].items():
            score = dict(zip(("low", "high"), score, strict=True)) if isinstance(score, list) else score
            scores[name] = {k: float(v) if isinstance(v, int) else v for k, v in score.items()}
        found["scores"] = scores
    return found


def same_findings(path: Path, word: str, diagnostics: tuple[Diagnostic, ...]) -> None:
    """Every diagnostic, in order, is the one the file expects, and is fit for a reader."""
    expected = [rest for w, rest in remarks(path) if w == word]
    shown = "\n".join(f"{d.line}:{d.column} {d.severity}[{d.code}] {d.message} | {d.help}" for d in diagnostics)
    assert len(expected) == len(diagnostics), shown
    for text, d in zip(expected, diagnostics, strict=True):
        found = _FOUND.match(text)
        assert found, f"not an expectation: {text}"
        file, line, column, severity, code, part = found.groups()
        assert d.file is not None
        assert Path(d.file).name == (file or path.name), shown
        assert (str(d.line), str(d.column), str(d.severity), d.code) == (line, column, severity, code), shown
        assert part in f"{d.message} | {d.help}", shown
        assert d.message
        assert d.help


# --- the files -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_good(path: Path) -> None:
    """The file loads and each account is decided as the file says."""
    skip_if_disputed(path)
    rules = load(path)
    for case in cases(path):
        found, expected = decided(rules, case), normal(case.expected)
        differing = {k: found.get(k) for k, v in expected.items() if not agrees(v, found.get(k))}
        assert not differing, f"{case.facts} as of {case.as_of}: expected {case.expected}, found {differing}"


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.stem)
def test_bad(path: Path) -> None:
    """The file is refused with exactly the diagnostics it lists."""
    skip_if_disputed(path)
    with pytest.raises(RulesetError) as caught:
        load(path)
    same_findings(path, "expect", caught.value.diagnostics)


@pytest.mark.parametrize("path", LINT, ids=lambda p: p.stem)
def test_lint(path: Path) -> None:
    """The file loads, with exactly the findings it lists."""
    skip_if_disputed(path)
    same_findings(path, "finds", load(path).findings)


# --- the corpus as a whole -----------------------------------------------------------------------

OF_RULESETS = {e.code for e in (*catalogue._READING, *catalogue._CHECKING)}
NOT_OF_A_FILE = {"no-such-file", "too-large", "untraced"}
"""Tested below and in test_traceability: what shows them is no small text of a ruleset."""


def test_there_are_many() -> None:
    assert len(GOOD) >= 40
    assert len(BAD) >= 40
    assert all(any(w in ("case", "expect") for w, _ in remarks(p)) for p in GOOD if not p.stem.startswith("helper_"))
    assert all(any(w in ("expect", "disputed") for w, _ in remarks(p)) for p in BAD)


def test_every_code_has_a_file() -> None:
    """Each code of the catalogue that concerns rulesets is what some file is about."""
    shown = {
        found[5]
        for path in (*BAD, *LINT)
        for word, rest in remarks(path)
        if word in ("expect", "finds") and (found := _FOUND.match(rest))
    }
    assert OF_RULESETS - NOT_OF_A_FILE - shown == set()


def codes(text: str | Path) -> list[str]:
    with pytest.raises(RulesetError) as caught:
        load(text) if isinstance(text, Path) else loads(text)
    return [d.code for d in caught.value.diagnostics]


HEAD = "ruleset: r\nversion: 1.0.0\n"


def test_files_that_would_be_silly_to_keep(tmp_path: Path) -> None:
    empty, huge = tmp_path / "empty.yaml", tmp_path / "huge.yaml"
    empty.write_bytes(b"")
    huge.write_bytes(b"#" * 10_000_000)
    assert codes(empty) == ["empty-file"]
    assert codes(huge) == ["too-large"]
    assert codes(tmp_path / "none.yaml") == ["no-such-file"]
    assert codes(tmp_path) == ["no-such-file"]


@pytest.mark.parametrize("text", [
    HEAD + "define: {d: " + "[" * 10_000 + "]" * 10_000 + "}\n",
    HEAD + "define:\n  d:\n" + "".join("    " + "  " * i + "all:\n" for i in range(40)),
    HEAD + "define:\n  d: " + "(" * 2_000 + "a" + ")" * 1_990 + "\n",
    HEAD + "define: {d: '" + "not " * 900 + "a'}\n",
    HEAD + "define: {d: '" + "a and " * 1_000 + "a'}\n",
])
def test_what_is_too_deep_is_refused(text: str) -> None:
    assert codes(text) in (["too-deep"], ["expression-syntax"])

"""The JSON Schema: valid itself, true to the table of keys, and of one mind with the reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from samrules.model import ruleset as rs
from samrules.syntax.entries import ENTRIES, Sources
from samrules.syntax.schema import _FORMS, ruleset_schema
from tests.test_corpus import _FOUND, BAD, GOOD, LINT, remarks

RULESETS = sorted(
    p for p in (Path(__file__).parent.parent / "rulesets").glob("*.yaml") if p.name != "sources.yaml"
)
STRUCTURAL = {"unknown-key", "missing-key", "wrong-shape", "bad-type", "bad-name"}
SEMANTIC = {"reserved_outcome", "fault_in_a_used_ruleset_only"}
"""The code is one of form; the fault is one that a schema cannot see."""
VALIDATOR = Draft202012Validator(ruleset_schema())


def as_json(value: Any) -> Any:
    """What an editor's YAML reader makes of a file: dates stay text."""
    if isinstance(value, dict):
        return {str(k): as_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_json(v) for v in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def without_nulls(value: Any) -> Any:
    """A key with nothing after it counts as absent; a schema would have to say so of every key."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return value


def content(path: Path) -> Any:
    reader = YAML(typ="safe", pure=True)
    return as_json(reader.load(path.read_bytes().decode("utf-8-sig")))


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(ruleset_schema())


def test_its_keys_are_those_of_the_table() -> None:
    """A key added to the language without a form here would fail to build; one left over is dead."""
    for cls, forms in _FORMS.items():
        assert tuple(sorted(forms)) == tuple(sorted(ENTRIES[cls].keys)), cls
    assert set(_FORMS) == {c for c in ENTRIES if c not in (rs.Source, rs.Passage) and c is not Sources}


@pytest.mark.parametrize("path", [*RULESETS, *GOOD, *LINT], ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_what_the_reader_takes_is_valid(path: Path) -> None:
    errors = [f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(without_nulls(content(path)))]
    assert not errors


def structural() -> list[Path]:
    """The bad files that are well-formed YAML and whose faults are ones of form only."""
    found = []
    for path in BAD:
        codes = {m[5] for _, rest in remarks(path) if (m := _FOUND.match(rest))}
        try:
            content(path)
        except (YAMLError, ValueError, OverflowError):
            continue
        if codes & STRUCTURAL and path.stem not in SEMANTIC:
            found.append(path)
    return found


def misfits() -> dict[str, Any]:
    found: dict[str, Any] = content(Path(__file__).parent / "corpus/bad/measure_keys.yaml")["measures"]
    return {name: body for name, body in found.items() if name != "long"}  # that a duration is no fact is not of form


@pytest.mark.parametrize("name", misfits())
def test_each_misfit_of_a_measure_is_invalid(name: str) -> None:
    head = {"ruleset": "r", "version": "1.0.0"}
    assert not VALIDATOR.is_valid({**head, "measures": {"m": misfits()[name]}})
    assert VALIDATOR.is_valid({**head, "measures": {"m": {"share": "said", "value": "level >= 3", "weight": "w"}}})


def ladders() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in ("ladder_gap", "ladder_lowest_level", "ladder_too_high"):
        made = content(Path(__file__).parent / f"corpus/bad/{file}.yaml")["ladders"]
        found |= {f"{file}.{name}": body for name, body in made.items() if name not in ("left_out", "from_above")}
    return found  # but for gaps: no schema counts


@pytest.mark.parametrize("name", ladders())
def test_each_ladder_that_does_not_stand_is_invalid(name: str) -> None:
    head = {"ruleset": "r", "version": "1.0.0"}
    assert not VALIDATOR.is_valid({**head, "ladders": {"step": ladders()[name]}})
    fine = {"on_record": "level", "levels": {"1": None, "2": {"requires": "a"}, "3": {"requires": "b"}}}
    assert VALIDATOR.is_valid({**head, "ladders": {"step": fine}})


@pytest.mark.parametrize("path", structural(), ids=lambda p: p.stem)
def test_a_fault_of_form_is_invalid(path: Path) -> None:
    assert not VALIDATOR.is_valid(content(path))

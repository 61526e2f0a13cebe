"""The JSON Schema: valid itself, true to the table of keys, and of one mind with the reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from samrules.authoring.cases_schema import CASE, FILE, OTHER, cases_schema
from samrules.authoring.expectations import KEYS as _EXPECTATIONS
from samrules.authoring.read_cases import _CASE, _FILE, _OTHER
from samrules.model import ruleset as rs
from samrules.model.types import DECLARABLE
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


# --- what an editor shows ---------------------------------------------------------------------------


def keys_of(schema: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that a user may write, with its schemas; a condition beside the main one may add another."""
    if isinstance(schema, list):
        for inner in schema:
            yield from keys_of(inner, at)
    elif isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            if isinstance(inner, dict):
                yield f"{at}.{name}", inner
        for key, inner in schema.items():
            if key not in ("examples", "if"):
                yield from keys_of(inner, at if key in ("then", "else", "properties", "anyOf", "oneOf") else f"{at}.{key}")


def told(schema: dict[str, Any], whole: dict[str, Any]) -> str:
    """What an editor tells of a key: its own words, else those of what it refers to."""
    if schema.get("description"):
        return str(schema["description"])
    ref = schema.get("$ref", "").removeprefix("#/$defs/")
    return told(whole["$defs"][ref], whole) if ref else ""


@pytest.mark.parametrize("whole", [ruleset_schema(), cases_schema()], ids=["ruleset", "cases"])
def test_every_key_says_what_it_is_for(whole: dict[str, Any]) -> None:
    said: dict[str, list[str]] = {}
    for key, schema in keys_of(whole):
        said.setdefault(key, []).append(told(schema, whole))
    assert len(said) > 30
    for key, texts in said.items():
        assert any(texts), key
        for text in filter(None, texts):
            assert text[-1] in ".`?", f"{key}: {text}"
            assert text[0].isupper() or text[0] == "`", f"{key}: {text}"


def test_enumerations_are_those_of_the_code() -> None:
    defs = ruleset_schema()["$defs"]
    assert tuple(defs["decision"]["properties"]["hit_policy"]["enum"]) == rs.HIT_POLICIES
    examples = defs["fact"]["properties"]["type"]["examples"]
    assert {example.split()[0] for example in examples} == {str(kind) for kind in DECLARABLE}
    assert all(key in defs["measure"]["properties"] for key in rs.MEASURES)


CASES = sorted((Path(__file__).parent.parent / "rulesets/cases").glob("*.cases.yaml"))
OF_CASES = Draft202012Validator(cases_schema())


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_the_bundled_cases_are_valid(path: Path) -> None:
    assert [f"{e.json_path}: {e.message}" for e in OF_CASES.iter_errors(content(path))] == []


def test_the_cases_schema_has_the_keys_of_the_reader() -> None:
    Draft202012Validator.check_schema(cases_schema())
    assert set(FILE) == set(_FILE)
    assert set(CASE) == set(_CASE)
    assert set(OTHER) == set(_OTHER)
    assert set(cases_schema()["$defs"]["expect"]["properties"]) == set(_EXPECTATIONS)


@pytest.mark.parametrize("fault", [
    {"ruleset": "r"}, {"ruleset": "r", "cases": {}}, {"ruleset": "r", "cases": {"a": {}}}, {"ruleset": "R", "cases": {"a": {"expect": {"outcome": "x"}}}},
    {"ruleset": "r", "cases": {"a": {"expect": {}}}}, {"ruleset": "r", "cases": {"a": {"expect": {"outcom": "x"}}}},
    {"ruleset": "r", "cases": {"a": {"expects": {"outcome": "x"}}}}, {"ruleset": "r", "as_of": "21/11/2026", "cases": {"a": {"expect": {"outcome": "x"}}}},
    {"ruleset": "r", "cases": {"a": {"events": [{"event": "x"}], "expect": {"outcome": "x"}}}},
    {"ruleset": "r", "cases": {"a": {"others": {"b": {"times": 0}}, "expect": {"outcome": "x"}}}},
])
def test_a_fault_of_form_in_cases_is_invalid(fault: dict[str, Any]) -> None:
    assert not OF_CASES.is_valid(fault)
    assert OF_CASES.is_valid({"ruleset": "r", "as_of": "2026-11-21", "cases": {"a": {"expect": {"outcome": "x"}}}})

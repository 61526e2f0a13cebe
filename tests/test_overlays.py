"""Overlays: a ruleset that extends another is the ruleset that the two of them come to."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.syntax.formatter import format_text
from tests.strategies import Case, rulesets

ROOT = Path(__file__).parent.parent
GOOD = ROOT / "tests" / "corpus" / "good"
OVERLAY = "ruleset: acme\nversion: 1.0.0\nextends: designation\n"


def loaded(text: str, folder: Path) -> samrules.Rules:
    name = re.search(r"ruleset: (\w+)", text)
    assert name
    path = folder / f"{name[1]}.yaml"
    path.write_text(text, "utf-8")
    return samrules.load(path)


def test_nothing_changed_is_the_same_ruleset(tmp_path: Path) -> None:
    """The digest is that of the result: an overlay that changes nothing has the digest of what it extends."""
    assert loaded(OVERLAY.replace("acme", "designation"), tmp_path).digest == samrules.load("designation").digest
    assert loaded(OVERLAY, tmp_path).digest != samrules.load("designation").digest  # another name


def test_the_result_is_as_if_written_out(tmp_path: Path) -> None:
    text = (ROOT / "rulesets" / "designation.yaml").read_text("utf-8")
    written = text.replace("{1990-01-01: 100k}", "{1990-01-01: 250k}").replace("capability_fit >= good_fit", "capability_fit >= 4")
    written = re.sub(r"  kept_as_a_vendor:.*?(?=  released_recently:)", "", written, flags=re.DOTALL)
    laid = ("ruleset: designation\nversion: 1.0.0\nextends: designation\n"
            "replace:\n  parameters: {revenue_floor: {values: {1990-01-01: 250k}}}\n"
            "  define: {suits_us: {all: [capability_fit >= 4, culture_fit >= good_fit]}}\n"
            "remove: {rules: [kept_as_a_vendor]}\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = loaded(written, tmp_path / "a"), loaded(laid, tmp_path / "b")
    assert written.count("250k") == 1
    assert one.ruleset == other.ruleset
    assert one.digest == other.digest


def test_rulesets_above_see_the_overlay_beside_them(tmp_path: Path) -> None:
    """An overlay of the same name stands in for the bundled one wherever that is used, out of its folder."""
    loaded("ruleset: dedesignation\nversion: 1.0.0\nextends: dedesignation\n"
           "replace: {parameters: {kept_promises: {values: {1990-01-01: 95%}}}}\n", tmp_path)
    rules = loaded("ruleset: programme\nversion: 1.0.0\nextends: programme\n", tmp_path)
    assert [v.value for v in rules.plan.parameters["dedesignation.kept_promises"].values] == [0.95]
    assert samrules.load("programme").digest != rules.digest


def test_a_part_knows_where_it_comes_from() -> None:
    overlay = samrules.load(GOOD / "overlay.yaml").ruleset.overlay
    assert overlay is not None
    assert [(layer.ruleset, layer.version) for layer in overlay.layers] == [
        ("overlay", "1.0.0"), ("helper_overlay_between", "2.0.0"), ("helper_overlaid", "1.0.0")]
    assert {(o.section, o.name): (o.ruleset, [(c.key, c.ruleset) for c in o.changes]) for o in overlay.origins
            if o.changes or o.ruleset != "helper_overlaid"} == {
        ("facts", "visits"): ("helper_overlay_between", []),
        ("parameters", "good"): ("helper_overlaid", [("title", "helper_overlay_between"), ("values", "overlay")]),
        ("define", "liked"): ("helper_overlaid", [("title", "overlay")]),
        ("define", "grows"): ("helper_overlaid", [("value", "overlay")]),
        ("scorecards", "mark"): ("helper_overlaid", [("criteria.by_growth.points", "overlay")]),
        ("rules", "keep"): ("helper_overlaid", [("no sustained", "overlay"), ("no unless", "overlay")]),
        ("rules", "lose"): ("overlay", []),
        ("rules", "new"): ("overlay", []),
        ("decide", "action"): ("helper_overlaid", [("no always", "overlay"), ("otherwise", "overlay")]),
    }
    assert [(g.section, g.name) for g in overlay.removed] == [
        ("rules", "keep.sustained"), ("rules", "keep.unless"), ("rules", "lose"), ("decide", "action.always")]


def test_show_says_it(tmp_path: Path) -> None:
    shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
    done = CliRunner().invoke(cli, ["show", str(tmp_path / "overlay.yaml"), "--as-of", "2026-11-21"])
    assert done.exit_code == 0
    shown = done.stdout.replace(str(tmp_path) + "/", "").replace("\n", " ")
    shown = re.sub(r" +", " ", shown)
    assert "Extends helper_overlay_between 2.0.0 (" in shown
    assert "which extends helper_overlaid 1.0.0 (" in shown
    assert "- Removed by overlay: rules lose " in shown
    assert "‹good› 9, since 1 January 1990 A mark that is good. So they say. from helper_overlaid; helper_overlay_between gives title; overlay gives values " in shown
    assert "Keep → go when - they like us from helper_overlaid; overlay removes sustained and unless " in shown
    data = CliRunner().invoke(cli, ["show", str(tmp_path / "overlay.yaml"), "--format", "json"]).stdout
    assert '"overlay": {\n    "layers": [' in data
    assert '"overlay"' not in CliRunner().invoke(cli, ["show", "designation", "--format", "json"]).stdout


def test_a_table_of_a_file_is_looked_up_beside_what_is_extended(tmp_path: Path) -> None:
    text = "ruleset: base\nversion: 1.0.0\nfacts: {n: {type: integer}}\ntables: {t: {file: t.csv}}\n" \
        "decide: {d: {outcomes: [go, stay], otherwise: stay}}\n"
    (tmp_path / "base.yaml").write_text(text, "utf-8")
    (tmp_path / "t.csv").write_text("n,then d\n>= 3,go\n", "utf-8")
    rules = loaded("ruleset: over\nversion: 1.0.0\nextends: base\nreplace: {tables: {t: {because: \"{account} has many\"}}}\n", tmp_path)
    decision = rules.decide({"account_id": "a", "n": 3})
    assert decision.outcome == "go"
    assert decision.fired[0].because == "a has many."


def test_a_problem_in_what_is_extended_stands_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("ruleset: base\nversion: 1.0.0\nfacts: {n: {type: intger}}\n", "utf-8")
    with pytest.raises(samrules.RulesetError) as caught:
        loaded("ruleset: over\nversion: 1.0.0\nextends: base\n", tmp_path)
    (problem,) = caught.value.diagnostics
    assert (Path(problem.file or "").name, problem.line, problem.text) == ("base.yaml", 3, "facts: {n: {type: intger}}")


def test_the_formatter_keeps_what_an_overlay_says() -> None:
    text = "ruleset: a\nversion: 1.0.0\nextends: b  # the base\nreplace:\n    define: {x: '(a) and b', y: {all: [ \"a>=1\", b ] }}\n" \
        "    rules: {r: {because: '{account}', then: {d: 'true'}}}\nremove: {rules: [ s ]}\n"
    done = format_text(text, "a.yaml")
    assert done == (
        'ruleset: a\nversion: 1.0.0\nextends: b  # the base\n\nreplace:\n  define: {x: a and b, y: {all: [a >= 1, b]}}\n'
        '  rules: {r: {because: "{account}", then: {d: true}}}\n\nremove: {rules: [s]}\n').replace("{d: true}", '{d: "true"}')
    assert format_text(done, "a.yaml") == done
    with pytest.raises(samrules.RulesetError, match="expression-syntax"):
        format_text("ruleset: a\nversion: 1.0.0\nextends: b\ndefine: {x: a >=}\n", "a.yaml")


PARTS = ("parameters", "define", "rules")


@given(rulesets(), st.data())
def test_split_and_joined_is_the_same(case: Case, data: st.DataObject) -> None:
    """Any parts of a random ruleset may be moved out into an overlay: what the two come to is the ruleset."""
    import json
    import tempfile

    base = {key: dict(value) if key in PARTS else value for key, value in case.data.items()}
    over: dict[str, Any] = {"ruleset": "random", "version": "1.0.0", "extends": "base"}
    for section in PARTS:
        names = list(base[section])
        first = data.draw(st.integers(1 if section == "rules" else 0, len(names)), label=section)
        moved = {name: base[section].pop(name) for name in names[first:]}
        if moved:
            over[section] = moved
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "base.yaml").write_text(json.dumps({**base, "ruleset": "base"}), "utf-8")
        joined = samrules.loads(json.dumps(over), folder=folder)
    whole = samrules.loads(case.text)
    assert joined.digest == whole.digest
    assert joined.ruleset == attrs.evolve(whole.ruleset, overlay=None)


def test_the_page_is_true(tmp_path: Path) -> None:
    """Its example loads but for the one line that it says is an error."""
    page = (ROOT / "docs" / "overlays.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    with pytest.raises(samrules.RulesetError) as caught:
        loaded(example[1], tmp_path)
    (problem,) = caught.value.diagnostics
    assert problem.render().splitlines()[0].removeprefix(f"{tmp_path}/") in page
    good = loaded(example[1].replace(", not_interested_yet.unless", ""), tmp_path)
    assert good.findings == ()
    shown = CliRunner().invoke(cli, ["show", str(tmp_path / "acme_designation.yaml")]).stdout
    assert "    from designation; acme_designation gives because\n" in shown

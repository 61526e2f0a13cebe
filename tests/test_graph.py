"""Pictures of rulesets: complete, legible, the same everywhere, and safe whatever the names are."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from samrules.check.checker import check
from samrules.cli.main import cli
from samrules.errors import RulesetError
from samrules.model.expressions import names
from samrules.model.ruleset import expressions_of
from samrules.publishing import graph as g
from samrules.publishing.draw import draw
from samrules.publishing.layout import arrange
from samrules.publishing.mermaid import mermaid
from samrules.publishing.rails import Wish, lay
from samrules.publishing.svg import svg
from samrules.syntax.library import bundle_of_text, bundled_names, load_bundle
from tests.test_corpus import GOOD

SVG = "{http://www.w3.org/2000/svg}"


def graph_of(name: str | Path, *only: str, depth: int | None = None) -> g.Graph:
    return draw(check(load_bundle(name)), only, depth)


def reads(graph: g.Graph, key: str, kind: str = g.LEADS) -> set[str]:
    """The words in the boxes that lead to a box."""
    lines = {box.key: box.lines for box in graph.boxes}
    return {line for a in graph.arrows if a.target == key and a.kind == kind for line in lines[a.source]}


def test_designation_is_drawn_as_it_is_written() -> None:
    graph = graph_of("designation")
    assert reads(graph, "definition suits_us") == {"capability fit", "culture fit"}
    assert reads(graph, "definition proven") == {
        "strategic score", "serves our goals", "gains beyond money", "customer treats us as strategic", "level ceiling",
        "promises kept so far", "suits us", "we are committed"}
    assert reads(graph, "rule early_on_potential") == {"strategic score", "up and coming"}
    assert reads(graph, "rule early_on_potential", g.STOPS) == {
        "cooling off", "left in peace", "wants closer relationship", "measures us by price"}
    assert reads(graph, "outcome nominate") == {"waits for a place", "early on potential"}
    asked = {(box.heading, line) for box in graph.boxes if box.kind == g.ASKED for line in box.lines}
    assert ("dedesignation", "promises kept share") in asked
    assert ("buy sell", "measures us by price") in asked


@pytest.mark.parametrize("path", [*bundled_names(), *GOOD], ids=str)
def test_every_ruleset_is_drawn_in_both_forms(path: str | Path) -> None:
    """Well-formed, no arrow to nowhere, and all that its rules and definitions name is there."""
    checked = check(load_bundle(path))
    try:
        graph = draw(checked)
    except RulesetError as error:
        assert [d.code for d in error.diagnostics] == ["nothing-to-draw"]
        assert not (checked.main.rules or checked.main.define or checked.main.measures)
        return
    keys = [box.key for box in graph.boxes]
    assert len(keys) == len(set(keys))
    assert all(a.source in keys and a.target in keys for a in graph.arrows)
    scope = checked.scopes[checked.main.name]
    said = " ".join(f"{' '.join(box.lines)} {box.says}" for box in graph.boxes).replace(" ∑", "")
    for member in (*checked.main.rules, *checked.main.define):
        for name in (n.name for e in expressions_of(member) for n in names(e)):
            meaning = scope.get(name)
            if meaning and meaning.role.value == "fact":
                assert name.replace("_", " ") in said
    drawn = svg(graph)
    root = ET.fromstring(drawn)
    assert root.find(f"{SVG}title") is not None
    assert root.findtext(f"{SVG}desc") == graph.says
    assert mermaid(graph).count("\n  n") == len(graph.boxes) + len(graph.arrows)
    again = draw(check(load_bundle(path)))
    assert (svg(again), mermaid(again)) == (drawn, mermaid(graph))


def test_a_ladder_and_a_lifecycle_are_state_diagrams() -> None:
    (ladder,) = graph_of("buy_sell").machines
    assert [s.lines[0] for s in ladder.states] == ["1  price", "2  quality", "3  business results", "4  trusted adviser"]
    assert [(w.origins, w.to) for w in ladder.ways] == [
        (("1",), "2"), (("2",), "3"), (("3",), "4"), (("2",), "1"), (("3",), "2"), (("4",), "3")]
    (lifecycle,) = graph_of("programme").machines
    assert next(s.key for s in lifecycle.states if s.start) == "none"
    assert ("none", "nominated", "cool_off") in [w.origins for w in lifecycle.ways if w.lines == ("designate",)]
    text = mermaid(graph_of("programme"))
    assert 'm1s3 -- "put on watch" --> m1s4' in text


def test_a_rule_alone_and_some_steps_only() -> None:
    whole = graph_of("programme", "release")
    assert {box.key for box in whole.boxes if box.kind == g.RULE} == {"rule release"}
    assert "rejects our services" in {line for box in whole.boxes for line in box.lines}
    near = graph_of("programme", "release", depth=1)
    assert "rejects our services" not in {line for box in near.boxes for line in box.lines}
    assert {box.lines for box in near.boxes if box.kind == g.DEFINITION} == {("turns away …",)}
    assert {box.key for box in near.boxes if box.kind == g.OUTCOME} == {"outcome released"}


HOSTILE = """\
ruleset: hostile
version: 1.0.0
title: '</title><script>alert(1)</script> "& <b>'
facts: {big: {type: boolean, title: '<script>alert(2)</script>'}}
define:
  large: {title: '"></text><script>alert(3)</script>', value: big}
rules:
  takes: {title: '<img src=x onerror=alert(4)>', when: large, then: {place: in}}
decide: {place: {title: '<script>', outcomes: [in, out], otherwise: out}}
"""


def test_names_are_text() -> None:
    graph = draw(check(bundle_of_text(HOSTILE, "hostile.yaml")))
    root = ET.fromstring(svg(graph))
    assert {e.tag.removeprefix(SVG) for e in root.iter()} == {"svg", "title", "desc", "style", "rect", "text", "g", "path"}
    assert '</title><script>alert(1)</script> "& <b>' in {e.text for e in root.iter(f"{SVG}text")}
    assert not any(key.startswith("on") or "href" in key for e in root.iter() for key in e.attrib)
    body = mermaid(graph).split("flowchart LR")[1]
    assert "<" not in re.sub(r"<br>|</?b>|-->|-\. unless \.->", "", body)


def test_a_picture_needs_nothing_from_elsewhere() -> None:
    text = svg(graph_of("designation"))
    assert re.findall(r"https?://[^\s\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme:dark" in text


@given(st.integers(1, 14).flatmap(lambda n: st.lists(
    st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from("ab")), max_size=30).map(lambda arrows: (n, arrows))))
def test_boxes_never_overlap_and_arrows_join_them(drawn: tuple[int, list[tuple[int, int, str]]]) -> None:
    """Whatever leads where, circles and loops included."""
    count, pairs = drawn
    sizes = {f"b{i}": (40.0 + 7 * (i % 3), 20.0 + 9 * (i % 4)) for i in range(count)}
    arrows = [(f"b{a}", f"b{b}", kind) for a, b, kind in pairs]
    layout = arrange(sizes, arrows)
    columns: dict[float, list[tuple[float, float]]] = {}
    for key, (x, y) in layout.at.items():
        columns.setdefault(x, []).append((y, y + sizes[key][1]))
        assert x >= 0
        assert x + layout.wide[key] <= layout.width + 1e-6
        assert y >= -1e-6
        assert y + sizes[key][1] <= layout.height + 1e-6
    for spans in columns.values():
        assert all(low[1] <= high[0] for low, high in pairwise(sorted(spans)))
    assert set(layout.routes) == {i for i, (a, b, _) in enumerate(arrows) if a != b}
    for index, points in layout.routes.items():
        for end, (x, y) in zip(arrows[index][:2], (points[0], points[-1]), strict=True):
            left, top = layout.at[end]
            assert x in (left, left + layout.wide[end])
            assert y == pytest.approx(top + sizes[end][1] / 2)


@given(st.integers(2, 7).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.builds(
    Wish, st.lists(st.integers(0, n - 1), min_size=1, max_size=3, unique=True).map(tuple), st.integers(0, n - 1),
    st.floats(10, 200), st.integers(1, 4)), max_size=9))))
def test_labels_of_ways_do_not_overlap(drawn: tuple[int, list[Wish]]) -> None:
    count, wishes = drawn
    row = lay([(80.0, 30.0)] * count, wishes)
    spans = [(r.label[0] - w.wide / 2, r.label[0] + w.wide / 2, r.label[1], r.label[1] + 15 * w.lines)
             for r, w in zip(row.rails, wishes, strict=True)]
    for i, (left, right, top, bottom) in enumerate(spans):
        assert bottom <= row.top + 1e-6 or top >= row.top + 30 - 1e-6
        for other in spans[i + 1 :]:
            assert right <= other[0] or other[1] <= left or bottom <= other[2] or other[3] <= top


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli, ["graph", *args])
    return result.exit_code, result.stdout, result.stderr


def test_the_command(tmp_path: Path) -> None:
    out = tmp_path / "d.svg"
    assert run("designation", "--out", str(out)) == (0, "", "")
    assert out.read_text("utf-8") == svg(graph_of("designation")) == run("designation", "--format", "svg")[1]
    assert run("designation")[1] == mermaid(graph_of("designation"))


def test_what_it_refuses(tmp_path: Path) -> None:
    code, stdout, stderr = run("designation", "--rule", "early_on_potental")
    assert (code, stdout) == (2, "")
    assert stderr == ("--rule: error[no-such-rule]: `early_on_potental` is not a rule of `designation`\n"
                      "help: did you mean `early_on_potential`?\n\n")
    code, _, stderr = run("designation", "--out", str(tmp_path / "d.png"))
    assert code == 2
    assert "`.png` is not a format that this command writes" in stderr
    assert not list(tmp_path.iterdir())
    facts = tmp_path / "facts_only.yaml"
    facts.write_text("ruleset: facts_only\nversion: 1.0.0\nfacts: {a: {type: boolean}}\n")
    code, _, stderr = run(str(facts))
    assert code == 2
    assert "error[nothing-to-draw]: the ruleset `facts_only` has no rules, definitions, scorecards or measures" in stderr

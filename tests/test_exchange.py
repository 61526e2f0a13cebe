"""Decision tables to DMN and back, and what is refused by name."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.errors import RulesetError
from samrules.exchange.dmn_write import written
from samrules.exchange.export import export
from samrules.exchange.feel import RESERVED, names_for
from samrules.exchange.importing import ruleset_of
from samrules.exchange.xml_read import parse_xml
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Kind
from samrules.rules import Rules
from tests.strategies import EVENTS, FACTS, PARAMETERS, Case, tables

DAY = date(2026, 11, 21)
HEAD = ('<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="Serve" namespace="urn:x">'
        '<inputData id="i" name="Annual Revenue"><variable name="Annual Revenue" typeRef="number"/></inputData>')


def table(rules: str, *, attributes: str = 'hitPolicy="FIRST"', beside: str = "", output: str = "") -> str:
    return (f'{HEAD}{beside}<decision id="t" name="Model"><decisionTable id="tt" {attributes}><input id="a"><inputExpression>'
            f'<text>Annual Revenue</text></inputExpression></input><output id="o" name="model">{output}</output>{rules}</decisionTable></decision></definitions>')


def row(test: str, outcome: str = '"pooled"') -> str:
    return f"<rule><inputEntry><text>{test}</text></inputEntry><outputEntry><text>{outcome}</text></outputEntry></rule>"


def refused(text: str | bytes) -> list[str]:
    with pytest.raises(RulesetError) as caught:
        ruleset_of(parse_xml(text.encode() if isinstance(text, str) else text, "m.dmn"))
    return [f"{d.code} {d.span.line if d.span else '-'}: {d.message}" for d in caught.value.diagnostics]


# --- there and back ------------------------------------------------------------------------------

SAYABLE = {"flag", "kind", "rank", "count", "revenue", "turnover", "share", "since", "note"} & set(FACTS)


@st.composite
def with_tables(draw: st.DrawFn) -> Case:
    """A ruleset with decision tables over facts."""
    words = ["release", "watch", "retain"]
    found = {}
    for index in range(draw(st.integers(1, 2))):
        made = draw(tables(words, monotone=False).filter(lambda t: set(t["inputs"]) <= SAYABLE))
        found[f"table_{index}"] = made
    raw: dict[str, Any] = {
        "ruleset": "random", "version": "1.2.3", "facts": FACTS, "events": EVENTS, "parameters": PARAMETERS, "tables": found,
        "decide": {"action": {"outcomes": words, "hit_policy": draw(st.sampled_from(["priority", "first", "unique", "collect"])),
                              "otherwise": "watch"}}}
    return Case(raw)


def in_plain_terms(table: rs.DecisionTable, rules: Rules) -> rs.DecisionTable:
    """With parameters as the constants they are, and amounts in whatever way they are written."""

    def plain(node: ex.Expr) -> ex.Expr:
        parameter = next((p for p in rules.ruleset.parameters if isinstance(node, ex.Name) and p.name == node.name), None)
        if parameter is not None:
            dated = parameter.at(DAY)
            assert dated is not None
            return ex.Literal(dated.value, Kind.NUMBER)
        return attrs.evolve(node, kind=Kind.NUMBER) if isinstance(node, ex.Literal) else node

    rows = tuple(attrs.evolve(r, when=tuple(attrs.evolve(c, operands=tuple(map(plain, c.operands))) for c in r.when)) for r in table.rows)
    return attrs.evolve(table, rows=rows)


@given(with_tables())
def test_tables_come_back_as_they_went(case: Case) -> None:
    """The law of the exchange: exported and imported, a table is equal, and the decision as well."""
    rules = samrules.loads(case.text)
    exported = export(rules.checked, DAY)
    assert exported.notes == ()
    text = written(exported.model)
    back = samrules.loads(ruleset_of(parse_xml(text.encode(), "m.dmn")))
    assert [in_plain_terms(t, rules) for t in rules.ruleset.tables] == [in_plain_terms(t, back) for t in back.ruleset.tables]
    assert back.ruleset.decide == rules.ruleset.decide
    declared = {f.name: (f.type.kind, f.type.words, f.range) for f in rules.ruleset.facts}
    assert all(declared[f.name] == (f.type.kind, f.type.words, f.range) for f in back.ruleset.facts)
    assert text == written(export(rules.checked, DAY).model)


def test_a_table_that_cannot_be_a_table_is_told() -> None:
    raw = {"ruleset": "r", "version": "1.0.0", "facts": {"since": {"type": "date"}},
           "tables": {"t": {"inputs": ["age(since)"], "rows": [{"when": [">= 24 months"], "then": {"a": "yes_"}}]}},
           "decide": {"a": {"outcomes": ["yes_"], "otherwise": "yes_"}}}
    notes = export(samrules.loads(Case(raw).text).checked, DAY).notes
    assert [n.message for n in notes] == ["the table `t` is not written as a table: an input that is no fact and no definition"]


@pytest.mark.parametrize(("asked", "feel", "type_"), [
    ("a / b > 2", "((if b = 0 then null else a / b) > 2)", "boolean"),
    ("a >= b", "(if a = null or b = null then null else a >= b)", "boolean"),
    ("a > b", "(a > b)", "boolean"),
    ("a >= 2", "(a >= 2)", "boolean"),
    ("age(since) >= 24 months", '(since <= (as_of - duration("P24M")))', "boolean"),
    ("a / b", "(if b = 0 then null else a / b)", "number"),
    ("a / 4", "(a / 4)", "number"),
    ("abs(a)", "(if a < 0 then 0 - a else if a = null then null else a)", "number"),
    ("coalesce(a, 3)", "(if a != null then a else 3)", "number"),
    ("coalesce(since, 2026-01-01)", '(if since != null then since else date("2026-01-01"))', "date"),
    ('if a > 2 then "x" else "y"', '(for local_1_ in [(a > 2)] return if local_1_ = true then "x" else if local_1_ = false '
                                   'then "y" else if "x" = "y" then "x" else null)[1]', "string"),
])
def test_what_engines_answer_in_different_ways_is_said_out(asked: str, feel: str, type_: str) -> None:
    """Null beside null, a division by zero: Drools answers them otherwise than FEEL does. And each decision says its type."""
    facts = {"a": {"type": "number"}, "b": {"type": "number"}, "since": {"type": "date"}}
    raw = {"ruleset": "r", "version": "1.0.0", "facts": facts, "define": {"d": asked}}
    found = {d.name: d for d in export(samrules.loads(Case(raw).text).checked, DAY).model.decisions}["d"]
    assert (found.logic, found.type) == (feel, type_)


def test_names_are_all_different_and_no_words_of_feel() -> None:
    found = names_for({"count": "count", "a.b": "b", "b": "b", "a:b": "b", "l": "local_1_", "é": "é"})
    assert list(found.values()) == ["count_", "b", "b_", "b__", "local_1__", "_"]
    assert not RESERVED & set(found.values())


def test_text_of_any_kind_is_escaped() -> None:
    raw = {"ruleset": "r", "version": "1.0.0", "facts": {"note": {"type": "text", "title": "<&\"'>"}},
           "tables": {"t": {"inputs": ["note"], "because": "a < b & c", "rows": [{"when": ['"</text>&amp;\\"]]>"'], "then": {"a": "x"}}]}},
           "decide": {"a": {"outcomes": ["x"], "otherwise": "x"}}}
    rules = samrules.loads(Case(raw).text)
    back = samrules.loads(ruleset_of(parse_xml(written(export(rules.checked, DAY).model).encode(), "m.dmn")))
    assert back.ruleset.tables == rules.ruleset.tables
    assert back.ruleset.facts[0].title == "<&\"'>"


# --- from other tools ----------------------------------------------------------------------------


def test_a_foreign_table_becomes_a_ruleset() -> None:
    text = ruleset_of(parse_xml(table(row("&gt;= 1000000", '"dedicated"') + row("[1..5]") + row("-") + row("not(7, null)")).encode(), "m.dmn"))
    assert text == """\
ruleset: serve
version: 1.0.0
title: "Serve"
facts:
  annual_revenue: {type: "number", title: "Annual Revenue"}
tables:
  model:
    title: "Model"
    inputs: [annual_revenue]
    rows:
      - {when: [">= 1000000.0"], then: {model: "dedicated"}}
      - {when: ["[1.0..5.0]"], then: {model: "pooled"}}
      - {when: ["-"], then: {model: "pooled"}}
      - {when: ["!= 7.0"], then: {model: "pooled"}}
decide: {model: {outcomes: [dedicated, pooled], hit_policy: first, otherwise: pooled}}
"""
    decision = samrules.loads(text).decide({"account_id": "A", "annual_revenue": 3}, as_of=DAY)
    assert decision.outcome == "pooled"


@pytest.mark.parametrize(("text", "says"), [
    (table(row("&gt; 5 and &lt; 8")), "row 1 of the table `Model`: `5 and < 8` is no constant"),
    (table(row("(1..5]")), "row 1 of the table `Model`: the range `(1..5]` has an end that is not included"),
    (table(row("[1..5)")), "row 1 of the table `Model`: the range `[1..5)` has an end that is not included"),
    (table(row("not(1, 2)")), "row 1 of the table `Model`: `not(1, 2)` denies more than one value"),
    (table(row("[1..2], 5")), "row 1 of the table `Model`: the range `[1..2], 5` has an end that is not included"),
    (table(row('"large"')), "row 1 of the table `Model`: `large` in a column of the type number"),
    (table(row("-", "Annual Revenue")), "row 1 of the table `Model`: `Annual Revenue` is no constant"),
    (table(row("-"), attributes='hitPolicy="OUTPUT ORDER"'), "the table `Model`: the hit policy OUTPUT ORDER"),
    (table(row("-"), attributes='hitPolicy="COLLECT" aggregation="SUM"'), "the table `Model`: the hit policy COLLECT SUM"),
    (table(row("-"), attributes='hitPolicy="PRIORITY"'), "the table `Model`: PRIORITY without output values, which give the order"),
    (table(row("-"), beside='<businessKnowledgeModel name="Risk"/>'), "`Risk`: businessKnowledgeModel"),
    (table(row("-"), beside='<decision name="C"><context/></decision>'), "the decision `C`: a boxed context"),
    (table(row("-"), beside='<decision name="L"><literalExpression><text>1</text></literalExpression></decision>'),
     "the decision `L`: a literal expression"),
    (table(row("-"), beside='<itemDefinition name="P"><itemComponent name="q"/></itemDefinition>'),
     "the type `P`: values that have parts, or are lists"),
    (table(row("-"), beside='<inputData name="Day"><variable name="Day" typeRef="dateTime"/></inputData>'), "the input `Day`: the type `dateTime`"),
    (table(row("5")), "the table `Model`: no row is for the rest, and there is no default"),
    (table(row("-", '"Very Big"')), "the outcome `Very Big` of the table `Model`"),
])
def test_what_a_ruleset_cannot_keep_is_refused_by_name(text: str, says: str) -> None:
    messages = refused(text)
    assert f"dmn-not-kept 1: a ruleset cannot keep {says}" in messages, messages


def test_all_problems_at_once_and_each_at_its_line() -> None:
    text = table("\n" + row("(1..2)") + "\n" + row("abc"), beside='<decisionService name="S"/>')
    assert [m.split(":")[0] for m in refused(text)] == ["dmn-not-kept 1", "dmn-not-kept 2", "dmn-not-kept 3"]


BOMB = ('<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{i} "{"&a;" * 10}">' for i in range(9))
        + "]>" + HEAD + "&a8;</definitions>")


@pytest.mark.parametrize("text", [
    BOMB,
    '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + HEAD + "&x;</definitions>",
    '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">' + HEAD + "</definitions>",
])
def test_a_hostile_file_is_refused(text: str) -> None:
    assert refused(text) == ["bad-dmn 1: the file has a document type (`<!DOCTYPE`)"]


@pytest.mark.parametrize(("text", "says"), [
    (b"", "bad-dmn 1: this is not well-formed XML: no element found"),
    (HEAD, "bad-dmn 1: this is not well-formed XML: no element found"),
    (b"<a>\xff</a>", "bad-dmn 1: this is not well-formed XML: not well-formed (invalid token)"),
    ("<html/>", "bad-dmn 1: this is no DMN: the root is not `definitions` of DMN"),
    ("<a>" * 100 + "</a>" * 100, "bad-dmn 1: elements are nested more than 60 deep"),
])
def test_what_is_no_dmn(text: str | bytes, says: str) -> None:
    assert refused(text) == [says]


@given(st.text(max_size=40), st.sampled_from(["input", "output", "name"]))
def test_no_cell_is_a_surprise(text: str, where: str) -> None:
    """Whatever stands in a cell, it is read, or refused with a diagnostic."""
    from xml.sax.saxutils import escape, quoteattr

    made = table(row(escape(text)) if where == "input" else row("-", escape(text)))
    made = made.replace('name="Model"', f"name={quoteattr(text)}") if where == "name" else made
    try:
        ruleset_of(parse_xml(made.encode("utf-8", "replace"), "m.dmn"))
    except RulesetError as error:
        assert {d.code for d in error.diagnostics} <= {"bad-dmn", "dmn-not-kept"}


# --- the commands --------------------------------------------------------------------------------


def test_the_commands_write_whole_files_or_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out, older, back = (tmp_path / name for name in ("t.dmn", "health.dmn", "older.dmn", "t.yaml"))
    source.write_text(table(row("-")))

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as stopped:
            cli.main(list(arguments))
        return int(str(stopped.value.code))

    assert run("export", "health", "--as-of", "2026-11-21", "--out", str(out)) == 0
    assert 'exporter="samrules"' in out.read_text()
    assert run("export", "health", "--format", "dmn-1.3", "--as-of", "2026-11-21", "--out", str(older)) == 0
    assert older.read_text() == out.read_text().replace("DMN/20230324/", "DMN/20191111/")
    assert run("import", str(source), "--out", str(back)) == 0
    assert samrules.load(back).outcomes == ("pooled",)
    source.write_text(table(row("(1..2)")))
    back.unlink()
    assert run("import", str(source), "--out", str(back)) == 2
    assert not back.exists()
    assert "error[dmn-not-kept]" in capsys.readouterr().err
    assert run("export", "portfolio", "--out", str(tmp_path / "p.dmn")) == 2
    assert not (tmp_path / "p.dmn").exists()
    assert run("import", str(tmp_path / "none.dmn")) == 2

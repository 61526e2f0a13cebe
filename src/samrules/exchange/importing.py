"""Decision tables of a DMN file as a ruleset. What a ruleset cannot keep is refused by name, all of it at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from samrules.diagnostics import Diagnostic
from samrules.errors import RulesetError
from samrules.exchange.dmn_model import HIT_POLICIES, REMARKS, SAMRULES, ItemType
from samrules.exchange.dmn_types import FactType, fact_type
from samrules.exchange.unary_tests import NotKept, cell_of, split, value_of
from samrules.exchange.xml_read import Element, read_xml
from samrules.model.types import Value

_PASSED = {"description", "extensionElements", "textAnnotation", "association", "group", "knowledgeSource",
           "itemDefinition", "inputData", "decision"}
"""Parts of a model that are read, or that decide nothing."""
_BESIDE = {"description", "question", "allowedAnswers", "variable", "informationRequirement", "authorityRequirement",
           "extensionElements", "decisionTable"}
_LOGIC = {"literalExpression": "a literal expression", "context": "a boxed context", "invocation": "an invocation",
          "functionDefinition": "a function", "relation": "a relation", "list": "a list", "conditional": "a conditional",
          "filter": "a filter", "for": "an iteration", "every": "an iteration", "some": "an iteration"}
_POLICIES = {dmn: ours for ours, dmn in HIT_POLICIES.items()} | {"ANY": "unique"}
_DMN = re.compile(r"(https?://www\.omg\.org/spec/DMN/\d{8}/(MODEL/|dmn\.xsd)|http://www\.omg\.org/spec/DMN/20151101/dmn\.xsd)\Z")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
CURE = "say it as a decision table of typed inputs and constants, or take it out"


@attrs.frozen
class _Table:
    name: str
    title: str | None
    inputs: list[str]
    outputs: list[str]
    hit_policy: str
    outcomes: list[str]
    otherwise: str | None
    rows: list[dict[str, object]]
    because: str | None = None
    cites: str | None = None


def imported(path: Path, name: str | None = None) -> str:
    """The text of a ruleset with the decision tables of a DMN file, called `name` or after the model.

    Raises RulesetError: the file cannot be read, is no DMN, or holds what a ruleset cannot keep.
    """
    return ruleset_of(read_xml(path), name)


def ruleset_of(root: Element, name: str | None = None) -> str:
    """The same of a tree that was read. Raises RulesetError."""
    if root.tag != "definitions" or not _DMN.match(root.namespace):
        raise RulesetError([Diagnostic("bad-dmn", "this is no DMN: the root is not `definitions` of DMN",
                                       "give a DMN file, of version 1.1 or later", root.span)])
    reading = _Import(root, name)
    text = reading.text()
    if reading.problems:
        raise RulesetError(reading.problems)
    return text


class _Import:
    def __init__(self, root: Element, name: str | None) -> None:
        self.root, self.name = root, name
        self.ours = root.attributes.get("exporter") == "samrules"
        self.problems: list[Diagnostic] = []
        self.types: dict[str, ItemType] = {}
        self.facts: dict[str, FactType] = {}
        """By the name of the fact."""
        self.named: dict[str, str] = {}
        """The name of the fact, by the name in the file."""
        self.titles: dict[str, str] = {}

    def refuse(self, what: str, at: Element, cure: str = CURE) -> None:
        self.problems.append(Diagnostic("dmn-not-kept", f"a ruleset cannot keep {what}", cure, at.span))

    # --- the file ---

    def text(self) -> str:
        for part in self.root.children:
            if part.namespace == self.root.namespace and part.tag not in _PASSED:
                self.refuse(f"{_called(part)}: {part.tag}", part)
        for item in self.root.all("itemDefinition"):
            self.item(item)
        for data in self.root.all("inputData"):
            variable = data.one("variable")
            type_ = variable.attributes.get("typeRef", "") if variable is not None else ""
            self.fact(data.attributes.get("name", ""), type_, data)
        tables = [t for d in self.root.all("decision") if (t := self.decision(d)) is not None]
        if not tables and not self.problems:
            self.refuse("a file without a decision table", self.root, "export the tables that it should have")
        self.one_decision(tables)
        return "" if self.problems else "".join(f"{line}\n" for line in self.lines(tables))

    def item(self, item: Element) -> None:
        name = item.attributes.get("name", "")
        if item.all("itemComponent") or item.all("functionItem") or item.attributes.get("isCollection") == "true":
            if not self.ours:  # ours are of what tables give, and are not read
                self.refuse(f"the type `{name}`: values that have parts, or are lists", item)
            return
        allowed = item.one("allowedValues")
        self.types[name] = ItemType(name, item.said("typeRef") or "", allowed.said("text") if allowed is not None else None)

    def fact(self, name: str, type_: str, at: Element) -> None:
        own = at.attributes.get(f"{SAMRULES} name") or snake(name)
        try:
            found = fact_type(type_, self.types, ours=self.ours)
        except NotKept as error:
            self.refuse(f"the input `{name}`: {error}", at, "give it a type: string, number, boolean or date, perhaps with allowed values")
            return
        if not _NAME.match(own) or self.named.get(name, own) != own or (own in self.facts and name not in self.named):
            self.refuse(f"the input `{name}`: there is no fact that could be called so, or two of one name", at,
                        "rename it to lower case letters, digits and `_`")
            return
        self.facts[own], self.named[name] = found, own
        label = at.attributes.get("label") or name
        if label != own and label != own.replace("_", " "):
            self.titles[own] = label

    # --- decisions ---

    def decision(self, decision: Element) -> _Table | None:
        name = decision.attributes.get("name", "")
        if self.ours and decision.attributes.get(f"{SAMRULES} derived") == "true":
            return None
        for part in decision.children:
            if part.namespace == decision.namespace and part.tag not in _BESIDE:
                self.refuse(f"the decision `{name}`: {_LOGIC.get(part.tag, part.tag)}", part)
        logic = decision.one("decisionTable")
        if logic is None:
            if not any(p.tag in _LOGIC for p in decision.children):
                self.refuse(f"the decision `{name}`: it has no logic", decision)
            return None
        own = decision.attributes.get(f"{SAMRULES} name") or snake(name)
        if not _NAME.match(own):
            self.refuse(f"the table `{name}`: it cannot be called so", decision, "rename it to lower case letters, digits and `_`")
        label = decision.attributes.get("label") or name
        return self.table(own, label if label not in (own, own.replace("_", " ")) else None, name, logic)

    def table(self, own: str, title: str | None, name: str, logic: Element) -> _Table | None:
        before = len(self.problems)
        policy = logic.attributes.get("hitPolicy", "UNIQUE")
        if policy not in _POLICIES or logic.attributes.get("aggregation"):
            whole = f"{policy} {logic.attributes.get('aggregation', '')}".strip()
            self.refuse(f"the table `{name}`: the hit policy {whole}", logic,
                        "use FIRST, UNIQUE, ANY, PRIORITY, or COLLECT without aggregation")
        inputs = [self.input(name, i) for i in logic.all("input")]
        outputs = [snake(o.attributes.get(f"{SAMRULES} name") or o.attributes.get("name") or name) for o in logic.all("output")]
        if not inputs or not outputs:
            self.refuse(f"the table `{name}`: it has no inputs, or no outputs", logic)
        for column, text in zip(logic.all("output"), outputs, strict=True):
            if not _NAME.match(text) or outputs.count(text) > 1:
                self.refuse(f"the output `{text}`: it cannot be called so, or stands twice", column,
                            "rename it to lower case letters, digits and `_`")
        remarks = [a.attributes.get("name", "") for a in logic.all("annotation")]
        for column, text in zip(logic.all("annotation"), remarks, strict=True):
            if text not in REMARKS or remarks.count(text) > 1:
                self.refuse(f"the annotation `{text}`", column, "name it `title`, `because` or `cites`, or take it out")
        if len(self.problems) > before:
            return None
        rows = [self.row(name, number, rule, inputs, outputs, remarks) for number, rule in enumerate(logic.all("rule"), start=1)]
        values, otherwise = self.outcomes(name, logic.all("output"), policy)
        given = [r["then"][outputs[0]] for r in rows if isinstance(r["then"], dict) and outputs[0] in r["then"]]
        if otherwise is None and len(self.problems) == before:
            otherwise = next((str(then[outputs[0]]) for r in rows if set(_listed(r["when"])) == {"-"} and isinstance(then := r["then"], dict)), None)
            if otherwise is None:
                self.refuse(f"the table `{name}`: no row is for the rest, and there is no default", logic,
                            "give the first output a default, which a ruleset needs")
        outcomes = list(dict.fromkeys(map(str, [*values, *given, *([otherwise] if otherwise else [])])))
        for outcome in outcomes:
            if not _NAME.match(outcome):
                self.refuse(f"the outcome `{outcome}` of the table `{name}`", logic, "name outcomes with lower case letters, digits and `_`")
        if values and (strange := [o for o in outcomes if o not in values]):
            self.refuse(f"the table `{name}`: its output values lack {', '.join(f'`{o}`' for o in strange)}", logic, "name it among them")
        if len(self.problems) > before:
            return None
        return _Table(own, title, [i for i in inputs if i], outputs, _POLICIES[policy], outcomes, otherwise, rows,
                      logic.attributes.get(f"{SAMRULES} because"), logic.attributes.get(f"{SAMRULES} cites"))

    def input(self, table: str, column: Element) -> str | None:
        asked = column.one("inputExpression")
        text = (asked.said("text") or "") if asked is not None else ""
        if asked is not None and text not in self.named and re.fullmatch(r"[A-Za-z_][\w ]*", text) and self.known_type(asked):
            self.fact(text, asked.attributes["typeRef"], asked)
        if text not in self.named:
            if not any(p.span == column.span or (asked is not None and p.span == asked.span) for p in self.problems):
                self.refuse(f"the table `{table}`: the input `{text}` is no input of the model with a type", asked or column)
            return None
        values = column.one("inputValues")
        if values is not None and values.said("text"):
            self.refuse(f"the table `{table}`: the input values of `{text}`", values, "give them as the allowed values of its type")
        return self.named[text]

    def known_type(self, asked: Element) -> bool:
        """Whether a table itself says the type of its input, and no decision of the file is called so."""
        decisions = {d.attributes.get("name") for d in self.root.all("decision")}
        return bool(asked.attributes.get("typeRef")) and asked.said("text") not in decisions

    def outcomes(self, name: str, columns: list[Element], policy: str) -> tuple[list[str], str | None]:
        """The output values of the first output, in order, and its default."""
        found: list[str] = []
        otherwise: str | None = None
        for index, column in enumerate(columns):
            values, default = column.one("outputValues"), column.one("defaultOutputEntry")
            try:
                if values is not None and (listed := values.said("text")):
                    constants = [value_of(v) for v in split(listed)]
                    if index:
                        raise NotKept("the values of an output that is not the outcome")
                    found = [str(c) for c in constants]
                if default is not None and (text := default.said("text")) and (value := value_of(text)) is not None:
                    if index or not isinstance(value, str):
                        raise NotKept("the default of an output that is not the outcome")
                    otherwise = value
            except NotKept as error:
                self.refuse(f"the table `{name}`: {error}", column)
        if policy == "PRIORITY" and not found:
            self.refuse(f"the table `{name}`: PRIORITY without output values, which give the order", columns[0],
                        "list the outcomes as output values of the first output, strongest first")
        return found, otherwise

    def row(self, table: str, number: int, rule: Element, inputs: list[str | None], outputs: list[str],
            remarks: list[str]) -> dict[str, object]:
        tests, sets, said = rule.all("inputEntry"), rule.all("outputEntry"), rule.all("annotationEntry")
        if len(tests) != len(inputs) or len(sets) != len(outputs) or (said and len(said) > len(remarks)
                                                                     and any(s.said("text") for s in said[len(remarks):])):
            self.refuse(f"row {number} of the table `{table}`: its cells are not as many as the columns", rule, "write a cell for each column")
            return {"then": {}}
        when, then = [], {}
        for name, entry in zip(inputs, tests, strict=True):
            try:
                assert name is not None
                when.append(cell_of(entry.said("text") or "", self.facts[name].type, self.named.get))
            except NotKept as error:
                self.refuse(f"row {number} of the table `{table}`: {error}", entry)
        for output, entry in zip(outputs, sets, strict=True):
            try:
                value = value_of(entry.said("text") or "null")
                if value is not None:
                    then[output] = value
            except NotKept as error:
                self.refuse(f"row {number} of the table `{table}`: {error}", entry, "set a constant")
        if outputs[0] not in then or not isinstance(then[outputs[0]], str):
            self.refuse(f"row {number} of the table `{table}`: it sets no outcome", rule, f"give `{outputs[0]}` a text")
        row: dict[str, object] = {"when": when, "then": then}
        row |= {k: t for k, e in zip(remarks, said, strict=False) if (t := e.said("text"))}
        if (description := rule.said("description")) and "title" not in row:
            row["title"] = description
        return row

    def one_decision(self, tables: list[_Table]) -> None:
        """All tables of a ruleset give one decision."""
        for table in tables[1:]:
            first = tables[0]
            if (table.outputs[0], table.hit_policy, table.outcomes, table.otherwise) != \
                    (first.outputs[0], first.hit_policy, first.outcomes, first.otherwise):
                self.refuse(f"the tables `{first.name}` and `{table.name}` together: a ruleset decides one thing, by one hit policy", self.root,
                            "put each in a file of its own")

    # --- the ruleset ---

    def lines(self, tables: list[_Table]) -> Iterator[str]:
        name = self.root.attributes.get("name", "")
        own = snake(name)
        own = self.name or (own if _NAME.match(own) else "imported")
        yield f"ruleset: {own}"
        yield f"version: {self.root.attributes.get(f'{SAMRULES} version', '1.0.0')}"
        if name not in (own, "") and not self.ours:
            yield f"title: {json.dumps(name, ensure_ascii=False)}"
        if currency := self.root.attributes.get(f"{SAMRULES} currency"):
            yield f"currency: {currency}"
        yield "facts:"
        for fact, type_ in self.facts.items():
            parts = [f"type: {json.dumps(type_.text, ensure_ascii=False)}"]
            parts += [f"range: {json.dumps(type_.range)}"] if type_.range else []
            parts += [f"title: {json.dumps(self.titles[fact], ensure_ascii=False)}"] if fact in self.titles else []
            yield f"  {fact}: {{{', '.join(parts)}}}"
        yield "tables:"
        for table in tables:
            yield f"  {table.name}:"
            if table.title:
                yield f"    title: {json.dumps(table.title, ensure_ascii=False)}"
            if table.because:
                yield f"    because: {json.dumps(table.because, ensure_ascii=False)}"
            if table.cites:
                yield f"    cites: [{', '.join(table.cites.split())}]"
            yield f"    inputs: [{', '.join(table.inputs)}]"
            yield "    rows:"
            yield from (f"      - {_row(row)}" for row in table.rows)
        first = tables[0]
        otherwise = f", otherwise: {first.otherwise}" if first.otherwise is not None else ""
        yield f"decide: {{{first.outputs[0]}: {{outcomes: [{', '.join(first.outcomes)}], hit_policy: {first.hit_policy}{otherwise}}}}}"


def snake(name: str) -> str:
    """A name as a ruleset would have it: `Annual Revenue` is `annual_revenue`."""
    if _NAME.match(name):
        return name
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _called(part: Element) -> str:
    return f"`{part.attributes.get('name') or part.attributes.get('id') or part.tag}`"


def _row(row: dict[str, object]) -> str:
    when, then = row["when"], row["then"]
    assert isinstance(when, list) and isinstance(then, dict)
    parts = [f"when: [{', '.join(json.dumps(c, ensure_ascii=False) for c in when)}]",
             f"then: {{{', '.join(f'{name}: {_constant(value)}' for name, value in then.items())}}}"]
    parts += [f"{key}: {json.dumps(row[key], ensure_ascii=False)}" for key in ("title", "because") if key in row]
    if "cites" in row:
        parts.append(f"cites: [{', '.join(str(row['cites']).split())}]")
    return f"{{{', '.join(parts)}}}"


def _constant(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)

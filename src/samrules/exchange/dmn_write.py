"""A model as DMN XML. The same model gives the same bytes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from samrules.exchange.dmn_model import (
    REMARKS,
    SAMRULES,
    VERSIONS,
    Decision,
    ItemType,
    Model,
    Table,
)


def written(model: Model, version: str = "1.5") -> str:
    """The text of the file, of DMN 1.5 or 1.3."""
    space = VERSIONS[version]
    ET.register_namespace("samrules", SAMRULES)
    root = ET.Element("definitions", {
        "xmlns": f"{space}MODEL/", "id": "definitions", "name": model.name, "namespace": f"urn:samrules:ruleset:{model.name}",
        "expressionLanguage": f"{space}FEEL/", "typeLanguage": f"{space}FEEL/",
        "exporter": "samrules", f"{{{SAMRULES}}}version": model.version,
    })
    if model.currency is not None:
        root.set(f"{{{SAMRULES}}}currency", model.currency)
    _text(root, "description", model.says)
    for kind in model.types:
        _type(root, kind)
    for given in model.inputs:
        data = ET.SubElement(root, "inputData", {"id": f"input_{given.name}", "name": given.name, "label": given.label})
        if given.original != given.name:
            data.set(f"{{{SAMRULES}}}name", given.original)
        _text(data, "description", given.says)
        ET.SubElement(data, "variable", {"id": f"input_{given.name}.value", "name": given.name, "typeRef": given.type})
    inputs = {given.name for given in model.inputs}
    for decision in model.decisions:
        _decision(root, decision, inputs)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _type(root: ET.Element, kind: ItemType) -> None:
    item = ET.SubElement(root, "itemDefinition", {"id": f"type_{kind.name}", "name": kind.name})
    if kind.many:
        item.set("isCollection", "true")
    for number, (name, base) in enumerate(kind.parts, start=1):
        part = ET.SubElement(item, "itemComponent", {"id": f"type_{kind.name}.part_{number}", "name": name})
        _text(part, "typeRef", base)
    if not kind.parts:
        _text(item, "typeRef", kind.base)
    if kind.allowed is not None:
        allowed = ET.SubElement(item, "allowedValues", {"id": f"type_{kind.name}.values"})
        _text(allowed, "text", kind.allowed)


def _decision(root: ET.Element, decision: Decision, inputs: set[str]) -> None:
    own = f"decision_{decision.name}"
    node = ET.SubElement(root, "decision", {"id": own, "name": decision.name, "label": decision.label})
    if decision.derived:
        node.set(f"{{{SAMRULES}}}derived", "true")
    if decision.original is not None:
        node.set(f"{{{SAMRULES}}}name", decision.original)
    _text(node, "description", decision.says)
    ET.SubElement(node, "variable", {"id": f"{own}.value", "name": decision.name, "typeRef": decision.type})
    for number, name in enumerate(decision.requires, start=1):
        need = ET.SubElement(node, "informationRequirement", {"id": f"{own}.needs_{number}"})
        given = name in inputs
        ET.SubElement(need, "requiredInput" if given else "requiredDecision",
                      {"href": f"#{'input' if given else 'decision'}_{name}"})
    if isinstance(decision.logic, Table):
        _table(node, own, decision.logic)
    else:
        literal = ET.SubElement(node, "literalExpression", {"id": f"{own}.logic"})
        _text(literal, "text", decision.logic)


def _table(node: ET.Element, own: str, table: Table) -> None:
    logic = ET.SubElement(node, "decisionTable", {
        "id": f"{own}.table", "hitPolicy": table.hit_policy, "preferredOrientation": "Rule-as-Row"})
    if table.because is not None:
        logic.set(f"{{{SAMRULES}}}because", table.because)
    if table.cites:
        logic.set(f"{{{SAMRULES}}}cites", " ".join(table.cites))
    for number, (text, type_) in enumerate(table.inputs, start=1):
        column = ET.SubElement(logic, "input", {"id": f"{own}.input_{number}"})
        asked = ET.SubElement(column, "inputExpression", {"id": f"{own}.input_{number}.expression", "typeRef": type_})
        _text(asked, "text", text)
    for number, output in enumerate(table.outputs, start=1):
        column = ET.SubElement(logic, "output", {"id": f"{own}.output_{number}"})
        if len(table.outputs) == 1:  # DMN allows it no name and no type: they are the decision's
            column.set(f"{{{SAMRULES}}}name", output.name)
        else:
            column.set("name", output.name)
            column.set("typeRef", output.type)
        if output.values:
            values = ET.SubElement(column, "outputValues", {"id": f"{own}.output_{number}.values"})
            _text(values, "text", ", ".join(output.values))
        if output.default is not None:
            default = ET.SubElement(column, "defaultOutputEntry", {"id": f"{own}.output_{number}.default"})
            _text(default, "text", output.default)
    for name in table.remarks:
        assert name in REMARKS
        ET.SubElement(logic, "annotation", {"name": name})
    for number, row in enumerate(table.rows, start=1):
        rule = ET.SubElement(logic, "rule", {"id": f"{own}.rule_{number}"})
        for tag, texts in (("inputEntry", row.tests), ("outputEntry", row.sets)):
            for place, text in enumerate(texts, start=1):
                entry = ET.SubElement(rule, tag, {"id": f"{own}.rule_{number}.{tag}_{place}"})
                _text(entry, "text", text)
        for text in row.remarks:
            _text(ET.SubElement(rule, "annotationEntry"), "text", text, keep=True)


def _text(node: ET.Element, tag: str, text: str, *, keep: bool = False) -> None:
    """An element with a text; none where there is nothing to say, unless its place counts."""
    if text or keep:
        ET.SubElement(node, tag).text = text


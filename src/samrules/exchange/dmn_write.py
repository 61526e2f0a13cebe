"""A model as DMN 1.5 XML. The same model gives the same bytes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from samrules.exchange.dmn_model import NAMESPACE, REMARKS, SAMRULES, Decision, Model, Table


def written(model: Model) -> str:
    """The text of the file."""
    ET.register_namespace("", NAMESPACE)
    ET.register_namespace("samrules", SAMRULES)
    root = ET.Element(_tag("definitions"), {
        "id": "definitions", "name": model.name, "namespace": f"urn:samrules:ruleset:{model.name}",
        "expressionLanguage": "https://www.omg.org/spec/DMN/20230324/FEEL/",
        "typeLanguage": "https://www.omg.org/spec/DMN/20230324/FEEL/",
        "exporter": "samrules", f"{{{SAMRULES}}}version": model.version,
    })
    if model.currency is not None:
        root.set(f"{{{SAMRULES}}}currency", model.currency)
    _text(root, "description", model.says)
    for kind in model.types:
        item = ET.SubElement(root, _tag("itemDefinition"), {"id": f"type_{kind.name}", "name": kind.name})
        _text(item, "typeRef", kind.base)
        if kind.allowed is not None:
            allowed = ET.SubElement(item, _tag("allowedValues"), {"id": f"type_{kind.name}_values"})
            _text(allowed, "text", kind.allowed)
    for given in model.inputs:
        data = ET.SubElement(root, _tag("inputData"), {"id": f"input_{given.name}", "name": given.name, "label": given.label})
        if given.original != given.name:
            data.set(f"{{{SAMRULES}}}name", given.original)
        _text(data, "description", given.says)
        ET.SubElement(data, _tag("variable"), {"id": f"input_{given.name}_value", "name": given.name, "typeRef": given.type})
    inputs = {given.name for given in model.inputs}
    for decision in model.decisions:
        _decision(root, decision, inputs)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _decision(root: ET.Element, decision: Decision, inputs: set[str]) -> None:
    own = f"decision_{decision.name}"
    node = ET.SubElement(root, _tag("decision"), {"id": own, "name": decision.name, "label": decision.label})
    if decision.derived:
        node.set(f"{{{SAMRULES}}}derived", "true")
    if decision.original is not None:
        node.set(f"{{{SAMRULES}}}name", decision.original)
    _text(node, "description", decision.says)
    variable = ET.SubElement(node, _tag("variable"), {"id": f"{own}_value", "name": decision.name})
    if decision.type is not None:
        variable.set("typeRef", decision.type)
    for number, name in enumerate(decision.requires, start=1):
        need = ET.SubElement(node, _tag("informationRequirement"), {"id": f"{own}_needs_{number}"})
        given = name in inputs
        ET.SubElement(need, _tag("requiredInput" if given else "requiredDecision"),
                      {"href": f"#{'input' if given else 'decision'}_{name}"})
    if isinstance(decision.logic, Table):
        _table(node, own, decision.logic)
    else:
        literal = ET.SubElement(node, _tag("literalExpression"), {"id": f"{own}_logic"})
        _text(literal, "text", decision.logic)


def _table(node: ET.Element, own: str, table: Table) -> None:
    logic = ET.SubElement(node, _tag("decisionTable"), {
        "id": f"{own}_table", "hitPolicy": table.hit_policy, "preferredOrientation": "Rule-as-Row"})
    if table.because is not None:
        logic.set(f"{{{SAMRULES}}}because", table.because)
    if table.cites:
        logic.set(f"{{{SAMRULES}}}cites", " ".join(table.cites))
    for number, (text, type_) in enumerate(table.inputs, start=1):
        column = ET.SubElement(logic, _tag("input"), {"id": f"{own}_input_{number}"})
        asked = ET.SubElement(column, _tag("inputExpression"), {"id": f"{own}_input_{number}_expression"})
        if type_ is not None:
            asked.set("typeRef", type_)
        _text(asked, "text", text)
    for number, output in enumerate(table.outputs, start=1):
        column = ET.SubElement(logic, _tag("output"), {"id": f"{own}_output_{number}", "name": output.name})
        if output.type is not None:
            column.set("typeRef", output.type)
        if output.values:
            values = ET.SubElement(column, _tag("outputValues"), {"id": f"{own}_output_{number}_values"})
            _text(values, "text", ", ".join(output.values))
        if output.default is not None:
            default = ET.SubElement(column, _tag("defaultOutputEntry"), {"id": f"{own}_output_{number}_default"})
            _text(default, "text", output.default)
    for name in table.remarks:
        assert name in REMARKS
        ET.SubElement(logic, _tag("annotation"), {"name": name})
    for number, row in enumerate(table.rows, start=1):
        rule = ET.SubElement(logic, _tag("rule"), {"id": f"{own}_rule_{number}"})
        for tag, texts in (("inputEntry", row.tests), ("outputEntry", row.sets)):
            for place, text in enumerate(texts, start=1):
                entry = ET.SubElement(rule, _tag(tag), {"id": f"{own}_rule_{number}_{tag}_{place}"})
                _text(entry, "text", text)
        for text in row.remarks:
            _text(ET.SubElement(rule, _tag("annotationEntry")), "text", text, keep=True)


def _text(node: ET.Element, tag: str, text: str, *, keep: bool = False) -> None:
    """An element with a text; none where there is nothing to say, unless its place counts."""
    if text or keep:
        ET.SubElement(node, _tag(tag)).text = text


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"

"""A graph as Mermaid text, which many wikis, editors and forges draw."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from samrules.publishing import graph as g

_FORMS = {
    g.EVENT: ("[/", "/]"), g.FACT: ("[/", "/]"), g.ASKED: ("[[", "]]"), g.DEFINITION: ("(", ")"), g.CRITERION: ("(", ")"),
    g.SCORE: ("{{", "}}"), g.RULE: ("[", "]"), g.MAKER: ("[", "]"), g.PLACES: ("{{", "}}"), g.ALWAYS: ("([", "])"),
    g.OUTCOME: ("([", "])"),
}
_COLOURS = {
    g.EVENT: "#f4f4f5,stroke:#a1a1aa", g.FACT: "#f4f4f5,stroke:#a1a1aa", g.ASKED: "#ede9fe,stroke:#8b5cf6",
    g.DEFINITION: "#e0f2fe,stroke:#0284c7", g.CRITERION: "#e0f2fe,stroke:#0284c7", g.SCORE: "#ccfbf1,stroke:#0d9488",
    g.RULE: "#fef3c7,stroke:#d97706", g.MAKER: "#fef3c7,stroke:#d97706", g.PLACES: "#ccfbf1,stroke:#0d9488",
    g.ALWAYS: "#dcfce7,stroke:#16a34a", g.OUTCOME: "#dcfce7,stroke:#16a34a",
}


def mermaid(graph: g.Graph) -> str:
    """The graph as one Mermaid flowchart; ladders and lifecycles are frames in it."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: g.Graph) -> Iterator[str]:
    yield "---"
    yield f"title: {json.dumps(f'{graph.title} ({graph.subtitle})', ensure_ascii=False)}"
    yield "---"
    yield "flowchart LR"
    ids = {box.key: f"n{i}" for i, box in enumerate(graph.boxes, 1)}
    for box in graph.boxes:
        left, right = _FORMS[box.kind]
        heading = [f"<b>{_text(box.heading)}</b>"] if box.heading else []
        yield f"  {ids[box.key]}{left}\"{'<br>'.join([*heading, *map(_text, box.lines)])}\"{right}:::{box.kind}"
    for arrow in graph.arrows:
        yield f"  {ids[arrow.source]} {'-. unless .->' if arrow.kind == g.STOPS else '-->'} {ids[arrow.target]}"
    for number, machine in enumerate(graph.machines, 1):
        yield f"  subgraph m{number}[\"{_text(machine.title)}\"]"
        yield "    direction LR"
        names = {state.key: f"m{number}s{i}" for i, state in enumerate(machine.states, 1)}
        if any(state.start for state in machine.states):
            yield f"    m{number}s0((\" \")):::start"
        for state in machine.states:
            yield f"    {names[state.key]}([\"{'<br>'.join(map(_text, state.lines))}\"]):::outcome"
            if state.start:
                yield f"    m{number}s0 --> {names[state.key]}"
        for way in machine.ways:
            for origin in way.origins:
                yield f"    {names[origin]} -- \"{'<br>'.join(map(_text, way.lines))}\" --> {names[way.to]}"
        yield "  end"
    kinds = list(dict.fromkeys([*graph.kinds, *([g.OUTCOME] if graph.machines else [])]))
    for kind in kinds:
        yield f"  classDef {kind} fill:{_COLOURS[kind]},color:#18181b"
    if any(state.start for machine in graph.machines for state in machine.states):
        yield "  classDef start fill:#52525b,stroke:#52525b"


_ODD = re.compile(r"[\"#<>&`\\\[\]{}|\x00-\x1f]")


def _text(text: str) -> str:
    """Names and titles are text: what Mermaid or HTML would take for more is given by its number."""
    return _ODD.sub(lambda found: f"#{ord(found[0])};", text)

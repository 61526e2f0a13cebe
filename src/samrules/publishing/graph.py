"""What a picture of a ruleset shows: boxes, what leads from one to another, and state diagrams."""

from __future__ import annotations

import attrs

FACT, ASKED, DEFINITION, CRITERION, SCORE, RULE, MAKER, PLACES, ALWAYS, OUTCOME, EVENT = (
    "fact", "asked", "definition", "criterion", "score", "rule", "maker", "places", "always", "outcome", "event")
KINDS = {
    EVENT: "events", FACT: "facts", ASKED: "from another ruleset", DEFINITION: "definition", CRITERION: "criterion, with its weight",
    SCORE: "score", RULE: "rule", MAKER: "table, ladder or lifecycle", PLACES: "choice of places", ALWAYS: "carried by every decision",
    OUTCOME: "outcome",
}
"""Each kind of box, with its words in the legend."""

LEADS, STOPS = "leads", "stops"


@attrs.frozen
class Box:
    """A box: its lines, a heading above them, and what a reader is told who asks for more."""

    key: str
    kind: str
    lines: tuple[str, ...]
    heading: str | None = None
    says: str = ""


@attrs.frozen
class Arrow:
    """From what is read to what reads it. `kind` is STOPS where it is read by an exception only."""

    source: str
    target: str
    kind: str = LEADS


@attrs.frozen
class State:
    key: str
    lines: tuple[str, ...]
    start: bool = False
    says: str = ""


@attrs.frozen
class Way:
    """A way between states, with its name and what it asks for."""

    lines: tuple[str, ...]
    origins: tuple[str, ...]
    to: str
    says: str = ""


@attrs.frozen
class StateDiagram:
    """A ladder or a lifecycle: its levels or states, and the ways between them."""

    title: str
    states: tuple[State, ...]
    ways: tuple[Way, ...]


@attrs.frozen
class Graph:
    """A ruleset as boxes and arrows. Boxes are in order of column, then as written."""

    title: str
    subtitle: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    machines: tuple[StateDiagram, ...] = ()

    @property
    def kinds(self) -> list[str]:
        """The kinds of boxes that occur, in the order in which one reads them."""
        found = {box.kind for box in self.boxes}
        return [kind for kind in KINDS if kind in found]

    @property
    def stops(self) -> bool:
        return any(arrow.kind == STOPS for arrow in self.arrows)

    @property
    def says(self) -> str:
        """The picture in words, for those who cannot see it: each reader with what it reads."""
        named = {box.key: ", ".join(box.lines) for box in self.boxes}
        said = []
        for box in self.boxes:
            from_ = [named[a.source] for a in self.arrows if a.target == box.key and a.kind == LEADS]
            stop = [named[a.source] for a in self.arrows if a.target == box.key and a.kind == STOPS]
            if from_ or stop:
                less = f"; excepted by {', '.join(stop)}" if stop else ""
                said.append(f"{box.kind} {named[box.key]} from {', '.join(from_) or 'nothing'}{less}.")
        for machine in self.machines:
            states = {s.key: " ".join(s.lines) for s in machine.states}
            said += [f"{machine.title}: {way.lines[0]}, from {', '.join(states[o] for o in way.origins)} to {states[way.to]}."
                     for way in machine.ways]
        return " ".join(said)

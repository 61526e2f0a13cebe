"""A graph as one SVG file: no script, no font or picture from elsewhere, light and dark as the reader's screen is."""

from __future__ import annotations

import re
from html import escape

import attrs

from samrules.publishing import graph as g
from samrules.publishing.layout import Layout, Point, arrange
from samrules.publishing.rails import Wish, lay
from samrules.publishing.text_size import LINE, width_of, wrapped

_PAD_X, _PAD_Y, _MARGIN = 10.0, 6.0, 24.0
_TITLE, _LEGEND, _PANEL = 58.0, 40.0, 40.0

_STYLE = """
svg{--back:#fff;--ink:#18181b;--faint:#71717a;--line:#a1a1aa;--stop:#dc2626;
--event:#fafafa;--event-line:#d4d4d8;--fact:#f4f4f5;--fact-line:#a1a1aa;--asked:#ede9fe;--asked-line:#8b5cf6;--definition:#e0f2fe;--definition-line:#0284c7;
--criterion:#f0f9ff;--criterion-line:#7dd3fc;--score:#ccfbf1;--score-line:#0d9488;--rule:#fef3c7;--rule-line:#d97706;--maker:#ffedd5;--maker-line:#ea580c;
--places:#ccfbf1;--places-line:#0d9488;--always:#ecfccb;--always-line:#65a30d;--outcome:#dcfce7;--outcome-line:#16a34a}
@media (prefers-color-scheme:dark){svg{--back:#18181b;--ink:#f4f4f5;--faint:#a1a1aa;--line:#71717a;--stop:#f87171;
--event:#1f1f23;--event-line:#52525b;--fact:#27272a;--fact-line:#71717a;--asked:#2e1065;--asked-line:#a78bfa;--definition:#0c2d48;--definition-line:#38bdf8;
--criterion:#0b2233;--criterion-line:#0369a1;--score:#042f2e;--score-line:#2dd4bf;--rule:#3b2405;--rule-line:#f59e0b;--maker:#431407;--maker-line:#fb923c;
--places:#042f2e;--places-line:#2dd4bf;--always:#1a2e05;--always-line:#a3e635;--outcome:#052e16;--outcome-line:#4ade80}}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--ink)}
.big{font-size:18px;font-weight:600}.mid{font-size:15px;font-weight:600}.faint{fill:var(--faint)}.head{font-weight:600}
.arrow{fill:none;stroke:var(--line);stroke-width:1.3}.stops{stroke:var(--stop);stroke-dasharray:5 4}
.tip{fill:var(--line)}.tip-stops{fill:var(--stop)}.start{fill:var(--faint)}
"""


def svg(graph: g.Graph) -> str:
    """The graph as the text of an SVG file, with a title and a description for screen readers."""
    return _Picture(graph).text()


@attrs.define
class _Picture:
    graph: g.Graph
    body: list[str] = attrs.field(factory=list)
    width: float = 0.0
    height: float = 0.0

    def text(self) -> str:
        self.height = _MARGIN + _TITLE
        self.said(_MARGIN, _MARGIN + 18, self.graph.title, "big")
        self.said(_MARGIN, _MARGIN + 38, self.graph.subtitle, "faint")
        self.width = _MARGIN + max(width_of(self.graph.title) * 1.5, width_of(self.graph.subtitle))
        if self.graph.boxes:
            self.flow()
        for machine in self.graph.machines:
            self.height += _PANEL
            self.said(_MARGIN, self.height - 8, machine.title, "mid")
            self.height += 12
            self.machine(machine)
        self.legend()
        wide, high = round(self.width + _MARGIN), round(self.height + _MARGIN)
        title, says = _safe(f"{self.graph.title} ({self.graph.subtitle})"), _safe(self.graph.says)
        kinds = "".join(f".{k} rect{{fill:var(--{k});stroke:var(--{k}-line)}}" for k in g.KINDS)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img" '
                f'aria-labelledby="t d"><title id="t">{title}</title><desc id="d">{says}</desc>\n<style>{_STYLE}{kinds}</style>\n'
                f'<rect width="{wide}" height="{high}" style="fill:var(--back)"/>\n' + "\n".join(self.body) + "\n</svg>\n")

    def flow(self) -> None:
        boxes = {box.key: box for box in self.graph.boxes}
        shown = {key: _Shown(box.kind, _lines(box.lines), box.heading, box.says) for key, box in boxes.items()}
        least = {key: 1 for key, box in boxes.items() if box.kind not in (g.OUTCOME, g.ALWAYS)}
        pinned = [key for key, box in boxes.items() if box.kind == g.OUTCOME]
        if not pinned:
            least = {}
        arrows = [(a.source, a.target, a.kind) for a in self.graph.arrows]
        layout = arrange({k: s.size for k, s in shown.items()}, arrows, least, pinned)
        self.put(layout, shown, arrows)

    def machine(self, machine: g.StateDiagram) -> None:
        """States as pills in a row, the ways between them on rails with their names."""
        shown = [_Shown(g.OUTCOME, _lines(s.lines), None, s.says, start=s.start) for s in machine.states]
        place = {state.key: i for i, state in enumerate(machine.states)}
        labels = [_lines(way.lines) for way in machine.ways]
        wishes = [Wish(tuple(place[o] for o in way.origins), place[way.to], max(map(width_of, lines)), len(lines))
                  for way, lines in zip(machine.ways, labels, strict=True)]
        row = lay([s.size for s in shown], wishes)
        dx, dy = _MARGIN + (12 if any(s.start for s in shown) else 0), self.height
        self.body.append(f'<g transform="translate({dx:.1f} {dy:.1f})">')
        for rail, way, lines in zip(row.rails, machine.ways, labels, strict=True):
            says = f"<title>{_safe(way.says)}</title>" if way.says else ""
            self.body.append("<g>" + says + "".join(f'<path class="arrow" d="{path}"/>' for path in rail.paths))
            x, y, down = rail.tip
            self.body.append(f'<path class="tip" d="M{x:.1f} {y:.1f}l-4 {-7 if down else 7}h8z"/>')
            for number, line in enumerate(lines):
                self.said(rail.label[0], rail.label[1] + 11 + 15 * number, line, "faint" if number else "", middle=True)
            self.body.append("</g>")
        tall = max(s.size[1] for s in shown)
        for box, left in zip(shown, row.lefts, strict=True):
            self.box(box, left, row.top, row.wide, tall)
        self.body.append("</g>")
        self.width = max(self.width, row.width + dx)
        self.height += row.height

    def put(self, layout: Layout, shown: dict[str, _Shown], arrows: list[tuple[str, str, str]]) -> None:
        dx, dy = _MARGIN, self.height
        ends = _ports(layout, shown, arrows)
        for index, points in layout.routes.items():
            *rest, _ = points
            moved = [(x + dx, y + dy) for x, y in (*rest, (points[-1][0], ends[index]))]
            self.arrow(moved, arrows[index][2])
        for key, box in shown.items():
            x, y = layout.at[key]
            self.box(box, x + dx, y + dy, layout.wide[key], box.size[1])
        self.width = max(self.width, layout.width + dx)
        self.height += layout.height

    def arrow(self, points: list[Point], kind: str) -> None:
        (x, y), *rest = points
        forwards = rest[-1][0] >= x
        path = [f"M{x:.1f} {y:.1f}"]
        for number, (to_x, to_y) in enumerate(rest):
            if number % 2:
                path.append(f"L{to_x:.1f} {to_y:.1f}")
            else:
                bend = (to_x - x) / 2
                path.append(f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
            x, y = to_x, to_y
        stops = " stops" if kind == g.STOPS else ""
        self.body.append(f'<path class="arrow{stops}" d="{"".join(path)}"/>')
        tip = "tip-stops" if stops else "tip"
        self.body.append(f'<path class="{tip}" d="M{x:.1f} {y:.1f}l{-7 if forwards else 7} -4v8z"/>')

    def box(self, box: _Shown, x: float, y: float, wide: float, high: float) -> None:
        says = f"<title>{_safe(box.says)}</title>" if box.says else ""
        round_ = high / 2 if box.kind in (g.OUTCOME, g.ALWAYS) else 12.0 if box.kind in (g.SCORE, g.PLACES) else 4.0
        self.body.append(f'<g class="{box.kind}">{says}<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" '
                         f'rx="{round_:.1f}"/>')
        middle = box.kind not in (g.FACT, g.ASKED, g.EVENT)
        lines = [(box.heading, "head")] if box.heading else []
        lines += [(line, "") for line in box.lines]
        y += (high - box.size[1]) / 2
        for number, (line, class_) in enumerate(lines):
            at = x + wide / 2 if middle else x + _PAD_X
            self.said(at, y + _PAD_Y + LINE * (number + 0.76), line, class_, middle)
        if box.start:
            self.body.append(f'<circle class="start" cx="{x - 8:.1f}" cy="{y + box.size[1] / 2:.1f}" r="5"/>')
        self.body.append("</g>")

    def legend(self) -> None:
        """The colours that occur, each in a word."""
        x, self.height = _MARGIN, self.height + _LEGEND
        y = self.height
        entries: list[tuple[str, str]] = [(kind, g.KINDS[kind]) for kind in self.graph.kinds]
        if any("∑" in line for box in self.graph.boxes for line in box.lines):
            entries.append(("", "∑ counted from events"))
        if self.graph.stops:
            entries.append((g.STOPS, "exception: stops the rule"))
        for kind, words in entries:
            long = width_of(words) * 0.95 + (40 if kind else 18)
            if x + long > max(self.width, 420.0) and x > _MARGIN:
                x, y = _MARGIN, y + 22
            if kind == g.STOPS:
                self.body.append(f'<path class="arrow stops" d="M{x:.1f} {y - 4:.1f}h16"/>')
            elif kind:
                self.body.append(f'<g class="{kind}"><rect x="{x:.1f}" y="{y - 10:.1f}" width="16" height="12" rx="3"/></g>')
            self.said(x + (22 if kind else 0), y, words, "faint")
            x += long
            self.width = max(self.width, x - 18)
        self.height = y

    def said(self, x: float, y: float, text: str, class_: str = "", middle: bool = False) -> None:
        classed = f' class="{class_}"' if class_ else ""
        anchor = ' text-anchor="middle"' if middle else ""
        self.body.append(f'<text x="{x:.1f}" y="{y:.1f}"{classed}{anchor}>{_safe(text)}</text>')


@attrs.frozen
class _Shown:
    kind: str
    lines: tuple[str, ...]
    heading: str | None
    says: str
    start: bool = False

    @property
    def size(self) -> tuple[float, float]:
        lines = [*self.lines, *([self.heading] if self.heading else [])]
        wide = max(width_of(line, bold=line is self.heading) for line in lines)
        round_ = 8.0 if self.kind in (g.OUTCOME, g.ALWAYS) else 0.0
        return wide + 2 * (_PAD_X + round_), LINE * len(lines) + 2 * _PAD_Y


def _lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for line in lines for part in wrapped(line))


def _ports(layout: Layout, shown: dict[str, _Shown], arrows: list[tuple[str, str, str]]) -> dict[int, float]:
    """Where each arrow meets its box: those of one box side by side, in the order in which they come."""
    arriving: dict[tuple[str, bool], list[int]] = {}
    for index, points in layout.routes.items():
        forwards = points[-1][0] >= points[0][0]
        arriving.setdefault((arrows[index][1], forwards), []).append(index)
    found = {}
    for (box, _), indices in arriving.items():
        top, high = layout.at[box][1], shown[box].size[1]
        indices.sort(key=lambda i: layout.routes[i][-2][1])
        lanes = list(dict.fromkeys((round(layout.routes[i][-2][1], 1), arrows[i][2]) for i in indices))
        for i in indices:
            lane = lanes.index((round(layout.routes[i][-2][1], 1), arrows[i][2]))
            found[i] = top + high * (0.5 + 0.7 * ((lane + 0.5) / len(lanes) - 0.5))
    return found


def _safe(text: str) -> str:
    """Names and titles are text, whatever stands in them; what XML cannot hold at all is left out."""
    return escape(re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text))



"""The pictures of a report as SVG: no script, no style of their own but classes, a title and a description each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from samrules.decision.words import money
from samrules.publishing.text_size import width_of
from samrules.reporting.document import OutcomeShown, Picture, Point

COLOURS = 9
"""Colours and shapes that the style sheet has; more outcomes share them."""

_WIDTH, _HEIGHT = 860, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 16, 14, 46
_SHAPED, _LABELLED = 500, 40
"""Points drawn with a shape of their own, and points with names; beyond that they are dots."""
_SIZE = 5.0
_SHAPES = (
    "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",  # circle
    "m-4.5 -4.5h9v9h-9z",  # square
    "m0 -6l5.5 10h-11z",  # triangle
    "m0 -6.5l6 6.5l-6 6.5l-6 -6.5z",  # diamond
    "m0 6l5.5 -10h-11z",  # triangle, point down
    "m-5.5 -2h3.5v-3.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5z",  # plus
    "m-6 -3h12v6h-12z",  # bar, lying
    "m-3 -6h6v12h-6z",  # bar, standing
    "m-5.5 -5.5l11 0l-11 11l11 0z",  # hourglass
)


def shape(key: int) -> str:
    """The mark of an outcome, as the path of a shape around the origin."""
    return _SHAPES[key % COLOURS]


def shares(outcomes: Sequence[OutcomeShown]) -> str:
    """One bar, divided by outcome. The table beside it says the same, so it is hidden from screen readers."""
    total = sum(o.count for o in outcomes) or 1
    parts, at = [], 0.0
    for o in outcomes:
        wide = 1000 * o.count / total
        parts.append(f'<rect class="k{o.key % COLOURS}" x="{at:.2f}" y="0" width="{max(wide - 2, 1):.2f}" height="20"/>')
        at += wide
    return f'<svg class="shares" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true" focusable="false">{"".join(parts)}</svg>'


def scatter(picture: Picture, outcomes: Sequence[OutcomeShown]) -> str:
    """Scores against sizes, the sizes on a logarithmic scale; a line where a score is an interval, unless there are
    many points: then each is a dot in the middle of its interval."""
    low, high = _ends([p.size for p in picture.points])
    across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(size: float) -> float:
        return round(_LEFT + across * (math.log10(size) - low) / (high - low), 1)

    def y(score: float) -> float:
        return round(_TOP + down * (1 - score / 100), 1)

    shaped = len(picture.points) <= _SHAPED
    lines = [f'<svg class="scatter" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="scatter-title" aria-describedby="scatter-says" focusable="false">',
             f'<title id="scatter-title">{escape(picture.score)} against {escape(picture.size)}</title>',
             f'<desc id="scatter-says">{escape(picture.says)} The table of decisions has the medians, the list of accounts every figure.</desc>']
    lines += [f'<path class="grid" d="M{_LEFT} {y(score)}H{_WIDTH - _RIGHT}"/>'
              f'<text class="tick" x="{_LEFT - 8}" y="{y(score) + 4}" text-anchor="end">{score}</text>' for score in range(0, 101, 20)]
    lines += [f'<path class="grid" d="M{x(tick)} {_TOP}V{y(0)}"/>'
              f'<text class="tick" x="{x(tick)}" y="{y(0) + 18}" text-anchor="middle">{escape(money(tick))}</text>'
              for tick in _ticks(low, high)]
    unit = f", {picture.currency}" if picture.currency else ""
    lines.append(f'<text class="axis" x="{_LEFT + across / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(picture.size + unit)}</text>')
    lines.append(f'<text class="axis" x="13" y="{_TOP + down / 2}" text-anchor="middle" transform="rotate(-90 13 {_TOP + down / 2})">{escape(picture.score)}</text>')
    for o in sorted(outcomes, key=lambda o: -o.count):  # the few lie above the many
        mine = [p for p in picture.points if p.key == o.key]
        if not mine:
            continue
        open_ = "".join(f"M{x(p.size)} {y(p.low)}V{y(p.high)}" for p in mine if p.low != p.high)
        if open_ and shaped:
            lines.append(f'<path class="s{o.key % COLOURS} span" d="{open_}"/>')
        if shaped:
            lines.append(f'<path class="k{o.key % COLOURS} mark" d="{"".join(f"M{x(p.size)} {y(_middle(p))}{shape(o.key)}" for p in mine)}"/>')
        else:
            lines.append(f'<path class="s{o.key % COLOURS} dots" d="{"".join(f"M{x(p.size)} {y(_middle(p))}h0" for p in mine)}"/>')
    if len(picture.points) <= _LABELLED:
        lines += _labels([(x(p.size), y(_middle(p)), p.name) for p in picture.points])
    return "\n".join([*lines, "</svg>"])


def _middle(point: Point) -> float:
    return (point.low + point.high) / 2


def _ends(sizes: Sequence[float]) -> tuple[float, float]:
    """The ends of the scale as powers of ten, with some room beside the outermost."""
    low, high = math.log10(min(sizes)), math.log10(max(sizes))
    room = max((high - low) * 0.05, 0.1)
    return low - room, high + room


def _ticks(low: float, high: float) -> Iterator[float]:
    """1, 10, 100 …, and 2 and 5 between them where there are few."""
    steps = (1, 2, 5) if high - low < 2.5 else (1,)
    for power in range(math.floor(low), math.ceil(high) + 1):
        for step in steps:
            if low <= math.log10(step) + power <= high:
                yield float(step * 10.0 ** power)


def _labels(points: Sequence[tuple[float, float, str]]) -> Iterator[str]:
    """Names beside their points, where there is room: right, else left; a name without room is left out."""
    taken = [(px - _SIZE, py - _SIZE, px + _SIZE, py + _SIZE) for px, py, _ in points]
    for px, py, name in points:
        text = name if len(name) <= 24 else name[:23] + "…"
        wide = width_of(text) * 11 / 13
        for anchor, left in (("start", px + 8), ("end", px - 8 - wide)):
            box = (left, py - 7, left + wide, py + 7)
            inside = box[0] >= _LEFT and box[2] <= _WIDTH - 2
            if inside and not any(a < box[2] and box[0] < c and b < box[3] and box[1] < d for a, b, c, d in taken):
                taken.append(box)
                yield (f'<text class="name" x="{left if anchor == "start" else px - 8:.1f}" y="{py + 4:.1f}" '
                       f'text-anchor="{anchor}">{escape(text)}</text>')
                break

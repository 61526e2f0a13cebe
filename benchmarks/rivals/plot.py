"""A plot of lines on two logarithmic axes, as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

import attrs

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 420, 70, 270, 40, 45
COLOURS = ("#1b6ca8", "#7a4fa3", "#3a9d8f", "#c0392b", "#d98200", "#5b6770", "#8a6d3b", "#2e7d32", "#ad1457", "#00838f", "#6d4c41",
           "#455a64", "#9e9d24")


@attrs.frozen
class Line:
    title: str
    points: Sequence[tuple[float, float]]
    heavy: bool = False


def plot(title: str, along: str, lines: Sequence[Line]) -> str:
    """The lines, each named at its end; axes in powers of ten."""
    across, up = ([p[i] for line in lines for p in line.points] for i in (0, 1))
    x = _axis(across, LEFT, WIDTH - RIGHT)
    y = _axis(up, HEIGHT - BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
             f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{escape(title)}</text>']
    for tick in _ticks(up):
        parts += [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd"/>',
                  f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{_short(tick)}</text>']
    for tick in _ticks(across):
        parts.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick:,.0f}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(along)}</text>')
    ends = _apart([y(line.points[-1][1]) for line in lines])
    for line, colour, end in zip(lines, COLOURS * 9, ends, strict=False):
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line.points)
        last = line.points[-1]
        width = 3.5 if line.heavy else 1.6
        parts += [f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>',
                  *(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="{width + 0.8}" fill="{colour}"/>' for a, b in line.points),
                  f'<line x1="{x(last[0]):.1f}" y1="{y(last[1]):.1f}" x2="{WIDTH - RIGHT + 12}" y2="{end:.1f}" stroke="{colour}" '
                  'stroke-width="0.6" stroke-dasharray="2 3"/>',
                  f'<text x="{WIDTH - RIGHT + 16}" y="{end + 4:.1f}" fill="{colour}">{escape(line.title)}</text>']
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axis(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    ticks = _ticks(values)
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])
    return lambda v: start + (math.log10(v) - low) / ((high - low) or 1) * (end - start)


def _ticks(values: Sequence[float]) -> list[float]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0 ** power for power in range(low, high + 1)]


def _short(tick: float) -> str:
    return f"{tick:,.0f}" if tick >= 1 else f"{tick:g}"


def _apart(places: Sequence[float], least: float = 15) -> list[float]:
    """Places for labels, in the same order from the top, none nearer to the next than `least`."""
    found = dict.fromkeys(range(len(places)), 0.0)
    at = -math.inf
    for index in sorted(found, key=lambda i: places[i]):
        at = max(places[index], at + least)
        found[index] = at
    beyond = max(0.0, at - (HEIGHT - BOTTOM))
    return [found[i] - beyond for i in range(len(places))]

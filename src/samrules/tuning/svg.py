"""A sweep as a picture: accounts by outcome over the values of the parameter, steps drawn where they are."""

from __future__ import annotations

import math
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from samrules.compare.report import outcome_in_words
from samrules.decision.words import sentence, word
from samrules.tuning.sweep_text import value_text

if TYPE_CHECKING:
    from samrules.tuning.sweep import Sweep

_WIDTH, _HEIGHT = 760, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 64, 48
_COLOURS = ("#0072b2", "#56b4e9", "#e69f00", "#999999", "#009e73", "#cc79a7", "#d55e00", "#f0e442")
"""Told apart by all eyes (Okabe and Ito)."""


def svg_of_sweep(found: Sweep) -> str:
    """A whole SVG file, with no script and nothing that it loads."""
    low, high = found.axis.ends
    across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(position: float) -> float:
        return round(_LEFT + across * (position - low) / (high - low), 2)

    def y(count: float) -> float:
        return round(_TOP + down * (1 - count / max(1, found.accounts)), 2)

    title = f"{found.rules.title}: {word(found.declared.name)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-size="14" font-weight="bold">{escape(_short(sentence(found.declared.title or word(found.declared.name))))}</text>',
    ]
    at = _LEFT
    for index, outcome in enumerate(found.outcomes):
        shown = outcome_in_words(outcome)
        lines.append(f'<rect x="{at}" y="34" width="12" height="12" fill="{_colour(index)}"/><text x="{at + 16}" y="44">{escape(shown)}</text>')
        at += 32 + 7 * len(shown)
    for start, end, counts in _stretches(found):
        base = 0
        for index, outcome in enumerate(found.outcomes):
            count = counts.get(outcome, 0)
            if count:
                wide = round(max(x(end) - x(start), 0.01), 2)
                lines.append(f'<rect x="{x(start)}" y="{y(base + count)}" width="{wide}" '
                             f'height="{round(y(base) - y(base + count), 2)}" fill="{_colour(index)}"/>')
            base += count
    lines += _axes(found, x, y)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _stretches(found: Sweep) -> list[tuple[float, float, Counter[object]]]:
    """Where nothing changes: from, to, and the accounts by outcome."""
    low, high = found.axis.ends
    counts: Counter[object] = Counter(found.steps[0].counts)
    stretches, start = [], low
    for change in found.changes:
        position = found.axis.position(change.at)
        assert position is not None
        if position > start:
            stretches.append((start, position, Counter(counts)))
            start = position
        counts[change.old.outcome] -= 1
        counts[change.new.outcome] += 1
    return [*stretches, (start, high, counts)]


def _axes(found: Sweep, x: object, y: object) -> list[str]:
    assert callable(x) and callable(y)
    low, high = found.axis.ends
    lines = [f'<path d="M{_LEFT} {_TOP}V{y(0)}H{_WIDTH - _RIGHT}" fill="none" stroke="black"/>']
    ticks = found.axis.evenly(5)
    for index, position in enumerate(ticks):
        anchor = "start" if index == 0 else "end" if index == len(ticks) - 1 else "middle"
        lines.append(f'<path d="M{x(position)} {y(0)}v5" stroke="black"/><text x="{x(position)}" y="{y(0) + 20}" '
                     f'text-anchor="{anchor}">{escape(value_text(found, found.axis.value(position)))}</text>')
    step = max(1, 10 ** math.floor(math.log10(max(1, found.accounts))) // 2)
    lines += [f'<path d="M{_LEFT} {y(count)}h-5" stroke="black"/><text x="{_LEFT - 8}" y="{y(count) + 4}" text-anchor="end">{count:,}</text>'
              for count in range(0, found.accounts + 1, step)]
    now = found.axis.position(found.current)
    if now is not None and low <= now <= high:
        lines.append(f'<path d="M{x(now)} {_TOP - 4}V{y(0)}" stroke="black" stroke-dasharray="4 3"/>'
                     f'<text x="{x(now)}" y="{_TOP - 6}" text-anchor="middle">now {escape(value_text(found, found.current))}</text>')
    lines.append(f'<text x="{_LEFT + (_WIDTH - _LEFT - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">'
                 f'{escape(word(found.declared.name))}, accounts by outcome</text>')
    return lines


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]


def _short(text: str) -> str:
    return text if len(text) <= 90 else text[:89] + "…"

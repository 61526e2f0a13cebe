"""States in a row, each way between them on a rail of its own: to the right above the row, to the left below."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

_BETWEEN, _RAIL, _LABEL_LINE, _BEND = 36.0, 14.0, 15.0, 7.0
_ASIDE = 6.0
"""A way leaves a state to the right of its middle and arrives to the left, so that the next may begin where it ends."""


@attrs.frozen
class Wish:
    """A way to be laid: from which states to which, by their places in the row, and the size of its label."""

    origins: tuple[int, ...]
    to: int
    wide: float
    lines: int

    @property
    def above(self) -> bool:
        return self.to >= sum(self.origins) / len(self.origins)

    @property
    def ends(self) -> list[int]:
        return [*self.origins, self.to]


@attrs.frozen
class Rail:
    """A way as laid: a path a state it leads from, where the arrow's tip is, the middle and top of its label."""

    paths: tuple[str, ...]
    tip: tuple[float, float, bool]
    """Its place, and whether it points down."""
    label: tuple[float, float]


@attrs.frozen
class Row:
    """The left edge of each state, their width, the top of the row; the rails; the size of the whole."""

    lefts: list[float]
    wide: float
    top: float
    rails: list[Rail]
    width: float
    height: float


def lay(sizes: Sequence[tuple[float, float]], wishes: Sequence[Wish]) -> Row:
    """Lay out states of these widths and heights, and the ways between them."""
    wide, high = max(w for w, _ in sizes), max(h for _, h in sizes)
    step = max(wide + _BETWEEN, *(w.wide + 20 for w in wishes)) if wishes else wide + _BETWEEN
    middles = [step * i + wide / 2 for i in range(len(sizes))]
    tracks = {above: _tracks([i for i, w in enumerate(wishes) if w.above is above], wishes, middles) for above in (True, False)}
    depth = {above: [_depth([wishes[i] for i in track]) for track in tracks[above]] for above in (True, False)}
    top = sum(depth[True])
    height = top + high + sum(depth[False])
    lane: dict[int, tuple[int, float]] = {}
    for above in (True, False):
        away = 0.0
        for number, track in enumerate(tracks[above]):
            away += depth[above][number]
            # below, the label hangs under its rail, so the rail is at the near edge of its track
            for i in track:
                lane[i] = number, top - away + _label(wishes[i]) if above else top + high + away - _label(wishes[i])
    ports = _ports(wishes, lane, middles, wide)
    rails = [_rail(i, wish, lane[i][1], ports, top if wish.above else top + high) for i, wish in enumerate(wishes)]
    right = max([middles[-1] + wide / 2, *(r.label[0] + w.wide / 2 for r, w in zip(rails, wishes, strict=True))])
    return Row([m - wide / 2 for m in middles], wide, top, rails, right, height)


def _label(wish: Wish) -> float:
    return wish.lines * _LABEL_LINE + 4


def _depth(wishes: Sequence[Wish]) -> float:
    return max(_label(w) for w in wishes) + _RAIL


def _tracks(ways: list[int], wishes: Sequence[Wish], middles: list[float]) -> list[list[int]]:
    """Ways side by side where they do not meet, the short ones next to the states."""
    ways = sorted(ways, key=lambda i: (max(wishes[i].ends) - min(wishes[i].ends), min(wishes[i].ends), i))
    tracks: list[list[int]] = []
    taken: list[list[tuple[float, float]]] = []
    for i in ways:
        ends = [middles[e] for e in wishes[i].ends]
        apart = (max(ends) - min(ends)) / 2 - _ASIDE
        middle, half = (min(ends) + max(ends)) / 2, max(apart, wishes[i].wide / 2)
        own = (middle - half, middle + half)
        for track, spans in zip(tracks, taken, strict=True):
            if all(own[1] + 8 < low or own[0] - 8 > high for low, high in spans):
                track.append(i)
                spans.append(own)
                break
        else:
            tracks.append([i])
            taken.append([own])
    return tracks


Port = tuple[int, int, bool]
"""A way, a state, and whether the way ends there."""


def _ports(wishes: Sequence[Wish], lane: dict[int, tuple[int, float]], middles: list[float], wide: float) -> dict[Port, float]:
    """Where along a state each way leaves or arrives, so that no way crosses its own neighbour."""
    at: dict[tuple[int, bool], list[Port]] = {}
    for i, wish in enumerate(wishes):
        for origin in wish.origins:
            at.setdefault((origin, wish.above), []).append((i, origin, False))
        at.setdefault((wish.to, wish.above), []).append((i, wish.to, True))

    def place(port: Port) -> tuple[int, float]:
        i, state, _ = port
        others = [e for e in wishes[i].ends if e != state]
        left, right = any(e < state for e in others), any(e > state for e in others)
        far = lane[i][0]
        return (0, far) if left and not right else (2, -far) if right and not left else (1, far)

    found = {}
    for (state, _), ports in at.items():
        ports.sort(key=place)
        for number, port in enumerate(ports):
            found[port] = middles[state] + wide * 0.72 * ((number + 0.5) / len(ports) - 0.5)
    return found


def _rail(i: int, wish: Wish, y: float, ports: dict[Port, float], edge: float) -> Rail:
    to = ports[i, wish.to, True]
    back = _BEND if y > edge else -_BEND  # away from the states
    paths = []
    for origin in wish.origins:
        x = ports[i, origin, False]
        aside = min(_BEND, abs(to - x) / 2) * (1 if to > x else -1)
        paths.append(f"M{x:.1f} {edge:.1f}V{y - back:.1f}Q{x:.1f} {y:.1f} {x + aside:.1f} {y:.1f}H{to - aside:.1f}"
                     f"Q{to:.1f} {y:.1f} {to:.1f} {y - back:.1f}V{edge:.1f}")
    ends = [to, *(ports[i, o, False] for o in wish.origins)]
    middle = (min(ends) + max(ends)) / 2
    return Rail(tuple(paths), (to, edge, wish.above), (middle, y - _label(wish) + 2 if wish.above else y + 3))

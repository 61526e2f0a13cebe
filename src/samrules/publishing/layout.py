"""Where boxes stand: in columns, from what is read to what reads it, with few crossings.

The layered layout of Sugiyama, Tagawa and Toda: columns by the longest way to an end; in each, an order
by the middle of the neighbours; heights by least squares. Pure arithmetic: the same graph gives the
same picture everywhere, on every Python too: sums are exact, since `sum` adds doubles otherwise from 3.12 on.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from math import fsum

import attrs

GAP_X, GAP_Y = 44.0, 12.0
_ROOM, _MOST_ROOM = 1.5, 70.0
"""Between columns there is more room where more arrows run."""
_SWEEPS = 24
_PULL = 0.04
"""How far a box moves towards the centre at each sweep: parts that nothing joins stay together."""
_THIN = 4.0
"""Height of the lane in which an arrow passes a column."""

Key = str | tuple[str, ...]
Point = tuple[float, float]


@attrs.frozen
class Layout:
    """Left upper corner of each box, the width of its column, the points of each arrow, the whole."""

    at: dict[str, Point]
    wide: dict[str, float]
    routes: dict[int, list[Point]]
    width: float
    height: float


def arrange(sizes: Mapping[str, tuple[float, float]], arrows: Sequence[tuple[str, str, str]],
            least: Mapping[str, int] | None = None, pinned: Sequence[str] = ()) -> Layout:
    """Lay out boxes of these widths and heights.

    Args:
        arrows: source, target and kind; those of one source and kind share their way.
        least: columns counted from the right in which a box stands at least, 0 for the last.
        pinned: boxes that keep this order among themselves.
    """
    return _Arranged(sizes, arrows, dict(least or {}), list(pinned)).run()


@attrs.define
class _Arranged:
    sizes: Mapping[str, tuple[float, float]]
    arrows: Sequence[tuple[str, str, str]]
    least: dict[str, int]
    pinned: list[str]
    level: dict[Key, int] = attrs.field(factory=dict)
    """The column of each box and lane, counted from the right."""
    chains: dict[int, list[Key]] = attrs.field(factory=dict)
    """What each arrow goes through, left to right."""
    left: dict[Key, dict[Key, None]] = attrs.field(factory=dict)
    right: dict[Key, dict[Key, None]] = attrs.field(factory=dict)

    def run(self) -> Layout:
        turned = self.turned()
        self.levels(turned)
        self.lanes(turned)
        columns = self.ordered()
        middle = self.heights(columns)
        return self.placed(columns, middle, turned)

    def turned(self) -> set[int]:
        """The arrows to take the other way round so that no circle is left."""
        after: dict[str, list[tuple[int, str]]] = {k: [] for k in self.sizes}
        for index, (source, target, _) in enumerate(self.arrows):
            after[source].append((index, target))
        state: dict[str, int] = {}
        found = set()
        for root in self.sizes:
            if root in state:
                continue
            state[root] = 1
            stack = [(root, iter(after[root]))]
            while stack:
                box, rest = stack[-1]
                step = next(rest, None)
                if step is None:
                    state[box] = 2
                    stack.pop()
                elif state.get(step[1]) == 1:
                    found.add(step[0])
                elif step[1] not in state:
                    state[step[1]] = 1
                    stack.append((step[1], iter(after[step[1]])))
        return found

    def ends(self, index: int, turned: set[int]) -> tuple[str, str]:
        source, target, _ = self.arrows[index]
        return (target, source) if index in turned else (source, target)

    def levels(self, turned: set[int]) -> None:
        """The longest way to an end, ends rightmost."""
        waiting = dict.fromkeys(self.sizes, 0)
        before: dict[str, list[str]] = {k: [] for k in self.sizes}
        for index in range(len(self.arrows)):
            a, b = self.ends(index, turned)
            if a != b:
                waiting[a] += 1
                before[b].append(a)
        level = {k: self.least.get(k, 0) for k in self.sizes}
        ready = [k for k in self.sizes if not waiting[k]]
        while ready:
            box = ready.pop()
            for a in before[box]:
                level[a] = max(level[a], level[box] + 1)
                waiting[a] -= 1
                if not waiting[a]:
                    ready.append(a)
        self.level.update(level.items())

    def lanes(self, turned: set[int]) -> None:
        """Arrows that pass columns get a lane in each."""
        for index, (source, _, kind) in enumerate(self.arrows):
            a, b = self.ends(index, turned)
            if a == b:
                continue
            chain: list[Key] = [a]
            for at in range(self.level[a] - 1, self.level[b], -1):
                lane = ("lane", source, kind, str(at), "back" if index in turned else "")
                self.level.setdefault(lane, at)
                chain.append(lane)
            chain.append(b)
            self.chains[index] = chain
            for one, other in itertools.pairwise(chain):
                self.right.setdefault(one, {})[other] = None
                self.left.setdefault(other, {})[one] = None

    # --- order ---

    def ordered(self) -> list[list[Key]]:
        """The columns from left to right, each in the order with the fewest crossings found."""
        most = max(self.level.values(), default=0)
        columns: list[list[Key]] = [[] for _ in range(most + 1)]
        for key, at in self.level.items():
            columns[most - at].append(key)
        best, fewest = [list(c) for c in columns], self.crossings(columns)
        for sweep in range(_SWEEPS):
            backwards = sweep % 2 == 0
            for at in (range(most - 1, -1, -1) if backwards else range(1, most + 1)):
                beside = columns[at + 1] if backwards else columns[at - 1]
                self.sort(columns[at], beside, self.right if backwards else self.left)
            found = self.crossings(columns)
            if found < fewest:
                best, fewest = [list(c) for c in columns], found
        return best

    def sort(self, column: list[Key], beside: list[Key], neighbours: dict[Key, dict[Key, None]]) -> None:
        place = {k: i for i, k in enumerate(beside)}
        here = {k: i for i, k in enumerate(column)}

        def middle(key: Key) -> float:
            near = [place[n] for n in neighbours.get(key, ()) if n in place]
            return fsum(near) / len(near) if near else here[key] * len(beside) / max(len(column), 1)

        column.sort(key=lambda k: (middle(k), here[k]))
        fixed = [k for k in self.pinned if k in here]
        slots = sorted(column.index(k) for k in fixed)
        for slot, key in zip(slots, fixed, strict=True):
            column[slot] = key

    def crossings(self, columns: list[list[Key]]) -> int:
        total = 0
        for one, other in itertools.pairwise(columns):
            place = {k: i for i, k in enumerate(other)}
            seen: list[int] = []
            for key in one:
                ends = sorted(place[n] for n in self.right.get(key, ()) if n in place)
                total += sum(len(seen) - bisect_right(seen, end) for end in ends)
                for end in ends:
                    insort(seen, end)
        return total

    # --- places ---

    def tall(self, key: Key) -> float:
        return self.sizes[key][1] if isinstance(key, str) else _THIN

    def heights(self, columns: list[list[Key]]) -> dict[Key, float]:
        """The middle of each box: near the middle of its neighbours, and never over another."""
        middle: dict[Key, float] = {}
        for column in columns:
            top = 0.0
            for key in column:
                middle[key] = top + self.tall(key) / 2
                top += self.tall(key) + GAP_Y
        for sweep in range(_SWEEPS):
            centre = fsum(middle.values()) / max(len(middle), 1)
            for column in (columns if sweep % 2 else reversed(columns)):
                wanted = []
                for key in column:
                    near = [*self.left.get(key, ()), *self.right.get(key, ())]
                    beside = fsum(middle[n] for n in near) / len(near) if near else middle[key]
                    wanted.append(beside + (centre - beside) * _PULL)
                middle.update(zip(column, self.apart(column, wanted), strict=True))
        return middle

    def apart(self, column: list[Key], wanted: list[float]) -> list[float]:
        """The heights nearest to the wanted ones, by least squares, at which nothing overlaps."""
        shift, offsets = 0.0, []
        for i, key in enumerate(column):
            if i:
                shift += (self.tall(column[i - 1]) + self.tall(key)) / 2 + GAP_Y
            offsets.append(shift)
        blocks: list[tuple[float, int]] = []  # the mean of a run that moves together, and its length
        for want, offset in zip(wanted, offsets, strict=True):
            mean, count = want - offset, 1
            while blocks and blocks[-1][0] > mean:
                last, n = blocks.pop()
                mean, count = (last * n + mean * count) / (n + count), n + count
            blocks.append((mean, count))
        means = [mean for mean, count in blocks for _ in range(count)]
        return [mean + offset for mean, offset in zip(means, offsets, strict=True)]

    def placed(self, columns: list[list[Key]], middle: dict[Key, float], turned: set[int]) -> Layout:
        top = min((middle[k] - self.tall(k) / 2 for k in middle), default=0.0)
        bottom = max((middle[k] + self.tall(k) / 2 for k in middle), default=0.0)
        start: dict[Key, float] = {}
        wide: dict[Key, float] = {}
        x = gap = 0.0
        for column in columns:
            width = max((self.sizes[k][0] for k in column if isinstance(k, str)), default=0.0)
            for key in column:
                start[key], wide[key] = x, width
            busy = sum(len(self.right.get(k, ())) for k in column)
            gap = GAP_X + min(_MOST_ROOM, _ROOM * busy)
            x += width + gap
        at = {k: (start[k], middle[k] - self.tall(k) / 2 - top) for k in self.sizes}
        routes = {}
        for index, chain in self.chains.items():
            points = [(start[chain[0]] + wide[chain[0]], middle[chain[0]] - top)]
            for key in chain[1:-1]:
                points += [(start[key], middle[key] - top), (start[key] + wide[key], middle[key] - top)]
            points.append((start[chain[-1]], middle[chain[-1]] - top))
            routes[index] = points[::-1] if index in turned else points
        return Layout(at, {k: wide[k] for k in self.sizes}, routes, max(x - gap, 0.0), bottom - top)

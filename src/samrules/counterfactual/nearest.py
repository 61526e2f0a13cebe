"""Within one set of moves: the least change that gives the outcome, by halving boxes, the nearest first."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence

import attrs

from samrules.counterfactual import spans as sp
from samrules.counterfactual.moves import KNOWN, Move
from samrules.counterfactual.network import Network
from samrules.counterfactual.verdicts import Outcome, Verdicts

Place = tuple[int, ...]
Box = tuple[tuple[int, int], ...]

_SET_MOST = 1200
"""Boxes that are looked at for one set before it is left open."""
_STRETCH_MOST = 600
_FEW = 16
_ALIKE = 1e-12
"""Sizes this close are taken as equal."""


@attrs.frozen
class Goal:
    """The outcome that is wanted, or with None any but the one there is. Of a list of outcomes, one that must be in it."""

    wanted: str | None
    now: Outcome

    def met(self, outcome: Outcome) -> bool:
        if self.wanted is None:
            return outcome != self.now
        return self.wanted in outcome if isinstance(outcome, tuple) else outcome == self.wanted


@attrs.define
class Effort:
    """Nodes that may still be looked at: a count, so that the same question has the same answer on every machine."""

    left: int

    @property
    def spent(self) -> bool:
        return self.left <= 0


@attrs.frozen
class Asked:
    """A question put to a network: can the goal be, must it be, within bounds."""

    network: Network
    verdicts: Verdicts
    goal: Goal
    effort: Effort

    def ask(self, where: dict[str, sp.Possible]) -> tuple[bool, bool]:
        """Whether the goal is met somewhere in there, for all one can tell; and whether it is everywhere."""
        truths, looked_at = self.network.truths(where)
        self.effort.left -= looked_at
        outcomes = self.verdicts.among(truths)
        if outcomes is None:
            return True, False
        met = [self.goal.met(o) for o in outcomes]
        return any(met), all(met)

    def at(self, moves: Sequence[Move], place: Place) -> bool:
        return self.ask({m.fact.name: m.span(p, p) for m, p in zip(moves, place, strict=True)})[1]

    def within(self, moves: Sequence[Move], box: Box) -> tuple[bool, bool]:
        return self.ask({m.fact.name: m.span(a, b) for m, (a, b) in zip(moves, box, strict=True)})


@attrs.frozen
class Nearest:
    """Where the goal is met with the least change; `least` is false where another mix might be smaller still."""

    place: Place
    size: float
    least: bool


def size_of(moves: Sequence[Move], place: Place) -> float:
    return sum(m.size(p) for m, p in zip(moves, place, strict=True))


def nearest(asked: Asked, moves: Sequence[Move]) -> Nearest | bool:
    """The least change by these moves, each of them made. False: none gives the outcome. True: it was not found out."""
    box: Box = tuple((0, m.count - 1) for m in moves)
    counter = itertools.count()
    heap: list[tuple[float, int, Box]] = [(size_of(moves, _near(box)), next(counter), box)]
    best: Nearest | None = None
    for seen in itertools.count():
        if not heap or (best is not None and heap[0][0] >= best.size - _ALIKE):
            return attrs.evolve(best, least=True) if best is not None else False
        if seen >= _SET_MOST or asked.effort.spent:
            return attrs.evolve(_closer(asked, moves, best), least=False) if best is not None else True
        bound, _, box = heapq.heappop(heap)
        possible, certain = asked.within(moves, box)
        if not possible:
            continue
        if certain or asked.at(moves, _near(box)):
            return Nearest(_near(box), bound, True)  # no box that is left has a nearer corner
        if seen % 50 == 49 and best is None:  # this may take long: have one answer at least
            best = _any_corner(asked, moves, box)
        for half in _halves(box):
            heapq.heappush(heap, (size_of(moves, _near(half)), next(counter), half))
    raise AssertionError("counting never ends")


def _near(box: Box) -> Place:
    return tuple(a for a, _ in box)


def _halves(box: Box) -> Iterator[Box]:
    """The box in two, across a side with few places if there is one, else its longest; a single place has no halves."""
    wide = [i for i, (low, high) in enumerate(box) if low < high]
    if not wide:
        return
    few = [i for i in wide if box[i][1] - box[i][0] < _FEW]
    across = few[0] if few else max(wide, key=lambda i: box[i][1] - box[i][0])
    low, high = box[across]
    middle = (low + high) // 2
    for side in ((low, middle), (middle + 1, high)):
        yield (*box[:across], side, *box[across + 1 :])


def _any_corner(asked: Asked, moves: Sequence[Move], box: Box) -> Nearest | None:
    for place in (tuple(b for _, b in box), tuple((a + b) // 2 for a, b in box)):
        if asked.at(moves, place):
            return Nearest(place, size_of(moves, place), False)
    return None


def _closer(asked: Asked, moves: Sequence[Move], found: Nearest) -> Nearest:
    """The place with each change in turn as small as it can be while the others stay."""
    place = list(found.place)
    for index in range(len(moves)):
        low, high = -1, place[index]  # met at `high`; halving finds one edge below it
        while high - low > 1:
            middle = (low + high) // 2
            if asked.at(moves, (*place[:index], middle, *place[index + 1 :])):
                high = middle
            else:
                low = middle
        place[index] = high
    return Nearest(tuple(place), size_of(moves, tuple(place)), False)


def stretches(asked: Asked, move: Move, place: int, beside: dict[str, sp.Possible]) -> list[tuple[int, int]] | None:
    """The positions of a move at which the goal is met wherever the other facts are within some bounds: those from a place
    on, up to where it is met no more; of what becomes known, all of them. None where they are too many to find out."""
    every = move.kind == KNOWN
    found: list[tuple[int, int]] = []
    stack = [(0 if every else place, move.count - 1)]
    for _ in range(_STRETCH_MOST):
        if not stack:
            return found
        if asked.effort.spent:
            break
        low, high = stack.pop()
        possible, certain = asked.ask({**beside, move.fact.name: move.span(low, high)})
        if certain:
            if found and found[-1][1] == low - 1:
                found[-1] = (found[-1][0], high)
            else:
                found.append((low, high))
        elif possible and low < high:
            middle = (low + high) // 2
            stack += [(middle + 1, high), (low, middle)]
        elif not every:
            return found
    return None

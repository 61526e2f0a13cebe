"""Which sets of moves give an outcome while none of their parts does: smallest first.

What cannot be reached by some moves, however far they go, must use one of the others. Each such list of others is a *cut*;
a set that gives the outcome has one of every cut. So only sets that do are tried, and each that fails gives the next cut.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import attrs

from samrules.counterfactual import spans as sp
from samrules.counterfactual.moves import Move
from samrules.counterfactual.nearest import Asked, Nearest, nearest

Chosen = frozenset[int]


@attrs.frozen
class Way:
    """A set of moves with how far each goes. `smallest` is false where it could not be told whether some of them alone
    would do."""

    moves: tuple[Move, ...]
    nearest: Nearest
    smallest: bool


@attrs.frozen
class Found:
    """`settled_to`: all sets of up to so many moves are known; `open_sets` are those of which it could not be told whether they
    give the outcome. `nowhere`: no number of moves does."""

    ways: tuple[Way, ...]
    settled_to: int
    open_sets: tuple[tuple[Move, ...], ...]
    nowhere: bool


def search(asked: Asked, moves: Sequence[Move], most: int, enough: int) -> Found:
    """All sets of up to `most` moves that give the outcome; once there are `enough`, no larger ones are sought."""
    seeker = _Seeker(asked, tuple(moves))
    every = frozenset(range(len(moves)))
    if not seeker.reachable(every):
        return Found((), most, (), nowhere=True)
    settled = 0
    for size in range(1, most + 1):
        seeker.size = size
        seeker.visited = set()
        seeker.extend(frozenset())
        if asked.effort.spent:
            break
        settled = size
        if len(seeker.found) >= enough or seeker.nothing_left:
            break
    if seeker.nothing_left and not asked.effort.spent:
        settled = most
    ways = sorted(seeker.found.items(), key=lambda item: (len(item[0]), round(item[1].size, 12), sorted(item[0])))
    open_ = [seeker.moves_in(s) for s in seeker.open]
    return Found(tuple(Way(seeker.moves_in(s), n, not any(o < s for o in seeker.open)) for s, n in ways),
                 settled, tuple(open_), nowhere=False)


def needed_beside(asked: Asked, moves: Sequence[Move], among: Collection[str]) -> tuple[str, ...]:
    """Facts other than those `among` of which one at least must change too, where those alone cannot give the outcome;
    none where no fact can help."""
    seeker = _Seeker(asked, tuple(moves))
    if not seeker.reachable(range(len(moves))):
        return ()
    cut = seeker.cut_beyond(frozenset(i for i, m in enumerate(moves) if m.fact.name in among))
    return tuple(dict.fromkeys(moves[i].fact.name for i in cut))


@attrs.define
class _Seeker:
    asked: Asked
    moves: tuple[Move, ...]
    size: int = 0
    cuts: list[tuple[int, tuple[int, ...]]] = attrs.field(factory=list)
    """Each as bits, and as the places of its moves."""
    found: dict[Chosen, Nearest] = attrs.field(factory=dict)
    open: list[Chosen] = attrs.field(factory=list)
    visited: set[Chosen] = attrs.field(factory=set)
    stopped_short: bool = False

    @property
    def nothing_left(self) -> bool:
        """Whether at the last size no set could have been made larger."""
        return not self.stopped_short

    def moves_in(self, chosen: Chosen) -> tuple[Move, ...]:
        return tuple(self.moves[i] for i in sorted(chosen))

    def extend(self, chosen: Chosen) -> None:
        """Try all sets of the present size that hold these moves."""
        if not chosen:
            self.stopped_short = False
        if chosen in self.visited or self.asked.effort.spent:
            return
        self.visited.add(chosen)
        if any(f <= chosen for f in self.found):
            return
        bits = sum(1 << i for i in chosen)
        cut = next((places for of, places in self.cuts if not of & bits), None)
        if cut is None:
            cut = self.tried(chosen)
            if cut is None:
                return
        if len(chosen) == self.size:
            self.stopped_short = True
            return
        facts = {self.moves[i].fact.name for i in chosen}
        for index in cut:
            if self.moves[index].fact.name not in facts:
                self.extend(chosen | {index})

    def tried(self, chosen: Chosen) -> tuple[int, ...] | None:
        """Try a set that no cut excludes; None where it gives the outcome, else a cut that excludes it."""
        if not self.reachable(chosen):
            return self.cut_beyond(chosen)
        result = nearest(self.asked, self.moves_in(chosen)) if chosen else False
        if isinstance(result, Nearest):
            self.found[chosen] = result
            return None
        if result and not self.asked.effort.spent:
            self.open.append(chosen)
        cut = tuple(i for i in range(len(self.moves)) if i not in chosen)
        self.cuts.append((sum(1 << i for i in cut), cut))
        return cut

    def cut_beyond(self, chosen: Chosen) -> tuple[int, ...]:
        """A cut as small as adding moves in order makes it: more and more are added while the outcome stays out of reach."""
        inside = set(chosen)
        stack = [[i for i in range(len(self.moves)) if i not in chosen]]
        while stack:
            group = stack.pop()
            if not group:
                continue
            if not self.reachable(inside | set(group)):
                inside |= set(group)
            elif len(group) > 1:
                half = len(group) // 2
                stack += [group[half:], group[:half]]
        cut = tuple(i for i in range(len(self.moves)) if i not in inside)
        self.cuts.append((sum(1 << i for i in cut), cut))
        return cut

    def reachable(self, chosen: Iterable[int]) -> bool:
        """Whether the outcome could come about if each of these moves, or none of them, were made."""
        where: dict[str, sp.Possible] = {}
        by_fact: dict[str, list[Move]] = {}
        for index in sorted(chosen):
            by_fact.setdefault(self.moves[index].fact.name, []).append(self.moves[index])
        network = self.asked.network
        for fact, ways in by_fact.items():
            where[fact] = sp.either(network.at_rest[network.leaves[fact]], *(m.span(0, m.count - 1) for m in ways))
        return self.asked.ask(where)[0]

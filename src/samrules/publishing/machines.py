"""Ladders and lifecycles as state diagrams."""

from __future__ import annotations

from collections.abc import Iterable

from samrules.decision.words import word
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.publishing.graph import State, StateDiagram, Way

_MOST_NAMED = 4


def machines(ruleset: rs.Ruleset) -> tuple[StateDiagram, ...]:
    return (*map(_ladder, ruleset.ladders), *map(_lifecycle, ruleset.lifecycles))


def _lifecycle(lifecycle: rs.Lifecycle) -> StateDiagram:
    states = tuple(
        State(s.name, (word(s.name), f"at least {_brief(s.at_least)}") if s.at_least is not None else (word(s.name),),
              s.name == lifecycle.start, s.title or "")
        for s in lifecycle.states)
    ways = tuple(Way((word(t.name),), t.origins, t.to, t.title or "") for t in lifecycle.transitions)
    return StateDiagram(f"Lifecycle: {lifecycle.title or word(lifecycle.name)}", states, ways)


def _ladder(ladder: rs.Ladder) -> StateDiagram:
    states = tuple(State(str(n.number), (f"{n.number}  {n.title}" if n.title else str(n.number),), says=n.title or "")
                   for n in ladder.levels)
    rises = [Way((f"up to {n.number}", *_names([n.requires])), (str(n.number - 1),), str(n.number))
             for n in ladder.levels if n.requires is not None]
    down = _names([ladder.falls.when]) if ladder.falls else ["evidence gone"]
    falls = [Way(("down", *down), (str(n.number),), str(n.number - 1)) for n in ladder.levels if n.number > 1]
    return StateDiagram(f"Ladder: {ladder.title or word(ladder.name)}", states, (*rises, *falls))


def _names(nodes: Iterable[ex.Expr | None]) -> list[str]:
    found = list(dict.fromkeys(word(n.name.rsplit(".", 1)[-1]) for node in nodes if node is not None for n in ex.names(node)))
    return found if len(found) <= _MOST_NAMED else [*found[: _MOST_NAMED - 1], f"and {len(found) - _MOST_NAMED + 1} more"]


def _brief(node: ex.Expr) -> str:
    if isinstance(node, ex.Literal):
        return str(node.value)
    return ", ".join(_names([node]))

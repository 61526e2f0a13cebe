"""Findings on lifecycles: states that no account reaches, transitions that could undo each other."""

from __future__ import annotations

from collections.abc import Iterator

from samrules.check.deadness import Deadness
from samrules.check.scope import Scope
from samrules.diagnostics import Diagnostic
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Type


def findings(ruleset: rs.Ruleset, scopes: dict[str, Scope], types: dict[str, Type]) -> Iterator[Diagnostic]:
    for lifecycle in ruleset.lifecycles:
        yield from _unreachable(lifecycle)
        yield from _undoing(lifecycle, Deadness(ruleset, scopes, types))


def _unreachable(lifecycle: rs.Lifecycle) -> Iterator[Diagnostic]:
    reached = {lifecycle.start}
    while more := {t.to for t in lifecycle.transitions if reached & {*t.origins}} - reached:
        reached |= more
    for state in lifecycle.states:
        if state.name not in reached:
            yield Diagnostic("unreachable-state", f"no way leads from `{lifecycle.start}` to `{state.name}`",
                             f"add a transition with `to: {state.name}`, or remove the state", state.span)


def _undoing(lifecycle: rs.Lifecycle, deadness: Deadness) -> Iterator[Diagnostic]:
    """Two transitions, there and back, of which nothing says that the same facts cannot meet both:
    an account would go to and fro while nothing about it changes."""
    for index, there in enumerate(lifecycle.transitions):
        for back in lifecycle.transitions[index + 1 :]:
            if back.to in there.origins and there.to in back.origins and deadness.can_hold(_both(there, back)):
                yield Diagnostic(
                    "undoing-transitions",
                    f"the same facts may meet `{there.name}` and `{back.name}`, which undo each other",
                    "make one condition exclude the other, so that an account does not go to and fro on the same facts",
                    back.span)


def _both(there: rs.Transition, back: rs.Transition) -> ex.Expr:
    stopped = (ex.Not(u) for u in (*there.unless, *back.unless))
    return ex.All((there.when, back.when, *stopped))

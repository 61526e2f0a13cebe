"""Invariants, checked as their author wrote them: every name, every type, before anything is proved."""

from __future__ import annotations

from collections.abc import Iterator

from samrules.check.scope import Role, Scope
from samrules.check.typing import Typer
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import NUMERIC, Kind
from samrules.syntax.printer import text_of

RISING = frozenset({*NUMERIC, Kind.DATE, Kind.BOOLEAN})
"""Facts that can rise: from no to yes, to a later day, to a higher number."""
ORDERED = frozenset({*RISING, Kind.SCORE})
"""What can be lowered or raised, besides a decision, whose outcomes are in order."""


def problems_of(ruleset: rs.Ruleset, typer: Typer, scopes: dict[str, Scope]) -> Iterator[Diagnostic]:
    """What is wrong with the invariants of a ruleset. Types are reported by the typer itself."""
    for invariant in ruleset.invariants:
        if invariant.settles is not None:
            yield from _settles(invariant.settles, ruleset)
            continue
        if invariant.where is not None:
            typer.condition(invariant.where)
        for fact in invariant.knowing_only:
            yield from _fact(fact, "knowing_only", typer)
        if invariant.rising is None:
            typer.condition(invariant.subject)
        else:
            yield from _rising(invariant.rising, typer)
            yield from _ordered(invariant.claim, invariant.subject, typer)
        for node in rs.expressions_of(invariant):
            yield from _together(node, typer.scope, scopes)


def _settles(node: ex.Expr, ruleset: rs.Ruleset) -> Iterator[Diagnostic]:
    names = [*(m.name for m in ruleset.lifecycles), *(m.name for m in ruleset.ladders)]
    if not isinstance(node, ex.Name) or node.name not in names:
        yield Diagnostic("bad-invariant", f"`{text_of(node)}` is no lifecycle or ladder of this ruleset",
                         did_you_mean(text_of(node), names, "lifecycles and ladders") if names
                         else "only a lifecycle or a ladder can settle, and this ruleset has none", node.span)


def _fact(node: ex.Expr, key: str, typer: Typer) -> Iterator[Diagnostic]:
    type_ = typer.type_of(node)
    meaning = typer.scope.get(node.name) if isinstance(node, ex.Name) else None
    if (type_ is not None or meaning is not None) and (meaning is None or meaning.role is not Role.FACT):
        yield Diagnostic("bad-invariant", f"`{text_of(node)}` is no fact", f"`{key}` takes the names of facts", node.span)


def _rising(node: ex.Expr, typer: Typer) -> Iterator[Diagnostic]:
    found = list(_fact(node, "rising", typer))
    yield from found
    type_ = typer.type_of(node) if not found else None
    if type_ is not None and type_.kind not in RISING:
        yield Diagnostic("bad-invariant", f"`{text_of(node)}` is {type_}, which cannot rise",
                         "name a number, an amount, an ordinal, a date, or a boolean, which rises from no to yes", node.span)


def _ordered(claim: str, node: ex.Expr, typer: Typer) -> Iterator[Diagnostic]:
    type_ = typer.type_of(node)
    meaning = typer.scope.get(node.name) if isinstance(node, ex.Name) else None
    if type_ is None or type_.kind in ORDERED or (meaning is not None and meaning.role is Role.DECISION):
        return
    yield Diagnostic("bad-invariant", f"`{text_of(node)}` is {type_}, which has no order",
                     f"`{claim}` takes a decision, a score, a number, a date or a condition", node.span)


def _together(node: ex.Expr, scope: Scope, scopes: dict[str, Scope]) -> Iterator[Diagnostic]:
    for name in ex.names(node):
        meaning = scope.get(name.name)
        if meaning and meaning.role is Role.DECISION and scopes[meaning.ruleset].ruleset.portfolio:
            yield Diagnostic("decides-together", f"`{name.name}` is decided for all accounts together",
                             "claim something of the definitions behind it: who qualifies hangs on one account alone", name.span)

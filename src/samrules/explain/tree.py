"""A trace of conditions as lines to read: groups, definitions by their titles, single conditions."""

from __future__ import annotations

from samrules.decision.trace import Trace
from samrules.decision.words import value_in_words
from samrules.explain.conditions import Phrases
from samrules.explain.explanation import Item, mark_of
from samrules.model import expressions as ex
from samrules.model.types import BOOLEAN


def lines(trace: Trace, phrases: Phrases, *, by: bool = False) -> tuple[Item, ...]:
    """The conditions of a rule: those of an outermost `all` each on a line of its own."""
    if trace.is_group and isinstance(trace.expr, ex.All):
        return tuple(item(part, phrases, by=by) for part in trace.parts)
    return (item(trace, phrases, by=by),)


def item(trace: Trace, phrases: Phrases, wanted: bool = True, *, by: bool = False) -> Item:
    """One condition as a line, with the conditions it is made of below it."""
    met = None if trace.value is None else trace.value is wanted
    if isinstance(trace.expr, ex.Not) and trace.is_group:
        return item(trace.parts[0], phrases, not wanted, by=by)
    if trace.is_named_condition:
        return _named(trace, phrases, wanted, by)
    if trace.is_group:
        inner = tuple(item(p, phrases, wanted, by=by) for p in trace.parts)
        return Item(_group_words(trace, wanted), mark_of(met), inner)
    return Item(phrases.condition(trace, wanted, by=by), mark_of(met), phrases.events(trace))


def _named(trace: Trace, phrases: Phrases, wanted: bool, by: bool) -> Item:
    """A definition by its title; below it what it rests on, the first time it is spoken of."""
    met = None if trace.value is None else trace.value is wanted
    title = phrases.subject(trace)
    body = trace.parts[0]
    text = title if wanted else f"{title}: {value_in_words(trace.value, BOOLEAN)}"
    if not wanted and met is not True:
        text += ", no needed"
    if phrases.said_before(trace):
        return Item(f"{text} (as above)", mark_of(met))
    # below, why the definition is what it is, whichever way it was wanted
    if not body.is_group or isinstance(body.expr, ex.Not):
        return Item(text, mark_of(met), (item(body, phrases, by=by),))
    inner = tuple(item(p, phrases, by=by) for p in body.parts)
    if not isinstance(body.expr, ex.All):
        text += f" ({_group_words(body, True)})" if not wanted else f": {_group_words(body, True)}"
    return Item(text, mark_of(met), inner)


def _group_words(trace: Trace, wanted: bool) -> str:
    match trace.expr:
        case ex.All():
            return "all of these" if wanted else "not all of these may hold"
        case ex.Any_():
            return "any of these" if wanted else "none of these may hold"
        case ex.AtLeast():
            return _count(trace) if wanted else f"fewer than {trace.expr.count} may hold, {_holding(trace)}"
    return ""


def _count(trace: Trace) -> str:
    """`3 of 4 hold, 2 needed`, and how many are unknown."""
    assert isinstance(trace.expr, ex.AtLeast)
    return f"{_holding(trace)}, {trace.expr.count} needed"


def _holding(trace: Trace) -> str:
    true = sum(p.value is True for p in trace.parts)
    open_ = sum(p.value is None for p in trace.parts)
    unknown = f", {open_} not known" if open_ else ""
    return f"{true} of {len(trace.parts)} {'holds' if true == 1 else 'hold'}{unknown}"


__all__ = ["item", "lines"]

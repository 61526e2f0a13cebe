"""Ladders: each becomes definitions of the evidence for its levels, and a rule for each move.

For a ladder `level` with four levels these are the definitions `level_2_evidence` and so on,
`level_supported` and, where there is a ceiling, `level_at_ceiling`, and the rules `level_to_2` and
so on, and `level_falls`.
"""

from __future__ import annotations

from collections.abc import Iterator

from samrules.diagnostics import Span
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Kind


def definitions_of(ladder: rs.Ladder, *, alone: bool = True) -> Iterator[rs.Definition]:
    """The evidence for each level and all below it, the level it supports, and the ceiling.

    Where a ladder is not `alone` in its ruleset, what is made of it says which ladder it is about.
    """
    whose = _whose(ladder, alone)
    for level in ladder.levels[1:]:
        below = ladder.levels[level.number - 2]
        assert level.requires is not None
        parts = (level.requires,) if below.number == 1 else (_name(ladder, f"{below.number}_evidence"), level.requires)
        yield _definition(ladder, f"{level.number}_evidence", _all(parts, level.span),
                          f"there is evidence for level {_called(level)}{whose}", level)
    supported: ex.Expr = _integer(1)
    for level in ladder.levels[1:]:
        supported = ex.If(_name(ladder, f"{level.number}_evidence"), _integer(level.number), supported)
    yield _definition(ladder, "supported", supported, f"level that the evidence supports{whose}", ladder)
    if ladder.ceiling is not None:
        top = len(ladder.levels)
        at_ceiling = ex.All((ex.Compare("<", ladder.on_record, _integer(top), span=ladder.ceiling.span),
                             ex.Compare("<=", ladder.ceiling, ladder.on_record, span=ladder.ceiling.span)),
                            span=ladder.ceiling.span)
        yield _definition(ladder, "at_ceiling", at_ceiling, f"no higher level can be reached{whose}", ladder)


def rules_of(ladder: rs.Ladder, decision: str, *, alone: bool = True) -> Iterator[rs.Rule]:
    """A rule for the rise to each level, and one for the fall; each gives an outcome of the decision."""
    at_ceiling = (_name(ladder, "at_ceiling"),) if ladder.ceiling is not None else ()
    for below, level in zip(ladder.levels, ladder.levels[1:], strict=False):
        on_record = ex.Compare("=", ladder.on_record, _integer(below.number), span=ladder.on_record.span)
        yield rs.Rule(
            name=f"{ladder.name}_to_{level.number}",
            when=ex.All((on_record, _name(ladder, f"{level.number}_evidence")), span=level.span),
            unless=(*at_ceiling, *ladder.unless, *level.unless),
            sustained=ladder.sustained,
            then=(rs.Assignment(decision, rs.PROMOTE, span=level.span),
                  rs.Assignment(f"to_{ladder.name}", ex.Literal(level.number, Kind.INTEGER)), *level.then),
            title=f"From {_named(below)} to {_named(level)}{_whose(ladder, alone)}",
            because=level.because, cites=level.cites or ladder.cites, span=level.span, because_span=level.because_span,
            made_from=ladder.name,
        )
    fall = ladder.falls or rs.Fall(ex.Compare("<", _name(ladder, "supported"), ladder.on_record), span=ladder.span)
    above_first = ex.Compare(">", ladder.on_record, _integer(1), span=ladder.on_record.span)
    lower: ex.Expr = _integer(len(ladder.levels))  # from beyond the top, to the top
    for level in ladder.levels[1:]:
        lower = ex.If(ex.Compare("=", ladder.on_record, _integer(level.number)), _integer(level.number - 1), lower)
    yield rs.Rule(
        name=f"{ladder.name}_falls",
        when=ex.All((above_first, *_parts(fall.when)), span=fall.when.span or ladder.span),
        unless=(*ladder.unless, *fall.unless),
        sustained=ladder.sustained,
        then=(rs.Assignment(decision, rs.DEMOTE, span=fall.span), rs.Assignment(f"to_{ladder.name}", lower), *fall.then),
        title=fall.title or f"One level down{_whose(ladder, alone)}",
        because=fall.because, cites=fall.cites or ladder.cites, span=fall.span, because_span=fall.because_span,
        made_from=ladder.name,
    )


def _whose(ladder: rs.Ladder, alone: bool) -> str:
    return "" if alone else f" ({ladder.title or ladder.name.replace('_', ' ')})"


def _definition(ladder: rs.Ladder, name: str, value: ex.Expr, title: str,
                of: rs.Level | rs.Ladder) -> rs.Definition:
    return rs.Definition(f"{ladder.name}_{name}", value, title, of.cites, span=of.span, made_from=ladder.name)


def _name(ladder: rs.Ladder, what: str) -> ex.Name:
    return ex.Name(f"{ladder.name}_{what}", span=ladder.span)


def _parts(node: ex.Expr) -> tuple[ex.Expr, ...]:
    """The conditions of an `all`, so that groups do not stand in groups."""
    return node.operands if isinstance(node, ex.All) else (node,)


def _all(parts: tuple[ex.Expr, ...], span: Span | None) -> ex.Expr:
    flat = tuple(inner for part in parts for inner in _parts(part))
    return flat[0] if len(flat) == 1 else ex.All(flat, span=span)


def _integer(value: int) -> ex.Literal:
    return ex.Literal(value, Kind.INTEGER)


def _named(level: rs.Level) -> str:
    return level.title or f"level {level.number}"


def _called(level: rs.Level) -> str:
    return f"{level.number}, {level.title}" if level.title else str(level.number)

"""The trace: every condition of a run with the value it had and the facts it saw."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from samrules.model import expressions as ex
from samrules.model.types import Kind, Type, Value


@attrs.frozen
class Note:
    """What a reader needs to know of a node: what it is, its type, its title.

    For a comparison the type is that of the operands, so that a bare `5` is shown as they are.
    """

    role: str
    type: Type | None = None
    title: str | None = None
    shown: str | None = None
    """The name or condition as the author of the ruleset writes it."""


NO_NOTE = Note("")


@attrs.frozen
class Trace:
    """A node of an expression, the value it had (None: missing or unknown), and its parts.

    A name of a definition has the definition's trace as its part. Shared nodes are shared.
    """

    expr: ex.Expr
    value: Value | None
    parts: tuple[Trace, ...] = ()
    note: Note = NO_NOTE

    def walk(self) -> Iterator[Trace]:
        """This node and all below, outermost first; a shared node as often as it is used."""
        stack = [self]
        while stack:
            current = stack.pop()
            yield current
            stack.extend(reversed(current.parts))

    @property
    def is_group(self) -> bool:
        """Whether this is a combination of conditions, not a condition that is shown as one line."""
        return self.expr.written is None and isinstance(
            self.expr, ex.All | ex.Any_ | ex.AtLeast | ex.Not
        )

    @property
    def is_named_condition(self) -> bool:
        """Whether this is a definition that is a condition, with its own conditions below it."""
        type_ = self.note.type
        return (self.note.role == "definition" and bool(self.parts)
                and type_ is not None and type_.kind is Kind.BOOLEAN)

    @property
    def text(self) -> str:
        """The condition or value as the author wrote it."""
        return self.note.shown or ""


def facts_seen(trace: Trace) -> dict[str, Value | None]:
    """The facts below a node, by name, with the values they had; in the order met."""
    return {t.expr.name: t.value for t in unique(trace)
            if t.note.role == "fact" and isinstance(t.expr, ex.Name)}


def missing_facts(trace: Trace) -> list[str]:
    """The facts below a node that were missing, in the order met."""
    return [name for name, value in facts_seen(trace).items() if value is None]


def unique(trace: Trace) -> Iterator[Trace]:
    """This node and all below, each shared node once."""
    seen: set[int] = set()
    stack = [trace]
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        stack.extend(reversed(current.parts))

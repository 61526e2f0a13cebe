"""The trace: every condition of a run with the value it had and the facts it saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


@attrs.frozen(cache_hash=True)
class AtReview(ex.Expr):
    """What a condition was at one review: nobody writes it, it stands in traces only, above that condition.

    A node of its own, so that nothing takes what is below it for the parts of the condition.
    """


AT_REVIEW = AtReview()


@attrs.frozen
class Trace:
    """A node of an expression, the value it had (None: missing or unknown), and its parts.

    A name of a definition has the definition's trace as its part. Shared nodes are shared.
    """

    expr: ex.Expr
    value: Value | None
    parts: tuple[Trace, ...] = ()
    note: Note = NO_NOTE

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
    """The facts below a node, by name, with the values they had at this review; in the order met."""
    found: dict[str, Value | None] = {}
    for node in unique(trace):
        if name := _fact_of(node):
            found.setdefault(name, node.value)  # what is met first is of this review
    return found


def _fact_of(node: Trace) -> str | None:
    """The name of the fact that a node is; None where it is something else."""
    return node.expr.name if node.note.role == "fact" and isinstance(node.expr, ex.Name) else None


def below(trace: Trace) -> tuple[Trace, ...]:
    """The conditions a condition is made of; none where it stands for itself.

    A definition is made of its condition; what is sustained, of the condition at this review.
    """
    if trace.is_named_condition:
        return trace.parts
    if isinstance(trace.expr, ex.Held):
        return trace.parts[0].parts
    return trace.parts if trace.is_group else ()


def missing_facts(trace: Trace) -> list[str]:
    """The missing facts that a value hangs on, in the order met: not those below a part whose value
    is known without them, nor in a branch that was not taken, nor what an earlier review lacks: no
    fact of this review, however often it is asked for, makes up for that."""
    return list(dict.fromkeys(name for _, node in _unknown(trace) if (name := _fact_of(node))))


@attrs.frozen
class Lacking:
    """Why a value is not known: facts that are missing, and calculations that have no result.

    `day`: of the earlier review at which it is so, as ISO text; None: of this one.
    """

    day: str | None
    facts: tuple[str, ...]
    calculations: tuple[Trace, ...]


def lacking(trace: Trace) -> list[Lacking]:
    """Why a value is not known, at this review and at each earlier one, in the order met."""
    reviews: dict[str | None, list[Trace]] = {}
    for day, node in _unknown(trace, earlier=True):
        if _fact_of(node) or _has_no_result(node):
            reviews.setdefault(day, []).append(node)
    return [Lacking(day, tuple(dict.fromkeys(name for node in nodes if (name := _fact_of(node)))),
                    tuple(node for node in nodes if not _fact_of(node))) for day, nodes in reviews.items()]


def _unknown(trace: Trace, *, earlier: bool = False) -> Iterator[tuple[str | None, Trace]]:
    """The nodes without a value that a value hangs on, each with the day of the earlier review that it is of;
    earlier reviews are looked at on request only."""
    seen: set[tuple[int, bool, str | None]] = set()
    stack: list[tuple[Trace, bool, str | None]] = [(trace, True, None)]
    while stack:
        node, wanted, day = stack.pop()
        if (id(node), wanted, day) in seen:
            continue
        seen.add((id(node), wanted, day))
        wanted = wanted and node.value is None
        if wanted:
            yield day, node
        parts = [(part, wanted or hidden, day) for part, hidden in _open_parts(node)]
        if earlier and isinstance(node.expr, ex.Held):
            parts += [(part.parts[0], wanted, part.text) for part in node.parts[1:]]
        stack.extend(reversed(parts))


def _has_no_result(node: Trace) -> bool:
    """Whether a node without a value is a calculation of values that are all known."""
    return isinstance(node.expr, ex.Arithmetic | ex.Negate | ex.Call) and all(part.value is not None for part in node.parts)


def _open_parts(node: Trace) -> list[tuple[Trace, bool]]:
    """The parts that may hide something missing; with whether a two-valued question hides it."""
    if isinstance(node.expr, ex.Certain | ex.Possible):
        return [(p, True) for p in node.parts if p.value is None]
    if isinstance(node.expr, ex.Held):
        return [(p, False) for p in below(node)]
    if isinstance(node.expr, ex.If) and isinstance(node.parts[0].value, bool):
        taken = node.parts[1] if node.parts[0].value else node.parts[2]
        return [(node.parts[0], False), (taken, False)]
    if isinstance(node.expr, ex.Call) and node.expr.function == "coalesce" and node.note.role == "":
        return [(node.parts[0], True)]  # of a scale: what stands in for the value is its least or most
    return [(p, False) for p in node.parts]


def unique(trace: Trace, closed: Callable[[Trace], bool] = lambda _: False) -> Iterator[Trace]:
    """This node and all below, each shared node once; not what is below a closed one."""
    seen: set[int] = set()
    stack = [trace]
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if not closed(current):
            stack.extend(reversed(current.parts))

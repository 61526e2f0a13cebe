"""Expressions: the nodes a condition or a value is made of. Each keeps its span, outside equality.

The surface nodes are what an author writes. The core nodes (at the end) are what the plan adds when
it reduces constructs, so that an engine need know nothing of scorecards, ages or reviews.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

import attrs

from samrules.diagnostics import Span
from samrules.model.types import Kind, Value


@attrs.frozen(cache_hash=True, slots=True)
class Expr:
    """Base of all nodes. Where a node comes from is outside its equality: it is not what it means."""

    span: Span | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    written: Expr | None = attrs.field(default=None, eq=False, repr=False, kw_only=True)
    """The surface node that a core node was reduced from, for showing."""


@attrs.frozen(cache_hash=True)
class Literal(Expr):
    """A constant. `loose` numbers (`3`, `0.5`) take the type they meet; `60%` and `5M` have theirs."""

    value: Value
    kind: Kind

    @property
    def loose(self) -> bool:
        return self.kind in (Kind.INTEGER, Kind.NUMBER)


@attrs.frozen(cache_hash=True)
class Name(Expr):
    """A fact, parameter, definition, score or decision; dotted when it is another ruleset's."""

    name: str


@attrs.frozen(cache_hash=True)
class Not(Expr):
    operand: Expr


@attrs.frozen(cache_hash=True)
class All(Expr):
    operands: tuple[Expr, ...]


@attrs.frozen(cache_hash=True)
class Any_(Expr):  # noqa: N801 - `Any` is typing's
    operands: tuple[Expr, ...]


@attrs.frozen(cache_hash=True)
class AtLeast(Expr):
    """True when `count` or more of the operands are."""

    count: int
    operands: tuple[Expr, ...]


@attrs.frozen(cache_hash=True)
class Compare(Expr):
    operator: str
    left: Expr
    right: Expr


@attrs.frozen(cache_hash=True)
class Between(Expr):
    """`subject between low and high`, both ends included."""

    subject: Expr
    low: Expr
    high: Expr


@attrs.frozen(cache_hash=True)
class In(Expr):
    subject: Expr
    items: tuple[Expr, ...]


@attrs.frozen(cache_hash=True)
class Known(Expr):
    """`subject is known`, or `is missing` when `known` is false. Never unknown itself."""

    subject: Expr
    known: bool


@attrs.frozen(cache_hash=True)
class Arithmetic(Expr):
    operator: str
    left: Expr
    right: Expr


@attrs.frozen(cache_hash=True)
class Negate(Expr):
    operand: Expr


@attrs.frozen(cache_hash=True)
class Call(Expr):
    """`min`, `max`, `abs`, `coalesce`, `age`."""

    function: str
    arguments: tuple[Expr, ...]


@attrs.frozen(cache_hash=True)
class If(Expr):
    condition: Expr
    then: Expr
    otherwise: Expr


# --- core nodes: added by the plan, never written by an author ---------------------------------


@attrs.frozen(cache_hash=True)
class Certain(Expr):
    """True when the operand is true, else false: never unknown."""

    operand: Expr


@attrs.frozen(cache_hash=True)
class Possible(Expr):
    """False when the operand is false, else true: never unknown."""

    operand: Expr


@attrs.frozen(cache_hash=True)
class Maybe(Expr):
    """True when `certain` is, false when `possible` is not, unknown between the two."""

    certain: Expr
    possible: Expr


@attrs.frozen(cache_hash=True)
class Cutoff(Expr):
    """The decision's date less a duration: one date, computed once a decision."""

    duration: Expr


@attrs.frozen(cache_hash=True)
class Held(Expr):
    """The operand held at each of the latest reviews, this one included.

    At least `reviews` of them, reaching back at least `over`; with fewer on record it is false.
    """

    operand: Expr
    reviews: int
    over: Value | None = None


def children(node: Expr) -> list[Expr]:
    """The nodes directly inside this one, in the order they were written."""
    found: list[Expr] = []
    cls = type(node)
    for name in _PARTS.get(cls) or _parts(cls):
        value = getattr(node, name)
        if isinstance(value, Expr):
            found.append(value)
        elif isinstance(value, tuple):
            found += value
    return found


_PARTS: dict[type, tuple[str, ...]] = {}


def _parts(cls: type[Expr]) -> tuple[str, ...]:
    """The fields of a class that hold nodes; looked up once a class."""
    _PARTS[cls] = tuple(f.name for f in attrs.fields(cls)
                        if f.name not in ("span", "written") and "Expr" in str(f.type))
    return _PARTS[cls]


def walk(node: Expr) -> Iterator[Expr]:
    """This node and all inside it, outermost first. Iterative: depth costs no stack."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(children(current)))


def names(node: Expr) -> Iterator[Name]:
    """Every name that a node mentions."""
    return (n for n in walk(node) if isinstance(n, Name))


def count_uses(roots: Iterable[Expr], steps: Mapping[str, Expr], uses: dict[Expr, int], never: Container[Expr] = ()) -> None:
    """Add how often each node is needed below some roots, through the steps that names stand for. What is below a node
    counts once, since a node that is needed twice is made once; what is below one of `never` is not looked at."""
    stack = list(roots)
    while stack:
        node = stack.pop()
        uses[node] = uses.get(node, 0) + 1
        if uses[node] > 1 or node in never:
            continue
        if isinstance(node, Name) and node.name in steps:
            stack.append(steps[node.name])
        stack += children(node)

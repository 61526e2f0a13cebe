"""The trace of a compiled run: all values at once, the nodes that hold them when they are looked at.

Node by node it is the interpreter's, and shared where that is shared, since whoever reads a trace meets each node once.
Constants that a condition compares, which nobody reads, are shared by all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import attrs

from samrules.decision.trace import NO_NOTE, Note, Trace
from samrules.engines.interpreter import Facts, View, held
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model.types import Value
from samrules.plan.plan import Plan


@attrs.frozen(eq=False)
class Shape:
    """A node without its value, which is found at `place`; a literal has it itself."""

    expr: ex.Expr
    note: Note
    place: int
    parts: tuple[Shape, ...]
    step: str | None
    """The step that a name stands for; its trace is the only part."""
    fixed: bool
    """Whether it is a constant that is compared."""


@attrs.frozen(eq=False, slots=False)
class Shapes:
    """The nodes of all steps of a plan, each with the place of its value."""

    plan: Plan
    places: dict[ex.Expr, int] = attrs.field(factory=dict)

    @cached_property
    def steps(self) -> dict[str, Shape]:
        names = {s.name for s in self.plan.steps}
        return {s.name: self._shape(s.expr, names) for s in self.plan.steps}

    def _shape(self, node: ex.Expr, steps: set[str]) -> Shape:
        place = -1 if isinstance(node, ex.Literal) else self.places.setdefault(node, len(self.places))
        parts = tuple(self._shape(child, steps) for child in ex.children(node))
        step = node.name if isinstance(node, ex.Name) and node.name in steps else None
        return Shape(node, self.plan.notes.get(node, NO_NOTE), place, parts, step,
                     isinstance(node, ex.Literal) and not isinstance(node.value, bool | None))

    @property
    def roots(self) -> list[ex.Expr]:
        """What the values are those of."""
        assert self.steps is not None
        return list(self.places)


class CompiledTrace(Trace):
    """A node. Its parts are made when they are asked for; then they stay."""

    __slots__ = ("_at", "_shape")

    _at: Traced
    _shape: Shape

    def __getattr__(self, name: str) -> Any:
        if name != "parts":
            raise AttributeError(f"a trace has no attribute {name!r}")
        parts = self._at.parts(self._shape)
        _set_parts(self, parts)
        return parts


_new = object.__new__
_set_expr, _set_value, _set_parts, _set_note = (getattr(Trace, name).__set__ for name in ("expr", "value", "parts", "note"))
_set_at, _set_shape = (getattr(CompiledTrace, name).__set__ for name in ("_at", "_shape"))


@attrs.frozen(eq=False, slots=False)
class Traced:
    """One run with the values of all nodes."""

    values: Sequence[Value | None]
    shapes: Mapping[str, Shape]
    fixed: dict[int, Trace]
    """The nodes that all accounts share, by the identity of their shape."""
    view: View = attrs.field(init=False)

    def made(self, shape: Shape) -> Trace:
        if not shape.fixed:
            return self._made(shape)
        trace = self.fixed.get(id(shape))
        if trace is None:
            trace = self.fixed[id(shape)] = self._made(shape)
        return trace

    def _made(self, shape: Shape) -> Trace:
        trace = _new(CompiledTrace)
        _set_expr(trace, shape.expr)
        _set_value(trace, self.values[shape.place] if shape.place >= 0 else shape.expr.value)  # type: ignore[attr-defined]
        _set_note(trace, shape.note)
        if shape.parts or shape.step is not None:
            _set_at(trace, self)
            _set_shape(trace, shape)
        else:
            _set_parts(trace, ())
        return trace

    def parts(self, shape: Shape) -> tuple[Trace, ...]:
        if shape.step is not None:
            return (self.view.steps[shape.step],)
        if isinstance(shape.expr, ex.Held):
            return held(shape.expr, self.made(shape.parts[0]), self.view, shape.note).parts
        return tuple([self.made(part) for part in shape.parts])


class Steps(dict[str, Trace]):
    """The traces of the steps by name, each made when it is asked for."""

    def __init__(self, traced: Traced) -> None:
        super().__init__()
        self.traced = traced

    def __missing__(self, name: str) -> Trace:
        trace = self[name] = self.traced.made(self.traced.shapes[name])
        return trace

    def __contains__(self, name: object) -> bool:
        return name in self.traced.shapes


@attrs.frozen(eq=False, slots=False)
class Reviews(Sequence[View | FactError]):
    """The earlier reviews, evaluated by the interpreter when one is asked for."""

    make: Callable[[], Sequence[View | FactError]]

    @cached_property
    def made(self) -> Sequence[View | FactError]:
        return self.make()

    def __getitem__(self, place: Any) -> Any:
        return self.made[place]

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[View | FactError]:
        return iter(self.made)


def traced_view(plan: Plan, day: date, facts: Facts, parameters: Mapping[str, Value], values: Sequence[Value | None],
                shapes: Shapes, fixed: dict[int, Trace], earlier: Callable[[], Sequence[View | FactError]]) -> View:
    """An account at a decision, as the interpreter sees it, its traces made when they are asked for."""
    traced = Traced(values, shapes.steps, fixed)
    view = View(plan, day, facts, parameters, Reviews(earlier), Steps(traced))
    object.__setattr__(traced, "view", view)
    return view

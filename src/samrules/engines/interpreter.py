"""The interpreter: what a plan means. Every other engine is held to what this one says.

An account is seen at one or more reviews; a `View` is the account at one of them. `evaluate` gives
each node a value, None standing for a missing value and for the unknown truth alike, and keeps the
whole trace. Nothing is cut short: an explanation needs every condition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import attrs

from samrules.decision.trace import AT_REVIEW, NO_NOTE, Note, Trace
from samrules.diagnostics import Diagnostic
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model.operators import OPERATORS
from samrules.model.types import Duration, Value
from samrules.plan.plan import Plan
from samrules.syntax.literals import constant_text

Facts = Mapping[str, Value]


@attrs.define
class View:
    """One account at one review: its facts, the parameters of that day, the steps so far."""

    plan: Plan
    day: date
    facts: Facts
    parameters: Mapping[str, Value]
    earlier: Sequence[View | FactError]
    """Views of the earlier reviews, latest first; where one could not be made, why."""
    steps: dict[str, Trace] = attrs.field(factory=dict)
    entailed: Mapping[str, Value | None] | None = None
    """What another engine says of the steps; the trace then only explains it."""

    def value(self, step: str) -> Value | None:
        return self.steps[step].value if self.entailed is None else self.entailed[step]


def view(plan: Plan, facts: Facts, as_of: date,
         history: Sequence[tuple[date, Facts | FactError]] = ()) -> View:
    """The account now, with every step evaluated. `history` is in order of date, all before `as_of`,
    with an error in place of facts that could not be counted.

    Raises FactError if a parameter has no value yet on one of the dates.
    """
    return _view(plan, facts, as_of, reviews(plan, history))


def reviews(plan: Plan, history: Sequence[tuple[date, Facts | FactError]]) -> list[View | FactError]:
    """The earlier reviews, latest first, for a plan that looks back; where one cannot be seen, why."""
    earlier: list[View | FactError] = []
    for day, known in history if plan.looks_back else ():
        try:
            if isinstance(known, FactError):
                raise known
            earlier.insert(0, _view(plan, known, day, list(earlier), past=True))
        except FactError as error:  # it matters only to a rule that looks back so far
            earlier.insert(0, error)
    return earlier


def _view(plan: Plan, facts: Facts, day: date, earlier: Sequence[View | FactError], *, past: bool = False) -> View:
    current = View(plan, day, facts, parameters_at(plan, day), earlier)
    for step in plan.steps:
        if not past or step.name in plan.past:
            current.steps[step.name] = evaluate(step.expr, current)
    return current


def parameters_at(plan: Plan, day: date) -> dict[str, Value]:
    """Every parameter's value on a day. Raises FactError naming those that have none yet."""
    found: dict[str, Value] = {}
    problems = []
    for name, parameter in plan.parameters.items():
        dated = parameter.at(day)
        if dated is not None:
            found[name] = dated.value
            continue
        first = parameter.values[0]
        shown = constant_text(first.value, parameter.type.kind)
        problems.append(Diagnostic(
            "parameter-not-yet", f"`{name}` has no value on {day}",
            f"its first value, {shown}, holds from {first.since}; decide for a later date, "
            "or add the value that held then", parameter.span))
    if problems:
        raise FactError(problems)
    return found


def evaluate(node: ex.Expr, at: View) -> Trace:
    """The trace of a node: its value at a view, and the traces of its parts."""
    note = at.plan.notes.get(node, NO_NOTE)
    match node:
        case ex.Literal(value=value):
            return Trace(node, value, (), note)
        case ex.Name(name=name):
            return _name(node, name, at, note)
        case ex.Cutoff(duration=duration):
            length = evaluate(duration, at)
            return Trace(node, date_before(length.value, at.day), (length,), note)
        case ex.Held(operand=operand):
            return held(node, evaluate(operand, at), at, note)
    parts = tuple(evaluate(child, at) for child in ex.children(node))
    return Trace(node, value_of(node, [p.value for p in parts]), parts, note)


def value_of(node: ex.Expr, v: list[Value | None]) -> Value | None:
    """The value of a node from the values of its parts, in the order they stand in it."""
    match node:
        case ex.Not() | ex.All() | ex.Any_() | ex.AtLeast():
            return _kleene(node, v)
        case ex.Compare(operator=operator) | ex.Arithmetic(operator=operator):
            return strict(operator, v)
        case ex.Between():
            subject, low, high = v
            return all_of([strict(">=", [subject, low]), strict("<=", [subject, high])])
        case ex.In():
            return any_of([strict("=", [v[0], item]) for item in v[1:]])
        case ex.Known(known=known):
            return (v[0] is not None) is known
        case ex.Negate():
            return strict("-", [0, v[0]])
        case ex.Call(function="coalesce"):
            return next((value for value in v if value is not None), None)
        case ex.Call(function=function):
            return strict(function, v)
        case ex.If():
            condition, then, otherwise = v
            if condition is not None:
                return then if condition else otherwise
            return then if same(then, otherwise) else None
        case ex.Certain():
            return v[0] is True
        case ex.Possible():
            return v[0] is not False
        case ex.Maybe():
            certain, possible = v
            return True if certain else None if possible else False
    raise TypeError(f"the interpreter does not know {type(node).__name__}")


# --- strong Kleene logic -------------------------------------------------------------------------


def _kleene(node: ex.Expr, v: list[Value | None]) -> bool | None:
    match node:
        case ex.Not():
            return None if v[0] is None else not v[0]
        case ex.All():
            return all_of(v)
        case ex.Any_():
            return any_of(v)
        case ex.AtLeast(count=count):
            true = sum(x is True for x in v)
            open_ = sum(x is None for x in v)
            return True if true >= count else None if true + open_ >= count else False
    raise TypeError(type(node).__name__)


def all_of(v: Sequence[Value | None]) -> bool | None:
    if any(x is False for x in v):
        return False
    return None if any(x is None for x in v) else True


def any_of(v: Sequence[Value | None]) -> bool | None:
    if any(x is True for x in v):
        return True
    return None if any(x is None for x in v) else False


def strict(operator: str, v: Sequence[Value | None]) -> Value | None:
    """An operator that is missing when any operand is; `compute` may find that nothing exists."""
    compute = OPERATORS[operator].compute
    assert compute is not None
    if any(x is None for x in v):
        return None
    result: Value | None = compute(*v)
    return result


def same(a: Value | None, b: Value | None) -> bool:
    return a is not None and b is not None and strict("=", [a, b]) is True


# --- names, days, reviews ------------------------------------------------------------------------


def _name(node: ex.Expr, name: str, at: View, note: Note) -> Trace:
    if name in at.steps:
        step = at.steps[name]
        return Trace(node, step.value, (step,), note)
    if name in at.parameters:
        return Trace(node, at.parameters[name], (), note)
    if name == "as_of":
        return Trace(node, at.day, (), note)
    return Trace(node, at.facts.get(name), (), note)


def date_before(length: Value | None, day: date) -> date | None:
    """The date so long before a day; before the calendar begins, its first day."""
    if not isinstance(length, Duration):
        return None
    try:
        return length.before(day)
    except (OverflowError, ValueError):
        return date.min


def held(node: ex.Held, now: Trace, at: View, note: Note) -> Trace:
    """Whether the operand held at each of the latest reviews, this one included.

    The reviews that count go back until there are enough of them and they reach back far enough;
    with fewer on record it is false: not yet.
    """
    parts = [_at_review(now, at.day)]
    reach = date_before(node.over, at.day) if node.over is not None else at.day
    assert reach is not None
    enough = node.reviews == 1 and at.day <= reach
    for view_ in at.earlier:
        if enough:
            break
        if isinstance(view_, FactError):
            raise view_
        parts.append(_at_review(evaluate(node.operand, view_), view_.day))
        enough = len(parts) >= node.reviews and view_.day <= reach
    value = all_of([p.value for p in parts]) if enough else False
    return Trace(node, value, tuple(parts), note)


def _at_review(trace: Trace, day: date) -> Trace:
    return Trace(AT_REVIEW, trace.value, (trace,), Note("review", shown=day.isoformat()))

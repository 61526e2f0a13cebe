"""The state of one account, and the state after a change: only what depends on the change is evaluated.

A state is never altered: where a change is refused, the one before stands as it was.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import attrs

from samrules.decision.events import Event
from samrules.engines.interpreter import Facts, View, evaluate, parameters_at, reviews
from samrules.engines.measures import Measured, Record, measured
from samrules.engines.outcome import Judged, at_review, judged
from samrules.errors import FactError
from samrules.inputs.events import in_order
from samrules.model.types import Value
from samrules.sessions.graph import DAY, REVIEWS, Graph

Review = tuple[date, Facts]
Counted = tuple[date, Facts | FactError]
"""A review with what was counted for it, or why it could not be."""
NOTHING: Mapping[str, Value | None] = {}


@attrs.frozen(eq=False)
class State:
    """An account as it is known: what was given, what was counted, every step evaluated, the verdict.

    `given` are the facts asserted, `reviews` all earlier and later reviews in order of date; `past` those
    before the day, with what was counted for them.
    """

    given: Facts
    reviews: tuple[Review, ...]
    record: Record
    counted: Mapping[str, tuple[Event, ...]]
    past: Sequence[Counted]
    view: View
    judged: Judged


@attrs.frozen(eq=False)
class Update:
    """A state and the one after it.

    `changed` are the facts, parameters and steps whose value is another, and the day and the reviews where
    these are; `evaluated` counts the steps that were evaluated.
    """

    before: State
    after: State
    changed: frozenset[str]
    evaluated: int


def opened(graph: Graph, given: Facts, day: date, reviews_: Sequence[Review] = (), record: Record | None = None,
           *, light: bool = False) -> State:
    """The first state of an account. `light` states keep values and no traces: for many accounts.

    Raises FactError as a decision does.
    """
    plan, main = graph.plan, graph.plan.decision
    assert main is not None
    record = record or Record()
    now = measured(plan, given, record, day)
    past = _past(graph, reviews_, record, day)
    view = View(plan, day, now.facts, parameters_at(plan, day), _earlier(graph, past, light))
    for step, _ in graph.steps:
        trace = evaluate(step.expr, view)
        view.steps[step.name] = graph.tip(trace, step.name) if light else trace
    return State(given, tuple(reviews_), record, now.counted, past, view, judged(main, view))


def after(state: State, graph: Graph, *, facts: Mapping[str, Value | None] = NOTHING, events: Iterable[Event] = (),
          recorded: frozenset[str] | None = None, day: date | None = None,
          reviewed: Sequence[Review] | None = None, light: bool = False) -> Update:
    """The state after a change. `facts` are asserted, those of value None retracted; `events` have happened;
    `recorded` are the kinds of events recorded from now on; `day` is the new day, `reviewed` all reviews.

    What comes out is what `opened` would make of the same facts, events and reviews. Raises FactError as a
    decision does.
    """
    plan, main, old = graph.plan, graph.plan.decision, state.view
    assert main is not None
    given = {k: v for k, v in {**state.given, **facts}.items() if v is not None} if facts else state.given
    happened = list(events)
    record = _recorded(state.record, happened, recorded)
    newly = record.recorded - state.record.recorded
    day = old.day if day is None else day
    moved = day != old.day
    anew = frozenset(m.name for m in plan.measures) if moved else \
        graph.measures_of(facts, {*(e.type for e in happened), *newly})
    now = _recounted(state, graph, given, record, day, anew)
    changed = {n for n in {*facts, *anew} if not same(old.facts.get(n), now.facts.get(n))}
    reviews_ = state.reviews if reviewed is None else tuple(reviewed)
    past, earlier, evaluated = state.past, old.earlier, 0
    if moved or reviewed is not None or (reviews_ and (happened or newly)):
        past = _past(graph, reviews_, record, day)
        if moved or repr(past) != repr(state.past):  # in which 0.0 is not -0.0
            earlier = _earlier(graph, past, light)
            evaluated += sum(len(v.steps) for v in earlier if isinstance(v, View))
            changed |= {REVIEWS}
    parameters = old.parameters
    if moved:
        parameters = parameters_at(plan, day)
        changed |= {DAY, *(n for n, v in parameters.items() if not same(v, old.parameters.get(n)))}
    view = View(plan, day, now.facts, parameters, earlier, dict(old.steps))
    touched = set(changed)
    for step, mentions in graph.steps:
        if mentions.isdisjoint(touched):
            continue
        trace = evaluate(step.expr, view)
        evaluated += 1
        if not same(trace.value, old.steps[step.name].value):
            changed.add(step.name)
        elif light:
            continue  # nothing that rests on it can turn
        touched.add(step.name)
        view.steps[step.name] = graph.tip(trace, step.name) if light else trace
    said = state.judged
    if not (changed.isdisjoint(graph.rules) and changed.isdisjoint(graph.shown)):
        said = judged(main, view)
    new = State(given, reviews_, record, now.counted, past, view, said)
    return Update(state, new, frozenset(changed), evaluated)


def same(a: Value | None, b: Value | None) -> bool:
    """Whether two values are one and the same: `1` is not `True`, and `0.0` not `-0.0`."""
    if a is None or b is None:
        return a is b
    if type(a) is not type(b) or a != b:
        return False
    return not isinstance(a, float) or a != 0 or math.copysign(1, a) == math.copysign(1, b)  # type: ignore[arg-type]


def _recorded(record: Record, events: Sequence[Event], recorded: frozenset[str] | None) -> Record:
    if not events and recorded is None:
        return record
    return Record(in_order([*record.events, *events]) if events else record.events,
                  record.recorded if recorded is None else recorded)


def _recounted(state: State, graph: Graph, given: Facts, record: Record, day: date, anew: frozenset[str]) -> Measured:
    """The facts with what is counted from events; only the measures named are counted anew."""
    kept = state.view.facts
    if not anew:
        counts = {n: kept[n] for n in state.counted if n in kept and n not in given}
        return Measured({**given, **counts} if counts else given, state.counted)
    found = measured(graph.counting(anew), given, record, day)
    facts, counted = dict(given), {}
    for measure in graph.plan.measures:
        name = measure.name
        source, events = (found.facts, found.counted) if name in anew else (kept, state.counted)
        if name in events:
            counted[name] = events[name]
            facts[name] = source[name]
    return Measured(facts, counted)


def _past(graph: Graph, all_: Sequence[Review], record: Record, day: date) -> list[Counted]:
    return [(when, at_review(graph.plan, known, record, when)) for when, known in all_ if when < day]


def _earlier(graph: Graph, past: Sequence[Counted], light: bool) -> list[View | FactError]:
    found = reviews(graph.plan, past)
    for view in found if light else ():
        if isinstance(view, View):
            view.steps.update({name: graph.tip(trace, name) for name, trace in view.steps.items()})
    return found

"""Lifecycles: each becomes a rule for each transition and, after these, one for each state that stays."""

from __future__ import annotations

from collections.abc import Iterator

from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Kind


def problems_of(lifecycle: rs.Lifecycle) -> Iterator[Diagnostic]:
    """Names of states that do not exist, and a least time that nothing measures."""
    states = {state.name for state in lifecycle.states}
    if lifecycle.start not in states:
        yield Diagnostic("no-start", f"the lifecycle `{lifecycle.name}` starts in `{lifecycle.start}`, which is no state",
                         did_you_mean(lifecycle.start, states, "states"), lifecycle.start_span)
    for transition in lifecycle.transitions:
        for name in (*transition.origins, transition.to):
            if name not in states:
                yield Diagnostic("unknown-name", f"`{name}` is not a state of `{lifecycle.name}`",
                                 did_you_mean(name, states, "states"), transition.span)
        if not transition.origins:
            yield Diagnostic("bad-lifecycle", f"`{transition.name}` leads from nowhere",
                             "name the states it leads from: `from: [strategic, watch]`", transition.span)
        if transition.to in transition.origins:
            yield Diagnostic("bad-lifecycle", f"`{transition.name}` leads from `{transition.to}` to itself",
                             "an account stays in its state by itself; remove it from `from`", transition.span)
        if transition.waived_by is not None and not any(
                s.at_least is not None for s in lifecycle.states if s.name in transition.origins):
            yield Diagnostic("bad-lifecycle", f"`{transition.name}` waives a least time that no state it leads from has",
                             "remove `waived_by`, or give the state `at_least`", transition.span)
    timed = next((s for s in lifecycle.states if s.at_least is not None), None)
    if timed is not None and lifecycle.since is None:
        yield Diagnostic("missing-key", f"`{timed.name}` has a least time, and nothing says since when an account is in it",
                         "add `since:` with the date on which the present state began", timed.span)


def rules_of(lifecycle: rs.Lifecycle, decision: str) -> Iterator[rs.Rule]:
    """The transitions in the order written, then staying; the outcomes are the states."""
    for transition in lifecycle.transitions:
        yield _transition(lifecycle, transition, decision)
    for state in lifecycle.states:
        title = state.title or state.name.replace("_", " ")
        yield rs.Rule(
            name=f"{lifecycle.name}_stays_{state.name}",
            when=_is(lifecycle, [state.name], state.span),
            then=(rs.Assignment(decision, state.name, span=state.span), *state.then),
            title=f"Stays: {title}",
            because=state.because or f"{{account}} stays as it is, {title}: nothing that would change that holds",
            cites=state.cites or lifecycle.cites,
            span=state.span, because_span=state.because_span or state.span, made_from=lifecycle.name,
        )


def _transition(lifecycle: rs.Lifecycle, transition: rs.Transition, decision: str) -> rs.Rule:
    parts = [_is(lifecycle, list(transition.origins), transition.span)]
    parts += transition.when.operands if isinstance(transition.when, ex.All) else (transition.when,)
    lasted = _lasted(lifecycle, transition)
    if lasted and transition.waived_by is not None:
        lasted = [transition.waived_by, *lasted]
    if lasted:
        parts.append(lasted[0] if len(lasted) == 1 else ex.Any_(tuple(lasted), span=transition.span))
    return rs.Rule(
        name=transition.name,
        when=ex.All(tuple(parts), span=transition.when.span),
        unless=transition.unless,
        sustained=transition.sustained,
        then=(rs.Assignment(decision, transition.to, span=transition.span), *transition.then),
        title=transition.title,
        because=transition.because, cites=transition.cites or lifecycle.cites,
        span=transition.span, because_span=transition.because_span, made_from=lifecycle.name,
    )


def _lasted(lifecycle: rs.Lifecycle, transition: rs.Transition) -> list[ex.Expr]:
    """The ways in which a state that a transition leads from has lasted as long as it must; none where
    no state has a least time. States with the same least time share one."""
    times: dict[ex.Expr | None, list[str]] = {}
    for state in lifecycle.states:
        if state.name in transition.origins:
            times.setdefault(state.at_least, []).append(state.name)
    if lifecycle.since is None or set(times) == {None}:
        return []
    ways: list[ex.Expr] = []
    for least, names in times.items():
        here = () if len(times) == 1 else (_is(lifecycle, names, transition.span),)
        served = () if least is None else (
            ex.Compare(">=", ex.Call("age", (lifecycle.since,), span=lifecycle.since.span), least, span=least.span),)
        both = (*here, *served)
        ways.append(both[0] if len(both) == 1 else ex.All(both, span=transition.span))
    return ways


def _is(lifecycle: rs.Lifecycle, states: list[str], span: Span | None) -> ex.Expr:
    """The account is in one of these states."""
    words = tuple(ex.Literal(name, Kind.TEXT, span=span) for name in states)
    if len(words) == 1:
        return ex.Compare("=", lifecycle.on_record, words[0], span=span)
    return ex.In(lifecycle.on_record, words, span=span)

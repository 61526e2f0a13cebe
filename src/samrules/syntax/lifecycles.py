"""Lifecycles: each becomes a rule for each transition and, after these, one for each state that stays.

Where states have a least time, a definition says whether it has passed: for a lifecycle `status` it
is `status_lasted`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def definitions_of(lifecycle: rs.Lifecycle) -> Iterator[rs.Definition]:
    """Whether the account has been in its state for the least time, where any state has one."""
    if lifecycle.since is None or all(s.at_least is None for s in lifecycle.states):
        return
    value = _lasted(lifecycle, lifecycle.states)
    called = lifecycle.title or lifecycle.name.replace("_", " ")
    yield rs.Definition(f"{lifecycle.name}_lasted", value, f"the {called} has lasted as long as it must", lifecycle.cites,
                        span=lifecycle.span, made_from=lifecycle.name)


def _lasted(lifecycle: rs.Lifecycle, states: Sequence[rs.State]) -> ex.Expr:
    """An account that is in one of these states has been in it for its least time; one of them has any.

    States with the same least time share a line, so that an explanation need not go through them one by one.
    """
    assert lifecycle.since is not None
    age = ex.Call("age", (lifecycle.since,), span=lifecycle.since.span)
    alike: dict[ex.Expr | None, list[rs.State]] = {}
    for state in sorted(states, key=lambda s: s.at_least is not None):
        alike.setdefault(state.at_least, []).append(state)
    options: list[ex.Expr] = []
    for least, members in alike.items():
        there = _is(lifecycle, [s.name for s in members], members[0].span)
        if least is None:
            options.append(there)
            continue
        served = ex.Compare(">=", age, least, span=least.span)
        if len(alike) == 1:
            return served  # whichever of them it is in
        options.append(ex.All((there, served), span=members[0].span))
    return ex.Any_(tuple(options), span=lifecycle.span)


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
    left = [s for s in lifecycle.states if s.name in transition.origins]
    if any(s.at_least is not None for s in left):
        lasted = _lasted(lifecycle, left)
        if transition.waived_by is not None:
            lasted = ex.Any_((transition.waived_by, lasted), span=transition.waived_by.span)
        parts.append(lasted)
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


def _is(lifecycle: rs.Lifecycle, states: list[str], span: Span | None) -> ex.Expr:
    """The account is in one of these states."""
    words = tuple(ex.Literal(name, Kind.TEXT, span=span) for name in states)
    if len(words) == 1:
        return ex.Compare("=", lifecycle.on_record, words[0], span=span)
    return ex.In(lifecycle.on_record, words, span=span)

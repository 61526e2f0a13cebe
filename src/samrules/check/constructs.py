"""Ladders and lifecycles, checked as their author wrote them, before the rules they stand for are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samrules.check.typing import Typer
from samrules.decision.words import listed
from samrules.diagnostics import Diagnostic
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Kind
from samrules.syntax.printer import text_of


def problems_of(ladder_or_lifecycle: rs.Ladder | rs.Lifecycle, ruleset: rs.Ruleset, typer: Typer) -> list[Diagnostic]:
    """What is wrong with it; where anything is, the rules it stands for need not be looked at."""
    found: list[Diagnostic] = []
    typer = Typer(typer.scope, typer.definitions, found.append)
    if isinstance(ladder_or_lifecycle, rs.Ladder):
        found += _ladder(ladder_or_lifecycle, ruleset, typer)
    else:
        found += _lifecycle(ladder_or_lifecycle, ruleset, typer)
    return found


def _ladder(ladder: rs.Ladder, ruleset: rs.Ruleset, typer: Typer) -> Iterator[Diagnostic]:
    for what, node in (("level on record", ladder.on_record), ("ceiling", ladder.ceiling)):
        if node is not None and (type_ := typer.type_of(node)) and type_.kind not in (Kind.INTEGER, Kind.ORDINAL):
            yield Diagnostic("type-mismatch", f"the {what} of a ladder is a whole number, and `{text_of(node)}` is {type_}",
                             "name an integer or an ordinal", node.span)
    yield from _bounds(ladder, typer)
    for level in ladder.levels:
        for node in (level.requires, *level.unless):
            if node is not None:
                typer.condition(node)
    for node in (*ladder.unless, *((ladder.falls.when, *ladder.falls.unless) if ladder.falls else ())):
        typer.condition(node)
    yield from _outcomes(f"the ladder `{ladder.name}`", (rs.PROMOTE, rs.DEMOTE), ladder, ruleset)
    moved_to = f"to_{ladder.name}"
    if ruleset.decide is not None and ruleset.decide.name == moved_to:
        yield Diagnostic("name-clash", f"`{moved_to}` is the decision, and the output in which the ladder `{ladder.name}` says its level",
                         "rename the decision, or the ladder", ladder.span)
    falls = (ladder.falls,) if ladder.falls is not None else ()
    yield from _set_twice("bad-ladder", ladder.name, [*ladder.levels, *falls], ruleset, moved_to)


def _bounds(ladder: rs.Ladder, typer: Typer) -> Iterator[Diagnostic]:
    """The level on record is one of the ladder's, as far as its type or range can tell."""
    node, top = ladder.on_record, len(ladder.levels)
    type_ = typer.type_of(node)
    meaning = typer.scope.get(node.name) if isinstance(node, ex.Name) else None
    if type_ is None or type_.kind not in (Kind.INTEGER, Kind.ORDINAL):
        return
    if type_.kind is Kind.ORDINAL:
        low, high, cure = type_.low, type_.high, "let the levels and the bounds of the fact be the same"
    elif meaning is not None and isinstance(meaning.of, rs.Fact) and meaning.of.measure is None:
        range_ = meaning.of.range or rs.Range()
        low, high, cure = range_.low, range_.high, f"give the fact the type `ordinal 1..{top}`, or `range: 1..{top}`"  # type: ignore[assignment]
    else:
        return
    if (low, high) != (1, top):
        bounds = f"{low if low is not None else ''}..{high if high is not None else ''}"
        said = f"goes over {bounds}" if bounds != ".." else "has no bounds"
        yield Diagnostic("bad-ladder", f"the level on record, `{text_of(node)}`, {said}, and the levels over 1..{top}", cure,
                         node.span)


def _lifecycle(lifecycle: rs.Lifecycle, ruleset: rs.Ruleset, typer: Typer) -> Iterator[Diagnostic]:
    states = tuple(s.name for s in lifecycle.states)
    type_ = typer.type_of(lifecycle.on_record)
    shown = text_of(lifecycle.on_record)
    if type_ is not None and type_.kind is not Kind.ENUM:
        yield Diagnostic("type-mismatch", f"the state on record is a word, and `{shown}` is {type_}",
                         f"name a fact of the type `enum [{', '.join(states)}]`", lifecycle.on_record.span)
    elif type_ is not None and set(type_.words) != set(states):
        lacking = [w for w in type_.words if w not in states]
        strange = [s for s in states if s not in type_.words]
        said = [f"`{shown}` may be {_quoted(lacking)}, for which there is no state"] if lacking else []
        said += [f"`{shown}` is never {_quoted(strange)}"] if strange else []
        yield Diagnostic("unknown-word", "; ".join(said), "let the states and the words of the fact be the same",
                         lifecycle.on_record.span)
    if lifecycle.since is not None and (type_ := typer.type_of(lifecycle.since)) and type_.kind is not Kind.DATE:
        yield Diagnostic("type-mismatch", f"`since` is a date, and `{text_of(lifecycle.since)}` is {type_}",
                         "name the date on which the present state began", lifecycle.since.span)
    for state in lifecycle.states:
        if state.at_least is not None and (type_ := typer.type_of(state.at_least)) and type_.kind is not Kind.DURATION:
            yield Diagnostic("type-mismatch", f"a least time is a duration, and `{text_of(state.at_least)}` is {type_}",
                             "write `12 months`, or name a parameter that is a duration", state.at_least.span)
    for transition in lifecycle.transitions:
        for node in (transition.when, transition.waived_by, *transition.unless):
            if node is not None:
                typer.condition(node)
    yield from _outcomes(f"the lifecycle `{lifecycle.name}`", states, lifecycle, ruleset)
    yield from _set_twice("bad-lifecycle", lifecycle.name, [*lifecycle.states, *lifecycle.transitions], ruleset)
    if lifecycle.name in {ladder.name for ladder in ruleset.ladders}:
        yield Diagnostic("name-clash", f"`{lifecycle.name}` is a ladder and a lifecycle", "rename one of them", lifecycle.span)
    if (first := ruleset.lifecycles[0].name) != lifecycle.name:
        yield Diagnostic("bad-lifecycle", f"`{lifecycle.name}` would never decide: by `{first}` every account already moves or stays",
                         "put it in a ruleset of its own", lifecycle.span)
    if ruleset.decide is not None and ruleset.decide.hit_policy != "first":
        yield Diagnostic("bad-lifecycle", "the transitions of a lifecycle are tried in order",
                         "add `hit_policy: first` to the decision", ruleset.decide.span)


def _set_twice(code: str, name: str, members: Sequence[rs.Level | rs.Fall | rs.State | rs.Transition],
               ruleset: rs.Ruleset, *own: str) -> Iterator[Diagnostic]:
    """What `name` gives by itself cannot be set in a `then` as well."""
    given = {*own, ruleset.decide.name} if ruleset.decide is not None else {*own}
    for member in members:
        for assignment in member.then:
            if assignment.name in given:
                yield Diagnostic(code, f"`{assignment.name}` is set here and by `{name}` itself",
                                 f"remove it from `then`: what `{name}` sets follows from where the account goes",
                                 assignment.span)


def _outcomes(what: str, given: tuple[str, ...], member: rs.Ladder | rs.Lifecycle,
              ruleset: rs.Ruleset) -> Iterator[Diagnostic]:
    decide = ruleset.decide
    if decide is None:
        return
    lacking = [word for word in given if word not in decide.outcomes]
    if lacking:
        yield Diagnostic("unknown-outcome", f"{what} gives {_quoted(lacking, 'and')}, which `{decide.name}` does not have",
                         f"add {_quoted(lacking, 'and')} to its outcomes", member.span)


def _quoted(words: list[str], joint: str = "or") -> str:
    return listed([f"`{w}`" for w in words], joint)

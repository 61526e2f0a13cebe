"""Ladders and lifecycles in a rulebook: their levels or states, once, before the rules they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from samrules.decision.words import word
from samrules.explain.condition_words import ConditionWords
from samrules.model import ruleset as rs
from samrules.syntax.printer import text_of


def lines(shown: rs.Ladder | rs.Lifecycle, speak: ConditionWords) -> Iterator[str]:
    """The lines below its heading, each a paragraph."""
    return _ladder(shown, speak) if isinstance(shown, rs.Ladder) else _lifecycle(shown, speak)


def heading(shown: rs.Ladder | rs.Lifecycle) -> str:
    what = "Ladder" if isinstance(shown, rs.Ladder) else "Lifecycle"
    return f"{what}: {shown.title or word(shown.name)}"


def _ladder(ladder: rs.Ladder, speak: ConditionWords) -> Iterator[str]:
    for level in ladder.levels:
        yield f"{level.number}  {level.title or ''}".rstrip()
    down = "as the last rule below says" if ladder.falls is not None else "when the evidence for the level is gone"
    yield (f"On record: {speak.words(ladder.on_record)}. One level at a time: up on the evidence for the next level and "
           f"all below it, down {down}.")
    if ladder.ceiling is not None:
        yield f"No higher than: {speak.words(ladder.ceiling)}."


def _lifecycle(lifecycle: rs.Lifecycle, speak: ConditionWords) -> Iterator[str]:
    for state in lifecycle.states:
        named = word(state.name)
        said = [] if state.title in (None, named) else [state.title or ""]
        said += ["an account starts here"] if state.name == lifecycle.start else []
        said += [f"for at least {speak.words(state.at_least)}"] if state.at_least is not None else []
        yield f"{named}: {'; '.join(said)}" if said else named
    since = f", since: {speak.words(lifecycle.since)}" if lifecycle.since is not None else ""
    yield (f"On record: {speak.words(lifecycle.on_record)}{since}. The first rule below that holds says where the account "
           "goes, or that it stays.")


def to_dict(shown: rs.Ladder | rs.Lifecycle) -> dict[str, Any]:
    """As JSON-ready data, expressions as written; the rules name it in `made_from`."""
    head = {"name": shown.name, "title": shown.title, "on_record": text_of(shown.on_record)}
    if isinstance(shown, rs.Ladder):
        levels = [{"level": n.number, "title": n.title, "requires": _text(n.requires)} for n in shown.levels]
        return {**head, "ceiling": _text(shown.ceiling), "levels": levels, "cites": list(shown.cites)}
    states = [{"name": s.name, "title": s.title, "at_least": _text(s.at_least)} for s in shown.states]
    ways = [{"name": t.name, "from": list(t.origins), "to": t.to, "waived_by": _text(t.waived_by)}
            for t in shown.transitions]
    return {**head, "since": _text(shown.since), "start": shown.start, "states": states, "transitions": ways,
            "cites": list(shown.cites)}


def _text(node: Any) -> str | None:
    return text_of(node) if node is not None else None

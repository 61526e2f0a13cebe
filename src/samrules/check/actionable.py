"""Which facts are marked as actionable, and whether the word for it fits their type."""

from __future__ import annotations

from collections.abc import Iterator

from samrules.check.scope import measured_fact
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.model import ruleset as rs
from samrules.model.types import Kind


def actionable_problems(ruleset: rs.Ruleset, events: dict[str, rs.EventType]) -> Iterator[Diagnostic]:
    for fact in (*ruleset.facts, *(measured_fact(m, events) for m in ruleset.measures)):
        word, kind = fact.actionable, fact.type.kind
        if word not in rs.ACTIONABLE:
            yield Diagnostic("bad-value", f"`{word}` is none of the words of `actionable`", did_you_mean(word, rs.ACTIONABLE, "words"), fact.span)
        elif word in ("raise", "lower") and kind is Kind.ENUM:
            yield Diagnostic("bad-value", f"the words of `{fact.name}` are not higher or lower than each other",
                             "write `actionable: yes`", fact.span)
        elif word != "no" and kind is Kind.TEXT:
            yield Diagnostic("bad-value", f"`{fact.name}` is a text, which counterfactuals do not change",
                             "remove `actionable`, or make it an enum", fact.span)
    for kind_ in ruleset.events:
        for field in kind_.fields:
            if field.actionable != "no":
                yield Diagnostic("bad-value", f"`{field.name}` is a field of an event, and what happened does not change",
                                 "mark the measures that count it instead", field.span)

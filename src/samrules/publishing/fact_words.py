"""What a fact is and where it comes from, in words for a glossary."""

from __future__ import annotations

import attrs

from samrules.check.scope import event_scope
from samrules.decision.words import listed, value_in_words, word
from samrules.explain.condition_words import ConditionWords
from samrules.model.ruleset import Fact, Measure
from samrules.model.types import Kind

_KINDS = {Kind.BOOLEAN: "yes or no", Kind.INTEGER: "whole number", Kind.NUMBER: "number", Kind.RATIO: "share, in per cent",
          Kind.DATE: "date", Kind.TEXT: "text"}


def kind(fact: Fact, currency: str | None) -> str:
    """`whole number of people, at least 0`, `amount in EUR`, `one of: vendor, preferred or partner`."""
    type_ = fact.type
    if type_.kind is Kind.ENUM:
        return f"one of: {listed([word(w) for w in type_.words], 'or')}"
    if type_.kind is Kind.ORDINAL:
        return f"step from {type_.low} to {type_.high}"
    if type_.kind is Kind.MONEY:
        said = f"amount in {currency}" if currency else "amount"
    else:
        said = _KINDS[type_.kind] + (f" of {type_.unit}" if type_.unit else "")
    allowed = fact.range
    low = value_in_words(allowed.low, type_, currency) if allowed and allowed.low is not None else None
    high = value_in_words(allowed.high, type_, currency) if allowed and allowed.high is not None else None
    if low and high:
        return f"{said}, from {low} to {high}"
    return f"{said}, at least {low}" if low else f"{said}, at most {high}" if high else said


_COUNTS = {"count": "the number of", "sum": "the sum of {}, over", "distinct": "the number of different values of {}, over",
           "latest": "{} of the latest", "earliest": "{} of the earliest", "median": "the middle value of {}, over",
           "spread": "the highest less the lowest {}, over", "share": "the share with {}, of"}


def counting(measure: Measure, speak: ConditionWords) -> str:
    """How a measure is counted: `counted from events: the number of “request for a lower price”, of the last 12 months`.

    `speak` knows the names in use where the measure is declared.
    """
    of, declared = measure.of, speak.scope.events
    events = [declared[e] for e in of.events]
    speak = attrs.evolve(speak, scope=event_scope(measure, speak.scope))
    kinds = listed([f"“{e.title or word(e.name)}”" for e in events], "or")
    fields = {f.name: f.title or word(f.name) for e in events for f in e.fields}
    taken = f"“{fields.get(of.field, word(of.field))}”" if of.field else speak.words(measure.value) if measure.value is not None else "the day"
    said = f"counted from events: {_COUNTS[of.kind].format(taken)} {kinds}"
    if measure.within is not None:
        said += f", of the last {measure.within}"
    if measure.since:
        said += f", since the latest {listed([f'“{declared[e].title or word(e)}”' for e in measure.since], 'or')}"
    if measure.each is not None:
        said += f", only the latest of each “{fields.get(measure.each, word(measure.each))}”"
    if measure.where is not None:
        said += f", where {speak.words(measure.where)}"
    if measure.weight is not None:
        said += f", weighed by “{fields.get(measure.weight, word(measure.weight))}”"
    return said

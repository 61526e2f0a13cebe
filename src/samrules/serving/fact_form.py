"""Facts as fields of a form, and back: what is typed there is read as a table is."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from samrules.decision.words import word
from samrules.diagnostics import Diagnostic
from samrules.inputs.facts import ID, gather
from samrules.model.ruleset import Fact
from samrules.model.types import Kind, Value
from samrules.rules import Rules
from samrules.syntax.literals import constant_text, plain_number

PREFIX = "fact."


@attrs.frozen
class Field:
    """A fact in a form. `words` are what may be chosen; `kind` is the type of the input otherwise."""

    name: str
    title: str
    hint: str
    value: str
    kind: str
    words: tuple[tuple[str, str], ...] = ()


@attrs.frozen
class Read:
    """The facts of a form: their values, None where the field is blank; and what is wrong."""

    texts: Mapping[str, str]
    facts: dict[str, Value]
    problems: list[Diagnostic]


def fields(rules: Rules, values: Mapping[str, Value], texts: Mapping[str, str] | None = None) -> tuple[list[Field], list[Field]]:
    """The fields of the facts that can matter: those that are filled in, and the others. `texts` are what was typed before."""
    found = []
    for name, fact in rules.facts.items():
        if name in rules.reads and name != ID:
            text = texts.get(name, "") if texts is not None else as_text(values.get(name), fact)
            found.append((name in values or bool(text), _field(fact, text)))
    return [f for filled, f in found if filled], [f for filled, f in found if not filled]


def as_text(value: Value | None, fact: Fact) -> str:
    """A value as one would type it into a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if fact.type.kind is Kind.RATIO:
        return constant_text(value, Kind.RATIO)
    return plain_number(value).removesuffix(".0") if isinstance(value, float) else str(value)


def read(form: Mapping[str, str], rules: Rules, account: str) -> Read:
    """The facts that a form brings, those that are blank left out."""
    texts = {name.removeprefix(PREFIX): value for name, value in form.items() if name.startswith(PREFIX)}
    gathered = gather({**texts, ID: account}, rules.facts, textual=True)
    problems = list(gathered.problems)
    problems += [Diagnostic("undeclared-fact", f"`{name[:60]}` is no declared fact", "open the page again", where="form") for name in gathered.undeclared]
    return Read(texts, gathered.facts, problems)


def _field(fact: Fact, text: str) -> Field:
    kind = fact.type.kind
    title = fact.title or word(fact.name)
    if kind is Kind.BOOLEAN:
        return Field(fact.name, title, "", text, "", (("", "not known"), ("yes", "yes"), ("no", "no")))
    if kind is Kind.ENUM:
        return Field(fact.name, title, "", text, "", (("", "not known"), *((w, word(w)) for w in fact.type.words)))
    return Field(fact.name, title, _hint(fact), text, "date" if kind is Kind.DATE else "text")


def _hint(fact: Fact) -> str:
    """What is to be typed, in a few words."""
    kind = fact.type.kind
    if kind is Kind.ORDINAL:
        return f"a whole number from {fact.type.low} to {fact.type.high}"
    said = {Kind.INTEGER: "a whole number", Kind.NUMBER: "a number", Kind.MONEY: "an amount", Kind.RATIO: "a share, such as 60% or 0.6"}.get(kind, "")
    said = f"{said} of {fact.type.unit}" if fact.type.unit and said else said
    return f"{said}, counted from events" if fact.measure is not None else said

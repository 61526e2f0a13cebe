"""The parts of a policy document, all of them words: what the templates lay out."""

from __future__ import annotations

import attrs


@attrs.frozen
class Line:
    text: str
    items: tuple[Line, ...] = ()


@attrs.frozen
class Conditions:
    """What has to hold: a lead such as `all of these hold`, and the list it leads in."""

    lead: str
    lines: tuple[Line, ...]


@attrs.frozen
class OutcomeShown:
    outcome: str
    rules: tuple[int, ...]
    follows: tuple[str, ...]
    remark: str


@attrs.frozen
class RuleShown:
    number: int
    title: str
    name: str
    outcome: str
    carries: tuple[str, ...]
    when: Conditions | None
    """None where it holds whatever the facts."""
    unless: Conditions | None
    sustained: str
    because: str
    cites: tuple[str, ...]


@attrs.frozen
class TableShown:
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cites: tuple[str, ...]


@attrs.frozen
class MachineShown:
    """A ladder or lifecycle: its steps as a table, what is to be said of it, its rules."""

    title: str
    head: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    rules: tuple[RuleShown, ...]


@attrs.frozen
class Term:
    """A definition. `from_` is the ruleset it comes from, with version; empty for the document's own."""

    title: str
    name: str
    from_: str
    when: Conditions | None
    """None where it stands for a value, not for a condition."""
    value: str
    cites: tuple[str, ...]


@attrs.frozen
class CriterionShown:
    title: str
    weight: str
    rows: tuple[tuple[str, str], ...]
    """Points, and for what."""
    cites: tuple[str, ...]


@attrs.frozen
class CardShown:
    title: str
    from_: str
    bands: tuple[tuple[str, str], ...]
    criteria: tuple[CriterionShown, ...]
    cites: tuple[str, ...]


@attrs.frozen
class Threshold:
    name: str
    from_: str
    title: str
    value: str
    since: str
    others: tuple[str, ...]
    reason: str
    cites: tuple[str, ...]


@attrs.frozen
class FactShown:
    name: str
    title: str
    description: str
    kind: str
    source: str


@attrs.frozen
class SourceShown:
    title: str
    author: str
    passages: tuple[tuple[str, str], ...]


@attrs.frozen
class ClaimShown:
    """What is claimed of every account: in the author's words, and read back."""

    title: str
    claim: str
    reason: str
    cites: tuple[str, ...]


@attrs.frozen
class Policy:
    """A policy document. `on` is the day whose thresholds it states."""

    title: str
    name: str
    version: str
    digest: str
    on: str
    purpose: str
    scope: tuple[str, ...]
    rests_on: tuple[str, ...]
    decides: str
    outcomes: tuple[OutcomeShown, ...]
    always: tuple[str, ...]
    combine: str
    rules: tuple[RuleShown, ...]
    tables: tuple[TableShown, ...]
    machines: tuple[MachineShown, ...]
    places: tuple[str, ...]
    terms: tuple[Term, ...]
    foreign: tuple[Term, ...]
    cards: tuple[CardShown, ...]
    thresholds: tuple[Threshold, ...]
    claims: tuple[ClaimShown, ...]
    facts: tuple[FactShown, ...]
    sources: tuple[SourceShown, ...]
    open: tuple[str, ...]

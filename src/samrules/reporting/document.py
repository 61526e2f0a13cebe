"""The report as data: everything is words and numbers already, and the templates only lay it out."""

from __future__ import annotations

import attrs

from samrules.explain.explanation import Part


@attrs.frozen
class Bar:
    """A criterion of a score: from `low` to `high` of `most` points."""

    title: str
    low: float
    high: float
    most: float
    shown: str
    missing: str
    """What is not known, as words; empty where all is known."""


@attrs.frozen
class ScoreShown:
    title: str
    shown: str
    bars: tuple[Bar, ...]


@attrs.frozen
class Term:
    """A name and its value: `revenue`, `EUR 8.1 million`."""

    name: str
    value: str


@attrs.frozen
class PastShown:
    """An earlier decision: its day, what was decided, why, and where that is known from."""

    day: str
    outcome: str
    why: str
    source: str


@attrs.frozen
class Answered:
    """How the decision of another ruleset came out: the question, the answer, why, and what it carries."""

    question: str
    outcome: str
    mark: str
    why: str
    carries: str


@attrs.frozen
class EventShown:
    day: str
    what: str
    details: str


@attrs.frozen
class Page:
    """The part of one account.

    Attributes:
        number: its place in the table of accounts, from 1; it names the part in links.
        name, id: `id` is empty where there is no other name.
        key: the place of its outcome among the outcomes of the report, for colours and filters.
        move: a sentence on what changes, empty where nothing is compared.
        follows: what the decision carries; `follows_title` says whether that is settled.
        asked: the decisions of other rulesets that it rests on.
        override: a sentence on what a person put in place of the decision; empty where nobody did.
        reasons: the rules that decided, or that are still open, and what else bears on the decision.
        near: rules that nearly held, or that an exception stopped.
        what_if: what would change the outcome; None where it was not looked for, and `what_if_note` says so.
        past_note: where the history of decisions is from, or why there is none.
        more_events: how many earlier ones are not listed.
    """

    number: int
    name: str
    id: str
    key: int
    outcome: str
    settled: bool
    day: str
    move: str
    override: str
    answer: str
    terms: tuple[Term, ...]
    follows: tuple[Term, ...]
    follows_title: str
    find_out: tuple[Part, ...]
    asked: tuple[Answered, ...]
    reasons: tuple[Part, ...]
    near: tuple[Part, ...]
    what_if: tuple[Part, ...] | None
    what_if_note: str
    scores: tuple[ScoreShown, ...]
    past: tuple[PastShown, ...]
    past_note: str
    events: tuple[EventShown, ...]
    more_events: int
    footnotes: tuple[Part, ...]
    record: str


@attrs.frozen
class Row:
    """An account in the list. `overridden` is the outcome that a person put in place, or empty. `low`, `high` are its score, `size` what it is compared with; None where not known."""

    number: int
    name: str
    id: str
    key: int
    outcome: str
    settled: bool
    before: str
    moved: bool
    brief: str
    overridden: str
    low: float | None
    high: float | None
    score: str
    size: float | None
    size_shown: str
    also: str
    """Further texts by which it is found."""


@attrs.frozen
class OutcomeShown:
    """How many accounts came out so; `share` of all, from 0 to 1."""

    key: int
    words: str
    count: int
    share: float
    share_shown: str
    moved: int
    score: str
    size: str


@attrs.frozen
class Link:
    number: int
    name: str


@attrs.frozen
class Change:
    """Accounts that go from one outcome to another: some by name, the others counted."""

    before: str
    after: str
    count: int
    accounts: tuple[Link, ...]
    more: int


@attrs.frozen
class UnknownShown:
    title: str
    fact: str
    source: str
    count: int
    first: int


@attrs.frozen
class LevelShown:
    level: str
    title: str
    count: int
    share: float
    up: int
    down: int


@attrs.frozen
class LadderShown:
    title: str
    levels: tuple[LevelShown, ...]
    note: str


@attrs.frozen
class AskedShown:
    """A decision of another ruleset that this one asks for: how often each outcome came out."""

    title: str
    ruleset: str
    outcomes: tuple[tuple[str, int], ...]


@attrs.frozen
class Ranked:
    rank: str
    number: int
    name: str
    score: str
    outcome: str


@attrs.frozen
class PlacesShown:
    """The choice of a portfolio: sentences, and the ranking of the newcomers."""

    says: tuple[str, ...]
    ranking: tuple[Ranked, ...]
    more: int


@attrs.frozen
class Point:
    """An account in the picture: its size, its score from `low` to `high`, its outcome."""

    number: int
    name: str
    key: int
    size: float
    low: float
    high: float


@attrs.frozen
class Picture:
    """Scores against sizes. `says` is the picture in a sentence, `note` what is not drawn."""

    score: str
    size: str
    currency: str
    points: tuple[Point, ...]
    says: str
    note: str


@attrs.frozen
class Glance:
    """The portfolio on one page.

    Attributes:
        lead: what a meeting has to know, in sentences.
        tiles: a few figures, each with the filter of the list that shows its accounts.
        compared: what changes are measured against, in a sentence.
        outcomes: how many came out how, strongest first, those that are open last.
        notes: how the report was made and what it leaves out.
    """

    title: str
    day: str
    subtitle: str
    lead: tuple[str, ...]
    tiles: tuple[tuple[str, int, str], ...]
    compared: str
    outcomes: tuple[OutcomeShown, ...]
    changes: tuple[Change, ...]
    unknowns: tuple[UnknownShown, ...]
    more_unknowns: int
    open: int
    picture: Picture | None
    ladders: tuple[LadderShown, ...]
    asked: tuple[AskedShown, ...]
    places: PlacesShown | None
    rows: tuple[Row, ...]
    score: str
    size: str
    notes: tuple[str, ...]

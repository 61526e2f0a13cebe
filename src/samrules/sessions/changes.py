"""What a call changed, and why: rules that turned, what was derived, what no longer holds, the outcome.

Each thing that changed comes with its chains: for each thing that was said, the shortest way on which it
led there, over things that changed too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from samrules.decision.decision import as_json, truth_word
from samrules.decision.events import Event
from samrules.decision.policy import Verdict
from samrules.decision.words import UNKNOWN, interval, listed, value_in_words, word
from samrules.decision.words import day as day_in_words
from samrules.model.ruleset import Fact
from samrules.model.types import DATE, Type, Value
from samrules.sessions.graph import DAY, REVIEWS, Graph, Item, event_key
from samrules.sessions.state import Update, same

SCHEMA = "samrules.changes/1"
_WIDTH = 96
Said = Value | tuple[float, float] | tuple[str, ...] | None
"""A value; of a score its low and high end; of a decision the outcomes that are possible."""


@attrs.frozen
class Link:
    """One place of a chain: its name, and what to call it in a sentence."""

    name: str
    title: str


Chain = tuple[Link, ...]
"""From what was said to what changed, that itself left out."""


@attrs.frozen
class Given:
    """What the call said: a fact asserted or retracted, an event, a new day or a review that is over.

    `kind` is `fact`, `event`, `day` or `review`; `event` is there for an event only.
    """

    kind: str
    name: str
    title: str
    before: Value | None
    after: Value | None
    type: Type | None
    event: Event | None = None

    def to_dict(self) -> dict[str, Any]:
        if self.event is not None:
            fields = {name: as_json(value) for name, value in self.event.fields.items()}
            return {"event": self.name, "date": self.event.day.isoformat(), **fields}
        return {self.kind: self.name, "from": as_json(self.before), "to": as_json(self.after)}


@attrs.frozen
class Derived:
    """A measure, parameter, definition, score, criterion or asked-for decision that has another value now."""

    kind: str
    name: str
    title: str
    before: Said
    after: Said
    type: Type | None
    chains: tuple[Chain, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "from": _data(self.before), "to": _data(self.after),
                "chains": _names(self.chains)}


@attrs.frozen
class Turned:
    """A rule whose truth turned (None: unknown). `outcome` is what it gives where its decision is asked for."""

    name: str
    title: str
    outcome: str | None
    before: bool | None
    after: bool | None
    chains: tuple[Chain, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"rule": self.name, "outcome": self.outcome, "from": truth_word(self.before),
                "to": truth_word(self.after), "chains": _names(self.chains)}


@attrs.frozen
class Output:
    """What the decision carries besides the outcome, where it changed.

    None is a value that is not known; `carried` says whether there was, and is, such an output at all.
    """

    name: str
    before: Value | None
    after: Value | None
    type: Type | None
    carried: tuple[bool, bool]

    def to_dict(self) -> dict[str, Any]:
        return {"output": self.name, "from": as_json(self.before), "to": as_json(self.after)}


@attrs.frozen
class Changes:
    """What one call changed.

    Attributes:
        given: what the call said that was not so before.
        rules: the rules whose truth turned, in order of evaluation; `woken` those that hold now, `withdrawn`
            those that held and hold no longer.
        derived: what else has another value, in order of evaluation.
        outputs: what the decision carries besides the outcome, where that changed.
        before, after: the verdict: outcome, settled, possible outcomes. `before` is None at the start.
        evaluated: how many steps of the ruleset were evaluated.
    """

    account: str
    who: str
    as_of: date
    given: tuple[Given, ...]
    rules: tuple[Turned, ...]
    derived: tuple[Derived, ...]
    outputs: tuple[Output, ...]
    before: Verdict | None
    after: Verdict
    evaluated: int
    currency: str | None = attrs.field(default=None, repr=False)

    @property
    def woken(self) -> tuple[Turned, ...]:
        return tuple(r for r in self.rules if r.after is True)

    @property
    def withdrawn(self) -> tuple[Turned, ...]:
        return tuple(r for r in self.rules if r.before is True)

    @property
    def decision_changed(self) -> bool:
        """Whether the outcome, the possible outcomes or an output is another."""
        return self.before != self.after or bool(self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """The changes as JSON-ready data, schema `samrules.changes/1`."""
        return {
            "schema": SCHEMA,
            "account": self.account,
            "as_of": self.as_of.isoformat(),
            "given": [g.to_dict() for g in self.given],
            "from": _verdict(self.before),
            "to": _verdict(self.after),
            "woken": [r.to_dict() for r in self.woken],
            "withdrawn": [r.to_dict() for r in self.withdrawn],
            "turned": [r.to_dict() for r in self.rules if r.after is not True and r.before is not True],
            "derived": [d.to_dict() for d in self.derived],
            "outputs": [o.to_dict() for o in self.outputs],
            "evaluated": self.evaluated,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines()) + "\n"

    # --- in words ---

    def _lines(self) -> Iterator[str]:
        now = _outcome(self.after)
        if self.before is None:
            yield f"{self.who}: {now}"
        elif self.before == self.after:
            yield f"{self.who}: {now}, as before"
        else:
            yield f"{self.who}: {_outcome(self.before)} → {now}"
        yield from self._part("What was said", [self._given(g) for g in self.given])
        yield from self._part("Rules that hold now", [_rule("✓", r, r.outcome) for r in self.woken])
        yield from self._part("Rules that hold no longer", [_rule("✗", r, r.outcome) for r in self.withdrawn])
        others = [r for r in self.rules if r.after is not True and r.before is not True]
        yield from self._part("Other rules that turned", [
            _rule("?" if r.after is None else "✗", r, f"{_truth(r.before)} → {_truth(r.after)}") for r in others])
        yield from self._part("What follows", [self._derived(d) for d in self.derived])
        yield from self._part("What the decision carries", [
            [f"· {word(o.name)}: {self._output(o, 0)} → {self._output(o, 1)}"] for o in self.outputs])

    @staticmethod
    def _part(heading: str, entries: Sequence[Sequence[str]]) -> Iterator[str]:
        if entries:
            yield heading
        for first, *rest in entries:
            yield from textwrap.wrap(first, _WIDTH, initial_indent="  ", subsequent_indent="    ")
            for line in rest:
                yield from textwrap.wrap(line, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 8)

    def _given(self, given: Given) -> list[str]:
        if given.event is not None:
            return [f"· {given.title}, {day_in_words(given.event.day)}"]
        if given.kind == "review":
            assert isinstance(given.after, date)
            return [f"· the review of {day_in_words(given.after)} is over"]
        return [f"· {given.title}: {self._value(given.before, given.type)} → {self._value(given.after, given.type)}"]

    def _derived(self, derived: Derived) -> list[str]:
        before, after = (self._value(v, derived.type) for v in (derived.before, derived.after))
        return [f"· {derived.title}: {before} → {after}", *_because(derived.chains)]

    def _output(self, output: Output, when: int) -> str:
        value = (output.before, output.after)[when]
        return self._value(value, output.type) if output.carried[when] else "nothing"

    def _value(self, value: Said, type_: Type | None) -> str:
        if not isinstance(value, tuple):
            return value_in_words(value, type_, self.currency)
        low, *rest = value
        if isinstance(low, float):
            assert isinstance(rest[0], float)
            return interval(low, rest[0])
        return listed([word(str(o)) for o in value], "or")


def _outcome(verdict: Verdict) -> str:
    if isinstance(verdict.outcome, tuple):
        return listed([word(o) for o in verdict.outcome]) if verdict.outcome else "none"
    said = word(verdict.outcome)
    return said if verdict.settled else f"{said} ({listed([word(o) for o in verdict.possible], 'or')})"


def _rule(mark: str, rule: Turned, more: str | None) -> list[str]:
    shown = f" ({word(more)})" if more else ""
    return [f"{mark} “{rule.title}”{shown}", *_because(rule.chains)]


def _because(chains: Sequence[Chain]) -> list[str]:
    return ["because of " + " → ".join(link.title for link in chain) for chain in chains]


def _truth(truth: bool | None) -> str:
    return UNKNOWN if truth is None else "holds" if truth else "fails"


# --- as data ---


def _verdict(verdict: Verdict | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    outcome = list(verdict.outcome) if isinstance(verdict.outcome, tuple) else verdict.outcome
    return {"outcome": outcome, "settled": verdict.settled, "possible": list(verdict.possible)}


def _data(said: Said) -> Any:
    return list(said) if isinstance(said, tuple) else as_json(said)


def _names(chains: Sequence[Chain]) -> list[list[str]]:
    return [[link.name for link in chain] for chain in chains]


# --- from an update ------------------------------------------------------------------------------


def opening(graph: Graph, update_after: Verdict, account: str, who: str, day: date, evaluated: int) -> Changes:
    """Of a session that has just begun: nothing changed yet."""
    return Changes(account, who, day, (), (), (), (), None, update_after, evaluated, graph.plan.currency)


def changes_of(update: Update, graph: Graph, *, facts: Sequence[str] = (), events: Sequence[Event] = (),
               review: date | None = None) -> Changes:
    """What a change did. `facts` are the names asserted or retracted, `events` those that happened, `review`
    the day of a review that is over."""
    old, new = update.before, update.after
    plan = graph.plan
    given = [_fact(plan.facts[n], update) for n in facts if n in update.changed]
    for event in events:
        kind = plan.events[event.type]
        given.append(Given("event", event.type, kind.title or word(event.type), None, None, None, event))
    if DAY in update.changed:
        given.append(Given("day", DAY, "the day", old.view.day, new.view.day, DATE))
    if review is not None:
        given.append(Given("review", REVIEWS, REVIEWS, None, review, DATE))
    changed = [item for item in graph.items
               if not update.changed.isdisjoint((item.key, *item.steps)) and item.key not in facts]
    chains = _Chains(given, changed, REVIEWS in update.changed)
    rules = [Turned(i.name, i.title, i.outcome, _truth_of(i, update, True), _truth_of(i, update, False), chains.to(i))
             for i in changed if i.kind == "rule"]
    derived = [Derived(i.kind, i.name, i.title, _value(i, update, old=True), _value(i, update, old=False), i.type,
                       chains.to(i)) for i in changed if i.kind != "rule"]
    who = new.view.facts.get("account_name", new.given["account_id"])
    return Changes(str(new.given["account_id"]), str(who), new.view.day, tuple(given), tuple(rules), tuple(derived),
                   tuple(_outputs(update)), old.judged.verdict, new.judged.verdict, update.evaluated, plan.currency)


def _fact(fact: Fact, update: Update) -> Given:
    before, after = (state.view.facts.get(fact.name) for state in (update.before, update.after))
    return Given("fact", fact.name, fact.title or fact.name.replace("_", " "), before, after, fact.type)


def _value(item: Item, update: Update, *, old: bool) -> Said:
    view = (update.before if old else update.after).view
    values = [view.steps[step].value for step in item.steps]
    if item.kind in ("score", "criterion"):
        low, high = values
        assert isinstance(low, float)
        assert isinstance(high, float)
        return low, high
    if item.kind == "decision":
        return tuple(s.rpartition(":")[2] for s, v in zip(item.steps, values, strict=True) if v is True)
    if item.kind == "parameter":
        return view.parameters.get(item.name)
    return values[0] if values else view.facts.get(item.name)


def _truth_of(item: Item, update: Update, old: bool) -> bool | None:
    value = _value(item, update, old=old)
    return value if isinstance(value, bool) else None


def _outputs(update: Update) -> Iterator[Output]:
    before, after = update.before.judged.outputs, update.after.judged.outputs
    for name in dict.fromkeys((*before, *after)):
        (was, type_), (is_, later) = before.get(name, (None, None)), after.get(name, (None, None))
        if (name in before) != (name in after) or not same(was, is_):
            yield Output(name, was, is_, type_ or later, (name in before, name in after))


class _Chains:
    """The shortest ways from what was said over what changed."""

    def __init__(self, given: Sequence[Given], changed: Sequence[Item], reviews: bool) -> None:
        links = {item.key: Link(item.name, item.title) for item in changed}
        sources: dict[str, list[str]] = {}
        for item in changed:
            for key in item.after:
                sources.setdefault(key, []).append(item.key)
        self.ways: list[Mapping[str, Chain]] = []
        for one in dict.fromkeys(_key(g) for g in given):
            first = next(g for g in given if _key(g) == one)
            self.ways.append(_from(one, Link(first.name, first.title), links, sources, reviews))

    def to(self, item: Item) -> tuple[Chain, ...]:
        return tuple(ways[item.key][:-1] for ways in self.ways if item.key in ways)


def _key(given: Given) -> str:
    return event_key(given.name) if given.kind == "event" else given.name


def _from(start: str, link: Link, links: Mapping[str, Link], sources: Mapping[str, Sequence[str]],
          reviews: bool) -> Mapping[str, Chain]:
    """For each thing that is reached from a start, the first of the shortest ways there, itself at the end."""
    found: dict[str, Chain] = {start: (link,)}
    if reviews and start.startswith("event "):
        found[REVIEWS] = (link, Link(REVIEWS, REVIEWS))  # an event may change what was counted for them
    waiting = list(found)
    for key in waiting:
        for then in sources.get(key, ()):
            if then not in found:
                found[then] = (*found[key], links[then])
                waiting.append(then)
    return found


__all__ = ["Changes", "Derived", "Given", "Link", "Output", "Turned", "changes_of", "opening"]

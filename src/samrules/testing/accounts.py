"""Accounts of any ruleset, for property tests with hypothesis: facts, events and earlier reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from samrules.decision.decision import Decision
    from samrules.model.ruleset import EventType, Fact
    from samrules.model.types import Value
    from samrules.rules import Rules

_YEARS = 1100
"""How many days back events and reviews go: three years."""
_MOST = 1_000_000


@attrs.frozen
class GeneratedAccount:
    """An account as `Rules.decide` takes it. `events` is None where nothing is recorded."""

    facts: Mapping[str, Any]
    as_of: date
    events: Sequence[Mapping[str, Any]] | None = None
    recorded: frozenset[str] | None = None
    history: Sequence[Mapping[str, Any]] = ()

    def decide(self, rules: Rules, engine: str = "interpreter") -> Decision:
        """Decide it, alone where the ruleset decides accounts together. Raises what `Rules.decide` raises."""
        if not rules.together:
            return rules.decide(self.facts, events=self.events, recorded=self.recorded, history=self.history,
                                as_of=self.as_of, engine=engine)
        own = {"account_id": self.facts["account_id"]}
        events = None if self.events is None else [{**e, **own} for e in self.events]
        together = rules.decide_portfolio([self.facts], events=events, recorded=self.recorded,
                                          history=[{**review, **own} for review in self.history], as_of=self.as_of)
        return together.decisions[0]


def accounts_of(rules: Rules, *, as_of: date | None = None, missing: bool = True, events: bool = True,
                history: bool = True) -> SearchStrategy[GeneratedAccount]:
    """Accounts that a ruleset can decide, values at the edges of its conditions among them.

    Args:
        as_of: the day of all accounts; today where it is not given.
        missing: whether facts, and fields of events, may be missing.
        events: whether there may be events; a measure that they count is then not given as a fact.
        history: whether there may be earlier reviews.

    Needs hypothesis (the extra `testing`). Only facts that can have an effect are drawn.
    """
    from hypothesis import strategies as st

    day = as_of or date.today()
    near = _edges(rules, day)
    declared = {n: rules.facts[n] for n in sorted(rules.reads) if n != "account_id"}
    counted = {m.name: {*m.measure.of.events, *m.measure.since} for m in rules.plan.measures}
    kinds = sorted({kind for needed in counted.values() for kind in needed})
    settings = set(rules.plan.places.settings) if rules.plan.places is not None else set()

    def facts(recorded: frozenset[str] | None) -> SearchStrategy[dict[str, Any]]:
        own = {n: _value(f, near.get(n, []), day, positive=n in settings) for n, f in declared.items()
               if recorded is None or n not in counted or not counted[n] <= recorded}
        return st.fixed_dictionaries({}, optional=own) if missing else st.fixed_dictionaries(own)

    @st.composite
    def account(draw: Any) -> GeneratedAccount:
        recorded = draw(st.none() | st.frozensets(st.sampled_from(kinds))) if events and kinds else None
        happened = None if recorded is None else draw(
            st.lists(st.one_of([_event(rules.events[k], day, missing) for k in sorted(recorded)]), max_size=8)
            if recorded else st.just([]))
        for number, event in enumerate(happened or ()):
            event["reference"] = str(number)  # two that are alike in all else are two all the same
        days = draw(st.lists(_before(day), max_size=3, unique=True)) if history and rules.plan.looks_back else []
        past = [{**draw(facts(recorded)), "account_id": "A", "review_date": on} for on in sorted(days)]
        return GeneratedAccount({**draw(facts(recorded)), "account_id": "A"}, day, happened, recorded, past)

    return account()


def _edges(rules: Rules, day: date) -> dict[str, list[Value]]:
    """The values at which the conditions of a ruleset turn, its parameters being as on that day."""
    from samrules.authoring.edges import edges, ground_of
    from samrules.model.expressions import Name

    ground = ground_of(rules.plan, [Name(step.name) for step in rules.plan.steps])
    return edges(ground, ground.view({}, day))


def _event(kind: EventType, day: date, missing: bool) -> SearchStrategy[dict[str, Any]]:
    from hypothesis import strategies as st

    own = {f.name: _value(f, [], day) for f in kind.fields}
    always: dict[str, SearchStrategy[Any]] = {"event": st.just(kind.name), "date": _before(day) | st.just(day)}
    return st.fixed_dictionaries(always, optional=own) if missing else st.fixed_dictionaries(always | own)


def _before(day: date) -> SearchStrategy[date]:
    from hypothesis import strategies as st

    return st.integers(1, _YEARS).map(lambda days: day - timedelta(days=days))


def _value(fact: Fact, near: Sequence[Value], day: date, *, positive: bool = False) -> SearchStrategy[Any]:
    """A value of a fact: one near an edge as often as any other."""
    from hypothesis import strategies as st

    free = _free(fact, day, positive=positive)
    edge = [v for v in near if not positive or (isinstance(v, int | float) and v >= 1)]
    return st.one_of(st.sampled_from(edge), free) if edge else free


def _free(fact: Fact, day: date, *, positive: bool) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    from samrules.model.types import Kind

    type_, bounds = fact.type, fact.range
    low = bounds.low if bounds is not None else None
    high = bounds.high if bounds is not None else None
    match type_.kind:
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.ENUM:
            return st.sampled_from(type_.words)
        case Kind.ORDINAL:
            return st.integers(max(type_.low or 0, 1 if positive else 0), type_.high or 0)
        case Kind.INTEGER:
            least = int(low) if isinstance(low, int | float) else -20
            most = int(high) if isinstance(high, int | float) else max(least, 0) + 200
            return st.integers(max(least, 1) if positive else least, most)
        case Kind.DATE:
            return st.integers(-_YEARS * 3, 400).map(lambda days: day + timedelta(days=days))
        case Kind.TEXT:
            return st.text("abcdefghijklmnopqrstuvwxyz ABC-.", min_size=1, max_size=12).filter(lambda t: t.strip() != "")
    ratio = type_.kind is Kind.RATIO
    first = float(low) if isinstance(low, int | float) else (-1.0 if ratio else 0.0)
    last = float(high) if isinstance(high, int | float) else (first + 3.0 if ratio else first + _MOST)
    places = 4 if ratio else 2
    return st.floats(max(first, 1.0) if positive else first, last, allow_nan=False).map(
        lambda x: min(max(round(x, places), first), last))

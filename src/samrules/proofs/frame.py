"""What a question is asked about: an account that stands for all accounts, or for all on one day with a short history.

A question is asked in two frames. In a `search` the day and the days of earlier reviews are fixed and arithmetic is
exact: what is found can be tried on the interpreter. In a `proof` the day is any day of a period in which parameters stay
as they are, earlier reviews may have been anything, and arithmetic rounds: what is not found does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import attrs

from samrules.engines.interpreter import Facts, date_before, parameters_at
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model.types import Duration, Value
from samrules.plan.plan import Plan
from samrules.proofs import domain
from samrules.proofs.calendars import AnyDay, FixedDay
from samrules.proofs.encode import Past, World
from samrules.proofs.rounding import Precision, Rounding
from samrules.proofs.solver import Terms, Z
from samrules.proofs.terms import Codes, Encoded, Term, Truth

ID = "account_id"


@attrs.frozen
class Situation:
    """An account that can be decided: its facts, the day, earlier reviews in order of date.

    `after` are facts that change while all else stays, of a claim about what rises.
    """

    facts: Mapping[str, Value]
    as_of: date
    history: tuple[tuple[date, Facts], ...] = ()
    after: Mapping[str, Value] = attrs.field(factory=dict)

    @property
    def changed(self) -> dict[str, Value]:
        return {**self.facts, **self.after}


@attrs.frozen
class Period:
    """A stretch of time in which no parameter changes."""

    first: date
    last: date


def periods(plan: Plan) -> tuple[Period, ...]:
    """Every period in which all parameters of a plan have a value, earliest first."""
    starts = {v.since for p in plan.parameters.values() for v in p.values}
    first = max((p.values[0].since for p in plan.parameters.values()), default=date.min)
    days = sorted({first, *(d for d in starts if d > first)})
    ends = [d - timedelta(days=1) for d in days[1:]] + [date.max]
    return tuple(Period(a, b) for a, b in zip(days, ends, strict=True))


@attrs.define
class Frame:
    """One account in the solver's terms. Worlds of it differ in what the question changes."""

    plan: Plan
    names: tuple[str, ...]
    """The facts that matter."""
    z: Terms
    codes: Codes
    rounding: Rounding
    calendar: FixedDay | AnyDay
    parameters: Mapping[str, Value]
    facts: dict[str, Encoded]
    conditions: list[Z]
    past: Past
    reviews: tuple[tuple[date, dict[str, Encoded], Z], ...] = ()
    """Earlier reviews, latest first, each with whether there was one."""
    now: World = attrs.field(init=False)
    after: dict[str, Encoded] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.now = self.world({})

    def world(self, changes: Mapping[str, Encoded], past: Past | None = None, calendar: FixedDay | AnyDay | None = None) -> World:
        """The account with some facts changed."""
        return World(self.z, self.plan, {**self.facts, **changes}, self.parameters, calendar or self.calendar,
                     self.rounding, self.codes, past or self.past)

    def fresh(self, name: str, called: str) -> Encoded:
        """Another value of a fact, within what it is declared to be."""
        fact = self.plan.facts[name]
        value = domain.unknown(fact, called, self.z)
        self.conditions += domain.within(fact, value, self.z, self.codes)
        return value

    def changed(self, name: str) -> World:
        """The account after one of its facts has changed."""
        self.after = {name: self.fresh(name, f"{name} afterwards")}
        return self.world(self.after)

    def knowing_only(self, names: Iterable[str]) -> Z:
        """That no other fact is known, now or at earlier reviews."""
        others = set(self.names) - set(names)
        return self.z.all([self.z.no(domain.known(facts[n], self.z))
                           for facts in (self.facts, *(f for _, f, _ in self.reviews)) for n in sorted(others)])

    def asserted(self, goal: Z) -> list[Z]:
        """All that the solver is told, with a goal."""
        laws = self.calendar.laws if isinstance(self.calendar, AnyDay) else []
        return [*self.conditions, *self.rounding.laws, *laws, goal]


def search_frame(plan: Plan, names: Sequence[str], day: date, precision: Precision = Precision.LOOSE) -> Frame:
    """The account on one day, with as many earlier reviews as sustained rules look at."""
    z, codes, rounding = _tools(precision)
    calendar = FixedDay(z, day)
    conditions: list[Z] = []
    facts = _unknowns(plan, names, "", z, codes, conditions)
    reviews: list[tuple[date, dict[str, Encoded], Z]] = []
    for number, at in enumerate(_review_days(plan, day), start=1):
        there = z.flag(f"review {number}")
        if reviews:
            conditions.append(z.implies(there, reviews[-1][2]))
        reviews.append((at, _unknowns(plan, names, f"review {number}: ", z, codes, conditions), there))
    found = Frame(plan, tuple(names), z, codes, rounding, calendar, {}, facts, conditions, _as_now, tuple(reviews))
    found.parameters, found.past = parameters_at(plan, day), recorded(found, plan, day)
    found.now = found.world({})
    return found


def proof_frame(plan: Plan, names: Sequence[str], period: Period, precision: Precision = Precision.DOUBLES) -> Frame:
    """The account on any day of a period, with any history."""
    z, codes, rounding = _tools(precision)
    calendar = AnyDay(z, "as_of", period.first, period.last)
    conditions: list[Z] = []
    facts = _unknowns(plan, names, "", z, codes, conditions)
    return Frame(plan, tuple(names), z, codes, rounding, calendar, parameters_at(plan, period.first), facts, conditions,
                 unrecorded(z, conditions))


def situation(frame: Frame, model: object, day: date) -> Situation:
    """The account that a model of a search describes."""
    def known(values: Mapping[str, Encoded]) -> dict[str, Value]:
        return domain.read(model, frame.plan.facts, values, frame.z, frame.codes)

    from samrules.proofs.solver import truth_of

    history = tuple((at, known(values)) for at, values, there in reversed(frame.reviews) if truth_of(model, there))
    return Situation(known(frame.facts), day, history, known(frame.after))


# --- the past ------------------------------------------------------------------------------------


Kept = dict[tuple[object, int, Value | None], Truth]
"""What earlier reviews are taken to have been, by what was to be sustained, and how long."""


def _itself(node: ex.Expr) -> object:
    return node


def unrecorded(z: Terms, conditions: list[Z], prefix: str = "", kept: Kept | None = None,
               meaning: Callable[[ex.Expr], object] = _itself) -> Past:
    """Earlier reviews may have been anything: of what must be sustained they are true, false or unknown.

    What has the same `meaning` was the same at the same reviews, also for another user of `kept`.
    """
    kept = {} if kept is None else kept

    def past(node: ex.Held, now: Truth) -> Truth:
        if node.reviews == 1 and node.over is None:
            return now
        key = (meaning(node.operand), node.reviews, node.over)
        if key not in kept:
            name = f"{prefix}past {len(kept)}"
            before = Truth(z.flag(f"{name} held"), z.flag(f"{name} failed"))
            conditions.append(z.no(z.all([before.true, before.false])))
            kept[key] = before
        before = kept[key]
        return Truth(z.all([now.true, before.true]), z.any([now.false, before.false]))

    return past


def _as_now(node: ex.Held, now: Truth) -> Truth:
    """What is sustained rests on no decision that has to be sustained itself, but at the reviews themselves."""
    return now


def recorded(frame: Frame, plan: Plan, day: date) -> Past:
    """The reviews of a search, as a plan sees them: enough of them, reaching back far enough, or it does not hold yet."""
    z = frame.z
    worlds = [(at, World(z, plan, known, parameters_at(plan, at), FixedDay(z, at), frame.rounding, frame.codes, _as_now), there)
              for at, known, there in frame.reviews]

    def past(node: ex.Held, now: Truth) -> Truth:
        reach = date_before(node.over, day) if node.over is not None else day
        assert reach is not None
        parts, enough = [now], node.reviews == 1 and day <= reach
        there = z.truth(True)
        for at, world, exists in worlds:
            if enough:
                break
            there = z.all([there, exists])
            parts.append(world.truth(node.operand))
            enough = len(parts) >= node.reviews and at <= reach
        if not enough:
            return Truth(z.truth(False), z.truth(True))
        held, failed = z.all([p.true for p in parts]), z.any([p.false for p in parts])
        return Truth(z.all([there, held]), z.any([z.no(there), failed]))

    return past


def _review_days(plan: Plan, day: date) -> Iterator[date]:
    """Days of earlier reviews, latest first: enough of them, and far enough back, for all that must be sustained.

    The first is far enough back for the longest time, so that every rule looks at as many as it names.
    """
    held = plan.sustained
    if not held:
        return
    lengths = [n.over for n in held if n.over is not None]
    earliest = min((d for d in (date_before(length, day) for length in lengths) if d is not None), default=day)
    at = min(earliest, Duration(months=1).before(day))
    for _ in range(max(1, max(n.reviews for n in held) - 1)):
        try:
            parameters_at(plan, at)
        except FactError:
            return
        yield at
        at = Duration(months=1).before(at)


# --- the facts -----------------------------------------------------------------------------------


def _tools(precision: Precision) -> tuple[Z, Codes, Rounding]:
    z = Terms()
    return z, Codes(), Rounding(z, precision)


def _unknowns(plan: Plan, names: Sequence[str], prefix: str, z: Terms, codes: Codes, conditions: list[Z]) -> dict[str, Encoded]:
    found: dict[str, Encoded] = {ID: Term(z.truth(True), z.integer(ID))}
    for name in names:
        fact = plan.facts[name]
        found[name] = domain.unknown(fact, prefix + name, z)
        conditions += domain.within(fact, found[name], z, codes)
    return found

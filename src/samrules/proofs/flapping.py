"""Whether a lifecycle or a ladder settles: whether fixed facts could move an account round and round for ever.

All facts stay as they are but the state on record and the day it began. If the state changed for ever, it would go round
some circle of states again and again, and at last so late that every other date on record is longer ago than any
duration that the ruleset asks about. So it is enough that no account could go round a circle so late. How long it had
been in each state may then be anything, and so may what was true of its state at earlier reviews; what does not rest on the
state was at the latest reviews what it is now.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from datetime import date

import attrs

from samrules.engines.interpreter import view
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Duration, Kind, Value
from samrules.plan import lower as lo
from samrules.plan.plan import Plan, PlannedDecision
from samrules.proofs.calendars import AnyDay, FixedDay
from samrules.proofs.encode import World
from samrules.proofs.frame import (
    ID,
    Frame,
    Situation,
    periods,
    proof_frame,
    search_frame,
    situation,
    unrecorded,
)
from samrules.proofs.questions import resting_on, verdict_of
from samrules.proofs.rounding import Precision
from samrules.proofs.settle import Proved, Unknown, left
from samrules.proofs.simplify import simplest
from samrules.proofs.solver import Answer, Z, ask
from samrules.proofs.terms import NotEncoded, Term, Truth

Edge = tuple[Value, Value]
MOST_CIRCLES = 200
MONTHS = 120
"""How long a record is followed: ten years of monthly reviews."""


@attrs.frozen
class Goes:
    """An account that goes round: where it starts, and each change with its day, until it comes round again."""

    witness: Situation
    changes: tuple[tuple[date, Value, Value], ...]


@attrs.define
class Circles:
    """One lifecycle or ladder of a plan's decision: how its state moves, asked of the solver and of the interpreter."""

    plan: Plan
    of: rs.Lifecycle | rs.Ladder
    day: date
    seconds: float
    until: float = attrs.field(init=False)
    _apart: dict[frozenset[Edge], bool] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.until = time.monotonic() + self.seconds

    @property
    def decision(self) -> PlannedDecision:
        assert self.plan.decision is not None
        return self.plan.decision

    def settle(self) -> Proved | Goes | Unknown:
        """A proof that it settles, or an account that the interpreter moves round and round."""
        fixed = [n for n in (self.of.on_record, getattr(self.of, "since", None)) if n is not None]
        if not all(isinstance(n, ex.Name) and n.name in self.plan.facts for n in fixed):
            return Unknown("its state on record is no fact, but made of other facts")
        if self.decision.decide.hit_policy == "collect":
            return Unknown("its outcomes are collected, so that no single one leads on")
        asked = [ex.Name(r.step) for r in self.decision.rules]
        asked += [ex.Name(lo.outcome_step(self.plan.name, o)) for o in self.decision.decide.outcomes]
        self.plan = resting_on(self.plan, asked)
        try:
            why, exact = "", True
            for circle in self.circles():
                if any(self.apart(pair, Precision.DOUBLES) for pair in itertools.combinations(circle, 2)):
                    continue
                if self.apart(circle, Precision.DOUBLES):
                    continue
                if self.apart(circle, Precision.EXACT):
                    exact = False
                    continue
                found = self.search(circle)
                if isinstance(found, Goes):
                    return found
                why = why or found.why
            return Unknown(why) if why else Proved(exact)
        except NotEncoded as error:
            return Unknown(f"the solver is not told of {error}")

    # --- circles of states ---

    def circles(self) -> Iterator[tuple[Edge, ...]]:
        if isinstance(self.of, rs.Ladder):  # one level at a time: a circle goes up and down between two levels
            yield from (((level.number, level.number + 1), (level.number + 1, level.number)) for level in self.of.levels[:-1])
            return
        ways: dict[Value, list[Value]] = {}
        for transition in self.of.transitions:
            for origin in transition.origins:
                if transition.to not in ways.setdefault(origin, []):
                    ways[origin].append(transition.to)
        order = [s.name for s in self.of.states]
        for rule in self.decision.rules:  # a rule beside the lifecycle may lead from anywhere
            if rule.rule.made_from != self.of.name and rule.outcome in order:
                for origin in order:
                    if rule.outcome != origin and rule.outcome not in ways.setdefault(origin, []):
                        ways[origin].append(rule.outcome)
        found = list(itertools.islice((c for start in order for c in _round(start, ways, order)), MOST_CIRCLES + 1))
        if len(found) > MOST_CIRCLES:
            raise NotEncoded(f"more than {MOST_CIRCLES} ways round its states")
        yield from sorted(found, key=len)

    # --- the solver ---

    def apart(self, edges: Sequence[Edge], precision: Precision) -> bool:
        """Whether no facts, so late, allow all these moves."""
        key = frozenset(edges)
        if precision is Precision.DOUBLES and key in self._apart:
            return self._apart[key]
        frame = proof_frame(self.plan, self.names(), periods(self.plan)[-1], precision)
        goal = frame.z.all([self.late_move(frame, number, edge) for number, edge in enumerate(edges)])
        found = ask(frame.asserted(goal), left(self.until))[0] is Answer.NONE
        if precision is Precision.DOUBLES:
            self._apart[key] = found
        return found

    def names(self) -> list[str]:
        return sorted((self.plan.read | set(self.moving())) - {ID})

    def moving(self) -> list[str]:
        """The facts that change where all else is fixed: the state on record, the day it began."""
        return [n.name for n in (self.of.on_record, getattr(self.of, "since", None)) if isinstance(n, ex.Name)]

    def late_move(self, frame: Frame, number: int, edge: Edge) -> Z:
        """A move at some late day, whatever was before."""
        assert isinstance(frame.calendar, AnyDay)
        calendar = AnyDay(frame.z, f"day {number}", frame.calendar.first, frame.calendar.last)
        free = unrecorded(frame.z, frame.conditions, f"{number}: ")
        moving = set(self.moving())

        def past(node: ex.Held, now: Truth) -> Truth:
            return free(node, now) if moving & resting_on(self.plan, [node.operand]).read else now

        goal = self.move(frame, number, edge, calendar, past)
        return frame.z.all([goal, self.long_ago(frame, [calendar.variable, *calendar.cutoffs.values()]), *calendar.laws])

    def move(self, frame: Frame, number: int, edge: Edge, calendar: AnyDay | FixedDay, past: object) -> Z:
        """That an account in a state goes to another."""
        z = frame.z
        state, since = self.of.on_record, getattr(self.of, "since", None)
        assert isinstance(state, ex.Name)
        record = Term(z.truth(True), z.whole(frame.codes.code(edge[0]) if isinstance(edge[0], str) else int(edge[0])))  # type: ignore[arg-type]
        changes: dict[str, Term | Truth] = {state.name: record}
        parts = []
        if isinstance(since, ex.Name):
            began = z.integer(f"{number}: since")
            changes[since.name] = Term(z.truth(True), began)
            parts += [began >= 1, began <= calendar.day().value]
        world = frame.world(changes, past, calendar)  # type: ignore[arg-type]
        return z.all([*parts, self.goes(world, edge)])

    def goes(self, world: World, edge: Edge) -> Z:
        z = world.z
        outcome: Value = edge[1]
        parts = []
        if isinstance(self.of, rs.Ladder):
            outcome = rs.PROMOTE if edge[1] > edge[0] else rs.DEMOTE  # type: ignore[operator]
            parts.append(z.any([world.rule(r.step).true for r in self.decision.rules
                               if r.rule.made_from == self.of.name and r.outcome == outcome]))
        for other in self.decision.decide.outcomes:
            possible = world.rule(lo.outcome_step(self.plan.name, other)).true
            parts.append(possible if other == outcome else z.no(possible))
        return z.all(parts)

    def long_ago(self, frame: Frame, days: Sequence[Z]) -> Z:
        """That every date on record but that of the state is before all these days."""
        since = getattr(self.of, "since", None)
        dates = [frame.facts[n] for n in frame.names
                 if self.plan.facts[n].type.kind is Kind.DATE and not (isinstance(since, ex.Name) and since.name == n)]
        return frame.z.all([frame.z.implies(d.known, d.value < day) for d in dates if isinstance(d, Term) for day in days])

    # --- an account that goes round ---

    def search(self, circle: Sequence[Edge]) -> Goes | Unknown:
        """An account that the interpreter moves round a circle, with what must be sustained lasting."""
        frame = search_frame(self.plan, self.names(), self.day)
        lasting = lambda node, now: now  # noqa: E731
        calendar = FixedDay(frame.z, self.day)
        goal = frame.z.all([self.move(frame, n, edge, calendar, lasting) for n, edge in enumerate(circle)])
        lengths = [node.duration.value for s in self.plan.steps for node in ex.walk(s.expr)
                   if isinstance(node, ex.Cutoff) and isinstance(node.duration, ex.Literal)]
        lengths += [v.value for p in self.plan.parameters.values() for v in p.values]
        earliest = min((d.before(self.day) for d in lengths if isinstance(d, Duration)), default=self.day)
        late = self.long_ago(frame, [frame.z.whole(earliest.toordinal())])
        answer, model = ask(frame.asserted(frame.z.all([goal, late])), left(self.until))
        if answer is not Answer.SOME:
            return Unknown("what the solver found, the interpreter did not confirm" if answer is Answer.NONE
                           else f"the solver found no answer in {self.seconds:g} seconds")
        at = self.started(situation(frame, model, self.day), circle[0][0])
        if not self.followed(at):
            return Unknown("what the solver found, the interpreter did not confirm")
        plain = simplest(self.plan, at, lambda s: self.in_place(s, circle[0][0]) and bool(self.followed(s)))
        return Goes(plain, self.followed(plain))

    def started(self, at: Situation, state: Value) -> Situation:
        """The account on the day it comes into a state."""
        since = getattr(self.of, "since", None)
        assert isinstance(self.of.on_record, ex.Name)
        began = {since.name: at.as_of} if isinstance(since, ex.Name) else {}
        return Situation({**at.facts, self.of.on_record.name: state, **began}, at.as_of)

    def in_place(self, at: Situation, state: Value) -> bool:
        """Whether a plainer account still begins where it did: what is simplified is not the state."""
        return self.started(at, state) == at

    def followed(self, at: Situation) -> tuple[tuple[date, Value, Value], ...]:
        """The changes of one round, where monthly reviews by the interpreter take the account round at least twice."""
        state, since = self.of.on_record, getattr(self.of, "since", None)
        assert isinstance(state, ex.Name)
        facts, history = dict(at.facts), []
        changes: list[tuple[date, Value, Value]] = []
        day = at.as_of
        for month in range(1, MONTHS + 1):
            history.append((day, dict(facts)))
            day = _months_after(at.as_of, month)
            try:
                outcome = verdict_of(self.decision, view(self.plan, facts, day, history[-25:]))
            except FactError:
                return ()
            following = self.after(facts[state.name], outcome)
            if following is None or following == facts[state.name]:
                continue
            changes.append((day, facts[state.name], following))
            facts[state.name] = following
            if isinstance(since, ex.Name):
                facts[since.name] = day
            if found := _came_round(changes):
                return found
        return ()

    def after(self, state: Value, outcome: object) -> Value | None:
        if isinstance(self.of, rs.Lifecycle):
            return outcome if isinstance(outcome, str) and outcome in {s.name for s in self.of.states} else None
        assert isinstance(state, int)
        return state + 1 if outcome == rs.PROMOTE else state - 1 if outcome == rs.DEMOTE else None


def _came_round(changes: Sequence[tuple[date, Value, Value]]) -> tuple[tuple[date, Value, Value], ...]:
    """The last round, where the last two took the same way in about the same time."""
    for length in range(2, len(changes) // 2):
        last, before = changes[-length:], changes[-2 * length : -length]
        same_way = [c[1:] for c in last] == [c[1:] for c in before]
        begins = [c[0] for c in (*before, last[0])]
        if same_way and abs((changes[-1][0] - before[-1][0]).days - (last[0][0] - begins[0]).days) <= 3:
            return tuple(last)
    return ()


def _months_after(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, min(day.day, 28))


def _round(start: str, ways: dict[Value, list[Value]], order: Sequence[str]) -> Iterator[tuple[Edge, ...]]:
    """The circles through a state that go through no state before it in the order; each circle once."""
    later = set(order[order.index(start) :])
    stack: list[tuple[Value, ...]] = [(start,)]
    while stack:
        path = stack.pop()
        for following in ways.get(path[-1], ()):
            if following == start:
                yield tuple(itertools.pairwise((*path, start)))
            elif following in later and following not in path:
                stack.append((*path, following))

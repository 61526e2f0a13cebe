"""The smallest sets of changes of facts that would have given another outcome: what is found, and the question put."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from samrules.counterfactual.again import as_if_lasting, ground, on_facts
from samrules.counterfactual.moves import Move, moves_of
from samrules.counterfactual.nearest import Asked, Effort, Goal, stretches
from samrules.counterfactual.network import Network, network
from samrules.counterfactual.search import Found, Way, needed_beside, search
from samrules.counterfactual.verdicts import Outcome, Verdicts, every_outcome
from samrules.decision.decision import Decision, as_json
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.engines.interpreter import View
from samrules.engines.outcome import judged, title_of
from samrules.errors import FactError
from samrules.explain.explanation import Explains, Explanation
from samrules.model import expressions as ex
from samrules.model.ruleset import Fact
from samrules.model.types import Value
from samrules.plan.plan import Plan

SCHEMA = "samrules.counterfactuals/1"
EFFORT = 1_000_000
"""Nodes that are looked at for one outcome, a few seconds' worth: what is left then is said to be left."""
MOST = 12


@attrs.frozen
class Change:
    """One fact that changes.

    Attributes:
        fact: what it is, as declared.
        kind: `raise`, `lower`, `become` another word or truth, or become `known`.
        old, new: its value as it is, and the nearest with which the outcome comes about.
        ranges: the values with which it comes about, as (nearest, farthest): those from `new` on; of what becomes known, and is
            the only change, all there are. Any mix of values from the ranges of the changes in a set gives the outcome.
            None where they were not found out.
        open_ended: for each of these whether it goes on to the end of what the fact may be.
        counted: whether the fact was counted from events.
    """

    fact: Fact
    kind: str
    old: Value | None
    new: Value
    ranges: tuple[tuple[Value, Value], ...] | None
    open_ended: tuple[bool, ...]
    counted: bool

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"fact": self.fact.name, "title": self.fact.title, "change": self.kind,
                                 "from": as_json(self.old), "to": as_json(self.new)}
        if self.fact.type.unit:
            found["unit"] = self.fact.type.unit
        if self.ranges is not None:
            found["ranges"] = [{"nearest": as_json(near), "farthest": None if open_ else as_json(far)}
                               for (near, far), open_ in zip(self.ranges, self.open_ended, strict=True)]
        if self.counted:
            found["counted_from_events"] = True
        return found


@attrs.frozen
class Lasting:
    """A rule that asks that something lasts, and so does not hold today: its title and how long it asks for."""

    rule: str
    reviews: int
    over: str | None


@attrs.frozen
class Counterfactual:
    """A set of changes that gives another outcome, of which no part does.

    Attributes:
        outcome: the outcome with these changes.
        changes: in the order in which the ruleset declares the facts.
        size: how large they are together, for the order in which they are listed.
        rules: the titles of the rules that would give the outcome.
        least: whether no other values of these facts make a smaller size.
        smallest: whether it is certain that no part of the set would do.
        lasting: what would have to last too; empty for a change that tells today.
    """

    outcome: Outcome
    changes: tuple[Change, ...]
    size: float
    rules: tuple[str, ...]
    least: bool
    smallest: bool
    lasting: tuple[Lasting, ...] = ()

    @property
    def facts(self) -> dict[str, Value]:
        """The changed facts with their new values, as `what_if` takes them."""
        return {c.fact.name: c.new for c in self.changes}

    def to_dict(self) -> dict[str, Any]:
        return {
            "outcome": list(self.outcome) if isinstance(self.outcome, tuple) else self.outcome,
            "changes": [c.to_dict() for c in self.changes],
            "size": round(self.size, 6),
            "rules": list(self.rules),
            "least": self.least,
            "smallest": self.smallest,
            **({"lasting": [{"rule": r.rule, "reviews": r.reviews, "over": r.over} for r in self.lasting]} if self.lasting else {}),
        }


@attrs.frozen
class Sought:
    """What was found for one outcome.

    Attributes:
        outcome: the one that was sought; None: any other.
        found: the first of the sets, by number of changes, then by size.
        total: how many sets there are of up to `settled_to` changes.
        settled_to: all sets of up to so many changes are known.
        complete: whether `settled_to` is all that was asked for, and nothing was left open.
        nowhere: no number of changes of these facts gives it today.
        left_open: facts that might give it together; whether they do was not found out.
        lasting: where nothing gives it today, what would if it lasted.
        needed: where no number of changes gives it, facts that were not varied, of which one at least would have to change too.
    """

    outcome: str | None
    found: tuple[Counterfactual, ...]
    total: int
    settled_to: int
    complete: bool
    nowhere: bool
    left_open: tuple[tuple[str, ...], ...]
    lasting: tuple[Counterfactual, ...]
    needed: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "complete": self.complete,
            "settled_to": self.settled_to,
            "nowhere": self.nowhere,
            "needed": list(self.needed),
            "left_open": [list(names) for names in self.left_open],
            "total": self.total,
            "found": [f.to_dict() for f in self.found],
            "if_it_lasted": [f.to_dict() for f in self.lasting],
        }


@attrs.frozen
class Counterfactuals(Explains):
    """The answer for one decision.

    Attributes:
        varied: the facts that may change and have an effect.
        chosen_by: why these: `named`, `actionable` (the ruleset marks them), `all` (it marks none).
        unheard: facts that were named and have no effect, or are texts, which are not varied.
    """

    decision: Decision
    most: int
    varied: tuple[Fact, ...]
    chosen_by: str
    unheard: tuple[str, ...]
    sought: tuple[Sought, ...]

    @property
    def complete(self) -> bool:
        """Whether all sets of up to `most` changes are known for every outcome."""
        return all(s.complete for s in self.sought)

    @property
    def found(self) -> tuple[Counterfactual, ...]:
        """All sets that were found, of every outcome: by number of changes, then by size."""
        return tuple(sorted((f for s in self.sought for f in s.found), key=lambda f: (len(f.changes), f.size)))

    def explanation(self) -> Explanation:
        from samrules.explain.counterfactual_words import explanation

        return explanation(self)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data, schema `samrules.counterfactuals/1`."""
        d = self.decision
        return {
            "schema": SCHEMA,
            "account": d.account,
            "as_of": d.as_of.isoformat(),
            "ruleset": {"name": d.ruleset, "version": d.version, "digest": d.digest},
            "outcome": list(d.outcome) if isinstance(d.outcome, tuple) else d.outcome,
            "settled": d.settled,
            "possible": list(d.possible),
            "most": self.most,
            "complete": self.complete,
            "facts": [f.name for f in self.varied],
            "chosen_by": self.chosen_by,
            "without_effect": list(self.unheard),
            "sought": [s.to_dict() for s in self.sought],
            "facts_digest": d.facts_digest,
        }


def counterfactuals(decision: Decision, outcome: str | None, facts: Iterable[str] | None, most: int, limit: int) -> Counterfactuals:
    """What would give another outcome; the arguments are those of `Decision.counterfactuals`. Raises FactError."""
    view = ground_of(decision)
    plan = view.plan
    _check(decision, outcome, most, limit)
    ways, chosen_by = _ways(plan, view, facts)
    seeker = _Seeker(decision, view, ways, most, limit)
    wanted = [outcome] if outcome is not None else seeker.others()
    sought = tuple(seeker.sought(w) for w in wanted)
    varied = tuple(f for name, f in plan.facts.items() if name in seeker.net.leaves and seeker.moves_by.get(name))
    unheard = tuple(name for name in ways if facts is not None and name not in {f.name for f in varied})
    return Counterfactuals(decision, most, varied, chosen_by, unheard, sought)


def ground_of(decision: Decision) -> View:
    """What the decision was made from. Raises FactError where it is one of many that were made together."""
    if decision.basis is None:
        raise RuntimeError("this decision does not know what it was made from; use samrules.load(...).decide(...)")
    if decision.claim is not None or decision.placing is not None:
        raise FactError([Diagnostic(
            "decides-together", f"`{decision.ruleset}` decides accounts together: what gives one a place hangs on all that compete",
            "ask the ruleset by which accounts qualify, or decide a table with the facts changed", where="what if")])
    return ground(decision.basis)


def _check(decision: Decision, outcome: str | None, most: int, limit: int) -> None:
    words = every_outcome(decision.decide)
    problems = []
    if outcome is not None and outcome not in words:
        problems.append(Diagnostic("no-such-outcome", f"`{decision.ruleset}` has no outcome `{outcome}`",
                                   did_you_mean(outcome, words, "outcomes"), where="outcome"))
    if not 1 <= most <= MOST:
        problems.append(Diagnostic("bad-value", f"at most {most} changes at once", f"give 1 to {MOST}", where="most"))
    if limit < 1:
        problems.append(Diagnostic("bad-value", f"a limit of {limit}", "give 1 or more", where="limit"))
    if problems:
        raise FactError(problems)


def _ways(plan: Plan, view: View, facts: Iterable[str] | None) -> tuple[dict[str, str], str]:
    """The facts that may change, each with its way; and why these. Raises FactError."""
    if facts is not None:
        named = [facts] if isinstance(facts, str) else list(facts)
        problems = [Diagnostic("unknown-name", f"no fact is named `{name}`", did_you_mean(name, plan.facts, "facts"), where="facts")
                    for name in named if name not in plan.facts]
        if problems:
            raise FactError(problems)
        return {name: "yes" for name in plan.facts if name in named}, "named"
    marked = {name: f.actionable for name, f in plan.facts.items() if f.actionable != "no"}
    if not marked:
        return {name: "yes" for name in plan.facts if name in plan.read}, "all"
    missing = {name: "yes" for name in plan.facts if name in plan.read and name not in view.facts}
    return {name: (marked | missing)[name] for name in plan.facts if name in marked or name in missing}, "actionable"


@attrs.define
class _Seeker:
    decision: Decision
    view: View
    ways: Mapping[str, str]
    most: int
    limit: int
    net: Network = attrs.field(init=False)
    moves_by: dict[str, list[Move]] = attrs.field(init=False)
    _later: tuple[View, Network, dict[str, list[Move]]] | None = None
    _wider: Network | None = None

    def __attrs_post_init__(self) -> None:
        self.net, self.moves_by = self._prepared(self.view)

    def _prepared(self, view: View) -> tuple[Network, dict[str, list[Move]]]:
        assert view.plan.decision is not None
        net = network(view.plan.decision, view, self.ways.keys())
        return net, {name: moves_of(view.plan.facts[name], view.facts.get(name), way, net.marks[name])
                     for name, way in self.ways.items() if name in net.leaves}

    def others(self) -> list[str | None]:
        """The outcomes to look for: each but the present one; of lists of outcomes, any other list."""
        if self.decision.decide.hit_policy == "collect":
            return [None]
        return [o for o in every_outcome(self.decision.decide) if o != self.decision.outcome]

    def sought(self, wanted: str | None) -> Sought:
        goal = Goal(wanted, self.decision.outcome)
        if goal.met(self.decision.outcome):
            return Sought(wanted, (), 0, self.most, True, False, (), ())
        asked = self._asked(self.net, goal)
        found = search(asked, [m for moves in self.moves_by.values() for m in moves], self.most, self.limit)
        whole = found.settled_to == self.most or (len(found.ways) >= self.limit and not asked.effort.spent)
        listed = tuple(self._told(asked, way, self.view) for way in found.ways[: self.limit])
        lasting = () if found.ways or found.open_sets or not self.view.plan.looks_back else self._lasting(goal)
        return Sought(wanted, listed, len(found.ways), found.settled_to, whole and not found.open_sets, found.nowhere,
                      tuple(tuple(m.fact.name for m in moves) for moves in found.open_sets), lasting,
                      self._needed(goal) if found.nowhere and not lasting else ())

    def _needed(self, goal: Goal) -> tuple[str, ...]:
        plan = self.view.plan
        assert plan.decision is not None
        if self._wider is None:
            self._wider = network(plan.decision, self.view, plan.read | self.ways.keys())
        net = self._wider
        moves = [m for name in plan.facts if name in net.leaves
                 for m in moves_of(plan.facts[name], self.view.facts.get(name), self.ways.get(name, "yes"), net.marks[name])]
        return needed_beside(self._asked(net, goal), moves, self.ways.keys())

    def _asked(self, net: Network, goal: Goal) -> Asked:
        main = self.view.plan.decision
        assert main is not None
        return Asked(net, Verdicts(main.decide, tuple(r.outcome for r in main.rules)), goal, Effort(EFFORT))

    def _told(self, asked: Asked, way: Way, view: View) -> Counterfactual:
        """A set of moves with the values at which it works, as the interpreter confirms."""
        near = way.nearest
        changes = self._changes(asked, way)
        after = on_facts(view, {c.fact.name: c.new for c in changes})
        main = after.plan.decision
        assert main is not None
        own = judged(main, after)
        if not asked.goal.met(own.verdict.outcome):
            raise AssertionError(f"{[(c.fact.name, c.new) for c in changes]} does not give {asked.goal}: please report it")
        rules = tuple(title_of(r) for r, (given, truth) in zip(main.rules, own.rules, strict=True)
                      if truth is True and (given == own.verdict.outcome or given in own.verdict.outcome))
        return Counterfactual(own.verdict.outcome, changes, near.size, rules, near.least, way.smallest)

    def _changes(self, asked: Asked, way: Way) -> tuple[Change, ...]:
        """The changes, each with a range such that every mix of values from their ranges gives the outcome."""
        asked.effort.left = max(asked.effort.left, EFFORT // 10)
        where = {m.fact.name: m.span(p, p) for m, p in zip(way.moves, way.nearest.place, strict=True)}
        changes = []
        for move, place in zip(way.moves, way.nearest.place, strict=True):
            beside = {name: possible for name, possible in where.items() if name != move.fact.name}
            runs = stretches(asked, move, place, beside)
            if runs is not None and len(way.moves) > 1:
                runs = [(a, b) for a, b in runs if a <= place <= b]
            if runs and len(way.moves) > 1:
                where[move.fact.name] = move.span(*runs[0])
            changes.append(Change(move.fact, move.kind, move.old, move.value(place),
                                  tuple(move.stretch(a, b) for a, b in runs) if runs else None,
                                  tuple(b == move.count - 1 for _, b in runs) if runs else (),
                                  move.fact.name in self.decision.counted))
        return tuple(changes)

    def _lasting(self, goal: Goal) -> tuple[Counterfactual, ...]:
        """What would give the outcome if it lasted as long as its rules ask."""
        if self._later is None:
            view = as_if_lasting(self.view)
            self._later = (view, *self._prepared(view))
        view, net, moves = self._later
        asked = self._asked(net, goal)
        if asked.ask({})[1]:
            assert view.plan.decision is not None
            outcome = judged(view.plan.decision, on_facts(view, {})).verdict.outcome
            ways: tuple[Counterfactual, ...] = (Counterfactual(outcome, (), 0.0, (), True, True),)
        else:
            found: Found = search(asked, [m for of in moves.values() for m in of], self.most, self.limit)
            ways = tuple(self._told(asked, way, view) for way in found.ways[: self.limit])
        told = (attrs.evolve(w, lasting=self._waits(w, view)) for w in ways)
        return tuple(t for t in told if t.lasting)

    def _waits(self, way: Counterfactual, view: View) -> tuple[Lasting, ...]:
        """The rules that would hold if it lasted, and do not hold today."""
        today, later = on_facts(self.view, dict(way.facts)), on_facts(view, dict(way.facts))
        plan = self.view.plan
        assert plan.decision is not None
        planned = [r for d in (plan.decision, *plan.asked) for r in d.rules]
        waiting = {}
        for step in plan.steps:
            if isinstance(step.expr, ex.Held) and later.value(step.name) is True and today.value(step.name) is not True:
                rule = next((r for r in planned if r.step == step.name), None)
                title = title_of(rule) if rule is not None else step.name
                waiting[title] = Lasting(title, step.expr.reviews, str(step.expr.over) if step.expr.over else None)
        return tuple(waiting.values())



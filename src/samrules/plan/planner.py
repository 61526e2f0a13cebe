"""The planner: from a checked ruleset to the plan, with only what the ruleset rests on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date
from enum import Enum
from graphlib import TopologicalSorter
from typing import Any

import attrs

from samrules.check.checker import CheckedRuleset
from samrules.check.scope import ACCOUNT_ID, Role, absolute_name, event_scope, measured_fact
from samrules.decision.trace import Note
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model import types as ty
from samrules.model.templates import FORM, PLACEHOLDER, WHO
from samrules.model.types import Duration, Type, Value
from samrules.plan import lower as lo
from samrules.plan.plan import (
    Placeholder,
    Plan,
    PlannedCriterion,
    PlannedDecision,
    PlannedInvariant,
    PlannedMeasure,
    PlannedPlaces,
    PlannedRule,
    PlannedScore,
    PlannedTie,
    Shown,
    Step,
)
from samrules.syntax.printer import text_of


def plan(checked: CheckedRuleset, identity: str | None = None) -> Plan:
    """Reduce a checked ruleset to its plan. `identity` stands in place of its digest, where nobody asks for
    that of a ruleset that is in no file."""
    return _Planner(checked).plan(identity)


def replanned(old: Plan, checked: CheckedRuleset, changed: rs.Rule | rs.Definition) -> Plan:
    """The plan after one rule or definition of the main ruleset was changed, so that it names nothing that
    it did not name before. Of the rest nothing is planned anew; the digest stays that of the old plan."""
    planner = _Planner(checked)
    lowering = lo.Lowering(checked, old.name, planner.notes)
    decision = old.decision
    if isinstance(changed, rs.Rule):
        name, expr = lo.rule_step(old.name, changed.name), planner.holds(changed, lowering)
        assert decision is not None
        decision = attrs.evolve(decision, rules=tuple(
            planner.rule(checked.main, changed) if r.step == name else r for r in decision.rules))
    else:
        name, expr = absolute_name(old.name, changed.name), lowering.lower(changed.value)
    return attrs.evolve(old, decision=decision, notes={**old.notes, **planner.notes},
                        steps=tuple(Step(name, expr) if s.name == name else s for s in old.steps))


def plan_of_all(checked: CheckedRuleset) -> Plan:
    """The plan of a ruleset with all its own definitions, also those that nothing rests on."""
    main = checked.main
    return _Planner(checked).plan(also=[ex.Name(absolute_name(main.name, d.name)) for d in main.define])


def plan_claims(checked: CheckedRuleset) -> tuple[Plan, tuple[PlannedInvariant, ...]]:
    """The plan of a ruleset with all that its invariants speak of, and the invariants in the core.

    The plan also has, for each outcome of the ruleset's own decision, the step that says whether it is possible;
    a decision that collects has none. It decides as the plan without invariants does.
    """
    planner = _Planner(checked)
    main = checked.main
    claims = tuple(_claim(i, lo.Lowering(checked, main.name, planner.notes)) for i in main.invariants)
    asked = [e for c in claims for e in c.expressions()]
    if main.decide is not None and main.decide.hit_policy != "collect":
        asked += [ex.Name(lo.outcome_step(main.name, o)) for o in outcome_words(main.decide)]
    return planner.plan(also=asked), claims


def outcome_words(decide: rs.Decide) -> tuple[str, ...]:
    """What a decision may come to once it is settled, strongest first."""
    return (*decide.outcomes, *([rs.CONFLICT] if decide.hit_policy == "unique" else ()))


def _claim(invariant: rs.Invariant, lowering: lo.Lowering) -> PlannedInvariant:
    if invariant.settles is not None:
        return PlannedInvariant(invariant, "settles", ())
    where = lowering.lower(invariant.where) if invariant.where is not None else None
    known = frozenset(n.name for n in invariant.knowing_only if isinstance(n, ex.Name))
    if invariant.rising is None:
        return PlannedInvariant(invariant, "condition", (lowering.lower(invariant.subject),), where, known)
    kind, parts = _ordered_parts(invariant.subject, lowering)
    rising = invariant.rising
    assert isinstance(rising, ex.Name)
    return PlannedInvariant(invariant, kind, parts, where, known, rising.name)


def _ordered_parts(subject: ex.Expr, lowering: lo.Lowering) -> tuple[str, tuple[ex.Expr, ...]]:
    meaning = lowering.meaning(subject)
    if meaning is not None and meaning.role is Role.SCORE:
        return "score", lowering.score_ends(meaning)
    if meaning is not None and isinstance(meaning.of, rs.Decide):
        choice = lowering.alternatives(meaning)
        return "decision", tuple(choice[o] for o in meaning.of.outcomes)
    type_ = lowering.type_of(subject)
    kind = "condition" if type_ is not None and type_.kind is ty.Kind.BOOLEAN else "value"
    return kind, (lowering.lower(subject),)


class _Planner:
    def __init__(self, checked: CheckedRuleset) -> None:
        self.checked = checked
        self.notes: dict[ex.Expr, Note] = {}
        self.available: dict[str, ex.Expr] = {}
        """Every step that any of the rulesets could contribute, by name."""
        self.scores: dict[str, PlannedScore] = {}

    def plan(self, identity: str | None = None, also: Iterable[ex.Expr] = ()) -> Plan:
        """The plan of what decides, and of what else is named."""
        main = self.checked.main
        decisions: dict[str, PlannedDecision] = {}
        asked = self.asked(main) if main.decide is not None else []
        for ruleset in self.checked.bundle.rulesets:
            self.contribute(ruleset)
            if ruleset.decide is not None and (ruleset is main or ruleset.name in asked):
                decisions[ruleset.name] = self.decision(ruleset, ruleset.decide)
        wanted = {r.step for d in decisions.values() for r in d.rules}
        wanted |= {n.name for d in decisions.values() for e in _shown_exprs(d) for n in ex.names(e)}
        wanted |= {end for s in main.scorecards
                   for end in lo.score_steps(absolute_name(main.name, s.name))}
        places = self.places(main)
        if places is not None:
            wanted |= {n.name for e in places.expressions() for n in ex.names(e)}
        wanted |= {n.name for e in also for n in ex.names(e)}
        steps = self.ordered(wanted)
        scores = tuple(s for s in self.scores.values() if s.low in {step.name for step in steps})
        steps = self.ordered(wanted | {e for s in scores for c in s.criteria for e in (c.low, c.high)})
        named = {n.name for step in steps for n in ex.names(step.expr)} | wanted
        measures = self.measures(named)
        named |= {n.name for m in measures for e in (m.where, m.value) if e is not None
                  for n in ex.names(e) if "." in n.name}
        parameters = {
            absolute_name(r.name, p.name): p
            for r in self.checked.bundle.rulesets for p in r.parameters
            if absolute_name(r.name, p.name) in named
        }
        facts = {ACCOUNT_ID.name: ACCOUNT_ID, **{f.name: f for f in self.facts()}}
        used = {k for d in decisions.values() for r in d.rules for k in r.rule.cites}
        used |= {k for r in self.checked.bundle.rulesets for p in r.parameters for k in p.cites}
        used |= {k for r in self.checked.bundle.rulesets for s in r.scorecards
                 for c in s.criteria for k in c.cites}
        used |= set(main.portfolio.cites) if main.portfolio else set()
        used |= {k for i in main.invariants for k in i.cites}
        return Plan(
            name=main.name,
            version=main.version,
            title=main.title or main.name,
            currency=next((r.currency for r in self.checked.bundle.rulesets if r.currency), None),
            facts=facts,
            events=self.checked.scopes[main.name].events,
            measures=measures,
            parameters=parameters,
            steps=steps,
            decision=decisions.get(main.name),
            asked=tuple(decisions[name] for name in asked),
            scores=scores,
            citations={k: c for k, c in self.checked.bundle.citations.items() if k in used},
            notes=self.notes,
            digest=digest(self.checked.bundle.rulesets) if identity is None else identity,
            read=frozenset(named & set(facts)),
            looks_back=any(isinstance(n, ex.Held) for step in steps for n in ex.walk(step.expr)),
            past=frozenset(step.name for step in self.ordered(_held(steps))),
            places=places,
        )

    def facts(self) -> Iterator[rs.Fact]:
        for ruleset in self.checked.bundle.rulesets:
            yield from ruleset.facts
            for measure in ruleset.measures:
                yield measured_fact(measure, self.checked.scopes[ruleset.name].events)

    def measures(self, named: set[str]) -> tuple[PlannedMeasure, ...]:
        """The measures that are read, in the order declared."""
        found = []
        for ruleset in self.checked.bundle.rulesets:
            scope = self.checked.scopes[ruleset.name]
            for measure in ruleset.measures:
                if measure.name not in named:
                    continue
                within = event_scope(measure, scope)
                inner = attrs.evolve(self.checked, scopes={**self.checked.scopes, ruleset.name: within})
                notes: dict[ex.Expr, Note] = {}  # of the event's fields, which may bear the names of facts
                lowering = lo.Lowering(inner, ruleset.name, notes)
                where, value = (lowering.lower(e) if e is not None else None for e in (measure.where, measure.value))
                type_ = measured_fact(measure, scope.events).type
                found.append(PlannedMeasure(measure.name, measure, type_, where, value))
        return tuple(found)

    # --- what a ruleset contributes ---

    def contribute(self, ruleset: rs.Ruleset) -> None:
        lowering = lo.Lowering(self.checked, ruleset.name, self.notes)
        for definition in ruleset.define:
            absolute = absolute_name(ruleset.name, definition.name)
            self.available[absolute] = lowering.lower(definition.value)
        for card in ruleset.scorecards:
            self.score(ruleset, card, lowering)
        for rule in ruleset.rules:
            self.available[lo.rule_step(ruleset.name, rule.name)] = self.holds(rule, lowering)
        if ruleset.decide is not None and ruleset.decide.hit_policy != "collect":
            rules: list[tuple[str, ex.Expr]] = [
                (self.outcome(ruleset, rule), ex.Name(lo.rule_step(ruleset.name, rule.name)))
                for rule in ruleset.rules
            ]
            for outcome, possible in lo.possible_outcomes(ruleset.decide, rules).items():
                self.available[lo.outcome_step(ruleset.name, outcome)] = possible

    def holds(self, rule: rs.Rule, lowering: lo.Lowering) -> ex.Expr:
        """`when` and no `unless`, at each of the reviews asked for."""
        whole = lowering.lower(rule.when)
        if rule.unless:
            whole = ex.All((whole, *(ex.Not(lowering.lower(u)) for u in rule.unless)))
        if rule.sustained is not None:
            over = rule.sustained.over
            whole = ex.Held(whole, rule.sustained.reviews, over)
            shown = f"sustained: {rule.sustained.reviews} reviews" + (f" over {over}" if over else "")
            self.notes[whole] = Note("sustained", ty.BOOLEAN, shown=shown)
        return whole

    def score(self, ruleset: rs.Ruleset, card: rs.Scorecard, lowering: lo.Lowering) -> None:
        absolute = absolute_name(ruleset.name, card.name)
        low, high = lo.score_steps(absolute)
        criteria = []
        for criterion in card.criteria:
            ends = f"{absolute}:{criterion.name}:low", f"{absolute}:{criterion.name}:high"
            values = lo.criterion_ends(criterion, lowering.lower)
            self.available |= dict(zip(ends, values, strict=True))
            title = criterion.title or criterion.name.replace("_", " ")
            criteria.append(PlannedCriterion(criterion.name, title, criterion.weight, *ends))
        self.available[low] = _sum([c.low for c in criteria])
        self.available[high] = _sum([c.high for c in criteria])
        title = card.title or card.name.replace("_", " ")
        shown = card.name if card.name == ruleset.name or ruleset is self.checked.main else absolute
        self.scores[absolute] = PlannedScore(shown, title, low, high, tuple(criteria), card.bands)

    # --- decisions: the main ruleset's, and those it asks for ---

    def asked(self, ruleset: rs.Ruleset) -> list[str]:
        """The rulesets whose decisions this one asks for by name, in the order of `uses`."""
        members = (*ruleset.define, *ruleset.scorecards, *ruleset.rules, ruleset.decide)
        named = {n.name for m in members for e in rs.expressions_of(m) for n in ex.names(e)}
        named |= {p.split(":")[0] for r in ruleset.rules for p in PLACEHOLDER.findall(r.because or "")}
        meanings = map(self.checked.scopes[ruleset.name].get, named)
        found = {m.ruleset for m in meanings if m is not None and m.role is Role.DECISION}
        return [name for name in ruleset.uses if name in found]

    def decision(self, ruleset: rs.Ruleset, decide: rs.Decide) -> PlannedDecision:
        lowering = lo.Lowering(self.checked, ruleset.name, self.notes)
        return PlannedDecision(
            ruleset=ruleset.name,
            title=lo.decision_title(ruleset.name, decide),
            decide=decide,
            rules=tuple(self.rule(ruleset, rule) for rule in ruleset.rules),
            always=tuple(self.output(a, lowering) for a in decide.always),
        )

    def outcome(self, ruleset: rs.Ruleset, rule: rs.Rule) -> str:
        assert ruleset.decide is not None
        return str(next(a.value for a in rule.then if a.name == ruleset.decide.name))

    def rule(self, ruleset: rs.Ruleset, rule: rs.Rule) -> PlannedRule:
        assert ruleset.decide is not None
        lowering = lo.Lowering(self.checked, ruleset.name, self.notes)
        outputs = [self.output(a, lowering) for a in rule.then if a.name != ruleset.decide.name]
        return PlannedRule(
            rule=rule,
            step=lo.rule_step(ruleset.name, rule.name),
            outcome=self.outcome(ruleset, rule),
            outputs=tuple(outputs),
            because=tuple(self.because(rule.because or "", lowering)),
        )

    def output(self, assignment: rs.Assignment, lowering: lo.Lowering) -> tuple[str, Value | Shown]:
        value = assignment.value
        return assignment.name, self.shown(value, lowering) if isinstance(value, ex.Expr) else value

    def shown(self, node: ex.Expr, lowering: lo.Lowering) -> Shown:
        meaning = lowering.meaning(node)
        if meaning and meaning.role is Role.SCORE:
            low, high = lowering.score_ends(meaning)
            return Shown(low, ty.SCORE, high)
        return Shown(lowering.lower(node), lowering.type_of(node))

    def because(self, template: str, lowering: lo.Lowering) -> Iterator[str | Placeholder | None]:
        end = 0
        for found in PLACEHOLDER.finditer(template):
            yield template[end : found.start()]
            end = found.end()
            form = FORM.match(found[1])
            assert form is not None
            if form[1] == WHO:
                yield None
            else:
                yield Placeholder(self.shown(ex.Name(form[1]), lowering), form[2], form[3])
        yield template[end:]

    # --- places ---

    def places(self, ruleset: rs.Ruleset) -> PlannedPlaces | None:
        section = ruleset.portfolio
        if section is None:
            return None
        lowering = lo.Lowering(self.checked, ruleset.name, self.notes)
        limits = {key: self.shown(node, lowering) for key, node in section.limits.items()}
        facts = {f.name for f in self.facts()}
        return PlannedPlaces(
            chosen=section.chosen,
            waitlisted=section.waitlisted,
            incumbents=lowering.lower(section.incumbents) if section.incumbents is not None else None,
            rank=self.shown(section.rank_by, lowering),
            rank_title=_titled(section.rank_by, lowering),
            ties=tuple(PlannedTie(t.order, rs.TIE_ORDERS[t.order], _titled(t.of, lowering), self.shown(t.of, lowering))
                       for t in section.ties),
            limits=limits,
            settings=tuple(sorted(facts & self.reached(s.expr for s in limits.values()))),
            compared=self.shown(section.compare_with, lowering) if section.compare_with is not None else None,
            compared_title=_titled(section.compare_with, lowering) if section.compare_with is not None else "",
        )

    def reached(self, nodes: Iterable[ex.Expr]) -> set[str]:
        """Every name below, through the steps that names stand for."""
        found: set[str] = set()
        stack = list(nodes)
        while stack:
            new = {n.name for n in ex.names(stack.pop())} - found
            found |= new
            stack += [self.available[name] for name in new if name in self.available]
        return found

    # --- order ---

    def ordered(self, wanted: Iterable[str]) -> tuple[Step, ...]:
        """The steps wanted and those they rest on, each after those it names."""
        graph: dict[str, list[str]] = {}
        stack = sorted(set(wanted) & set(self.available))
        while stack:
            name = stack.pop()
            if name in graph:
                continue
            graph[name] = [n.name for n in ex.names(self.available[name]) if n.name in self.available]
            stack += graph[name]
        order = TopologicalSorter({n: graph[n] for n in sorted(graph)}).static_order()
        return tuple(Step(name, self.available[name]) for name in order)


def _held(steps: tuple[Step, ...]) -> set[str]:
    """The names in what must be sustained."""
    return {n.name for step in steps for node in ex.walk(step.expr) if isinstance(node, ex.Held)
            for n in ex.names(node.operand)}


def _shown_exprs(decision: PlannedDecision) -> Iterator[ex.Expr]:
    outputs = [*decision.always, *(o for r in decision.rules for o in r.outputs)]
    values = [v for _, v in outputs if isinstance(v, Shown)]
    values += [p.value for r in decision.rules for p in r.because if isinstance(p, Placeholder)]
    for value in values:
        yield value.expr
        if value.high is not None:
            yield value.high


def _titled(node: ex.Expr, lowering: lo.Lowering) -> str:
    """What a value is called in a sentence."""
    meaning = lowering.meaning(node)
    return (meaning.title if meaning else None) or text_of(node).rsplit(".", 1)[-1].replace("_", " ")


def _sum(names: list[str]) -> ex.Expr:
    """Added from left to right and rounded to a millionth, so that every engine rounds alike."""
    total: ex.Expr = ex.Name(names[0])
    for name in names[1:]:
        total = ex.Arithmetic("+", total, ex.Name(name))
    return ex.Call("millionth", (total,))


# --- identity ------------------------------------------------------------------------------------


def digest(rulesets: Iterable[rs.Ruleset]) -> str:
    """The identity of a ruleset with all it uses: a hash over its meaning.

    Comments, spacing, the order of keys and places in the file are no part of it; what the ruleset
    decides, and what its explanations say, are.
    """
    canonical = json.dumps([_meaning(r) for r in rulesets], ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _meaning(value: Any) -> Any:
    """Model objects as plain data, without spans; expressions as canonical text.

    What has its default is left out, so that a key the language gains later changes no digest.
    """
    if isinstance(value, ex.Expr):
        return text_of(value)
    if isinstance(value, Type | Duration):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_meaning(v) for v in value]
    if isinstance(value, rs.Ruleset):  # the order of these has no meaning
        value = attrs.evolve(
            value,
            facts=tuple(sorted(value.facts, key=lambda m: m.name)),
            parameters=tuple(sorted(value.parameters, key=lambda m: m.name)),
            define=tuple(sorted(value.define, key=lambda m: m.name)),
            events=tuple(sorted(value.events, key=lambda m: m.name)),
            measures=tuple(sorted(value.measures, key=lambda m: m.name)),
            tables=(), ladders=(), lifecycles=(),  # what they stand for is among the rules
            invariants=(),  # claims about the meaning, no part of it
        )
    if attrs.has(type(value)):
        return {
            f.name: _meaning(getattr(value, f.name))
            for f in attrs.fields(type(value))
            if f.eq and (getattr(value, f.name) != f.default or f.default is attrs.NOTHING)
        }
    return value

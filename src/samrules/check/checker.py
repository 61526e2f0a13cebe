"""The checker: a bundle of rulesets in, a checked ruleset or all its problems out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from graphlib import CycleError, TopologicalSorter

import attrs

from samrules.check import constructs, invariants, lints
from samrules.check.actionable import actionable_problems
from samrules.check.measures import check_measure
from samrules.check.places import PlacesChecker
from samrules.check.pointing import inside
from samrules.check.scope import (
    Role,
    Scope,
    absolute_name,
    own_members,
    scope_of,
)
from samrules.check.typing import Typer, firm, join
from samrules.diagnostics import Diagnostic, Span, did_you_mean, nearest, sort_key
from samrules.errors import RulesetError
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.ruleset import expressions_of
from samrules.model.templates import FORM, PLACEHOLDER, WHO
from samrules.model.types import Kind, Type
from samrules.syntax.library import Bundle
from samrules.syntax.printer import text_of

EVENT_COLUMNS = ("account_id", "event", "date")
"""What every event has: whose it is, its kind, its day."""

MOST_ENTRIES = 50
"""Rows of a criterion, criteria of a scorecard, outcomes of a decision: more is a table of data."""


@attrs.frozen
class CheckedRuleset:
    """A ruleset without errors, with all that is needed to plan it. `findings` are lints."""

    bundle: Bundle
    scopes: dict[str, Scope]
    definitions: dict[str, Type]
    """Types of definitions by absolute name."""
    findings: tuple[Diagnostic, ...]

    @property
    def main(self) -> rs.Ruleset:
        return self.bundle.main


def check(bundle: Bundle) -> CheckedRuleset:
    """Check a ruleset and all it uses. Raises RulesetError with every error of every file."""
    errors: list[Diagnostic] = []
    scopes: dict[str, Scope] = {}
    types: dict[str, Type | None] = {}
    for ruleset in bundle.rulesets:
        scope = scope_of(ruleset, scopes)
        scopes[ruleset.name] = scope
        _Checker(ruleset, bundle, Typer(scope, types, errors.append), types, errors.append, scopes).run()
    if errors:
        raise RulesetError(bundle.locate(_once(errors)))
    known = {name: type_ for name, type_ in types.items() if type_ is not None}
    findings = lints.lint(bundle.main, scopes, known)
    found = sorted(bundle.locate(_once(findings)), key=sort_key)
    return CheckedRuleset(bundle, scopes, known, tuple(found))


def _in_force(values: dict[date, float], day: date) -> float | None:
    """The value that holds on a day, None before the first."""
    return values[max(d for d in values if d <= day)] if any(d <= day for d in values) else None


def _once(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    return list(dict.fromkeys(diagnostics))


@attrs.frozen
class _Checker:
    """Checks one ruleset whose used rulesets were checked before it."""

    ruleset: rs.Ruleset
    bundle: Bundle
    typer: Typer
    types: dict[str, Type | None]
    """The types of definitions, which the typer reads: filled in order of dependency."""
    report: Callable[[Diagnostic], None]
    scopes: dict[str, Scope]
    unsound: dict[str, bool] = attrs.field(factory=dict)
    """Ladders and lifecycles that were looked at: whether they have problems of their own. Of one that has,
    what it stands for is not looked at."""

    def error(self, code: str, message: str, help_: str, span: Span | None) -> None:
        self.report(Diagnostic(code, message, help_, span))

    def run(self) -> None:
        self.name_clashes()
        self.events()
        self.parameters()
        self.definitions()
        self.rules()
        self.decide()
        self.portfolio()
        for problem in invariants.problems_of(self.ruleset, self.typer, self.scopes):
            self.report(problem)
        self.cites()

    # --- names ---

    def name_clashes(self) -> None:
        seen: dict[str, Span | None] = {}
        inherited = {
            name: m for name, m in self.typer.scope.meanings.items() if m.ruleset != self.ruleset.name
        }
        for name, meaning in own_members(self.ruleset, self.typer.scope.events):
            maker = meaning.of.made_from if isinstance(meaning.of, rs.Definition) else None
            if maker is not None and (name in seen or name in inherited or name in self.ruleset.uses):
                self.error("name-clash", f"`{maker}` makes the definition `{name}`, and that name is taken",
                           f"rename `{maker}`, or what else is named `{name}`", meaning.span)
            elif name in seen:
                first = seen[name]
                where = f"; first in line {first.line}" if first else ""
                self.error("name-clash", f"`{name}` stands for two things{where}",
                           "rename one of them", meaning.span)
            elif name in inherited or name in self.ruleset.uses:
                if meaning.role is Role.SCORE and name not in inherited:
                    continue
                owner = inherited[name].ruleset if name in inherited else name
                self.error("name-clash", f"`{name}` is already a name of the ruleset `{owner}`",
                           "rename it, or use the one there is", meaning.span)
            seen.setdefault(name, meaning.span)
        self.inherited_fact_clashes()

    def inherited_fact_clashes(self) -> None:
        """A fact of this ruleset that a used one also declares, or two used ones declare apart."""
        declared: dict[str, str] = {}
        used = self.uses_all()
        for other in self.bundle.rulesets:
            if other.name not in used:
                continue
            shared = [(f.name, "fact") for f in other.facts] + [(m.name, "fact") for m in other.measures]
            shared += [(e.name, "event") for e in other.events]
            for name, what in shared:
                owner = declared.setdefault(f"{what} `{name}`", other.name)
                if owner != other.name:
                    self.error("name-clash", f"the {what} `{name}` is declared by `{owner}` and by `{other.name}`",
                               "declare it once, in a ruleset that both use", self.ruleset.span)
            if other.name not in self.ruleset.uses:
                continue
            own_named = other.name in {m for m, meaning in own_members(other, {}) if meaning.role is not Role.FACT}
            fact = self.typer.scope.get(other.name)
            if own_named and (fact is None or fact.ruleset != other.name or fact.role is Role.FACT):
                self.error("name-clash", f"`{other.name}` is a fact, and what the ruleset `{other.name}` is known by",
                           "rename the fact", self.ruleset.span)

    def uses_all(self) -> set[str]:
        return rs.reached(self.ruleset, {r.name: r for r in self.bundle.rulesets})

    # --- events and measures ---

    def events(self) -> None:
        used = self.uses_all()
        inherited = {e: r.name for r in self.bundle.rulesets if r.name in used for e in
                     (kind.name for kind in r.events)}
        for kind in self.ruleset.events:
            if kind.name in inherited:
                self.error("name-clash", f"the event `{kind.name}` is declared by `{inherited[kind.name]}` too",
                           "declare it once", kind.span)
            for field in kind.fields:
                if field.name in EVENT_COLUMNS:
                    self.error("bad-name", f"`{field.name}` is a column that every event has",
                               "choose another name for the field", field.span)
        for measure in self.ruleset.measures:
            check_measure(measure, self.typer)
        for problem in actionable_problems(self.ruleset, self.typer.scope.events):
            self.report(problem)

    # --- parameters and definitions ---

    def parameters(self) -> None:
        for parameter in self.ruleset.parameters:
            if not parameter.values:
                self.error("bad-parameter", f"`{parameter.name}` has no value",
                           "add at least one `date: value`", parameter.span)

    def definitions(self) -> None:
        """Definitions and scorecards, each after those it uses."""
        declared: list[rs.Definition | rs.Scorecard] = [*self.ruleset.define, *self.ruleset.scorecards]
        members = {absolute_name(self.ruleset.name, m.name): m for m in declared}
        graph = {name: set(self.needs(m)) & set(members) for name, m in members.items()}
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            cycle = [n.split(".", 1)[1] for n in reversed(error.args[1])]
            first = members[absolute_name(self.ruleset.name, cycle[0])]
            self.error("definition-cycle", "definitions use each other in a circle: " + " → ".join(cycle),
                       "define one of them without the others", first.span)
            order = list(members)
        for name in order:
            member = members[name]
            if isinstance(member, rs.Scorecard):
                self.scorecard(member)
                continue
            if member.made_from is not None and self.construct(member.made_from):
                self.types[name] = None
                continue
            type_ = firm(self.typer.type_of(member.value))
            if type_ is not None and type_.kind is Kind.AGE:
                self.error("type-mismatch", f"`{member.name}` is an age, which can only be compared",
                           "compare it with a duration here", member.span)
                type_ = None
            if type_ is not None and type_.kind is Kind.SCORE:
                self.error("type-mismatch", f"`{member.name}` is a score, which can only be compared",
                           "use the score by its own name", member.span)
                type_ = None
            self.types[name] = type_

    def needs(self, member: rs.Definition | rs.Scorecard) -> Iterator[str]:
        for node in expressions_of(member):
            for name in ex.names(node):
                if meaning := self.typer.scope.get(name.name):
                    yield meaning.absolute.removesuffix(".band") \
                        if meaning.role is Role.BAND else meaning.absolute

    # --- scorecards ---

    def scorecard(self, card: rs.Scorecard) -> None:
        if len(card.criteria) > MOST_ENTRIES:
            self.error("too-large", f"a scorecard with {len(card.criteria)} criteria",
                       f"a scorecard has at most {MOST_ENTRIES}, and reads well with 10", card.span)
        total = sum(c.weight for c in card.criteria)
        if abs(total - 100) > 1e-9:
            off = f"{abs(100 - total):g} {'too little' if total < 100 else 'too much'}"
            self.error("weights-sum", f"the weights of `{card.name}` sum to {total:g}, {off}",
                       "make them sum to 100", card.span)
        for criterion in card.criteria:
            if criterion.weight <= 0:
                self.error("bad-scorecard", f"`{criterion.name}` has weight {criterion.weight:g}",
                           "a weight is above 0", criterion.span)
            if criterion.scale:
                self.scale(criterion.scale)
            else:
                self.points(criterion)
        self.bands(card)

    def points(self, criterion: rs.Criterion) -> None:
        rows = criterion.points
        if len(rows) > MOST_ENTRIES:
            self.error("too-large", f"a criterion with {len(rows)} rows", f"a criterion has at most {MOST_ENTRIES}",
                       criterion.span)
        for row in rows:
            if row.when is not None:
                self.typer.condition(row.when)
            if not 0 <= row.points <= criterion.weight:
                self.error("bad-scorecard", f"{row.points:g} points in a criterion of weight {criterion.weight:g}",
                           f"give 0 to {criterion.weight:g} points", row.span)
        if not rows or rows[-1].when is not None:
            self.error("bad-scorecard", f"the table of `{criterion.name}` ends without `otherwise`",
                       "add `- {otherwise: 0}` as its last row", criterion.span)
        for row in rows[:-1]:
            if row.when is None:
                self.error("bad-scorecard", "`otherwise` before the last row",
                           "move it to the end", row.span)
        if rows and max(r.points for r in rows) < criterion.weight:
            self.error("bad-scorecard", f"no row of `{criterion.name}` gives its full weight of "
                       f"{criterion.weight:g}", "raise the best row, or lower the weight", criterion.span)

    def scale(self, scale: rs.Scale) -> None:
        of = self.typer.type_of(scale.of)
        if of is not None and not of.numeric:
            self.error("type-mismatch", f"a scale needs a number, and `{text_of(scale.of)}` is {of}",
                       "use rows of points instead", scale.of.span)
            return
        for end in (scale.zero, scale.full):
            type_ = self.typer.type_of(end)
            if type_ is not None and self.constants(end) is None:
                self.error("bad-scorecard", f"`{text_of(end)}` is not fixed",
                           "an end of a scale is a constant or a parameter", end.span)
            if of is not None and type_ is not None and join(of, type_) is None:
                self.error("type-mismatch", f"`{text_of(end)}` is {type_} where `{text_of(scale.of)}` is {of}",
                           "give the ends in the type of the fact", end.span)
        zero, full = self.constants(scale.zero), self.constants(scale.full)
        if zero and full:
            days = sorted({*zero, *full} - {date.min}) or [date.min]
            if any(_in_force(zero, day) == _in_force(full, day) for day in days):
                self.error("bad-scorecard", "a scale without width", "make `from` and `to` differ", scale.span)

    def constants(self, node: ex.Expr) -> dict[date, float] | None:
        """The values of a constant or a parameter, by the day from which they hold; None for others."""
        match node:
            case ex.Negate(operand=operand):
                inner = self.constants(operand)
                return {day: -value for day, value in inner.items()} if inner is not None else None
            case ex.Literal(value=int() | float() as value):
                return {date.min: float(value)}
            case ex.Name(name=name):
                meaning = self.typer.scope.get(name)
                if meaning and meaning.role is Role.PARAMETER and isinstance(meaning.of, rs.Parameter):
                    return {v.since: float(v.value) for v in meaning.of.values if isinstance(v.value, int | float)}
        return None

    def bands(self, card: rs.Scorecard) -> None:
        bounds = [b.since for b in card.bands]
        if not bounds:
            return
        if bounds[0] != 0:
            self.error("bad-scorecard", f"the first band begins at {bounds[0]:g}",
                       "the first band begins at 0", card.bands[0].span)
        for before, band in zip(card.bands, card.bands[1:], strict=False):
            if band.since <= before.since or band.since > 100:
                self.error("bad-scorecard", f"the band `{band.name}` cannot be reached from {band.since:g}",
                           "bands rise, from 0 to at most 100", band.span)

    # --- rules and the decision ---

    def rules(self) -> None:
        decide = self.ruleset.decide
        if self.ruleset.rules and decide is None:
            self.error("no-decision", "rules without a decision",
                       "add `decide: {action: {outcomes: [...], otherwise: ...}}`",
                       self.ruleset.rules[0].span)
        untyped = {t.name for t in self.ruleset.tables if not self.inputs_have_types(t)}
        for rule in self.ruleset.rules:
            if rule.made_from is not None and self.construct(rule.made_from):
                for assignment in rule.then:
                    if isinstance(assignment.value, ex.Expr) and assignment.value.span is not None:
                        self.output(assignment.value)
                self.because(rule)
                continue
            if rule.table not in untyped:
                self.typer.condition(rule.when)
            for exception in rule.unless:
                self.typer.condition(exception)
            for node in (rule.when, *rule.unless):
                self.own_decision(node)
            for assignment in rule.then:
                if isinstance(assignment.value, ex.Expr):
                    self.output(assignment.value)
                    self.own_decision(assignment.value)
            if decide is not None:
                self.outcome(rule, decide)
            self.because(rule)
        for member in (*self.ruleset.define, *self.ruleset.scorecards, self.ruleset.portfolio):
            for node in expressions_of(member):
                self.own_decision(node)

    def construct(self, name: str) -> bool:
        """Whether a ladder or lifecycle has problems; they are reported the first time it is asked for."""
        if name in self.unsound:
            return self.unsound[name]
        members: tuple[rs.Ladder | rs.Lifecycle, ...] = (*self.ruleset.ladders, *self.ruleset.lifecycles)
        problems = [d for member in members if member.name == name
                    for d in constructs.problems_of(member, self.ruleset, self.typer)]
        for problem in problems:
            self.report(problem)
        self.unsound[name] = bool(problems)
        return self.unsound[name]

    def inputs_have_types(self, table: rs.DecisionTable) -> bool:
        """Where one has none, that is said once, at the input and not at every cell below it."""
        for node in table.inputs:
            self.own_decision(node)
        return None not in [self.typer.type_of(node) for node in table.inputs]

    def output(self, node: ex.Expr) -> None:
        type_ = self.typer.type_of(node)
        if type_ is not None and type_.kind in (Kind.AGE, Kind.SCORE):
            cure = "give the date itself" if type_.kind is Kind.AGE else \
                "the decision carries its scores already, as intervals"
            self.error("type-mismatch", f"`{text_of(node)}` cannot be an output: it can only be compared", cure,
                       node.span)

    def own_decision(self, node: ex.Expr, why: str = "rests on rules that ask for it") -> None:
        for name in ex.names(node):
            meaning = self.typer.scope.get(name.name)
            if meaning and meaning.role is Role.DECISION and meaning.ruleset == self.ruleset.name:
                self.error("definition-cycle", f"the decision `{name.name}` {why}",
                           "ask for the facts or definitions behind it", name.span)
            elif meaning and meaning.role is Role.DECISION and self.scopes[meaning.ruleset].ruleset.portfolio:
                self.error("decides-together", f"`{name.name}` is decided for all accounts together",
                           "ask for the definitions behind it: who qualifies hangs on one account alone", name.span)

    def outcome(self, rule: rs.Rule, decide: rs.Decide) -> None:
        given = [a for a in rule.then if a.name == decide.name]
        if not given:
            near = nearest(decide.name, [a.name for a in rule.then])
            meant = next((a for a in rule.then if a.name == near or a.value in decide.outcomes), None)
            help_ = f"did you mean `{decide.name}: {meant.value}`?" if meant and meant.value in decide.outcomes \
                else f"add `{decide.name}:` with one of {', '.join(decide.outcomes)} to `then`"
            self.error("no-outcome", f"the rule `{rule.name}` does not set `{decide.name}`", help_,
                       meant.span if meant else rule.span)
        for assignment in given:
            if assignment.value not in decide.outcomes:
                shown = text_of(assignment.value) if isinstance(assignment.value, ex.Expr) else assignment.value
                self.error("unknown-outcome", f"`{shown}` is not an outcome of `{decide.name}`",
                           did_you_mean(str(shown), decide.outcomes, "outcomes"), assignment.span)

    def because(self, rule: rs.Rule) -> None:
        if rule.because is None:
            return
        rest = PLACEHOLDER.sub("", rule.because)
        if "{" in rest or "}" in rest:
            self.error("unknown-placeholder", "a brace without its partner",
                       "write `{name}`; a sentence cannot hold braces otherwise", rule.because_span)
        for inner in PLACEHOLDER.findall(rule.because):
            found = FORM.match(inner)
            if not found:
                self.error("unknown-placeholder", f"`{{{inner}}}` is not a placeholder",
                           "write `{name}` or `{name:time|times}`", rule.because_span)
                continue
            name, singular = found[1], found[2]
            if name == WHO:
                continue
            meaning = self.typer.scope.get(name)
            if meaning is None:
                self.error("unknown-placeholder", f"nothing here is named `{name}`",
                           did_you_mean(name, [*self.typer.scope.names(), WHO]), rule.because_span)
                continue
            if meaning.role is Role.DECISION and (
                    meaning.ruleset == self.ruleset.name or meaning.of.hit_policy == "collect"  # type: ignore[union-attr]
                    or self.scopes[meaning.ruleset].ruleset.portfolio):
                self.error("unknown-placeholder", f"the decision `{name}` cannot stand in a sentence",
                           "say it in words: the sentence belongs to one outcome", rule.because_span)
                continue
            type_ = self.typer.meaning_type(meaning)
            if singular and type_ and type_.kind not in (Kind.INTEGER, Kind.NUMBER):
                self.error("unknown-placeholder", f"`{name}` is {type_}, which has no plural",
                           f"write `{{{name}}}`", rule.because_span)

    def decide(self) -> None:
        decide = self.ruleset.decide
        if decide is None:
            return
        if not self.ruleset.rules:
            self.error("no-decision", f"no rule decides `{decide.name}`", "add `rules`", decide.span)
        if not decide.outcomes:
            self.error("bad-value", "a decision without outcomes", "list its outcomes, strongest first",
                       decide.span)
        for word in (*decide.outcomes, decide.unsettled):
            if not re.match(r"[a-z][a-z0-9_]*\Z", word):
                self.error("bad-name", f"`{word}` is not a word", "outcomes are lower case letters, digits and `_`",
                           inside(self.bundle.texts, decide.span, "outcomes", word))
        if len(set(decide.outcomes)) != len(decide.outcomes):
            self.error("name-clash", "an outcome stands twice", "remove one", decide.span)
        if decide.unsettled == rs.CONFLICT:
            self.error("bad-name", f"`{rs.CONFLICT}` is the outcome of rules that exclude each other",
                       "choose another word for `unsettled`", decide.span)
        if len(decide.outcomes) > MOST_ENTRIES:
            self.error("too-large", f"a decision with {len(decide.outcomes)} outcomes",
                       f"a decision has at most {MOST_ENTRIES}", decide.span)
        for word in {decide.unsettled, rs.CONFLICT, rs.EVIDENCE_NEEDED} & set(decide.outcomes):
            self.error("bad-name", f"`{word}` is the outcome of a decision that is not made",
                       "choose another word", decide.span)
        if decide.hit_policy not in rs.HIT_POLICIES:
            self.error("bad-value", f"there is no hit policy `{decide.hit_policy}`",
                       did_you_mean(decide.hit_policy, rs.HIT_POLICIES, "hit policies"),
                       inside(self.bundle.texts, decide.span, "hit_policy", decide.hit_policy))
        if decide.otherwise is None and decide.hit_policy != "collect":
            self.error("no-otherwise", f"`{decide.name}` says nothing for the case in which no rule holds",
                       f"add `otherwise:` with one of {', '.join(decide.outcomes)}", decide.span)
        if decide.otherwise is not None and decide.otherwise not in decide.outcomes:
            self.error("unknown-outcome", f"`{decide.otherwise}` is not an outcome of `{decide.name}`",
                       did_you_mean(decide.otherwise, decide.outcomes, "outcomes"),
                       inside(self.bundle.texts, decide.span, "otherwise", decide.otherwise))
        for assignment in decide.always:
            if assignment.name == decide.name:
                self.error("name-clash", f"`{decide.name}` is the decision, not one of its outputs",
                           "its outcome comes from the rules; give the output a name of its own", assignment.span)
            if isinstance(assignment.value, ex.Expr):
                self.output(assignment.value)
                self.own_decision(assignment.value, "cannot be an output of itself")

    def portfolio(self) -> None:
        section = self.ruleset.portfolio
        if section is not None:
            PlacesChecker(self.ruleset, section, self.bundle, self.scopes, self.typer, self.report).run()

    # --- sources ---

    def cites(self) -> None:
        r = self.ruleset
        criteria = [c for card in r.scorecards for c in card.criteria]
        entries: list[rs.Fact | rs.EventType | rs.Measure | rs.Parameter | rs.Definition | rs.Scorecard
                      | rs.Criterion | rs.Rule | rs.DecisionTable | rs.TableRow | rs.Ladder | rs.Lifecycle | rs.PlacesSection | rs.Invariant] = [
            *r.facts, *r.events, *r.measures, *r.parameters, *r.define, *r.scorecards, *criteria,
            *(rule for rule in r.rules if rule.table is None), *r.tables,
            *(row for table in r.tables for row in table.rows), *((r.portfolio,) if r.portfolio else ())]
        made_by: list[rs.Ladder | rs.Lifecycle] = [*r.ladders, *r.lifecycles]
        makers = {m.name: m for m in made_by}
        entries += made_by
        entries += r.invariants
        for entry in entries:
            maker = makers.get(getattr(entry, "made_from", None) or "")
            if maker is not None and entry.cites == maker.cites:
                continue  # its maker's, which are looked at once
            for key in entry.cites:
                if key not in self.bundle.citations:
                    self.error("unknown-source", f"no source has the passage `{key}`",
                               did_you_mean(key, self.bundle.citations, "passages"), inside(self.bundle.texts, entry.span, "cites", key))


__all__ = ["CheckedRuleset", "check"]

"""Mutants of a ruleset: the same ruleset with one small fault in it, as a careless edit would leave it.

They are made of the model, so each is a ruleset that could have been written. What the language makes
of tables, ladders and lifecycles is changed rule by rule.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator
from typing import Any

import attrs

from samrules.authoring.edges import moved, tidy
from samrules.check.scope import Role, event_scope, scope_of
from samrules.diagnostics import Span
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Duration, Kind, Type, Value
from samrules.plan.lower import Lowering
from samrules.plan.planner import plan, replanned
from samrules.rules import Rules
from samrules.syntax.literals import constant_text
from samrules.syntax.printer import text_of


class Fault(enum.Enum):
    """What was done to the ruleset."""

    THRESHOLD = "threshold"
    OPERATOR = "operator"
    DROPPED = "dropped"
    OUTCOME = "outcome"


@attrs.frozen
class Mutant:
    """A fault: `old` stands where `new` is in the mutant (None: nothing). `of` is the member it is in.

    `rule` is set where it matters only as long as that rule is not false.
    """

    fault: Fault
    of: str
    says: str
    old: Any = attrs.field(repr=False)
    new: Any = attrs.field(repr=False)
    span: Span | None = attrs.field(eq=False, repr=False)
    rule: str | None = None


def mutants_of(rules: Rules) -> Iterator[Mutant]:
    """Every mutant of the ruleset itself, in the order parameters, definitions, scorecards, rules, the
    decision, the portfolio, measures. Rulesets that it uses have their own."""
    maker = _Maker(rules, Lowering(rules.checked, rules.name, {}))
    main = rules.ruleset
    planned = {step.name for step in rules.plan.steps} | set(rules.plan.parameters)
    for parameter in main.parameters:
        if f"{main.name}.{parameter.name}" in planned:
            yield from maker.parameter(parameter)
    for definition in main.define:
        if f"{main.name}.{definition.name}" in planned:
            yield from maker.expression(definition.value, definition.name)
    for card in main.scorecards:
        yield from maker.scorecard(card)
    for rule in main.rules:
        yield from maker.rule(rule)
    if main.decide is not None:
        yield from maker.decide(main.decide)
    if main.portfolio is not None:
        yield from maker.portfolio(main.portfolio)
    for measure in main.measures:
        if any(m.name == measure.name for m in rules.plan.measures):
            yield from maker.measure(measure)


_CHANGED = ("parameters", "define", "scorecards", "rules", "decide", "portfolio", "measures")


def mutated(rules: Rules, mutant: Mutant) -> Rules:
    """The ruleset with the fault, ready to run. It is not checked: a fault never changes a type."""
    checked, main = rules.checked, rules.ruleset
    changed = attrs.evolve(main, **{key: replaced(getattr(main, key), mutant.old, mutant.new) for key in _CHANGED})
    bundle = attrs.evolve(checked.bundle, main=changed, rulesets=(*checked.bundle.rulesets[:-1], changed))
    faulty = attrs.evolve(checked, bundle=bundle)
    others = [key for key in _CHANGED if getattr(changed, key) is not getattr(main, key)]
    if others == ["parameters"]:
        own = {f"{main.name}.{p.name}": p for p in changed.parameters}
        return Rules(faulty, attrs.evolve(rules.plan, parameters={n: own.get(n, p) for n, p in rules.plan.parameters.items()}))
    if set(others) <= {"rules", "define"}:
        fast = rules.plan
        steps = {s.name for s in fast.steps}
        for rule, was in zip(changed.rules, main.rules, strict=True):
            fast = replanned(fast, faulty, rule) if rule is not was else fast
        for definition, before in zip(changed.define, main.define, strict=True):
            if definition is not before and f"{main.name}.{definition.name}" in steps:
                fast = replanned(fast, faulty, definition)
        return Rules(faulty, fast)
    faulty = attrs.evolve(faulty, scopes={**checked.scopes, main.name: scope_of(changed, checked.scopes)})
    return Rules(faulty, plan(faulty, rules.digest))


def replaced(where: Any, old: Any, new: Any) -> Any:
    """The same with one object in place of another wherever it stands; None takes it out of a tuple."""
    if where is old:
        return new
    if isinstance(where, tuple):
        parts = [replaced(part, old, new) for part in where]
        if all(a is b for a, b in zip(parts, where, strict=True)):
            return where
        return tuple(p for p, was in zip(parts, where, strict=True) if p is not None or was is None)
    if not attrs.has(type(where)) or isinstance(where, Span | Type | Duration):
        return where
    changed = {}
    for field in attrs.fields(type(where)):
        if field.eq and field.init:
            value = getattr(where, field.name)
            other = replaced(value, old, new)
            if other is not value:
                changed[field.alias] = other
    return attrs.evolve(where, **changed) if changed else where


_STRICTER = {">=": ">", ">": ">=", "<=": "<", "<": "<="}
_OTHER = {"=": "!=", "!=": "=", "+": "-", "-": "+", "*": "/", "/": "*", "min": "max", "max": "min"}
_TURNED = {"earliest": "latest", "latest": "earliest", "lowest": "highest", "highest": "lowest"}


@attrs.frozen
class _Maker:
    rules: Rules
    lowering: Lowering
    _met: set[int] = attrs.field(factory=set)
    """Nodes that stand in several places are changed in all of them at once, by one mutant."""

    # --- members ---

    def parameter(self, parameter: rs.Parameter) -> Iterator[Mutant]:
        type_ = parameter.type
        for dated in parameter.values:
            for value in self._near(dated.value, type_, self._compared(parameter)):
                shown = [constant_text(v, type_.kind) for v in (dated.value, value)]
                since = f", from {dated.since} on" if len(parameter.values) > 1 else ""
                yield Mutant(Fault.THRESHOLD, parameter.name, f"{shown[1]} instead of {shown[0]}{since}",
                             dated, attrs.evolve(dated, value=value), dated.span or parameter.span)

    def rule(self, rule: rs.Rule) -> Iterator[Mutant]:
        decide = self.rules.ruleset.decide
        assert decide is not None
        never = ex.Literal(False, Kind.BOOLEAN)
        yield Mutant(Fault.DROPPED, rule.name, "the rule dropped", rule,
                     attrs.evolve(rule, when=never, unless=(), sustained=None), rule.span, rule.name)
        yield from self.expression(rule.when, rule.name)
        for unless in rule.unless:
            yield Mutant(Fault.DROPPED, rule.name, f"the exception `{text_of(unless)}` dropped", rule,
                         attrs.evolve(rule, unless=tuple(u for u in rule.unless if u is not unless)),
                         unless.span or rule.span)
            yield from self.expression(unless, rule.name)
        if rule.sustained is not None:
            yield from self._sustained(rule, rule.sustained)
        for assignment in rule.then:
            if assignment.name != decide.name:
                yield Mutant(Fault.DROPPED, rule.name, f"the output `{assignment.name}` dropped", rule,
                             attrs.evolve(rule, then=tuple(a for a in rule.then if a is not assignment)),
                             assignment.span or rule.span, rule.name)
                if isinstance(assignment.value, ex.Expr):
                    yield from self.expression(assignment.value, rule.name)
                continue
            outcomes = self._to_give(decide)
            other = outcomes[(outcomes.index(str(assignment.value)) + 1) % len(outcomes)]
            if other != assignment.value:
                yield Mutant(Fault.OUTCOME, rule.name, f"gives `{other}` instead of `{assignment.value}`", rule,
                             attrs.evolve(rule, then=tuple(
                                 attrs.evolve(a, value=other) if a is assignment else a for a in rule.then)),
                             assignment.span or rule.span, rule.name)

    def _sustained(self, rule: rs.Rule, sustained: rs.Sustained) -> Iterator[Mutant]:
        at = sustained.span or rule.span
        yield Mutant(Fault.DROPPED, rule.name, "`sustained` dropped", rule, attrs.evolve(rule, sustained=None), at)
        one_more = attrs.evolve(sustained, reviews=sustained.reviews + 1)
        yield Mutant(Fault.THRESHOLD, rule.name, f"`sustained` for {one_more.reviews} reviews instead of {sustained.reviews}",
                     rule, attrs.evolve(rule, sustained=one_more), at)
        for over in _durations(sustained.over) if sustained.over is not None else ():
            yield Mutant(Fault.THRESHOLD, rule.name, f"`sustained` over {over} instead of {sustained.over}", rule,
                         attrs.evolve(rule, sustained=attrs.evolve(sustained, over=over)), at)

    def scorecard(self, card: rs.Scorecard) -> Iterator[Mutant]:
        for criterion in card.criteria:
            name = f"{card.name}.{criterion.name}"
            for node in (criterion.scale.of, criterion.scale.zero, criterion.scale.full) if criterion.scale else ():
                yield from self.expression(node, name, like=criterion.scale.of if criterion.scale else None)
            for row in criterion.points:
                what = f"`{text_of(row.when)}`" if row.when is not None else "otherwise"
                if row.when is not None:
                    yield Mutant(Fault.DROPPED, name, f"the row {what} dropped", row, None, row.span or criterion.span)
                    yield from self.expression(row.when, name)
                for points in (row.points + 1, row.points - 1):
                    if 0 <= points <= criterion.weight:
                        yield Mutant(Fault.THRESHOLD, name, f"{points:g} points instead of {row.points:g} for {what}", row,
                                     attrs.evolve(row, points=points), row.span or criterion.span)
        for band in card.bands[1:]:
            for sign in (1, -1):
                since = tidy(band.since + sign * score_step(card))
                yield Mutant(Fault.THRESHOLD, card.name, f"the band `{band.name}` from {since:g} instead of {band.since:g}",
                             band, attrs.evolve(band, since=since), band.span or card.span)

    def decide(self, decide: rs.Decide) -> Iterator[Mutant]:
        outcomes = decide.outcomes
        if decide.hit_policy == "priority":
            for index, (a, b) in enumerate(itertools.pairwise(outcomes)):
                order = (*outcomes[:index], b, a, *outcomes[index + 2:])
                yield Mutant(Fault.OUTCOME, decide.name, f"`{b}` stronger than `{a}`", decide,
                             attrs.evolve(decide, outcomes=order), decide.span)
        outcomes = self._to_give(decide)
        if decide.otherwise in outcomes and len(outcomes) > 1:
            other = outcomes[(outcomes.index(decide.otherwise) + 1) % len(outcomes)]
            yield Mutant(Fault.OUTCOME, decide.name, f"otherwise `{other}` instead of `{decide.otherwise}`", decide,
                         attrs.evolve(decide, otherwise=other), decide.span)
        for output in decide.always:
            yield Mutant(Fault.DROPPED, decide.name, f"the output `{output.name}` of `always` dropped", decide,
                         attrs.evolve(decide, always=tuple(a for a in decide.always if a is not output)),
                         output.span or decide.span)
            if isinstance(output.value, ex.Expr):
                yield from self.expression(output.value, decide.name)

    def _to_give(self, decide: rs.Decide) -> tuple[str, ...]:
        """The outcomes that a rule may give: not the one that only the choice of a portfolio gives."""
        section = self.rules.ruleset.portfolio
        return tuple(o for o in decide.outcomes if section is None or o != section.waitlisted)

    def portfolio(self, section: rs.PlacesSection) -> Iterator[Mutant]:
        without = {"incumbents": attrs.evolve(section, incumbents=None), "start": attrs.evolve(section, start=None),
                   "growth": attrs.evolve(section, growth=None)}
        for key, less in without.items():
            if less != section:
                yield Mutant(Fault.DROPPED, "portfolio", f"`{key}` dropped", section, less, section.span)
        for tie in section.ties:
            said = f"{tie.order} {text_of(tie.of)}"
            yield Mutant(Fault.DROPPED, "portfolio", f"the tie `{said}` dropped", section,
                         attrs.evolve(section, ties=tuple(t for t in section.ties if t is not tie)), tie.span or section.span)
            yield Mutant(Fault.OPERATOR, "portfolio", f"the tie `{said}` made {_TURNED[tie.order]}", tie,
                         attrs.evolve(tie, order=_TURNED[tie.order]), tie.span or section.span)
        for node in (section.incumbents, section.rank_by, *section.limits.values()):
            if node is not None:
                yield from self.expression(node, "portfolio")

    def measure(self, measure: rs.Measure) -> Iterator[Mutant]:
        if measure.within is not None:
            for within in _durations(measure.within):
                yield Mutant(Fault.THRESHOLD, measure.name, f"within {within} instead of {measure.within}", measure,
                             attrs.evolve(measure, within=within), measure.span)
        without = {"where": attrs.evolve(measure, where=None), "each": attrs.evolve(measure, each=None),
                   "since": attrs.evolve(measure, since=())}
        for key, less in without.items():
            if less != measure:
                yield Mutant(Fault.DROPPED, measure.name, f"`{key}` dropped", measure, less, measure.span)
        checked, name = self.rules.checked, self.rules.name
        fields = event_scope(measure, checked.scopes[name])
        inner = attrs.evolve(checked, scopes={**checked.scopes, name: fields})
        of_events = _Maker(self.rules, Lowering(inner, name, {}), self._met)
        for node in (measure.where, measure.value):
            if node is not None:
                yield from of_events.expression(node, measure.name)

    # --- expressions ---

    def expression(self, whole: ex.Expr, of: str, like: ex.Expr | None = None) -> Iterator[Mutant]:
        """The mutants of each node that an author wrote; `like` gives a bare constant its type."""
        above: dict[int, ex.Expr] = {id(child): node for node in ex.walk(whole) for child in ex.children(node)}
        for node in ex.walk(whole):
            if node.span is None or id(node) in self._met:
                continue
            self._met.add(id(node))
            for fault, new in self._changed(node, above.get(id(node)), like):
                says = f"`{text_of(node)}` made `{text_of(new)}`"
                if fault is Fault.DROPPED:
                    lost = [c for c in ex.children(node) if c is not new and c not in ex.children(new)]
                    says = f"`{text_of(lost[0])}` dropped from `{text_of(node)}`" if len(lost) == 1 else says
                yield Mutant(fault, of, says, node, new, node.span)

    def _changed(self, node: ex.Expr, above: ex.Expr | None, like: ex.Expr | None) -> Iterator[tuple[Fault, ex.Expr]]:
        match node:
            case ex.All(operands=parts) | ex.Any_(operands=parts):
                if len(parts) > 1:
                    yield Fault.OPERATOR, (ex.Any_ if isinstance(node, ex.All) else ex.All)(parts, span=node.span)
                    for part in parts:
                        rest = tuple(p for p in parts if p is not part)
                        yield Fault.DROPPED, rest[0] if len(rest) == 1 else type(node)(rest, span=node.span)
            case ex.AtLeast(count=count, operands=parts):
                for number in (count - 1, count + 1):
                    if 1 <= number <= len(parts):
                        yield Fault.THRESHOLD, attrs.evolve(node, count=number)
                for part in parts if count < len(parts) else ():
                    yield Fault.DROPPED, attrs.evolve(node, operands=tuple(p for p in parts if p is not part))
            case ex.Not(operand=operand):
                yield Fault.OPERATOR, operand
            case ex.Compare(operator=operator):
                if operator in _STRICTER:
                    yield Fault.OPERATOR, attrs.evolve(node, operator=_STRICTER[operator])
                else:
                    yield Fault.OPERATOR, attrs.evolve(node, operator=_OTHER[operator])
            case ex.In(items=items):
                for item in items if len(items) > 1 else ():
                    yield Fault.DROPPED, attrs.evolve(node, items=tuple(i for i in items if i is not item))
            case ex.Between(subject=subject, low=low, high=high):
                yield Fault.DROPPED, ex.Compare("<=", subject, high, span=node.span)
                yield Fault.DROPPED, ex.Compare(">=", subject, low, span=node.span)
            case ex.Known():
                yield Fault.OPERATOR, attrs.evolve(node, known=not node.known)
            case ex.Arithmetic(operator=operator):
                yield Fault.OPERATOR, attrs.evolve(node, operator=_OTHER[operator])
            case ex.Negate(operand=operand):
                yield Fault.OPERATOR, operand
            case ex.Call(function="coalesce", arguments=arguments):
                yield Fault.DROPPED, arguments[0]
            case ex.Call(function=function) if function in _OTHER:
                yield Fault.OPERATOR, attrs.evolve(node, function=_OTHER[function])
            case ex.If():
                yield Fault.OPERATOR, attrs.evolve(node, then=node.otherwise, otherwise=node.then)
            case ex.Literal():
                for value in self._constants(node, above, like):
                    kind = Kind.NUMBER if isinstance(value, float) and node.kind is Kind.INTEGER else node.kind
                    yield Fault.THRESHOLD, attrs.evolve(node, value=value, kind=kind)
            case ex.Name() if above is None or not isinstance(above, ex.Compare | ex.Arithmetic | ex.Call | ex.Between | ex.In | ex.Known):
                type_ = self.lowering.type_of(node)
                if type_ is not None and type_.kind is Kind.BOOLEAN and (above is None or isinstance(above, ex.All | ex.Any_ | ex.AtLeast | ex.If)):
                    yield Fault.OPERATOR, ex.Not(node, span=node.span)

    def _constants(self, node: ex.Literal, above: ex.Expr | None, like: ex.Expr | None) -> Iterator[Value]:
        """The constants next to one, by the type that it meets."""
        met, step = None, None
        factor = isinstance(above, ex.Arithmetic) and above.operator in "*/"  # of its own type
        for other in () if factor else ex.children(above) if above is not None else ([like] if like is not None else []):
            if other is node:
                continue
            meaning = self.lowering.meaning(other)
            if meaning is not None and meaning.role is Role.SCORE and isinstance(meaning.of, rs.Scorecard):
                step = score_step(meaning.of)
                break
            found = self.lowering.type_of(other)
            whole = found is not None and found.kind in (Kind.INTEGER, Kind.ORDINAL)
            if found is not None and not found.loose and found.kind is not Kind.AGE and not (
                    whole and isinstance(node.value, float)):
                met = found
                break
        yield from self._near(node.value, met or Type(node.kind), step)

    def _near(self, value: Value | None, type_: Type, step: float | None = None) -> Iterator[Value]:
        """A value one smallest step up and one down; of words the next."""
        if isinstance(value, Duration):
            yield from _durations(value)
        elif isinstance(value, bool):
            yield not value
        elif isinstance(value, str):
            if value in type_.words and len(type_.words) > 1:
                yield type_.words[(type_.words.index(value) + 1) % len(type_.words)]
        elif value is not None:
            for sign in (1, -1):
                if step is not None and isinstance(value, int | float):
                    yield tidy(float(value) + sign * step)
                elif (near_ := moved(value, type_, sign)) is not None:
                    yield near_

    def _compared(self, parameter: rs.Parameter) -> float | None:
        """The step of the score that a parameter is compared with, if it is."""
        main = self.rules.ruleset
        for member in (*main.define, *main.rules):
            for whole in rs.expressions_of(member):
                for node in ex.walk(whole):
                    if isinstance(node, ex.Compare | ex.Between) and any(
                            isinstance(c, ex.Name) and c.name == parameter.name for c in ex.children(node)):
                        for child in ex.children(node):
                            meaning = self.lowering.meaning(child)
                            if meaning is not None and meaning.role is Role.SCORE and isinstance(meaning.of, rs.Scorecard):
                                return score_step(meaning.of)
        return None


def _durations(value: Duration) -> Iterator[Duration]:
    """A month or a day more, and one less where something is left."""
    for sign in (1, -1):
        near = Duration(months=value.months + sign) if value.months else Duration(days=value.days + sign)
        if near.months > 0 or near.days > 0:
            yield near


def score_step(card: rs.Scorecard) -> float:
    """The step by which a score is moved: one point, or a tenth where a scale or points in parts make finer scores."""
    whole = all(c.scale is None and all(float(r.points).is_integer() for r in c.points) for c in card.criteria)
    return 1.0 if whole else 0.1

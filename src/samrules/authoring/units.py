"""The formulas of a ruleset, each with its branches and conditions, and how they fare on an account.

A unit is what is true or false by itself: a rule (`when` and no `unless`), a definition that is a
condition, the condition of an `if`, a row of points. Inside it, groups and exceptions are branches,
and what is no group is a condition. docs/cases.md defines what is to be shown of each.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import date

import attrs

from samrules.authoring.cases import Case, Other
from samrules.check.scope import absolute_name
from samrules.decision.trace import Trace
from samrules.diagnostics import Span
from samrules.engines.interpreter import View, all_of, date_before, evaluate, view
from samrules.engines.measures import Record, measured
from samrules.engines.outcome import at_review
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Kind
from samrules.plan.lower import Lowering
from samrules.plan.plan import Plan
from samrules.rules import Rules
from samrules.syntax.printer import text_of

Path = tuple[int, ...]

_GROUPS = (ex.All, ex.Any_, ex.AtLeast)
SUSTAINED = -1
"""The last part of a path: that what must be sustained held at the earlier reviews."""


class UnitKind(enum.Enum):
    RULE = "rule"
    DEFINITION = "definition"
    IF = "if"
    POINTS = "points"


@attrs.frozen
class Site:
    """A place in a unit: a branch or a condition, by its path from the outermost group.

    `text` is how the author writes it, `span` where.
    """

    path: Path
    text: str
    is_condition: bool
    is_exception: bool
    span: Span | None = attrs.field(eq=False, repr=False)


@attrs.frozen
class Unit:
    """A formula; `name` is that of the rule, definition or scorecard's criterion it belongs to.

    `core` is it as the interpreter takes it; `before` are the rows of points that come first, none of
    which holds where this one is reached.
    """

    kind: UnitKind
    name: str
    surface: ex.Expr
    core: ex.Expr
    span: Span | None = attrs.field(eq=False, repr=False)
    before: tuple[ex.Expr, ...] = ()

    @property
    def held(self) -> ex.Held | None:
        return self.core if isinstance(self.core, ex.Held) else None

    def sites(self) -> tuple[Site, ...]:
        """Its branches and conditions, outermost first; the unit as a whole is not among them, unless
        it is one condition."""
        found = list(_sites(self.surface, (), self.kind is UnitKind.RULE))
        if self.held is not None:
            reviews = self.held.reviews
            text = f"sustained: {reviews} reviews" + (f" over {self.held.over}" if self.held.over else "")
            found.append(Site((SUSTAINED,), text, True, False, self.span))
        return tuple(found)


@attrs.frozen
class Went:
    """How a site fared: its truth, and whether turning it would have turned its unit, all else as it was."""

    truth: bool | None
    decisive: bool
    trace: Trace | None


def _sites(node: ex.Expr, path: Path, is_rule: bool) -> Iterator[Site]:
    inner = _inner(node)
    if inner is None:
        yield Site(path, text_of(node), True, False, node.span)
        return
    exceptions = is_rule and not path and isinstance(node, _Unless)
    if path and isinstance(node, _GROUPS):
        yield Site(path, text_of(node), False, False, node.span)
    for index, child in enumerate(inner):
        here = (*path, index)
        if exceptions and index:
            assert isinstance(child, ex.Not)
            yield Site((*here, 0), text_of(child.operand), False, True, child.operand.span)
            if _inner(child.operand) is None:  # a branch and a condition in one
                yield Site((*here, 0), text_of(child.operand), True, True, child.operand.span)
            else:
                yield from (s for s in _sites(child.operand, (*here, 0), False) if s.path != (*here, 0))
            continue
        yield from _sites(child, here, False)


def _inner(node: ex.Expr) -> tuple[ex.Expr, ...] | None:
    """The parts of a group or of `not`; None where the node is a condition."""
    match node:
        case ex.All(operands=parts) | ex.Any_(operands=parts) | ex.AtLeast(operands=parts):
            return parts
        case ex.Not(operand=operand):
            return (operand,)
    return None


@attrs.frozen(cache_hash=True)
class _Unless(ex.All):
    """`when` and no `unless`: the first operand, and the others turned round."""


# --- which there are -----------------------------------------------------------------------------


def units_of(rules: Rules) -> tuple[Unit, ...]:
    """The units of the ruleset itself, in the order rules, definitions, criteria; those of rulesets it
    uses are theirs. A definition that nothing uses has none."""
    return tuple(_units(rules))


def _units(rules: Rules) -> Iterator[Unit]:
    main, checked = rules.ruleset, rules.checked
    lowering = Lowering(checked, main.name, {})
    planned = {step.name for step in rules.plan.steps}
    for rule in main.rules:
        whole = _Unless((rule.when, *(ex.Not(u) for u in rule.unless)), span=rule.span) if rule.unless else rule.when
        core = lowering.lower(whole)
        if rule.sustained is not None:
            core = ex.Held(core, rule.sustained.reviews, rule.sustained.over)
        yield Unit(UnitKind.RULE, rule.name, whole, core, rule.span)
    for definition in main.define:
        absolute = absolute_name(main.name, definition.name)
        if absolute in planned and checked.definitions[absolute].kind is Kind.BOOLEAN:
            yield Unit(UnitKind.DEFINITION, definition.name, definition.value, lowering.lower(definition.value),
                       definition.span or definition.value.span)
    for card in main.scorecards:
        for criterion in card.criteria:
            conditions = [row.when for row in criterion.points if row.when is not None]
            cores = [lowering.lower(c) for c in conditions]
            for index, (condition, core) in enumerate(zip(conditions, cores, strict=True)):
                yield Unit(UnitKind.POINTS, f"{card.name}.{criterion.name}", condition, core,
                           condition.span or criterion.span, tuple(cores[:index]))
    yield from _ifs(rules, planned, lowering)


def _ifs(rules: Rules, planned: set[str], lowering: Lowering) -> Iterator[Unit]:
    """The conditions of every `if` that an author wrote."""
    main = rules.ruleset
    used = [d for d in main.define if absolute_name(main.name, d.name) in planned]
    members: list[tuple[str, object]] = [(r.name, r) for r in main.rules]
    members += [(d.name, d) for d in used]
    members += [(c.name, c) for c in main.scorecards]
    members += [(main.decide.name, main.decide)] if main.decide is not None else []
    members += [("portfolio", main.portfolio)] if main.portfolio is not None else []
    for name, member in members:
        for whole in rs.expressions_of(member):
            for node in ex.walk(whole):
                if isinstance(node, ex.If) and node.span is not None:
                    yield Unit(UnitKind.IF, name, node.condition, lowering.lower(node.condition), node.span)


# --- how they fare -------------------------------------------------------------------------------


def view_of(plan: Plan, account: Case | Other, day: date) -> View:
    """The account of a case as the interpreter sees it. Raises FactError where it cannot be decided."""
    record = Record(account.events, account.recorded)
    facts = measured(plan, account.facts, record, day).facts
    return view(plan, facts, day, [(on, at_review(plan, known, record, on)) for on, known in account.history])


def reached(unit: Unit, at: View) -> bool:
    """Whether a row of points is got to: none before it holds."""
    return all(evaluate(row, at).value is False for row in unit.before)


def fared(unit: Unit, at: View) -> tuple[bool | None, dict[Path, Went]]:
    """The truth of a unit on an account, and how each of its sites fared there."""
    trace = evaluate(unit.core, at)
    truth = _truth(trace)
    found: dict[Path, Went] = {}
    if unit.held is None:
        _fare(unit.surface, trace, (), True, found)
        return truth, found
    now = trace.parts[0].parts[0]
    earlier = before_now(unit.held, trace, at.day)
    _fare(unit.surface, now, (), earlier is True, found)
    found[SUSTAINED,] = Went(earlier, now.value is True, trace)
    return truth, found


def before_now(held: ex.Held, trace: Trace, day: date) -> bool | None:
    """Whether it held at the earlier reviews asked for; false where there are too few of them."""
    reach = date_before(held.over, day) if held.over is not None else day
    last = date.fromisoformat(trace.parts[-1].text)
    if reach is None or len(trace.parts) < held.reviews or last > reach:
        return False
    return all_of([p.value for p in trace.parts[1:]])


def _fare(node: ex.Expr, trace: Trace, path: Path, decisive: bool, found: dict[Path, Went]) -> None:
    """Each site below with its truth; it is decisive where every group above hangs on it alone."""
    found[path] = Went(_truth(trace), decisive, trace)
    inner = _inner(node)
    if inner is None:
        return
    truths = [_truth(part) for part in trace.parts]
    for index, (child, part) in enumerate(zip(inner, trace.parts, strict=True)):
        others = truths[:index] + truths[index + 1:]
        _fare(child, part, (*path, index), decisive and _hangs_on(node, others), found)


def _hangs_on(group: ex.Expr, others: list[bool | None]) -> bool:
    """Whether a group turns with one of its parts, the others being as they are."""
    match group:
        case ex.All():
            return all(t is True for t in others)
        case ex.Any_():
            return all(t is False for t in others)
        case ex.AtLeast(count=count):
            return others.count(None) == 0 and others.count(True) == count - 1
    return True


def _truth(trace: Trace) -> bool | None:
    return trace.value if isinstance(trace.value, bool) else None

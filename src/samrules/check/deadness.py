"""Conditions that can never hold, or always do, and rows that an earlier one covers.

The search narrows, for each subject of a comparison, the values it can still take. It is sound: what
it calls dead is dead for every account, with facts missing or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import attrs

from samrules.check.domains import Domain, Interval, Words, as_number, domain_of
from samrules.check.scope import Meaning, Role, Scope
from samrules.check.typing import Typer
from samrules.diagnostics import Diagnostic, Span
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.operators import FLIPPED, NEGATED
from samrules.model.types import Type
from samrules.syntax.printer import text_of

Domains = dict[ex.Expr, Domain]
"""What is still possible for each subject of a comparison; a name is written in absolute form."""


_MOST_PERIODS = 60
_BUDGET = 60_000
"""Steps of narrowing a ruleset may cost; past it nothing more is found, and nothing is wrong."""


@attrs.define
class Deadness:
    ruleset: rs.Ruleset
    scopes: dict[str, Scope]
    types: dict[str, Type]
    budget: int = _BUDGET

    def findings(self) -> list[Diagnostic]:
        if len(self.days()) > _MOST_PERIODS:
            return []  # a condition is dead only if it is dead in every period
        found: list[Diagnostic] = []
        for definition in self.ruleset.define:
            if self.boolean(definition.value):
                found += self.of_condition(definition.value, f"the definition `{definition.name}`")
        for rule in self.ruleset.rules:
            placed = {d.span for d in found} if rule.made_from is not None else set()
            for node in (rule.when, *rule.unless):  # what a level lacks is said once, not of its rule too
                found += [d for d in self.of_condition(node, f"a condition of `{rule.name}`") if d.span not in placed]
        for card in self.ruleset.scorecards:
            for criterion in card.criteria:
                found += self.of_rows(criterion)
        if self.ruleset.decide and self.ruleset.decide.hit_policy == "first":
            found += self.of_first()
        return found

    def can_hold(self, node: ex.Expr) -> bool:
        """Whether some account may meet a condition; false only where none can."""
        return any(self.narrow(node, {}, day, self.ruleset.name) is not None for day in self.days())

    def boolean(self, node: ex.Expr) -> bool:
        return not isinstance(node, ex.Literal | ex.Arithmetic | ex.Call | ex.Negate | ex.If)

    def of_condition(self, node: ex.Expr, where: str) -> list[Diagnostic]:
        """The innermost parts that are dead or always true."""
        found: list[Diagnostic] = []
        for child in ex.children(node):
            if isinstance(child, ex.All | ex.Any_ | ex.AtLeast | ex.Not | ex.Compare | ex.Between | ex.In | ex.Name):
                found += self.of_condition(child, where)
        if found or isinstance(node, ex.Literal | ex.Known | ex.Not):
            return found
        if isinstance(node, ex.Name) and not self.is_definition(node):
            return found
        if not self.can_hold(node):
            if not isinstance(node, ex.Name):
                found.append(Diagnostic("never-holds", f"`{text_of(node)}` can never hold",
                                        self.why(node), node.span))
        elif isinstance(node, ex.Compare | ex.Between | ex.In) and not self.can_hold(ex.Not(node)):
            found.append(Diagnostic("always-holds", f"`{text_of(node)}` holds whatever the value",
                                    "correct the bound, or remove the condition", node.span))
        return found

    def is_definition(self, node: ex.Name) -> bool:
        meaning = self.scopes[self.ruleset.name].get(node.name)
        return meaning is not None and meaning.role is Role.DEFINITION

    def why(self, node: ex.Expr) -> str:
        subjects = sorted({n.name for n in ex.names(node)})
        if isinstance(node, ex.All) and len(subjects) == 1:
            return f"no value of `{subjects[0]}` meets all of it"
        if isinstance(node, ex.Compare | ex.Between | ex.In):
            return "no value in the fact's range meets it; correct the bound or the range"
        return "its parts exclude each other; correct the bounds, or remove it"

    def of_rows(self, criterion: rs.Criterion) -> list[Diagnostic]:
        found: list[Diagnostic] = []
        earlier: list[ex.Expr] = []
        for row in criterion.points:
            if row.when is None:
                break
            dead = self.of_condition(row.when, f"a row of `{criterion.name}`")
            found += dead
            if not dead and earlier and self.covered(row.when, earlier):
                found.append(self.unreachable(row.when, row.span, "row"))
            earlier.append(row.when)
        return found

    def of_first(self) -> Iterator[Diagnostic]:
        earlier: list[ex.Expr] = []
        for rule in self.ruleset.rules:
            if earlier and self.covered(rule.when, earlier):
                yield self.unreachable(rule.when, rule.span, "rule")
            if not rule.unless and rule.sustained is None:
                earlier.append(rule.when)

    def covered(self, node: ex.Expr, earlier: list[ex.Expr]) -> bool:
        """Whether one earlier condition is true whenever this one is.

        A condition that is not false may be unknown. So this one must be plain comparisons, which
        are true only where their values are known, and the earlier one may speak of these only.
        """
        parts = node.operands if isinstance(node, ex.All) else (node,)
        if not all(isinstance(p, ex.Compare | ex.Between | ex.In) for p in parts):
            return False
        if any(isinstance(n, ex.If | ex.Call) for n in ex.walk(node)):
            return False
        known = {n.name for n in ex.names(node)}
        return any(
            {n.name for n in ex.names(e)} <= known
            and not self.can_hold(ex.All((node, ex.Not(e))))
            for e in earlier
        )

    def unreachable(self, node: ex.Expr, span: Span | None, what: str) -> Diagnostic:
        return Diagnostic("unreachable-row", f"whenever `{text_of(node)}` holds, an earlier {what} holds too",
                          f"put the stricter {what} first", span)

    def days(self) -> list[date]:
        """A day in each period between changes of parameters."""
        changes = {v.since for scope in self.scopes.values() for p in scope.ruleset.parameters for v in p.values}
        return sorted(changes) or [date(2000, 1, 1)]

    # --- narrowing: the domains under which a condition can be true, or None if under none ---

    def narrow(self, node: ex.Expr, known: Domains, day: date, owner: str) -> Domains | None:
        self.budget -= 1
        if self.budget < 0:
            return known
        match node:
            case ex.Literal(value=bool(value)):
                return known if value else None
            case ex.Not(operand=operand):
                return self.narrow_not(operand, known, day, owner)
            case ex.All(operands=operands):
                for _ in range(2):  # a second pass sees what later operands narrowed
                    for operand in operands:
                        narrowed = self.narrow(operand, known, day, owner)
                        if narrowed is None:
                            return None
                        known = narrowed
                return known
            case ex.Any_(operands=operands):
                options = [self.narrow(o, known, day, owner) for o in operands]
                open_ = [o for o in options if o is not None]
                if not open_:
                    return None
                return open_[0] if len(open_) == 1 else known
            case ex.AtLeast(count=count, operands=operands):
                possible = [o for o in operands if self.narrow(o, known, day, owner) is not None]
                return known if len(possible) >= count else None
            case ex.Compare(operator=operator, left=left, right=right):
                return self.narrow_compare(operator, left, right, known, day, owner)
            case ex.Between(subject=subject, low=low, high=high):
                both = ex.All((ex.Compare(">=", subject, low), ex.Compare("<=", subject, high)))
                return self.narrow(both, known, day, owner)
            case ex.In(subject=subject, items=items):
                any_ = ex.Any_(tuple(ex.Compare("=", subject, i) for i in items))
                return self.narrow(any_, known, day, owner)
            case ex.Name():
                return self.narrow_name(node, True, known, day, owner)
        return known

    def narrow_not(self, node: ex.Expr, known: Domains, day: date, owner: str) -> Domains | None:
        match node:
            case ex.Literal(value=bool(value)):
                return None if value else known
            case ex.Not(operand=operand):
                return self.narrow(operand, known, day, owner)
            case ex.All(operands=operands):
                return self.narrow(ex.Any_(tuple(ex.Not(o) for o in operands)), known, day, owner)
            case ex.Any_(operands=operands):
                return self.narrow(ex.All(tuple(ex.Not(o) for o in operands)), known, day, owner)
            case ex.AtLeast(count=count, operands=operands):
                fewer = ex.AtLeast(len(operands) - count + 1, tuple(ex.Not(o) for o in operands))
                return self.narrow(fewer, known, day, owner)
            case ex.Compare(operator=operator, left=left, right=right):
                return self.narrow_compare(NEGATED[operator], left, right, known, day, owner)
            case ex.Between(subject=subject, low=low, high=high):
                outside = ex.Any_((ex.Compare("<", subject, low), ex.Compare(">", subject, high)))
                return self.narrow(outside, known, day, owner)
            case ex.In(subject=subject, items=items):
                none = ex.All(tuple(ex.Compare("!=", subject, i) for i in items))
                return self.narrow(none, known, day, owner)
            case ex.Name():
                return self.narrow_name(node, False, known, day, owner)
        return known

    def narrow_name(self, node: ex.Name, truth: bool, known: Domains, day: date, owner: str) -> Domains | None:
        meaning = self.scopes[owner].get(node.name)
        if meaning is None:
            return known
        if isinstance(meaning.of, rs.Definition):
            inner = meaning.of.value if truth else ex.Not(meaning.of.value)
            narrowed = self.narrow(inner, known, day, meaning.ruleset)
            return None if narrowed is None else self.asserted(ex.Name(meaning.absolute), truth, narrowed)
        return self.narrowed(node, "=", truth, known, owner)

    def asserted(self, definition: ex.Name, truth: bool, known: Domains) -> Domains | None:
        """A definition is not both true and false, whatever its parts allow one by one."""
        left = known.get(definition, Words(frozenset({True, False}))).narrowed("=", truth)
        return None if left.empty else {**known, definition: left}

    def narrow_compare(self, operator: str, left: ex.Expr, right: ex.Expr, known: Domains,
                       day: date, owner: str) -> Domains | None:
        a, b = self.constant(left, day, owner), self.constant(right, day, owner)
        if a is not None and b is None:
            left, right, a, b, operator = right, left, b, a, FLIPPED[operator]
        if b is None or a is not None or isinstance(left, ex.Call):
            return known
        return self.narrowed(left, operator, b, known, owner)

    def constant(self, node: ex.Expr, day: date, owner: str) -> object:
        match node:
            case ex.Literal(value=value) if not hasattr(value, "months"):
                return value
            case ex.Negate(operand=ex.Literal(value=int() | float() as value)):
                return -value
            case ex.Name(name=name):
                meaning = self.scopes[owner].get(name)
                if meaning and isinstance(meaning.of, rs.Parameter) and meaning.role is Role.PARAMETER:
                    dated = meaning.of.at(day)
                    if dated is not None and not hasattr(dated.value, "months"):
                        return dated.value
        return None

    def narrowed(self, subject: ex.Expr, operator: str, value: object, known: Domains,
                 owner: str) -> Domains | None:
        key = self.absolute(subject, owner)
        domain = known.get(key) or self.initial(subject, owner)
        if domain is None:
            return known
        if isinstance(domain, Interval):
            number = as_number(value)
            if abs(number) >= 2**53:
                return known  # beyond what a double tells apart
            domain = domain.narrowed(operator, number)
        else:
            domain = domain.narrowed(operator, value)
        return None if domain.empty else {**known, key: domain}

    def absolute(self, node: ex.Expr, owner: str) -> ex.Expr:
        if isinstance(node, ex.Name) and (meaning := self.scopes[owner].get(node.name)):
            return ex.Name(meaning.absolute)
        return ex.Name(f"{owner}: {text_of(node)}")

    def initial(self, node: ex.Expr, owner: str) -> Domain | None:
        typer = Typer(self.scopes[owner], self.types, lambda _: None)
        type_ = typer.type_of(node)
        if type_ is None:
            return None
        meaning: Meaning | None = self.scopes[owner].get(node.name) if isinstance(node, ex.Name) else None
        if meaning and isinstance(meaning.of, rs.Fact):
            range_ = meaning.of.range or rs.Range()
            return domain_of(type_, range_.low, range_.high)
        if type_.numeric:  # a calculation: neither its bounds nor that it is whole can be told from its type
            return Interval()
        return domain_of(type_)

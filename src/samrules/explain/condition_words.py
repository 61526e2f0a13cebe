"""Conditions of a ruleset in words, before any account is held against them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import attrs

from samrules.check.scope import Meaning, Role, Scope
from samrules.decision.words import listed, value_in_words, word
from samrules.model import expressions as ex
from samrules.model.operators import FLIPPED
from samrules.model.ruleset import Fact, Parameter, Ruleset
from samrules.model.templates import FORM, PLACEHOLDER, WHO
from samrules.model.types import Kind, Type
from samrules.syntax.printer import text_of

_RELATION = {"=": "is", "!=": "is not", "<": "below", "<=": "at most", ">": "above", ">=": "at least"}
_AGE = {"<": "less than", ">": "more than"}
_SIGN = {"*": "×", "/": "÷", "-": "−", "+": "+"}

Line = tuple[int, str]
"""A line with its depth."""


def values_in_force(rulesets: Iterable[Ruleset], day: date, currency: str | None) -> dict[str, str]:
    """Every parameter that has a value on this day, in words, by absolute name."""
    return {f"{ruleset.name}.{parameter.name}": value_in_words(dated.value, parameter.type, currency)
            for ruleset in rulesets for parameter in ruleset.parameters if (dated := parameter.at(day))}


@attrs.frozen
class ConditionWords:
    """Speaks of the conditions of one ruleset, with the titles of what they name."""

    scope: Scope
    currency: str | None = None
    values: Mapping[str, str] = attrs.field(factory=dict)
    """The value in force of each parameter, in words, by absolute name."""

    def lines(self, node: ex.Expr, depth: int = 0) -> Iterator[Line]:
        """A condition as lines: a group names how many of the lines below it must hold."""
        if isinstance(node, ex.All) and depth == 0:
            for operand in node.operands:
                yield from self.lines(operand, 1)
            return
        depth = max(depth, 1)
        match node:
            case ex.All(operands=operands):
                yield depth, "all of these:"
            case ex.Any_(operands=operands):
                yield depth, "any of these:"
            case ex.AtLeast(count=count, operands=operands):
                yield depth, f"at least {count} of these:"
            case ex.Literal(value=True):
                yield depth, "whatever the facts"
                return
            case ex.Not(operand=ex.All() | ex.Any_() | ex.AtLeast() as group):
                yield depth, "not:"
                yield from self.lines(group, depth + 1)
                return
            case _:
                yield depth, self.words(node)
                return
        for operand in operands:
            yield from self.lines(operand, depth + 1)

    def words(self, node: ex.Expr, type_: Type | None = None) -> str:
        """A condition or a value in one line."""
        match node:
            case ex.Literal(value=value, kind=kind):
                if isinstance(value, str):
                    return word(value) if not type_ or type_.kind is not Kind.TEXT else f"“{value}”"
                shown = type_ if type_ and node.loose else Type(kind)
                return value_in_words(value, shown, self.currency)
            case ex.Name():
                return self.title(node)
            case ex.Not(operand=operand):
                return f"not: {self.words(operand)}"
            case ex.Compare():
                return self.comparison(node)
            case ex.Between(subject=subject, low=low, high=high):
                of = self.type_of(subject)
                return f"{self.words(subject)}: from {self.words(low, of)} to {self.words(high, of)}"
            case ex.In(subject=subject, items=items):
                choices = [self.words(item, self.type_of(subject)) for item in items]
                return f"{self.words(subject)}: {listed(choices, 'or')}"
            case ex.Known(subject=subject, known=known):
                return f"{self.words(subject)} is {'known' if known else 'not known'}"
            case ex.Arithmetic(operator=operator, left=left, right=right):
                return f"{self.operand(left)} {_SIGN[operator]} {self.operand(right)}"
            case ex.Negate(operand=operand):
                return f"−{self.operand(operand)}"
            case ex.Call(function="coalesce", arguments=(first, second)):
                assumed = self.words(second, self.type_of(first))
                return f"{self.words(first)} ({assumed} assumed where not known)"
            case ex.Call(function="min" | "max" as function, arguments=arguments):
                size = "smaller" if function == "min" else "larger"
                return f"the {size} of {listed([self.words(a) for a in arguments])}"
            case ex.Call(function="age", arguments=(only,)):
                return f"time since {self.words(only)}"
            case ex.Call(function="abs", arguments=(only,)):
                return f"the size of {self.words(only)}"
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                return f"{self.words(then)} if {self.words(condition)}, else {self.words(otherwise)}"
            case ex.All(operands=operands):
                return listed([self.words(o) for o in operands])
            case ex.Any_(operands=operands):
                return listed([self.words(o) for o in operands], "or")
            case ex.AtLeast(count=count, operands=operands):
                return f"at least {count} of: {'; '.join(self.words(o) for o in operands)}"
        return text_of(node)

    def comparison(self, node: ex.Compare) -> str:
        operator, left, right = node.operator, node.left, node.right
        if isinstance(left, ex.Literal) and not isinstance(right, ex.Literal):
            operator, left, right = FLIPPED[operator], right, left
        if isinstance(left, ex.Call) and left.function == "age":
            relation = _AGE.get(operator, _RELATION[operator])
            return f"{self.words(left.arguments[0])}: {relation} {self.words(right)} ago"
        limit = self.words(right, self.type_of(left))
        if operator in ("=", "!="):
            return f"{self.words(left)} {_RELATION[operator]} {limit}"
        return f"{self.words(left)}: {_RELATION[operator]} {limit}"

    def operand(self, node: ex.Expr) -> str:
        text = self.words(node)
        return f"({text})" if isinstance(node, ex.Arithmetic) else text

    def title(self, node: ex.Name) -> str:
        meaning = self.scope.get(node.name)
        plain = node.name.rsplit(".", 1)[-1].replace("_", " ")
        if meaning is None:
            return plain
        if meaning.role is Role.PARAMETER:
            value = self.values.get(meaning.absolute)
            return f"{value} ‹{plain}›" if value else f"‹{plain}›"
        if meaning.role is Role.BAND:
            return f"band of the {meaning.title or meaning.absolute.split('.')[-2].replace('_', ' ')}"
        if meaning.role is Role.DECISION:
            own = meaning.ruleset == self.scope.ruleset.name
            return meaning.title or (plain if own else "") or f"decision of {meaning.ruleset.replace('_', ' ')}"
        return meaning.title or plain

    def type_of(self, node: ex.Expr) -> Type | None:
        """The type that a bare number beside it takes, where it is plain to see."""
        for name in ex.names(node):
            meaning: Meaning | None = self.scope.get(name.name)
            if meaning is not None and isinstance(meaning.of, Fact | Parameter):
                return meaning.of.type
        return None

    def inserted(self, template: str) -> str:
        """The sentence of a rule with the titles of what it inserts, and the values of thresholds."""

        def title(found: re.Match[str]) -> str:
            form = FORM.match(found[1])
            if form is None or form[1] == WHO:
                return f"[{found[1]}]"
            noun = f" {form[3]}" if form[3] else ""
            meaning = self.scope.get(form[1])
            value = self.values.get(meaning.absolute) if meaning else None
            return (value or f"[{self.title(ex.Name(form[1]))}]") + noun

        return PLACEHOLDER.sub(title, template)

"""The type of every expression, from the operator table's signatures; what does not fit is reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from samrules.check.scope import Meaning, Role, Scope, band_type, decision_type, field_of
from samrules.diagnostics import Diagnostic, did_you_mean, listed, nearest
from samrules.model import expressions as ex
from samrules.model import types as ty
from samrules.model.operators import OPERATORS, Signature
from samrules.model.ruleset import Decide, Fact
from samrules.model.types import Kind, Type
from samrules.syntax.library import SUFFIX, bundled_names
from samrules.syntax.printer import text_of

Report = Callable[[Diagnostic], None]

_COUNTS = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.RATIO})
_ORDERED = frozenset({*ty.NUMERIC, Kind.DATE, Kind.SCORE, Kind.AGE})
_CHOOSABLE = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.RATIO, Kind.MONEY, Kind.ORDINAL, Kind.DATE})


@attrs.define
class Typer:
    """Types the expressions of one ruleset.

    `definitions` holds the types of definitions by absolute name, filled in order of dependency;
    a definition that could not be typed is None, and what uses it is not reported again.
    """

    scope: Scope
    definitions: Mapping[str, Type | None]
    report: Report

    def condition(self, node: ex.Expr) -> None:
        """Type an expression that must be a condition."""
        self._boolean(node)

    def type_of(self, node: ex.Expr) -> Type | None:
        """The type, or None where it was reported to have none."""
        match node:
            case ex.Literal(value=value, kind=Kind.TEXT):
                return Type(Kind.ENUM, words=(str(value),), loose=True)
            case ex.Literal(kind=kind):
                return Type(kind, loose=node.loose)
            case ex.Name():
                return self._name(node)
            case ex.Not(operand=operand):
                self._boolean(operand)
                return ty.BOOLEAN
            case ex.All(operands=operands) | ex.Any_(operands=operands):
                for operand in operands:
                    self._boolean(operand)
                return ty.BOOLEAN
            case ex.AtLeast():
                return self._at_least(node)
            case ex.Compare():
                return self._compare(node)
            case ex.Between(subject=subject, low=low, high=high):
                for bound in (low, high):
                    self._comparable(node, ">=", subject, bound)
                return ty.BOOLEAN
            case ex.In():
                return self._in(node)
            case ex.Known(subject=subject):
                if (type_ := self.type_of(subject)) and type_.kind is Kind.AGE:
                    self._mismatch(subject, "an age is only compared with a duration",
                                   "ask whether the date itself is known")
                return ty.BOOLEAN
            case ex.Arithmetic():
                return self._arithmetic(node)
            case ex.Negate(operand=operand):
                return self._operand(operand, "-")
            case ex.Call():
                return self._call(node)
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                self._boolean(condition)
                return self._same(node, (then, otherwise))
        raise TypeError(f"{type(node).__name__} is not written by an author")

    # --- names ---

    def _name(self, node: ex.Name) -> Type | None:
        meaning = self.scope.get(node.name)
        if meaning is None:
            self.report(unknown_name(node, self.scope))
            return None
        if isinstance(meaning.of, Decide) and meaning.of.hit_policy == "collect":
            self._mismatch(node, f"`{node.name}` collects a list of outcomes",
                           "ask for the facts or definitions behind it")
            return None
        return self.meaning_type(meaning)

    def meaning_type(self, meaning: Meaning) -> Type | None:
        match meaning.role:
            case Role.FACT | Role.PARAMETER:
                measure = meaning.of.measure if isinstance(meaning.of, Fact) else None
                if measure and measure.of.field and field_of(measure, self.scope.events) is None:
                    return None  # it was reported where it is declared
                return meaning.of.type  # type: ignore[union-attr]
            case Role.DEFINITION:
                return self.definitions.get(meaning.absolute)
            case Role.SCORE:
                return ty.SCORE
            case Role.BAND:
                return band_type(meaning.of)  # type: ignore[arg-type]
            case Role.DECISION:
                return decision_type(meaning.of)  # type: ignore[arg-type]
            case Role.AS_OF:
                return ty.DATE

    # --- conditions ---

    def _boolean(self, node: ex.Expr) -> None:
        type_ = self.type_of(node)
        if type_ is None or type_.kind is Kind.BOOLEAN:
            return
        shown = text_of(node)
        example = {
            Kind.ENUM: f'`{shown} = "{type_.words[0]}"`' if type_.words else "",
            Kind.MONEY: f"`{shown} >= 1M`", Kind.RATIO: f"`{shown} >= 50%`",
            Kind.DATE: f"`age({shown}) >= 12 months`", Kind.AGE: f"`{shown} >= 12 months`",
            Kind.TEXT: f'`{shown} = "..."`', Kind.SCORE: f"`{shown} >= 70`",
        }.get(type_.kind, f"`{shown} >= 1`")
        if isinstance(node, ex.Literal):
            example = "a fact and a comparison"
        self._mismatch(node, f"`{shown}` is {_a(type_)}, not a condition",
                       f"compare it with something, as in {example}")

    def _at_least(self, node: ex.AtLeast) -> Type:
        for operand in node.operands:
            self._boolean(operand)
        if not 1 <= node.count <= len(node.operands):
            self.report(Diagnostic(
                "bad-value", f"at least {node.count} of {len(node.operands)} conditions",
                f"the count goes from 1 to {len(node.operands)}", node.span))
        return ty.BOOLEAN

    def _compare(self, node: ex.Compare) -> Type:
        self._comparable(node, node.operator, node.left, node.right)
        return ty.BOOLEAN

    def _comparable(self, node: ex.Expr, operator: str, left: ex.Expr, right: ex.Expr) -> None:
        if self._unquoted(left, right) or self._unquoted(right, left):
            return
        a, b = self.type_of(left), self.type_of(right)
        if a is None or b is None:
            return
        ordered = OPERATORS[operator].signature is Signature.ORDER
        if Kind.AGE in (a.kind, b.kind):
            self._compare_age(node, a, b, left, right)
            return
        if Kind.SCORE in (a.kind, b.kind):
            other = b if a.kind is Kind.SCORE else a
            if other.kind not in (Kind.INTEGER, Kind.NUMBER) or not ordered:
                self._mismatch(node, "a score is compared with a number by `<`, `<=`, `>` or `>=`",
                               "write `score >= 70`, or compare `score.band` with a band")
            return
        joined = self._join(node, left, a, right, b, "be compared")
        if joined is None:
            return
        if joined.kind is Kind.DURATION:
            self._mismatch(node, "two durations are not compared with each other",
                           "compare the age of a date: `age(day) >= 24 months`")
        elif ordered and joined.kind not in _ORDERED:
            self._mismatch(node, f"`{operator}` needs an order, and {_a(joined)} has none",
                           "use `=`, `!=` or `in`")

    def _unquoted(self, name: ex.Expr, other: ex.Expr) -> bool:
        """Whether a word stands without quotes where a text is meant: the commonest slip. Reports it."""
        if not isinstance(name, ex.Name) or name.name in self.scope:
            return False
        other_type = self.type_of(other) if isinstance(other, ex.Name) and other.name in self.scope else None
        if other_type is None or other_type.kind not in (Kind.ENUM, Kind.TEXT):
            return False
        words = other_type.words or (name.name,)
        near = nearest(name.name, words)
        help_ = f'texts are quoted: write `"{near}"`' if near else did_you_mean(name.name, words, "words")
        self.report(Diagnostic("unknown-name", f"nothing here is named `{name.name}`", help_, name.span))
        return True

    def _compare_age(self, node: ex.Expr, a: Type, b: Type, left: ex.Expr, right: ex.Expr) -> None:
        other, shown = (b, right) if a.kind is Kind.AGE else (a, left)
        if other.kind is not Kind.DURATION:
            self._mismatch(node, f"an age is compared with a duration, not with {_a(other)}",
                           f"write a duration such as `24 months` for `{text_of(shown)}`")

    def _in(self, node: ex.In) -> Type:
        subject = self.type_of(node.subject)
        if subject is not None and subject.kind in (Kind.AGE, Kind.SCORE):
            self._mismatch(node, f"`in` does not work on {_a(subject)}", "compare it with a bound")
            return ty.BOOLEAN
        for item in node.items:
            number = item.operand if isinstance(item, ex.Negate) else item
            if not isinstance(number, ex.Literal):
                self._mismatch(item, f"`{text_of(item)}` is not a constant",
                               "`in` takes a list of constants; write `a = b or a = c`")
            else:
                self._comparable(item, "=", node.subject, item)
        return ty.BOOLEAN

    # --- values ---

    def _arithmetic(self, node: ex.Arithmetic) -> Type | None:
        a, b = self._operand(node.left, node.operator), self._operand(node.right, node.operator)
        if a is None or b is None:
            return None
        if node.operator in "+-":
            return self._join(node, node.left, a, node.right, b,
                              "be added" if node.operator == "+" else "be subtracted")
        if node.operator == "*":
            return self._product(node, a, b)
        return self._quotient(node, a, b)

    def _operand(self, node: ex.Expr, operator: str) -> Type | None:
        type_ = self.type_of(node)
        if type_ is None:
            return None
        if type_.kind in (Kind.INTEGER, Kind.NUMBER, Kind.RATIO, Kind.MONEY):
            return type_
        cures = {
            Kind.ORDINAL: "an ordinal has an order but no distances; give it points in a scorecard",
            Kind.DATE: "use `age(date)` and compare it with a duration",
            Kind.SCORE: "a score may be an interval; compare it as it is",
        }
        self._mismatch(node, f"`{operator}` does not work on {_a(type_)}",
                       cures.get(type_.kind, "use numbers or amounts"))
        return None

    def _product(self, node: ex.Arithmetic, a: Type, b: Type) -> Type | None:
        if a.kind is Kind.MONEY and b.kind is Kind.MONEY:
            self._mismatch(node, "an amount of money times an amount of money has no meaning",
                           "multiply by a number or a ratio")
            return None
        if Kind.MONEY in (a.kind, b.kind):
            return ty.MONEY
        unit = a.unit or b.unit if not (a.unit and b.unit) else None
        if a.kind is b.kind and a.kind in (Kind.INTEGER, Kind.RATIO):
            return Type(a.kind, unit=unit, loose=a.loose and b.loose)
        return Type(Kind.NUMBER, unit=unit, loose=a.loose and b.loose)

    def _quotient(self, node: ex.Arithmetic, a: Type, b: Type) -> Type | None:
        if a.kind is Kind.MONEY and b.kind is Kind.MONEY:
            return ty.RATIO
        if b.kind is Kind.MONEY:
            self._mismatch(node, "a number divided by an amount of money has no meaning",
                           "divide money by money, or money by a number")
            return None
        if a.kind is Kind.MONEY:
            return ty.MONEY
        alike = a.kind is b.kind and a.kind in (Kind.INTEGER, Kind.RATIO) and not (a.loose or b.loose)
        if alike and (a.unit == b.unit or not (a.unit and b.unit)):
            return ty.RATIO
        return Type(Kind.NUMBER, unit=a.unit if not b.unit else None)

    def _call(self, node: ex.Call) -> Type | None:
        if node.function == "age":
            type_ = self.type_of(node.arguments[0])
            if type_ is not None and type_.kind is not Kind.DATE:
                self._mismatch(node, f"`age` takes a date, not {_a(type_)}",
                               "use the day something began, such as `age(designated_on)`")
            return ty.AGE
        if node.function == "abs":
            return self._operand(node.arguments[0], "abs")
        joined = self._same(node, node.arguments)
        if joined and node.function in ("min", "max") and joined.kind not in _CHOOSABLE:
            self._mismatch(node, f"`{node.function}` needs an order, and {_a(joined)} has none",
                           "use numbers, amounts or dates")
            return None
        return joined

    def _same(self, node: ex.Expr, parts: tuple[ex.Expr, ...]) -> Type | None:
        """The one type of all parts."""
        joined = self.type_of(parts[0])
        first = parts[0]
        for part in parts[1:]:
            type_ = self.type_of(part)
            if joined is None or type_ is None:
                joined = None
                continue
            joined = self._join(node, first, joined, part, type_, "stand for one another")
        if joined and joined.kind in (Kind.AGE, Kind.SCORE):
            self._mismatch(node, f"{_a(joined)} can only be compared", "compare it first")
            return None
        return joined

    # --- what may meet ---

    def _join(self, node: ex.Expr, left: ex.Expr, a: Type, right: ex.Expr, b: Type,
              doing: str) -> Type | None:
        """The type two operands share, or None with a report."""
        joined = join(a, b)
        if isinstance(joined, Type):
            if joined.kind is Kind.ORDINAL:
                for type_, operand in ((a, left), (b, right)):
                    if type_.loose and type_.kind is not Kind.INTEGER:
                        self._mismatch(operand, f"`{text_of(operand)}` is not a whole number",
                                       f"{_a(joined)} has whole numbers only")
                        return None
            return joined
        for words, literal in ((a, right), (b, left)):
            if words.kind is Kind.ENUM and not words.loose and isinstance(literal, ex.Literal) \
                    and isinstance(literal.value, str):
                self.report(Diagnostic(
                    "unknown-word", f"`{literal.value}` is not one of the words",
                    did_you_mean(literal.value, words.words, "words"), literal.span))
                return None
        if a.unit and b.unit and a.unit != b.unit:
            self.report(Diagnostic(
                "unit-mismatch", f"`{text_of(left)}` counts {a.unit} and `{text_of(right)}` {b.unit}",
                "use counts of the same unit", node.span))
            return None
        self._mismatch(node, f"`{text_of(left)}` is {_a(a)} and `{text_of(right)}` is {_a(b)}: "
                       f"they cannot {doing}", _cure(a, b))
        return None

    def _mismatch(self, node: ex.Expr, message: str, help_: str) -> None:
        self.report(Diagnostic("type-mismatch", message, help_, node.span))


def join(a: Type, b: Type) -> Type | None:
    """The type that both can be taken as, or None. docs/semantics.md, "What may meet"."""
    if a.kind is Kind.ENUM or b.kind is Kind.ENUM:
        return _join_words(a, b)
    if a.loose and b.loose:
        return Type(Kind.INTEGER if a.kind is b.kind is Kind.INTEGER else Kind.NUMBER, loose=True)
    if a.loose or b.loose:
        firm = b if a.loose else a
        return firm if firm.numeric else None
    if a.kind is b.kind and a.kind not in _COUNTS:
        return a if a == b else None
    if a.kind in _COUNTS and b.kind in _COUNTS:
        if a.unit and b.unit and a.unit != b.unit:
            return None
        if a.kind is not b.kind and {a.kind, b.kind} == {Kind.INTEGER, Kind.RATIO}:
            return None
        kind = a.kind if a.kind is b.kind else Kind.RATIO if Kind.RATIO in (a.kind, b.kind) else Kind.NUMBER
        return Type(kind, unit=a.unit or b.unit)
    if {a.kind, b.kind} == {Kind.ORDINAL, Kind.INTEGER}:
        return a if a.kind is Kind.ORDINAL else b
    return None


def _join_words(a: Type, b: Type) -> Type | None:
    if Kind.TEXT in (a.kind, b.kind):
        other = b if a.kind is Kind.TEXT else a
        return ty.TEXT if other.kind is Kind.TEXT or other.loose else None
    if a.kind is not b.kind:
        return None
    if a.loose and b.loose:
        return Type(Kind.ENUM, words=tuple(dict.fromkeys(a.words + b.words)), loose=True)
    if a.loose or b.loose:
        loose, firm = (a, b) if a.loose else (b, a)
        return firm if set(loose.words) <= set(firm.words) else None
    return a if set(a.words) == set(b.words) else None


def firm(type_: Type | None) -> Type | None:
    """The type of a definition: what it was loosely, it is from now on."""
    return attrs.evolve(type_, loose=False) if type_ is not None else None


def _a(type_: Type) -> str:
    if type_.loose:
        return "a text" if type_.kind is Kind.ENUM else "a plain number"
    names = {Kind.MONEY: "money", Kind.TEXT: "text", Kind.ENUM: "an enum"}
    if type_.kind in names:
        return names[type_.kind]
    shown = str(type_)
    return f"an {shown}" if shown[0] in "aeio" else f"a {shown}"


def _cure(a: Type, b: Type) -> str:
    kinds = {a.kind, b.kind}
    if Kind.DATE in kinds and Kind.ENUM in kinds:
        return "a date is written without quotes: `2026-11-21`"
    if Kind.MONEY in kinds and Kind.RATIO in kinds:
        return "compare money with an amount such as `5M`, and a ratio with `60%`"
    if Kind.ENUM in kinds or Kind.TEXT in kinds:
        return "texts are quoted, and compared with texts"
    if Kind.DATE in kinds and Kind.DURATION in kinds:
        return "use `age(date)` to compare with a duration"
    if Kind.DURATION in kinds:
        return "a duration is compared with `age(date)`; for a count of months write a plain number"
    if Kind.MONEY in kinds:
        return "write an amount such as `5M` or a fact that is money"
    return "compare like with like"


_MEANT = {
    "yes": "write `true`", "no": "write `false`", "null": "write `is missing`", "none": "write `is missing`",
    "nil": "write `is missing`", "today": "the date of the decision is `as_of`",
    "now": "the date of the decision is `as_of`",
}
"""Words of other languages, with ours."""


def unknown_name(node: ex.Name, scope: Scope) -> Diagnostic:
    """The report of a name that does not exist, with the most likely one that does."""
    known = list(scope.names())
    overlay = scope.ruleset.overlay
    gone = next((g for g in overlay.removed if g.name == node.name), None) if overlay is not None else None
    if gone is not None:
        return Diagnostic("unknown-name", f"`{gone.ruleset}` removed `{node.name}`, which is needed here",
                          "keep it, or replace or remove what asks for it as well", node.span)
    if "." not in node.name and nearest(node.name, known) is None:
        dotted = [n for n in known if n.endswith(f".{node.name}")]
        if dotted:
            return Diagnostic("unknown-name", f"nothing here is named `{node.name}`",
                              f"write `{dotted[0]}`", node.span)
    prefix = node.name.split(".")[0]
    if "." in node.name and prefix in scope.ruleset.uses:
        known = [n for n in known if n.startswith(f"{prefix}.")]
        return Diagnostic("unknown-name", f"`{prefix}` has nothing named `{node.name[len(prefix) + 1:]}`",
                          did_you_mean(node.name, known, f"names of `{prefix}`"), node.span)
    if node.name in _MEANT:
        return Diagnostic("unknown-name", f"nothing here is named `{node.name}`", _MEANT[node.name], node.span)
    near = nearest(node.name, known)
    if scope.only:
        help_ = f"did you mean `{near}`?" if near else \
            f"`where` and `value` see the fields of the event and parameters only: {listed(known)}"
        return Diagnostic("unknown-name", f"nothing here is named `{node.name}`", help_, node.span)
    own = [name for name in scope.ruleset.uses if name not in bundled_names()]
    renamed = f"was it renamed or removed in {' or '.join(f'`{name}{SUFFIX}`' for name in own)}? Else " if own else ""
    help_ = f"did you mean `{near}`?" if near else (
        f"{renamed}declare it under `facts` or `define`, or add the ruleset that declares it to `uses`")
    return Diagnostic("unknown-name", f"nothing here is named `{node.name}`", help_, node.span)

"""The source of a compiled plan: each node of the core as Python text, what is shared computed once.

No text of an author stands in the source. Facts are parameters with numbers for names, truths and finite numbers
are written as Python writes them, and every other constant is a name that is bound when the source is run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from samrules.engines.compiled import terms as t
from samrules.engines.compiled.terms import BOOLEAN, DOUBLE, MIXED, OTHER, WHOLE, Term
from samrules.engines.interpreter import date_before, same, value_of
from samrules.model import expressions as ex
from samrules.model.operators import OPERATORS
from samrules.model.ruleset import Fact
from samrules.model.types import INTEGER_LIMIT, Duration, Value

DAY = "day"
HELD = "held"
"""The parameter that tells of each `Held` whether its operand held at the earlier reviews that count."""

_DEEPEST = 16
"""How deeply texts are nested before a variable is made of one; Python has its own bound, far above."""
_EXACT = 2**53
_PYTHON = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CHEAP = (ex.Literal, ex.Name, ex.Cutoff, ex.Known)

NAMESPACE: dict[str, Any] = {
    "same": same, "date_before": date_before, "floor": math.floor,
    **{f"op_{i}": o.compute for i, o in enumerate(OPERATORS.values()) if o.compute is not None},
}
"""What every source may name."""
_COMPUTE = {o.name: f"op_{i}" for i, o in enumerate(OPERATORS.values())}


@attrs.define
class Writer:
    """Writes the statements of one function.

    Attributes:
        steps: the expressions that names may stand for.
        facts: the declared facts.
        parameters: the values in force.
        never: the `Held` of which it is known beforehand that they do not hold, on an account without reviews.
        given: the facts that are read, each with the name of its parameter, in the order met.
        bound: the constants that are bound to names.
        cutoffs: the lengths of time of which the date so long before the day is bound to a name.
    """

    steps: Mapping[str, ex.Expr]
    facts: Mapping[str, Fact]
    parameters: Mapping[str, Value]
    places: Mapping[ex.Held, int]
    never: frozenset[ex.Held] = frozenset()
    given: dict[str, str] = attrs.field(factory=dict)
    bound: dict[Value, str] = attrs.field(factory=dict)
    cutoffs: dict[Duration, str] = attrs.field(factory=dict)
    lines: list[str] = attrs.field(factory=list)
    _done: dict[ex.Expr, Term] = attrs.field(factory=dict)
    _uses: dict[ex.Expr, int] = attrs.field(factory=dict)
    _made: int = 0

    def expect(self, roots: Iterable[ex.Expr]) -> None:
        """Count what will be needed, so that what is needed twice gets a variable."""
        ex.count_uses(roots, self.steps, self._uses, self.never)

    def term(self, node: ex.Expr) -> Term:
        """The text of a node."""
        found = self._done.get(node)
        if found is None:
            found = self._written(node)
            shared = self._uses.get(node, 0) > 1 and self._worth_a_variable(node)
            if shared or found.depth > _DEEPEST:
                found = self.hold(found)
            self._done[node] = found
        return found

    def _worth_a_variable(self, node: ex.Expr) -> bool:
        """Whether a node is dearer than a variable: a comparison of what is at hand is not."""
        if isinstance(node, ex.Name):
            return node.name in self.steps
        return not isinstance(node, _CHEAP) and any(not isinstance(c, _CHEAP) for c in ex.children(node))

    def hold(self, term: Term) -> Term:
        """The term as a variable; what may stand in several places stays as it is."""
        if term.atom:
            return term
        return self.variable([f"{{}} = {term.text}"], term.form, term.nullable, term.low, term.high)

    def variable(self, lines: list[str], form: str | None, nullable: bool = True,
                 low: float = -math.inf, high: float = math.inf) -> Term:
        """A new variable, set by these statements, in which `{}` stands for it."""
        self._made += 1
        name = f"v{self._made}"
        self.lines += [line.format(name) for line in lines]
        return t.named(name, form, nullable, low, high)

    # --- leaves ---

    def constant(self, value: Value | None) -> Term:
        if value is None or isinstance(value, bool):
            return t.known_truth(value) if value is not None else attrs.evolve(t.known_truth(None), form=None)
        if isinstance(value, int | float):
            text = repr(value) if value >= 0 else f"({value!r})"
            return Term(text, t.form_of_value(value), False, atom=True, constant=True, value=value,
                        low=float(value), high=float(value))
        name = self.bound.setdefault(value, f"k{len(self.bound)}")  # texts, dates and durations: none equals another's kind
        return Term(name, OTHER, False, atom=True, constant=True, value=value)

    def _name(self, name: str) -> Term:
        if name in self.steps:
            return self.term(self.steps[name])
        if name in self.parameters:
            return self.constant(self.parameters[name])
        if name == "as_of":
            return Term(DAY, OTHER, False, atom=True)
        fact = self.facts.get(name)
        if fact is None:
            return self.constant(None)
        local = self.given.setdefault(name, f"p{len(self.given)}")
        return t.named(local, t.form_of(fact.type.kind), True)

    def _cutoff(self, length: Term) -> Term:
        if length.constant:
            if not isinstance(length.value, Duration):
                return self.constant(None)
            return Term(self.cutoffs.setdefault(length.value, f"c{len(self.cutoffs)}"), OTHER, False, atom=True)
        return self.variable([f"{{}} = date_before({length.text}, {DAY})"], OTHER, length.nullable)

    def _held(self, node: ex.Held) -> Term:
        if node in self.never:
            return t.known_truth(False)
        now = self.term(node.operand)
        return t.every([now, self.variable([f"{{}} = {HELD}[{self.places[node]}]"], BOOLEAN)])

    # --- nodes ---

    def _written(self, node: ex.Expr) -> Term:
        match node:
            case ex.Literal(value=value):
                return self.constant(value)
            case ex.Name(name=name):
                return self._name(name)
            case ex.Cutoff(duration=duration):
                return self._cutoff(self.term(duration))
            case ex.Held():
                return self._held(node)
        parts = [self.term(child) for child in ex.children(node)]
        if parts and all(p.constant for p in parts):
            return self.constant(value_of(node, [p.value for p in parts]))
        return self._from_parts(node, parts)

    def _from_parts(self, node: ex.Expr, v: list[Term]) -> Term:
        match node:
            case ex.Not():
                return t.negated(v[0])
            case ex.All():
                return t.every(v)
            case ex.Any_():
                return t.some(v)
            case ex.AtLeast(count=count):
                return self._at_least(count, v)
            case ex.Compare(operator=operator):
                return self._compared(operator, *map(self.hold, v))
            case ex.Between():
                subject, low, high = map(self.hold, v)
                return self._between(subject, low, high)
            case ex.In():
                return self._among(self.hold(v[0]), v[1:])
            case ex.Known(known=known):
                return self._presence(self.hold(v[0]), known)
            case ex.Arithmetic(operator=operator):
                return self._calculated(operator, *map(self.hold, v))
            case ex.Negate():
                return self._calculated("-", self.constant(0), self.hold(v[0]))
            case ex.Call(function="coalesce"):
                return self._coalesced(v)
            case ex.Call(function=function):
                return self._called(function, [self.hold(x) for x in v])
            case ex.If():
                return self._chosen(*v)
            case ex.Certain():
                return t.settled(t.truth(v[0].certain, v[0].certain, v[0].depth, False))
            case ex.Possible():
                return t.settled(t.truth(v[0].possible, v[0].possible, v[0].depth, False))
            case ex.Maybe():
                return t.settled(t.truth(v[0].certain, t.joined("or", [v[0].certain, v[1].certain]),
                                         max(x.depth for x in v)))
        raise TypeError(f"the compiler does not know {type(node).__name__}")

    def _at_least(self, count: int, v: list[Term]) -> Term:
        def counted(questions: list[str]) -> str:
            return f"({' + '.join(f'(1 if {q} else 0)' for q in questions)} >= {count})" if questions else repr(count <= 0)

        return t.settled(t.truth(counted([x.certain for x in v]), counted([x.possible for x in v]),
                                 max((x.depth for x in v), default=0) + 2, any(x.nullable for x in v)))

    def _compared(self, operator: str, a: Term, b: Term) -> Term:
        if None in (a.form, b.form):
            return self.constant(None)
        return _guarded([a, b], _comparison(operator, a, b))

    def _between(self, subject: Term, low: Term, high: Term) -> Term:
        plain = subject.form == low.form == high.form and MIXED != subject.form is not None
        if plain and not low.nullable and not high.nullable:
            return _guarded([subject], f"{low.text} <= {subject.text} <= {high.text}")
        return t.every([self._compared(">=", subject, low), self._compared("<=", subject, high)])

    def _among(self, subject: Term, items: list[Term]) -> Term:
        if subject.form in (OTHER, WHOLE, DOUBLE) and all(i.constant and i.form == subject.form for i in items):
            return _guarded([subject], f"{subject.text} in ({', '.join(i.text for i in items)},)")
        return t.some([self._compared("=", subject, self.hold(i)) for i in items])

    def _presence(self, v: Term, known: bool) -> Term:
        if not v.nullable:
            return t.known_truth(known)
        return t.two_valued(f"({v.text} is {'not ' if known else ''}None)", v.depth)

    def _calculated(self, operator: str, a: Term, b: Term) -> Term:
        if None in (a.form, b.form):
            return self.constant(None)
        low, high = _bounds(operator, a, b)
        if MIXED in (a.form, b.form):
            return self._strict([a, b], [f"{{}} = {_COMPUTE[operator]}({a.text}, {b.text})"], MIXED, True)
        if operator == "/":
            made = f"{{}} = {_double(a)} / {_double(b)} if {b.text} else None"
            return self._strict([a, b], [made, "if {0} is not None: {0} = {0} + 0.0 if {0} - {0} == 0.0 else None"], DOUBLE, True)
        if a.form == b.form == WHOLE:
            made = f"{{}} = {a.text} {operator} {b.text}"
            return self._strict([a, b], [made, f"if not -{INTEGER_LIMIT} <= {{0}} < {INTEGER_LIMIT}: {{0}} = None"], WHOLE, True)
        made = f"{_double(a)} {operator} {_double(b)}"
        if math.isfinite(low) and math.isfinite(high):
            return self._strict([a, b], [f"{{}} = {made} + 0.0"], DOUBLE, False, low, high)
        return self._strict([a, b], [f"{{}} = {made}", "{0} = {0} + 0.0 if {0} - {0} == 0.0 else None"], DOUBLE, True)

    def _strict(self, operands: list[Term], lines: list[str], form: str, fails: bool,
                low: float = -math.inf, high: float = math.inf) -> Term:
        """A variable that is missing where an operand is. `fails`: or where the statements make it None."""
        guards = [f"{o.text} is not None" for o in operands if o.nullable]
        if guards:
            lines = [f"if {' and '.join(dict.fromkeys(guards))}:", *(f"    {line}" for line in lines), "else:", "    {0} = None"]
        return self.variable(lines, form, bool(guards) or fails, low, high)

    def _called(self, function: str, v: list[Term]) -> Term:
        forms = {x.form for x in v}
        if None in forms:
            return self.constant(None)
        form = forms.pop() if len(forms) == 1 else MIXED
        assert form is not None
        if function in ("min", "max"):
            choose = min if function == "min" else max
            low, high = choose(x.low for x in v), choose(x.high for x in v)
            if form == MIXED:
                return self._strict(v, [f"{{}} = {_COMPUTE[function]}({', '.join(x.text for x in v)})"], DOUBLE, False, low, high)
            if len(v) == 2:
                sign = "<" if function == "min" else ">"
                made = f"{{}} = {v[1].text} if {v[1].text} {sign} {v[0].text} else {v[0].text}"
            else:
                made = f"{{}} = {function}({', '.join(x.text for x in v)})"
            return self._strict(v, [made], form, False, low, high)
        if function == "millionth" and form == DOUBLE and v[0].bounded:
            low, high = (OPERATORS["millionth"].compute(end) for end in (v[0].low, v[0].high))  # type: ignore[misc]
            return self._strict(v, [f"{{}} = floor({v[0].text} * 1e6 + 0.5) / 1e6 + 0.0"], DOUBLE, False, low, high)
        return self._strict(v, [f"{{}} = {_COMPUTE[function]}({v[0].text})"], DOUBLE if function == "millionth" else form, True)

    def _coalesced(self, v: list[Term]) -> Term:
        text, found = v[-1].text, v[-1]
        for x in reversed(v[:-1]):
            if not x.nullable:
                text, found = x.text, x
                continue
            held = self.hold(x)
            text = f"({held.text} if {held.text} is not None else {text})"
            found = Term(text, _shared_form(held, found), found.nullable, depth=found.depth + 1,
                         low=min(held.low, found.low), high=max(held.high, found.high))
        return self._as_value(found)

    def _chosen(self, condition: Term, then: Term, otherwise: Term) -> Term:
        form = _shared_form(then, otherwise)
        low, high = min(then.low, otherwise.low), max(then.high, otherwise.high)
        if condition.constant and condition.value is not None:
            return then if condition.value is True else otherwise
        if not condition.nullable:
            depth = 1 + max(x.depth for x in (condition, then, otherwise))
            if form == BOOLEAN:
                certain, possible = (f"({x} if {condition.certain} else {y})" for x, y in
                                     ((then.certain, otherwise.certain), (then.possible, otherwise.possible)))
                return t.truth(certain, possible, depth, then.nullable or otherwise.nullable)
            text = f"({then.text} if {condition.certain} else {otherwise.text})"
            return Term(text, form, then.nullable or otherwise.nullable, depth=depth, low=low, high=high)
        then, otherwise = self.hold(then), self.hold(otherwise)
        text = (f"({then.text} if {condition.certain} else {otherwise.text} if not {condition.possible} else "
                f"({then.text} if same({then.text}, {otherwise.text}) else None))")
        return self._as_value(Term(text, form, True, depth=condition.depth + 2, low=low, high=high))

    def _as_value(self, term: Term) -> Term:
        """A term that has its value only; a condition becomes a variable, of which one can ask."""
        if term.form == BOOLEAN and not term.atom:
            return self.hold(attrs.evolve(term, certain="", possible=""))
        return term


def _guarded(operands: list[Term], question: str) -> Term:
    """A condition that is unknown where an operand is missing."""
    missing = list(dict.fromkeys(o.text for o in operands if o.nullable))
    if not missing:
        return t.two_valued(f"({question})", 1)
    known = " and ".join(f"{m} is not None" for m in missing)
    certain = f"({known} and {question})"
    possible = f"({' or '.join(f'{m} is None' for m in missing)} or {question})"
    return Term(f"({question} if {known} else None)", BOOLEAN, True, certain, possible, depth=1)


def _comparison(operator: str, a: Term, b: Term) -> str:
    """A comparison of two values that are there: an integer meets a double as a double."""
    if MIXED in (a.form, b.form):
        return f"{_COMPUTE[operator]}({a.text}, {b.text})"
    if {a.form, b.form} == {WHOLE, DOUBLE}:
        return f"{_double(a)} {_PYTHON[operator]} {_double(b)}"
    return f"{a.text} {_PYTHON[operator]} {b.text}"


def _double(term: Term) -> str:
    if term.form != WHOLE:
        return term.text
    return repr(float(term.value)) if isinstance(term.value, int) and 0 <= term.value < _EXACT else f"float({term.text})"


def _shared_form(a: Term, b: Term) -> str | None:
    if a.form is None or b.form is None:
        return a.form or b.form
    return a.form if a.form == b.form else MIXED


def _bounds(operator: str, a: Term, b: Term) -> tuple[float, float]:
    if not (a.bounded and b.bounded and a.form == b.form == DOUBLE):
        return -math.inf, math.inf
    if operator == "+":
        return a.low + b.low, a.high + b.high
    if operator == "-":
        return a.low - b.high, a.high - b.low
    if operator == "*":
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        return min(ends), max(ends)
    return -math.inf, math.inf

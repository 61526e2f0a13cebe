"""The compiler: nodes of the core to columns of a frame, what is shared computed once.

Columns are laid out in layers: each layer names only columns of the layers before it, so that a layer
is one `with_columns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

import attrs
import narwhals as nw

from samrules.engines.frame import terms as t
from samrules.engines.frame.dialect import day_literal
from samrules.engines.frame.layers import Layers, LazyFrame
from samrules.engines.frame.terms import Term
from samrules.engines.interpreter import date_before
from samrules.model import expressions as ex
from samrules.model.types import Duration, Value

HeldBy = Callable[[ex.Held, Term], Term]
"""Whether what must be sustained was, from the node and its operand at this review."""


@attrs.define
class Compiler:
    """Compiles the steps of a plan, or other expressions, over the columns of one frame.

    Attributes:
        steps: the expressions that names may stand for.
        given: the terms of facts or fields, by name; a name that is not there is missing.
        parameters: the values in force on the day, or on the day of each row.
        day: the day of the decision, or the column that holds it.
        held: what `Held` means in this frame.
        prefix: what the names of made columns begin with.
        deferred: whether columns are made for later, for some of the rows only.
    """

    steps: Mapping[str, ex.Expr]
    given: Mapping[str, Term]
    parameters: Mapping[str, Value | Term]
    day: date | Term
    held: HeldBy | None = None
    prefix: str = "~"
    deferred: bool = False
    layers: list[dict[str, nw.Expr]] = attrs.field(factory=list)
    later: list[dict[str, nw.Expr]] = attrs.field(factory=list)
    _done: dict[ex.Expr, Term] = attrs.field(factory=dict)
    _uses: dict[ex.Expr, int] = attrs.field(factory=dict)
    _made: int = 0

    def expect(self, roots: Iterable[ex.Expr]) -> None:
        """Count what will be needed, so that what is needed twice gets a column."""
        ex.count_uses(roots, self.steps, self._uses)

    def term(self, node: ex.Expr) -> Term:
        """The value of a node in every row."""
        if node not in self._done:
            found = self._compiled(node)
            shared = self._uses.get(node, 0) > 1 and not isinstance(node, ex.Literal)
            self._done[node] = self.hold(found) if shared else found
        return self._done[node]

    def held_term(self, node: ex.Expr) -> Term:
        """The value of a node as a column, which may be named in several places."""
        self._done[node] = self.hold(self.term(node))
        return self._done[node]

    def hold(self, term: Term) -> Term:
        """The term as a column; constants and columns stay as they are."""
        if term.constant or term.is_column:
            return term
        self._made += 1
        return self.named(term, f"{self.prefix}{self._made}")

    def named(self, term: Term, name: str) -> Term:
        """The term as a column of this name."""
        layers = self.later if self.deferred else self.layers
        while len(layers) <= term.layer:
            layers.append({})
        layers[term.layer][name] = term.expr
        return attrs.evolve(term, expr=nw.col(name), layer=term.layer + 1, is_column=True)

    def lay(self, frame: LazyFrame, wanted: Iterable[nw.Expr] | None = None) -> LazyFrame:
        """The frame with every column that was made and not deferred.

        With `wanted`, columns that these expressions do not name may be left out, but for those to be given out.
        """
        return Layers(self.layers).over(frame, wanted)

    # --- nodes ---

    def _compiled(self, node: ex.Expr) -> Term:
        match node:
            case ex.Literal(value=value):
                return t.constant(value)
            case ex.Name(name=name):
                return self._name(name)
            case ex.Cutoff(duration=duration):
                return self._cutoff(self.term(duration))
            case ex.Held(operand=operand):
                if self.held is None:
                    raise TypeError("nothing is sustained here")
                return self.held(node, as_truth(self.held_term(operand)))
        parts = [self.term(child) for child in ex.children(node)]
        return self._from_parts(node, parts)

    def _from_parts(self, node: ex.Expr, v: list[Term]) -> Term:
        match node:
            case ex.Not():
                return t.negated(as_truth(v[0]))
            case ex.All():
                return t.every([as_truth(x) for x in v])
            case ex.Any_():
                return t.some([as_truth(x) for x in v])
            case ex.AtLeast(count=count):
                return t.at_least(count, [self.hold(as_truth(x)) for x in v])
            case ex.Compare(operator=operator):
                return t.compared(operator, v[0], v[1])
            case ex.Arithmetic(operator=operator):
                return t.calculated(operator, v[0], v[1], self.hold)
            case ex.Between():
                subject = self.hold(v[0])
                return t.every([t.compared(">=", subject, v[1]), t.compared("<=", subject, v[2])])
            case ex.In():
                return t.among(self.hold(v[0]), v[1:])
            case ex.Known(known=known):
                return _presence(v[0], known)
            case ex.Negate():
                return t.opposite(v[0], self.hold)
            case ex.Call(function=function):
                return self._call(function, v)
            case ex.If():
                return t.choice(as_truth(v[0]), v[1], v[2], self.hold)
            case ex.Certain():
                return t.certain(as_truth(v[0]))
            case ex.Possible():
                return t.possible(as_truth(v[0]))
            case ex.Maybe():
                return t.maybe(as_truth(v[0]), as_truth(v[1]))
        raise TypeError(f"the frame engine does not know {type(node).__name__}")

    def _call(self, function: str, v: list[Term]) -> Term:
        match function:
            case "coalesce":
                return t.first_known(v)
            case "min" | "max":
                return t.extreme(function, v, self.hold)
            case "abs":
                return t.size(v[0], self.hold)
            case "millionth":
                return t.millionth(v[0], self.hold)
        raise TypeError(f"the frame engine does not know the function {function}")

    def _name(self, name: str) -> Term:
        if name in self.steps:
            return self.held_term(self.steps[name])
        if name in self.parameters:
            value = self.parameters[name]
            return value if isinstance(value, Term) else t.constant(value)
        if name == "as_of":
            return self.day if isinstance(self.day, Term) else t.constant(self.day)
        return self.given.get(name, t.constant(None))

    # --- days ---

    def _cutoff(self, length: Term) -> Term:
        """The day less a duration. A duration that is not the same in every row is one of a few."""
        if length.constant:
            return self._before(length.value if isinstance(length.value, Duration) else None)
        found: Term = t.constant(None, t.DATE)
        length = self.hold(length)
        for span in sorted(length.spans):
            before = self._before(span)
            chosen = nw.when(length.expr == t.span_code(span)).then(before.expr).otherwise(found.expr)
            found = Term(chosen, t.DATE, max(length.layer, before.layer))
        return found

    def _before(self, span: Duration | None) -> Term:
        if span is None:
            return t.constant(None, t.DATE)
        if not isinstance(self.day, Term):
            return t.constant(date_before(span, self.day), t.DATE)
        return days_before(self.day, span, self.hold)


def days_before(day: Term, span: Duration, hold: t.Hold) -> Term:
    """The date so long before the day of each row; before the calendar begins, its first day."""
    back = f"-{span.days}d" if span.days else f"-{span.months}mo"
    offset = day.expr.dt.offset_by(back).cast(nw.Date) if span.days or span.months else day.expr
    before = hold(Term(offset, t.DATE, day.layer, day.known))
    first = day_literal(date.min)
    expr = nw.when(before.expr < first).then(first).otherwise(before.expr)
    return Term(expr, t.DATE, before.layer, day.known)


def as_truth(term: Term) -> Term:
    """A condition of which nothing is known in any row is unknown."""
    return t.UNKNOWN if term.sort == t.NOTHING else term


def _presence(term: Term, known: bool) -> Term:
    if term.constant or term.known:
        return t.constant((term.known or term.value is not None) is known)
    expr = ~term.expr.is_null() if known else term.expr.is_null()
    return Term(expr, t.BOOL, term.layer, True)

"""Gaps and overlaps of decision tables, each with an example account.

The inputs of a table are taken as values that do not hang on each other, parameters at their latest
value. A number or a date matters only by which thresholds it is above, at or below: so the thresholds
themselves, and a value on either side of each, stand for all. Every combination is tried, or none.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import attrs

from samrules.check.scope import Meaning, Role, Scope
from samrules.check.typing import Typer
from samrules.diagnostics import Diagnostic
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.operators import FLIPPED, OPERATORS
from samrules.model.types import INTEGER_LIMIT, Duration, Kind, Type, Value
from samrules.syntax.literals import constant_text
from samrules.syntax.printer import text_of

MOST_COMBINATIONS = 50_000
"""With more, a table is left unchecked, and a note says so."""

MOST_TESTS = 1_000_000
"""Cells times values of an input: as many as are tried in about a second."""

_WHOLE = (Kind.INTEGER, Kind.ORDINAL, Kind.DATE)
_LINES = (*_WHOLE, Kind.NUMBER, Kind.RATIO, Kind.MONEY, Kind.SCORE)
_WORDS = (Kind.TEXT, Kind.ENUM, Kind.BOOLEAN)


class Unchecked(Exception):
    """Why a table cannot be looked through."""


@attrs.frozen
class Point:
    """A value of an input, and how an example calls it. None is a missing value."""

    value: Value | None
    shown: str


@attrs.frozen
class Axis:
    """An input with the values that stand for all it can have; for each, the rows it leaves.

    Rows are bits of a number, the first row the lowest. `held` are those whose cells hold, `open`
    those whose cells do not fail: where a value is missing, a test is neither.
    """

    input: ex.Expr
    points: tuple[Point, ...]
    held: tuple[int, ...]
    open: tuple[int, ...]


Example = tuple[tuple[ex.Expr, Point], ...]


@attrs.frozen
class Survey:
    """What was found in a table. Rows count from 0."""

    gap: Example | None
    overlaps: dict[tuple[int, int], Example]
    covered: tuple[int, ...]
    """Rows that can apply, but never as the first."""


def findings(ruleset: rs.Ruleset, scope: Scope, types: dict[str, Type]) -> Iterator[Diagnostic]:
    """The findings of every table of a ruleset that has no errors."""
    decide = ruleset.decide
    for table in ruleset.tables if decide else ():
        assert decide is not None
        surveyor = Surveyor(table, decide, scope, types)
        try:
            survey = surveyor.survey()
        except Unchecked as reason:
            yield Diagnostic("table-unchecked", f"gaps and overlaps of the table `{table.name}` were not looked for: "
                             f"{reason}", "compare with constants and parameters; a large table can be split", table.span)
            continue
        real = surveyor.independent
        if survey.gap is not None:
            yield Diagnostic("table-gap", f"no row of the table `{table.name}` applies, {_for(survey.gap, real)}",
                             "add a row for it, or a last row of `-` only", table.span)
        for (first, second), example in survey.overlaps.items():
            yield Diagnostic(
                "table-overlap", f"rows {first + 1} and {second + 1} of the table `{table.name}` differ and both "
                f"apply, {_for(example, real)}", "let only one of the two apply", table.rows[second].span)
        for row in survey.covered:
            yield Diagnostic("unreachable-row", f"whenever row {row + 1} of the table `{table.name}` applies, an "
                             "earlier row does too", "put the stricter row first", table.rows[row].span)


def _for(example: Example, real: bool) -> str:
    """The example in words; where inputs may hang on each other, only supposed."""
    said = [f"{text_of(node)} {point.shown}" for node, point in example]
    if not said:
        return "whatever the account"
    return f"for example for {', '.join(said)}" + ("" if real else " (if there can be such an account)")


@attrs.define
class Surveyor:
    """Looks through one table."""

    table: rs.DecisionTable
    decide: rs.Decide
    scope: Scope
    types: dict[str, Type]
    day: date = attrs.field(init=False)
    """The day of the examples: no parameter has a later value."""

    def __attrs_post_init__(self) -> None:
        parameters = [m.of for m in self.scope.meanings.values() if isinstance(m.of, rs.Parameter)]
        self.day = max((p.values[-1].since for p in parameters if p.values), default=date(2000, 1, 1))

    def survey(self) -> Survey:
        """Raises Unchecked."""
        axes = self.axes()
        combinations = math.prod(len(a.points) for a in axes)
        if combinations > MOST_COMBINATIONS:
            raise Unchecked(f"its inputs have {combinations:,} combinations, and {MOST_COMBINATIONS:,} are tried")
        everything = (1 << len(self.table.rows)) - 1
        outcomes = [self.outcome(row) for row in self.table.rows]
        same = {o: sum(1 << i for i, other in enumerate(outcomes) if other == o) for o in set(outcomes)}
        gap: Example | None = None
        overlaps: dict[int, tuple[int, Example]] = {}
        seen = counted = 0
        for chosen, held, open_ in _combinations(axes, everything):
            if not open_ and gap is None:
                gap = _gap(axes, chosen, everything)
            seen |= open_
            first = held & -held
            counted |= open_ & ((first << 1) - 1) if first else open_
            if self.decide.hit_policy == "unique" and first:
                others = held & ~same[outcomes[first.bit_length() - 1]]
                while others:
                    row = (others & -others).bit_length() - 1
                    overlaps.setdefault(row, (first.bit_length() - 1, self.both(
                        axes, chosen, first.bit_length() - 1, row)))
                    others &= others - 1
        covered = seen & ~counted if self.decide.hit_policy == "first" else 0
        return Survey(gap, {(f, s): e for s, (f, e) in sorted(overlaps.items())},
                      tuple(i for i in range(len(outcomes)) if covered >> i & 1))

    def both(self, axes: list[Axis], chosen: tuple[int, ...], first: int, second: int) -> Example:
        """The part of an example that the cells of two rows ask for."""
        rows = self.table.rows[first], self.table.rows[second]
        asked = {node for row in rows for node, cell in zip(self.table.inputs, row.when, strict=True)
                 if cell.test != "any"}
        return tuple((a.input, a.points[i]) for a, i in zip(axes, chosen, strict=True) if a.input in asked)

    def outcome(self, row: rs.TableRow) -> object:
        return next((a.value for a in row.then if a.name == self.decide.name), None)

    @property
    def independent(self) -> bool:
        """Whether every input is a fact, or the age of one, and no two are the same fact."""
        facts = []
        for node in self.tested():
            inner = node.arguments[0] if isinstance(node, ex.Call) and node.function == "age" else node
            meaning = self.meaning(inner)
            if meaning is None or meaning.role is not Role.FACT:
                return False
            facts.append(meaning.absolute)
        return len(set(facts)) == len(facts)

    # --- the inputs ---

    def tested(self) -> list[ex.Expr]:
        """The inputs of which some row asks something, each once."""
        asked = {node for i, node in enumerate(self.table.inputs)
                 if any(row.when[i].test != "any" for row in self.table.rows)}
        return [node for node in dict.fromkeys(self.table.inputs) if node in asked]

    def axes(self) -> list[Axis]:
        return [self.axis(node) for node in self.tested()]

    def axis(self, node: ex.Expr) -> Axis:
        columns = [i for i, other in enumerate(self.table.inputs) if other == node]
        cells = [[row.when[i] for i in columns] for row in self.table.rows]
        limits = {id(c): tuple(self.limit(o, node) for o in c.operands) for row in cells for c in row}
        type_ = Typer(self.scope, self.types, lambda _: None).type_of(node)
        points = self.points(node, type_, sorted({v for each in limits.values() for v in each}, key=_order))
        if any(c.test in ("known", "missing") for row in cells for c in row):
            points.append(Point(None, "missing"))
        if len(points) * len(cells) * len(columns) > MOST_TESTS:
            raise Unchecked(f"`{text_of(node)}` is compared with {len(points):,} values in {len(cells):,} rows")
        flipped = type_ is not None and type_.kind is Kind.AGE
        held, open_ = [], []
        for point in points:
            truths = [[_truth(c.test, point.value, limits[id(c)], flipped) for c in row] for row in cells]
            held.append(sum(1 << i for i, row in enumerate(truths) if all(t is True for t in row)))
            open_.append(sum(1 << i for i, row in enumerate(truths) if all(t is not False for t in row)))
        return Axis(node, tuple(points), tuple(held), tuple(open_))

    def limit(self, operand: ex.Expr, node: ex.Expr) -> Value:
        """What a cell compares with, as a constant; a duration becomes the day so long before."""
        value = self.constant(operand)
        if value is None:
            raise Unchecked(f"a row compares `{text_of(node)}` with `{text_of(operand)}`, which is not constant")
        if isinstance(value, Duration):
            try:
                return value.before(self.day)
            except (OverflowError, ValueError):
                return date.min
        return value

    def constant(self, node: ex.Expr) -> Value | None:
        match node:
            case ex.Literal(value=value):
                return value
            case ex.Name():
                of = meaning.of if (meaning := self.meaning(node)) else None
                return of.values[-1].value if isinstance(of, rs.Parameter) and of.values else None
            case ex.Negate(operand=operand):
                return self.computed("-", [0, self.constant(operand)])
            case ex.Arithmetic(operator=operator, left=left, right=right):
                return self.computed(operator, [self.constant(left), self.constant(right)])
        return None

    def computed(self, operator: str, values: Sequence[Value | None]) -> Value | None:
        compute = OPERATORS[operator].compute
        if compute is None or None in values:
            return None
        result: Value | None = compute(*values)
        return result

    def meaning(self, node: ex.Expr) -> Meaning | None:
        return self.scope.get(node.name) if isinstance(node, ex.Name) else None

    # --- the values that stand for all ---

    def points(self, node: ex.Expr, type_: Type | None, limits: list[Value]) -> list[Point]:
        kind = type_.kind if type_ else None
        meaning = self.meaning(node)
        if type_ is None or kind not in (*_LINES, *_WORDS, Kind.AGE):
            raise Unchecked(f"`{text_of(node)}` has values that are not followed")
        if kind is Kind.AGE:
            return self.ages([v for v in limits if isinstance(v, date)])
        if meaning and isinstance(meaning.of, rs.Definition) and (values := self.choices(meaning.of.value)):
            return [Point(v, _shown(v, type_.kind)) for v in sorted(values, key=_order)]
        if kind in _WORDS:
            return [Point(v, _shown(v, type_.kind)) for v in _words(type_, limits)]
        low, high = _bounds(type_, meaning)
        found = _line([_on_line(v) for v in limits], low, high, whole=kind in _WHOLE)
        on_line: list[Value] = [date.fromordinal(int(v)) if kind is Kind.DATE else v for v in found]
        return [Point(v, _shown(v, type_.kind)) for v in on_line]

    def choices(self, node: ex.Expr) -> set[Value]:
        """The values of a definition that chooses among constants; none where it does anything else."""
        if not isinstance(node, ex.If):
            return set()
        found: set[Value] = set()
        for branch in (node.then, node.otherwise):
            value = self.constant(branch)
            inner = {value} if value is not None else self.choices(branch)
            if not inner:
                return set()
            found |= inner
        return found

    def ages(self, days: list[date]) -> list[Point]:
        """A day is as old as each limit, and a day older and younger."""
        found: dict[date, str] = {}
        for day in days:
            for step, word in ((0, ""), (1, "less than "), (-1, "more than ")):
                if date.min.toordinal() <= day.toordinal() + step <= date.max.toordinal():
                    found.setdefault(day + timedelta(days=step), word + self.duration_of(day))
        return [Point(d, found[d]) for d in sorted(found)]

    def duration_of(self, day: date) -> str:
        """How the table writes the duration that ends on this day."""
        for row in self.table.rows:
            for cell in row.when:
                for operand in cell.operands:
                    value = self.constant(operand)
                    if isinstance(value, Duration) and self.limit(operand, operand) == day:
                        return str(value)
        return day.isoformat()


def _combinations(axes: list[Axis], everything: int) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Every choice of a point on each axis, with the rows that hold and those that are open there."""
    stack: list[tuple[tuple[int, ...], int, int]] = [((), everything, everything)]
    while stack:
        chosen, held, open_ = stack.pop()
        if len(chosen) == len(axes):
            yield chosen, held, open_
            continue
        axis = axes[len(chosen)]
        stack += [((*chosen, i), held & axis.held[i], open_ & axis.open[i])
                  for i in reversed(range(len(axis.points)))]


def _gap(axes: list[Axis], chosen: tuple[int, ...], everything: int) -> Example:
    """An example to which no row applies, without the inputs that make no difference to that."""
    points = dict(zip(axes, chosen, strict=True))
    for axis in axes:
        left = everything
        for other, i in points.items():
            left &= other.open[i] if other is not axis else everything
        if not left:
            del points[axis]
    return tuple((axis.input, axis.points[i]) for axis, i in points.items())


def _truth(test: str, value: Value | None, limits: tuple[Value, ...], flipped: bool) -> bool | None:
    """What a cell says of a value. An age is compared by its day: the older, the earlier."""
    match test:
        case "any":
            return True
        case "known" | "missing":
            return (value is not None) is (test == "known")
    if value is None:
        return None
    match test:
        case "between":
            low, high = limits
            return _compared(">=", value, low, flipped) and _compared("<=", value, high, flipped)
        case "in":
            return any(_compared("=", value, limit, flipped) for limit in limits)
    return _compared(test, value, limits[0], flipped)


def _compared(operator: str, value: Value, limit: Value, flipped: bool) -> bool:
    compute = OPERATORS[FLIPPED[operator] if flipped else operator].compute
    assert compute is not None
    return bool(compute(value, limit))


def _words(type_: Type, limits: list[Value]) -> list[Value]:
    """The words that the table names, and one that it does not."""
    if type_.kind is Kind.BOOLEAN:
        return [True, False]
    named = {str(v) for v in limits}
    if type_.kind is Kind.TEXT:
        other = next(w for w in ("other", *(f"other {n}" for n in range(len(named) + 1))) if w not in named)
        return [*sorted(named), other]
    rest = [w for w in type_.words if w not in named]
    return [*(w for w in type_.words if w in named), *rest[:1]]


def _bounds(type_: Type, meaning: Meaning | None) -> tuple[float | None, float | None]:
    """The least and the greatest value there is; None where nothing says."""
    if type_.kind is Kind.ORDINAL:
        return type_.low, type_.high
    if type_.kind is Kind.SCORE:
        return 0.0, 100.0
    low = high = None
    if meaning and isinstance(meaning.of, rs.Fact) and meaning.of.range:
        given = meaning.of.range
        low = _on_line(given.low) if given.low is not None else None
        high = _on_line(given.high) if given.high is not None else None
    if type_.kind is Kind.DATE:
        return low if low is not None else date.min.toordinal(), high if high is not None else date.max.toordinal()
    if type_.kind is Kind.INTEGER:
        return low if low is not None else -INTEGER_LIMIT, high if high is not None else INTEGER_LIMIT - 1
    return low, high


def _line(limits: list[float], low: float | None, high: float | None, *, whole: bool) -> list[float]:
    """The limits within the bounds, and a value between each two neighbours and beyond the ends."""
    cuts = {c for v in limits for c in ((math.floor(v), math.ceil(v)) if whole else (float(v),))}
    inside = sorted(c for c in cuts if (low is None or c >= low) and (high is None or c <= high))
    if not inside:
        return [_near_zero(low, high, whole)]
    found: list[float] = [_below(inside[0], whole), *inside, _above(inside[-1], whole)]
    for a, b in itertools.pairwise(inside):
        found.append((a + b) // 2 if whole else a / 2 + b / 2)
    if low is not None and low < inside[0]:
        found = [max(v, low) for v in found]
    if high is not None and high > inside[-1]:
        found = [min(v, high) for v in found]
    return sorted({v for v in found if math.isfinite(v) and (low is None or v >= low) and (high is None or v <= high)})


def _near_zero(low: float | None, high: float | None, whole: bool) -> float:
    value = max(0, low) if low is not None else 0
    value = min(value, high) if high is not None else value
    return int(value) if whole else float(value)


def _below(value: float, whole: bool) -> float:
    if value > 0 and not whole:
        return 0.0
    return value - 1 if whole else value - max(1.0, abs(value))


def _above(value: float, whole: bool) -> float:
    if value > 0 and not whole:
        return value * 2
    return value + 1 if whole else value + max(1.0, abs(value))


def _on_line(value: Any) -> float:
    """A number, or a date as the number of its day."""
    number: float = value.toordinal() if isinstance(value, date) else value
    return number


def _order(value: Value) -> tuple[str, Any]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return ("number", value) if number else (type(value).__name__, value)


def _shown(value: Value, kind: Kind) -> str:
    if isinstance(value, str):
        return value
    if value == 0 and not isinstance(value, bool):
        return "0"
    return constant_text(value, kind).removesuffix(".0")

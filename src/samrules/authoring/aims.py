"""What cases can show of a ruleset beside its rules: branches both ways, conditions that decide.

An aim is one such thing. It is shown by an account or not; where no case shows it, `missed` says what
came closest, and the search looks for an account that does.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence

import attrs

from samrules.authoring.cases import Case, Way
from samrules.authoring.coverage import BETWEEN, points_text
from samrules.authoring.distance import distance, earlier, hanging
from samrules.authoring.units import (
    SUSTAINED,
    Path,
    Site,
    Unit,
    UnitKind,
    Went,
    fared,
    reached,
    view_of,
)
from samrules.check.scope import absolute_name
from samrules.decision.trace import Trace, missing_facts
from samrules.diagnostics import Span
from samrules.engines.interpreter import View, evaluate
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.plan.plan import PlannedCriterion
from samrules.rules import Rules
from samrules.syntax.printer import text_of


class Level(enum.Enum):
    """What coverage is counted of."""

    RULE = "rule"
    BRANCH = "branch"
    CONDITION = "condition"


@attrs.define
class Seen:
    """A case as the interpreter saw it, with how each unit fared, found once each."""

    case: Case
    view: View
    _fared: dict[int, tuple[bool | None, dict[Path, Went]]] = attrs.field(factory=dict)

    def fared(self, unit: Unit) -> tuple[bool | None, dict[Path, Went]]:
        found = self._fared.get(id(unit))
        if found is None:
            found = self._fared[id(unit)] = fared(unit, self.view)
        return found


def seen(rules: Rules, case: Case) -> Seen | None:
    """None where the case cannot be decided."""
    try:
        return Seen(case, view_of(rules.plan, case, case.as_of))
    except FactError:
        return None


@attrs.frozen
class Aim:
    """One thing to be shown; `says` completes "no case shows …"."""

    level: Level
    of: str
    """The rule, definition or criterion."""
    says: str
    span: Span | None = attrs.field(eq=False, repr=False)

    def shown(self, by: Seen) -> bool:
        return self.gap(by) == 0

    def gap(self, by: Seen) -> float:
        """How far an account is from showing it; 0 where it does."""
        raise NotImplementedError

    def rests_on(self) -> tuple[ex.Expr, ...]:
        """The expressions of which the facts matter to it."""
        raise NotImplementedError

    def missed(self, by: Sequence[Seen]) -> str:
        """Why none of these shows it."""
        raise NotImplementedError


@attrs.frozen
class TruthAim(Aim):
    """A rule, a definition, a row of points, an `if`, or a branch inside one of them, that goes one way."""

    unit: Unit
    site: Site | None
    want: bool | None

    def rests_on(self) -> tuple[ex.Expr, ...]:
        return (*self.unit.before, self.unit.core)

    def shown(self, by: Seen) -> bool:
        if not reached(self.unit, by.view):
            return False
        truth, sites = by.fared(self.unit)
        return (truth if self.site is None else sites[self.site.path].truth) is self.want

    def gap(self, by: Seen) -> float:
        if self.shown(by):
            return 0.0
        before = sum(distance(evaluate(row, by.view), False) for row in self.unit.before)
        trace = self._trace(by)
        return (before + (distance(trace, self.want) if trace is not None else 1.0)) or 1.0

    def _trace(self, by: Seen) -> Trace | None:
        if self.site is None:
            return evaluate(self.unit.core, by.view)
        return by.fared(self.unit)[1][self.site.path].trace

    def missed(self, by: Sequence[Seen]) -> str:
        there = [s for s in by if reached(self.unit, s.view)]
        if not there:
            return "the rows before it hold in every case that has the facts" if by else "there are no cases"
        truths = {self._truth_in(s) for s in there}
        where = "every case" if len(there) == len(by) else "every case that reaches it"
        others = [w for t, w in ((True, "true"), (False, "false"), (None, "unknown")) if t in truths]
        told = f"in {where} it is {' or '.join(others)}"
        return told + _nearest(self, by)

    def _truth_in(self, by: Seen) -> bool | None:
        truth, sites = by.fared(self.unit)
        return truth if self.site is None else sites[self.site.path].truth


@attrs.frozen
class DecisiveAim(Aim):
    """A condition that is `want` where turning it alone would turn its unit."""

    unit: Unit
    site: Site
    want: bool

    def rests_on(self) -> tuple[ex.Expr, ...]:
        return (*self.unit.before, self.unit.core)

    def shown(self, by: Seen) -> bool:
        if not reached(self.unit, by.view):
            return False
        went = by.fared(self.unit)[1][self.site.path]
        return went.decisive and went.truth is self.want

    def gap(self, by: Seen) -> float:
        if self.shown(by):
            return 0.0
        before = sum(distance(evaluate(row, by.view), False) for row in self.unit.before)
        _, sites = by.fared(self.unit)
        held = self.unit.held
        if self.site.path == (SUSTAINED,):
            now = sites[()]
            assert now.trace is not None
            whole = sites[SUSTAINED,].trace
            assert whole is not None
            assert held is not None
            open_ = sites[SUSTAINED,].truth is not False
            return (before + distance(now.trace, True) + (earlier(whole, held) if self.want else float(open_))) or 1.0
        total = before
        if held is not None and sites[SUSTAINED,].truth is not True:
            whole = sites[SUSTAINED,].trace
            assert whole is not None
            total += earlier(whole, held) or 1.0
        for depth in range(len(self.site.path)):
            above = sites[self.site.path[:depth]].trace
            assert above is not None
            total += hanging(above.expr, [p for i, p in enumerate(above.parts) if i != self.site.path[depth]])
        own = sites[self.site.path].trace
        assert own is not None
        return (total + distance(own, self.want)) or 1.0

    def missed(self, by: Sequence[Seen]) -> str:
        """What the condition was in all cases, or what stood in its way where it was as wanted."""
        there = [s for s in by if reached(self.unit, s.view)]
        went = [(s, s.fared(self.unit)[1][self.site.path]) for s in there]
        as_wanted = [s for s, w in went if w.truth is self.want]
        word = "true" if self.want else "false"
        if not as_wanted:
            if went and all(w.truth is None for _, w in went):
                return f"it is unknown in every case{_nearest(self, by)}"
            return f"it is {word} in no case{_nearest(self, by)}"
        best = min(as_wanted, key=self.gap)
        masks = self._masks(best)
        count = "the one case" if len(as_wanted) == 1 else f"each of the {len(as_wanted)} cases"
        return f"in {count} where it is {word}, something else decides: in `{best.case.name}`, {masks}"

    def _masks(self, by: Seen) -> str:
        sites = by.fared(self.unit)[1]
        texts = {s.path: s.text for s in self.unit.sites()}
        if self.unit.held is not None and sites[SUSTAINED,].truth is not True and self.site.path != (SUSTAINED,):
            return f"`{texts[SUSTAINED,]}` is {_word(sites[SUSTAINED,].truth)}"
        if self.site.path == (SUSTAINED,):
            return f"what must be sustained is {_word(sites[()].truth)}"
        for depth in range(len(self.site.path)):
            above = self.site.path[:depth]
            trace = sites[above].trace
            assert trace is not None
            for index in range(len(trace.parts)):
                path = (*above, index)
                if index == self.site.path[depth]:
                    continue
                truth = sites[path].truth
                if (isinstance(trace.expr, ex.All) and truth is not True) or (
                        isinstance(trace.expr, ex.Any_) and truth is not False):
                    text = texts.get(path) or texts.get((*path, 0))
                    if path not in texts:
                        truth = None if truth is None else not truth
                    return f"`{text}` is {_word(truth)}"
            if isinstance(trace.expr, ex.AtLeast):
                true = sum(sites[(*above, i)].truth is True for i in range(len(trace.parts))
                           if i != self.site.path[depth])
                return f"{true} of the others hold, and {trace.expr.count - 1} would leave it to this one"
        return "the group does not hang on it"


@attrs.frozen
class OtherwiseAim(Aim):
    """No rule holds, so that the decision is what `otherwise` says; or one does."""

    rules: tuple[ex.Expr, ...]
    want: bool

    def rests_on(self) -> tuple[ex.Expr, ...]:
        return self.rules

    def gap(self, by: Seen) -> float:
        traces = [evaluate(rule, by.view) for rule in self.rules]
        if self.want:
            return sum(distance(t, False) for t in traces)
        return min(distance(t, True) for t in traces)

    def missed(self, by: Sequence[Seen]) -> str:
        return ("in every case some rule holds or is unknown" if self.want else "in no case does a rule hold") + _nearest(self, by)


@attrs.frozen
class PointsAim(Aim):
    """A criterion that gives so many points (None: some between none and all), or is `open_`."""

    criterion: PlannedCriterion
    points: float | None
    open_: bool = False

    def rests_on(self) -> tuple[ex.Expr, ...]:
        return ex.Name(self.criterion.low), ex.Name(self.criterion.high)

    def gap(self, by: Seen) -> float:
        low, high = (by.view.steps[s].value for s in (self.criterion.low, self.criterion.high))
        assert isinstance(low, float)
        assert isinstance(high, float)
        if self.open_:
            return 0.0 if low != high else 1.0
        if self.points is None:
            return 0.0 if low == high and 0 < low < self.criterion.weight else 1.0
        return abs(low - self.points) + abs(high - self.points)

    def missed(self, by: Sequence[Seen]) -> str:
        return f"no case gives it so{_nearest(self, by)}"


def _word(truth: bool | None) -> str:
    return "unknown" if truth is None else "true" if truth else "false"


def _nearest(aim: Aim, by: Sequence[Seen]) -> str:
    """The case that came closest, with the facts it lacks for it."""
    if not by:
        return ""
    best = min(by, key=aim.gap)
    lacking = missing_facts(evaluate(aim.unit.core, best.view)) \
        if isinstance(aim, TruthAim | DecisiveAim) and aim.want is not None else []
    short = f", which lacks {', '.join(f'`{f}`' for f in lacking[:3])}" if lacking else ""
    return f"; `{best.case.name}` comes closest{short}"


# --- which there are -----------------------------------------------------------------------------


_RULE_WAYS: Mapping[str, bool | None] = {Way.FIRED.value: True, Way.NOT_FIRED.value: False, Way.UNKNOWN.value: None}


def rule_aims(rules: Rules, units: Sequence[Unit]) -> dict[tuple[str, str], Aim]:
    """An aim for each way of each rule and criterion, by its name and way as `coverage` has them."""
    found: dict[tuple[str, str], Aim] = {}
    for unit in units:
        if unit.kind is UnitKind.RULE:
            for way, want in _RULE_WAYS.items():
                found[unit.name, way] = TruthAim(Level.RULE, unit.name, f"the rule `{unit.name}` {way.replace('_', ' ')}",
                                                 unit.span, unit, None, want)
    planned = {f"{absolute_name(rules.name, card.name)}": card for card in rules.ruleset.scorecards}
    for score in rules.plan.scores:
        card = planned.get(score.low.removesuffix(":low"))
        if card is None:
            continue
        for criterion, own in zip(score.criteria, card.criteria, strict=True):
            name = f"{card.name}.{criterion.name}"
            ways: dict[str, tuple[float | None, bool]] = {"unknown": (None, True)}
            if own.scale is not None:
                ways |= {"0": (0.0, False), BETWEEN: (None, False), points_text(criterion.weight): (criterion.weight, False)}
            else:
                ways |= {points_text(row.points): (row.points, False) for row in own.points}
            for way, (points, open_) in ways.items():
                found[name, way] = PointsAim(Level.RULE, name, f"the criterion `{name}` {way}", own.span, criterion, points, open_)
    return found


def branch_aims(rules: Rules, units: Sequence[Unit]) -> Iterator[Aim]:
    """Every group, exception, definition, row of points and `if` true and false, `otherwise` taken and not."""
    for unit in units:
        if unit.kind is not UnitKind.RULE:
            for want in (True, False):
                yield TruthAim(Level.BRANCH, unit.name, f"{_named(unit)} {_word(want)}", unit.span, unit, None, want)
        for site in unit.sites():
            if not site.is_condition:
                what = "the exception" if site.is_exception else "the group"
                for want in (True, False):
                    yield TruthAim(Level.BRANCH, unit.name, f"{what} `{site.text}` of `{unit.name}` {_word(want)}",
                                   site.span or unit.span, unit, site, want)
    decide = rules.ruleset.decide
    if decide is not None and decide.otherwise is not None:
        names = tuple(unit.core for unit in units if unit.kind is UnitKind.RULE)
        for want in (True, False):
            yield OtherwiseAim(Level.BRANCH, decide.name, f"`otherwise: {decide.otherwise}` {'' if want else 'not '}taken",
                               decide.span, names, want)


def condition_aims(units: Sequence[Unit]) -> Iterator[DecisiveAim]:
    """Every condition, true where it decides its unit and false where it does."""
    for unit in units:
        for site in unit.sites():
            if site.is_condition:
                for want in (True, False):
                    yield DecisiveAim(Level.CONDITION, unit.name,
                                      f"`{site.text}` {_word(want)} and deciding {_named(unit)}",
                                      site.span or unit.span, unit, site, want)


def _named(unit: Unit) -> str:
    match unit.kind:
        case UnitKind.IF:
            return f"the condition `{text_of(unit.surface)}` of an `if` of `{unit.name}`"
        case UnitKind.POINTS:
            return f"the row `{text_of(unit.surface)}` of `{unit.name}`"
    return f"the {unit.kind.value} `{unit.name}`"

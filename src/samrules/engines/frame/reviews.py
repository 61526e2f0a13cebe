"""What must be sustained: earlier reviews as rows of the same expressions, looked at by windows.

Each earlier review is a row; each parameter has in it the value of the review's own date. `Held` at the
present is a summary of an account's reviews; inside another `Held` it looks back from each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import attrs
import narwhals as nw

from samrules.engines.frame import terms as t
from samrules.engines.frame.accounts import DAY, OWNER, Facts
from samrules.engines.frame.backend import collected
from samrules.engines.frame.compiler import Compiler, as_truth, days_before
from samrules.engines.frame.dialect import day_literal
from samrules.engines.frame.layers import LazyFrame
from samrules.engines.frame.parameters import dated_parameters, first_parameter_day
from samrules.engines.frame.past import Past
from samrules.engines.frame.table import SHOWN
from samrules.engines.frame.terms import Term
from samrules.engines.interpreter import date_before, parameters_at
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model.types import Duration
from samrules.plan.plan import Plan

_ONE, _PLACE, _PLACES = "~one", "~place", "~places"


def look_back(plan: Plan, now: LazyFrame, past: Facts, as_of: date) -> tuple[LazyFrame, dict[ex.Held, Past]]:
    """The accounts with what their earlier reviews say. Raises FactError where a review that matters
    lies before a parameter's first value."""
    nodes = plan.sustained
    assert nodes
    day = t.column(DAY, t.DATE, known=True)
    compiler = Compiler({s.name: s.expr for s in plan.steps}, past.terms, dated_parameters(plan, day), day,
                        prefix="~past")
    compiler.held = _Earlier(compiler, past.most_reviews).held
    compiler.expect(n.operand for n in nodes)
    operands = [compiler.hold(as_truth(compiler.term(n.operand))) for n in nodes]
    frame = past.frame.with_columns(nw.lit(1, dtype=nw.Int64).alias(_ONE))
    frame = frame.with_columns(
        nw.col(_ONE).cum_sum().over(OWNER, order_by=DAY).cast(nw.Int64).alias(_PLACE),
        nw.col(_ONE).sum().over(OWNER).cast(nw.Int64).alias(_PLACES),
        nw.col(DAY).shift(-1).over(OWNER, order_by=DAY).alias("~next"))
    named = [nw.col(OWNER, DAY, _PLACE, _PLACES, "~next"), *(operand.expr for operand in operands)]
    frame = compiler.lay(frame, named)
    back = nw.col(_PLACES) - nw.col(_PLACE) + 1  # 1 for the latest
    summaries: dict[str, nw.Expr] = {}
    for place, (node, operand) in enumerate(zip(nodes, operands, strict=True)):
        summaries |= _summaries(place, node, operand, back, as_of, first_parameter_day(plan))
    frame = frame.with_columns(**summaries)
    counted = frame.group_by(OWNER).agg(**dict(_totals(summaries)))
    if past.first_day is None or past.first_day < first_parameter_day(plan):
        _check_days(plan, frame, [f"~held{place}:late" for place in range(len(nodes))])
    now = now.join(counted, on=OWNER, how="left")
    return now, {node: _past(place, node) for place, node in enumerate(nodes)}


def _summaries(place: int, node: ex.Held, operand: Term, back: nw.Expr, as_of: date, first: date) -> dict[str, nw.Expr]:
    """Of each review: whether it is looked at, and what it says."""
    name = f"~held{place}"
    others = node.reviews - 1
    reach = date_before(node.over, as_of) if node.over is not None else as_of
    assert reach is not None
    limit = day_literal(reach)
    seen = back <= others
    if node.over is not None:
        seen = seen | (nw.coalesce(nw.col("~next"), day_literal(as_of)) > limit)
    truth = operand.expr
    return {
        f"{name}:enough": (back >= others) & (nw.col(DAY) <= limit),
        f"{name}:seen": seen,
        f"{name}:failed": seen & (~truth).fill_null(False),
        f"{name}:open": seen & truth.is_null(),
        f"{name}:late": seen & (nw.col(DAY) < day_literal(first)),
    }


def _totals(summaries: Mapping[str, nw.Expr]) -> Iterator[tuple[str, nw.Expr]]:
    for name in summaries:
        if name.endswith(":seen"):
            yield name, nw.col(name).cast(nw.Int64).sum().cast(nw.Int64)
        elif not name.endswith(":late"):
            yield name, nw.col(name).any()


def _past(place: int, node: ex.Held) -> Past:
    def flag(what: str) -> Term:
        return t.certain(t.column(f"~held{place}:{what}", t.BOOL))

    failed, open_ = flag("failed"), flag("open")
    at_once = node.reviews == 1 and node.over is None
    enough = t.TRUE if at_once else flag("enough")
    number = t.first_known([t.column(f"~held{place}:seen", t.INT), t.constant(0)])
    several = t.compared(">=", number, t.constant(node.reviews - 1))
    truth = t.every([t.negated(failed), t.maybe(t.negated(open_), t.TRUE)])
    return Past(enough, truth, t.every([several, t.negated(failed), t.negated(open_)]))


def _check_days(plan: Plan, frame: LazyFrame, late: Sequence[str]) -> None:
    rows = collected(frame.filter(nw.any_horizontal(*(nw.col(c) for c in late), ignore_nulls=True))
                     .select(OWNER, DAY).sort(DAY, OWNER).head(SHOWN))
    problems = []
    for row in rows:
        try:
            parameters_at(plan, row[DAY])
        except FactError as error:
            problems += [attrs.evolve(d, where=f"account {row[OWNER]}") for d in error.diagnostics]
    if problems:
        raise FactError(problems)


# --- from each review ------------------------------------------------------------------------------


@attrs.frozen
class _Earlier:
    """`Held` at an earlier review: it looks back from there."""

    compiler: Compiler
    most: int
    """The most reviews that an account has."""

    def held(self, node: ex.Held, now: Term) -> Term:
        hold = self.compiler.hold
        now = hold(now)
        if now.constant:
            now = hold(Term(nw.when(nw.col(_ONE) == 1).then(now.expr), t.BOOL))
        place = t.column(_PLACE, t.INT, known=True)
        if node.over is None:
            parts = [now, *(self.shifted(now, k) for k in range(1, node.reviews))]
            return t.every([t.compared(">=", place, t.constant(node.reviews)), *parts])
        day = t.column(DAY, t.DATE, known=True)
        assert isinstance(node.over, Duration)
        reach = hold(days_before(day, node.over, hold))
        enough: list[Term] = []
        parts = []
        sooner = day  # the day of the review after the one looked at
        for k in range(max(self.most, node.reviews)):
            here = hold(self.shifted(day, k)) if k else day
            exists = t.compared(">=", place, t.constant(k + 1))
            if k + 1 >= node.reviews:
                enough.append(t.certain(t.every([exists, t.compared("<=", here, reach)])))
            seen = t.TRUE if k < node.reviews else t.certain(t.compared(">", sooner, reach))
            parts.append(t.some([t.negated(t.every([seen, exists])), self.shifted(now, k) if k else now]))
            sooner = here
        return t.every([hold(t.some(enough)), *parts])

    def shifted(self, term: Term, by: int) -> Term:
        return self.compiler.hold(attrs.evolve(term, expr=term.expr.shift(by).over(OWNER, order_by=DAY),
                                               known=False, is_column=False))

"""Measures over frames: windows, the latest of each, conditions and totals as joins and group-bys.

The same three steps as `engines/measures.py` takes for one account, for all at once: on one day, or on
the day of each earlier review.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import attrs
import narwhals as nw

from samrules.diagnostics import Diagnostic
from samrules.engines.frame import terms as t
from samrules.engines.frame.accounts import DAY, OWNER, Facts, fact_column
from samrules.engines.frame.backend import collected, each_row
from samrules.engines.frame.compiler import Compiler, days_before
from samrules.engines.frame.dialect import day_literal, floor, text_of_double, wide
from samrules.engines.frame.events import KIND, ON, Happened
from samrules.engines.frame.layers import LazyFrame
from samrules.engines.frame.parameters import dated_parameters
from samrules.engines.frame.rejects import Rejects
from samrules.engines.frame.table import SHOWN
from samrules.engines.frame.terms import Term
from samrules.engines.interpreter import date_before, parameters_at
from samrules.errors import FactError
from samrules.inputs.facts import ID
from samrules.model.types import INTEGER_LIMIT, Kind
from samrules.plan.plan import Plan, PlannedMeasure

TIE, VALUE, WEIGHT = "~tie", "~value", "~weight"
_MILLION = 1e6
"""Weights are added exactly, as millionths."""
_MOST_WEIGHT = 9e9
_KEPT = "~kept"


def with_measures(plan: Plan, facts: Facts, events: Happened, day: date | None, wanted: Sequence[PlannedMeasure],
                  *, check: bool, rejects: Rejects | None = None) -> Facts:
    """The facts with every wanted measure that can be counted; a given value must agree with it.

    `day` is None where each row has its own. Raises FactError where a given value does not agree, or
    where the `value` of an event is beyond its type.
    """
    frame, terms = facts.frame, dict(facts.terms)
    countable = [m for m in wanted if events.recorded.issuperset((*m.measure.of.events, *m.measure.since))]
    if not countable:
        return facts
    keys = [OWNER] if day is not None else [OWNER, DAY]
    points = frame.select(*keys)
    made: dict[str, nw.Expr] = {}
    problems: list[Diagnostic] = []
    compared: list[tuple[PlannedMeasure, str, str]] = []
    for place, measure in enumerate(countable):
        counting = _Counting(plan, measure, events, day, points, f"~m{place}", check, rejects=rejects)
        totals, result = counting.counted()
        problems += counting.problems
        frame = frame.join(totals, on=keys, how="left")
        name = fact_column(measure.name)
        if measure.name in terms:
            compared.append((measure, name, f"~counted:{measure.name}"))
            made[f"~counted:{measure.name}"] = result.expr
        else:
            made[name] = result.expr
            terms[measure.name] = attrs.evolve(t.column(name, result.sort), known=result.known)
    if problems:
        raise FactError(problems)
    frame = frame.with_columns(**made)
    if compared:
        if check:
            _must_agree(frame, compared, day, rejects)
        frame = frame.with_columns(**{given: nw.coalesce(nw.col(given), nw.col(counted))
                                      for _, given, counted in compared})
    for measure, given, _ in compared:
        terms[measure.name] = t.column(given, t.sort_of(measure.type.kind))
    return attrs.evolve(facts, frame=frame, terms=terms)


def _must_agree(frame: LazyFrame, compared: Sequence[tuple[PlannedMeasure, str, str]], day: date | None,
                rejects: Rejects | None) -> None:
    problems = []
    dated = [] if day is not None else [DAY]
    differs = {name: _differs(measure, nw.col(given), nw.col(name)).fill_null(False) for measure, given, name in compared}
    counts = collected(frame.select(**{name: expr.cast(nw.Int64).sum() for name, expr in differs.items()}))[0]
    for measure, given, name in compared:
        if not counts[name]:
            continue
        help_ = "correct the one that is wrong, or leave the fact out and let the events count"
        if rejects is not None:
            what = "account" if day is not None else "review"
            for row in each_row(frame.filter(differs[name]).select(**{ID: nw.col(OWNER), measure.name: nw.col(given), name: nw.col(name)})):
                rejects.add(what, row, "measure-differs", f"the events make it {row[name]}", measure.name)
            continue
        rows = collected(frame.filter(differs[name]).select(OWNER, *dated, given, name).head(SHOWN))
        problems += [Diagnostic(
            "measure-differs", f"`{measure.name}` is given as {row[given]} and the events up to "
            f"{day or row[DAY]} make it {row[name]}", help_, where=f"account {row[OWNER]}") for row in rows]
        if (more := int(counts[name]) - len(rows)) > 0:
            problems.append(Diagnostic("measure-differs", f"`{measure.name}` differs for {more:,} more", help_,
                                       where="the table of accounts"))
    if problems:
        raise FactError(problems)


def _differs(measure: PlannedMeasure, given: nw.Expr, counted: nw.Expr) -> nw.Expr:
    """Beyond rounding: amounts to cents, other numbers to six places."""
    kind = measure.type.kind
    if kind in (Kind.NUMBER, Kind.RATIO, Kind.MONEY):
        apart = (given - counted).abs()
        near = nw.max_horizontal(given.abs(), counted.abs()) * 1e-9
        return (apart > near) & (apart > (0.0101 if kind is Kind.MONEY else 1e-6))
    return given != counted


@attrs.define
class _Counting:
    """One measure, on one day or on the day of each row."""

    plan: Plan
    measure: PlannedMeasure
    events: Happened
    day: date | None
    points: LazyFrame
    """The accounts, or their reviews, that are asked about."""
    name: str
    check: bool
    problems: list[Diagnostic] = attrs.field(factory=list)
    rejects: Rejects | None = None

    @property
    def keys(self) -> list[str]:
        return [OWNER] if self.day is not None else [OWNER, DAY]

    @property
    def kind(self) -> str:
        return self.measure.measure.of.kind

    @property
    def takes_days(self) -> bool:
        return self.measure.value is None and self.measure.measure.of.field is None

    @property
    def ordered(self) -> bool:
        """Whether the order of the record can matter to the value."""
        return self.kind == "sum" or (self.kind in ("latest", "earliest") and not self.takes_days)

    def counted(self) -> tuple[LazyFrame, Term]:
        """A row for each account (and review) that has events, and the measure from its columns."""
        spec = self.measure.measure
        rows = self._in_window()
        if spec.each is not None or self.ordered:
            rows = rows.with_columns(**{TIE: self._tie()})
        flagged: list[tuple[str, LazyFrame]] = []
        if spec.each is not None:
            who = self.events.field(spec.of.events, spec.each)
            rows = rows.with_columns(**{"~who": who.expr})
            flagged.append(("nobody", self._any("nobody", rows, nw.col("~who").is_null())))
            rows = self._at_end(rows, [*self.keys, "~who"], last=True)
        compiler = self._compiler()
        compiler.expect([e for e in (self.measure.where, self.measure.value) if e is not None])
        truth = compiler.hold(compiler.term(self.measure.where)) if self.measure.where is not None else t.TRUE
        value = compiler.hold(self._value(compiler))
        compiler.named(t.certain(truth), _KEPT)
        compiler.named(value, VALUE)
        one = t.constant(1.0)
        weight = t.alike(self.events.field(spec.of.events, spec.weight), one)[0] if spec.weight else one
        compiler.named(weight, WEIGHT)
        rows = compiler.lay(rows)
        if not truth.known:
            flagged.append(("open", self._any("open", rows, truth.expr.is_null())))
        kept = rows.filter(nw.col(_KEPT)) if not truth.constant or truth.value is not True else rows
        if self.kind in ("latest", "earliest") and not self.takes_days:
            kept = self._at_end(kept, self.keys, last=self.kind == "latest")
        kept, value = self._as_declared(kept, attrs.evolve(value, expr=nw.col(VALUE), layer=0), flagged)
        totals, result = self._total(kept, value)
        for _, flags in reversed(flagged):
            totals = flags.join(totals, on=self.keys, how="left")
        if flagged:
            unsure = [nw.col(f"{self.name}:{flag}").fill_null(False) for flag, _ in flagged]
            unknown = unsure[0] | unsure[1] if len(unsure) > 1 else unsure[0]
            result = attrs.evolve(result, expr=nw.when(~unknown).then(result.expr), known=False)
        return totals, result

    def _any(self, flag: str, rows: LazyFrame, what: nw.Expr) -> LazyFrame:
        return rows.group_by(*self.keys).agg(**{f"{self.name}:{flag}": what.any()})

    # --- which events count ---

    def _in_window(self) -> LazyFrame:
        spec = self.measure.measure
        rows = self._up_to(self.events.frame.filter(nw.col(KIND).is_in(list(spec.of.events))))
        if spec.within is not None:
            if self.day is not None:
                start = date_before(spec.within, self.day)
                assert start is not None
                rows = rows.filter(nw.col(ON) > day_literal(start))
            else:
                compiler = self._compiler()
                start_term = compiler.hold(days_before(t.column(DAY, t.DATE, known=True), spec.within, compiler.hold))
                rows = compiler.lay(rows).filter(nw.col(ON) > start_term.expr)
        if spec.since:
            before = self._up_to(self.events.frame.filter(nw.col(KIND).is_in(list(spec.since))))
            starts = before.group_by(*self.keys).agg(**{"~start": nw.col(ON).max()})
            rows = rows.join(starts, on=self.keys, how="inner").filter(nw.col(ON) > nw.col("~start"))
        return rows

    def _up_to(self, rows: LazyFrame) -> LazyFrame:
        if self.day is not None:
            return rows.filter(nw.col(ON) <= day_literal(self.day))
        return rows.join(self.points, on=OWNER, how="inner").filter(nw.col(ON) <= nw.col(DAY))

    def _at_end(self, rows: LazyFrame, keys: Sequence[str], *, last: bool) -> LazyFrame:
        """The last row of each group in the order of the record, or the first."""
        neighbour = nw.col(ON).shift(-1 if last else 1).over(*keys, order_by=[ON, KIND, TIE])
        return rows.with_columns(**{"~neighbour": neighbour}).filter(nw.col("~neighbour").is_null()).drop("~neighbour")

    def _tie(self) -> nw.Expr:
        """The fields of an event as one text that sorts as `Event.order` does."""
        kinds = self.measure.measure.of.events
        names = sorted({name for kind, name in self.events.fields if kind in kinds})
        parts = []
        for name in names:
            term = self.events.field(kinds, name)
            parts.append(nw.concat_str(nw.lit(f"{name}\x01"), _shown(term), nw.lit("\x02")).fill_null(""))
        return nw.concat_str(*parts) if parts else nw.lit("")

    def _compiler(self) -> Compiler:
        kinds = self.measure.measure.of.events
        names = {name for kind, name in self.events.fields if kind in kinds}
        fields = {name: self.events.field(kinds, name) for name in names}
        if self.day is not None:
            return Compiler({}, fields, parameters_at(self.plan, self.day), self.day, prefix="~e")
        day = t.column(DAY, t.DATE, known=True)
        return Compiler({}, fields, dated_parameters(self.plan, day), day, prefix="~e")

    # --- what they come to ---

    def _value(self, compiler: Compiler) -> Term:
        spec = self.measure.measure
        if self.measure.value is not None:
            value = compiler.term(self.measure.value)
            return t.UNKNOWN if value.sort == t.NOTHING else value
        if spec.of.field is not None:
            return self.events.field(spec.of.events, spec.of.field)
        return t.column(ON, t.DATE, known=True)

    def _as_declared(self, kept: LazyFrame, value: Term, flagged: Sequence[tuple[str, LazyFrame]]) -> tuple[LazyFrame, Term]:
        """The value as its declared type has it. A whole number beyond it is an error of the data."""
        type_ = self.measure.measure.type
        if self.measure.value is None or type_ is None or value.sort not in (t.INT, t.FLOAT):
            return kept, value
        if type_.kind not in (Kind.INTEGER, Kind.ORDINAL):
            return kept, t.as_double(value)
        low, high = (type_.low, type_.high) if type_.kind is Kind.ORDINAL else (None, None)
        beyond: nw.Expr | None = None
        if low is not None and high is not None and not (value.low >= low and value.high <= high):
            beyond = (value.expr < low) | (value.expr > high)
        if value.sort == t.FLOAT:
            part = value.expr != value.expr.floor()
            beyond = part if beyond is None else beyond | part
        if beyond is None:
            return kept, value
        if self.check:
            self._refuse(kept, beyond, flagged)
        cast = nw.when(~beyond).then(value.expr).cast(nw.Int64)
        kept = kept.with_columns(**{VALUE: cast})
        return kept, t.column(VALUE, t.INT, low=-math.inf if low is None else low, high=math.inf if high is None else high)

    def _refuse(self, kept: LazyFrame, beyond: nw.Expr, flagged: Sequence[tuple[str, LazyFrame]]) -> None:
        rows = kept.filter(beyond).join(self.points, on=self.keys, how="semi")
        for flag, flags in flagged:  # what is not known anyway takes no value
            rows = rows.join(flags, on=self.keys, how="left").filter(~nw.col(f"{self.name}:{flag}").fill_null(False))
        type_ = self.measure.measure.type
        if self.rejects is not None:
            for row in each_row(rows.select(**{ID: nw.col(OWNER), VALUE: nw.col(VALUE)})):
                self.rejects.add("event", row, "out-of-range", f"`{self.measure.name}` takes {row[VALUE]}, which is no {type_}")
            return
        for row in collected(rows.select(OWNER, KIND, ON, VALUE).sort(OWNER, ON).head(SHOWN)):
            self.problems.append(Diagnostic(
                "out-of-range", f"`{self.measure.name}` takes {row[VALUE]} of the event `{row[KIND]}` on {row[ON]}, "
                f"which is no {type_}", "correct the event, or the `value` or `type` of the measure",
                where=f"account {row[OWNER]}"))

    def _total(self, kept: LazyFrame, value: Term) -> tuple[LazyFrame, Term]:
        total = getattr(self, f"_{self.kind}")
        found: tuple[LazyFrame, Term] = total(kept, value)
        return found

    def _agg(self, kept: LazyFrame, **what: nw.Expr) -> LazyFrame:
        return kept.group_by(*self.keys).agg(**{f"{self.name}:{k}": e for k, e in what.items()})

    def _col(self, what: str) -> nw.Expr:
        return nw.col(f"{self.name}:{what}")

    def _if_all_known(self, expr: nw.Expr, value: Term, sort: str) -> Term:
        """Missing where one of the values is; what leaves one out would be a guess."""
        if value.known:
            return Term(expr, sort)
        return Term(nw.when(self._col("unknown").fill_null(0) == 0).then(expr), sort)

    def _count(self, kept: LazyFrame, value: Term) -> tuple[LazyFrame, Term]:
        return self._agg(kept, n=nw.len()), Term(self._col("n").cast(nw.Int64).fill_null(0), t.INT, known=True)

    def _distinct(self, kept: LazyFrame, value: Term) -> tuple[LazyFrame, Term]:
        plain = value.expr + 0.0 if value.sort == t.FLOAT else value.expr
        totals = self._agg(kept, n=plain.n_unique(), unknown=_nulls(value))
        return totals, self._if_all_known(self._col("n").cast(nw.Int64).fill_null(0), value, t.INT)

    def _latest(self, kept: LazyFrame, value: Term) -> tuple[LazyFrame, Term]:
        if self.takes_days:
            return self._agg(kept, v=nw.col(ON).max() if self.kind == "latest" else nw.col(ON).min()), Term(self._col("v"), t.DATE)
        return kept.select(*self.keys, value.expr.alias(f"{self.name}:v")), Term(self._col("v"), value.sort)

    _earliest = _latest

    def _sum(self, kept: LazyFrame, value: Term) -> tuple[LazyFrame, Term]:
        """Doubles are added one by one in the order of the record, so that the last digit is the same."""
        if self.measure.type.kind is Kind.INTEGER and value.sort == t.INT:
            totals = self._agg(kept, v=wide(value.expr).sum(), unknown=_nulls(value))
            whole = nw.when(self._col("v").is_between(-INTEGER_LIMIT, INTEGER_LIMIT - 1)).then(self._col("v")).cast(nw.Int64)
            return totals, self._if_all_known(nw.when(self._col("v").is_null()).then(0).otherwise(whole), value, t.INT)
        order = [ON, KIND, TIE]
        rows = kept.with_columns(**{
            f"{self.name}:v": t.as_double(value).expr.cum_sum().over(*self.keys, order_by=order),
            f"{self.name}:unknown": value.expr.is_null().cast(nw.Int64).sum().over(*self.keys),
        })
        totals = self._at_end(rows, self.keys, last=True).select(*self.keys, f"{self.name}:v", f"{self.name}:unknown")
        added = self._col("v")
        expr = nw.when(added.is_finite()).then(added).otherwise(nw.when(added.is_null()).then(nw.lit(0.0)))
        return totals, self._if_all_known(expr, value, t.FLOAT)

    def _spread(self, kept: LazyFrame, value: Term) -> tuple[LazyFrame, Term]:
        totals = self._agg(kept, low=value.expr.min(), high=value.expr.max(), unknown=_nulls(value))
        low, high = self._col("low"), self._col("high")
        if value.sort == t.INT:
            apart = wide(high) - wide(low)
            return totals, self._if_all_known(nw.when(apart.is_between(0, INTEGER_LIMIT - 1)).then(apart).cast(nw.Int64), value, t.INT)
        apart = high - low
        return totals, self._if_all_known(nw.when(apart.is_finite()).then(apart), value, t.FLOAT)

    def _median(self, kept: LazyFrame, value: Term) -> tuple[LazyFrame, Term]:
        """The smallest value at or below which lies half of the whole weight."""
        rows = self._weighed(kept)
        rows = rows.with_columns(**{
            "~below": nw.col(WEIGHT).cum_sum().over(*self.keys, order_by=VALUE),
            "~whole": nw.col(WEIGHT).sum().over(*self.keys),
            f"{self.name}:unknown": (value.expr.is_null() | nw.col(WEIGHT).is_null()).cast(nw.Int64).sum().over(*self.keys),
        })
        half = nw.when((nw.col("~below") * 2 >= nw.col("~whole")) & (nw.col("~whole") > 0)).then(value.expr)
        totals = self._agg(rows.with_columns(**{"~half": half}), v=nw.col("~half").min(), unknown=self._col("unknown").max())
        return totals, self._if_all_known(self._col("v"), attrs.evolve(value, known=False), value.sort)

    def _share(self, kept: LazyFrame, value: Term) -> tuple[LazyFrame, Term]:
        rows = self._weighed(kept)
        rows = rows.with_columns(**{"~true": nw.when(value.expr).then(nw.col(WEIGHT)).otherwise(nw.lit(0, dtype=nw.Int64))})
        missing = (value.expr.is_null() | nw.col(WEIGHT).is_null()).cast(nw.Int64).sum()
        totals = self._agg(rows, part=nw.col("~true").sum(), whole=nw.col(WEIGHT).sum(), unknown=missing)
        part, whole = self._col("part").cast(nw.Float64), self._col("whole").cast(nw.Float64)
        return totals, self._if_all_known(nw.when(whole > 0).then(part / whole), attrs.evolve(value, known=False), t.FLOAT)

    def _weighed(self, kept: LazyFrame) -> LazyFrame:
        """The weights as whole millionths, so that they add exactly. Finer ones are refused by name."""
        if self.measure.measure.weight is None:
            return kept.with_columns(**{WEIGHT: nw.lit(1, dtype=nw.Int64)})
        weight = nw.col(WEIGHT)
        units = floor(weight * _MILLION + 0.5)
        beyond = (weight > _MOST_WEIGHT) | (units / (weight * 0.0 + _MILLION) != weight)
        if self.check:
            asked = kept.filter(beyond).join(self.points, on=self.keys, how="semi")
            if self.rejects is not None:
                self.rejects.rows("event", asked, None, "weight-too-fine",
                                  f"`{self.measure.name}` weighs it too finely for a frame", OWNER)
        if self.check and self.rejects is None:
            rows = collected(asked.select(OWNER, KIND, ON, WEIGHT).sort(OWNER, ON).head(SHOWN))
            self.problems += [Diagnostic(
                "weight-too-fine", f"`{self.measure.name}` weighs the event `{r[KIND]}` on {r[ON]} by {r[WEIGHT]}",
                "in a frame, give weights of at most six decimals, below nine thousand million; `decide` takes any",
                where=f"account {r[OWNER]}") for r in rows]
        return kept.with_columns(**{WEIGHT: nw.when(~beyond).then(units).cast(nw.Int64)})


def _nulls(value: Term) -> nw.Expr:
    return value.expr.is_null().cast(nw.Int64).sum()


def _shown(term: Term) -> nw.Expr:
    """A field as Python writes it, which is the order that the record has within a day."""
    if term.sort == t.BOOL:
        return nw.when(term.expr).then(nw.lit("True")).otherwise(nw.when(~term.expr).then(nw.lit("False")))
    if term.sort == t.DATE:
        day = term.expr.dt
        parts = [day.year().cast(nw.String), day.month().cast(nw.String), day.day().cast(nw.String)]
        return nw.concat_str(nw.lit("datetime.date("), nw.concat_str(*parts, separator=", "), nw.lit(")"))
    if term.sort == t.TEXT:
        bare = term.expr.str.replace_all("\\", "\\\\", literal=True)
        single = bare.str.contains("'", literal=True) & ~bare.str.contains('"', literal=True)
        quoted = nw.concat_str(nw.lit("'"), bare.str.replace_all("'", "\\'", literal=True), nw.lit("'"))
        return nw.when(single).then(nw.concat_str(nw.lit('"'), bare, nw.lit('"'))).otherwise(quoted)
    return text_of_double(term.expr) if term.sort == t.FLOAT else term.expr.cast(nw.String)

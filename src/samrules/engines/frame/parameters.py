"""Parameters where each row has its own day: the value in force on it."""

from __future__ import annotations

from datetime import date

import narwhals as nw

from samrules.engines.frame import terms as t
from samrules.engines.frame.dialect import day_literal
from samrules.engines.frame.terms import Term
from samrules.model.types import Value
from samrules.plan.plan import Plan


def dated_parameters(plan: Plan, day: Term) -> dict[str, Value | Term]:
    """Each parameter's value on the day of each row; missing before its first."""
    found: dict[str, Value | Term] = {}
    for name, parameter in plan.parameters.items():
        constants = [(d.since, t.constant(d.value)) for d in parameter.values]
        if len(constants) == 1:
            found[name] = parameter.values[0].value
            continue
        terms = t.alike(*(term for _, term in constants))
        chain: nw.Expr = nw.lit(None, dtype=t.DTYPES[terms[0].sort])
        for (since, _), term in zip(constants, terms, strict=True):
            chain = nw.when(day.expr >= day_literal(since)).then(term.expr).otherwise(chain)
        found[name] = Term(chain, terms[0].sort, day.layer, False, min(x.low for x in terms), max(x.high for x in terms),
                           spans=frozenset().union(*(x.spans for x in terms)))
    return found


def first_parameter_day(plan: Plan) -> date:
    """The day from which every parameter has a value."""
    return max((p.values[0].since for p in plan.parameters.values()), default=date.min)

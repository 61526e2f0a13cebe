"""Columns of a decision: from the truth of each rule to outcome, possible outcomes, outputs, rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import narwhals as nw

from samrules.engines.frame import terms as t
from samrules.engines.frame.backend import SEPARATOR
from samrules.engines.frame.compiler import Compiler
from samrules.engines.frame.terms import Term
from samrules.model import expressions as ex
from samrules.model.ruleset import Decide
from samrules.model.types import Kind, Value
from samrules.plan import lower
from samrules.plan.plan import PlannedDecision, PlannedRule, PlannedScore, Shown

_BITS = 8
"""So many members of a set are told apart by one look into a table of texts."""


@attrs.frozen
class Judged:
    """The verdict for every row: which outcomes are possible, and whether only one is."""

    decide: Decide
    possible: Mapping[str, Term]
    settled: Term


def possibilities(decide: Decide, rules: Sequence[tuple[str, ex.Expr]]) -> dict[str, ex.Expr]:
    """Each outcome with the two-valued question whether it is possible, in the order of a verdict."""
    if decide.hit_policy != "collect":
        return lower.possible_outcomes(decide, list(rules))
    given = {o: _any([r for outcome, r in rules if outcome == o]) for o in decide.outcomes}
    none_certain = ex.Not(ex.Certain(_any([r for _, r in rules])))
    return {o: ex.Any_((ex.Possible(g), none_certain)) if o == decide.otherwise else ex.Possible(g)
            for o, g in given.items()}


def list_settled(decide: Decide, rules: Sequence[tuple[str, ex.Expr]]) -> ex.Expr:
    """Under `collect`: whether the list is the same whatever the unknown rules turn out to be."""
    given = [_any([r for outcome, r in rules if outcome == o]) for o in decide.outcomes]
    settled: list[ex.Expr] = [ex.Not(_any([_unknown(g) for g in given]))]
    if decide.otherwise is not None:
        possible = possibilities(decide, rules)
        others = [p for word, p in possible.items() if word != decide.otherwise]
        settled.append(ex.All((possible[decide.otherwise], ex.Not(_any(others)))))
    return _any(settled)


def _unknown(node: ex.Expr) -> ex.Expr:
    return ex.All((ex.Possible(node), ex.Not(ex.Certain(node))))


def _any(nodes: Sequence[ex.Expr]) -> ex.Expr:
    if not nodes:
        return ex.Literal(False, Kind.BOOLEAN)
    return nodes[0] if len(nodes) == 1 else ex.Any_(tuple(nodes))


def rule_truths(planned: PlannedDecision) -> list[tuple[str, ex.Expr]]:
    return [(r.outcome, ex.Name(r.step)) for r in planned.rules]


def judged(planned: PlannedDecision, compiler: Compiler) -> Judged:
    decide, rules = planned.decide, rule_truths(planned)
    questions = possibilities(decide, rules)
    compiler.expect(questions.values())
    possible = {word: compiler.held_term(q) for word, q in questions.items()}
    if decide.hit_policy == "collect":
        question = list_settled(decide, rules)
        compiler.expect([question])
        settled = compiler.term(question)
    else:
        settled = _only_one(list(possible.values()), compiler)
    return Judged(decide, possible, compiler.hold(settled))


def _only_one(possible: Sequence[Term], compiler: Compiler) -> Term:
    """Whether one outcome is possible; at least one always is."""
    seen, twice = t.FALSE, t.FALSE
    for term in possible:
        twice = compiler.hold(t.some([twice, t.every([seen, term])]))
        seen = compiler.hold(t.some([seen, term]))
    return t.negated(twice)


# --- words -------------------------------------------------------------------------------------


def words(members: Sequence[tuple[str, Term]], compiler: Compiler) -> Term:
    """The names of the members that are there, in order, as one text; a blank one where none is."""
    members = [(name, term) for name, term in members if not (term.constant and not term.value)]
    parts = [members[i:i + _BITS] for i in range(0, len(members), _BITS)]
    if not parts:
        return t.constant("")
    if len(parts) == 1:
        return _looked_up(parts[0], "", compiler)
    found = [_looked_up(part, None, compiler) for part in parts]
    whole = nw.concat_str(*(f.expr for f in found), separator=SEPARATOR, ignore_nulls=True)
    return Term(whole, t.TEXT, max(f.layer for f in found), True)


def _looked_up(members: Sequence[tuple[str, Term]], none: str | None, compiler: Compiler) -> Term:
    code = _code([term for _, term in members], compiler)
    texts = [SEPARATOR.join(name for bit, (name, _) in enumerate(members) if mask >> bit & 1)
             for mask in range(1 << len(members))]
    texts[0] = none  # type: ignore[call-overload]
    if code.constant:
        return t.constant(texts[int(code.value)], t.TEXT)  # type: ignore[arg-type]
    return Term(looked_up(code.expr, texts), t.TEXT, code.layer, none is not None)


def looked_up(code: nw.Expr, texts: Sequence[str | None]) -> nw.Expr:
    """The text at the place that the code says."""
    return code.replace_strict(list(range(len(texts))), list(texts), default=None, return_dtype=nw.String)


def _code(truths: Sequence[Term], compiler: Compiler) -> Term:
    """Which are true, as the bits of a whole number."""
    if all(term.constant for term in truths):
        return t.constant(sum(1 << i for i, term in enumerate(truths) if term.value))
    sum_ = None
    for bit, term in enumerate(truths):
        weighed = term.expr.cast(nw.Int16) * (1 << bit) if bit else term.expr.cast(nw.Int16)
        sum_ = weighed if sum_ is None else sum_ + weighed
    assert sum_ is not None
    return compiler.hold(Term(sum_, t.INT, max(term.layer for term in truths), True))


def outcome_columns(verdict: Judged, compiler: Compiler) -> dict[str, Term]:
    """`outcome`, `settled`, `possible`."""
    decide, possible = verdict.decide, list(verdict.possible.items())
    if len(possible) > _BITS:
        return _many_outcomes(verdict, compiler)
    code = _code([term for _, term in possible], compiler)
    names = [[word for bit, (word, _) in enumerate(possible) if mask >> bit & 1]
             for mask in range(1 << len(possible))]
    listed = [SEPARATOR.join(n) for n in names]
    if code.constant:
        text = t.constant(listed[int(code.value)])  # type: ignore[arg-type]
    else:
        text = compiler.hold(Term(looked_up(code.expr, listed), t.TEXT, code.layer, True))
    if decide.hit_policy == "collect":
        outcome = t.choice(verdict.settled, text, t.constant(decide.unsettled), compiler.hold)
    else:
        one = [n[0] if len(n) == 1 else decide.unsettled for n in names]
        outcome = t.constant(one[int(code.value)]) if code.constant else \
            Term(looked_up(code.expr, one), t.TEXT, code.layer, True)  # type: ignore[arg-type]
    return {"outcome": outcome, "settled": verdict.settled, "possible": text}


def _many_outcomes(verdict: Judged, compiler: Compiler) -> dict[str, Term]:
    text = compiler.hold(words(list(verdict.possible.items()), compiler))
    outcome = t.choice(verdict.settled, text, t.constant(verdict.decide.unsettled), compiler.hold)
    return {"outcome": outcome, "settled": verdict.settled, "possible": text}


# --- outputs, scores, rules --------------------------------------------------------------------


def output_columns(planned: PlannedDecision, verdict: Judged, compiler: Compiler) -> dict[str, Term]:
    """Each output: of the first rule that holds, gives the outcome and sets it; else of `always`.

    A rule that may still give a possible outcome with it keeps it missing.
    """
    found = {}
    standing = dict(planned.always)
    for name in planned.outputs:
        ways: list[tuple[Term, Term]] = []
        for rule in planned.rules:
            for value in (v for n, v in rule.outputs if n == name):
                truth = compiler.term(ex.Name(rule.step))
                contends = t.every([t.possible(truth), verdict.possible[rule.outcome]])
                given = t.every([t.certain(truth), verdict.settled])
                ways.append((contends, _kept(value_term(value, compiler), given, compiler)))
        last = value_term(standing[name], compiler) if name in standing else t.constant(None)
        found[name] = _first_of(ways, last, compiler)
    return found


def _kept(value: Term, given: Term, compiler: Compiler) -> Term:
    return t.choice(given, value, t.constant(None, value.sort), compiler.hold)


def _first_of(ways: Sequence[tuple[Term, Term]], last: Term, compiler: Compiler) -> Term:
    """The value beside the first condition that is true. Values of several types are texts."""
    values = as_one_type([*(value for _, value in ways), last])
    result = values[-1]
    for (contends, _), value in zip(reversed(ways), reversed(values[:-1]), strict=True):
        result = t.choice(contends, value, result, compiler.hold)
    return result


def as_one_type(values: Sequence[Term]) -> list[Term]:
    """As columns have them: durations as text, numbers together as doubles, what else differs as text."""
    values = [_as_text(v) if v.sort == t.SPAN else v for v in values]
    sorts = {v.sort for v in values} - {t.NOTHING}
    if len(sorts) > 1 and sorts != {t.INT, t.FLOAT}:
        values = [_as_text(v) if v.sort != t.NOTHING else v for v in values]
    return list(t.alike(*values)) if values else []


def _as_text(term: Term) -> Term:
    if term.constant:
        return t.constant(None if term.value is None else str(term.value), t.TEXT)
    if term.sort == t.SPAN:
        spans = sorted(term.spans)
        text = term.expr.replace_strict([t.span_code(s) for s in spans], [str(s) for s in spans],
                                        default=None, return_dtype=nw.String)
    elif term.sort == t.BOOL:
        text = nw.when(term.expr).then(nw.lit("True")).otherwise(nw.when(~term.expr).then(nw.lit("False")))
    else:
        text = term.expr.cast(nw.String)
    return Term(text, t.TEXT, term.layer, term.known)


def value_term(value: Value | Shown, compiler: Compiler) -> Term:
    return compiler.held_term(value.expr) if isinstance(value, Shown) else t.constant(value)


def score_columns(score: PlannedScore, compiler: Compiler) -> dict[str, Term]:
    """The two ends of a score, and the band where both lie in one."""
    low, high = (compiler.term(ex.Name(end)) for end in (score.low, score.high))
    return {f"{score.name}_low": low, f"{score.name}_high": high, f"{score.name}_band": _band(score, low, high, compiler)}


def _band(score: PlannedScore, low: Term, high: Term, compiler: Compiler) -> Term:
    """The last band that begins at or below both ends, where it is the same; bands are in rising order."""
    if not score.bands:
        return t.constant(None, t.TEXT)
    codes = []
    for end in (low, high):
        reached = [t.compared(">=", end, t.constant(float(band.since))) for band in score.bands]
        codes.append(_count(reached, compiler))
    names = [None, *(band.name for band in score.bands)]
    at, up = codes
    same = t.compared("=", at, up)
    if at.constant:
        texts = t.constant(names[int(at.value)], t.TEXT)  # type: ignore[arg-type]
    else:
        texts = Term(looked_up(at.expr, names), t.TEXT, at.layer)
    return t.choice(t.certain(same), texts, t.constant(None, t.TEXT), compiler.hold)


def _count(truths: Sequence[Term], compiler: Compiler) -> Term:
    if all(term.constant for term in truths):
        return t.constant(sum(1 for term in truths if term.value))
    sum_ = truths[0].expr.cast(nw.Int16)
    for term in truths[1:]:
        sum_ = sum_ + term.expr.cast(nw.Int16)
    return compiler.hold(Term(sum_, t.INT, max(term.layer for term in truths), True))


def body_of(planned: PlannedRule, compiler: Compiler) -> tuple[ex.Expr, tuple[ex.Expr, ...]]:
    """What a rule asks at this review: its `when`, and each `unless`."""
    body = compiler.steps[planned.step]
    if isinstance(body, ex.Held):
        body = body.operand
    if not planned.rule.unless:
        return body, ()
    assert isinstance(body, ex.All)
    return body.operands[0], tuple(n.operand for n in body.operands[1:] if isinstance(n, ex.Not))

"""Columns of a decision: from the truth of each rule to outcome, possible outcomes, outputs, rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import narwhals as nw

from samrules.engines.frame import terms as t
from samrules.engines.frame.backend import SEPARATOR, Coded
from samrules.engines.frame.compiler import Compiler
from samrules.engines.frame.dialect import text_of_double
from samrules.engines.frame.terms import Term
from samrules.model import expressions as ex
from samrules.model.ruleset import Decide
from samrules.model.types import Kind, Value
from samrules.plan import lower
from samrules.plan.plan import PlannedDecision, PlannedRule, PlannedScore, Shown

BITS = 12
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

Given = Term | list[Coded]
"""A column to give out: a value, or texts looked up by codes and joined."""


def words(members: Sequence[tuple[str, Term]], compiler: Compiler) -> Given:
    """The names of the members that are there, in order, as one text; a blank one where none is."""
    members = [(name, term) for name, term in members if not (term.constant and not term.value)]
    if not members:
        return t.constant("")
    parts = [members[i:i + BITS] for i in range(0, len(members), BITS)]
    return [_set_of(part, compiler) for part in parts]


def _set_of(members: Sequence[tuple[str, Term]], compiler: Compiler) -> Coded:
    code = compiler.hold(_code([term for _, term in members]))
    return Coded(code.expr, subsets([name for name, _ in members]), code.layer, is_set=True)


def subsets(names: Sequence[str]) -> list[str | None]:
    """The text of each subset, by the bits of its place; None for the empty one."""
    texts: list[str | None] = [None]
    for name in names:
        texts += [name if before is None else f"{before}{SEPARATOR}{name}" for before in texts]
    return texts


def _code(truths: Sequence[Term]) -> Term:
    """Which are true, as the bits of a whole number."""
    layer = max(term.layer for term in truths)
    small = nw.Int16 if len(truths) <= 8 else nw.Int32
    sum_ = truths[0].expr.cast(small)
    for bit, term in enumerate(truths[1:], start=1):
        sum_ = sum_ + term.expr.cast(small) * (1 << bit)
    return Term(sum_, t.INT, layer, True)


def outcome_columns(verdict: Judged, compiler: Compiler) -> dict[str, Given]:
    """`outcome`, `settled`, `possible`."""
    decide, possible = verdict.decide, list(verdict.possible.items())
    if len(possible) > BITS:
        return _of_many(verdict, compiler)
    both = _set_of(possible, compiler)
    code, names = both.code, [word for word, _ in possible]
    if decide.hit_policy == "collect":
        listed = [text or "" for text in both.texts]
        place = nw.when(verdict.settled.expr).then(code).otherwise(nw.lit(len(listed)))
        outcome = Coded(place, [*listed, decide.unsettled], max(both.layer, verdict.settled.layer))
    else:
        outcome = Coded(code, [names[mask.bit_length() - 1] if mask.bit_count() == 1 else decide.unsettled
                               for mask in range(len(both.texts))], both.layer)
    return {"outcome": [outcome], "settled": verdict.settled, "possible": [both]}


def _of_many(verdict: Judged, compiler: Compiler) -> dict[str, Given]:
    """The same for so many outcomes that their subsets are not listed."""
    settled, possible = verdict.settled, list(verdict.possible.items())
    listed = words(possible, compiler)
    parts = listed if isinstance(listed, list) else []
    open_ = Coded(nw.when(settled.expr).then(nw.lit(0)).otherwise(nw.lit(1)), [None, verdict.decide.unsettled],
                  settled.layer, is_set=True)
    kept = [attrs.evolve(part, code=nw.when(settled.expr).then(part.code).otherwise(nw.lit(0)),
                         layer=max(part.layer, settled.layer)) for part in parts]
    return {"outcome": [*kept, open_], "settled": settled, "possible": listed}


# --- outputs, scores, rules --------------------------------------------------------------------


def output_columns(planned: PlannedDecision, verdict: Judged, compiler: Compiler) -> dict[str, Given]:
    """Each output: of the first rule that holds, gives the outcome and sets it; else of `always`.

    A rule that may still give a possible outcome with it keeps it missing.
    """
    found: dict[str, Given] = {}
    standing = dict(planned.always)
    for name in planned.outputs:
        ways: list[tuple[Term, Term, Term]] = []
        for rule in planned.rules:
            for value in (v for n, v in rule.outputs if n == name):
                truth = compiler.term(ex.Name(rule.step))
                contends = t.every([t.possible(truth), verdict.possible[rule.outcome]])
                given = t.every([t.certain(truth), verdict.settled])
                ways.append((contends, compiler.hold(given), value_term(value, compiler)))
        last = value_term(standing[name], compiler) if name in standing else t.constant(None)
        found[name] = _first_of(ways, last, compiler)
    return found


def _first_of(ways: Sequence[tuple[Term, Term, Term]], last: Term, compiler: Compiler) -> Given:
    """The value of the first way that contends, where it is given. Values of several types are texts."""
    values = as_one_type([*(value for _, _, value in ways), last])
    texts = [None, *dict.fromkeys(v.value for v in values if v.constant and v.value is not None)]
    coded = bool(ways) and values[0].sort == t.TEXT and all(v.constant for v in values)
    if coded:  # whole numbers are chosen faster than texts
        values = [t.constant(texts.index(v.value)) for v in values]
    nothing = t.constant(0) if coded else t.constant(None, values[0].sort)
    result = values[-1]
    for (contends, given, _), value in zip(reversed(ways), reversed(values[:-1]), strict=True):
        result = t.choice(contends, t.choice(given, value, nothing, compiler.hold), result, compiler.hold)
    if not coded:
        return result
    return t.constant(texts[int(result.value)], t.TEXT) if result.constant else [Coded(result.expr, texts, result.layer)]  # type: ignore[arg-type]


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
        text = text_of_double(term.expr) if term.sort == t.FLOAT else term.expr.cast(nw.String)
    return Term(text, t.TEXT, term.layer, term.known)


def value_term(value: Value | Shown, compiler: Compiler) -> Term:
    return compiler.held_term(value.expr) if isinstance(value, Shown) else t.constant(value)


def score_columns(score: PlannedScore, compiler: Compiler) -> dict[str, Given]:
    """The two ends of a score, and the band where both lie in one."""
    low, high = (compiler.term(ex.Name(end)) for end in (score.low, score.high))
    return {f"{score.name}_low": low, f"{score.name}_high": high, f"{score.name}_band": _band(score, low, high, compiler)}


def _band(score: PlannedScore, low: Term, high: Term, compiler: Compiler) -> Given:
    """The last band that begins at or below both ends, where it is the same; bands are in rising order."""
    if not score.bands:
        return t.constant(None, t.TEXT)
    at, up = (_count([t.compared(">=", end, t.constant(float(band.since))) for band in score.bands], compiler)
              for end in (low, high))
    place = t.choice(t.certain(t.compared("=", at, up)), at, t.constant(0), compiler.hold)
    names = [None, *(band.name for band in score.bands)]
    if place.constant:
        return t.constant(names[int(place.value)], t.TEXT)  # type: ignore[arg-type]
    return [Coded(place.expr, names, place.layer)]


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

"""The deciding unknowns of every row, in order of influence.

The same weighing as `decision/weigh.py` makes over one trace, here over the expressions: how likely each
condition is, how often it turns the rule, and how much of that hangs on each missing fact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import narwhals as nw

from samrules.engines.frame import terms as t
from samrules.engines.frame.backend import PLACES
from samrules.engines.frame.compiler import Compiler
from samrules.engines.frame.missing import Key, Missing, downwards
from samrules.engines.frame.terms import Term
from samrules.engines.frame.verdict import Judged
from samrules.model import expressions as ex
from samrules.model.ruleset import Decide
from samrules.plan.plan import Plan, PlannedDecision, PlannedScore

_MOST = 1 << 50
_BILLION = 1e9


@attrs.define
class Unknowns:
    """Weighs the missing facts below the rules that still matter."""

    plan: Plan
    compiler: Compiler
    missing: Missing
    weights: dict[str, list[Term]] = attrs.field(factory=dict)
    _shares: dict[Key, Mapping[str, Term]] = attrs.field(factory=dict)
    _chances: dict[Key, Term] = attrs.field(factory=dict)

    def keys(self, planned: PlannedDecision, verdict: Judged) -> list[tuple[str, Term]]:
        """Each fact that may be a deciding unknown, with a number that sorts it among those of its row;
        null where it is none. Numbers are below 2**62, and modulo `PLACES` the place in this list."""
        self._weigh(planned, verdict)
        order = {name: place for place, name in enumerate(self.plan.facts)}
        found = []
        for place, name in enumerate(sorted(self.weights, key=lambda n: order.get(n, len(order)))):
            weight = self.compiler.hold(_sum(self.weights[name]))
            falling = _MOST - (weight.expr * _BILLION + 0.5).floor().cast(nw.Int64)
            key = nw.when(weight.expr > 0).then(falling * PLACES + place)
            found.append((name, Term(key, t.INT, weight.layer)))
        return found

    def _weigh(self, planned: PlannedDecision, verdict: Judged) -> None:
        hold = self.compiler.hold
        above: dict[Key, list[Term]] = {}
        for rule, turns in zip(planned.rules, turning_rules(planned, verdict, self.compiler), strict=True):
            if not turns.constant or turns.value:
                root = Key(self.compiler.steps[rule.step])
                above.setdefault(root, []).append(self._number(turns))
        for key in downwards(list(above), self.missing.below_condition):
            unknown = self.missing.missing(key.node)
            if unknown.constant and not unknown.value:
                continue
            if key not in above:
                continue
            weight = _sum(above.pop(key))
            if not unknown.constant:
                weight = _times(weight, Term(unknown.expr.cast(nw.Float64), t.FLOAT, unknown.layer, True))
            weight = hold(weight)
            parts = self.missing.below_condition(key)
            if not parts:
                for fact, share in self._shares_of(key).items():
                    self.weights.setdefault(fact, []).append(_times(weight, share))
            pivots = self._pivotal(key, [self._chance(p) for p in parts])
            for part, pivot in zip(parts, pivots, strict=True):
                above.setdefault(part, []).append(_times(weight, pivot))

    # --- how likely ---

    def _chance(self, key: Key) -> Term:
        """How likely a condition is, if each unknown one is as likely to hold as not."""
        if key not in self._chances:
            self._chances[key] = self.compiler.hold(self._likely(key))
        return self._chances[key]

    def _likely(self, key: Key) -> Term:
        parts = self.missing.below_condition(key)
        if not parts:
            truth = self.compiler.held_term(key.node)
            if truth.constant:
                return t.constant(0.5 if truth.value is None else float(bool(truth.value)))
            expr = truth.expr.cast(nw.Float64)
            return Term(expr if truth.known else expr.fill_null(0.5), t.FLOAT, truth.layer, True)
        chances = [self._chance(p) for p in parts]
        match key.node if key.node.written is None else None:
            case ex.Not():
                return _less(chances[0])
            case ex.All():
                return _product(chances)
            case ex.Any_():
                return _less(_product([_less(c) for c in chances]))
            case ex.AtLeast(count=count):
                return _sum(_exactly(chances, self.compiler)[count:])
        return self._chance_of_held(key, chances[0]) if isinstance(key.node, ex.Held) else chances[0]

    def _chance_of_held(self, key: Key, now: Term) -> Term:
        """Of what must be sustained: as now where it is unknown, else as it is."""
        truth = self.compiler.held_term(key.node)
        if truth.constant:
            return now if truth.value is None else t.constant(float(bool(truth.value)))
        return t.first_known([Term(truth.expr.cast(nw.Float64), t.FLOAT, truth.layer), now])

    def _pivotal(self, key: Key, chances: Sequence[Term]) -> list[Term]:
        """For each part, the chance that the others leave the truth of the whole to it."""
        one = t.constant(1.0)
        node = key.node
        if len(chances) < 2 or not isinstance(node, ex.All | ex.Any_ | ex.AtLeast):
            return [one for _ in chances]
        if isinstance(node, ex.AtLeast):
            return [_exactly([*chances[:i], *chances[i + 1:]], self.compiler)[node.count - 1] for i in range(len(chances))]
        parts = list(chances) if isinstance(node, ex.All) else [self.compiler.hold(_less(c)) for c in chances]
        before, after = [one], [one]
        for part in parts[:-1]:
            before.append(self.compiler.hold(_times(before[-1], part)))
        for part in reversed(parts[1:]):
            after.append(self.compiler.hold(_times(after[-1], part)))
        return [_times(b, a) for b, a in zip(before, reversed(after), strict=True)]

    # --- one condition ---

    def _shares_of(self, key: Key) -> Mapping[str, Term]:
        """The missing facts of a condition that is unknown, each with its part of the weight."""
        if key not in self._shares:
            self._shares[key] = self._shared(key.node)
        return self._shares[key]

    def _shared(self, node: ex.Expr) -> dict[str, Term]:
        facts = self._equally(self.missing.below(node, t.TRUE))
        score = self._score_in(node)
        if score is None:
            return facts
        wide = self._apart(score.low, score.high)
        by_points = self._by_points(score)
        none = t.constant(0.0)
        return {name: self.compiler.hold(t.choice(wide, by_points.get(name, none), facts.get(name, none), self.compiler.hold))
                for name in dict.fromkeys([*by_points, *facts])}

    def _equally(self, missing: Mapping[str, Term]) -> dict[str, Term]:
        flags = {name: self._number(flag) for name, flag in missing.items()}
        if len(flags) == 1:
            return flags
        number = self.compiler.hold(_sum(list(flags.values()))) if flags else t.constant(0.0)
        return {name: self.compiler.hold(Term(flag.expr / number.expr.clip(lower_bound=1.0), t.FLOAT,
                                              max(flag.layer, number.layer), True)) for name, flag in flags.items()}

    def _number(self, flag: Term) -> Term:
        if flag.constant:
            return t.constant(float(bool(flag.value)))
        return self.compiler.hold(Term(flag.expr.cast(nw.Float64), t.FLOAT, flag.layer, True))

    def _by_points(self, score: PlannedScore) -> dict[str, Term]:
        """By the points that hang on each."""
        hold = self.compiler.hold
        shares: dict[str, list[Term]] = {}
        span = self._span(score.low, score.high)
        for criterion in score.criteria:
            part = self._span(criterion.low, criterion.high)
            share = hold(Term(nw.when(span.expr > 0).then(part.expr / span.expr).otherwise(nw.lit(0.0)), t.FLOAT,
                              max(part.layer, span.layer), True))
            missing = self.missing.below(self.compiler.steps[criterion.low], t.FALSE)
            for name, each in self._equally(missing).items():
                shares.setdefault(name, []).append(_times(share, each))
        return {name: hold(_sum(terms)) for name, terms in shares.items()}

    def _span(self, low: str, high: str) -> Term:
        top, bottom = (self.compiler.term(ex.Name(end)) for end in (high, low))
        term = t.calculated("-", top, bottom, self.compiler.hold)
        return self.compiler.hold(term) if not term.constant else self.compiler.named(term, f"~span:{low}")

    def _apart(self, low: str, high: str) -> Term:
        ends = [self.compiler.term(ex.Name(end)) for end in (low, high)]
        return self.compiler.hold(t.certain(t.compared("<", *ends)))

    def _score_in(self, node: ex.Expr) -> PlannedScore | None:
        """The first score that a condition rests on."""
        scores = {s.low.removesuffix(":low"): s for s in self.plan.scores}
        seen: set[Key] = set()
        stack = [node]
        while stack:
            current = stack.pop()
            if Key(current) in seen:
                continue
            seen.add(Key(current))
            note = self.missing.note(current)
            if note.role == "score" and note.shown in scores:
                return scores[note.shown]
            stack += reversed(self.missing.parts(current))
        return None


def _times(a: Term, b: Term) -> Term:
    for one, other in ((a, b), (b, a)):
        if one.constant and one.value in (0.0, 1.0):
            return other if one.value else t.constant(0.0)
    return Term(a.expr * b.expr, t.FLOAT, max(a.layer, b.layer), True)


def _less(a: Term) -> Term:
    """One less a chance."""
    return t.constant(1.0 - float(a.value)) if a.constant else Term(1.0 - a.expr, t.FLOAT, a.layer, True)  # type: ignore[arg-type]


def _product(terms: Sequence[Term]) -> Term:
    result = t.constant(1.0)
    for term in terms:
        result = _times(result, term)
    return result


def _sum(terms: Sequence[Term]) -> Term:
    kept = [x for x in terms if not (x.constant and not x.value)]
    if not kept:
        return t.constant(0.0)
    expr = kept[0].expr
    for term in kept[1:]:
        expr = expr + term.expr
    return kept[0] if len(kept) == 1 else Term(expr, t.FLOAT, max(x.layer for x in kept), True)


def _exactly(chances: Sequence[Term], compiler: Compiler) -> list[Term]:
    """The chance that exactly 0, 1, 2 … of independent conditions hold."""
    dist = [t.constant(1.0)]
    zero = t.constant(0.0)
    for p in chances:
        not_p = compiler.hold(_less(p))
        dist = [compiler.hold(_sum([_times(dist[i], not_p) if i < len(dist) else zero,
                                    _times(dist[i - 1], p) if i > 0 else zero])) for i in range(len(dist) + 1)]
    return dist


# --- which rules matter --------------------------------------------------------------------------


def turning_rules(planned: PlannedDecision, verdict: Judged, compiler: Compiler) -> list[Term]:
    """For each rule, where it is unknown and can turn the outcome; as `policy.turning` has it."""
    truths = [(r.outcome, compiler.term(ex.Name(r.step))) for r in planned.rules]
    turn = _turning_first if planned.decide.hit_policy == "first" else _turning_by_outcome
    turns = turn(planned.decide, truths, t.negated(verdict.settled), compiler)
    return [compiler.hold(t.every([t.possible(truth), t.negated(t.certain(truth)), turns_it]))
            for (_, truth), turns_it in zip(truths, turns, strict=True)]


def _turning_by_outcome(decide: Decide, truths: Sequence[tuple[str, Term]], open_: Term, compiler: Compiler) -> list[Term]:
    """Where the order of the rules does not matter, those of one outcome turn it or do not, together."""
    certain, possible = ({o: compiler.hold(t.some([held(truth) for given, truth in truths if given == o]))
                          for o in decide.outcomes} for held in (t.certain, t.possible))
    by_strength = decide.hit_policy == "priority"
    turns: dict[str, Term] = {}
    for place, outcome in enumerate(decide.outcomes):
        surely = t.negated(certain[outcome])
        if by_strength:
            open_ = compiler.hold(t.every([open_, surely]))
        others = decide.outcomes[place + 1:] if by_strength else [o for o in decide.outcomes if o != outcome]
        otherwise = t.some([possible[o] for o in others]) if outcome == decide.otherwise else t.TRUE
        turns[outcome] = compiler.hold(t.every([open_, otherwise] if by_strength else [open_, surely, otherwise]))
    return [turns[outcome] for outcome, _ in truths]


def _turning_first(decide: Decide, truths: Sequence[tuple[str, Term]], open_: Term, compiler: Compiler) -> list[Term]:
    """`after` has each outcome with whether the later rules can give it."""
    after: dict[str | None, Term] = {decide.otherwise: t.TRUE}
    turns: list[Term] = []
    for outcome, truth in reversed(truths):
        turns.append(t.some([reached for other, reached in after.items() if other != outcome]))
        not_sure = t.negated(t.certain(truth))
        after = {other: compiler.hold(t.every([not_sure, reached])) for other, reached in after.items()}
        after[outcome] = compiler.hold(t.some([t.possible(truth), after.get(outcome, t.FALSE)]))
    before = []
    for (_, truth), turns_it in zip(truths, reversed(turns), strict=True):
        before.append(t.every([open_, turns_it]))
        open_ = compiler.hold(t.every([open_, t.negated(t.certain(truth))]))
    return before

"""The deciding unknowns of every row: which missing facts an unsettled decision hangs on.

The same walk as `decision/weigh.py` and `decision/trace.py` make over one trace, here over the
expressions, with a truth for every row at each node: is it reached, is what is missing below it wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from samrules.decision.trace import NO_NOTE, Note
from samrules.engines.frame import terms as t
from samrules.engines.frame.compiler import Compiler
from samrules.engines.frame.past import Past
from samrules.engines.frame.terms import Term
from samrules.engines.frame.verdict import Judged, list_settled, possibilities, rule_truths
from samrules.model import expressions as ex
from samrules.model.ruleset import Decide
from samrules.model.types import Kind
from samrules.plan.plan import Plan, PlannedDecision, PlannedScore

_STRICT = (ex.Compare, ex.Arithmetic, ex.Negate, ex.Not, ex.Cutoff)
"""Missing where a part of theirs is: what is missing below them needs no second look."""
_GROUPS = (ex.All, ex.Any_, ex.AtLeast, ex.Not)


@attrs.define
class Unknowns:
    """Finds the missing facts that matter, by name, each with the rows in which it does."""

    plan: Plan
    compiler: Compiler
    past: Mapping[ex.Held, Past] = attrs.field(factory=dict)
    found: dict[str, list[Term]] = attrs.field(factory=dict)

    def of(self, planned: PlannedDecision, verdict: Judged) -> list[tuple[str, Term]]:
        """Each fact that may be a deciding unknown, with the truth that it is, in the order declared."""
        hold = self.compiler.hold
        reached: dict[_Key, list[Term]] = {}
        roots = {rule.step: relevant for rule, relevant in zip(
            planned.rules, relevant_rules(planned, verdict, self.compiler), strict=True)}
        for step, relevant in roots.items():
            if not relevant.constant:
                reached.setdefault(_Key(self.compiler.steps[step]), []).append(relevant)
        for key in _downwards([_Key(self.compiler.steps[s]) for s, r in roots.items() if not r.constant],
                              self._below):
            here = hold(t.some(reached.pop(key)))
            parts = self._below(key)
            if not parts:
                self._leaf(key.node, here)
            for part in parts:
                unknown = self._missing(part.node)
                if not (unknown.constant and not unknown.value):
                    reached.setdefault(part, []).append(t.every([here, unknown]))
                else:
                    reached.setdefault(part, []).append(t.FALSE)
        order = {name: place for place, name in enumerate(self.plan.facts)}
        return [(name, hold(t.some(self.found[name]))) for name in sorted(self.found, key=lambda n: order.get(n, len(order)))]

    def below(self, node: ex.Expr, wanted: Term) -> dict[str, Term]:
        """The missing facts below a node that is reached everywhere, where they matter."""
        self._missing_facts([(node, t.TRUE, wanted)])
        return {name: self.compiler.hold(t.some(terms)) for name, terms in self.found.items()}

    def _note(self, node: ex.Expr) -> Note:
        return self.plan.notes.get(node, NO_NOTE)

    def _missing(self, node: ex.Expr) -> Term:
        """Whether a node has no value."""
        term = self.compiler.held_term(node)
        if term.constant:
            return t.constant(term.value is None)
        return t.FALSE if term.known else self.compiler.hold(Term(term.expr.is_null(), t.BOOL, term.layer, True))

    def _below(self, key: _Key) -> list[_Key]:
        """The conditions that a condition is made of, as `trace.below` has them."""
        node = key.node
        if isinstance(node, ex.Name):
            note = self._note(node)
            named = note.role == "definition" and note.type is not None and note.type.kind is Kind.BOOLEAN
            return [_Key(self.compiler.steps[node.name])] if named and node.name in self.compiler.steps else []
        if isinstance(node, ex.Held):
            return [_Key(node.operand)]
        if node.written is None and isinstance(node, _GROUPS):
            return [_Key(child) for child in ex.children(node)]
        return []

    # --- one condition ---

    def _leaf(self, node: ex.Expr, here: Term) -> None:
        score = self._score_in(node)
        if score is None:
            self._missing_facts([(node, here, here)])
            return
        hold = self.compiler.hold
        wide = self._apart(score.low, score.high)
        for criterion in score.criteria:
            open_ = hold(t.every([here, wide, self._apart(criterion.low, criterion.high)]))
            self._missing_facts([(self.compiler.steps[criterion.low], open_, t.FALSE)])
        narrow = hold(t.every([here, t.negated(wide)]))
        self._missing_facts([(node, narrow, narrow)])

    def _apart(self, low: str, high: str) -> Term:
        ends = [self.compiler.term(ex.Name(end)) for end in (low, high)]
        return self.compiler.hold(t.certain(t.compared("<", *ends)))

    def _score_in(self, node: ex.Expr) -> PlannedScore | None:
        """The first score that a condition rests on."""
        scores = {s.low.removesuffix(":low"): s for s in self.plan.scores}
        seen: set[_Key] = set()
        stack = [node]
        while stack:
            current = stack.pop()
            if _Key(current) in seen:
                continue
            seen.add(_Key(current))
            note = self._note(current)
            if note.role == "score" and note.shown in scores:
                return scores[note.shown]
            stack += reversed(self._parts(current))
        return None

    def _parts(self, node: ex.Expr) -> list[ex.Expr]:
        if isinstance(node, ex.Name):
            step = self.compiler.steps.get(node.name)
            return [step] if step is not None else []
        if isinstance(node, ex.Held):
            return [node.operand]
        return ex.children(node)

    def _missing_facts(self, roots: Sequence[tuple[ex.Expr, Term, Term]]) -> None:
        """Follow what is missing down to facts: each root with where it is reached and where wanted.

        A node known itself hides nothing, but for the two-valued questions (`trace.missing_facts`).
        """
        hold = self.compiler.hold
        reached: dict[_Key, list[Term]] = {}
        wanted: dict[_Key, list[Term]] = {}
        for node, at, wish in roots:
            if at.constant and not at.value:
                continue
            reached.setdefault(_Key(node), []).append(at)
            wanted.setdefault(_Key(node), []).append(wish)
        keys = [_Key(node) for node, at, _ in roots if not (at.constant and not at.value)]
        hiding = self._hiding(keys)
        for key in _downwards(keys, lambda k: [_Key(p) for p, _, _ in self._open(k.node, count=False)]):
            node = key.node
            at = hold(t.some(reached.pop(key))) if key in hiding else t.FALSE
            wish = hold(t.some(wanted.pop(key)))
            if isinstance(node, ex.Name) and self._note(node).role == "fact":
                self._add(node.name, t.every([wish, self._missing(node)]))
                continue
            if not self._strict(node):
                wish = hold(t.every([wish, self._missing(node)]))
            if isinstance(node, ex.Held) and node in self.past:
                for fact, term in self.past[node].wanted.items():
                    self._add(fact, t.every([wish, term]))
                for fact, term in self.past[node].hidden.items():
                    self._add(fact, t.every([at, term]))
            for part, open_, hidden in self._open(node):
                below = t.every([at, open_])
                reached.setdefault(_Key(part), []).append(below)
                wanted.setdefault(_Key(part), []).append(
                    t.some([t.every([wish, open_]), below]) if hidden else t.every([wish, open_]))

    def _add(self, fact: str, where: Term) -> None:
        if not (where.constant and not where.value):
            self.found.setdefault(fact, []).append(self.compiler.hold(where))

    def _hiding(self, keys: Sequence[_Key]) -> set[_Key]:
        """The nodes below which a two-valued question may hide what is missing."""
        hiding: set[_Key] = set()
        for key in reversed(list(_downwards(keys, lambda k: [_Key(p) for p, _, _ in self._open(k.node, count=False)]))):
            parts = self._open(key.node, count=False)
            past = isinstance(key.node, ex.Held) and key.node in self.past
            if past or any(hidden for _, _, hidden in parts) or any(_Key(p) in hiding for p, _, _ in parts):
                hiding.add(key)
        return hiding

    def _strict(self, node: ex.Expr) -> bool:
        if isinstance(node, ex.Call):
            return node.function != "coalesce"
        return isinstance(node, (*_STRICT, ex.Name))

    def _open(self, node: ex.Expr, *, count: bool = True) -> list[tuple[ex.Expr, Term, bool]]:
        """The parts that may hide something missing, where they are open, and whether one hides it.

        Without `count` only the parts matter.
        """
        yes = t.TRUE
        if isinstance(node, ex.Certain | ex.Possible):
            return [(p, self._missing(p) if count else yes, True) for p in ex.children(node)]
        if isinstance(node, ex.If):
            condition, then, otherwise = ex.children(node)
            if not count:
                return [(p, yes, False) for p in (condition, then, otherwise)]
            truth = self.compiler.held_term(condition)
            return [(condition, yes, False), (then, t.possible(truth), False),
                    (otherwise, t.negated(t.certain(truth)), False)]
        if isinstance(node, ex.Call) and node.function == "coalesce" and self._note(node).role == "":
            return [(node.arguments[0], yes, True)]
        return [(p, yes, False) for p in self._parts(node)]


@attrs.frozen(eq=False)
class _Key:
    """A node together with how it was written, which is outside its equality."""

    node: ex.Expr

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.node == other.node and \
            (self.node.written is None) == (other.node.written is None)

    def __hash__(self) -> int:
        return hash(self.node)


def _downwards(roots: Sequence[_Key], below: Callable[[_Key], Sequence[_Key]]) -> Iterator[_Key]:
    """What is below, each once and after all that rest on it."""
    done: dict[_Key, None] = {}
    stack: list[tuple[_Key, bool]] = [(root, False) for root in roots]
    while stack:
        key, left = stack.pop()
        if left:
            done[key] = None
        elif key not in done:
            stack.append((key, True))
            stack += [(part, False) for part in below(key) if part not in done]
    return reversed(list(done))


# --- which rules matter --------------------------------------------------------------------------


def relevant_rules(planned: PlannedDecision, verdict: Judged, compiler: Compiler) -> list[Term]:
    """For each rule, where it is unknown and its truth changes which outcomes are possible."""
    rules = rule_truths(planned)
    ways: list[tuple[Mapping[str, ex.Expr], Mapping[str, ex.Expr]]] = []
    for place, (outcome, _) in enumerate(rules):
        as_if = [[*rules[:place], (outcome, ex.Literal(truth, Kind.BOOLEAN)), *rules[place + 1:]]
                 for truth in (True, False)]
        ways.append((_verdict(planned.decide, as_if[0]), _verdict(planned.decide, as_if[1])))
    compiler.expect(q for pair in ways for way in pair for q in way.values())
    found = []
    for (_, rule), (held, failed) in zip(rules, ways, strict=True):
        truth = compiler.term(rule)
        differs = t.some([_differ(compiler.term(held[o]), compiler.term(failed[o]), compiler) for o in held])
        unknown = t.every([t.possible(truth), t.negated(t.certain(truth))])
        found.append(compiler.hold(t.every([unknown, differs, t.negated(verdict.settled)])))
    return found


def _verdict(decide: Decide, rules: Sequence[tuple[str, ex.Expr]]) -> dict[str, ex.Expr]:
    """What a verdict consists of, as questions; `""` asks whether a list is settled."""
    settled = {"": list_settled(decide, rules)} if decide.hit_policy == "collect" else {}
    return {**possibilities(decide, rules), **settled}


def _differ(a: Term, b: Term, compiler: Compiler) -> Term:
    if a.constant and b.constant:
        return t.constant(a.value != b.value)
    if a.constant or b.constant:
        fixed, other = (a, b) if a.constant else (b, a)
        return t.negated(other) if fixed.value else other
    return t.compared("!=", compiler.hold(a), compiler.hold(b))

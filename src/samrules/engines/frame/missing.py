"""Which missing facts a value hangs on, for every row.

The same walk as `missing_facts` in `decision/trace.py` makes over one trace, here over the expressions,
with a truth for every row at each node: is it reached, is what is missing below it wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from samrules.decision.trace import NO_NOTE, Note
from samrules.engines.frame import terms as t
from samrules.engines.frame.compiler import Compiler
from samrules.engines.frame.terms import Term
from samrules.model import expressions as ex
from samrules.model.types import Kind
from samrules.plan.plan import Plan

_STRICT = (ex.Compare, ex.Arithmetic, ex.Negate, ex.Not, ex.Cutoff)
"""Missing where a part of theirs is: what is missing below them needs no second look."""


_GROUPS = (ex.All, ex.Any_, ex.AtLeast, ex.Not)


@attrs.define
class Missing:
    """Finds the missing facts that matter, by name, each with the rows in which it does."""

    plan: Plan
    compiler: Compiler
    found: dict[str, list[Term]] = attrs.field(factory=dict)

    def below(self, node: ex.Expr, wanted: Term) -> dict[str, Term]:
        """The missing facts below a node that is reached everywhere, where they matter."""
        self.found.clear()
        self._missing_facts([(node, t.TRUE, wanted)])
        return {name: self.compiler.hold(t.some(terms)) for name, terms in self.found.items()}

    def note(self, node: ex.Expr) -> Note:
        return self.plan.notes.get(node, NO_NOTE)

    def missing(self, node: ex.Expr) -> Term:
        """Whether a node has no value."""
        term = self.compiler.held_term(node)
        if term.constant:
            return t.constant(term.value is None)
        return t.FALSE if term.known else self.compiler.hold(Term(term.expr.is_null(), t.BOOL, term.layer, True))

    def below_condition(self, key: Key) -> list[Key]:
        """The conditions that a condition is made of, as `trace.below` has them."""
        node = key.node
        if isinstance(node, ex.Name):
            note = self.note(node)
            named = note.role == "definition" and note.type is not None and note.type.kind is Kind.BOOLEAN
            return [Key(self.compiler.steps[node.name])] if named and node.name in self.compiler.steps else []
        if isinstance(node, ex.Held):
            return [Key(node.operand)]
        if node.written is None and isinstance(node, _GROUPS):
            return [Key(child) for child in ex.children(node)]
        return []

    def parts(self, node: ex.Expr) -> list[ex.Expr]:
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
        reached: dict[Key, list[Term]] = {}
        wanted: dict[Key, list[Term]] = {}
        for node, at, wish in roots:
            if at.constant and not at.value:
                continue
            reached.setdefault(Key(node), []).append(at)
            wanted.setdefault(Key(node), []).append(wish)
        keys = [Key(node) for node, at, _ in roots if not (at.constant and not at.value)]
        hiding = self._hiding(keys)
        for key in downwards(keys, lambda k: [Key(p) for p, _, _ in self._open(k.node, count=False)]):
            node = key.node
            at = hold(t.some(reached.pop(key))) if key in hiding else t.FALSE
            wish = hold(t.some(wanted.pop(key)))
            if isinstance(node, ex.Name) and self.note(node).role == "fact":
                self._add(node.name, t.every([wish, self.missing(node)]))
                continue
            if not self._strict(node):
                wish = hold(t.every([wish, self.missing(node)]))
            for part, open_, hidden in self._open(node):
                below = t.every([at, open_])
                reached.setdefault(Key(part), []).append(below)
                wanted.setdefault(Key(part), []).append(
                    t.some([t.every([wish, open_]), below]) if hidden else t.every([wish, open_]))

    def _add(self, fact: str, where: Term) -> None:
        if not (where.constant and not where.value):
            self.found.setdefault(fact, []).append(self.compiler.hold(where))

    def _hiding(self, keys: Sequence[Key]) -> set[Key]:
        """The nodes below which a two-valued question may hide what is missing."""
        hiding: set[Key] = set()
        for key in reversed(list(downwards(keys, lambda k: [Key(p) for p, _, _ in self._open(k.node, count=False)]))):
            parts = self._open(key.node, count=False)
            if any(hidden for _, _, hidden in parts) or any(Key(p) in hiding for p, _, _ in parts):
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
            return [(p, self.missing(p) if count else yes, True) for p in ex.children(node)]
        if isinstance(node, ex.If):
            condition, then, otherwise = ex.children(node)
            if not count:
                return [(p, yes, False) for p in (condition, then, otherwise)]
            truth = self.compiler.held_term(condition)
            return [(condition, yes, False), (then, t.possible(truth), False),
                    (otherwise, t.negated(t.certain(truth)), False)]
        if isinstance(node, ex.Call) and node.function == "coalesce" and self.note(node).role == "":
            return [(node.arguments[0], yes, True)]
        return [(p, yes, False) for p in self.parts(node)]


@attrs.frozen(eq=False)
class Key:
    """A node together with how it was written, which is outside its equality."""

    node: ex.Expr

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.node == other.node and \
            (self.node.written is None) == (other.node.written is None)

    def __hash__(self) -> int:
        return hash(self.node)


def downwards(roots: Sequence[Key], below: Callable[[Key], Sequence[Key]]) -> Iterator[Key]:
    """What is below, each once and after all that rest on it."""
    done: dict[Key, None] = {}
    stack: list[tuple[Key, bool]] = [(root, False) for root in roots]
    while stack:
        key, left = stack.pop()
        if left:
            done[key] = None
        elif key not in done:
            stack.append((key, True))
            stack += [(part, False) for part in below(key) if part not in done]
    return reversed(list(done))

"""Without accounts at hand: a made-up account for each edit, on which the edit makes the difference."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date

import attrs

from samrules.compare.answers import Answer, answer_from
from samrules.compare.hybrids import Hybrids
from samrules.compare.made_up import Maker
from samrules.engines.interpreter import view
from samrules.engines.outcome import judged
from samrules.errors import FactError
from samrules.model.types import Duration, Value
from samrules.plan.plan import Plan
from samrules.rules import Rules

TRIES = 400
_EARLIER = 3
"""Earlier reviews that a made-up account has where a ruleset looks back, a quarter apart, with the same facts."""


class Shows(enum.IntEnum):
    """What a witness shows, from the least to the most."""

    ALONE = 1
    """The edit by itself makes a difference that the other edits undo or hide."""
    OUTPUTS = 2
    OPEN = 3
    """Another outcome while facts are missing, or other outcomes that are possible."""
    OUTCOME = 4


@attrs.frozen
class Witness:
    """An account on which an edit makes a difference: from the answer `old` to `new`.

    With `Shows.ALONE`, `new` is the answer with this edit and no other.
    """

    facts: dict[str, Value]
    history: int
    old: Answer
    new: Answer
    shows: Shows


@attrs.frozen
class Search:
    """What was found for each of the deciding edits, in their order; None is no proof that there is nothing.

    `same` are the edits of which a prover showed that by themselves they change no outcome, by place.
    """

    witnesses: tuple[Witness | None, ...]
    tried: int
    same: frozenset[int] = frozenset()


Prover = Callable[[Rules, Rules], "bool | dict[str, Value] | None"]
"""What may know more than a search: True where every account has the same outcome by two rulesets, the facts of an
account on which they differ, or None where it cannot tell. It is asked where the search found nothing."""


def search(old: Rules, new: Rules, hybrids: Hybrids, edits: int, day: date, *, prover: Prover | None = None) -> Search:
    """Try made-up accounts until each edit has one, or there were enough. The same rulesets give the same accounts."""
    trial = _Trial(old, new, hybrids, edits, day)
    same = set()
    for facts in _candidates(old, new, day):
        if trial.tried >= TRIES or all(trial.best(e) is Shows.OUTCOME for e in range(edits)):
            break
        trial.take(facts)
    if prover is not None:
        for edit in range(edits):
            alone = hybrids.rules(frozenset({edit})) if trial.best(edit) is None else None
            found = prover(old, alone) if alone is not None else None
            if found is True:
                same.add(edit)
            elif isinstance(found, dict):
                trial.take(found)
    return Search(tuple(trial.shrunk(e) for e in range(edits)), trial.tried, frozenset(same))


def _candidates(old: Rules, new: Rules, day: date) -> Iterator[dict[str, Value]]:
    """Accounts for every rule of both, in turns, so that no rule waits for the others."""
    chance = random.Random(0)
    makers = [Maker(r.plan, day, chance, _other_values(other.plan, day)) for r, other in ((new, old), (old, new))]
    while True:
        for maker in makers:
            decision = maker.plan.decision
            assert decision is not None
            rules = decision.rules
            for place, rule in enumerate(rules):
                ahead = [maker.steps[r.step] for r in rules[:place]] if chance.random() < 0.7 else []
                yield maker.account(maker.steps[rule.step], ahead)


def _other_values(plan: Plan, day: date) -> dict[str, list[Value]]:
    return {name: [dated.value] for name, p in plan.parameters.items() if (dated := p.at(day)) is not None}


@attrs.define
class _Trial:
    """Decides made-up accounts under the old and the new ruleset and, where they differ, under each edit."""

    old: Rules
    new: Rules
    hybrids: Hybrids
    edits: int
    day: date
    tried: int = 0
    found: dict[int, Witness] = attrs.field(factory=dict)

    def best(self, edit: int) -> Shows | None:
        return self.found[edit].shows if edit in self.found else None

    def take(self, facts: dict[str, Value]) -> None:
        self.tried += 1
        pair = self.answers(facts)
        if pair is None:
            return
        for edit in range(self.edits):
            if self.best(edit) is Shows.OUTCOME or (self.best(edit) is not None and pair[0] == pair[1]):
                continue
            witness = self.witness(facts, edit, pair)
            if witness is not None and witness.shows > (self.best(edit) or 0):
                self.found[edit] = witness

    def answers(self, facts: dict[str, Value]) -> tuple[Answer, Answer] | None:
        try:
            return self.answer(self.old, facts), self.answer(self.new, facts)
        except FactError:
            return None

    def answer(self, rules: Rules, facts: dict[str, Value]) -> Answer:
        known = {n: v for n, v in facts.items() if n in rules.facts}
        history: Sequence[tuple[date, dict[str, Value]]] = ()
        if rules.plan.looks_back:
            history = [(Duration(months=3 * n).before(self.day), known) for n in range(_EARLIER, 0, -1)]
        decision = rules.plan.decision
        assert decision is not None
        own = judged(decision, view(rules.plan, known, self.day, history))  # without the explanation, for speed
        return answer_from(own.verdict.outcome, own.verdict.possible, own.outputs)

    def witness(self, facts: dict[str, Value], edit: int, pair: tuple[Answer, Answer]) -> Witness | None:
        """What an account shows of an edit: whether it is the edit that makes the difference, and which."""
        old, new = pair
        alone = self.with_edits(facts, frozenset({edit}))
        looks_back = _EARLIER if self.old.plan.looks_back or self.new.plan.looks_back else 0
        for seen, shows in ((_outcomes, Shows.OUTCOME if _settled(old) and _settled(new) else Shows.OPEN), (_everything, Shows.OUTPUTS)):
            if seen(old) == seen(new):
                continue
            if alone is not None and seen(alone) == seen(new):
                return Witness(facts, looks_back, old, new, shows)
            without = self.with_edits(facts, frozenset(range(self.edits)) - {edit})
            if without is not None and seen(without) == seen(old):
                return Witness(facts, looks_back, old, new, shows)
        if alone is not None and _everything(alone) != _everything(old):
            return Witness(facts, looks_back, old, alone, Shows.ALONE)
        return None

    def with_edits(self, facts: dict[str, Value], subset: frozenset[int]) -> Answer | None:
        rules = self.hybrids.rules(subset)
        if rules is None or rules.plan.decision is None:
            return None
        try:
            return self.answer(rules, facts)
        except FactError:
            return None

    def shrunk(self, edit: int) -> Witness | None:
        """The witness of an edit without the facts that it can do without."""
        witness = self.found.get(edit)
        if witness is None:
            return None
        for name in sorted(witness.facts):
            if name == "account_id":
                continue
            fewer = {n: v for n, v in witness.facts.items() if n != name}
            pair = self.answers(fewer)
            smaller = self.witness(fewer, edit, pair) if pair is not None else None
            if smaller is not None and smaller.shows is witness.shows \
                    and (_outcomes(smaller.old), _outcomes(smaller.new)) == (_outcomes(witness.old), _outcomes(witness.new)):
                witness = smaller
        return witness


def _outcomes(answer: Answer) -> object:
    return answer.outcomes


def _everything(answer: Answer) -> object:
    return answer


def _settled(answer: Answer) -> bool:
    return len(answer.possible) == 1 or isinstance(answer.outcome, tuple)

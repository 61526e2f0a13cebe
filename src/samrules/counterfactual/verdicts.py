"""From what each rule may be to the outcomes that the decision may come to."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs

from samrules.counterfactual.spans import FALSE, TRUE, UNKNOWN, disjunction, truths
from samrules.decision.policy import judge
from samrules.model.ruleset import CONFLICT, Decide

Outcome = str | tuple[str, ...]

_MOST_WAYS = 2187


@attrs.define
class Verdicts:
    """The outcomes of one decision; `rules` are those that its rules give, in order."""

    decide: Decide
    rules: tuple[str, ...]
    _known: dict[tuple[int, ...], frozenset[Outcome] | None] = attrs.field(factory=dict)

    def among(self, masks: tuple[int, ...]) -> frozenset[Outcome] | None:
        """All outcomes that some truth of each rule, each by itself, gives; None: any at all. Never too few."""
        if masks not in self._known:
            self._known[masks] = self._found(masks)
        return self._known[masks]

    def _found(self, masks: tuple[int, ...]) -> frozenset[Outcome] | None:
        if self.decide.hit_policy == "first":
            return self._one_by_one([(o, m) for o, m in zip(self.rules, masks, strict=True)])
        groups = [(o, disjunction(*(m for given, m in zip(self.rules, masks, strict=True) if given == o)))
                  for o in self.decide.outcomes if o in self.rules]
        if self.decide.hit_policy == "priority":
            return self._one_by_one(groups)
        ways = [truths(mask) for _, mask in groups]
        count = 1
        for way in ways:
            count *= len(way)
        if count > _MOST_WAYS:
            return None
        return frozenset(judge(self.decide, [(o, t) for (o, _), t in zip(groups, way, strict=True)]).outcome
                         for way in itertools.product(*ways))

    def _one_by_one(self, groups: Sequence[tuple[str, int]]) -> frozenset[Outcome]:
        """Where the first that holds decides: `states` are what was possible before, None standing for two or more."""
        states: set[frozenset[str] | None] = {frozenset()}
        ended: set[frozenset[str] | None] = set()
        for outcome, mask in groups:
            joined = {_with(s, outcome) for s in states}
            if mask & TRUE:
                ended |= joined
            states = (states if mask & FALSE else set()) | (joined if mask & UNKNOWN else set())
        last = self.decide.otherwise
        ended |= {_with(s, last) for s in states} if last is not None else states
        return frozenset(next(iter(e)) if e is not None and len(e) == 1 else self.decide.unsettled for e in ended)


def _with(state: frozenset[str] | None, outcome: str) -> frozenset[str] | None:
    if state is None or (state and outcome not in state):
        return None
    return frozenset((outcome,))


def every_outcome(decide: Decide) -> tuple[str, ...]:
    """All that a decision that does not collect may come to, strongest first; open comes last."""
    conflict = (CONFLICT,) if decide.hit_policy == "unique" else ()
    return tuple(dict.fromkeys([*decide.outcomes, *conflict, decide.unsettled]))

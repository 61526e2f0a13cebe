"""Laws of the hit policies, which no engine has a part in: held to all ways of filling in what is not known."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from samrules.decision.policy import judge, turning
from samrules.model.ruleset import CONFLICT, Decide

OUTCOMES = ("a", "b", "c")


@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.sampled_from([True, False, None])), min_size=1, max_size=6),
       st.sampled_from(["priority", "first", "unique", "collect"]), st.sampled_from(OUTCOMES))
def test_a_verdict_is_every_way_of_filling_in(rules: list[tuple[str, bool | None]], policy: str,
                                              otherwise: str) -> None:
    """An outcome is possible exactly when some way of filling in the unknown rules gives it."""
    decide = Decide("d", OUTCOMES, hit_policy=policy, otherwise=otherwise)
    verdict = judge(decide, rules)
    ways = itertools.product(*([t] if t is not None else [True, False] for _, t in rules))
    answers = {_by_hand(policy, otherwise, [(o, t) for (o, _), t in zip(rules, way, strict=True)]) for way in ways}
    assert verdict.settled == (len(answers) == 1)
    if policy == "collect":
        assert set(verdict.possible) == set().union(*(set(a) for a in answers))
        assert not verdict.settled or verdict.outcome == answers.pop()
    else:
        assert set(verdict.possible) == answers
        assert not verdict.settled or (verdict.outcome,) == tuple(answers)


@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.sampled_from([True, False, None])), min_size=1, max_size=6),
       st.sampled_from(["priority", "first", "unique", "collect"]), st.sampled_from([*OUTCOMES, None]))
def test_a_rule_turns_the_outcome_under_some_way(rules: list[tuple[str, bool | None]], policy: str, otherwise: str | None) -> None:
    """An unknown rule is listed exactly when, under some way of filling in the others, the outcome is another without it."""
    decide = Decide("d", OUTCOMES, hit_policy=policy, otherwise=otherwise)

    def turns(place: int) -> bool:
        ways = itertools.product(*([t] if t is not None else [True, False] for _, t in rules))
        return any(_by_hand(policy, otherwise, [(o, t) for (o, _), t in zip(rules, way, strict=True)])
                   != _by_hand(policy, otherwise, [(o, t and i != place) for i, ((o, _), t) in enumerate(zip(rules, way, strict=True))])
                   for way in ways if way[place])

    assert turning(decide, rules) == [place for place, (_, t) in enumerate(rules) if t is None and turns(place)]


def _by_hand(policy: str, otherwise: str | None, rules: list[tuple[str, bool]]) -> Any:
    """What a policy gives when every rule is known, said another way than `judge` says it."""
    held = [o for o, t in rules if t]
    if policy == "collect":
        return tuple(sorted(set(held))) or (otherwise,)
    if not held:
        return otherwise
    if policy == "unique":
        return held[0] if len(set(held)) == 1 else CONFLICT
    return held[0] if policy == "first" else min(held)

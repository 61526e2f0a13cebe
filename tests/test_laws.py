"""The laws of the language, each stated in its test and tried on random rulesets and accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import samrules
from samrules.decision.evidence import evidence
from samrules.decision.policy import judge
from samrules.decision.trace import facts_seen
from samrules.inputs.accounts import check_tables
from samrules.inputs.tables import read_tables
from samrules.model.ruleset import CONFLICT, Decide
from tests import strategies as some

pytestmark = pytest.mark.usefixtures("engine")

slow = settings(deadline=None, suppress_health_check=list(HealthCheck))


@slow
@given(some.rulesets(monotone=False), some.accounts(), some.histories(), some.events())
def test_checked_implies_no_error_at_run_time(case: some.Case, facts: dict[str, Any],
                                              history: list[dict[str, Any]],
                                              events: list[dict[str, Any]] | None) -> None:
    """A ruleset that the checker accepts decides every account of well-typed facts and events."""
    decision = samrules.loads(case.text).decide(facts, history=history, events=events, as_of=some.AS_OF)
    if decision.decide.hit_policy != "collect":
        assert decision.settled == (len(decision.possible) == 1)
    assert str(decision.why())
    for outcome in decision.decide.outcomes:
        assert str(decision.why_not(outcome))
    json.loads(decision.to_json())


@slow
@given(st.data())
def test_what_the_checker_accepts_of_any_expression_runs(data: st.DataObject) -> None:
    """Not only well-typed expressions by construction: whatever the checker lets through, runs."""
    part = st.one_of(st.sampled_from([*some.FACTS, *some.PARAMETERS, "as_of", "5", "0.5", "60%", "2M",
                                      '"vendor"', "24 months", "2024-02-29", "true", "score", "score.band"]))
    operator = st.sampled_from(["=", "<", ">=", "+", "-", "*", "/", "and", "or"])
    compound = st.recursive(part, lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, operator, inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("{}({})".format, st.sampled_from(["age", "abs"]), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max", "coalesce"]), inner, inner),
        st.builds("({} between {} and {})".format, inner, inner, inner),
        st.builds("({} in [{}])".format, inner, part),
        st.builds("({} is known)".format, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
    ), max_leaves=5)
    case = data.draw(some.rulesets(monotone=False))
    case.data["rules"]["odd"] = {"when": data.draw(compound), "then": {"action": "watch", "out": {"value": data.draw(compound)}}}
    try:
        rules = samrules.loads(case.text)
    except samrules.RulesetError:
        return
    rules.decide(data.draw(some.accounts()), as_of=some.AS_OF).why()


@slow
@given(some.rulesets(), some.full_accounts(), st.sets(st.sampled_from(some.KNOWABLE)),
       st.sets(st.sampled_from(some.KNOWABLE)))
def test_learning_a_fact_never_contradicts(case: some.Case, full: dict[str, Any], hidden: set[str],
                                           learnt: set[str]) -> None:
    """Monotonicity: with more facts known, no outcome becomes possible that was not before."""
    rules = samrules.loads(case.text)
    less = {k: v for k, v in full.items() if k not in hidden}
    more = {k: v for k, v in full.items() if k not in hidden - learnt}
    before = rules.decide(less, as_of=some.AS_OF)
    after = rules.decide(more, as_of=some.AS_OF)
    assert set(after.possible) <= set(before.possible)
    if before.settled:
        assert after.settled
        assert after.outcome == before.outcome


@slow
@given(some.rulesets(), some.full_accounts(), st.sets(st.sampled_from(some.KNOWABLE)), st.data())
def test_only_deciding_unknowns_decide(case: some.Case, full: dict[str, Any], hidden: set[str],
                                       data: st.DataObject) -> None:
    """Learning a missing fact that is not among the deciding unknowns changes nothing."""
    rules = samrules.loads(case.text)
    facts = {k: v for k, v in full.items() if k not in hidden}
    before = rules.decide(facts, as_of=some.AS_OF)
    assert set(before.deciding_unknowns) <= hidden
    others = sorted(hidden - set(before.deciding_unknowns))
    assume(others)
    fact = data.draw(st.sampled_from(others))
    after = rules.decide({**facts, fact: full[fact]}, as_of=some.AS_OF)
    assert (after.outcome, after.possible) == (before.outcome, before.possible)


@pytest.mark.parametrize("policy", ["collect", "first"])
def test_a_fact_of_two_rules_decides(policy: str) -> None:
    """With `x` known the decision is settled, so it is among what would decide."""
    rules = samrules.loads(f"""ruleset: r
version: 1.0.0
facts: {{x: {{type: number}}, y: {{type: boolean}}}}
rules:
  d: {{when: y, then: {{o: {"go" if policy == "collect" else "stay"}}}}}
  a: {{when: x > 1, then: {{o: go}}}}
  b: {{when: x > 2, then: {{o: {"stay" if policy == "collect" else "go"}}}}}
decide: {{o: {{outcomes: [go, stay], hit_policy: {policy}, otherwise: stay}}}}""")
    before = rules.decide({"account_id": "A"}, as_of=some.AS_OF)
    after = rules.decide({"account_id": "A", "x": 3 if policy == "collect" else 0}, as_of=some.AS_OF)
    assert not before.settled
    assert after.settled
    assert "x" in before.deciding_unknowns


@slow
@given(some.rulesets(policies=("priority", "unique", "collect")), some.accounts(), st.randoms())
def test_the_order_of_rules_does_not_matter(case: some.Case, facts: dict[str, Any], random: Any) -> None:
    """Under every policy but `first`, rules may be written in any order."""
    shuffled = list(case.data["rules"].items())
    random.shuffle(shuffled)
    other = some.Case({**case.data, "rules": dict(shuffled)})
    a, b = (samrules.loads(c.text).decide(facts, as_of=some.AS_OF) for c in (case, other))
    assert (a.outcome, a.settled, a.possible) == (b.outcome, b.settled, b.possible)
    assert {r.name for r in a.fired} == {r.name for r in b.fired}
    assert set(a.deciding_unknowns) == set(b.deciding_unknowns)


@slow
@given(some.rulesets(monotone=False), some.accounts(), some.histories(), some.events(), st.randoms())
def test_same_input_same_bytes(case: some.Case, facts: dict[str, Any], history: list[dict[str, Any]],
                               events: list[dict[str, Any]] | None, random: Any) -> None:
    """The same inputs give the same bytes, in whatever order facts, reviews and events are handed over."""
    shuffled = list(facts.items())
    random.shuffle(shuffled)
    first = samrules.loads(case.text).decide(
        facts, history=history, events=events, as_of=some.AS_OF)
    second = samrules.loads(case.text).decide(
        dict(shuffled), history=history[::-1], events=events and events[::-1], as_of=some.AS_OF)
    assert first.to_json() == second.to_json()
    assert str(first.why()) == str(second.why())


OUTCOMES = ("a", "b", "c")


ASKING = """
ruleset: asking
version: 1.0.0
uses: [asked]
rules:
  is_a: {{when: 'asked.d = "a"', then: {{out: is_a}}}}
  not_b: {{when: 'asked.d != "b"', then: {{out: not_b}}}}
  either: {{when: 'asked.d in ["a", "b"]', then: {{out: either}}}}
  settled: {{when: asked.d is known, then: {{out: settled}}}}
decide: {{out: {{outcomes: [is_a, not_b, either, settled], hit_policy: collect}}}}
"""


@slow
@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.sampled_from([True, False, None])), min_size=1, max_size=4),
       st.sampled_from(["priority", "first", "unique"]), st.sampled_from(OUTCOMES))
def test_another_ruleset_sees_the_verdict(tmp_path_factory: pytest.TempPathFactory,
                                          rules: list[tuple[str, bool | None]], policy: str, otherwise: str) -> None:
    """A decision asked for by name answers from its possible outcomes, as `judge` finds them."""
    folder = tmp_path_factory.mktemp("asked")
    data = {
        "ruleset": "asked", "version": "1.0.0",
        "facts": {f"f{i}": {"type": "boolean"} for i in range(len(rules))},
        "rules": {f"r{i}": {"when": f"f{i}", "then": {"d": o}} for i, (o, _) in enumerate(rules)},
        "decide": {"d": {"outcomes": list(OUTCOMES), "hit_policy": policy, "otherwise": otherwise}},
    }
    (folder / "asked.yaml").write_text(json.dumps(data), encoding="utf-8")
    facts = {"account_id": "A", **{f"f{i}": t for i, (_, t) in enumerate(rules) if t is not None}}
    decision = samrules.loads(ASKING.format(), folder=folder).decide(facts, as_of=some.AS_OF)
    possible = set(judge(Decide("d", OUTCOMES, hit_policy=policy, otherwise=otherwise), rules).possible)

    def truth(wanted: set[str]) -> bool | None:
        return True if possible <= wanted else None if possible & wanted else False

    expected = {"is_a": truth({"a"}), "not_b": truth({"a", "c", CONFLICT}), "either": truth({"a", "b"}),
                "settled": len(possible) == 1}
    assert {r.name: r.truth for r in decision.rules} == expected


def test_attrs_classes_are_frozen() -> None:
    """Nobody changes a decision after the fact."""
    decision = samrules.loads(
        "ruleset: r\nversion: 1.0.0\nfacts: {f: {type: boolean}}\n"
        "rules: {a: {when: f, then: {d: x}}}\ndecide: {d: {outcomes: [x, y], otherwise: y}}"
    ).decide({"account_id": "A", "f": True}, as_of=some.AS_OF)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        decision.outcome = "y"  # type: ignore[misc]


def test_shared_definitions_cost_no_more_than_they_are_long() -> None:
    """A definition used twice at every level is weighed and explained once, not 2**n times."""
    defined = "\n".join(f"  d{i}: d{i - 1} and not d{i - 1} or d{i - 1} and flag" for i in range(1, 30))
    rules = samrules.loads(
        f"ruleset: r\nversion: 1.0.0\nfacts: {{x: {{type: number}}, flag: {{type: boolean}}}}\n"
        f"define:\n  d0: x > 1\n{defined}\n"
        "rules: {a: {when: d29, then: {d: go}}}\ndecide: {d: {outcomes: [go, stay], otherwise: stay}}\n")
    for facts in ({"x": 2.0}, {"flag": True}, {"x": 2.0, "flag": True}, {"x": 0.5, "flag": False}):
        decision = rules.decide({"account_id": "A", **facts}, as_of=some.AS_OF)
        assert len(str(decision.why())) < 100_000
        assert len(str(decision.why_not("go"))) < 100_000


def test_another_account_s_record_is_refused() -> None:
    rules = samrules.loads(
        "ruleset: r\nversion: 1.0.0\nfacts: {f: {type: boolean}}\nevents: {e: {}}\nmeasures: {n: {count: e}}\n"
        "rules: {a: {when: n >= 1 or f, then: {d: go}, sustained: 2 reviews}}\n"
        "decide: {d: {outcomes: [go, stay], otherwise: stay}}\n")
    with pytest.raises(samrules.FactError, match="an event of the account `B`"):
        rules.decide({"account_id": "A"}, events=[{"account_id": "B", "event": "e", "date": "2026-01-01"}],
                     as_of=some.AS_OF)
    with pytest.raises(samrules.FactError, match="a review of the account `B`"):
        rules.decide({"account_id": "A"}, history=[{"account_id": "B", "review_date": "2026-01-01", "f": True}],
                     as_of=some.AS_OF)
    for bad in ([3], {"event": "e"}, 3):
        with pytest.raises(samrules.FactError, match="events are a list of mappings"):
            rules.decide({"account_id": "A"}, events=bad, as_of=some.AS_OF)  # type: ignore[arg-type]


def test_evidence_shows_this_review() -> None:
    """A condition that looks back is shown with the facts of now, not with those of an earlier review."""
    portfolio = Path(__file__).parent.parent / "examples" / "portfolio"
    for name in ("coverage", "dedesignation", "programme"):
        rules = samrules.load(name)
        tables = check_tables(read_tables(portfolio), rules.facts, rules.events, some.AS_OF)
        for account in tables.accounts:
            decision = rules.decide_account(account, tables.recorded, some.AS_OF)
            for rule in decision.rules:
                for seen in (facts_seen(rule.when), *(item.facts for item in evidence(rule.when))):
                    assert {n: v for n, v in seen.items() if n in account.facts} == {
                        n: account.facts[n] for n in seen if n in account.facts}

"""Proofs: what is proved is so, what is refuted the interpreter confirms, and what cannot be told is not claimed."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from samrules import load, loads
from samrules.authoring.read_cases import parse_cases
from samrules.authoring.run_cases import run_cases
from samrules.check.checker import CheckedRuleset, check
from samrules.cli.main import cli
from samrules.engines.interpreter import view
from samrules.explain.claims import claim_in_words
from samrules.explain.condition_words import ConditionWords
from samrules.model.types import Duration
from samrules.plan.planner import plan_claims
from samrules.proofs.calendars import AnyDay, days_in
from samrules.proofs.differ import Difference, differ
from samrules.proofs.frame import Situation, periods, proof_frame
from samrules.proofs.prove import prove
from samrules.proofs.questions import Breaks, Decides
from samrules.proofs.report import Report, Verdict
from samrules.proofs.rounding import EXACT
from samrules.proofs.settle import Found, Proved, Settler, Unknown
from samrules.proofs.solver import Answer, ask
from samrules.proofs.terms import Term, Truth
from samrules.syntax.library import bundle_of_text, bundled_folder, load_bundle
from tests.strategies import AS_OF, accounts, full_accounts, rulesets

pytest.importorskip("z3")

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=10, deadline=None)


def checked(text: str) -> CheckedRuleset:
    return check(bundle_of_text(text, "r.yaml"))


def proved(text: str, seconds: float = 60) -> Report:
    return prove(checked(text), AS_OF, seconds)


def in_scope(facts: dict[str, Any]) -> bool:
    """docs/proofs.md: numbers within 2**53."""
    return all(isinstance(v, bool | str | date) or abs(v) <= EXACT for v in facts.values())


# --- the solver is told nothing that is not so ---------------------------------------------------


@SLOW
@given(rulesets(monotone=False), st.one_of(accounts(), full_accounts()), st.lists(accounts(), max_size=2))
def test_the_solver_admits_what_the_interpreter_computes(case: Any, facts: dict[str, Any], past: list[dict[str, Any]]) -> None:
    """What the interpreter makes of any account is among what a proof considers. So what a proof excludes, no account is."""
    assume(in_scope(facts) and all(map(in_scope, past)))
    plan, _ = plan_claims(checked(case.text))
    reviews = [(Duration(months=6 * (2 - n)).before(AS_OF), known) for n, known in enumerate(past)]
    now = view(plan, facts, AS_OF, reviews)
    period = next(p for p in periods(plan) if p.first <= AS_OF <= p.last)
    frame = proof_frame(plan, sorted(plan.read - {"account_id"}), period)
    z = frame.z
    assert isinstance(frame.calendar, AnyDay)
    told = [frame.calendar.variable == AS_OF.toordinal()]
    for name, unknown in frame.facts.items():
        if name == "account_id":
            continue
        told += _fixed(frame, unknown, facts.get(name), z)
    assert plan.decision is not None
    for rule in plan.decision.rules:
        truth, value = frame.now.rule(rule.step), now.value(rule.step)
        told.append(truth.true if value is True else truth.false if value is False
                    else z.no(z.any([truth.true, truth.false])))
    assert ask(frame.asserted(z.all(told)), 5)[0] is not Answer.NONE


def _fixed(frame: Any, unknown: Any, value: Any, z: Any) -> list[Any]:
    if value is None:
        return [z.no(z.any([unknown.true, unknown.false]) if isinstance(unknown, Truth) else unknown.known)]
    if isinstance(unknown, Truth):
        return [unknown.true if value else unknown.false]
    assert isinstance(unknown, Term)
    plain = z.fraction(value + 0.0) if isinstance(value, float) else \
        z.whole(frame.codes.code(value) if isinstance(value, str) else value.toordinal() if isinstance(value, date) else value)
    return [unknown.known, unknown.value == plain]


@SLOW
@given(rulesets(policies=("priority", "first", "unique")), st.lists(accounts(), min_size=5, max_size=5))
def test_rules_that_decide_and_rules_that_cannot(case: Any, some: list[dict[str, Any]]) -> None:
    """An account found for a rule is decided by it, through the front door; of a rule without one, no account is."""
    plan, _ = plan_claims(checked(case.text))
    rules = loads(case.text)
    assert plan.decision is not None
    settler = Settler(plan, AS_OF, 1)
    for rule in plan.decision.rules[:2]:
        settled = settler.settle(Decides(plan.decision, rule), expecting=Found)
        if isinstance(settled, Found):
            at = settled.witness
            history = [{**known, "review_date": day} for day, known in at.history]
            decision = rules.decide(at.facts, events=[], recorded=[], history=history, as_of=at.as_of)
            assert decision.outcome == rule.outcome
            assert rule.rule.name in {r.name for r in decision.rules if r.truth}
        elif isinstance(settled, Proved) and settled.exact:
            for facts in filter(in_scope, some):
                assert not Decides(plan.decision, rule).holds(plan, Situation(facts, AS_OF))


@SLOW
@given(rulesets(), st.lists(accounts(), min_size=4, max_size=4), st.data())
def test_invariants_that_are_proved_hold(case: Any, some: list[dict[str, Any]], data: Any) -> None:
    """Of a claim that is proved no account is a counter-example; one that is refuted has been refuted by the interpreter."""
    plan, claims = plan_claims(checked(case.text))
    settler = Settler(plan, AS_OF, 1)
    for claim in claims:
        settled = settler.settle(Breaks(claim))
        if isinstance(settled, Found):
            assert Breaks(claim).holds(plan, settled.witness)
        elif isinstance(settled, Proved) and settled.exact:
            for facts in filter(in_scope, some):
                after = {claim.rising: data.draw(st.sampled_from([f[claim.rising] for f in some if claim.rising in f] or [None]))} \
                    if claim.rising else {}
                known = {n: v for n, v in facts.items() if not claim.knowing_only or n in claim.knowing_only | {"account_id"}}
                if None not in after.values() and in_scope({str(k): v for k, v in after.items()}):
                    assert not Breaks(claim).holds(plan, Situation(known, AS_OF, (), after))


@given(st.dates(date(1600, 1, 1), date(2600, 1, 1)), st.sampled_from([1, 2, 3, 6, 11, 12, 13, 18, 24, 48, 59, 4800, 4801]))
def test_months_are_as_long_as_the_solver_is_told(day: date, months: int) -> None:
    least, most = days_in(months)
    assert least <= (day - Duration(months=months).before(day)).days <= most


# --- the bundled rulesets ------------------------------------------------------------------------

STATED = [path.stem for path in sorted(bundled_folder().glob("*.yaml")) if "\ninvariants:\n" in path.read_text()]


def test_the_bundled_rulesets_state_enough() -> None:
    assert sum(len(load(name).ruleset.invariants) for name in STATED) >= 10


@pytest.mark.parametrize("name", STATED)
def test_the_bundled_invariants_are_proved(name: str) -> None:
    """Every one, for every account and every day, to the last bit."""
    from samrules.proofs.prove import _Proofs

    plan, claims = plan_claims(check(load_bundle(name)))
    proofs = _Proofs(check(load_bundle(name)), plan, claims, Settler(plan, AS_OF, 120))
    assert {c.invariant.name: proofs.invariant(c).verdict for c in claims} == {c.invariant.name: Verdict.PROVED for c in claims}


def test_invariants_are_no_part_of_the_digest() -> None:
    text = (bundled_folder() / "cadence.yaml").read_text()
    assert loads(text).digest == loads(text.split("\ninvariants:")[0]).digest


# --- what is said --------------------------------------------------------------------------------

SMALL = """
ruleset: small
version: 1.0.0
facts:
  csat: {type: number, range: 0..10, title: customer satisfaction}
  revenue: {type: money, range: "0..", title: revenue of the last 12 months}
  status: {type: "enum [out, in_]", title: status}
  designated_on: {type: date, title: day of designation}
rules:
  content: {when: csat >= 8 and revenue < 1M, then: {action: go}}
  delighted: {when: csat >= 9 and revenue < 500k, then: {action: wait}}
  impossible: {when: csat < 2 and csat + 1 > 4, then: {action: go}}
decide: {action: {outcomes: [go, wait, stop], otherwise: stop}}
invariants:
  revenue_never_hurts: {title: more revenue never makes the answer worse, rising: revenue, never_lowers: action}
  content_first: {title: nobody goes who is not content, never: 'action = "go" and csat < 8'}
  goes: {title: whoever is content goes, always: 'action = "go"', where: csat >= 8}
"""


def said(text: str) -> str:
    return re.sub(r"\(\d+\.\d s\)", "(0.0 s)", text)


def test_a_page_of_proofs(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    result = CliRunner().invoke(cli, ["prove", str(path), "--as-of", "2026-11-21", "--timeout", "60"])
    assert result.exit_code == 1
    assert said(result.stdout) == """\
small 1.0.0: 1 of 3 rules decide some account
  shadowed rule delighted (0.0 s)
    Wherever it holds, another rule decides in its place, or is left open.
  dead     rule impossible (0.0 s)
    It holds of no account, whatever its facts.
  note     decision action (0.0 s)
    No rule holds of this account: its outcome is `stop`, without a sentence.
      customer satisfaction: 0
      All other facts are missing. Decided as of 21 November 2026.
  refuted  invariant revenue_never_hurts (0.0 s)
    Not so: more revenue never makes the answer worse. When revenue of the last 12 months rises from
      0 to 1 million, action falls from go to stop:
      customer satisfaction: 10
      revenue of the last 12 months: 0
      All other facts are missing. Decided as of 21 November 2026.
    Read as: when revenue of the last 12 months rises and nothing else changes, action never falls
      (from the highest: go, wait, stop).
    The rule `content` holds; then it fails, as `revenue < 1M` does not hold.
    The rule `delighted` holds; then it fails, as `revenue < 500k` does not hold.
    In a case:
      as_of: 2026-11-21
      facts: {csat: 10, revenue: 0}
    and after the change:
      facts: {csat: 10, revenue: 1M}
  proved   invariant content_first (0.0 s)
    Nobody goes who is not content.
    Read as: never all of these at once: action is go; customer satisfaction: below 8.
  refuted  invariant goes (0.0 s)
    Not so: whoever is content goes. On these facts action is stop:
      customer satisfaction: 10
      revenue of the last 12 months: 1 million
      All other facts are missing. Decided as of 21 November 2026.
    Read as: where customer satisfaction: at least 8: always: action is go.
    The rule `content` fails, as `revenue < 1M` does not hold.
    The rule `delighted` fails, as `revenue < 500k` does not hold.
    The rule `impossible` fails, as `csat < 2` does not hold.
    In a case:
      as_of: 2026-11-21
      facts: {csat: 10, revenue: 1M}

"""
    assert result.stderr == "small: 1 dead, 1 proved, 2 refuted, 1 shadowed\n"


@pytest.mark.parametrize(("claim", "read"), [
    ("{never: 'action = \"go\" and csat < 8'}", "never all of these at once: action is go; customer satisfaction: below 8"),
    ("{always: action != \"stop\", where: 'csat >= 8 or keen'}",
     "where any of these holds: customer satisfaction: at least 8; the customer is keen: always: action is not stop"),
    ("{rising: keen, never_raises: action, knowing_only: [keen, csat]}",
     "when “the customer is keen” turns from no to yes and nothing else changes, action never rises (from the highest: go, wait, stop); of accounts of which "
     "nothing is known but whether the customer is keen and customer satisfaction"),
    ("{rising: designated_on, never_lowers: csat}", "when day of designation is a later day and nothing else changes, customer satisfaction never falls"),
    ("{rising: csat, never_lowers: keen}",
     "when customer satisfaction rises and nothing else changes, “the customer is keen” never turns from true to false, and unknown stands between the two"),
])
def test_a_claim_is_read_back_in_words(claim: str, read: str) -> None:
    """A title may say anything; what was proved is said beside it."""
    text = SMALL.split("\ninvariants:")[0].replace("rules:\n", "  keen: {type: boolean, title: the customer is keen}\nrules:\n", 1)
    checked = loads(f"{text}\ninvariants:\n  one: {claim}\n").checked
    [invariant] = checked.main.invariants
    assert claim_in_words(invariant, ConditionWords(checked.scopes["small"])) == read


def test_the_case_of_an_account_that_breaks_a_claim_can_be_tried(tmp_path: Path) -> None:
    """What is printed to be put into a file of cases is read, and decided as the proof says."""
    (tmp_path / "small.yaml").write_text(SMALL)
    refuted = next(r for r in prove(loads(SMALL).checked, AS_OF, 60).results if r.name == "revenue_never_hurts")
    assert refuted.account is not None
    lines = "".join(f"    {line}\n" for line in refuted.account.case)
    after = f"    as_of: 2026-11-21\n    {refuted.account.case_after}\n"
    file = parse_cases(f"ruleset: small\ncases:\n  now:\n{lines}    expect: {{outcome: go}}\n  then:\n{after}    expect: {{outcome: stop}}\n",
                       "small.cases.yaml", tmp_path)
    assert [str(r) for r in run_cases(file)] == ["`now`: passed", "`then`: passed"]


def test_as_data(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    result = CliRunner().invoke(cli, ["prove", str(path), "--as-of", "2026-11-21", "--timeout", "60", "--format", "json"])
    (report,) = json.loads(result.stdout)
    assert (report["schema"], report["ruleset"], report["rules_that_decide"]) == ("samrules.proofs/1", "small", 1)
    refuted = next(r for r in report["results"] if r["name"] == "revenue_never_hurts")
    assert refuted["verdict"] == "refuted"
    assert refuted["line"] == 15
    assert refuted["account"] == {"as_of": "2026-11-21", "facts": {"account_id": "A", "csat": 10.0, "revenue": 0.0}, "after": {"revenue": 1000000.0}}


def test_the_example_of_the_page_is_printed(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "proofs.md").read_text("utf-8")
    found = re.search(r"<!-- refuted:.*?-->\n```yaml\n(.*?)```\n\n```text\n(.*?)```\n<!-- end", page, re.DOTALL)
    assert found
    path = tmp_path / "small.yaml"
    path.write_text(found[1])
    result = CliRunner().invoke(cli, ["prove", str(path), "--as-of", "2026-11-21", "--timeout", "60"])
    assert said(result.stdout) == found[2] + "\n"


LIFE = """
ruleset: life
version: 1.0.0
facts:
  status: {type: "enum [out, in_]"}
  score: {type: number, range: 0..100}
lifecycles:
  place:
    on_record: coalesce(status, "out")
    start: out
    states: {out: , in_: }
    transitions:
      enter: {from: out, to: in_, when: score >= 60}
      leave: {from: in_, to: out, when: score < 50}
decide: {place: {outcomes: [in_, out], hit_policy: first, otherwise: out}}
invariants:
  settled: {title: nobody goes in and out for ever, settles: place}
"""


def test_what_cannot_be_told_is_said_to_be_unknown(tmp_path: Path) -> None:
    path = tmp_path / "life.yaml"
    path.write_text(LIFE)
    lenient = CliRunner().invoke(cli, ["prove", str(path)])
    strict = CliRunner().invoke(cli, ["prove", str(path), "--strict"])
    assert (lenient.exit_code, strict.exit_code) == (0, 1)
    assert "Not found out: nobody goes in and out for ever. Why: its state on record is no fact" in strict.stdout
    assert proved(LIFE.replace('coalesce(status, "out")', "status")).results[0].verdict is Verdict.PROVED


def test_rounding_is_no_proof() -> None:
    """On paper 18 of 20 is 90% and 0.1 + 0.2 is 0.3; in doubles the second is not. Neither is claimed to be impossible."""
    text = """
ruleset: r
version: 1.0.0
facts: {a: {type: number, range: 0..1}, b: {type: number, range: 0..1}}
rules:
  odd: {when: a = 0.1 and b = 0.2 and a + b > 0.3, then: {go: yes_}}
decide: {go: {outcomes: [yes_, no_], otherwise: no_}}
invariants:
  never_odd: {never: a = 0.1 and b = 0.2 and a + b > 0.3}
"""
    report = proved(text)
    assert {r.name: r.verdict for r in report.results if r.what in ("rule", "invariant")} == {
        "odd": Verdict.UNKNOWN, "never_odd": Verdict.PROVED_BUT_FOR_ROUNDING}
    assert loads(text).decide({"account_id": "A", "a": 0.1, "b": 0.2}).outcome == "yes_"


# --- two rulesets --------------------------------------------------------------------------------


def test_a_difference_is_an_account() -> None:
    old, new = loads(SMALL).plan, loads(SMALL.replace("csat >= 8 and", "csat >= 7 and")).plan
    found = differ(old, new, AS_OF, 60)
    assert isinstance(found, Difference)
    assert (found.old.outcome, found.new.outcome) == ("stop", "go")
    facts = dict(found.witness.facts)
    assert loads(SMALL).decide(facts, as_of=AS_OF).outcome == "stop"
    assert 7 <= facts["csat"] < 8  # type: ignore[operator]


def test_a_proof_that_nothing_moves() -> None:
    old = loads(SMALL).plan
    same = SMALL.replace("csat >= 8 and revenue < 1M", "not (csat < 8 or revenue >= 1M)").replace("content:", "pleased:")
    assert differ(old, loads(same).plan, AS_OF, 60) == Proved(exact=True)
    other = loads(SMALL.replace("csat: {type: number, range: 0..10,", "csat: {type: ratio,").replace("csat + 1 > 4", "csat > 4"))
    assert differ(old, other.plan, AS_OF, 60) == Unknown("the fact `csat` is number in one and ratio in the other")


def test_sustained_rules_are_compared_by_what_they_mean() -> None:
    """What was true at earlier reviews is the same for both where both ask the same; a longer time is a difference."""
    text = SMALL.replace("then: {action: go}}\n  delighted", "sustained: 2 reviews, then: {action: go}}\n  delighted")
    renamed = text.replace("content:", "pleased:")
    assert differ(loads(text).plan, loads(renamed).plan, AS_OF, 60) == Proved(exact=True)
    longer = differ(loads(text).plan, loads(text.replace("2 reviews", "3 reviews")).plan, AS_OF, 60)
    assert isinstance(longer, Difference)
    assert len(longer.witness.history) >= 1

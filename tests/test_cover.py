"""What cases cover, the search for accounts, mutants and boundary cases: laws, and texts to the letter."""

from __future__ import annotations

import itertools
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import samrules
from samrules.authoring.aims import Level, Seen, branch_aims, condition_aims, seen
from samrules.authoring.boundaries import boundaries, neighbours
from samrules.authoring.cases import Case, CasesFile
from samrules.authoring.covering import covering
from samrules.authoring.killing import difference, try_mutants
from samrules.authoring.mutants import Fault, mutants_of, mutated
from samrules.authoring.read_cases import parse_cases, read_cases
from samrules.authoring.run_cases import run_case, run_cases
from samrules.authoring.search import find
from samrules.authoring.telling import coverage_told, failure, mutants_told
from samrules.authoring.units import UnitKind, fared, units_of
from samrules.authoring.write_cases import suggestions
from samrules.diagnostics import Span
from samrules.plan.planner import plan
from samrules.testing import accounts_of
from tests import strategies as some

FOLDER = Path(__file__).parent.parent / "rulesets" / "cases"
DAY = date(2026, 11, 21)
NAMES = sorted(path.name.removesuffix(".cases.yaml") for path in FOLDER.glob("*.cases.yaml"))
SMALL = ("account_load", "account_plan", "cadence", "health", "manager")
SAMPLED = ("assessment", "buy_sell", "coverage", "dedesignation", "designation", "strategic_score")


def file_of(name: str) -> CasesFile:
    return read_cases(FOLDER / f"{name}.cases.yaml")


def all_seen(file: CasesFile) -> list[Seen]:
    return [s for case in file.cases if (s := seen(file.rules, case)) is not None]


# --- the bundled rulesets ------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_bundled_cases_show_every_rule_and_branch(name: str) -> None:
    file = file_of(name)
    found = covering(file, run_cases(file), most=0)
    assert [g.aim.says for g in found.gaps if g.aim.level is not Level.CONDITION] == []
    assert found.complaints == ()
    assert found.share == 1
    assert found.counts[Level.CONDITION].share > 0.8


@pytest.mark.parametrize("name", [*SMALL, *SAMPLED])
def test_bundled_cases_kill_nine_mutants_in_ten(name: str) -> None:
    """Of the larger rulesets every twentieth; `.ci/run` tries them all, those of the largest two too."""
    file = file_of(name)
    every = list(mutants_of(file.rules))
    found = try_mutants(file, only=every if name in SMALL else every[5::20])
    assert len(found.trials) >= 4
    assert found.share >= (0.9 if name in SMALL else 0.7), [t.mutant.says for t in found.trials if not t.killed]


# --- a ruleset to try things on ------------------------------------------------------------------

RULESET = """
ruleset: visits
version: 1.0.0
facts:
  revenue: {type: money, range: 0..}
  contacts: {type: integer, range: 0..}
  promised: {type: integer, range: 0..}
  status: {type: "enum [open, closed, lost]"}
  since: {type: date}
  wanted: {type: boolean}
  listed: {type: boolean}
parameters:
  large: {type: money, values: {2020-01-01: 1M}, reason: It is much.}
define:
  worth_it: {any: [revenue >= large, listed]}
  kept: contacts >= promised * 0.8
rules:
  call_on_it:
    when: {all: [wanted, worth_it]}
    unless: status in ["closed", "lost"]
    then: {serve: visit, times: 4}
    because: "{account} wants it and brings {revenue}"
  stay_in_touch:
    when: {all: [kept, age(since) >= 2 years]}
    sustained: 2 reviews
    then: {serve: phone}
decide: {serve: {outcomes: [visit, phone, write], otherwise: write}}
"""

CASES = """
ruleset: visits
as_of: 2026-11-21
base:
  large: {revenue: 1M, wanted: yes, listed: no, status: open, contacts: 8, promised: 10, since: 2025-01-01}
cases:
  large and wanted:
    base: large
    expect: {outcome: visit, fired: call_on_it}
  nothing known: {expect: {settled: no}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "visits.yaml").write_text(RULESET, "utf-8")
    return tmp_path


def cases(folder: Path, text: str = CASES) -> CasesFile:
    return parse_cases(text, "visits.cases.yaml", folder)


def told(file: CasesFile, **how: int) -> list[str]:
    return list(coverage_told(file, covering(file, run_cases(file), **how)))


def test_coverage_to_the_letter(folder: Path) -> None:
    lines = told(cases(folder))
    assert lines[0] == "visits: shown are rules 3 of 6 (50%), branches 5 of 10 (50%), conditions 5 of 18 (27.7%)"
    text = "\n".join(lines).replace(str(folder), "")
    assert """
  no case shows the rule `call_on_it` not fired   (/visits.yaml:18)
    why: in every case it is true or unknown; `large and wanted` comes closest
    this account would: as in `large and wanted`, with {wanted: no}
""" in text
    assert """
  no case shows `sustained: 2 reviews` true and deciding the rule `stay_in_touch`   (/visits.yaml:23)
    why: it is true in no case; `large and wanted` comes closest
    this account would: as in `large and wanted`, with {since: 2024-11-21}, on 2026-08-21 the same but {since: 2024-08-21}
""" in text
    assert """
  no case shows `listed` true and deciding the definition `worth_it`   (/visits.yaml:15)
    why: it is true in no case; `large and wanted` comes closest
    this account would: as in `large and wanted`, with {revenue: 999.999k, listed: yes}
""" in text
    assert """
  no case shows `listed` false and deciding the definition `worth_it`   (/visits.yaml:15)
    why: in the one case where it is false, something else decides: in `large and wanted`, `revenue >= large` is true
    this account would: as in `large and wanted`, with {revenue: 999.999k}
""" in text


def test_every_gap_of_a_thin_file_is_closed_by_the_account_that_is_found(folder: Path) -> None:
    """Sustained evidence, a formula over two facts, a date and missing values among them."""
    file = cases(folder)
    found = covering(file, run_cases(file))
    assert len(found.gaps) == 21
    for gap in found.gaps:
        assert gap.found is not None
        assert gap.found.account is not None, gap.aim.says
        shown = seen(file.rules, gap.found.account)
        assert shown is not None
        assert gap.aim.shown(shown)


def test_what_no_account_can_show_is_not_claimed_to_be_impossible(folder: Path) -> None:
    (folder / "visits.yaml").write_text(RULESET.replace("any: [revenue >= large, listed]",
                                                        "all: [revenue >= large, revenue < 100]"), "utf-8")
    lines = "\n".join(told(cases(folder, CASES.replace("outcome: visit, fired: call_on_it", "settled: yes"))))
    assert "no case shows the definition `worth_it` true" in lines
    assert "no account that would was found among " in lines
    assert " tried; there may be one all the same" in lines


def test_branches_are_excused_with_a_reason(folder: Path) -> None:
    file = cases(folder, CASES + """
unreachable:
  worth_it: {false: everybody is worth it}
  otherwise: {taken: somebody always wants it, not_taken: nobody does}
""")
    found = covering(file, run_cases(file), most=0)
    says = [g.aim.says for g in found.gaps]
    assert "the definition `worth_it` false" not in says
    assert not any("otherwise" in s for s in says)
    assert found.counts[Level.BRANCH].ways == 7
    assert found.complaints == ("`otherwise` is said never to be not taken, and `large and wanted` shows it so; "
                                "remove the line under `unreachable`",)


def test_a_failure_to_the_letter(folder: Path) -> None:
    file = cases(folder, CASES.replace("outcome: visit, fired: call_on_it", "outcome: phone, not_fired: call_on_it"))
    assert failure(run_case(file.rules, file.cases[0]), file.rules) == """\
large and wanted   (visits.cases.yaml:7)
  line 9: the outcome is visit, expected phone
  line 9: the rule `call_on_it` fired, expected not fired
  decided: visit, because
      large and wanted wants it and brings 1 million. (`call_on_it`)
  `phone` was missed, by the rule `stay_in_touch`:
      since: 1 January 2025, 22 months ago, at least 24 months needed (41 days short)
      held at 0 of 2 reviews, 1 on record (21 November 2026: did not hold)"""
    assert failure(run_case(file.rules, file.cases[1]), file.rules).splitlines()[-2:] == [
        "  decided: evidence_needed; visit or write is possible",
        "      for want of `status`, `wanted`, `revenue` and `listed`"]


def test_what_was_missed_names_the_threshold_and_its_place(folder: Path) -> None:
    """A threshold that was raised under a case: how far the account is from it, and where it is written."""
    (folder / "visits.yaml").write_text(RULESET.replace("2020-01-01: 1M", "2020-01-01: 1M, 2026-01-01: 3M").replace("or listed", ""), "utf-8")
    file = cases(folder, CASES)
    text = failure(run_case(file.rules, file.cases[0]), file.rules).replace(str(folder), "")
    assert text.endswith("""
  `visit` was missed, by the rule `call_on_it`:
      revenue: 1 million, at least 3 million needed (2 million short); see `large` (/visits.yaml:13)"""), text


# --- decisive: the definition ---------------------------------------------------------------------

LEAVES = "abcdef"


@st.composite
def formulas(draw: st.DrawFn) -> str:
    """A formula in which each of some facts stands once."""
    left = list(draw(st.permutations(LEAVES)))

    def part(depth: int) -> str:
        if len(left) < 2 or depth == 0 or draw(st.booleans()):
            return left.pop() if left else "true"
        kind = draw(st.sampled_from(["and", "or", "not", "at_least"]))
        if kind == "not":
            return f"not ({part(depth - 1)})"
        parts = [part(depth - 1) for _ in range(draw(st.integers(2, 3)))]
        if kind == "at_least":
            return f"at_least {draw(st.integers(1, len(parts)))} of [{', '.join(parts)}]"
        return "(" + f" {kind} ".join(parts) + ")"

    return part(3)


@given(formulas(), st.lists(st.sampled_from([True, False, None]), min_size=6, max_size=6))
def test_a_condition_decides_where_turning_its_fact_turns_the_unit(formula: str, values: list[bool | None]) -> None:
    """Decisive is defined by groups; here it is tried, fact by fact."""
    rules = samrules.loads("ruleset: r\nversion: 1.0.0\nfacts:\n" + "".join(f"  {n}: {{type: boolean}}\n" for n in LEAVES)
                           + f"rules:\n  one: {{when: '{formula}', then: {{way: x}}}}\ndecide: {{way: {{outcomes: [x, y], otherwise: y}}}}\n")
    [unit] = [u for u in units_of(rules) if u.kind is UnitKind.RULE]

    def truth(known: dict[str, bool | None]) -> tuple[bool | None, Seen]:
        facts = {"account_id": "A"} | {n: v for n, v in known.items() if v is not None}
        found = seen(rules, Case("A", DAY, facts, (), Span("", 1, 1, 1, 1)))
        assert found is not None
        return found.fared(unit)[0], found

    known = dict(zip(LEAVES, values, strict=True))
    _, now = truth(known)
    for site in unit.sites():
        if not site.is_condition or site.text not in LEAVES:
            continue
        turned = {want: truth({**known, site.text: want})[0] for want in (True, False)}
        turns = None not in turned.values() and turned[True] is not turned[False]
        assert now.fared(unit)[1][site.path].decisive is turns


# --- mutants -------------------------------------------------------------------------------------


def test_mutants_to_the_letter(folder: Path) -> None:
    rules = cases(folder).rules
    said = [(m.fault.value, m.of, m.says) for m in mutants_of(rules)]
    assert said[:7] == [
        ("threshold", "large", "1.000001M instead of 1M"),
        ("threshold", "large", "999.999k instead of 1M"),
        ("operator", "worth_it", "`revenue >= large or listed` made `revenue >= large and listed`"),
        ("dropped", "worth_it", "`revenue >= large` dropped from `revenue >= large or listed`"),
        ("dropped", "worth_it", "`listed` dropped from `revenue >= large or listed`"),
        ("operator", "worth_it", "`revenue >= large` made `revenue > large`"),
        ("operator", "worth_it", "`listed` made `not listed`"),
    ]
    for one in (("dropped", "call_on_it", "the rule dropped"),
                ("dropped", "call_on_it", '`"closed"` dropped from `status in ["closed", "lost"]`'),
                ("dropped", "call_on_it", 'the exception `status in ["closed", "lost"]` dropped'),
                ("outcome", "call_on_it", "gives `phone` instead of `visit`"),
                ("dropped", "call_on_it", "the output `times` dropped"),
                ("threshold", "stay_in_touch", "`24 months` made `25 months`"),
                ("threshold", "kept", "`0.8` made `0.9`"),
                ("threshold", "stay_in_touch", "`sustained` for 3 reviews instead of 2"),
                ("dropped", "stay_in_touch", "`sustained` dropped"),
                ("outcome", "serve", "`phone` stronger than `visit`"),
                ("outcome", "serve", "otherwise `visit` instead of `write`")):
        assert one in said
    assert {m.fault for m in mutants_of(rules)} == set(Fault)
    assert len(said) == len(set(said))


def test_what_lives_is_told_with_what_would_kill_it(folder: Path) -> None:
    file = cases(folder)
    text = "\n".join(mutants_told(file, try_mutants(file, neighbours(file.rules, all_seen(file))))).replace(str(folder), "")
    assert """
  alive: `worth_it`, `listed` dropped from `revenue >= large or listed`   (/visits.yaml:15)
    no account tells it apart, of """ in text
    assert """
  alive: `call_on_it`, the output `times` dropped   (/visits.yaml:21)
    in `large and wanted` the output `times` would be missing instead of 4, and the case does not expect it
""" in text
    assert """
  alive: `call_on_it`, `"closed"` dropped from `status in ["closed", "lost"]`   (/visits.yaml:20)
    no case tells it apart; as in `large and wanted`, with {status: closed}, the outcome would be visit instead of write
""" in text


def test_a_value_that_no_case_is_dated_under_is_tried_on_its_first_day(folder: Path) -> None:
    (folder / "visits.yaml").write_text(RULESET.replace("2020-01-01: 1M", "2020-01-01: 1M, 2027-07-01: 3M"), "utf-8")
    file = cases(folder)
    text = "\n".join(mutants_told(file, try_mutants(file, neighbours(file.rules, all_seen(file))))).replace(str(folder), "")
    assert """
  alive: `large`, 3.000001M instead of 3M, from 2027-07-01 on   (/visits.yaml:13)
    no case tells it apart; as in `large and wanted`, on 2027-07-01, with {revenue: 3M}, """ in text


@pytest.mark.parametrize("name", ["cadence", "coverage"])
def test_a_mutant_is_killed_just_where_a_case_fails_on_it(name: str) -> None:
    """Cases to which a fault makes no difference are not tried; that leaves out no case that fails."""
    file = file_of(name)
    for mutant, trial in zip(list(mutants_of(file.rules))[::6], try_mutants(file, only=list(mutants_of(file.rules))[::6]).trials,
                             strict=True):
        faulty = mutated(file.rules, mutant)
        first = next((c.name for c in file.cases if not run_case(faulty, c).passed), None)
        assert trial.killed_by == first, mutant.says


@pytest.mark.parametrize("name", ["buy_sell", "dedesignation", "health"])
def test_a_mutant_is_planned_anew_only_where_it_differs(name: str) -> None:
    rules = file_of(name).rules
    for mutant in list(mutants_of(rules))[::9]:
        faulty = mutated(rules, mutant)
        whole = plan(faulty.checked)
        fast = {s.name: s.expr for s in faulty.plan.steps}
        assert {s.name: s.expr for s in whole.steps} == {s.name: fast[s.name] for s in whole.steps}, mutant.says
        assert faulty.plan.parameters == whole.parameters | {n: p for n, p in faulty.plan.parameters.items()
                                                            if n not in whole.parameters}
        assert [(r.outcome, r.outputs) for r in faulty.plan.decision.rules] == [  # type: ignore[union-attr]
            (r.outcome, r.outputs) for r in whole.decision.rules]  # type: ignore[union-attr]
        assert faulty.plan != rules.plan or mutant.fault is Fault.OUTCOME


def test_a_mutant_differs_from_its_ruleset_in_one_member(folder: Path) -> None:
    rules = cases(folder).rules
    for mutant in mutants_of(rules):
        there = mutated(rules, mutant).ruleset
        changed = [key for key in ("parameters", "define", "rules", "decide")
                   if getattr(there, key) != getattr(rules.ruleset, key)]
        assert len(changed) == 1, mutant.says
    assert rules.ruleset == samrules.load(folder / "visits.yaml").ruleset


# --- boundaries ----------------------------------------------------------------------------------


def test_boundary_accounts_stand_at_the_threshold_and_on_both_sides(folder: Path) -> None:
    file = cases(folder)
    found = {(b.condition, b.side): (b.fact, b.value, b.holds, b.shown_by) for b in boundaries(file.rules, all_seen(file))}
    assert found == {
        ("age(since) >= 24 months", "just below"): ("since", date(2024, 11, 20), True, None),
        ("age(since) >= 24 months", "at"): ("since", date(2024, 11, 21), True, None),
        ("age(since) >= 24 months", "just above"): ("since", date(2024, 11, 22), False, None),
        ("revenue >= large", "just below"): ("revenue", 999_999.0, False, None),
        ("revenue >= large", "at"): ("revenue", 1_000_000.0, True, "large and wanted"),
        ("revenue >= large", "just above"): ("revenue", 1_000_001.0, True, None),
        ("contacts >= promised * 0.8", "just below"): ("contacts", 7, False, None),
        ("contacts >= promised * 0.8", "at"): ("contacts", 8, True, "large and wanted"),
        ("contacts >= promised * 0.8", "just above"): ("contacts", 9, True, None),
    }


@pytest.mark.parametrize("name", ["cadence", "health", "buy_sell"])
def test_suggested_cases_can_be_read_and_pass(name: str) -> None:
    """They expect what is decided now, and stand on the bases of their file."""
    file = file_of(name)
    text = suggestions(file, list(boundaries(file.rules, all_seen(file))))
    head, _ = (FOLDER / f"{name}.cases.yaml").read_text("utf-8").split("\ncases:\n")
    again = parse_cases(f"{head}\n{text}", "suggested.cases.yaml", FOLDER)
    assert len(again.cases) >= 4
    assert [str(r) for r in run_cases(again) if not r.passed] == []


def test_suggestions_to_the_letter(folder: Path) -> None:
    file = cases(folder)
    text = suggestions(file, [b for b in boundaries(file.rules, all_seen(file)) if b.fact == "revenue"])
    assert text == '''\
# visits: 3 accounts at thresholds, 1 of them cases of visits.cases.yaml already.
# What follows expects what is decided now. Read each: is it meant? Then put it under `cases:` of that file.
cases:
  "revenue 999.999k, just below the threshold of worth_it":
    # as in "large and wanted"; there `revenue >= large` is false
    as_of: 2026-11-21
    base: large
    facts: {revenue: 999.999k}
    expect:
      outcome: write
  "revenue 1.000001M, just above the threshold of worth_it":
    # as in "large and wanted"; there `revenue >= large` is true
    as_of: 2026-11-21
    base: large
    facts: {revenue: 1.000001M}
    expect:
      outcome: visit
      fired: [call_on_it]
      outputs: {times: 4}
'''


# --- random rulesets -----------------------------------------------------------------------------


def _file(case: some.Case, facts: dict[str, Any], history: list[dict[str, Any]], events: list[dict[str, Any]] | None) -> CasesFile:
    rules = samrules.loads(case.text)
    known = rules.check_account(facts, events, None, history, some.AS_OF)
    past = tuple(review for review in known.history if review[0] < some.AS_OF)
    one = Case("one", some.AS_OF, known.facts, (), Span("", 1, 1, 1, 1), None, known.record.events, known.record.recorded, past)
    return CasesFile("random", rules, (one,))


slow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=15)


@slow
@given(some.rulesets(monotone=False), some.accounts(), some.histories(), some.events(), st.randoms(use_true_random=False))
def test_any_ruleset_can_be_taken_apart(case: some.Case, facts: dict[str, Any], history: list[dict[str, Any]],
                                        events: list[dict[str, Any]] | None, chance: random.Random) -> None:
    """Rules go as the decision says; what is found shows what it was sought for; suggested cases pass."""
    file = _file(case, facts, history, events)
    rules = file.rules
    now = seen(rules, file.cases[0])
    assume(now is not None)
    assert now is not None
    truths = {r.name: r.truth for r in run_case(rules, file.cases[0]).decision.rules}  # type: ignore[union-attr]
    units = units_of(rules)
    assert {u.name: fared(u, now.view)[0] for u in units if u.kind is UnitKind.RULE} == truths
    aims = [*branch_aims(rules, units), *condition_aims(units)]
    for aim in chance.sample(aims, min(6, len(aims))):
        assert (aim.gap(now) == 0) is aim.shown(now)
        if not aim.shown(now):
            assert aim.missed([now])
            found = find(rules, aim, [now], 40)
            if found.account is not None:
                shown = seen(rules, found.account)
                assert shown is not None
                assert aim.shown(shown)
    text = suggestions(file, list(itertools.islice(boundaries(rules, [now]), 6)))
    assert text.startswith("# ")


@slow
@given(some.rulesets(monotone=False), some.accounts(), some.histories(), some.events(), st.randoms(use_true_random=False))
def test_a_fault_that_makes_no_difference_to_an_account_changes_no_decision(
        case: some.Case, facts: dict[str, Any], history: list[dict[str, Any]], events: list[dict[str, Any]] | None,
        chance: random.Random) -> None:
    file = _file(case, facts, history, events)
    every = list(mutants_of(file.rules))
    for mutant in chance.sample(every, min(8, len(every))):
        trial = try_mutants(file, only=[mutant]).trials[0]
        right, wrong = (run_case(rules, file.cases[0]).decision for rules in (file.rules, mutated(file.rules, mutant)))
        if right is not None and wrong is not None and trial.killed_by is None and trial.differs is None:
            assert difference(right, wrong) is None, mutant.says


@slow
@given(some.rulesets(monotone=False), st.data())
def test_accounts_of_any_ruleset_can_be_decided(case: some.Case, data: st.DataObject) -> None:
    rules = samrules.loads(case.text)
    account = data.draw(accounts_of(rules, as_of=some.AS_OF))
    try:
        account.decide(rules)
    except samrules.FactError as error:  # what an event gives may lie beyond the type of a measure; a draw cannot know
        assert {d.code for d in error.diagnostics} <= {"out-of-range", "parameter-not-yet"}

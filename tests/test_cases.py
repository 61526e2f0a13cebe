"""Cases: the bundled ones pass and cover their rulesets; reading and trying them is told to the letter."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

import samrules
from samrules.authoring.cases import CasesFile
from samrules.authoring.coverage import Coverage, coverage
from samrules.authoring.read_cases import parse_cases, read_cases
from samrules.authoring.run_cases import CaseResult, run_case, run_cases
from samrules.engines import outcome
from samrules.engines.measures import NO_RECORD
from samrules.errors import CasesError, RulesetError
from samrules.syntax.library import bundled_names
from tests.conftest import needs_durable

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "rulesets" / "cases"
FILES = {path.name.removesuffix(".cases.yaml"): read_cases(path) for path in sorted(FOLDER.glob("*.yaml"))}

# --- the bundled rulesets ------------------------------------------------------------------------


@functools.cache
def interpreted(name: str) -> tuple[CaseResult, ...]:
    """The bundled cases of a ruleset on the interpreter, tried once."""
    return run_cases(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_bundled_cases_pass_and_cover_their_ruleset(name: str) -> None:
    """Each rule is seen fired, not fired and unknown; each criterion at each of its points, and unknown."""
    assert [str(r) for r in interpreted(name) if not r.passed] == []
    file = FILES[name]
    found = coverage(file.rules, interpreted(name), file.unreachable)
    assert not found.complaints(), "\n".join(found.complaints())
    assert found.shown == found.ways >= 3 * len(file.rules.ruleset.rules) - len(file.unreachable)


@needs_durable
@pytest.mark.parametrize("name", FILES)
def test_bundled_cases_pass_on_forward_chaining(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same cases, decided by the engine `durable`; the interpreter has its turn above."""
    decide = outcome.decide
    monkeypatch.setattr(outcome, "decide", lambda plan, facts, as_of, history=(), record=NO_RECORD, engine="":
                        decide(plan, facts, as_of, history, record, outcome.DURABLE))
    assert [str(r) for r in run_cases(FILES[name]) if not r.passed] == []


def test_every_ruleset_that_decides_has_cases() -> None:
    deciding = {name for name in bundled_names() if samrules.load(name).outcomes}
    assert deciding == set(FILES)
    assert all(name == file.rules.name for name, file in FILES.items())
    assert not [name for name in bundled_names() if "cases" in name]


# --- a small ruleset, for what follows -----------------------------------------------------------

RULESET = """
ruleset: visits
version: 1.0.0
facts:
  revenue: {type: money, range: 0..}
  margin: {type: ratio}
  contacts: {type: integer, range: 0..}
  status: {type: "enum [open, closed]"}
  since: {type: date}
  wants_visits: {type: boolean}
  grade: {type: ordinal 1..5}
  note: {type: text}
events:
  visit: {fields: {by: {type: text}, minutes: {type: integer, range: 1..}}}
  call: {}
measures:
  visits: {count: visit, within: 12 months}
  calls: {count: call, within: 12 months}
define:
  small: revenue < 100k
scorecards:
  weight:
    criteria:
      money: {weight: 60, scale: {of: revenue, from: 0, to: 1M}}
      grading:
        weight: 40
        points:
          - {when: grade >= 5, points: 40}
          - {when: grade >= 3, points: 10}
          - {otherwise: 10}
    bands: {light: 0, heavy: 50}
rules:
  asked_for:
    when: wants_visits and not small
    unless: status = "closed"
    then: {serve: visit, visits_planned: {value: contacts}, cool_off: 12 months, budget: 2.5}
  asked_again:
    when: wants_visits
    sustained: 2 reviews
    then: {serve: visit}
tables:
  by_grade:
    inputs: [grade]
    rows:
      - {when: [">= 4"], then: {serve: phone}}
decide: {serve: {outcomes: [visit, phone, write], otherwise: write}}
"""

HEAD = "ruleset: visits\nas_of: 2026-11-21\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "visits.yaml").write_text(RULESET, "utf-8")
    return tmp_path


def cases(folder: Path, text: str, head: str = HEAD) -> CasesFile:
    return parse_cases(head + text, "visits.cases.yaml", folder)


def only(folder: Path, text: str) -> CaseResult:
    """The result of a file with one case."""
    file = cases(folder, text)
    assert len(file.cases) == 1
    return run_case(file.rules, file.cases[0])


def refused(folder: Path, text: str, head: str = HEAD) -> list[str]:
    """What is wrong with a file: `line:column code message | help`."""
    with pytest.raises(CasesError) as caught:
        cases(folder, text, head)
    return [f"{d.line}:{d.column} {d.code} {d.message} | {d.help}" for d in caught.value.diagnostics]


# --- reading -------------------------------------------------------------------------------------


def test_values_are_written_as_in_rulesets(folder: Path) -> None:
    [case] = cases(folder, """
cases:
  a:
    facts: {revenue: 1.5M, margin: 60%, contacts: 3, status: open, since: 2026-01-02, wants_visits: yes, grade: 4, note: 12}
    expect: {settled: yes}
""").cases
    assert {k: v for k, v in case.facts.items() if k != "account_id"} == {
        "revenue": 1_500_000.0, "margin": 0.6, "contacts": 3, "status": "open",
        "since": case.as_of.replace(month=1, day=2), "wants_visits": True, "grade": 4, "note": "12"}
    assert case.facts["account_id"] == "a"


def test_later_bases_win_and_null_takes_a_fact_away(folder: Path) -> None:
    [case] = cases(folder, """
base:
  one: {revenue: 1M, grade: 1, contacts: 1, account_id: A-17}
  two: {revenue: 2M, grade: null}
cases:
  a: {base: [one, two], facts: {contacts: null}, expect: {settled: no}}
""").cases
    assert case.facts == {"account_id": "A-17", "revenue": 2_000_000.0}


def test_reviews_start_from_the_bases(folder: Path) -> None:
    """What every review has in common stands in a base; the facts of the day are its own."""
    [case] = cases(folder, """
base: {b: {revenue: 1M}}
cases:
  a:
    base: b
    facts: {grade: 2}
    history: [{review_date: 2026-08-21, grade: 5}, {review_date: 2026-05-21, revenue: null}]
    expect: {settled: no}
""").cases
    assert [(str(day), facts) for day, facts in case.history] == [
        ("2026-05-21", {"account_id": "a"}),
        ("2026-08-21", {"account_id": "a", "revenue": 1_000_000.0, "grade": 5})]


def test_kinds_of_events_that_stand_there_or_are_named_are_recorded(folder: Path) -> None:
    """Of these, having none is a fact; another is not known."""
    text = """
cases:
  a:
    events: [{event: visit, date: 2026-08-01, by: Ines, minutes: 30}]
    recorded: RECORDED
    expect: {settled: no}
"""
    [case] = cases(folder, text.replace("RECORDED", "call")).cases
    assert case.recorded == {"visit", "call"}
    assert [e.fields for e in case.events] == [{"by": "Ines", "minutes": 30}]
    [case] = cases(folder, text.replace("RECORDED", "null")).cases
    assert case.recorded == {"visit"}


def test_the_ruleset_may_stand_in_the_folder_above(folder: Path) -> None:
    (folder / "cases").mkdir()
    path = folder / "cases" / "v.cases.yaml"
    path.write_text(HEAD + "cases: {a: {expect: {settled: no}}}\n", "utf-8")
    assert read_cases(path).rules.name == "visits"
    assert read_cases(str(path)).file == str(path)


def test_every_fault_is_told_at_once_in_its_place(folder: Path) -> None:
    assert refused(folder, """
basis: {}
base:
  good: {revenu: 1M, revenue: 5%, grade: 7, wants_visits: maybe, since: soon, note: [a], contacts: 1.5}
cases:
  expects nothing: {facts: {grade: 4}}
  nothing at all:
  a list: [1]
  at odds:
    bases: good
    base: [good, god]
    as_of: 2026-02-30
    expect:
      outcome: vist
      fired: [asked_for, ask_for]
      unknown: asked_for
      not_fired: []
      possible: [phone, visits]
      settled: perhaps
      outputs: {budgt: 3, budget: [3]}
      scores: {wieght: 3, weight: [60, 40]}
  bands:
    expect: {scores: {weight: havy}, due: 3}
  record:
    expect: {settled: no}
    recorded: [visitt]
    events:
      - {event: vist, date: 2026-08-01}
      - {event: visit, date: 2026-12-01, minuts: 3}
      - {event: visit, date: 2026-08-01, minutes: 0}
      - {date: 2026-08-01}
      - {event: call}
      - call
    history:
      - {grade: 4}
      - {review_date: 2026-11-21, grad: 4}
      - {review_date: 2026-05-21}
      - {review_date: 2026-05-21}
unreachable:
  asked: {unknown: never}
  asked_again: {unkown: never, fired: }
""") == [
        "4:1 unknown-key a file of cases has no key `basis` | did you mean `base`?",
        "6:10 unknown-name no ruleset in use declares the fact `revenu` | did you mean `revenue`?",
        "6:31 wrong-type `revenue`: `5%` is not an amount of money | write an amount as `5M`, `250k` or a plain number",
        "6:42 out-of-range `grade`: 7 is out of range | it must be from 1 to 5",
        "6:59 wrong-type `wants_visits`: `maybe` is neither yes nor no | write `yes` or `no`, or `null` where it is not known",
        "6:73 bad-date `since`: `soon` is not a date | write an existing day as `2026-11-21`",
        "6:85 wrong-shape `note` is a single value, not a list | write it on one line after the key",
        "6:100 wrong-type `contacts`: `1.5` is not an integer | write a whole number such as `3`",
        "8:3 bad-case the case `expects nothing` expects nothing | add `expect:` with what should be decided, "
        "such as `expect: {outcome: visit}`",
        "9:3 bad-case the case `nothing at all` expects nothing | add `expect:` with what should be decided, "
        "such as `expect: {outcome: visit}`",
        "10:11 wrong-shape the case `a list` is a mapping, not a list | "
        "its keys are: says, as_of, base, facts, events, recorded, history, others, expect",
        "12:5 unknown-key the case `at odds` has no key `bases` | did you mean `base`?",
        "13:18 unknown-name there is no base `god` | did you mean `good`?",
        "14:12 bad-date `2026-02-30` is not a date | the calendar has no such day; write an existing day as `2026-11-21`",
        "16:16 unknown-outcome `visits` has no outcome `vist` | did you mean `visit`?",
        "17:26 unknown-name `visits` has no rule `ask_for` | did you mean `asked_for`?",
        "18:16 bad-case `asked_for` is expected under `fired` and under `unknown` | keep it in one of the two lists",
        "19:18 bad-case an empty list of rules expects nothing | name the rules, or remove the key",
        "20:25 unknown-outcome `visits` has no outcome `visits` | did you mean `visit`?",
        "21:16 bad-value `perhaps` is neither yes nor no | write `yes` or `no`",
        "22:17 unknown-name `visits` has no output `budgt` | did you mean `budget`?",
        "22:35 wrong-shape a constant belongs here, not a list | write it on one line after the key",
        "23:16 unknown-name `visits` has no scorecard `wieght` | did you mean `weight`?",
        "23:35 bad-value this is not an interval of scores | write the lower end and the higher one, as in `[40, 60]`",
        "25:31 unknown-word `weight` has no band `havy` | did you mean `heavy`?",
        "25:38 unknown-key what is expected has no key `due` | keys here: `fired`, `not_fired`, `outcome`, `outputs`, "
        "`possible`, `scores`, `settled` and `unknown`",
        "28:16 bad-event no ruleset in use declares the event `visitt` | did you mean `visit`?",
        "30:17 bad-event no ruleset in use declares the event `vist` | did you mean `visit`?, "
        "or declare it under `events`",
        "31:30 bad-event an event on 2026-12-01, after 2026-11-21 | "
        "an event is something that has happened; correct the date, or leave it out",
        "31:42 unknown-name an event `visit` has no field `minuts` | did you mean `minutes`?",
        "32:51 out-of-range `minutes`: 0 is out of range | it must be at least 1",
        "33:9 bad-event an event without its kind | name the kind of event in `event`",
        "34:9 bad-event an event without a date | give the day on which it happened",
        "35:9 wrong-shape a mapping belongs here, not a single value | write `- {key: value}`",
        "37:9 bad-history a review without `review_date` | give each review its date",
        "38:23 bad-history a review on 2026-11-21, not before 2026-11-21 | only earlier reviews count; correct the date",
        "38:35 unknown-name no ruleset in use declares the fact `grad` | did you mean `grade`?",
        "40:23 bad-history two reviews on 2026-05-21 | keep one review a day",
        "42:3 unknown-name `visits` has no rule, criterion or condition `asked` | did you mean `asked_for`?",
        "43:17 unknown-name `asked_again` cannot be `unkown` anyway | did you mean `unknown`?",
        "43:32 bad-case `asked_again` is said never to be `fired`, without a reason | "
        "say why, in a sentence after the colon",
    ]


@pytest.mark.parametrize(("text", "said"), [
    ("", "1:1 empty-file the file holds no cases | start with `ruleset: <name>`"),
    ("hallo", "1:1 wrong-shape a file of cases is a mapping, not a single value | "
              "its keys are: ruleset, as_of, base, cases, unreachable"),
    ("cases: {}", "1:1 missing-key a file of cases needs `ruleset` | add `ruleset:`"),
    ("ruleset: visit\ncases: {}", "1:10 unknown-ruleset there is no ruleset `visit` here | did you mean `visits`?"),
    ("ruleset: account_facts\ncases: {}",
     "1:10 no-decision the ruleset `account_facts` decides nothing | write cases for a ruleset that decides"),
    ("ruleset: visits\ncases: {}", "2:8 bad-case a file without cases | add a case, or remove the file"),
    ("ruleset: visits\ncases: [a]", "2:8 wrong-shape cases are a mapping, not a list | "
                                    "write `name:` and then what belongs to it"),
    ("ruleset: visits\ncases: {a: {expect: {settled: no}}}",
     "2:9 missing-key the case `a` has no date | add `as_of:` to it, or to the file for all cases"),
    ("ruleset: visits\ncases: {a: {facts: *x}}",
     "2:20 yaml-feature an alias: rulesets do without YAML aliases | write the value out, or put the facts under `base`"),
])
def test_a_file_that_cannot_be_used(folder: Path, text: str, said: str) -> None:
    assert refused(folder, text, head="") == [said]


@pytest.mark.parametrize("name", ["a" * 400, "../visits", "Visits", "sources"])
def test_what_is_no_name_of_a_ruleset(folder: Path, name: str) -> None:
    (folder / "cases").mkdir()
    [said] = refused(folder / "cases", f"ruleset: {name}\ncases: {{a: {{}}}}", head="")
    assert said.startswith(f"1:10 unknown-ruleset there is no ruleset `{name}` here")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CasesError) as caught:
        read_cases(tmp_path / "none.cases.yaml")
    assert [d.help for d in caught.value.diagnostics] == ["give the path of a cases file, such as `cases/health.cases.yaml`"]


def test_a_ruleset_that_does_not_load_is_told_as_such(folder: Path) -> None:
    (folder / "visits.yaml").write_text(RULESET.replace("small: revenue", "small: revenu"), "utf-8")
    with pytest.raises(RulesetError) as caught:
        cases(folder, "cases: {a: {expect: {settled: no}}}")
    assert [d.code for d in caught.value.diagnostics] == ["unknown-name"]


def test_a_ruleset_in_the_folder_above_is_shown_as_one_would_type_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "cases").mkdir()
    (folder / "cases/visits.cases.yaml").write_text("ruleset: visits\nas_of: 2026-11-21\ncases: {a: {expect: {settled: no}}}\n", "utf-8")
    for there, path, shown in ((folder, "cases", "visits.yaml"), (folder / "cases", ".", "../visits.yaml"),
                               (folder, folder / "cases", "visits.yaml")):
        monkeypatch.chdir(there)
        file = read_cases(Path(path) / "visits.cases.yaml")
        assert {r.span.file for r in file.rules.ruleset.rules if r.span} == {shown}


def test_a_ruleset_given_for_cases_is_one_problem(folder: Path) -> None:
    with pytest.raises(CasesError) as caught:
        read_cases(folder / "visits.yaml")
    assert [(d.code, d.message) for d in caught.value.diagnostics] == [("wrong-shape", "this is a ruleset, not a file of cases")]


# --- differences ---------------------------------------------------------------------------------


def differences(result: CaseResult) -> list[str]:
    return [f"{d.span.line}:{d.span.column} {d.says}" for d in result.differences]


def test_what_is_as_expected_is_no_difference(folder: Path) -> None:
    result = only(folder, """
cases:
  a:
    facts: {revenue: 500k, wants_visits: yes, contacts: 4, status: open, grade: 4}
    history: [{review_date: 2026-08-21, wants_visits: yes}]
    expect:
      outcome: visit
      settled: yes
      possible: visit
      fired: [asked_for, asked_again, by_grade_1]
      outputs: {visits_planned: 4, cool_off: 12 months, budget: 2.5}
      scores: {weight: 40}
""")
    assert result.passed
    assert str(result) == "`a`: passed"


def test_differences_name_what_is_missing_and_what_was_short(folder: Path) -> None:
    result = only(folder, """
cases:
  Norvale is visited:
    facts: {wants_visits: yes, status: open, grade: 2}
    expect:
      outcome: visit
      settled: yes
      possible: [write, visit]
      fired: [asked_for, asked_again, by_grade_1]
      scores: {weight: [10, 60]}
""")
    assert differences(result) == [
        "8:16 the outcome is evidence_needed, expected visit (possible: visit, write; missing: revenue)",
        "9:16 the decision is not settled, expected settled (possible: visit, write; missing: revenue)",
        "11:15 the rule `asked_for` was unknown, expected fired, missing: revenue",
        "11:26 the rule `asked_again` did not fire, expected fired, as `sustained: 2 reviews` does not hold",
        "11:39 the rule `by_grade_1` did not fire, expected fired, as `grade >= 4` does not hold",
        "12:16 the score `weight` is between 10 and 70, expected between 10 and 60, missing: revenue",
    ]
    assert str(result).startswith("`Norvale is visited`: the outcome is evidence_needed, expected visit (possible: ")
    assert "; the rule `asked_for` was unknown, expected fired, missing: revenue; " in str(result)


def test_differences_of_a_settled_decision(folder: Path) -> None:
    result = only(folder, """
cases:
  a:
    facts: {wants_visits: yes, revenue: 1M, contacts: 3, status: closed, grade: 4}
    expect:
      outcome: visit
      settled: no
      possible: [visit, write]
      unknown: [asked_for, by_grade_1]
      outputs: {budget: 2.5, cool_off: null}
      scores: {weight: heavy}
""")
    assert differences(result) == [
        "8:16 the outcome is phone, expected visit",
        "9:16 the decision is settled, expected open",
        "10:17 possible are phone, expected visit and write",
        "11:17 the rule `asked_for` did not fire, expected unknown, stopped by an exception",
        "11:28 the rule `by_grade_1` fired, expected unknown",
        "12:17 the output `budget` is without a value, expected 2.5",
    ]


def test_differences_of_values_and_bands(folder: Path) -> None:
    text = """
cases:
  a:
    facts: {wants_visits: yes, revenue: 1M, contacts: 3, status: open, grade: GRADE}
    expect:
      outputs: {visits_planned: 4, cool_off: 6 months, budget: null}
      scores: {weight: light}
"""
    assert differences(only(folder, text.replace("GRADE", "1"))) == [
        "8:17 the output `visits_planned` is 3, expected 4",
        "8:36 the output `cool_off` is 12 months, expected 6 months",
        "8:56 the output `budget` is 2.5, expected without a value",
        "9:16 the score `weight`, 70, is heavy, expected light",
    ]
    assert differences(only(folder, text.replace("GRADE", "1").replace("1M", "null").replace("outputs", "#")))[0] == \
        "9:16 the score `weight`, between 10 and 70, is in no band for certain, expected light"


def test_scores_that_differ_in_the_third_decimal_do_not_look_alike(folder: Path) -> None:
    result = only(folder, "cases: {a: {facts: {revenue: 999990, grade: 5}, expect: {scores: {weight: 100}}}}")
    assert differences(result) == ["3:67 the score `weight` is 99.9994, expected 100"]


def test_yes_is_not_one_and_a_text_is_no_number(folder: Path) -> None:
    text = "cases: {a: {facts: {wants_visits: yes, revenue: 1M, contacts: 1, status: open}, expect: {outputs: {visits_planned: X}}}}"
    assert only(folder, text.replace("X", "1.0")).passed
    for wrong in ("true", '"1"'):
        assert not only(folder, text.replace("X", wrong)).passed


def test_a_case_that_cannot_be_decided_differs_in_that(folder: Path) -> None:
    (folder / "visits.yaml").write_text(RULESET.replace("when: wants_visits and", "when: visits >= 1 and"), "utf-8")
    result = only(folder, """
cases:
  a:
    facts: {visits: 2}
    events: [{event: visit, date: 2026-08-01}]
    expect: {settled: no}
""")
    assert result.decision is None
    assert differences(result) == [
        "5:3 it cannot be decided: `visits` is given as 2 and the events up to 2026-11-21 make it 1"]


# --- accounts decided together -------------------------------------------------------------------

TOGETHER = """
ruleset: places
version: 1.0.0
facts:
  good: {type: boolean}
  inside: {type: boolean}
  points: {type: integer}
  cap: {type: integer}
events: {visit: {}}
measures: {visits: {count: visit, within: 12 months}}
rules:
  stays: {when: inside, then: {place: in}}
  comes: {when: good and not inside, then: {place: in}}
  came: {when: visits >= 1 and not inside, sustained: 2 reviews, then: {place: in}}
decide: {place: {outcomes: [in, waitlisted, out], otherwise: out}}
portfolio: {chosen: in, waitlisted: waitlisted, incumbents: inside, rank_by: points, ceiling: cap}
"""

PLACES = """
ruleset: places
as_of: 2026-11-21
base:
  newcomer: {good: yes, inside: no, points: 5, visits: 0}
  incumbent: {inside: yes, good: yes, visits: 0, cap: 2}
"""


@pytest.fixture
def places(folder: Path) -> Path:
    (folder / "places.yaml").write_text(TOGETHER, "utf-8")
    return folder


def among(places: Path, text: str) -> CaseResult:
    """The result of a file with one case, under a ruleset that decides accounts together."""
    [case] = (file := cases(places, text, head=PLACES)).cases
    return run_case(file.rules, case)


def test_a_case_is_decided_along_with_its_others(places: Path) -> None:
    text = """
cases:
  a:
    base: newcomer
    others: {b: {base: incumbent}, c: {base: newcomer, facts: {points: POINTS}}}
    expect: {outcome: OUTCOME, outputs: {rank: RANK, places: 2, cut_line: LINE}, fired: comes}
"""

    def passed(points: int, outcome: str, rank: int, line: int) -> bool:
        said = {"POINTS": points, "OUTCOME": outcome, "RANK": rank, "LINE": line}
        changed = text
        for key, value in said.items():
            changed = changed.replace(key, str(value))
        return among(places, changed).passed

    assert passed(6, "waitlisted", 2, 6)
    assert passed(4, "in", 1, 5)
    assert not passed(4, "waitlisted", 2, 6)


def test_without_others_it_is_alone(places: Path) -> None:
    assert among(places, "cases: {a: {base: newcomer, facts: {cap: 1}, expect: {outcome: in, outputs: {rank: 1, cut_line: null}}}}").passed


def test_many_of_a_kind_are_numbered_and_reviews_go_with_them(places: Path) -> None:
    [case] = cases(places, """
cases:
  a:
    base: newcomer
    others:
      b: {base: incumbent, times: 2, history: [{review_date: 2026-05-21, points: 1}]}
      c:
      d: {times: 1, facts: {account_id: D}, events: [{event: visit, date: 2026-08-01}]}
      e: {recorded: visit}
    expect: {settled: no}
""", head=PLACES).cases
    assert [one.facts["account_id"] for one in case.others] == ["b 1", "b 2", "c", "D 1", "e"]
    assert [facts["account_id"] for one in case.others for _, facts in one.history] == ["b 1", "b 2"]
    assert [len(one.events) for one in case.others] == [0, 0, 0, 1, 0]
    assert [sorted(one.recorded) for one in case.others] == [[], [], [], ["visit"], ["visit"]]
    assert case.others[2].facts == {"account_id": "c"}


def test_an_other_has_its_own_events_and_reviews(places: Path) -> None:
    """It came to be visited at two reviews, and so it competes, and takes the place."""
    text = """
cases:
  a:
    base: newcomer
    facts: {cap: 1}
    others:
      b:
        base: newcomer
        facts: {good: no, points: 9, visits: null}
        events: [{event: visit, date: 2026-08-01}]
        history: [{review_date: 2026-08-21, visits: null}]
    expect: {outcome: waitlisted}
"""
    assert among(places, text).passed
    for there, without in (("date: 2026-08-01", "date: 2025-08-01"), ("review_date: 2026-08-21", "review_date: 2025-08-21")):
        assert there in text
        assert among(places, text.replace(there, without).replace("waitlisted", "in")).passed


def test_differences_name_the_facts_of_others(places: Path) -> None:
    result = among(places, """
cases:
  a: {base: newcomer, facts: {cap: 1}, others: {b: {base: newcomer, facts: {points: null}}}, expect: {outcome: in, outputs: {rank: 1}}}
""")
    assert differences(result) == [
        "9:112 the outcome is evidence_needed, expected in (possible: in, waitlisted; missing: points@b)",
        "9:126 the output `rank` is without a value, expected 1",
    ]


def test_others_that_cannot_be_decided_differ_in_that(places: Path) -> None:
    assert differences(among(places, """
cases:
  a:
    base: newcomer
    facts: {cap: 3}
    others:
      b: {base: newcomer, facts: {visits: 3}, events: [{event: visit, date: 2026-08-01}]}
      c: {base: incumbent}
    expect: {settled: yes}
""")) == ["13:7 `b` cannot be decided: `visits` is given as 3 and the events up to 2026-11-21 make it 1"]
    assert differences(among(places, """
cases:
  a: {base: newcomer, facts: {cap: 3}, others: {c: {base: incumbent}}, expect: {settled: yes}}
""")) == ["9:3 it cannot be decided: `cap` is 2 for the account `c` and 3 for `a`"]


def test_every_fault_of_others_is_told_in_its_place(places: Path) -> None:
    assert refused(places, """
cases:
  a:
    base: newcomer
    others:
      b: {base: newcome, fact: {cap: 1}, times: 0}
      c: [1]
      a: {facts: {pionts: 1}}
      d: {history: [{review_date: 2026-05-21}, {review_date: 2026-05-21}], times: 1001}
      e: {times: 2}
      e 1: {times: many}
    expect: {settled: no}
  f: {others: [a], expect: {settled: no}}
""", head=PLACES) == [
        "12:17 unknown-name there is no base `newcome` | did you mean `newcomer`?",
        "12:26 unknown-key the account `b` has no key `fact` | did you mean `facts`?",
        "12:49 out-of-range `times`: 0 is out of range | it must be from 1 to 1000",
        "13:10 wrong-shape the account `c` is a mapping, not a list | "
        "its keys are: base, facts, events, recorded, history, times",
        "14:7 duplicate-account the account `a` is given twice | give each account of a case an id of its own",
        "14:19 unknown-name no ruleset in use declares the fact `pionts` | did you mean `points`?",
        "15:62 bad-history two reviews on 2026-05-21 | keep one review a day",
        "15:83 out-of-range `times`: 1001 is out of range | it must be from 1 to 1000",
        "17:7 duplicate-account the account `e 1` is given twice | give each account of a case an id of its own",
        "17:20 bad-value `many` is not a whole number | write a whole number such as `3`",
        "19:15 wrong-shape other accounts are a mapping, not a list | write `name:` and then what belongs to it",
    ]


def test_others_are_nothing_to_a_ruleset_that_decides_one_by_one(folder: Path) -> None:
    assert refused(folder, "cases: {a: {others: {b: {facts: {grade: 4}}}, expect: {settled: no}}}") == [
        "3:21 bad-case `visits` decides accounts one by one, so others are nothing to the case `a` | "
        "remove `others`; only a ruleset with `portfolio` decides accounts together"]


# --- coverage ------------------------------------------------------------------------------------


def covered(file: CasesFile) -> Coverage:
    return coverage(file.rules, run_cases(file), file.unreachable)


SOME = """
cases:
  all known:
    facts: {wants_visits: yes, revenue: 500k, status: open, grade: 5}
    expect: {settled: yes}
  nothing known: {expect: {settled: no}}
"""


def test_coverage_names_what_no_case_shows(folder: Path) -> None:
    found = covered(cases(folder, SOME))
    assert found.complaints() == (
        "no case shows the rule `asked_for` not fired",
        "no case shows the rule `asked_again` fired or unknown",
        "no case shows the rule `by_grade_1` not fired",
        "no case shows the criterion `weight.money` at 0 points or at 60 points",
        "no case shows the criterion `weight.grading` at 10 points",
    )
    assert (found.shown, found.ways) == (9, 16)
    [money] = [c for c in found.covered if c.name == "weight.money"]
    assert money.shown == {"0": (), "between": ("all known",), "60": (), "unknown": ("nothing known",)}
    assert money.span is not None


def test_coverage_excuses_what_is_said_to_be_unreachable(folder: Path) -> None:
    found = covered(cases(folder, SOME + """
unreachable:
  asked_for: {not_fired: nobody ever declines a visit}
  asked_again: {fired: a review comes once a life, unknown: we always know}
  weight.money: {0: everybody buys something, 60: nobody buys so much}
  weight.grading: {10: only the best are graded}
  by_grade_1: {not_fired: only the best are graded}
"""))
    assert found.complaints() == ()
    assert found.shown == found.ways == 9


def test_coverage_complains_when_the_unreachable_is_reached(folder: Path) -> None:
    found = covered(cases(folder, SOME + "unreachable: {asked_for: {fired: nobody asks}, weight.money: {between: x}}"))
    told = "; remove the line under `unreachable`"
    assert found.complaints()[1] == f"the rule `asked_for` is said never to be fired, and `all known` shows it so{told}"
    assert f"the criterion `weight.money` is said never to be between its ends, and `all known` shows it so{told}" in found.complaints()


# --- the page ------------------------------------------------------------------------------------


def test_the_examples_of_the_page_on_cases_pass() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "cases.md").read_text("utf-8"), re.DOTALL)
    files = [parse_cases(example, "cases.md", ROOT / "rulesets") for example in examples]
    assert [str(r) for file in files for r in run_cases(file) if not r.passed] == []
    assert [(file.rules.name, len(file.cases)) for file in files] == [("cadence", 3), ("portfolio", 1)]

"""`samrules test`, the pytest plugin that prints the same, and accounts of any ruleset for hypothesis."""

from __future__ import annotations

import json
import shutil
from datetime import date
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.syntax.library import bundled_names
from samrules.testing import GeneratedAccount, accounts_of

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
CADENCE = ROOT / "rulesets" / "cases" / "cadence.cases.yaml"

@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """The bundled cases of `cadence`, one of which expects what is not decided."""
    path = tmp_path / "cadence.cases.yaml"
    text = CADENCE.read_text("utf-8")
    assert text.count("outcome: too_little\n      settled: yes") == 1
    path.write_text(text.replace("outcome: too_little\n      settled: yes", "outcome: kept\n      settled: yes"), "utf-8")
    return path


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, ["test", *map(str, args)])


def test_cases_that_pass() -> None:
    done = run(CADENCE)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "cadence: 23 cases passed\n", "")


def test_bundled_rulesets_are_known_by_name() -> None:
    assert run("cadence", "manager").stdout == "cadence: 23 cases passed\nmanager: 18 cases passed\n"
    done = run("account_facts", "no_such")
    assert done.exit_code == 2
    assert "the ruleset `account_facts` has no cases: it decides nothing" in done.stderr
    assert "no-such-file" in done.stderr


def test_a_case_that_fails(wrong: Path) -> None:
    done = run(wrong)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[-1] == "cadence: 1 of 23 cases failed"
    assert "the outcome is too_little, expected kept" in lines[2 if lines[1].startswith("    ") else 1]
    assert any(line.startswith("  decided: too_little, because") for line in lines)
    assert lines[0].endswith(f"({wrong}:{_line_of(lines[0].split('   ')[0], wrong)})")


def _line_of(case: str, path: Path) -> int:
    return path.read_text("utf-8").splitlines().index(f"  {case}:") + 1


def test_folders_are_searched_and_problems_of_all_files_told_at_once(tmp_path: Path, wrong: Path) -> None:
    done = run(tmp_path)
    assert done.exit_code == 1
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.cases.yaml").write_text("ruleset: cadence\n", "utf-8")
    (tmp_path / "a" / "y.cases.yaml").write_text("ruleset: cadense\ncases: {a: {expect: {settled: no}}}\n", "utf-8")
    done = run(tmp_path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "missing-key" in done.stderr
    assert "there is no ruleset `cadense` here" in done.stderr
    (tmp_path / "b").mkdir()
    done = run(tmp_path / "b")
    assert done.exit_code == 2
    assert f"no file in `{tmp_path / 'b'}` ends in `.cases.yaml`" in done.stderr


@pytest.mark.parametrize(("args", "said"), [
    (("--fail-under", "90"), "--fail-under is for --coverage and --mutants"),
    (("--mutants", "--format", "junit"), "junit holds cases only"),
    (("--boundaries", "--coverage"), "--boundaries prints cases, and nothing beside them"),
    (("--coverage", "--fail-under", "101"), "101"),
])
def test_options_that_do_not_go_together(args: tuple[str, ...], said: str) -> None:
    done = run(CADENCE, *args)
    assert done.exit_code == 2
    assert said in done.stderr


def test_fail_under_counts_rules_and_branches_and_mutants() -> None:
    assert run(CADENCE, "--coverage", "--fail-under", "100").exit_code == 0
    done = run(CADENCE, "--coverage", "--mutants", "--fail-under", "95")
    assert done.exit_code == 1
    assert done.stderr == "cadence: 92.3% of the mutants are killed, less than 95%\n"
    assert "cadence: shown are rules 18 of 18 (100%), branches 17 of 17 (100%), conditions 42 of 42 (100%)\n" in done.stdout
    assert "\ncadence: 72 of 78 mutants killed (92.3%)\n" in done.stdout


def test_json_holds_all_of_it(wrong: Path) -> None:
    done = run(wrong, "--coverage", "--mutants", "--format", "json")
    [found] = json.loads(done.stdout)
    assert done.exit_code == 1
    assert found["ruleset"] == "cadence"
    [failed] = [c for c in found["cases"] if not c["passed"]]
    assert [d["says"] for d in failed["differences"]] == ["the outcome is too_little, expected kept"]
    assert failed["why"][0] == "decided: too_little, because"
    assert found["coverage"]["rules"] == {"shown": 18, "ways": 18}
    assert found["mutants"]["all"] == 78
    assert all(set(a) == {"in", "fault", "says", "at", "why"} for a in found["mutants"]["alive"])


def test_junit(wrong: Path) -> None:
    suites = ElementTree.fromstring(run(wrong, "--format", "junit").stdout)
    [suite] = suites
    assert (suite.get("tests"), suite.get("failures")) == ("23", "1")
    [failure] = suites.iter("failure")
    assert failure.get("message") == "the outcome is too_little, expected kept"
    assert "decided: too_little, because" in (failure.text or "")


def test_boundaries_are_cases_and_the_summary_goes_beside() -> None:
    done = run(CADENCE, "--boundaries")
    assert done.exit_code == 0
    assert done.stderr == "cadence: 23 cases passed\n"
    assert done.stdout.startswith("# cadence: ")
    assert '  "contacts_made 11, just below the threshold of too_many":\n' in done.stdout


# --- the plugin ----------------------------------------------------------------------------------

PLUGIN = [] if any(e.value == "samrules.testing.plugin" for e in entry_points(group="pytest11")) \
    else ["-p", "samrules.testing.plugin"]


def test_pytest_collects_cases_and_prints_what_the_command_prints(pytester: pytest.Pytester, wrong: Path) -> None:
    shutil.copy(wrong, pytester.path / wrong.name)
    done = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", *PLUGIN)
    done.assert_outcomes(passed=22, failed=1)
    done.stdout.fnmatch_lines(["*the outcome is too_little, expected kept", "  decided: too_little, because", "    *(`fell_silent`)"])


def test_one_case_is_run_by_its_name(pytester: pytest.Pytester) -> None:
    shutil.copy(CADENCE, pytester.path / CADENCE.name)
    done = pytester.runpytest_inprocess("-q", *PLUGIN, f"{CADENCE.name}::as often as we promised")
    done.assert_outcomes(passed=1)


def test_a_file_that_cannot_be_read_is_an_error_of_collection(pytester: pytest.Pytester) -> None:
    (pytester.path / "x.cases.yaml").write_text("ruleset: cadense\ncases: {a: {expect: {settled: no}}}\n", "utf-8")
    done = pytester.runpytest_inprocess("-q", *PLUGIN)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*error?unknown-ruleset?: there is no ruleset `cadense` here", "*did you mean `cadence`?*"])


# --- accounts ------------------------------------------------------------------------------------

DAY = date(2026, 11, 21)
DECIDING = [name for name in bundled_names() if samrules.load(name).outcomes]


@pytest.mark.parametrize("name", DECIDING)
def test_every_ruleset_decides_its_accounts(name: str) -> None:
    rules = samrules.load(name)

    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(accounts_of(rules, as_of=DAY))
    def decided(account: GeneratedAccount) -> None:
        decision = account.decide(rules)
        assert set(decision.possible) <= {*rules.outcomes}
        assert account.as_of == DAY

    decided()


def test_accounts_stand_at_the_edges_and_may_lack_anything() -> None:
    rules = samrules.load("cadence")
    strategy = accounts_of(rules, as_of=DAY, events=False)
    for outcome in ("kept", "too_much", "not_agreed", "evidence_needed"):
        assert find(strategy, lambda a, o=outcome: a.decide(rules).outcome == o,  # type: ignore[misc]
                    settings=settings(max_examples=3000, database=None))
    complete = accounts_of(rules, as_of=DAY, events=False, missing=False)

    @settings(max_examples=10)
    @given(complete)
    def all_known(account: GeneratedAccount) -> None:
        assert set(account.facts) == set(rules.reads) | {"account_id"}
        assert account.decide(rules).settled

    all_known()


def test_events_count_and_reviews_precede() -> None:
    rules = samrules.load("dedesignation")

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(accounts_of(rules, as_of=DAY), st.data())
    def drawn(account: GeneratedAccount, data: st.DataObject) -> None:
        for review in account.history:
            assert review["review_date"] < DAY
        for event in account.events or ():
            assert event["date"] <= DAY
            assert event["event"] in (account.recorded or ())
        counted = {m.name for m in rules.plan.measures
                   if {*m.measure.of.events, *m.measure.since} <= (account.recorded or frozenset())}
        if account.recorded is not None:
            assert not counted & set(account.facts)

    drawn()

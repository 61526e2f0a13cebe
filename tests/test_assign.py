"""Managers and accounts: the best assignment, held against brute force; a reason for each; faults in their place."""

from __future__ import annotations

import itertools
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.staffing.solver import STEPS, Problem, solve

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "managers"
ACCOUNTS, MANAGERS = EXAMPLE / "accounts.csv", EXAMPLE / "managers.csv"
AS_OF = date(2026, 11, 21)


# --- the solver against brute force --------------------------------------------------------------


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    loads = tuple(draw(st.integers(1, 6)) for _ in range(n))
    capacities = tuple(draw(st.integers(0, 10)) for _ in range(m))
    able = frozenset((a, i) for a in range(n) for i in range(m) if draw(st.booleans()) and loads[a] <= capacities[i])
    held = {a: draw(st.integers(0, m - 1)) for a in range(n) if draw(st.booleans())}
    return Problem(loads, tuple(draw(st.integers(0, 3)) for _ in range(n)), capacities, able, held)


def by_hand(problem: Problem) -> dict[int, int]:
    """The best of all assignments there are, goal by goal."""
    n, m = len(problem.loads), len(problem.capacities)
    order = sorted(range(n), key=lambda a: (-problem.scores[a], a))
    best: tuple[Any, dict[int, int]] | None = None
    for choice in itertools.product(range(-1, m), repeat=n):
        found = {a: i for a, i in enumerate(choice) if i >= 0}
        carried = [sum(problem.loads[a] for a, j in found.items() if j == i) for i in range(m)]
        if any(pair not in problem.able for pair in found.items()) or any(c > k for c, k in zip(carried, problem.capacities, strict=True)):
            continue
        step = max((-(-STEPS * c // k) for c, k in zip(carried, problem.capacities, strict=True) if c), default=0)
        goal = ([a not in found for a in order], -sum(problem.held.get(a) == i for a, i in found.items()), step,
                [found.get(a, m) for a in range(n)])
        if best is None or goal < best[0]:
            best = goal, found
    assert best is not None
    return best[1]


@settings(deadline=None)
@given(problems())
def test_the_solution_is_the_best_there_is(problem: Problem) -> None:
    """In rank order whoever can have a manager has one; most are kept; the fullest desk is least full; first ids."""
    found = solve(problem)
    assert found.proved
    assert dict(found.managers) == by_hand(problem)


# --- from facts to reasons -----------------------------------------------------------------------


def account(account_id: str, points: int = 8, level: int | None = 1, **facts: Any) -> dict[str, Any]:
    """An account of so many points (two a contact, one for being small), on a level."""
    return {"account_id": account_id, "revenue_ttm": 1000, "complexity": 1, "contacts_promised": 2 * (points - 1),
            "buy_sell_level": level, **facts}


def manager(manager_id: str, capacity: float = 20, level: int = 2, **more: Any) -> dict[str, Any]:
    return {"manager_id": manager_id, "capacity_points": capacity, "level_experience": level, **more}


def reasons(accounts: list[dict[str, Any]], managers: list[dict[str, Any]]) -> dict[str, str]:
    return {p.account: p.reason for p in samrules.assign(accounts, managers, as_of=AS_OF).accounts}


def test_each_account_has_a_reason() -> None:
    found = reasons([account("a", 8, 3), account("b", 6, 1), account("c", 7, None)],
                    [manager("ana", 20, 4, name="Ana", accounts=["a"]), manager("ben", 10, name="Ben", accounts="c")])
    assert found == {
        "a": "Ana takes a (8 points): has worked on level 4, level 3 is needed; looks after it already; then carries 15 of 20 points.",
        "b": "Ben takes b (6 points): then carries 6 of 10 points.",
        "c": "Ana takes c (7 points): has worked on level 4, which does for any level (that of c is not known); moves from Ben, who has "
             "worked no higher than level 2, level 4 is needed; then carries 15 of 20 points.",
    }


def test_what_nobody_can_take_is_said_of_each_manager() -> None:
    found = reasons(
        [account("first", 18, renewal_likelihood=0.95), account("second", 9), account("third", 30), account("fourth", 5, 4)],
        [manager("ana", 20), manager("ben", 4, name="Ben")])
    assert found["second"] == ("Nobody can take second (9 points): ana has 2 points left, 9 are needed; Ben has a capacity of 4 points, "
                               "9 are needed. With a higher score first went before.")
    assert found["third"] == ("Nobody can take third (30 points): ana has a capacity of 20 points, 30 are needed; Ben has a capacity of "
                              "4 points, 30 are needed.")
    assert found["fourth"] == "Nobody can take fourth (5 points): no manager has worked on level 4."
    assert reasons([account("a")], [])["a"] == "Nobody can take a (8 points): there are no managers."


def test_an_unknown_load_is_never_guessed() -> None:
    found = samrules.assign([{"account_id": "a", "revenue_ttm": 1000, "contacts_promised": 2}], [manager("ana")], as_of=AS_OF)
    assert found.accounts[0].reason == "a cannot be placed: its load is not known, for want of complexity of the account."
    assert (found.accounts[0].load, found.unplaced, found.desks[0].load) == (None, found.accounts, 0)


def test_loads_round_up_and_capacities_down() -> None:
    fits = samrules.assign([account("a", 8)], [manager("ana", 8.04)], as_of=AS_OF)
    assert fits.accounts[0].manager == "ana"
    assert samrules.assign([account("a", 8)], [manager("ana", 7.99)], as_of=AS_OF).accounts[0].manager is None


def test_the_same_input_in_any_order_gives_the_same_answer() -> None:
    accounts = [account(f"a{i}", 3 + i % 4) for i in range(9)]
    managers = [manager(f"m{i}", 14 + i) for i in range(3)]
    first = samrules.assign(accounts, managers, as_of=AS_OF)
    again = samrules.assign(accounts[::-1], managers[::-1], as_of=AS_OF)
    assert {p.account: p.to_dict() for p in first.accounts} == {p.account: p.to_dict() for p in again.accounts}
    assert first.to_json() == samrules.assign(accounts, managers, as_of=AS_OF).to_json()


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("managers", "said"), [
    ([manager("ana"), manager("ana")], "manager 2: duplicate-manager: the manager `ana` stands twice"),
    ([manager("ana", -1)], "manager 1: out-of-range: `capacity_points`: -1 is out of range"),
    ([{"manager_id": "ana", "capacity_points": 3, "level_experience": None}], "manager 1: missing-value: a manager without `level_experience`"),
    ([{"manager_id": "ana", "capacity_points": 3}], "managers: missing-value: the table of managers has no column `level_experience`"),
    ([manager("ana", capacity=3, level=5)], "manager 1: out-of-range: `level_experience`"),
    ([manager("ana", acounts="x")], "managers: unknown-column: a table of managers has no column `acounts`"),
    ([manager("ana", accounts="b")], "manager 1: no-such-account: `ana` looks after `b`, which is not among the accounts"),
    ([manager("ana", accounts="a"), manager("ben", accounts="a")],
     "manager 2: duplicate-manager: `a` has two managers, `ana` and `ben`"),
])
def test_managers_that_cannot_be_used_are_refused(managers: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(samrules.FactError) as caught:
        samrules.assign([account("a")], managers, as_of=AS_OF)
    found = [f"{d.where}: {d.code}: {d.message}" for d in caught.value.diagnostics]
    assert len(found) == 1
    assert found[0].startswith(said)


# --- the command ---------------------------------------------------------------------------------


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in args])


def test_the_command_tells_who_looks_after_whom() -> None:
    found = run("assign", ACCOUNTS, "--managers", MANAGERS, "--as-of", "2026-11-21")
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout.startswith("""\
Who looks after whom, 21 November 2026

Ana Pires (ana): 38.5 of 40 points
  Ana Pires takes Alder Rail (18 points): has worked on level 3, as it needs; looks after it
    already; then carries 38.5 of 40 points.
""")
    assert "  Dev Rao takes Garnet Tools (8 points): moves from Ben Okoro, who has 3 points left, 8 are\n" in found.stdout
    assert "  Nobody can take Elmira Optics (9 points): no manager has worked on level 4.\n" in found.stdout
    assert found.stdout.endswith("14 accounts: 9 with a manager, 6 of them with the one they have, 5 without\n")


def test_the_command_writes_json_and_csv(tmp_path: Path) -> None:
    out = tmp_path / "assignment.csv"
    assert run("assign", ACCOUNTS, "--managers", MANAGERS, "--as-of", "2026-11-21", "--out", out).exit_code == 0
    lines = out.read_text("utf-8").splitlines()
    assert lines[0] == "account,account_name,manager,manager_name,before,kept,load,reason"
    assert lines[1].startswith("alder,Alder Rail,ana,Ana Pires,ana,true,18.0,\"Ana Pires takes")
    found = json.loads(run("assign", ACCOUNTS, "--managers", MANAGERS, "--as-of", "2026-11-21", "--format", "json").stdout)
    assert found["schema"] == "samrules.assignment/1"
    assert {p["account"]: p["manager"] for p in found["accounts"]}["dorset"] is None


def test_faults_of_a_file_are_shown_in_their_place(tmp_path: Path) -> None:
    file = tmp_path / "managers.csv"
    file.write_text("manager_id,capacity_points,level_experience,boss\nana,-4,,x\nben,ten,3,y\n", "utf-8")
    found = run("assign", ACCOUNTS, "--managers", file)
    assert (found.exit_code, found.stdout) == (2, "")
    for said in ("managers.csv:1:45: error[unknown-column]", "managers.csv:2:5: error[out-of-range]",
                 "managers.csv:2:8: error[missing-value]", "managers.csv:3:5: error[wrong-type]"):
        assert said in found.stderr
    refused = run("assign", ACCOUNTS, "--managers", MANAGERS, "--out", tmp_path / "a.parquet")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "an assignment is not written as parquet" in refused.stderr

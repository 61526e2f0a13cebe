"""Two versions of a ruleset: the edits in words, the accounts that move, and who is to blame."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.compare import witness as witness_module
from samrules.compare.answers import answer_of
from samrules.compare.difference import Difference
from samrules.compare.edits import edits_between
from samrules.compare.hybrids import Hybrids
from samrules.compare.proving import solver
from samrules.compare.witness import Shows, Witness
from samrules.model.types import Duration
from samrules.rules import Rules
from tests.strategies import AS_OF, Case, accounts, conditions, rulesets

ROOT = Path(__file__).parent.parent
PORTFOLIO = ROOT / "examples" / "portfolio"
SECOND = """ruleset: designation
version: 1.1.0
extends: designation
replace:
  parameters:
    entry_score: {values: {1990-01-01: 70, 2026-06-01: 85}}
    revenue_floor: {values: {1990-01-01: 500k}}
    enough_promises: {title: Promises needed to judge}
  define:
    serves_our_goals:
      all:
        - strategy_relevance >= clear_sign
        - gross_margin_pct > margin_floor
        - revenue_ttm >= revenue_floor
    has_a_place: headroom >= 1
  rules:
    not_interested_yet:
      then: {action: decline, coverage: inside_sales}
  decide:
    action: {outcomes: [nominate, designate, decline]}
remove:
  rules: [kept_as_a_vendor]
rules:
  owes_us_money: {when: financial_health <= 1, then: {action: decline}}
"""


@pytest.fixture
def second(tmp_path: Path) -> Path:
    path = tmp_path / "designation.yaml"
    path.write_text(SECOND, "utf-8")
    return path


@pytest.fixture(scope="module")
def example() -> Difference:
    """The two versions, compared on the accounts of the examples."""
    new = samrules.loads(SECOND, folder=ROOT / "rulesets")
    return samrules.diff("designation", new, accounts=PORTFOLIO, as_of=AS_OF)


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in args])


# --- the example of the issue --------------------------------------------------------------------


def test_two_versions_of_designation(second: Path) -> None:
    done = run("diff", "designation", second, "--accounts", PORTFOLIO, "--as-of", "2026-11-21")
    assert done.exit_code == 1
    page = (ROOT / "docs" / "compare.md").read_text("utf-8")
    assert f"```\n{done.stdout}```" in page
    assert f"```yaml\n{SECOND}```" in page
    assert "  Borealis Freight  designate → nominate: edits 1, 2, 4 or 9, any of them by itself\n" in done.stdout


def test_it_agrees_with_deciding_both_in_full(example: Difference) -> None:
    found = example
    assert found.moved is not None and found.otherwise is not None
    old, new = full(found.old), full(found.new)
    differ = {a for a in old if old[a].outcomes != new[a].outcomes}
    assert {m.account for m in found.moved} == differ
    assert {m.account for m in found.otherwise} == {a for a in old if a not in differ and old[a].outputs != new[a].outputs}
    assert all((m.old, m.new) == (old[m.account], new[m.account]) for m in found.moved)
    assert all(m.blame.edits for m in (*found.moved, *found.otherwise))


def full(rules: Rules) -> dict[str, Any]:
    from samrules.cli.arguments import checked_accounts

    table = checked_accounts(rules, str(PORTFOLIO), None, None, AS_OF)
    return {a.id: answer_of(rules.decide_account(a, table.recorded, AS_OF)) for a in table.accounts}


def test_as_json(example: Difference) -> None:
    data = json.loads(json.dumps(example.to_dict()))
    assert data["schema"] == "samrules.diff/1"
    assert [e["number"] for e in data["edits"]] == list(range(1, 10))
    borealis = next(m for m in data["moved"] if m["account"] == "borealis")
    assert borealis["edits"] == borealis["alone"] == [1, 2, 4, 9]
    assert borealis["needed"] == []
    assert (borealis["old"]["outcome"], borealis["new"]["outcome"]) == ("designate", "nominate")
    assert data["outcomes"][0] == {"outcome": "nominate", "old": 4, "new": data["outcomes"][0]["new"]}


def test_no_difference_is_exit_code_0(tmp_path: Path) -> None:
    text = (ROOT / "rulesets" / "cadence.yaml").read_text("utf-8")
    (tmp_path / "cadence.yaml").write_text("# another file\n" + text.replace("version: 1.0.0", "version: 1.0.1"), "utf-8")
    done = run("diff", "cadence", tmp_path / "cadence.yaml", "--as-of", "2026-11-21")
    assert (done.exit_code, done.stdout) == (
        0, "cadence 1.0.0 → cadence 1.0.1, 21 November 2026\n\nNo difference: the two say and decide the same.\n")


def test_json_of_the_command(tmp_path: Path) -> None:
    for name, data in (("old", BASE), ("new", edited(BASE, "rules.z.when", "kept >= 90%"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "r.yaml").write_text(json.dumps(data), "utf-8")
    done = run("diff", tmp_path / "old" / "r.yaml", tmp_path / "new" / "r.yaml", "--as-of", "2026-11-21", "--no-witnesses", "--format", "json")
    assert done.exit_code == 1
    data = json.loads(done.stdout)
    assert [(e["number"], e["bears_on"], e["name"]) for e in data["edits"]] == [(1, "decisions", "z")]
    assert "moved" not in data and "witnesses" not in data


def test_unusable_is_exit_code_2(tmp_path: Path) -> None:
    assert run("diff", "designation", tmp_path / "none.yaml").exit_code == 2
    assert run("diff", "designation", "programme", "--accounts", tmp_path / "none.csv").exit_code == 2
    assert run("diff", "designation", "programme", "--events", tmp_path / "none.csv").exit_code == 2


# --- words ---------------------------------------------------------------------------------------

BASE: dict[str, Any] = {
    "ruleset": "r", "version": "1.0.0",
    "facts": {"n": {"type": "integer"}, "csat": {"type": "number", "title": "satisfaction"}, "flag": {"type": "boolean"},
              "kept": {"type": "ratio", "title": "promises kept"}},
    "parameters": {"p": {"type": "ratio", "values": {"1990-01-01": "85%"}}},
    "define": {"d": {"all": ["csat >= 8", "kept >= p"]}, "m": {"at_least": 1, "of": ["flag", "n >= 3"]}},
    "scorecards": {"s": {"criteria": {"a": {"weight": 60, "points": [{"when": "flag", "points": 60}, {"otherwise": 0}]},
                                      "b": {"weight": 40, "scale": {"of": "n", "from": 0, "to": 9}}}}},
    "rules": {"x": {"when": "d", "unless": "flag", "then": {"o": "go"}, "sustained": "2 reviews"},
              "y": {"when": {"any": ["m", "s >= 50"]}, "then": {"o": "stop", "note": "a"}},
              "z": {"when": "kept >= 85%", "then": {"o": "go"}}},
    "decide": {"o": {"outcomes": ["go", "stop", "wait"], "hit_policy": "first", "otherwise": "wait"}},
}


@pytest.mark.parametrize(("path", "value", "said"), [
    ("parameters.p.values", {"1990-01-01": "90%"}, "parameter `p`: 85% becomes 90%"),
    ("parameters.p.values", {"1990-01-01": "85%", "2026-01-01": "90%"}, "parameter `p`: 85% becomes 90%, from 1 January 2026 on"),
    ("parameters.p.values", {"2000-01-01": "85%"}, "parameter `p`: 85% becomes no value yet, from 1 January 1990 on"),
    ("rules.z.when", "kept >= 90%", "rule `z`: promises kept: at least 85% becomes at least 90%"),
    ("rules.z.when", "kept >= 85% and flag", "rule `z`: “promises kept: at least 85%” becomes “promises kept: at least 85% and flag”"),
    ("define.d.all", ["csat >= 9", "flag"],
     "definition `d`: satisfaction: at least 8 becomes at least 9; no longer asked: promises kept: at least 85% ‹p›; asked as well: flag"),
    ("define.m.at_least", 2, "definition `m`: at least 1 becomes at least 2"),
    ("rules.y.when.any", ["m"], "rule `y`: “m or s: at least 50” becomes “m”"),
    ("rules.x.sustained", "3 reviews over 6 months", "rule `x`: how long it must last: 2 reviews becomes 3 reviews over 6 months"),
    ("rules.x.sustained", None, "rule `x`: how long it must last: 2 reviews no longer"),
    ("rules.x.unless", ["n = 1"], "rule `x`: its exceptions: removed: flag; new: n is 1"),
    ("rules.y.then", {"o": "stop", "note": "b"}, "rule `y`: what it sets: note a becomes b"),
    ("rules.y.then", {"o": "go"}, "rule `y`: what it sets: o stop becomes go; note a is removed"),
    ("rules.z", None, "rule `z` is removed: o go when promises kept: at least 85%"),
    ("rules.w", {"when": "n > 4", "then": {"o": "stop"}}, "rule `w` is new: o stop when n: above 4"),
    ("facts.n.type", "number", "fact `n`: integer becomes number"),
    ("facts.csat.range", "0..10", "fact `csat`: allowed values: 0..10 is new"),
    ("decide.o.outcomes", ["stop", "go", "wait"],
     "decision `o`: outcomes, strongest first: go, stop and wait becomes stop, go and wait"),
    ("decide.o.outcomes", ["go", "stop", "wait", "other"], "decision `o`: outcome other is new"),
    ("decide.o.otherwise", "stop", "decision `o`: where no rule holds: wait becomes stop"),
    ("decide.o.hit_policy", "priority", "decision `o`: hit policy: first becomes priority"),
    ("scorecards.s.criteria.b.scale", {"of": "n", "from": 1, "to": 9},
     "score `s`, criterion `b`: scale: in proportion to n, from 0 to 9 becomes in proportion to n, from 1 to 9"),
    ("scorecards.s.criteria", {"b": {"weight": 100, "scale": {"of": "n", "from": 0, "to": 9}}},
     "score `s`: criterion `a` is removed; criterion `b`: weight 40 becomes 100"),
    ("define.p2", "n >= 3", "definition `p2` is new: n: at least 3"),
])
def test_an_edit_in_words(path: str, value: Any, said: str) -> None:
    from samrules.compare.report import edit_in_words

    found = samrules.diff(loaded(BASE), loaded(edited(BASE, path, value)), as_of=AS_OF)
    assert [edit_in_words(found, e) for e in found.edits] == [said]


def test_another_order_and_another_section() -> None:
    from samrules.compare.report import edit_in_words

    new = copy.deepcopy(BASE)
    new["rules"] = {k: new["rules"][k] for k in ("z", "x", "y")}
    del new["parameters"]["p"]
    new["define"]["p"] = "90%"
    found = samrules.diff(loaded(BASE), loaded(new), as_of=AS_OF)
    assert [edit_in_words(found, e) for e in found.edits] == [
        "parameter `p` becomes a definition", "the rules stand in another order: `z`, `x` and `y`"]


def edited(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    found = copy.deepcopy(data)
    *way, last = path.split(".")
    inner = found
    for key in way:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return found


def loaded(data: dict[str, Any]) -> Rules:
    return samrules.loads(json.dumps(data, ensure_ascii=False))


# --- blame ---------------------------------------------------------------------------------------


def test_two_edits_that_only_move_an_account_together() -> None:
    new = edited(edited(edited(BASE, "define.d.all", ["csat >= 7", "kept >= p"]), "parameters.p.values", {"1990-01-01": "80%"}),
                 "rules.x.unless", ["n = 7"])
    found = samrules.diff(loaded(edited(BASE, "rules.x.sustained", None)), loaded(edited(new, "rules.x.sustained", None)),
                          accounts=[{"account_id": "a", "csat": 7.5, "kept": 0.82, "flag": False, "n": 0}], as_of=AS_OF)
    assert found.moved is not None
    (move,) = found.moved
    assert (move.old.outcome, move.new.outcome) == ("wait", "go")
    assert (move.blame.alone, move.blame.needed) == ((), (0, 1))
    assert "a  wait → go: edits 1 and 2 together\n" in str(found)


def test_of_many_ways_together_the_smallest_is_named() -> None:
    """Any two of three relaxed conditions suffice, none alone, and none is needed."""
    def with_least(count: int) -> dict[str, Any]:
        definitions = {f"c{i}": f"n >= {count}" for i in range(3)}
        return {**BASE, "define": {**BASE["define"], **definitions, "most": {"at_least": 2, "of": [*definitions]}},
                "rules": {"x": {"when": "most", "then": {"o": "go"}}}}
    found = samrules.diff(loaded(with_least(5)), loaded(with_least(3)), accounts=[{"account_id": "a", "n": 4}], as_of=AS_OF)
    assert found.moved is not None
    (move,) = found.moved
    assert (move.blame.alone, move.blame.needed, move.blame.together, move.blame.smallest) == ((), (), (0, 1), True)


EDITS = st.sampled_from(["parameter", "when", "then", "without", "added", "definition", "otherwise", "unless", "policy"])


@st.composite
def edits(draw: st.DrawFn, data: dict[str, Any]) -> dict[tuple[str, str], tuple[str, Any]]:
    """Up to three edits, each of another part: the path and the new value, by section and name."""
    found: dict[tuple[str, str], tuple[str, Any]] = {}
    words = ["release", "watch", "retain"]
    rules = list(data["rules"])
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(rules))
        match draw(EDITS):
            case "parameter":
                found["parameters", "least_count"] = "parameters.least_count.values", {"1990-01-01": draw(st.integers(0, 9))}
            case "when":
                found["rules", name] = f"rules.{name}.when", draw(conditions(1))
            case "then":
                found["rules", name] = f"rules.{name}.then", {"action": draw(st.sampled_from(words)), "note_": "x"}
            case "without" if len(rules) > 1 and not any(s == "rules" for s, _ in found):
                found["rules", name] = f"rules.{name}", None
            case "added":
                found["rules", "more"] = "rules.more", {"when": draw(conditions(1)), "then": {"action": draw(st.sampled_from(words))}}
            case "definition":
                found["define", "first_condition"] = "define.first_condition", draw(conditions(1))
            case "otherwise":
                found["decide", "action"] = "decide.action.otherwise", draw(st.sampled_from(words))
            case "unless":
                found["rules", name] = f"rules.{name}.unless", [draw(conditions(0))]
    return found


def made(data: dict[str, Any], some: list[tuple[str, Any]]) -> Rules:
    for path, value in some:
        data = edited(data, path, value)
    return loaded(data)


@settings(max_examples=10)
@given(rulesets(), st.lists(accounts(), min_size=1, max_size=4), st.data())
def test_random_edits_of_random_rulesets(case: Case, some: list[dict[str, Any]], data: st.DataObject) -> None:
    """What moves is what deciding both in full says; a blamed edit is one that, made by hand, does what is said of it."""
    by_part = data.draw(edits(case.data), label="edits")
    old, new = made(case.data, []), made(case.data, list(by_part.values()))
    table = [{**facts, "account_id": f"A-{i}"} for i, facts in enumerate(some)]
    found = samrules.diff(old, new, accounts=table, as_of=AS_OF)
    assert found.moved is not None and found.otherwise is not None

    def answers(rules: Rules) -> dict[str, Any]:
        return {f["account_id"]: answer_of(rules.decide(f, as_of=AS_OF)) for f in table}

    one, other = answers(old), answers(new)
    assert {m.account for m in found.moved} == {a for a in one if one[a].outcomes != other[a].outcomes}
    assert {m.account for m in found.otherwise} == {
        a for a in one if one[a].outcomes == other[a].outcomes and one[a].outputs != other[a].outputs}
    parts = [(e.section, e.name) for e in found.deciding]
    assert set(parts) <= set(by_part) and len(set(parts)) == len(parts)
    real = [by_part[p] for p in parts]
    for place, part in enumerate(real):
        alone = answers(made(case.data, [part])) if found.moved else {}
        without = answers(made(case.data, [p for p in real if p is not part])) if found.moved else {}
        for m in found.moved:
            assert (place in m.blame.alone) == (alone[m.account].outcomes == m.new.outcomes)
            assert (place in m.blame.needed) == (without[m.account].outcomes == m.old.outcomes)
    for m in found.moved:
        assert m.blame.edits
        if m.blame.together:
            rules = made(case.data, [real[place] for place in m.blame.together])
            assert answers(rules)[m.account].outcomes == m.new.outcomes


@settings(max_examples=8)
@given(rulesets(), rulesets())
def test_all_edits_made_is_the_new_ruleset(one: Case, other: Case) -> None:
    """None of the edits is the old ruleset, all of them the new one, beside declarations that nothing names."""
    old, new = loaded(one.data), loaded(other.data)
    bundles = old.checked.bundle, new.checked.bundle
    found = edits_between(bundles[0].rulesets, bundles[1].rulesets)
    hybrids = Hybrids(*bundles, found)
    for subset, wanted in ((frozenset[int](), old), (frozenset(range(len(found))), new)):
        made_ = hybrids.rules(subset)
        assert made_ is not None
        assert made_.plan.decision is not None and wanted.plan.decision is not None
        assert made_.plan.decision.decide == wanted.plan.decision.decide
        assert [r.rule for r in made_.plan.decision.rules] == [r.rule for r in wanted.plan.decision.rules]
        assert {s.name: s.expr for s in wanted.plan.steps}.items() <= {s.name: s.expr for s in made_.plan.steps}.items()


def test_what_is_claimed_is_an_edit_of_its_own() -> None:
    old = {**BASE, "invariants": {"one": {"never": 'o = "go" and n < 0'}, "two": {"always": "o = \"go\" or n >= 0 or n is missing"}}}
    new = {**BASE, "invariants": {"one": {"never": 'o = "go" and n < 1', "title": "Nobody goes on nothing."}, "three": {"never": "n < 0"}}}
    text = str(samrules.diff(loaded(old), loaded(new), as_of=AS_OF))
    assert text == """r 1.0.0 → r 1.0.0, 21 November 2026

3 edits change what is claimed of every account
   1  invariant `one`: never: n: below 0 becomes below 1
   3  invariant `two` is removed
   4  invariant `three` is new

1 edit only changes what is said
   2  invariant `one`: title is new
"""


def test_a_portfolio_is_compared_as_a_whole(tmp_path: Path) -> None:
    """One place less: who loses it is moved, and by that edit, though nothing about the account was asked anew."""
    text = (ROOT / "rulesets" / "portfolio.yaml").read_text("utf-8")
    before, after = "ceiling: min(ceiling_of_our_size, programme_cap)", "ceiling: min(ceiling_of_our_size, programme_cap) - 1"
    assert before in text
    (tmp_path / "portfolio.yaml").write_text(text.replace(before, after), "utf-8")
    table = ROOT / "examples" / "waiting_list"
    found = samrules.diff("portfolio", tmp_path / "portfolio.yaml", accounts=table, as_of=date(2026, 11, 21))
    assert found.moved
    assert {m.new.outcome for m in found.moved} == {"waitlisted"}
    assert all(m.blame.alone == (0,) for m in found.moved)


def test_rulesets_of_other_names_are_compared_with_each_other(tmp_path: Path) -> None:
    """Also where one of them uses the other."""
    found = samrules.diff("designation", "dedesignation", as_of=AS_OF, witnesses=False)
    assert not found.same
    assert {"entry_score", "strategic_to_each_other", "minimum_tenure"} <= {e.name for e in found.edits}
    assert "parameter `entry_score` is removed: 70" in " ".join(str(found).split())
    (tmp_path / "acme.yaml").write_text("ruleset: acme\nversion: 1.0.0\nextends: dedesignation\n"
                                        "replace: {parameters: {kept_promises: {values: {1990-01-01: 95%}}}}\n", "utf-8")
    text = str(samrules.diff("dedesignation", tmp_path / "acme.yaml", accounts=PORTFOLIO, as_of=AS_OF))
    assert "\n   1  parameter `kept_promises`: 90% becomes 95%\n\nNone of 20 accounts moves.\n" in text


def test_rules_given_as_loaded(second: Path) -> None:
    rules = samrules.load("designation")
    assert attrs.asdict(samrules.diff(rules, "designation", as_of=AS_OF), recurse=False)["edits"] == ()
    assert not samrules.diff(rules, second, as_of=AS_OF, witnesses=False).same


# --- made-up accounts ----------------------------------------------------------------------------


def shown(found: Difference, witness: Witness) -> None:
    """What is said of a made-up account is what deciding it says."""
    for rules, said in ((found.old, witness.old), (found.new, witness.new)):
        if rules is found.new and witness.shows is Shows.ALONE:
            continue
        facts = {n: v for n, v in witness.facts.items() if n in rules.facts}
        history = [{**facts, "review_date": Duration(months=3 * n).before(AS_OF)} for n in range(witness.history, 0, -1)]
        assert answer_of(rules.decide(facts, history=history, as_of=AS_OF)) == said


def test_an_account_between_two_thresholds_is_made_up() -> None:
    data = edited(BASE, "decide.o.hit_policy", "priority")
    found = samrules.diff(loaded(data), loaded(edited(data, "rules.z.when", "kept >= 85.5%")), as_of=AS_OF)
    assert found.search is not None
    (witness,) = found.search.witnesses
    assert witness is not None and witness.shows is Shows.OUTCOME
    assert witness.old.outcome == "go"
    kept = witness.facts["kept"]
    assert isinstance(kept, float) and 0.85 <= kept < 0.855
    shown(found, witness)
    assert "A made-up account for each of them" in str(found)
    assert samrules.diff(loaded(data), loaded(edited(data, "rules.z.when", "kept >= 86%")), as_of=AS_OF, witnesses=False).search is None


def test_the_solver_finds_what_the_search_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("z3")
    monkeypatch.setattr(witness_module, "TRIES", 0)
    found = samrules.diff(loaded(BASE), loaded(edited(BASE, "rules.z.when", "kept >= 86%")), as_of=AS_OF, prover=solver(AS_OF))
    assert found.search is not None
    (witness,) = found.search.witnesses
    assert witness is not None and witness.old.outcomes != witness.new.outcomes
    shown(found, witness)


def test_nothing_found_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """The edit is of a rule that never decides; only a prover may say so."""
    pytest.importorskip("z3")
    monkeypatch.setattr(witness_module, "TRIES", 20)
    data = edited(edited(BASE, "rules.w", {"when": "n > 1 and n < 1", "then": {"o": "go"}}), "decide.o.hit_policy", "priority")
    new = edited(data, "rules.w.when", "n > 2 and n < 2")
    text = str(samrules.diff(loaded(data), loaded(new), as_of=AS_OF))
    assert "   1  no account found among 20 tried; that is no proof that there is none\n" in text
    text = str(samrules.diff(loaded(data), loaded(new), as_of=AS_OF, prover=lambda old, new: True))
    assert "   1  proved to change no outcome by itself; no account with other outputs found among 20 tried\n" in text
    text = str(samrules.diff(loaded(data), loaded(new), as_of=AS_OF, prover=solver(AS_OF)))
    assert "   1  proved to change no outcome by itself" in text


def test_a_prover_may_give_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_module, "TRIES", 0)
    new = edited(BASE, "rules.z.when", "kept >= 86%")
    found = samrules.diff(loaded(BASE), loaded(new), as_of=AS_OF, prover=lambda old, new: {
        "account_id": "made-up", "kept": 0.855, "flag": False, "n": 0, "csat": 1.0})
    assert found.search is not None
    (witness,) = found.search.witnesses
    assert witness is not None and (witness.old.outcome, witness.new.outcome) == ("go", "wait")
    data = found.to_dict()["witnesses"]
    assert data["of"][0]["facts"]["kept"] == 0.855 and data["of"][0]["shows"] == "outcome"


def test_designation_has_a_witness_for_an_edit_of_its_proof(second: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty facts have to be right for an account to be designated."""
    monkeypatch.setattr(witness_module, "TRIES", 60)
    text = second.read_text("utf-8")
    second.write_text(text[: text.index("    enough_promises")].replace("85", "71") + "\n", "utf-8")
    found = samrules.diff("designation", second, as_of=AS_OF)
    assert found.search is not None
    score, revenue = found.search.witnesses
    assert revenue is not None and revenue.shows is Shows.OUTCOME and revenue.old.outcome == "designate"
    assert 100_000 <= float(revenue.facts["revenue_ttm"]) < 500_000  # type: ignore[arg-type]
    for witness in (score, revenue):
        if witness is not None:
            shown(found, witness)


@settings(max_examples=6)
@given(rulesets(), st.data())
def test_what_is_made_up_is_true(case: Case, data: st.DataObject) -> None:
    """Of random edits of random rulesets; and an edit said to act by itself does so when made by hand."""
    by_part = data.draw(edits(case.data), label="edits")
    old, new = made(case.data, []), made(case.data, list(by_part.values()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(witness_module, "TRIES", 25)
        found = samrules.diff(old, new, as_of=AS_OF)
    if not found.deciding:
        return
    assert found.search is not None
    for edit, witness in zip(found.deciding, found.search.witnesses, strict=True):
        if witness is None:
            continue
        shown(found, witness)
        if witness.shows is Shows.ALONE:
            alone = attrs.evolve(found, new=made(case.data, [by_part[edit.section, edit.name]]))
            shown(alone, attrs.evolve(witness, shows=Shows.OUTPUTS))
        else:
            assert witness.old != witness.new

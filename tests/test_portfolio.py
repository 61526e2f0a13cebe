"""The choice of a portfolio: held against brute force, monotone over whole tables, told in sentences."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.decision.placing import SortKey
from samrules.portfolio.likeness import Entrant, kendall, likeness
from samrules.portfolio.places import Limit, Limits
from samrules.portfolio.stage import Contender, Field, order_hangs_on, undecided
from samrules.portfolio.words import ordinal
from samrules.syntax.formatter import format_text
from tests import strategies as some

ROOT = Path(__file__).parent.parent
WAITING = ROOT / "examples" / "waiting_list"
AS_OF = ("--as-of", "2026-11-21")
slow = settings(deadline=None, suppress_health_check=list(HealthCheck))

# --- the stage against brute force ---------------------------------------------------------------


def _interval(top: int) -> st.SearchStrategy[SortKey]:
    ends = st.lists(st.integers(0, top), min_size=2, max_size=2).map(sorted)
    return st.one_of(st.integers(0, top).map(lambda n: SortKey(n, n)), ends.map(lambda e: SortKey(e[0], e[1])))


_MAY_BE = st.sampled_from([w for w in itertools.product([True, False], repeat=3) if any(w)])


@st.composite
def contenders(draw: st.DrawFn) -> list[Contender]:
    def contender(account: str) -> Contender:
        keeps, competes, neither = draw(_MAY_BE)
        return Contender(account, keeps, competes, neither, (draw(_interval(2)), draw(_interval(1))))

    return [contender(f"A{i}") for i in range(draw(st.integers(1, 3)))]


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    def limit(least: int) -> Limit:
        low = draw(st.integers(least, 3))
        return Limit(low, low + draw(st.integers(0, 1)))

    kind = draw(st.integers(0, 2))
    return Limits(limit(1), limit(1) if kind == 2 else None, limit(0) if kind else None)


def completions(field: list[Contender], limits: Limits) -> Iterator[dict[str, tuple[str, int, int]]]:
    """Every way of filling in what is open: for each account what it is, its rank, and 1 if it has a place."""
    def ways(one: Contender) -> list[tuple[str, tuple[int, ...]]]:
        kinds = [k for k, may in (("keeps", one.keeps), ("competes", one.competes), ("neither", one.neither)) if may]
        keys = itertools.product(*(range(int(k.low), int(k.high) + 1) for k in one.keys))
        return list(itertools.product(kinds, keys))

    stated = [x for x in (limits.ceiling, limits.start, limits.growth) if x is not None]
    for filled in itertools.product(*map(ways, field)):
        kept = sum(kind == "keeps" for kind, _ in filled)
        order = sorted((keys, one.account) for one, (kind, keys) in zip(field, filled, strict=True) if kind == "competes")
        rank = {account: i + 1 for i, (_, account) in enumerate(order)}
        for numbers in itertools.product(*(range(x.low, int(x.high) + 1) for x in stated)):
            ceiling, growth = numbers[0], numbers[-1]
            total = ceiling
            if limits.growth is not None:  # said by hand: no growth beyond so many more than are held, or than the start
                total = min(ceiling, max(kept + growth, numbers[1] if limits.start is not None else 0))
            yield {one.account: (kind, rank.get(one.account, 0),
                                 int(kind == "keeps" or kept + rank.get(one.account, 99) <= max(total, kept)))
                   for one, (kind, _) in zip(field, filled, strict=True)}


@slow
@given(contenders(), limits())
def test_possible_is_what_some_completion_gives(field: list[Contender], limits: Limits) -> None:
    """An account may get a place, or miss it, exactly where some way of filling in the table gives that;
    its rank ranges exactly over what the completions give at least and at most."""
    found = list(completions(field, limits))
    chances = Field(field, limits)
    for one in (c for c in field if c.competes):
        chance = chances.chance(one)
        ways = [way[one.account] for way in found if way[one.account][0] == "competes"]
        assert chance.may_enter == any(place for _, _, place in ways)
        assert chance.may_miss == any(not place for _, _, place in ways)
        assert chance.least_before + 1 == min(rank for _, rank, _ in ways)
        assert chance.most_before + 1 == max(rank for _, rank, _ in ways)


@slow
@given(contenders(), limits(), st.data())
def test_only_undecided_accounts_matter(field: list[Contender], limits: Limits, data: st.DataObject) -> None:
    """Where nothing is open between two accounts, learning about the other changes nothing for the first."""
    one = data.draw(st.sampled_from(field))
    others = [o for o in field if o is not one and not undecided(one, o) and not (o.competes and order_hangs_on(one, o))]
    if not one.competes or not others:
        return
    other = data.draw(st.sampled_from(others))
    kinds = [k for k in ("keeps", "competes", "neither") if getattr(other, k)]
    kind = data.draw(st.sampled_from(kinds))
    keys = tuple(SortKey(v, v) for v in (data.draw(st.integers(int(k.low), int(k.high))) for k in other.keys))
    known = Contender(other.account, kind == "keeps", kind == "competes", kind == "neither", keys)
    before, after = (Field(f, limits).chance(one) for f in (field, [known if o is other else o for o in field]))
    assert (before.may_enter, before.may_miss) == (after.may_enter, after.may_miss)


# --- whole tables --------------------------------------------------------------------------------


@slow
@given(some.portfolios(), some.tables_of_accounts(), st.data())
def test_learning_never_contradicts_a_table(case: some.Case, table: list[dict[str, Any]], data: st.DataObject) -> None:
    """Filling in missing facts of any accounts makes no outcome possible that was not."""
    rules = samrules.loads(case.text)
    known = {**some.VALUES, **some.MEASURED}
    more = [{**data.draw(st.fixed_dictionaries({}, optional=known)), **facts} for facts in table]
    if data.draw(st.booleans()):
        shared = {"cap": 3, "first": 2, "added": 1}
        more = [{**shared, **{k: v for k, v in table[0].items() if k in shared}, **facts} for facts in more]
    less, after = (rules.decide_portfolio(t, as_of=some.AS_OF) for t in (table, more))
    for before, now in zip(less.decisions, after.decisions, strict=True):
        assert set(now.possible) <= set(before.possible)
        if before.settled:
            assert (now.settled, now.outcome) == (True, before.outcome)


@slow
@given(some.portfolios(), some.tables_of_accounts(), st.randoms())
def test_any_table_is_decided_and_told(case: some.Case, table: list[dict[str, Any]], random: Any) -> None:
    """What the checker accepts decides every table of well-typed facts, whatever the order of its rows."""
    rules = samrules.loads(case.text)
    portfolio = rules.decide_portfolio(table, as_of=some.AS_OF)
    assert [d.account for d in portfolio.decisions] == [facts["account_id"] for facts in table]
    for decision in portfolio.decisions:
        assert decision.settled == (len(decision.possible) == 1)
        assert str(decision.why())
        for outcome in decision.decide.outcomes:
            assert str(decision.why_not(outcome))
        json.loads(decision.to_json())
    text = json.dumps(portfolio.to_dict(), allow_nan=False)
    assert text == json.dumps(rules.decide_portfolio(table, as_of=some.AS_OF).to_dict(), allow_nan=False)
    shuffled = random.sample(table, len(table))
    again = {d.account: d.to_json() for d in rules.decide_portfolio(shuffled, as_of=some.AS_OF).decisions}
    for decision in portfolio.decisions:
        if not any("@" in u for u in decision.deciding_unknowns):  # others are listed in the order of the table
            assert again[decision.account] == decision.to_json()


@slow
@given(some.portfolios(), some.tables_of_accounts(), st.data())
def test_only_deciding_unknowns_decide_a_table(case: some.Case, table: list[dict[str, Any]], data: st.DataObject) -> None:
    """Learning a fact that an open decision does not name, of whatever account, leaves it as it was."""
    rules = samrules.loads(case.text)
    portfolio = rules.decide_portfolio(table, as_of=some.AS_OF)
    index = data.draw(st.integers(0, len(table) - 1))
    missing = sorted(set(some.VALUES) - set(table[index]))
    if not missing:
        return
    fact = data.draw(st.sampled_from(missing))
    learnt = [*table]
    learnt[index] = {**table[index], fact: data.draw(some.VALUES[fact])}
    after = rules.decide_portfolio(learnt, as_of=some.AS_OF)
    for place, (before, now) in enumerate(zip(portfolio.decisions, after.decisions, strict=True)):
        named = fact if place == index else f"{fact}@{table[index]['account_id']}"
        if named not in before.deciding_unknowns:
            assert now.possible == before.possible


@slow
@given(some.portfolios())
def test_it_can_be_formatted_and_named(case: some.Case) -> None:
    """The canonical spelling means the same, and every part of the section is part of the digest."""
    formatted = format_text(case.text, "random.yaml")
    assert format_text(formatted, "random.yaml") == formatted
    rules = samrules.loads(case.text)
    assert samrules.loads(formatted).digest == rules.digest
    for key in ("incumbents", "ties", "growth", "start", "compare_with"):
        if case.data["portfolio"].get(key) and not (key == "growth" and "start" in case.data["portfolio"]):
            less = {k: v for k, v in case.data["portfolio"].items() if k != key}
            assert samrules.loads(json.dumps({**case.data, "portfolio": less})).digest != rules.digest


# --- a small programme ---------------------------------------------------------------------------

SMALL = """
ruleset: small
version: 1.0.0
facts:
  account_name: {type: text}
  good: {type: boolean, title: the account is good}
  inside: {type: boolean, title: the account is inside}
  points: {type: integer, title: number of points}
  since: {type: date, title: start}
  cap: {type: integer, title: cap}
  revenue: {type: money, title: revenue}
rules:
  stays: {when: inside, then: {place: in}, because: "{account} stays"}
  comes: {when: "good and not inside", then: {place: in, visits: 4}, because: "{account} is good"}
decide: {place: {outcomes: [in, waitlisted, out], otherwise: out}}
portfolio:
  chosen: in
  waitlisted: waitlisted
  incumbents: inside
  rank_by: points
  ties: [earliest since]
  ceiling: cap
  compare_with: revenue
"""


def small(*accounts: dict[str, Any], **changes: str) -> samrules.Portfolio:
    text = SMALL
    for key, value in changes.items():
        text += f"  {key}: {value}\n"
    return samrules.loads(text).decide_portfolio(accounts, as_of=date(2026, 11, 21))


def newcomer(account: str, points: int | None, **facts: Any) -> dict[str, Any]:
    return {"account_id": account, "good": True, "inside": False, "points": points, "since": "2026-01-01", **facts}


def incumbent(account: str, **facts: Any) -> dict[str, Any]:
    return {"account_id": account, "good": False, "inside": True, **facts}


def outcomes(portfolio: samrules.Portfolio) -> dict[str, Any]:
    return {d.account: d.outcome for d in portfolio.decisions}


def says(portfolio: samrules.Portfolio, account: str) -> str:
    placing = portfolio.decision(account).placing
    assert placing is not None
    return placing.says


def test_the_best_newcomers_take_the_places_left() -> None:
    found = small(incumbent("I", cap=3), newcomer("A", 5), newcomer("B", 9), newcomer("C", 7), {"account_id": "O", "good": False, "inside": False})
    assert outcomes(found) == {"I": "in", "A": "waitlisted", "B": "in", "C": "in", "O": "out"}
    assert found.decision("B").outputs["visits"] == (4, None)
    a = found.decision("A")
    assert {name: value for name, (value, _) in a.outputs.items()} == {"rank": 3, "places": 3, "cut_line": 7}
    assert says(found, "A") == ("A ranks 3rd of 3 that qualify for 2 free places (3 places, 1 of them held); the last place goes "
                                "to C, which has number of points: 7; it has number of points: 5.")
    assert found.says == "3 places: 1 held, 2 free (the ceiling is 3). 3 newcomers qualify; the last place goes to C, which " \
                         "has number of points: 7."
    assert found.cut_line is not None
    assert (found.cut_line.score.exact, found.cut_line.account) == (7, "C")
    assert a.why_not("in").answer == (
        "It qualifies, and no place is left for it. " + says(found, "A")
        + " It would have to come before C, which has number of points: 7: 2 more would make it level.")


def test_a_better_newcomer_displaces_nobody_and_a_ceiling_removes_nobody() -> None:
    found = small(incumbent("I", cap=1, points=1), incumbent("J", points=2), newcomer("A", 99))
    assert outcomes(found) == {"I": "in", "J": "in", "A": "waitlisted"}
    assert says(found, "I") == ("I has its place already and comes before all newcomers; 2 accounts hold a place where the ceiling "
                                "is 1, and a ceiling removes nobody.")
    assert says(found, "A") == ("A ranks 1st of 1 that qualify and no place is free (2 accounts hold a place, the ceiling is 1); "
                                "it has number of points: 99.")
    assert "2 accounts with a place would have to leave: the ceiling is 1, and 2 are held." in found.decision("A").why_not("in").answer


def test_a_ceiling_is_no_quota() -> None:
    found = small(incumbent("I", cap=5), newcomer("A", 1))
    assert outcomes(found) == {"I": "in", "A": "in"}
    assert found.says == "5 places: 1 held, 4 free (the ceiling is 5). 1 newcomer qualifies, and 3 places stay free: a ceiling is no quota."
    assert found.cut_line is None


def test_ties_are_broken_by_the_stated_rule_and_last_by_id() -> None:
    found = small(newcomer("A", 5, cap=1, since="2026-02-01"), newcomer("B", 5, since="2026-01-01"), newcomer("C", 5, since="2026-01-01"))
    assert outcomes(found) == {"A": "waitlisted", "B": "in", "C": "waitlisted"}
    assert says(found, "A").endswith("the last place goes to B, which has number of points: 5 too and comes first by the earliest "
                                     "start (1 January 2026, against 1 February 2026).")
    assert says(found, "C").endswith("comes first by account id (B, against C).")
    open_ = small(newcomer("A", 5, cap=1, since=None), newcomer("B", 5))
    assert outcomes(open_) == {"A": "evidence_needed", "B": "evidence_needed"}
    assert open_.decision("A").deciding_unknowns == ("since",)
    assert open_.decision("B").deciding_unknowns == ("since@A",)


def test_a_new_programme_starts_small_and_grows_slowly() -> None:
    def entered(kept: int) -> int:
        found = small(*(incumbent(f"I{i}", cap=10) for i in range(kept)), *(newcomer(f"A{i}", i, cap=10) for i in range(12)),
                      start="3", growth="2")
        return list(outcomes(found).values()).count("in") - kept

    assert [entered(kept) for kept in (0, 1, 2, 3, 8, 9, 10, 11)] == [3, 2, 2, 2, 2, 1, 0, 0]
    found = small(incumbent("I", cap=9), newcomer("A", 1), newcomer("B", 2), growth="1")
    assert says(found, "A").startswith("A ranks 2nd of 2 that qualify for 1 free place (2 places, 1 of them held; at most 1 account "
                                       "may join at a review); the last place goes to B")
    none = small(incumbent("I", cap=9), newcomer("A", 1), growth="0")
    assert none.decision("A").why_not("in").answer.endswith("This review adds no place; a later one may.")
    new = small(newcomer("A", 1, cap=9), newcomer("B", 2), start="1", growth="0")
    assert says(new, "A").startswith("A ranks 2nd of 2 that qualify for 1 free place (1 place, none held; a new programme begins with "
                                     "1 place); the last")


def test_what_is_not_known_leaves_open_what_hangs_on_it_and_no_more() -> None:
    table = [newcomer("A", 9, cap=2), newcomer("B", 5), newcomer("C", 3), newcomer("D", None)]
    found = small(*table)
    assert outcomes(found) == {"A": "in", "B": "evidence_needed", "C": "waitlisted", "D": "evidence_needed"}
    b = found.decision("B")
    assert b.possible == ("in", "waitlisted")
    assert b.deciding_unknowns == ("points@D",)
    assert "? D: number of points (points@D)" in str(b.why())
    assert found.decision("D").deciding_unknowns == ("points",)
    assert says(found, "D") == "D ranks 1st to 4th of 4 that qualify for 2 free places (2 places, none held); it has number of points: not known."
    assert outcomes(small(*table[:3], newcomer("D", 7)))["B"] == "waitlisted"


def test_an_account_that_may_stay_or_compete() -> None:
    """Whether B is inside decides about its own place, and about C's."""
    found = small(newcomer("A", 9, cap=2), {"account_id": "B", "good": True, "points": 1}, newcomer("C", 5))
    assert outcomes(found) == {"A": "in", "B": "evidence_needed", "C": "evidence_needed"}
    assert found.decision("B").deciding_unknowns == ("inside",)
    assert found.decision("C").deciding_unknowns == ("inside@B",)


def test_places_that_are_not_known_are_asked_for() -> None:
    found = small(newcomer("A", 9), newcomer("B", 5))
    assert outcomes(found) == {"A": "in", "B": "evidence_needed"}  # a ceiling is at least 1
    assert found.decision("B").deciding_unknowns == ("cap",)
    assert found.says == "At least 1 place: 0 held, at least 1 free (not known: cap). 2 newcomers qualify."


def test_nobody_at_all() -> None:
    assert small().decisions == ()
    assert small({"account_id": "A", "good": False, "inside": False, "cap": 1}).likeness is not None


# --- likeness ------------------------------------------------------------------------------------


def _entrants(revenues: list[int | None], chosen: int) -> list[Entrant]:
    return [Entrant(i < chosen, True, 100 - i, r) for i, r in enumerate(revenues)]


def test_a_list_that_copies_another_is_told_so() -> None:
    copy = likeness("revenue", _entrants([90, 80, 70, 60, 10, 50, 40, 30, 20, 5], 5))
    assert copy.says == ("4 of the 5 chosen are also among the 5 accounts first by revenue, of 10: the list may merely copy that "
                         "ranking. Among the 10 that qualify, both rankings agree to 0.82 (Kendall's tau: 1 the same order, 0 none "
                         "in common, -1 the reverse).")
    other = likeness("revenue", _entrants([1, 2, 3, 4, 5, 6], 3))
    assert other.says.startswith("0 of the 3 chosen are also among the 3 accounts first by revenue, of 6: the list is no copy of that ranking.")
    assert other.correlation == -1


def test_what_is_not_known_of_the_other_ranking_is_counted() -> None:
    found = likeness("revenue", _entrants([90, None, 70, 60, 50, 40, 30], 3))
    assert (found.shared.low, found.shared.high, found.unknown) == (2, 3, 1)
    assert found.says.startswith("Between 2 and 3 of the 3 chosen are also among the 3 accounts first by revenue, of 7 (1 account "
                                 "without this figure).")
    assert likeness("revenue", _entrants([None, None], 0)).says == \
        "Nobody is chosen, so there is nothing to compare with the ranking by revenue."


@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.booleans()), min_size=1, max_size=5))
def test_shared_is_what_completions_give(accounts: list[tuple[int | None, bool]]) -> None:
    """The number of shared accounts, however the missing figures turn out, is in the interval."""
    found = likeness("revenue", [Entrant(c, True, None, r) for r, c in accounts])
    chosen = sum(c for _, c in accounts)
    for filled in itertools.product(*([r] if r is not None else [-1, 0, 1, 2, 3, 4] for r, _ in accounts)):
        top = sum(c and sum(o > mine for o in filled) < chosen for mine, (_, c) in zip(filled, accounts, strict=True))
        assert found.shared.low <= top <= (found.shared.high or 0)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
def test_kendall_is_its_definition(pairs: list[tuple[float, float]]) -> None:
    signs = [((a > c) - (a < c), (b > d) - (b < d)) for (a, b), (c, d) in itertools.combinations(pairs, 2)]
    spread = sum(a != 0 for a, _ in signs) * sum(b != 0 for _, b in signs)
    expected = round(sum(a * b for a, b in signs) / spread**0.5, 3) if spread else None
    assert kendall(pairs) == (pytest.approx(expected, abs=1e-3) if expected is not None else None)


def test_ordinals() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 1002)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th", "1,002nd"]


# --- errors --------------------------------------------------------------------------------------


def refusal(*accounts: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(samrules.FactError) as caught:
        samrules.loads(SMALL).decide_portfolio(accounts, as_of=date(2026, 11, 21), **more)
    return [f"{d.where}: {d.code}: {d.message}" for d in caught.value.diagnostics]


def test_what_cannot_be_decided_together_is_refused() -> None:
    assert refusal(newcomer("A", 1, cap=0)) == ["account A: no-places: `cap` is 0: a programme without a place for anybody"]
    assert refusal(newcomer("A", 1, cap=5), newcomer("B", 1), newcomer("C", 1, cap=4)) == [
        "account C: settings-differ: `cap` is 4 for the account `C` and 5 for `A`"]
    assert refusal(newcomer("A", 1), newcomer("A", 2)) == ["account A: duplicate-account: the account `A` is given twice"]
    assert refusal({"good": True}, newcomer("B", "x")) == [  # type: ignore[arg-type]
        "account B: wrong-type: `points`: `x` is not an integer", "facts: missing-account-id: an account without `account_id`"]
    assert refusal(newcomer("A", 1), history=[{"account_id": "Z", "review_date": "2026-01-01"}]) == [
        "history, entry 1: bad-history: `Z` is none of the accounts"]
    assert refusal(newcomer("A", 1), events=[{"event": "x"}]) == ["events, entry 1: bad-event: no `account_id`"]


def test_one_account_alone_has_no_answer() -> None:
    with pytest.raises(samrules.RulesetError, match="decides accounts together") as caught:
        samrules.loads(SMALL).decide(newcomer("A", 1))
    assert [d.code for d in caught.value.diagnostics] == ["decides-together"]
    with pytest.raises(samrules.RulesetError, match="decides accounts one by one"):
        samrules.load("designation").decide_portfolio([])


def test_an_undeclared_fact_is_told_of_once() -> None:
    with pytest.warns(samrules.UndeclaredFactWarning, match=r"`pionts` \(did you mean `points`\?\)"):
        small(newcomer("A", 1, cap=1, pionts=3), newcomer("B", 1, pionts=3))


# --- the bundled ruleset, on the command line ----------------------------------------------------


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in args])


def test_the_waiting_list_is_as_its_page_says() -> None:
    page = (WAITING / "README.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")]
    found = run("decide", "portfolio", WAITING, *AS_OF, "--format", "json")
    assert found.exit_code == 0
    decided = {d["account"]: d for d in json.loads(found.stdout)}
    assert {row[0].strip("`"): row[3] for row in rows} == {a: d["outcome"].replace("_", " ") for a, d in decided.items()}
    assert len(rows) == 14
    for account, _, rank, _, *_ in rows:
        between = decided[account.strip("`")]["portfolio"]["rank"]
        shown = "" if between is None else str(between["low"]) if between["low"] == between["high"] else f"{between['low']} to {between['high']}"
        assert shown == rank, account
    assert found.stderr.splitlines()[0] == ("5 places: 3 held, 2 free (the ceiling is 5). 5 to 7 newcomers qualify; the last place "
                                            "goes to Fairlie Health, which scores 83.29.")


def test_the_table_ends_with_the_choice_and_the_likeness() -> None:
    found = run("decide", "portfolio", WAITING, *AS_OF)
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout.endswith("""\
14 accounts: 5 in, 4 out, 3 waitlisted, 2 evidence needed

5 places: 3 held, 2 free (the ceiling is 5). 5 to 7 newcomers qualify; the last place goes to
Fairlie Health, which scores 83.29.

2 of the 5 chosen are also among the 5 accounts first by revenue of the last 12 months, of 14 (1
account without this figure): the list is no copy of that ranking. Among the 8 that qualify, both
rankings agree to -0.18 (Kendall's tau: 1 the same order, 0 none in common, -1 the reverse).
""")


def test_explain_looks_at_the_whole_table() -> None:
    found = run("explain", "portfolio", WAITING, "--account", "garnet", *AS_OF)
    assert found.exit_code == 0
    assert """\
The ranking of those that qualify
  · 1. Elmira Optics scores 90.53: in
  · 2. Fairlie Health scores 83.29: in
  · 3. Garnet Tools scores 83.29: waitlisted
  · 4 to 5. Hexham Dyes scores 79.73: waitlisted
  · 4 to 7. Ivarsson Marine scores between 61 and 81: evidence needed
  · 5 to 6. Kelso Print scores 78.73: evidence needed
  · …

What it would take
  ✗ It would have to come before Fairlie Health, which scores 83.29 too and comes first by the
    earliest start of the present status (10 November 2025, against 5 May 2026): anything more
    would do.
""" in found.stdout
    why_not = run("explain", "portfolio", WAITING, "--account", "hexham", "--why-not", "in", *AS_OF).stdout
    assert "which scores 83.29: 3.56 points more would make it" in " ".join(why_not.split())


def test_csv_has_columns_for_the_choice() -> None:
    found = run("decide", "portfolio", WAITING, *AS_OF, "--format", "csv")
    head, *lines = found.stdout.splitlines()
    assert "next_step,rank,places,cut_line,strategic_score_low" in head
    fairlie = next(line for line in lines if line.startswith("fairlie,"))
    assert ",in,true,in,,agree_on_a_plan,2,5,83.293333," in fairlie
    assert "ranks 2nd of 5 to 7 that qualify" in fairlie


def test_a_cap_of_zero_is_an_error_in_its_place(tmp_path: Path) -> None:
    text = (WAITING / "accounts.csv").read_text("utf-8")
    lines = text.splitlines()
    column = lines[0].split(",").index("programme_cap")

    def with_caps(*caps: str) -> Path:
        changed = [lines[0]]
        for line, cap in zip(lines[1:], caps, strict=True):
            cells = line.split(",")
            cells[column] = cap
            changed.append(",".join(cells))
        path = tmp_path / "accounts.csv"
        path.write_text("\n".join(changed) + "\n", "utf-8")
        return path

    zero = run("decide", "portfolio", with_caps(*["0"] * 14), *AS_OF)
    assert (zero.exit_code, zero.stdout) == (2, "")
    assert "accounts.csv:2:" in zero.stderr
    assert "error[no-places]: `programme_cap` is 0: a programme without a place for anybody" in zero.stderr
    assert "alder,Alder Rail" in zero.stderr
    differing = run("explain", "portfolio", with_caps(*["5"] * 13, "4"), "--account", "alder", *AS_OF)
    assert (differing.exit_code, differing.stdout) == (2, "")
    assert "accounts.csv:15:" in differing.stderr
    assert "`programme_cap` is 4 for the account `norrland` and 5 for `alder`" in differing.stderr


def test_show_says_how_places_are_given() -> None:
    found = run("show", "portfolio").stdout
    assert "All accounts together: in, or waitlisted where no place is left" in found
    assert "  - places to begin with: 3 ‹first places›" in found
    assert json.loads(run("show", "portfolio", "--format", "json").stdout)["portfolio"]["ties"] == [
        "earliest status_since", "earliest customer_since"]


def test_a_portfolio_is_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        small(newcomer("A", 1, cap=1)).says = ""  # type: ignore[misc]

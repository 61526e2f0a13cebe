"""The one place where random rulesets and accounts come from. Every new construct joins here."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import attrs
from hypothesis import strategies as st

AS_OF = date(2026, 11, 21)

FACTS: dict[str, dict[str, Any]] = {
    "flag": {"type": "boolean"},
    "wish": {"type": "boolean"},
    "count": {"type": "integer", "range": "0..9", "actionable": "yes"},
    "people": {"type": "integer", "unit": "people"},
    "size": {"type": "number"},
    "share": {"type": "ratio"},
    "revenue": {"type": "money"},
    "cost": {"type": "money", "range": "0.."},
    "since": {"type": "date", "actionable": "raise"},
    "until": {"type": "date"},
    "kind": {"type": "enum [vendor, preferred, partner]"},
    "rank": {"type": "ordinal 1..5"},
    "note": {"type": "text"},
}

EVENTS: dict[str, Any] = {
    "ordered": {"fields": {"id": {"type": "text"}, "amount": {"type": "money"}, "place": {"type": "text"}}},
    "asked": {"fields": {
        "id": {"type": "text"}, "pct": {"type": "ratio"}, "loud": {"type": "boolean"}, "who": {"type": "text"},
        "grade": {"type": "ordinal 1..5"}, "force": {"type": "number", "range": "0.."},
    }},
}
MEASURES: dict[str, Any] = {
    "orders": {"count": "ordered", "within": "12 months", "actionable": "lower"},
    "turnover": {"sum": "ordered.amount", "within": "24 months"},
    "places": {"distinct": "ordered.place"},
    "last_order": {"latest": "ordered"},
    "first_amount": {"earliest": "ordered.amount"},
    "loud_requests": {"count": "asked", "where": "loud and pct >= least_share"},
    "since_order": {"count": ["asked", "ordered"], "since": "ordered"},
    "grade": {"median": "asked", "value": "coalesce(grade, if loud then 5 else 1)", "type": "ordinal 1..5",
              "each": "who", "weight": "force", "within": "24 months"},
    "grade_spread": {"spread": "asked.grade", "each": "who"},
    "middle_amount": {"median": "ordered.amount", "where": "amount != 0"},
    "amount_spread": {"spread": "ordered", "value": "min(amount, least_revenue)", "type": "money"},
    "loud_share": {"share": "asked.loud", "weight": "force", "where": "pct < 500%"},
    "asking_share": {"share": "asked", "value": "loud and pct >= least_share", "each": "who"},
    "voices": {"count": "asked", "each": "who"},
    "least_voice": {"earliest": "asked", "value": "pct * 2", "type": "ratio", "each": "who"},
    "net": {"sum": "ordered", "value": "amount * least_share", "type": "money"},
    "places_by_size": {"distinct": "ordered", "value": "if amount >= least_revenue then place else 'small'"},
}

PARAMETERS: dict[str, dict[str, Any]] = {
    "least_count": {"type": "integer", "values": {"1990-01-01": 2, "2020-01-01": 4}},
    "least_share": {"type": "ratio", "values": {"1990-01-01": "60%"}},
    "least_revenue": {"type": "money", "values": {"1990-01-01": "2M"}},
    "tenure": {"type": "duration", "values": {"1990-01-01": "24 months"}},
}

_NUMERIC = {
    "integer": ("count", "people", "least_count", "orders", "places", "loud_requests", "voices", "grade_spread",
                "places_by_size"),
    "number": ("size",),
    "ratio": ("share", "least_share", "loud_share", "asking_share", "least_voice"),
    "money": ("revenue", "cost", "least_revenue", "turnover", "first_amount", "middle_amount", "amount_spread", "net"),
    "ordinal": ("rank", "grade"),
}
_LITERALS = {
    "integer": st.integers(0, 9).map(str),
    "number": st.sampled_from(["0.5", "2.0", "7.25"]),
    "ratio": st.sampled_from(["0%", "12.5%", "60%", "100%"]),
    "money": st.sampled_from(["0.5k", "250k", "2M", "1.2B"]),
    "ordinal": st.integers(1, 5).map(str),
}
_ORDER = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])

DOUBLES = st.one_of(
    st.sampled_from([0.0, -0.0, 0.6, 1.0, 2e6, 1e308, -1e308, 5e-324, 9007199254740993.0]),
    st.floats(allow_nan=False, allow_infinity=False),
)
INTEGERS = st.one_of(st.integers(-3, 12), st.sampled_from([2**63 - 1, -(2**63), 2**53 + 1]))
DATES = st.one_of(
    st.dates(date(2019, 1, 1), date(2028, 1, 1)),
    st.sampled_from([date(2024, 11, 21), date(2024, 11, 22), date.min, date.max, date(2024, 2, 29)]),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.booleans(),
    "wish": st.booleans(),
    "count": st.integers(0, 9),
    "people": INTEGERS,
    "size": DOUBLES,
    "share": DOUBLES,
    "revenue": DOUBLES,
    "cost": DOUBLES.map(abs),
    "since": DATES,
    "until": DATES,
    "kind": st.sampled_from(["vendor", "preferred", "partner"]),
    "rank": st.integers(1, 5),
    "note": st.one_of(st.sampled_from(["a", "b", "vendor"]), st.text(min_size=1).filter(str.strip)),
}
"""Facts that are given. Measures come from events, and are given only where a test wants all known."""

MEASURED: dict[str, st.SearchStrategy[Any]] = {
    "orders": st.integers(0, 12),
    "turnover": DOUBLES,
    "places": st.integers(0, 3),
    "last_order": DATES,
    "first_amount": DOUBLES,
    "loud_requests": st.integers(0, 3),
    "since_order": st.integers(0, 3),
    "grade": st.integers(1, 5),
    "grade_spread": st.integers(0, 4),
    "middle_amount": DOUBLES,
    "amount_spread": DOUBLES.map(abs),
    "loud_share": st.floats(0, 1),
    "asking_share": st.floats(0, 1),
    "voices": st.integers(0, 3),
    "least_voice": DOUBLES,
    "net": DOUBLES,
    "places_by_size": st.integers(0, 3),
}
KNOWABLE = sorted({**VALUES, **MEASURED})


@attrs.frozen
class Case:
    """A random ruleset, as data and as text."""

    data: dict[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.data, ensure_ascii=False)


# --- expressions, as text, of a wanted type ------------------------------------------------------


def numbers(kind: str, depth: int) -> st.SearchStrategy[str]:
    """The text of an expression of a numeric kind."""
    leaf = st.one_of(st.sampled_from(_NUMERIC[kind]), _LITERALS[kind])
    if depth <= 0 or kind == "ordinal":
        return leaf
    inner = numbers(kind, depth - 1)
    same = [
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-"]), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("abs({})".format, inner),
        st.builds("-{}".format, inner),
        st.builds("(if {} then {} else {})".format, conditions(depth - 1), inner, inner),
    ]
    if kind == "integer":  # people are counted in a unit; mixing it with plain counts is allowed
        same.append(st.builds("({} * {})".format, inner, inner))
    if kind == "ratio":
        amount = numbers("money", depth - 1)
        same.append(st.builds("({} / {})".format, amount, amount))
    if kind == "money":
        same.append(st.builds("({} * {})".format, inner, numbers("ratio", depth - 1)))
    return st.one_of(leaf, *same)


def guesses(kind: str, depth: int) -> st.SearchStrategy[str]:
    """As `numbers`, with `coalesce`: not monotone."""
    inner = numbers(kind, depth)
    return st.one_of(inner, st.builds("coalesce({}, {})".format, inner, _LITERALS[kind]))


def comparisons(depth: int) -> st.SearchStrategy[str]:
    """The text of a single condition that is monotone in what is known."""
    options: list[st.SearchStrategy[str]] = [
        st.sampled_from(["flag", "wish"]),
        st.builds('kind {} "{}"'.format, st.sampled_from(["=", "!="]), VALUES["kind"]),
        st.builds('kind in ["{}", "{}"]'.format, VALUES["kind"], VALUES["kind"]),
        st.builds('note {} "{}"'.format, st.sampled_from(["=", "!="]), st.sampled_from(["a", "vendor"])),
        st.builds("age({}) {} {}".format, st.sampled_from(["since", "until"]), _ORDER,
                  st.sampled_from(["24 months", "90 days", "1 year", "tenure", "1000 years"])),
        st.builds("age(since) between {} and {}".format, st.sampled_from(["1 month", "12 months"]),
                  st.sampled_from(["24 months", "tenure"])),
        st.builds("{} {} {}".format, st.sampled_from(["since", "until"]), _ORDER,
                  st.sampled_from(["since", "until", "as_of", "last_order", "2024-02-29"])),
    ]
    for kind in _NUMERIC:
        value = numbers(kind, depth)
        options.append(st.builds("{} {} {}".format, value, _ORDER, value))
        options.append(st.builds("{} between {} and {}".format, value, value, value))
    return st.one_of(options)


def conditions(depth: int) -> st.SearchStrategy[str]:
    """The text of a monotone condition."""
    if depth <= 0:
        return comparisons(0)
    inner = conditions(depth - 1)
    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(
        comparisons(depth - 1),
        st.builds("({})".format, several.map(" and ".join)),
        st.builds("({})".format, several.map(" or ".join)),
        st.builds("not ({})".format, inner),
        several.flatmap(lambda xs: st.integers(1, len(xs)).map(
            lambda n: f"at_least {n} of [{', '.join(xs)}]")),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
    )


def assumptions() -> st.SearchStrategy[str]:
    """Conditions that treat missing facts as known ones: not monotone."""
    name = st.sampled_from(sorted(FACTS))
    return st.one_of(
        st.builds("{} is {}".format, name, st.sampled_from(["known", "missing"])),
        st.builds("{} >= 2".format, guesses("integer", 1)),
        st.builds("{} >= 50%".format, guesses("ratio", 1)),
    )


# --- rulesets ------------------------------------------------------------------------------------


def scorecards(condition: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    rows = st.builds(
        lambda first, second, points: {"weight": 40, "points": [
            {"when": first, "points": 40}, {"when": second, "points": points}, {"otherwise": 0}]},
        condition, condition, st.sampled_from([10, 15.5, 40]))
    scale = st.sampled_from([
        {"of": "share", "from": "0%", "to": "50%"},
        {"of": "rank", "from": 1, "to": 5},
        {"of": "revenue", "from": "5M", "to": "1M"},
        {"of": "count", "from": 0, "to": 9},
    ]).map(lambda s: {"weight": 60, "scale": s})
    return st.builds(
        lambda a, b: {"score": {"criteria": {"a": a, "b": b}, "bands": {"low": 0, "middle": 40, "high": 70}}},
        rows, scale)


_SCORE_CONDITIONS = st.one_of(
    st.builds("score {} {}".format, st.sampled_from(["<", "<=", ">", ">="]), st.integers(0, 100)),
    st.builds('score.band {} "{}"'.format, st.sampled_from(["=", "!="]),
              st.sampled_from(["low", "middle", "high"])),
    st.just('score.band in ["low", "high"]'),
    st.just("score between 30 and 60"),
)
_DEFINED = st.sampled_from(["first_condition", "second_condition", "amount >= 1M", "level >= 2"])


_CELLS: dict[str, st.SearchStrategy[str]] = {
    "flag": st.sampled_from(["true", "false"]),
    "kind": st.sampled_from(['"vendor"', '!= "partner"', '"vendor", "preferred"', "'partner'"]),
    "rank": st.sampled_from(["[2..4]", "1", "1, 5", ">= 3", "< least_count"]),
    "count": st.sampled_from(["[0..2]", ">= least_count", "= 4", "3"]),
    "revenue": st.sampled_from([">= 1M", "< least_revenue", "[0..5M]", "!= 0", ">= cost"]),
    "turnover": st.sampled_from(["> 250k", "[1k..2B]"]),
    "share": st.sampled_from(["<= 60%", "[0..least_share]"]),
    "since": st.sampled_from(["< 2024-02-29", ">= until", "[2020-01-01..2026-01-01]"]),
    "age(until)": st.sampled_from([">= 24 months", "< tenure", "[90 days..tenure]"]),
    "note": st.sampled_from(['"a"', '"a", "b,c"', '!= "a"']),
    "revenue / cost": st.sampled_from([">= 1", "< 50%"]),
    "first_condition": st.sampled_from(["true", "false"]),
    "level": st.sampled_from(["1", "[2..3]", ">= 2"]),
    "score": st.sampled_from([">= 50", "[20..60]"]),
    "score.band": st.sampled_from(['"low"', '"middle", "high"']),
}
_PRESENT = ("flag", "kind", "rank", "count", "revenue", "note")
"""Inputs for which a cell may ask whether they are known."""


@st.composite
def tables(draw: st.DrawFn, words: list[str], *, monotone: bool = True) -> dict[str, Any]:
    """A decision table over some inputs, one perhaps twice."""
    inputs = draw(st.lists(st.sampled_from(sorted(_CELLS)), min_size=1, max_size=4))

    def cell(name: str) -> st.SearchStrategy[str]:
        options = [st.just("-"), _CELLS[name]]
        if not monotone and name in _PRESENT:
            options.append(st.sampled_from(["is known", "is missing"]))
        return st.one_of(options)

    rows = []
    for _ in range(draw(st.integers(1, 4))):
        row = {"when": [draw(cell(name)) for name in inputs], "then": {"action": draw(st.sampled_from(words)), "note_": "y"}}
        rows.append({**row, **draw(st.sampled_from([{}, {"title": "a row"}, {"because": "{account}: {kind}"}]))})
    return {"inputs": inputs, "rows": rows, "because": "{account} has {revenue}"}


@st.composite
def ladders(draw: st.DrawFn, condition: st.SearchStrategy[str]) -> dict[str, Any]:
    """A ladder over the ordinal `rank`, of as many levels."""
    levels: dict[str, Any] = {"1": draw(st.sampled_from([None, {"title": "first"}]))}
    for number in range(2, 6):
        levels[str(number)] = {"requires": draw(condition), "because": "{account} has {rank}", "then": {"note_": "up"}}
    ladder = {"on_record": "rank", "levels": levels}
    return ladder | draw(st.fixed_dictionaries({}, optional={
        "ceiling": st.sampled_from(["rank", "count", "4"]),
        "unless": st.lists(condition, min_size=1, max_size=2),
        "sustained": st.sampled_from(["1 review", "2 reviews", "2 reviews over 6 months"]),
        "falls": st.builds(lambda when: {"when": when, "then": {"note_": "down"}}, condition),
    }))


@st.composite
def lifecycles(draw: st.DrawFn, condition: st.SearchStrategy[str]) -> dict[str, Any]:
    """A lifecycle over the enum `kind`, with a least time in some of its states."""
    timed = st.sampled_from([None, {"title": "a while", "at_least": "12 months"}, {"at_least": "tenure"}])
    states = {name: draw(timed) for name in ("vendor", "preferred", "partner")}
    transitions = {}
    for index in range(draw(st.integers(1, 3))):
        here, there = draw(st.permutations(sorted(states)))[:2]
        transition: dict[str, Any] = {"from": draw(st.sampled_from([here, [here]])), "to": there, "when": draw(condition)}
        if states[here] is not None and draw(st.booleans()):
            transition["waived_by"] = draw(condition)
        if draw(st.integers(0, 3)) == 0:
            transition["sustained"] = "2 reviews"
        transitions[f"way_{index}"] = transition | {"because": "{account} moves", "then": {"note_": "moved"}}
    return {"on_record": "kind", "since": "since", "start": "vendor", "states": states, "transitions": transitions}


@st.composite
def rulesets(draw: st.DrawFn, *, monotone: bool = True, policies: tuple[str, ...] = (
        "priority", "first", "unique", "collect")) -> Case:
    """A ruleset that the checker accepts, using every construct of the language."""
    basic = conditions(draw(st.integers(0, 2)))
    if not monotone:
        basic = st.one_of(basic, assumptions())
    condition = st.one_of(basic, _SCORE_CONDITIONS, _DEFINED)
    words = ["release", "watch", "retain"]
    rules = {}
    for index in range(draw(st.integers(1, 5))):
        rule: dict[str, Any] = {"when": draw(condition), "then": {"action": draw(st.sampled_from(words)), "note_": "x"}}
        if draw(st.booleans()):
            rule["unless"] = draw(st.one_of(condition, st.lists(condition, min_size=1, max_size=2)))
        if draw(st.integers(0, 3)) == 0:
            rule["sustained"] = draw(st.sampled_from(["1 review", "2 reviews", "2 reviews over 6 months"]))
        rule["because"] = "{account} has {count:request|requests}, {revenue} and {score}"
        rules[f"rule_{index}"] = rule
    table = {"tables": {"listed": draw(tables(words, monotone=monotone))}} if draw(st.integers(0, 2)) == 0 else {}
    policy = draw(st.sampled_from(policies))
    constructs: dict[str, Any] = {}
    outcomes = list(words)
    which = draw(st.sampled_from(["ladder", "lifecycle", "neither", "neither"]))
    if which == "ladder":
        constructs["ladders"] = {"step": draw(ladders(condition))}
        outcomes[1:1] = ["demote", "promote"]
    elif which == "lifecycle" and policy == "first":
        constructs["lifecycles"] = {"place": draw(lifecycles(condition))}
        outcomes += ["vendor", "preferred", "partner"]
    return Case({
        "ruleset": "random",
        "version": "1.0.0",
        "facts": FACTS,
        "events": EVENTS,
        "measures": MEASURES,
        "parameters": PARAMETERS,
        "define": {
            "first_condition": draw(basic),
            "second_condition": {"title": "second", "any": [draw(basic), "first_condition"]},
            "amount": draw(numbers("money", 1)),
            "level": "if rank >= 4 then 3 else if rank >= 2 then 2 else 1",
        },
        "scorecards": draw(scorecards(basic)),
        "rules": rules,
        **table,
        **constructs,
        "decide": {"action": {
            "outcomes": outcomes,
            "hit_policy": policy,
            "otherwise": draw(st.sampled_from(words)),
            **draw(standing(basic, monotone=monotone)),
        }},
        **draw(invariants(condition)),
    })


def invariants(condition: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Claims that may be true or not; or none."""
    claim = st.one_of(
        st.fixed_dictionaries({"never": condition}, optional={"where": condition, "knowing_only": st.just(["flag", "count"])}),
        st.fixed_dictionaries({"always": condition, "reason": st.just("we say so")}),
        st.builds(lambda fact, key, what: {"rising": fact, key: what}, st.sampled_from(["count", "revenue", "rank", "since", "flag"]),
                  st.sampled_from(["never_lowers", "never_raises"]), st.sampled_from(["score", "amount", "level", "first_condition"])),
    )
    return st.one_of(st.just({}), st.dictionaries(st.sampled_from(["one", "two"]), claim, min_size=1).map(
        lambda claims: {"invariants": claims}))


@st.composite
def standing(draw: st.DrawFn, condition: st.SearchStrategy[str], *, monotone: bool = True) -> dict[str, Any]:
    """Outputs that a decision always carries, `note_` also one that rules set; or none."""
    money = numbers("money", 1) if monotone else guesses("money", 1)
    values: dict[str, st.SearchStrategy[Any]] = {
        "note_": st.one_of(st.just("z"), st.just({"value": "kind"})),
        "period_": st.sampled_from(["12 months", 3, True, "plain"]),
        "band_": st.just({"value": "score.band"}),
        "holds_": st.builds(lambda c: {"value": c}, condition),
        "amount_": st.builds(lambda m: {"value": m}, st.one_of(money, st.just("amount"))),
        "level_": st.just({"value": "level"}),
    }
    always = draw(st.fixed_dictionaries({}, optional=values))
    return {"always": always} if always else {}


_ASKED = st.one_of(
    st.builds('random.action {} "{}"'.format, st.sampled_from(["=", "!="]),
              st.sampled_from(["release", "watch", "retain"])),
    st.builds('random.action in ["watch", "{}"]'.format, st.sampled_from(["release", "retain"])),
)


@st.composite
def askers(draw: st.DrawFn) -> Case:
    """A ruleset that asks for the decision of the one that `rulesets` draws."""
    condition = st.one_of(_ASKED, st.builds("({} and not {})".format, _ASKED, st.sampled_from(["flag", "asked_for"])),
                          st.sampled_from(["wish", "random.score >= 40", "random.first_condition"]))
    rules = {f"rule_{i}": {"when": draw(condition), "then": {"answer": draw(st.sampled_from(["yes_", "no_"])), "then_": "x"},
                           "because": "{account}: {random.action}"}
             for i in range(draw(st.integers(1, 3)))}
    return Case({
        "ruleset": "asker",
        "version": "1.0.0",
        "uses": ["random"],
        "define": {"asked_for": draw(_ASKED)},
        "rules": rules,
        "decide": {"answer": {
            "outcomes": ["yes_", "no_", "neither"],
            "hit_policy": draw(st.sampled_from(["priority", "first", "unique", "collect"])),
            "otherwise": "neither",
            "always": {"action_": {"value": "random.action"}, "holds_": {"value": draw(condition)}, "then_": "y"},
        }},
    })


def accounts(*, least: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Facts of an account; each may be missing."""
    chosen = st.fixed_dictionaries({}, optional=VALUES)
    return chosen.filter(lambda f: len(f) >= least).map(lambda f: {"account_id": "A-1", **f})


def full_accounts() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"account_id": st.just("A-1"), **VALUES, **MEASURED})


def histories() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Up to three earlier reviews, on different days."""
    days = st.lists(st.dates(date(2024, 1, 1), date(2026, 11, 20)), max_size=3, unique=True)
    return days.flatmap(lambda ds: st.tuples(*(accounts() for _ in ds)).map(
        lambda facts: [{**f, "review_date": d} for f, d in zip(facts, ds, strict=True)]))


def _event(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    day = st.dates(date(2023, 1, 1), date(2027, 6, 1)).map(lambda d: min(d, AS_OF))
    return st.fixed_dictionaries({"event": st.just(kind), "date": day, "id": st.uuids().map(str)},
                                 optional=fields)


def events() -> st.SearchStrategy[list[dict[str, Any]] | None]:
    """Up to six events, each field perhaps missing; or no record of events at all."""
    some = st.one_of(
        _event("ordered", amount=DOUBLES, place=st.sampled_from(["a", "b"])),
        _event("asked", pct=DOUBLES, loud=st.booleans(), who=st.sampled_from(["x", "y", "z"]),
               grade=st.integers(1, 5), force=DOUBLES.map(abs)),
    )
    return st.one_of(st.none(), st.lists(some, max_size=6))


# --- portfolios ----------------------------------------------------------------------------------

SETTINGS: dict[str, Any] = {
    "cap": {"type": "integer", "range": "1.."},
    "first": {"type": "integer", "range": "1.."},
    "added": {"type": "integer", "range": "0.."},
}


@st.composite
def portfolios(draw: st.DrawFn) -> Case:
    """A ruleset that chooses accounts together, on top of a random one."""
    case = draw(rulesets(policies=("priority", "first", "unique")))
    decide = case.data["decide"]["action"]
    incumbents: list[dict[str, Any]] = [{}, {"incumbents": "flag"}, {"incumbents": {"any": ["first_condition", "wish"]}}]
    growths: list[dict[str, Any]] = [{}, {"growth": "added"}, {"start": "first", "growth": "added"}, {"start": 2, "growth": 1}]
    growing = draw(st.sampled_from(growths))
    ties = draw(st.lists(st.sampled_from(["earliest since", "latest until", "highest count", "lowest share", "lowest level"]),
                         max_size=2))
    return Case({
        **case.data,
        "facts": {**FACTS, **SETTINGS},
        "decide": {"action": {**decide, "outcomes": [*decide["outcomes"], "waitlisted"]}},
        "portfolio": {
            "chosen": draw(st.sampled_from(["release", "watch", "retain"])),
            "waitlisted": "waitlisted",
            **draw(st.sampled_from(incumbents)),
            "rank_by": draw(st.sampled_from(["score", "count", "amount", "revenue / cost"])),
            "ties": ties,
            "ceiling": draw(st.sampled_from(["cap", "min(cap, least_count)", 2, "if kind_of_firm then cap else 3"])),
            **growing,
            **draw(st.sampled_from([{}, {"compare_with": "revenue"}])),
        },
        "define": {**case.data["define"], "kind_of_firm": "cap >= 5"},
    })


def tables_of_accounts() -> st.SearchStrategy[list[dict[str, Any]]]:
    """One to four accounts with facts of their own, which share the settings of their programme."""
    settings = st.fixed_dictionaries({}, optional={"cap": st.integers(1, 4), "first": st.integers(1, 3),
                                                   "added": st.integers(0, 2)})
    some = st.lists(accounts(), min_size=1, max_size=4)
    return st.tuples(some, settings).map(
        lambda found: [{**facts, **found[1], "account_id": f"A-{i}"} for i, facts in enumerate(found[0])])

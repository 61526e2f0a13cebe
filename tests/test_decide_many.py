"""`decide_many`: a stream of accounts, one decision each; and the compiled engine where it differs from others in form."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samrules
from samrules.decision.decision import Decision
from samrules.engines import outcome
from samrules.engines.compiled.program import OnDay, program_of, written
from samrules.model import expressions as ex
from tests import strategies as some

TODAY = date(2026, 11, 21)
SMALL = """\
ruleset: small
version: 1.0.0
facts:
  csat: {type: number, range: 0..10}
  visits: {type: integer, range: 0..}
  since: {type: date}
  kind: {type: "enum [vendor, partner]"}
  wants_out: {type: boolean}
events: {asked: {fields: {pct: {type: ratio}}}}
measures: {requests: {count: asked, within: 12 months}}
parameters: {content: {type: number, values: {2020-01-01: 8}}}
rules:
  keep: {when: csat >= content and not wants_out, then: {d: keep, visits_next: {value: visits + 1}}}
  leave: {when: requests >= 2, unless: csat >= content, then: {d: leave}, because: "{account} asked {requests:time|times}"}
  lasts: {when: wants_out, sustained: 2 reviews, then: {d: leave}}
decide: {d: {outcomes: [leave, keep, wait], otherwise: wait}}
"""
RULES = samrules.loads(SMALL)
slow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=max(10, settings().max_examples // 2))


def many(*accounts: Mapping[str, Any], **more: Any) -> list[Decision]:
    return list(RULES.decide_many(accounts, as_of=TODAY, **more))


def same(decision: Decision, other: Decision) -> None:
    """Two decisions say the same, whatever is asked of them, but for the engine's name."""
    assert decision.to_json().replace('"engine": "compiled"', '"engine": "interpreter"') == other.to_json()
    assert str(decision.why()) == str(other.why())
    for name in ("account", "account_name", "as_of", "outcome", "settled", "possible", "deciding_unknowns", "outputs", "scores",
                 "facts", "facts_digest", "counted", "thresholds", "citations", "parts", "currency", "claim", "placing"):
        assert getattr(decision, name) == getattr(other, name), name
    pairs: tuple[dict[int, int], dict[int, int]] = {}, {}
    for a, b in zip(decision.rules, other.rules, strict=True):
        assert [(n, getattr(a, n)) for n in ("name", "title", "outcome", "truth", "reviews", "because", "cites", "stopped")] == \
            [(n, getattr(b, n)) for n in ("name", "title", "outcome", "truth", "reviews", "because", "cites", "stopped")]
        alike(a.trace, b.trace, pairs)


def alike(a: Any, b: Any, pairs: tuple[dict[int, int], dict[int, int]]) -> None:
    """Two traces are node by node the same, to the type of each value, and share the same nodes: whoever reads a trace
    meets a shared node once, at its first place. Constants nobody reads."""
    if not isinstance(a.expr, ex.Literal):
        assert pairs[0].setdefault(id(a), id(b)) == id(b)
        assert pairs[1].setdefault(id(b), id(a)) == id(a)
    assert (a.expr, a.note, a.value, type(a.value), len(a.parts)) == (b.expr, b.note, b.value, type(b.value), len(b.parts))
    for x, y in zip(a.parts, b.parts, strict=True):
        alike(x, y, pairs)


@slow
@given(some.rulesets(monotone=False), st.lists(some.accounts(), min_size=1, max_size=4), some.histories(), some.events())
def test_the_stream_says_what_decide_says(case: some.Case, accounts: list[dict[str, Any]], history: Any, events: Any) -> None:
    """With and without events and reviews, on random rulesets; each part of the decision, and the whole trace."""
    rules = samrules.loads(case.text)
    accounts = [{**a, "account_id": f"A-{i}"} for i, a in enumerate(accounts, start=1)]
    recorded: dict[str, Any] = {"events": {"A-1": events}} if events is not None else {}
    ways: list[dict[str, Any]] = [{}, {"history": {"A-1": history}, **recorded}]
    for more in ways:
        streamed = list(rules.decide_many(iter(accounts), as_of=some.AS_OF, **more))
        assert [d.engine for d in streamed] == ["compiled"] * len(accounts)
        for place, (decision, facts) in enumerate(zip(streamed, accounts, strict=True)):
            its = {} if not more else {"history": history, "events": events} if place == 0 else {key: [] for key in recorded}
            same(decision, rules.decide(facts, as_of=some.AS_OF, **its))


def test_it_streams() -> None:
    """An account is taken when its decision is asked for, and no earlier; the dictionary may be filled anew."""
    taken = []
    row: dict[str, Any] = {}

    def accounts() -> Iterator[dict[str, Any]]:
        for number in range(10**9):
            taken.append(number)
            row.clear()
            row.update(account_id=f"A-{number}", csat=float(number), wants_out=False, visits=number, requests=0)
            yield row

    stream = RULES.decide_many(accounts(), as_of=TODAY)
    assert taken == []
    decisions = [next(stream) for _ in range(10)]
    assert taken == list(range(10))
    assert [d.outcome for d in decisions] == ["wait"] * 8 + ["keep"] * 2
    assert decisions[9].outputs["visits_next"][0] == 10
    assert decisions[3].facts == {"csat": 3.0, "wants_out": False, "visits": 3, "requests": 0}
    assert [r.name for r in decisions[8].fired] == ["keep"]


VALUES: list[Any] = [
    None, float("nan"), "", " ", True, False, 0, -0.0, 1, 3, 3.0, 3.5, 10, 10.5, -1, 2**63, -(2**63), 1e308, float("inf"), 10**400,
    "3", "yes", "partner", " partner ", "Partner", TODAY, datetime(2026, 1, 1), datetime(2026, 1, 1, 12), "2026-01-01", "2026-02-30",
    Decimal(3), Decimal("3.5"), Decimal("NaN"), np.float64(3.5), np.int64(3), np.bool_(True), [], {}, object,
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("fact", ["account_id", "csat", "visits", "since", "kind", "wants_out"])
def test_values_are_checked_as_ever(fact: str, value: Any) -> None:
    """Every value in every fact, read by the rules or not, on the quick way of keys met often and of keys met first."""
    facts = {"account_id": "A", "csat": 9.0, "visits": 1, "wants_out": False, fact: value}
    for keys in (facts, {**facts, "strange": 1}):
        found = []
        for engine in ("interpreter", "compiled", *["compiled"] * 25):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("warnings.warn", lambda *_, **__: None)
                try:
                    decision = RULES.decide(keys, as_of=TODAY, engine=engine)
                    found.append((decision.to_json().replace("compiled", "interpreter"), decision.facts))
                except samrules.FactError as error:
                    found.append((str(error), {}))
        assert found == found[:1] * 27


def test_dictionaries_of_all_kinds_of_keys_are_decided_alike() -> None:
    """Ever other keys, in ever other order: no check is made for each, and none is taken for another's."""
    whole = {"account_id": "A", "csat": 9.0, "visits": 1, "since": TODAY, "kind": "vendor", "wants_out": False, "requests": 0}
    names = [n for n in whole if n != "account_id"]
    shapes = [[n for bit, n in enumerate(names) if number >> bit & 1] for number in range(2 ** len(names))]
    accounts = [{n: whole[n] for n in (*shape, "account_id")} for shape in shapes]
    for decision, facts in zip(many(*accounts * 3), accounts * 3, strict=True):
        plain = RULES.decide(facts, as_of=TODAY)
        assert (decision.outcome, decision.possible, decision.facts) == (plain.outcome, plain.possible, plain.facts)
    on = program_of(RULES.plan).on(TODAY)
    assert isinstance(on, OnDay)
    assert len(on.checks) <= 16
    assert len(on.met) <= 65


def test_an_account_that_cannot_be_decided() -> None:
    good, bad, nameless = {"account_id": "A", "csat": 9}, {"account_id": "B", "csat": 11, "visits": "x"}, {"csat": 3}
    stream = RULES.decide_many([good, bad, good], as_of=TODAY)
    assert next(stream).account == "A"
    with pytest.raises(samrules.FactError) as raised:
        next(stream)
    assert [d.code for d in raised.value.diagnostics] == ["out-of-range", "wrong-type"]
    assert all(d.where == "account B" for d in raised.value.diagnostics)
    refused: list[tuple[Any, samrules.FactError]] = []
    found = many(good, bad, nameless, 7, good, on_error=lambda facts, error: refused.append((facts, error)))  # type: ignore[arg-type]
    assert [d.account for d in found] == ["A", "A"]
    assert [facts for facts, _ in refused] == [bad, nameless, 7]
    assert [e.diagnostics[0].where for _, e in refused] == ["account B", "accounts, entry 3", "accounts, entry 4"]


def test_events_and_reviews_of_all_accounts() -> None:
    """As one table, each entry with its account; or by account. What belongs to nobody is said when the stream ends."""
    accounts: list[dict[str, Any]] = [{"account_id": 1, "csat": 3, "wants_out": True}, {"account_id": "2", "csat": 3, "wants_out": False}]
    asked: list[dict[str, Any]] = [{"account_id": "2", "event": "asked", "date": "2026-10-01"}, {"account_id": 2, "event": "asked", "date": "2026-10-02"}]
    reviews = [{"account_id": 1, "review_date": "2026-08-01", "wants_out": True}]
    tables = many(*accounts, events=asked, history=reviews)
    assert [(d.outcome, [r.name for r in d.fired]) for d in tables] == [("leave", ["lasts"]), ("leave", ["leave"])]
    assert tables[1].fired[0].because == "2 asked 2 times."
    for ids in ({1: reviews}, {"1": reviews}):
        assert [d.to_json() for d in many(*accounts, events={"2": asked}, history=ids)] == [d.to_json() for d in tables]
    stream = RULES.decide_many(accounts[:1], as_of=TODAY, events=asked, history=reviews)
    assert next(stream).outcome == "leave"
    with pytest.raises(samrules.FactError, match="`2` is none of the accounts"):
        next(stream)


@pytest.mark.parametrize(("more", "said"), [
    ({"engine": "compield"}, "did you mean `compiled`"),
    ({"as_of": date(2019, 1, 1)}, "`small.content` has no value on 2019-01-01"),
    ({"as_of": "today"}, "is not a date"),
    ({"recorded": ["asked"]}, "`recorded` without `events`"),
    ({"events": [], "recorded": ["askt"]}, "did you mean `asked`"),
    ({"events": [{"event": "asked", "date": "2026-01-01"}]}, "no `account_id`"),
    ({"history": 7}, "history are a list of mappings"),
    ({"accounts": {"account_id": "A"}}, "accounts are an iterable of mappings"),
    ({"accounts": None}, "accounts are an iterable of mappings"),
])
def test_what_is_wrong_with_the_call_is_said_at_once(more: dict[str, Any], said: str) -> None:
    with pytest.raises(samrules.FactError, match=said):
        RULES.decide_many(**{"accounts": [], "as_of": TODAY, **more})


def test_rulesets_that_decide_nothing_or_all_together() -> None:
    with pytest.raises(samrules.RulesetError, match="decides nothing"):
        samrules.load("account_facts").decide_many([])
    with pytest.raises(samrules.RulesetError, match="decides accounts together"):
        samrules.load("portfolio").decide_many([])


def test_names_that_nothing_declares_are_said_once() -> None:
    accounts = [{"account_id": str(i), "cast": 1, **({"visit": 2} if i > 40 else {})} for i in range(60)]
    with pytest.warns(samrules.UndeclaredFactWarning) as warned:
        many(*accounts)
    assert [str(w.message) for w in warned] == [
        "`cast` (did you mean `csat`?) is not a declared fact and has no effect",
        "`visit` (did you mean `visits`?) is not a declared fact and has no effect"]
    assert {w.filename for w in warned} == {__file__}


def test_decisions_can_be_kept_copied_and_sent() -> None:
    """Pickled, copied, compared: a decision of which nothing was asked yet is whole."""
    facts = {"account_id": "A", "csat": 9, "wants_out": False}
    text = RULES.decide(facts, as_of=TODAY, engine="compiled").to_json()
    ways: list[Callable[[Any], Any]] = [lambda d: pickle.loads(pickle.dumps(d)), copy.copy, copy.deepcopy]
    for made in ways:
        other = made(RULES.decide(facts, as_of=TODAY, engine="compiled"))
        assert other.to_json() == text
        assert str(other.why()).startswith("A: ")
    assert many(facts)[0].outputs == many(facts)[0].outputs
    with pytest.raises(AttributeError, match="no attribute 'outcom'"):
        many(facts)[0].outcom  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("engine", ["compield", "", "frame"])
def test_an_engine_that_does_not_exist_decides_nothing(engine: str) -> None:
    """Also where facts are checked already, and together; it used to be the interpreter."""
    for call in (lambda: RULES.decide_checked({"account_id": "A"}, TODAY, engine=engine),
                 lambda: samrules.load("portfolio").decide_portfolio([], engine=engine),
                 lambda: RULES.decide_each([], engine=engine)):
        with pytest.raises(samrules.FactError, match=f"there is no engine `{engine}`"):
            call()


def test_a_portfolio_on_another_engine() -> None:
    accounts = [{"account_id": f"A-{i}", "designation_status": "strategic" if i < 3 else "none", "revenue_ttm": 1e6 * i,
                 "customer_growth_pct": 0.03 * i, "programme_cap": 4} for i in range(12)]
    rules = samrules.load("portfolio")
    interpreted, compiled = (rules.decide_portfolio(accounts, as_of=TODAY, engine=e) for e in ("interpreter", "compiled"))
    assert [d.to_json().replace('"engine": "compiled"', '"engine": "interpreter"') for d in compiled.decisions] == \
        [d.to_json() for d in interpreted.decisions]


def test_no_text_of_an_author_stands_in_the_source() -> None:
    """Texts and dates are bound to names; what an author writes cannot become code."""
    evil = "'); __import__('os').abort() #"
    rules = samrules.loads(f"""\
ruleset: r
version: 1.0.0
facts: {{note: {{type: text}}, other: {{type: text}}}}
rules:
  a:
    when: >-
      note = "{evil}" or other in ["{evil}", "b"]
    then: {{d: go}}
decide: {{d: {{outcomes: [go, stay], otherwise: stay}}}}
""")
    program = program_of(rules.plan)
    source, writer = written(rules.plan, {}, program.roots("rules"), program.places, frozenset())
    assert "abort" not in source
    assert evil in writer.bound
    assert [d.outcome for d in rules.decide_many([{"account_id": "A", "note": evil}, {"account_id": "A", "note": "x", "other": "y"}])] == \
        ["go", "stay"]


def test_deep_conditions() -> None:
    """Deep nesting meets no bound of Python."""
    deep = "x >= 0"
    for level in range(1, 12):
        deep = f"(not ({deep}) or y = {level})"
    rows = "\n".join(f"  r{i}: {{when: 'x = {i} and {deep}', then: {{d: go}}}}" for i in range(60))
    rules = samrules.loads("ruleset: r\nversion: 1.0.0\nfacts: {x: {type: integer}, y: {type: integer}}\n"
                           f"rules:\n{rows}\ndecide: {{d: {{outcomes: [go, stay], otherwise: stay}}}}\n")
    for facts in ({"x": 59, "y": 11}, {"x": 5, "y": 3}, {"x": 60}, {"y": 11}):
        a, b = (rules.decide({"account_id": "A", **facts}, as_of=TODAY, engine=e) for e in ("interpreter", "compiled"))
        assert (a.outcome, a.possible, [r.truth for r in a.rules]) == (b.outcome, b.possible, [r.truth for r in b.rules])


def test_the_chain_of_a_long_score() -> None:
    """A criterion of 50 rows, the most there may be, is a chain of choices; variables keep it flat."""
    rows = "\n".join(f"          - {{when: x >= {49 - i}, points: {100 - 2 * i}}}" for i in range(49))
    rules = samrules.loads(f"""\
ruleset: r
version: 1.0.0
facts: {{x: {{type: integer}}}}
scorecards:
  s:
    criteria:
      c:
        weight: 100
        points:
{rows}
          - {{otherwise: 0}}
rules: {{a: {{when: s >= 50, then: {{d: go}}}}}}
decide: {{d: {{outcomes: [go, stay], otherwise: stay}}}}
""")
    for facts in ({"x": 25}, {"x": 24}, {}):
        a, b = (rules.decide({"account_id": "A", **facts}, as_of=TODAY, engine=e) for e in ("interpreter", "compiled"))
        assert (a.outcome, a.scores) == (b.outcome, b.scores)


def test_nodes_an_author_cannot_write_yet_are_refused_by_name() -> None:
    class New(ex.Expr):
        pass

    program = program_of(RULES.plan)
    with pytest.raises(TypeError, match="does not know New"):
        written(RULES.plan, {}, [New()], program.places, frozenset())


def test_the_fixture_runs_the_compiled_engine(engine: str) -> None:
    """What `decide` says without naming an engine, the tests say of each engine."""
    assert RULES.decide({"account_id": "A"}, as_of=TODAY).engine == engine
    assert outcome.COMPILED in samrules.rules.ENGINES

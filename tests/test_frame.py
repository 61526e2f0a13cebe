"""The frame engine agrees with the interpreter, on every kind of dataframe, in every column."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import duckdb
import polars as pl
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

import samrules
from samrules.cli.main import cli
from samrules.decision.decision import Decision
from samrules.decision.evidence import leaves
from samrules.inputs.accounts import Accounts, check_tables
from samrules.inputs.tables import read_tables
from samrules.model.ruleset import EventType, Fact
from samrules.model.types import Duration, Kind
from samrules.rules import Rules
from tests import strategies as some

_EXAMPLES = settings.get_profile(settings.get_current_profile_name()).max_examples
slow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=max(6, _EXAMPLES // 5))
"""Each example makes and runs some hundred expressions, on each kind of frame."""

DTYPES = {Kind.BOOLEAN: pl.Boolean, Kind.INTEGER: pl.Int64, Kind.ORDINAL: pl.Int64, Kind.NUMBER: pl.Float64,
          Kind.RATIO: pl.Float64, Kind.MONEY: pl.Float64, Kind.DATE: pl.Date, Kind.TEXT: pl.String, Kind.ENUM: pl.String}


@attrs.frozen
class FrameKind:
    """A kind of dataframe: how a table is put into it and read from it."""

    name: str
    put: Callable[[pl.DataFrame], Any]
    read: Callable[[Any], pl.DataFrame]

    def rows(self, found: Any) -> dict[str, dict[str, Any]]:
        """Decided rows by account. What comes back is of the kind that was handed over."""
        return {r["account_id"]: r for r in self.read(found).to_dicts()}


_CONNECTION = duckdb.connect()


def _relation(table: pl.DataFrame) -> Any:
    return _CONNECTION.from_arrow(table.to_arrow())


def _frame_of_pandas(table: pl.DataFrame) -> Any:
    return table.to_pandas(use_pyarrow_extension_array=True)


KINDS = {
    k.name: k for k in (
        FrameKind("polars", lambda t: t, lambda f: f),
        FrameKind("polars-lazy", lambda t: t.lazy(), lambda f: f.collect()),
        FrameKind("pandas", _frame_of_pandas, pl.from_pandas),
        FrameKind("pyarrow", lambda t: t.to_arrow(), lambda f: pl.DataFrame(pl.from_arrow(f))),
        FrameKind("duckdb", _relation, lambda f: f.pl()),
    )
}


@pytest.fixture(params=list(KINDS))
def frame(request: pytest.FixtureRequest) -> FrameKind:
    return KINDS[request.param]


# --- tables --------------------------------------------------------------------------------------


def table_of(rows: Sequence[Mapping[str, Any]], declared: Mapping[str, Fact], beside: Mapping[str, Any]) -> pl.DataFrame:
    """Facts as a table, with every declared column that some row has."""
    schema = {**beside, **{name: DTYPES[f.type.kind] for name, f in declared.items() if any(name in r for r in rows)}}
    return pl.DataFrame([{c: r.get(c) for c in schema} for r in rows], schema=schema)


def table_of_events(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, EventType]) -> pl.DataFrame:
    fields = {f.name: DTYPES[f.type.kind] for k in kinds.values() for f in k.fields}
    schema = {"account_id": pl.String, "event": pl.String, "date": pl.Date, **fields}
    return pl.DataFrame([{c: r.get(c) for c in schema} for r in rows], schema=schema)


def with_what_is_there(table: pl.DataFrame) -> pl.DataFrame:
    """Without the columns in which every value is missing."""
    return table.select(c for c in table.columns if table[c].null_count() < len(table))


def plain(decision: Decision) -> dict[str, Any]:
    """The row that a decision is in a frame."""
    found: dict[str, Any] = {
        "account_id": decision.account,
        "outcome": "; ".join(decision.outcome) if isinstance(decision.outcome, tuple) else decision.outcome,
        "settled": decision.settled,
        "possible": "; ".join(decision.possible),
        "deciding_unknowns": "; ".join(decision.deciding_unknowns),
        "fired": "; ".join(r.name for r in decision.fired),
        "stopped": "; ".join(r.name for r in decision.stopped),
    }
    for name, (value, _) in decision.outputs.items():
        found[name] = str(value) if isinstance(value, Duration) else value
    for score in decision.scores:
        found |= {f"{score.name}_low": score.low, f"{score.name}_high": score.high, f"{score.name}_band": score.band}
    return found | {f"rule:{r.name}": r.truth for r in decision.rules}


def agrees(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Every column that the interpreter fills is equal; the others are missing."""
    for name, value in found.items():
        wanted = expected.get(name)
        if isinstance(value, str) and wanted is not None and not isinstance(wanted, str):
            wanted = str(wanted)  # an output of several types is text
        assert value == wanted, f"{found['account_id']}: {name} is {value!r} and should be {wanted!r}"
    assert set(expected) <= set(found)


# --- laws ----------------------------------------------------------------------------------------


@attrs.frozen
class Portfolio:
    """Random accounts, each with its facts, reviews and events; `recorded` as a table would say."""

    facts: Sequence[dict[str, Any]]
    history: Sequence[Sequence[dict[str, Any]]]
    events: Sequence[Sequence[dict[str, Any]]] | None

    @property
    def recorded(self) -> list[str]:
        return sorted({e["event"] for events in self.events or () for e in events})


def _weighable(event: dict[str, Any]) -> dict[str, Any]:
    """Frames take weights of at most six decimals."""
    return {**event, "force": min(round(event["force"], 6), 1e6)} if "force" in event else event


@st.composite
def portfolios(draw: st.DrawFn) -> Portfolio:
    facts = draw(st.lists(some.accounts(), min_size=1, max_size=6))
    facts = [{**f, "account_id": f"A-{place}"} for place, f in enumerate(facts)]
    history = [[{**r, "account_id": f["account_id"]} for r in draw(some.histories())] for f in facts]
    events = None
    if draw(st.booleans()):
        events = [[_weighable(e) for e in draw(some.events()) or ()] for _ in facts]
    return Portfolio(facts, history, events)


def check_agreement(rules: Rules, portfolio: Portfolio, kind: FrameKind) -> None:
    accounts = kind.put(table_of(portfolio.facts, rules.facts, {}))
    reviews = [{**r, "account_id": f["account_id"]} for f, rs in zip(portfolio.facts, portfolio.history, strict=True) for r in rs]
    history = kind.put(table_of(reviews, rules.facts, {"account_id": pl.String, "review_date": pl.Date})) if reviews else None
    events = None
    if portfolio.events is not None and portfolio.recorded:
        happened = [{**e, "account_id": f["account_id"]} for f, es in zip(portfolio.facts, portfolio.events, strict=True) for e in es]
        events = kind.put(table_of_events(happened, rules.events))
    found = kind.rows(rules.decide_frame(accounts, events=events, history=history, as_of=some.AS_OF, trace="rules"))
    for place, facts in enumerate(portfolio.facts):
        record = {"events": portfolio.events[place], "recorded": portfolio.recorded} \
            if portfolio.events is not None and events is not None else {}
        decision = rules.decide(facts, history=portfolio.history[place], as_of=some.AS_OF, **record)  # type: ignore[arg-type]
        agrees(found[facts["account_id"]], plain(decision))


@slow
@given(case=some.rulesets(monotone=False), portfolio=portfolios())
def test_frames_agree_with_the_interpreter(frame: FrameKind, case: some.Case, portfolio: Portfolio) -> None:
    """Every column of every account is what the interpreter says."""
    check_agreement(samrules.loads(case.text), portfolio, frame)


@slow
@given(case=some.rulesets(policies=("priority", "first", "unique")), asker=some.askers(), portfolio=portfolios())
def test_frames_agree_on_decisions_of_other_rulesets(tmp_path_factory: pytest.TempPathFactory, case: some.Case,
                                                     asker: some.Case, portfolio: Portfolio) -> None:
    """A decision that asks for another, with what is sustained inside it."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "random.yaml").write_text(case.text, encoding="utf-8")
    check_agreement(samrules.loads(asker.text, folder=folder), portfolio, KINDS["polars"])


# --- where an engine once differed -------------------------------------------------------------------

DIFFERENCES = sorted((Path(__file__).parent / "corpus" / "differences" / "frames").glob("*.yaml"))


@pytest.mark.parametrize("path", DIFFERENCES, ids=lambda p: p.stem)
def test_differences_that_were_found(frame: FrameKind, path: Path, tmp_path: Path) -> None:
    check_difference(frame, path, tmp_path)


def check_difference(frame: FrameKind, path: Path, tmp_path: Path) -> None:
    """Each is decided as the file says, by the interpreter and in every kind of frame."""
    case = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    for name, text in case.get("uses", {}).items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    rules = samrules.loads(case["ruleset"], folder=tmp_path)
    history, events = case.get("history", []), case.get("events")
    decision = rules.decide(case["account"], history=history, events=events, as_of=case["as_of"])
    owner = {"account_id": case["account"]["account_id"]}
    tables = {"history": table_of([{**r, **owner} for r in history], rules.facts,
                                  {"account_id": pl.String, "review_date": pl.Date}) if history else None,
              "events": with_what_is_there(table_of_events([{**e, **owner} for e in events], rules.events)) if events else None}
    found = frame.rows(rules.decide_frame(
        frame.put(table_of([case["account"]], rules.facts, {})), as_of=case["as_of"], trace="rules",
        **{n: frame.put(t) for n, t in tables.items() if t is not None}))[owner["account_id"]]
    agrees(found, plain(decision))
    for name, value in case["expected"].items():
        assert found[name] == value, name


# --- the bundled rulesets --------------------------------------------------------------------------

AS_OF = date(2026, 11, 21)
BUNDLED = ("account_plan", "assessment", "buy_sell", "cadence", "coverage", "dedesignation", "designation", "health",
           "manager", "programme")


def example(rules: Rules) -> tuple[Accounts, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The portfolio of examples/, checked, and as frames."""
    tables = check_tables(read_tables(Path(__file__).parent.parent / "examples" / "portfolio"), rules.facts, rules.events, AS_OF)
    accounts = table_of([a.facts for a in tables.accounts], rules.facts, {})
    history = table_of([{**facts, "review_date": day} for a in tables.accounts for day, facts in a.history], rules.facts,
                       {"account_id": pl.String, "review_date": pl.Date})
    events = table_of_events([{**e.fields, "account_id": a.id, "event": e.type, "date": e.day}
                              for a in tables.accounts for e in a.events], rules.events)
    return tables, accounts, history, events


@pytest.mark.parametrize("name", BUNDLED)
def test_the_bundled_rulesets_agree(frame: FrameKind, name: str) -> None:
    rules = samrules.load(name)
    tables, accounts, history, events = example(rules)
    found = frame.rows(rules.decide_frame(frame.put(accounts), events=frame.put(events), history=frame.put(history),
                                          as_of=AS_OF, trace="rules"))
    for account in tables.accounts:
        agrees(found[account.id], plain(rules.decide_account(account, tables.recorded, AS_OF)))


@pytest.mark.parametrize("name", ["buy_sell", "dedesignation"])
def test_each_fact_missing_in_turn(frame: FrameKind, name: str) -> None:
    check_each_fact_missing(frame, name)


def check_each_fact_missing(frame: FrameKind, name: str) -> None:
    """Of accounts of which much is known, every fact missing by itself, and all of them."""
    rules = samrules.load(name)
    tables, _, _, _ = example(rules)
    fullest = sorted(tables.accounts, key=lambda a: len(a.facts))[-3:]
    together = {k: v for a in fullest for k, v in a.facts.items()}
    rows = [dict(together), {}, *({k: v for k, v in together.items() if k != fact} for fact in together)]
    for account in fullest:
        rows += [{k: v for k, v in account.facts.items() if k != fact} for fact in account.facts]
    rows = [{**row, "account_id": f"A{place}"} for place, row in enumerate(rows)]
    found = frame.rows(rules.decide_frame(frame.put(table_of(rows, rules.facts, {})), as_of=AS_OF, trace="rules"))
    for row in rows:
        agrees(found[str(row["account_id"])], plain(rules.decide(row, as_of=AS_OF)))


# --- traces and sentences ------------------------------------------------------------------------------


def test_sentences_and_conditions() -> None:
    """Sentences are those of the rules that decide; the full trace has the truth of each condition."""
    rules = samrules.load("dedesignation")
    tables, accounts, history, events = example(rules)
    found = rules.decide_frame(accounts, events=events, history=history, as_of=AS_OF, trace="full", because=True)
    for row, account in zip(found.to_dicts(), tables.accounts, strict=True):
        decision = rules.decide_account(account, tables.recorded, AS_OF)
        assert row["because"] == " ".join(r.because for r in decision.deciding if r.because)
        for result in decision.rules:
            for part in (result.when, *result.exceptions):
                for leaf, _ in leaves(part):
                    assert row[f"condition:{result.name}:{leaf.text}"] is leaf.value


@slow
@given(case=some.rulesets(monotone=False), portfolio=portfolios())
def test_sentences_agree(case: some.Case, portfolio: Portfolio) -> None:
    rules = samrules.loads(case.text)
    accounts = table_of(portfolio.facts, rules.facts, {})
    found = rules.decide_frame(accounts, as_of=some.AS_OF, because=True)
    for facts, said in zip(portfolio.facts, found["because"], strict=True):
        decision = rules.decide(facts, as_of=some.AS_OF)
        assert said == " ".join(r.because for r in decision.deciding if r.because)


# --- order, kinds, what is collected ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["polars", "pandas", "pyarrow"])
def test_rows_keep_their_order(name: str) -> None:
    """The rows come back in the order of the input, with joins on the way."""
    kind = KINDS[name]
    rules = samrules.load("programme")
    _, accounts, history, events = example(rules)
    shuffled = accounts.sample(fraction=1.0, shuffle=True, seed=3)
    found = rules.decide_frame(kind.put(shuffled), events=kind.put(events), history=kind.put(history), as_of=AS_OF)
    assert type(found) is type(kind.put(shuffled))
    assert kind.read(found)["account_id"].to_list() == shuffled["account_id"].to_list()


def test_plain_pandas() -> None:
    """Numbers with NaN, objects with None, dates as nanoseconds: as pandas users have them."""
    rules = samrules.load("dedesignation")
    _, accounts, _, _ = example(rules)
    plain_pandas = accounts.to_pandas()
    assert str(plain_pandas.dtypes["revenue_ttm"]) == "float64"
    expected = rules.decide_frame(accounts, as_of=AS_OF)
    assert pl.from_pandas(rules.decide_frame(plain_pandas, as_of=AS_OF)).equals(expected)


SMALL = """
ruleset: small
version: 1.0.0
facts:
  size: {type: money, range: 0..}
  count: {type: integer, range: 0..9}
  kind: {type: "enum [new, old]"}
  since: {type: date}
  flag: {type: boolean}
  rank: {type: ordinal 1..5}
events: {seen: {fields: {weight: {type: number, range: 0..}, level: {type: ordinal 1..5}}}}
measures:
  level: {median: seen.level, weight: weight}
rules:
  big: {when: size >= 1M and count >= 2, then: {move: go}, sustained: 2 reviews, unless: kind = "old"}
  seen_well: {when: level >= 3 and flag and rank > 1 and age(since) > 1 year, then: {move: go}}
decide: {move: {outcomes: [go, stay], otherwise: stay}}
"""


def test_nothing_of_a_lazy_frame_is_collected_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = samrules.loads(SMALL)
    frame = pl.LazyFrame({"account_id": ["a"], "size": [2e6]})
    monkeypatch.setattr(pl.LazyFrame, "collect", lambda *_, **__: pytest.fail("collected"))
    found = rules.decide_frame(frame, as_of=AS_OF, check=False)
    assert isinstance(found, pl.LazyFrame)


def test_blank_and_nan_are_missing(frame: FrameKind) -> None:
    rules = samrules.loads(SMALL)
    table = pl.DataFrame({"account_id": [" a ", "b"], "size": [float("nan"), -0.0], "kind": ["  ", " old"]})
    for check in (True, False):
        found = frame.rows(rules.decide_frame(frame.put(table), as_of=AS_OF, check=check, trace="rules"))
        assert set(found) == {"a", "b"}
        for row in table.to_dicts():
            agrees(found[row["account_id"].strip()], plain(rules.decide(row, as_of=AS_OF)))


# --- bad input ---------------------------------------------------------------------------------------------


def problems(run: Callable[[], object]) -> list[tuple[str, str | None, str]]:
    with pytest.raises(samrules.FactError) as caught:
        run()
    return [(d.code, d.where, d.message) for d in caught.value.diagnostics]


def test_a_bad_value_is_named_with_its_row_and_account() -> None:
    rules = samrules.loads(SMALL)
    count = 1_000
    table = pl.DataFrame({"account_id": [f"A{n}" for n in range(count)], "size": [1.0] * count})
    table = table.with_columns(size=pl.when(pl.col("account_id") == "A900").then(-5.0).otherwise("size"))
    assert problems(lambda: rules.decide_frame(table, as_of=AS_OF)) == [
        ("out-of-range", "row 901, account A900", "`size`: -5 is out of range")]


def test_every_problem_is_told_and_many_are_summed_up(frame: FrameKind) -> None:
    rules = samrules.loads(SMALL)
    count = 50
    table = pl.DataFrame({
        "account_id": [f"A{n:02}" for n in range(count)], "size": [float("inf")] + [-1.0] * (count - 1),
        "kind": ["new", "modern"] * 25, "count": [1.5] + [2.0] * (count - 1), "rank": [6] + [2] * (count - 1)})
    found = problems(lambda: rules.decide_frame(frame.put(table), as_of=AS_OF))
    by_fact = [[m for _, _, m in found if m.startswith(f"`{fact}`")] for fact in ("size", "kind", "count", "rank")]
    assert [len(b) for b in by_fact] == [4, 4, 1, 1]
    assert "`size`: 47 more values are refused" in by_fact[0]
    assert by_fact[2] == ["`count`: `1.5` is not an integer"]
    assert by_fact[3] == ["`rank`: 6 is out of range"]


def test_types_are_checked_by_column(frame: FrameKind) -> None:
    rules = samrules.loads(SMALL)
    table = pl.DataFrame({"account_id": ["a"], "size": ["1"], "since": ["2026-01-01"], "flag": [1], "rank": [2.0]})
    assert sorted(problems(lambda: rules.decide_frame(frame.put(table), as_of=AS_OF)), key=str) == [
        ("wrong-type", "the table of accounts", "`flag`: the column holds whole numbers, and the fact is a boolean"),
        ("wrong-type", "the table of accounts", "`since`: the column holds text, and the fact is a date"),
        ("wrong-type", "the table of accounts", "`size`: the column holds text, and the fact is an amount of money"),
    ]


def test_ids(frame: FrameKind) -> None:
    rules = samrules.loads(SMALL)
    twice = pl.DataFrame({"account_id": ["a", "b ", "b", "a", "c"]})
    assert problems(lambda: rules.decide_frame(frame.put(twice), as_of=AS_OF)) == [
        ("duplicate-account", "the table of accounts", "the account `a` stands twice"),
        ("duplicate-account", "the table of accounts", "the account `b` stands twice")]
    blank = pl.DataFrame({"account_id": ["a", " ", None]})
    assert {c for c, _, _ in problems(lambda: rules.decide_frame(frame.put(blank), as_of=AS_OF))} == {"missing-account-id"}
    none = pl.DataFrame({"acount_id": ["a"]})
    with pytest.raises(samrules.FactError, match="rename `acount_id` to `account_id`"):
        rules.decide_frame(frame.put(none), as_of=AS_OF)
    numbers = pl.DataFrame({"account_id": [1, 2]})
    assert set(frame.rows(rules.decide_frame(frame.put(numbers), as_of=AS_OF))) == {"1", "2"}


def test_undeclared_columns_warn() -> None:
    rules = samrules.loads(SMALL)
    with pytest.warns(samrules.UndeclaredFactWarning, match="`sise` \\(did you mean `size`\\?\\)"):
        rules.decide_frame(pl.DataFrame({"account_id": ["a"], "sise": [1.0]}), as_of=AS_OF)


def test_bad_events_and_reviews(frame: FrameKind) -> None:
    rules = samrules.loads(SMALL)
    accounts = frame.put(pl.DataFrame({"account_id": ["a"]}))

    def decide(events: dict[str, Any] | None = None, history: dict[str, Any] | None = None, **more: Any) -> object:
        return rules.decide_frame(accounts, events=frame.put(pl.DataFrame(events)) if events else None,
                                  history=frame.put(pl.DataFrame(history)) if history else None, as_of=AS_OF, **more)

    day = date(2026, 1, 1)
    event: dict[str, list[Any]] = {"account_id": ["a"], "event": ["seen"], "date": [day], "weight": [1.0], "level": [3]}
    assert problems(lambda: decide({**event, "event": ["sen"]}))[0][2] == "no ruleset in use declares the event `sen`"
    assert problems(lambda: decide({**event, "date": [date(2999, 1, 1)]}))[0][0] == "bad-event"
    assert problems(lambda: decide({**event, "level": [7]}))[0][2] == "`level`: 7 is out of range"
    assert problems(lambda: decide({**event, "weight": [0.12345678]}))[0][0] == "weight-too-fine"
    assert problems(lambda: decide({k: v * 2 for k, v in event.items()}))[0][2] == "the same event twice, on 2026-01-01"
    review: dict[str, list[Any]] = {"account_id": ["a", "a"], "review_date": [day, day], "size": [1.0, 2.0]}
    assert problems(lambda: decide(history=review)) == [("bad-history", "account a", "two reviews on 2026-01-01")]
    undated = {**review, "review_date": [day, None]}
    assert problems(lambda: decide(history=undated)) == [("bad-history", "account a", "a review without `review_date`")]
    assert problems(lambda: decide(recorded=["seen"]))[0][0] == "bad-event"


def test_unmatched_rows_are_told(frame: FrameKind) -> None:
    """Reviews and events of accounts that are not in the table decide nothing, and that is said."""
    rules = samrules.loads(SMALL)
    accounts = frame.put(pl.DataFrame({"account_id": ["a"]}))
    day = date(2026, 1, 1)
    history = frame.put(pl.DataFrame({"account_id": ["a", "b", "c ", "d", "e", "e"], "review_date": [day] * 5 + [date(2025, 1, 1)]}))
    events = frame.put(pl.DataFrame({"account_id": ["a", "A"], "event": ["seen"] * 2, "date": [day] * 2}))
    with pytest.warns(samrules.UnmatchedRowsWarning) as said:
        rules.decide_frame(accounts, history=history, events=events, as_of=AS_OF)
    assert [str(w.message) for w in said] == [
        "5 reviews are of accounts that are not in the table: `b`, `c`, `d` and `e`",
        "1 event is of accounts that are not in the table: `A`"]
    rules.decide_frame(accounts, history=history, as_of=AS_OF, check=False)


def test_what_is_given_and_counted_must_agree(frame: FrameKind) -> None:
    rules = samrules.loads(SMALL)
    accounts = frame.put(pl.DataFrame({"account_id": ["a", "b"], "level": [3, 4]}))
    events = frame.put(pl.DataFrame({"account_id": ["a", "b"], "event": ["seen"] * 2, "date": [date(2026, 1, 1)] * 2,
                                     "weight": [1.0, 1.0], "level": [3, 5]}))
    assert problems(lambda: rules.decide_frame(accounts, events=events, as_of=AS_OF)) == [
        ("measure-differs", "account b", "`level` is given as 4 and the events up to 2026-11-21 make it 5")]


def test_a_review_before_a_parameter_s_first_value() -> None:
    """It matters only where a rule looks back so far."""
    rules = samrules.loads(SMALL.replace("size >= 1M", "size >= least").replace(
        "rules:", "parameters: {least: {type: money, values: {2025-01-01: 1M}}}\nrules:"))
    accounts = pl.DataFrame({"account_id": ["a", "b"], "size": [2e6, 2e6], "count": [3, 3]})
    history = pl.DataFrame({"account_id": ["a", "b", "b"], "review_date": [date(2024, 1, 1), date(2024, 1, 1), date(2026, 1, 1)],
                            "size": [2e6] * 3, "count": [3] * 3})
    assert [(c, w) for c, w, _ in problems(lambda: rules.decide_frame(accounts, history=history, as_of=AS_OF))] == [
        ("parameter-not-yet", "account a")]
    found = rules.decide_frame(accounts.filter(account_id="b"), history=history.filter(account_id="b"), as_of=AS_OF)
    reviews = history.filter(account_id="b").to_dicts()
    assert found["fired"][0] == "; ".join(
        r.name for r in rules.decide(accounts.to_dicts()[1], history=reviews, as_of=AS_OF).fired)


def test_tables_without_rows(frame: FrameKind) -> None:
    rules = samrules.loads(SMALL)
    accounts = pl.DataFrame(schema={"account_id": pl.String, "size": pl.Float64})
    events = pl.DataFrame(schema={"account_id": pl.String, "event": pl.String, "date": pl.Date})
    history = pl.DataFrame(schema={"account_id": pl.String, "review_date": pl.Date})
    more = {"events": frame.put(events), "history": frame.put(history)}
    assert frame.rows(rules.decide_frame(frame.put(accounts), as_of=AS_OF, **more)) == {}
    one = pl.DataFrame({"account_id": ["a"], "size": [2e6]})
    found = frame.rows(rules.decide_frame(frame.put(one), as_of=AS_OF, trace="rules", **more))
    agrees(found["a"], plain(rules.decide(one.to_dicts()[0], as_of=AS_OF)))


@pytest.mark.parametrize("policy", ["priority", "first", "unique", "collect"])
def test_many_outcomes(policy: str) -> None:
    names = [f"o{n}" for n in range(14)]
    rules = samrules.loads(json.dumps({
        "ruleset": "r", "version": "1.0.0", "facts": {f"f{n}": {"type": "boolean"} for n in range(14)},
        "rules": {f"r{n}": {"when": f"f{n}", "then": {"d": name}} for n, name in enumerate(names)},
        "decide": {"d": {"outcomes": [*names, "none_"], "otherwise": "none_", "hit_policy": policy}}}))
    rows: list[dict[str, Any]] = [{f"f{n}": truth(n) for n in range(14)} for truth in (
        lambda n: False, lambda n: n == 12, lambda n: n in (3, 11), lambda n: None, lambda n: None if n == 7 else n == 13)]
    rows = [{**row, "account_id": str(place)} for place, row in enumerate(rows)]
    for kind in (KINDS["polars"], KINDS["polars-lazy"]):
        found = kind.rows(rules.decide_frame(kind.put(table_of(rows, rules.facts, {})), as_of=AS_OF, trace="rules"))
        for row in rows:
            agrees(found[row["account_id"]], plain(rules.decide({k: v for k, v in row.items() if v is not None}, as_of=AS_OF)))


def test_a_column_of_several_types() -> None:
    pd: Any = pytest.importorskip("pandas")
    rules = samrules.loads(SMALL)
    table = pd.DataFrame({"account_id": ["a", "b"], "size": pd.Series([1.0, "many"], dtype=object)})
    assert problems(lambda: rules.decide_frame(table, as_of=AS_OF))[0][0] == "not-a-frame"


def test_what_is_refused() -> None:
    rules = samrules.loads(SMALL)
    table = pl.DataFrame({"account_id": ["a"]})
    assert problems(lambda: rules.decide_frame([{"account_id": "a"}], as_of=AS_OF))[0][0] == "not-a-frame"
    assert problems(lambda: rules.decide_frame(table, trace="all", as_of=AS_OF))[0][0] == "no-such-trace"
    assert problems(lambda: rules.decide_frame(table.lazy(), because=True, as_of=AS_OF))[0][0] == "frame-cannot"
    mixed = problems(lambda: rules.decide_frame(_relation(table), history=table, as_of=AS_OF))
    assert mixed[0][0] == "not-a-frame"
    with pytest.raises(samrules.RulesetError):
        samrules.load("account_facts").decide_frame(table)


# --- from the command line -----------------------------------------------------------------------------


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["decide", *args, "--as-of", AS_OF.isoformat(), "--engine", "frame"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The portfolio of examples/ as Parquet."""
    rules = samrules.load("programme")
    _, accounts, history, events = example(rules)
    for name, table in (("accounts", accounts), ("history", history), ("events", events)):
        table.write_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def test_a_folder_of_parquet_is_streamed(folder: Path) -> None:
    """What is written is what `decide_frame` gives; parts of a table are one table."""
    rules = samrules.load("programme")
    tables = {n: pl.read_parquet(folder / f"{n}.parquet") for n in ("accounts", "history", "events")}
    expected = rules.decide_frame(tables["accounts"], events=tables["events"], history=tables["history"], as_of=AS_OF)
    out = folder / "out.parquet"
    assert run("programme", str(folder), "--out", str(out)).exit_code == 0
    assert pl.read_parquet(out).sort("account_id").equals(expected.sort("account_id"))
    parts = folder / "parts" / "accounts"
    parts.mkdir(parents=True)
    for place, part in enumerate((tables["accounts"].head(8), tables["accounts"].tail(-8))):
        part.write_parquet(parts / f"{place}.parquet")
    again = run("programme", str(folder / "parts"), "--events", str(folder / "events.parquet"),
                "--history", str(folder / "history.parquet"), "--out", str(folder / "out.csv"))
    assert again.exit_code == 0
    assert sorted(pl.read_csv(folder / "out.csv")["outcome"]) == sorted(expected["outcome"])


def test_a_run_that_fails_writes_nothing(folder: Path) -> None:
    bad = pl.read_parquet(folder / "accounts.parquet").with_columns(revenue_rank_pct=7.0)
    bad.write_parquet(folder / "bad.parquet")
    before = sorted(folder.iterdir())
    found = run("programme", str(folder / "bad.parquet"), "--out", str(folder / "out.parquet"))
    assert found.exit_code == 2
    assert "`revenue_rank_pct`: 700% is out of range" in found.stderr
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(("args", "said"), [
    (("accounts.parquet",), "the frame engine writes to a file"),
    (("accounts.parquet", "--out", "out.json"), "the frame engine does not write json"),
    (("accounts.csv", "--out", "out.csv"), "the frame engine reads Parquet, and `accounts.csv` is none"),
    (("missing.parquet", "--out", "out.csv"), "the Parquet file cannot be read"),
])
def test_what_the_stream_refuses(folder: Path, monkeypatch: pytest.MonkeyPatch, args: Sequence[str], said: str) -> None:
    monkeypatch.chdir(folder)
    (folder / "accounts.csv").write_text("account_id\na\n")
    found = run("programme", *args)
    assert found.exit_code == 2
    assert said in found.stderr
    assert not (folder / "out.csv").exists()


def test_a_killed_run_leaves_no_half_file(folder: Path) -> None:
    """The old file stays until the new one is whole."""
    rows = pl.read_parquet(folder / "accounts.parquet")
    many = pl.concat([rows.with_columns(account_id=pl.format("{}-{}", "account_id", pl.lit(n))) for n in range(3_000)])
    many.write_parquet(folder / "many.parquet")
    out = folder / "out.parquet"
    out.write_bytes(b"the old one")
    process = subprocess.Popen([sys.executable, "-m", "samrules", "decide", "programme", str(folder / "many.parquet"), "--as-of",
                                AS_OF.isoformat(), "--engine", "frame", "--out", str(out)])
    for _ in range(600):
        if list(folder.glob(".out.parquet.*")):
            break
        time.sleep(0.05)
    else:
        pytest.fail("it did not begin to write")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert out.read_bytes() == b"the old one"

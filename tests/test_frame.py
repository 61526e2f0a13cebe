"""The frame engine agrees with the interpreter, on every kind of dataframe, in every column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs
import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samrules
from samrules.decision.decision import Decision
from samrules.inputs.accounts import Accounts, check_tables
from samrules.inputs.tables import read_tables
from samrules.model.ruleset import EventType, Fact
from samrules.model.types import Duration, Kind
from samrules.rules import Rules
from tests import strategies as some

slow = settings(deadline=None, suppress_health_check=list(HealthCheck))

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
@given(case=some.rulesets(), asker=some.askers(), portfolio=portfolios())
def test_frames_agree_on_decisions_of_other_rulesets(tmp_path_factory: pytest.TempPathFactory, case: some.Case,
                                                     asker: some.Case, portfolio: Portfolio) -> None:
    """A decision that asks for another, with what is sustained inside it."""
    case.data["decide"]["action"]["hit_policy"] = "priority"
    folder = tmp_path_factory.mktemp("asked")
    (folder / "random.yaml").write_text(case.text, encoding="utf-8")
    check_agreement(samrules.loads(asker.text, folder=folder), portfolio, KINDS["polars"])


# --- the bundled rulesets --------------------------------------------------------------------------

AS_OF = date(2026, 11, 21)
BUNDLED = ("account_plan", "assessment", "buy_sell", "cadence", "coverage", "dedesignation", "designation", "health",
           "manager", "programme")


def example(rules: Rules) -> tuple[Accounts, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The portfolio of examples/, checked, and as frames."""
    tables = check_tables(read_tables("examples/portfolio"), rules.facts, rules.events, AS_OF)
    accounts = table_of([a.facts for a in tables.accounts], rules.facts, {})
    history = table_of([{**facts, "review_date": day} for a in tables.accounts for day, facts in a.history], rules.facts,
                       {"account_id": pl.String, "review_date": pl.Date})
    events = table_of_events([{**e.fields, "account_id": a.id, "event": e.type, "date": e.day}
                              for a in tables.accounts for e in a.events], rules.events)
    return tables, accounts, history, events


@pytest.mark.parametrize("name", BUNDLED)
def test_the_bundled_rulesets_agree(frame: FrameKind, name: str) -> None:
    rules = samrules.load(name)
    if not rules.outcomes:
        pytest.skip("decides nothing")
    tables, accounts, history, events = example(rules)
    found = frame.rows(rules.decide_frame(frame.put(accounts), events=frame.put(events), history=frame.put(history),
                                          as_of=AS_OF, trace="rules"))
    for account in tables.accounts:
        agrees(found[account.id], plain(rules.decide_account(account, tables.recorded, AS_OF)))

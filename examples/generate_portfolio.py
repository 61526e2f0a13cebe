"""A made-up portfolio of any size: accounts, events and earlier reviews, as Parquet or CSV.

    python examples/generate_portfolio.py --accounts 1000000 --seed 1 --out portfolio/
    samrules decide programme portfolio/ --as-of 2026-11-21 --engine frame --out decisions.parquet

As of 2026-11-21, the day of examples/portfolio. The same seed gives the same rows, and more accounts
begin with the same ones. It is made in blocks of 10,000 accounts, so that memory does not grow with the number.

What is in it, and how often:

* Sizes are log-normal: most accounts are small, a few are very large; what else is money goes with the size.
* One account in 20 is one of the six worked kinds of examples/portfolio (`WORKED`), with its own facts,
  events and reviews; its money is multiplied by a number of its own.
* Half of the accounts were reviewed before, one to four times, a quarter of a year apart.
* Events happen to an account at the yearly rates in `RATES`, over the last two and a half years.
* A value of each column is missing as often as `MISSING` says for its type; of the settings of the programme and of the
  fields of events, too. Only the ids, kinds and dates that make a row are always there.

With `--without-events` what is counted from events stands among the facts, and only accounts are written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any

import attrs
import numpy as np
import polars as pl

import samrules
from samrules.inputs.accounts import check_tables
from samrules.inputs.tables import read_tables
from samrules.model.ruleset import Fact
from samrules.model.types import Kind, Type

AS_OF = date(2026, 11, 21)
BLOCK = 10_000
RULESET = "programme"
PORTFOLIO = Path(__file__).parent / "portfolio"

WORKED = {
    "lumen-labs": 0.010, "megamart": 0.010, "norvale": 0.005, "harrow": 0.005, "harrow-north": 0.005, "teclan": 0.005,
    "osprey": 0.010,
}
"""The share of accounts that are as each of the worked ones; Harrow in both its forms."""

MISSING = {
    Kind.MONEY: 0.03, Kind.RATIO: 0.06, Kind.NUMBER: 0.06, Kind.INTEGER: 0.05, Kind.ORDINAL: 0.08, Kind.BOOLEAN: 0.08,
    Kind.ENUM: 0.04, Kind.DATE: 0.04, Kind.TEXT: 0.02,
}
"""The share of values that nobody has recorded, by the type of the column."""

RATES = {
    "order_placed": 2.0, "contact_made": 2.0, "promise_made": 0.6, "promise_kept": 0.5, "proposal_submitted": 0.4,
    "opportunity_opened": 0.3, "opportunity_won": 0.15, "opportunity_lost": 0.15, "discount_requested": 0.2,
    "level_assessed": 0.5, "executive_met": 0.2, "business_review_held": 0.2, "value_confirmed": 0.1,
    "offering_first_bought": 0.1, "referral_given": 0.1, "innovation_credited": 0.08, "competitor_seen": 0.08,
    "cadence_agreed": 0.1, "plan_agreed": 0.1, "plan_shared": 0.1, "payment_late": 0.1, "escalation": 0.1,
    "sla_breach": 0.05, "service_strip_requested": 0.03, "customer_timeline_changed": 0.05, "decision_process_changed": 0.05,
    "key_contact_left": 0.05, "key_contact_joined": 0.05, "endorsement_published": 0.02,
}
"""Events a year, by kind; kinds that are not named happen to worked accounts only."""
YEARS = 2.5

STATUSES = {"none": 0.955, "nominated": 0.02, "strategic": 0.01, "watch": 0.005, "cool_off": 0.005, "released": 0.005}
SETTINGS: Mapping[str, object] = {"firm_size_band": "large", "programme_cap": 100, "strategic_account_count": 60, "headroom": 3}
"""What the supplier says of its own programme: the same for each of its accounts."""
SECTORS = ("manufacturing", "retail", "health", "finance", "public", "energy", "logistics", "technology")
DTYPES = {Kind.BOOLEAN: pl.Boolean, Kind.INTEGER: pl.Int64, Kind.ORDINAL: pl.Int64, Kind.NUMBER: pl.Float64, Kind.RATIO: pl.Float64,
          Kind.MONEY: pl.Float64, Kind.DATE: pl.Date, Kind.TEXT: pl.String, Kind.ENUM: pl.String}
OFTEN = {"wants_closer_relationship": 0.35, "plan_exists": 0.4, "sponsor_unchanged": 0.8, "external_shock": 0.05,
         "asks_to_drop_manager": 0.03, "buys_by_auction": 0.15, "politics_turned": 0.05, "executive_answered": 0.4,
         "plan_reaffirmed_by_customer": 0.1, "economic_buyer_cites_impact": 0.2, "returns_outgrow_investment": 0.3}
"""How often a yes-or-no is yes; half of the time where it is not named."""

Random = np.random.Generator


@attrs.frozen
class Worked:
    """A worked account: its facts, its events and its earlier reviews, as tables."""

    name: str
    facts: Mapping[str, Any]
    events: pl.DataFrame
    history: pl.DataFrame


class Generator:
    """Makes blocks of accounts, each by itself: block 7 is the same whatever was made before."""

    def __init__(self, seed: int, *, events: bool = True) -> None:
        rules = samrules.load(RULESET)
        self.seed, self.events = seed, events
        measures = {m.name for m in rules.plan.measures} if events else set()
        self.facts = {n: f for n, f in rules.facts.items() if n not in ("account_id", *measures)}
        self.kinds = rules.events
        fields = {f.name: DTYPES[f.type.kind] for k in self.kinds.values() for f in k.fields}
        self.event_schema = {"account_id": pl.String, "event": pl.String, "date": pl.Date, **fields}
        self.fact_schema = {"account_id": pl.String, **{n: DTYPES[f.type.kind] for n, f in self.facts.items()}}
        self.review_schema = {"account_id": pl.String, "review_date": pl.Date,
                              **{n: d for n, d in self.fact_schema.items() if n != "account_id"}}
        tables = check_tables(read_tables(PORTFOLIO), rules.facts, rules.events, AS_OF)
        self.worked = [Worked(a.id, a.facts, self._table([{**e.fields, "event": e.type, "date": e.day} for e in a.events], self.event_schema),
                              self._table([{**r, "review_date": day} for day, r in a.history], self.review_schema))
                       for a in tables.accounts if a.id in WORKED]

    @staticmethod
    def _table(rows: list[dict[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
        return pl.DataFrame([{c: r.get(c) for c in schema} for r in rows], schema=dict(schema))

    def block(self, place: int, count: int = BLOCK) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """The accounts, events and reviews of a block, the first `count` accounts of it."""
        random = np.random.default_rng([self.seed, place])
        ids = pl.Series("account_id", [f"A{place * BLOCK + n:09d}" for n in range(BLOCK)])
        kind = random.choice(len(self.worked) + 1, BLOCK, p=[*(WORKED[w.name] for w in self.worked), 1 - sum(WORKED.values())])
        factor = random.lognormal(0, 0.5, BLOCK)
        size = random.normal(0, 1, BLOCK)
        present = self._facts(random, size)
        accounts = self._kept(random, self._as_worked(present, kind, factor), self.facts, ids, [])
        if not self.events:
            return accounts.head(count), pl.DataFrame(schema=self.event_schema), pl.DataFrame(schema=self.review_schema)
        kept = set(ids.head(count))
        events = self._events(random, ids, kind).filter(pl.col("account_id").is_in(kept))
        history = self._history(random, ids, kind, factor, size, present).filter(pl.col("account_id").is_in(kept))
        return accounts.head(count), events, history

    # --- facts ---

    def _facts(self, random: Random, size: np.ndarray[Any, Any]) -> pl.DataFrame:
        count = len(size)
        known = self._of_size(random, size) | self._of_status(random, count) | self._names(random, count)
        known |= {name: pl.repeat(value, count, eager=True) for name, value in SETTINGS.items()}
        return pl.DataFrame({n: (known[n] if n in known else _values(f, random, count)).cast(DTYPES[f.type.kind])
                             for n, f in self.facts.items()})

    def _of_size(self, random: Random, size: np.ndarray[Any, Any]) -> dict[str, pl.Series]:
        """What goes with the size of an account; its rank is that of the whole, not of the block."""
        count = len(size)
        revenue = np.exp(13 + 1.8 * size)
        growth = np.clip(random.normal(0.03, 0.2, count), -0.9, 3)
        money = {
            "revenue_ttm": revenue, "revenue_prior_ttm": revenue / (1 + growth),
            "revenue_target_ttm": revenue * random.normal(1.03, 0.1, count).clip(0.5, 2),
            "projected_revenue_3y": 3 * revenue * np.exp(random.normal(0.1, 0.3, count)),
            "cost_to_serve_ttm": revenue * random.uniform(0.02, 0.25, count),
            "whitespace_identified": revenue * np.exp(random.normal(-1, 1, count)),
            "customer_company_revenue": revenue * np.exp(random.normal(4, 1, count)),
            "value_confirmed_amount": revenue * np.exp(random.normal(-3, 1, count)) * (random.random(count) < 0.2),
        }
        return {name: pl.Series(np.round(values, 2)) for name, values in money.items()} | {
            "revenue_rank_pct": pl.Series(np.round(1 / (1 + np.exp(-1.702 * size)), 4)),
            "revenue_change_two_quarters": pl.Series(np.round((growth * random.uniform(0.2, 1, count)).clip(-1), 3)),
            "customer_employees": pl.Series((np.exp(5 + 1.2 * size) + 1).astype(np.int64)),
        }

    def _of_status(self, random: Random, count: int) -> dict[str, pl.Series]:
        days = random.integers(30, 2000, count)
        status = pl.Series(list(STATUSES)).gather(random.choice(len(STATUSES), count, p=list(STATUSES.values())))
        since = _days_ago(days)
        return {
            "designation_status": status,
            "status_since": pl.select(pl.when(status != "none").then(since)).to_series(),
            "designated_on": pl.select(pl.when(status.is_in(["strategic", "watch", "released"])).then(
                _days_ago(days + random.integers(0, 500, count) * (status != "strategic").to_numpy()))).to_series(),
            "customer_since": _days_ago(days + random.integers(400, 4500, count)),
        }

    def _names(self, random: Random, count: int) -> dict[str, pl.Series]:
        number = pl.Series(random.integers(1, 100_000, count)).cast(pl.String)
        return {"account_name": pl.select(pl.format("Account {}", number)).to_series(),
                "sector": pl.Series(SECTORS).gather(random.integers(0, len(SECTORS), count))}

    def _as_worked(self, facts: pl.DataFrame, kind: np.ndarray[Any, Any], factor: np.ndarray[Any, Any]) -> pl.DataFrame:
        """Accounts of a worked kind have its facts; its money, times a number."""
        table = pl.DataFrame([{n: w.facts.get(n) for n in self.facts} for w in self.worked],
                             schema={n: DTYPES[f.type.kind] for n, f in self.facts.items()})
        worked = pl.Series(kind < len(self.worked))
        at = np.where(kind < len(self.worked), kind, 0)
        money = pl.Series(factor)
        columns = []
        for name, fact in self.facts.items():
            own = table.get_column(name).gather(at)
            if fact.type.kind is Kind.MONEY:
                own = (own * money).round(2)
            if name not in (*SETTINGS, "account_name"):
                columns.append(pl.select(pl.when(worked).then(own).otherwise(facts.get_column(name)).alias(name)).to_series())
            else:
                columns.append(facts.get_column(name))
        return pl.DataFrame(columns)

    def _kept(self, random: Random, table: pl.DataFrame, declared: Mapping[str, Fact], ids: pl.Series,
              beside: list[pl.Series]) -> pl.DataFrame:
        """The table without the values that nobody has recorded."""
        columns = []
        for name, fact in declared.items():
            there = pl.Series(random.random(len(table)) >= MISSING[fact.type.kind])
            columns.append(pl.select(pl.when(there).then(table.get_column(name)).alias(name)).to_series())
        return pl.DataFrame([ids.alias("account_id"), *beside, *columns])

    # --- reviews and events ---

    def _history(self, random: Random, ids: pl.Series, kind: np.ndarray[Any, Any], factor: np.ndarray[Any, Any],
                 size: np.ndarray[Any, Any], present: pl.DataFrame) -> pl.DataFrame:
        """Earlier reviews: the facts of today with one in five drawn anew. Worked accounts have their own."""
        parts = []
        reviews = np.where((kind < len(self.worked)) | (random.random(BLOCK) < 0.5), 0, random.integers(1, 4, BLOCK, endpoint=True))
        for number in range(1, 5):
            rows = np.flatnonzero(reviews >= number)
            before, today = self._facts(random, size[rows]), present[rows]
            mixed = pl.DataFrame([before[n] if random.random() < 0.2 and n not in SETTINGS else today[n] for n in self.facts])
            day = pl.repeat(AS_OF - timedelta(days=91 * number), len(rows), dtype=pl.Date, eager=True).alias("review_date")
            parts.append(self._kept(random, mixed, self.facts, ids.gather(rows), [day]))
        for place, worked in enumerate(self.worked):
            rows = np.flatnonzero(kind == place)
            own = pl.DataFrame([ids.gather(rows).alias("account_id"), pl.Series("~times", factor[rows])])
            money = [(pl.col(n) * pl.col("~times")).round(2) for n, f in self.facts.items() if f.type.kind is Kind.MONEY]
            told = own.join(worked.history.drop("account_id", *SETTINGS), how="cross").with_columns(money)
            told = told.with_columns(pl.lit(v, dtype=DTYPES[self.facts[n].type.kind]).alias(n) for n, v in SETTINGS.items())
            parts.append(told.select(list(self.review_schema)))
        return pl.concat(parts).sort("account_id", "review_date")

    def _events(self, random: Random, ids: pl.Series, kind: np.ndarray[Any, Any]) -> pl.DataFrame:
        parts = []
        for name, rate in RATES.items():
            happened = np.where(kind < len(self.worked), 0, random.poisson(rate * YEARS, BLOCK))
            rows = np.repeat(np.arange(BLOCK), happened)
            columns: dict[str, Any] = {"account_id": ids.gather(rows), "event": pl.repeat(name, len(rows), dtype=pl.String, eager=True),
                                       "date": _days_ago(random.integers(0, int(365 * YEARS), len(rows)))}
            for field in self.kinds[name].fields:
                there = pl.Series(random.random(len(rows)) >= MISSING[field.type.kind])
                columns[field.name] = pl.select(pl.when(there).then(_values(field, random, len(rows)))).to_series()
            parts.append(self._filled(pl.DataFrame(columns)))
        for place, worked in enumerate(self.worked):
            own = pl.DataFrame([ids.gather(np.flatnonzero(kind == place)).alias("account_id")])
            parts.append(own.join(worked.events.drop("account_id"), how="cross").select(list(self.event_schema)))
        return pl.concat(parts).unique(maintain_order=True).sort("account_id", "date", maintain_order=True)

    def _filled(self, table: pl.DataFrame) -> pl.DataFrame:
        return table.select(pl.col(c).cast(d) if c in table.columns else pl.lit(None, dtype=d).alias(c)
                            for c, d in self.event_schema.items())


def _days_ago(days: np.ndarray[Any, Any]) -> pl.Series:
    return pl.select(pl.lit(AS_OF) - pl.duration(days=pl.Series(days))).to_series()


def _values(fact: Fact, random: Random, count: int) -> pl.Series:
    """Values of a fact or a field of which no more is known than what it declares."""
    type_: Type = fact.type
    low, high = (fact.range.low, fact.range.high) if fact.range else (None, None)
    match type_.kind:
        case Kind.BOOLEAN:
            return pl.Series(random.random(count) < OFTEN.get(fact.name, 0.5))
        case Kind.INTEGER:
            return pl.Series(np.minimum(random.poisson(2, count) + int(low or 0), int(high) if high is not None else 10**6))  # type: ignore[arg-type]
        case Kind.ORDINAL:
            middle = random.normal((type_.low + type_.high) / 2, (type_.high - type_.low) / 4, count)  # type: ignore[operator]
            return pl.Series(np.clip(np.rint(middle), type_.low, type_.high).astype(np.int64))  # type: ignore[arg-type]
        case Kind.RATIO:
            return pl.Series(np.round(random.beta(2, 4, count) if low == 0 or low is None else random.normal(0, 0.15, count).clip(-1, 1), 3))
        case Kind.NUMBER:
            if high is not None:
                return pl.Series(np.round(random.beta(6, 3, count) * (float(high) - float(low or 0)) + float(low or 0), 1))  # type: ignore[arg-type]
            return pl.Series(np.round(random.lognormal(0.5, 0.7, count), 2))
        case Kind.MONEY:
            return pl.Series(np.round(random.lognormal(9, 1.5, count), 2))
        case Kind.DATE:
            return _days_ago(random.integers(0, 1500, count))
        case Kind.ENUM:
            return pl.Series(list(type_.words)).gather(random.integers(0, len(type_.words), count))
    return pl.Series([f"{fact.name} {n}" for n in range(40)]).gather(random.integers(0, 40, count))


# --- writing ---------------------------------------------------------------------------------------


def blocks(generator: Generator, accounts: int) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
    for place, start in enumerate(range(0, accounts, BLOCK)):
        yield generator.block(place, min(BLOCK, accounts - start))


def write(generator: Generator, accounts: int, folder: Path, format_: str) -> None:
    """Write the tables block by block."""
    names = ("accounts", "events", "history") if generator.events else ("accounts",)
    folder.mkdir(parents=True, exist_ok=True)
    writers = [_Csv(folder / f"{n}.csv") if format_ == "csv" else _Parquet(folder / f"{n}.parquet") for n in names]
    for tables in blocks(generator, accounts):
        for writer, table in zip(writers, tables, strict=False):
            writer.add(table)
    for writer in writers:
        writer.close()


class _Csv:
    def __init__(self, path: Path) -> None:
        self.sink: IO[bytes] = path.open("wb")
        self.header = True

    def add(self, table: pl.DataFrame) -> None:
        table.write_csv(self.sink, include_header=self.header)
        self.header = False

    def close(self) -> None:
        self.sink.close()


class _Parquet:
    """A file whose row groups hold some blocks each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer: Any = None
        self.waiting: list[pl.DataFrame] = []

    def add(self, table: pl.DataFrame) -> None:
        self.waiting.append(table)
        if len(self.waiting) == 10:
            self.flush()

    def flush(self) -> None:
        import pyarrow.parquet as pq

        table = pl.concat(self.waiting).to_arrow(compat_level=pl.CompatLevel.oldest())
        if self.writer is None:
            self.writer = pq.ParquetWriter(self.path, table.schema, compression="zstd")
        self.writer.write_table(table)
        self.waiting = []

    def close(self) -> None:
        if self.waiting or self.writer is None:
            self.flush()
        self.writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="csv is for small portfolios")
    parser.add_argument("--without-events", action="store_true", help="accounts only, with what events would count as facts")
    asked = parser.parse_args()
    if asked.accounts < 1:
        parser.error("--accounts is a number from 1")
    write(Generator(asked.seed, events=not asked.without_events), asked.accounts, asked.out, asked.format)
    sys.stdout.write(f"{asked.accounts:,} accounts: {asked.out}\n")


if __name__ == "__main__":
    main()

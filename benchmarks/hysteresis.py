"""Whether accounts flap: forty quarterly reviews of a thousand made-up accounts under the programme.

    python benchmarks/hysteresis.py [--accounts 1000] [--reviews 40] [--seed 1] [--processes 2]

Each account drifts: what its people think of us, how it grows, how it buys. At each review the
programme decides its status from its facts and its last three reviews, and the status is recorded.
The same accounts then live through the same years under the same rules without hysteresis: nothing
has to last, no status has a least time, and what lets an account in throws it out.

Ends with exit code 1 if under the programme any account changed its status twice within a year
though the customer itself had done nothing to call for the second change.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import attrs

import samrules
from samrules.model.types import Duration, Value
from samrules.rules import Rules

FIRST_REVIEW = date(2016, 3, 31)
ONE_YEAR = Duration(months=12)
LOOK_BACK = 3
"""Earlier reviews given to a decision; the longest that anything must last is half a year."""


# --- the rules, with and without hysteresis ------------------------------------------------------


WITHOUT_HYSTERESIS = {
    "programme": """
replace: {parameters: {settling_time: {values: {1990-01-01: 0 months}}}}
remove: {lifecycles: [status.transitions.end_nomination.sustained]}
""",
    "designation": """
replace: {parameters: {ask_again_after: {values: {1990-01-01: 0 months}}}}
""",
    "dedesignation": """
replace:
  parameters:
    minimum_tenure: {values: {1990-01-01: 0 months}}
    cool_off_period: {values: {1990-01-01: 0 months}}
    shortest_watch: {values: {1990-01-01: 0 months}}
    longest_watch: {values: {1990-01-01: 0 months}}
    watch_score: {values: {1990-01-01: 70}}
remove: {rules: [wants_out.sustained, just_wants_low_price.sustained, low_score_twice.sustained]}
""",
    "buy_sell": """
remove: {ladders: [level.sustained]}
""",
}
"""Overlays in which nothing has to last; what they would cut must be there."""

STATUS_ONLY = """
remove:
  define: [waits_to_join, served_by]
  uses: [coverage, health, assessment, cadence, account_plan, manager]
replace: {decide: {status: {always: {level_move: {value: buy_sell.move}}}}}
"""
"""The programme without what does not bear on the status, for speed."""


def overlay(folder: Path, name: str, extends: str, what: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(f"ruleset: {name}\nversion: 1.0.0\nextends: {extends}\n{what}", "utf-8")
    return path


def rules_of(folder: Path, *, hysteresis: bool) -> Rules:
    """The rules that the accounts live by; overlays stand in the folder, and lie over the bundled rulesets."""
    for name, what in {} if hysteresis else WITHOUT_HYSTERESIS.items():
        overlay(folder, name, name, what)
    return samrules.load(overlay(folder, "status_only", "programme", STATUS_ONLY))


# --- accounts that drift -------------------------------------------------------------------------


@attrs.define
class Account:
    """One account: slow drifts, each around 0 and mostly between -2 and 2, and what is on record."""

    name: str
    chance: random.Random
    regard: float = 0.0
    business: float = 0.0
    price: float = 0.0
    status: str = "none"
    status_since: date | None = None
    designated_on: date | None = None
    level: int = 2
    sole_source: float = 0.2

    def drift(self) -> None:
        for drift in ("regard", "business", "price"):
            setattr(self, drift, 0.93 * getattr(self, drift) + 0.42 * self.chance.gauss(0, 1))

    def facts(self) -> dict[str, Value]:
        """Every fact that bears on the status, as the drifts have it this quarter."""
        some, regard, price = self.chance, self.regard, self.price
        warm, grows = _share(regard + 0.4), _share(self.business)
        before, self.sole_source = self.sole_source, round(0.7 * warm, 3)
        asks = price > 1.1
        found: dict[str, Value] = {
            "account_id": self.name,
            "designation_status": self.status,
            "wants_closer_relationship": regard > -1.0,
            "customer_views_us_as": "partner" if regard > 0.2 else "preferred" if regard > -0.6 else "vendor",
            "customer_investment": _step(warm, 3), "interdependence": _step(warm, 3),
            "customer_metric_impact": _step(warm, 3), "strategy_relevance": 2 if grows > 0.3 else 1,
            "capability_fit": 4, "culture_fit": 2 + _step(warm, 3), "product_fit": 2 + _step(warm, 3),
            "financial_health": 2 + _step(grows, 3), "personal_relationship_count": 1 + _step(warm, 6),
            "renewal_likelihood": round(0.5 + 0.5 * warm, 3), "customer_growth_pct": round(0.4 * grows - 0.08, 3),
            "projected_revenue_3y": 1e6 + 4e6 * grows, "revenue_ttm": 4e5 + 2e6 * grows, "revenue_rank_pct": round(grows, 3),
            "gross_margin_pct": 0.3, "returns_outgrow_investment": grows > 0.5, "new_products_inspired": int(regard > 0.8),
            "offerings_improved": int(regard > 0.0), "new_markets_opened": 0,
            "revenue_change_two_quarters": round(0.5 * grows - 0.2 + some.gauss(0, 0.03), 3),
            "promises_made": 20, "promises_kept": 17 + some.randrange(4), "has_executive_sponsor": True,
            "best_people_assigned": True, "commitment_horizon_months": 36, "headroom": 1,
            "level_ceiling": 4, "buy_sell_level": self.level, "perceived_level": 1 + _step(_share(regard + some.gauss(0, 0.4)), 3),
            "perceived_level_spread": 1, "claimed_level": self.level, "csat": round(6 + 3.5 * warm, 1),
            "on_time_delivery_pct": 0.97, "executive_answered": regard > -0.3, "economic_buyer_cites_impact": regard > 0.1,
            "influence_citing_impact": round(warm, 2), "value_confirmed_amount": 3e5 if regard > 0.3 else 0.0,
            "services_confirmed": int(regard > -0.2), "sole_source_share": self.sole_source, "sole_source_share_prior": before,
            "discount_trend": 0.02 if price > 0.8 else 0.0, "manager_level_experience": 4,
            "discount_requests": max(0, round(1.2 * price + some.random())),
            "discount_requests_after_investment": int(asks), "service_strip_requests": int(price > 1.6),
            "asks_to_drop_manager": asks and regard < -1.2, "buys_by_auction": price > 1.9,
            "price_only_loss_share": round(_share(price), 2),
            "champion_count": _step(_share(regard + 0.8), 3), "sponsor_unchanged": some.random() > 0.08,
            "competitor_divisions": int(regard < -0.7), "buying_center_count": 1 + _step(grows, 3),
            "external_shock": some.random() < 0.03, "new_executives_met": some.randrange(2),
            "plan_reaffirmed_by_customer": regard > 0.5 and some.random() < 0.5,
        }
        if self.status_since is not None:
            found["status_since"] = self.status_since
        if self.designated_on is not None:
            found["designated_on"] = self.designated_on
        return found


def _share(drift: float) -> float:
    """From 0 to 1."""
    return 1 / (1 + math.exp(-2 * drift))


def _step(share: float, steps: int) -> int:
    return min(steps, int(share * (steps + 1)))


def customer_acted(facts: Mapping[str, Value]) -> bool:
    """Whether the customer's own acts call for a change: it reaffirms the plan, or turns away."""
    presses = [facts["discount_requests"] >= 2, facts["service_strip_requests"] >= 1,  # type: ignore[operator]
               facts["price_only_loss_share"] >= 0.6, facts["buys_by_auction"]]  # type: ignore[operator]
    return bool(facts["plan_reaffirmed_by_customer"] or not facts["wants_closer_relationship"] or sum(map(bool, presses)) >= 2
                or facts["asks_to_drop_manager"] or facts["service_strip_requests"])


# --- their years ---------------------------------------------------------------------------------


def reviews(count: int) -> Iterator[date]:
    """Quarter ends, from the first on."""
    for index in range(count):
        year, quarter = divmod(index, 4)
        yield date(FIRST_REVIEW.year + year, *((3, 31), (6, 30), (9, 30), (12, 31))[quarter])


@attrs.frozen
class Lives:
    """What became of some accounts. `flapped` names account and date of each change within a year of
    the one before that nothing the customer did called for."""

    changes: Counter[tuple[str, str]]
    soon: int
    flapped: list[tuple[str, date]]
    unsettled: int
    strategic: int


def live(rules: Rules, numbers: range, seed: int, count: int) -> Lives:
    changes: Counter[tuple[str, str]] = Counter()
    flapped: list[tuple[str, date]] = []
    soon = unsettled = strategic = 0
    for number in numbers:
        account = Account(f"account-{number}", random.Random(seed * 1_000_003 + number))
        account.drift()
        past: list[tuple[date, dict[str, Value]]] = []
        changed: date | None = None
        for day in reviews(count):
            account.drift()
            facts = account.facts()
            decision = rules.decide_checked(facts, day, past[-LOOK_BACK:])
            past.append((day, facts))
            strategic += account.status == "strategic"
            unsettled += not decision.settled
            move = next(p for p in decision.parts if p.ruleset == "buy_sell")
            level = move.outputs.get("to_level", (None, None))[0]
            if isinstance(level, int):
                account.level = level
            if not decision.settled or decision.outcome == account.status:
                continue
            changes[account.status, str(decision.outcome)] += 1
            if changed is not None and changed > ONE_YEAR.before(day):
                soon += 1
                if not customer_acted(facts):
                    flapped.append((account.name, day))
            if decision.outcome == "strategic" and account.status != "watch":
                account.designated_on = day
            account.status, account.status_since, changed = str(decision.outcome), day, day
    return Lives(changes, soon, flapped, unsettled, strategic)


def _part(task: tuple[bool, range, int, int]) -> Lives:
    hysteresis, numbers, seed, count = task
    with tempfile.TemporaryDirectory() as name:
        return live(rules_of(Path(name), hysteresis=hysteresis), numbers, seed, count)


def simulate(accounts: int, count: int, seed: int, processes: int, *, hysteresis: bool) -> Lives:
    tasks = [(hysteresis, range(start, accounts, processes), seed, count) for start in range(processes)]
    with ProcessPoolExecutor(processes) as pool:
        parts = list(pool.map(_part, tasks))
    return Lives(sum((p.changes for p in parts), Counter()), sum(p.soon for p in parts),
                 sorted(f for p in parts for f in p.flapped), sum(p.unsettled for p in parts), sum(p.strategic for p in parts))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--reviews", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    print(f"{asked.accounts:,} accounts, {asked.reviews} quarterly reviews, seed {asked.seed}\n")
    lives = {name: simulate(asked.accounts, asked.reviews, asked.seed, asked.processes, hysteresis=with_it)
             for name, with_it in (("the programme", True), ("without hysteresis", False))}
    print(f"{'':28}{'the programme':>18}{'without hysteresis':>22}")
    rows = {
        "changes of status": [sum(one.changes.values()) for one in lives.values()],
        "within a year of the last": [one.soon for one in lives.values()],
        "  not by the customer's acts": [len(one.flapped) for one in lives.values()],
        "reviews as strategic": [one.strategic for one in lives.values()],
        "reviews left open": [one.unsettled for one in lives.values()],
    }
    for name, (ours, theirs) in rows.items():
        print(f"{name:28}{ours:>18,}{theirs:>22,}")
    print("\nchanges, from and to")
    for way in sorted({way for one in lives.values() for way in one.changes}):
        print(f"  {way[0] + ' → ' + way[1]:26}" + "".join(f"{one.changes[way]:>{w},}" for one, w in zip(lives.values(), (18, 22), strict=True)))
    flapped = lives["the programme"].flapped
    for account, day in flapped[:10]:
        print(f"{account} changed twice within a year, the second time on {day}", file=sys.stderr)
    return 1 if flapped else 0


if __name__ == "__main__":
    sys.exit(main())

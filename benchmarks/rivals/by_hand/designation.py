"""`designation`, written by hand."""

from __future__ import annotations

import datetime as dt

import polars as pl

from benchmarks.rivals.by_hand import score
from benchmarks.rivals.by_hand.influence import (
    Condition,
    Weights,
    all_of,
    any_of,
    flag,
    leaf,
    two_of,
)

FACTS = [
    "revenue_ttm", "revenue_rank_pct", "gross_margin_pct", "projected_revenue_3y", "financial_health", "customer_growth_pct",
    "product_fit", "personal_relationship_count", "renewal_likelihood", "price_only_loss_share", "wants_closer_relationship",
    "customer_views_us_as", "customer_investment", "interdependence", "customer_metric_impact", "strategy_relevance",
    "new_products_inspired", "offerings_improved", "new_markets_opened", "returns_outgrow_investment", "level_ceiling",
    "promises_made", "promises_kept", "capability_fit", "culture_fit", "has_executive_sponsor", "best_people_assigned",
    "commitment_horizon_months", "headroom", "designation_status", "status_since", "discount_requests",
    "service_strip_requests", "buys_by_auction", "asks_to_drop_manager",
]
"""What the rules read; sorted as they are declared when unknowns are listed."""


def number(fact: str, bound: float) -> Condition:
    return leaf(pl.col(fact) >= bound, fact)


def rules(as_of: dt.date) -> dict[str, Condition]:
    a_year_ago = as_of.replace(year=as_of.year - 1)
    status, since = pl.col("designation_status"), pl.col("status_since")
    in_programme = leaf(status.is_in(["strategic", "watch"]), "designation_status")
    measures_us_by_price = two_of(number("discount_requests", 2), number("service_strip_requests", 1),
                                  number("price_only_loss_share", 0.6), flag("buys_by_auction"))
    rejects_our_services = any_of(flag("asks_to_drop_manager"), number("service_strip_requests", 1))
    kept_share = pl.when(pl.col("promises_made") != 0).then(pl.col("promises_kept") / pl.col("promises_made"))
    treats_us_as_strategic = all_of(
        flag("wants_closer_relationship"),
        two_of(leaf(pl.col("customer_views_us_as") == "partner", "customer_views_us_as"), number("customer_investment", 2),
               number("interdependence", 2), number("customer_metric_impact", 2)))
    proven = all_of(
        leaf(score.at_least(70), shares=score.shares),
        all_of(number("strategy_relevance", 2), number("gross_margin_pct", 0.1), number("revenue_ttm", 100e3)),
        any_of(number("new_products_inspired", 1), number("offerings_improved", 1), number("new_markets_opened", 1),
               flag("returns_outgrow_investment")),
        treats_us_as_strategic,
        number("level_ceiling", 3),
        all_of(number("promises_made", 5), leaf(kept_share >= 0.9, "promises_kept", "promises_made")),
        all_of(number("capability_fit", 3), number("culture_fit", 3)),
        all_of(flag("has_executive_sponsor"), flag("best_people_assigned"), number("commitment_horizon_months", 24)))
    has_a_place = any_of(number("headroom", 1), in_programme)
    recently = leaf(since > a_year_ago, "status_since")
    cooling_off = all_of(leaf(status == "released", "designation_status"), recently)
    left_in_peace = all_of(leaf(status == "cool_off", "designation_status"), recently)
    refused = (~cooling_off, ~left_in_peace, ~measures_us_by_price, ~rejects_our_services)
    up_and_coming = all_of(
        number("customer_growth_pct", 0.2), number("product_fit", 4),
        leaf(pl.col("projected_revenue_3y") / 3 >= 2 * pl.col("revenue_ttm"), "projected_revenue_3y", "revenue_ttm"))
    wanted = flag("wants_closer_relationship")
    return {
        "strategic_to_each_other": all_of(all_of(proven, has_a_place), *refused),
        "waits_for_a_place": all_of(all_of(proven, ~has_a_place), *refused),
        "early_on_potential": all_of(any_of(leaf(score.at_least(55), shares=score.shares), up_and_coming),
                                     ~cooling_off, ~left_in_peace, wanted, ~measures_us_by_price),
        "large_not_strategic": all_of(number("revenue_rank_pct", 0.9), ~treats_us_as_strategic),
        "buys_on_price": measures_us_by_price,
        "not_interested_yet": ~wanted,
        "kept_as_a_vendor": leaf(pl.col("level_ceiling") < 3, "level_ceiling"),
        "released_recently": cooling_off,
        "nomination_ended_recently": left_in_peace,
    }


DECLINES = ["large_not_strategic", "buys_on_price", "not_interested_yet", "kept_as_a_vendor", "released_recently",
            "nomination_ended_recently"]


def designation(accounts: pl.DataFrame, as_of: dt.date, order: list[str]) -> pl.DataFrame:
    """The decided accounts. `order` is that in which the facts are declared."""
    written = rules(as_of)
    strategic, waits, early = (pl.col(n) for n in ("strategic_to_each_other", "waits_for_a_place", "early_on_potential"))
    exceptions = {"strategic_to_each_other": 4, "waits_for_a_place": 4, "early_on_potential": 4}
    frame = score.with_score(accounts.lazy()).with_columns(c.truth.alias(n) for n, c in written.items())
    frame = frame.with_columns(
        designate=strategic.fill_null(True),
        nominate=(waits | early).fill_null(True) & ~strategic.fill_null(False),
        decline=~(strategic | waits | early).fill_null(False))
    may = {o: pl.col(o) for o in ("designate", "nominate", "decline")}
    frame = frame.with_columns(settled=pl.sum_horizontal(may.values()) == 1)
    settled = pl.col("settled")
    outcome = pl.when(~settled).then(pl.lit("evidence_needed")).when("designate").then(pl.lit("designate")).when(
        "nominate").then(pl.lit("nominate")).otherwise(pl.lit("decline"))

    def output(*ways: tuple[str, str]) -> pl.Expr:
        """Of the first rule that holds; nothing, where one before it is unknown, or the decision open."""
        chosen = pl.lit(None, dtype=pl.String)
        for rule, value in reversed(ways):
            given = {"strategic_to_each_other": "designate", "waits_for_a_place": "nominate",
                     "early_on_potential": "nominate"}.get(rule, "decline")
            holds = pl.col(rule)
            chosen = pl.when(holds.fill_null(True) & may[given]).then(
                pl.when(holds.fill_null(False) & settled).then(pl.lit(value))).otherwise(chosen)
        return chosen

    stopped = []
    for name in exceptions:
        when, *unless = written[name].parts
        first = unless[0].parts[0].truth
        hit = first.fill_null(False)
        for exception in unless[1:]:
            hit = hit | (~exception.truth).fill_null(False)
        stopped.append(pl.when(when.truth.fill_null(False) & hit).then(pl.lit(name)))
    decided = frame.select(
        "account_id", outcome=outcome, settled=settled,
        possible=pl.concat_str(*(pl.when(o).then(pl.lit(o)) for o in may), separator="; ", ignore_nulls=True),
        coverage=output(("strategic_to_each_other", "dedicated_manager"), ("large_not_strategic", "inside_sales"),
                        ("buys_on_price", "inside_sales"), ("not_interested_yet", "pooled_manager"),
                        ("kept_as_a_vendor", "inside_sales")),
        next_step=output(("waits_for_a_place", "wait_for_a_place"), ("early_on_potential", "gather_the_proof")),
        desk=output(("large_not_strategic", "large_accounts")),
        ask_again=output(("not_interested_yet", "12 months"), ("released_recently", "12 months"),
                         ("nomination_ended_recently", "12 months")),
        strategic_score_low="low", strategic_score_high="high", strategic_score_band=score.band(),
        fired=pl.concat_str(*(pl.when(n).then(pl.lit(n)) for n in written), separator="; ", ignore_nulls=True),
        stopped=pl.concat_str(*stopped, separator="; ", ignore_nulls=True))
    open_ = frame.filter(~settled)
    decided_, rows = pl.collect_all([decided, open_])
    return decided_.with_columns(deciding_unknowns=unknowns(decided_["settled"], rows, written, order))


def unknowns(settled: pl.Series, rows: pl.DataFrame, written: dict[str, Condition], order: list[str]) -> pl.Series:
    """Only what could still nominate or designate is asked for: a rule that declines changes nothing."""
    blank = pl.repeat("", len(settled), dtype=pl.String, eager=True)
    if rows.is_empty():
        return blank
    matter = {n: written[n] for n in ("strategic_to_each_other", "waits_for_a_place", "early_on_potential")}
    weights = Weights(rows, [f for f in order if f in FACTS], list(matter.values()))
    for name, other in (("strategic_to_each_other", None), ("waits_for_a_place", "early_on_potential"),
                        ("early_on_potential", "waits_for_a_place")):
        relevant = rows[name].is_null()
        if other:
            relevant = relevant & ~rows[other].fill_null(False)
        weights.add(matter[name], relevant.cast(pl.Float64).to_numpy())
    return blank.scatter((~settled).arg_true(), weights.in_words())

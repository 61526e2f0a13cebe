"""`dedesignation`, written by hand. What must have held at an earlier review did not: there is none on record."""

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

WATCH = ["first_said_so", "presses_on_price", "price_answers_investment", "losing_our_footing", "sees_us_lower", "does_not_care",
         "low_score_twice", "revenue_falls", "not_yet_recovered"]
RETAIN = ["only_a_hiccup", "commitment_still_young", "both_sides_stay", "nothing_to_release"]
NOT_YET = ["wants_out", "just_wants_low_price", "low_score_twice", "sees_us_lower"]
"""Rules that ask for an earlier review."""
FACTS = ["discount_requests", "service_strip_requests", "price_only_loss_share", "buys_by_auction", "designation_status",
         "asks_to_drop_manager", "discount_requests_after_investment", "services_confirmed", "value_confirmed_amount",
         "promises_made", "promises_kept", "external_shock", "sponsor_unchanged", "plan_reaffirmed_by_customer",
         "buying_center_count", "new_executives_met", "champion_count", "competitor_divisions", "designated_on", "status_since",
         "wants_closer_relationship", "revenue_change_two_quarters", *score.WEIGHTS]


def number(fact: str, bound: float) -> Condition:
    return leaf(pl.col(fact) >= bound, fact)


def months_before(day: dt.date, months: int) -> dt.date:
    at = day.year * 12 + day.month - 1 - months
    return day.replace(year=at // 12, month=at % 12 + 1)  # no day of the benchmark is beyond the 28th


def rules(as_of: dt.date) -> tuple[dict[str, Condition], dict[str, tuple[pl.Expr, pl.Expr]]]:
    """The rules, and for those with exceptions when they would hold, and what stops them."""
    status, since, designated = (pl.col(n) for n in ("designation_status", "status_since", "designated_on"))
    in_programme = leaf(status.is_in(["strategic", "watch"]), "designation_status")
    on_watch = leaf(status == "watch", "designation_status")
    by_price = two_of(number("discount_requests", 2), number("service_strip_requests", 1),
                      number("price_only_loss_share", 0.6), flag("buys_by_auction"))
    answered = number("discount_requests_after_investment", 1)
    asks_to_leave = all_of(any_of(flag("asks_to_drop_manager"), number("service_strip_requests", 1)), answered)
    sees_value = any_of(number("services_confirmed", 1), leaf(pl.col("value_confirmed_amount") > 0, "value_confirmed_amount"))
    kept_share = pl.when(pl.col("promises_made") != 0).then(pl.col("promises_kept") / pl.col("promises_made"))
    reaffirmed, unchanged = flag("plan_reaffirmed_by_customer"), flag("sponsor_unchanged")
    hiccup = all_of(flag("external_shock"), unchanged, reaffirmed, two_of(
        number("buying_center_count", 2), number("new_executives_met", 1),
        leaf(kept_share >= 0.9, "promises_kept", "promises_made")))
    losing = two_of(leaf(pl.col("champion_count") < 1, "champion_count"), ~unchanged, number("competitor_divisions", 1),
                    leaf(pl.col("buying_center_count") <= 1, "buying_center_count"))
    two_years_ago, a_year_ago, half_a_year_ago = (months_before(as_of, m) for m in (24, 12, 6))
    low_score = leaf(~score.at_least(55), shares=score.shares)
    wanted = flag("wants_closer_relationship")
    established = leaf(designated <= two_years_ago, "designated_on")
    gave_up = all_of(on_watch, established, leaf(since <= a_year_ago, "status_since"), low_score, ~wanted)
    falls = all_of(in_programme, leaf(pl.col("revenue_change_two_quarters") <= -0.15, "revenue_change_two_quarters"))
    presses = all_of(in_programme, answered)
    written = {
        "never_came_round": all_of(gave_up, ~reaffirmed),
        "first_said_so": all_of(in_programme, asks_to_leave),
        "presses_on_price": all_of(in_programme, by_price),
        "price_answers_investment": all_of(presses, ~sees_value),
        "losing_our_footing": all_of(in_programme, losing),
        "does_not_care": all_of(in_programme, ~wanted),
        "revenue_falls": all_of(falls, ~hiccup),
        "not_yet_recovered": all_of(on_watch, any_of(leaf(since > half_a_year_ago, "status_since"), low_score)),
        "only_a_hiccup": all_of(in_programme, hiccup),
        "commitment_still_young": all_of(in_programme, leaf(designated > two_years_ago, "designated_on")),
        "both_sides_stay": all_of(in_programme, wanted, reaffirmed),
        "nothing_to_release": ~in_programme,
    }
    stopped = {"never_came_round": (gave_up.truth, reaffirmed.truth), "price_answers_investment": (presses.truth, sees_value.truth),
               "revenue_falls": (falls.truth, hiccup.truth)}
    return written, stopped


def dedesignation(accounts: pl.DataFrame, as_of: dt.date, order: list[str]) -> pl.DataFrame:
    """The decided accounts. `order` is that in which the facts are declared."""
    written, exceptions = rules(as_of)
    frame = score.with_score(accounts.lazy()).with_columns(c.truth.alias(n) for n, c in written.items())
    watch = [n for n in WATCH if n in written]
    released = pl.col("never_came_round")
    watched = pl.any_horizontal(watch)
    frame = frame.with_columns(release=released.fill_null(True), watch=watched.fill_null(True) & ~released.fill_null(False),
                               retain=~(released | watched).fill_null(False))
    may = ["release", "watch", "retain"]
    frame = frame.with_columns(settled=pl.sum_horizontal(may) == 1)
    settled = pl.col("settled")
    outcome = pl.when(~settled).then(pl.lit("evidence_needed")).when("release").then(pl.lit("release")).when(
        "watch").then(pl.lit("watch")).otherwise(pl.lit("retain"))

    def output(*ways: tuple[str, str]) -> pl.Expr:
        chosen = pl.lit(None, dtype=pl.String)
        for rule, value in reversed(ways):
            given = "watch" if rule in WATCH else "retain" if rule in RETAIN else "release"
            holds = pl.col(rule)
            chosen = pl.when(holds.fill_null(True) & pl.col(given)).then(
                pl.when(holds.fill_null(False) & settled).then(pl.lit(value))).otherwise(chosen)
        return chosen

    decided = frame.select(
        "account_id", outcome=outcome, settled=settled,
        possible=pl.concat_str(*(pl.when(o).then(pl.lit(o)) for o in may), separator="; ", ignore_nulls=True),
        coverage=output(("never_came_round", "pooled_manager")), cool_off=output(("never_came_round", "12 months")),
        reason=output(("never_came_round", "no_mutual_interest")),
        next_step=output(
            ("first_said_so", "ask_what_it_wants"), ("presses_on_price", "find_out_what_it_values"),
            ("price_answers_investment", "find_out_what_it_values"), ("losing_our_footing", "recovery_plan"),
            ("does_not_care", "ask_what_it_wants"), ("revenue_falls", "recovery_plan"),
            ("not_yet_recovered", "recovery_plan"), ("only_a_hiccup", "amend_the_plan_together")),
        strategic_score_low="low", strategic_score_high="high", strategic_score_band=score.band(),
        fired=pl.concat_str(*(pl.when(n).then(pl.lit(n)) for n in written), separator="; ", ignore_nulls=True),
        stopped=pl.concat_str(*(pl.when(when.fill_null(False) & unless.fill_null(False)).then(pl.lit(n))
                                for n, (when, unless) in exceptions.items()), separator="; ", ignore_nulls=True))
    decided_, rows = pl.collect_all([decided, frame.filter(~settled)])
    return decided_.with_columns(deciding_unknowns=unknowns(decided_["settled"], rows, written, watch, order))


def unknowns(settled: pl.Series, rows: pl.DataFrame, written: dict[str, Condition], watch: list[str],
             order: list[str]) -> pl.Series:
    """A rule that retains changes nothing; one that watches, unless another certainly does, or the account is released."""
    blank = pl.repeat("", len(settled), dtype=pl.String, eager=True)
    if rows.is_empty():
        return blank
    weights = Weights(rows, [f for f in order if f in FACTS], [written[n] for n in ("never_came_round", *watch)])
    weights.add(written["never_came_round"], rows["never_came_round"].is_null().cast(pl.Float64).to_numpy())
    released = rows["never_came_round"].fill_null(False)
    certain = rows.select(pl.any_horizontal(pl.col(watch).fill_null(False))).to_series()
    for name in watch:  # an unknown rule is not among those that are certain
        relevant = rows[name].is_null() & ~certain & ~released
        weights.add(written[name], relevant.cast(pl.Float64).to_numpy())
    return blank.scatter((~settled).arg_true(), weights.in_words())

"""`buy_sell`, written by hand. Every move must have been due at an earlier review, and there is none: all are held."""

from __future__ import annotations

import datetime as dt

import polars as pl


def buy_sell(accounts: pl.DataFrame, as_of: dt.date, order: list[str]) -> pl.DataFrame:
    """The decided accounts."""
    c = pl.col
    on_record, perceived = c("buy_sell_level"), c("perceived_level")
    price = [c("discount_requests") >= 2, c("service_strip_requests") >= 1, c("price_only_loss_share") >= 0.6, c("buys_by_auction")]
    by_price = pl.any_horizontal(price[i] & price[j] for i in range(4) for j in range(i))
    quality = (c("csat") >= 8) & (c("on_time_delivery_pct") >= 0.95)
    results = (c("executive_answered") & c("economic_buyer_cites_impact") & (c("influence_citing_impact") >= 0.6)
               & (c("value_confirmed_amount") >= 100e3))
    rules = {
        "its_people_disagree": (c("perceived_level_spread") >= 2, "hear_each_of_them"),
        "quality_is_the_price_of_entry": ((on_record == 2) & quality & ~results, "have_an_executive_confirm_a_gain"),
        "only_our_own_opinion": (c("claimed_level") > perceived, "ask_the_customer"),
        "price_decides": ((on_record == 1) & by_price, "compete_on_price"),
        "as_its_people_say": (perceived == on_record, None),
        "no_higher_for_anyone": ((on_record < 4) & (c("level_ceiling") <= on_record), "invest_no_further"),
    }
    frame = accounts.lazy().with_columns(rule.alias(name) for name, (rule, _) in rules.items())
    next_step = pl.lit(None, dtype=pl.String)
    for name, (_, value) in reversed(rules.items()):
        if value:
            holds = c(name)
            next_step = pl.when(holds).then(pl.lit(value)).when(~holds).then(next_step)
    return frame.select(
        "account_id", outcome=pl.lit("hold"), settled=pl.lit(True), possible=pl.lit("hold"), deciding_unknowns=pl.lit(""),
        next_step=next_step, to_level=pl.lit(None, dtype=pl.Int64), stopped=pl.lit(""),
        fired=pl.concat_str(*(pl.when(n).then(pl.lit(n)) for n in rules), separator="; ", ignore_nulls=True)).collect()

"""The strategic score by hand, and the terms that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

WEIGHTS = {"renewal_likelihood": 15.0, "customer_growth_pct": 20.0, "product_fit": 15.0, "personal_relationship_count": 15.0,
           "financial_health": 15.0, "projected_revenue_3y": 12.0, "revenue_rank_pct": 8.0}


def scale(fact: str, zero: float, full: float) -> pl.Expr:
    return (((pl.col(fact) - zero) / (full - zero)).clip(0.0, 1.0) * WEIGHTS[fact]).round(6)


def steps(fact: str) -> pl.Expr:
    of = pl.col(fact)
    return pl.when(of >= 5).then(15.0).when(of >= 4).then(12.0).when(of >= 3).then(6.0).when(of < 3).then(0.0)


def with_score(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The frame with the score's two ends, where facts are missing the least and the most that they can bring."""
    points = {
        "renewal_likelihood": scale("renewal_likelihood", 0.5, 0.95),
        "customer_growth_pct": scale("customer_growth_pct", 0.0, 0.2),
        "product_fit": steps("product_fit"),
        "personal_relationship_count": scale("personal_relationship_count", 0, 5),
        "financial_health": steps("financial_health"),
        "projected_revenue_3y": scale("projected_revenue_3y", 0.0, 3e6),
        "revenue_rank_pct": scale("revenue_rank_pct", 0.0, 1.0),
    }
    frame = frame.with_columns(p.alias(f"points_{f}") for f, p in points.items())
    low, high = pl.lit(0.0), pl.lit(0.0)
    for fact, weight in WEIGHTS.items():
        low = low + pl.col(f"points_{fact}").fill_null(0.0)
        high = high + pl.col(f"points_{fact}").fill_null(weight)
    return frame.with_columns(low=low.round(6), high=high.round(6))


def at_least(bound: float) -> pl.Expr:
    """`strategic_score >= bound`."""
    low, high = pl.col("low"), pl.col("high")
    return pl.when(low >= bound).then(True).when(high < bound).then(False)


def band() -> pl.Expr:
    low, high = pl.col("low"), pl.col("high")
    return (pl.when(low >= 70).then(pl.lit("high")).when((low >= 55) & (high < 70)).then(pl.lit("medium"))
            .when(high < 55).then(pl.lit("low")))


def shares(rows: pl.DataFrame) -> Mapping[str, Any]:
    """The part of the open points that hangs on each missing fact."""
    span = (rows["high"] - rows["low"]).to_numpy()
    span = np.where(span > 0, span, 1.0)
    return {fact: rows[fact].is_null().cast(pl.Float64).to_numpy() * weight / span for fact, weight in WEIGHTS.items()}

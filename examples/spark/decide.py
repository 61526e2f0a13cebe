"""Decides a portfolio that lies in Parquet, as a Spark job.

    spark-submit --master yarn --deploy-mode client examples/spark/decide.py programme \\
        --accounts hdfs:///crm/accounts --events hdfs:///crm/events --history hdfs:///crm/history \\
        --as-of 2026-11-21 --out hdfs:///decisions/2026-11-21

samrules is needed where this script runs, the driver: what the executors get is Spark's own expressions.
"""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

import samrules

CONFIGURATION = {
    # making expressions is much faster without the place in the source of each
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.debug.maxToStringFields": "25",
}


def decide(spark: Any, ruleset: str, *, accounts: str, out: str, as_of: date,
           events: str | None = None, history: str | None = None) -> None:
    """Decide every account of a folder of Parquet, and write the decisions to another."""
    rules = samrules.load(ruleset)
    more = {name: spark.read.parquet(path) for name, path in (("events", events), ("history", history)) if path}
    decided = rules.decide_frame(spark.read.parquet(accounts), as_of=as_of, **more)
    decided.write.mode("overwrite").parquet(out)


def main() -> None:
    parser = argparse.ArgumentParser(description="Decide a portfolio with Spark.")
    parser.add_argument("ruleset", help="the name of a bundled ruleset, or a file that the driver can read")
    parser.add_argument("--accounts", required=True)
    parser.add_argument("--events")
    parser.add_argument("--history")
    parser.add_argument("--as-of", required=True, type=date.fromisoformat)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName(f"samrules {args.ruleset}")
    for name, value in CONFIGURATION.items():
        builder = builder.config(name, value)
    decide(builder.getOrCreate(), args.ruleset, accounts=args.accounts, events=args.events, history=args.history,
           as_of=args.as_of, out=args.out)


if __name__ == "__main__":
    main()

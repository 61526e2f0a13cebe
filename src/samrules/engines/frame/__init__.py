"""The frame engine: a plan as dataframe expressions. The one place that imports narwhals and, for
what is in memory, polars; it is itself imported when first used."""

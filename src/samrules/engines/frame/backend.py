"""What kinds of dataframes are taken, and how the same kind is given back.

What is in memory (Polars, pandas, PyArrow) is decided by Polars; a lazy frame or a relation by its own
engine, and nothing of it is collected here but small summaries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import narwhals as nw

from samrules.diagnostics import Diagnostic
from samrules.errors import FactError

ROW = "~row"
"""The place of a row, in frames that have an order."""
SEPARATOR = "; "
LazyFrame = nw.LazyFrame[Any]
_LAZY = {nw.Implementation.POLARS: "Polars", nw.Implementation.DUCKDB: "DuckDB", nw.Implementation.PYSPARK: "PySpark"}


@attrs.frozen
class Taken:
    """A frame that was handed over: lazily, whether its rows are numbered, and the way back."""

    frame: LazyFrame
    engine: nw.Implementation
    ordered: bool
    give_back: Callable[[LazyFrame], Any]


def taken(given: Any, what: str) -> Taken:
    """A frame of any kind. Raises FactError for what is none, or of a kind that is not served."""
    try:
        frame = nw.from_native(given)
    except TypeError:
        raise _refused(f"{what} are no dataframe but {_kind(given)}") from None
    implementation = frame.implementation
    if isinstance(frame, nw.LazyFrame):
        if implementation not in _LAZY:
            raise _refused(f"{what} are a frame of {implementation.value}, which is not served")
        return Taken(frame, implementation, False, lambda result: result.to_native())
    if implementation not in (nw.Implementation.POLARS, nw.Implementation.PANDAS, nw.Implementation.PYARROW):
        raise _refused(f"{what} are a frame of {implementation.value}, which is not served")
    columns = list(frame.columns)
    if len(set(columns)) < len(columns) or not all(isinstance(c, str) for c in columns):
        raise _refused(f"{what} have a column twice, or one whose name is no text")
    rows = _numbered(frame)
    return Taken(rows, nw.Implementation.POLARS, True, lambda result: _back(result, implementation))


def _numbered(frame: nw.DataFrame[Any]) -> LazyFrame:
    import polars as pl

    native = frame.to_native()
    if frame.implementation is nw.Implementation.PANDAS:
        native = pl.from_pandas(native.reset_index(drop=True), nan_to_null=True)
    elif frame.implementation is nw.Implementation.PYARROW:
        native = pl.from_arrow(native)
    return nw.from_native(native.with_row_index(ROW).lazy())


def _back(result: LazyFrame, implementation: nw.Implementation) -> Any:
    found = in_order(result.to_native().collect())
    if implementation is nw.Implementation.PANDAS:
        return found.to_pandas()
    return found.to_arrow() if implementation is nw.Implementation.PYARROW else found


def in_order(frame: Any) -> Any:
    """A polars frame in the order of the input, without the numbers of its rows."""
    rows = frame.get_column(ROW)
    return (frame if rows.is_sorted() else frame.sort(ROW)).drop(ROW)


def collected(frame: LazyFrame) -> list[dict[str, Any]]:
    """The rows of a small frame. What calls this keeps it small."""
    return frame.collect(backend="polars").to_native().to_dicts()  # type: ignore[no-any-return]


def same_engine(main: Taken, other: Taken, what: str) -> None:
    """Raises FactError where a frame cannot be joined to that of the accounts."""
    if main.engine is not other.engine:
        raise _refused(f"{what} are in {_LAZY[other.engine]} and the accounts in {_LAZY[main.engine]}",
                       "hand over both in one kind of frame")


def _kind(given: Any) -> str:
    return f"`{type(given).__name__}`"


def _refused(message: str, help_: str = "pass a frame of Polars, pandas or PyArrow, a Polars lazy frame, "
             "or a DuckDB relation") -> FactError:
    return FactError([Diagnostic("not-a-frame", message, help_, where="decide_frame")])


# --- what narwhals cannot say ----------------------------------------------------------------------

KEY = "~key"
"""What the names of columns with sorting numbers begin with; their places follow."""
PLACES = 1 << 12
"""More than there are facts: a key is a weight, falling, and then the place of the fact."""


def in_key_order(frame: LazyFrame, names: Sequence[str], into: str) -> LazyFrame:
    """The names whose keys are there, in the order of the keys, as one text.

    The keys are columns `KEY` + place; a key modulo `PLACES` is the place of its name.
    """
    if not names:
        return frame
    keys = [f"{KEY}{place}" for place in range(len(names))]
    if frame.implementation is nw.Implementation.POLARS:
        return nw.from_native(_ordered_by_polars(frame.to_native(), keys, names, into))
    if frame.implementation is nw.Implementation.DUCKDB:
        return nw.from_native(_ordered_by_duckdb(frame.to_native(), keys, names, into))
    raise _refused(f"the order of unknowns is not known to {frame.implementation.value}")


def _ordered_by_polars(frame: Any, keys: Sequence[str], names: Sequence[str], into: str) -> Any:
    import polars as pl

    texts = pl.Series("names", names, dtype=pl.String)

    def ordered(batch: pl.Series) -> pl.Series:
        """Only rows in which something is missing are sorted."""
        table = batch.struct.unnest()
        some = table.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
        result = pl.repeat("", len(table), dtype=pl.String, eager=True)
        if not some.any():
            return result
        rows = table.filter(some).with_row_index("~at")
        long = rows.unpivot(index="~at", value_name="key").drop("variable").drop_nulls("key").sort("~at", "key")
        words = long.select("~at", name=texts.gather((long["key"] % PLACES).cast(pl.UInt32)))
        joined = words.group_by("~at", maintain_order=True).agg(pl.col("name").str.join(SEPARATOR))
        return result.scatter(some.arg_true(), joined.get_column("name"))

    return frame.with_columns(pl.struct(keys).map_batches(ordered, return_dtype=pl.String, is_elementwise=True).alias(into))


def _ordered_by_duckdb(frame: Any, keys: Sequence[str], names: Sequence[str], into: str) -> Any:
    listed = ", ".join(f'"{k}"' for k in keys)
    texts = ", ".join("'" + n.replace("'", "''") + "'" for n in names)
    ordered = f"[[{texts}][(key % {PLACES}) + 1] for key in list_sort([{listed}]) if key is not null]"
    return frame.project(f"* replace (coalesce(array_to_string({ordered}, '{SEPARATOR}'), '') as \"{into}\")")

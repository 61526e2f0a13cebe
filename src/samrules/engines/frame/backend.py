"""What kinds of dataframes are taken, and how the same kind is given back.

What is in memory (Polars, pandas, PyArrow) is decided by Polars; a lazy frame or a relation by its own
engine, and nothing of it is collected here but small summaries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import narwhals as nw

from samrules.diagnostics import Diagnostic
from samrules.errors import FactError

ROW = "~row"
"""The place of a row, in frames that have an order."""
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

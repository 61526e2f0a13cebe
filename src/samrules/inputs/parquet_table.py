"""Parquet in and out. The one place that imports polars, and only when a Parquet file is met."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from samrules.diagnostics import Diagnostic
from samrules.errors import FactError
from samrules.inputs.rows import Row, Table, empty, unusable

_MAGIC = b"PAR1"


def polars() -> ModuleType:
    """Raises FactError with the command that installs it."""
    try:
        import polars
    except ImportError:
        raise FactError([Diagnostic(
            "needs-extra", "Parquet needs the package polars, which is not installed",
            "pip install \"samrules[parquet]\", or use CSV or JSON lines", where="parquet")]) from None
    return polars


def is_parquet(data: bytes) -> bool:
    return data.startswith(_MAGIC)


def read_parquet(data: bytes, name: str) -> Table:
    if not data:
        raise empty(name)
    if not (data.startswith(_MAGIC) and data.endswith(_MAGIC)):
        raise unusable("bad-table", "this is not a Parquet file, or it is cut off", "export it again", name)
    pl = polars()
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        message = f"the Parquet file cannot be read: {error}"
        raise unusable("bad-table", message, "export it again", name) from None
    records = enumerate(frame.iter_rows(named=True), start=1)
    rows = tuple(Row(values, f"row {number}") for number, values in records)
    if not rows:
        raise empty(name, "the table has no rows")
    return Table(name, tuple(frame.columns), rows)


def scan_parquet(path: str | Path, numbered: str | None = None) -> Any:
    """A Parquet file, or a folder of them, as a lazy frame of which nothing but the columns' types is read.

    Of folders such as `region=north` the names are a column. `numbered` names a further column with the
    number of the row, from 0, through all files in the order of their names.

    Raises FactError where it cannot be read.
    """
    pl = polars()
    try:
        frame = pl.scan_parquet(path, row_index_name=numbered)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        message = f"the Parquet file cannot be read: {error}"
        raise unusable("bad-table", message, "export it again, or name another", str(path)) from None
    return frame


def count_rows(frame: Any) -> int:
    """How many rows a lazy frame has."""
    return int(frame.select(polars().len()).collect(engine="streaming").item())


def sink_frame(frame: Any, format_: str, sink: IO[bytes], decided: Callable[[int], None] | None = None) -> None:
    """Write a lazy frame as it is calculated, without holding the whole of it.

    `format_` is `csv` or `parquet`; `decided` is told the number of rows of each part that is done.
    """
    pl = polars()
    if decided is not None:
        first = frame.collect_schema().names()[0]
        frame = frame.with_columns(pl.col(first).map_batches(
            lambda part: (decided(len(part)), part)[1], return_dtype=pl.String, is_elementwise=True))
    (frame.sink_csv if format_ == "csv" else frame.sink_parquet)(sink)


def write_parquet(columns: Mapping[str, Sequence[Any]], sink: IO[bytes]) -> None:
    """Columns of plain values. One that is blank throughout, or of several types, is text."""
    pl = polars()
    frame = pl.DataFrame([_series(pl, name, values) for name, values in columns.items()])
    frame.write_parquet(sink)


def _series(pl: ModuleType, name: str, values: Sequence[Any]) -> Any:
    types = {type(v) for v in values if v is not None}
    if types == {int, float}:
        return pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64)
    if len(types) != 1:
        return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)
    return pl.Series(name, list(values))

"""Parquet tables of any size in parts that fit into memory: the accounts of a part with all their events and reviews."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import OutputError
from samrules.inputs.facts import ID
from samrules.inputs.parquet_table import count_rows, polars, sink_frame

MOST_ROWS = {"accounts": 100_000, "events": 2_000_000, "history": 150_000}
"""So many rows of each table go into a part, about."""
MOST_FOLDERS = 1_000
ROW = "~row"
"""The number of a row in its table, from 0."""


def in_parts(tables: Mapping[str, Any], most: Mapping[str, int] = MOST_ROWS) -> Iterator[dict[str, Any]]:
    """The lazy frames of accounts, events and history, cut into parts by account.

    A part is a range of ids: of files in the order of the ids only the row groups that hold it are read.
    Where an id has blanks around it, or the tables have ids of different types, it is a share of their hashes.
    """
    pl = polars()
    number = max(math.ceil(count_rows(frame) / most[name]) for name, frame in tables.items())
    if number <= 1 or any(ID not in frame.collect_schema() for frame in tables.values()):
        yield dict(tables)
        return
    column = pl.col(ID)
    if _plain(pl, tables.values()):
        step = max(1, count_rows(tables["accounts"]) // (number * 100))
        sample = tables["accounts"].filter(pl.col(ROW) % step == 0).select(ID).drop_nulls().collect(engine="streaming")
        ids = sample[ID].unique().sort()
        edges = [ids[len(ids) * n // number] for n in range(1, number)] if len(ids) else []
        edges = sorted(set(edges))
        ends = [column < edges[0], *((column >= a) & (column < b) for a, b in pairwise(edges)),
                column >= edges[-1]] if edges else [pl.lit(True)]
        wanted = [column.is_null() | ends[0], *ends[1:]]
    else:
        share = column.cast(pl.String).str.strip_chars().fill_null("").hash(7) % number
        wanted = [share == n for n in range(number)]
    for condition in wanted:
        yield {name: frame.filter(condition) for name, frame in tables.items()}


def _plain(pl: Any, frames: Any) -> bool:
    types = {frame.collect_schema()[ID] for frame in frames}
    if len(types) > 1:
        return False
    if next(iter(types)) != pl.String:
        return bool(next(iter(types)).is_integer())
    blanks = [frame.select((pl.col(ID).str.contains(r"^\s|\s$")).any()).collect(engine="streaming").item() for frame in frames]
    return not any(blanks)


def kinds_in(events: Any) -> list[str]:
    """The kinds of events that stand in a table; none where it has no such column."""
    if "event" not in events.collect_schema():
        return []
    found = events.select("event").unique().collect(engine="streaming")["event"].drop_nulls()
    return sorted({str(kind).strip() for kind in found})


def write_parts(decided: Iterator[Any], folder: Path, told: Callable[[int], None] | None) -> list[Path]:
    """Each decided frame as a file of a folder that is there."""
    files: list[Path] = []
    for frame in decided:
        path = folder / f"{len(files):05}.parquet"
        with path.open("xb") as sink:
            sink_frame(frame, "parquet", sink, told)
        files.append(path)
    return files


def together(files: Sequence[Path], format_: str, sink: IO[bytes]) -> None:
    """Several files of decisions as one."""
    if format_ == "parquet" and len(files) == 1:
        with files[0].open("rb") as source:
            shutil.copyfileobj(source, sink, 1 << 20)
        return
    sink_frame(polars().scan_parquet(files), format_, sink)


def check_key(frame: Any, key: str) -> None:
    """Raises OutputError where decisions have no such column."""
    columns = list(frame.collect_schema())
    if key not in columns:
        raise OutputError([Diagnostic("unknown-column", f"decisions have no column `{key}`", did_you_mean(key, columns, "columns"),
                                      where="--partition-by")])


def partitioned(files: Sequence[Path], key: str, folder: Path) -> None:
    """A folder for each value of a column, named as other systems read it: `outcome=retain/part-0.parquet`.

    One is written after the other, so that memory does not grow with their number. Raises OutputError.
    """
    pl = polars()
    decisions = pl.scan_parquet(files)
    values = decisions.select(key).unique().collect(engine="streaming")[key].sort()
    if len(values) > MOST_FOLDERS:
        raise OutputError([Diagnostic("cannot-write", f"`{key}` has {len(values):,} values: each would be a folder",
                                      "choose a column with few values, such as `outcome`", where="--partition-by")])
    for value in values:
        shown = "__HIVE_DEFAULT_PARTITION__" if value is None or value == "" else \
            str(value).lower() if isinstance(value, bool) else quote(str(value), safe=" _.-+")
        part = folder / f"{key}={shown}"
        part.mkdir(exist_ok=True)
        with (part / f"part-{sum(1 for _ in part.iterdir())}.parquet").open("xb") as sink:
            sink_frame(decisions.filter(pl.col(key).eq_missing(pl.lit(value))).drop(key), "parquet", sink)

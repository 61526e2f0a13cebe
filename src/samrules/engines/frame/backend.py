"""What kinds of dataframes are taken, and how the same kind is given back.

What is in memory (Polars, pandas, PyArrow) is decided by Polars; a lazy frame or a relation by its own
engine, and nothing of it is collected here but small summaries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


UNKNOWNS = "deciding_unknowns"


@attrs.frozen
class Coded:
    """A text for every row, by its place in a table. `code` is never null."""

    code: nw.Expr
    texts: Sequence[str | None]
    layer: int = 0
    is_set: bool = False
    """Whether these are names that may be there or not: none of them is a blank text."""


@attrs.frozen
class Laid:
    """A frame with all columns of a decision but one: for the deciding unknowns, a key for each name.

    `later` adds the keys to rows of `frame`; they are asked only where it is not `settled`. `columns`
    are those given out, each of which stands in `frame` as `=` and its name, or as codes with `:0`,
    `:1` … behind it, where texts are looked up and joined.
    """

    frame: LazyFrame
    settled: nw.Expr
    later: Callable[[LazyFrame], LazyFrame]
    names: Sequence[str]
    columns: Sequence[str]

    coded: Mapping[str, Sequence[Coded]]
    beside: Sequence[str] = ()
    """Further columns that `sentences` needs."""
    sentences: Callable[[Any], Sequence[str]] | None = None

    def given_out(self, frame: LazyFrame) -> LazyFrame:
        """The columns with their names, and texts in place of codes."""
        return frame.select(*(self._text(self.coded[name]).alias(name) if name in self.coded
                              else nw.col(f"={name}").alias(name) for name in self.columns))

    def _text(self, parts: Sequence[Coded]) -> nw.Expr:
        texts = [part.code.replace_strict(list(range(len(part.texts))), list(part.texts), default=None,
                                          return_dtype=nw.String) for part in parts]
        if len(texts) == 1:
            return texts[0].fill_null("") if parts[0].is_set else texts[0]
        return nw.concat_str(*texts, separator=SEPARATOR, ignore_nulls=True)

    def bare(self, frame: LazyFrame) -> LazyFrame:
        """The columns with their codes, of a frame in memory."""
        columns = [f"={name}:{i}" for name, parts in self.coded.items() for i in range(len(parts))]
        return frame.select(ROW, *(nw.col(f"={name}").alias(name) for name in self.columns if name not in self.coded),
                            *columns, *self.beside)

    def looked_up(self, found: Any) -> Any:
        """A polars frame that `bare` made, with texts in place of codes, its columns in order."""
        import polars as pl

        made = {}
        if self.beside and self.sentences is not None:
            made["because"] = pl.Series("because", self.sentences(found), dtype=pl.String)
        for name, parts in self.coded.items():
            texts = [pl.Series(name, part.texts, dtype=pl.String).gather(found.get_column(f"={name}:{i}").cast(pl.UInt32))
                     for i, part in enumerate(parts)]
            if len(texts) == 1:
                made[name] = texts[0].fill_null("") if parts[0].is_set else texts[0]
            else:
                made[name] = pl.select(pl.concat_str(*texts, separator=SEPARATOR, ignore_nulls=True)).to_series()
        return found.select(made[name].alias(name) if name in made else pl.col(name) for name in self.columns)


@attrs.frozen
class Taken:
    """A frame that was handed over, lazily; `rows` says whether its rows are numbered."""

    frame: LazyFrame
    engine: nw.Implementation
    rows: bool
    kind: nw.Implementation

    def finished(self, laid: Laid) -> Any:
        """The decided frame, in the kind that was handed over."""
        if not self.rows:
            return in_key_order(laid).to_native()
        found = _collected_at_once(laid)
        if self.kind is nw.Implementation.PANDAS:
            return found.to_pandas()
        return found.to_arrow() if self.kind is nw.Implementation.PYARROW else found


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
        return Taken(frame, implementation, False, implementation)
    if implementation not in (nw.Implementation.POLARS, nw.Implementation.PANDAS, nw.Implementation.PYARROW):
        raise _refused(f"{what} are a frame of {implementation.value}, which is not served")
    columns = list(frame.columns)
    if len(set(columns)) < len(columns) or not all(isinstance(c, str) for c in columns):
        raise _refused(f"{what} have a column twice, or one whose name is no text")
    return Taken(_numbered(frame, what), nw.Implementation.POLARS, True, implementation)


def _numbered(frame: nw.DataFrame[Any], what: str) -> LazyFrame:
    import polars as pl

    native = frame.to_native()
    try:
        if frame.implementation is nw.Implementation.PANDAS:
            native = pl.from_pandas(native.reset_index(drop=True), nan_to_null=True)
        elif frame.implementation is nw.Implementation.PYARROW:
            native = pl.from_arrow(native)
    except ImportError as error:
        raise FactError([Diagnostic("needs-extra", f"pandas frames need the package {error.name or 'pyarrow'} too",
                                    "pip install pyarrow", where="decide_frame")]) from None
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:  # a column of several types
        raise _refused(f"a column of {what} cannot be read: {error}", "give each column one type") from None
    rows: LazyFrame = nw.from_native(native.with_row_index(ROW).lazy())
    return rows


def _collected_at_once(laid: Laid) -> Any:
    """A frame in memory: its unsettled rows are taken apart, so that only their unknowns are weighed."""
    return run_at_once(laid, planned_at_once(laid))


def planned_at_once(laid: Laid) -> list[Any]:
    """The lazy frames of Polars that are to be collected: all rows, and the keys of those that are open."""
    main = laid.bare(laid.frame).to_native()
    if not laid.names:
        return [main]
    open_ = laid.later(laid.frame.filter(~laid.settled))
    keys = [f"{KEY}{place}" for place in range(len(laid.names))]
    return [main, open_.select(ROW, *keys).to_native()]


def run_at_once(laid: Laid, planned: list[Any]) -> Any:
    """What Polars makes of the frames of `planned_at_once`."""
    import polars as pl

    found, *weighed = (_in_order(part) for part in pl.collect_all(planned))
    if weighed and len(weighed[0]):
        texts = _in_words(weighed[0].drop(ROW), laid.names)
        places = (~found.get_column("settled")).arg_true()
        found = found.with_columns(found.get_column(UNKNOWNS).scatter(places, texts))
    return laid.looked_up(found)


def _in_order(frame: Any) -> Any:
    """A polars frame in the order of the input."""
    return frame if frame.get_column(ROW).is_sorted() else frame.sort(ROW)


def collected(frame: LazyFrame) -> list[dict[str, Any]]:
    """The rows of a small frame. What calls this keeps it small."""
    if frame.implementation is nw.Implementation.POLARS:
        return list(frame.to_native().collect(engine="streaming").to_dicts())
    return list(frame.collect(backend="polars").to_native().to_dicts())


def all_differ(ids: LazyFrame) -> bool:
    """Whether no value of a column of texts stands twice."""
    name = ids.columns[0]
    if ids.implementation is nw.Implementation.POLARS:
        import polars as pl

        # ids in rising order differ, which is seen fastest; hashes are faster to count than texts, and if all differ, so do the texts
        if ids.to_native().select((pl.col(name) > pl.col(name).shift()).all()).collect().item():
            return True
        summary = ids.to_native().select(pl.col(name).hash().n_unique().alias("n"), pl.len().alias("all")).collect(engine="streaming")
        if summary["n"][0] == summary["all"][0]:
            return True
    row = collected(ids.select(n=nw.col(name).n_unique(), all=nw.len()))[0]
    return bool(row["n"] == row["all"])


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


def in_key_order(laid: Laid) -> LazyFrame:
    """A lazy frame with the names whose keys are there, in the order of the keys, as one text.

    The keys are columns `KEY` + place; a key modulo `PLACES` is the place of its name.
    """
    if not laid.names:
        return laid.given_out(laid.frame)
    frame = laid.later(laid.frame)
    keys = [f"{KEY}{place}" for place in range(len(laid.names))]
    into = f"={UNKNOWNS}"
    if frame.implementation is nw.Implementation.POLARS:
        ordered = _ordered_by_polars(frame.to_native(), keys, laid.names, into)
    elif frame.implementation is nw.Implementation.DUCKDB:
        ordered = _ordered_by_duckdb(frame.to_native(), keys, laid.names, into)
    else:
        raise _refused(f"the order of unknowns is not known to {frame.implementation.value}")
    return laid.given_out(nw.from_native(ordered))


def _ordered_by_polars(frame: Any, keys: Sequence[str], names: Sequence[str], into: str) -> Any:
    import polars as pl

    def ordered(batch: pl.Series) -> pl.Series:
        """Only rows in which something is missing are sorted."""
        table = batch.struct.unnest()
        some = table.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
        result = pl.repeat("", len(table), dtype=pl.String, eager=True)
        return result.scatter(some.arg_true(), _in_words(table.filter(some), names)) if some.any() else result

    return frame.with_columns(pl.struct(keys).map_batches(ordered, return_dtype=pl.String, is_elementwise=True).alias(into))


def _in_words(keys: Any, names: Sequence[str]) -> Any:
    """The names in the order of the keys of each row of a polars frame, as one text a row."""
    import polars as pl

    texts = pl.Series("names", names, dtype=pl.String)
    rows = keys.with_row_index("~at")
    long = rows.unpivot(index="~at", value_name="key").drop("variable").drop_nulls("key").sort("~at", "key")
    words = long.select("~at", name=texts.gather((long["key"] % PLACES).cast(pl.UInt32)))
    joined = words.group_by("~at", maintain_order=True).agg(pl.col("name").str.join(SEPARATOR))
    if len(joined) == len(keys):
        return joined.get_column("name")
    return rows.select("~at").join(joined, on="~at", how="left", maintain_order="left").get_column("name").fill_null("")


def _ordered_by_duckdb(frame: Any, keys: Sequence[str], names: Sequence[str], into: str) -> Any:
    listed = ", ".join(f'"{k}"' for k in keys)
    texts = ", ".join("'" + n.replace("'", "''") + "'" for n in names)
    ordered = f"[[{texts}][(key % {PLACES}) + 1] for key in list_sort([{listed}]) if key is not null]"
    return frame.project(f"* replace (coalesce(array_to_string({ordered}, '{SEPARATOR}'), '') as \"{into}\")")

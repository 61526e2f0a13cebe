"""What kinds of dataframes are taken, and how the same kind is given back.

What is in memory (Polars, pandas, PyArrow) is decided by Polars; a lazy frame or a relation by its own
engine, and nothing of it is collected here but small summaries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import narwhals as nw

from samrules.diagnostics import Diagnostic
from samrules.engines.frame.layers import KEY, Layers, LazyFrame
from samrules.errors import FactError

ROW = "~row"
"""The place of a row, in frames that have an order."""
SEPARATOR = "; "
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
class Script:
    """What is made of the columns of a frame to decide its rows; all columns of a decision but one: for the deciding unknowns,
    a key for each name.

    `later` adds the keys to rows to which `first` has been added; they are asked only where it is not `settled`. `columns`
    are those given out, each of which then stands there as `=` and its name, or as codes with `:0`,
    `:1` … behind it, where texts are looked up and joined.
    """

    first: Layers
    later: Layers
    names: Sequence[str]
    columns: Sequence[str]
    coded: Mapping[str, Sequence[Coded]]
    beside: Sequence[str] = ()
    """Further columns that `sentences` needs."""
    sentences: Callable[[Any], Sequence[str]] | None = None

    @property
    def needed_later(self) -> list[nw.Expr]:
        """What `later` is made of."""
        return [expr for layer in self.later.layers for expr in layer.values()]

    @property
    def keys(self) -> list[str]:
        """The columns that `later` adds, one for each of `names`."""
        return [f"{KEY}{place}" for place in range(len(self.names))]

    @property
    def bare(self) -> list[tuple[str, str]]:
        """The columns given out, codes as they are: where each stands, and its name."""
        codes = [f"={name}:{i}" for name, parts in self.coded.items() for i in range(len(parts))]
        return [(f"={name}", name) for name in self.columns if name not in self.coded] + [(c, c) for c in [*codes, *self.beside]]


@attrs.frozen
class Laid:
    """A frame with the first columns of a script."""

    frame: LazyFrame
    script: Script

    @property
    def settled(self) -> nw.Expr:
        return nw.col("=settled")

    def later(self, frame: LazyFrame) -> LazyFrame:
        """Rows of the frame with the keys of their unknowns."""
        return self.script.later.over(frame, [])

    def given_out(self, frame: LazyFrame) -> LazyFrame:
        """The columns with their names, and texts in place of codes."""
        coded, columns = self.script.coded, self.script.columns
        if _engine_of(frame) is nw.Implementation.PYSPARK:
            return self._given_out_by_spark(frame)
        return frame.select(*(self._text(coded[name]).alias(name) if name in coded
                              else nw.col(f"={name}").alias(name) for name in columns))

    def _text(self, parts: Sequence[Coded]) -> nw.Expr:
        texts = [part.code.replace_strict(list(range(len(part.texts))), list(part.texts), default=None,
                                          return_dtype=nw.String) for part in parts]
        if len(texts) == 1:
            return texts[0].fill_null("") if parts[0].is_set else texts[0]
        return nw.concat_str(*texts, separator=SEPARATOR, ignore_nulls=True)

    def _given_out_by_spark(self, frame: LazyFrame) -> LazyFrame:
        """The same as SQL, for long lists of texts take narwhals a call of the virtual machine for each."""
        coded = self.script.coded
        texts = [f"{_text_of_spark(coded[c], c) if c in coded else _name_of_spark(f'={c}')} as {_name_of_spark(c)}"
                 for c in self.script.columns]
        found: LazyFrame = nw.from_native(frame.to_native().selectExpr(*texts))
        return found

    def looked_up(self, found: Any) -> Any:
        """A polars frame of the bare columns, with texts in place of codes, its columns in order."""
        import polars as pl

        script = self.script
        made: dict[str, pl.Expr] = {}
        if script.beside and script.sentences is not None:
            made["because"] = pl.lit(pl.Series("because", script.sentences(found), dtype=pl.String))
        for name, parts in script.coded.items():
            alone = len(parts) == 1
            texts = [pl.lit(pl.Series(name, [text or "" for text in part.texts] if alone and part.is_set else part.texts, dtype=pl.String))
                     .gather(pl.col(f"={name}:{i}").cast(pl.UInt32)) for i, part in enumerate(parts)]
            made[name] = texts[0] if alone else pl.concat_str(*texts, separator=SEPARATOR, ignore_nulls=True)
        return found.select(made[name].alias(name) if name in made else pl.col(name) for name in script.columns)  # side by side


@attrs.frozen
class Over:
    """What a choice says of some accounts, a row each, and the columns of outputs that go with an outcome."""

    rows: Sequence[Mapping[str, Any]]
    outputs: Sequence[str]
    added: Mapping[str, str]
    """The outputs of the choice itself, and their columns."""

    def laid_over(self, frame: Any) -> Any:
        """A polars frame of decisions with these in place of those that the accounts have by themselves."""
        import polars as pl

        types = {"outcome": pl.String, "settled": pl.Boolean, "possible": pl.String, UNKNOWNS: pl.String, "because": pl.String}
        schema = {"account_id": pl.String, **types, "kept": pl.Boolean, "rank": pl.Int64, "places": pl.Int64, "cut_line": pl.Float64}
        rows = pl.LazyFrame([{c: row[c] for c in schema} for row in self.rows], schema=schema)
        said = rows.select("account_id", pl.all().exclude("account_id").name.prefix("~said:"))
        names = frame.collect_schema().names()
        columns = {c: pl.coalesce(f"~said:{c}", c) for c in types if c in names}
        columns |= {c: pl.when(pl.col("~said:kept").fill_null(True)).then(c) for c in self.outputs}
        columns |= {column: pl.col(f"~said:{output}") for output, column in self.added.items()}
        joined = frame.join(said, on="account_id", how="left", maintain_order="left")
        at = names.index(UNKNOWNS) + 1 + len(self.outputs)
        return joined.with_columns(**columns).select(*names[:at], *self.added.values(), *names[at:])


@attrs.frozen
class Taken:
    """A frame that was handed over, lazily; `rows` says whether its rows are numbered."""

    frame: LazyFrame
    engine: nw.Implementation
    rows: bool
    kind: nw.Implementation

    def finished(self, laid: Laid, over: Over | None = None) -> Any:
        """The decided frame, in the kind that was handed over; `over` lays the choice of a portfolio over it."""
        if not self.rows:
            found = in_key_order(laid).to_native()
            return found if over is None else over.laid_over(found)
        found = _collected_at_once(laid)
        return self.as_given(found if over is None else over.laid_over(found.lazy()).collect())

    def as_given(self, found: Any) -> Any:
        """A polars frame as the kind that was handed over."""
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
        if implementation is nw.Implementation.PYSPARK:
            _refuse_paths(frame.columns, what)
        return Taken(_with_doubles(frame), implementation, False, implementation)
    if implementation not in (nw.Implementation.POLARS, nw.Implementation.PANDAS, nw.Implementation.PYARROW):
        raise _refused(f"{what} are a frame of {implementation.value}, which is not served")
    columns = list(frame.columns)
    if len(set(columns)) < len(columns) or not all(isinstance(c, str) for c in columns):
        raise _refused(f"{what} have a column twice, or one whose name is no text")
    return Taken(_numbered(frame, what), nw.Implementation.POLARS, True, implementation)


def _refuse_paths(columns: Sequence[str], what: str) -> None:
    """Raises FactError for columns that Spark would look for somewhere else."""
    if odd := [c for c in columns if "." in c or "`" in c]:
        raise _refused(f"{what} have the column `{odd[0]}`, and Spark takes a dot or a backtick in a name for a path",
                       "rename the column, or select those that are facts")


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
    return _with_doubles(nw.from_native(native.with_row_index(ROW).lazy()))


def _with_doubles(frame: LazyFrame) -> LazyFrame:
    """Decimals with a part as doubles, which is what amounts are to rulesets."""
    decimals = [name for name, dtype in frame.collect_schema().items() if isinstance(dtype, nw.Decimal) and dtype.scale]
    return frame.with_columns(*(nw.col(c).cast(nw.Float64) for c in decimals)) if decimals else frame


def _collected_at_once(laid: Laid) -> Any:
    """A frame in memory: its unsettled rows are taken apart, so that only their unknowns are weighed."""
    return run_at_once(laid, planned_at_once(laid))


def decided_beside(laid: Laid, summaries: LazyFrame) -> tuple[dict[str, Any], Callable[[], Any]]:
    """A frame in memory decided in one run with a row of summaries: the row, and what gives the decided frame.

    Raises polars' errors, for the values may be none that can be calculated with.
    """
    import polars as pl

    *found, row = pl.collect_all([*planned_at_once(laid), summaries.to_native()])
    return row.row(0, named=True), lambda: _put_together(laid, found)


def polars_errors() -> type[Exception]:
    import polars as pl

    return pl.exceptions.PolarsError


def planned_at_once(laid: Laid) -> list[Any]:
    """The lazy frames of Polars that are to be collected: all rows, and the keys of those that are open."""
    import polars as pl

    main = laid.frame.to_native().select(ROW, *(pl.col(at).alias(name) for at, name in laid.script.bare))
    if not laid.script.names:
        return [main]
    open_ = laid.later(laid.frame.filter(~laid.settled))
    return [main, open_.to_native().select(ROW, *laid.script.keys)]


def run_at_once(laid: Laid, planned: list[Any]) -> Any:
    """What Polars makes of the frames of `planned_at_once`."""
    import polars as pl

    return _put_together(laid, pl.collect_all(planned))


def _put_together(laid: Laid, collected_: Sequence[Any]) -> Any:
    found, *weighed = (_in_order(part) for part in collected_)
    if weighed and len(weighed[0]):
        texts = _in_words(weighed[0].drop(ROW), laid.script.names)
        places = (~found.get_column("settled")).arg_true()
        found = found.with_columns(found.get_column(UNKNOWNS).scatter(places, texts))
    return laid.looked_up(found)


def _in_order(frame: Any) -> Any:
    """A polars frame in the order of the input."""
    return frame if frame.get_column(ROW).is_sorted() else frame.sort(ROW)


def _engine_of(frame: LazyFrame) -> nw.Implementation:
    return frame.implementation


def collected(frame: LazyFrame) -> list[dict[str, Any]]:
    """The rows of a small frame. What calls this keeps it small."""
    if frame.implementation is nw.Implementation.POLARS:
        return list(frame.to_native().collect(engine="streaming").to_dicts())
    return list(frame.collect(backend="polars").to_native().to_dicts())


@attrs.frozen
class Only:
    """Rows of a polars frame that were collected, because a choice must see them."""

    found: Any

    def owners(self, name: str) -> LazyFrame:
        """The accounts, to join with."""
        owners: LazyFrame = nw.from_native(self.found.lazy().select(self.found["account_id"].alias(name)))
        return owners

    def each(self) -> Iterator[dict[str, Any]]:
        rows: Iterator[dict[str, Any]] = self.found.iter_rows(named=True)
        return rows


def owners_frame(ids: Sequence[str], name: str) -> LazyFrame:
    """Accounts to join with, for polars frames."""
    import polars as pl

    owners: LazyFrame = nw.from_native(pl.LazyFrame({name: ids}, schema={name: pl.String}))
    return owners


def only_of(frame: LazyFrame, order: str) -> Only:
    """The rows of a polars frame, in an order."""
    return Only(frame.to_native().collect(engine="streaming").sort(order))


def each_row(frame: LazyFrame) -> Iterator[dict[str, Any]]:
    """The rows of a polars frame, one after the other."""
    rows: Iterator[dict[str, Any]] = frame.to_native().collect(engine="streaming").iter_rows(named=True)
    return rows


def runs_polars(taken: Taken) -> bool:
    return taken.engine is nw.Implementation.POLARS


HASHES_AT_ONCE = 20_000_000


def all_differ(ids: LazyFrame) -> bool:
    """Whether no value of a column of texts stands twice."""
    name = ids.columns[0]
    if ids.implementation is nw.Implementation.POLARS:
        import polars as pl

        # ids in rising order differ, which is seen fastest
        if ids.to_native().select((pl.col(name) > pl.col(name).shift()).all()).collect(engine="streaming").item():
            return True
        # hashes are much faster to count than texts; if all differ, so do the texts. So many at a time that memory is bounded
        rows = int(ids.to_native().select(pl.len()).collect(engine="streaming").item())
        shares = max(1, -(-rows // HASHES_AT_ONCE))
        for share in range(shares):
            hashes = ids.to_native().select(h=pl.col(name).hash())
            if shares > 1:
                hashes = hashes.filter(pl.col("h") % shares == share)
            summary = hashes.select(pl.col("h").n_unique().alias("n"), pl.len().alias("all")).collect(engine="streaming")
            if summary["n"][0] != summary["all"][0]:
                break
        else:
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
             "a DuckDB relation, or a PySpark frame") -> FactError:
    return FactError([Diagnostic("not-a-frame", message, help_, where="decide_frame")])


# --- what narwhals cannot say ----------------------------------------------------------------------

PLACES = 1 << 12
"""More than there are facts: a key is a weight, falling, and then the place of the fact."""


def in_key_order(laid: Laid) -> LazyFrame:
    """A lazy frame with the names whose keys are there, in the order of the keys, as one text.

    The keys are columns `KEY` + place; a key modulo `PLACES` is the place of its name.
    """
    names, keys = laid.script.names, laid.script.keys
    if not names:
        return laid.given_out(laid.frame)
    frame = laid.later(laid.frame)
    into = f"={UNKNOWNS}"
    if frame.implementation is nw.Implementation.POLARS:
        ordered = _ordered_by_polars(frame.to_native(), keys, names, into)
    elif frame.implementation is nw.Implementation.DUCKDB:
        ordered = _ordered_by_duckdb(frame.to_native(), keys, names, into)
    else:
        ordered = _ordered_by_spark(frame.to_native(), keys, names, into)
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


def _ordered_by_spark(frame: Any, keys: Sequence[str], names: Sequence[str], into: str) -> Any:
    from pyspark.sql import functions

    known = f"array_sort(filter(array({', '.join(map(_name_of_spark, keys))}), key -> key is not null))"
    texts = ", ".join(map(_literal_of_spark, names))
    ordered = f"array_join(transform({known}, key -> array({texts})[int(key % {PLACES})]), '{SEPARATOR}')"
    return frame.withColumn(into, functions.expr(ordered))


def _text_of_spark(parts: Sequence[Coded], name: str) -> str:
    """SQL that looks up texts by codes and joins them."""
    found = []
    for i, part in enumerate(parts):
        code = _name_of_spark(f"={name}:{i}")
        if part.is_set:  # a bit a name
            bits = range(len(part.texts).bit_length() - 1)
            found += [f"if({code} & {1 << bit} != 0, {_literal_of_spark(part.texts[1 << bit])}, null)" for bit in bits]
        else:
            found.append(f"array({', '.join(map(_literal_of_spark, part.texts))})[int({code})]")
    if len(parts) == 1 and not parts[0].is_set:
        return found[0]
    return f"concat_ws('{SEPARATOR}', {', '.join(found)})"


def _name_of_spark(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _literal_of_spark(text: str | None) -> str:
    if text is None:
        return "cast(null as string)"
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

"""Columns in layers: each layer names only columns of the layers before it, so that it is one `with_columns`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import narwhals as nw

from samrules.engines.frame.dialect import named_in

LazyFrame = nw.LazyFrame[Any]
GIVEN_OUT = "="
"""What the names of columns that are given out begin with."""
KEY = "~key"
"""What the names of columns with sorting numbers begin with; their places follow."""


@attrs.frozen
class Layers:
    """Columns to be added, a layer after the other."""

    layers: Sequence[Mapping[str, nw.Expr]]
    _by_polars: list[dict[str, Any]] = attrs.field(factory=list, init=False)
    """The expressions as Polars has them, which narwhals takes long to make: once, however many frames follow."""

    def over(self, frame: LazyFrame, wanted: Iterable[nw.Expr] | None = None) -> LazyFrame:
        """The frame with the columns of each layer.

        With `wanted`, a column that no later layer and none of these names is left behind, unless it is to be
        given out: the time of DuckDB's client goes by the square of what is carried along. Polars and Spark see that
        for themselves.
        """
        if frame.implementation is nw.Implementation.POLARS:
            return self._over_polars(frame)
        layers = [layer for layer in self.layers if layer]
        if not layers or wanted is None or frame.implementation is not nw.Implementation.DUCKDB:
            for layer in layers:
                frame = frame.with_columns(**layer)
            return frame
        needed = [named_in(wanted)]
        for layer in reversed(layers[1:]):
            needed.append(needed[-1] | named_in(layer.values()))
        for layer, still in zip(layers, reversed(needed), strict=True):
            left = [c for c in frame.columns if c not in still and not c.startswith((GIVEN_OUT, KEY))]
            frame = _with_columns_of_duckdb(frame, layer, left)
        return frame

    def _over_polars(self, frame: LazyFrame) -> LazyFrame:
        if not self._by_polars:
            namespace = _compliant(frame).__narwhals_namespace__()
            self._by_polars[:] = [{name: _as_in(namespace, expr).native for name, expr in layer.items()}
                                  for layer in self.layers if layer]
        native = frame.to_native()
        for layer in self._by_polars:
            native = native.with_columns(**layer)
        found: LazyFrame = nw.from_native(native)
        return found


def _compliant(frame: LazyFrame) -> Any:
    """What narwhals has of a frame in the terms of its engine; there is no public way."""
    return frame._compliant_frame


def _as_in(namespace: Any, expr: nw.Expr) -> Any:
    return expr._to_compliant_expr(namespace)


def _with_columns_of_duckdb(frame: LazyFrame, layer: Mapping[str, nw.Expr], without: Sequence[str]) -> LazyFrame:
    """`with_columns` that leaves some columns behind and does not name each of the others one by one."""
    from duckdb import StarExpression

    compliant = _compliant(frame)
    namespace = compliant.__narwhals_namespace__()
    made = [_as_in(namespace, expr)(compliant)[0].alias(name) for name, expr in layer.items()]
    others = [StarExpression(exclude=list(without))] if len(without) < len(frame.columns) else []
    rows: LazyFrame = nw.from_native(frame.to_native().select(*others, *made))
    return rows

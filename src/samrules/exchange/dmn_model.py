"""What a DMN file holds, as far as samrules writes and reads it."""

from __future__ import annotations

import attrs

VERSIONS = {"1.5": "https://www.omg.org/spec/DMN/20230324/", "1.3": "https://www.omg.org/spec/DMN/20191111/"}
"""The versions that are written, with what the names of their namespaces begin with. All that samrules writes is the same in both."""
SAMRULES = "urn:samrules:dmn:1"
"""The namespace of the few attributes that only samrules reads; other engines pass over them."""
HIT_POLICIES = {"first": "FIRST", "unique": "UNIQUE", "priority": "PRIORITY", "collect": "COLLECT"}
REMARKS = ("title", "because", "cites")
"""The annotations of a table that samrules knows; it writes no others."""


@attrs.frozen
class ItemType:
    """A named type: a type of FEEL or another named type, perhaps with its allowed values as unary tests; or `parts`, each with
    its type, in place of one. `many` is a list of such values.
    """

    name: str
    base: str
    allowed: str | None = None
    parts: tuple[tuple[str, str], ...] = ()
    many: bool = False


@attrs.frozen
class Input:
    """An input of the model, by its name in FEEL."""

    name: str
    type: str
    says: str
    label: str
    original: str
    """The name of the fact, where FEEL has a word of that name."""


@attrs.frozen
class Output:
    """A column that a table sets. `values` are in order of priority."""

    name: str
    values: tuple[str, ...] = ()
    default: str | None = None
    type: str = "Any"


@attrs.frozen
class Row:
    """The unary tests, outputs and annotations of a row, as text."""

    tests: tuple[str, ...]
    sets: tuple[str, ...]
    remarks: tuple[str, ...] = ()


@attrs.frozen
class Table:
    """A decision table. `inputs` are expressions, each with its type."""

    hit_policy: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[Output, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()
    because: str | None = None
    cites: tuple[str, ...] = ()
    """Of the rows that have none of their own."""


@attrs.frozen
class Decision:
    """A decision by its name in FEEL: an expression or a table, and the names it rests on."""

    name: str
    logic: str | Table
    requires: tuple[str, ...]
    label: str
    says: str = ""
    type: str = "Any"
    derived: bool = False
    """Whether it says again what the tables of the file say."""
    original: str | None = None
    """The name of the decision table."""


@attrs.frozen
class Model:
    """A whole file."""

    name: str
    says: str
    types: tuple[ItemType, ...]
    inputs: tuple[Input, ...]
    decisions: tuple[Decision, ...]
    version: str
    currency: str | None = None

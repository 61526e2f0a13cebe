"""Evidence: the single conditions of a trace, each with its truth and the facts it saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from samrules.decision.trace import Trace, unique
from samrules.model import expressions as ex
from samrules.model.types import Value


@attrs.frozen
class Evidence:
    """One condition: its text, its truth (None: unknown), the facts and thresholds it saw."""

    condition: str
    truth: bool | None
    facts: Mapping[str, Value | None]
    parameters: Mapping[str, Value | None]
    within: str | None
    """The definition it stands in, if any."""


def evidence(trace: Trace) -> tuple[Evidence, ...]:
    """The conditions of a trace in the order written, through groups and definitions."""
    return tuple(_evidence(leaf, within) for leaf, within in leaves(trace))


def leaves(trace: Trace, within: str | None = None) -> Iterator[tuple[Trace, str | None]]:
    """Each single condition, with the definition it stands in."""
    if trace.is_named_condition:
        yield from leaves(trace.parts[0], trace.text)
    elif trace.is_group:
        for part in trace.parts:
            yield from leaves(part, within)
    else:
        yield trace, within


def _evidence(leaf: Trace, within: str | None) -> Evidence:
    facts: dict[str, Value | None] = {}
    parameters: dict[str, Value | None] = {}
    for node in unique(leaf):
        if isinstance(node.expr, ex.Name):
            into = {"fact": facts, "parameter": parameters}.get(node.note.role)
            if into is not None:
                into[node.text] = node.value
    truth = leaf.value if isinstance(leaf.value, bool) else None
    return Evidence(leaf.text, truth, facts, parameters, within)

"""Evidence: the single conditions of a trace, each with its truth and the facts it saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from samrules.decision.trace import Trace, below, unique
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


def leaves(trace: Trace) -> Iterator[tuple[Trace, str | None]]:
    """Each single condition once, in the order written, with the definition it first stands in."""
    seen: set[int] = set()
    stack: list[tuple[Trace, str | None]] = [(trace, None)]
    while stack:
        node, within = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        parts = below(node)
        if not parts:
            yield node, within
        inside = node.text if node.is_named_condition else within
        stack.extend((part, inside) for part in reversed(parts))


def _evidence(leaf: Trace, within: str | None) -> Evidence:
    facts: dict[str, Value | None] = {}
    parameters: dict[str, Value | None] = {}
    for node in unique(leaf):
        if isinstance(node.expr, ex.Name):
            into = {"fact": facts, "parameter": parameters}.get(node.note.role)
            if into is not None:
                into.setdefault(node.text, node.value)  # the first is of this review, the others of earlier ones
    truth = leaf.value if isinstance(leaf.value, bool) else None
    return Evidence(leaf.text, truth, facts, parameters, within)

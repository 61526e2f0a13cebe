"""How a decision of another ruleset came out, for the one that asks for it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from samrules.model.types import Type, Value


@attrs.frozen
class Part:
    """The decision of another ruleset that a decision rests on, as that ruleset by itself decides it.

    Attributes:
        ruleset: the ruleset asked; `decision` is the name of its decision, `title` what to call it.
        outcome: its outcome; its word for an unsettled one where the facts leave it open.
        settled: whether no missing fact could change it; `possible` every outcome that still may be.
        rules: the titles of the rules that give the outcome; `because` are their sentences, filled in.
        outputs: what it carries besides the outcome, each value (None: not known) with its type.
        cites: the passages that those rules rest on.
    """

    ruleset: str
    decision: str
    title: str
    outcome: str
    settled: bool
    possible: tuple[str, ...]
    rules: tuple[str, ...]
    because: tuple[str, ...]
    outputs: Mapping[str, tuple[Value | None, Type | None]]
    cites: tuple[str, ...]

"""Dated events of an account, as a decision saw them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import attrs

from samrules.model.types import Value


@attrs.frozen
class Event:
    """Something that happened on a day: its kind, and the fields that are known of it."""

    day: date
    type: str
    fields: Mapping[str, Value] = attrs.field(factory=dict)

    @property
    def order(self) -> tuple[date, str, tuple[tuple[str, str], ...]]:
        """By date, then kind, then fields: the same order however the events were handed over."""
        return self.day, self.type, tuple(sorted((k, repr(v)) for k, v in self.fields.items()))

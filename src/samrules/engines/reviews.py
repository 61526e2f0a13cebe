"""What must be sustained, for engines that keep truths and no traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from samrules.engines.interpreter import all_of, date_before
from samrules.errors import FactError
from samrules.model import expressions as ex

Review = tuple[date, Mapping[ex.Held, bool | None]] | FactError
"""An earlier review: its day, and whether what must be sustained held; or why that cannot be said."""


def held_earlier(node: ex.Held, day: date, earlier: Sequence[Review]) -> bool | None:
    """Whether what must be sustained held at the earlier reviews that count; false where they are too few.

    `earlier` has the latest first. Which of them count is a matter of dates alone. Raises the FactError of a
    review that counts and cannot be seen.
    """
    reach = date_before(node.over, day) if node.over is not None else day
    assert reach is not None
    parts: list[bool | None] = []
    enough = node.reviews == 1 and day <= reach
    for review in earlier:
        if enough:
            break
        if isinstance(review, FactError):
            raise review
        parts.append(review[1][node])
        enough = len(parts) + 1 >= node.reviews and review[0] <= reach
    return all_of(parts) if enough else False

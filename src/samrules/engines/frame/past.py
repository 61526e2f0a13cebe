"""What the earlier reviews of an account say, as columns beside the accounts."""

from __future__ import annotations

import attrs

from samrules.engines.frame.terms import Term


@attrs.frozen
class Past:
    """What they say of one `Held`.

    `enough`: there are enough of them; `truth`: the operand at all that count; `lasted`: it was true at
    every one that was looked at, and so many were.
    """

    enough: Term
    truth: Term
    lasted: Term

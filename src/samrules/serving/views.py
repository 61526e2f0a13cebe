"""The pages over rulesets and a ledger: what each shows, and what its forms do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from samrules.serving.call import Call, Reply

if TYPE_CHECKING:
    from samrules.serving.service import Service


@attrs.frozen
class View:
    """A page, or what a form of one is sent to."""

    name: str
    method: str
    path: str
    handler: Callable[[Service, Call], Reply]


VIEWS: tuple[View, ...] = ()

"""The pages: where each is, and what makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from samrules.serving import view_accounts, view_log, view_portfolio, view_try
from samrules.serving.call import Call, Reply

if TYPE_CHECKING:
    from samrules.serving.service import Service


@attrs.frozen
class View:
    """A page, or what a form of one is sent to. `needs` is as for operations."""

    name: str
    method: str
    path: str
    handler: Callable[[Service, Call], Reply]
    needs: str = ""


VIEWS: tuple[View, ...] = (
    View("page_accounts", "GET", "/", view_accounts.accounts),
    View("page_portfolio", "GET", "/portfolio", view_portfolio.portfolio, "reading"),
    View("page_account", "GET", "/account", view_accounts.account, "reading"),
    View("page_override", "POST", "/override", view_accounts.override, "writing"),
    View("page_withdraw", "POST", "/withdraw", view_accounts.withdraw, "writing"),
    View("page_log", "GET", "/log", view_log.log, "reading"),
    View("page_record", "GET", "/record", view_log.record, "reading"),
    View("page_verify", "GET", "/verify", view_log.verify, "reading"),
    View("page_rulesets", "GET", "/try", view_try.rulesets),
    View("page_try", "GET", "/try/{ruleset}", view_try.blank),
    View("page_tried", "POST", "/try/{ruleset}", view_try.tried),
    View("page_what_if", "GET", "/what-if", view_try.of_record, "reading"),
    View("page_would_change", "GET", "/would-change", view_try.would_change, "reading"),
    View("page_changed", "POST", "/what-if", view_try.changed, "reading"),
)

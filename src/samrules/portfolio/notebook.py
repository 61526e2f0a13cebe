"""A portfolio as a notebook shows it: the choice in sentences, then the accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samrules.decision.decision import Decision
from samrules.decision.notebook import BOX, CELL, FAINT, Html, element
from samrules.decision.words import counted, day, word

if TYPE_CHECKING:
    from samrules.portfolio.portfolio import Portfolio

_MOST = 60
"""Accounts shown."""


def portfolio_html(portfolio: Portfolio) -> str:
    says = [portfolio.says, *([portfolio.likeness.says] if portfolio.likeness else [])]
    head = element("tr", *(element("th", title, scope="col", style=CELL) for title in ("Account", "Decision", "Rank")))
    rows = [_row(d) for d in portfolio.decisions[:_MOST]]
    rest = len(portfolio.decisions) - len(rows)
    more = [element("p", f"and {counted(rest, 'more accounts')}", style=FAINT)] if rest else []
    about = f"{portfolio.ruleset} {portfolio.version}, {day(portfolio.as_of)}"
    return element(
        "div", element("p", element("strong", portfolio.title), " ", element("span", about, style=FAINT), style="margin:.3em 0"),
        *(element("p", text, style="margin:.3em 0") for text in says),
        element("table", element("thead", head), element("tbody", *rows), style="border-collapse:collapse;margin:.5em 0;color:inherit;font-size:inherit"),
        *more, style=BOX, role="group", aria_label=portfolio.title)


def _row(decision: Decision) -> Html:
    outcome = decision.outcome if isinstance(decision.outcome, str) else ", ".join(decision.outcome)
    rank = decision.placing.rank if decision.placing is not None else None
    shown = "" if rank is None else f"{rank.low:g}" if rank.low == rank.high else f"{rank.low:g} to {rank.high:g}" if rank.high is not None else f"from {rank.low:g}"
    return element("tr", element("th", decision.who, scope="row", style=f"{CELL};font-weight:600"),
                   element("td", word(outcome), style=CELL), element("td", shown, style=CELL))

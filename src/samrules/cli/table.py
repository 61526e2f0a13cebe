"""The table for people: each account with its decision and the reason, to be read from the top."""

from __future__ import annotations

import io
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from samrules.cli.report import colour_allowed, printable
from samrules.decision.decision import Decision
from samrules.decision.placing import owner_of
from samrules.decision.words import counted, day
from samrules.explain.brief import brief
from samrules.explain.rules_in_words import asked, carried, outcome_words

if TYPE_CHECKING:
    from rich.table import Table

    from samrules.portfolio.portfolio import Portfolio
    from samrules.rules import Rules

_WIDTH = 100
_FACTS_SHOWN = 3


def decisions_table(rules: Rules, decisions: Iterable[Decision], terminal: bool) -> str:
    """The decisions as a table of at most 100 columns; colour only for a terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), leading=1,
                  expand=True)
    table.add_column("Account", max_width=26, overflow="fold")
    table.add_column("Decision", max_width=17)
    table.add_column("Why", ratio=1)
    counts: Counter[str] = Counter()
    often: Counter[str] = Counter()
    head = ""
    for decision in decisions:
        outcome = outcome_words(decision)
        counts[outcome] += 1
        head = f"{rules.title}. {rules.name} {rules.version}, {day(decision.as_of)}"
        who = Text(printable(decision.who).replace("\n", " "), "bold")
        if decision.who != decision.account:
            who.append("\n" + printable(decision.account).replace("\n", " "), "not bold dim")
        style = "bold" if decision.settled else "yellow"
        often.update(asked(decision, fact) for fact in decision.deciding_unknowns[:_FACTS_SHOWN]
                     if not owner_of(fact)[1])
        table.add_row(who, Text(outcome, style), Text(printable(reason(decision))))
    return f"{head}\n\n{_drawn(table, terminal)}\n{_worth_asking(often)}{summary(counts)}\n"


def _worth_asking(asked: Counter[str]) -> str:
    """The facts that would help most accounts: where a programme starts its questions."""
    often = [(fact, n) for fact, n in asked.most_common(_FACTS_SHOWN) if n > 1]
    if not often:
        return ""
    said = "; ".join(f"{fact} ({n:,} accounts)" for fact, n in often)
    return "\n".join(textwrap.wrap(f"Most worth finding out: {said}.", _WIDTH)) + "\n\n"


def choice_below(portfolio: Portfolio) -> str:
    """What is said below the table of a portfolio: the places, and whether the list copies another."""
    said = [portfolio.says, *([portfolio.likeness.says] if portfolio.likeness else [])]
    return "".join("\n" + "\n".join(textwrap.wrap(printable(text), _WIDTH)) + "\n" for text in said)


def summary(counts: Counter[str]) -> str:
    """`20 accounts: 6 designate, 5 nominate, …`, most frequent first."""
    said = ", ".join(f"{n:,} {outcome}" for outcome, n in counts.most_common())
    return f"{counted(counts.total(), 'accounts')}: {said}"


def _drawn(table: Table, terminal: bool) -> str:
    from rich.console import Console

    width = min(_WIDTH, shutil.get_terminal_size((_WIDTH, 25)).columns) if terminal else _WIDTH
    console = Console(file=io.StringIO(), width=max(width, 40), force_terminal=terminal,
                      color_system="auto" if terminal else None, no_color=colour_allowed() is False,
                      highlight=False, markup=False, emoji=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def reason(decision: Decision) -> str:
    """Why, as one would say it in a meeting, and what follows; `samrules explain` has the whole."""
    return "\n".join(filter(None, (brief(decision), _outputs(decision))))


def _outputs(decision: Decision) -> str:
    return f"→ {carried(decision.outputs, decision.currency)}" if decision.outputs else ""

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
from samrules.decision.words import counted, day, listed, sentence, word
from samrules.explain.conditions import Phrases
from samrules.explain.rules_in_words import asked, carried, stopped_part
from samrules.model.ruleset import CONFLICT

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


# --- the reason in a sentence or two -------------------------------------------------------------


def outcome_words(decision: Decision) -> str:
    if isinstance(decision.outcome, tuple):
        return listed([word(o) for o in decision.outcome]) if decision.outcome else "nothing"
    return word(decision.outcome)


def reason(decision: Decision) -> str:
    """Why, as one would say it in a meeting, and what follows; `samrules explain` has the whole."""
    return "\n".join(filter(None, (_said(decision), _outputs(decision))))


def _said(decision: Decision) -> str:
    if not decision.settled:
        return _open(decision)
    if decision.outcome == CONFLICT:
        both = listed([f"“{r.title}” ({word(r.outcome)})" for r in decision.fired])
        return f"Rules that exclude each other hold at once: {both}. The ruleset must say which comes first."
    says = decision.placing.says if decision.placing is not None else ""
    rules = decision.deciding
    if not rules:
        return _otherwise(decision)
    said = rules[0].because or sentence(rules[0].title)
    if len(rules) > 1 and decision.decide.hit_policy == "collect":
        said = " ".join(r.because or sentence(r.title) for r in rules)
    elif len(rules) > 1:
        said += " Also: " + _end("; ".join(_lower(r.title) for r in rules[1:]))
    return says or said


def _open(decision: Decision) -> str:
    possible = listed([word(o) for o in decision.possible], "or")
    unknown = decision.deciding_unknowns
    if not unknown:
        return f"Open: {possible}. A calculation has no result, or an earlier review is incomplete."
    shown = [asked(decision, fact) for fact in unknown[:_FACTS_SHOWN]]
    if more := len(unknown) - len(shown):
        shown.append(f"and {more} more")
    says = f" {decision.placing.says}" if decision.placing is not None else ""
    return f"Open: {possible}.{says}\nFind out first: {_end('; '.join(shown))}"


def _otherwise(decision: Decision) -> str:
    """No rule gave the outcome: what it would have taken for another, where little was missing."""
    given = decision.outcome if isinstance(decision.outcome, tuple) else (decision.outcome,)
    ruled = {r.outcome for r in decision.rules}
    others = [o for o in decision.decide.outcomes if o not in given and o in ruled]
    said = f"No rule for {listed([word(o) for o in others], 'or')} holds." if others else "No rule holds."
    near = sorted((r for r in decision.near if r.outcome in others), key=lambda r: -others.index(r.outcome))
    stopped = [item for part in stopped_part(decision) for item in part.items]
    if stopped:
        return f"{said} {sentence(stopped[0].text)}"
    if near and near[0].near is not None:
        failed = Phrases(decision).condition(near[0].near, near[0].short_of[0][1])
        return f"{said} Nearest was {word(near[0].outcome)}, by “{near[0].title}”: {_end(failed)}"
    return said


def _outputs(decision: Decision) -> str:
    return f"→ {carried(decision.outputs, decision.currency)}" if decision.outputs else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _end(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."

"""What `decide`, `explain` and an override ask for, read from the JSON of a request."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from samrules.decision.decision import Decision
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.engines import outcome
from samrules.errors import FactError, UndeclaredFactWarning
from samrules.portfolio.portfolio import Portfolio
from samrules.rules import Rules
from samrules.serving.call import refusal
from samrules.serving.shape import Shape

MOST_ACCOUNTS = 500
MOST_ENTRIES = 20_000
"""Events, or reviews, in one request."""
ENGINES = (outcome.INTERPRETER, outcome.COMPILED)
"""Not durable: its package is written in C, and not made for facts from strangers."""
_ACCOUNTS = ("accounts", "events", "recorded", "history", "as_of", "engine")
FORMATS = ("json", "text", "markdown")


@attrs.frozen
class Asked:
    """Accounts to be decided, as they came: values are checked when they are decided."""

    accounts: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]] | None
    recorded: Sequence[str] | None
    history: Sequence[Mapping[str, Any]]
    as_of: date
    engine: str


@attrs.frozen
class Answer:
    """The decisions, the choice among them if there is one, and what is no error."""

    decisions: Sequence[Decision]
    portfolio: Portfolio | None
    warnings: Sequence[Diagnostic]


def asked(given: Mapping[str, Any], *more: str) -> tuple[Asked, Shape]:
    """The accounts of a request; `more` are keys that the caller reads from the shape, which it ends with `done`."""
    shape = Shape(given, (*_ACCOUNTS, *more))
    found = Asked(
        shape.objects("accounts", most=MOST_ACCOUNTS, needed=True) or [],
        shape.objects("events", most=MOST_ENTRIES),
        shape.names("recorded"),
        shape.objects("history", most=MOST_ENTRIES) or [],
        shape.day("as_of") or date.today(),
        shape.word("engine", ENGINES, outcome.INTERPRETER))
    return found, shape


def decided(rules: Rules, what: Asked) -> Answer:
    """The decisions, accounts together where the ruleset decides so. Raises FactError with the problems of all."""
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always", UndeclaredFactWarning)
        decisions = rules.decide_each(what.accounts, events=what.events, recorded=what.recorded, history=what.history,
                                      as_of=what.as_of, engine=what.engine)
    told = [Diagnostic("undeclared-fact", str(w.message), "rename what is a misspelt fact, leave out the rest", where="accounts")
            for w in met if issubclass(w.category, UndeclaredFactWarning)]
    if not rules.together:
        return Answer(decisions, None, told)
    portfolio = rules.choose(decisions, what.as_of)
    return Answer(portfolio.decisions, portfolio, told)


def one_of(decisions: Sequence[Decision], account: str | None) -> Decision:
    """The decision asked for; of several, one must be named. Raises Refusal, FactError."""
    if account is None:
        if len(decisions) > 1:
            raise refusal(400, "missing-key", "there are several accounts, and none is named", "add `account`: the id of the one to explain", "body")
        return decisions[0]
    by_id = {d.account: d for d in decisions}
    if account not in by_id:
        raise FactError([Diagnostic("no-such-account", f"there is no account `{account}` in the request",
                                    did_you_mean(account, by_id, "accounts"), where="account")])
    return by_id[account]

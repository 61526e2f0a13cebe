"""A history decided anew, review by review, each on what was known then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs

from samrules.decision.decision import Decision, as_json
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.engines.measures import Record
from samrules.errors import FactError
from samrules.model.types import Duration
from samrules.rules import Rules, load
from samrules.tuning.reviews import Carried, Review, Standing, carried_by, reviews_of

SCHEMA = "samrules.backtest/1"
SOON = Duration(months=12)
"""A second change of status within this time of the first is told as such."""

Outcome = str | tuple[str, ...]


@attrs.frozen
class Decided:
    """One account at one review. `status` is what stood on record before it, where the ruleset has a lifecycle."""

    day: date
    account: str
    name: str
    decision: Decision
    status: str | None
    recorded: str | None = None


@attrs.frozen
class StatusChange:
    """A change of status. `soon`: within a year of the account's change before."""

    day: date
    account: str
    name: str
    old: str
    new: str
    why: str
    soon: bool


@attrs.frozen
class Stay:
    """A time that an account spent in a status; `end` is None while it lasts. Where it began before the first
    review and no date is on record, `start` is the first review, and `whole` is false."""

    account: str
    status: str
    start: date
    end: date | None
    whole: bool

    def months(self, until: date) -> int:
        end = self.end or until
        return (end.year - self.start.year) * 12 + end.month - self.start.month - (end.day < self.start.day)


@attrs.frozen
class Backtest:
    """What a ruleset would have decided, review by review.

    Attributes:
        decided: every account at every review, in order.
        carried: the facts that each review took from the decision before it.
        changes, stays: of the status of the ruleset's lifecycle; empty where it has none.
        waiting: accounts on the waiting list by review; only of a ruleset that decides accounts together.
        recorded: what `recorded` of each `Decided` is: a column, or a fact at the review after; None without.
    """

    rules: Rules
    days: tuple[date, ...]
    decided: tuple[Decided, ...]
    carried: tuple[Carried, ...]
    changes: tuple[StatusChange, ...]
    stays: tuple[Stay, ...]
    waiting: Mapping[date, tuple[str, ...]]
    recorded: str | None
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def confusion(self) -> Mapping[tuple[str, str], int]:
        """How many decisions have each pair of the recorded outcome and the one decided."""
        return Counter((d.recorded, _word(d.decision.outcome)) for d in self.decided if d.recorded is not None)

    @property
    def differing(self) -> tuple[Decided, ...]:
        """Where the record says otherwise."""
        return tuple(d for d in self.decided if d.recorded is not None and d.recorded != _word(d.decision.outcome))

    def counts(self, day: date) -> Mapping[Outcome, int]:
        return Counter(d.decision.outcome for d in self.decided if d.day == day)

    def __str__(self) -> str:
        from samrules.tuning.backtest_text import text_of_backtest

        return text_of_backtest(self)

    def to_dict(self) -> dict[str, Any]:
        """The backtest as JSON-ready data, schema `samrules.backtest/1`."""
        r = self.rules
        last = self.days[-1]
        return {
            "schema": SCHEMA,
            "ruleset": {"name": r.name, "version": r.version, "digest": r.digest},
            "carried": [c.fact for c in self.carried] + [c.since for c in self.carried if c.since],
            "reviews": [{
                "day": day.isoformat(),
                "accounts": [{"account": d.account, "status": d.status, "outcome": as_list(d.decision.outcome),
                              "settled": d.decision.settled, "outputs": {k: as_json(v) for k, (v, _) in d.decision.outputs.items()},
                              "recorded": d.recorded}
                             for d in self.decided if d.day == day],
                **({"waiting": list(self.waiting[day])} if day in self.waiting else {}),
            } for day in self.days],
            "changes": [{"day": c.day.isoformat(), "account": c.account, "old": c.old, "new": c.new, "why": c.why, "soon": c.soon}
                        for c in self.changes],
            "stays": [{"account": s.account, "status": s.status, "start": s.start.isoformat(),
                       "end": s.end.isoformat() if s.end else None, "whole": s.whole, "months": s.months(last)} for s in self.stays],
            **({"recorded": {"what": self.recorded, "compared": sum(self.confusion.values()),
                             "agreeing": sum(n for (a, b), n in self.confusion.items() if a == b),
                             "confusion": [{"recorded": a, "decided": b, "count": n} for (a, b), n in sorted(self.confusion.items())]}}
               if self.recorded else {}),
        }


def as_list(outcome: Outcome) -> Any:
    return list(outcome) if isinstance(outcome, tuple) else outcome


def _word(outcome: Outcome) -> str:
    return ", ".join(outcome) if isinstance(outcome, tuple) else outcome


def backtest(ruleset: str | Path | Rules, folder: str | Path, *, recorded: str | None = None,
             since: Mapping[str, Sequence[str]] | None = None) -> Backtest:
    """Decide every review of a folder in order, each on what was known at it.

    Args:
        ruleset: a bundled name, a path, or a loaded ruleset.
        folder: one subfolder a review, named by its day, with `accounts.*` and perhaps `history.*` and `events.*`.
        recorded: a column of the accounts tables that says what was decided at that review. Where it is not given and the
            ruleset has a lifecycle, the status that the table of the next review has is taken for the record.
        since: facts that take the day on which the account came into one of some states:
            `{"designated_on": ["strategic", "watch"]}`.

    What lifecycles and ladders keep on record (a status and its date, a level) is taken from the table at an account's
    first review, and carried on from decision to decision after it.

    Raises RulesetError and FactError.
    """
    rules = ruleset if isinstance(ruleset, Rules) else load(ruleset)
    rules.must_decide()
    carried = carried_by(rules, since or {})
    status = next((c for c in carried if c.ruleset == rules.name and c.output is None and not c.states), None)
    standing: dict[str, Standing] = {}
    decided: list[Decided] = []
    waiting: dict[date, tuple[str, ...]] = {}
    days: list[date] = []
    warnings: dict[Diagnostic, None] = {}
    for review in reviews_of(Path(folder), rules):
        days.append(review.day)
        warnings |= dict.fromkeys(w for w in review.table.warnings
                                  if not (w.code == "undeclared-fact" and recorded is not None and f"`{recorded}`" in w.message))
        if recorded is None and status is not None:
            decided = _with_record(decided, review, status, days)
        own = _recorded(review, recorded) if recorded is not None else {}
        for decision, facts in _decisions(rules, review, standing):
            was = facts.get(status.fact) if status is not None else None
            decided.append(Decided(review.day, decision.account, str(facts.get("account_name") or decision.account), decision,
                                   str(was) if was is not None else None, own.get(decision.account)))
            standing[decision.account].decided(review.day, facts, decision, carried, rules.facts)
            if decision.placing is not None and decision.outcome == decision.placing.waitlisted:
                waiting[review.day] = (*waiting.get(review.day, ()), decision.account)
        if rules.together:
            waiting.setdefault(review.day, ())
    what = recorded or (f"{status.fact} at the next review" if status is not None and any(d.recorded for d in decided) else None)
    changes, stays = _careers(decided, status) if status is not None else ((), ())
    return Backtest(rules, tuple(days), tuple(decided), tuple(carried), changes, stays, waiting, what, tuple(warnings))


def _decisions(rules: Rules, review: Review, standing: dict[str, Standing]) -> list[tuple[Decision, dict[str, Any]]]:
    made, known = [], {}
    for account in review.table.accounts:
        own = standing.setdefault(account.id, Standing())
        facts = own.onto(account.facts)
        known[account.id] = facts
        made.append(rules.decide_checked(facts, review.day, own.before(review.day, account.history),
                                         Record(account.events, review.table.recorded)))
    if rules.together:
        made = list(rules.choose(made, review.day, review.table.locate).decisions)
    return [(d, known[d.account]) for d in made]


def _recorded(review: Review, column: str) -> dict[str, str]:
    """What the column says of each account; blank cells say nothing."""
    table = review.table.table
    assert table is not None
    if column not in table.columns:
        raise FactError([Diagnostic("missing-column", f"the table has no column `{column}`, with what was decided then",
                                    did_you_mean(column, table.columns, "columns"), where=str(review.folder))])
    said = {i: row.values.get(column) for i, row in review.table.rows.items()}
    return {i: str(v).strip() for i, v in said.items() if v is not None and str(v).strip()}


def _with_record(decided: list[Decided], review: Review, status: Carried, days: list[date]) -> list[Decided]:
    """The decisions of the review before, with the status that this review's table has on record."""
    if len(days) < 2:
        return decided
    said = {a.id: a.facts.get(status.fact) for a in review.table.accounts}
    return [attrs.evolve(d, recorded=str(said[d.account])) if d.day == days[-2] and said.get(d.account) is not None else d
            for d in decided]


def _careers(decided: list[Decided], status: Carried) -> tuple[tuple[StatusChange, ...], tuple[Stay, ...]]:
    """Changes of status and times spent in each, account by account in order of date."""
    changes: list[StatusChange] = []
    stays: list[Stay] = []
    by_account: dict[str, list[Decided]] = {}
    for one in decided:
        by_account.setdefault(one.account, []).append(one)
    for account, line in by_account.items():
        changed: date | None = None
        since = line[0].decision.facts.get(status.since) if status.since is not None else None
        start, whole = (since, True) if isinstance(since, date) else (line[0].day, False)
        current = line[0].status
        for one in line:
            new = status.value(one.decision)
            if current is None:
                current = str(new) if new is not None else None
                continue
            if new is None or new == current:
                continue
            soon = changed is not None and changed > SOON.before(one.day)
            changes.append(StatusChange(one.day, account, one.name, current, str(new), why(one.decision), soon))
            stays.append(Stay(account, current, start, one.day, whole))
            current, start, whole, changed = str(new), one.day, True, one.day
        if current is not None:
            stays.append(Stay(account, current, start, None, whole))
    return tuple(sorted(changes, key=lambda c: c.day)), tuple(stays)


def why(decision: Decision) -> str:
    """The sentence of the rule that decided, or what is missing."""
    if not decision.settled:
        return f"not known: {', '.join(decision.deciding_unknowns[:3])}" if decision.deciding_unknowns else "open"
    rules = decision.deciding
    return (rules[0].because or f"the rule `{rules[0].name}` holds") if rules else "no rule holds"


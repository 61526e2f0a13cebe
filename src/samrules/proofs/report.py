"""What was proved, refuted and found of a ruleset, as data and in words."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import attrs

from samrules.decision.words import day, value_in_words, word
from samrules.diagnostics import Span
from samrules.model.types import Value
from samrules.plan.plan import Plan
from samrules.proofs.frame import ID, Situation
from samrules.syntax.case_values import changed_text


class Verdict(enum.Enum):
    """What was found of an invariant, a rule or a table."""

    PROVED = "proved"
    PROVED_BUT_FOR_ROUNDING = "proved but for rounding"
    REFUTED = "refuted"
    DEAD = "dead"
    SHADOWED = "shadowed"
    CONFLICT = "conflict"
    GAP = "gap"
    FLAPS = "flaps"
    UNKNOWN = "unknown"
    NOTE = "note"


GOOD = frozenset({Verdict.PROVED, Verdict.PROVED_BUT_FOR_ROUNDING, Verdict.NOTE})


@attrs.frozen
class Account:
    """An account in words: each fact by its title, in the order declared; earlier reviews; what changes.

    `facts` and `after` are name, title and value in words; `given` are the plain values, for another program, and `case` is what a
    case would say of it, in YAML; `case_after` what it would say after the change.
    """

    facts: tuple[tuple[str, str, str], ...]
    after: tuple[tuple[str, str, str], ...]
    history: tuple[tuple[date, tuple[tuple[str, str, str], ...]], ...]
    as_of: date
    given: Situation
    case: tuple[str, ...] = ()
    case_after: str = ""

    def to_dict(self) -> dict[str, Any]:
        from samrules.decision.decision import as_json

        def plain(facts: Mapping[str, Value]) -> dict[str, Any]:
            return {name: as_json(facts[name]) for name in sorted(facts)}

        found: dict[str, Any] = {"as_of": self.as_of.isoformat(), "facts": plain(self.given.facts)}
        if self.given.after:
            found["after"] = plain(self.given.after)
        if self.given.history:
            found["history"] = [{"review_date": at.isoformat(), **plain(known)} for at, known in self.given.history]
        return found

    def lines(self) -> Iterator[str]:
        """One line a fact; then what is to be known besides."""
        yield from (f"{title}: {value}" for _, title, value in self.facts)
        for at, facts in self.history:
            now = {(name, value) for name, _, value in self.facts}
            if {(name, value) for name, _, value in facts} == now:
                yield f"and the same at the review of {day(at)}"
                continue
            yield f"at the review of {day(at)}" + (":" if facts else ", nothing was known")
            yield from (f"  {title}: {value}" for _, title, value in facts)
        known = "All other facts are missing." if self.facts else "No fact is known."
        yield f"{known} Decided as of {day(self.as_of)}."


def in_words(plan: Plan, at: Situation) -> Account:
    """An account in its facts' own words."""

    def shown(facts: Mapping[str, Value]) -> tuple[tuple[str, str, str], ...]:
        return tuple((name, title_of(plan, name), value_in_words(facts[name], fact.type, plan.currency))
                     for name, fact in plan.facts.items() if name in facts and name != ID)

    return Account(shown(at.facts), shown(at.after), tuple((d, shown(f)) for d, f in at.history), at.as_of, at, tuple(_case(plan, at)),
                   f"facts: {_written(plan, at.changed)}" if at.after else "")


def _written(plan: Plan, facts: Mapping[str, Value]) -> str:
    return changed_text({name: facts[name] for name in plan.facts if name in facts and name != ID}, plan.facts)


def _case(plan: Plan, at: Situation) -> Iterator[str]:
    """The lines of a case, but for what it expects."""
    yield f"as_of: {at.as_of}"
    yield f"facts: {_written(plan, at.facts)}"
    if at.history:
        reviews = [(reviewed, _written(plan, known)[1:]) for reviewed, known in at.history]
        yield "history: [" + ", ".join(f"{{review_date: {reviewed}{', ' if known != '}' else ''}{known}" for reviewed, known in reviews) + "]"


def title_of(plan: Plan, fact: str) -> str:
    return plan.facts[fact].title or word(fact)


@attrs.frozen
class Result:
    """One thing that was asked of a ruleset, with the answer.

    `what` says of what kind `name` is: an `invariant`, a `rule`, a `table`, a `lifecycle`, a `ladder`, the
    `decision`. `says` is a sentence; `account` shows it where the answer is an account, and `rules` are lines on what the rules
    made of it. `claim` is what an invariant says, read back: its title may say something else.
    """

    verdict: Verdict
    what: str
    name: str
    says: str
    account: Account | None = None
    title: str | None = None
    span: Span | None = attrs.field(default=None, eq=False)
    seconds: float = attrs.field(default=0.0, eq=False)
    claim: str | None = None
    rules: tuple[str, ...] = ()

    @property
    def finding(self) -> bool:
        """Whether something is wrong with the ruleset."""
        return self.verdict not in GOOD and self.verdict is not Verdict.UNKNOWN

    def to_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value, "what": self.what, "name": self.name, "says": self.says, "claim": self.claim, "rules": list(self.rules),
            "account": self.account.to_dict() if self.account else None,
            "file": self.span.file if self.span else None, "line": self.span.line if self.span else None,
            "seconds": round(self.seconds, 2),
        }

    def lines(self) -> Iterator[str]:
        yield f"{self.verdict.value:<8} {self.what} {self.name} ({self.seconds:.1f} s)"
        yield f"  {self.says}"
        if self.account is not None:
            yield from (f"    {line}" for line in self.account.lines())
        if self.claim is not None and self.title is not None:
            yield f"  Read as: {self.claim}."
        yield from (f"  {line[:1].upper()}{line[1:]}." for line in self.rules)
        if self.account is not None and self.finding:
            yield "  In a case:"
            yield from (f"    {line}" for line in self.account.case)
            if self.account.case_after:
                yield "  and after the change:"
                yield f"    {self.account.case_after}"


@attrs.frozen
class Report:
    """All that was asked of one ruleset."""

    ruleset: str
    version: str
    digest: str
    results: tuple[Result, ...]
    rules: int
    live: int
    """How many of the rules decide some account: one was found, and the interpreter agreed."""

    @property
    def findings(self) -> tuple[Result, ...]:
        return tuple(r for r in self.results if r.finding)

    @property
    def unknown(self) -> tuple[Result, ...]:
        return tuple(r for r in self.results if r.verdict is Verdict.UNKNOWN)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data, schema `samrules.proofs/1`."""
        return {"schema": "samrules.proofs/1", "ruleset": self.ruleset, "version": self.version, "digest": self.digest,
                "rules": self.rules, "rules_that_decide": self.live, "results": [r.to_dict() for r in self.results]}

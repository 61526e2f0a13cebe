"""Cases tried: the decision of each, and what differs from what was expected, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import attrs

from samrules.authoring.cases import (
    BandIs,
    Case,
    CasesFile,
    Expectation,
    Other,
    OutcomeIs,
    OutputIs,
    PossibleAre,
    RuleIs,
    ScoreIs,
    SettledIs,
    Way,
)
from samrules.decision.decision import Decision, RuleResult, ScoreResult
from samrules.decision.trace import missing_facts
from samrules.decision.words import listed
from samrules.diagnostics import NAMES_SHOWN, Span
from samrules.engines.measures import Record
from samrules.errors import FactError
from samrules.inputs.facts import ID
from samrules.model.types import Duration, Value
from samrules.rules import Rules
from samrules.syntax.literals import plain_number

_NEAR_ENOUGH = 1e-9


@attrs.frozen
class Difference:
    """One expectation that was not met, and where it stands in the file."""

    says: str
    span: Span


@attrs.frozen
class CaseResult:
    """A case that was tried. `decision` is None where the account cannot be decided at all."""

    case: Case
    decision: Decision | None
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        """`passed`, or everything that differs, in a line."""
        return f"`{self.case.name}`: " + ("; ".join(d.says for d in self.differences) or "passed")


def run_cases(file: CasesFile) -> tuple[CaseResult, ...]:
    """Every case of a file, tried."""
    return tuple(run_case(file.rules, case) for case in file.cases)


def run_case(rules: Rules, case: Case) -> CaseResult:
    """One case, tried; along with its others where the ruleset decides accounts together.

    A case that cannot be decided differs in that.
    """
    decisions: list[Decision] = []
    said: list[Difference] = []
    accounts: list[Case | Other] = [case, *case.others]
    for one in accounts:
        try:
            decisions.append(rules.decide_checked(one.facts, case.as_of, one.history, Record(one.events, one.recorded)))
        except FactError as error:
            said += _undecided("it" if one is case else f"`{one.facts[ID]}`", error, one.span)
    if rules.together and not said:
        try:
            decisions = list(rules.choose(decisions, case.as_of).decisions)
        except FactError as error:
            said += _undecided("it", error, case.span)
    if said:
        return CaseResult(case, None, tuple(said))
    return compared(case, decisions[0])


def compared(case: Case, decision: Decision) -> CaseResult:
    """What a decision says of a case, against what was expected."""
    return CaseResult(case, decision, tuple(
        Difference(text, expected.span) for expected in case.expected for text in differs(expected, decision)))


def _undecided(what: str, error: FactError, at: Span) -> Iterator[Difference]:
    for d in error.diagnostics:
        yield Difference(f"{what} cannot be decided: {d.message}", at)


def differs(expected: Expectation, decision: Decision) -> Iterator[str]:
    """What is otherwise than expected: one sentence, or none."""
    match expected:
        case OutcomeIs(outcome=outcome):
            if decision.outcome != outcome:
                yield f"the outcome is {_outcome(decision)}, expected {_words(outcome)}{_open(decision)}"
        case SettledIs(settled=settled):
            if decision.settled is not settled:
                yield f"the decision is {'not ' if settled else ''}settled, expected " \
                      f"{'settled' if settled else 'open'}{_open(decision)}"
        case PossibleAre(outcomes=outcomes):
            if set(decision.possible) != outcomes:
                order = [*decision.decide.outcomes, *sorted(outcomes)]
                yield f"possible are {_words(decision.possible)}, expected " \
                      f"{_words(tuple(sorted(outcomes, key=order.index)))}"
        case RuleIs(rule=name, way=way):
            rule = next(r for r in decision.rules if r.name == name)
            if Way.of(rule.truth) is not way:
                yield f"the rule `{name}` {_FARED[Way.of(rule.truth)]}, expected {_WAY[way]}{_reason(rule)}"
        case OutputIs(name=name, value=value):
            found = decision.outputs.get(name, (None, None))[0]
            if not same(found, value):
                yield f"the output `{name}` is {_value(found)}, expected {_value(value)}"
        case ScoreIs(name=name, low=low, high=high):
            score = _score(decision, name)
            if abs(score.low - low) > _NEAR_ENOUGH or abs(score.high - high) > _NEAR_ENOUGH:
                lacks = list(dict.fromkeys(f for c in score.criteria for f in c.missing))
                yield f"the score `{name}` is {_interval(score.low, score.high)}, expected " \
                      f"{_interval(low, high)}{_missing(lacks)}"
        case BandIs(score=name, band=band):
            score = _score(decision, name)
            if score.band != band:
                found_band = f"{score.band}" if score.band else "in no band for certain"
                yield f"the score `{name}`, {_interval(score.low, score.high)}, is {found_band}, expected {band}"


_FARED = {Way.FIRED: "fired", Way.NOT_FIRED: "did not fire", Way.UNKNOWN: "was unknown"}
_WAY = {Way.FIRED: "fired", Way.NOT_FIRED: "not fired", Way.UNKNOWN: "unknown"}


def same(found: Value | None, expected: Value | None) -> bool:
    """Whether a value is the one expected; numbers to the last digits but few, yes is not 1."""
    numbers = [x for x in (found, expected) if isinstance(x, int | float) and not isinstance(x, bool)]
    if len(numbers) == 2:
        return abs(numbers[0] - numbers[1]) <= _NEAR_ENOUGH * max(1.0, abs(numbers[0]))
    return type(found) is type(expected) and found == expected


def _score(decision: Decision, name: str) -> ScoreResult:
    return next(s for s in decision.scores if s.name == name)


def _outcome(decision: Decision) -> str:
    return _words(decision.outcome)


def _words(outcome: str | tuple[str, ...]) -> str:
    return outcome if isinstance(outcome, str) else listed(list(outcome)) if outcome else "none"


def _value(value: Value | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "without a value" if value is None else str(value) if isinstance(value, date | Duration | str) else repr(value)


def _interval(low: float, high: float) -> str:
    """In full: what differs in the third decimal must not look alike."""
    ends = [plain_number(end).removesuffix(".0") for end in (low, high)]
    return ends[0] if low == high else f"between {ends[0]} and {ends[1]}"


def _open(decision: Decision) -> str:
    """What is possible and missing, where the decision is open."""
    if decision.settled:
        return ""
    return f" (possible: {', '.join(decision.possible)}{_missing(decision.deciding_unknowns, '; ')})"


def _reason(rule: RuleResult) -> str:
    """What is missing, or what would have to be otherwise."""
    if rule.truth is None:
        return _missing(missing_facts(rule.trace))
    if rule.truth is True:
        return ""
    if rule.stopped:
        return ", stopped by an exception"
    short = [f"`{trace.text}` {_IS[trace.value]}" for trace, _ in rule.short_of if trace.text and (trace.value is None or isinstance(trace.value, bool))]
    return f", as {listed(short[:NAMES_SHOWN])}" if short else ""


_IS: dict[Value | None, str] = {True: "holds", False: "does not hold", None: "is unknown"}


def _missing(names: list[str] | tuple[str, ...], before: str = ", ") -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f"{before}missing: {', '.join(names[:NAMES_SHOWN])}{more}"

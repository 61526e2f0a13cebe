"""From an interpreted view to the decision: rules, verdict, outputs, scores, what would decide."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import date

from samrules.decision.decision import (
    Citation,
    CriterionResult,
    Decision,
    RuleResult,
    ScoreResult,
    Threshold,
    as_json,
)
from samrules.decision.events import Event
from samrules.decision.placing import Claim, SortKey
from samrules.decision.policy import judge
from samrules.decision.trace import Trace, missing_facts
from samrules.decision.weigh import deciding_unknowns, short_of
from samrules.decision.words import interval, sentence, value_in_words
from samrules.engines.interpreter import Facts, View, evaluate, view
from samrules.engines.measures import NO_RECORD, Record, measured
from samrules.model import expressions as ex
from samrules.model.types import Type, Value
from samrules.plan.plan import Placeholder, Plan, PlannedRule, PlannedScore, Shown

ENGINE = "interpreter"


def decide(plan: Plan, facts: Facts, as_of: date,
           history: Sequence[tuple[date, Facts]] = (), record: Record = NO_RECORD) -> Decision:
    """Decide one account. `facts` are checked and without missing ones; `account_id` among them.

    Raises FactError if a parameter has no value yet on a date that is needed, or if a fact that
    was given disagrees with the events.
    """
    assert plan.decide is not None
    measured_now = measured(plan, facts, record, as_of)
    facts = measured_now.facts
    history = [(day, measured(plan, known, record, day).facts) for day, known in history]
    now = view(plan, facts, as_of, history)
    rules = tuple(_rule(planned, now) for planned in plan.rules)
    verdict = judge(plan.decide, [(r.outcome, r.truth) for r in rules])
    scores = tuple(_score(s, now) for s in plan.scores)
    unknowns = () if verdict.settled else deciding_unknowns(plan.decide, rules, scores, list(plan.facts))
    read = {name: facts[name] for name in sorted(facts) if name in plan.read}
    return Decision(
        claim=_claim(plan, now),
        account=str(facts["account_id"]),
        account_name=_name_of(facts),
        as_of=as_of,
        ruleset=plan.name,
        version=plan.version,
        digest=plan.digest,
        title=plan.title,
        engine=ENGINE,
        decide=plan.decide,
        outcome=verdict.outcome,
        settled=verdict.settled,
        possible=verdict.possible,
        deciding_unknowns=unknowns,
        outputs=_outputs(plan, rules, verdict.outcome, now) if verdict.settled else {},
        scores=scores,
        rules=rules,
        facts=read,
        facts_digest=facts_digest(facts, history, _seen(plan, record, as_of)),
        counted=measured_now.counted,
        declared=plan.facts,
        kinds=plan.events,
        citations={
            key: Citation(key, c.source.title, c.source.author, c.passage.says)
            for key, c in plan.citations.items()
        },
        thresholds=_thresholds(plan, as_of),
        currency=plan.currency,
    )


def _claim(plan: Plan, now: View) -> Claim | None:
    """What the account brings to the choice of a portfolio."""
    places = plan.places
    if places is None:
        return None
    incumbent = evaluate(places.incumbents, now) if places.incumbents is not None else None
    compared = evaluate(places.compared.expr, now).value if places.compared is not None else None
    return Claim(
        incumbent=_truth(incumbent) if incumbent is not None else False,
        incumbent_missing=tuple(missing_facts(incumbent)) if incumbent is not None else (),
        keys=(_sort_key(places.rank, 1, now), *(_sort_key(t.value, t.sign, now) for t in places.ties)),
        compared=float(compared) if isinstance(compared, int | float) else None,
    )


def _sort_key(shown: Shown, sign: int, now: View) -> SortKey:
    """A value as accounts are ordered by it, the lower first; `sign` is 1 where the upper end goes first."""
    low = evaluate(shown.expr, now)
    high = evaluate(shown.high, now) if shown.high is not None else low
    ends = [_ordered(low.value), _ordered(high.value)]
    if None in ends:
        return SortKey(-math.inf, math.inf, tuple(missing_facts(low)))
    missing = dict.fromkeys([*missing_facts(low), *missing_facts(high)]) if ends[0] != ends[1] else ()
    first, last = sorted(-sign * end for end in ends if end is not None)
    return SortKey(first, last, tuple(missing))


def _ordered(value: Value | None) -> float | None:
    if isinstance(value, date):
        return value.toordinal()
    return value if isinstance(value, int | float) else None


def _thresholds(plan: Plan, day: date) -> dict[str, Threshold]:
    """Every parameter that is read, by absolute name, as in force on a day."""
    found = {}
    for name, p in plan.parameters.items():
        dated = p.at(day)
        assert dated is not None  # the view was made with it
        title = p.title or p.name.replace("_", " ")
        found[name] = Threshold(p.name, title, dated.value, p.type, dated.since, p.reason, p.cites)
    return found


def _seen(plan: Plan, record: Record, day: date) -> Sequence[Event]:
    """The events up to a day of the kinds that some measure counts."""
    kinds = {k for m in plan.measures for k in (*m.measure.of.events, *m.measure.since)}
    return [e for e in record.events if e.type in kinds and e.day <= day]


def facts_digest(facts: Facts, history: Sequence[tuple[date, Facts]] = (),
                 events: Sequence[Event] = ()) -> str:
    """A hash over the declared facts, now and at earlier reviews, and the events, in a fixed order."""
    record: dict[str, object] = {"facts": _plain(facts)}
    if history:
        record["history"] = [[day.isoformat(), _plain(known)] for day, known in history]
    if events:
        record["events"] = [[e.day.isoformat(), e.type, _plain(e.fields)] for e in events]
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _plain(facts: Facts) -> dict[str, object]:
    return {name: as_json(facts[name]) for name in sorted(facts)}


def _name_of(facts: Facts) -> str | None:
    name = facts.get("account_name")
    return name if isinstance(name, str) else None


# --- rules ---------------------------------------------------------------------------------------


def _rule(planned: PlannedRule, now: View) -> RuleResult:
    trace = now.steps[planned.step]
    rule = planned.rule
    body = trace
    reviews: tuple[tuple[date, bool | None], ...] = ()
    if isinstance(trace.expr, ex.Held):
        body = trace.parts[0].parts[0]
        reviews = tuple((date.fromisoformat(p.text), _truth(p)) for p in trace.parts)
    when = body
    exceptions: tuple[Trace, ...] = ()
    if rule.unless:
        when, exceptions = body.parts[0], tuple(negated.parts[0] for negated in body.parts[1:])
    truth = _truth(trace)
    return RuleResult(
        name=rule.name,
        title=rule.title or rule.name.replace("_", " "),
        outcome=planned.outcome,
        truth=truth,
        trace=trace,
        when=when,
        exceptions=exceptions,
        reviews=reviews,
        reviews_needed=rule.sustained.reviews if rule.sustained else 0,
        because=_because(planned, now) if rule.because else None,
        cites=rule.cites,
        short_of=short_of(trace),
    )


def _truth(trace: Trace) -> bool | None:
    return trace.value if isinstance(trace.value, bool) else None


def _because(planned: PlannedRule, now: View) -> str:
    """The rule's sentence with the values of this account."""
    words = []
    for part in planned.because:
        if part is None:
            words.append(_name_of(now.facts) or str(now.facts["account_id"]))
        elif isinstance(part, Placeholder):
            words.append(_placeholder(part, now))
        else:
            words.append(part)
    text = "".join(words)
    if planned.because[0] == "" and len(planned.because) > 1 and planned.because[1] is None:
        return text if text.endswith((".", "!", "?")) else text + "."  # it begins with a name, as given
    return sentence(text)


def _placeholder(part: Placeholder, now: View) -> str:
    value = evaluate(part.value.expr, now).value
    if part.value.high is not None and isinstance(value, float):
        high = evaluate(part.value.high, now).value
        assert isinstance(high, float)
        return interval(value, high)
    if part.singular is None:
        return value_in_words(value, part.value.type, now.plan.currency)
    noun = part.singular if value == 1 else part.plural
    bare = Type(part.value.type.kind) if part.value.type else None
    counted = value_in_words(value, bare)
    return f"{counted} {noun}" if value is not None else f"an unknown number of {part.plural}"


def _outputs(plan: Plan, rules: Sequence[RuleResult], outcome: str | tuple[str, ...],
             now: View) -> Mapping[str, tuple[Value | None, Type | None]]:
    """Each output from the first rule that holds, gives the outcome and sets it.

    Where a rule before it is still unknown and would set it otherwise, the output is not known yet.
    """
    wanted = outcome if isinstance(outcome, tuple) else (outcome,)
    found: dict[str, tuple[Value | None, Type | None]] = {}
    for planned, result in zip(plan.rules, rules, strict=True):
        if result.truth is False or result.outcome not in wanted:
            continue
        for name, value in planned.outputs:
            if name not in found and result.truth is None:
                found[name] = (None, None)
            elif name not in found:
                found[name] = (evaluate(value.expr, now).value, value.type) \
                    if isinstance(value, Shown) else (value, None)
    return found


# --- scores --------------------------------------------------------------------------------------


def _score(planned: PlannedScore, now: View) -> ScoreResult:
    low, high = _end(planned.low, now), _end(planned.high, now)
    criteria = tuple(
        CriterionResult(
            name=c.name,
            title=c.title,
            weight=c.weight,
            low=_end(c.low, now),
            high=_end(c.high, now),
            missing=tuple(missing_facts(now.steps[c.low])) if _end(c.low, now) != _end(c.high, now) else (),
        )
        for c in planned.criteria
    )
    return ScoreResult(planned.low.removesuffix(":low"), planned.name, planned.title, low, high,
                       planned.band(low, high), criteria)


def _end(step: str, now: View) -> float:
    value = now.steps[step].value
    assert isinstance(value, float)
    return value

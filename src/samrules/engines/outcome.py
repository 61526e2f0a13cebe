"""From an interpreted view to the decision: rules, verdict, outputs, scores, what would decide."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import attrs

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
from samrules.decision.part import Part
from samrules.decision.placing import Claim, SortKey
from samrules.decision.policy import Verdict, deciding, judge
from samrules.decision.trace import Trace, missing_facts
from samrules.decision.weigh import deciding_unknowns, short_of
from samrules.decision.words import interval, sentence, value_in_words
from samrules.engines.interpreter import Facts, View, evaluate, view
from samrules.engines.measures import NO_RECORD, Record, measured
from samrules.errors import FactError
from samrules.model import expressions as ex
from samrules.model.types import Type, Value
from samrules.plan.plan import Placeholder, Plan, PlannedDecision, PlannedRule, PlannedScore, Shown

INTERPRETER, DURABLE, COMPILED = "interpreter", "durable", "compiled"


@attrs.frozen
class Basis:
    """All that a decision was made from, so that it can be made again on other facts.

    `facts` and those of `history`, in order of date, hold what was counted too.
    """

    plan: Plan
    facts: Facts
    as_of: date
    history: tuple[tuple[date, Facts], ...]
    record: Record


def decide(plan: Plan, facts: Facts, as_of: date,
           history: Sequence[tuple[date, Facts]] = (), record: Record = NO_RECORD,
           engine: str = INTERPRETER) -> Decision:
    """Decide one account. `facts` are checked and without missing ones; `account_id` among them.

    With the engine `durable`, what holds is what durable_rules entailed, and the interpreter's trace explains it; with
    `compiled`, the parts of the decision that need the trace are made when they are asked for.

    Raises FactError if a parameter has no value yet on a date that is needed, or if a fact that
    was given disagrees with the events; EngineError where the engine cannot run.
    """
    if engine == COMPILED:
        from samrules.engines.compiled import decision as compiled

        return compiled.decide(plan, facts, as_of, history, record)
    measured_now = measured(plan, facts, record, as_of)
    reviews = [(day, at_review(plan, known, record, day)) for day, known in history]
    now = view(plan, measured_now.facts, as_of, reviews)
    past = as_recorded(reviews, history)
    if engine == DURABLE:
        from samrules.engines.durable import entailed

        now = entailed(now, past)
    return decision_at(now, measured_now.counted, past, record)


def decision_at(now: View, counted: Mapping[str, tuple[Event, ...]], history: Sequence[tuple[date, Facts]],
                record: Record) -> Decision:
    """The decision at a view that is evaluated. `counted` are the events behind each measure, `history`
    the earlier reviews with what was counted for them, `record` the events that all of it was counted from."""
    plan, facts, as_of = now.plan, now.facts, now.day
    main = plan.decision
    assert main is not None
    own = judged(main, now)
    verdict = own.verdict
    rules = tuple(rule_result(planned, now) for planned in main.rules)
    scores = tuple(score_result(s, now) for s in plan.scores)
    unknowns = () if verdict.settled else deciding_unknowns(main.decide, rules, scores, list(plan.facts))
    return Decision(
        claim=claim(plan, now),
        account=str(facts["account_id"]),
        account_name=name_of(facts),
        as_of=as_of,
        ruleset=plan.name,
        version=plan.version,
        digest=plan.digest,
        title=plan.title,
        engine=INTERPRETER if now.entailed is None else DURABLE,
        decide=main.decide,
        outcome=verdict.outcome,
        settled=verdict.settled,
        possible=verdict.possible,
        deciding_unknowns=unknowns,
        outputs=own.outputs,
        scores=scores,
        rules=rules,
        facts=facts_read(plan, facts),
        facts_digest=facts_digest(facts, history, events_seen(plan, record, as_of)),
        counted=counted,
        declared=plan.facts,
        kinds=plan.events,
        citations=citations(plan),
        thresholds=thresholds(plan, as_of),
        currency=plan.currency,
        parts=parts(plan, now),
        basis=Basis(plan, facts, as_of, tuple(history), record),
    )


def facts_read(plan: Plan, facts: Facts) -> dict[str, Value]:
    """The facts that can have an effect, by name."""
    return {name: facts[name] for name in sorted(facts) if name in plan.read}


def citations(plan: Plan) -> dict[str, Citation]:
    """Every passage that the ruleset rests on, by key."""
    return {key: Citation(key, c.source.title, c.source.author, c.passage.says) for key, c in plan.citations.items()}


def parts(plan: Plan, now: View) -> tuple[Part, ...]:
    """How the decisions that are asked for came out."""
    return tuple(_part(judged(asked, now), now) for asked in plan.asked)


def at_review(plan: Plan, known: Facts, record: Record, day: date) -> Facts | FactError:
    """The facts at an earlier review, with what was counted; or why a parameter kept it from being counted.

    That matters only to a rule that looks back so far. What is wrong with the data is raised.
    """
    try:
        return measured(plan, known, record, day).facts
    except FactError as error:
        if any(d.code != "parameter-not-yet" for d in error.diagnostics):
            raise
        return error


def as_recorded(seen: Sequence[tuple[date, Facts | FactError]],
                given: Sequence[tuple[date, Facts]]) -> list[tuple[date, Facts]]:
    """Reviews for the record: those that could not be counted, as they were given."""
    known = dict(given)
    return [(day, known[day] if isinstance(facts, FactError) else facts) for day, facts in seen]


def claim(plan: Plan, now: View) -> Claim | None:
    """What the account brings to the choice of a portfolio."""
    places = plan.places
    if places is None:
        return None
    incumbent = evaluate(places.incumbents, now) if places.incumbents is not None else None
    compared = evaluate(places.compared.expr, now).value if places.compared is not None else None
    return Claim(
        incumbent=_truth(incumbent.value) if incumbent is not None else False,
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


def thresholds(plan: Plan, day: date) -> dict[str, Threshold]:
    """Every parameter that is read, by absolute name, as in force on a day."""
    found = {}
    for name, p in plan.parameters.items():
        dated = p.at(day)
        assert dated is not None  # the view was made with it
        title = p.title or p.name.replace("_", " ")
        found[name] = Threshold(p.name, title, dated.value, p.type, dated.since, p.reason, p.cites)
    return found


def events_seen(plan: Plan, record: Record, day: date) -> Sequence[Event]:
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


def name_of(facts: Facts) -> str | None:
    name = facts.get("account_name")
    return name if isinstance(name, str) else None


# --- decisions: the ruleset's own, and those it asks for -----------------------------------------

Outputs = Mapping[str, tuple[Value | None, Type | None]]


@attrs.frozen
class Judged:
    """A decision of the plan at a view: the truth of each rule, the verdict, the outputs."""

    planned: PlannedDecision
    rules: tuple[tuple[str, bool | None], ...]
    verdict: Verdict
    outputs: Outputs


def judged(planned: PlannedDecision, now: View) -> Judged:
    rules = tuple((r.outcome, _truth(now.value(r.step))) for r in planned.rules)
    verdict = judge(planned.decide, rules)
    return Judged(planned, rules, verdict, outputs(planned, rules, verdict, lambda node: evaluate(node, now).value))


def outputs(planned: PlannedDecision, rules: Sequence[tuple[str, bool | None]], verdict: Verdict,
            value_of: Callable[[ex.Expr], Value | None]) -> Outputs:
    """What the decision always carries, then, once it is settled, what rules set; a rule comes before `always`.

    An output is that of the first rule that holds, gives the outcome and sets it. It is not known yet
    where a rule before it is unknown, or where a rule may still give another outcome with it: so
    a value, once known, stays.
    """
    by_rules: dict[str, tuple[Value | None, Type | None]] = {}
    for rule, (outcome, truth) in zip(planned.rules, rules, strict=True):
        if truth is False or outcome not in verdict.possible:
            continue
        for name, value in rule.outputs:
            if name not in by_rules:
                by_rules[name] = _value(value, value_of) if truth and verdict.settled else (None, None)
    standing = {name: by_rules.pop(name) if name in by_rules else _value(value, value_of)
                for name, value in planned.always}
    return {**standing, **by_rules} if verdict.settled else standing


def _giving(own: Judged) -> list[PlannedRule]:
    """The rules that hold and give the outcome."""
    planned = own.planned
    return [planned.rules[place] for place in deciding(planned.decide, own.verdict.outcome, own.rules)]


def sentences(own: Judged, now: View) -> tuple[str, ...]:
    """The sentences of the rules that give the outcome, filled in."""
    return tuple(_because(r, now) for r in _giving(own) if r.rule.because)


def _part(own: Judged, now: View) -> Part:
    planned, verdict = own.planned, own.verdict
    assert isinstance(verdict.outcome, str)  # one that collects cannot be asked for
    given = _giving(own)
    return Part(
        ruleset=planned.ruleset,
        decision=planned.decide.name,
        title=planned.title,
        outcome=verdict.outcome,
        settled=verdict.settled,
        possible=verdict.possible,
        rules=tuple(title_of(r) for r in given),
        because=sentences(own, now),
        outputs=own.outputs,
        cites=tuple(dict.fromkeys(key for r in given for key in r.rule.cites)),
    )


# --- rules ---------------------------------------------------------------------------------------


def rule_result(planned: PlannedRule, now: View) -> RuleResult:
    trace = now.steps[planned.step]
    rule = planned.rule
    when, exceptions, at_reviews = conditions(planned, trace)
    return RuleResult(
        name=rule.name,
        title=title_of(planned),
        outcome=planned.outcome,
        truth=_truth(now.value(planned.step)),
        trace=trace,
        when=when,
        exceptions=exceptions,
        reviews=at_reviews,
        reviews_needed=reviews_needed(planned),
        because=because(planned, now),
        cites=rule.cites,
        short_of=short_of(trace),
    )


def conditions(planned: PlannedRule, trace: Trace) -> tuple[Trace, tuple[Trace, ...], tuple[tuple[date, bool | None], ...]]:
    """Of a rule's trace: what it asks, its exceptions, its truth at each review that counts."""
    body = trace
    reviews: tuple[tuple[date, bool | None], ...] = ()
    if isinstance(trace.expr, ex.Held):
        body = trace.parts[0].parts[0]
        reviews = tuple((date.fromisoformat(p.text), _truth(p.value)) for p in trace.parts)
    when = body
    exceptions: tuple[Trace, ...] = ()
    if planned.rule.unless:
        when, exceptions = body.parts[0], tuple(negated.parts[0] for negated in body.parts[1:])
    return when, exceptions, reviews


def reviews_needed(planned: PlannedRule) -> int:
    return planned.rule.sustained.reviews if planned.rule.sustained else 0


def title_of(planned: PlannedRule) -> str:
    return planned.rule.title or planned.rule.name.replace("_", " ")


def _truth(value: Value | None) -> bool | None:
    return value if isinstance(value, bool) else None


def because(planned: PlannedRule, now: View) -> str | None:
    """The rule's sentence with the values of this account."""
    return _because(planned, now) if planned.rule.because else None


def _because(planned: PlannedRule, now: View) -> str:
    values = [(evaluate(part.value.expr, now).value,
               evaluate(part.value.high, now).value if part.value.high is not None else None)
              for part in planned.because if isinstance(part, Placeholder)]
    return filled(planned, name_of(now.facts) or str(now.facts["account_id"]), values, now.plan.currency)


def filled(planned: PlannedRule, who: str, values: Sequence[tuple[Value | None, Value | None]],
           currency: str | None) -> str:
    """A rule's sentence with the values that it inserts, in order; of a score, its low and its high end."""
    given = iter(values)
    words = []
    for part in planned.because:
        if part is None:
            words.append(who)
        elif isinstance(part, Placeholder):
            words.append(_placeholder(part, *next(given), currency))
        else:
            words.append(part)
    text = "".join(words)
    if planned.because[0] == "" and len(planned.because) > 1 and planned.because[1] is None:
        return text if text.endswith((".", "!", "?")) else text + "."  # it begins with a name, as given
    return sentence(text)


def _placeholder(part: Placeholder, value: Value | None, high: Value | None, currency: str | None) -> str:
    if part.value.high is not None and isinstance(value, float):
        assert isinstance(high, float)
        return interval(value, high)
    if part.singular is None:
        return value_in_words(value, part.value.type, currency)
    noun = part.singular if value == 1 else part.plural
    bare = Type(part.value.type.kind) if part.value.type else None
    counted = value_in_words(value, bare)
    return f"{counted} {noun}" if value is not None else f"an unknown number of {part.plural}"


def _value(value: Value | Shown, value_of: Callable[[ex.Expr], Value | None]) -> tuple[Value | None, Type | None]:
    return (value_of(value.expr), value.type) if isinstance(value, Shown) else (value, None)


# --- scores --------------------------------------------------------------------------------------


def score_result(planned: PlannedScore, now: View) -> ScoreResult:
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
    value = now.value(step)
    assert isinstance(value, float)
    return value

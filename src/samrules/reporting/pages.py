"""The part of one account: what was decided, why, what follows, and how it came to be so."""

from __future__ import annotations

from collections.abc import Iterable

from samrules.decision.decision import Decision, ScoreResult
from samrules.decision.events import Event
from samrules.decision.part import Part as Asked
from samrules.decision.words import (
    UNKNOWN,
    day,
    interval,
    listed,
    number,
    sentence,
    value_in_words,
    word,
)
from samrules.explain import explanation as said
from samrules.explain.conditions import Phrases
from samrules.explain.explanation import Explanation
from samrules.explain.rules_in_words import carried, nearest_misses, output_words, title_of
from samrules.model.ruleset import CONFLICT
from samrules.model.types import Value
from samrules.reporting.document import Answered, Bar, EventShown, Page, PastShown, ScoreShown, Term
from samrules.reporting.standing import Frame, value_of
from samrules.reporting.subject import ANEW, Subject

EVENTS_SHOWN = 60
"""Events of an account that are listed, the latest first."""

_REASONS = (said.RULE, said.RANKING, said.ALSO)


def page(subject: Subject, frame: Frame, number_: int, key: int) -> Page:
    """The part of an account that is the so-many-th in the report."""
    decision = subject.decision
    why: Explanation = decision.why()
    by_kind = {kind: tuple(p for p in why.parts if p.kind == kind) for kind in {p.kind for p in why.parts}}
    listed_events = tuple(reversed(subject.events))
    return Page(
        number=number_,
        name=decision.who,
        id=decision.account if decision.who != decision.account else "",
        key=key,
        outcome=frame.words(decision.outcome),
        settled=decision.settled,
        day=day(decision.as_of),
        move=_move(subject, frame),
        override=_override(subject, frame),
        answer=why.answer,
        terms=tuple(_terms(subject, frame)),
        follows=tuple(Term(_capital(word(name)), output_words(value, type_, decision.currency))
                      for name, (value, type_) in decision.outputs.items()),
        follows_title="What follows" if decision.settled else "What follows meanwhile",
        find_out=by_kind.get(said.FIND_OUT, ()),
        asked=tuple(_answered(p, decision) for p in decision.parts),
        reasons=tuple(p for p in why.parts if p.kind in _REASONS),
        near=(*(by_kind.get(said.NEAR, ()) if decision.settled else nearest_misses(decision)), *by_kind.get(said.STOPPED, ())),
        what_if=subject.what_if,
        what_if_note=_what_if_note(subject, frame),
        scores=tuple(_score(s, decision) for s in decision.scores),
        past=tuple(PastShown(day(p.day), p.said or frame.words(p.outcome), sentence(p.why), p.source) for p in subject.past),
        past_note=_past_note(subject, frame),
        events=tuple(_events(listed_events[:EVENTS_SHOWN], decision)),
        more_events=max(0, len(listed_events) - EVENTS_SHOWN),
        footnotes=(*by_kind.get(said.THRESHOLDS, ()), *by_kind.get(said.SOURCES, ())),
        record=why.record,
    )


def _move(subject: Subject, frame: Frame) -> str:
    before = frame.before(subject)
    decision = subject.decision
    if before is None:
        return ""
    was, now = frame.words(before), frame.words(decision.outcome)
    if not decision.settled:
        return f"So far: {was}. What it will be is open."
    return f"Was: {was}. From now on: {now}." if before != decision.outcome else f"As before: {now}."


def _override(subject: Subject, frame: Frame) -> str:
    o = subject.override
    if o is None:
        return ""
    return f"{o.by} has put “{frame.words(o.outcome)}” in its place, until {day(o.expires)}: {sentence(o.reason)} (record {o.record})"


def _terms(subject: Subject, frame: Frame) -> Iterable[Term]:
    """What a reader looks for first: the state and level on record, the score, the size."""
    decision, facts = subject.decision, frame.rules.facts
    if frame.status is not None:
        status = value_of(subject, frame.status.fact)
        shown = frame.words(status) if isinstance(status, str) else UNKNOWN
        since = value_of(subject, frame.status.since) if frame.status.since else None
        declared = facts[frame.status.fact]
        dated = f", since {value_in_words(since, facts[frame.status.since].type)}" if since is not None and frame.status.since else ""
        yield Term(f"{_capital(declared.title or word(declared.name))}, on record", shown + dated)
    for ladder, kept in frame.ladders:
        level = value_of(subject, kept.fact)
        title = next((x.title for x in ladder.levels if x.number == level), None)
        declared = facts[kept.fact]
        shown = f"{level}, {title}" if title else value_in_words(level, None)
        to = kept.value(decision)
        moves = f"; from now on {to}" if to is not None and to != level else ""
        yield Term(f"{_capital(declared.title or word(declared.name))}, on record", shown + moves)
    if decision.scores:
        yield Term(_capital(decision.scores[0].title), of_hundred(decision.scores[0]))
    if frame.size is not None:
        yield Term(_capital(frame.size.title or word(frame.size.name)), size_words(value_of(subject, frame.size.name), frame))


def about(value: float, frame: Frame) -> str:
    """A size in at most three figures: `1.36 million`, `413,000`; a list is read for the order of sizes."""
    assert frame.size is not None
    return value_in_words(float(f"{value:.3g}") if abs(value) >= 100 else value, frame.size.type, frame.rules.plan.currency)


def _answered(part: Asked, decision: Decision) -> Answered:
    if not part.settled:
        why = f"Still possible: {listed([word(o) for o in part.possible], 'or')}."
    elif part.outcome == CONFLICT:
        why = "Rules that exclude each other hold at once."
    elif part.because:
        why = " ".join(part.because)
    elif part.rules:
        why = f"By {listed([f'“{title}”' for title in part.rules])}."
    else:
        why = "No rule for another outcome holds."
    return Answered(_capital(part.title), word(part.outcome), said.PLAIN if part.settled else said.UNKNOWN, why,
                    carried(part.outputs, decision.currency))


def of_hundred(score: ScoreResult) -> str:
    """`74.9 of 100, top`; `between 41 and 78 of 100`; `not known` where it may be anything."""
    if score.low == 0 and score.high == 100:
        return UNKNOWN
    band = f", {word(score.band)}" if score.band else ""
    return f"{interval(score.low, score.high)} of 100{band}"


def size_words(value: Value | None, frame: Frame) -> str:
    assert frame.size is not None
    return value_in_words(value, frame.size.type, frame.rules.plan.currency)


def _score(score: ScoreResult, decision: Decision) -> ScoreShown:
    bars = []
    for c in score.criteria:
        titles = [title_of(decision, f) for f in c.missing]
        missing = "" if not titles else "not known" if titles == [c.title] else f"not known: {listed(titles)}"
        bars.append(Bar(_capital(c.title), c.low, c.high, c.weight, f"{points(c.low, c.high)} of {number(c.weight)}", missing))
    return ScoreShown(_capital(score.title), of_hundred(score), tuple(bars))


def points(low: float, high: float) -> str:
    """`12`, `12 to 15`."""
    return number(low, 1) if low == high else f"{number(low, 1)} to {number(high, 1)}"


def _what_if_note(subject: Subject, frame: Frame) -> str:
    if subject.what_if is not None:
        return ""
    if frame.rules.together:
        return "Accounts are decided together here: what would change one hangs on the others too, and was not looked for."
    return "Not looked for here; `samrules explain --what-if` finds it, and for all accounts `samrules report --what-if all`."


def _past_note(subject: Subject, frame: Frame) -> str:
    if not subject.past:
        return ("Accounts are decided together here, and the other accounts of earlier reviews are not at hand."
                if frame.rules.together else "No earlier review or decision of this account is at hand.")
    if any(p.source == ANEW for p in subject.past):
        return ("Decided anew: for this report, by these rules, on the facts on record at the review and with the thresholds of its "
                "day. What was decided at the time is not known here.")
    return ""


def _events(events: Iterable[Event], decision: Decision) -> Iterable[EventShown]:
    phrases = Phrases(decision)
    for event in events:
        kind = decision.kinds.get(event.type)
        if kind is None:
            yield EventShown(day(event.day), word(event.type), "")
            continue
        what = kind.title or word(event.type)
        yield EventShown(day(event.day), _capital(what), phrases.event_details(event))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


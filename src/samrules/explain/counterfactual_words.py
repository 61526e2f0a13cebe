"""Counterfactuals as sentences: what from, what to, and how far the search went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from samrules.counterfactual.moves import KNOWN, LOWER, RAISE, beside
from samrules.decision.words import apart, counted, day, listed, value_in_words, word
from samrules.explain.counterfactuals import (
    Change,
    Counterfactual,
    Counterfactuals,
    Lasting,
    Sought,
)
from samrules.explain.explanation import Explanation, Item, Part
from samrules.explain.rules_in_words import asked, outcome_words, record_line
from samrules.model.ruleset import Fact
from samrules.model.types import Kind, Value

_NAMED = 4
"""Facts that are named; of more, only some."""
_PLAIN_DIGITS = 8
"""A number of more digits is taken for the neighbour of a plainer one: above 90%, not 90.00000000000001%."""


def explanation(found: Counterfactuals) -> Explanation:
    d = found.decision
    is_ = outcome_words(d).capitalize()
    if not d.settled and d.possible:
        is_ += f" ({listed([word(o) for o in d.possible], 'or')})"
    return Explanation(
        question="what if",
        account=d.account,
        outcome=d.outcome,
        title=f"{d.who}: what would change it?",
        answer=f"It is {is_[0].lower() + is_[1:]}. {_lead(found)}",
        parts=(*(_part(s, found) for s in found.sought), _limits(found)),
        record=record_line(d),
    )


def _lead(found: Counterfactuals) -> str:
    wanted = word(found.sought[0].outcome) if len(found.sought) == 1 and found.sought[0].outcome is not None else "something else"
    if any(s.found for s in found.sought):
        return f"These are the smallest changes with which it would be {wanted} on {day(found.decision.as_of)}."
    return f"No changes were found with which it would be {wanted} on {day(found.decision.as_of)}."


def _part(sought: Sought, found: Counterfactuals) -> Part:
    heading = word(sought.outcome).capitalize() if sought.outcome is not None else "Another list of outcomes"
    currency = found.decision.currency
    items = [_item(c, currency, sought.outcome is None) for c in sought.found]
    said = list(_said(sought, found))
    if sought.lasting:
        if not any(c.changes for c in sought.lasting):
            said.append(f"It needs no change: it comes if things stay as they are. {_waiting(sought.lasting[0].lasting)}")
        else:
            said.append("It would come with these changes if they lasted:")
            items += [_item(c, currency, False) for c in sought.lasting]
    return Part(heading, tuple(said), tuple(items))


def _said(sought: Sought, found: Counterfactuals) -> list[str]:
    now = found.decision.outcome
    if sought.outcome is not None and (sought.outcome == now or (isinstance(now, tuple) and sought.outcome in now)):
        return ["It is that already."]
    if sought.nowhere and sought.outcome == found.decision.decide.unsettled:
        return ["No changes of the facts that were varied leave it open."]
    if sought.nowhere:
        titles = [asked(found.decision, name) for name in sought.needed]
        also = ""
        if len(titles) > _NAMED:
            also = f" One of {len(titles)} other facts would have to change too, such as {listed(titles[:_NAMED], 'or')}."
        elif titles:
            also = f" {'This' if len(titles) == 1 else 'One of these'} would have to change too: {listed(titles, 'or')}."
        return [f"No changes of the facts that were varied give it today, however many.{also}"]
    said = []
    most = changes_up_to(sought.settled_to)
    if sought.total:
        shown = f"; the {len(sought.found)} smallest are shown" if sought.total > len(sought.found) else ""
        sizes = sorted({len(c.changes) for c in sought.found})
        said.append(f"{_ways(sought.total)}, of {listed([str(s) for s in sizes], 'or')} {'change' if sizes == [1] else 'changes'}{shown}.")
    elif not sought.left_open and sought.settled_to:
        said.append(f"No set of {most} gives it today.")
    open_ = [listed(list(names)) for names in dict.fromkeys(sought.left_open)]
    if open_:
        named = "; ".join(open_[:_NAMED]) + ("; …" if len(open_) > _NAMED else "")
        said.append(f"Whether {'this gives' if len(open_) == 1 else f'these {len(open_)} sets give'} it could not be settled: {named}.")
    if not sought.complete and sought.settled_to < found.most:
        known = f"all others of {most} are known, larger ones are not" if sought.settled_to else "not even all single changes were looked at"
        said.append(f"The search ended early: {known}.")
    elif open_:
        said.append(f"All others of {most} are known.")
    elif sought.total and sought.settled_to < found.most:
        said.append(f"All ways of {most} are known; larger ones were not looked for.")
    return said


def changes_up_to(count: int) -> str:
    return "one change" if count == 1 else f"up to {count} changes"


def _ways(count: int) -> str:
    return "One way" if count == 1 else f"{count:,} ways"


def _limits(found: Counterfactuals) -> Part:
    """What was varied, how far the search went, and what it does not speak of."""
    names = [f.title or word(f.name) for f in found.varied]
    said = []
    if found.chosen_by == "named":
        said.append("None of the facts that were named has an effect here." if not names else
                    f"Varied: {listed(names)}." if len(names) <= 2 * _NAMED else f"The {len(names)} facts that were named and have an effect were varied.")
    elif found.chosen_by == "actionable":
        marked = sum(f.actionable != "no" for f in found.varied)
        missing = len(found.varied) - marked
        said.append(f"{counted(marked, 'facts').capitalize()} that {'is' if marked == 1 else 'are'} marked as actionable "
                    f"{'was' if marked == 1 else 'were'} varied" + (f", and {counted(missing, 'more that are', 'more that is')} not known." if missing else "."))
    else:
        said.append(f"The ruleset marks no fact as actionable, so all {len(found.varied)} that have an effect were varied.")
    if found.unheard:
        said.append(f"Without effect here: {listed(list(found.unheard))}.")
    said.append(f"At most {counted(found.most, 'facts')} at once, in today's facts only: earlier reviews, the date and the thresholds stay as they are.")
    if any(c.counted for s in found.sought for f in (*s.found, *s.lasting) for c in f.changes):
        said.append("Numbers that are counted from events were varied as numbers; which events would make them so is not said.")
    if any(not f.least for s in found.sought for f in s.found):
        said.append("Where it says so, another mix of the same facts may be smaller still.")
    return Part("What was looked at", tuple(said))


def _item(found: Counterfactual, currency: str | None, with_outcome: bool) -> Item:
    lines = [change_words(c, currency) for c in found.changes]
    ends = [_waiting(found.lasting)] if found.lasting else []
    if with_outcome:
        outcome = found.outcome
        ends.append(f"→ {listed([word(o) for o in outcome]) if isinstance(outcome, tuple) and outcome else word(str(outcome)) if outcome else 'none'}")
    if not found.smallest:
        ends.append("(perhaps not all of these are needed)")
    if not found.least:
        ends.append("(another mix may be smaller)")
    if len(lines) == 1:
        return Item(" ".join([lines[0], *ends]))
    return Item(" ".join([f"{counted(len(lines), 'changes')} together", *ends]), items=tuple(Item(line) for line in lines))


def _waiting(rules: Sequence[Lasting]) -> str:
    """`“Wants out” asks for 2 reviews over 2 months.`"""
    return " ".join(f"(“{r.rule}” asks for {counted(r.reviews, 'reviews')}{f' over {r.over}' if r.over else ''})" for r in rules)


def change_words(change: Change, currency: str | None) -> str:
    """`promises kept: from 17 to 18 or more`."""
    fact = change.fact
    title = fact.title or word(fact.name)
    if change.kind == KNOWN:
        return f"{title}: becomes known{_as_known(change, currency)}"
    if change.kind not in (RAISE, LOWER):
        old, new = (value_in_words(v, fact.type, currency) for v in (change.old, change.new))
        return f"{title}: from {old} to {new}"
    old, to = _apart(change, currency)
    if change.ranges is None:
        return f"{title}: from {old} to {to}"
    (near, far), open_ = change.ranges[0], change.open_ended[0]
    strict = beyond(near, fact, change.kind) is not None
    later = isinstance(near, date)
    up = change.kind == RAISE
    if near == far and not open_:
        return f"{title}: from {old} to {to}, neither more nor less"
    if open_ and not strict and near != far:
        to += f" or {('later' if later else 'more') if up else ('earlier' if later else 'less')}"
    if not open_:
        to += f", {_end(far, fact, currency, up=up)}"
    return f"{title}: from {old} to {to}"


def _apart(change: Change, currency: str | None) -> tuple[str, str]:
    """The value as it is and the one it goes to, which differ in words."""
    fact = change.fact
    mark = beyond(change.new, fact, change.kind)
    if mark is None:
        return apart(change.old, change.new, fact.type, currency)
    old, shown = apart(change.old, mark, fact.type, currency)
    return old, f"{'more' if change.kind == RAISE else 'less'} than {shown}"


def beyond(value: Value, fact: Fact, kind: str) -> Value | None:
    """The plain value that this one is the next after, on the way that a change takes; None where it is plain itself."""
    if not isinstance(value, float):
        return None
    before = beside(value, fact.type.kind, 1 if kind == LOWER else -1)
    if before == 0:
        return 0.0
    if len(repr(value)) <= _PLAIN_DIGITS:
        return None
    return before if isinstance(before, float) and len(repr(before)) < len(repr(value)) - 4 else None


def _end(far: Value, fact: Fact, currency: str | None, *, up: bool) -> str:
    """Where the way ends: `at most 5`, `below 5`."""
    mark = beyond(far, fact, LOWER if up else RAISE)
    if mark is not None:
        return f"{'below' if up else 'above'} {value_in_words(mark, fact.type, currency)}"
    return f"at {'most' if up else 'least'} {value_in_words(far, fact.type, currency)}"


def _as_known(change: Change, currency: str | None) -> str:
    fact = change.fact
    if fact.type.kind in (Kind.BOOLEAN, Kind.ENUM) or change.ranges is None:
        return f" and is {value_in_words(change.new, fact.type, currency)}"
    last = len(change.ranges) - 1
    said = []
    for place, ((near, far), open_) in enumerate(zip(change.ranges, change.open_ended, strict=True)):
        first = place == 0 and starts_open(near, fact)
        if first and open_ and place == last:
            return ""
        low, high = _end(near, fact, currency, up=False), _end(far, fact, currency, up=True)
        if near == far:
            said.append(value_in_words(near, fact.type, currency))
        else:
            said.append(high if first else low if open_ else f"{low} and {high}")
    return f" and is {listed(said, 'or')}"


def starts_open(near: Value, fact: Fact) -> bool:
    """Whether a stretch begins with the least value that the fact may have."""
    from samrules.counterfactual.moves import moves_of

    whole = moves_of(fact, None, "yes", None)
    return bool(whole) and whole[0].value(0) == near

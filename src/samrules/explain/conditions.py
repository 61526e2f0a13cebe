"""One condition in words: the value it saw, what was needed, and by how much it held or failed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

import attrs

from samrules.decision.decision import Decision, ScoreResult
from samrules.decision.events import Event
from samrules.decision.trace import Trace, facts_seen, unique
from samrules.decision.words import (
    UNKNOWN,
    age_in_words,
    apart,
    counted,
    day,
    interval,
    listed,
    money,
    number,
    ratio,
    value_in_words,
    word,
)
from samrules.explain.explanation import Item
from samrules.model import expressions as ex
from samrules.model import types as ty
from samrules.model.operators import FLIPPED, NEGATED
from samrules.model.types import Duration, Kind, Type, Value

_EVENTS_SHOWN = 5

_NEEDS = {
    "=": "{} needed", "!=": "anything but {} needed", "<": "below {} needed",
    "<=": "at most {} needed", ">": "above {} needed", ">=": "at least {} needed",
}

ALWAYS = ex.Literal(True, Kind.BOOLEAN)
"""The condition of a row of a table that asks nothing."""


@attrs.frozen
class Phrases:
    """Speaks of the conditions of one decision."""

    decision: Decision
    said: set[int] = attrs.field(factory=set, eq=False, repr=False)
    """Definitions spoken of already: the second time they are only named."""

    def said_before(self, trace: Trace) -> bool:
        before = id(trace.parts[0]) in self.said
        self.said.add(id(trace.parts[0]))
        return before

    def condition(self, leaf: Trace, wanted: bool = True, *, by: bool = False) -> str:
        """A condition as a line: `gross margin: 3%, at least 10% needed (7 percentage points short)`.

        `wanted` is false under a `not`; with `by`, a condition that holds says by how much.
        """
        written = leaf.expr.written
        score = self.score_of(leaf)
        if score is not None and isinstance(written, ex.Compare) and isinstance(leaf.expr, ex.Maybe) \
                and leaf.parts and _is_bound(leaf):
            return self.score_test(leaf, score, wanted, by)
        if score is not None:
            return self.of_score(leaf, score, wanted)
        if isinstance(leaf.expr, ex.Compare) and isinstance(leaf.expr.right, ex.Cutoff):
            return self.age_test(leaf, wanted, by)
        if isinstance(leaf.expr, ex.Compare):
            return self.comparison(leaf, wanted, by)
        if isinstance(leaf.expr, ex.Between):
            return self.between(leaf, wanted)
        if isinstance(leaf.expr, ex.In):
            return self.member(leaf, wanted)
        if isinstance(leaf.expr, ex.Known):
            return self.known(leaf, wanted)
        if leaf.expr == ALWAYS:
            return "whatever the facts" + ("" if wanted else ", never needed")
        if choice := _decision_asked(leaf):
            return self.of_decision(leaf, choice, wanted)
        if isinstance(leaf.expr, ex.Name):
            return f"{self.subject(leaf)}: {value_in_words(leaf.value, ty.BOOLEAN)}" + (
                "" if _met(leaf, wanted) else f", {'yes' if wanted else 'no'} needed")
        return self.other(leaf, wanted)

    def plainly(self, trace: Trace) -> str:
        """A condition without what was needed: what it is about, and the value it saw."""
        if trace.is_named_condition:
            return self.subject(trace)
        match trace.expr:
            case ex.Not() if trace.is_group and trace.parts[0].is_named_condition:
                return f"{self.subject(trace.parts[0])}: {value_in_words(trace.parts[0].value, ty.BOOLEAN)}"
            case ex.Not() if trace.is_group:
                return self.plainly(trace.parts[0])
            case ex.Name():
                return f"{self.subject(trace)}: {value_in_words(trace.value, ty.BOOLEAN)}"
            case ex.Compare(right=ex.Cutoff()) if isinstance(trace.parts[0].value, date):
                return f"{self.subject(trace.parts[0])}: {day(trace.parts[0].value)}"
            case ex.Between() | ex.In():
                return f"{self.subject(trace.parts[0])}: {self.value(trace.parts[0], trace.note.type)}"
            case ex.Compare() if not _constant(trace.parts[0]) and self.score_of(trace) is None:
                return f"{self.subject(trace.parts[0])}: {self.value(trace.parts[0], trace.note.type)}"
        if trace.is_group:
            holding = [p for p in trace.parts if p.value is True]
            shown = holding if trace.value is True else trace.parts
            joint = "or" if isinstance(trace.expr, ex.Any_) and trace.value is not True else "and"
            return listed([self.plainly(p) for p in shown], joint)
        return self.condition(trace).split(", ")[0]

    def events(self, trace: Trace) -> tuple[Item, ...]:
        """The events behind the facts of a condition, each once, with their days; the latest first.

        What another ruleset's decision rests on is that ruleset's to explain.
        """
        if _decision_asked(trace):
            return ()
        lines: list[Item] = []
        shown: list[tuple[Event, ...]] = []
        for fact in facts_seen(trace):
            events = self.decision.counted.get(fact, ())
            if events in shown:
                continue
            shown.append(events)
            lines += [Item(self.event(e)) for e in reversed(events[-_EVENTS_SHOWN:])]
            if more := len(events) - _EVENTS_SHOWN:
                lines += [Item(f"and {counted(more, 'earlier ones')}")] if more > 0 else []
        return tuple(lines)

    def event(self, event: Event) -> str:
        """`3 June 2026: request for a lower price (amount 10,000)`."""
        kind = self.decision.kinds[event.type]
        details = self.event_details(event)
        aside = f" ({details})" if details else ""
        return f"{day(event.day)}, {kind.title or event.type.replace('_', ' ')}{aside}"

    def event_details(self, event: Event) -> str:
        """The fields that are known of an event: `asked: 5%; in answer to: investment`."""
        said = []
        for field in self.decision.kinds[event.type].fields:
            if (value := event.fields.get(field.name)) is not None:
                shown = value_in_words(value, field.type, self.decision.currency)
                said.append(f"{field.title or field.name.replace('_', ' ')}: {shown}")
        return "; ".join(said)

    # --- what is spoken of ---

    def subject(self, trace: Trace) -> str:
        """A value's name in words: its title, or the calculation in titles."""
        match trace.expr:
            case ex.Name() if trace.note.role == "parameter":
                return self.value(trace)
            case ex.Name():
                return trace.note.title or trace.text.rsplit(".", 1)[-1].replace("_", " ")
            case ex.Arithmetic(operator=operator):
                sign = {"*": "×", "/": "÷", "-": "−"}.get(operator, operator)
                return f"{self.operand(trace.parts[0])} {sign} {self.operand(trace.parts[1])}"
            case ex.Negate():
                return f"−{self.operand(trace.parts[0])}"
            case ex.Call(function="coalesce"):
                return self.subject(trace.parts[0])
            case ex.Call(function=function):
                name = {"min": "the smallest of ", "max": "the largest of ", "abs": "the size of "}
                return name.get(function, "") + listed([self.subject(p) for p in trace.parts])
            case ex.Literal():
                return self.value(trace)
        return trace.text

    def operand(self, trace: Trace) -> str:
        text = self.subject(trace)
        return f"({text})" if isinstance(trace.expr, ex.Arithmetic) else text

    def value(self, trace: Trace, type_: Type | None = None) -> str:
        return value_in_words(trace.value, type_ or trace.note.type, self.decision.currency)

    def aside(self, trace: Trace) -> str:
        """What else must be said of a value: an assumption made, or a calculation without result."""
        for node in unique(trace):
            if isinstance(node.expr, ex.Call) and node.expr.function == "coalesce" \
                    and node.parts[0].value is None and node.value is not None:
                return f" (assumed, as {self.subject(node.parts[0])} is {UNKNOWN})"
        known = all(t.value is not None for t in unique(trace) if isinstance(t.expr, ex.Name))
        if trace.value is None and isinstance(trace.expr, ex.Arithmetic | ex.Call) and known:
            return " (the calculation has no result)"
        return ""

    # --- comparisons ---

    def comparison(self, leaf: Trace, wanted: bool, by: bool) -> str:
        assert isinstance(leaf.expr, ex.Compare)
        operator, (left, right) = leaf.expr.operator, leaf.parts
        if _constant(left) and not _constant(right):
            operator, left, right = FLIPPED[operator], right, left
        operator = operator if wanted else NEGATED[operator]
        type_ = leaf.note.type
        if type_ and type_.kind is Kind.BOOLEAN:
            need = "as needed" if _met(leaf, wanted) else self.need(operator, right, type_)
            return f"{self.subject(left)}: {self.value(left, type_)}, {need}"
        shown, limit = apart(left.value, right.value, type_, self.decision.currency)
        if right.value is None:
            limit = UNKNOWN
        elif isinstance(right.value, str) and type_ and type_.kind is Kind.TEXT:
            limit = f"“{right.value}”"
        if not _constant(right):
            equal = "equal to " if operator == "=" else ""
            limit = f"{equal}{self.subject(right)} ({limit}{self.aside(right)})"
        text = f"{self.subject(left)}: {shown}{self.aside(left)}"
        if operator in ("=", "!=") and _met(leaf, wanted) and _constant(right):
            return f"{text}, as needed"
        need = _NEEDS[operator]
        if type_ and type_.kind is Kind.INTEGER:  # things that are counted
            need = {"<": "fewer than {} needed", ">": "more than {} needed"}.get(operator, need)
        text += f", {need.format(limit)}"
        return text + self.gap(operator, left.value, right.value, type_, _met(leaf, wanted), by)

    def need(self, operator: str, right: Trace, type_: Type) -> str:
        same = "the same as whether " if type_.kind is Kind.BOOLEAN else ""
        return _NEEDS[operator].format(
            self.value(right, type_) if _constant(right) else f"{same}{self.subject(right)}")

    def gap(self, operator: str, value: Value | None, limit: Value | None, type_: Type | None,
            met: bool | None, by: bool) -> str:
        """By how much it failed, or, where asked, by how much it held."""
        if met is None or (met and not by) or operator in ("=", "!="):
            return ""
        if not isinstance(value, int | float) or not isinstance(limit, int | float) or type_ is None \
                or isinstance(value, bool):
            return ""
        whole = type_.kind in (Kind.INTEGER, Kind.ORDINAL)
        size = abs(limit - value) + (1 if whole and limit == int(limit) and not met and operator in "<>" else 0)
        size = math.ceil(size) if whole and not met else size
        if size == 0:
            return " (exactly there)" if met else " (exactly at the limit)"
        amount = self.difference(size, type_)
        if met:
            return f" ({amount} to spare)"
        if operator in (">", ">="):
            return f" ({amount} short)"
        excess = {Kind.INTEGER: "many", Kind.ORDINAL: "high"}.get(type_.kind, "much")
        return f" ({amount} too {excess})"

    def difference(self, size: float, type_: Type) -> str:
        if type_.kind is Kind.RATIO:
            points = ratio(size, 2).removesuffix("%")
            return "1 percentage point" if points == "1" else f"{points} percentage points"
        if type_.kind is Kind.MONEY:
            return money(size, self.decision.currency)
        if type_.kind is Kind.SCORE:
            return "1 point" if size == 1 else f"{number(size, 2)} points"
        return counted(size, type_.unit) if type_.unit else number(size, 3)

    def age_test(self, leaf: Trace, wanted: bool, by: bool) -> str:
        written = leaf.expr.written
        assert isinstance(written, ex.Compare) and isinstance(leaf.expr, ex.Compare)
        operator = FLIPPED[leaf.expr.operator]
        operator = operator if wanted else NEGATED[operator]
        since, cutoff = leaf.parts
        length = cutoff.parts[0].value
        limit = str(length) if isinstance(length, Duration) else UNKNOWN
        need = _NEEDS[operator].format(limit)
        if not isinstance(since.value, date):
            return f"{self.subject(since)}: {UNKNOWN}, {need}"
        now = self.decision.as_of
        ago = age_in_words(since.value, now)
        text = f"{self.subject(since)}: {day(since.value)}{self.aside(since)}, {ago if ago.startswith('in ') else ago + ' ago'}, {need}"
        met = _met(leaf, wanted)
        if met is None or (met and not by) or operator in ("=", "!=") or not isinstance(cutoff.value, date):
            return text
        early, late = sorted((since.value, cutoff.value))
        if early == late:
            return text + (" (exactly there)" if met else " (exactly at the limit)")
        size = age_in_words(early, late, up=not met)
        word_ = "to spare" if met else "short" if operator in (">", ">=") else "too long"
        return f"{text} ({size} {word_})"

    def between(self, leaf: Trace, wanted: bool) -> str:
        subject, low, high = leaf.parts
        type_ = leaf.note.type
        ends = f"{self.value(low, type_)} and {self.value(high, type_)}"
        need = f"between {ends} needed" if wanted else f"not between {ends} needed"
        text = f"{self.subject(subject)}: {self.value(subject, type_)}{self.aside(subject)}, {need}"
        if wanted and leaf.value is False:
            for operator, end in ((">=", low), ("<=", high)):
                a, b = subject.value, end.value
                if isinstance(a, int | float) and isinstance(b, int | float) \
                        and (a < b if operator == ">=" else a > b):
                    return text + self.gap(operator, a, b, type_, False, False)
        return text

    def member(self, leaf: Trace, wanted: bool) -> str:
        subject, *items = leaf.parts
        words = listed([self.value(i, leaf.note.type) for i in items], "or")
        need = "as needed" if _met(leaf, wanted) else f"{'' if wanted else 'anything but '}{words} needed"
        return f"{self.subject(subject)}: {self.value(subject, leaf.note.type)}{self.aside(subject)}, {need}"

    def known(self, leaf: Trace, wanted: bool) -> str:
        assert isinstance(leaf.expr, ex.Known)
        must_be_known = leaf.expr.known is wanted
        known = leaf.parts[0].value is not None
        text = f"{self.subject(leaf.parts[0])}: {'known' if known else UNKNOWN}"
        return text if known is must_be_known else f"{text}, must be {'known' if must_be_known else UNKNOWN}"

    # --- scores and decisions of other rulesets ---

    def score_of(self, leaf: Trace) -> ScoreResult | None:
        if leaf.expr.written is None:
            return None
        keys = {t.note.shown for t in _near(leaf) if t.note.role == "score"}
        return next((s for s in self.decision.scores if s.key in keys), None)

    def score_test(self, leaf: Trace, score: ScoreResult, wanted: bool, by: bool) -> str:
        compare = leaf.parts[0].parts[0]
        assert isinstance(compare.expr, ex.Compare)
        operator = compare.expr.operator if wanted else NEGATED[compare.expr.operator]
        limit = compare.parts[1].value
        shown = interval(score.low, score.high)
        if score.low == score.high:  # never `70, at least 70 needed` for a score just below
            shown, needed = apart(score.low, limit, ty.NUMBER)
        else:
            needed = value_in_words(limit, ty.NUMBER)
        text = f"{score.title}: {shown}, {_NEEDS[operator].format(needed)}"
        end = score.high if operator in (">", ">=") else score.low
        met = _met(leaf, wanted)
        if met:
            end = score.low if operator in (">", ">=") else score.high
        return text + self.gap(operator, end, limit, ty.SCORE, met, by)

    def of_score(self, leaf: Trace, score: ScoreResult, wanted: bool) -> str:
        """A band asked for, a range of the score, or whether it is known."""
        written = leaf.expr.written
        shown = interval(score.low, score.high)
        if isinstance(written, ex.Between):
            low, high = (compare.parts[0].parts[0].parts[1] for compare in leaf.parts)
            not_ = "" if wanted else "not "
            return f"{score.title}: {shown}, {not_}between {self.value(low)} and {self.value(high)} needed"
        if isinstance(written, ex.Known):
            return f"{score.title}: {shown}, must {'' if written.known is wanted else 'not '}be known in full"
        band = word(score.band) if score.band else "more than one band possible"
        return f"{score.title}: {shown}, {band}; {self.wanted_words(written, wanted)}"

    def of_decision(self, leaf: Trace, choice: dict[str, bool], wanted: bool) -> str:
        """The decision of another ruleset: what it is, or may still be."""
        possible = [word(o) for o, is_possible in choice.items() if is_possible]
        written = leaf.expr.written
        need = "as needed" if _met(leaf, wanted) else self.wanted_words(written, wanted)
        return f"{leaf.note.title or 'the decision'}: {listed(possible, 'or')}, {need}"

    def wanted_words(self, written: ex.Expr | None, wanted: bool) -> str:
        match written:
            case ex.Compare(operator=operator, left=left, right=right):
                constant = right if isinstance(right, ex.Literal) else left
                shown = word(str(constant.value)) if isinstance(constant, ex.Literal) else ""
                return _NEEDS[operator if wanted else NEGATED[operator]].format(shown)
            case ex.In(items=items):
                words = [word(str(i.value)) for i in items if isinstance(i, ex.Literal)]
                return f"{'' if wanted else 'anything but '}{listed(words, 'or')} needed"
            case ex.Known(known=known):
                return f"must {'' if known is wanted else 'not '}be settled"
        return "needed"

    def other(self, leaf: Trace, wanted: bool) -> str:
        """A condition without words of its own, such as one made with `if`: as the author wrote it."""
        text = leaf.text or "the condition"
        need = "as needed" if _met(leaf, wanted) else f"{'yes' if wanted else 'no'} needed"
        return f"{text}: {value_in_words(leaf.value, ty.BOOLEAN)}, {need}"


def _met(leaf: Trace, wanted: bool) -> bool | None:
    return None if leaf.value is None else leaf.value is wanted


def _constant(trace: Trace) -> bool:
    return isinstance(trace.expr, ex.Literal) or trace.note.role == "parameter" or (
        isinstance(trace.expr, ex.Negate) and _constant(trace.parts[0]))


def _near(leaf: Trace) -> Iterator[Trace]:
    """The nodes of a condition itself, not those of the definitions it names."""
    return unique(leaf, closed=lambda node: isinstance(node.expr, ex.Name))


def _is_bound(leaf: Trace) -> bool:
    """Whether a `maybe` asks a score for a bound, rather than for a band."""
    certain = leaf.parts[0]
    return isinstance(certain.expr, ex.Certain) and isinstance(certain.parts[0].expr, ex.Compare)


def _decision_asked(leaf: Trace) -> dict[str, bool]:
    """The outcomes of the other ruleset's decision that a condition asks for: possible or not."""
    return {
        t.expr.name.split("::")[1]: t.value is True
        for t in _near(leaf)
        if isinstance(t.expr, ex.Name) and "::" in t.expr.name
    }

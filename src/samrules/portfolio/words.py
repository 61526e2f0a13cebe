"""What is said of the choice: of an account in it, of its chances, of the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import attrs

from samrules.decision.placing import INCUMBENT, OPEN, Between, CutLine, SortKey
from samrules.decision.words import apart, counted, number, value_in_words, word
from samrules.model import types as ty
from samrules.model.types import Type, Value
from samrules.plan.plan import Plan, PlannedPlaces
from samrules.portfolio.places import Limits

_NEAR = 3
"""Ranks shown above and below an account; the last one with a place is always shown."""


@attrs.frozen
class Standing:
    """A newcomer as far as sentences need it."""

    account: str
    who: str
    rank: Between
    score: Between
    keys: tuple[SortKey, ...]
    possible: tuple[str, ...]
    unsettled: str


def ordinal(rank: float) -> str:
    """`1st`, `2nd`, `11th`."""
    n = int(rank)
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"


def span(between: Between) -> str:
    """`5`, `3 to 5`, `at least 3`."""
    if between.high is None:
        return f"at least {number(int(between.low))}"
    if between.exact is not None:
        return number(int(between.low))
    return f"{number(int(between.low))} to {number(int(between.high))}"


def several(between: Between, one: str, many: str) -> str:
    """`1 place`, `3 to 5 places`, `at least 1 place`."""
    return f"{span(between)} {one if (between.high or between.low) == 1 else many}"


class Speaker:
    """Speaks of one choice. `ranked` are the newcomers by account, `order` their ids, best first."""

    def __init__(self, plan: Plan, limits: Limits, incumbents: Between, competing: Between, places: Between,
                 free: Between, cut_line: CutLine | None, ranked: Mapping[str, Standing], order: Sequence[str]) -> None:
        assert plan.places is not None
        self.section: PlannedPlaces = plan.places
        self.currency = plan.currency
        self.limits, self.incumbents, self.competing = limits, incumbents, competing
        self.places, self.free, self.cut_line = places, free, cut_line
        self.ranked, self.order = ranked, order
        self.at = {account: index for index, account in enumerate(order)}

    # --- one account ---

    def says(self, account: str, who: str, standing: str) -> str:
        """Where an account stands, in a sentence or two; nothing where the choice does not touch it."""
        if standing == INCUMBENT:
            return f"{who} has its place already and comes before all newcomers{self._too_many()}."
        one = self.ranked.get(account)
        if one is None:
            return ""
        if standing == OPEN:
            lead = f"If {who} qualifies as a newcomer, it ranks {self._rank(one)}"
        else:
            lead = f"{who} ranks {self._rank(one)}"
        return f"{lead} of {span(self.competing)} that qualify {self._for_places()}; {self._against(one)}."

    def _rank(self, one: Standing) -> str:
        low, high = one.rank.low, one.rank.high or one.rank.low
        return ordinal(low) if low == high else f"{ordinal(low)} {'or' if high == low + 1 else 'to'} {ordinal(high)}"

    def _for_places(self) -> str:
        if self.free.high == 0:
            return f"and no place is free ({self._held()})"
        return f"for {several(self.free, 'free place', 'free places')} ({self._held()})"

    def _held(self) -> str:
        """`5 places, 3 of them held`, with what keeps the places from being more."""
        held = span(self.incumbents)
        places = several(self.places, "place", "places") + ", "
        places += "none held" if self.incumbents.exact == 0 else f"{held} of them held"
        if self.incumbents.exact is None or self.limits.missing:
            return places
        ceiling, kept = self.limits.ceiling.low, int(self.incumbents.low)
        if kept > ceiling:
            return f"{counted(kept, 'accounts')} hold a place, the ceiling is {ceiling:,}"
        return {
            "ceiling": places,
            "start": f"{places}; a new programme begins with {counted(self.places.low, 'places')}",
            "growth": f"{places}; at most {counted(self.limits.growth.low if self.limits.growth else 0, 'accounts')} "
                      "may join at a review",
        }[self.limits.binding(kept)]

    def _against(self, one: Standing) -> str:
        """What it brings, held against the last that finds a place."""
        last = self._last()
        mine = self._value(one)
        if last is None or last.account == one.account or one.possible == (self.section.chosen,):
            return f"it {mine}"
        if last.keys[0] == one.keys[0] and one.keys[0].known:
            return f"the last place goes to {last.who}, which {mine} too and comes first {self._tie(last, one)}"
        return f"the last place goes to {last.who}, which {self._value(last, one)}; it {self._value(one, last)}"

    def _value(self, one: Standing, other: Standing | None = None) -> str:
        """`scores 74.5`, in as many digits as tell it from another."""
        low, high = one.score.low, one.score.high
        score = self.section.rank.type == ty.SCORE
        type_ = ty.NUMBER if score else self.section.rank.type
        if high is None or abs(low) == float("inf"):
            said = "not known"
        elif low == high:
            against = other.score.exact if other else None
            said = apart(low, against, type_, self.currency)[0] if against is not None \
                else value_in_words(low, type_, self.currency)
        else:
            ends = apart(low, high, type_, self.currency)
            said = f"between {ends[0]} and {ends[1]}"
        return f"scores {said}" if score else f"has {self.section.rank_title}: {said}"

    def _tie(self, first: Standing, second: Standing) -> str:
        """The rule that put one before another that ranks alike."""
        for tie, a, b in zip(self.section.ties, first.keys[1:], second.keys[1:], strict=True):
            if a != b or not a.known:
                ends = (self._key(a, tie.sign, tie.value.type), self._key(b, tie.sign, tie.value.type))
                return f"by the {tie.order} {tie.title} ({ends[0]}, against {ends[1]})"
        return f"by account id ({first.account}, against {second.account})"

    def _key(self, key: SortKey, sign: int, type_: Type | None) -> str:
        if not key.known:
            return "not known"
        value: Value = -sign * key.low
        if type_ is not None and type_.kind is ty.Kind.DATE:
            value = date.fromordinal(int(-sign * key.low))
        return value_in_words(value, type_, self.currency)

    def _too_many(self) -> str:
        if self.limits.missing or self.incumbents.low <= self.limits.ceiling.low:
            return ""
        return f"; {counted(self.incumbents.low, 'accounts')} hold a place where the ceiling is " \
               f"{self.limits.ceiling.low:,}, and a ceiling removes nobody"

    def _last(self) -> Standing | None:
        return self.ranked.get(self.cut_line.account) if self.cut_line and self.cut_line.account else None

    # --- what it would take ---

    def to_enter(self, account: str) -> str:
        """What would give a place to an account that waits."""
        one, last = self.ranked[account], self._last()
        if last is not None and one.keys[0].known:
            gap = -last.keys[0].low + one.keys[0].low
            more = self._value(last, one)
            if not gap:
                return f"It would have to come before {last.who}, which {more} too and comes first " \
                       f"{self._tie(last, one)}: anything more would do."
            return f"It would have to come before {last.who}, which {more}: {self._points(gap)} more would make it level."
        if self.free.high != 0:
            return "It would have to come before those that find a place; who is the last of them is still open."
        if self.limits.missing or self.incumbents.exact is None:
            return "A place would have to become free."
        match self.limits.binding(int(self.incumbents.low)):
            case "growth":
                return "This review adds no place; a later one may."
            case _:
                over = int(self.incumbents.low) - self.limits.ceiling.low + 1
                return f"{counted(over, 'accounts')} with a place would have to leave: the ceiling is " \
                       f"{self.limits.ceiling.low:,}, and {self.incumbents.low:,.0f} are held."

    def _points(self, gap: float) -> str:
        if self.section.rank.type == ty.SCORE:
            return counted(round(gap, 6), "points")
        return value_in_words(gap, self.section.rank.type, self.currency)

    # --- the ranking ---

    def around(self, account: str) -> tuple[str, ...]:
        """The ranking near an account, with the last that finds a place."""
        here = self.at[account]
        last = self.at.get(self.cut_line.account, here) if self.cut_line and self.cut_line.account else here
        shown = sorted({i for centre in (here, last) for i in range(centre - _NEAR, centre + _NEAR + 1)
                        if 0 <= i < len(self.order)})
        lines = []
        before = -1
        for i in shown:
            if i != before + 1:
                lines.append("…")
            lines.append(self._line(self.ranked[self.order[i]]))
            before = i
        return (*lines, "…") if before + 1 < len(self.order) else tuple(lines)

    def _line(self, one: Standing) -> str:
        low, high = int(one.rank.low), int(one.rank.high or one.rank.low)
        rank = str(low) if low == high else f"{low} to {high}"
        outcome = one.possible[0] if len(one.possible) == 1 else one.unsettled
        return f"{rank}. {one.who} {self._value(one)}: {word(outcome)}"

    # --- the whole ---

    def summary(self) -> str:
        """The places and who takes them."""
        text = several(self.places, "place", "places") + ": "
        text += f"{span(self.incumbents)} held, {span(self.free)} free"
        if not self.limits.missing and self.incumbents.exact is not None:
            kept = int(self.incumbents.low)
            ceiling = f"the ceiling is {self.limits.ceiling.low:,}"
            growth = self.limits.growth.low if self.limits.growth else 0
            text += {"ceiling": f" ({ceiling})",
                     "start": f" ({ceiling}, and a new programme begins with {counted(self.places.low, 'places')})",
                     "growth": f" ({ceiling}, and at most {counted(growth, 'accounts')} may join at a review)",
                     }[self.limits.binding(kept)]
        elif self.limits.missing:
            text += f" (not known: {', '.join(self.limits.missing)})"
        text = text[:1].upper() + text[1:]
        text += f". {several(self.competing, 'newcomer qualifies', 'newcomers qualify')}"
        last = self._last()
        if last is not None:
            text += f"; the last place goes to {last.who}, which {self._value(last)}"
        elif self.free.low and self.competing.high is not None and self.competing.high <= self.free.low:
            left = Between(self.free.low - self.competing.high,
                           self.free.high - self.competing.low if self.free.high is not None else None)
            if left.high != 0:
                text += f", and {several(left, 'place stays', 'places stay')} free: a ceiling is no quota"
        return text + "."


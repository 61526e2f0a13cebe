"""From the decisions on accounts by themselves to those on all of them: the choice, and what is said of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import attrs

from samrules.decision.decision import Decision
from samrules.decision.placing import (
    INCUMBENT,
    NEITHER,
    NEWCOMER,
    OPEN,
    Between,
    Claim,
    CutLine,
    Placing,
    fact_of,
)
from samrules.model import types as ty
from samrules.model.types import Type, Value
from samrules.plan.plan import Plan, PlannedPlaces
from samrules.portfolio.likeness import Entrant, Likeness, likeness
from samrules.portfolio.places import Limits, Locate, limits_of, nowhere
from samrules.portfolio.portfolio import Portfolio, Ranked
from samrules.portfolio.stage import Chance, Contender, Field, order_hangs_on, undecided
from samrules.portfolio.words import Speaker, Standing

OTHERS_NAMED = 10
"""Of the other accounts on which an open decision hangs, so many are named with their missing facts."""


def choose(plan: Plan, decisions: Sequence[Decision], as_of: date, locate: Locate = nowhere) -> Portfolio:
    """The decisions on all accounts together, from those on each by itself.

    Raises FactError where settings of the programme differ between accounts, or leave no place.
    """
    return choose_within(plan, decisions, limits_of(plan, decisions, as_of, locate), as_of)


def choose_within(plan: Plan, decisions: Sequence[Decision], limits: Limits, as_of: date) -> Portfolio:
    """The same with settings that are known already. Accounts that can have no place may be left out: then
    all is the same but the likeness to another ranking, which counts them."""
    return _Choice(plan, decisions, limits, as_of).portfolio()


@attrs.frozen
class _Entry:
    """An account in the choice, with how it fares if it competes."""

    decision: Decision
    contender: Contender
    chance: Chance
    possible: tuple[str, ...]

    @property
    def claim(self) -> Claim:
        assert self.decision.claim is not None
        return self.decision.claim

    @property
    def rank(self) -> Between | None:
        if not self.contender.competes:
            return None
        return Between(self.chance.least_before + 1, self.chance.most_before + 1)

    @property
    def open_place(self) -> bool:
        """Whether it may compete, and may then get a place or miss it."""
        return self.contender.competes and self.chance.may_enter and self.chance.may_miss

    @property
    def score(self) -> Between:
        """What it ranks by; a lowest value of minus infinity is an unknown one."""
        key = self.contender.keys[0]
        return Between(-key.high, -key.low)

    @property
    def standing(self) -> str:
        c = self.contender
        if c.surely_keeps:
            return INCUMBENT
        if c.surely_competes:
            return NEWCOMER
        return OPEN if c.keeps or c.competes else NEITHER


class _Choice:
    def __init__(self, plan: Plan, decisions: Sequence[Decision], limits: Limits, as_of: date) -> None:
        assert plan.places is not None
        self.plan, self.section, self.limits, self.as_of = plan, plan.places, limits, as_of
        contenders = [_contender(d, plan.places) for d in decisions]
        self.field = Field(contenders, limits)
        self.entries = [self.entry(d, c) for d, c in zip(decisions, contenders, strict=True)]
        self.ranked = sorted((e for e in self.entries if e.contender.competes),
                             key=lambda e: (e.chance.least_before, e.chance.most_before, e.contender.best))
        self.incumbents = Between(self.field.keep_least, self.field.keep_most)
        self.free = _between(limits.free(self.field.keep_most, most=False),
                             limits.free(self.field.keep_least, most=True))
        self.places = _between(limits.total(self.field.keep_least, most=False),
                               limits.total(self.field.keep_most, most=True))
        self.competing = Between(self.field.compete_least, self.field.compete_most)
        self.last = self.last_in()
        self.cut_line = self.cut()
        self.open_ones = [e for e in self.ranked if not (e.standing == NEWCOMER and all(k.known for k in e.contender.keys))]
        self.open_ones += [e for e in self.entries if e.standing == OPEN and not e.contender.competes]

    def entry(self, decision: Decision, contender: Contender) -> _Entry:
        chance = self.field.chance(contender)
        possible = set(decision.possible) - {self.section.chosen}
        if contender.keeps or (contender.competes and chance.may_enter):
            possible.add(self.section.chosen)
        if contender.competes and chance.may_miss:
            possible.add(self.section.waitlisted)
        known = (*decision.decide.outcomes, *decision.possible)
        return _Entry(decision, contender, chance, tuple(dict.fromkeys(o for o in known if o in possible)))

    # --- the cut line ---

    def last_in(self) -> _Entry | None:
        """The newcomer that takes the last place, where that is certain."""
        free = self.free.exact
        return next((e for e in self.ranked if free and e.standing == NEWCOMER and e.rank is not None
                     and e.rank.exact == free), None)

    def cut(self) -> CutLine | None:
        """What the last newcomer with a place brings. None where nobody has to wait, or no place is free."""
        low, high = int(self.free.low), self.free.high
        if not low or high is None or self.competing.low <= high:
            return None
        sure = sorted((e.score.low for e in self.ranked if e.standing == NEWCOMER), reverse=True)
        able = sorted((e.score.high or 0 for e in self.ranked), reverse=True)
        line = Between(sure[int(high) - 1], able[low - 1])
        if abs(line.low) == float("inf") or line.high == float("inf"):
            return None
        last = self.last
        return CutLine(line, last.decision.account if last else None, last.decision.who if last else None)

    # --- each account ---

    def portfolio(self) -> Portfolio:
        speak = Speaker(self.plan, self.limits, self.incumbents, self.competing, self.places, self.free, self.cut_line,
                        {e.decision.account: self.said_of(e) for e in self.ranked}, [e.decision.account for e in self.ranked])
        return Portfolio(
            ruleset=self.plan.name, version=self.plan.version, digest=self.plan.digest, title=self.plan.title,
            as_of=self.as_of,
            decisions=tuple(self.placed(e, speak) for e in self.entries),
            ceiling=self.limits.ceiling.between,
            start=self.limits.start.between if self.limits.start else None,
            growth=self.limits.growth.between if self.limits.growth else None,
            places=self.places, incumbents=self.incumbents, free=self.free, competing=self.competing,
            cut_line=self.cut_line,
            ranking=tuple(self.ranked_one(e) for e in self.ranked),
            likeness=self.likeness(),
            says=speak.summary(),
        )

    def said_of(self, entry: _Entry) -> Standing:
        assert entry.rank is not None
        return Standing(entry.decision.account, entry.decision.who, entry.rank, entry.score, entry.contender.keys,
                        entry.possible, entry.decision.decide.unsettled)

    def placed(self, entry: _Entry, speak: Speaker) -> Decision:
        """The decision on an account among all the others."""
        decision, section = entry.decision, self.section
        settled = len(entry.possible) == 1
        outcome = entry.possible[0] if settled else decision.decide.unsettled
        unknowns, hangs_on, names = ((), 0, ()) if settled else self.unknowns(entry)
        placing = Placing(
            standing=entry.standing, chosen=section.chosen, waitlisted=section.waitlisted, rank=entry.rank,
            competing=self.competing, places=self.places, free=self.free, cut_line=self.cut_line, hangs_on=hangs_on,
            says=speak.says(decision.account, decision.who, entry.standing),
            to_enter=speak.to_enter(decision.account) if entry.possible == (section.waitlisted,) else "",
            around=speak.around(decision.account) if entry.contender.competes else (),
            names=names,
        )
        return attrs.evolve(decision, outcome=outcome, settled=settled, possible=entry.possible, placing=placing,
                            deciding_unknowns=unknowns,
                            outputs={**self.kept(entry, outcome), **self.own_outputs(entry, settled)})

    def kept(self, entry: _Entry, outcome: str) -> dict[str, tuple[Value | None, Type | None]]:
        """What the rules set goes with the outcome they gave; who waits for a place does not get it."""
        return dict(entry.decision.outputs) if outcome == entry.decision.outcome else {}

    def own_outputs(self, entry: _Entry, settled: bool) -> dict[str, tuple[Value | None, Type | None]]:
        if not settled or entry.standing not in (INCUMBENT, NEWCOMER):
            return {}
        found: dict[str, tuple[Value | None, Type | None]] = {}
        if entry.rank is not None and entry.rank.exact is not None:
            found["rank"] = int(entry.rank.exact), ty.INTEGER
        if self.places.exact is not None:
            found["places"] = int(self.places.exact), ty.INTEGER
        if entry.standing == NEWCOMER and self.cut_line and self.cut_line.score.exact is not None:
            type_ = self.section.rank.type
            found["cut_line"] = self.cut_line.score.exact, ty.NUMBER if type_ in (None, ty.SCORE) else type_
        return found

    # --- what would settle it ---

    def unknowns(self, entry: _Entry) -> tuple[tuple[str, ...], int, tuple[tuple[str, str], ...]]:
        """The missing facts that bear on an open decision, its own first; how many other accounts it
        hangs on, and the names of those whose facts are listed."""
        mine: dict[str, None] = dict.fromkeys(entry.decision.deciding_unknowns)
        if entry.contender.keeps and entry.contender.competes and entry.chance.may_miss:
            mine |= dict.fromkeys(entry.claim.incumbent_missing)
        if not entry.open_place:
            return tuple(mine), 0, ()
        others: dict[str, dict[str, None]] = {}
        ranking: dict[str, None] = {}
        hangs_on = 0
        for other in self.open_ones if entry.standing == NEWCOMER and all(k.known for k in entry.contender.keys) \
                else self.entries:
            if other is entry or not undecided(entry.contender, other.contender):
                continue
            order = order_hangs_on(entry.contender, other.contender) if other.contender.competes else []
            ranking |= {fact: None for own, fact in order if own}
            facts = {fact: None for own, fact in order if not own}
            if other.standing == OPEN:
                facts |= dict.fromkeys((*other.decision.deciding_unknowns, *other.claim.incumbent_missing))
            hangs_on += bool(facts)
            if facts and len(others) < OTHERS_NAMED:
                others[other.decision.account] = facts
        mine |= dict.fromkeys(_by_points(entry.decision, ranking))
        mine |= dict.fromkeys(self.limits.missing)
        names = tuple((e.decision.account, e.decision.who) for e in self.entries if e.decision.account in others)
        return (*mine, *(fact_of(f, account) for account, facts in others.items() for f in facts)), hangs_on, names

    # --- the whole ---

    def ranked_one(self, entry: _Entry) -> Ranked:
        assert entry.rank is not None
        settled = len(entry.possible) == 1
        score = None if abs(entry.score.low) == float("inf") else entry.score
        return Ranked(entry.decision.account, entry.decision.account_name, entry.rank, score,
                      entry.possible[0] if settled else entry.decision.decide.unsettled)

    def likeness(self) -> Likeness | None:
        if self.section.compared is None:
            return None
        entrants = [
            Entrant(chosen=e.possible == (self.section.chosen,),
                    ranked=e.standing in (INCUMBENT, NEWCOMER),
                    score=e.score.exact,
                    compared=e.claim.compared)
            for e in self.entries
        ]
        return likeness(self.section.compared_title, entrants)


def _contender(decision: Decision, section: PlannedPlaces) -> Contender:
    claim = decision.claim
    assert claim is not None
    may_be_in = section.chosen in decision.possible
    return Contender(
        account=decision.account,
        keeps=may_be_in and claim.incumbent is not False,
        competes=may_be_in and claim.incumbent is not True,
        neither=any(o != section.chosen for o in decision.possible),
        keys=claim.keys,
    )


def _between(low: float, high: float) -> Between:
    return Between(int(low) if low != float("inf") else 0, None if high == float("inf") else int(high))


def _by_points(decision: Decision, facts: dict[str, None]) -> list[str]:
    """Missing facts by the points of a score that hang on each."""
    points: dict[str, float] = defaultdict(float)
    for score in decision.scores:
        for criterion in score.criteria:
            for fact in criterion.missing:
                points[fact] += (criterion.high - criterion.low) / len(criterion.missing)
    return sorted(facts, key=lambda f: -points[f])

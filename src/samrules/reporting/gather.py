"""From accounts one by one to the portfolio at a glance: what is counted, and what is said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from statistics import median

import attrs

from samrules.decision.decision import Decision
from samrules.decision.placing import owner_of
from samrules.decision.words import (
    UNKNOWN,
    counted,
    day,
    interval,
    listed,
    number,
    ratio,
    sentence,
    word,
)
from samrules.explain.brief import brief
from samrules.explain.rules_in_words import asked
from samrules.model.types import Kind
from samrules.portfolio.likeness import kendall
from samrules.portfolio.portfolio import Portfolio
from samrules.portfolio.words import span
from samrules.reporting.document import (
    AskedShown,
    Change,
    Glance,
    LadderShown,
    LevelShown,
    Link,
    OutcomeShown,
    Page,
    Picture,
    PlacesShown,
    Point,
    Ranked,
    Row,
    UnknownShown,
)
from samrules.reporting.pages import about, page, points
from samrules.reporting.standing import Frame, value_of
from samrules.reporting.subject import Subject

_NAMED = 12
"""Accounts named where many make the same change."""
_FEW = 5
"""Open accounts named in the lead."""
_UNKNOWNS = 12
"""Missing facts listed."""
_RANKED = 40
"""Newcomers of a portfolio listed."""


@attrs.define
class Gathering:
    """Takes in accounts one by one, gives back the part of each, and at the end the glance at all of them.

    Only a row of each account is kept.
    """

    frame: Frame
    as_of: date
    rows: list[Row] = attrs.field(factory=list, init=False)
    _keys: dict[str, int] = attrs.field(factory=dict, init=False)
    _changes: dict[tuple[str, str], list[Link]] = attrs.field(factory=dict, init=False)
    _unknown: Counter[str] = attrs.field(factory=Counter, init=False)
    _first: Counter[str] = attrs.field(factory=Counter, init=False)
    _titles: dict[str, tuple[str, str]] = attrs.field(factory=dict, init=False)
    _levels: list[Counter[tuple[object, int]]] = attrs.field(factory=list, init=False)
    _asked: dict[str, tuple[str, Counter[str]]] = attrs.field(factory=dict, init=False)
    _sources: set[str] = attrs.field(factory=set, init=False)
    _not_decided: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._levels = [Counter() for _ in self.frame.ladders]
        for outcome in self.frame.outcomes:
            self._key(self.frame.words(outcome))

    def add(self, subject: Subject) -> Page:
        """Count an account, and make its part."""
        decision, frame = subject.decision, self.frame
        key = self._key(frame.words(decision.outcome))
        before = frame.before(subject)
        row = self._row(subject, key, frame.words(before) if before is not None else "", frame.moved(subject))
        self.rows.append(row)
        if row.moved:
            self._changes.setdefault((row.before, row.outcome), []).append(Link(row.number, row.name))
        if not decision.settled:
            self._count_unknowns(decision)
        for levels, (_, carried) in zip(self._levels, frame.ladders, strict=True):
            level, to = value_of(subject, carried.fact), carried.value(decision)
            way = (to > level) - (to < level) if isinstance(level, int) and isinstance(to, int) else 0
            levels[level, way] += 1
        for part in decision.parts:
            self._asked.setdefault(part.ruleset, (part.title, Counter()))[1][part.outcome] += 1
        self._sources |= {p.source for p in subject.past}
        return page(subject, frame, row.number, key)

    def _key(self, words: str) -> int:
        return self._keys.setdefault(words, len(self._keys))

    def _row(self, subject: Subject, key: int, before: str, moved: bool) -> Row:
        decision, frame = subject.decision, self.frame
        score = decision.scores[0] if decision.scores else None
        known = score is not None and score.low <= score.high and not (score.low == 0 and score.high == 100)
        value = value_of(subject, frame.size.name) if frame.size is not None else None
        size = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        texts = [str(v) for name, v in subject.facts.items()
                 if isinstance(v, str) and name in frame.rules.facts and frame.rules.facts[name].type.kind is Kind.TEXT]
        return Row(
            number=len(self.rows) + 1, name=decision.who, id=decision.account if decision.who != decision.account else "",
            key=key, outcome=frame.words(decision.outcome), settled=decision.settled, before=before, moved=moved,
            brief=" ".join(brief(decision).split()),
            overridden=frame.words(subject.override.outcome) if subject.override else "",
            low=score.low if known and score else None, high=score.high if known and score else None,
            score=(points(score.low, score.high) if known else UNKNOWN) if score else "",
            size=size, size_shown="" if frame.size is None else about(size, frame) if size is not None else UNKNOWN,
            also=" ".join(t for t in texts if t not in (decision.who, decision.account)))

    def _count_unknowns(self, decision: Decision) -> None:
        own = [f for f in decision.deciding_unknowns if not owner_of(f)[1]]
        self._unknown.update(own)
        self._first.update(own[:1])
        for fact in own:
            if fact not in self._titles:
                declared = decision.declared.get(fact)
                self._titles[fact] = (asked(decision, fact), (declared.source if declared else None) or "")

    # --- the whole ---

    def glance(self, title: str | None = None, portfolio: Portfolio | None = None, notes: Sequence[str] = ()) -> Glance:
        """The portfolio at a glance; `title` is its heading, else that of the decision."""
        rules, frame = self.frame.rules, self.frame
        decision = rules.plan.decision
        assert decision is not None
        outcomes = self._outcomes()
        open_ = sum(not r.settled for r in self.rows)
        changes = self._changes_shown()
        past = any(r.before for r in self.rows)
        unknowns = self._unknowns()
        score = rules.plan.scores[0].title if rules.plan.scores else ""
        size = (frame.size.title or word(frame.size.name)) if frame.size is not None else ""
        return Glance(
            title=title or sentence(decision.decide.title or decision.title).rstrip("."),
            day=day(self.as_of),
            subtitle=f"{counted(len(self.rows), 'accounts')}, decided by {rules.name} {rules.version} for {day(self.as_of)}",
            lead=tuple(self._lead(changes, open_, past)),
            tiles=(("accounts", len(self.rows), "all"), *((("change", sum(r.moved for r in self.rows), "moved"),) if past else ()),
                   ("open", open_, "open")),
            compared=frame.compared(past, frozenset(self._sources)),
            outcomes=outcomes, changes=changes, unknowns=unknowns, more_unknowns=len(self._unknown) - len(unknowns), open=open_,
            picture=self._picture(score, size), ladders=tuple(self._ladders()), asked=tuple(self._questions()),
            places=self._places(portfolio) if portfolio is not None else None,
            rows=self._in_order(), score=score[:1].upper() + score[1:], size=size[:1].upper() + size[1:],
            notes=(*notes, f"Ruleset {rules.name} {rules.version}, {rules.digest}."))

    def _in_order(self) -> tuple[Row, ...]:
        """Those that change first, then those that are open, then the others; each strongest outcome first, by name."""
        return tuple(sorted(self.rows, key=lambda r: (not r.moved, r.settled, r.key, r.name.casefold(), r.number)))

    def _lead(self, changes: Sequence[Change], open_: int, past: bool) -> list[str]:
        moved, compared = sum(c.count for c in changes), sum(bool(r.before) for r in self.rows)
        of = counted(compared, "accounts") if compared == len(self.rows) else f"the {counted(compared, 'accounts')} that something earlier is known of"
        said = []
        if past and moved:
            into = Counter[str]()
            for change in changes:
                into[change.after] += change.count
            ways = listed([f"{n:,} to “{after}”" for after, n in into.items()])
            said.append(f"{moved:,} of {of} {'changes' if moved == 1 else 'change'}: {ways}.")
        elif past:
            said.append(f"None of {of} changes.")
        if open_:
            facts, names = self._unknowns(), [r.name for r in self.rows if not r.settled]
            which = f": {listed(names)}" if open_ <= _FEW else ""
            first = f" First to find out: {facts[0].title}, which bears on {facts[0].count:,} of them." if facts and facts[0].count > 1 else ""
            said.append(f"{counted(open_, 'decisions')} {'is' if open_ == 1 else 'are'} open for want of facts{which}.{first}")
        else:
            said.append("Every decision is settled: no missing fact could change one.")
        if overridden := [r.name for r in self.rows if r.overridden]:
            which = f": {listed(overridden)}" if len(overridden) <= _FEW else ""
            said.append(f"People have put another outcome in place of {counted(len(overridden), 'decisions')}{which}.")
        return said

    def _outcomes(self) -> tuple[OutcomeShown, ...]:
        found = []
        for words, key in self._keys.items():
            rows = [r for r in self.rows if r.key == key]
            if rows:
                share = len(rows) / len(self.rows)
                scores = [(r.low + r.high) / 2 for r in rows if r.low is not None and r.high is not None]
                sizes = [r.size for r in rows if r.size is not None]
                found.append(OutcomeShown(key, words, len(rows), share, ratio(share, 0) if share >= 0.005 else "under 1%",
                                          sum(r.moved for r in rows), number(median(scores), 1) if scores else "–",
                                          about(median(sizes), self.frame) if sizes else "–"))
        return tuple(found)

    def _changes_shown(self) -> tuple[Change, ...]:
        found = sorted(self._changes.items(), key=lambda c: (self._keys[c[0][1]], self._keys.get(c[0][0], 0)))
        return tuple(Change(before, after, len(links), tuple(links[:_NAMED]), max(0, len(links) - _NAMED))
                     for (before, after), links in found)

    def _unknowns(self) -> tuple[UnknownShown, ...]:
        ranked = sorted(self._unknown, key=lambda f: (-self._unknown[f], -self._first[f], f))[:_UNKNOWNS]
        return tuple(UnknownShown(self._titles[f][0], f, self._titles[f][1], self._unknown[f], self._first[f]) for f in ranked)

    def _ladders(self) -> list[LadderShown]:
        found = []
        for (ladder, _), counts in zip(self.frame.ladders, self._levels, strict=True):
            total = max(1, len(self.rows))
            levels = []
            for level in ladder.levels:
                here = [counts[level.number, way] for way in (-1, 0, 1)]
                levels.append(LevelShown(str(level.number), level.title or "", sum(here), sum(here) / total, here[2], here[0]))
            other = len(self.rows) - sum(x.count for x in levels)
            note = f"The level of {counted(other, 'accounts')} is not on record." if other else ""
            title = ladder.title or word(ladder.name)
            found.append(LadderShown(title[:1].upper() + title[1:], tuple(levels), note))
        return found

    def _questions(self) -> list[AskedShown]:
        decides = {p.ruleset: p.decide.outcomes for p in self.frame.rules.plan.asked}
        found = []
        for ruleset, (title, counts) in self._asked.items():
            order = [*(o for o in decides.get(ruleset, ()) if o in counts), *(o for o in counts if o not in decides.get(ruleset, ()))]
            found.append(AskedShown(title[:1].upper() + title[1:], ruleset, tuple((word(o), counts[o]) for o in order)))
        return found

    def _places(self, portfolio: Portfolio) -> PlacesShown:
        by_id = {r.id or r.name: r for r in self.rows}
        ranked = [Ranked(span(one.rank), by_id[one.account].number, by_id[one.account].name,
                         interval(one.score.low, one.score.high) if one.score and one.score.high is not None else UNKNOWN,
                         self.frame.words(one.outcome))
                  for one in portfolio.ranking[:_RANKED]]
        says = (portfolio.says, *((portfolio.likeness.says,) if portfolio.likeness else ()))
        return PlacesShown(says, tuple(ranked), max(0, len(portfolio.ranking) - _RANKED))

    def _picture(self, score: str, size: str) -> Picture | None:
        drawn = [Point(r.number, r.name, r.key, r.size, r.low, r.high) for r in self.rows
                  if r.size is not None and r.size > 0 and r.low is not None and r.high is not None]
        if not score or not size or len(drawn) < 2:
            return None
        exact = [(p.low, p.size) for p in drawn if p.low == p.high]
        tau = kendall(exact)
        left_out = len(self.rows) - len(drawn)
        note = f"{counted(left_out, 'accounts')} {'is' if left_out == 1 else 'are'} not drawn: {score} or {size} is not known, or not above zero." \
            if left_out else ""
        return Picture(score, size, self.frame.rules.plan.currency or "", tuple(drawn), _agreement(tau, len(exact), score, size), note)


def _agreement(tau: float | None, accounts: int, score: str, size: str) -> str:
    if tau is None:
        return f"Too few accounts have both {score} and {size} to compare them."
    strength = "follows" if tau >= 0.5 else "leans towards" if tau >= 0.2 else "has little to do with" if tau > -0.2 else "runs against"
    return (f"Over {counted(accounts, 'accounts')} the {score} {strength} the {size} "
            f"(Kendall's tau {number(tau)}: 1 the same order, 0 none in common, -1 the reverse).")

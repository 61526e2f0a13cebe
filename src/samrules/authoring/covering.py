"""What the cases of a file cover, at three levels, and for all they do not: why, and an account that would."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from samrules.authoring.aims import (
    Aim,
    Level,
    OtherwiseAim,
    Seen,
    TruthAim,
    branch_aims,
    condition_aims,
    rule_aims,
    seen,
)
from samrules.authoring.cases import CasesFile, Unreachable
from samrules.authoring.coverage import OTHERWISE, coverage
from samrules.authoring.run_cases import CaseResult
from samrules.authoring.search import MOST_TRIED, Found, find
from samrules.authoring.units import UnitKind, units_of

_TAKEN = {True: "taken", False: "not_taken"}
_TRUTH = {True: "true", False: "false"}


@attrs.frozen
class Gap:
    """Something that no case shows. `found` is None where no account was looked for."""

    aim: Aim
    why: str
    found: Found | None


@attrs.frozen
class Count:
    """How many ways there are at a level, those excused left out, and how many some case shows."""

    shown: int
    ways: int

    @property
    def share(self) -> float:
        return self.shown / self.ways if self.ways else 1.0


@attrs.frozen
class Covering:
    """What is covered, and what is not. `complaints` are excuses for what a case shows after all."""

    ruleset: str
    counts: dict[Level, Count]
    gaps: tuple[Gap, ...]
    complaints: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of the ways of rules and branches that is shown, 0 to 1."""
        both = [self.counts[Level.RULE], self.counts[Level.BRANCH]]
        return Count(sum(c.shown for c in both), sum(c.ways for c in both)).share


def covering(file: CasesFile, results: Sequence[CaseResult], most: int = MOST_TRIED) -> Covering:
    """What the results of a file's cases cover; `most` accounts are tried for each gap, none if 0."""
    rules = file.rules
    units = units_of(rules)
    cases = [s for case in file.cases if (s := seen(rules, case)) is not None]
    by_name = coverage(rules, results, file.unreachable)
    of_rules = rule_aims(rules, units)
    open_: list[Aim] = [of_rules[c.name, way] for c in by_name.covered for way in c.missing]
    counts = {Level.RULE: Count(by_name.shown, by_name.ways)}
    complaints = [text for c in by_name.covered for text in c.said_wrongly()]
    excused = {(u.name, u.way): u for u in file.unreachable}
    for level, aims in ((Level.BRANCH, list(branch_aims(rules, units))), (Level.CONDITION, list(condition_aims(units)))):
        shown = ways = 0
        for aim in aims:
            by = next((s for s in cases if aim.shown(s)), None)
            excuse = excused.get(_name_and_way(aim) or ("", ""))
            if excuse is not None:
                complaints += _after_all(excuse, by)
                continue
            ways += 1
            shown += by is not None
            if by is None:
                open_.append(aim)
        counts[level] = Count(shown, ways)
    gaps = tuple(Gap(aim, aim.missed(cases), find(rules, aim, cases, most) if most else None) for aim in open_)
    return Covering(rules.name, counts, gaps, tuple(complaints))


def _name_and_way(aim: Aim) -> tuple[str, str] | None:
    """The name and the way under which a branch may be said to be unreachable."""
    if isinstance(aim, OtherwiseAim):
        return OTHERWISE, _TAKEN[aim.want]
    if isinstance(aim, TruthAim) and aim.site is None and aim.unit.kind is UnitKind.DEFINITION and aim.want is not None:
        return aim.unit.name, _TRUTH[aim.want]
    return None


def _after_all(excuse: Unreachable, by: Seen | None) -> list[str]:
    if by is None:
        return []
    return [f"`{excuse.name}` is said never to be {excuse.way.replace('_', ' ')}, and `{by.case.name}` shows it so; "
            "remove the line under `unreachable`"]

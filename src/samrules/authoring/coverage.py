"""What cases cover: each rule fired, not fired and unknown; each criterion at each of its points.

A rule that no case ever stopped, or left open, may be wrong without anyone noticing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from samrules.authoring.cases import Unreachable, Way
from samrules.authoring.run_cases import CaseResult
from samrules.check.scope import absolute_name
from samrules.decision.decision import CriterionResult, Decision
from samrules.decision.words import listed
from samrules.diagnostics import Span
from samrules.model.ruleset import Criterion
from samrules.model.types import Kind
from samrules.rules import Rules
from samrules.syntax.literals import plain_number

_RULE = tuple(way.value for way in Way)
_OPEN = Way.UNKNOWN.value
BETWEEN = "between"


@attrs.frozen
class Covered:
    """The ways that a rule or a criterion can go, and the cases that show each.

    A rule can be `fired`, `not_fired` or `unknown`; a criterion can give each of its points (a scale
    none, some `between`, all) or be `unknown`. `excused` are ways said to be unreachable.
    """

    name: str
    is_rule: bool
    shown: Mapping[str, tuple[str, ...]]
    excused: Mapping[str, Unreachable]
    span: Span | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(way for way, cases in self.shown.items() if not cases and way not in self.excused)

    @property
    def reached_after_all(self) -> tuple[str, ...]:
        """Ways said to be unreachable that some case reaches."""
        return tuple(way for way in self.excused if self.shown.get(way))

    def complaints(self) -> Iterator[str]:
        """What is missing, and what was said wrongly, a sentence each."""
        what = "the rule" if self.is_rule else "the criterion"
        if self.missing:
            ways = listed([self._in_words(way) for way in self.missing], "or")
            yield f"no case shows {what} `{self.name}` {ways}"
        yield from self.said_wrongly()

    def said_wrongly(self) -> Iterator[str]:
        """Each way that is said to be unreachable and that a case shows, in a sentence."""
        what = "the rule" if self.is_rule else "the criterion"
        for way in self.reached_after_all:
            yield f"{what} `{self.name}` is said never to be {self._in_words(way)}, and " \
                  f"`{self.shown[way][0]}` shows it so; remove the line under `unreachable`"

    def _in_words(self, way: str) -> str:
        if way == BETWEEN:
            return "between its ends"
        if self.is_rule or way == _OPEN:
            return way.replace("_", " ")
        return f"at {way} points"


@attrs.frozen
class Coverage:
    """What the cases of a ruleset cover, rules first, in the order written."""

    ruleset: str
    covered: tuple[Covered, ...]

    @property
    def ways(self) -> int:
        """How many ways there are to go, those excused left out."""
        return sum(1 for c in self.covered for way in c.shown if way not in c.excused)

    @property
    def shown(self) -> int:
        """How many of these some case shows."""
        return sum(1 for c in self.covered for way, cases in c.shown.items() if cases and way not in c.excused)

    def complaints(self) -> tuple[str, ...]:
        return tuple(text for c in self.covered for text in c.complaints())


def coverage(rules: Rules, results: Iterable[CaseResult], unreachable: Iterable[Unreachable] = ()) -> Coverage:
    """What cases of one ruleset cover, from their results; of one file or of several."""
    shown: dict[str, dict[str, dict[str, None]]] = {
        name: {way: {} for way in ways} for name, ways in ways_to_go(rules).items()}
    for result in results:
        if result.decision is None:
            continue
        for name, way in _gone(rules, result.decision):
            shown[name].setdefault(way, {})[result.case.name] = None
    excused: dict[str, dict[str, Unreachable]] = {}
    for said in unreachable:
        excused.setdefault(said.name, {})[said.way] = said
    places = _places(rules)
    names_of_rules = {rule.name for rule in rules.ruleset.rules}
    return Coverage(rules.name, tuple(
        Covered(name, name in names_of_rules, {way: tuple(cases) for way, cases in ways.items()},
                excused.get(name, {}), places[name])
        for name, ways in shown.items()))


def ways_to_go(rules: Rules) -> dict[str, tuple[str, ...]]:
    """Every rule, table row and criterion of the ruleset itself, with the ways it can go.

    A criterion is named `scorecard.criterion`; rows that give the same points are one way.
    """
    found: dict[str, tuple[str, ...]] = {rule.name: _RULE for rule in rules.ruleset.rules}
    for card in rules.ruleset.scorecards:
        for criterion in card.criteria:
            found[f"{card.name}.{criterion.name}"] = (*_points(criterion), _OPEN)
    return found


OTHERWISE = "otherwise"


def branches_to_go(rules: Rules) -> dict[str, tuple[str, ...]]:
    """The branches that may be said to be unreachable: definitions that are conditions, true or false,
    and `otherwise`, taken or not."""
    checked, main = rules.checked, rules.ruleset
    found: dict[str, tuple[str, ...]] = {d.name: ("true", "false") for d in main.define
             if checked.definitions[absolute_name(main.name, d.name)].kind is Kind.BOOLEAN}
    if main.decide is not None and main.decide.otherwise is not None:
        found[OTHERWISE] = ("taken", "not_taken")
    return found


def _places(rules: Rules) -> dict[str, Span | None]:
    found = {rule.name: rule.span for rule in rules.ruleset.rules}
    return found | {f"{card.name}.{c.name}": c.span for card in rules.ruleset.scorecards for c in card.criteria}


def _points(criterion: Criterion) -> tuple[str, ...]:
    if criterion.scale is not None:
        return "0", BETWEEN, points_text(criterion.weight)
    return tuple(dict.fromkeys(points_text(row.points) for row in criterion.points))


def points_text(points: float) -> str:
    """Points as a way is named after them."""
    return plain_number(points).removesuffix(".0")


def _gone(rules: Rules, decision: Decision) -> Iterator[tuple[str, str]]:
    """The way that each rule and criterion went in a decision."""
    for rule in decision.rules:
        yield rule.name, Way.of(rule.truth).value
    scores = {score.key: score for score in decision.scores}
    for card in rules.ruleset.scorecards:
        results = {c.name: c for c in scores[absolute_name(rules.name, card.name)].criteria}
        for criterion in card.criteria:
            yield f"{card.name}.{criterion.name}", _way_of(criterion, results[criterion.name])


def _way_of(criterion: Criterion, result: CriterionResult) -> str:
    if result.low != result.high:
        return _OPEN
    points = points_text(result.low)
    return points if points in _points(criterion) else BETWEEN

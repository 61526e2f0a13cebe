"""`expect:` of a case to expectations: what is named must exist, and nothing may exclude another."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from samrules.authoring.cases import (
    BandIs,
    Expectation,
    OutcomeIs,
    OutputIs,
    PossibleAre,
    RuleIs,
    ScoreIs,
    SettledIs,
    Way,
)
from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.model.ruleset import CONFLICT, Scorecard
from samrules.rules import Rules
from samrules.syntax import literals
from samrules.syntax import source as src
from samrules.syntax import values as v
from samrules.syntax.source import Node, Problems, Scalar, Sequence, problem

_WAYS = tuple(way.value for way in Way)
KEYS = ("outcome", "settled", "possible", *_WAYS, "outputs", "scores")


def names_of(node: Node) -> list[Scalar]:
    """A name, or a list of them. Raises Problems."""
    nodes = node if isinstance(node, Sequence) else [node]
    return v.each(nodes, lambda n: v.single_value(n, "a name"))


def good_keys(node: Node, allowed: Iterable[str], required: Iterable[str], what: str,
              problems: list[Diagnostic]) -> src.Mapping:
    """The entries that can be read; what is wrong with the others is added to the problems."""
    try:
        return v.keys(node, allowed, required, what)
    except Problems as found:
        problems += found.diagnostics
    good = src.Mapping(node.span)
    if isinstance(node, src.Mapping):
        good.keys_at = node.keys_at
        good.update({k: n for k, n in node.items() if k in allowed and not v.absent(n)})
    return good


@attrs.frozen
class Expectations:
    """Reads what is expected of decisions of one ruleset. Problems are gathered, not raised."""

    rules: Rules
    problems: list[Diagnostic]

    def read(self, node: Node | None, case: str, at: Span) -> tuple[Expectation, ...]:
        if node is None:
            self.problems.append(Diagnostic("bad-case", f"the case `{case}` expects nothing",
                                            "add `expect:` with what should be decided, such as "
                                            f"`expect: {{outcome: {self.rules.outcomes[0]}}}`", at))
            return ()
        before = len(self.problems)
        given = good_keys(node, KEYS, (), "what is expected", self.problems)
        found: list[Expectation] = []
        for key, body in given.items():
            try:
                found += self.entry(key, body)
            except Problems as refused:
                self.problems.extend(refused.diagnostics)
        self.problems.extend(_at_odds(found))
        if not found and len(self.problems) == before:
            return self.read(None, case, at)
        return tuple(found)

    def entry(self, key: str, node: Node) -> list[Expectation]:
        match key:
            case "outcome":
                named = tuple(n.text for n in self.outcomes(node))
                if not named:
                    return []
                return [OutcomeIs(named if isinstance(node, Sequence) else named[0], node.span)]
            case "possible":
                return [PossibleAre(frozenset(n.text for n in self.outcomes(node)), node.span)]
            case "settled":
                return [SettledIs(_yes_or_no(node), node.span)]
            case "outputs":
                return self.outputs(node)
            case "scores":
                return self.scores(node)
        rules = {rule.name for rule in self.rules.ruleset.rules}
        return [RuleIs(n.text, Way(key), n.span) for n in self.known_names(node, rules, "rule")]

    def outcomes(self, node: Node) -> list[Scalar]:
        decide = self.rules.ruleset.decide
        assert decide is not None  # it was asked before
        words = [*decide.outcomes, decide.unsettled]
        words += [CONFLICT] if decide.hit_policy == "unique" else []
        return self.known_names(node, words, "outcome")

    def known_names(self, node: Node, names: Iterable[str], what: str) -> list[Scalar]:
        """The names of a list that exist. Raises Problems where it is no list of names."""
        found = names_of(node)
        if not found:
            raise problem("bad-case", f"an empty list of {what}s expects nothing",
                          f"name the {what}s, or remove the key", node.span)
        existing = self.existing({n.text: n.span for n in found}, names, what)
        return [n for n in found if n.text in existing]

    def existing(self, given: dict[str, Span], names: Iterable[str], what: str) -> set[str]:
        """The names given that exist; the others are told."""
        names = list(names)
        code = "unknown-outcome" if what == "outcome" else "unknown-name"
        self.problems.extend(
            Diagnostic(code, f"`{self.rules.name}` has no {what} `{name}`",
                       did_you_mean(name, names, f"{what}s"), at)
            for name, at in given.items() if name not in names)
        return set(given) & set(names)

    def named(self, node: Node, names: Iterable[str], what: str,
              read: Callable[[str, Node, Span], Expectation]) -> list[Expectation]:
        """A mapping of names, each entry read whose name exists. Raises Problems."""
        if not isinstance(node, src.Mapping):
            raise problem("wrong-shape", f"a mapping of {what}s belongs here, not a {v.shape_of(node)}",
                          f"write the name of each {what} and what it should be", node.span)
        existing = self.existing(node.keys_at, names, what)
        return v.each([k for k in node if k in existing], lambda k: read(k, node[k], node.keys_at[k]))

    def outputs(self, node: Node) -> list[Expectation]:
        def read(name: str, body: Node, at: Span) -> Expectation:
            if v.absent(body):
                return OutputIs(name, None, at)
            scalar = v.single_value(body, "a constant")
            return OutputIs(name, literals.guess_constant(scalar.text)[0] if scalar.plain else scalar.text, at)

        return self.named(node, self.rules.outputs, "output", read)

    def scores(self, node: Node) -> list[Expectation]:
        """`72`, an interval `[40, 60]`, or the name of a band."""
        cards = {card.name: card for card in self.rules.ruleset.scorecards}

        def read(name: str, body: Node, at: Span) -> Expectation:
            if isinstance(body, Sequence):
                return _interval(name, body, at)
            scalar = v.single_value(body, "a score")
            try:
                score = literals.parse_number(scalar.text)
            except literals.BadLiteral:
                return self.band(name, cards.get(name), scalar, at)
            return ScoreIs(name, score, score, at)

        return self.named(node, self.rules.scores, "scorecard", read)

    def band(self, name: str, card: Scorecard | None, given: Scalar, at: Span) -> BandIs:
        bands = [band.name for band in card.bands] if card else None
        if bands is not None and given.text not in bands:
            raise problem("unknown-word", f"`{name}` has no band `{given.text}`",
                          did_you_mean(given.text, bands, "bands") +
                          (" Else give a number, or an interval such as `[40, 60]`" if not bands else ""), given.span)
        return BandIs(name, given.text, at)


def _interval(name: str, node: Sequence, at: Span) -> ScoreIs:
    ends = v.each(node, v.number)
    if len(ends) != 2 or ends[0] > ends[1]:
        raise problem("bad-value", "this is not an interval of scores",
                      "write the lower end and the higher one, as in `[40, 60]`", node.span)
    return ScoreIs(name, ends[0], ends[1], at)


def _yes_or_no(node: Node) -> bool:
    words = {"yes": True, "no": False, "true": True, "false": False}
    scalar = v.single_value(node, "`yes` or `no`")
    if scalar.text not in words:
        raise problem("bad-value", f"`{scalar.text}` is neither yes nor no", "write `yes` or `no`", scalar.span)
    return words[scalar.text]


def _at_odds(found: list[Expectation]) -> list[Diagnostic]:
    """Rules that are expected to go two ways, or twice the same."""
    problems = []
    ways: dict[str, Way] = {}
    for expected in found:
        if not isinstance(expected, RuleIs):
            continue
        earlier = ways.setdefault(expected.rule, expected.way)
        if earlier is not expected.way:
            problems.append(Diagnostic("bad-case", f"`{expected.rule}` is expected under `{earlier.value}` and under "
                                       f"`{expected.way.value}`", "keep it in one of the two lists", expected.span))
    return problems

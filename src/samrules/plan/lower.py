"""Surface expressions to the core: names made absolute, ages to dates, scores and decisions to
two-valued questions about what is certain and what is possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from samrules.check.checker import CheckedRuleset
from samrules.check.scope import Meaning, Role, Scope
from samrules.check.typing import Typer, join
from samrules.decision.trace import Note
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model import types as ty
from samrules.model.operators import FLIPPED
from samrules.model.types import Kind, Type
from samrules.syntax.printer import text_of

NOTHING = ex.Literal(None, Kind.TEXT)  # type: ignore[arg-type]
"""The missing value, as a constant of the core."""

ZERO = ex.Literal(0.0, Kind.NUMBER)


def decision_title(ruleset: str, decide: rs.Decide) -> str:
    """What to call a decision that is asked for: its title, or `move of buy sell`."""
    return decide.title or f"{decide.name.replace('_', ' ')} of {ruleset.replace('_', ' ')}"


def rule_step(ruleset: str, rule: str) -> str:
    return f"{ruleset}:{rule}"


def outcome_step(ruleset: str, outcome: str) -> str:
    """The step that says whether an outcome of a ruleset's decision is possible."""
    return f"{ruleset}::{outcome}"


def score_steps(card: str) -> tuple[str, str]:
    return f"{card}:low", f"{card}:high"


@attrs.frozen
class Lowering:
    """Lowers the expressions of one ruleset. Notes of nodes are gathered in `notes`."""

    checked: CheckedRuleset
    ruleset: str
    notes: dict[ex.Expr, Note]

    @property
    def scope(self) -> Scope:
        return self.checked.scopes[self.ruleset]

    def type_of(self, node: ex.Expr) -> Type | None:
        return Typer(self.scope, self.checked.definitions, _ignore).type_of(node)

    def lower(self, node: ex.Expr) -> ex.Expr:
        """A surface expression in the core."""
        match node:
            case ex.Literal():
                return node
            case ex.Name():
                return self.name(node)
            case ex.Compare():
                return self.noted(self.compare(node), node)
            case ex.Between():
                return self.noted(self.between(node), node)
            case ex.In():
                return self.noted(self.member(node), node)
            case ex.Known():
                return self.noted(self.known(node), node)
            case ex.All(operands=operands) | ex.Any_(operands=operands):
                return type(node)(tuple(map(self.lower, operands)), span=node.span)
            case ex.AtLeast(count=count, operands=operands):
                return ex.AtLeast(count, tuple(map(self.lower, operands)), span=node.span)
            case ex.Not(operand=operand):
                return ex.Not(self.lower(operand), span=node.span)
            case ex.Arithmetic(operator=operator, left=left, right=right):
                return self.computed(ex.Arithmetic(operator, self.lower(left), self.lower(right), span=node.span), node)
            case ex.Negate(operand=operand):
                return self.computed(ex.Negate(self.lower(operand), span=node.span), node)
            case ex.Call(function=function, arguments=arguments):
                return self.computed(ex.Call(function, tuple(map(self.lower, arguments)), span=node.span), node)
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                parts = (self.lower(condition), self.lower(then), self.lower(otherwise))
                return self.computed(ex.If(*parts, span=node.span), node)
        raise TypeError(f"{type(node).__name__} is not written by an author")

    def noted(self, lowered: ex.Expr, node: ex.Expr) -> ex.Expr:
        """The lowered node, showing what was written, with the type its operands are shown in."""
        lowered = attrs.evolve(lowered, written=node, span=node.span)
        parts = list(ex.children(node))
        type_ = self.type_of(parts[0])
        for part in parts[1:]:
            other = self.type_of(part)
            if type_ and other:
                type_ = join(type_, other) or type_
        asked = next((m for m in map(self.meaning, parts) if m and m.role is Role.DECISION), None)
        title = decision_title(asked.ruleset, asked.of) if asked and isinstance(asked.of, rs.Decide) else None
        self.notes[lowered] = Note("comparison", type_, title, shown=text_of(node))
        return lowered

    def computed(self, lowered: ex.Expr, node: ex.Expr) -> ex.Expr:
        """A lowered value, with its type and its text for showing."""
        self.notes[lowered] = Note("value", self.type_of(node), shown=text_of(node))
        return lowered

    # --- names ---

    def meaning(self, node: ex.Expr) -> Meaning | None:
        return self.scope.get(node.name) if isinstance(node, ex.Name) else None

    def name(self, node: ex.Name) -> ex.Expr:
        meaning = self.scope.meanings[node.name]
        if meaning.role in (Role.BAND, Role.DECISION):
            return self.value_of(self.alternatives(meaning))
        if meaning.role is Role.SCORE:
            raise TypeError(f"the score {node.name} is used as a value")
        lowered = ex.Name(meaning.absolute, span=node.span)
        self.note_name(lowered, meaning, node.name)
        return lowered

    def note_name(self, lowered: ex.Name, meaning: Meaning, shown: str) -> None:
        typer = Typer(self.scope, self.checked.definitions, _ignore)
        role = "definition" if meaning.role is Role.DEFINITION else meaning.role.value
        self.notes[lowered] = Note(role, typer.meaning_type(meaning), meaning.title, shown)

    # --- comparisons ---

    def compare(self, node: ex.Compare) -> ex.Expr:
        operator, left, right = node.operator, node.left, node.right
        for side in (right, left):
            special = self.meaning(side)
            if _is_age(side) or (special and special.role is Role.SCORE):
                if side is right:
                    operator, left, right = FLIPPED[operator], right, left
                return self.age(operator, left, right) if _is_age(left) else self.score(operator, left, right)
        choice, constant = self.choice(left), right
        if choice is None:
            choice, constant = self.choice(right), left
        if choice is not None and isinstance(constant, ex.Literal) and operator in ("=", "!="):
            among = self.among(choice, {constant.value})
            return among if operator == "=" else ex.Not(among)
        return ex.Compare(operator, self.lower(left), self.lower(right))

    def age(self, operator: str, age: ex.Expr, duration: ex.Expr) -> ex.Expr:
        """`age(d) >= 24 months` asks whether `d` is on or before the date 24 months ago."""
        assert isinstance(age, ex.Call)
        date = self.lower(age.arguments[0])
        return ex.Compare(FLIPPED[operator], date, ex.Cutoff(self.lower(duration)))

    def score(self, operator: str, score: ex.Expr, bound: ex.Expr) -> ex.Expr:
        """A comparison with an interval: certain at its worse end, possible at its better one."""
        low, high = self.ends(score)
        limit = self.lower(bound)
        worse, better = (low, high) if operator in (">", ">=") else (high, low)
        return ex.Maybe(
            ex.Certain(ex.Compare(operator, worse, limit)),
            ex.Possible(ex.Compare(operator, better, limit)),
        )

    def ends(self, score: ex.Expr) -> tuple[ex.Name, ex.Name]:
        meaning = self.meaning(score)
        assert meaning is not None
        return self.score_ends(meaning)

    def score_ends(self, meaning: Meaning) -> tuple[ex.Name, ex.Name]:
        low, high = (ex.Name(step) for step in score_steps(meaning.absolute))
        for end in (low, high):
            self.notes[end] = Note("score", ty.NUMBER, meaning.title, meaning.absolute)
        return low, high

    def between(self, node: ex.Between) -> ex.Expr:
        ends = (ex.Compare(">=", node.subject, node.low), ex.Compare("<=", node.subject, node.high))
        meaning = self.meaning(node.subject)
        if _is_age(node.subject) or (meaning and meaning.role is Role.SCORE):
            return ex.All(tuple(self.compare(end) for end in ends))
        return ex.Between(*(self.lower(part) for part in (node.subject, node.low, node.high)))

    def member(self, node: ex.In) -> ex.Expr:
        choice = self.choice(node.subject)
        if choice is not None:
            values = {item.value for item in node.items if isinstance(item, ex.Literal)}
            return self.among(choice, values)
        return ex.In(self.lower(node.subject), node.items)

    def known(self, node: ex.Known) -> ex.Expr:
        meaning = self.meaning(node.subject)
        choice = self.choice(node.subject)
        if choice is not None:
            one = ex.Not(ex.AtLeast(2, tuple(choice.values()))) if len(choice) > 1 else _TRUE
            return one if node.known else ex.Not(one)
        if meaning and meaning.role is Role.SCORE:
            return ex.Compare("=" if node.known else "!=", *self.ends(node.subject))
        return ex.Known(self.lower(node.subject), node.known)

    # --- bands and decisions: one of several words, of which some are possible ---

    def choice(self, node: ex.Expr) -> dict[str, ex.Expr] | None:
        meaning = self.meaning(node)
        if meaning and meaning.role in (Role.BAND, Role.DECISION):
            return self.alternatives(meaning)
        return None

    def alternatives(self, meaning: Meaning) -> dict[str, ex.Expr]:
        """Each word with the two-valued question whether it is possible."""
        if isinstance(meaning.of, rs.Decide):
            words = [*meaning.of.outcomes]
            if meaning.of.hit_policy == "unique":
                words.append(rs.CONFLICT)
            return {word: ex.Name(outcome_step(meaning.ruleset, word)) for word in words}
        card = meaning.of
        assert isinstance(card, rs.Scorecard)
        low, high = self.score_ends(attrs.evolve(meaning, absolute=meaning.absolute.removesuffix(".band")))
        found: dict[str, ex.Expr] = {}
        for index, band in enumerate(card.bands):
            parts: list[ex.Expr] = [ex.Compare(">=", high, ex.Literal(band.since, Kind.NUMBER))]
            if index + 1 < len(card.bands):
                above = ex.Literal(card.bands[index + 1].since, Kind.NUMBER)
                parts.append(ex.Compare("<", low, above))
            found[band.name] = parts[0] if len(parts) == 1 else ex.All(tuple(parts))
        return found

    def among(self, choice: dict[str, ex.Expr], words: Iterable[object]) -> ex.Expr:
        """Whether the choice is one of the words: certain when no other is possible."""
        wanted = [question for word, question in choice.items() if word in set(words)]
        others = [question for word, question in choice.items() if word not in set(words)]
        certain = ex.Not(_any(others)) if others else _TRUE
        return ex.Maybe(certain, _any(wanted))

    def value_of(self, choice: dict[str, ex.Expr]) -> ex.Expr:
        """The word chosen where it is certain, else missing."""
        value: ex.Expr = NOTHING
        for word in reversed(list(choice)):
            others = [question for other, question in choice.items() if other != word]
            value = ex.If(ex.Not(_any(others)), ex.Literal(word, Kind.TEXT), value) if others \
                else ex.Literal(word, Kind.TEXT)
        return value


_TRUE = ex.Literal(True, Kind.BOOLEAN)
_FALSE = ex.Literal(False, Kind.BOOLEAN)


def _any(questions: list[ex.Expr]) -> ex.Expr:
    if not questions:
        return _FALSE
    return questions[0] if len(questions) == 1 else ex.Any_(tuple(questions))


def _is_age(node: ex.Expr) -> bool:
    return isinstance(node, ex.Call) and node.function == "age"


def _ignore(_: object) -> None:
    """The ruleset is checked: there is nothing left to report."""


# --- scorecards ----------------------------------------------------------------------------------


def criterion_ends(criterion: rs.Criterion, lower: Callable[[ex.Expr], ex.Expr]) -> tuple[ex.Expr, ex.Expr]:
    """The least and the most points that a criterion can give on what is known."""
    if criterion.scale is not None:
        share = _share(criterion.scale, lower)
        weight = ex.Literal(criterion.weight, Kind.NUMBER)
        points = ex.Call("millionth", (ex.Arithmetic("*", share, weight),))
        return ex.Call("coalesce", (points, ZERO)), ex.Call("coalesce", (points, weight))
    conditions = [lower(row.when) for row in criterion.points if row.when is not None]
    rows: list[tuple[float, ex.Expr]] = []
    for index, row in enumerate(criterion.points):
        reached = [ex.Not(c) for c in conditions[:index]] + conditions[index : index + 1]
        whole: ex.Expr = reached[0] if len(reached) == 1 else ex.All(tuple(reached)) if reached else _TRUE
        rows.append((row.points, ex.Possible(whole)))
    return _extreme(sorted(rows, key=lambda r: r[0])), _extreme(sorted(rows, key=lambda r: -r[0]))


def _extreme(rows: list[tuple[float, ex.Expr]]) -> ex.Expr:
    """The points of the first row that is possible; one always is."""
    value: ex.Expr = ex.Literal(rows[-1][0], Kind.NUMBER)
    for points, possible in reversed(rows[:-1]):
        value = ex.If(possible, ex.Literal(points, Kind.NUMBER), value)
    return value


def _share(scale: rs.Scale, lower: Callable[[ex.Expr], ex.Expr]) -> ex.Expr:
    """How far along the scale the value is, from 0 to 1."""
    of, zero, full = (lower(part) for part in (scale.of, scale.zero, scale.full))
    share = ex.Arithmetic("/", ex.Arithmetic("-", of, zero), ex.Arithmetic("-", full, zero))
    one = ex.Literal(1.0, Kind.NUMBER)
    return ex.Call("max", (ex.Call("min", (share, one)), ZERO))


# --- decisions that other rulesets ask for -------------------------------------------------------


def possible_outcomes(decide: rs.Decide, rules: list[tuple[str, ex.Expr]]) -> dict[str, ex.Expr]:
    """Each outcome with the two-valued question whether it is possible; as `policy.judge` has it."""
    given = {o: _any([r for outcome, r in rules if outcome == o]) for o in decide.outcomes}
    none_certain = ex.Not(ex.Certain(_any([r for _, r in rules])))
    found: dict[str, ex.Expr] = {}
    for position, outcome in enumerate(decide.outcomes):
        if decide.hit_policy == "priority":
            stronger = [given[o] for o in decide.outcomes[:position]]
            possible = _and_not(ex.Possible(given[outcome]), stronger)
        elif decide.hit_policy == "first":
            ways = [
                _and_not(ex.Possible(rule), [r for _, r in rules[:index]])
                for index, (o, rule) in enumerate(rules) if o == outcome
            ]
            possible = _any(ways)
        else:
            others = [given[o] for o in decide.outcomes if o != outcome]
            possible = _and_not(ex.Possible(given[outcome]), others)
        if outcome == decide.otherwise:
            possible = ex.Any_((possible, none_certain))
        found[outcome] = possible
    if decide.hit_policy == "unique":
        found[rs.CONFLICT] = ex.AtLeast(2, tuple(ex.Possible(g) for g in given.values()))
    return found


def _and_not(possible: ex.Expr, others: list[ex.Expr]) -> ex.Expr:
    return ex.All((possible, ex.Not(ex.Certain(_any(others))))) if others else possible

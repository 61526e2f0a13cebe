"""Checks of a `portfolio` section: who takes a place, how many there are, who goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from samrules.check.scope import Meaning, Role, Scope
from samrules.check.typing import Typer
from samrules.diagnostics import Diagnostic, Span, did_you_mean
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import NUMERIC, Kind
from samrules.syntax.library import Bundle
from samrules.syntax.printer import text_of

OUTPUTS = ("rank", "places", "cut_line")
"""What a decision on places says besides the outcome."""

LEAST = {"ceiling": 1, "start": 1, "growth": 0}
"""The least that each setting of the programme may be."""

_RANKING = NUMERIC | {Kind.SCORE}


@attrs.frozen
class PlacesChecker:
    """Checks the section of one ruleset whose definitions have their types."""

    ruleset: rs.Ruleset
    section: rs.PlacesSection
    bundle: Bundle
    scopes: dict[str, Scope]
    typer: Typer
    report: Callable[[Diagnostic], None]

    def error(self, code: str, message: str, help_: str, span: Span | None) -> None:
        self.report(Diagnostic(code, message, help_, span))

    def run(self) -> None:
        self.outcomes()
        self.ranking()
        for key, node in self.section.limits.items():
            self.limit(key, node)
        if self.section.start is not None and self.section.growth is None:
            self.error("bad-portfolio", "`start` without `growth`: the programme could never grow beyond it",
                       "add `growth:`, the places that may be added at a review", self.section.start.span)

    # --- outcomes ---

    def outcomes(self) -> None:
        decide, section = self.ruleset.decide, self.section
        if decide is None:
            self.error("no-decision", "a portfolio without a decision",
                       "add `decide: {place: {outcomes: [in, waitlisted, out], otherwise: out}}`", section.span)
            return
        if decide.hit_policy == "collect":
            self.error("bad-portfolio", f"`{decide.name}` collects a list of outcomes, and a place is one",
                       "use another hit policy", decide.span)
        for word, span in ((section.chosen, section.chosen_span), (section.waitlisted, section.waitlisted_span)):
            if word not in decide.outcomes:
                self.error("unknown-outcome", f"`{word}` is not an outcome of `{decide.name}`",
                           did_you_mean(word, decide.outcomes, "outcomes"), span)
        if section.chosen == section.waitlisted:
            self.error("bad-portfolio", f"`{section.chosen}` cannot be both: with a place, and waiting for one",
                       "use two outcomes", section.waitlisted_span)
            return
        if decide.otherwise == section.waitlisted:
            self.error("bad-portfolio", f"`{section.waitlisted}` is for accounts that qualify and find no place",
                       "use another outcome for `otherwise`", decide.span)
        for rule in self.ruleset.rules:
            for given in rule.then:
                if given.name == decide.name and given.value == section.waitlisted:
                    self.error("bad-portfolio", f"a rule gives `{section.waitlisted}`, which only the ranking gives",
                               f"give `{section.chosen}`: an account waits where no place is left", given.span)
                if given.name in OUTPUTS:
                    self.error("name-clash", f"`{given.name}` is what the portfolio itself says of an account",
                               "rename the output", given.span)

    # --- who goes first ---

    def ranking(self) -> None:
        section = self.section
        if section.incumbents is not None:
            self.typer.condition(section.incumbents)
        for key, node in (("rank_by", section.rank_by), ("compare_with", section.compare_with)):
            type_ = self.typer.type_of(node) if node is not None else None
            kinds = _RANKING if key == "rank_by" else NUMERIC
            if node is not None and type_ is not None and type_.kind not in kinds:
                wanted = "a score or a number" if key == "rank_by" else "a number"
                self.error("type-mismatch", f"`{key}` needs {wanted}, and `{text_of(node)}` is {type_}",
                           f"name {wanted}", node.span)
        for tie in section.ties:
            self.tie(tie)

    def tie(self, tie: rs.Tie) -> None:
        type_ = self.typer.type_of(tie.of)
        if type_ is None:
            return
        dates = tie.order in ("earliest", "latest")
        if (type_.kind is Kind.DATE) if dates else (type_.kind in NUMERIC):
            return
        shown = text_of(tie.of)
        fits = {Kind.DATE: f"write `earliest {shown}` or `latest {shown}`",
                **dict.fromkeys(NUMERIC, f"write `lowest {shown}` or `highest {shown}`")}
        self.error("type-mismatch", f"`{tie.order}` needs {'a date' if dates else 'a number'}, and `{shown}` is {type_}",
                   fits.get(type_.kind, "break ties by a date or a number; the account id comes last by itself"),
                   tie.of.span)

    # --- how many places ---

    def limit(self, key: str, node: ex.Expr) -> None:
        type_ = self.typer.type_of(node)
        if type_ is not None and type_.kind is not Kind.INTEGER:
            self.error("type-mismatch", f"`{key}` is a number of places, and `{text_of(node)}` is {type_}",
                       "give a whole number", node.span)
            return
        for name, meaning in self.facts(node):
            if isinstance(meaning.of, rs.Fact) and meaning.of.measure is not None:
                self.error("bad-portfolio", f"`{meaning.absolute}` is counted from the events of each account, "
                           f"and `{key}` is one number for the programme",
                           "use a setting that all accounts share", name.span)
        for value, span in self.constants(node, self.ruleset.name):
            if value < LEAST[key]:
                said = "holds nobody" if LEAST[key] else "would take places away"
                self.error("bad-portfolio", f"`{key}` is {value:g}: such a programme {said}",
                           f"give {LEAST[key]} or more", span or node.span)

    def facts(self, node: ex.Expr) -> Iterator[tuple[ex.Name, Meaning]]:
        """The facts below, through definitions, each with the name by which this section reaches it."""
        for top in ex.names(node):
            stack = [(top, self.ruleset.name)]
            seen: set[str] = set()
            while stack:
                name, owner = stack.pop()
                meaning = self.scopes[owner].get(name.name)
                if meaning is None or meaning.absolute in seen:
                    continue
                seen.add(meaning.absolute)
                if meaning.role is Role.FACT:
                    yield top, meaning
                elif isinstance(meaning.of, rs.Definition):
                    stack += [(inner, meaning.ruleset) for inner in ex.names(meaning.of.value)]

    def constants(self, node: ex.Expr, owner: str, depth: int = 0) -> Iterator[tuple[float, Span | None]]:
        """The constants that can be, or bound from above, the value: at whatever date and branch."""
        match node:
            case ex.Literal(value=int() | float() as value):
                yield float(value), node.span
            case ex.Negate(operand=ex.Literal(value=int() | float() as value)):
                yield -float(value), node.span
            case ex.If(then=then, otherwise=otherwise):
                yield from self.constants(then, owner, depth)
                yield from self.constants(otherwise, owner, depth)
            case ex.Call(function="min" | "coalesce", arguments=arguments):
                for argument in arguments:
                    yield from self.constants(argument, owner, depth)
            case ex.Name(name=name) if depth < _DEEPEST and (meaning := self.scopes[owner].get(name)):
                if isinstance(meaning.of, rs.Parameter):
                    yield from ((float(v.value), v.span) for v in meaning.of.values if isinstance(v.value, int | float))
                elif isinstance(meaning.of, rs.Definition):
                    yield from self.constants(meaning.of.value, meaning.ruleset, depth + 1)


_DEEPEST = 40
"""Definitions that use each other in a circle are reported elsewhere; here they only end."""

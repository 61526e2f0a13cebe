"""Findings: what is well-formed and still not what an author would want."""

from __future__ import annotations

from collections.abc import Iterator

from samrules.check.deadness import Deadness
from samrules.check.lifecycles import findings as lifecycle_findings
from samrules.check.scope import Role, Scope
from samrules.check.tables import findings as table_findings
from samrules.check.typing import Typer
from samrules.diagnostics import Diagnostic, Span
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.ruleset import expressions_of
from samrules.model.templates import PLACEHOLDER, WHO
from samrules.model.types import Kind, Type
from samrules.syntax.expression import parse
from samrules.syntax.printer import text_of
from samrules.syntax.source import Problems

FEWEST_CRITERIA, MOST_CRITERIA = 4, 10
"""Enough criteria to tell accounts apart, few enough that each counts: ideas 101 and 102."""


def lint(ruleset: rs.Ruleset, scopes: dict[str, Scope], types: dict[str, Type]) -> list[Diagnostic]:
    """All findings of one ruleset that has no errors."""
    found: list[Diagnostic] = []
    found += _citing(ruleset)
    found += _unused(ruleset, scopes[ruleset.name], scopes)
    found += _outcomes(ruleset)
    found += lifecycle_findings(ruleset, scopes, types)
    found += _scorecards(ruleset)
    found += _assumptions(ruleset, scopes)
    found += _bare_ratios(ruleset, scopes, types)
    found += _texts_like_values(ruleset, scopes[ruleset.name])
    found += Deadness(ruleset, scopes, types).findings()
    dead = {d.span for d in found if d.code == "unreachable-row"}
    found += (d for d in table_findings(ruleset, scopes[ruleset.name], types)
              if d.code != "unreachable-row" or d.span not in dead)
    return found


def _citing(ruleset: rs.Ruleset) -> Iterator[Diagnostic]:
    for rule in (r for r in ruleset.rules if r.table is None):
        if not rule.cites:
            yield Diagnostic("uncited-rule", f"the rule `{rule.name}` cites nothing",
                             "add `cites: [source/passage]`", rule.span)
        if not rule.because:
            yield Diagnostic("no-because", f"the rule `{rule.name}` has no sentence for the reader",
                             "add `because:` with the facts in braces", rule.span)
    for table in ruleset.tables:  # once a table, not once a row
        if any(not (row.cites or table.cites) for row in table.rows):
            yield Diagnostic("uncited-rule", f"the table `{table.name}` has rows that cite nothing",
                             "add `cites: [source/passage]` to the table, or to each row", table.span)
        if any(not (row.because or table.because) for row in table.rows):
            yield Diagnostic("no-because", f"the table `{table.name}` has rows without a sentence for the reader",
                             "add `because:` to the table, or to each row", table.span)
    for parameter in ruleset.parameters:
        if not parameter.reason:
            yield Diagnostic("no-reason", f"nobody says why `{parameter.name}` is what it is",
                             "add `reason:` in a sentence", parameter.span)


def _written(ruleset: rs.Ruleset) -> Iterator[ex.Expr]:
    for member in (*ruleset.measures, *ruleset.define, *ruleset.scorecards, *ruleset.rules, ruleset.decide,
                   ruleset.portfolio, *ruleset.invariants):
        yield from expressions_of(member)


def _unused(ruleset: rs.Ruleset, scope: Scope, scopes: dict[str, Scope]) -> Iterator[Diagnostic]:
    """A ruleset that decides nothing is a dictionary for others: what it declares is not unused."""
    used = {name.name for node in _written(ruleset) for name in ex.names(node)}
    for rule in ruleset.rules:
        used |= {p.split(":")[0] for p in PLACEHOLDER.findall(rule.because or "")}
    meanings = {scope.meanings[n].absolute.removesuffix(".band") for n in used if n in scope}
    rulesets = {scope.meanings[n].ruleset for n in used if n in scope}
    counted = {e for m in ruleset.measures for e in (*m.of.events, *m.since)}
    rulesets |= {name for name in ruleset.uses if counted & set(scopes[name].events)} if counted else set()
    if any(f"{{{WHO}}}" in (rule.because or "") for rule in ruleset.rules):
        meanings.add("account_name")
    if ruleset.decide is not None:
        members: tuple[tuple[str, tuple[rs.Fact | rs.Parameter | rs.Definition, ...]], ...] = (
            ("fact", ruleset.facts), ("parameter", ruleset.parameters), ("definition", ruleset.define))
        for what, entries in members:
            for entry in entries:
                absolute = entry.name if what == "fact" else f"{ruleset.name}.{entry.name}"
                made = isinstance(entry, rs.Definition) and entry.made_from is not None
                if absolute not in meanings and not made:
                    yield Diagnostic("unused", f"the {what} `{entry.name}` is never used",
                                     "use it, or remove it", entry.span)
    for name, span in zip(ruleset.uses, ruleset.uses_spans, strict=False):
        if name not in rulesets and (ruleset.decide is not None or ruleset.scorecards):
            yield Diagnostic("unused", f"nothing of the ruleset `{name}` is used",
                             "remove it from `uses`", span)


def _outcomes(ruleset: rs.Ruleset) -> Iterator[Diagnostic]:
    decide = ruleset.decide
    if decide is None:
        return
    given = {a.value for rule in ruleset.rules for a in rule.then if a.name == decide.name}
    if ruleset.portfolio is not None:
        given.add(ruleset.portfolio.waitlisted)
    for outcome in decide.outcomes:
        if outcome not in given and outcome != decide.otherwise:
            yield Diagnostic("never-given", f"no rule gives the outcome `{outcome}`",
                             "add a rule, or remove the outcome", decide.span)


def _scorecards(ruleset: rs.Ruleset) -> Iterator[Diagnostic]:
    for card in ruleset.scorecards:
        count = len(card.criteria)
        if not FEWEST_CRITERIA <= count <= MOST_CRITERIA:
            few = count < FEWEST_CRITERIA
            yield Diagnostic(
                "scorecard-size", f"`{card.name}` has {count} criteri{'on' if count == 1 else 'a'}",
                f"{FEWEST_CRITERIA} to {MOST_CRITERIA} tell accounts apart; "
                + ("add some" if few else "merge or drop some"), card.span)


def _assumptions(ruleset: rs.Ruleset, scopes: dict[str, Scope]) -> Iterator[Diagnostic]:
    """The rules that use `is known`, `is missing` or `coalesce`, directly or through definitions; the
    choice of a portfolio and the outputs of `always` that do."""
    overturned = "learning that fact may overturn a settled decision; explanations say so"
    members: list[tuple[str, object]] = [(f"the rule `{rule.name}`", rule) for rule in ruleset.rules]
    if ruleset.portfolio is not None:
        members.append(("the portfolio", ruleset.portfolio))
    for what, member in members:
        for node in _assuming(ruleset, list(expressions_of(member)), scopes):
            yield Diagnostic("assumption", f"{what} rests on `{text_of(node)}`", overturned, node.span)
    for output in ruleset.decide.always if ruleset.decide else ():
        written = [output.value] if isinstance(output.value, ex.Expr) else []
        for node in _assuming(ruleset, written, scopes):
            yield Diagnostic("assumption", f"the output `{output.name}` rests on `{text_of(node)}`",
                             "learning that fact may change its value", node.span)


def _assuming(ruleset: rs.Ruleset, nodes: list[ex.Expr], scopes: dict[str, Scope]) -> Iterator[ex.Expr]:
    """The nodes that these rest on and that treat a missing fact as if it were known."""
    for node in _reached(ruleset.name, nodes, scopes):
        if isinstance(node, ex.Known) or (isinstance(node, ex.Call) and node.function == "coalesce"):
            yield node


_RESTING = (Role.DEFINITION, Role.SCORE, Role.BAND, Role.DECISION)
"""What a name may stand for that rests on further names."""


def _reached(ruleset: str, nodes: list[ex.Expr], scopes: dict[str, Scope]) -> Iterator[ex.Expr]:
    """All nodes that these rest on, through definitions and scorecards of any ruleset."""
    seen: set[str] = set()
    stack = [(node, ruleset) for node in nodes]
    while stack:
        node, owner = stack.pop()
        yield node
        stack += [(child, owner) for child in ex.children(node)]
        meaning = scopes[owner].get(node.name) if isinstance(node, ex.Name) else None
        if meaning is not None and meaning.role in _RESTING and meaning.absolute not in seen:
            seen.add(meaning.absolute)
            members = scopes[meaning.ruleset].ruleset.rules if meaning.role is Role.DECISION else (meaning.of,)
            stack += [(inner, meaning.ruleset) for m in members for inner in expressions_of(m)]


def _texts_like_values(ruleset: rs.Ruleset, scope: Scope) -> Iterator[Diagnostic]:
    """Outputs that read like a calculation with names that exist, and are taken as texts."""
    set_ = [a for rule in ruleset.rules for a in rule.then]
    for assignment in (*set_, *(ruleset.decide.always if ruleset.decide else ())):
        text = assignment.value
        if not isinstance(text, str):
            continue
        try:
            node = parse(text, lambda a, b: Span("", 1, a + 1, 1, b + 1))
        except Problems:
            continue
        known = [n.name for n in ex.names(node)]
        if not isinstance(node, ex.Name) and known and all(n in scope for n in known):
            yield Diagnostic("text-or-value", f"`{text}` is taken as a text",
                             f"write `{{value: {text}}}` to have it calculated, or quote it", assignment.span)


_LEAST_ODD_RATIO = 2


def _bare_ratios(ruleset: rs.Ruleset, scopes: dict[str, Scope], types: dict[str, Type]) -> Iterator[Diagnostic]:
    """Ratios written as bare numbers from 2 on: `60` where `60%` was most likely meant."""
    typer = Typer(scopes[ruleset.name], types, lambda _: None)
    for parameter in ruleset.parameters:
        for dated in parameter.values:
            if parameter.type.kind is Kind.RATIO and dated.bare and abs(float(dated.value)) >= _LEAST_ODD_RATIO:  # type: ignore[arg-type]
                yield _bare_ratio(float(dated.value), dated.span)  # type: ignore[arg-type]
    for written in _written(ruleset):
        for node in ex.walk(written):
            if not isinstance(node, ex.Compare | ex.Between):
                continue
            parts = ex.children(node)
            ratio = any((t := typer.type_of(p)) is not None and t.kind is Kind.RATIO for p in parts)
            for part in parts if ratio else ():
                if isinstance(part, ex.Literal) and part.loose and isinstance(part.value, int | float) \
                        and part.value >= _LEAST_ODD_RATIO:
                    yield _bare_ratio(float(part.value), part.span)


def _bare_ratio(value: float, span: Span | None) -> Diagnostic:
    return Diagnostic("bare-ratio", f"`{value:g}` is {value * 100:,.0f}%", f"did you mean `{value:g}%`?", span)

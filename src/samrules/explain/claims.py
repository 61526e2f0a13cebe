"""What an invariant claims, read back in words: an author's title may say something else."""

from __future__ import annotations

from collections.abc import Sequence

from samrules.check.scope import Role
from samrules.decision.words import listed, word
from samrules.explain.condition_words import ConditionWords
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Kind, Type
from samrules.syntax.printer import text_of


def claim_in_words(invariant: rs.Invariant, speak: ConditionWords) -> str:
    """The claim as samrules takes it, as a clause: `when revenue rises and nothing else changes, care never falls (…)`."""
    said = _claim(invariant, speak)
    if invariant.where is not None:
        said = f"where {_conditions(invariant.where, speak, 'all of these hold', 'any of these holds')}: {said}"
    if invariant.knowing_only:
        said += f"; of accounts of which nothing is known but {listed([_named(n, speak) for n in invariant.knowing_only])}"
    return said


def _claim(invariant: rs.Invariant, speak: ConditionWords) -> str:
    subject = invariant.subject
    if invariant.settles is not None:
        return f"while nothing else about it changes, no account goes round in `{text_of(subject)}` for ever"
    if invariant.rising is None:
        several = isinstance(subject, ex.All | ex.Any_) and len(subject.operands) > 1
        return f"{invariant.claim}{' ' if several else ': '}{_conditions(subject, speak, 'all of these at once', 'any of these')}"
    return f"when {_rises(invariant.rising, speak)} and nothing else changes, {_moves(subject, speak, invariant.claim == 'never_lowers')}"


def _conditions(node: ex.Expr, speak: ConditionWords, all_: str, any_: str) -> str:
    """A condition, or several with how many of them are meant: `all of these at once: a; b`."""
    if isinstance(node, ex.All | ex.Any_) and len(node.operands) > 1:
        lead = all_ if isinstance(node, ex.All) else any_
        return f"{lead}: {'; '.join(_inner(part, speak) for part in node.operands)}"
    return _inner(node, speak)


def _inner(node: ex.Expr, speak: ConditionWords) -> str:
    """In quotes where it is a group by itself, so that it is plain what belongs together."""
    said = speak.words(node)
    return f"“{said}”" if isinstance(node, ex.All | ex.Any_) and len(node.operands) > 1 else said


def _type(node: ex.Expr, speak: ConditionWords) -> Type | None:
    return speak.type_of(node) if isinstance(node, ex.Name) else None


def _named(fact: ex.Expr, speak: ConditionWords) -> str:
    type_ = _type(fact, speak)
    return f"whether {speak.words(fact)}" if type_ is not None and type_.kind is Kind.BOOLEAN else speak.words(fact)


def _rises(fact: ex.Expr, speak: ConditionWords) -> str:
    type_, said = _type(fact, speak), speak.words(fact)
    if type_ is not None and type_.kind is Kind.BOOLEAN:
        return f"“{said}” turns from no to yes"
    return f"{said} is a later day" if type_ is not None and type_.kind is Kind.DATE else f"{said} rises"


def _moves(subject: ex.Expr, speak: ConditionWords, never_lowers: bool) -> str:
    said, moves = speak.words(subject), "falls" if never_lowers else "rises"
    meaning = speak.scope.get(subject.name) if isinstance(subject, ex.Name) else None
    if meaning is not None and isinstance(meaning.of, rs.Decide) and meaning.role is Role.DECISION:
        return f"{said} never {moves} ({_order(meaning.of.outcomes)})"
    type_ = _type(subject, speak)
    if isinstance(subject, ex.Compare | ex.All | ex.Any_ | ex.Not | ex.Between | ex.In | ex.Known | ex.AtLeast) or (
            type_ is not None and type_.kind is Kind.BOOLEAN):
        return f"“{said}” never turns from {'true to false' if never_lowers else 'false to true'}, and unknown stands between the two"
    return f"{said} never {moves}"


def _order(outcomes: Sequence[str]) -> str:
    return f"from the highest: {', '.join(map(word, outcomes))}"

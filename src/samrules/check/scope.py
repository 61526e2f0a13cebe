"""What each name means inside a ruleset, and which names exist."""

from __future__ import annotations

import enum
from collections.abc import Iterator

import attrs

from samrules.diagnostics import Span
from samrules.model import types as ty
from samrules.model.ruleset import Decide, Definition, Fact, Parameter, Ruleset, Scorecard
from samrules.model.types import Type

ACCOUNT_ID = Fact("account_id", ty.TEXT, title="account id")
AS_OF = "as_of"


class Role(enum.Enum):
    FACT = "fact"
    PARAMETER = "parameter"
    DEFINITION = "definition"
    SCORE = "score"
    BAND = "band of the score"
    DECISION = "decision"
    AS_OF = "date of the decision"


@attrs.frozen
class Meaning:
    """What a name stands for. `absolute` is the same wherever the name is used from."""

    role: Role
    absolute: str
    ruleset: str
    of: Fact | Parameter | Definition | Scorecard | Decide | None
    span: Span | None = None

    @property
    def title(self) -> str | None:
        return self.of.title if self.of is not None else None


def absolute_name(ruleset: str, member: str) -> str:
    return f"{ruleset}.{member}"


@attrs.frozen
class Scope:
    """The names that a ruleset may use, each with its meaning."""

    ruleset: Ruleset
    meanings: dict[str, Meaning]

    def __contains__(self, name: str) -> bool:
        return name in self.meanings

    def get(self, name: str) -> Meaning | None:
        return self.meanings.get(name)

    def names(self) -> Iterator[str]:
        return iter(self.meanings)


def own_members(ruleset: Ruleset) -> list[tuple[str, Meaning]]:
    """The members a ruleset declares, in the order written; a name may stand twice."""
    found: list[tuple[str, Meaning]] = [
        (f.name, Meaning(Role.FACT, f.name, ruleset.name, f, f.span)) for f in ruleset.facts
    ]
    roles = (
        (Role.PARAMETER, ruleset.parameters),
        (Role.DEFINITION, ruleset.define),
        (Role.SCORE, ruleset.scorecards),
        (Role.DECISION, (ruleset.decide,) if ruleset.decide else ()),
    )
    for role, members in roles:
        for member in members:
            absolute = absolute_name(ruleset.name, member.name)
            found.append((member.name, Meaning(role, absolute, ruleset.name, member, member.span)))
    return found


def scope_of(ruleset: Ruleset, used: dict[str, Scope]) -> Scope:
    """The scope of a ruleset whose used rulesets' scopes are known.

    Facts are shared by their bare names, however far down the chain of `uses` they are declared;
    other members of a directly used ruleset are dotted, or bare when they bear its name.
    """
    meanings: dict[str, Meaning] = {
        "account_id": Meaning(Role.FACT, "account_id", "", ACCOUNT_ID),
        AS_OF: Meaning(Role.AS_OF, AS_OF, "", None),
    }
    for name in ruleset.uses:
        if name not in used:
            continue
        other = used[name]
        for meaning in other.meanings.values():
            if meaning.role is Role.FACT:
                meanings[meaning.absolute] = meaning
        for member, meaning in own_members(other.ruleset):
            if meaning.role is Role.FACT:
                continue
            _enter(meanings, f"{name}.{member}", meaning)
            if member == name:
                _enter(meanings, name, meaning)
    for member, meaning in own_members(ruleset):
        if member not in meanings:  # a clash: the checker reports it
            _enter(meanings, member, meaning)
    return Scope(ruleset, meanings)


def _enter(meanings: dict[str, Meaning], name: str, meaning: Meaning) -> None:
    meanings[name] = meaning
    if meaning.role is Role.SCORE:
        band = attrs.evolve(meaning, role=Role.BAND, absolute=f"{meaning.absolute}.band")
        meanings.setdefault(f"{name}.band", band)


def band_type(scorecard: Scorecard) -> Type:
    return Type(ty.Kind.ENUM, words=tuple(b.name for b in scorecard.bands))


def decision_type(decide: Decide) -> Type:
    return Type(ty.Kind.ENUM, words=decide.outcomes)

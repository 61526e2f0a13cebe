"""What differs between two rulesets, by their meaning: each edit of a part, and how it is made."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from samrules.model import ruleset as rs

DECLARING = ("facts", "events", "measures", "parameters", "define", "scorecards")
"""Sections whose parts decide nothing by being there: only what names them does."""
RULING = ("rules", "tables", "ladders", "lifecycles")
_SINGLE = ("decide", "portfolio")
_WORDS = frozenset({"title", "description", "reason", "because", "cites", "source", "unit"})
"""Fields that are said to a reader, and bear on no outcome."""
_OURS = frozenset({"name", "number", "measure", "table", "made_from"})


class Bears(enum.Enum):
    """What an edit can bear on."""

    DECISIONS = "what is decided"
    NAMES = "what there is to name"
    WORDS = "what is said"
    CLAIMS = "what is claimed of every account"


@attrs.frozen
class Item:
    """A step of a path: the entry of this name among several."""

    name: str


Path = tuple[str | Item, ...]


@attrs.frozen
class Edit:
    """One edit: a part that came, went or changed; or one field of it.

    `path` leads from the part to what changed, empty for the whole part. `old` or `new` is None
    where there was or is nothing. `order` is set where only the order of rules changed.
    """

    ruleset: str
    section: str
    name: str
    path: Path
    old: Any
    new: Any
    bears: Bears
    section_now: str | None = None
    """The section that the part stands in now, where it changed sections."""

    @property
    def added(self) -> bool:
        return not self.path and self.old is None

    @property
    def removed(self) -> bool:
        return not self.path and self.new is None

    @property
    def reordered(self) -> bool:
        return self.section == "rules" and self.name == ""


def surface(ruleset: rs.Ruleset) -> rs.Ruleset:
    """A loaded ruleset as it was written: without the rules that its tables, ladders and lifecycles
    became, its tables read from their files."""
    return attrs.evolve(
        ruleset,
        rules=tuple(r for r in ruleset.rules if r.table is None and r.made_from is None),
        define=tuple(d for d in ruleset.define if d.made_from is None),
        tables=tuple(attrs.evolve(t, file=None) for t in ruleset.tables),
    )


def edits_between(old: Iterable[rs.Ruleset], new: Iterable[rs.Ruleset]) -> list[Edit]:
    """Every edit that leads from some rulesets to others; those of a name go together.

    A ruleset that only one of them uses is no edit: what asks for its decisions is.
    """
    before = {r.name: surface(r) for r in old}
    found: list[Edit] = []
    for ruleset in map(surface, new):
        if ruleset.name in before:
            found += _of_ruleset(before[ruleset.name], ruleset)
    return found


def _of_ruleset(old: rs.Ruleset, new: rs.Ruleset) -> Iterator[Edit]:
    where = new.name
    yield from _head(old, new)
    gone = {name: s for s in DECLARING for name in _names(old, s)}
    moved = {name: (gone[name], s) for s in DECLARING for name in _names(new, s)
             if name in gone and gone[name] != s and name not in _names(new, gone[name])}
    for section in (*DECLARING, *RULING):
        before, after = _members(old, section), _members(new, section)
        for name, member in before.items():
            if name in after:
                yield from _fields(where, section, name, (), member, after[name])
            elif name in moved:
                now = moved[name][1]
                yield Edit(where, section, name, (), member, _members(new, now)[name], Bears.DECISIONS, now)
            else:
                yield Edit(where, section, name, (), member, None, _presence(section))
        for name, member in after.items():
            if name not in before and name not in moved:
                yield Edit(where, section, name, (), None, member, _presence(section))
    yield from _claims(old, new)
    yield from _order(old, new)
    for section in _SINGLE:
        one, other = getattr(old, section), getattr(new, section)
        same_name = one is not None and other is not None and getattr(one, "name", None) == getattr(other, "name", None)
        if same_name:
            yield from _fields(where, section, getattr(one, "name", section), (), one, other)
        elif one != other:
            name = next(getattr(m, "name", section) for m in (other, one) if m is not None)
            yield Edit(where, section, name, (), one, other, Bears.DECISIONS)


def _claims(old: rs.Ruleset, new: rs.Ruleset) -> Iterator[Edit]:
    """Invariants that came, went or changed; none decides anything."""
    before, after = _members(old, "invariants"), _members(new, "invariants")
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        if one is not None and other is not None:
            for edit in _fields(new.name, "invariants", name, (), one, other):
                yield attrs.evolve(edit, bears=Bears.WORDS if edit.bears is Bears.WORDS else Bears.CLAIMS)
        elif one != other:
            yield Edit(new.name, "invariants", name, (), one, other, Bears.CLAIMS)


def _head(old: rs.Ruleset, new: rs.Ruleset) -> Iterator[Edit]:
    for key in ("title", "description", "currency"):
        one, other = getattr(old, key), getattr(new, key)
        if one != other:
            yield Edit(new.name, "ruleset", new.name, (key,), one, other, Bears.WORDS)
    if set(old.uses) != set(new.uses):
        yield Edit(new.name, "ruleset", new.name, ("uses",), old.uses, new.uses, Bears.NAMES)


def _presence(section: str) -> Bears:
    return Bears.NAMES if section in DECLARING else Bears.DECISIONS


def _order(old: rs.Ruleset, new: rs.Ruleset) -> Iterator[Edit]:
    """The order of the rules that both have. It decides under the policy `first` alone; elsewhere it says
    whose outputs go first."""
    both = {r.name for r in old.rules} & {r.name for r in new.rules}
    before, after = ([r.name for r in ruleset.rules if r.name in both] for ruleset in (old, new))
    if before != after:
        yield Edit(new.name, "rules", "", (), tuple(before), tuple(after), Bears.DECISIONS)


def _members(ruleset: rs.Ruleset, section: str) -> dict[str, Any]:
    return {member.name: member for member in getattr(ruleset, section)}


def _names(ruleset: rs.Ruleset, section: str) -> set[str]:
    return {member.name for member in getattr(ruleset, section)}


def _fields(where: str, section: str, name: str, path: Path, old: Any, new: Any) -> Iterator[Edit]:
    """The fields in which two parts of one name differ, as far down as there are names."""
    for field in attrs.fields(type(old)):
        if not field.eq or field.name in _OURS:
            continue
        one, other = getattr(old, field.name), getattr(new, field.name)
        if one == other:
            continue
        place = (*path, field.name)
        if _goes_inside(one, other):
            for a, b in zip(one, other, strict=True):
                yield from _fields(where, section, name, (*place, Item(_key(a))), a, b)
        elif isinstance(one, rs.Fall) and isinstance(other, rs.Fall):
            yield from _fields(where, section, name, place, one, other)
        else:
            bears = Bears.WORDS if field.name in _WORDS else Bears.DECISIONS
            yield Edit(where, section, name, place, one, other, bears)


_NAMED = (rs.Criterion, rs.State, rs.Transition, rs.Level, rs.Fact)


def _key(entry: Any) -> str:
    return str(entry.number) if isinstance(entry, rs.Level) else str(entry.name)


def _goes_inside(one: Any, other: Any) -> bool:
    """Whether two tuples hold entries of the same names, that can be edited one by one."""
    if not (isinstance(one, tuple) and isinstance(other, tuple) and one and len(one) == len(other)):
        return False
    if not all(isinstance(e, _NAMED) for e in (*one, *other)) or [_key(e) for e in one] != [_key(e) for e in other]:
        return False
    # weights sum to 100 together: no one of them can be edited by itself
    return not isinstance(one[0], rs.Criterion) or [c.weight for c in one] == [c.weight for c in other]


# --- making edits --------------------------------------------------------------------------------


def made(part: Any, path: Path, new: Any) -> Any:
    """The part with what is at a path exchanged."""
    if not path:
        return new
    step, *rest = path
    assert isinstance(step, str)
    inner = getattr(part, step)
    if rest and isinstance(rest[0], Item):
        item, further = rest[0], rest[1:]
        inner = tuple(made(e, tuple(further), new) if _key(e) == item.name else e for e in inner)
    else:
        inner = made(inner, tuple(rest), new)
    return attrs.evolve(part, **{step: inner})

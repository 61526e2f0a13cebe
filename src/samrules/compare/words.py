"""Edits in words: what a programme head would say was changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import attrs

from samrules.compare.edits import Edit, Item
from samrules.decision.words import day, listed, number, value_in_words, word
from samrules.explain.condition_words import ConditionWords
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Duration, Type
from samrules.syntax.printer import text_of

_NOUNS = {
    "facts": "fact", "events": "event", "measures": "measure", "parameters": "parameter", "define": "definition",
    "scorecards": "score", "rules": "rule", "tables": "table", "ladders": "ladder", "lifecycles": "lifecycle",
    "decide": "decision", "portfolio": "portfolio", "invariants": "invariant",
}
_ITEMS = {"criteria": "criterion", "states": "state", "transitions": "transition", "levels": "level", "fields": "field"}
_SAID = {
    "sustained": "how long it must last", "then": "what it sets", "always": "what it always carries", "unless": "its exceptions",
    "otherwise": "where no rule holds", "unsettled": "while it is open", "hit_policy": "hit policy", "since": "since when",
    "because": "its sentence", "cites": "what it rests on", "reason": "its reason", "range": "allowed values",
    "origins": "where it leads from", "to": "where it leads", "waived_by": "what waives the least time", "at_least": "least time",
    "zero": "value that earns nothing", "full": "value that earns the full weight", "on_record": "what is on record",
    "source": "where it is kept", "within": "window", "where": "which events count", "of": "what is taken",
}


@attrs.frozen
class EditWords:
    """Speaks of edits between two versions of one ruleset."""

    old: ConditionWords
    new: ConditionWords
    currency: str | None

    def words(self, edit: Edit) -> str:
        """One edit in a sentence without a full stop."""
        if edit.reordered:
            return f"the rules stand in another order: {listed([f'`{n}`' for n in edit.new])}"
        noun = _NOUNS.get(edit.section, "ruleset")
        who = f"{noun} `{edit.name}`" if edit.section not in ("portfolio", "ruleset") else f"the {noun}"
        if edit.section_now is not None:
            return f"{who} becomes a {_NOUNS[edit.section_now]}"
        if edit.added:
            about = self.about(edit.new, self.new)
            return f"{who} is new" + (f": {about}" if about else "")
        if edit.removed:
            about = self.about(edit.old, self.old)
            return f"{who} is removed" + (f": {about}" if about else "")
        if not edit.path:
            return f"{who} is another"
        of = "".join(f", {_item(edit.path, at)}" for at, step in enumerate(edit.path) if isinstance(step, Item))
        field = str(edit.path[-1])
        return f"{who}{of}: {self.change(field, edit)}"

    def about(self, part: Any, speak: ConditionWords) -> str:
        """What a part is, in a phrase."""
        match part:
            case rs.Parameter():
                return self.dated(part.values[-1], part) if part.values else ""
            case rs.Definition():
                return speak.words(part.value)
            case rs.Rule():
                given = ", ".join(self.assigned(a, speak) for a in part.then[:1])
                last = f", lasting {_sustained(part.sustained)}" if part.sustained else ""
                but = f", unless {listed([speak.words(u) for u in part.unless], 'or')}" if part.unless else ""
                return f"{given} when {speak.words(part.when)}{but}{last}"
            case rs.Fact():
                return str(part.type)
            case rs.DecisionTable():
                return f"{len(part.rows)} rows"
        return getattr(part, "title", None) or ""

    def change(self, field: str, edit: Edit) -> str:
        """What became of a field."""
        old, new = edit.old, edit.new
        if field == "values":
            return "; ".join(self.values(edit))
        if field == "type" and isinstance(old, Type):
            return f"{old} becomes {new}"
        said = _SAID.get(field, word(field))
        if field == "outcomes":
            return self.outcomes(old, new)
        if field in ("then", "always"):
            return f"{said}: " + "; ".join(self.assignments(old, new))
        if field == "unless":
            return f"{said}: " + "; ".join(self.operands(old, new, "removed", "new"))
        if isinstance(old, ex.Expr) and isinstance(new, ex.Expr):
            lead = "" if field in ("value", "when", "requires") else f"{said}: "
            return lead + "; ".join(self.expression(old, new))
        if field == "criteria":
            return "; ".join(self.criteria(old, new))
        if field == "rows":
            return "; ".join(self.rows(old, new))
        if field in ("because", "reason", "title", "description"):
            return f"{said} is worded anew" if old and new else f"{said} is {'new' if new else 'removed'}"
        one, other = self.plain(old, self.old), self.plain(new, self.new)
        if not one or not other:
            return f"{said}: {one or other} {'no longer' if not other else 'is new'}"
        return f"{said}: {one} becomes {other}"

    # --- fields of their own ---

    def dated(self, value: rs.DatedValue, parameter: rs.Parameter) -> str:
        return value_in_words(value.value, parameter.type, self.currency)

    def values(self, edit: Edit) -> Iterator[str]:
        """A parameter's values by date; one that it always had is told without one."""
        type_ = next(m.of.type for m in (self.new.scope.get(edit.name), self.old.scope.get(edit.name))
                     if m is not None and isinstance(m.of, rs.Parameter))
        before, after = ({v.since: value_in_words(v.value, type_, self.currency) for v in values} for values in (edit.old, edit.new))
        days = sorted({*before, *after})
        for since in days:
            one, other = _in_force(before, since), _in_force(after, since)
            when = "" if len(days) == 1 and one is not None and other is not None else f", from {day(since)} on"
            if one != other:
                yield f"{one or 'no value yet'} becomes {other or 'no value yet'}{when}"
        if all(_in_force(before, since) == _in_force(after, since) for since in days):
            yield "the same values, dated otherwise"

    def outcomes(self, old: tuple[str, ...], new: tuple[str, ...]) -> str:
        gone, came = [o for o in old if o not in new], [o for o in new if o not in old]
        said = [f"outcome {word(o)} is removed" for o in gone] + [f"outcome {word(o)} is new" for o in came]
        if [o for o in old if o in new] != [o for o in new if o in old]:
            said.append(f"outcomes, strongest first: {listed([word(o) for o in old])} becomes {listed([word(o) for o in new])}")
        return "; ".join(said)

    def assignments(self, old: Sequence[rs.Assignment], new: Sequence[rs.Assignment]) -> Iterator[str]:
        before, after = {a.name: a for a in old}, {a.name: a for a in new}
        for name in {**before, **after}:
            one, other = before.get(name), after.get(name)
            if one is None and other is not None:
                yield f"{self.assigned(other, self.new)} is new"
            elif other is None and one is not None:
                yield f"{self.assigned(one, self.old)} is removed"
            elif one is not None and other is not None and one.value != other.value:
                yield f"{self.assigned(one, self.old)} becomes {self.plain(other.value, self.new)}"
        if list(before) != list(after) and set(before) == set(after):
            yield "in another order"

    def assigned(self, assignment: rs.Assignment, speak: ConditionWords) -> str:
        return f"{word(assignment.name)} {self.plain(assignment.value, speak)}"

    def criteria(self, old: Sequence[rs.Criterion], new: Sequence[rs.Criterion]) -> Iterator[str]:
        before, after = {c.name: c for c in old}, {c.name: c for c in new}
        for name in {**before, **after}:
            one, other = before.get(name), after.get(name)
            if one is None and other is not None:
                yield f"criterion `{name}` is new, of weight {number(other.weight)}"
            elif other is None:
                yield f"criterion `{name}` is removed"
            elif one is not None and one.weight != other.weight:
                yield f"criterion `{name}`: weight {number(one.weight)} becomes {number(other.weight)}"
            elif one != other:
                yield f"criterion `{name}` gives its points otherwise"

    def rows(self, old: Sequence[Any], new: Sequence[Any]) -> Iterator[str]:
        if len(old) != len(new):
            yield f"{len(old)} rows become {len(new)}"
        differ = [str(n) for n, (a, b) in enumerate(zip(old, new, strict=False), start=1) if a != b]
        if differ:
            yield f"row{'' if len(differ) == 1 else 's'} {listed(differ)} {'differs' if len(differ) == 1 else 'differ'}"

    # --- conditions ---

    def expression(self, old: ex.Expr, new: ex.Expr) -> Iterator[str]:
        """The smallest parts in which two conditions differ."""
        match old, new:
            case (ex.All(operands=a), ex.All(operands=b)) | (ex.Any_(operands=a), ex.Any_(operands=b)):
                yield from self.operands(a, b, "no longer asked" if isinstance(old, ex.All) else "no longer enough",
                                         "asked as well" if isinstance(old, ex.All) else "enough as well")
            case (ex.AtLeast(operands=a), ex.AtLeast(operands=b)):
                if old.count != new.count:
                    yield f"at least {old.count} becomes at least {new.count}"
                yield from self.operands(a, b, "no longer counts", "counts as well")
            case (ex.Not(operand=a), ex.Not(operand=b)):
                yield from self.expression(a, b)
            case _:
                one, other = self.old.words(old), self.new.words(new)
                if one == other:  # titles alike, names not
                    one, other = f"`{text_of(old)}`", f"`{text_of(new)}`"
                if isinstance(old, ex.Compare) and isinstance(new, ex.Compare):
                    yield f"{one} becomes {_after(one, other)}"
                else:
                    yield f"“{one}” becomes “{other}”"

    def operands(self, old: Sequence[ex.Expr], new: Sequence[ex.Expr], gone: str, came: str) -> Iterator[str]:
        if old == new:
            return
        left, right = [o for o in old if o not in new], [o for o in new if o not in old]
        pairs = [(a, b) for a in left for b in right if _kin(a, b)]
        for a, b in pairs:
            if a in left and b in right:
                left.remove(a)
                right.remove(b)
                yield from self.expression(a, b)
        yield from (f"{gone}: {self.old.words(o)}" for o in left)
        yield from (f"{came}: {self.new.words(o)}" for o in right)
        if not left and not right and not pairs:
            yield "the same conditions, otherwise arranged"

    def plain(self, value: Any, speak: ConditionWords) -> str:
        """A value of any kind."""
        match value:
            case None | ():
                return ""
            case ex.Expr():
                return speak.words(value)
            case rs.Sustained():
                return _sustained(value)
            case rs.Range():
                low, high = ("" if e is None else value_in_words(e, None) for e in (value.low, value.high))
                return f"{low}..{high}"
            case str():
                return word(value)
            case bool() | int() | float() | Duration():
                return value_in_words(value, None)
            case tuple():
                return listed([self.plain(v, speak) for v in value])
            case rs.Counting():
                return f"{value.kind} of {listed(list(value.events))}" + (f" ({value.field})" if value.field else "")
            case rs.Scale():
                return f"in proportion to {speak.words(value.of)}, from {speak.words(value.zero)} to {speak.words(value.full)}"
            case rs.Points():
                when = f"for {speak.words(value.when)}" if value.when is not None else "otherwise"
                return f"{number(value.points)} {when}"
            case rs.Tie():
                return f"{value.order} {speak.words(value.of)}"
        return getattr(value, "name", None) or getattr(value, "title", None) or "another"


def _item(path: Sequence[Any], at: int) -> str:
    step, of = path[at], _ITEMS.get(str(path[at - 1]), "entry")
    return f"{of} {step.name}" if of == "level" else f"{of} `{step.name}`"


def _in_force(values: dict[date, str], day_: date) -> str | None:
    return next((values[since] for since in sorted(values, reverse=True) if since <= day_), None)


def _sustained(sustained: rs.Sustained) -> str:
    reviews = "1 review" if sustained.reviews == 1 else f"{sustained.reviews} reviews"
    return f"{reviews} over {sustained.over}" if sustained.over else reviews


def _kin(one: ex.Expr, other: ex.Expr) -> bool:
    """Whether one condition is likely the other, edited: of one form, about the same thing."""
    if type(one) is not type(other):
        return False
    if isinstance(one, ex.All | ex.Any_ | ex.AtLeast):
        return True
    return next((n.name for n in ex.names(one)), None) == next((n.name for n in ex.names(other)), None)


def _after(one: str, other: str) -> str:
    """The second of two phrases without the beginning `subject: ` that they share."""
    head, colon, rest = other.partition(": ")
    return rest if colon and one.startswith(f"{head}: ") else other

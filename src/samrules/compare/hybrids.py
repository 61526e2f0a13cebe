"""Rulesets between the old and the new: the old one with some of the edits made."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import Any

import attrs

from samrules.check.checker import check
from samrules.compare.edits import DECLARING, RULING, Edit, made, surface
from samrules.errors import RulesetError
from samrules.model import ruleset as rs
from samrules.plan.planner import plan
from samrules.rules import Rules
from samrules.syntax.constructs import with_constructs
from samrules.syntax.library import Bundle
from samrules.syntax.tables import with_rows_as_rules

Subset = frozenset[int]


@attrs.define
class Hybrids:
    """Makes a ruleset of any subset of the edits, each once.

    Declarations that came or went are in all of them, since what nothing names decides nothing:
    so most edits can be made without the others.
    """

    old: Bundle
    new: Bundle
    edits: list[Edit]
    _made: dict[Subset, Rules | None] = attrs.field(factory=dict)

    def rules(self, subset: Subset) -> Rules | None:
        """The old ruleset with these edits; None where they make no ruleset without the others."""
        if subset not in self._made:
            self._made[subset] = self._rules(subset)
        return self._made[subset]

    def _rules(self, subset: Subset) -> Rules | None:
        before = {r.name: surface(r) for r in self.old.rulesets}
        after = {r.name: surface(r) for r in self.new.rulesets}
        rulesets: dict[str, rs.Ruleset] = {}
        for name in {**before, **after}:
            if name in before and name in after:
                mine = [(i in subset, e) for i, e in enumerate(self.edits) if e.ruleset == name]
                joined = _between(before[name], after[name], mine)
            else:
                joined = before.get(name) or after[name]
            whole, problems = with_rows_as_rules(joined, (), str, {}, {})
            whole, more = with_constructs(whole)
            if problems or more:
                return None
            rulesets[name] = whole
        try:
            order = list(TopologicalSorter({n: [u for u in r.uses if u in rulesets] for n, r in rulesets.items()}).static_order())
            main = rulesets[self.new.main.name]
            order = [n for n in order if n != main.name and n in rs.reached(main, rulesets)]
            bundle = Bundle(main, (*(rulesets[n] for n in order), main), {**self.old.citations, **self.new.citations}, {})
            checked = check(bundle)
            return Rules(checked, plan(checked))
        except (CycleError, RulesetError):
            return None


def _between(old: rs.Ruleset, new: rs.Ruleset, edits: list[tuple[bool, Edit]]) -> rs.Ruleset:
    parts: dict[str, dict[str, Any]] = {
        section: {m.name: m for m in getattr(old, section)} for section in (*DECLARING, *RULING)}
    fields: dict[str, Any] = {}
    order: tuple[str, ...] | None = None
    for is_made, edit in edits:
        if edit.section in ("ruleset", "invariants"):
            continue
        if edit.section in ("decide", "portfolio"):
            if is_made:
                fields[edit.section] = made(fields.get(edit.section, getattr(old, edit.section)), edit.path, edit.new)
        elif edit.reordered:
            order = edit.new if is_made else None
        elif edit.section_now is not None:
            if is_made:
                del parts[edit.section][edit.name]
                parts[edit.section_now][edit.name] = edit.new
        elif edit.added:
            if is_made or edit.section in DECLARING:
                parts[edit.section][edit.name] = edit.new
        elif edit.removed:
            if is_made and edit.section not in DECLARING:
                del parts[edit.section][edit.name]
        elif is_made:
            parts[edit.section][edit.name] = made(parts[edit.section][edit.name], edit.path, edit.new)
    for section in RULING:
        ordered = _in_order(parts[section], [m.name for m in getattr(old, section)], [m.name for m in getattr(new, section)], order
                            if section == "rules" else None)
        fields[section] = tuple(ordered)
    for section in DECLARING:
        fields[section] = tuple(parts[section].values())
    uses = tuple(dict.fromkeys([*old.uses, *new.uses]))
    return attrs.evolve(new, decide=fields.pop("decide", old.decide), portfolio=fields.pop("portfolio", old.portfolio),
                        uses=uses, uses_spans=(), currency=new.currency or old.currency, overlay=None,
                        invariants=(), **fields)  # what is claimed decides nothing, and may not hold in between


def _in_order(parts: dict[str, Any], before: list[str], after: list[str], order: tuple[str, ...] | None) -> list[Any]:
    """The parts in the order of one version; what only the other has stands after what it stands after there."""
    line, other = (before, after) if order is None else (after, before)
    placed = [name for name in line if name in parts]
    for index, name in enumerate(other):
        if name in parts and name not in placed:
            ahead = next((n for n in reversed(other[:index]) if n in placed), None)
            placed.insert(placed.index(ahead) + 1 if ahead is not None else 0, name)
    return [parts[name] for name in placed]

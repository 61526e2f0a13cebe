"""From a checked ruleset to its graph: what reads what, facts gathered by who reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from samrules.check.checker import CheckedRuleset
from samrules.check.scope import Meaning, Role, Scope
from samrules.decision.words import number, word
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import RulesetError
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.expressions import Expr
from samrules.publishing import graph as g
from samrules.publishing.machines import machines

_MOST_LISTED = 12
"""Facts listed in one box; the rest are counted."""


def draw(checked: CheckedRuleset, only: Sequence[str] = (), depth: int | None = None) -> g.Graph:
    """The graph of a ruleset; of the rules named in `only` where some are, so many steps back.

    Raises RulesetError where a rule does not exist, or nothing is there to draw.
    """
    return _Drawing(checked, tuple(only)).run(depth)


Needs = dict[str, str]
"""What a box reads, by its key, and how: LEADS, or STOPS."""


@attrs.define
class _Drawing:
    checked: CheckedRuleset
    only: tuple[str, ...]
    boxes: dict[str, g.Box] = attrs.field(factory=dict)
    """Boxes drawn one by one: all but facts and what comes from elsewhere."""
    sources: dict[str, tuple[str, str | None, str]] = attrs.field(factory=dict)
    """Facts and members of other rulesets: kind, heading, words."""
    needs: dict[str, Needs] = attrs.field(factory=dict)
    gives: list[g.Arrow] = attrs.field(factory=list)
    """From rules to outcomes."""
    unread: list[tuple[str, Expr]] = attrs.field(factory=list)
    """Definitions met and not read yet: a long chain of them costs no stack."""
    met: set[str] = attrs.field(factory=set)

    @property
    def ruleset(self) -> rs.Ruleset:
        return self.checked.main

    @property
    def scope(self) -> Scope:
        return self.checked.scopes[self.ruleset.name]

    def run(self, depth: int | None) -> g.Graph:
        self.check_names()
        self.outcomes()
        self.rules()
        if not self.only:
            self.choice_of_places()
            self.always()
            for definition in self.ruleset.define:
                self.definition(definition)
            for card in self.ruleset.scorecards:
                self.score(card)
            self.measures()
        while self.unread:
            key, value = self.unread.pop(0)
            self.read(key, [value])
        if not self.boxes and not self.needs:
            raise RulesetError([Diagnostic(
                "nothing-to-draw", f"the ruleset `{self.ruleset.name}` has no rules, definitions, scorecards or measures",
                "name a ruleset that has some; `samrules list` shows them", self.ruleset.span)])
        found = self.gathered(self.kept(depth))
        drawn = () if self.only else machines(self.ruleset)
        title = self.ruleset.title or word(self.ruleset.name)
        of = f"{self.ruleset.name} {self.ruleset.version}"
        return g.Graph(title, of + (f": {', '.join(self.only)}" if self.only else ""), *found, drawn)

    def check_names(self) -> None:
        known = [r.name for r in self.ruleset.rules]
        problems = [Diagnostic("no-such-rule", f"`{name}` is not a rule of `{self.ruleset.name}`",
                               did_you_mean(name, known, "rules"), where="--rule")
                    for name in self.only if name not in known]
        if problems:
            raise RulesetError(problems)

    # --- what is drawn one by one ---

    def outcomes(self) -> None:
        decide = self.ruleset.decide
        if decide is None:
            return
        given = {self.given(rule) for rule in self.ruleset.rules if not self.only or rule.name in self.only}
        for outcome in decide.outcomes:
            if self.only and outcome not in given:
                continue
            otherwise = outcome == decide.otherwise
            lines = (word(outcome), "where no rule holds") if otherwise and not self.only else (word(outcome),)
            self.boxes[f"outcome {outcome}"] = g.Box(f"outcome {outcome}", g.OUTCOME, lines, None,
                                                     f"{decide.title or word(decide.name)}: {word(outcome)}")

    def given(self, rule: rs.Rule) -> str | None:
        decide = self.ruleset.decide
        return next((str(a.value) for a in rule.then if decide and a.name == decide.name), None)

    def rules(self) -> None:
        for rule in self.ruleset.rules:
            made = rule.made_from or rule.table
            if self.only:
                if rule.name in self.only:
                    self.rule(rule, g.Box(f"rule {rule.name}", g.RULE, (word(rule.name),), None, rule.title or ""))
            elif made is None:
                self.rule(rule, g.Box(f"rule {rule.name}", g.RULE, (word(rule.name),), None, rule.title or ""))
            else:
                self.rule(rule, self.box_of_maker(f"maker {made}", made))

    def box_of_maker(self, key: str, name: str) -> g.Box:
        """The box of a table, ladder or lifecycle: its rules are not drawn one by one."""
        lines, says = self.maker(name)
        return g.Box(key, g.MAKER, lines, None, says)

    def maker(self, name: str) -> tuple[tuple[str, ...], str]:
        for table in self.ruleset.tables:
            if table.name == name:
                return (word(name), f"table of {len(table.rows)} {'row' if len(table.rows) == 1 else 'rows'}"), table.title or ""
        for ladder in self.ruleset.ladders:
            if ladder.name == name:
                return (word(name), f"ladder of {len(ladder.levels)} levels"), ladder.title or ""
        lifecycle = next(c for c in self.ruleset.lifecycles if c.name == name)
        return (word(name), f"lifecycle of {len(lifecycle.states)} states"), lifecycle.title or ""

    def rule(self, rule: rs.Rule, box: g.Box) -> None:
        key = box.key
        self.boxes.setdefault(key, box)
        computed = [a.value for a in rule.then if isinstance(a.value, Expr)]
        self.read(key, [rule.when, *computed], rule.unless)
        arrow = g.Arrow(key, f"outcome {self.given(rule)}")
        if arrow not in self.gives:
            self.gives.append(arrow)

    def choice_of_places(self) -> None:
        section = self.ruleset.portfolio
        if section is None:
            return
        self.boxes["places"] = g.Box("places", g.PLACES, ("places", "ranked, up to a ceiling"), None, "who takes a place, who waits")
        self.read("places", list(rs.expressions_of(section)))
        self.gives += [g.Arrow("places", f"outcome {o}") for o in (section.chosen, section.waitlisted)]

    def always(self) -> None:
        decide = self.ruleset.decide
        for output in decide.always if decide else ():
            if isinstance(output.value, Expr):
                key = f"always {output.name}"
                self.boxes[key] = g.Box(key, g.ALWAYS, (word(output.name),), None, "an output of every decision")
                self.read(key, [output.value])

    def definition(self, definition: rs.Definition) -> str:
        """The box of a definition; what a ladder made of itself is in the ladder's."""
        folded = definition.made_from is not None and not self.only
        key = f"maker {definition.made_from}" if folded else f"definition {definition.name}"
        if definition.name not in self.met:
            self.met.add(definition.name)
            self.unread.append((key, definition.value))
            box = self.box_of_maker(key, definition.made_from) if folded and definition.made_from else \
                g.Box(key, g.DEFINITION, (word(definition.name),), None, definition.title or "")
            self.boxes.setdefault(key, box)
        return key

    def score(self, card: rs.Scorecard) -> str:
        key = f"score {card.name}"
        if key in self.boxes:
            return key
        self.boxes[key] = g.Box(key, g.SCORE, (word(card.name),), None, card.title or "")
        for criterion in card.criteria:
            inner = f"criterion {card.name}.{criterion.name}"
            self.boxes[inner] = g.Box(inner, g.CRITERION, (f"{word(criterion.name)}  {number(criterion.weight)}",), None,
                                      criterion.title or "")
            self.needs.setdefault(key, {})[inner] = g.LEADS
            self.read(inner, list(rs.expressions_of(attrs.evolve(card, criteria=(criterion,)))))
        return key

    def measures(self) -> None:
        """What this ruleset itself counts from events."""
        for measure in self.ruleset.measures:
            key = self.fact(measure.name)
            for event in measure.of.events:
                self.sources[f"event {event}"] = (g.EVENT, None, word(event))
                self.needs.setdefault(key, {})[f"event {event}"] = g.LEADS

    # --- what they read ---

    def read(self, key: str, expressions: Iterable[Expr], unless: Iterable[Expr] = ()) -> None:
        needs = self.needs.setdefault(key, {})
        for how, nodes in ((g.LEADS, expressions), (g.STOPS, unless)):
            for node in nodes:
                for name in ex.names(node):
                    source = self.source(name.name)
                    if source and source != key and needs.get(source) != g.LEADS:  # what does both, leads
                        needs[source] = how

    def source(self, name: str) -> str | None:
        """The key of what a name stands for; thresholds are not drawn."""
        meaning = self.scope.get(name)
        if meaning is None or meaning.role in (Role.PARAMETER, Role.AS_OF):
            return None
        if meaning.role is Role.FACT:
            return self.fact(name)
        if meaning.ruleset != self.ruleset.name:
            return self.elsewhere(meaning)
        if isinstance(meaning.of, rs.Definition):
            return self.definition(meaning.of)
        if isinstance(meaning.of, rs.Scorecard):
            return self.score(meaning.of)
        return None

    def fact(self, name: str) -> str:
        meaning = self.scope.get(name)
        counted = meaning is not None and isinstance(meaning.of, rs.Fact) and meaning.of.measure is not None
        self.sources[f"fact {name}"] = (g.FACT, None, word(name) + (" ∑" if counted else ""))
        return f"fact {name}"

    def elsewhere(self, meaning: Meaning) -> str:
        member = meaning.absolute.removeprefix(f"{meaning.ruleset}.").removesuffix(".band")
        key = f"asked {meaning.ruleset}.{member}"
        self.sources[key] = (g.ASKED, word(meaning.ruleset), word(member))
        return key

    # --- what is kept, and gathered ---

    def kept(self, depth: int | None) -> set[str]:
        """Every key within so many steps of what decides; where no depth is given, every key."""
        every = {*self.boxes, *self.sources}
        if depth is None:
            return every
        ends = [k for k in self.boxes if self.boxes[k].kind in (g.RULE, g.MAKER, g.PLACES, g.ALWAYS, g.OUTCOME)]
        found = set(ends or [k for k in self.boxes if not any(k in needs for needs in self.needs.values())])
        step = found
        for _ in range(depth):
            step = {need for key in step for need in self.needs.get(key, {})} - found
            found |= step
        return found & every

    def gathered(self, kept: set[str]) -> tuple[tuple[g.Box, ...], tuple[g.Arrow, ...]]:
        """Facts that the same boxes read in the same way share a box, as do members of one ruleset."""
        readers: dict[str, tuple[tuple[str, str], ...]] = {}
        for key, needs in self.needs.items():
            if key in kept:
                for need, how in needs.items():
                    readers[need] = (*readers.get(need, ()), (key, how))
        groups: dict[object, list[str]] = {}
        for source, (kind, heading, _) in self.sources.items():
            if source in kept and (source in readers or source in self.needs):
                own = tuple(sorted(self.needs.get(source, {})))
                groups.setdefault((kind, heading, tuple(sorted(readers.get(source, ()))), own), []).append(source)
        boxes: list[g.Box] = []
        member_of: dict[str, str] = {}
        for members in groups.values():
            kind, heading, _ = self.sources[members[0]]
            words = [self.sources[m][2] for m in members]
            shown = words if len(words) <= _MOST_LISTED else [*words[: _MOST_LISTED - 1], f"and {len(words) - _MOST_LISTED + 1} more"]
            boxes.append(g.Box(members[0], kind, tuple(shown), heading, ", ".join(words)))
            member_of |= dict.fromkeys(members, members[0])
        boxes += [self.cut(box, kept) for key, box in self.boxes.items() if key in kept]
        shown_keys = {box.key for box in boxes}
        arrows = dict.fromkeys(
            g.Arrow(member_of.get(need, need), member_of.get(key, key), how)
            for key, needs in self.needs.items() if member_of.get(key, key) in shown_keys
            for need, how in needs.items() if member_of.get(need, need) in shown_keys)
        given = [a for a in self.gives if a.source in shown_keys and a.target in shown_keys]
        order = list(g.KINDS)
        boxes.sort(key=lambda box: order.index(box.kind))
        return tuple(boxes), (*arrows, *given)

    def cut(self, box: g.Box, kept: set[str]) -> g.Box:
        """A box of which something behind it is left out says so."""
        if any(need not in kept for need in self.needs.get(box.key, {})):
            return attrs.evolve(box, lines=(*box.lines[:-1], f"{box.lines[-1]} …"))
        return box

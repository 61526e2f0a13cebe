"""A ruleset as a policy document: everything that a signature is put under, in words.

The document stands by itself. What rules name of other rulesets is explained in it too; only their
decisions have documents of their own, and are named with version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import attrs

from samrules.check.checker import CheckedRuleset
from samrules.decision.words import counted, day, listed, number, sentence, value_in_words, word
from samrules.explain.claims import claim_in_words
from samrules.explain.condition_words import ConditionWords, values_in_force
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.expressions import Expr
from samrules.model.types import BOOLEAN
from samrules.plan.plan import Plan
from samrules.publishing import fact_words
from samrules.publishing.document import (
    CardShown,
    ClaimShown,
    Conditions,
    CriterionShown,
    FactShown,
    Line,
    MachineShown,
    OutcomeShown,
    Policy,
    RuleShown,
    SourceShown,
    TableShown,
    Term,
    Threshold,
)
from samrules.publishing.mentions import Mentions

_POLICIES = {
    "priority": "Where several rules hold at once, the strongest outcome counts; the table below lists the outcomes from the strongest on.",
    "first": "Where several rules hold at once, the first of them decides.",
    "unique": "One rule decides. Should two with different outcomes hold at once, the policy contradicts itself there, and the answer says so.",
    "collect": "Every rule that holds counts: the answer lists all their outcomes.",
}


def policy(checked: CheckedRuleset, plan: Plan, on: date) -> Policy:
    """The policy that a checked ruleset states, with the thresholds in force on a day."""
    return _Writing(checked, plan, on).run()


@attrs.define
class _Writing:
    checked: CheckedRuleset
    plan: Plan
    on: date
    speakers: dict[str, ConditionWords] = attrs.field(factory=dict)
    numbers: dict[str, int] = attrs.field(factory=dict)
    """Rule names to their numbers in the document."""
    mentions: Mentions = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.mentions = Mentions.of(self.checked)

    @property
    def ruleset(self) -> rs.Ruleset:
        return self.checked.main

    def speak(self, ruleset: str | None = None) -> ConditionWords:
        name = ruleset or self.ruleset.name
        if name not in self.speakers:
            values = values_in_force(self.checked.bundle.rulesets, self.on, self.plan.currency)
            self.speakers[name] = ConditionWords(self.checked.scopes[name], self.plan.currency, values)
        return self.speakers[name]

    def run(self) -> Policy:
        r = self.ruleset
        self.numbers = {rule.name: i for i, rule in enumerate(r.rules, 1)}
        rules = {rule.name: self.rule(rule) for rule in r.rules}
        tables = tuple(self.table(table) for table in r.tables)
        machines = (*(self.maker(ladder, rules) for ladder in r.ladders), *(self.maker(lifecycle, rules) for lifecycle in r.lifecycles))
        own: list[Term] = []
        foreign: list[Term] = []
        for owner, definition in self.mentions.terms.values():
            if definition.made_from is None or owner != r.name:
                (own if owner == r.name else foreign).append(self.term(owner, definition))
        cards = tuple(self.card(owner, card) for owner, card in self.mentions.cards.values())
        own_order = {p.name: i for i, p in enumerate(r.parameters)}
        thresholds = tuple(self.threshold(owner, p) for owner, p in sorted(
            self.mentions.parameters.values(), key=lambda found: own_order.get(found[1].name, 0) if found[0] == r.name else len(own_order)))
        rests_on = tuple(f"{b.name} {b.version}" for b in self.checked.bundle.rulesets if b.name != r.name)
        return Policy(
            title=r.title or word(r.name), name=r.name, version=r.version, digest=self.plan.digest, on=day(self.on),
            purpose=sentence(r.description or ""), scope=tuple(self.scope()), rests_on=rests_on,
            decides=(r.decide.title or word(r.decide.name)) if r.decide else "", outcomes=tuple(self.outcomes()),
            always=tuple(self.carried(r.decide.always)) if r.decide else (), combine=_POLICIES[r.decide.hit_policy] if r.decide else "",
            rules=tuple(rules[rule.name] for rule in r.rules if rule.made_from is None and rule.table is None),
            tables=tables, machines=machines, places=tuple(self.places()), terms=tuple(own), foreign=tuple(foreign), cards=cards,
            thresholds=thresholds,
            claims=tuple(ClaimShown(sentence(i.title or word(i.name)), sentence(_capital(claim_in_words(i, self.speak()))), sentence(i.reason or ""), i.cites)
                         for i in r.invariants),
            facts=tuple(self.fact(f) for f in sorted(self.mentions.facts.values(), key=lambda f: f.title or f.name)),
            sources=tuple(self.sources()), open=tuple(self.open()))

    # --- its parts ---

    def scope(self) -> Iterable[str]:
        r = self.ruleset
        if r.decide is None:
            yield "This document decides nothing by itself; other policies use what it defines."
            return
        outcomes = listed([word(o) for o in r.decide.outcomes], "or")
        if r.portfolio is not None:
            yield f"It decides for all accounts together, on one day: {outcomes}."
        else:
            yield f"It decides for each account by itself, on the day of the decision: {outcomes}."
        yield ("A fact that is not known counts neither as no nor as zero. Where the known facts leave the answer open, the answer is "
               f"“{word(r.decide.unsettled)}”, with the facts to find out first.")
        if r.overlay is not None:
            base = r.overlay.layers[1]
            yield f"It is the policy {base.ruleset} {base.version} with what differs here: {self.differs(r.overlay)}."
        if self.mentions.asked:
            yield f"It rests on decisions that have policies of their own: {listed(list(self.mentions.asked.values()))}."

    def differs(self, overlay: rs.Overlay) -> str:
        """What a ruleset that extends another changes, adds and removes: `changed: entry score; added: owes us money`."""
        above = {layer.ruleset for layer in overlay.layers[:1]}
        said = {"changed": [o.name for o in overlay.origins if o.ruleset not in above and any(c.ruleset in above for c in o.changes)],
                "added": [o.name for o in overlay.origins if o.ruleset in above],
                "removed": [gone.name for gone in overlay.removed if gone.ruleset in above]}
        return "; ".join(f"{how}: {', '.join(map(word, names))}" for how, names in said.items() if names) or "nothing but its name"

    def outcomes(self) -> Iterable[OutcomeShown]:
        decide = self.ruleset.decide
        if decide is None:
            return
        for outcome in decide.outcomes:
            rules = [r for r in self.ruleset.rules if any(a.name == decide.name and a.value == outcome for a in r.then)]
            follows = dict.fromkeys(text for r in rules for text in self.carried([a for a in r.then if a.name != decide.name], r))
            section = self.ruleset.portfolio
            remark = "where no rule holds" if outcome == decide.otherwise else ""
            if section is not None and outcome == section.waitlisted:
                remark = "where no place is left"
            yield OutcomeShown(word(outcome), tuple(self.numbers[r.name] for r in rules), tuple(follows), remark)

    def carried(self, outputs: Iterable[rs.Assignment], rule: rs.Rule | None = None) -> Iterable[str]:
        for output in outputs:
            of_ladder = rule is not None and rule.made_from in {ladder.name for ladder in self.ruleset.ladders}
            if of_ladder and rule is not None and output.name == f"to_{rule.made_from}" and self.given(rule) == rs.DEMOTE:
                yield f"{word(output.name)}: one lower"
            else:
                yield f"{word(output.name)}: {self.value(output.value)}"

    def given(self, rule: rs.Rule) -> str:
        decide = self.ruleset.decide
        return next((str(a.value) for a in rule.then if decide and a.name == decide.name), "")

    def value(self, value: object) -> str:
        if isinstance(value, Expr):
            return self.speak().words(value)
        return word(value) if isinstance(value, str) else value_in_words(value, None)  # type: ignore[arg-type]

    def rule(self, rule: rs.Rule) -> RuleShown:
        decide = self.ruleset.decide
        others = [a for a in rule.then if decide is None or a.name != decide.name]
        sustained = ""
        if rule.sustained:
            over = f", over at least {rule.sustained.over}" if rule.sustained.over else ""
            sustained = f"It must hold at {counted(rule.sustained.reviews, 'reviews')} in a row{over}."
        return RuleShown(
            self.numbers[rule.name], sentence(rule.title or word(rule.name)).rstrip("."), rule.name, word(self.given(rule)),
            tuple(self.carried(others, rule)), self.conditions([rule.when]), self.conditions(rule.unless), sustained,
            self.speak().inserted(rule.because) if rule.because else "", rule.cites)

    def conditions(self, nodes: Sequence[Expr], owner: str | None = None) -> Conditions | None:
        """One condition, or several of which any one will do."""
        speak = self.speak(owner)
        lines = _nested([line for node in nodes for line in speak.lines(node, 0 if len(nodes) == 1 else 1)])
        if not lines or lines == (Line("whatever the facts"),):
            return None
        if len(lines) == 1 and lines[0].items and (lead := _lead(lines[0].text)):
            return Conditions(lead, lines[0].items)
        if len(lines) == 1:
            return Conditions("this holds", lines)
        return Conditions("all of these hold" if len(nodes) == 1 else "one of these holds", lines)

    def table(self, table: rs.DecisionTable) -> TableShown:
        speak = self.speak()
        outputs = list(dict.fromkeys(a.name for row in table.rows for a in row.then))
        rows = []
        for number_, row in enumerate(table.rows, 1):
            set_ = {a.name: self.value(a.value) for a in row.then}
            because = row.because or table.because
            rows.append((str(self.numbers[f"{table.name}_{number_}"]),
                         *(self.cell(cell, subject) for cell, subject in zip(row.when, table.inputs, strict=True)),
                         *(set_.get(o, "") for o in outputs), speak.inserted(because) if because else ""))
        head = ("Rule", *(_capital(speak.words(node)) for node in table.inputs), *(f"→ {word(o)}" for o in outputs), "Reason")
        return TableShown(table.title or word(table.name), head, tuple(rows), table.cites)

    def cell(self, cell: rs.Cell, subject: Expr) -> str:
        speak = self.speak()
        operands = [speak.words(o, speak.type_of(subject)) for o in cell.operands]
        match cell.test:
            case "any":
                return "any"
            case "known" | "missing":
                return "known" if cell.test == "known" else "not known"
            case "between":
                return f"from {operands[0]} to {operands[1]}"
            case "in":
                return listed(operands, "or")
            case "=":
                return operands[0]
            case "!=":
                return f"not {operands[0]}"
        said = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}[cell.test]
        if isinstance(subject, ex.Call) and subject.function == "age":
            said = {"<": "less than", ">": "more than"}.get(cell.test, said)
            return f"{said} {operands[0]} ago"
        return f"{said} {operands[0]}"

    def maker(self, maker: rs.Ladder | rs.Lifecycle, rules: dict[str, RuleShown]) -> MachineShown:
        speak = self.speak()
        made = tuple(rules[rule.name] for rule in self.ruleset.rules if rule.made_from == maker.name)
        title = maker.title or word(maker.name)
        if isinstance(maker, rs.Ladder):
            notes = [f"The present level on record is: {speak.words(maker.on_record)}. An account moves one level at a time: up on the evidence "
                     "for the next level and all below it, down "
                     + ("as the last rule of this section says." if maker.falls else "when the evidence for its level is gone.")]
            if maker.ceiling is not None:
                notes.append(f"It rises no higher than: {speak.words(maker.ceiling)}.")
            levels = tuple((str(n.number), n.title or "") for n in maker.levels)
            return MachineShown(f"Levels: {title}", ("Level", "Meaning"), levels, tuple(notes), made)
        since = f", and the day it began: {speak.words(maker.since)}" if maker.since is not None else ""
        notes = [f"The present state on record is: {speak.words(maker.on_record)}{since}. The first rule of this section that holds says where "
                 f"the account goes, or that it stays. Every account starts as: {word(maker.start)}."]
        states = tuple((_capital(word(s.name)), s.title or "", f"at least {speak.words(s.at_least)}" if s.at_least is not None else "any time")
                      for s in maker.states)
        return MachineShown(f"States: {title}", ("State", "Meaning", "Stays in it"), states, tuple(notes), made)

    def places(self) -> Iterable[str]:
        section = self.ruleset.portfolio
        if section is None:
            return
        speak = self.speak()
        yield f"An account that the rules let in takes a place as “{word(section.chosen)}”; where no place is left, it is “{word(section.waitlisted)}”."
        if section.incumbents is not None:
            yield f"First, whatever their rank, come those of which this holds: {speak.words(section.incumbents)}."
        ties = [f"{t.order} {speak.words(t.of)}" for t in section.ties]
        yield f"The others rank by {speak.words(section.rank_by)}, the highest first; of those that rank alike, by {', then '.join([*ties, 'account id'])}."
        said = {"ceiling": "There are never more places than", "start": "A programme begins with this many places:",
                "growth": "At each review at most this many places are added:"}
        for key, node in section.limits.items():
            yield f"{said[key]} {speak.words(node)}."
        yield "A ceiling removes nobody, and places may stay free."
        if section.compare_with is not None:
            yield f"The list is compared with the ranking by {speak.words(section.compare_with)}, so that nobody takes the one for the other."

    def term(self, owner: str, definition: rs.Definition) -> Term:
        condition = self.checked.definitions.get(f"{owner}.{definition.name}") == BOOLEAN
        value = "" if condition else self.speak(owner).words(definition.value)
        when = self.conditions([definition.value], owner) if condition else None
        from_ = "" if owner == self.ruleset.name else f"{owner} {self.mentions.version(owner)}"
        return Term(_capital(definition.title or word(definition.name)), definition.name, from_, when, value, definition.cites)

    def card(self, owner: str, card: rs.Scorecard) -> CardShown:
        speak = self.speak(owner)
        criteria = []
        for c in sorted(card.criteria, key=lambda c: -c.weight):
            if c.scale:
                type_ = speak.type_of(c.scale.of)
                ends = f"from none at {speak.words(c.scale.zero, type_)} to all at {speak.words(c.scale.full, type_)}"
                rows: tuple[tuple[str, str], ...] = ((f"0 to {number(c.weight)}", f"in proportion to {speak.words(c.scale.of)}, {ends}"),)
            else:
                rows = tuple((number(p.points), speak.words(p.when) if p.when is not None else "otherwise") for p in c.points)
            criteria.append(CriterionShown(_capital(c.title or word(c.name)), number(c.weight), rows, c.cites))
        bands = tuple((word(b.name), number(b.since)) for b in card.bands)
        from_ = "" if owner == self.ruleset.name else f"{owner} {self.mentions.version(owner)}"
        return CardShown(_capital(card.title or word(card.name)), from_, bands, tuple(criteria), card.cites)

    def threshold(self, owner: str, parameter: rs.Parameter) -> Threshold:
        dated = parameter.at(self.on)

        def said(value: rs.DatedValue) -> str:
            return value_in_words(value.value, parameter.type, self.plan.currency)

        others = tuple(f"{said(v)} from {day(v.since)}" for v in parameter.values if v is not dated)
        from_ = "" if owner == self.ruleset.name else owner
        return Threshold(word(parameter.name), from_, _capital(parameter.title or word(parameter.name)), said(dated) if dated else "none yet",
                         day(dated.since) if dated else "", others, sentence(parameter.reason or ""), parameter.cites)

    def fact(self, fact: rs.Fact) -> FactShown:
        title = fact.title or word(fact.name)
        asks = "whether " if fact.type == BOOLEAN and fact.title else ""
        counted_ = fact_words.counting(fact.measure, self.speak(self.counts(fact.measure))) if fact.measure else ""
        return FactShown(fact.name, _capital(asks + title), sentence(fact.description or ""), fact_words.kind(fact, self.plan.currency),
                         counted_ or (fact.source or ""))

    def counts(self, measure: rs.Measure) -> str:
        """The ruleset that declares a measure."""
        return next(r.name for r in self.checked.bundle.rulesets if measure in r.measures)

    def sources(self) -> Iterable[SourceShown]:
        texts: dict[str, list[tuple[str, str]]] = {}
        citations = self.checked.bundle.citations
        for key in self.mentions.cited:
            if key in citations:
                texts.setdefault(key.split("/")[0], []).append((key, sentence(citations[key].passage.says)))
        for passages in texts.values():
            source = citations[passages[0][0]].source
            yield SourceShown(source.title, source.author or "", tuple(passages))

    def open(self) -> Iterable[str]:
        """What the checker remarks, and what a signer would ask about."""
        for finding in self.checked.findings:
            yield sentence(finding.message)
        r = self.ruleset
        if r.description is None:
            yield "The purpose is not stated: the ruleset has no `description`."
        bare = [word(p.name) for _, p in self.mentions.parameters.values() if not p.reason]
        if bare:
            yield f"No reason is given for the {'threshold' if len(bare) == 1 else 'thresholds'} {listed(bare)}."
        nowhere = [f.title or word(f.name) for f in self.mentions.facts.values() if not f.source and not f.measure]
        if nowhere:
            yield f"Where it comes from is not said of: {listed(nowhere)}."


def _nested(lines: Sequence[tuple[int, str]]) -> tuple[Line, ...]:
    """Lines with depths as lines within lines."""
    found: list[Line] = []
    at = 0
    while at < len(lines):
        depth, text = lines[at]
        end = at + 1
        while end < len(lines) and lines[end][0] > depth:
            end += 1
        if text.startswith("not:"):
            text = "it is not so that" + text.removeprefix("not:") + (":" if text == "not:" else "")
        found.append(Line(text, _nested(lines[at + 1 : end])))
        at = end
    return tuple(found)


def _lead(group: str) -> str:
    """The line of a group as a lead: `any of these:` → `one or more of these hold`."""
    said = group.removesuffix(":")
    if said == "any of these":
        return "one or more of these hold"
    return f"{said} hold" if said.endswith("of these") else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

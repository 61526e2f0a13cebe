"""A ruleset to be read: what it decides, on what thresholds, by which rules, resting on what."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import date
from typing import Any

import attrs

from samrules.check.checker import CheckedRuleset
from samrules.check.scope import Scope
from samrules.cli import ladders_shown
from samrules.decision.decision import as_json
from samrules.decision.words import day, listed, number, sentence, value_in_words, word
from samrules.explain.claims import claim_in_words
from samrules.explain.condition_words import ConditionWords, values_in_force
from samrules.model import ruleset as rs
from samrules.model.expressions import All, Expr
from samrules.plan.plan import Plan
from samrules.syntax.printer import text_of

_WIDTH = 100

_POLICIES = {
    "priority": "The strongest outcome for which a rule holds",
    "first": "The first rule that holds decides",
    "unique": "One rule decides; two with different outcomes at once are an error of the ruleset",
    "collect": "Every rule that holds counts: the outcome is a list",
}


@attrs.frozen
class Rulebook:
    """One checked ruleset, shown with the thresholds of a day."""

    checked: CheckedRuleset
    plan: Plan
    day: date

    @property
    def ruleset(self) -> rs.Ruleset:
        return self.checked.main

    @property
    def scope(self) -> Scope:
        return self.checked.scopes[self.ruleset.name]

    @property
    def speak(self) -> ConditionWords:
        return ConditionWords(self.scope, self.plan.currency, self._values())

    def _values(self) -> dict[str, str]:
        return values_in_force(self.checked.bundle.rulesets, self.day, self.plan.currency)

    def text(self) -> str:
        parts = [self._head(), self._decision(), self._places(), self._rules(), *map(self._made_by, self._makers()),
                 self._definitions(), self._scores(), self._thresholds(), self._measures(), self._facts(), self._invariants(), self._sources()]
        return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"

    def _head(self) -> Iterator[str]:
        title = self.ruleset.title or word(self.ruleset.name)
        yield title
        yield "=" * len(title)
        yield f"{self.ruleset.name} {self.ruleset.version}, {self.plan.digest}"
        if self.ruleset.uses:
            yield from _wrapped(f"Uses {listed(list(self.ruleset.uses))}.")
        yield from self._extends()
        if self.ruleset.description:
            yield ""
            yield from _wrapped(self.ruleset.description)

    def _extends(self) -> Iterator[str]:
        """What the ruleset is laid over, and what of it is gone."""
        overlay = self.ruleset.overlay
        if overlay is None:
            return
        below = [f"{layer.ruleset} {layer.version} ({layer.file})" for layer in overlay.layers[1:]]
        yield from _wrapped(f"Extends {', which extends '.join(below)}.")
        for gone in overlay.removed:
            yield from _wrapped(f"Removed by {gone.ruleset}: {gone.section} {gone.name}", "  - ", "    ")

    def _from(self, section: str, name: str, indent: str) -> Iterator[str]:
        """Where a part comes from and who changed what of it, where the ruleset extends another."""
        overlay = self.ruleset.overlay
        origin = overlay.origin(section, name) if overlay is not None else None
        if origin is None:
            return
        by: dict[str, list[str]] = {}
        for change in origin.changes:
            by.setdefault(change.ruleset, []).append(change.key)
        said = "".join(f"; {who} gives {listed(given)}" for who, keys in by.items() if (given := [k for k in keys if not k.startswith("no ")]))
        said += "".join(f"; {who} removes {listed(gone)}" for who, keys in by.items()
                        if (gone := [k.removeprefix("no ") for k in keys if k.startswith("no ")]))
        yield from _wrapped(f"from {origin.ruleset}{said}", indent, indent + "  ")

    def _decision(self) -> Iterator[str]:
        decide = self.ruleset.decide
        if decide is None:
            return
        yield f"Decides {word(decide.name)}: {listed([word(o) for o in decide.outcomes], 'or')}"
        said = _POLICIES[decide.hit_policy]
        if decide.otherwise:
            said += f"; {word(decide.otherwise)} where no rule holds"
        yield from _wrapped(f"{said}; {word(decide.unsettled)} while the known facts leave it open.", "  ")
        if decide.always:
            carried = [f"{word(a.name)}: {self._value(a.value)}" for a in decide.always]
            yield from _wrapped(f"Always → {'; '.join(carried)}", "  ", "    ")
        yield from self._from("decide", decide.name, "  ")

    def _places(self) -> Iterator[str]:
        """Who takes a place, who goes first, how many places there are."""
        section = self.ruleset.portfolio
        if section is None:
            return
        chosen, waits = word(section.chosen), word(section.waitlisted)
        yield f"All accounts together: {chosen}, or {waits} where no place is left"
        if section.incumbents is not None:
            yield from _wrapped(f"first, and whatever they rank: {self.speak.words(section.incumbents)}", "  - ", "    ")
        ties = [f"{t.order} {self.speak.words(t.of)}" for t in section.ties]
        yield from _wrapped(f"then by {self.speak.words(section.rank_by)}, highest first; of those that rank alike, "
                            f"by {', then '.join([*ties, 'account id'])}", "  - ", "    ")
        said = {"ceiling": "never more places than", "start": "places to begin with:",
                "growth": "places added at a review, at most:"}
        for key, node in section.limits.items():
            yield from _wrapped(f"{said[key]} {self.speak.words(node)}", "  - ", "    ")
        yield "  - a ceiling removes nobody, and places may stay free"
        if section.compare_with is not None:
            yield from _wrapped(f"the list is compared with the ranking by {self.speak.words(section.compare_with)}", "  - ", "    ")
        if section.cites:
            yield from _wrapped(f"rests on {', '.join(section.cites)}", "  ", "    ")
        yield from self._from("portfolio", "portfolio", "  ")

    def _rules(self) -> Iterator[str]:
        """The rules written as such, and the rows of tables."""
        rules = [r for r in self.ruleset.rules if r.made_from is None]
        if rules:
            yield "Rules"
        for index, rule in enumerate(rules):
            if index:
                yield ""
            yield from self._rule(rule)

    def _makers(self) -> tuple[rs.Ladder | rs.Lifecycle, ...]:
        return (*self.ruleset.ladders, *self.ruleset.lifecycles)

    def _made_by(self, maker: rs.Ladder | rs.Lifecycle) -> Iterator[str]:
        """A ladder or lifecycle, then the rules it stands for, in their order."""
        yield from _wrapped(ladders_shown.heading(maker))
        for line in ladders_shown.lines(maker, self.speak):
            yield from _wrapped(line, "  ", "    ")
        yield from self._from("ladders" if isinstance(maker, rs.Ladder) else "lifecycles", maker.name, "  ")
        for rule in self.ruleset.rules:
            if rule.made_from == maker.name:
                yield ""
                yield from self._rule(rule)

    def _rule(self, rule: rs.Rule) -> Iterator[str]:
        assert self.ruleset.decide is not None
        outcome = next((a for a in rule.then if a.name == self.ruleset.decide.name), None)
        given = word(str(outcome.value)) if outcome else ""
        lower = f"to_{rule.made_from}" if rule.made_from in {ladder.name for ladder in self.ruleset.ladders} else None
        others = [f"{word(a.name)}: "
                  + ("one lower" if a.name == lower and outcome and outcome.value == rs.DEMOTE else self._value(a.value))
                  for a in rule.then if a is not outcome]
        title = rule.title or word(rule.name)
        yield from _wrapped(f"{title} → {'; '.join([given, *others])}", "  ", "    ")
        yield "    when all of these hold" if _several(rule.when) else "    when"
        yield from self._conditions(rule.when)
        if rule.unless:
            yield "    unless one of these holds" if len(rule.unless) > 1 else "    unless"
        for exception in rule.unless:
            yield from self._conditions(exception, 1)
        if rule.sustained:
            over = f" over {rule.sustained.over}" if rule.sustained.over else ""
            yield f"    sustained: {rule.sustained.reviews} reviews in a row{over}"
        if rule.because:
            yield from _wrapped(f"because “{self.speak.inserted(rule.because)}”", "    ", "      ")
        if rule.cites:
            yield from _wrapped(f"rests on {', '.join(rule.cites)}", "    ", "      ")
        if rule.made_from is None:
            yield from self._from(*(("tables", rule.table) if rule.table else ("rules", rule.name)), indent="    ")

    def _conditions(self, node: Expr, depth: int = 0) -> Iterator[str]:
        for level, text in self.speak.lines(node, depth):
            indent = "    " + "  " * level
            yield from _wrapped(text, indent + "- ", indent + "  ")

    def _value(self, value: Any) -> str:
        if isinstance(value, Expr):
            return self.speak.words(value)
        return word(value) if isinstance(value, str) else value_in_words(value, None)

    def _definitions(self) -> Iterator[str]:
        if not self.ruleset.define:
            return
        yield "Definitions"
        for definition in self.ruleset.define:
            said = definition.title or word(definition.name)
            how = ", when all of these hold:" if _several(definition.value) else ":"
            yield from _wrapped(said + how, "  ")
            yield from self._conditions(definition.value)
            yield from self._from("define", definition.name, "    ")

    def _scores(self) -> Iterator[str]:
        for card in self.ruleset.scorecards:
            bands = [f"{word(b.name)} from {number(b.since)}" for b in card.bands]
            yield f"Score: {card.title or word(card.name)}" + (f" ({', '.join(bands)})" if bands else "")
            yield from self._from("scorecards", card.name, "  ")
            for c in sorted(card.criteria, key=lambda c: -c.weight):
                yield from _wrapped(f"{number(c.weight):>4}  {c.title or word(c.name)}", "  ", " " * 8)
                yield from self._points(c)

    def _points(self, criterion: rs.Criterion) -> Iterator[str]:
        if criterion.scale:
            of, zero, full = criterion.scale.of, criterion.scale.zero, criterion.scale.full
            type_ = self.speak.type_of(of)
            ends = f"from {self.speak.words(zero, type_)} to {self.speak.words(full, type_)}"
            yield from _wrapped(f"in proportion to {self.speak.words(of)}, {ends}", " " * 8)
        for row in criterion.points:
            when = f"for {self.speak.words(row.when)}" if row.when is not None else "otherwise"
            yield from _wrapped(f"{number(row.points)} {when}", " " * 8, " " * 10)

    def _thresholds(self) -> Iterator[str]:
        """The parameters that this ruleset's decision rests on, its own first."""
        own = {f"{self.ruleset.name}.{p.name}" for p in self.ruleset.parameters}
        ordered = sorted(self.plan.parameters.items(), key=lambda item: item[0] not in own)
        if not ordered:
            return
        yield f"Thresholds in force on {day(self.day)}"
        for name, parameter in ordered:
            dated = parameter.at(self.day)
            if dated:
                amount = value_in_words(dated.value, parameter.type, self.plan.currency)
                shown = f"{amount}, since {day(dated.since)}"
            else:
                shown = f"no value yet; the first from {day(parameter.values[0].since)}"
            called = word(parameter.name)
            title = parameter.title or called
            where = "" if name in own else f" [{word(name.split('.')[0])}]"
            yield from _wrapped(f"‹{called}›{where} {shown}", "  ", "      ")
            yield from _wrapped(f"{sentence(title)} {sentence(parameter.reason or '')}", "      ")
            if name in own:
                yield from self._from("parameters", parameter.name, "      ")

    def _measures(self) -> Iterator[str]:
        """The facts counted from events that this decision rests on, or that the ruleset declares."""
        own = {m.name for m in self.ruleset.measures}
        measures = [f.measure for f in self.plan.facts.values()
                    if f.measure and (f.name in own or f.name in self.plan.read)]
        if not measures:
            return
        yield "Counted from events"
        for measure in measures:
            yield from _wrapped(f"{measure.title or word(measure.name)} ({measure.name}): {_counting(measure)}{_actionable(measure.actionable)}",
                                "  ", "      ")
            yield from self._from("measures", measure.name, "      ")

    def _facts(self) -> Iterator[str]:
        facts = self.ruleset.facts
        if not facts:
            return
        yield "Facts"
        for fact in facts:
            source = f". Source: {fact.source}" if fact.source else ""
            title = fact.title or word(fact.name)
            yield from _wrapped(f"{fact.name} ({fact.type}): {title}{source}{_actionable(fact.actionable)}", "  ", "      ")
            yield from self._from("facts", fact.name, "      ")

    def _invariants(self) -> Iterator[str]:
        """What holds of every account, as `samrules prove` shows."""
        if self.ruleset.invariants:
            yield "Invariants: what holds of every account (`samrules prove` proves or refutes it)"
        for invariant in self.ruleset.invariants:
            yield from _wrapped(sentence(invariant.title or word(invariant.name)), "  ", "    ")
            yield from _wrapped(sentence(claim_in_words(invariant, self.speak)), "    ", "      ")
            if invariant.reason:
                yield from _wrapped(invariant.reason, "    ", "      ")
            if invariant.cites:
                yield from _wrapped(f"rests on {', '.join(invariant.cites)}", "    ", "      ")

    def _sources(self) -> Iterator[str]:
        """The texts that the rules cite, and what each passage says."""
        section = self.ruleset.portfolio
        cited = dict.fromkeys([*(key for rule in self.ruleset.rules for key in rule.cites),
                               *(section.cites if section else ()),
                               *(key for invariant in self.ruleset.invariants for key in invariant.cites)])
        texts: dict[str, list[str]] = {}
        for key in cited:
            if key in self.plan.citations:
                texts.setdefault(key.split("/")[0], []).append(key)
        if not texts:
            return
        yield "Sources"
        for name, keys in texts.items():
            source = self.plan.citations[keys[0]].source
            author = f", {source.author}" if source.author else ""
            yield from _wrapped(f"{name}: “{source.title}”{author}", "  ", "    ")
            for key in keys:
                says = sentence(self.plan.citations[key].passage.says)
                yield from _wrapped(f"{key}: {says}", "    ", "      ")

    # --- as data ---

    def to_dict(self) -> dict[str, Any]:
        """The ruleset as JSON-ready data, schema `samrules.ruleset/1`; conditions as written."""
        r = self.ruleset
        return {
            "schema": "samrules.ruleset/1",
            "name": r.name,
            "version": r.version,
            "digest": self.plan.digest,
            "title": r.title,
            "description": r.description,
            "currency": self.plan.currency,
            "uses": list(r.uses),
            **({"overlay": _overlay(r.overlay)} if r.overlay else {}),
            "decide": _decide(r.decide),
            **({"portfolio": _places(r.portfolio)} if r.portfolio else {}),
            "rules": [_rule(rule) for rule in r.rules],
            "ladders": [ladders_shown.to_dict(ladder) for ladder in r.ladders],
            "lifecycles": [ladders_shown.to_dict(lifecycle) for lifecycle in r.lifecycles],
            "define": [{"name": d.name, "title": d.title, "value": text_of(d.value)} for d in r.define],
            "scorecards": [_card(card) for card in r.scorecards],
            "invariants": [_invariant(i) for i in r.invariants],
            "parameters": [self._parameter(name, p) for name, p in self.plan.parameters.items()],
            "measures": [{"name": m.name, "title": m.title, "counts": _counting(m)} for m in r.measures],
            "facts": [{"name": f.name, "type": str(f.type), "title": f.title, "source": f.source,
                       "actionable": f.actionable, "read": f.name in self.plan.read} for f in self.plan.facts.values()],
            "sources": {key: {"title": c.source.title, "author": c.source.author, "says": c.passage.says}
                        for key, c in sorted(self.plan.citations.items())},
        }

    def _parameter(self, name: str, parameter: rs.Parameter) -> dict[str, Any]:
        dated = parameter.at(self.day)
        return {
            "name": name,
            "title": parameter.title,
            "type": str(parameter.type),
            "value": as_json(dated.value) if dated else None,
            "since": dated.since.isoformat() if dated else None,
            "values": {d.since.isoformat(): as_json(d.value) for d in parameter.values},
            "reason": parameter.reason,
            "cites": list(parameter.cites),
        }


def _invariant(invariant: rs.Invariant) -> dict[str, Any]:
    return {"name": invariant.name, "title": invariant.title, "claim": invariant.claim, "of": text_of(invariant.subject),
            "rising": text_of(invariant.rising) if invariant.rising is not None else None,
            "where": text_of(invariant.where) if invariant.where is not None else None,
            "knowing_only": [text_of(n) for n in invariant.knowing_only],
            "reason": invariant.reason, "cites": list(invariant.cites)}


def _counting(measure: rs.Measure) -> str:
    """`count of discount_requested within 12 months, where pct >= 10%`, in the order of the counting."""
    of = measure.of
    events = listed([f"{e}.{of.field}" if of.field else e for e in of.events])
    text = f"{of.kind} of {events}" if measure.value is None else f"{of.kind} of {text_of(measure.value)} in {events}"
    if measure.within is not None:
        text += f" within {measure.within}"
    if measure.since:
        text += f", since the latest {listed(list(measure.since), 'or')}"
    if measure.each is not None:
        text += f", only the latest of each {measure.each}"
    if measure.where is not None:
        text += f", where {text_of(measure.where)}"
    return text + (f", weighed by {measure.weight}" if measure.weight is not None else "")


def _actionable(word_: str) -> str:
    """What we can do about a fact, where the author says so."""
    said = {"yes": "can change it", "raise": "can raise it", "lower": "can lower it"}.get(word_)
    return f". Actionable: we {said}" if said else ""


def _several(node: Expr) -> bool:
    return isinstance(node, All) and len(node.operands) > 1


def _overlay(overlay: rs.Overlay) -> dict[str, Any]:
    return {
        "layers": [{"ruleset": layer.ruleset, "version": layer.version, "file": layer.file} for layer in overlay.layers],
        "parts": [{"section": o.section, "name": o.name, "from": o.ruleset,
                   "changes": [{"key": c.key, "by": c.ruleset} for c in o.changes]} for o in overlay.origins],
        "removed": [{"section": gone.section, "name": gone.name, "by": gone.ruleset} for gone in overlay.removed],
    }


def _decide(decide: rs.Decide | None) -> dict[str, Any] | None:
    if decide is None:
        return None
    return {"name": decide.name, "outcomes": list(decide.outcomes), "hit_policy": decide.hit_policy,
            "otherwise": decide.otherwise, "unsettled": decide.unsettled, "always": _set(decide.always)}


def _places(section: rs.PlacesSection) -> dict[str, Any]:
    return {
        "chosen": section.chosen, "waitlisted": section.waitlisted,
        "incumbents": text_of(section.incumbents) if section.incumbents is not None else None,
        "rank_by": text_of(section.rank_by),
        "ties": [f"{t.order} {text_of(t.of)}" for t in section.ties],
        **{key: text_of(node) for key, node in section.limits.items()},
        "compare_with": text_of(section.compare_with) if section.compare_with is not None else None,
        "cites": list(section.cites),
    }


def _rule(rule: rs.Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "title": rule.title,
        "when": text_of(rule.when),
        "unless": [text_of(u) for u in rule.unless],
        "sustained": _sustained(rule.sustained),
        "then": _set(rule.then),
        "because": rule.because,
        "cites": list(rule.cites),
        "made_from": rule.made_from,
    }


def _set(assignments: tuple[rs.Assignment, ...]) -> dict[str, Any]:
    return {a.name: {"value": text_of(a.value)} if isinstance(a.value, Expr) else as_json(a.value)
            for a in assignments}


def _sustained(sustained: rs.Sustained | None) -> dict[str, Any] | None:
    if sustained is None:
        return None
    return {"reviews": sustained.reviews, "over": str(sustained.over) if sustained.over else None}


def _card(card: rs.Scorecard) -> dict[str, Any]:
    criteria = []
    for c in card.criteria:
        found: dict[str, Any] = {"name": c.name, "title": c.title, "weight": c.weight}
        if c.scale:
            found["scale"] = {"of": text_of(c.scale.of), "from": text_of(c.scale.zero),
                              "to": text_of(c.scale.full)}
        else:
            found["points"] = [{"when": text_of(p.when) if p.when is not None else None, "points": p.points}
                               for p in c.points]
        criteria.append({**found, "cites": list(c.cites)})
    return {"name": card.name, "title": card.title, "criteria": criteria,
            "bands": {b.name: b.since for b in card.bands}}


def _wrapped(text: str, first: str = "", rest: str | None = None) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first,
                         subsequent_indent=first if rest is None else rest,
                         break_long_words=False, break_on_hyphens=False)

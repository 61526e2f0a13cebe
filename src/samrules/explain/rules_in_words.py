"""Rules, scores, thresholds and sources of a decision as parts of an explanation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from samrules.decision.decision import Decision, RuleResult, ScoreResult
from samrules.decision.part import Part as Asked
from samrules.decision.placing import owner_of
from samrules.decision.trace import Trace, unique
from samrules.decision.words import (
    counted,
    day,
    interval,
    listed,
    number,
    sentence,
    value_in_words,
    word,
)
from samrules.explain.conditions import Phrases
from samrules.explain.explanation import (
    ALSO,
    ASKED,
    FAILS,
    FOLLOWS,
    HOLDS,
    NEAR,
    PLAIN,
    RULE,
    SCORE,
    SOURCES,
    STOPPED,
    THRESHOLDS,
    UNKNOWN,
    Item,
    Part,
    mark_of,
)
from samrules.explain.tree import item, lines
from samrules.model import expressions as ex
from samrules.model.ruleset import CONFLICT
from samrules.model.types import Kind, Type, Value

Outputs = Mapping[str, tuple[Value | None, Type | None]]


def title_of(decision: Decision, fact: str) -> str:
    declared = decision.declared.get(fact)
    return (declared.title if declared else None) or fact.replace("_", " ")


def asked(decision: Decision, fact: str) -> str:
    """A fact as something to find out: `gross margin`, `whether the customer wants more`; that of
    another account with its name: `Teclan: gross margin`."""
    fact, owner = owner_of(fact)
    declared = decision.declared.get(fact)
    title = title_of(decision, fact)
    said = f"whether {title}" if declared and declared.title and declared.type.kind is Kind.BOOLEAN else title
    if not owner:
        return said
    names = dict(decision.placing.names) if decision.placing is not None else {}
    return f"{names.get(owner, owner)}: {said}"


def outcome_words(decision: Decision) -> str:
    """The outcome as people say it; that of an unsettled decision too."""
    if isinstance(decision.outcome, tuple):
        return listed([word(o) for o in decision.outcome]) if decision.outcome else "nothing"
    return word(decision.outcome)


def rule_part(rule: RuleResult, decision: Decision, heading: str, *, by: bool = False,
              open_only: bool = False, said: bool = True) -> Part:
    """A rule with its sentence, its conditions and exceptions, and what it rests on.

    With `by`, conditions that hold say by how much; with `open_only`, they are only counted; without
    `said`, the sentence is left out because it was said before.
    """
    phrases = Phrases(decision)
    items = [*lines(rule.when, phrases, by=by)]
    items += [exception(e, phrases) for e in rule.exceptions]
    if rule.reviews_needed:
        items.append(reviews(rule))
    if open_only:
        holding = [i for i in items if i.mark == HOLDS]
        items = [_open_only(i) for i in items if i.mark != HOLDS]
        if len(holding) > 1:
            items.append(Item(f"{counted(len(holding), 'other conditions')} hold", HOLDS))
        items += [attrs.evolve(i, items=()) for i in holding if len(holding) == 1]
        return Part(heading, (), tuple(items), RULE)
    sentence_ = (rule.because,) if said and rule.because and rule.truth is True else ()
    return Part(heading, sentence_, tuple(items + rests_on(rule, decision)), RULE)


def _open_only(line: Item) -> Item:
    """The line without what holds below it."""
    return attrs.evolve(line, items=tuple(_open_only(i) for i in line.items if i.mark != HOLDS))


def exception(trace: Trace, phrases: Phrases) -> Item:
    """An exception: it stops the rule where it is true. One that does not apply takes one line."""
    subject = phrases.plainly(trace)
    if trace.value is False:
        return Item(f"exception, does not apply: {subject}", HOLDS)
    below = item(trace, phrases).items
    if trace.value is None:
        return Item(f"exception, may apply: {subject}", UNKNOWN, tuple(map(_open_only, below)))
    return Item(f"exception, applies: {subject}", FAILS, below)


def reviews(rule: RuleResult) -> Item:
    """At how many of the reviews it had to hold it did: `held at 1 of 2 reviews`."""
    assert isinstance(rule.trace.expr, ex.Held)
    over = rule.trace.expr.over
    held = sum(truth is True for _, truth in rule.reviews)
    needed = max(rule.reviews_needed, len(rule.reviews))
    text = f"held at {held} of {counted(needed, 'reviews')}"
    if len(rule.reviews) < rule.reviews_needed:
        text += f", {len(rule.reviews)} on record"
    elif over is not None and rule.truth is False and held == len(rule.reviews):
        text += f", which must reach back {over}"
    days = ", ".join(f"{day(d)}: {'held' if t else 'not known' if t is None else 'did not hold'}"
                     for d, t in rule.reviews)
    return Item(f"{text} ({days})", mark_of(rule.truth if rule.when.value is True else rule.when.value))


def rests_on(rule: RuleResult, decision: Decision) -> list[Item]:
    """The passages a rule cites, each in a sentence of ours."""
    cited = [decision.citations[key] for key in rule.cites if key in decision.citations]
    return [Item(f"rests on {c.key}: {sentence(c.says)}") for c in cited]


def sources_part(rules: Iterable[RuleResult], decision: Decision) -> list[Part]:
    """The texts behind the keys that these rules cite."""
    found: dict[str, Item] = {}
    for key in (key for rule in rules for key in rule.cites):
        citation = decision.citations.get(key)
        if citation is not None:
            by = f", {citation.author}" if citation.author else ""
            name = key.split("/")[0]
            found[name] = Item(f"{name}: “{citation.source}”{by}")
    return [Part("Sources", (), tuple(found.values()), SOURCES)] if found else []


def asked_part(decision: Decision) -> list[Part]:
    """How the decisions of other rulesets came out that this one asks for, each in a line."""
    items = [_came_out(asked, decision.currency) for asked in decision.parts]
    return [Part("Decisions it rests on", (), tuple(items), ASKED)] if items else []


def _came_out(asked: Asked, currency: str | None) -> Item:
    """How it came out, and below that what it carries: what is to be done."""
    lead = f"{asked.title}: {word(asked.outcome)}"
    below = (Item(carried(asked.outputs, currency)),) if asked.outputs else ()
    if not asked.settled:
        return Item(f"{lead}; still possible: {listed([word(o) for o in asked.possible], 'or')}", UNKNOWN, below)
    if asked.outcome == CONFLICT:
        return Item(f"{lead}, as rules that exclude each other hold at once", items=below)
    if asked.because:
        return Item(f"{lead}. {' '.join(asked.because)}", items=below)
    if asked.rules:
        return Item(f"{lead}, by {listed([f'“{title}”' for title in asked.rules])}", items=below)
    return Item(f"{lead}, as no rule for another outcome holds", items=below)


def carried(outputs: Outputs, currency: str | None) -> str:
    """Outputs in one line, those that are not known gathered at its end: `visits: 12; not known: model, pace`."""
    known = [f"{word(name)}: {output_words(value, type_, currency)}"
             for name, (value, type_) in outputs.items() if value is not None]
    unknown = [word(name) for name, (value, _) in outputs.items() if value is None]
    return "; ".join([*known, f"not known: {', '.join(unknown)}"] if unknown else known)


def output_words(value: Value | None, type_: Type | None, currency: str | None) -> str:
    """The value of an output. A bare word is a word, such as `inside_sales`; a text is as it is."""
    return word(value) if isinstance(value, str) and type_ is None else value_in_words(value, type_, currency)


def outputs_part(decision: Decision) -> list[Part]:
    """What the decision carries; while it is open, that is what it carries whatever its outcome."""
    if not decision.outputs:
        return []
    items = []
    for name, (value, type_) in decision.outputs.items():
        shown = output_words(value, type_, decision.currency)
        items.append(Item(f"{word(name)}: {shown}", UNKNOWN if value is None else PLAIN))
    heading = "What follows" if decision.settled else "What follows meanwhile"
    return [Part(heading, (), tuple(items), FOLLOWS)]


def score_parts(decision: Decision) -> list[Part]:
    """The scores that this ruleset's own conditions ask for."""
    keys = {n.note.shown for r in decision.rules for t in (r.when, *r.exceptions)
            for n in _own(t) if n.note.role == "score"}
    return [_score_part(s, decision) for s in decision.scores if s.key in keys]


def _own(trace: Trace) -> Iterator[Trace]:
    """The nodes below that are not part of another ruleset's decision: that has its own explanation."""
    return unique(trace, closed=lambda node: isinstance(node.expr, ex.Name) and "::" in node.expr.name)


def _score_part(score: ScoreResult, decision: Decision) -> Part:
    """A scorecard with the points of each criterion, best first."""
    ranked = sorted(score.criteria, key=lambda c: (-(c.low + c.high) / 2 / c.weight, c.name))
    items = []
    for c in ranked:
        titles = [title_of(decision, f) for f in c.missing]
        missing = "" if not titles else ", not known" if titles == [c.title] else f"; {listed(titles)} not known"
        items.append(Item(f"{c.title}: {interval(c.low, c.high)} of {number(c.weight)}{missing}"))
    band = f", {word(score.band)}" if score.band else ""
    heading = f"{score.title[:1].upper()}{score.title[1:]}: {interval(score.low, score.high)} of 100{band}"
    return Part(heading, (), tuple(items), SCORE)


def threshold_parts(rules: Iterable[RuleResult], decision: Decision) -> list[Part]:
    """The thresholds that these rules were held against, with the day they took effect and the reason."""
    seen: dict[str, Item] = {}
    for rule in rules:
        for trace in (rule.when, *rule.exceptions):
            for node in _own(trace):
                if node.note.role != "parameter" or not isinstance(node.expr, ex.Name):
                    continue
                t = decision.thresholds.get(node.expr.name)
                if t is not None:
                    value = value_in_words(t.value, t.type, decision.currency)
                    why = f": {sentence(t.reason)}" if t.reason else ""
                    seen[node.expr.name] = Item(f"{t.title}: {value}, since {day(t.since)}{why}")
    return [Part("Thresholds it was held against", (), tuple(seen.values()), THRESHOLDS)] if seen else []


_CLOSEST = 3


def nearest_misses(decision: Decision, *, most: int = 1) -> list[Part]:
    """Rules that would have changed the outcome, and that so few conditions kept from holding."""
    wanted = _stronger(decision)
    close = [r for r in decision.rules
             if r.outcome in wanted and not r.stopped
             and (r.near is not None if most == 1 else 1 <= len(r.short_of) <= most)]
    close.sort(key=lambda r: len(r.short_of))  # the order written breaks ties
    items = [_miss(rule, decision) for rule in (close if most == 1 else close[:_CLOSEST])]
    heading = "One condition short of" if most == 1 else "Closest to holding, and what was missing"
    return [Part(heading, (), tuple(items), NEAR)] if items else []


def _miss(rule: RuleResult, decision: Decision) -> Item:
    phrases = Phrases(decision)
    missing = []
    for leaf, wanted in rule.short_of:
        text = reviews(rule).text if isinstance(leaf.expr, ex.Held) else phrases.condition(leaf, wanted)
        missing.append(Item(text, mark_of(None if leaf.value is None else False)))
    lead = f"{word(rule.outcome)}, by “{rule.title}”"
    if len(missing) == 1:
        return Item(f"{lead}: {missing[0].text}", FAILS)
    return Item(lead, FAILS, tuple(missing))


def _stronger(decision: Decision) -> set[str]:
    """The outcomes that would have come first, had a rule for them held."""
    outcomes = decision.decide.outcomes
    if decision.decide.hit_policy == "priority" and decision.outcome in outcomes:
        assert isinstance(decision.outcome, str)
        held = any(r.truth is True for r in decision.rules)
        return set(outcomes[: outcomes.index(decision.outcome)] if held else outcomes) - {decision.outcome}
    given = decision.outcome if isinstance(decision.outcome, tuple) else (decision.outcome,)
    if decision.deciding and decision.decide.hit_policy in ("first", "unique"):
        return set()  # an earlier rule decides, or another one would conflict
    return set(outcomes) - set(given)


def stopped_part(decision: Decision) -> list[Part]:
    items = []
    phrases = Phrases(decision)
    for rule in decision.stopped:
        reasons = [phrases.plainly(e) for e in rule.exceptions if e.value is True]
        items.append(Item(f"{word(rule.outcome)}, by “{rule.title}”: stopped because {listed(reasons)}", FAILS))
    return [Part("Stopped by an exception", (), tuple(items), STOPPED)] if items else []


def also_held(decision: Decision) -> list[Part]:
    """Rules that hold and did not decide."""
    outcomes = {r.outcome for r in decision.deciding}
    outcomes |= set(decision.outcome) if isinstance(decision.outcome, tuple) else {decision.outcome}
    items = [Item(f"{word(r.outcome)}, by “{r.title}”" + (f": {r.because}" if r.because else ""), HOLDS)
             for r in decision.fired if r.outcome not in outcomes]
    return [Part("Also holding, without deciding", (), tuple(items), ALSO)] if items else []


def record_line(decision: Decision) -> str:
    """What was decided by what, on what facts."""
    return (f"Decided by {decision.ruleset} {decision.version} ({decision.digest[:19]}…) for "
            f"{day(decision.as_of)} on facts {decision.facts_digest[:19]}…")

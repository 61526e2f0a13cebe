"""What if: the decision with some facts changed, and what is different then and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from samrules.counterfactual.again import decided_on
from samrules.decision.decision import Decision, RuleResult, as_json, truth_word
from samrules.decision.evidence import leaves
from samrules.decision.words import apart, interval, listed, value_in_words, word
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import FactError
from samrules.explain.conditions import Phrases
from samrules.explain.counterfactuals import ground_of
from samrules.explain.explanation import Explains, Explanation, Item, Part, mark_of
from samrules.explain.rules_in_words import outcome_words, output_words, record_line, title_of
from samrules.explain.why import why
from samrules.inputs.facts import ID, BadValue, convert
from samrules.model.types import Type, Value

SCHEMA = "samrules.what-if/1"


@attrs.frozen
class Turned:
    """A rule that fares differently: how it fared before, and with the facts changed."""

    was: RuleResult
    rule: RuleResult

    @property
    def before(self) -> bool | None:
        return self.was.truth

    @property
    def after(self) -> bool | None:
        return self.rule.truth


@attrs.frozen
class WhatIf(Explains):
    """Two decisions on one account: as it is, and with some facts changed.

    Attributes:
        changed: the facts that differ, each with its value before and after; None is missing.
        same: facts that were given and had that value already.
        without_effect: facts that changed and that no rule rests on.
        counted: facts that changed and had been counted from events, which now do not count.
        turned: the rules that fare differently, in the order written.
    """

    before: Decision
    after: Decision
    changed: Mapping[str, tuple[Value | None, Value | None]]
    same: tuple[str, ...]
    without_effect: tuple[str, ...]
    counted: tuple[str, ...]
    turned: tuple[Turned, ...]

    @property
    def differs(self) -> bool:
        """Whether the outcome is another one; of one that is open, whether others are possible."""
        return (self.before.outcome, self.before.possible) != (self.after.outcome, self.after.possible)

    def explanation(self) -> Explanation:
        before, after = self.before, self.after
        was, is_ = _outcome(before), _outcome(after)
        answer = f"It would be {is_} instead of {was}." if self.differs else f"It would still be {is_}."
        told = why(after)
        return Explanation(
            question="what if", account=before.account, outcome=after.outcome, title=f"{before.who}: what if?", answer=answer,
            parts=(Part("With these facts", (), tuple(self._facts())), Part("What is different", tuple(self._none()), tuple(self._different())),
                   Part(f"Why it would be {outcome_words(after)}", (told.answer,))),
            record=f"{record_line(after)} As it is: {before.facts_digest[:19]}…")

    def _facts(self) -> Iterator[Item]:
        for name, (old, new) in self.changed.items():
            fact = self.after.declared[name]
            words = apart(old, new, fact.type, self.before.currency)
            beside = "; counted from events before" if name in self.counted else ""
            beside += "; without effect" if name in self.without_effect else ""
            yield Item(f"{title_of(self.before, name)}: {words[1]} instead of {words[0]}{beside}")
        for name in self.same:
            fact = self.after.declared[name]
            yield Item(f"{title_of(self.before, name)}: {value_in_words(self.after.facts.get(name), fact.type, self.before.currency)}, as it is")

    def _none(self) -> list[str]:
        return [] if any(True for _ in self._different()) else ["Nothing."]

    def _different(self) -> Iterator[Item]:
        for t in self.turned:
            below = tuple(conditions_turned(t.was, t.rule, self.after))
            yield Item(f"“{t.rule.title}” ({word(t.rule.outcome)}) {_now(t.before, t.after)}", mark_of(t.after), below)
        scores = {s.key: s for s in self.before.scores}
        for score in self.after.scores:
            old = scores.get(score.key)
            if old is not None and (old.low, old.high) != (score.low, score.high):
                yield Item(f"{score.title}: {interval(score.low, score.high)} instead of {interval(old.low, old.high)}")
        parts = {p.ruleset: p for p in self.before.parts}
        for part in self.after.parts:
            asked = parts.get(part.ruleset)
            if asked is not None and asked.outcome != part.outcome:
                yield Item(f"{part.title}: {word(part.outcome)} instead of {word(asked.outcome)}")
        for name in dict.fromkeys([*self.before.outputs, *self.after.outputs]):
            was, is_ = (d.outputs.get(name) for d in (self.before, self.after))
            if was != is_:
                yield Item(f"{word(name)}: {_output(is_, self.after)} instead of {_output(was, self.before)}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data, schema `samrules.what-if/1`; `after` is a `samrules.decision/1`."""
        before = self.before
        return {
            "schema": SCHEMA,
            "account": before.account,
            "changed": {name: {"from": as_json(old), "to": as_json(new)} for name, (old, new) in self.changed.items()},
            "same": list(self.same),
            "without_effect": list(self.without_effect),
            "differs": self.differs,
            "before": {"outcome": list(before.outcome) if isinstance(before.outcome, tuple) else before.outcome,
                       "settled": before.settled, "possible": list(before.possible), "facts_digest": before.facts_digest},
            "turned": [{"rule": t.rule.name, "title": t.rule.title, "outcome": t.rule.outcome, "from": truth_word(t.before),
                        "to": truth_word(t.after)} for t in self.turned],
            "after": self.after.to_dict(),
        }


def what_if(decision: Decision, facts: Mapping[str, Any]) -> WhatIf:
    """The decision with some facts changed. Raises FactError."""
    view = ground_of(decision)
    wanted = _checked(decision, facts)
    at = decision.basis.facts
    after = decided_on(decision, view, wanted)
    now = {name: (at.get(name), value) for name, value in wanted.items()}
    changed = {name: pair for name, pair in now.items() if pair[0] != pair[1]}
    turned = tuple(Turned(old, new) for old, new in zip(decision.rules, after.rules, strict=True)
                   if old.truth is not new.truth)
    return WhatIf(decision, after, changed, tuple(name for name in now if name not in changed),
                  tuple(name for name in changed if name not in view.plan.read),
                  tuple(name for name in changed if name in decision.counted), turned)


def _checked(decision: Decision, facts: Mapping[str, Any]) -> dict[str, Value | None]:
    """The facts as their types have them, None where missing. Raises FactError with all that is wrong."""
    problems = []
    found: dict[str, Value | None] = {}
    where = f"what if, account {decision.account}"
    for name, value in facts.items():
        fact = decision.declared.get(name)
        if name == ID or fact is None:
            message = f"no fact is named `{name}`" if fact is None else "another account is not a change of this one"
            help_ = did_you_mean(name, decision.declared, "facts") if fact is None else "decide the other account"
            problems.append(Diagnostic("unknown-name" if fact is None else "other-account", message, help_, where=where))
            continue
        try:
            found[name] = convert(value, fact)
        except BadValue as bad:
            problems.append(Diagnostic(bad.code, f"`{name}`: {bad.message}", bad.help, where=where))
    if problems:
        raise FactError(problems)
    return found


def conditions_turned(was: RuleResult, now: RuleResult, decision: Decision) -> Iterator[Item]:
    """The conditions of a rule of which the truth is another one, as they are with the facts changed."""
    phrases = Phrases(decision)
    for old, new, sign in ((was.when, now.when, ""), *((a, b, "in an exception: ") for a, b in zip(was.exceptions, now.exceptions, strict=True))):
        before = {leaf.expr: leaf.value for leaf, _ in leaves(old)}
        for leaf, _ in leaves(new):
            if before[leaf.expr] is not leaf.value:
                yield Item(f"{sign}{phrases.plainly(leaf)}", mark_of(leaf.value))


def _outcome(decision: Decision) -> str:
    said = outcome_words(decision)
    if not decision.settled and decision.possible:
        said += f" ({listed([word(o) for o in decision.possible], 'or')})"
    return said


def _now(before: bool | None, after: bool | None) -> str:
    said = {True: "holds", False: "does not hold", None: "is open"}
    return f"{said[after]}; as it is, it {said[before]}"


def _output(given: tuple[Value | None, Type | None] | None, decision: Decision) -> str:
    return output_words(given[0], given[1], decision.currency) if given is not None else "nothing"

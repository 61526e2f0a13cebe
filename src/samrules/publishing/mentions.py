"""What a policy document has to speak of: all that its rules name, and what that names in turn."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from samrules.check.checker import CheckedRuleset
from samrules.check.scope import Meaning, Role
from samrules.decision.words import word
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.templates import FORM, PLACEHOLDER


@attrs.define
class Mentions:
    """Parts by absolute name, each with its ruleset, in the order in which they are met. Definitions and
    scorecards of other rulesets are among them; of their decisions, only what they are called."""

    checked: CheckedRuleset
    facts: dict[str, rs.Fact] = attrs.field(factory=dict)
    parameters: dict[str, tuple[str, rs.Parameter]] = attrs.field(factory=dict)
    terms: dict[str, tuple[str, rs.Definition]] = attrs.field(factory=dict)
    cards: dict[str, tuple[str, rs.Scorecard]] = attrs.field(factory=dict)
    asked: dict[str, str] = attrs.field(factory=dict)
    """Decisions of other rulesets: how the document calls them."""
    cited: dict[str, None] = attrs.field(factory=dict)

    @classmethod
    def of(cls, checked: CheckedRuleset) -> Mentions:
        found = cls(checked)
        found.gather()
        return found

    @property
    def ruleset(self) -> rs.Ruleset:
        return self.checked.main

    def version(self, ruleset: str) -> str:
        return next(r.version for r in self.checked.bundle.rulesets if r.name == ruleset)

    def gather(self) -> None:
        r = self.ruleset
        members = [m for m in (*r.rules, r.decide, r.portfolio, *r.define, *r.scorecards) if m is not None]
        waiting: list[tuple[str, object]] = [(r.name, m) for m in members]
        while waiting:
            owner, member = waiting.pop(0)
            if isinstance(member, rs.Definition | rs.Scorecard):
                if f"{owner}.{member.name}" in (self.terms if isinstance(member, rs.Definition) else self.cards):
                    continue
                self.enter(owner, member)
            self.cite(getattr(member, "cites", ()))
            told = _inserted(member.because) if isinstance(member, rs.Rule) and member.because else []
            for name in (*(n.name for e in rs.expressions_of(member) for n in ex.names(e)), *told):
                meaning = self.checked.scopes[owner].get(name)
                if meaning is not None and (found := self.met(meaning)) is not None:
                    waiting.append((meaning.ruleset, found))
        for parameter in r.parameters:
            self.parameters.setdefault(f"{r.name}.{parameter.name}", (r.name, parameter))
        for fact in r.facts:
            self.facts.setdefault(fact.name, fact)

    def enter(self, owner: str, member: rs.Definition | rs.Scorecard) -> None:
        if isinstance(member, rs.Definition):
            self.terms[f"{owner}.{member.name}"] = owner, member
        else:
            self.cards[f"{owner}.{member.name}"] = owner, member
            self.cite(key for criterion in member.criteria for key in criterion.cites)

    def met(self, meaning: Meaning) -> rs.Definition | rs.Scorecard | None:
        """Notes what a name stands for; gives what has to be looked into in turn."""
        of = meaning.of
        if isinstance(of, rs.Fact) and meaning.role is Role.FACT:
            if of.name != "account_id":
                self.facts.setdefault(of.name, of)
        elif isinstance(of, rs.Parameter):
            self.parameters.setdefault(meaning.absolute, (meaning.ruleset, of))
            self.cite(of.cites)
        elif isinstance(of, rs.Decide) and meaning.ruleset != self.ruleset.name:
            self.asked[meaning.absolute] = f"{of.title or word(of.name)} ({meaning.ruleset} {self.version(meaning.ruleset)})"
        return of if isinstance(of, rs.Definition | rs.Scorecard) else None

    def cite(self, keys: Iterable[str]) -> None:
        self.cited |= dict.fromkeys(keys)


def _inserted(because: str) -> list[str]:
    forms = (FORM.match(found[1]) for found in PLACEHOLDER.finditer(because))
    return [form[1] for form in forms if form is not None]

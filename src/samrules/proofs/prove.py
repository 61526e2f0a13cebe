"""All questions that are asked of a ruleset: its rules, its tables, its lifecycle, its invariants."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date

import attrs

from samrules.check.checker import CheckedRuleset
from samrules.decision.policy import judge
from samrules.decision.words import day, interval, listed, value_in_words, word
from samrules.diagnostics import Span
from samrules.engines.interpreter import View, evaluate
from samrules.explain.claims import claim_in_words
from samrules.explain.condition_words import ConditionWords
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.types import Kind
from samrules.plan.plan import Plan, PlannedDecision, PlannedInvariant, PlannedRule
from samrules.plan.planner import plan_claims
from samrules.proofs.fared import changed, fared
from samrules.proofs.flapping import Circles, Goes
from samrules.proofs.frame import Situation
from samrules.proofs.questions import Breaks, Conflicts, Decides, Fires, NoneHolds, Question, seen
from samrules.proofs.report import Report, Result, Verdict, in_words, title_of
from samrules.proofs.settle import Found, Proved, Settled, Settler, Unknown
from samrules.syntax.printer import text_of

SECONDS = 20.0
"""What one question may take, where nothing else is said."""

_LONGER = 6
"""A lifecycle has many ways round; all of them together may take so many times as long."""


def prove(checked: CheckedRuleset, as_of: date, seconds: float = SECONDS,
          told: Callable[[Result], None] = lambda _: None) -> Report:
    """Ask all there is to ask of a ruleset.

    `as_of` is the day on which accounts are looked for first; proofs are for every day on which all parameters have a
    value. `seconds` is what one question may take; `told` hears each result as it comes.

    Raises EngineError where the solver is not installed.
    """
    plan, claims = plan_claims(checked)
    proofs = _Proofs(checked, plan, claims, Settler(plan, as_of, seconds))
    results = []
    for result in proofs.results():
        results.append(result)
        told(result)
    return Report(plan.name, plan.version, plan.digest, tuple(results),
                  len(plan.decision.rules) if plan.decision is not None else 0, proofs.live)


@attrs.define
class _Proofs:
    checked: CheckedRuleset
    plan: Plan
    claims: tuple[PlannedInvariant, ...]
    settler: Settler
    live: int = 0

    def results(self) -> Iterator[Result]:
        main = self.checked.main
        decision = self.plan.decision
        if decision is not None:
            yield from self.rules(decision)
            yield from self.together(decision, main)
        for claim in self.claims:
            yield self.invariant(claim)
        stated = {text_of(c.invariant.subject) for c in self.claims if c.kind == "settles"}
        makers: list[rs.Lifecycle | rs.Ladder] = [*main.lifecycles, *main.ladders]
        for maker in makers:
            if maker.name not in stated and decision is not None:
                what = "lifecycle" if isinstance(maker, rs.Lifecycle) else "ladder"
                yield self.circles(maker, what, maker.name, maker.title, maker.span)

    # --- rules ---

    def rules(self, decision: PlannedDecision) -> Iterator[Result]:
        for rule in decision.rules:
            started = time.monotonic()
            settled = self.settler.settle(Decides(decision, rule), expecting=Found)
            if isinstance(settled, Found):
                self.live += 1
                continue
            verdict, says = self.lifeless(rule, settled)
            yield Result(verdict, "rule", rule.rule.name, says, title=rule.rule.title, span=rule.rule.span,
                         seconds=time.monotonic() - started)

    def lifeless(self, rule: PlannedRule, settled: Settled) -> tuple[Verdict, str]:
        if isinstance(settled, Unknown):
            return Verdict.UNKNOWN, f"Whether it ever decides was not found out: {settled.why}."
        if isinstance(settled, Proved) and not settled.exact:
            return Verdict.UNKNOWN, "Calculated on paper it decides no account; whether rounding lets it was not found out."
        fires = self.settler.settle(Fires(rule), expecting=Found)
        if isinstance(fires, Proved) and fires.exact:
            return Verdict.DEAD, "It holds of no account, whatever its facts."
        if isinstance(fires, Found):
            return Verdict.SHADOWED, "Wherever it holds, another rule decides in its place, or is left open."
        return Verdict.SHADOWED, "It decides no account; whether it ever holds was not found out."

    def together(self, decision: PlannedDecision, main: rs.Ruleset) -> Iterator[Result]:
        """Two rules at once where only one may decide; tables without a row; accounts without a rule."""
        decide = decision.decide
        if decide.hit_policy == "unique":
            yield from self.asked(Conflicts(decision), "decision", decide.name, decide.span, self.conflict)
        for table in main.tables:
            rows = tuple(r for r in decision.rules if r.rule.table == table.name)
            if rows:
                yield from self.asked(NoneHolds(rows), "table", table.name, table.span, self.gap)
        if not main.lifecycles and not any(r.rule.table for r in decision.rules):
            yield from self.asked(NoneHolds(decision.rules), "decision", decide.name, decide.span, self.nothing)

    def asked(self, question: Question, what: str, name: str, span: Span | None,
              shown: Callable[[Situation], tuple[Verdict, str]]) -> Iterator[Result]:
        """A question of which only an account, or that none was found, is worth a word."""
        started = time.monotonic()
        settled = self.settler.settle(question, expecting=Found)
        seconds = time.monotonic() - started
        if isinstance(settled, Found):
            verdict, says = shown(settled.witness)
            yield Result(verdict, what, name, says, in_words(self.plan, settled.witness), span=span, seconds=seconds)
        elif isinstance(settled, Unknown) and what != "decision":
            yield Result(Verdict.UNKNOWN, what, name, f"Whether it has a gap was not found out: {settled.why}.",
                         span=span, seconds=seconds)
        elif isinstance(settled, Unknown):
            yield Result(Verdict.UNKNOWN, what, name, f"Not found out: {settled.why}.", span=span, seconds=seconds)

    def conflict(self, at: Situation) -> tuple[Verdict, str]:
        return Verdict.CONFLICT, f"These rules hold at once and give different outcomes: {listed(self.holding(at))}."

    def gap(self, at: Situation) -> tuple[Verdict, str]:
        return Verdict.GAP, "No row holds of this account."

    def nothing(self, at: Situation) -> tuple[Verdict, str]:
        assert self.plan.decision is not None
        otherwise = self.plan.decision.decide.otherwise
        given = f"its outcome is `{otherwise}`, without a sentence" if otherwise else "it has no outcome"
        return Verdict.NOTE, f"No rule holds of this account: {given}."

    def holding(self, at: Situation) -> list[str]:
        assert self.plan.decision is not None
        now = seen(self.plan, at)
        return [f"`{r.rule.name}`" for r in self.plan.decision.rules if now.value(r.step) is True]

    # --- invariants ---

    def invariant(self, claim: PlannedInvariant) -> Result:
        invariant = claim.invariant
        if invariant.settles is not None:
            main = self.checked.main
            makers: list[rs.Lifecycle | rs.Ladder] = [*main.lifecycles, *main.ladders]
            maker = next(m for m in makers if m.name == text_of(invariant.subject))
            found = self.circles(maker, "invariant", invariant.name, invariant.title, invariant.span)
            return attrs.evolve(found, claim=self.read(invariant))
        started = time.monotonic()
        settled = self.settler.settle(Breaks(claim))
        seconds = time.monotonic() - started
        read = self.read(invariant)
        said = invariant.title or read
        if isinstance(settled, Found):
            says = f"Not so: {said}. {self.broken(claim, settled.witness)}"
            return Result(Verdict.REFUTED, "invariant", invariant.name, says, in_words(self.plan, settled.witness),
                          invariant.title, invariant.span, seconds, read, self.rules_of(claim, settled.witness))
        verdict, says = _answered(settled, said)
        return Result(verdict, "invariant", invariant.name, says, title=invariant.title, span=invariant.span, seconds=seconds, claim=read)

    def broken(self, claim: PlannedInvariant, at: Situation) -> str:
        now = seen(self.plan, at)
        if claim.rising is None:
            return self.outcome(claim.invariant, now)
        after = seen(self.plan, at, after=True)
        fact = self.plan.facts[claim.rising]
        before, later = (value_in_words(v, fact.type, self.plan.currency) for v in (at.facts[claim.rising], at.after[claim.rising]))
        moves = "falls" if claim.invariant.claim == "never_lowers" else "rises"
        title = title_of(self.plan, claim.rising)
        rises = f"“{title}” turns" if fact.type.kind is Kind.BOOLEAN and fact.title else f"{title} rises"
        return (f"When {rises} from {before} to {later}, {word(text_of(claim.invariant.subject))} "
                f"{moves} from {reading(claim, now)} to {reading(claim, after)}:")

    def read(self, invariant: rs.Invariant) -> str:
        return claim_in_words(invariant, ConditionWords(self.checked.scopes[self.checked.main.name], self.plan.currency))

    def rules_of(self, claim: PlannedInvariant, at: Situation) -> tuple[str, ...]:
        """What the rules made of an account that breaks a claim about their decision."""
        decision = self.asked_about(claim.invariant)
        if decision is None:
            return ()
        now = seen(self.plan, at)
        return tuple(fared(decision, now) if claim.rising is None else changed(decision, now, seen(self.plan, at, after=True)))

    def asked_about(self, invariant: rs.Invariant) -> PlannedDecision | None:
        """The ruleset's own decision, where an invariant names it."""
        decision = self.plan.decision
        named = {n.name for node in rs.expressions_of(invariant) for n in ex.names(node)}
        return decision if decision is not None and decision.decide.name in named else None

    def outcome(self, invariant: rs.Invariant, now: View) -> str:
        decision = self.asked_about(invariant)
        if decision is None:
            return "This account meets it:" if invariant.claim == "never" else "This account fails it:"
        truths = [(r.outcome, value if isinstance(value := now.value(r.step), bool) else None) for r in decision.rules]
        verdict = judge(decision.decide, truths)
        said = listed([word(o) for o in verdict.possible], "or")
        return f"On these facts {word(decision.decide.name)} is {said}:"

    # --- lifecycles and ladders ---

    def circles(self, maker: rs.Lifecycle | rs.Ladder, what: str, name: str, title: str | None, span: Span | None) -> Result:
        started = time.monotonic()
        settled = Circles(self.plan, maker, self.settler.day, self.settler.seconds * _LONGER).settle()
        seconds = time.monotonic() - started
        if isinstance(settled, Goes):
            steps = [f"{word(str(a))} to {word(str(b))} on {day(at)}" for at, a, b in settled.changes]
            says = f"On facts that stay as they are, an account goes round for ever: from {', from '.join(steps)}, and so on."
            return Result(Verdict.FLAPS if what != "invariant" else Verdict.REFUTED, what, name, says,
                          in_words(self.plan, settled.witness), title, span, seconds)
        verdict, says = _answered(settled, title or f"no account goes round in `{maker.name}` for ever")
        return Result(verdict, what, name, says, title=title, span=span, seconds=seconds)


def _answered(settled: Proved | Unknown | Found, said: str) -> tuple[Verdict, str]:
    if isinstance(settled, Unknown):
        return Verdict.UNKNOWN, f"Not found out: {said}. Why: {settled.why}."
    exact = not isinstance(settled, Proved) or settled.exact
    return (Verdict.PROVED if exact else Verdict.PROVED_BUT_FOR_ROUNDING), f"{said[0].upper()}{said[1:]}."


def reading(claim: PlannedInvariant, now: View) -> str:
    """What the subject of a claim is, in words."""
    values = [evaluate(part, now).value for part in claim.parts]
    if claim.kind == "score":
        low, high = values
        return interval(float(low), float(high)) if low is not None and high is not None else "not known"  # type: ignore[arg-type]
    if claim.kind == "condition":
        return "not known" if values[0] is None else "true" if values[0] else "false"
    if claim.kind == "value":
        note = now.plan.notes.get(claim.parts[0])
        return value_in_words(values[0], note.type if note else None, now.plan.currency)
    return listed([word(o) for o, possible in zip(_outcomes(claim, now.plan), values, strict=True) if possible is True], "or")


def _outcomes(claim: PlannedInvariant, plan: Plan) -> tuple[str, ...]:
    """The outcomes of the decision that a claim is about, strongest first: the words at the end of its steps."""
    return tuple(text_of(part).rsplit("::", 1)[-1] for part in claim.parts)

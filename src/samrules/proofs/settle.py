"""Settling a question: an account the interpreter confirms, a proof that there is none, or neither."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date

import attrs

from samrules.errors import FactError
from samrules.plan.plan import Plan
from samrules.proofs.frame import Frame, Period, Situation, periods, proof_frame, search_frame, situation
from samrules.proofs.questions import Question
from samrules.proofs.rounding import Precision
from samrules.proofs.simplify import simplest
from samrules.proofs.solver import Answer, ask
from samrules.proofs.terms import NotEncoded, Z

TRIES = 4
"""Accounts of the solver that are tried on the interpreter before a search gives up."""


@attrs.frozen
class Proved:
    """There is no such account. `exact`: to the last bit of the doubles that engines calculate with; else but for rounding."""

    exact: bool = True


@attrs.frozen
class Found:
    """There is such an account, and the interpreter agrees."""

    witness: Situation


@attrs.frozen
class Unknown:
    """Neither was shown; `why` says what stands in the way."""

    why: str


Settled = Proved | Found | Unknown


@attrs.define
class Settler:
    """Settles questions about one plan.

    `day` is the day on which accounts are looked for first, `seconds` what one question may take.
    """

    plan: Plan
    day: date
    seconds: float
    _frames: dict[object, Frame] = attrs.field(factory=dict)

    def settle(self, question: Question, *, expecting: type = Proved) -> Settled:
        """An account or a proof. `expecting` says which is tried first; the answer does not hang on it."""
        until = time.monotonic() + self.seconds
        try:
            steps = (self._search, self._prove) if expecting is Found else (self._prove, self._search)
            reasons = []
            for step in steps:
                settled = step(question, until)
                if not isinstance(settled, Unknown):
                    return settled
                reasons.append(settled.why)
            return Unknown(next((r for r in reasons if r), "the solver found neither an account nor a proof"))
        except NotEncoded as error:
            return Unknown(f"the solver is not told of {error}")

    # --- accounts ---

    def days(self) -> list[date]:
        """A day of each period, that asked about first."""
        found = [p.last if p.last != date.max else max(p.first, min(self.day, p.last)) for p in reversed(periods(self.plan))]
        return list(dict.fromkeys([*([self.day] if any(p.first <= self.day <= p.last for p in periods(self.plan)) else []), *found]))

    def _search(self, question: Question, until: float) -> Settled:
        why = ""
        for day in self.days():
            for precision in (Precision.LOOSE, Precision.EXACT):
                found = self.search_on(question, day, until, precision)
                if isinstance(found, Found):
                    return found
                why = why or (found.why if isinstance(found, Unknown) else "")
                if not why:
                    break
        return Unknown(why)

    def search_on(self, question: Question, day: date, until: float, precision: Precision = Precision.LOOSE) -> Settled:
        frame = search_frame(self.plan, names_of(self.plan, question), day, precision)
        goal = question.goal(frame)
        for _ in range(TRIES):
            answer, model = ask(frame.asserted(goal), left(until))
            if answer is not Answer.SOME:
                return Unknown(_slow(self.seconds) if answer is Answer.UNKNOWN else "")
            at = situation(frame, model, day)
            if confirmed(question, self.plan, at):
                return Found(simplest(self.plan, at, lambda s: confirmed(question, self.plan, s)))
            goal = frame.z.And(goal, _another(frame, model))
        return Unknown("what the solver found, the interpreter did not confirm")

    # --- proofs ---

    def _prove(self, question: Question, until: float) -> Settled:
        answers = [self._absent(question, p, until, Precision.DOUBLES) for p in periods(self.plan)]
        if all(a is Answer.NONE for a in answers):
            return Proved()
        exact = [a if a is Answer.NONE else self._absent(question, p, until, Precision.EXACT)
                 for a, p in zip(answers, periods(self.plan), strict=True)]
        if all(a is Answer.NONE for a in exact):
            return Proved(exact=False)
        return Unknown(_slow(self.seconds) if Answer.UNKNOWN in exact else "")

    def _absent(self, question: Question, period: Period, until: float, precision: Precision) -> Answer:
        frame = proof_frame(self.plan, names_of(self.plan, question), period, precision)
        return ask(frame.asserted(question.goal(frame)), left(until))[0]


def names_of(plan: Plan, question: Question) -> Sequence[str]:
    return sorted((plan.read | question.facts) - {"account_id"})


def confirmed(question: Question, plan: Plan, at: Situation) -> bool:
    """Whether the interpreter agrees; an account that it cannot decide is none."""
    try:
        return question.holds(plan, at)
    except FactError:
        return False


def left(until: float) -> float:
    return max(0.05, until - time.monotonic())


def _slow(seconds: float) -> str:
    return f"the solver found no answer in {seconds:g} seconds"


def _another(frame: Frame, model: object) -> Z:
    """That some known fact is another than in a model."""
    z = frame.z
    differs = []
    for value in (*frame.facts.values(), *frame.after.values()):
        term = getattr(value, "value", None)
        if term is not None and z.is_real(term):
            differs.append(term != model.eval(term, model_completion=True))  # type: ignore[attr-defined]
    return z.Or(differs) if differs else z.BoolVal(False)

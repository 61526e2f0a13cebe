"""Settling a question: an account the interpreter confirms, a proof that there is none, or neither."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date

import attrs

from samrules.errors import FactError
from samrules.plan.plan import Plan
from samrules.proofs.frame import (
    ID,
    Frame,
    Period,
    Situation,
    periods,
    proof_frame,
    search_frame,
    situation,
)
from samrules.proofs.questions import Question, resting_on
from samrules.proofs.rounding import Precision
from samrules.proofs.simplify import simplest
from samrules.proofs.solver import Answer, Z, ask
from samrules.proofs.terms import NotEncoded

UNCONFIRMED = "what the solver found, the interpreter did not confirm"
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

    def settle(self, question: Question, *, expecting: type = Proved) -> Settled:
        """An account or a proof. `expecting` says which is tried first; the answer does not hang on it."""
        plan = resting_on(self.plan, question.expressions)
        settled = _Attempt(self.plan, plan, question, self.day, self.seconds).settle(expecting)
        clearer = question.clearer if isinstance(settled, Found) else None
        if clearer is not None:
            found = _Attempt(self.plan, plan, clearer, self.day, self.seconds).search()
            settled = found if isinstance(found, Found) else settled
        return settled


@attrs.define
class _Attempt:
    """One question. `plan` is the part of the whole that it rests on."""

    whole: Plan
    plan: Plan
    question: Question
    day: date
    seconds: float
    until: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.until = time.monotonic() + self.seconds

    def settle(self, expecting: type) -> Settled:
        try:
            reasons = []
            for step in (self.search, self.prove) if expecting is Found else (self.prove, self.search):
                settled = step()
                if not isinstance(settled, Unknown):
                    return settled
                reasons.append(settled.why)
            return Unknown(next((r for r in reasons if r), "the solver found neither an account nor a proof"))
        except NotEncoded as error:
            return Unknown(f"the solver is not told of {error}")

    # --- accounts ---

    def days(self) -> list[date]:
        """A day of each period, that asked about first."""
        found = [self.day] if any(p.first <= self.day <= p.last for p in periods(self.whole)) else []
        found += [p.last if p.last != date.max else max(p.first, self.day) for p in reversed(periods(self.whole))]
        return list(dict.fromkeys(found))

    def search(self) -> Settled:
        why = ""
        for day in self.days():
            for precision in (Precision.LOOSE, Precision.EXACT):
                found = self.search_on(day, precision)
                if isinstance(found, Found):
                    return found
                why = why or (found.why if isinstance(found, Unknown) else "")
                if not why:
                    break
        return Unknown(why)

    def search_on(self, day: date, precision: Precision) -> Settled:
        frame = search_frame(self.plan, self.names, day, precision)
        goal = self.question.goal(frame)
        for number in range(TRIES):
            wanted = frame.z.all([goal, frame.rounding.apart()]) if number == 1 else goal
            answer, model = ask(frame.asserted(wanted), left(self.until))
            if answer is not Answer.SOME and number == 1:
                continue
            if answer is not Answer.SOME:
                return Unknown(_slow(self.seconds) if answer is Answer.UNKNOWN else "")
            at = situation(frame, model, day)
            if self.confirmed(at):
                plain = simplest(self.plan, at, self.confirmed)
                return Found(plain) if confirmed(self.question, self.whole, plain) else Unknown(UNCONFIRMED)
            goal = frame.z.all([goal, _another(frame, model)])
        return Unknown(UNCONFIRMED)

    def confirmed(self, at: Situation) -> bool:
        return confirmed(self.question, self.plan, at)

    # --- proofs ---

    def prove(self) -> Settled:
        stretches = periods(self.whole)
        answers = [self.absent(p, Precision.DOUBLES) for p in stretches]
        if all(a is Answer.NONE for a in answers):
            return Proved()
        exact = [a if a is Answer.NONE else self.absent(p, Precision.EXACT) for a, p in zip(answers, stretches, strict=True)]
        if all(a is Answer.NONE for a in exact):
            return Proved(exact=False)
        return Unknown(_slow(self.seconds) if Answer.UNKNOWN in exact else "")

    def absent(self, period: Period, precision: Precision) -> Answer:
        frame = proof_frame(self.plan, self.names, period, precision)
        return ask(frame.asserted(self.question.goal(frame)), left(self.until))[0]

    @property
    def names(self) -> Sequence[str]:
        """The facts that matter."""
        return sorted((self.plan.read | self.question.facts) - {ID})


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
    return z.any(differs) if differs else z.truth(False)

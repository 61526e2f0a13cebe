"""Programs: a plan compiled, for the parameters of a day, for a day, and for the keys of the dictionaries that come."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property
from types import CodeType
from typing import Any

import attrs

from samrules.decision.decision import Citation, Threshold
from samrules.decision.policy import Verdict, judge
from samrules.decision.trace import Trace
from samrules.engines.compiled.checks import Check, check_of
from samrules.engines.compiled.source import DAY, HELD, NAMESPACE, Writer
from samrules.engines.compiled.traces import Shapes
from samrules.engines.interpreter import Facts, date_before, parameters_at
from samrules.engines.outcome import citations, thresholds
from samrules.engines.reviews import Review, held_earlier
from samrules.errors import FactError
from samrules.inputs.facts import ID
from samrules.model import expressions as ex
from samrules.model.types import Duration, Value
from samrules.plan.plan import Plan, Shown

Truths = tuple[bool | None, ...]
Held = tuple[bool | None, ...]

_PLANS, _EPOCHS, _DAYS, _SHAPES, _MET, _VERDICTS = 32, 32, 64, 16, 64, 4096
"""How many of each are kept."""
_OFTEN = 20
"""How often dictionaries with the same keys come before they get a check of their own."""

_programs: dict[int, Program] = {}


def program_of(plan: Plan) -> Program:
    """The program of a plan, compiled as far as it was needed so far."""
    found = _programs.get(id(plan))
    if found is None:
        found = _programs[id(plan)] = Program(plan)  # which keeps the plan, so that the number stays its own
        _shrink(_programs, _PLANS)
    return found


def _shrink(kept: dict[Any, Any], most: int) -> None:
    """Drop what was kept first. Threads may have dropped it already."""
    for key in list(itertools.islice(kept, max(0, len(kept) - most))):
        kept.pop(key, None)


@attrs.frozen(eq=False)
class Code:
    """A function of the facts `given`, as code that is yet to be bound to a day."""

    code: CodeType
    given: tuple[str, ...]
    bound: Mapping[str, Value]
    cutoffs: Mapping[str, Duration]

    def on(self, day: date) -> Callable[..., tuple[Any, ...]]:
        namespace = {**NAMESPACE, **self.bound, DAY: day, **{n: date_before(v, day) for n, v in self.cutoffs.items()}}
        exec(self.code, namespace)
        run: Callable[..., tuple[Any, ...]] = namespace["run"]
        return run


def written(plan: Plan, parameters: Mapping[str, Value], roots: Sequence[ex.Expr], places: Mapping[ex.Held, int],
            never: frozenset[ex.Held]) -> tuple[str, Writer]:
    """The source of the function that gives the values of some expressions, and its writer."""
    writer = Writer({s.name: s.expr for s in plan.steps}, plan.facts, parameters, places, never)
    writer.expect(roots)
    found = [writer.term(root).text for root in roots]
    lines = [f"def run({', '.join([*writer.given.values(), f'{HELD}=()'])}):", *(f"    {line}" for line in writer.lines),
             f"    return ({''.join(f'{text}, ' for text in found)})"]
    return "\n".join(lines) + "\n", writer


@attrs.frozen(eq=False)
class Epoch:
    """A plan with the parameters of some days."""

    program: Program
    parameters: Mapping[str, Value]
    codes: dict[str, Code] = attrs.field(factory=dict)

    def code(self, of: str) -> Code:
        """The code for one of the purposes of `Program.roots`."""
        found = self.codes.get(of)
        if found is None:
            program = self.program
            never = program.never if of == "fresh" else frozenset[ex.Held]()
            source, writer = written(program.plan, self.parameters, program.roots(of), program.places, never)
            found = self.codes[of] = Code(
                compile(source, f"<samrules {program.plan.name}: {of}>", "exec"), tuple(writer.given),
                {name: value for value, name in writer.bound.items()}, {name: value for value, name in writer.cutoffs.items()})
        return found


@attrs.frozen(eq=False, slots=False)
class OnDay:
    """A plan on a day: its functions, bound."""

    program: Program
    day: date
    epoch: Epoch
    functions: dict[str, tuple[Callable[..., tuple[Any, ...]], tuple[str, ...]]] = attrs.field(factory=dict)
    checks: dict[tuple[str, ...], tuple[Check[Truths], tuple[str, ...]]] = attrs.field(factory=dict)
    """By the keys of a dictionary, in their order: its check, and the names in it that nothing declares."""
    fixed: dict[int, Trace] = attrs.field(factory=dict)
    """Nodes of traces that are the same for all accounts."""
    met: dict[tuple[str, ...], int] = attrs.field(factory=dict)
    """How often keys came that have no check of their own."""

    def values(self, of: str, facts: Facts, held: Held) -> tuple[Any, ...]:
        """What one of the functions gives on facts."""
        function = self.functions.get(of)
        if function is None:
            code = self.epoch.code(of)
            function = self.functions[of] = code.on(self.day), code.given
        run, given = function
        return run(*map(facts.get, given), held)

    @cached_property
    def check(self) -> Check[Truths]:
        """The check of a dictionary with any keys; its account is given without reviews."""
        return self._check(None)

    def _check(self, keys: tuple[str, ...] | None) -> Check[Truths]:
        code = self.epoch.code("fresh")
        return check_of(self.program.plan.facts, keys, code.given, code.on(self.day), self.held_alone)

    def check_for(self, given: dict[str, Any]) -> tuple[Check[Truths], tuple[str, ...]]:
        """The check of a dictionary, and the names in it that nothing declares."""
        keys = tuple(given)
        found = self.checks.get(keys)
        if found is not None:
            return found
        declared = self.program.plan.facts
        strangers = () if given.keys() <= declared.keys() else tuple(str(k) for k in keys if k not in declared)
        self.met[keys] = self.met.get(keys, 0) + 1
        if self.met[keys] >= _OFTEN and len(self.checks) < _SHAPES and ID in given:
            found = self.checks[keys] = self._check(keys), strangers
            return found
        if len(self.met) > _MET:
            self.met.clear()
        return self.check, strangers

    @cached_property
    def facts(self) -> Callable[[dict[str, Any]], dict[str, Value]]:
        """The facts of a dictionary that was checked before."""
        names = tuple(self.program.plan.facts)

        def gathered(*values: Value | None) -> dict[str, Value]:
            return {name: value for name, value in zip(names, values, strict=False) if value is not None}

        check = check_of(self.program.plan.facts, None, names, gathered, ())
        return lambda given: check(given)[1]

    @cached_property
    def thresholds(self) -> dict[str, Threshold]:
        """Every parameter that is read, as in force on the day."""
        return thresholds(self.program.plan, self.day)

    @cached_property
    def held_alone(self) -> Held:
        """What `held` is of an account without reviews."""
        return self.held(())

    def held(self, earlier: Sequence[Review], *, past: bool = False) -> Held:
        """Of each `Held`, whether its operand held at those earlier reviews that count; false where they are too few.

        Raises the FactError of a review that counts and cannot be seen.
        """
        program = self.program
        return tuple(held_earlier(node, self.day, earlier) if not past or node in program.held_in_past else None
                     for node in program.places)


@attrs.frozen(eq=False, slots=False)
class Program:
    """All that is compiled of a plan."""

    plan: Plan
    days: dict[date, OnDay] = attrs.field(factory=dict)
    epochs: dict[tuple[str, ...], Epoch] = attrs.field(factory=dict)
    verdicts: dict[Truths, Verdict] = attrs.field(factory=dict)

    def on(self, day: date) -> OnDay:
        """The plan on a day. Raises FactError where a parameter has no value yet."""
        found = self.days.get(day)
        if found is None:
            parameters = parameters_at(self.plan, day)
            key = tuple(map(repr, parameters.values()))
            epoch = self.epochs.get(key)
            if epoch is None:
                epoch = self.epochs[key] = Epoch(self, parameters)
                _shrink(self.epochs, _EPOCHS)
            found = self.days[day] = OnDay(self, day, epoch)
            _shrink(self.days, _DAYS)
        return found

    @cached_property
    def places(self) -> dict[ex.Held, int]:
        """Each `Held`, in the order in which they are evaluated, with its place."""
        return {node: place for place, node in enumerate(self.plan.sustained)}

    @cached_property
    def held_in_past(self) -> frozenset[ex.Held]:
        return frozenset(n for s in self.plan.steps if s.name in self.plan.past
                         for n in ex.walk(s.expr) if isinstance(n, ex.Held))

    @cached_property
    def never(self) -> frozenset[ex.Held]:
        """What does not hold for want of reviews, on an account that has none."""
        return frozenset(n for n in self.places if n.reviews > 1)

    def roots(self, of: str) -> list[ex.Expr]:
        """The expressions of a function: `fresh` and `rules`, the truth of the rules of an account without reviews
        and of any; `past`, what must be sustained; `steps`, all steps; `trace`, all their nodes; `shown` and `ends`, as below."""
        plan = self.plan
        match of:
            case "fresh" | "rules":
                return [ex.Name(r.step) for r in plan.decision.rules] if plan.decision else []
            case "past":
                return [n.operand for n in self.places]
            case "steps":
                return [ex.Name(s.name) for s in plan.steps]
            case "trace":
                return self.shapes.roots
            case "shown":
                return list(self.shown)
            case "ends":
                return [ex.Name(end) for end in self.ends]
        raise ValueError(of)

    @cached_property
    def shown(self) -> dict[ex.Expr, int]:
        """The expressions of the outputs, each with its place."""
        decision = self.plan.decision
        outputs = [*decision.always, *(o for r in decision.rules for o in r.outputs)] if decision else []
        found = dict.fromkeys(v.expr for _, v in outputs if isinstance(v, Shown))
        return {node: place for place, node in enumerate(found)}

    @cached_property
    def ends(self) -> dict[str, int]:
        """The steps that are the ends of scores and of their criteria, each with its place."""
        found = dict.fromkeys(end for s in self.plan.scores for end in (s.low, s.high, *(e for c in s.criteria for e in (c.low, c.high))))
        return {end: place for place, end in enumerate(found)}

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """The outcome of each rule, in the order written."""
        return tuple(r.outcome for r in self.plan.decision.rules) if self.plan.decision else ()

    @cached_property
    def shapes(self) -> Shapes:
        return Shapes(self.plan)

    @cached_property
    def citations(self) -> dict[str, Citation]:
        return citations(self.plan)

    def verdict(self, truths: Truths) -> Verdict:
        """The verdict on the truths of the rules, which was given before as often as not."""
        found = self.verdicts.get(truths)
        if found is None:
            assert self.plan.decision is not None
            found = judge(self.plan.decision.decide, tuple(zip(self.outcomes, truths, strict=True)))
            if len(self.verdicts) >= _VERDICTS:
                self.verdicts.clear()
            self.verdicts[truths] = found
        return found


def earlier_reviews(program: Program, history: Sequence[tuple[date, Facts | FactError]]) -> list[Review]:
    """What must be sustained, at each earlier review, latest first; `history` is in order of date."""
    earlier: list[Review] = []
    for day, known in history if program.places else ():
        try:
            if isinstance(known, FactError):
                raise known
            on = program.on(day)
            truths = on.values("past", known, on.held(earlier, past=True))
            earlier.insert(0, (day, dict(zip(program.places, truths, strict=True))))
        except FactError as error:  # it matters only to a rule that looks back so far
            earlier.insert(0, error)
    return earlier


def entail(plan: Plan, facts: Facts, as_of: date,
           history: Sequence[tuple[date, Facts | FactError]] = ()) -> dict[str, Value | None]:
    """Every step of the plan with its value at a decision; None: missing or unknown.

    `facts` are measured already; `history` is in order of date. Raises FactError if a parameter has no
    value yet on a date that is needed.
    """
    program = program_of(plan)
    on = program.on(as_of)
    held = on.held(earlier_reviews(program, history))
    return dict(zip((s.name for s in plan.steps), on.values("steps", facts, held), strict=True))

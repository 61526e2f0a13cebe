"""The engine `durable`: an account's facts into working memory, the truths of its steps out.

What it says of an account is what durable_rules entailed, and whole: each source of the network must
have been told exactly once what it is, so an answer that was lost or contradicted is an error.
"""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property

import attrs

from samrules.diagnostics import Diagnostic
from samrules.engines.durable_fence import EXACT, FenceBroken, WorkingMemory, number
from samrules.engines.durable_lowering import Constant, Program, StoredTruth, code_of, lower
from samrules.engines.durable_network import Network, Say, Source, Stored, Work, fact
from samrules.engines.interpreter import Facts, View, date_before, parameters_at, value_of
from samrules.engines.reviews import Review, held_earlier
from samrules.errors import EngineError, FactError
from samrules.model import expressions as ex
from samrules.model.types import Duration, Value
from samrules.plan.plan import Plan

_KEPT = 32
_compiled: dict[tuple[object, ...], Compiled] = {}
"""Programs by the digest of their ruleset and the parameters of a day, the latest made last. What a fork copies is its own."""


def entail(plan: Plan, facts: Facts, as_of: date,
           history: Sequence[tuple[date, Facts]] = ()) -> dict[str, Value | None]:
    """Every step of the plan with its value at a decision; None: missing or unknown.

    `facts` are measured already; `history` is in order of date. Raises FactError if a parameter has no
    value yet on a date that is needed, EngineError where the engine cannot run, FenceBroken where it
    answered wrongly.
    """
    earlier: list[Review] = []
    for day, known in history if plan.looks_back else ():
        try:
            run = _run(plan, known, day, earlier, past=True)
            earlier.insert(0, (day, run.operands()))
        except FactError as error:
            earlier.insert(0, error)
    return _run(plan, facts, as_of, earlier, past=False).results()


def entailed(now: View, history: Sequence[tuple[date, Facts]] = ()) -> View:
    """A view that rests on what durable_rules entails; its trace stays the interpreter's, for explanation.

    Raises FenceBroken where the two differ: an explanation of something else would be a lie.
    """
    found = entail(now.plan, now.facts, now.day, history)
    differing = [f"`{name}` is {found.get(name)} and by the trace {trace.value}" for name, trace in now.steps.items()
                 if name not in found or not alike(found[name], trace.value)]
    if differing:
        raise FenceBroken(f"on the account {now.facts.get('account_id')}: {'; '.join(differing)}")
    return attrs.evolve(now, entailed=found)


def alike(a: Value | None, b: Value | None) -> bool:
    """Whether two values are one to the last bit: 1 and 1.0 and true are not."""
    return type(a) is type(b) and a == b


def compiled(plan: Plan, parameters: Mapping[str, Value], *, past: bool = False) -> Compiled:
    """The program of a plan on a day with those parameters, ready to run. Raises EngineError where the
    plan is too large for the engine."""
    key = (plan.digest, past, *parameters.items())
    found = _compiled.get(key)
    if found is None:
        found = Compiled(lower(plan, parameters, past=past))
        if found.program.network.too_large:
            raise EngineError([Diagnostic(
                "engine-limit", f"the engine `durable` cannot run `{plan.name}`: the ruleset becomes "
                f"{len(found.program.network.rules)} rules on {found.program.network.count} facts, more than it holds",
                "use the engine `interpreter`", where="engine")])
        _compiled[key] = found
        while len(_compiled) > _KEPT:
            with contextlib.suppress(RuntimeError, StopIteration):  # another thread has changed it meanwhile
                _compiled.pop(next(iter(_compiled)), None)
    return found


def forget() -> None:
    """Give back all programs that are kept; those that are needed again are made again."""
    _compiled.clear()


@attrs.define(eq=False, slots=False)
class Compiled:
    """A program with the working memories that are not in use."""

    program: Program
    idle: deque[WorkingMemory] = attrs.field(factory=deque)
    said: dict[tuple[Source, bool | None], list[str]] = attrs.field(factory=dict)
    """The facts that say a truth of a source, written once."""

    @cached_property
    def rules(self) -> str:
        return ",".join(self.program.network.rules)

    def memory(self) -> WorkingMemory:
        try:
            return self.idle.pop()
        except IndexError:
            return WorkingMemory(self.rules, self.program.network.count)

    def truth(self, source: Source, value: bool | None) -> list[str]:
        key = source, value
        if key not in self.said:
            certain, possible = number(float(value is True)), number(float(value is not False))
            text = f'"t":{certain}' if source.form == "gate" else f'"c":{certain},"p":{possible}'
            self.said[key] = [fact(n, text) for n in source.numbers]
        return self.said[key]


def _run(plan: Plan, facts: Facts, day: date, earlier: Sequence[Review], *, past: bool) -> Run:
    """What durable_rules entails at one review."""
    code = compiled(plan, parameters_at(plan, day), past=past)
    run = Run(code, day)
    given = list(run.given(facts))
    given += [text for node, source in code.program.held.items()
              for text in run.say(source, held_earlier(node, day, earlier))]  # of any number of reviews, one fact
    memory = code.memory()
    memory.run(given, run.act, code.program.network.cap)
    run.check()
    code.idle.append(memory)  # only what answered soundly is used again
    return run


@attrs.define(eq=False)
class Run:
    """One account at one review: what has been said of each source."""

    code: Compiled
    day: date
    known: dict[Source, Value | None] = attrs.field(factory=dict)
    codes: dict[Value, float] = attrs.field(factory=dict)

    @property
    def network(self) -> Network:
        return self.code.program.network

    def given(self, facts: Facts) -> Iterator[str]:
        """The facts that are read, missing ones too, as working memory takes them."""
        for name, source in self.code.program.facts.items():
            yield from self.say(source, self.day if name == "as_of" else facts.get(name))

    def say(self, source: Source, value: Value | None) -> list[str]:
        """The facts that say it; none where it was said before."""
        if source in self.known:
            if self.known[source] != value:
                raise FenceBroken(f"{source.name} is {self.known[source]} and {value}")
            return []
        self.known[source] = value
        if source.form != "value":
            if value is not None and not isinstance(value, bool):
                raise FenceBroken(f"{source.name} is {value!r}, which is no truth")
            return self.code.truth(source, value)
        text = self.written(value)
        return [fact(n, text) for n in source.numbers]

    def written(self, value: Value | None) -> str:
        if value is None:
            return '"m":' + number(1.0)
        if isinstance(value, str | Duration) and value not in self.code.program.codes:
            code: float | None = self.codes.setdefault(value, float(len(self.code.program.codes) + len(self.codes)))
        else:
            code = code_of(value, self.code.program.codes)
        if code is not None:
            return '"n":' + number(code)
        assert isinstance(value, int)
        return '"b":' + number(1e300 if value >= EXACT else -1e300)

    def act(self, rule: str) -> list[str]:
        """What follows when a rule fires."""
        action = self.network.actions[rule]
        if isinstance(action, Say):
            return self.say(action.source, action.value)
        assert isinstance(action, Work)
        return self.say(action.source, self.compute(action.node))

    def input(self, node: ex.Expr) -> Value | None:
        """The value of a node below one that is computed: said already, or computed with it."""
        place = self.code.program.inputs.get(node)
        return self.read(place) if place is not None else self.compute(node)

    def compute(self, node: ex.Expr) -> Value | None:
        """The value of a node whose inputs are all known, as the interpreter computes it. It may be an input
        itself, of another node."""
        if isinstance(node, ex.Cutoff):
            return date_before(self.input(node.duration), self.day)
        return value_of(node, [self.input(child) for child in ex.children(node)])

    def read(self, place: StoredTruth | Source | Constant) -> Value | None:
        if isinstance(place, Constant):
            return place.value
        if isinstance(place, Source):
            return self.known[place]
        return True if self.bit(place.certain) else None if self.bit(place.possible) else False

    def bit(self, place: Stored | bool) -> bool:
        if isinstance(place, bool):
            return place
        truth = self.known[place.source]
        found = truth is not False if place.property == "p" else truth is True
        return found is not place.turned

    def check(self) -> None:
        """Raises FenceBroken where an answer was lost: every source has been told what it is."""
        lost = [s.name for s in self.network.sources.values() if s not in self.known]
        if lost:
            raise FenceBroken(f"nothing was concluded on {', '.join(lost)}")

    def results(self) -> dict[str, Value | None]:
        return {name: self.read(place) for name, place in self.code.program.results.items()}

    def operands(self) -> dict[ex.Held, bool | None]:
        """What must be sustained, as it was at this review."""
        found = {node: self.read(place) for node, place in self.code.program.operands.items()}
        return {node: value if isinstance(value, bool) else None for node, value in found.items()}


def legend(program: Program) -> str:
    """The rules of a program as indented JSON, with what each is for: for documentation and for review."""
    written = json.loads("{" + ",".join(program.network.rules) + "}")
    lines = []
    for name, rule in written.items():
        action = program.network.actions[name]
        says = str(action.value) if isinstance(action, Say) else "computed"
        lines.append(f"{name}: {json.dumps(rule['all'])} -> {action.source.name} is {says}")
    return "\n".join(lines)

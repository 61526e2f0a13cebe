"""What depends on what in a plan: from facts, events, parameters and the day to steps, and from step to step.

Made once a ruleset and shared by all its sessions.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from samrules.decision.trace import NO_NOTE, Trace
from samrules.model import expressions as ex
from samrules.model.ruleset import Fact
from samrules.model.types import BOOLEAN, NUMBER, Type, Value
from samrules.plan.plan import Plan, PlannedMeasure, Shown, Step

DAY = "as_of"
REVIEWS = "earlier reviews"
"""What a sustained rule looks back on. No name of a ruleset has a blank in it."""


def event_key(kind: str) -> str:
    """The name under which a kind of event stands in the graph, where a fact may be called the same."""
    return f"event {kind}"


@attrs.frozen
class Item:
    """What a reader knows by one name: a definition, a rule, a scorecard with both its ends, …

    `key` is its name in the graph; `after` are the keys of what it is derived from.
    """

    kind: str
    key: str
    name: str
    title: str
    type: Type | None
    steps: tuple[str, ...]
    after: tuple[str, ...]
    outcome: str | None = None
    """Of a rule, the outcome that it gives."""


@attrs.frozen
class Graph:
    """A plan with the names that each of its steps mentions, in order of evaluation."""

    plan: Plan
    steps: tuple[tuple[Step, frozenset[str]], ...]
    rules: frozenset[str]
    """The steps of the rules of the decision."""
    shown: frozenset[str]
    """What the outputs of the decision mention."""
    items: tuple[Item, ...]
    _tips: dict[tuple[str, Value | None], Trace] = attrs.field(factory=dict, eq=False, repr=False)
    _counting: dict[frozenset[str], Plan] = attrs.field(factory=dict, eq=False, repr=False)

    def tip(self, trace: Trace, step: str) -> Trace:
        """A trace without what is below it: enough to evaluate what rests on it. Truths are shared."""
        value = trace.value
        if value is not None and not isinstance(value, bool):
            return Trace(trace.expr, value)
        key = step, value
        if key not in self._tips:
            self._tips[key] = Trace(trace.expr, value)
        return self._tips[key]

    def counting(self, measures: frozenset[str]) -> Plan:
        """The plan with only some of its measures, to count these anew."""
        if measures not in self._counting:
            chosen = tuple(m for m in self.plan.measures if m.name in measures)
            self._counting[measures] = attrs.evolve(self.plan, measures=chosen)
        return self._counting[measures]

    def measures_of(self, names: Iterable[str], kinds: Iterable[str]) -> frozenset[str]:
        """The measures that a change of these facts, or of events of these kinds, may change."""
        asserted, happened = set(names), set(kinds)
        return frozenset(m.name for m in self.plan.measures
                         if m.name in asserted or not happened.isdisjoint(kinds_of(m)))


def kinds_of(measure: PlannedMeasure) -> tuple[str, ...]:
    """The kinds of events that a measure looks at."""
    return (*measure.measure.of.events, *measure.measure.since)


_MADE: dict[int, Graph] = {}
_MOST_MADE = 8


def graph_of(plan: Plan) -> Graph:
    """The graph of a plan; those made last are kept, so that sessions of one ruleset share it."""
    found = _MADE.get(id(plan))
    if found is not None and found.plan is plan:
        return found
    if len(_MADE) >= _MOST_MADE:
        _MADE.pop(next(iter(_MADE)), None)
    return _MADE.setdefault(id(plan), _graph(plan))


def _graph(plan: Plan) -> Graph:
    main = plan.decision
    assert main is not None
    outputs = [v for _, v in (*main.always, *(o for r in main.rules for o in r.outputs))]
    shown = {name for v in outputs if isinstance(v, Shown) for e in (v.expr, v.high) if e is not None
             for name in mentioned(e)}
    steps = tuple((step, frozenset(mentioned(step.expr))) for step in plan.steps)
    return Graph(plan, steps, frozenset(r.step for r in main.rules), frozenset(shown), tuple(_items(plan)))


def mentioned(node: ex.Expr) -> list[str]:
    """The names that the value of a node hangs on, in the order written, each once."""
    found: dict[str, None] = {}
    for part in ex.walk(node):
        if isinstance(part, ex.Name):
            found[part.name] = None
        elif isinstance(part, ex.Cutoff):
            found[DAY] = None
        elif isinstance(part, ex.Held):
            found |= {REVIEWS: None, DAY: None}
    return list(found)


# --- items -----------------------------------------------------------------------------------------


def _items(plan: Plan) -> list[Item]:
    """Everything that can change and has a name: parameters, measures, and what the steps stand for."""
    found = [Item("parameter", name, name, p.title or _words(p.name), p.type, (), (DAY,))
             for name, p in plan.parameters.items()]
    found += [_measure(m, plan.facts[m.name]) for m in plan.measures]
    groups = _groups(plan)
    key_of = {step: key for key, (_, steps) in groups.items() for step in steps}
    exprs = {step.name: step.expr for step in plan.steps}
    for key, (made, steps) in groups.items():
        names = [key_of.get(name, name) for step in steps for name in mentioned(exprs[step])]
        after = tuple(name for name in dict.fromkeys(names) if name != key)
        found.append(attrs.evolve(made, key=key, steps=tuple(steps), after=after))
    return found


def _groups(plan: Plan) -> dict[str, tuple[Item, list[str]]]:
    """The steps by what they belong to: the two ends of a score are one thing to a reader."""
    makers: dict[str, Item] = {}
    own = {r.step: r for d in (plan.decision, *plan.asked) if d is not None for r in d.rules}
    for score in plan.scores:
        makers |= dict.fromkeys((score.low, score.high), _blank("score", score.name, score.title, NUMBER))
        for c in score.criteria:
            criterion = _blank("criterion", f"{score.name}.{c.name}", c.title, NUMBER)
            makers |= dict.fromkeys((c.low, c.high), criterion)
    titles = {d.ruleset: d.title for d in plan.asked}
    strength = {f"{d.ruleset}::{o}": place for d in plan.asked for place, o in enumerate(d.decide.outcomes)}
    groups: dict[str, tuple[Item, list[str]]] = {}
    for step in plan.steps:
        made = makers.get(step.name)
        ruleset, _, rule = step.name.partition(":")
        if made is None and rule.startswith(":"):
            made = _blank("decision", ruleset, titles.get(ruleset, f"decision of {_words(ruleset)}"), None)
        elif made is None and rule:
            planned = own.get(step.name)
            name = rule if plan.decision is not None and ruleset == plan.decision.ruleset else f"{ruleset}.{rule}"
            title = planned.rule.title if planned and planned.rule.title else _words(rule)
            made = attrs.evolve(_blank("rule", name, title, BOOLEAN), outcome=planned.outcome if planned else None)
        elif made is None:
            note = plan.notes.get(ex.Name(step.name), NO_NOTE)
            made = _blank("definition", step.name, note.title or _words(step.name.rpartition(".")[2]), note.type)
        key = step.name if made.kind in ("definition", "rule") else f"{made.kind} {made.name}"
        groups.setdefault(key, (made, []))[1].append(step.name)
    for _, steps in groups.values():  # low before high, the strongest outcome first
        steps.sort(key=lambda step: (strength.get(step, len(strength)), step.endswith(":high")))
    return groups


def _measure(measure: PlannedMeasure, fact: Fact) -> Item:
    after = dict.fromkeys((*(event_key(k) for k in kinds_of(measure)), DAY))
    return Item("measure", measure.name, measure.name, fact.title or _words(measure.name), measure.type, (), tuple(after))


def _blank(kind: str, name: str, title: str, type_: Type | None) -> Item:
    return Item(kind, name, name, title, type_, (), ())


def _words(name: str) -> str:
    return name.replace("_", " ")

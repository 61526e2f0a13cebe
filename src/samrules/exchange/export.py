"""A ruleset as a DMN model: its plan as decisions in FEEL, and its decision tables as tables.

The constants are those of one day. What DMN has no form for is an input (what is counted from events, what earlier
reviews say) or refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import attrs

from samrules.check.checker import CheckedRuleset
from samrules.diagnostics import Diagnostic
from samrules.engines.interpreter import parameters_at
from samrules.errors import OutputError
from samrules.exchange.dmn_model import Decision, Input, ItemType, Model, Table
from samrules.exchange.export_tables import drawn
from samrules.exchange.feel import Feel, Unsayable, constant, length, names_for
from samrules.exchange.result_types import ANY, one_of, type_of, type_of_value
from samrules.model import expressions as ex
from samrules.model import ruleset as rs
from samrules.model.templates import FORM, PLACEHOLDER
from samrules.model.types import Duration, Kind, Value
from samrules.plan import lower as lo
from samrules.plan.plan import Plan, PlannedDecision, Shown
from samrules.plan.planner import plan_of_all

AS_OF = "as_of"
LIST = "list_of_outcomes"
_TYPES = {Kind.BOOLEAN: "boolean", Kind.DATE: "date", Kind.TEXT: "string", Kind.ENUM: "string", Kind.NUMBER: "number"}


@attrs.frozen
class Exported:
    """The model, what it leaves out as notes, and where its values are found.

    `facts` has the name of each input that is a fact, `held` of each that says what earlier reviews say; `steps` of
    each decision that is a step of the plan; `outputs` of each output.
    """

    model: Model
    notes: tuple[Diagnostic, ...]
    facts: Mapping[str, str]
    held: Mapping[ex.Held, str]
    steps: Mapping[str, str]
    outputs: Mapping[str, str]


def export(checked: CheckedRuleset, day: date) -> Exported:
    """The model of a ruleset with the parameters of a day.

    Raises OutputError naming all that DMN cannot hold, FactError if a parameter has no value yet on the day.
    """
    plan = plan_of_all(checked)
    return _Export(checked, plan, parameters_at(plan, day), day).exported()


class _Export:
    def __init__(self, checked: CheckedRuleset, plan: Plan, parameters: Mapping[str, Value], day: date) -> None:
        self.checked, self.plan, self.parameters, self.day = checked, plan, parameters, day
        mentioned = {n.name for e in self.expressions() for n in ex.names(e)}
        read = [f.name for f in plan.facts.values() if f.name in mentioned]
        read += [f for f in self.of_tables() if f not in read]
        self.steps = {s.name: s.expr for s in plan.steps}
        holders = {n: s.name for s in reversed(plan.steps) for n in ex.walk(s.expr) if isinstance(n, ex.Held)}
        outputs = plan.decision.outputs if plan.decision else ()
        extra = ["possible:" + o for o in self.words()]
        extra += ["possible", "settled", "outcome"] if plan.decision else []
        every = [*read, AS_OF, *(f"held before {step}" for step in holders.values()), *self.steps, *extra,
                 *(f"output:{o}" for o in outputs), *(f"table:{t.name}" for t in checked.main.tables)]
        self.names = names_for({name: self.bare(name) for name in every})
        self.facts = {f: self.names[f] for f in read}
        self.held = {n: self.names[f"held before {step}"] for n, step in holders.items()}
        self.outputs = {o: self.names[f"output:{o}"] for o in outputs}
        self.feel = Feel(self.names, parameters, self.held)
        self.of_rows = {lo.rule_step(plan.name, r.name) for r in checked.main.rules if r.table}
        self.known = {f.name: _base(f) for f in plan.facts.values()} | {n: type_of_value(v) for n, v in parameters.items()}
        for step, expr in self.steps.items():
            self.known[step] = type_of(expr, self.known)
        self.problems: list[Diagnostic] = []
        self.notes: list[Diagnostic] = []
        self.types: dict[str, ItemType] = {}

    def bare(self, name: str) -> str:
        """Without the name of the ruleset itself."""
        return re.sub(rf"(^|^held before ){re.escape(self.plan.name)}[.:]", r"\1", name)

    def words(self) -> tuple[str, ...]:
        decision = self.plan.decision
        if decision is None:
            return ()
        return (*decision.decide.outcomes, *((rs.CONFLICT,) if decision.decide.hit_policy == "unique" else ()))

    def expressions(self) -> Iterator[ex.Expr]:
        yield from (s.expr for s in self.plan.steps)
        if self.plan.decision is not None:
            for value in _values(self.plan.decision):
                if isinstance(value, Shown):
                    yield value.expr

    def of_tables(self) -> list[str]:
        """The facts that tables and their sentences name."""
        found = {n.name for t in self.checked.main.tables for e in (*t.inputs, *(o for r in t.rows for c in r.when
                 for o in c.operands)) for n in ex.names(e)}
        said = " ".join(b or "" for t in self.checked.main.tables for b in (t.because, *(r.because for r in t.rows)))
        found |= {form[1] for text in PLACEHOLDER.findall(said) if (form := FORM.match(text))}
        return [f for f in self.plan.facts if f in found]

    # --- the model ---

    def exported(self) -> Exported:
        if self.plan.places is not None:
            self.refuse("the section `portfolio`: DMN decides one account at a time",
                        "export a ruleset without it; the choice among accounts stays with samrules")
        decisions = [d for name, expr in self.steps.items() if (d := self.step(name, expr)) is not None]
        if self.plan.decision is not None:
            decisions += self.verdict(self.plan.decision)
        for table in self.checked.main.tables:
            made = drawn(table, self.checked, self.plan, self.feel, self.notes, self.type_of_input)
            if made is not None:
                name = self.names[f"table:{table.name}"]
                decisions.append(Decision(
                    name, made, self.mentioned(made),
                    table.title or table.name.replace("_", " "),
                    "The table as it is written. It gives the outcome where all that it asks is known; with missing facts, "
                    "`outcome` counts.", self.type_of_table(name, made), original=table.name))
        inputs = list(self.inputs(decisions))
        if self.problems:
            raise OutputError(self.problems)
        title = self.checked.main.title or self.plan.title
        says = f"{title}. Version {self.plan.version}, with the thresholds of {self.day}; {self.plan.digest}."
        model = Model(self.plan.name, says, tuple(self.types.values()), tuple(inputs), tuple(decisions),
                      self.plan.version, self.plan.currency)
        return Exported(model, tuple(self.notes), self.facts, self.held,
                        {s: self.names[s] for s in self.steps}, self.outputs)

    def inputs(self, decisions: Iterable[Decision]) -> Iterator[Input]:
        needed = {name for d in decisions for name in d.requires} | {self.facts[f] for f in self.of_tables()}
        for fact, name in self.facts.items():
            if name in needed:
                declared = self.plan.facts[fact]
                counted = " Counted from events: DMN has none, give the figure." if declared.measure else ""
                yield Input(name, self.type_of(declared), (declared.description or "") + counted,
                            declared.title or fact.replace("_", " "), fact)
        if self.names[AS_OF] in needed:
            yield Input(self.names[AS_OF], "date", "The date of the decision, from which ages are counted.", "as of", AS_OF)
        for node, name in self.held.items():
            over = f" over {node.over}" if node.over else ""
            yield Input(name, "boolean", f"Whether the condition held at the earlier reviews that count ({node.reviews} with this one"
                        f"{over}): false if there were too few, missing if it is not known of one.", name.replace("_", " "), name)

    def type_of_input(self, name: str) -> str:
        """Of a table's input: a fact, or a step."""
        return self.type_of(self.plan.facts[name]) if name in self.plan.facts else self.known[name]

    def type_of_table(self, name: str, table: Table) -> str:
        """What it gives: a value, or a row of several; under COLLECT a list of such."""
        many = table.hit_policy == "COLLECT"
        if len(table.outputs) > 1:
            parts = tuple((o.name, o.type) for o in table.outputs)
            self.types[f"{name}_row"] = ItemType(f"{name}_row", "", parts=parts, many=many)
            return f"{name}_row"
        return self.list_type() if many else table.outputs[0].type

    def list_type(self) -> str:
        self.types[LIST] = ItemType(LIST, "string", many=True)
        return LIST

    def type_of(self, fact: rs.Fact) -> str:
        """The name of a fact's type; a type of its own where values are limited. A missing value is allowed."""
        kind = fact.type.kind
        if kind is Kind.DURATION:
            self.refuse(f"the fact `{fact.name}`: a duration of samrules is months or days, of DMN one of two types",
                        "give it as a number of months", fact)
            return "number"
        base = _base(fact)
        if kind not in _TYPES:
            self.types[str(kind)] = ItemType(str(kind), base)
            base = str(kind)
        allowed = None
        if kind is Kind.ENUM:
            allowed = ", ".join(map(constant, fact.type.words))
        elif kind is Kind.ORDINAL:
            allowed = f"[{fact.type.low}..{fact.type.high}]"
        elif fact.range is not None:
            low, high = fact.range.low, fact.range.high
            allowed = f"[{constant(low)}..{constant(high)}]" if low is not None and high is not None else \
                f">= {constant(low)}" if low is not None else f"<= {constant(high)}" if high is not None else None
        if allowed is None:
            return base
        name = f"{fact.name}_values"
        self.types[name] = ItemType(name, base, f"{allowed}, null")
        return name

    # --- steps ---

    def step(self, name: str, expr: ex.Expr) -> Decision | None:
        derived = name in self.of_rows
        return self.decision(name, expr, self.bare(name).replace("_", " "), derived=derived)

    def decision(self, name: str, expr: ex.Expr, label: str, *, derived: bool = False) -> Decision | None:
        try:
            text = self.feel.text(expr)
        except Unsayable as error:
            self.refuse(f"`{name}`: {error}", "say it without that, or keep it with samrules")
            return None
        needs = {self.names[n.name] for n in ex.names(expr) if n.name in self.names}
        needs |= {self.held[n] for n in ex.walk(expr) if isinstance(n, ex.Held)}
        needs |= {self.names[AS_OF] for n in ex.walk(expr) if isinstance(n, ex.Cutoff)}
        return Decision(self.names[name], text, tuple(sorted(needs)), label, type=type_of(expr, self.known), derived=derived)

    def verdict(self, decision: PlannedDecision) -> Iterator[Decision]:
        """`possible`, `settled` and `outcome`, and a decision for each output."""
        decide, rules = decision.decide, [(r.outcome, ex.Name(r.step)) for r in decision.rules]
        derived = all(r.rule.table for r in decision.rules)
        possible, settled, outcome = (self.names[n] for n in ("possible", "settled", "outcome"))
        if decide.hit_policy == "collect":
            asked, ending = _collected(decide, rules)
        else:
            asked, ending = lo.possible_outcomes(decide, list(rules)), "count({0}) = 1"
        order = [w for w in (*decide.outcomes, rs.CONFLICT) if w in asked]
        each = {w: self.names[f"possible:{w}"] for w in order}
        for word in order:
            made = self.decision(f"possible:{word}", asked[word], f"{word} is possible", derived=derived)
            if made is not None:
                yield made
        lists = ", ".join(f"if {each[w]} then [{constant(w)}] else []" for w in order)
        yield Decision(possible, f"concatenate({lists})" if len(order) > 1 else lists, tuple(each.values()),
                       "outcomes that are possible", type=self.list_type(), derived=derived)
        if decide.hit_policy == "collect":
            open_ = self.feel.joined(" or ", [_open(rules, w) for w in decide.outcomes])
            rest = f"count({possible}) = 1 and {possible}[1] = {constant(decide.otherwise)}" if decide.otherwise is not None else "false"
            whole = ex.All(tuple(_open(rules, w) for w in decide.outcomes))
            needs = tuple(sorted({possible, *(self.names[n.name] for n in ex.names(whole))}))
            yield Decision(settled, f"not({open_}) or ({rest})", needs, "settled", type="boolean", derived=derived)
            answer = possible
        else:
            yield Decision(settled, ending.format(possible), (possible,), "settled", type="boolean", derived=derived)
            answer = f"{possible}[1]"
        yield Decision(outcome, f"if {settled} then {answer} else {constant(decide.unsettled)}", (possible, settled),
                       decide.title or decide.name.replace("_", " "), type=ANY if decide.hit_policy == "collect" else "string", derived=derived)
        for name in decision.outputs:
            made = self.output(name, decision, settled, each)
            if made is not None:
                yield attrs.evolve(made, derived=derived)

    def output(self, name: str, decision: PlannedDecision, settled: str, possible: Mapping[str, str]) -> Decision | None:
        """That of the first rule that may give the outcome and sets it; else what the decision always carries."""
        try:
            always = [self.value(v) for n, v in decision.always if n == name]
            needs = {settled}
            for n, v in decision.always:
                needs |= self.named(v) if n == name else set()
            text = always[0] if always else "null"
            for rule in reversed(decision.rules):
                for n, v in rule.outputs:
                    if n == name:
                        step, may = self.names[rule.step], possible[rule.outcome]
                        text = f"if {step} != false and {may} then (if {step} = true and {settled} then {self.value(v)} else null) else {text}"
                        needs |= {step, may} | self.named(v)
        except Unsayable as error:
            self.refuse(f"the output `{name}`: {error}", "say it without that, or keep it with samrules")
            return None
        values = (v for n, v in (*decision.always, *(o for r in decision.rules for o in r.outputs)) if n == name)
        type_ = one_of(type_of(v.expr, self.known) if isinstance(v, Shown) else type_of_value(v) for v in values)
        return Decision(self.outputs[name], text, tuple(sorted(needs)), name.replace("_", " "), type=type_)

    def value(self, value: Value | Shown) -> str:
        """An output as FEEL; here a duration may stand by itself."""
        if not isinstance(value, Shown):
            return length(value) if isinstance(value, Duration) else constant(value)
        whole = self.feel.constant_of(value.expr)
        return length(whole) if isinstance(whole, Duration) else self.feel.text(value.expr)

    def named(self, value: Value | Shown) -> set[str]:
        if not isinstance(value, Shown):
            return set()
        found = {self.names[n.name] for n in ex.names(value.expr) if n.name in self.names}
        return found | {self.names[AS_OF] for n in ex.walk(value.expr) if isinstance(n, ex.Cutoff)}

    def mentioned(self, table: Table) -> tuple[str, ...]:
        """The names in a table: it holds names, constants and signs only."""
        texts = [*(text for text, _ in table.inputs), *(t for row in table.rows for t in (*row.tests, *row.sets))]
        words = {word for text in texts for word in re.findall(r"[A-Za-z_0-9]+", re.sub(r'"(?:[^"\\]|\\.)*"', "", text))}
        return tuple(sorted(words & set(self.names.values())))

    def refuse(self, what: str, cure: str, at: rs.Fact | None = None) -> None:
        found = Diagnostic("dmn-not-said", f"DMN cannot hold {what}", cure, at.span if at else None)
        if found not in self.problems:
            self.problems.append(found)


def _base(fact: rs.Fact) -> str:
    """The type of FEEL that a fact is of, without its limits."""
    return _TYPES.get(fact.type.kind, ANY if fact.type.kind is Kind.DURATION else "number")


def _values(decision: PlannedDecision) -> Iterator[Value | Shown]:
    for _, value in (*decision.always, *(o for r in decision.rules for o in r.outputs)):
        yield value


def _open(rules: list[tuple[str, ex.Name]], outcome: str) -> ex.Expr:
    """Whether no rule gives the outcome for certain, and some rule may."""
    given = _any([r for o, r in rules if o == outcome])
    return ex.All((ex.Possible(given), ex.Not(ex.Certain(given))))


def _collected(decide: rs.Decide, rules: list[tuple[str, ex.Name]]) -> tuple[dict[str, ex.Expr], str]:
    asked: dict[str, ex.Expr] = {w: ex.Possible(_any([r for o, r in rules if o == w])) for w in decide.outcomes}
    if decide.otherwise in asked:
        none = ex.Not(ex.Certain(_any([r for _, r in rules])))
        asked[decide.otherwise] = ex.Any_((asked[decide.otherwise], none))
    return asked, ""


def _any(operands: list[ex.Name]) -> ex.Expr:
    return ex.Any_(tuple(operands)) if operands else ex.Literal(False, Kind.BOOLEAN)

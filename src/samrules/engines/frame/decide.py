"""A portfolio as a frame: every account decided by the same expressions, in the same kind of frame."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import attrs
import narwhals as nw

from samrules.check.places import OUTPUTS as PLACES_OUTPUTS
from samrules.diagnostics import Diagnostic
from samrules.engines.frame import terms as t
from samrules.engines.frame.accounts import (
    OWNER,
    Facts,
    accounts,
    presumed,
    reviews,
    strangers,
)
from samrules.engines.frame.backend import (
    UNKNOWNS,
    Coded,
    Laid,
    Over,
    Script,
    Taken,
    decided_beside,
    polars_errors,
    same_engine,
    taken,
)
from samrules.engines.frame.because import WHO, in_words, placeholders, sentences
from samrules.engines.frame.compiler import Compiler, as_truth
from samrules.engines.frame.dialect import spoken
from samrules.engines.frame.events import happened
from samrules.engines.frame.layers import KEY, Layers
from samrules.engines.frame.measures import with_measures
from samrules.engines.frame.missing import Key, Missing, downwards
from samrules.engines.frame.past import Past
from samrules.engines.frame.rejects import Reject, Rejects
from samrules.engines.frame.reviews import look_back
from samrules.engines.frame.terms import Term
from samrules.engines.frame.together import ELIGIBLE, Choose, chosen, refuse_elsewhere
from samrules.engines.frame.unknowns import Unknowns
from samrules.engines.frame.verdict import (
    Given,
    body_of,
    judged,
    outcome_columns,
    output_columns,
    score_columns,
    words,
)
from samrules.engines.interpreter import parameters_at
from samrules.errors import FactError, Unmatched
from samrules.model import expressions as ex
from samrules.plan.plan import Plan, PlannedMeasure, PlannedRule, Shown

TRACES = (None, "rules", "full")
FIXED = ("account_id", "outcome", "settled", "possible", "deciding_unknowns", "fired", "stopped", "because")


@attrs.frozen
class Decided:
    """The decided frame, in the kind that was handed over, and the columns that nothing declares."""

    frame: Any
    undeclared: tuple[str, ...]
    rejects: tuple[Reject, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    """The reviews and events of accounts that are not in the table."""


def decide_frame(plan: Plan, given: Any, as_of: date, *, events: Any = None, recorded: Collection[str] | None = None,
                 history: Any = None, trace: str | None = None, because: bool = False, check: bool = True,
                 choose: Choose | None = None, reject: bool = False) -> Decided:
    """Decide every row of a frame of accounts; `choose` where the ruleset decides them together; `reject`
    sets accounts with a bad row aside.

    Raises FactError with every problem of the tables.
    """
    if trace not in TRACES:
        raise FactError([Diagnostic("no-such-trace", f"there is no trace `{trace}`",
                                    "pass \"rules\", \"full\", or None", where="trace")])
    parameters_at(plan, as_of)  # before any table is read
    table = taken(given, "the accounts")
    if choose is not None:
        refuse_elsewhere(table, "a ruleset that decides accounts together is not decided")
    with spoken(table.engine):
        if check and table.rows and events is None and recorded is None and history is None and choose is None and not reject \
                and (decided := _decided_beside_the_check(plan, table, as_of, trace, because)):
            return decided
        return _decided(plan, table, as_of, events, recorded, history, trace, because, check, choose, reject)


def _decided_beside_the_check(plan: Plan, table: Taken, as_of: date, trace: str | None, because: bool) -> Decided | None:
    """A frame in memory, with neither events nor history: presumed clean, it is decided while it is checked, and decided again where
    a value had to be cleaned. None where it could not be decided before it was checked."""
    presumption = presumed(table, plan.facts, plan.read | {"account_id", "account_name"})
    if presumption is None:
        return None
    script = _script(_Asked(_Present(plan, as_of, presumption.facts.terms, {}, trace, because), table.engine))
    try:
        row, decided = decided_beside(Laid(script.first.over(presumption.facts.frame), script), presumption.summaries)
    except polars_errors():  # of values that a check would have refused or cleaned
        return None
    facts = presumption.checked(row)
    found = table.as_given(decided()) if facts is None else table.finished(Laid(script.first.over(facts.frame), script))
    return Decided(found, presumption.facts.undeclared)


def _decided(plan: Plan, table: Taken, as_of: date, events: Any, recorded: Collection[str] | None, history: Any,
             trace: str | None, because: bool, check: bool, choose: Choose | None, reject: bool) -> Decided:
    read = plan.read | {"account_id", "account_name"}
    rejects = Rejects() if reject else None
    if rejects is not None:
        refuse_elsewhere(table, "rows are not set aside")
    facts = accounts(table, plan.facts, read, check=check, rejects=rejects)
    undeclared = facts.undeclared
    unmatched: list[Unmatched] = []
    past: dict[ex.Held, Past] = {}
    earlier: Facts | None = None
    if history is not None:
        earlier_table = taken(history, "the history")
        same_engine(table, earlier_table, "the history")
        earlier = reviews(earlier_table, plan.facts, read, as_of, check=check, rejects=rejects)
        undeclared += earlier.undeclared
        unmatched += strangers("review", earlier.frame, facts.frame, rejects) if check else []
        own = earlier.frame.join(facts.frame.select(OWNER), on=OWNER, how="semi")  # reviews of others decide nothing
        earlier = attrs.evolve(earlier, frame=own)
    if events is not None:
        record_table = taken(events, "the events")
        same_engine(table, record_table, "the events")
        record = happened(record_table, plan.events, recorded, max(as_of, date.today()), check=check, rejects=rejects)
        undeclared += record.undeclared
        unmatched += strangers("event", record.frame, facts.frame, rejects) if check else []
        if rejects is not None:
            facts = attrs.evolve(facts, frame=rejects.kept(facts.frame, OWNER))
            earlier = attrs.evolve(earlier, frame=rejects.kept(earlier.frame, OWNER)) if earlier is not None else None
            record = attrs.evolve(record, frame=rejects.kept(record.frame, OWNER))
        facts = with_measures(plan, facts, record, as_of, plan.measures, check=check, rejects=rejects)
        if earlier is not None and plan.looks_back:
            earlier = with_measures(plan, earlier, record, None, _past_measures(plan), check=check, rejects=rejects)
    elif recorded is not None:
        raise FactError([Diagnostic("bad-event", "`recorded` without `events`",
                                    "pass the events too, an empty frame where there are none", where="recorded")])
    if rejects is not None:
        facts = attrs.evolve(facts, frame=rejects.kept(facts.frame, OWNER))
        earlier = attrs.evolve(earlier, frame=rejects.kept(earlier.frame, OWNER)) if earlier is not None else None
    if earlier is not None and plan.looks_back:
        frame, past = look_back(plan, facts.frame, earlier, as_of)
        facts = attrs.evolve(facts, frame=frame)
    if because and not table.rows:
        raise FactError([Diagnostic("frame-cannot", "sentences are put together in memory, and this frame is lazy",
                                    "collect it first, or leave `because` out and ask `decide` for single accounts",
                                    where="because")])
    present = _Present(plan, as_of, facts.terms, past, trace, because)
    script = _script(_Asked(present, table.engine)) if events is None and history is None else present.script()
    laid = Laid(script.first.over(facts.frame, script.needed_later), script)
    over = None
    if choose is not None:
        rows = chosen(plan, laid, facts, earlier, as_of, choose)
        over = Over(rows, present.given_outputs, {n: present.free_name(n) for n in PLACES_OUTPUTS})
    return Decided(table.finished(laid, over), tuple(dict.fromkeys(undeclared)), tuple(rejects.found) if rejects else (),
                   tuple(unmatched))


def _past_measures(plan: Plan) -> list[PlannedMeasure]:
    """The measures that matter at earlier reviews."""
    exprs = [s.expr for s in plan.steps if s.name in plan.past] + [n.operand for n in plan.sustained]
    named = {n.name for e in exprs for n in ex.names(e)}
    return [m for m in plan.measures if m.name in named]


@attrs.define
class _Present:
    """The accounts on the day of the decision."""

    plan: Plan
    day: date
    facts: Mapping[str, Term]
    past: Mapping[ex.Held, Past]
    trace: str | None
    because: bool

    def script(self) -> Script:
        plan, main = self.plan, self.plan.decision
        assert main is not None
        compiler = Compiler({s.name: s.expr for s in plan.steps}, self.facts, parameters_at(plan, self.day),
                            self.day, self.held)
        compiler.expect([*(s.expr for s in plan.steps), *_shown(plan)])
        if self.because:
            compiler.expect(placeholders(main))
        for rule in main.rules:
            compiler.term(ex.Name(rule.step))
        verdict = judged(main, compiler)
        truths = [(r.rule.name, compiler.hold(as_truth(compiler.term(ex.Name(r.step))))) for r in main.rules]
        columns: dict[str, Given] = {"account_id": t.column(OWNER, t.TEXT)}
        columns |= outcome_columns(verdict, compiler)
        columns[UNKNOWNS] = t.constant("")
        for name, term in output_columns(main, verdict, compiler).items():
            columns[self.free_name(name)] = term
        if plan.places is not None:
            compiler.named(verdict.possible[plan.places.chosen], ELIGIBLE)
        for score in plan.scores:
            columns |= score_columns(score, compiler)
        columns["fired"] = words([(n, t.certain(truth)) for n, truth in truths], compiler)
        columns["stopped"] = words([(r.rule.name, self.stopped(r, compiler)) for r in main.rules], compiler)
        if self.trace is not None:
            columns |= {f"rule:{name}": truth for name, truth in truths}
        if self.trace == "full":
            columns |= self.conditions(compiler)
        written = sentences(main, verdict, self.who(), compiler) if self.because else []
        coded: dict[str, list[Coded]] = {}
        if self.because:
            columns["because"] = t.constant("")  # the words are put together at the end
        for name, given in columns.items():
            if isinstance(given, Term):
                compiler.named(_plain(given), f"={name}")
                continue
            coded[name] = [attrs.evolve(c, code=compiler.named(Term(c.code, t.INT, c.layer), f"={name}:{i}").expr)
                           for i, c in enumerate(given)]
        compiler.deferred = True
        unknowns = Unknowns(plan, compiler, Missing(plan, compiler)).keys(main, verdict)
        for place, (_, key) in enumerate(unknowns):
            compiler.named(key, f"{KEY}{place}")
        return Script(Layers(compiler.layers), Layers(compiler.later), [name for name, _ in unknowns], list(columns), coded,
                      [WHO, *(c for w in written for c in w.columns)] if self.because else [],
                      lambda found: in_words(written, found, plan.currency))

    @staticmethod
    def free_name(output: str) -> str:
        """The column of an output."""
        return f"output_{output}" if output in FIXED else output

    @property
    def given_outputs(self) -> list[str]:
        """The columns of what rules and `always` set."""
        assert self.plan.decision is not None
        return [self.free_name(name) for name in self.plan.decision.outputs]

    def held(self, node: ex.Held, now: Term) -> Term:
        """Whether it held now and at the earlier reviews that count; with none on record, not yet."""
        past = self.past.get(node)
        if past is None:
            return now if node.reviews == 1 and node.over is None else t.FALSE
        return t.every([past.enough, now, past.truth])

    def who(self) -> Term:
        """The name of the account, or its id where that is not known."""
        return t.first_known([self.facts.get("account_name", t.constant(None, t.TEXT)), self.facts["account_id"]])

    def conditions(self, compiler: Compiler) -> dict[str, Given]:
        """The truth of every single condition of every rule, by its text."""
        assert self.plan.decision is not None
        missing = Missing(self.plan, compiler)
        found: dict[str, Given] = {}
        for rule in self.plan.decision.rules:
            for key in downwards([Key(compiler.steps[rule.step])], missing.below_condition):
                shown = missing.note(key.node).shown
                if shown and not missing.below_condition(key):
                    found[f"condition:{rule.rule.name}:{shown}"] = compiler.hold(as_truth(compiler.term(key.node)))
        return found

    def stopped(self, planned: PlannedRule, compiler: Compiler) -> Term:
        """Whether the rule would hold but for an exception."""
        when, exceptions = body_of(planned, compiler)
        if not exceptions:
            return t.FALSE
        held = [t.certain(compiler.term(when)), t.some([t.certain(compiler.term(e)) for e in exceptions])]
        node = compiler.steps[planned.step]
        if isinstance(node, ex.Held):
            held.append(self.past[node].lasted if node in self.past else t.constant(node.reviews == 1))
        return compiler.hold(t.every(held))


@attrs.frozen
class _Asked:
    """What a script hangs on, where there are neither events nor history: facts come as they are, each a column."""

    present: _Present = attrs.field(eq=lambda p: (id(p.plan), p.day, p.trace, p.because, tuple(
        (name, x.sort, x.layer, x.known, x.low, x.high) for name, x in p.facts.items())))
    engine: nw.Implementation


@lru_cache(maxsize=16)
def _script(asked: _Asked) -> Script:
    """Made once for the same question of any number of frames: it takes as long as some ten thousand accounts."""
    return asked.present.script()


def _plain(term: Term) -> Term:
    """As it is given out: no minus zero."""
    if term.sort == t.FLOAT and not term.constant:
        return attrs.evolve(term, expr=term.expr + 0.0)
    if term.sort == t.NOTHING:
        return t.constant(None, t.TEXT)
    return term


def _shown(plan: Plan) -> list[ex.Expr]:
    main = plan.decision
    assert main is not None
    values = [v for _, v in main.always] + [v for r in main.rules for _, v in r.outputs]
    return [v.expr for v in values if isinstance(v, Shown)]

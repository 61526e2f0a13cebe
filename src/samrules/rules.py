"""The face of the library: load a ruleset, decide accounts with it."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from samrules.check.checker import CheckedRuleset, check
from samrules.check.places import OUTPUTS as PLACES_OUTPUTS
from samrules.decision.decision import Decision
from samrules.diagnostics import Diagnostic, did_you_mean, nearest
from samrules.engines import outcome
from samrules.engines.interpreter import parameters_at
from samrules.engines.measures import NO_RECORD, Record
from samrules.errors import FactError, RulesetError, UndeclaredFactWarning, UnmatchedRowsWarning
from samrules.explain.explainer import Explained
from samrules.inputs.accounts import Account
from samrules.inputs.entries import Entries
from samrules.inputs.entries import Given as AllEntries
from samrules.inputs.events import account_events, check_recorded
from samrules.inputs.facts import ID, BadValue, account_facts, by_account, mappings, review_history
from samrules.model.ruleset import EventType, Fact, Ruleset
from samrules.model.types import Value
from samrules.plan.plan import Plan
from samrules.plan.planner import plan
from samrules.portfolio.choice import choose, choose_within
from samrules.portfolio.places import Locate, Stating, limits_of, nowhere
from samrules.portfolio.portfolio import Portfolio
from samrules.syntax.library import Bundle, bundle_of_text, load_bundle

if TYPE_CHECKING:
    from samrules.engines.frame.rejects import Reject

ENGINES = (outcome.INTERPRETER, outcome.DURABLE, outcome.COMPILED)

EXPLAINED = Explained()

OnError = Callable[[Mapping[str, Any], FactError], object]
"""What is told of an account that cannot be decided: its facts as given, and the problems."""


@attrs.frozen
class Given:
    """What was given of one account, checked: its facts, all its reviews in order of date, its events.

    `undeclared` are the names in it that nothing declares.
    """

    facts: dict[str, Value]
    as_of: date
    history: tuple[tuple[date, dict[str, Value]], ...]
    record: Record
    undeclared: tuple[str, ...]


@attrs.frozen(repr=False)
class Rules:
    """A ruleset that was loaded and checked. Made by `samrules.load` or `samrules.loads`.

    Attributes:
        findings: what the checker found that is no error (unused names, conditions that can never
            hold, …), as diagnostics.
    """

    _checked: CheckedRuleset
    _plan: Plan

    @property
    def name(self) -> str:
        return self._plan.name

    @property
    def version(self) -> str:
        return self._plan.version

    @property
    def title(self) -> str:
        return self._plan.title

    @property
    def digest(self) -> str:
        """The identity of the ruleset with all it uses: `sha256:` and 64 digits. Comments, layout
        and the order of declarations change nothing."""
        return self._plan.digest

    @property
    def plan(self) -> Plan:
        """The ruleset ready to run, for engines and sessions."""
        return self._plan

    @property
    def facts(self) -> Mapping[str, Fact]:
        """Every fact that may be given, by name."""
        return self._plan.facts

    @property
    def events(self) -> Mapping[str, EventType]:
        """Every kind of event that may be given, by name."""
        return self._plan.events

    @property
    def checked(self) -> CheckedRuleset:
        """The ruleset with the meaning of every name in it, for tools."""
        return self._checked

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset as its author wrote it, the rows of its tables among its rules."""
        return self._checked.main

    @property
    def reads(self) -> frozenset[str]:
        """The names of the facts that can have an effect on the decision."""
        return self._plan.read

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes, strongest first; empty where the ruleset decides nothing."""
        return self._plan.decision.decide.outcomes if self._plan.decision else ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what the decision carries besides the outcome: those of `always` first, then
        those that rules set, in the order written, and those of the choice of a portfolio."""
        own = PLACES_OUTPUTS if self._plan.places else ()
        return tuple(dict.fromkeys([*(self._plan.decision.outputs if self._plan.decision else ()), *own]))

    @property
    def together(self) -> bool:
        """Whether it decides accounts together, by `decide_portfolio`, and not one by one."""
        return self._plan.places is not None

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of the scorecards that the decision rests on."""
        return tuple(score.name for score in self._plan.scores)

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        return self._checked.findings

    def __repr__(self) -> str:
        return f"<Rules {self.name} {self.version}>"

    def decide(self, facts: Mapping[str, Any], *, events: Iterable[Mapping[str, Any]] | None = None,
               recorded: Collection[str] | None = None, history: Iterable[Mapping[str, Any]] = (),
               as_of: date | None = None, engine: str = "interpreter") -> Decision:
        """Decide one account.

        Args:
            facts: fact names to values; `account_id` is required. None, NaN and blank text are
                missing, and so is a name that is left out. Ratios are given as 0.6, durations in
                the unit the fact states, dates as `datetime.date` or ISO text.
            events: what happened, each a mapping with `event`, `date` and the fields its kind
                declares; measures are counted from them. Events after `as_of` are not seen, and
                one that is dated after today as well is an error: it cannot have happened.
            recorded: the kinds of events of which `events` is the whole record; all declared ones
                where it is not given. What counts other kinds is missing, not zero.
            history: earlier reviews, each a mapping of facts with a `review_date`; needed only by
                rules that must be sustained.
            as_of: the date of the decision; today where it is not given.
            engine: "interpreter"; "durable": forward chaining on durable_rules; or "compiled": generated Python,
                the trace made when it is asked for. All say the same (docs/engines.md).

        Raises:
            FactError: a value of the wrong type or out of range, no `account_id`, a history that
                does not go, a date before a parameter's first value; all problems at once.
            RulesetError: the ruleset decides nothing, or decides accounts together.
            EngineError: the engine cannot run here, or not this ruleset.

        A name that nothing declares has no effect and brings an UndeclaredFactWarning.
        """
        check_engine(engine)
        self.must_decide_alone()
        decision, strangers = self._decide(facts, events, recorded, history, decision_date(as_of), engine)
        if strangers:
            warnings.warn(undeclared_message(strangers, self._plan.facts), UndeclaredFactWarning, stacklevel=2)
        return decision

    def decide_many(self, accounts: Iterable[Mapping[str, Any]], *, events: AllEntries = None,
                    recorded: Collection[str] | None = None, history: AllEntries = None, as_of: date | None = None,
                    engine: str = outcome.COMPILED,
                    on_error: OnError | None = None) -> Iterator[Decision]:
        """Decide accounts one after the other, each as it comes: a stream in, a stream out, nothing held.

        Args:
            accounts: the facts of each account, as `decide` takes them; any iterable, a generator too. Each is
                decided by itself, also one that stands twice.
            events, history: those of all accounts, each entry as `decide` takes it with the `account_id` it belongs to,
                read whole before the first account; or a mapping from the id of an account to its entries, in which
                each account is looked up when it comes.
            recorded, as_of: as `decide` takes them.
            engine: as `decide` takes it; "compiled" is the quickest.
            on_error: called with the facts as given and the FactError of an account that cannot be decided, which is then
                left out. Without it the error is raised and ends the stream.

        Yields a Decision for each account, in the order of the accounts.

        Raises, at once: FactError where events, history, `as_of`, `recorded` or the engine are no such thing; RulesetError
        and EngineError as `decide`. While it runs: FactError for an account, as `decide`; at the end, for entries of
        events and history that belong to none of the accounts that came.

        A name that nothing declares brings an UndeclaredFactWarning when it is first met.
        """
        check_engine(engine)
        self.must_decide_alone()
        day = decision_date(as_of)
        happened, reviews = Entries.of(events, "events", "bad-event"), Entries.of(history, "history", "bad-history")
        if happened is not None or recorded is not None:
            self._complete(recorded, happened is not None)
        parameters_at(self._plan, day)
        if isinstance(accounts, Mapping) or not isinstance(accounts, Iterable):
            raise FactError([Diagnostic("wrong-type", f"accounts are an iterable of mappings, not {type(accounts).__name__}",
                                        "pass a list of dictionaries, or a generator of them", where="accounts")])
        return self._stream(accounts, day, engine, happened, recorded, reviews, on_error)

    def _stream(self, accounts: Iterable[Mapping[str, Any]], day: date, engine: str, happened: Entries | None,
                recorded: Collection[str] | None, reviews: Entries | None, on_error: OnError | None) -> Iterator[Decision]:
        warned: set[str] = set()
        for number, facts in enumerate(accounts, start=1):
            try:
                mine = facts if isinstance(facts, Mapping) else {}
                decision, strangers = self._decide(
                    facts, happened.of_account(mine) if happened is not None else None, recorded,
                    reviews.of_account(mine) if reviews is not None else (), day, engine)
            except FactError as error:
                placed = FactError(attrs.evolve(d, where=f"accounts, entry {number}") if d.where == "facts" else d
                                   for d in error.diagnostics)
                if on_error is None:
                    raise placed from None
                on_error(facts, placed)
                continue
            if strangers and not warned.issuperset(strangers):
                new = [name for name in strangers if name not in warned]
                warned.update(new)
                warnings.warn(undeclared_message(new, self._plan.facts), UndeclaredFactWarning, stacklevel=2)
            yield decision
        problems = [d for entries in (happened, reviews) if entries is not None for d in entries.unmet()]
        if problems:
            raise FactError(problems)

    def _decide(self, facts: Mapping[str, Any], events: Iterable[Mapping[str, Any]] | None,
                recorded: Collection[str] | None, history: Iterable[Mapping[str, Any]], day: date,
                engine: str) -> tuple[Decision, tuple[str, ...]]:
        """The decision on one account by itself, and the names that nothing declares. Raises FactError, EngineError."""
        if engine == outcome.COMPILED and type(facts) is dict and events is None and recorded is None and history == ():
            try:
                return _decide_plain()(self._plan, facts, day, EXPLAINED)
            except BadValue:
                pass  # what is wrong, all of it, is said below
        given = self.check_account(facts, events, recorded, history, day)
        seen = [review for review in given.history if review[0] < given.as_of]
        return self.decide_checked(given.facts, given.as_of, seen, given.record, engine), given.undeclared

    def must_decide_alone(self) -> None:
        """Raises RulesetError where the ruleset makes no decision on one account."""
        self.must_decide()
        if self.together:
            raise RulesetError([Diagnostic(
                "decides-together", f"the ruleset `{self.name}` decides accounts together: who is in hangs on all that compete",
                "call `decide_portfolio` with all accounts", where=self.name)])

    def decide_portfolio(self, accounts: Iterable[Mapping[str, Any]], *,
                         events: Iterable[Mapping[str, Any]] | None = None,
                         recorded: Collection[str] | None = None,
                         history: Iterable[Mapping[str, Any]] | None = None,
                         as_of: date | None = None, engine: str = "interpreter") -> Portfolio:
        """Decide all accounts of a portfolio together: who takes a place, who waits for one.

        Args:
            accounts: the facts of each account, as `decide` takes them.
            events, history: as `decide` takes them, each with the `account_id` it belongs to.
            recorded, as_of, engine: as `decide` takes them.

        Raises:
            FactError: what `decide` raises, for all accounts at once; an account that stands twice;
                an event or a review of an account that is not among them; settings of the programme
                that differ between accounts, or that leave no place at all.
            RulesetError: the ruleset has no `portfolio`.
        """
        check_engine(engine)
        self.must_decide()
        if not self.together:
            raise RulesetError([Diagnostic(
                "no-decision", f"the ruleset `{self.name}` decides accounts one by one: it has no `portfolio`",
                "call `decide` with each account", where=self.name)])
        day = decision_date(as_of)
        return self.choose(self.decide_each(accounts, events=events, recorded=recorded, history=history, as_of=day,
                                            engine=engine), day)

    def decide_each(self, accounts: Iterable[Mapping[str, Any]], *, events: Iterable[Mapping[str, Any]] | None = None,
                    recorded: Collection[str] | None = None, history: Iterable[Mapping[str, Any]] | None = None,
                    as_of: date | None = None, engine: str = "interpreter") -> list[Decision]:
        """The decision on each of several accounts by itself, with the arguments of `decide_portfolio`.

        Raises FactError with the problems of all accounts at once.
        """
        check_engine(engine)
        day = decision_date(as_of)
        given = mappings(accounts, "accounts")
        ids = [str(facts.get(ID)).strip() if facts.get(ID) is not None else None for facts in given]
        happened, problems = by_account(events, "events", "bad-event", ids)
        reviews, more = by_account(history, "history", "bad-history", ids)
        problems += more
        problems += [Diagnostic("duplicate-account", f"the account `{i}` is given twice", "give each account once",
                                where=f"account {i}") for i, n in Counter(ids).items() if i is not None and n > 1]
        decisions: list[Decision] = []
        strangers: dict[str, None] = {}
        for known, account in zip(given, ids, strict=True):
            try:
                decision, undeclared = self._decide(known, happened.get(account, []) if events is not None else None,
                                                    recorded, reviews.get(account, ()), day, engine)
            except FactError as error:
                problems += error.diagnostics
                continue
            decisions.append(decision)
            strangers |= dict.fromkeys(undeclared)
        if problems:
            raise FactError(dict.fromkeys(problems))
        if strangers:
            warnings.warn(undeclared_message(list(strangers), self._plan.facts), UndeclaredFactWarning, stacklevel=3)
        return decisions

    def choose(self, decisions: Sequence[Decision], as_of: date, locate: Locate = nowhere) -> Portfolio:
        """The portfolio from checked decisions on each account by itself. Raises FactError."""
        return choose(self._plan, decisions, as_of, locate)

    def check_account(self, facts: Mapping[str, Any], events: Iterable[Mapping[str, Any]] | None,
                      recorded: Collection[str] | None, history: Iterable[Mapping[str, Any]],
                      day: date) -> Given:
        """What was given of an account from Python, as `decide` takes it, checked. Raises FactError."""
        known, undeclared = account_facts(facts, self._plan.facts)
        account = str(known["account_id"])
        reviews, more = review_history(history, self._plan.facts, account, date.max)
        kinds = self._plan.events
        record = NO_RECORD
        complete = self._complete(recorded, events is not None)
        if events is not None:
            happened, strangers = account_events(events, kinds, account, max(day, date.today()))
            more += strangers
            record = Record(happened, complete)
        return Given(known, day, tuple(reviews), record, tuple(dict.fromkeys([*undeclared, *more])))

    def _complete(self, recorded: Collection[str] | None, with_events: bool) -> frozenset[str]:
        """The kinds of events that are recorded. Raises FactError."""
        if with_events:
            return check_recorded(recorded if recorded is not None else list(self._plan.events), self._plan.events)
        if recorded is not None:
            raise FactError([Diagnostic("bad-event", "`recorded` without `events`",
                                        "pass the events too, an empty list where there are none",
                                        where="recorded")])
        return frozenset()

    def decide_frame(self, accounts: Any, *, events: Any = None, recorded: Collection[str] | None = None,
                     history: Any = None, as_of: date | None = None, trace: str | None = None,
                     because: bool = False, check: bool = True,
                     reject: Callable[[Sequence[Reject]], None] | None = None) -> Any:
        """Decide every account of a dataframe; the same kind of frame comes back, a row an account.

        A ruleset that decides accounts together needs a frame that Polars runs; those that may take a place are
        collected at once, also of a lazy frame.

        Needs the extra `frame`, for PySpark the extra `spark`. docs/frames.md describes the columns. Reviews and
        events of accounts that are not in the table bring an UnmatchedRowsWarning, where values are checked.

        Args:
            accounts: a frame with `account_id` and a column for each fact that is known: Polars (eager
                or lazy), pandas, PyArrow, PySpark, or a DuckDB relation. Null, NaN and blank text are missing.
            events: a frame of the same kind with `account_id`, `event`, `date` and fields. The kinds
                that stand in it are the recorded ones.
            recorded: the kinds of events of which `events` is the whole record, where that is said
                otherwise.
            history: a frame of the same kind with `account_id`, `review_date` and facts.
            as_of: the date of the decision; today where it is not given.
            trace: "rules" adds the truth of every rule, "full" also that of every condition.
            because: adds the sentences of the rules that give the outcome.
            check: whether values are checked. Of a lazy frame, that collects a few small summaries and
                no rows but offending ones; without it, a value out of range is taken as it is.
            reject: accounts with a bad row are set aside, and this is called with the rows, perhaps none,
                each with `table`, `row`, `account_id`, `column`, `value`, `code` and `problem`; the rest is
                decided. Needs a frame that Polars runs. Without it a bad row is an error.

        Raises:
            FactError: a column of the wrong type, a value out of range, ids missing or twice, and all
                else that is wrong with the tables; the first few of a kind are named.
            RulesetError: the ruleset decides nothing.
        """
        self.must_decide()
        day = decision_date(as_of)

        def chosen(eligible: Sequence[Decision], stating: Sequence[Stating]) -> Sequence[Decision]:
            return choose_within(self._plan, eligible, limits_of(self._plan, stating, day), day).decisions

        try:
            from samrules.engines.frame.decide import decide_frame
        except ImportError as error:
            raise FactError([Diagnostic(
                "needs-extra", f"frames need the package {error.name}, which is not installed",
                "pip install \"samrules[frame]\"", where="decide_frame")]) from None
        decided = decide_frame(self._plan, accounts, day, events=events, recorded=recorded, history=history,
                               trace=trace, because=because, check=check, choose=chosen if self.together else None,
                               reject=reject is not None)
        if reject is not None:
            reject(decided.rejects)
        if decided.undeclared:
            warnings.warn(undeclared_message(decided.undeclared, self._plan.facts), UndeclaredFactWarning, stacklevel=2)
        for unmatched in decided.unmatched:
            warnings.warn(UnmatchedRowsWarning(unmatched), stacklevel=2)
        return decided.frame

    def decide_checked(self, facts: Mapping[str, Value], as_of: date,
                       history: Sequence[tuple[date, Mapping[str, Value]]] = (),
                       record: Record = NO_RECORD, engine: str = outcome.INTERPRETER) -> Decision:
        """Decide on facts and events that `samrules.inputs` has checked already. Raises FactError, EngineError.

        With a ruleset that decides together, this is the account by itself: `choose` has the last word.
        """
        _must_exist(engine, ENGINES)
        return outcome.decide(self._plan, facts, as_of, history, record, engine).explained_by(EXPLAINED)

    def decide_account(self, account: Account, recorded: frozenset[str], as_of: date,
                       engine: str = outcome.INTERPRETER) -> Decision:
        """Decide one account of checked tables; `recorded` are the kinds of events they record."""
        return self.decide_checked(account.facts, as_of, account.history, Record(account.events, recorded), engine)

    def must_decide(self) -> None:
        """Raises RulesetError where the ruleset makes no decision."""
        if self._plan.decision is None:
            raise RulesetError([Diagnostic(
                "no-decision", f"the ruleset `{self.name}` decides nothing: it declares facts for others",
                "name a ruleset that decides; `samrules list` shows them", where=self.name)])


def load(ruleset: str | Path) -> Rules:
    """Load a bundled ruleset by its name, or any ruleset by its path.

    Raises RulesetError with every problem of the file and of those it uses.
    """
    return of_bundle(load_bundle(ruleset))


def loads(text: str, *, file: str = "<text>", folder: str | Path | None = None) -> Rules:
    """Load a ruleset from its text. `uses` is looked up in `folder`, then among the bundled ones.

    Raises RulesetError with every problem, placed in `file`.
    """
    return of_bundle(bundle_of_text(text, file, Path(folder) if folder is not None else None))


@cache
def _decide_plain() -> Callable[[Plan, dict[str, Any], date, Explained], tuple[Decision, tuple[str, ...]]]:
    """Imported when first used, and then at hand: an import statement for each account would cost a tenth of its time."""
    from samrules.engines.compiled.decision import decide_plain

    return decide_plain


def of_bundle(bundle: Bundle) -> Rules:
    """The rules of files that were read. Raises RulesetError with every problem that the checker finds."""
    checked = check(bundle)
    return Rules(checked, plan(checked))


def check_engine(engine: str, *more: str) -> None:
    """Raises FactError where the engine is neither one of `ENGINES` nor of `more`, EngineError where it
    cannot run here."""
    engines = (*ENGINES, *more)
    if engine == outcome.DURABLE:
        from samrules.engines import durable_fence

        durable_fence.engine()
    _must_exist(engine, engines)


def _must_exist(engine: str, engines: Sequence[str]) -> None:
    if engine not in engines:
        raise FactError([Diagnostic("no-such-engine", f"there is no engine `{engine}`",
                                    did_you_mean(engine, engines, "engines"), where="engine")])


def decision_date(as_of: date | None) -> date:
    """The date to decide for. Raises FactError where it is not a date."""
    if as_of is None:
        return date.today()
    if isinstance(as_of, datetime):
        return as_of.date()
    if not isinstance(as_of, date):
        raise FactError([Diagnostic("bad-date", f"`{as_of!r}` is not a date",
                                    "pass a datetime.date", where="as_of")])
    return as_of


def undeclared_message(undeclared: Sequence[str], declared: Mapping[str, Fact]) -> str:
    """Names that nothing declares, each with the nearest that is declared."""
    said = []
    for name in undeclared:
        near = nearest(name, declared)
        said.append(f"`{name}` (did you mean `{near}`?)" if near else f"`{name}`")
    are = "is not a declared fact and has" if len(said) == 1 else "are not declared facts and have"
    return f"{', '.join(said)} {are} no effect"

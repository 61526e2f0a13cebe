"""The face of the library: load a ruleset, decide accounts with it."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import attrs

from samrules.check.checker import CheckedRuleset, check
from samrules.decision.decision import Decision
from samrules.diagnostics import Diagnostic, did_you_mean, nearest
from samrules.engines import outcome
from samrules.engines.measures import NO_RECORD, Record
from samrules.errors import FactError, RulesetError, UndeclaredFactWarning
from samrules.explain.explainer import Explained
from samrules.inputs.accounts import Account
from samrules.inputs.events import account_events, check_recorded
from samrules.inputs.facts import account_facts, review_history
from samrules.model.ruleset import EventType, Fact, Ruleset
from samrules.model.types import Value
from samrules.plan.plan import Plan
from samrules.plan.planner import plan
from samrules.syntax.library import Bundle, bundle_of_text, load_bundle

ENGINES = ("interpreter",)


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
    def facts(self) -> Mapping[str, Fact]:
        """Every fact that may be given, by name."""
        return self._plan.facts

    @property
    def events(self) -> Mapping[str, EventType]:
        """Every kind of event that may be given, by name."""
        return self._plan.events

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
        those that rules set, in the order written."""
        return self._plan.decision.outputs if self._plan.decision else ()

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
            engine: "interpreter".

        Raises:
            FactError: a value of the wrong type or out of range, no `account_id`, a history that
                does not go, a date before a parameter's first value; all problems at once.
            RulesetError: the ruleset decides nothing.

        A name that nothing declares has no effect and brings an UndeclaredFactWarning.
        """
        check_engine(engine)
        self.must_decide()
        known, undeclared = account_facts(facts, self._plan.facts)
        day = decision_date(as_of)
        account = str(known["account_id"])
        reviews, more = review_history(history, self._plan.facts, account, day)
        kinds = self._plan.events
        record = NO_RECORD
        if events is not None:
            complete = check_recorded(recorded if recorded is not None else list(kinds), kinds)
            happened, strangers = account_events(events, kinds, account, max(day, date.today()))
            more += strangers
            record = Record(happened, complete)
        elif recorded is not None:
            raise FactError([Diagnostic("bad-event", "`recorded` without `events`",
                                        "pass the events too, an empty list where there are none",
                                        where="recorded")])
        if names := list(dict.fromkeys([*undeclared, *more])):
            warnings.warn(undeclared_message(names, self._plan.facts), UndeclaredFactWarning, stacklevel=2)
        return self.decide_checked(known, day, reviews, record)

    def decide_frame(self, accounts: Any, *, events: Any = None, recorded: Collection[str] | None = None,
                     history: Any = None, as_of: date | None = None, trace: str | None = None,
                     because: bool = False, check: bool = True) -> Any:
        """Decide every account of a dataframe; the same kind of frame comes back, a row an account.

        Needs the extra `frame`. docs/frames.md describes the columns.

        Args:
            accounts: a frame with `account_id` and a column for each fact that is known: Polars (eager
                or lazy), pandas, PyArrow, or a DuckDB relation. Null, NaN and blank text are missing.
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

        Raises:
            FactError: a column of the wrong type, a value out of range, ids missing or twice, and all
                else that is wrong with the tables; the first few of a kind are named.
            RulesetError: the ruleset decides nothing.
        """
        self.must_decide()
        if getattr(self.ruleset, "portfolio", None) is not None:
            raise FactError([Diagnostic(
                "frame-cannot", f"the ruleset `{self.name}` has a `portfolio` section, which frames do not decide yet",
                "decide the accounts with the interpreter", where="decide_frame")])
        day = decision_date(as_of)
        try:
            from samrules.engines.frame.decide import decide_frame
        except ImportError as error:
            raise FactError([Diagnostic(
                "needs-extra", f"frames need the package {error.name}, which is not installed",
                "pip install \"samrules[frame]\"", where="decide_frame")]) from None
        decided = decide_frame(self._plan, accounts, day, events=events, recorded=recorded, history=history,
                               trace=trace, because=because, check=check)
        if decided.undeclared:
            warnings.warn(undeclared_message(decided.undeclared, self._plan.facts), UndeclaredFactWarning, stacklevel=2)
        return decided.frame

    def decide_checked(self, facts: Mapping[str, Value], as_of: date,
                       history: Sequence[tuple[date, Mapping[str, Value]]] = (),
                       record: Record = NO_RECORD) -> Decision:
        """Decide on facts and events that `samrules.inputs` has checked already. Raises FactError."""
        decision = outcome.decide(self._plan, facts, as_of, history, record)
        return attrs.evolve(decision, explainer=Explained())

    def decide_account(self, account: Account, recorded: frozenset[str], as_of: date) -> Decision:
        """Decide one account of checked tables; `recorded` are the kinds of events they record."""
        return self.decide_checked(account.facts, as_of, account.history, Record(account.events, recorded))

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
    return _rules(load_bundle(ruleset))


def loads(text: str, *, file: str = "<text>", folder: str | Path | None = None) -> Rules:
    """Load a ruleset from its text. `uses` is looked up in `folder`, then among the bundled ones.

    Raises RulesetError with every problem, placed in `file`.
    """
    return _rules(bundle_of_text(text, file, Path(folder) if folder is not None else None))


def _rules(bundle: Bundle) -> Rules:
    checked = check(bundle)
    return Rules(checked, plan(checked))


def check_engine(engine: str, engines: Sequence[str] = ENGINES) -> None:
    """Raises FactError for an engine that does not exist."""
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

"""samrules itself: the frame engine, one account at a time, and the same expressions run by Polars without narwhals."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import attrs
import polars as pl

from benchmarks.rivals.by_hand import BY_HAND
from benchmarks.rivals.rival import AS_OF, Answers, Job
from samrules.decision.trace import Trace, unique
from samrules.engines.frame import backend, decide
from samrules.model import expressions as ex
from samrules.model.types import Kind
from samrules.rules import ENGINES, Rules


@attrs.frozen
class Frame:
    check: bool = True

    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        return Job(lambda: rules.decide_frame(accounts, as_of=AS_OF, check=self.check), of_frame)


class PolarsAlone:
    """The expressions of the frame engine, made beforehand and handed to Polars: what is left without narwhals, without
    the compiler and without the checks."""

    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        plans: list[tuple[backend.Laid, Any]] = []
        original = backend.run_at_once

        def kept(laid: backend.Laid, planned: Any) -> Any:
            plans.append((laid, planned))
            return original(laid, planned)

        backend.run_at_once = kept
        try:
            decide.decide_frame(rules._plan, accounts, AS_OF, check=False)
        finally:
            backend.run_at_once = original
        laid, planned = plans[0]
        return Job(lambda: original(laid, planned), of_frame)


class ByHand:
    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        decide_, order = BY_HAND[ruleset], list(rules._plan.facts)
        return Job(lambda: decide_(accounts, AS_OF, order), of_frame)


@attrs.frozen
class OneByOne:
    """`engine` is that of `decide`; with `trace` the values of all conditions are kept and each rule has
    its trace; with `read` every node below is visited too, as an explanation of everything would."""

    engine: str
    trace: bool = False
    read: bool = False

    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        given = [{k: v for k, v in row.items() if v is not None} for row in accounts.iter_rows(named=True)]

        def one(facts: dict[str, Any]) -> Any:
            decision = rules.decide(facts, as_of=AS_OF, engine=self.engine)
            if self.trace:
                kept = [rule.trace for rule in decision.rules]
                if self.read:
                    deque(unique(Trace(ex.Literal(True, Kind.BOOLEAN), True, tuple(kept))), maxlen=0)
            return decision

        return Job(lambda: [one(facts) for facts in given], of_decisions)


class Many:
    """A stream of dictionaries through `decide_many`."""

    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        given = [{k: v for k, v in row.items() if v is not None} for row in accounts.iter_rows(named=True)]
        many: Callable[..., Any] = rules.decide_many
        return Job(lambda: list(many(given, as_of=AS_OF)), of_decisions)


def of_frame(found: Any) -> Answers:
    return list(zip(found["outcome"].to_list(), found["settled"].to_list(), strict=True))


def of_decisions(found: Any) -> Answers:
    return [(d.outcome, d.settled) for d in found]


def compiled_is_there() -> bool:
    """Whether this samrules has the compiled engine."""
    return "compiled" in ENGINES

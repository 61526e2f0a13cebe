"""samrules itself: the frame engine, one account at a time, and the same expressions run by Polars without narwhals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import polars as pl

from benchmarks.rivals.by_hand import BY_HAND
from benchmarks.rivals.rival import AS_OF, Answers, Job
from samrules.engines.frame import backend, decide
from samrules.rules import Rules


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
    """`engine` is that of `decide`; with a trace a whole `Decision` is made, without one what `decide_many` gives."""

    engine: str
    trace: bool = True

    def make(self, rules: Rules, ruleset: str, accounts: pl.DataFrame) -> Job:
        given = [{k: v for k, v in row.items() if v is not None} for row in accounts.iter_rows(named=True)]
        if not self.trace:
            many: Callable[..., Any] = rules.decide_many  # type: ignore[attr-defined]
            return Job(lambda: list(many(given, as_of=AS_OF)), of_decisions)
        options: Mapping[str, Any] = {} if self.engine == "interpreter" else {"engine": self.engine}
        return Job(lambda: [rules.decide(facts, as_of=AS_OF, **options) for facts in given], of_decisions)


def of_frame(found: Any) -> Answers:
    return list(zip(found["outcome"].to_list(), found["settled"].to_list(), strict=True))


def of_decisions(found: Any) -> Answers:
    return [(d.outcome, d.settled) for d in found]


def compiled_is_there() -> bool:
    """Whether this samrules has the compiled engine."""
    return hasattr(Rules, "decide_many")

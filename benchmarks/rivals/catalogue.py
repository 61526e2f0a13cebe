"""Who is measured, and how each is called in the tables."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

import attrs

from benchmarks.rivals.durable_host import DurableHost
from benchmarks.rivals.json_logic import JsonLogic
from benchmarks.rivals.ours import ByHand, Frame, Many, OneByOne, PolarsAlone, compiled_is_there
from benchmarks.rivals.pandas_loop import PandasLoop
from benchmarks.rivals.rival import Rival
from benchmarks.rivals.rule_engine import RuleEngine
from benchmarks.rivals.zen import Zen


@attrs.frozen
class Entry:
    """`gives` says what comes out of it, `package` what must be importable."""

    title: str
    gives: str
    rival: Rival
    package: str = "samrules"
    generated: bool = True
    """Whether it can run rulesets that nobody wrote by hand."""
    whole: bool = False
    """Whether it decides a table at once: then its time on few accounts says nothing of many, and it is always run."""

    @property
    def here(self) -> bool:
        return importlib.util.find_spec(self.package) is not None


_ALL, _TWO, _TRACED = "all columns", "outcome, settled", "decision and trace"
ENTRIES: Mapping[str, Entry] = {
    "frame": Entry("samrules, frame", _ALL, Frame(), whole=True),
    "unchecked": Entry("samrules, frame, `check=False`", _ALL, Frame(check=False), whole=True),
    "alone": Entry("the same expressions, Polars alone", _ALL, PolarsAlone(), whole=True),
    "by_hand": Entry("Polars by hand", _ALL, ByHand(), generated=False, whole=True),
    **({
        "compiled": Entry("samrules, compiled, one account", "decision, trace when asked for", OneByOne("compiled")),
        "compiled_trace": Entry("samrules, compiled, one account, trace", _TRACED, OneByOne("compiled", trace=True)),
        "compiled_read": Entry("samrules, compiled, one account, trace, every node read", _TRACED, OneByOne("compiled", trace=True, read=True)),
        "many": Entry("samrules, compiled, `decide_many`", "decision, trace when asked for", Many()),
    } if compiled_is_there() else {}),
    "interpreter": Entry("samrules, interpreter, one account, full trace", _TRACED, OneByOne("interpreter", trace=True, read=True)),
    "pandas": Entry("pandas, a loop", _TWO, PandasLoop(), "pandas"),
    "zen_batch": Entry("zen-engine, `evaluate_batch`", _TWO, Zen("batch"), "zen"),
    "zen": Entry("zen-engine, `evaluate`", _TWO, Zen("evaluate"), "zen"),
    "zen_trace": Entry("zen-engine, `evaluate`, trace", "outcome, settled, trace", Zen("trace"), "zen"),
    "rule_engine": Entry("rule-engine", _TWO, RuleEngine(), "rule_engine"),
    "json_logic": Entry("json-logic", _TWO, JsonLogic(), "json_logic"),
    "durable": Entry("durable_rules, its Host", _TWO, DurableHost(), "durable"),
}

"""The fence around durable_rules: the one file that meets its C functions.

durable_rules 2.0.28 is fast where it is right, and wrong or fatal beyond that; docs/engines.md lists
what was found. This file uses only what was found right:

* its C functions, never its `Host`: no thread, and no action of ours runs where exceptions are swallowed;
* one session at a time in a ruleset, under one name, in a slot that a first dummy session has cleaned;
* numbers only, written so that they are read as the same double; no text, null, NaN or boolean;
* names of which the hashes were compared, since it knows properties, facts and sessions by hash alone;
* a cap on firings, and after any exception the ruleset is thrown away, never used again.
"""

from __future__ import annotations

import importlib
import locale
import math
import sys
from collections.abc import Callable, Iterable
from types import ModuleType

from samrules.diagnostics import Diagnostic
from samrules.errors import EngineError

PACKAGE = "durable_rules_engine"
EXACT = 2**53
"""Integers are the same as doubles below this size."""

MOST_RULES = 4000
"""durable_rules holds 4,096 rules; a few are left to it."""
MOST_PATTERNS = 12
"""A rule joins at most 16 facts."""
MOST_ALTERNATIVES = 12
"""A pattern's expression has 32 places, of which each alternative takes two."""
MOST_READERS = 40
"""At most 64 tests of one fact may match at once, or the rest are not seen: facts of which more rules
read are asserted several times, each time for other rules."""
_SESSION = "x"
_WARM = '{"sid":"x","id":"warm","k":-1.0}'
_WARMING = '"warming":{"all":[{"a0":{"$and":[{"k":-1.0}]}}]}'
PROPERTIES = ("k", "l", "n", "b", "m", "c", "p", "t")
"""Of a fact: the two halves of its number; a number, one beyond 2**53, missing; certain, possible; a gate's truth."""


class FenceBroken(RuntimeError):
    """durable_rules did what it must not: a fault of the engine, never of a ruleset or of facts."""


def engine() -> ModuleType:
    """The C module. Raises EngineError saying why it cannot be had, and what to use instead."""
    try:
        return importlib.import_module(PACKAGE)
    except ModuleNotFoundError:
        why = "the package `durable-rules` is not installed"
        help_ = "`pip install durable-rules` (it is compiled: a C compiler is needed), or use the engine `interpreter`"
        if sys.version_info >= (3, 13):
            help_ += "; docs/engines.md says how it is built for Python 3.13"
    except ImportError as error:
        why = f"`durable-rules` cannot be imported on Python {sys.version_info[0]}.{sys.version_info[1]}: {error}"
        help_ = "use the engine `interpreter`"
        if "PyEval_CallObject" in str(error):
            why = ("`durable-rules` was built with `PyEval_CallObject`, which Python "
                   f"{sys.version_info[0]}.{sys.version_info[1]} no longer has")
            help_ = ("build it with CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject, as docs/engines.md says, "
                     "or use the engine `interpreter`")
    raise EngineError([Diagnostic("engine-missing", f"the engine `durable` cannot run: {why}", help_, where="engine")])


def number(value: float) -> str:
    """A double as it must be written: always with a point and an exponent, so that it is always read
    as a double, and as the same one. Minus zero is zero: joins on equality compare the text."""
    if not math.isfinite(value):
        raise FenceBroken(f"{value} is no number that durable_rules reads")
    return format(float(value) + 0.0, ".17e")


def hash_of(name: str) -> int:
    """32 bits of FNV-1a, as durable_rules hashes names."""
    found = 0x811C9DC5
    for byte in name.encode("ascii"):
        found = ((found ^ byte) * 16777619) & 0xFFFFFFFF
    return found


def all_differ(names: Iterable[str]) -> bool:
    """Whether no two of the names are one to durable_rules, and none is nothing to it."""
    hashes = [hash_of(name) for name in names]
    return len(set(hashes)) == len(hashes) and 0 not in hashes


_checked = 0


def _check_hashes(facts: int) -> None:
    """Raises FenceBroken where names that this file writes could be taken for one another."""
    global _checked
    if facts <= _checked:
        return
    ours = all_differ([*PROPERTIES, "id", "sid", "$s"]) and all_differ([f"a{i}" for i in range(16)])
    ids = [f"{_SESSION}!{name}" for name in ("warm", f"sid-{_SESSION}", *(f"f{i}" for i in range(facts)))]
    if not (ours and all_differ(ids)):
        raise FenceBroken("two names have one hash")
    _checked = facts


class WorkingMemory:
    """A ruleset inside durable_rules with room for one session at a time.

    `rules` is the inside of the JSON object of rules; facts are numbered from 0 to `facts`. Not
    shared between threads while it runs: its owner lends it to one at a time.
    """

    def __init__(self, rules: str, facts: int) -> None:
        self._engine = engine()
        self._handle: int | None = None
        self._running = False
        _check_hashes(facts)
        _check_point()
        handle: int = self._engine.create_ruleset("r", "{" + rules + ("," if rules else "") + _WARMING + "}")
        # A session in which nothing ever fired is freed with what happened to lie there before.
        code, slot = self._engine.assert_fact(handle, _WARM)
        started = self._engine.start_action_for_state(handle, slot)
        if code != 0 or started is None or self._engine.complete_and_start_action(handle, slot) is not None:
            raise FenceBroken("the warming rule did not fire")
        self._engine.delete_state(handle, _SESSION)
        self._handle = handle

    @property
    def sound(self) -> bool:
        """Whether it may be used: after an exception it may not."""
        return self._handle is not None and not self._running

    def run(self, facts: Iterable[str], act: Callable[[str], Iterable[str]], cap: int) -> int:
        """Assert facts, then fire rules until none is left; the number of firings.

        `act` is called with the name of each rule that fires and gives the facts that it asserts.
        What it raises comes out here. Raises FenceBroken beyond `cap` firings.
        """
        if self._handle is None:
            raise FenceBroken("this working memory was thrown away")
        if self._running:
            raise FenceBroken("this working memory is in use")
        _check_point()
        handle, fired = self._handle, 0
        assert_fact, complete = self._engine.assert_fact, self._engine.complete_and_start_action
        self._running = True
        try:
            slot = None
            for fact in facts:
                code, slot = assert_fact(handle, fact)
                if code > 1:  # 0: some pattern took it; 1: none did
                    raise FenceBroken(f"the fact {fact} was taken for another")
            if slot is not None:
                started = self._engine.start_action_for_state(handle, slot)
                result = started[1] if started else None
                while result:
                    fired += 1
                    if fired > cap:
                        raise FenceBroken(f"more than {cap} firings")
                    for fact in act(result[2:result.index('"', 2)]):
                        if assert_fact(handle, fact)[0] > 1:
                            raise FenceBroken(f"the fact {fact} was taken for another")
                    result = complete(handle, slot)
                self._engine.delete_state(handle, _SESSION)
        except BaseException:
            self.close()
            raise
        self._running = False
        return fired

    def close(self) -> None:
        """Give the ruleset back to durable_rules. Safe to call twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._engine.delete_ruleset(handle)

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()


def _check_point() -> None:
    """durable_rules reads numbers as the C library does: with a decimal comma it reads 1 for 1.5."""
    if locale.localeconv()["decimal_point"] != ".":
        raise EngineError([Diagnostic(
            "engine-missing", "the engine `durable` cannot run: this process has set a locale with a decimal comma, "
            "in which durable_rules misreads numbers",
            "set LC_NUMERIC to C, or use the engine `interpreter`", where="engine")])

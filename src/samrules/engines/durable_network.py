"""A network of rules for durable_rules: what facts are tested, what follows from which.

Everything is positive. Each *source* (a fact of the account, a value, a truth, a gate) gets exactly one
fact in working memory, that says also what is missing or false; so no rule asks for the absence of a
fact, and the order in which facts come has no effect.

    truth   {"c": 1, "p": 1} true     {"c": 0, "p": 0} false     {"c": 0, "p": 1} unknown
    value   {"n": 5} a number         {"b": 1e300} an integer beyond 2**53     {"m": 1} missing
    gate    {"t": 1} true             {"t": 0} false

`k` and `l` of a fact together number its source, so durable_rules finds its readers by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal as Form

import attrs

from samrules.engines.durable_fence import (
    MOST_ALTERNATIVES,
    MOST_PATTERNS,
    MOST_READERS,
    MOST_RULES,
    number,
)
from samrules.model import expressions as ex

_WIDTH = 32
"""How many values `l` has; each level of the network has at most 512 places, of which `k` takes as many
as there are hundreds of sources."""

SourceForm = Form["truth", "value", "gate"]


@attrs.define(eq=False)
class Source:
    """Something that one fact says something of. `numbers` are those it is asserted under."""

    name: str
    form: SourceForm
    numbers: list[int] = attrs.field(factory=list)
    readers: int = 0


@attrs.frozen(cache_hash=True)
class Test:
    """A fact of a source, of which all the conditions hold: property, operator, number."""

    source: Source
    conditions: tuple[tuple[str, str, float], ...] = ()


@attrs.frozen
class Stored:
    """Where a bit can be read once working memory is at rest: a property of a source, perhaps turned."""

    source: Source
    property: str
    turned: bool = False


@attrs.frozen(cache_hash=True)
class Bit:
    """Something two-valued: the facts of which one shows that it holds, and of which one shows that it
    does not. A constant has none of either, and `constant`."""

    one: tuple[Test, ...] = ()
    zero: tuple[Test, ...] = ()
    constant: bool | None = None
    stored: Stored | None = attrs.field(default=None, eq=False)

    def __invert__(self) -> Bit:
        stored = attrs.evolve(self.stored, turned=not self.stored.turned) if self.stored else None
        constant = None if self.constant is None else not self.constant
        return Bit(self.zero, self.one, constant, stored)


TRUE, FALSE = Bit(constant=True), Bit(constant=False)


def bit(source: Source, property_: str) -> Bit:
    """The bit that a property of a source is."""
    one, zero = (Test(source, ((property_, "$eq", v),)) for v in (1.0, 0.0))
    return Bit((one,), (zero,), None, Stored(source, property_))


@attrs.frozen
class Say:
    """What a rule does: say something of a source that is known beforehand."""

    source: Source
    value: bool | None


@attrs.frozen
class Work:
    """What a rule does: compute a node, all of whose operands are now known, and say it of a source."""

    source: Source
    node: ex.Expr


@attrs.define
class Network:
    """Rules and sources, as they are added. `actions` says what each rule does when it fires."""

    sources: dict[str, Source] = attrs.field(factory=dict)
    rules: list[str] = attrs.field(factory=list)
    actions: dict[str, Say | Work] = attrs.field(factory=dict)
    cap: int = 0
    """More firings than there can be: each rule once for each of its alternatives."""
    count: int = 0
    """How many facts sources have taken."""
    _gates: dict[frozenset[Bit], Bit] = attrs.field(factory=dict)

    def source(self, name: str, form: SourceForm) -> Source:
        if name not in self.sources:
            made = self.sources[name] = Source(name, form)
            self._number(made)
        return self.sources[name]

    def _number(self, source: Source) -> None:
        source.numbers.append(self.count)
        source.readers = 0
        self.count += 1

    # --- logic ---

    def all_of(self, bits: Iterable[Bit]) -> Bit:
        """The bit that holds when all do."""
        wanted = dict.fromkeys(b for b in bits if b.constant is not True)
        if any(b.constant is False for b in wanted):
            return FALSE
        if not wanted:
            return TRUE
        operands = list(wanted)
        while len(operands) > MOST_PATTERNS:  # a rule joins so many facts; more are joined in groups
            operands = [self.all_of(operands[i:i + MOST_PATTERNS]) for i in range(0, len(operands), MOST_PATTERNS)]
        return operands[0] if len(operands) == 1 else self._gate(operands)

    def any_of(self, bits: Iterable[Bit]) -> Bit:
        return ~self.all_of(~b for b in bits)

    def at_least(self, count: int, bits: Sequence[Bit]) -> Bit:
        """The bit that holds when `count` or more do: the first and one fewer of the rest, or as many of the rest."""
        @cache
        def of(wanted: int, since: int) -> Bit:
            left = len(bits) - since
            if wanted <= 0 or wanted > left:
                return TRUE if wanted <= 0 else FALSE
            if wanted == left:
                return self.all_of(bits[since:])
            with_first = self.all_of([bits[since], of(wanted - 1, since + 1)])
            return self.any_of([with_first, of(wanted, since + 1)])

        return of(count, 0)

    def store(self, wanted: Bit) -> Bit:
        """The bit as something that is said of a source, so that it can be read."""
        return wanted if wanted.stored is not None or wanted.constant is not None else self._gate([wanted])

    def _gate(self, operands: list[Bit]) -> Bit:
        key = frozenset(operands)
        if key not in self._gates:
            operands = [self.store(b) if len(operands) > 1 and len(b.one) > MOST_ALTERNATIVES else b for b in operands]
            made = self.source(f"gate {len(self._gates)}", "gate")
            self._gates[key] = bit(made, "t")
            if len(operands) == 1:
                self.each(operands[0].one, Say(made, True))
            else:
                self.join([b.one for b in operands], Say(made, True))
            self.each([test for b in operands for test in b.zero], Say(made, False))
        return self._gates[key]

    # --- rules ---

    def each(self, tests: Sequence[Test], action: Say | Work) -> None:
        """Rules that fire on any one of the facts."""
        for i in range(0, len(tests), MOST_ALTERNATIVES):
            self.join([tests[i:i + MOST_ALTERNATIVES]], action)

    def join(self, patterns: Sequence[Sequence[Test]], action: Say | Work) -> None:
        """A rule that fires when there is a fact for each pattern, a pattern being any of its tests."""
        written = [f'{{"a{i}":{self._pattern(tests)}}}' for i, tests in enumerate(patterns)]
        self._rule(written, action, sum(len(tests) for tests in patterns))

    def join_all(self, tests: Sequence[Test], action: Say | Work) -> None:
        """As `join`, for any number of single tests: beyond what a rule joins, in groups."""
        while len(tests) > MOST_PATTERNS:
            grouped = []
            for i in range(0, len(tests), MOST_PATTERNS):
                ready = self.source(f"ready {self.count}", "gate")
                self.join([[t] for t in tests[i:i + MOST_PATTERNS]], Say(ready, True))
                grouped.append(Test(ready))
            tests = grouped
        self.join([[t] for t in tests], action)

    def compare(self, left: Source, operator: str, right: Source, action: Say | Work) -> None:
        """A rule that fires when both values are numbers and compare so: durable_rules joins the two facts."""
        first = self._pattern([Test(right, (("n", "$ex", 1.0),))])
        # The comparison stands before any group, and one group more stands after it: durable_rules drops
        # a join that follows a group, and reads past the end of a rule whose last join is false.
        source = self._numbered(left)
        second = (f'{{"$and":[{source},{{"$ex":{{"n":1.0}}}},{{"{operator}":{{"n":{{"a0":"n"}}}}}},'
                  f'{{"$and":[{source}]}}]}}')
        self._rule([f'{{"a0":{first}}}', f'{{"a1":{second}}}'], action, 1)

    def _rule(self, patterns: Sequence[str], action: Say | Work, firings: int) -> None:
        name = f"r{len(self.rules)}"
        self.rules.append(f'"{name}":{{"all":[{",".join(patterns)}],"dist":0}}')
        self.actions[name] = action
        self.cap += firings

    def _pattern(self, tests: Sequence[Test]) -> str:
        written = [self._test(test) for test in tests]
        return written[0] if len(written) == 1 else f'{{"$or":[{",".join(written)}]}}'

    def _test(self, test: Test) -> str:
        conditions = [f'{{"{operator}":{{"{name}":{number(value)}}}}}' for name, operator, value in test.conditions]
        return f'{{"$and":[{",".join([self._numbered(test.source), *conditions])}]}}'

    def _numbered(self, source: Source) -> str:
        """The tests of `k` and `l`; a source that many rules read has several numbers, each for some of them."""
        if source.readers >= MOST_READERS:
            self._number(source)
        source.readers += 1
        high, low = divmod(source.numbers[-1], _WIDTH)
        return f'{{"$eq":{{"k":{number(high)}}}}},{{"$eq":{{"l":{number(low)}}}}}'

    @property
    def too_large(self) -> bool:
        return len(self.rules) > MOST_RULES or self.count > MOST_RULES * 2


def fact(number_: int, said: str) -> str:
    """A fact of the source with that number. `said` is what it says, as JSON properties."""
    return f"{_head(number_)}{said}}}"


@cache
def _head(number_: int) -> str:
    high, low = divmod(number_, _WIDTH)
    return f'{{"sid":"x","id":"f{number_}","k":{number(high)},"l":{number(low)},'

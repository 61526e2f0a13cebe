"""Core expressions as FEEL, the expression language of DMN.

A missing value and the unknown truth are FEEL's null. `and`, `or`, `not`, order and arithmetic treat it as samrules
does; what FEEL decides where samrules does not (`null = 3` is false, an `if` without a truth takes `else`) is
guarded here, and so is what engines are known to answer in different ways: `null >= null`, a division by zero, a
function of null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import attrs

from samrules.model import expressions as ex
from samrules.model.types import Duration, Value

RESERVED = frozenset("""
    and or not between in if then else for return some every satisfies true false null function external item instance of
    date time duration string number boolean list context count sum min max mean median mode abs floor ceiling round
    decimal modulo sqrt log exp odd even all any append concatenate contains upper lower replace matches split union
    flatten product stddev reverse sort remove insert sublist substring year month day weekday hour minute second
    timezone offset partial before after meets met overlaps finishes finished includes during starts started coincides
    start end now today range is get put entries
""".split())
"""Words of FEEL and of the names of its functions: no name of ours may be read as one."""

_ATOM = re.compile(r'[A-Za-z_0-9.]+\Z|"[^"\\]*"\Z|date\("[0-9-]+"\)\Z')


_OURS = re.compile(r"local_\d+_+\Z")
"""The names that values get inside an expression."""


class Unsayable(Exception):
    """An expression that has no form in FEEL; the text says which."""


def names_for(wishes: Mapping[str, str]) -> dict[str, str]:
    """A FEEL name for each of ours, near what is wished for, all different: letters, digits and `_`, and no word of FEEL."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name, wish in wishes.items():
        wanted = re.sub(r"[^A-Za-z0-9_]", "_", wish)
        if wanted in RESERVED or _OURS.match(wanted):
            wanted += "_"
        while wanted in taken:
            wanted += "_"
        taken.add(wanted)
        found[name] = wanted
    return found


def constant(value: Value) -> str:
    """A known value as FEEL. Raises Unsayable for a duration: DMN has two kinds, which do not compare."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, date):
        return f'date("{value.isoformat()}")'
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    raise Unsayable(f"the duration `{value}` where no date is counted back")


def length(value: Duration) -> str:
    """A duration as FEEL."""
    return f'duration("P{value.days}D")' if value.days else f'duration("P{value.months}M")'


@attrs.define
class Feel:
    """Writes nodes. `names` has the FEEL name of each fact, step and held condition; `parameters` become constants."""

    names: Mapping[str, str]
    parameters: Mapping[str, Value]
    held: Mapping[ex.Held, str]
    fresh: int = 0

    def text(self, node: ex.Expr) -> str:
        """A node as FEEL, in parentheses where it is not one word. Raises Unsayable."""
        match node:
            case ex.Literal(value=value):
                return "null" if value is None else constant(value)
            case ex.Name(name=name):
                return constant(self.parameters[name]) if name in self.parameters else self.names[name]
            case ex.Not(operand=operand):
                return f"not({self.text(operand)})"
            case ex.All(operands=operands):
                return self.joined(" and ", operands)
            case ex.Any_(operands=operands):
                return self.joined(" or ", operands)
            case ex.AtLeast(count=count, operands=operands):
                return self.at_least(count, operands)
            case ex.Compare(operator=operator, left=left, right=right):
                return self.compare(operator, left, right)
            case ex.Between(subject=subject, low=low, high=high):
                ends = ex.Compare(">=", subject, low), ex.Compare("<=", subject, high)
                return self.joined(" and ", ends)
            case ex.In(subject=subject, items=items):
                return self.joined(" or ", [ex.Compare("=", subject, item) for item in items])
            case ex.Known(subject=subject, known=known):
                return f"({self.text(subject)} {'!=' if known else '='} null)"
            case ex.Arithmetic(operator=operator, left=left, right=right):
                return self.arithmetic(operator, left, right)
            case ex.Negate(operand=operand):
                return f"(0 - {self.text(operand)})"
            case ex.Call(function=function, arguments=arguments):
                return self.call(function, arguments)
            case ex.If(condition=condition, then=then, otherwise=otherwise):
                return self.choice(condition, then, otherwise)
            case ex.Certain(operand=operand):
                return f"({self.text(operand)} = true)"
            case ex.Possible(operand=operand):
                return f"({self.text(operand)} != false)"
            case ex.Maybe(certain=certain, possible=possible):
                return (f"(if {self.text(certain)} = true then true else if {self.text(possible)} = true "
                        "then null else false)")
            case ex.Cutoff(duration=duration):
                return f"({self.names['as_of']} - {self.length(duration)})"
            case ex.Held(operand=operand):
                return f"({self.text(operand)} and {self.held[node]})"
        raise TypeError(f"FEEL is not written for {type(node).__name__}")

    def joined(self, word: str, operands: Iterable[ex.Expr]) -> str:
        return "(" + word.join(map(self.text, operands)) + ")"

    def length(self, node: ex.Expr) -> str:
        value = self.constant_of(node)
        if not isinstance(value, Duration):
            raise Unsayable("an age that is compared with what is no constant")
        return length(value)

    def constant_of(self, node: ex.Expr) -> Value | None:
        """The value of a literal or a parameter, else None."""
        if isinstance(node, ex.Name):
            return self.parameters.get(node.name)
        return node.value if isinstance(node, ex.Literal) else None

    def at_least(self, count: int, operands: tuple[ex.Expr, ...]) -> str:
        """Counted twice: those that are true, and those that may be."""
        named = [self.local() for _ in operands]
        bound = [(n, self.text(o)) for n, o in zip(named, operands, strict=True)]
        true = " + ".join(f"(if {n} = true then 1 else 0)" for n in named)
        open_ = " + ".join(f"(if {n} != false then 1 else 0)" for n in named)
        return self.let(bound, f"if {true} >= {count} then true else if {open_} >= {count} then null else false")

    def arithmetic(self, operator: str, left: ex.Expr, right: ex.Expr) -> str:
        a, b = self.text(left), self.text(right)
        if operator != "/" or self.constant_of(right):
            return f"({a} {operator} {b})"
        bound, (b,) = self.bound(b)  # by zero is null in FEEL, but an error where Drools evaluates it
        return self.let(bound, f"if {b} = 0 then null else {a} / {b}")

    def compare(self, operator: str, left: ex.Expr, right: ex.Expr) -> str:
        a, b = self.text(left), self.text(right)
        variable = [not isinstance(node, ex.Cutoff) and self.constant_of(node) is None for node in (left, right)]
        if operator in ("<", ">") or (operator in ("<=", ">=") and not all(variable)):
            return f"({a} {operator} {b})"
        bound, (a, b) = self.bound(a, b)
        unknown = [f"{t} = null" for t, open_ in zip((a, b), variable, strict=True) if open_]
        return self.let(bound, f"if {' or '.join(unknown)} then null else {a} {operator} {b}") if unknown \
            else f"({a} {operator} {b})"

    def call(self, function: str, arguments: tuple[ex.Expr, ...]) -> str:
        texts = [self.text(a) for a in arguments]
        if function == "millionth":
            bound, (one,) = self.bound(*texts)
            return self.let(bound, f"if {one} = null then null else floor({one} * 1000000 + 0.5) / 1000000")
        if function == "abs":
            bound, (one,) = self.bound(*texts)
            return self.let(bound, f"if {one} < 0 then 0 - {one} else if {one} = null then null else {one}")
        if function == "coalesce":
            bound, known = self.bound(*texts)
            return self.let(bound, "".join(f"if {t} != null then {t} else " for t in known[:-1]) + known[-1])
        if function not in ("min", "max"):
            raise Unsayable(f"the function `{function}`")
        bound, known = self.bound(*texts)
        unknown = " or ".join(f"{t} = null" for t in known)
        return self.let(bound, f"if {unknown} then null else {function}({', '.join(known)})")

    def choice(self, condition: ex.Expr, then: ex.Expr, otherwise: ex.Expr) -> str:
        """The branch that is taken; where the condition is unknown, what both agree on."""
        if isinstance(condition, ex.Certain | ex.Possible | ex.Known):  # never unknown
            return f"(if {self.text(condition)} then {self.text(then)} else {self.text(otherwise)})"
        bound, (asked, first, second) = self.bound(*map(self.text, (condition, then, otherwise)))
        return self.let(bound, f"if {asked} = true then {first} else if {asked} = false then {second} "
                               f"else if {first} = {second} then {first} else null")

    # --- values that stand twice are named once ---

    def local(self) -> str:
        self.fresh += 1
        return f"local_{self.fresh}_"

    def bound(self, *texts: str) -> tuple[list[tuple[str, str]], list[str]]:
        """What must be named, with the texts to use in place of those given."""
        found, shown = [], []
        for text in texts:
            if _ATOM.match(text):
                shown.append(text)
                continue
            found.append((self.local(), text))
            shown.append(found[-1][0])
        return found, shown

    def let(self, bound: list[tuple[str, str]], result: str) -> str:
        """The result, with names for what it rests on: the one item of an iteration over lists of one. A context with an
        entry for each would say the same, but Drools takes eight times as long to read one for each term of a sum in it.
        """
        if not bound:
            return f"({result})"
        return f"(for {', '.join(f'{name} in [{text}]' for name, text in bound)} return {result})[1]"

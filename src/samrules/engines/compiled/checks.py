"""The source of a check: the values of an account, straight from a dictionary, as `samrules.inputs` checks them.

A value that is plainly what its fact declares is taken; any other goes through `convert`, which has the last word on
what is missing, what is a number in another guise, and what is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from samrules.inputs.facts import ID, BadValue, convert
from samrules.model.ruleset import Fact
from samrules.model.types import INTEGER_LIMIT, Kind, Value

T = TypeVar("T")
Check = Callable[[dict[str, Any]], tuple[str, T]]
"""From a dictionary to the id of the account and what the function `run` makes of its facts. Raises BadValue."""


def check_of(facts: Mapping[str, Fact], keys: Collection[str] | None, given: Sequence[str], run: Callable[..., T],
             held: tuple[bool | None, ...]) -> Check[T]:
    """The check of accounts, which calls `run` with the facts `given`, and with `held`.

    `keys` are the keys of the dictionary, `account_id` among them, where they are known; without them each declared
    fact is looked for.
    """
    writer = _Writer(facts)
    names = [ID, *(n for n in (facts if keys is None else keys) if n in facts and n != ID)]
    locals_ = {name: f"x{i}" for i, name in enumerate(names)}
    lines = ["def check(given):"] + (["    get = given.get"] if keys is None else [])
    for name, local in locals_.items():
        lines.append(f"    {local} = " + (f"get({name!r})" if keys is None else f"given[{name!r}]"))
        lines.append(f"    if {local} is not None:")
        lines += [f"        {line}" for line in writer.lines(local, facts[name], name in given or name == ID)]
        if name == ID:
            lines.append(f"    if {local} is None: raise BadValue('missing-account-id', 'an account without an id', '')")
    arguments = ", ".join([*(locals_.get(name, "None") for name in given), "held"])
    lines.append(f"    return {locals_[ID]}, run({arguments})")
    namespace: dict[str, Any] = {"convert": convert, "BadValue": BadValue, "date": date, "run": run, "held": held, **writer.bound}
    exec(compile("\n".join(lines), "<samrules check>", "exec"), namespace)
    found: Check[T] = namespace["check"]
    return found


class _Writer:
    def __init__(self, facts: Mapping[str, Fact]) -> None:
        self.places = {name: i for i, name in enumerate(facts)}
        self.bound: dict[str, Any] = {}

    def lines(self, x: str, fact: Fact, read: bool) -> list[str]:
        """Statements that check the variable `x`, which is not None, and where it is `read` set it to the value."""
        place = self.places[fact.name]
        self.bound[f"F{place}"] = fact
        plain, normal = self.plain(x, fact, place)
        odd = f"{x} = convert({x}, F{place})" if read else f"convert({x}, F{place})"
        if normal is None or not read:
            return [f"if not ({plain}): {odd}"]
        return [f"if {plain}: {x} = {normal}", f"else: {odd}"]

    def plain(self, x: str, fact: Fact, place: int) -> tuple[str, str | None]:
        """The question whether a value is plainly one of the fact, and what it is to be replaced by then."""
        kind = fact.type.kind
        if kind is Kind.BOOLEAN:
            return f"{x} is True or {x} is False", None
        if kind is Kind.ENUM:
            self.bound[f"W{place}"] = frozenset(fact.type.words)
            return f"type({x}) is str and {x} in W{place}", None
        if kind is Kind.TEXT:
            text = f"type({x}) is str and {x} and not {x}.isspace()"
            return (text, f"{x}.strip()") if fact.name == ID else (text, None)
        low, high = self.ends(fact, place)
        if kind in (Kind.INTEGER, Kind.ORDINAL):
            return f"type({x}) is int and {low} <= {x} <= {high}", None
        if kind is Kind.DATE:
            ends = f" and {low} <= {x}" * bool(low) + f" and {x} <= {high}" * bool(high)
            return f"type({x}) is date{ends}", None
        return f"type({x}) is float and {low} <= {x} <= {high}", f"{x} + 0.0"  # minus zero is zero

    def ends(self, fact: Fact, place: int) -> tuple[str, str]:
        """The least and the greatest value, as text; of a date, empty where there is none."""
        kind, range_ = fact.type.kind, fact.range
        low, high = (range_.low, range_.high) if range_ else (None, None)
        if kind is Kind.ORDINAL:
            low, high = fact.type.low, fact.type.high
        if kind is Kind.DATE:
            return self.end(f"L{place}", low), self.end(f"H{place}", high)
        least: Value = -INTEGER_LIMIT if kind in (Kind.INTEGER, Kind.ORDINAL) else -sys.float_info.max
        most: Value = INTEGER_LIMIT - 1 if kind in (Kind.INTEGER, Kind.ORDINAL) else sys.float_info.max
        return self.end(f"L{place}", least if low is None else low), self.end(f"H{place}", most if high is None else high)

    def end(self, name: str, value: Value | None) -> str:
        if value is None:
            return ""
        if isinstance(value, int | float):
            return f"({value!r})"
        self.bound[name] = value
        return name

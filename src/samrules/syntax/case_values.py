"""Values as a file of cases writes them: `{headroom: 0, plan_exists: no}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from samrules.model.ruleset import Fact
from samrules.model.types import Duration, Kind, Value
from samrules.syntax.literals import money_text, plain_number, ratio_text


def value_text(value: Value | None, fact: Fact | None) -> str:
    """A value as a cases file writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date | Duration):
        return str(value)
    if isinstance(value, str):
        plain = fact is not None and fact.type.kind is Kind.ENUM
        return value if plain and value not in ("yes", "no", "true", "false", "null") else quoted(value)
    if fact is not None and fact.type.kind is Kind.RATIO:
        return ratio_text(value)
    if fact is not None and fact.type.kind is Kind.MONEY:
        return money_text(value) if abs(value) >= 1000 else plain_number(value).removesuffix(".0")
    return plain_number(value).removesuffix(".0") if fact is not None else plain_number(value)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def changed_text(changed: Mapping[str, Value | None], facts: Mapping[str, Fact]) -> str:
    """Facts in a line: `{headroom: 0, plan_exists: no}`."""
    return "{" + ", ".join(f"{n}: {value_text(v, facts.get(n))}" for n, v in changed.items()) + "}"

"""One account at a time: the interpreter with its whole trace against the compiled engine without.

    python benchmarks/one_account.py [--rulesets designation dedesignation buy_sell] [--rounds 20]

Accounts are those of the example portfolio as dictionaries, without events and reviews, every declared fact given as a
value or None; checking them is part of each figure. Equality of the decisions is asserted first, to the last byte. Microseconds of processor
time an account, the best of the rounds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import samrules
from samrules.inputs.accounts import check_tables
from samrules.inputs.tables import read_tables

PORTFOLIO = Path(__file__).parent.parent / "examples" / "portfolio"
DAY = date(2026, 11, 21)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rulesets", nargs="+", default=["designation", "dedesignation", "buy_sell", "programme"])
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    print("| ruleset | `decide_many` | `decide`, compiled | and which rules fired | and the trace of each rule "
          "| and every node of it walked | interpreter | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.rulesets:
        rules = samrules.load(name)
        accounts = accounts_of(rules)
        same(rules, accounts)
        found = [spent(way, rules, accounts, arguments.rounds) for way in (many, one, fired, traced, walked, interpreted)]
        shown = " | ".join(f"{x:,.1f}" if x < 100 else f"{x:,.0f}" for x in found)
        print(f"| `{name}` | {shown} | {found[-1] / found[0]:,.0f} |", flush=True)
    return 0


def accounts_of(rules: samrules.Rules) -> list[dict[str, Any]]:
    table = check_tables(read_tables(PORTFOLIO), rules.facts, rules.events, DAY)
    return [{name: a.facts.get(name) for name in rules.facts} for a in table.accounts]


def same(rules: samrules.Rules, accounts: list[dict[str, Any]]) -> None:
    for decision, facts in zip(rules.decide_many(accounts, as_of=DAY), accounts, strict=True):
        plain = rules.decide(facts, as_of=DAY).to_json()
        assert decision.to_json().replace('"engine": "compiled"', '"engine": "interpreter"') == plain, facts


def many(rules: samrules.Rules, accounts: list[dict[str, Any]]) -> None:
    for decision in rules.decide_many(accounts, as_of=DAY):
        _ = decision.outcome, decision.settled, decision.possible


def one(rules: samrules.Rules, accounts: list[dict[str, Any]]) -> None:
    for facts in accounts:
        rules.decide(facts, as_of=DAY, engine="compiled")


def fired(rules: samrules.Rules, accounts: list[dict[str, Any]]) -> None:
    for decision in rules.decide_many(accounts, as_of=DAY):
        _ = [rule.name for rule in decision.fired]


def traced(rules: samrules.Rules, accounts: list[dict[str, Any]]) -> None:
    for decision in rules.decide_many(accounts, as_of=DAY):
        _ = [rule.trace for rule in decision.rules]


def walked(rules: samrules.Rules, accounts: list[dict[str, Any]]) -> None:
    for decision in rules.decide_many(accounts, as_of=DAY):
        stack, seen = [rule.trace for rule in decision.rules], set()
        while stack:
            trace = stack.pop()
            if id(trace) not in seen:
                seen.add(id(trace))
                stack += trace.parts


def interpreted(rules: samrules.Rules, accounts: list[dict[str, Any]]) -> None:
    for facts in accounts:
        rules.decide(facts, as_of=DAY)


def spent(way: Callable[[samrules.Rules, list[dict[str, Any]]], None], rules: samrules.Rules, accounts: list[dict[str, Any]],
          rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.thread_time()
        way(rules, accounts)
        best = min(best, time.thread_time() - started)
    return best / len(accounts) * 1e6


if __name__ == "__main__":
    sys.exit(main())

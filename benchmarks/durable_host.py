"""durable_rules behind the fence against its own Host, on the same rules: time, and wrong or lost answers.

    python benchmarks/durable_host.py [--accounts 2000]

Each kind of input is given to both; what is right is worked out in Python, and what is no number is to be
refused. Lost: an exception that names no cause, no answer, or the process ended: the Host runs in one of its own.
Times are of the processor, so that what else the machine does has less effect.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import attrs

AS_OF = date(2026, 11, 21)
FACTS = 20
Account = dict[str, Any]


REFUSED = ["refused"]


@attrs.frozen
class Trial:
    """Rules `name: (fact, operator, constant)`, all of them on numbers or on texts, and accounts for them. With the
    operator `/` the fact is at least the first of two others by the second."""

    name: str
    rules: dict[str, tuple[str, str, Any]]
    accounts: list[tuple[str, Account]]


def trials(count: int) -> list[Trial]:
    chance = random.Random(1)
    few = min(count, 400)

    def accounts(n: int, value: Callable[[], Any]) -> list[tuple[str, Account]]:
        return [(f"A{i}", {f"x{j}": value() for j in range(FACTS)}) for i in range(n)]

    numbers = {f"r{i}": (f"x{i % FACTS}", ">", i / 2) for i in range(30)}
    texts = {f"r{i}": (f"x{i}", "=", "b") for i in range(FACTS)}
    steep = {f"r{i}": ("x0", ">", i) for i in range(100)}
    shares = {f"r{i}": (f"x{i}", "/", (f"x{i + 1}", f"x{i + 2}")) for i in range(FACTS - 2)}
    return [
        Trial("plain numbers, 30 rules", numbers, accounts(count, lambda: chance.choice([0, 3, 7, 11, 20]))),
        Trial("some missing, as null", numbers, accounts(few, lambda: chance.choice([1, 14, None]))),
        Trial("some numbers as text", numbers, accounts(few, lambda: chance.choice([1, 4, 9, 14] * 9 + ["7 pieces"]))),
        Trial("numbers such as 1e22 and 1e-07", numbers, accounts(few, lambda: chance.choice([3, 1e22, 1e-7]))),
        Trial("quotients of whole numbers", shares, accounts(few, lambda: chance.choice([1, 2, 3, 7, 9]))),
        Trial("quotients, some by zero", shares, accounts(few, lambda: chance.choice([0, *[1, 2, 3, 7] * 5]))),
        Trial("texts of 65,537 letters", texts, accounts(60, lambda: chance.choice(["b", "a", "b" + "c" * 65_536]))),
        Trial("100 thresholds of one fact", steep, accounts(few, lambda: chance.randint(0, 120))),
        Trial("two ids of one 32-bit hash", numbers, [
            (name, {f"x{j}": 20 for j in facts}) for name, facts in
            (("A496924", range(10)), ("A2059480", range(10, FACTS)))]),
    ]


def right(trial: Trial, account: Account) -> list[str]:
    """The rules that hold for certain."""
    if "7 pieces" in account.values():
        return REFUSED
    return [name for name, rule in trial.rules.items() if holds(rule, account)]


def holds(rule: tuple[str, str, Any], account: Account) -> bool:
    fact, operator, constant = rule
    value = account.get(fact)
    if operator == "/":
        over, under = (account[name] for name in constant)
        return bool(under) and account[fact] >= over / under
    return value is not None and bool(value > constant if operator == ">" else value == constant)


# --- samrules, behind the fence ------------------------------------------------------------------


def fenced(trial: Trial) -> tuple[list[list[str] | None], float]:
    import samrules
    from samrules.engines import durable
    from samrules.inputs.facts import account_facts

    kind = "text" if isinstance(next(iter(trial.rules.values()))[2], str) else "number"

    def condition(fact: str, operator: str, constant: Any) -> str:
        return f"{fact} >= {constant[0]} / {constant[1]}" if operator == "/" else f"{fact} {operator} {json.dumps(constant)}"

    text = json.dumps({
        "ruleset": "r", "version": "1.0.0", "facts": {f"x{j}": {"type": kind} for j in range(FACTS)},
        "rules": {name: {"when": condition(*rule), "then": {"d": "go"}} for name, rule in trial.rules.items()},
        "decide": {"d": {"outcomes": ["go", "stay"], "hit_policy": "collect", "otherwise": "stay"}}})
    plan = samrules.loads(text)._plan
    steps = {f"r:{name}": name for name in trial.rules}
    durable.entail(plan, {"account_id": "warm"}, AS_OF)  # compiled once
    found: list[list[str] | None] = []
    started = time.process_time()
    for name, account in trial.accounts:
        try:
            facts, _ = account_facts({"account_id": name, **account}, plan.facts)
        except samrules.FactError:
            found.append(REFUSED)
            continue
        entailed = durable.entail(plan, facts, AS_OF)
        found.append([rule for step, rule in steps.items() if entailed[step] is True])
    return found, (time.process_time() - started) / len(trial.accounts)


# --- the Host --------------------------------------------------------------------------------------


def hosted(trial: Trial) -> tuple[list[list[str] | None], float | None]:
    """What the Host fires for each account, as its manual has it; None where it gave nothing, or its process was gone."""
    ran = subprocess.run([sys.executable, __file__, "--host"], input=json.dumps(attrs.asdict(trial)), text=True,
                         capture_output=True, timeout=600, check=False)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    took = next((line["seconds"] for line in lines if isinstance(line, dict)), None)
    answers = [line for line in lines if not isinstance(line, dict)]
    return [*answers, *([None] * (len(trial.accounts) - len(answers)))], took


def host() -> None:
    import importlib
    import os

    engine = importlib.import_module("durable.engine")
    trial = json.load(sys.stdin)
    fired: list[str] = []

    def rule(name: str, fact: str, operator: str, constant: Any) -> dict[str, Any]:
        if operator == "/":
            constant = {"$div": {"$l": {"$m": constant[0]}, "$r": {"$m": constant[1]}}}
        test = {fact: constant} if operator == "=" else {"$gte" if operator == "/" else "$gt": {fact: constant}}
        return {"all": [{"m": test}], "run": lambda c: fired.append(name)}

    stock = engine.Host()
    stock.set_rulesets({"r": {name: rule(name, *r) for name, r in trial["rules"].items()}})
    spent = 0.0
    for name, account in trial["accounts"]:
        fired.clear()
        begin = time.process_time()
        try:
            stock.assert_fact("r", {"sid": name, "id": "1", **account})
            answer: list[str] | None = sorted(fired, key=lambda n: int(n[1:]))
        except engine.MessageNotHandledException:
            answer = []
        except Exception:
            answer = None
        if not name.startswith(("A496924", "A2059480")):
            try:  # or no more than 1,024 accounts can be decided
                stock.delete_state("r", name)
            except Exception:
                answer = None
        spent += time.process_time() - begin
        print(json.dumps(answer), flush=True)
    print(json.dumps({"seconds": spent / len(trial["accounts"])}), flush=True)
    os._exit(0)  # its threads never end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--host", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.host:
        return host()
    print("| input | accounts | Host: wrong | lost | µs an account | fenced: wrong | lost | µs an account |")
    print("|---|---|---|---|---|---|---|---|")
    for trial in trials(arguments.accounts):
        wanted = [right(trial, account) for _, account in trial.accounts]
        theirs, their_time = hosted(trial)
        ours, our_time = fenced(trial)
        cells = [trial.name, f"{len(wanted):,}"]
        for answers, seconds in ((theirs, their_time), (ours, our_time)):
            lost = sum(a is None for a in answers)
            wrong = sum(a is not None and a != w for a, w in zip(answers, wanted, strict=True))
            cells += [f"{wrong:,}", f"{lost:,}", f"{seconds * 1e6:,.0f}" if seconds is not None else "ended"]
        print(f"| {' | '.join(cells)} |", flush=True)
    return None


if __name__ == "__main__":
    main()

"""Whether the engines agree: random rulesets on random accounts, interpreter against durable and compiled.

    python benchmarks/agreement.py --accounts 1000000 [--seed 1] [--each 200] [--rulesets 1000] [--engines compiled]

Rulesets come from tests/strategies.py, drawn in a process of their own, so that the resident memory
reported is that of deciding. With `--rulesets` the first 10,000 accounts meet each of them once, since memory goes by the
largest ruleset met so far: what is resident after them and what is at the end then differ by what leaks. Every step of a plan is compared, to the last bit: rules, scores, possible
outcomes of other rulesets, definitions. Exit code 1 where one differs; the ruleset and the account are shown.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import itertools
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

AS_OF = date(2026, 11, 21)
MISSING = 0.25
WARM = 10_000
"""Accounts after which the memory is taken that the end is compared with."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=200, help="accounts for each ruleset")
    parser.add_argument("--rulesets", type=int, help="go round so many rulesets; without it, always new ones")
    parser.add_argument("--engines", nargs="+", choices=("durable", "compiled"), default=["durable", "compiled"],
                        help="the engines compared with the interpreter")
    parser.add_argument("--draw", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--report", type=int, default=50_000, help="a line of figures after so many accounts")
    arguments = parser.parse_args()
    if arguments.draw:
        draw(arguments.draw, arguments.seed)
        return 0
    return compare(arguments.accounts, arguments.seed, arguments.each, arguments.report, arguments.rulesets, arguments.engines)


def draw(count: int, seed: int) -> None:
    """Print random rulesets, one a line, as JSON of the text, and of the one it asks for."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from tests import strategies as some

    @seeded(seed)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(some.rulesets(monotone=False))
    def one(case: Any) -> None:
        print(case.text, flush=True)

    one()


def compare(count: int, seed: int, each: int, report: int, round_: int | None, engines: Sequence[str]) -> int:
    from tests import strategies as some

    from samrules.decision.policy import judge
    from samrules.engines import durable, interpreter
    from samrules.engines.compiled import program
    from samrules.engines.measures import measured
    from samrules.errors import FactError

    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    entail = {name: {"durable": durable, "compiled": program}[name].entail for name in engines}
    seconds = dict.fromkeys(("interpreter", *engines), 0.0)
    first, started = 0, time.perf_counter()
    for text, plan in turns(seed, round_):
        counts["rulesets"] += 1
        for _ in range(each if not round_ or counts["rulesets"] > round_ else -(-WARM // round_)):
            try:
                facts, history, record = account(chance, plan, some)
                known = measured(plan, facts, record, AS_OF).facts
                reviews = [(day, measured(plan, at, record, day).facts) for day, at in history]
                begin = time.perf_counter()
                view = interpreter.view(plan, known, AS_OF, reviews)
            except FactError:
                counts["of no meaning"] += 1
                continue
            seconds["interpreter"] += time.perf_counter() - begin
            counts["accounts"] += 1
            counts["steps"] += len(view.steps)
            assert plan.decision is not None
            truths = [(r.outcome, view.steps[r.step].value) for r in plan.decision.rules]
            verdict = judge(plan.decision.decide, truths)  # type: ignore[arg-type]
            counts["settled" if verdict.settled else "unsettled"] += 1
            counts["rules true"] += sum(t is True for _, t in truths)
            counts["rules unknown"] += sum(t is None for _, t in truths)
            for engine, entailed in entail.items():
                begin = time.perf_counter()
                found = entailed(plan, known, AS_OF, reviews)
                seconds[engine] += time.perf_counter() - begin
                wrong = [name for name, trace in view.steps.items()
                         if name not in found or not durable.alike(found[name], trace.value)]
                if wrong or len(found) != len(view.steps):
                    counts["different"] += 1
                    if counts["different"] <= 3:
                        print(f"DIFFERENT ({engine}): {wrong}\n{text}\n{known}\n{reviews}", flush=True)
            if counts["accounts"] == WARM:
                first = resident()
            if counts["accounts"] % report == 0:
                print(figures(counts, seconds, first, started), flush=True)
            if counts["accounts"] >= count:
                print(figures(counts, seconds, first, started), flush=True)
                return 1 if counts["different"] else 0
    raise AssertionError("there are always more rulesets")


def turns(seed: int, round_: int | None) -> Iterator[tuple[str, Any]]:
    """Rulesets with their plans: always new ones, or the same ones in turn."""
    import samrules

    loaded = ((text, samrules.loads(text).plan) for text in rulesets(seed))
    return itertools.cycle(list(itertools.islice(loaded, round_))) if round_ else loaded


def figures(counts: Counter[str], seconds: dict[str, float], first: int, started: float) -> str:
    n = counts["accounts"]
    memory = f"resident {first / 1e6:.1f} MB after 10,000 accounts, {resident() / 1e6:.1f} MB now; " if first else ""
    return (f"{n:,} accounts, {counts['rulesets']:,} turns of rulesets, {counts['steps']:,} steps: "
            f"{counts['different']} different; settled {counts['settled']:,}, rules true {counts['rules true']:,}, "
            f"unknown {counts['rules unknown']:,}; an account: "
            f"{', '.join(f'{engine} {spent / n * 1e3:.3f} ms' for engine, spent in seconds.items())}; {memory}{time.perf_counter() - started:,.0f} s")


def rulesets(seed: int) -> Iterator[str]:
    """Random rulesets without end, drawn a few hundred at a time in another process."""
    while True:
        drawn = subprocess.run([sys.executable, __file__, "--draw", "100", "--seed", str(seed)], check=True,
                               capture_output=True, text=True, cwd=ROOT, env=os.environ)
        yield from drawn.stdout.splitlines()
        seed += 1_000_003


def resident() -> int:
    """The memory of this process that is in RAM, in bytes, once what is only kept for reuse is given back: the
    programs of the latest rulesets, and the C library's free blocks. What is left and grows is a leak."""
    from samrules.engines import durable

    durable.forget()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# --- accounts: faster than hypothesis draws them, from the same values -----------------------------

_INTEGERS = [-3, 0, 1, 2, 3, 4, 5, 9, 12, 2**63 - 1, -(2**63), 2**53 + 1, 2**53, -(2**53), 2**53 - 1]
_DOUBLES = [0.0, -0.0, 0.125, 0.5, 0.6, 0.6000000000000001, 1.0, 2.0, 250e3, 1e6, 2e6, 2000000.0000000002, 5e6, 1.2e9,
            1e308, -1e308, 5e-324, 9007199254740993.0, -2e6, 1e300, 0.1, 0.30000000000000004, 1e22, 1e-7]
_DATES = [date(2024, 11, 21), date(2024, 11, 22), date.min, date.max, date(2024, 2, 29), AS_OF, date(2025, 11, 21)]
_TEXTS = ["a", "b", "b,c", "vendor", "1", "true", "null", "é", "日本", 'a"b', "\\", "a\nb", "x" * 70_000, "a\x00b", "\U0001f600"]


def value(chance: random.Random, fact: dict[str, Any]) -> Any:
    kind = fact["type"].split()[0]
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "integer":
        return chance.randint(0, 9) if "range" in fact else chance.choice(_INTEGERS)
    if kind == "ordinal":
        return chance.randint(1, 5)
    if kind == "date":
        return chance.choice(_DATES) if chance.random() < 0.4 else date(2019, 1, 1) + timedelta(chance.randint(0, 3285))
    if kind == "enum":
        return chance.choice(["vendor", "preferred", "partner"])
    if kind == "text":
        return chance.choice(_TEXTS)
    found = chance.choice(_DOUBLES) if chance.random() < 0.7 else chance.uniform(-2, 2) * 10.0 ** chance.randint(-3, 9)
    return abs(found) if "range" in fact else found


def some_facts(chance: random.Random, declared: dict[str, Any]) -> dict[str, Any]:
    return {name: value(chance, fact) for name, fact in declared.items() if chance.random() > MISSING}


def account(chance: random.Random, plan: Any, some: Any) -> tuple[Any, Sequence[Any], Any]:
    """Facts, history and events of an account, checked as any are."""
    from samrules.engines.measures import NO_RECORD, Record
    from samrules.inputs.events import account_events
    from samrules.inputs.facts import account_facts, review_history

    facts, _ = account_facts({"account_id": "A-1", **some_facts(chance, some.FACTS)}, plan.facts)
    days = chance.sample(range(1, 1000), chance.choice([0, 0, 1, 2, 3]))
    reviews = [{"review_date": AS_OF - timedelta(d), **some_facts(chance, some.FACTS)} for d in days]
    history, _ = review_history(reviews, plan.facts, "A-1", AS_OF)
    if chance.random() < 0.3:
        return facts, history, NO_RECORD
    happened = []
    for index in range(chance.randint(0, 6)):
        kind = chance.choice(["ordered", "asked"])
        fields = {name: value(chance, f) for name, f in some.EVENTS[kind]["fields"].items() if chance.random() > 0.15}
        fields |= {name: chance.choice(["a", "b"]) for name in ("place", "who") if name in fields}
        happened.append({**fields, "event": kind, "date": AS_OF - timedelta(chance.randint(0, 1200)), "id": str(index)})
    events, _ = account_events(happened, plan.events, "A-1", AS_OF)
    return facts, history, Record(events, frozenset(plan.events))


if __name__ == "__main__":
    sys.exit(main())

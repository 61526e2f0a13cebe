"""`samrules watch` on many accounts: how many lines a second, and whether killing it loses anything.

    python benchmarks/watch.py [--ruleset buy_sell] [--accounts 10000] [--lines 100000] [--kills 3]

Facts and events of all accounts come interleaved, in a random order that the seed fixes. Then:

1. the decisions at the end are compared, byte for byte, with those of `samrules decide` on the tables that the
   lines amount to;
2. the same lines are sent again to a watch with a state file, which is killed (SIGKILL) some times at random
   moments and started again; what is sent goes on after the last line acknowledged. The decisions at the
   end must be the same bytes, and every change must have been told.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import samrules
from samrules.model.ruleset import Fact
from samrules.model.types import Kind
from samrules.sessions.graph import kinds_of

AS_OF = date(2026, 11, 21)
COMMAND = [sys.executable, "-m", "samrules"]


def value(fact: Fact, chance: random.Random) -> Any:
    """A value of the fact's type and range."""
    low, high = (fact.range.low, fact.range.high) if fact.range else (None, None)
    bounds = 0 if low is None else low, 10 if high is None else high
    match fact.type.kind:
        case Kind.BOOLEAN:
            return chance.random() < 0.5
        case Kind.ENUM:
            return chance.choice(fact.type.words)
        case Kind.ORDINAL:
            return chance.randint(fact.type.low or 0, fact.type.high or 0)
        case Kind.INTEGER:
            return chance.randint(int(bounds[0]), int(bounds[1]))  # type: ignore[arg-type]
        case Kind.RATIO:
            return round(chance.random(), 3)
        case Kind.MONEY:
            return chance.randint(0, 20) * 500_000
        case Kind.NUMBER:
            return round(chance.uniform(float(bounds[0]), float(bounds[1])), 2)  # type: ignore[arg-type]
        case Kind.DATE:
            return (AS_OF - timedelta(chance.randint(0, 2000))).isoformat()
    return f"text {chance.randint(0, 9)}"


def lines_of(rules: samrules.Rules, accounts: int, lines: int, seed: int) -> Iterator[dict[str, Any]]:
    """Facts that matter, one in eight of them retracted, and events that are counted, interleaved."""
    chance = random.Random(seed)
    measured = {m.name for m in rules.plan.measures}
    facts = [rules.facts[n] for n in sorted(rules.reads - measured - {"account_id"})]
    kinds = [rules.events[k] for k in sorted({k for m in rules.plan.measures for k in kinds_of(m)})]
    for number in range(lines):
        account = f"A-{chance.randrange(accounts) if number >= accounts else number}"
        fact = chance.choice(facts)
        if kinds and chance.random() < 0.4:
            kind = chance.choice(kinds)
            fields = {f.name: value(f, chance) for f in kind.fields if chance.random() < 0.8}
            day = AS_OF - timedelta(chance.randint(0, 700))
            yield {"account_id": account, "event": kind.name, "date": day.isoformat(), **fields, "reference": f"R-{number}"}
        elif chance.random() < 0.125:
            yield {"account_id": account, "retract": fact.name}
        else:
            yield {"account_id": account, "fact": fact.name, "value": value(fact, chance)}


def final_state(lines: list[dict[str, Any]], folder: Path) -> None:
    """The tables that the lines amount to."""
    accounts: dict[str, dict[str, Any]] = {}
    events = []
    for line in lines:
        facts = accounts.setdefault(line["account_id"], {"account_id": line["account_id"]})
        if "event" in line:
            events.append(line)
        elif "retract" in line:
            facts.pop(line["retract"], None)
        else:
            facts[line["fact"]] = line["value"]
    for name, rows in (("accounts", list(accounts.values())), ("events", events)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


def watch(ruleset: str, folder: Path, *more: str) -> list[str]:
    return [*COMMAND, "watch", ruleset, "--as-of", AS_OF.isoformat(), "--recorded",
            ",".join(sorted({json.loads(e)["event"] for e in (folder / "events.jsonl").read_text().splitlines()})), *more]


def killed(command: list[str], lines: list[bytes], state: Path, kills: int, seconds: float, told: Path) -> int:
    """Send the lines to a watch that is killed some times; how often it began."""
    chance, begun = random.Random(5), 0
    with told.open("wb") as sink:
        while True:
            begun += 1
            with subprocess.Popen([*command, "--ack", "--state", str(state)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
                assert process.stdin and process.stdout
                start = 0
                if state.exists():
                    for answer in process.stdout:  # what was not told before, then how far it is through
                        sink.write(answer)
                        if b'{"ack"' in answer[:8]:
                            start = json.loads(answer)["ack"]
                            break
                sender = threading.Thread(target=_send, args=(process.stdin, lines[start:]))
                sender.start()
                if begun <= kills:
                    timer = threading.Timer(chance.uniform(0.1, 0.9) * seconds / kills, process.kill)
                    timer.start()
                answers = process.stdout.read()
                sink.write(answers[: answers.rfind(b"\n") + 1])  # its last line may be torn
                sender.join()
                if process.wait() in (0, 1):
                    return begun


def _send(pipe: Any, lines: list[bytes]) -> None:
    try:
        for start in range(0, len(lines), 200):
            pipe.write(b"".join(lines[start : start + 200]))
    except OSError:
        pass  # it was killed
    with contextlib.suppress(OSError):
        pipe.close()


def outcomes(told: Path) -> dict[str, Any]:
    """The last outcome that was told of each account."""
    found = {}
    for text in told.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if "account" in line:
            found[line["account"]] = line["to"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ruleset", default="buy_sell")
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rules = samrules.load(args.ruleset)
    said = list(lines_of(rules, args.accounts, args.lines, args.seed))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        final_state(said, folder)
        data = [json.dumps(line).encode() + b"\n" for line in said]
        (folder / "lines").write_bytes(b"".join(data))
        start = time.perf_counter()
        command = watch(args.ruleset, folder)
        with (folder / "lines").open("rb") as source, (folder / "told").open("wb") as sink:
            subprocess.run(command, check=True, stdin=source, stdout=sink, stderr=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
        changed = sum(1 for _ in (folder / "told").open("rb"))
        print(f"{args.ruleset}: {len(said):,} lines of {args.accounts:,} accounts in {seconds:.1f} s: "
              f"{len(said) / seconds:,.0f} lines a second, {len(said) / cpu:,.0f} a second of processor time; {changed:,} decisions changed, {peak:.0f} MB")
        start = time.perf_counter()
        decided = subprocess.run([*COMMAND, "decide", args.ruleset, str(folder), "--as-of", AS_OF.isoformat(),
                                  "--format", "jsonl"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        print(f"decide on the final state: {time.perf_counter() - start:.1f} s for {len(decided.splitlines()):,} accounts")
        expected = {d["account"]: d["outcome"] for d in map(json.loads, decided.splitlines())}
        assert outcomes(folder / "told") == expected, "what was told is not what is decided"
        start = time.perf_counter()
        begun = killed(watch(args.ruleset, folder, "--decisions", str(folder / "decisions")), data, folder / "state",
                       args.kills, seconds, folder / "told again")
        assert (folder / "decisions").read_bytes() == decided, "the decisions are not those of the final state"
        assert outcomes(folder / "told again") == expected, "what was told is not what is decided"
        size = (folder / "state").stat().st_size / 1e6
        print(f"with a state file, begun {begun} times: {time.perf_counter() - start:.1f} s with all decisions written, "
              f"{size:.0f} MB of state; the same bytes")


if __name__ == "__main__":
    main()

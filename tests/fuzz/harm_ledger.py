"""What a ledger must stand: changed bytes, writers that are killed, writers at once, and being decided again.

    python tests/fuzz/harm_ledger.py --changes 1000 --kills 200 --writers 4 --replays 100000 [--postgres] [--seed 1]

Each trial says what it did and what came of it; exit code 1 where one fails. `--postgres` begins a server (tests/postgres.py)
for kills and writers.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from samrules.audit.database import Query, sqlalchemy  # noqa: E402
from samrules.audit.ledger import Ledger  # noqa: E402
from samrules.errors import LedgerError  # noqa: E402
from samrules.rules import Given, Rules, load, loads  # noqa: E402

DAY = date(2026, 11, 21)
SMALL = """\
ruleset: small
version: 1.0.0
facts:
  account_name: {type: text}
  revenue: {type: money, title: revenue}
  csat: {type: ordinal 1..10}
  prices_only: {type: boolean}
events: {asked: {fields: {pct: {type: ratio}}}}
measures: {asked_often: {count: asked, within: 12 months}}
rules:
  go: {when: prices_only and asked_often >= 2, then: {action: release}, because: "{account} asked {asked_often} times"}
  look: {when: csat < 5, then: {action: watch}}
decide: {action: {outcomes: [release, watch, retain], otherwise: retain}}
"""


class Failed(Exception):
    """A ledger did not stand it."""


def small() -> Rules:
    return loads(SMALL)


def accounts(random_: random.Random, count: int, known: dict[str, Any] | None = None) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Facts and events of made-up accounts, some facts missing."""
    for number in range(count):
        facts = {"account_id": f"a-{number}", "account_name": random_.choice(["Müller", "O'Neill", "株式会社", f"Account {number}"]),
                 "revenue": random_.choice([None, 0.1 + 0.2, 1e16, random_.uniform(0, 1e7)]), "csat": random_.choice([None, 1, 5, 10]),
                 "prices_only": random_.choice([None, True, False]), **(known or {})}
        events = [{"event": "asked", "date": DAY - timedelta(days=random_.randrange(600)), "pct": random_.choice([None, 0.05]), "reference": str(n)}
                  for n in range(random_.randrange(4))]
        yield facts, events


def given(rules: Rules, facts: dict[str, Any], events: list[dict[str, Any]]) -> Given:
    return rules.check_account(facts, events, None, (), DAY)


def decided(rules: Rules, one: Given, engine: str = "interpreter") -> Any:
    return rules.decide_checked(one.facts, one.as_of, (), one.record, engine)


# --- changed bytes -------------------------------------------------------------------------------


def rows_of(path: Path) -> list[Any] | None:
    """All that the tables of a file hold; None where they cannot be read."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as plain:
            plain.text_factory = bytes
            return [plain.execute("SELECT * FROM samrules_records NOT INDEXED ORDER BY seq").fetchall(),
                    plain.execute("SELECT * FROM samrules_ledger NOT INDEXED").fetchall(),
                    plain.execute("PRAGMA integrity_check").fetchall()]
    except sqlite3.Error:
        return None


def changes(count: int, seed: int, folder: Path) -> str:
    """Single bytes of the file are changed, anywhere in it: each change of a record is found by `verify`.

    A byte that no table reads (free space, counters) is no part of a record, and not counted.
    """
    random_, rules, path = random.Random(seed), small(), folder / "changed.ledger"
    with Ledger.open(path, create=True) as ledger:
        for facts, events in accounts(random_, 30):
            one = given(rules, facts, events)
            ledger.record(rules, one, decided(rules, one))
        ledger.override("a-1", "retain", by="Ana", reason="Talks", expires=DAY, since=DAY)
    whole, before, copy = path.read_bytes(), rows_of(path), folder / "copy.ledger"
    found = unread = 0
    while found < count:
        data = bytearray(whole)
        place = random_.randrange(len(data))
        data[place] ^= random_.randrange(1, 256)
        copy.write_bytes(data)
        if holds(copy):
            if rows_of(copy) != before:
                raise Failed(f"a change of byte {place} from {whole[place]} to {data[place]} is not found")
            unread += 1
        else:
            found += 1
    return f"{found:,} changed bytes of a file of {len(whole):,}, all found ({unread:,} more were in no record)"


def holds(path: Path) -> bool:
    try:
        with Ledger.open(path, read_only=True) as ledger:
            return ledger.verify().ok
    except LedgerError:
        return False


# --- killed writers ------------------------------------------------------------------------------


def kills(count: int, seed: int, target: str, each: int = 20) -> str:
    """A writer is killed at a random moment; what it acknowledged is on record, and the chain holds."""
    import psycopg  # noqa: F401  (before the writers are begun: they should write, not import)

    sqlalchemy()
    random_, rules = random.Random(seed), small()
    acknowledged: dict[int, str] = {}
    written = 0
    for number in range(count):
        acknowledged |= _killed(target, rules, random_.uniform(0.0, 0.25), random_.randrange(2**32), number)
        if number % each == each - 1 or number == count - 1:
            with Ledger.open(target, create=True) as ledger:  # the first may have been killed before there was one
                found = ledger.verify()
                if not found.ok:
                    raise Failed(f"after {number + 1} kills: {found.findings}")
                there = {row["seq"]: row["hash"] for row in ledger.database.rows(Query())}
            lost = [seq for seq, hash_ in acknowledged.items() if there.get(seq) != hash_]
            if lost:
                raise Failed(f"acknowledged and lost: {lost[:10]}")
            written = len(there)
    return f"{count:,} kills: {len(acknowledged):,} acknowledged writes all there, {written:,} records hold"


def _killed(target: str, rules: Rules, seconds: float, seed: int, number: int) -> dict[int, str]:
    """What a writer acknowledged, as number and hash of its last record, before it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _write_on(target, rules, seed, number, writing)
    os.close(writing)
    with open(reading, "rb") as said:  # noqa: PTH123
        said.readline()  # it has begun
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines = said.read().decode().split("\n")[:-1]  # a torn line was never acknowledged
    return {int(seq): hash_ for seq, _, hash_ in (line.partition(" ") for line in lines if line != "begun")}


def _write_on(target: str, rules: Rules, seed: int, number: int, out: int) -> None:
    """Write for ever, one by one and some at once, and say what is written. Never returns."""
    try:
        random_ = random.Random(seed)
        if number % 5 == 0:  # some are killed while they open it
            os.write(out, b"begun\n")
        ledger = Ledger.open(target, create=True)
        os.write(out, b"begun\n")
        while True:
            some = [given(rules, *one) for one in accounts(random_, random_.choice([1, 1, 1, 40]), {"csat": number % 10 + 1})]
            pairs = [(one, decided(rules, one)) for one in some]
            if len(pairs) == 1:
                record = ledger.record(rules, *pairs[0])
                os.write(out, f"{record.seq} {record.hash}\n".encode())
            else:
                for record in ledger.record_together(rules, pairs):
                    os.write(out, f"{record.seq} {record.hash}\n".encode())
    except BaseException as error:
        os.write(2, f"the writer failed: {error!r}\n".encode())
    finally:
        os._exit(1)


# --- writers at once -----------------------------------------------------------------------------


def writers(count: int, each: int, target: str) -> str:
    """Several processes begin one ledger and write to it at once: one valid chain holds what all of them wrote."""
    rules = small()
    children = []
    start = time.perf_counter()
    for number in range(count):
        child = os.fork()
        if child == 0:
            _write_some(target, rules, number, each)
        children.append(child)
    ended = [os.waitpid(child, 0)[1] for child in children]
    elapsed = time.perf_counter() - start
    if any(ended):
        raise Failed(f"writers ended with {ended}")
    with Ledger.open(target) as ledger:
        found = ledger.verify()
        if not found.ok:
            raise Failed(f"after {count} writers: {found.findings}")
        if found.counts != {"ledger": 1, "ruleset": 1, "decision": count * each}:
            raise Failed(f"{count} writers of {each} decisions left {found.counts}")
    return f"{count} writers at once: {count * each:,} decisions in one chain that holds ({count * each / elapsed:,.0f} a second)"


def _write_some(target: str, rules: Rules, number: int, each: int) -> None:
    """Never returns."""
    code = 1
    try:
        with Ledger.open(target, create=True) as ledger:
            left = each
            for facts, events in accounts(random.Random(number), each // 2):
                ledger.decide(rules, {**facts, "account_id": f"{number}-{facts['account_id']}"}, events=events, as_of=DAY)
                left -= 1
            some = [given(rules, *one) for one in accounts(random.Random(number), left)]
            ledger.record_many(rules, [(one, decided(rules, one)) for one in some])
        code = 0
    except BaseException as error:
        os.write(2, f"a writer failed: {error!r}\n".encode())
    finally:
        os._exit(code)


# --- decided again -------------------------------------------------------------------------------


def replays(count: int, seed: int, target: str, name: str | None = None) -> str:
    """So many recorded decisions are decided again from their records: none differs."""
    random_, rules = random.Random(seed), load(name) if name else small()
    known = {fact: None for fact in ("revenue", "csat", "prices_only") if fact not in rules.facts}

    def pairs() -> Iterator[tuple[Given, Any]]:
        for facts, events in accounts(random_, count):
            mine = {n: v for n, v in facts.items() if n not in known}
            one = rules.check_account(mine, None if name else events, None, (), DAY)
            yield one, decided(rules, one, "compiled")

    start = time.perf_counter()
    with Ledger.open(target, create=True) as ledger:
        ledger.record_many(rules, pairs())
        wrote = time.perf_counter()
        found = ledger.replay()
        again = time.perf_counter()
        verified = ledger.verify()
        ended = time.perf_counter()
    if not found.ok or found.decisions != count:
        raise Failed(f"{found.decisions - found.same} of {found.decisions} differ: {found.differences[:2]}")
    if not verified.ok:
        raise Failed(str(verified.findings))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (f"{count:,} decisions of `{rules.name}`: recorded in {wrote - start:,.0f} s, decided again in {again - wrote:,.0f} s with no difference, "
            f"verified in {ended - again:,.0f} s; at most {memory:,.0f} MB resident")


# --- all of it -----------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--writers", type=int, default=0)
    parser.add_argument("--each", type=int, default=500, help="decisions of each writer")
    parser.add_argument("--replays", type=int, default=0)
    parser.add_argument("--ruleset", help="the bundled ruleset that is replayed; a small one where none is named")
    parser.add_argument("--postgres", action="store_true", help="kills and writers in PostgreSQL too")
    parser.add_argument("--target", help="where the ledger lies, for one trial; else in a folder of its own")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    try:
        with contextlib.ExitStack() as stack:
            places: dict[str, Callable[[str], str]] = {"SQLite": lambda name: asked.target or str(folder / f"{name}.ledger")}
            if asked.postgres:
                places["PostgreSQL"] = _databases(stack)
            if asked.changes:
                _say("SQLite", changes(asked.changes, asked.seed, folder))
            for kind, place in places.items():
                if asked.kills:
                    _say(kind, kills(asked.kills, asked.seed, place("kills")))
                if asked.writers:
                    _say(kind, writers(asked.writers, asked.each, place("writers")))
            if asked.replays:
                _say("SQLite", replays(asked.replays, asked.seed, places["SQLite"]("replays"), asked.ruleset))
    except Failed as failed:
        print(f"FAILED: {failed}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _databases(stack: contextlib.ExitStack) -> Any:
    """A server, and a database of its own for each trial."""
    import psycopg

    from tests.postgres import server

    url = stack.enter_context(server())

    def place(name: str) -> str:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return url.rsplit("/", 1)[0] + f"/{name}"

    return place


def _say(kind: str, text: str) -> None:
    print(f"{kind}: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""What durable_rules gets wrong when it is used as its manual says, and that behind the fence it does not.

The naive uses run in processes of their own: some of them end the process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import samrules
from samrules.engines import durable, durable_fence
from samrules.engines.durable_fence import FenceBroken, WorkingMemory, all_differ, hash_of, number
from samrules.engines.durable_lowering import lower
from samrules.engines.interpreter import parameters_at, view
from samrules.errors import EngineError
from samrules.model.types import Value
from samrules.rules import Rules
from tests.conftest import needs_durable

pytestmark = needs_durable

AS_OF = date(2026, 11, 21)

NAIVE = '''
import json, sys
import durable_rules_engine as E

def rules(of):
    return E.create_ruleset("r", json.dumps(of))

def fired(handle, *facts):
    """The rules that fire after facts, as the Host finds them."""
    found = []
    for fact in facts:
        slot = E.assert_fact(handle, json.dumps({"sid": "1", **fact}))[1]
    started = E.start_action_for_state(handle, slot)
    result = started[1] if started else None
    while result:
        found.append(result[2:result.index('"', 2)])
        result = E.complete_and_start_action(handle, slot)
    return found

def fires(pattern, value):
    return bool(fired(rules({"r": {"all": [{"m": pattern}]}}), {"id": "1", "x": value}))
'''


def naive(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", NAIVE + code], capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, **environment})


def dies(code: str, tries: int = 40) -> None:
    """Hold the naive use to ending its process within some tries. What it reads or frees lies behind its own memory, so that
    one run may be lucky; where every run is, nothing is shown, and the test says so instead of passing."""
    for trial in range(tries):
        if naive(code, MALLOC_PERTURB_=str(85 + trial), PADDING="x" * 37 * trial).returncode < 0:
            return
    pytest.skip(f"what lies behind the memory of durable_rules was harmless {tries} times on this machine")


def ruleset(condition: str, facts: str, more: str = "") -> Rules:
    return samrules.loads(
        f"ruleset: r\nversion: 1.0.0\nfacts: {{{facts}}}\n{more}\n"
        f"rules: {{a: {{when: '{condition}', then: {{d: go}}}}}}\ndecide: {{d: {{outcomes: [go, stay], otherwise: stay}}}}\n")


def outcome(rules: Rules, **facts: Any) -> str:
    """What durable decides; it would not decide what the interpreter does not."""
    found = rules.decide({"account_id": "A", **facts}, as_of=AS_OF, engine="durable").outcome
    assert isinstance(found, str)
    return found


# --- wrong answers -------------------------------------------------------------------------------

WRONG: dict[str, tuple[str, str, str, str, Any, str]] = {
    # name: (naive expression, what it gives, the condition, the facts, the value of `x`, what is right)
    "integers beyond 2**53": ('fires({"$gt": {"x": 2.0**53}}, 2**53 + 1)', "False", "x > 9007199254740992", "x: {type: integer}",
                              2**53 + 1, "go"),
    "integers beyond 2**53, equal": ('fires({"x": 2.0**53}, 2**53 + 1)', "True", "x = 9007199254740992", "x: {type: integer}",
                                     2**53 + 1, "stay"),
    "a null that is not 5": ('fires({"$neq": {"x": 5}}, None)', "False", "x != 5 or x is missing", "x: {type: number}", None, "go"),
    "long texts that differ at their end": ('fires({"x": "a" * 65536 + "b"}, "a" * 65536 + "c")', "True", 'x = "ab"',
                                            "x: {type: text}", "ab" + "c" * 65536, "stay"),
    "a text cut at a null": ('fires({"x": "b"}, "b" + "c" * 65535)', "True", 'x = "b"', "x: {type: text}", "b" + "c" * 65535,
                             "stay"),
    "true is 1": ('fires({"x": 1}, True)', "True", "x = 1", "x: {type: number}", 1.0, "go"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers(name: str) -> None:
    expression, gives, condition, facts, value, right = WRONG[name]
    assert naive(f"print({expression})").stdout.strip() == gives
    assert outcome(ruleset(condition, facts), x=value) == right


def test_a_text_in_a_number_s_place() -> None:
    """It is compared as text; ours is refused before, by name, and a number is never compared with a text."""
    assert naive('print(fires({"$gt": {"x": 5}}, "7 pieces"), fires({"$gt": {"x": 5}}, "10"))').stdout.strip() == "True False"
    with pytest.raises(samrules.FactError, match="`7 pieces` is not a number"):
        outcome(ruleset("x > 5", "x: {type: number}"), x="7 pieces")
    with pytest.raises(samrules.RulesetError):
        ruleset("x > 5", "x: {type: text}")


@pytest.mark.parametrize("value", [1e22, 1e-7, 5e-324, float(10**17), 1e308])
def test_numbers_that_are_not_read(value: float) -> None:
    """An exponent without a point is refused, and infinity; ours is written so that it is read, to the last bit."""
    assert "error code: 204" in naive("fires({'$gt': {'x': 5}}, 1e22)").stderr
    assert "error code: 202" in naive("fires({'$gt': {'x': 5}}, float('inf'))").stderr
    rules = ruleset("x = y", "x: {type: number}, y: {type: number}")
    assert outcome(rules, x=value, y=value) == "go"
    assert float(number(value)) == value
    with pytest.raises(FenceBroken):
        number(float("inf"))


def test_a_join_after_a_group_is_lost() -> None:
    """`$or`, or a nested `$and`, before a join: the join is dropped without a word. Ours stands before."""
    group = '{"%s": [{"u": 1.0}, {"v": 1.0}]}'
    for kind in ("$or", "$and"):
        found = naive(f'''
h = rules({{"r": {{"all": [{{"a": {{"$ex": {{"x": 1}}}}}},
    {{"b": {{"$and": [{group % kind}, {{"$gt": {{"y": {{"a": "x"}}}}}}]}}}}]}}}})
print(fired(h, {{"id": "1", "x": 5.0}}, {{"id": "2", "u": 1.0, "v": 1.0, "y": 3.0}}))''')
        assert found.stdout.strip() == "['r']", "3 is not more than 5"
    rules = ruleset("(u or v) and y > x", "x: {type: number}, y: {type: number}, u: {type: boolean}, v: {type: boolean}")
    assert outcome(rules, u=True, v=True, x=5, y=3) == "stay"
    assert outcome(rules, u=True, x=5, y=6) == "go"


def test_not_depends_on_the_order_of_facts() -> None:
    """`$not` forgets what it let through; ours has no `$not`: what is missing or false is itself a fact."""
    found = naive('''
def count(*facts):
    h, n = rules({"r": {"all": [{"a": {"x": 1.0}}, {"b$not": {"y": 1.0}}]}}), 0
    for fact in facts:
        slot = E.assert_fact(h, json.dumps({"sid": "1", **fact}))[1]
        if E.start_action_for_state(h, slot):
            n += 1
            E.complete_and_start_action(h, slot)
    return n
x, y = {"id": "1", "x": 1.0}, {"id": "2", "y": 1.0}
print(count(x, y), count(y, x))''')
    assert found.stdout.strip() == "1 0"
    for order in (("x", "y"), ("y", "x")):
        assert outcome(ruleset("x and not y", "x: {type: boolean}, y: {type: boolean}"), **dict.fromkeys(order, True)) == "stay"
    text = ",".join(lower(samrules.load("designation")._plan, {}).network.rules)
    assert "$not" not in text
    assert "$nex" not in text


def test_a_fact_that_meets_two_conditions_of_a_rule() -> None:
    """A rule takes each fact once, so `x > 3 and x < 8` as two patterns never holds. Ours are told to take it twice."""
    rule = '{"all": [{"a": {"$gt": {"x": 3.0}}}, {"b": {"$lt": {"x": 8.0}}}]}'
    assert naive(f'print(fired(rules({{"r": {rule}}}), {{"id": "1", "x": 5.0}}))').stdout.strip() == "[]"
    assert outcome(ruleset("x > 3 and x < 8", "x: {type: number}"), x=5) == "go"


# --- lost answers --------------------------------------------------------------------------------


def test_more_than_64_tests_of_one_fact() -> None:
    """The 65th test that matches a fact is refused, and the rest is not seen; ours spreads them over copies of the fact."""
    many = '{f"r{i}": {"all": [{"m": {"$gt": {"x": float(i)}}}]} for i in range(65)}'
    assert "error code: 303" in naive(f'fired(rules({many}), {{"id": "1", "x": 1000.5}})').stderr
    rules = samrules.loads(
        "ruleset: r\nversion: 1.0.0\nfacts: {x: {type: number}, y: {type: number}}\nrules:\n"
        + "".join(f"  r{i}: {{when: x > {i} or y > {i}, then: {{d: go}}}}\n" for i in range(300))
        + "decide: {d: {outcomes: [go, stay], hit_policy: collect, otherwise: stay}}\n")
    decision = rules.decide({"account_id": "A", "x": 249.5, "y": 100.5}, as_of=AS_OF, engine="durable")
    assert len(decision.fired) == 250


def test_ids_that_are_one_by_their_hash() -> None:
    """Two accounts' sessions, and two facts, are one to durable_rules where their 32-bit hashes are."""
    assert hash_of("id") == 926444256, "as its source has it"
    assert hash_of("sid") == 3593476751
    assert hash_of("A496924") == hash_of("A2059480")
    found = naive('''
h = rules({"r": {"all": [{"a": {"x": 1.0}}, {"b": {"y": 1.0}}]}})
E.assert_fact(h, json.dumps({"sid": "A496924", "id": "1", "x": 1.0}))
slot = E.assert_fact(h, json.dumps({"sid": "A2059480", "id": "2", "y": 1.0}))[1]
print(bool(E.start_action_for_state(h, slot)))''')
    assert found.stdout.strip() == "True", "one account's fact completed another's rule"
    rules = ruleset("x and y", "x: {type: boolean}, y: {type: boolean}")
    for account, facts in (("A496924", {"x": True}), ("A2059480", {"y": True})):
        assert rules.decide({"account_id": account, **facts}, as_of=AS_OF, engine="durable").outcome == "evidence_needed"
    assert not all_differ(["A496924", "A2059480"])
    assert all_differ([f"x!f{i}" for i in range(8000)]), "as many facts as a ruleset can have"


def test_more_than_1024_accounts() -> None:
    found = naive('''
h = rules({"r": {"all": [{"m": {"x": 1}}]}})
for i in range(1100):
    E.assert_fact(h, json.dumps({"sid": f"s{i}", "id": "1", "x": 1}))''')
    assert "MemoryError" in found.stderr
    rules = ruleset("x", "x: {type: boolean}")
    assert {outcome(rules, x=True) for _ in range(1100)} == {"go"}


# --- what ends or outlives the process -------------------------------------------------------------


def test_division_by_zero() -> None:
    found = naive('''
fired(rules({"r": {"all": [{"m": {"$gt": {"y": {"$div": {"$l": {"$m": "x"}, "$r": {"$m": "z"}}}}}}]}}),
      {"id": "1", "x": 1, "y": 3, "z": 0})''')
    assert found.returncode == -8, "the process died of a floating point exception"
    rules = ruleset("y > x / z", "x: {type: number}, y: {type: number}, z: {type: number}")
    assert outcome(rules, x=1, y=3, z=0) == "evidence_needed"


def test_a_session_in_which_nothing_fired() -> None:
    """To delete it frees what happened to lie there; ours has fired once before."""
    ours = subprocess.run([sys.executable, "-c", '''
from samrules.engines.durable_fence import WorkingMemory
for _ in range(3):
    m = WorkingMemory('"r":{"all":[{"a0":{"x":1.0}}]}', 4)
    for i in range(300):
        assert m.run(['{"sid":"x","id":"f0","k":2.0}'], lambda rule: [], 10) == 0
    assert m.run([], lambda rule: [], 10) == 0
'''], env={**os.environ, "MALLOC_PERTURB_": "85"}, check=False, timeout=120)
    assert ours.returncode == 0
    dies('''
h = rules({"r": {"all": [{"m": {"x": 1}}]}})
for i in range(300):
    E.assert_fact(h, json.dumps({"sid": f"s{i}", "id": "1", "x": 2}))
    E.delete_state(h, f"s{i}")''')


def test_a_false_join_at_the_end_of_a_rule() -> None:
    """It is read on behind the rule's end, whatever lies there. Behind ours stands a group that stops it."""
    ours = naive('''
from datetime import date
import samrules
rules = samrules.loads("""ruleset: r
version: 1.0.0
facts: {x: {type: number}, y: {type: number}}
rules: {a: {when: y > x, then: {d: go}}}
decide: {d: {outcomes: [go, stay], otherwise: stay}}""")
for y in (3, 6, 3):
    print(rules.decide({"account_id": "A", "x": 5, "y": y}, as_of=date(2026, 11, 21), engine="durable").outcome)''',
                 MALLOC_PERTURB_="85")
    assert ours.stdout.split() == ["stay", "go", "stay"], ours.stderr
    dies('''
join = {"$and": [{"u": 1.0}, {"$gt": {"y": {"a": "x"}}}]}
h = rules({f"r{i}": {"all": [{"a": {"$ex": {"x": 1}}}, {"b": join}]} for i in range(40)})
fired(h, {"id": "1", "x": 5.0}, {"id": "2", "u": 1.0, "y": 3.0})''')


def test_threads_of_the_host() -> None:
    found = naive('''
import threading, time
from durable import engine
host = engine.Host()
del host
time.sleep(1.5)
print(threading.active_count())''')
    assert found.stdout.strip() == "3", "two threads stay behind"
    before = threading.active_count()
    outcome(ruleset("x", "x: {type: boolean}"), x=True)
    assert threading.active_count() == before


def test_exceptions_of_actions() -> None:
    """The Host swallows them, an interrupt at the keyboard too. Ours come out, and the ruleset is never used again."""
    found = naive('''
from durable import engine
def act(c):
    raise KeyboardInterrupt
host = engine.Host()
host.set_rulesets({"x": {"r": {"all": [{"m": {"$ex": {"x": 1}}}], "run": act}}})
host.assert_fact("x", {"id": "1", "sid": "1", "x": 1})
print("went on")
import os
os._exit(0)''')
    assert found.stdout.strip() == "went on"

    def act(rule: str) -> Iterable[str]:
        raise KeyboardInterrupt

    memory = WorkingMemory('"r":{"all":[{"a0":{"n":1.0}}]}', 4)
    with pytest.raises(KeyboardInterrupt):
        memory.run(['{"sid":"x","id":"f0","n":1.0}'], act, 10)
    assert not memory.sound
    with pytest.raises(FenceBroken, match="thrown away"):
        memory.run([], lambda rule: [], 10)


def test_rules_that_wake_each_other_for_ever() -> None:
    memory = WorkingMemory('"r":{"all":[{"a0":{"$ex":{"n":1.0}}}]}', 4000)
    facts = iter(range(1, 4000))
    with pytest.raises(FenceBroken, match="more than 100 firings"):
        memory.run(['{"sid":"x","id":"f0","n":1.0}'], lambda rule: [f'{{"sid":"x","id":"f{next(facts)}","n":1.0}}'], 100)
    assert not memory.sound


def test_one_fact_under_two_names_is_an_error() -> None:
    memory = WorkingMemory('"r":{"all":[{"a0":{"$ex":{"n":1.0}}}]}', 4)
    with pytest.raises(FenceBroken, match="taken for another"):
        memory.run(['{"sid":"x","id":"f0","n":1.0}', '{"sid":"x","id":"f0","n":2.0}'], lambda rule: [], 10)


def test_a_decimal_comma(monkeypatch: pytest.MonkeyPatch) -> None:
    """durable_rules reads numbers with the C library's atof: under a German locale 1.5 is 1."""
    rules = ruleset("x > 1.2", "x: {type: number}")
    assert outcome(rules, x=1.5) == "go"
    monkeypatch.setattr("locale.localeconv", lambda: {"decimal_point": ","})
    with pytest.raises(EngineError, match="a locale with a decimal comma"):
        outcome(rules, x=1.5)
    monkeypatch.undo()
    assert outcome(rules, x=1.5) == "go"


# --- lasting -------------------------------------------------------------------------------------

RULES = "(x > 2 and not y) or at_least 2 of [x > 5, y, z = \"b\"]"
FACTS = "x: {type: number}, y: {type: boolean}, z: {type: text}"


def test_threads() -> None:
    """Threads that decide at once decide as one alone does."""
    rules = ruleset(RULES, FACTS)
    accounts = [{"account_id": f"A{i}", "x": i % 9, "y": i % 2 == 0, "z": "ab"[i % 3 == 0]} for i in range(60)]
    alone = [rules.decide(a, as_of=AS_OF).outcome for a in accounts]
    found: dict[int, list[Any]] = {}

    def work(number_: int) -> None:
        found[number_] = [rules.decide(a, as_of=AS_OF, engine="durable").outcome for a in accounts]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(6), alone)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forks() -> None:
    """A child goes on with the working memories that it got, and the parent with its own."""
    program = f'''
import os
from datetime import date
import samrules
rules = samrules.loads("""ruleset: r
version: 1.0.0
facts: {{{FACTS}}}
rules: {{a: {{when: '{RULES}', then: {{d: go}}}}}}
decide: {{d: {{outcomes: [go, stay], otherwise: stay}}}}""")
def decide():
    return [rules.decide({{"account_id": "A", "x": x, "y": False, "z": "a"}}, as_of=date(2026, 11, 21), engine="durable").outcome
            for x in range(20)]
before = decide()
children = []
for _ in range(3):
    pid = os.fork()
    if not pid:
        os._exit(0 if decide() == before else 1)
    children.append(pid)
assert decide() == before
assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
'''
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system does not tell its resident memory")
def test_memory_is_flat() -> None:
    rules = ruleset(RULES, FACTS)
    plan = rules._plan

    def pages(count: int) -> int:
        for i in range(count):
            durable.entail(plan, {"account_id": f"A{i}", "x": float(i), "z": f"text {i}"}, AS_OF)
        return int(Path("/proc/self/statm").read_text().split()[1])

    first = pages(2000)
    assert pages(6000) < first * 1.02


def test_rulesets_are_given_back() -> None:
    """Only so many programs are kept, and thrown away ones are freed."""
    for i in range(durable._KEPT + 8):
        assert outcome(ruleset(f"x > {i}", "x: {type: number}"), x=1000) == "go"
    assert len(durable._compiled) <= durable._KEPT


# --- its own errors ------------------------------------------------------------------------------


def test_a_ruleset_too_large_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = ruleset("x > 1 and x > 2 and y", FACTS)
    monkeypatch.setattr("samrules.engines.durable_network.MOST_RULES", 1)
    with pytest.raises(EngineError, match="cannot run `r`: the ruleset becomes") as caught:
        outcome(rules, x=1)
    assert caught.value.diagnostics[0].code == "engine-limit"


def test_a_lost_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were durable_rules to lose a rule, nothing would be decided on the rest."""
    rules = ruleset("x and y", "x: {type: boolean}, y: {type: boolean}")
    code = durable.compiled(rules._plan, {})
    code.__dict__["rules"] = ",".join(code.program.network.rules[1:])
    with pytest.raises(FenceBroken, match="nothing was concluded on gate 0"):
        outcome(rules, x=True, y=True)
    durable.forget()


def test_a_disagreement_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What durable entailed and what the trace says are never mixed."""
    rules = ruleset("x", "x: {type: boolean}")
    entail = durable.entail
    monkeypatch.setattr(durable, "entail", lambda *a: {name: not value for name, value in entail(*a).items()})
    with pytest.raises(FenceBroken, match="on the account A: `r:a` is False and by the trace True"):
        outcome(rules, x=True)


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> None:
        raise ModuleNotFoundError(name)

    def unresolved(name: str) -> None:
        raise ImportError("durable_rules_engine.so: undefined symbol: PyEval_CallObject")

    monkeypatch.setattr(durable_fence, "importlib", SimpleNamespace(import_module=gone))
    with pytest.raises(EngineError, match="the package `durable-rules` is not installed") as caught:
        ruleset("x", "x: {type: boolean}").decide({"account_id": "A"}, as_of=AS_OF, engine="durable")
    assert "use the engine `interpreter`" in str(caught.value)
    monkeypatch.setattr(durable_fence, "importlib", SimpleNamespace(import_module=unresolved))
    with pytest.raises(EngineError, match="PyEval_CallObject") as caught:
        durable_fence.engine()
    assert "CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject" in str(caught.value)


def test_every_number_of_the_interpreter_is_there() -> None:
    """All steps, not only the rules: names and values are those of the view."""
    plan = samrules.load("strategic_score")._plan
    facts: dict[str, Value] = {"account_id": "A", "revenue_ttm": 2e6}
    seen = view(plan, facts, AS_OF)
    found = durable.entail(plan, facts, AS_OF)
    assert list(found) == [s.name for s in plan.steps]
    assert all(durable.alike(found[name], trace.value) for name, trace in seen.steps.items())
    assert parameters_at(plan, AS_OF)

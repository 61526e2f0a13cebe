"""Exported DMN, decided by what is not ours: the reader dmn-moddle and the FEEL interpreter feelin, on Node."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samrules
from samrules.authoring.cases import Case
from samrules.authoring.read_cases import read_cases
from samrules.decision.trace import Trace
from samrules.engines.interpreter import View, all_of, view
from samrules.engines.measures import NO_RECORD, Record, measured
from samrules.engines.outcome import Judged, at_review, judged
from samrules.exchange.dmn_write import written
from samrules.exchange.export import Exported, export
from samrules.model import expressions as ex
from samrules.model.types import Duration
from samrules.plan.planner import plan_of_all
from samrules.rules import Rules
from tests import strategies as some
from tests.required import missing

ROOT = Path(__file__).parent.parent
CASES = sorted(p.name.removesuffix(".cases.yaml") for p in (ROOT / "rulesets" / "cases").glob("*.yaml"))
DECIDED_TOGETHER = {"portfolio"}


@functools.cache
def node() -> tuple[str, Path]:
    """Node and the folder with its packages: that of SAMRULES_DMN, else `tests/dmn`. Skips without them."""
    program = shutil.which("node")
    folder = Path(os.environ.get("SAMRULES_DMN", Path(__file__).parent / "dmn"))
    if program is None:
        missing("dmn", "there is no Node to try the exported files with")
    if not (folder / "node_modules" / "feelin").is_dir():
        missing("dmn", "`npm install` was not run in `tests/dmn`")
    assert program is not None
    return program, folder


def elsewhere(text: str, accounts: Sequence[Mapping[str, Any]], tmp_path: Path) -> list[dict[str, Any]]:
    """The values of all decisions of a DMN file, for each account."""
    program, folder = node()
    script = tmp_path / "engine.mjs"
    script.write_text((Path(__file__).parent / "dmn" / "engine.mjs").read_text())
    if not (tmp_path / "node_modules").exists():
        (tmp_path / "node_modules").symlink_to((folder / "node_modules").resolve())
    file = tmp_path / "model.dmn"
    file.write_text(text)
    asked = json.dumps({"file": str(file), "accounts": accounts})
    run = subprocess.run([program, str(script)], input=asked, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout)
    assert [c for a in answers for c in a["complaints"]] == []
    return [a["found"] for a in answers]


@attrs.frozen
class Seen:
    """An account as the interpreter sees it, and as another engine is given it."""

    at: View
    judged: Judged | None
    given: dict[str, Any]


def seen(rules: Rules, exported: Exported, facts: Mapping[str, Any], day: date, history: Any = (), record: Any = None) -> Seen:
    plan = plan_of_all(rules.checked)
    record = record if record is not None else NO_RECORD
    now = measured(plan, facts, record, day)
    at = view(plan, now.facts, day, [(d, at_review(plan, known, record, d)) for d, known in history])
    decision = judged(plan.decision, at) if plan.decision is not None else None
    given = {name: plain(now.facts.get(fact)) for fact, name in exported.facts.items()}
    given["as_of"] = day.isoformat()
    traces = {t.expr: t for s in at.steps.values() for t in below(s)} if exported.held else {}
    given |= {name: earlier(traces[node]) for node, name in exported.held.items()}
    return Seen(at, decision, given)


def below(trace: Trace) -> Iterator[Trace]:
    """What must be sustained in a step, without the steps it names: they are seen by themselves."""
    if isinstance(trace.expr, ex.Held):
        yield trace
    elif not isinstance(trace.expr, ex.Name):
        for part in trace.parts:
            yield from below(part)


def earlier(trace: Trace) -> bool | None:
    """What the earlier reviews say of a condition that must be sustained."""
    assert isinstance(trace.expr, ex.Held)
    reviews = [p.value for p in trace.parts]
    if trace.value is False and all_of(reviews) is not False:
        return False  # too few
    return all_of(reviews[1:])


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def near(found: Any, expected: Any) -> bool:
    if isinstance(expected, Duration):
        return found in (f"P{expected.months}M", f"P{expected.days}D", f"P{expected.months // 12}Y")
    if isinstance(expected, float | int) and not isinstance(expected, bool) and isinstance(found, float | int):
        return abs(found - expected) <= 1e-9 * max(1.0, abs(expected))
    return bool(found == plain(expected))


def agree(exported: Exported, one: Seen, found: Mapping[str, Any]) -> list[str]:
    """Where the other engine's decisions differ from the interpreter's: steps, possible, settled, outcome, outputs."""
    differ = [f"{step}: {found[name]!r}, not {one.at.value(step)!r}" for step, name in exported.steps.items()
              if not near(found[name], one.at.value(step))]
    if one.judged is None:
        return differ
    verdict = one.judged.verdict
    outcome = list(verdict.outcome) if isinstance(verdict.outcome, tuple) else verdict.outcome
    for key, expected in (("possible", list(verdict.possible)), ("settled", verdict.settled), ("outcome", outcome)):
        if found[key] != expected:
            differ.append(f"{key}: {found[key]!r}, not {expected!r}")
    for output, name in exported.outputs.items():
        value = one.judged.outputs.get(output)
        if not near(found[name], value[0] if value is not None else None):
            differ.append(f"output {output}: {found[name]!r}, not {value!r}")
    return differ


@pytest.mark.parametrize("name", [n for n in CASES if n not in DECIDED_TOGETHER])
def test_bundled_rulesets_decide_alike_elsewhere(name: str, tmp_path: Path) -> None:
    """All cases of all bundled rulesets that decide one account: each step, each score, the outcome, the outputs."""
    file = read_cases(ROOT / "rulesets" / "cases" / f"{name}.cases.yaml")
    by_day: dict[date, list[Case]] = {}
    for case in file.cases:
        by_day.setdefault(case.as_of, []).append(case)
    differ: list[str] = []
    for day, cases in by_day.items():
        exported = export(file.rules.checked, day)
        accounts = [seen(file.rules, exported, c.facts, day, c.history, Record(c.events, c.recorded)) for c in cases]
        answers = elsewhere(written(exported.model), [a.given for a in accounts], tmp_path)
        for case, account, answer in zip(cases, accounts, answers, strict=True):
            differ += [f"{case.name}: {d}" for d in agree(exported, account, answer)]
    assert differ == []


ORDINARY = some.accounts().filter(lambda f: all(
    not isinstance(v, int | float) or (v == 0 or 1e-6 < abs(v) < 1e12) for v in f.values())
    and all(date(2000, 1, 1) < v for v in f.values() if isinstance(v, date)))
"""What is promised elsewhere: no numbers that only doubles or 64 bits hold, no dates at the end of the calendar."""


@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(some.rulesets(monotone=False), st.lists(st.tuples(ORDINARY, some.histories()), min_size=4, max_size=4))
def test_random_rulesets_decide_alike_elsewhere(tmp_path_factory: pytest.TempPathFactory, case: some.Case, accounts: list[Any]) -> None:
    """Every operator, construct and hit policy, with missing values; and tables, where nothing is missing."""
    rules = samrules.loads(case.text)
    exported = export(rules.checked, some.AS_OF)
    views = []
    for facts, history in accounts:
        checked = rules.check_account(facts, None, None, history, some.AS_OF)
        views.append(seen(rules, exported, checked.facts, some.AS_OF, checked.history))
    answers = elsewhere(written(exported.model), [v.given for v in views], tmp_path_factory.mktemp("random"))
    differ = [d for v, answer in zip(views, answers, strict=True) for d in agree(exported, v, answer)]
    assert differ == []


TABLE = """
ruleset: served
version: 1.0.0
facts: {kind: {type: "enum [a, b, c]"}, size: {type: integer}, since: {type: date}, flag: {type: boolean}}
tables:
  serve:
    inputs: [kind, size, since, flag]
    rows:
      - {when: ['"a", "b"', "[2..4]", ">= 2024-01-01", "true"], then: {model: dedicated, visits: 12}}
      - {when: ['!= "c"', "> 4", "-", "is known"], then: {model: pooled}}
      - {when: ['"c"', "< 2", "-", "false"], then: {model: dedicated}}
      - {when: ["-", "3", "-", "-"], then: {model: light, visits: 1}}
decide: {model: {outcomes: [dedicated, pooled, light], hit_policy: POLICY, otherwise: light}}
"""


@pytest.mark.parametrize("policy", ["first", "priority", "unique", "collect"])
def test_a_table_decides_where_all_is_known(policy: str, tmp_path: Path) -> None:
    """The table itself, read by an engine that knows nothing of the decisions beside it."""
    rules = samrules.loads(TABLE.replace("POLICY", policy))
    exported = export(rules.checked, some.AS_OF)
    accounts = [{"kind": k, "size": n, "since": date(y, 6, 1), "flag": f}
                for k in "abc" for n in (1, 2, 3, 5) for y in (2023, 2025) for f in (True, False)]
    shown = [{name: plain(v) for name, v in a.items()} for a in accounts]
    answers = elsewhere(written(exported.model), shown, tmp_path)
    for account, answer in zip(accounts, answers, strict=True):
        decision = rules.decide({"account_id": "A", **account}, as_of=some.AS_OF)
        table = answer["table_serve"]
        if policy == "collect":
            assert ({r["model"] for r in table} or {"light"}) == set(decision.outcome)
        elif "several" not in table:
            assert table["model"] == decision.outcome
        else:  # two rows hold, which is no matter to samrules where they agree
            assert policy == "unique"
            assert decision.outcome == "conflict" or len({r["model"] for r in table["several"]}) == 1


def test_what_decides_accounts_together_is_refused_by_name() -> None:
    with pytest.raises(samrules.errors.OutputError, match="cannot hold the section `portfolio`"):
        export(samrules.load("portfolio").checked, date(2026, 11, 21))

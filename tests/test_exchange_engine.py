"""Exported DMN, decided by what is not ours: Drools, a whole engine, and the FEEL interpreter feelin."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samrules
from samrules.authoring.cases import Case
from samrules.authoring.read_cases import read_cases
from samrules.decision.trace import Trace
from samrules.engines.interpreter import View, all_of, view
from samrules.engines.measures import NO_RECORD, Record, measured
from samrules.engines.outcome import Judged, at_review, judged
from samrules.exchange.dmn_model import VERSIONS
from samrules.exchange.dmn_write import written
from samrules.exchange.export import Exported, export
from samrules.model import expressions as ex
from samrules.model.types import Duration
from samrules.plan.planner import plan_of_all
from samrules.rules import Rules
from tests import strategies as some
from tests.dmn_engines import Drools, Engine, Feelin, drools, packages
from tests.test_corpus import GOOD
from tests.test_corpus import cases as cases_of

ROOT = Path(__file__).parent.parent
CASES = sorted(p.name.removesuffix(".cases.yaml") for p in (ROOT / "rulesets" / "cases").glob("*.yaml"))
DECIDED_TOGETHER = {"portfolio"}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drools]:
    with drools(tmp_path_factory.mktemp("drools")) as engine:
        yield engine


@pytest.fixture(scope="session", params=["drools", "feelin"])
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Each of the engines that are not ours."""
    if request.param == "feelin":
        return Feelin(tmp_path_factory.mktemp("feelin"))
    engine: Drools = request.getfixturevalue("running")
    return engine


@functools.cache
def schema(version: str) -> xmlschema.XMLSchema:
    """The OMG's schema of DMN, as the makers of Drools ship it."""
    return xmlschema.XMLSchema(packages() / "@kie-tools" / "dmn-marshaller" / "src" / "schemas" / f"dmn-{version.replace('.', '_')}"
                               / f"DMN{version.replace('.', '')}.xsd")


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
        return found in (f"P{expected.months}M", f"P{expected.days}D", f"PT{expected.days * 24}H", f"P{expected.months // 12}Y")
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


def differences(other: Engine, exported: Exported, accounts: Sequence[Seen]) -> list[str]:
    """Where another engine differs, or complains; but not of a table, which promises nothing where facts are missing or rows agree."""
    answers = other.decide(exported.model, [a.given for a in accounts])
    differ = [c for a in answers for c in a.complaints if "decision table 'table_" not in c]
    return differ + [d for seen, a in zip(accounts, answers, strict=True) for d in agree(exported, seen, a.found)]


@pytest.mark.parametrize("name", [n for n in CASES if n not in DECIDED_TOGETHER])
def test_bundled_rulesets_decide_alike_elsewhere(name: str, other: Engine) -> None:
    """All cases of all bundled rulesets that decide one account: each step, each score, the outcome, the outputs."""
    file = read_cases(ROOT / "rulesets" / "cases" / f"{name}.cases.yaml")
    by_day: dict[date, list[Case]] = {}
    for case in file.cases:
        by_day.setdefault(case.as_of, []).append(case)
    differ: list[str] = []
    for day, cases in by_day.items():
        exported = export(file.rules.checked, day)
        differ += differences(other, exported, [
            seen(file.rules, exported, c.facts, day, c.history, Record(c.events, c.recorded)) for c in cases])
    assert differ == []


def exportable(path: Path) -> Exported:
    """A file of the corpus, exported; skips where DMN cannot hold it, or no parameter counts yet."""
    try:
        return export(samrules.load(path).checked, some.AS_OF)
    except (samrules.errors.OutputError, samrules.errors.FactError) as error:
        pytest.skip(error.diagnostics[0].message)


DIFFERENT = {"integer_edges": "integers beyond 2**53", "overflow": "a double that overflows", "age_first_day_of_the_calendar": "before the year 1"}
"""Where numbers and dates are others elsewhere, as docs/exchange.md says."""


@pytest.mark.parametrize("path", [p for p in GOOD if p.stem not in DIFFERENT], ids=lambda p: p.stem)
def test_the_corpus_decides_alike_in_drools(path: Path, running: Drools) -> None:
    """Each construct of the language by itself: all accounts of the corpus that are no error."""
    rules = samrules.load(path)
    exportable(path)
    for case in cases_of(path):
        if "error" in case.expected:
            continue
        exported = export(rules.checked, case.as_of)
        checked = rules.check_account(case.facts, case.events, None, case.history, case.as_of)
        account = seen(rules, exported, checked.facts, case.as_of, checked.history, checked.record)
        assert differences(running, exported, [account]) == [], case.facts


@pytest.mark.parametrize("source", [*(n for n in CASES if n not in DECIDED_TOGETHER), *GOOD], ids=lambda s: s if isinstance(s, str) else s.stem)
def test_files_are_valid(source: str | Path, running: Drools) -> None:
    """By the OMG's schema, in both versions; and Drools, which checks types and expressions as well, finds no error."""
    exported = exportable(source) if isinstance(source, Path) else export(samrules.load(source).checked, some.AS_OF)
    for version in VERSIONS:
        assert [str(e) for e in schema(version).iter_errors(written(exported.model, version))] == []
    found = running.validated(written(exported.model))
    if isinstance(source, str):
        assert found == []
    assert [f for f in found if not f.startswith(("WARN DECISION_TABLE_", "INFO DECISION_TABLE_"))] == []  # advice: gaps, other hit policies


def test_the_schema_is_one_that_refuses() -> None:
    text = written(export(samrules.load("health").checked, some.AS_OF).model)
    assert list(schema("1.5").iter_errors(text.replace("<literalExpression", "<literal").replace("</literalExpression", "</literal")))
    assert list(schema("1.3").iter_errors(text))


ORDINARY = some.accounts().filter(lambda f: all(
    not isinstance(v, int | float) or (v == 0 or 1e-6 < abs(v) < 1e12) for v in f.values())
    and all(date(2000, 1, 1) < v for v in f.values() if isinstance(v, date)))
"""What is promised elsewhere: no numbers that only doubles or 64 bits hold, no dates at the end of the calendar."""


@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(some.rulesets(monotone=False), st.lists(st.tuples(ORDINARY, some.histories()), min_size=4, max_size=4))
def test_random_rulesets_decide_alike_elsewhere(other: Engine, case: some.Case, accounts: list[Any]) -> None:
    """Every operator, construct and hit policy, with missing values; and tables, where nothing is missing."""
    rules = samrules.loads(case.text)
    exported = export(rules.checked, some.AS_OF)
    views = []
    for facts, history in accounts:
        checked = rules.check_account(facts, None, None, history, some.AS_OF)
        views.append(seen(rules, exported, checked.facts, some.AS_OF, checked.history))
    assert differences(other, exported, views) == []


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
@pytest.mark.parametrize("outputs", [1, 2])
def test_a_table_decides_where_all_is_known(policy: str, outputs: int, other: Engine) -> None:
    """The table itself, its order and its hit policy; it knows nothing of the decisions beside it."""
    text = TABLE.replace("POLICY", policy)
    rules = samrules.loads(text if outputs == 2 else re.sub(r", visits: \d+", "", text))
    exported = export(rules.checked, some.AS_OF)
    accounts = [{"kind": k, "size": n, "since": date(y, 6, 1), "flag": f}
                for k in "abc" for n in (1, 2, 3, 5) for y in (2023, 2025) for f in (True, False)]
    shown = [{name: plain(v) for name, v in a.items()} for a in accounts]
    outcomes = set()
    for account, answer in zip(accounts, other.decide(exported.model, shown), strict=True):
        decision = rules.decide({"account_id": "A", **account}, as_of=some.AS_OF)
        found = answer.found["table_serve"]
        if len(decision.fired) > 1 and policy == "unique":  # in samrules no matter where the rows agree
            assert (isinstance(found, dict) and "several" in found) or (found is None and any("UNIQUE" in c for c in answer.complaints))
            continue
        if isinstance(other, Drools) and outputs == 2 and policy != "collect" and not decision.fired:
            # it takes defaults only where all outputs have one, and cannot take null for one
            assert found is None and "no default values were defined" in answer.complaints[0]
            continue
        assert answer.complaints == []
        rows = found if isinstance(found, list) else [found]
        given = [r["model"] if outputs == 2 else r for r in rows]
        if policy == "collect":
            assert (set(given) or {"light"}) == set(decision.outcome)
        else:
            assert given == [decision.outcome]
            visits = decision.outputs.get("visits", (None, None))[0]
            assert outputs == 1 or rows[0].get("visits") == visits
        outcomes |= set(given)
    assert outcomes == {"dedicated", "pooled", "light"}


def test_what_decides_accounts_together_is_refused_by_name() -> None:
    with pytest.raises(samrules.errors.OutputError, match="cannot hold the section `portfolio`"):
        export(samrules.load("portfolio").checked, date(2026, 11, 21))

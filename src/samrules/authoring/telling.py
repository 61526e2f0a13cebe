"""What the cases came to, in words: for the command line and for pytest alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from samrules.authoring.aims import Level
from samrules.authoring.cases import Case, CasesFile
from samrules.authoring.covering import Covering, Gap
from samrules.authoring.killing import Trial, Trials
from samrules.authoring.missed import missed
from samrules.authoring.run_cases import CaseResult
from samrules.authoring.search import changes
from samrules.decision.decision import Decision, as_json
from samrules.decision.words import listed
from samrules.diagnostics import Span
from samrules.inputs.facts import ID
from samrules.model.types import Value
from samrules.rules import Rules
from samrules.syntax.case_values import changed_text


def failure(result: CaseResult, rules: Rules) -> str:
    """A case that failed: each difference with its line, then what was decided and why, and what was missed by how much."""
    lines = [f"{result.case.name}   ({place(result.case.span)})"]
    if result.case.says:
        lines.append(f"    {result.case.says}")
    lines += [f"  line {d.span.line}: {d.says}" for d in result.differences]
    if result.decision is not None:
        lines += [f"  {text}" for text in (*why(result.decision), *missed(result, rules.plan))]
    return "\n".join(lines)


def why(decision: Decision) -> Iterator[str]:
    """What was decided, with the sentences of the rules that gave it, or what is missing."""
    outcome = decision.outcome if isinstance(decision.outcome, str) else listed(list(decision.outcome)) or "none"
    if not decision.settled:
        yield f"decided: {outcome}; {listed(list(decision.possible), 'or')} is possible"
        if decision.deciding_unknowns:
            yield f"    for want of {listed([f'`{f}`' for f in decision.deciding_unknowns[:5]])}"
        return
    given = [decision.outcome] if isinstance(decision.outcome, str) else list(decision.outcome)
    holding = [r for r in decision.rules if r.truth is True and r.outcome in given]
    if not holding:
        yield f"decided: {outcome}, as no rule holds"
        return
    yield f"decided: {outcome}, because"
    for rule in holding:
        yield f"    {rule.because or rule.title} (`{rule.name}`)"


def place(span: Span | None) -> str:
    return f"{span.file}:{span.line}" if span is not None and span.file else f"line {span.line}" if span is not None else ""


def summary(name: str, results: tuple[CaseResult, ...]) -> str:
    failed = sum(not r.passed for r in results)
    cases = f"{len(results)} case" + ("s" if len(results) != 1 else "")
    return f"{name}: {cases} passed" if not failed else f"{name}: {failed} of {cases} failed"


MEANT = "Is the change meant? Then change the cases; if not, the rules."
"""What to ask where a case failed."""


# --- coverage ------------------------------------------------------------------------------------


_LEVELS = {Level.RULE: "rules", Level.BRANCH: "branches", Level.CONDITION: "conditions"}


def coverage_told(file: CasesFile, found: Covering) -> Iterator[str]:
    """The shares at each level, then every gap with its reason and an account, then wrong excuses."""
    shares = [f"{_LEVELS[level]} {count.shown} of {count.ways} ({percent(count.share)})" for level, count in found.counts.items()]
    yield f"{found.ruleset}: shown are {', '.join(shares)}"
    for gap in found.gaps:
        yield ""
        yield f"  no case shows {gap.aim.says}   ({place(gap.aim.span)})"
        yield f"    why: {gap.why}"
        if gap.found is not None:
            yield f"    {account_told(file.rules, gap)}"
    for complaint in found.complaints:
        yield ""
        yield f"  {complaint}"


def account_told(rules: Rules, gap: Gap) -> str:
    """The account that would show it, as a change to the case that it came from."""
    found = gap.found
    assert found is not None
    if found.account is None:
        return f"no account that would was found among {found.tried} tried; there may be one all the same"
    assert found.like is not None
    return f"this account would: {moved_from(rules, found.like, found.account)}"


def moved_from(rules: Rules, old: Case, new: Case) -> str:
    """A generated account as a change to the case that it came from."""
    changed = changes(rules, old, new)
    parts = [f"as in `{old.name}`"] + ([f"on {new.as_of}"] if new.as_of != old.as_of else [])
    parts += ([f"with {changed_text(changed, rules.facts)}"] if changed else [])
    if new.history != old.history:
        parts += [_review(rules, new, day, facts) for day, facts in new.history] or ["without earlier reviews"]
    return ", ".join(parts)


def _review(rules: Rules, account: Case, day: date, facts: Mapping[str, Value]) -> str:
    but: dict[str, Value | None] = {n: facts.get(n) for n in rules.facts if n != ID and facts.get(n) != account.facts.get(n)}
    return f"on {day} the same" + (f" but {changed_text(but, rules.facts)}" if but else "")


def percent(share: float) -> str:
    """Rounded down, so that 100% is all."""
    tenths = int(share * 1000) / 10
    return f"{tenths:.1f}%".replace(".0%", "%")


# --- mutants -------------------------------------------------------------------------------------


def mutants_told(file: CasesFile, found: Trials) -> Iterator[str]:
    yield f"{found.ruleset}: {found.killed} of {len(found.trials)} mutants killed ({percent(found.share)})"
    for trial in found.trials:
        if not trial.killed:
            yield ""
            yield f"  alive: `{trial.mutant.of}`, {trial.mutant.says}   ({place(trial.mutant.span)})"
            yield f"    {survival(file, trial)}"


def survival(file: CasesFile, trial: Trial) -> str:
    """Why a mutant lives, and what would kill it."""
    if trial.noticed is not None:
        return f"in `{trial.noticed}` {trial.differs}, and the case does not expect it"
    if trial.apart is not None:
        seed = next(c for c in file.cases if c.name == trial.apart.name)
        return f"no case tells it apart; {moved_from(file.rules, seed, trial.apart)}, {trial.differs}"
    return f"no account tells it apart, of {trial.tried} tried at the thresholds and on both sides of them"


# --- for other programs --------------------------------------------------------------------------


def as_data(file: CasesFile, results: tuple[CaseResult, ...], covered: Covering | None, trials: Trials | None) -> dict[str, Any]:
    """All of it as plain data, for JSON."""
    found: dict[str, Any] = {
        "file": file.file,
        "ruleset": file.rules.name,
        "digest": file.rules.digest,
        "cases": [_case(r, file.rules) for r in results],
    }
    if covered is not None:
        found["coverage"] = {
            **{_LEVELS[level]: {"shown": c.shown, "ways": c.ways} for level, c in covered.counts.items()},
            "gaps": [_gap(file, gap) for gap in covered.gaps],
            "excuses": list(covered.complaints),
        }
    if trials is not None:
        found["mutants"] = {
            "killed": trials.killed,
            "all": len(trials.trials),
            "alive": [{"in": t.mutant.of, "fault": t.mutant.fault.value, "says": t.mutant.says, "at": place(t.mutant.span),
                       "why": survival(file, t)} for t in trials.trials if not t.killed],
        }
    return found


def _case(result: CaseResult, rules: Rules) -> dict[str, Any]:
    found: dict[str, Any] = {"case": result.case.name, "line": result.case.span.line, "passed": result.passed,
                             "differences": [{"line": d.span.line, "says": d.says} for d in result.differences]}
    if not result.passed and result.decision is not None:
        found["why"] = [text.strip() for text in (*why(result.decision), *missed(result, rules.plan))]
    return found


def _gap(file: CasesFile, gap: Gap) -> dict[str, Any]:
    found: dict[str, Any] = {"level": gap.aim.level.value, "of": gap.aim.of, "says": gap.aim.says,
                             "at": place(gap.aim.span), "why": gap.why}
    if gap.found is not None:
        account = gap.found.account
        found["tried"] = gap.found.tried
        found["account"] = None if account is None else {
            "like": account.name, "as_of": account.as_of.isoformat(),
            "facts": {n: as_json(v) for n, v in account.facts.items() if n != ID},
            "changed": {n: as_json(v) for n, v in changes(file.rules, gap.found.like, account).items()} if gap.found.like else {},
            "history": [{"review_date": day.isoformat(), **{n: as_json(v) for n, v in facts.items() if n != ID}}
                        for day, facts in account.history],
        }
    return found

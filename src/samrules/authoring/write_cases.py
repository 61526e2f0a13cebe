"""Generated accounts as cases that can be put into a file: a base, the facts that differ, what is decided now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samrules.authoring.boundaries import Boundary
from samrules.authoring.cases import Case, CasesFile
from samrules.authoring.run_cases import run_case
from samrules.inputs.facts import ID
from samrules.model.types import Value
from samrules.rules import Rules
from samrules.syntax.case_values import changed_text, quoted, value_text


def case_text(file: CasesFile, account: Case, name: str, remark: str = "") -> str:
    """A case of a file, in YAML, that expects what is decided now; indented as under `cases:`."""
    rules = file.rules
    base: dict[str, Value | None] = {}
    for one in account.base:
        base |= file.bases.get(one, {})
    lines = [f"  {quoted(name)}:"]
    if remark:
        lines.append(f"    # {remark}")
    lines.append(f"    as_of: {account.as_of}")
    if account.base:
        lines.append(f"    base: {account.base[0]}" if len(account.base) == 1 else f"    base: [{', '.join(account.base)}]")
    facts = _differing(account.facts, base)
    if facts:
        lines.append(f"    facts: {changed_text(facts, rules.facts)}")
    lines += _more(account, base, rules, "    ")
    if account.others:
        lines.append("    others:")
        for other in account.others:
            known = {n: v for n, v in other.facts.items() if n != ID}
            lines.append(f"      {quoted(str(other.facts[ID]))}:")
            lines.append(f"        facts: {changed_text(known, rules.facts)}")
            lines += _more(other, {}, rules, "        ")
    lines += _expected(rules, account)
    return "\n".join(lines) + "\n"


def _differing(facts: Mapping[str, Value], base: Mapping[str, Value | None]) -> dict[str, Value | None]:
    found: dict[str, Value | None] = {n: v for n, v in facts.items() if n != ID and (n not in base or base[n] != v)}
    return found | {n: None for n, v in base.items() if v is not None and n not in facts and n != ID}


def _more(account: object, base: Mapping[str, Value | None], rules: Rules, indent: str) -> list[str]:
    lines = []
    events, recorded, history = (getattr(account, key) for key in ("events", "recorded", "history"))
    if events:
        lines.append(f"{indent}events:")
        for event in events:
            fields = {f.name: f for f in rules.events[event.type].fields}
            given = {n: v for n, v in event.fields.items() if v is not None}
            more = "".join(f", {n}: {value_text(v, fields.get(n))}" for n, v in given.items() if n in fields)
            lines.append(f"{indent}  - {{event: {event.type}, date: {event.day}{more}}}")
    silent = sorted(recorded - {e.type for e in events})
    if silent:
        lines.append(f"{indent}recorded: [{', '.join(silent)}]")
    if history:
        lines.append(f"{indent}history:")
        for day, facts in history:
            known = _differing(facts, base)
            more = "".join(f", {n}: {value_text(v, rules.facts.get(n))}" for n, v in known.items())
            lines.append(f"{indent}  - {{review_date: {day}{more}}}")
    return lines


def _expected(rules: Rules, account: Case) -> list[str]:
    decision = run_case(rules, account).decision
    if decision is None:
        return ["    # it cannot be decided", "    expect: {settled: no}"]
    outcome = decision.outcome if isinstance(decision.outcome, str) else f"[{', '.join(decision.outcome)}]"
    lines = ["    expect:", f"      outcome: {outcome}"]
    if not decision.settled:
        lines.append(f"      possible: [{', '.join(decision.possible)}]")
    fired = [r.name for r in decision.rules if r.truth is True]
    unknown = [r.name for r in decision.rules if r.truth is None]
    lines += [f"      {key}: [{', '.join(names)}]" for key, names in (("fired", fired), ("unknown", unknown)) if names]
    outputs = {n: v for n, (v, _) in decision.outputs.items() if v is not None}
    if outputs:
        lines.append("      outputs: {" + ", ".join(f"{n}: {_output(v)}" for n, v in outputs.items()) + "}")
    return lines


def _output(value: Value) -> str:
    if isinstance(value, str):
        return value if value.replace("_", "a").isidentifier() and value not in ("yes", "no", "true", "false") else quoted(value)
    return value_text(value, None)


def suggestions(file: CasesFile, found: Sequence[Boundary]) -> str:
    """The boundary accounts at which no case stands, as cases; and how many a case stands at already."""
    shown = sum(b.shown_by is not None for b in found)
    lines = [f"# {file.rules.name}: {len(found)} accounts at thresholds, {shown} of them cases of {file.file} already.",
             "# What follows expects what is decided now. Read each: is it meant? Then put it under `cases:` of that file.",
             "cases:"]
    names = {case.name for case in file.cases}
    for boundary in found:
        if boundary.shown_by is not None:
            continue
        value = value_text(boundary.value, file.rules.facts[boundary.fact])
        name = f"{boundary.fact} {value}, {boundary.side} the threshold of {boundary.unit}"
        while name in names:
            name += " again"
        names.add(name)
        holds = "unknown" if boundary.holds is None else "true" if boundary.holds else "false"
        lines.append(case_text(file, boundary.account, name,
                               f"as in \"{boundary.account.name}\"; there `{boundary.condition}` is {holds}").rstrip("\n"))
    return "\n".join(lines if names - {c.name for c in file.cases} else lines[:1]) + "\n"

"""`samrules new`: a project for a ruleset of one's own, which passes its own checks from the first minute.

The files are templates in the folder `project`, in which RULESET stands for the name.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from samrules.authoring.cases import Case, OutcomeIs
from samrules.authoring.cases_schema import cases_schema
from samrules.authoring.read_cases import read_cases
from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.errors import OutputError, RulesetError
from samrules.inputs.facts import ID
from samrules.model.ruleset import Ruleset
from samrules.model.types import Kind, Value
from samrules.rules import load
from samrules.syntax.formatter import format_text
from samrules.syntax.library import SOURCES, SUFFIX, bundled_folder, bundled_names
from samrules.syntax.literals import constant_text, plain_number
from samrules.syntax.schema import ruleset_schema
from samrules.syntax.values import NAME

_TEMPLATES = Path(__file__).parent / "project"
_COMPANY, _MOST_ACCOUNTS = "company_facts", 8
_PLACES = {
    "ruleset.yaml": "{}.yaml", "cases.yaml": "cases/{}.cases.yaml", "company_facts.yaml": "company_facts.yaml", "sources.yaml": "sources.yaml",
    "accounts.csv": "examples/accounts.csv", "README.md": "README.md", "workflow.yml": ".github/workflows/rules.yml",
    "pre-commit-config.yaml": ".pre-commit-config.yaml", "editorconfig": ".editorconfig",
}
"""Where each template goes in a project."""


def create(folder: Path, version: str, base: str | None = None) -> list[str]:
    """Write a project into a new or an empty folder, whole or not at all; the paths written, sorted.

    `base` is a bundled ruleset that the new one extends; `version` the samrules that the project asks for.
    Raises OutputError where the folder is not to be had, RulesetError where the base is not.
    """
    name = ruleset_name(folder)
    files = project_files(name, version) if base is None else overlay_files(name, version, base)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError([Diagnostic("folder-not-empty", f"`{folder}` is there already, and not empty",
                                          "give the name of a new folder", where=str(folder))])
        _write(folder, files)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError([Diagnostic("cannot-write", f"cannot create the project: {reason}",
                                      "give a folder in one that you may write to", where=str(folder))]) from None
    return sorted(files)


def repository_around(folder: Path) -> Path | None:
    """The Git repository that a project lies in without being its root; hooks and commits would go there."""
    place = folder.resolve()
    if (place / ".git").exists():
        return None
    return next((above for above in place.parents if (above / ".git").exists()), None)


def ruleset_name(folder: Path) -> str:
    """The name of the ruleset in a folder: `Acme Rules` gives `acme_rules`. Raises OutputError."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    if not NAME.match(name):
        raise OutputError([Diagnostic("bad-name", f"`{folder.resolve().name}` gives no name for a ruleset",
                                      "name the folder with letters and digits, a letter first, such as `our_rules`", where=str(folder))])
    if name in (*bundled_names(), _COMPANY, Path(SOURCES).stem):
        raise OutputError([Diagnostic("bad-name", f"`{name}` is a name that samrules uses itself",
                                      f"name the folder otherwise, such as `our_{name}`", where=str(folder))])
    return name


def project_files(name: str, version: str) -> dict[str, str]:
    """The files of a project with a small ruleset of its own, by path."""
    also = f" {_COMPANY}{SUFFIX} {SOURCES}"
    about = (f"| `{_COMPANY}{SUFFIX}` | facts that your company has, and the bundled `account_facts` does not |\n"
             f"| `{SOURCES}` | what your rules rest on: each rule cites a passage |\n")
    words = {"FACTS": about, "ALSO": also, "RULESET": name}
    files = {place.format(name): _filled(template, words) for template, place in _PLACES.items()}
    return files | _common(version, name, [name, _COMPANY])


def overlay_files(name: str, version: str, base: str) -> dict[str, str]:
    """The files of a project whose ruleset extends a bundled one, by path. Raises RulesetError."""
    cases = bundled_folder() / "cases" / f"{base}.cases{SUFFIX}"
    if base not in bundled_names() or not cases.is_file():
        choice = [n for n in bundled_names() if (bundled_folder() / "cases" / f"{n}.cases{SUFFIX}").is_file()]
        raise RulesetError([Diagnostic("no-such-file", f"there is no bundled ruleset `{base}` with a decision",
                                       did_you_mean(base, choice, "rulesets"), where="--from")])
    rules = load(base)
    words = {"REPLACE": _example(rules.ruleset), "TITLE": json.dumps(f"{rules.title} at our company", ensure_ascii=False), "BASE": base, "FACTS": "", "ALSO": "", "RULESET": name}
    places = {t: p for t, p in _PLACES.items() if t not in ("ruleset.yaml", "cases.yaml", "company_facts.yaml", "sources.yaml", "accounts.csv")}
    files = {place.format(name): _filled(template, words) for template, place in places.items()}
    files[f"{name}{SUFFIX}"] = format_text(_filled("overlay.yaml", words).rstrip() + "\n", f"{name}{SUFFIX}")
    text = cases.read_text("utf-8")
    files[f"cases/{name}.cases{SUFFIX}"] = re.sub(rf"^ruleset: *{base}\b", f"ruleset: {name}", text, count=1, flags=re.MULTILINE)
    tried = read_cases(cases)
    files["examples/accounts.csv"] = _accounts(tried.cases, rules.together)
    return files | _common(version, name, [name])


def _example(base: Ruleset) -> str:
    """A threshold to be replaced, at first by itself."""
    if not base.parameters:
        return ""
    parameter = base.parameters[0]
    values = ", ".join(f"{v.since}: {_constant(v.value, parameter.type.kind)}" for v in parameter.values)
    return (f"\nreplace:\n  parameters:\n    {parameter.name}:\n      values: {{{values}}}\n"
            "      reason: As in the bundled ruleset so far. Set it to your own figure, and say here why.\n")


def _constant(value: Value, kind: Kind) -> str:
    return _figure(value) if kind is Kind.NUMBER and isinstance(value, float) else constant_text(value, kind)


def _figure(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else plain_number(value)


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = (_TEMPLATES / template).read_text("utf-8")
    for word, meant in words.items():
        text = text.replace(word, meant)
    return text


def _common(version: str, name: str, rulesets: Iterable[str]) -> dict[str, str]:
    major, minor, *_ = version.split(".")
    settings = {
        "yaml.schemas": {"./schema/ruleset.schema.json": [f"{r}{SUFFIX}" for r in rulesets],
                         "./schema/cases.schema.json": [f"cases/{name}.cases{SUFFIX}"]},
        "[yaml]": {"editor.tabSize": 2, "editor.insertSpaces": True},
    }
    return {
        "requirements.txt": _filled("requirements.txt", {"VERSIONS": f">={version},<{major}.{int(minor) + 1}"}),
        "schema/ruleset.schema.json": _json(ruleset_schema()),
        "schema/cases.schema.json": _json(cases_schema()),
        ".vscode/settings.json": _json(settings),
        ".vscode/extensions.json": _json({"recommendations": ["redhat.vscode-yaml"]}),
    }


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _accounts(cases: Iterable[Case], together: bool) -> str:
    """Accounts of the cases as a table; those that are decided together from one case, as they share settings."""
    given = list(cases)
    if together:
        crowd = next((c for c in given if c.others), given[0])
        rows = [crowd.facts, *(other.facts for other in crowd.others)]
    else:
        plain = [c for c in given if not c.events and not c.history] or given
        seen: set[object] = set()
        firsts: list[Mapping[str, Value]] = []  # one of each outcome, then the others
        rest: list[Mapping[str, Value]] = []
        for case in plain:
            outcome = next((e.outcome for e in case.expected if isinstance(e, OutcomeIs)), None)
            (rest if outcome is None or outcome in seen else firsts).append(case.facts)
            seen.add(outcome)
        rows = [*firsts, *rest]
    rows = rows[:_MOST_ACCOUNTS]
    columns = list(dict.fromkeys([ID, *(name for row in rows for name in row)]))
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return sink.getvalue()


def _cell(value: Value | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _figure(value) if isinstance(value, float) else str(value)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Everything is made beside, then moved; what was moved is taken back where the rest cannot be."""
    parent = folder.resolve().parent
    made = not folder.exists()
    with tempfile.TemporaryDirectory(dir=parent, prefix=".samrules-new-") as beside:
        for path, text in files.items():
            target = Path(beside) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        moved: list[Path] = []
        try:
            folder.mkdir(exist_ok=True)
            for entry in sorted(Path(beside).iterdir()):
                target = folder / entry.name
                if target.exists():  # it came in the meantime
                    raise FileExistsError(f"`{target}` has appeared")
                moved.append(target)
                entry.rename(target)
        except OSError:
            for target in moved:
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
            if made:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise

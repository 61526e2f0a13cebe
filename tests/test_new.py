"""`samrules new`: a project that passes its own checks at once, whole or not at all, never over anything."""

from __future__ import annotations

import csv
import json
import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from samrules import __version__
from samrules.authoring import scaffold
from samrules.authoring.coverage import coverage
from samrules.authoring.read_cases import read_cases
from samrules.authoring.run_cases import run_cases
from samrules.cli.main import cli
from samrules.errors import OutputError
from samrules.syntax.library import bundled_folder, bundled_names
from tests.test_schema import content, without_nulls

WITH_CASES = [n for n in bundled_names() if (bundled_folder() / "cases" / f"{n}.cases.yaml").is_file()]


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli, list(args))
    return result.exit_code, result.stdout, result.stderr


def files_of(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text("utf-8") for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    code, stdout, stderr = run("new", "our_rules")
    assert (code, stderr) == (0, "next: cd our_rules, then samrules check our_rules.yaml, then samrules test cases\n")
    folder = tmp_path / "our_rules"
    assert stdout.split() == sorted(f"our_rules/{path}" for path in files_of(folder))
    monkeypatch.chdir(folder)
    return folder


def test_it_passes_its_own_checks(project: Path) -> None:
    """Every command of its CI file, run in order, with nothing to say."""
    steps = re.findall(r"- run: samrules (.*)", (project / ".github/workflows/rules.yml").read_text())
    assert [step.split()[0] for step in steps] == ["check", "format", "test", "prove", "decide"]
    for step in steps:
        if step.split()[0] != "prove" or find_spec("z3") is not None:
            code, _, stderr = run(*step.split())
            assert code == 0, stderr
    file = read_cases(project / "cases/our_rules.cases.yaml")
    results = run_cases(file)
    assert [str(r) for r in results if not r.passed] == []
    assert coverage(file.rules, results, file.unreachable).complaints() == ()
    assert {r.decision.outcome for r in results if r.decision} == {"own_manager", "shared_manager", "inside_sales", "evidence_needed"}


def test_its_hooks_are_the_steps_of_its_ci(project: Path) -> None:
    hooks = YAML(typ="safe").load((project / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    steps = re.findall(r"- run: (samrules .*)", (project / ".github/workflows/rules.yml").read_text())
    assert [hook["entry"] for hook in hooks] == steps[:3]


def test_an_editor_finds_its_schemas(project: Path) -> None:
    """Each file that the settings name is there, and valid by the schema that they name for it."""
    settings = json.loads((project / ".vscode/settings.json").read_text())
    named = 0
    for schema, paths in settings["yaml.schemas"].items():
        validator = Draft202012Validator(json.loads((project / schema).read_text()))
        for path in paths:
            assert not list(validator.iter_errors(without_nulls(content(project / path))))
            named += 1
    assert named == 3
    assert run("schema")[1] == (project / "schema/ruleset.schema.json").read_text()
    assert run("schema", "--cases")[1] == (project / "schema/cases.schema.json").read_text()


def test_a_fact_renamed_in_company_facts_is_looked_for_there(project: Path) -> None:
    """And a slip in what is cited is shown where it stands."""
    facts, rules = project / "company_facts.yaml", project / "our_rules.yaml"
    facts.write_text(facts.read_text().replace("pays_late:", "overdue:"))
    _, stdout, _ = run("check", "our_rules.yaml")
    assert stdout.count("help: was it renamed or removed in `company_facts.yaml`? Else declare it under") == 2
    facts.write_text(facts.read_text().replace("overdue:", "pays_late:"))
    rules.write_text(rules.read_text().replace("[our_policy/close-work, our_policy/fair-dealing]", "[our_policy/close-work, our_policy/fair-daeling]"))
    _, stdout, _ = run("check", "our_rules.yaml")
    assert stdout.startswith("""\
our_rules.yaml:50:36: error[unknown-source]: no source has the passage `our_policy/fair-daeling`
      cites: [our_policy/close-work, our_policy/fair-daeling]
                                     ^^^^^^^^^^^^^^^^^^^^^^^
""")


def test_a_misspelt_column_is_told_again_below_the_table(project: Path) -> None:
    table = project / "examples/accounts.csv"
    table.write_text(table.read_text().replace("revenue_ttm", "revenue_tm"))
    code, _, stderr = run("decide", "our_rules.yaml", "examples/accounts.csv")
    assert code == 0
    assert stderr.splitlines()[-1] == "beware: the column `revenue_tm` (did you mean `revenue_ttm`?) is no declared fact and has no effect"


def test_no_template_word_is_left(project: Path) -> None:
    for path, text in files_of(project).items():
        assert not re.search(r"RULESET|ALSO|FACTS|BASE|REPLACE|TITLE", text), path
        assert text.endswith("\n")
        assert "\r" not in text
    assert (project / "requirements.txt").read_text().splitlines()[2:] == ["--find-links wheels", f"samrules[proofs]>={__version__},<0.2"]


@pytest.mark.parametrize(("folder", "name"), [("Acme Rules", "acme_rules"), ("key-accounts", "key_accounts"), ("r2", "r2")])
def test_the_ruleset_is_named_after_the_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert run("new", str(tmp_path / folder))[0] == 0
    assert (tmp_path / folder / f"{name}.yaml").read_text().split("\n")[1] == f"ruleset: {name}"


@pytest.mark.parametrize(("folder", "said"), [
    ("2026", "`2026` gives no name for a ruleset"),
    ("designation", "`designation` is a name that samrules uses itself"),
    ("company_facts", "`company_facts` is a name that samrules uses itself"),
    ("full", "is there already, and not empty"),
    ("a_file", "is there already, and not empty"),
    ("no/such/folder", "cannot create the project: no such file or directory"),
])
def test_what_it_refuses_leaves_everything_as_it_was(tmp_path: Path, folder: str, said: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    (tmp_path / "a_file").write_text("mine")
    before = files_of(tmp_path)
    code, stdout, stderr = run("new", str(tmp_path / folder))
    assert (code, stdout) == (2, "")
    assert said in stderr
    assert files_of(tmp_path) == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_an_empty_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ours").mkdir()
    monkeypatch.chdir(tmp_path / "ours")
    assert run("new", ".")[0] == 0
    assert (tmp_path / "ours/ours.yaml").is_file()


def test_a_project_inside_a_repository_of_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its hooks would go there; one that is the root of a repository is as it should be."""
    (tmp_path / "clone/.git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "clone")
    code, _, stderr = run("new", "Our Rules")
    assert (code, stderr) == (0, f"""\
Our Rules: warning[inside-repository]: the project lies inside the Git repository `{tmp_path / "clone"}`, and its commits and hooks would go there
help: where that is not meant, move it out, or give it a repository of its own: `git init 'Our Rules'`

next: cd 'Our Rules', then samrules check our_rules.yaml, then samrules test cases
""")
    (tmp_path / "ours").mkdir()
    assert scaffold.repository_around(tmp_path / "ours") is None
    assert scaffold.repository_around(tmp_path / "clone") is None


@pytest.mark.parametrize("there", [False, True])
def test_whole_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """A disk that is full half-way: what was moved already is taken back."""
    folder = tmp_path / "ours"
    if there:
        folder.mkdir()
    rename, done = Path.rename, []

    def fails_on_the_fourth(self: Path, target: Path) -> Path:
        done.append(target)
        if len(done) == 4:
            raise OSError(28, os.strerror(28))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_on_the_fourth)
    with pytest.raises(OutputError, match="no space left"):
        scaffold.create(folder, __version__)
    assert len(done) == 4
    assert list(tmp_path.rglob("*")) == ([folder] if there else [])


@pytest.mark.parametrize("base", WITH_CASES)
def test_example_accounts_of_a_bundled_ruleset_can_be_decided(base: str, tmp_path: Path) -> None:
    files = scaffold.overlay_files("ours", __version__, base)
    table = tmp_path / "accounts.csv"
    table.write_text(files["examples/accounts.csv"])
    assert 1 <= len(list(csv.reader(table.read_text().splitlines()))) - 1 <= 8
    code, _, stderr = run("decide", base, str(table), "--as-of", "2026-11-21")
    assert code == 0, stderr
    assert f"extends: {base}\n" in files["ours.yaml"]
    assert re.search(r"^ruleset: ours$", files["cases/ours.cases.yaml"].split("\nas_of")[0], re.MULTILINE)


@pytest.mark.parametrize("base", ["designation", "portfolio", "programme"])
def test_a_project_that_extends_passes_its_own_checks(base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("new", "ours", "--from", base)[0] == 0
    monkeypatch.chdir(tmp_path / "ours")
    for command in (["check", "ours.yaml"], ["format", "--check", "ours.yaml"], ["decide", "ours.yaml", "examples/accounts.csv"]):
        code, _, stderr = run(*command)
        assert code == 0, stderr
    file = read_cases("cases/ours.cases.yaml")
    assert [str(r) for r in run_cases(file) if not r.passed] == []


def test_a_base_that_is_none(tmp_path: Path) -> None:
    code, _, stderr = run("new", str(tmp_path / "ours"), "--from", "desigantion")
    assert code == 2
    assert stderr == ("--from: error[no-such-file]: there is no bundled ruleset `desigantion` with a decision\n"
                      "help: did you mean `designation`?\n\n")
    assert not (tmp_path / "ours").exists()

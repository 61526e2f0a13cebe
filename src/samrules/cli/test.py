"""`samrules test`: cases tried, what they cover, and which faults they would notice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from samrules.authoring.cases import CasesFile
    from samrules.authoring.covering import Covering
    from samrules.authoring.killing import Trials
    from samrules.authoring.run_cases import CaseResult

SUFFIX = ".cases.yaml"


@click.command(
    "test",
    short_help="Try the cases of rulesets, and what they cover.",
    epilog="""\b
Examples:
  samrules test my_rules.cases.yaml
  samrules test designation
  samrules test cases/ --coverage --fail-under 100
  samrules test cases/ --mutants --fail-under 90
  samrules test my_rules.cases.yaml --boundaries > suggested.yaml

Exit codes: 0 done; 1 a case failed, or less than --fail-under was reached; 2 unusable input.""",
)
@click.argument("paths", nargs=-1, metavar="[CASES]...")
@click.option("--coverage", is_flag=True, help="Say what no case shows: rules, branches, conditions that decide.")
@click.option("--mutants", is_flag=True, help="Put small faults into the ruleset, and say which no case notices.")
@click.option("--boundaries", is_flag=True,
              help="Print cases at every threshold and on both sides, with what is decided now, for a person to review.")
@click.option("--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT",
              help="Exit 1 where fewer ways of rules and branches are shown, or fewer mutants killed, in any file.")
@click.option("--format", "format_", type=click.Choice(("text", "json", "junit")), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, paths: tuple[str, ...], coverage: bool, mutants: bool, boundaries: bool,
            fail_under: float | None, format_: str) -> None:
    """Try cases: accounts with what a ruleset should decide about them.

    CASES are files that end in `.cases.yaml`, folders that hold such files, or names of bundled rulesets;
    without any, this folder.
    """
    from samrules.authoring.telling import MEANT
    from samrules.cli.main import DONE, FINDINGS
    from samrules.cli.report import emit, message

    if fail_under is not None and not (coverage or mutants):
        raise click.UsageError("--fail-under is for --coverage and --mutants", ctx)
    if format_ == "junit" and (coverage or mutants):
        raise click.UsageError("junit holds cases only; use --format json for coverage and mutants", ctx)
    if boundaries and (coverage or mutants or format_ != "text"):
        raise click.UsageError("--boundaries prints cases, and nothing beside them", ctx)
    tried = [_Tried.of(file) for file in _files(paths)]
    for one in tried:
        if coverage:
            one.cover()
        if mutants:
            one.mutate()
    if boundaries:
        for one in tried:
            emit(one.suggested())
            message(one.summary())
    elif format_ == "json":
        from samrules.cli.arguments import as_json

        emit(as_json([one.to_dict() for one in tried]))
    elif format_ == "junit":
        emit(_junit(tried))
    else:
        emit("\n".join(_apart([one.lines() for one in tried], coverage or mutants)) + "\n")
        if any(one.failed for one in tried):
            message(MEANT)
    under = [text for one in tried for text in one.under(fail_under)] if fail_under is not None else []
    for text in under:
        message(text)
    ctx.exit(FINDINGS if under or any(one.failed for one in tried) else DONE)


def _files(paths: tuple[str, ...]) -> list[CasesFile]:
    """Every file of cases that is named. Raises SamrulesError with the problems of all of them."""
    from samrules.authoring.read_cases import read_cases
    from samrules.diagnostics import Diagnostic
    from samrules.errors import CasesError, SamrulesError
    from samrules.syntax.library import bundled_folder, bundled_names

    problems: list[Diagnostic] = []
    files: list[CasesFile] = []
    for name in paths or (".",):
        path = Path(name)
        found = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not path.exists() and name in bundled_names():
            found = [p for p in [bundled_folder() / "cases" / f"{name}{SUFFIX}"] if p.is_file()]
        if not found:
            what = f"no file in `{name}` ends in `{SUFFIX}`" if path.is_dir() else f"the ruleset `{name}` has no cases: it decides nothing"
            problems.append(Diagnostic("no-such-file", what, "name a file of cases, or a folder that holds one", where=name))
        for file in found:
            try:
                files.append(read_cases(file))
            except SamrulesError as error:
                problems += error.diagnostics
    if problems:
        raise CasesError(dict.fromkeys(problems))
    return files


def _apart(files: list[list[str]], more: bool) -> list[str]:
    """The lines of several files, with a blank line between those that have more than a summary."""
    return [line for number, lines in enumerate(files) for line in ([""] if number and more else []) + lines]


class _Tried:
    """A file with its results, and what else was asked for."""

    def __init__(self, file: CasesFile, results: tuple[CaseResult, ...]) -> None:
        self.file = file
        self.results = results
        self.covering: Covering | None = None
        self.trials: Trials | None = None

    @classmethod
    def of(cls, file: CasesFile) -> _Tried:
        from samrules.authoring.run_cases import run_cases

        return cls(file, run_cases(file))

    @property
    def failed(self) -> bool:
        return any(not r.passed for r in self.results)

    def cover(self) -> None:
        from samrules.authoring.covering import covering

        self.covering = covering(self.file, self.results)

    def mutate(self) -> None:
        from samrules.authoring.aims import seen
        from samrules.authoring.boundaries import neighbours
        from samrules.authoring.killing import try_mutants

        cases = [s for case in self.file.cases if (s := seen(self.file.rules, case)) is not None]
        self.trials = try_mutants(self.file, neighbours(self.file.rules, cases))

    def suggested(self) -> str:
        """Cases at every threshold that no case stands at yet, to be put under `cases:` of the file."""
        from samrules.authoring.aims import seen
        from samrules.authoring.boundaries import boundaries
        from samrules.authoring.write_cases import suggestions

        cases = [s for case in self.file.cases if (s := seen(self.file.rules, case)) is not None]
        return suggestions(self.file, list(boundaries(self.file.rules, cases)))

    def summary(self) -> str:
        from samrules.authoring.telling import summary

        return summary(self.file.rules.name, self.results)

    def lines(self) -> list[str]:
        from samrules.authoring.telling import coverage_told, failure, mutants_told
        from samrules.cli.report import printable

        lines: list[str] = []
        for result in self.results:
            if not result.passed:
                lines += [printable(failure(result, self.file.rules)), ""]
        lines.append(self.summary())
        if self.covering is not None:
            lines += ["", *coverage_told(self.file, self.covering)]
        if self.trials is not None:
            lines += ["", *mutants_told(self.file, self.trials)]
        return lines

    def under(self, least: float) -> list[str]:
        from samrules.authoring.telling import percent

        found = []
        if self.covering is not None and self.covering.share * 100 < least:
            found.append(f"{self.file.rules.name}: {percent(self.covering.share)} of the ways of rules and branches are shown, "
                         f"less than {least:g}%")
        if self.trials is not None and self.trials.share * 100 < least:
            found.append(f"{self.file.rules.name}: {percent(self.trials.share)} of the mutants are killed, less than {least:g}%")
        return found

    def to_dict(self) -> dict[str, Any]:
        from samrules.authoring.telling import as_data

        return as_data(self.file, self.results, self.covering, self.trials)


def _junit(tried: list[_Tried]) -> str:
    """The form that build servers read: a suite a file, a test a case."""
    from xml.etree import ElementTree as Tree

    from samrules.authoring.telling import failure

    suites = Tree.Element("testsuites")
    for one in tried:
        failed = [r for r in one.results if not r.passed]
        suite = Tree.SubElement(suites, "testsuite", name=one.file.file, tests=str(len(one.results)), failures=str(len(failed)))
        for result in one.results:
            case = Tree.SubElement(suite, "testcase", classname=one.file.rules.name, name=result.case.name)
            if not result.passed:
                told = Tree.SubElement(case, "failure", message=result.differences[0].says)
                told.text = "".join(c if c.isprintable() or c == "\n" else " " for c in failure(result, one.file.rules))
    Tree.indent(suites)
    return Tree.tostring(suites, encoding="unicode") + "\n"

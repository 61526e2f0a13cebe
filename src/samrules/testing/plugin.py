"""The pytest plugin: every `*.cases.yaml` that pytest meets is collected, each case a test.

It is on wherever samrules is installed; `-p no:samrules` turns it off.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from samrules.authoring.cases import Case, CasesFile
    from samrules.authoring.run_cases import CaseResult

SUFFIX = ".cases.yaml"


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    if not file_path.name.endswith(SUFFIX):
        return None
    collector: pytest.Collector = CasesCollector.from_parent(parent, path=file_path)
    return collector


class CaseFailed(Exception):
    """A case whose decision differs from what was expected."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__(str(result))
        self.result = result


class CasesCollector(pytest.File):
    """A file of cases. One that cannot be read is an error of collection, with every fault in it."""

    def collect(self) -> Iterator[CaseItem]:
        from samrules.authoring.read_cases import read_cases
        from samrules.errors import SamrulesError

        try:
            file = read_cases(self.path)
        except SamrulesError as error:
            raise self.CollectError("\n\n".join(d.render() for d in error.diagnostics)) from None
        for case in file.cases:
            yield CaseItem.from_parent(self, name=case.name, file=file, case=case)


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, file: CasesFile, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file = file
        self.case = case

    def runtest(self) -> None:
        from samrules.authoring.run_cases import run_case

        result = run_case(self.file.rules, self.case)
        if not result.passed:
            raise CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CaseFailed):
            from samrules.authoring.telling import failure

            return failure(excinfo.value.result, self.file.rules)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.span.line - 1, self.case.name

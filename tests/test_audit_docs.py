"""docs/audit.md is true: what it says is typed gives what it says is read, and its program verifies exports."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from samrules.cli.main import cli

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples" / "portfolio", "portfolio")
    monkeypatch.setattr("samrules.audit.database.now", lambda: "2026-11-21T10:04:00.000000Z")
    run("samrules decide dedesignation portfolio --as-of 2026-11-21 --ledger decisions.ledger --format csv")


def run(command: str) -> str:
    result = CliRunner().invoke(cli, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    return result.stdout


def sessions() -> list[tuple[str, str]]:
    """Each command of the page, with what it says is read."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for session in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, read = session.partition("\n")
            found.append((command, read))
    return found


def pattern(read: str) -> str:
    """What is said to be read, hashes and lines left out where it says `…`."""
    lines = [r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("sha256:…", r"sha256:[0-9a-f]{64}") + r"\n" for line in read.splitlines()]
    return re.sub(r"\d+\\ parts", r"\\d+\\ parts", "".join(lines))


def test_what_is_typed_gives_what_is_read() -> None:
    assert len(sessions()) >= 8
    for command, read in sessions():
        said = run(command)
        assert re.fullmatch(pattern(read), said), f"{command}\n{said}"


def test_its_program_verifies_exports() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    Path("verify.py").write_text(program, encoding="utf-8")
    run("samrules audit export decisions.ledger --mask revenue_ttm --account norvale --out whole.jsonl")

    def verified(path: str) -> str:
        ended = subprocess.run([sys.executable, "verify.py", path], capture_output=True, text=True, check=False)
        return ended.stdout + ended.stderr

    head = re.findall(r"Head: 22:(\S+)", run("samrules audit verify decisions.ledger"))[0]
    assert verified("whole.jsonl") == f"all 22 records hold: {head}\n"
    lines = Path("whole.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("cut.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")
    assert verified("cut.jsonl") == "records are missing after record 21\n"
    lines[5] = lines[5].replace('"json":"\\"release\\""', '"json":"\\"retain\\""')
    Path("changed.jsonl").write_text("".join(lines), encoding="utf-8")
    assert verified("changed.jsonl") == "record 5 does not hold\n"

"""The tutorial is true: its edits are made, its commands run in order, and what they print is what it shows.

    SAMRULES_WRITE_TUTORIAL=1 pytest -n 0 tests/test_tutorial.py

writes the answers into the page. Commands that do not exist here are left as they stand, and what needs
them is skipped with a word.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner

from samrules.cli.main import _COMMANDS, cli

PAGE = Path(__file__).parent.parent / "docs/tutorial.md"
STEP = re.compile(r"(?:<!-- (append|edit): ([^\s,]+)(?:, with: (\w+))? -->\n)?```(console|yaml|diff)\n(.*?)```\n", re.DOTALL)

FLEETING = re.compile(r"sha256:[0-9a-f]+…|\(\d+\.\d s\)")
"""Digests, which any change of a bundled ruleset changes, and times."""


@attrs.define
class Reader:
    """Someone who does what the page says."""

    folder: Path
    left_out: list[str] = attrs.field(factory=list)

    def follow(self, page: str) -> str:
        """The page with the answers that the commands give."""
        return STEP.sub(self.step, page)

    def step(self, found: re.Match[str]) -> str:
        kind, file, needs, language, body = found.groups()
        if language == "console":
            return found[0].replace(body, self.typed(body))
        if needs and needs not in _COMMANDS:
            self.left_out.append(f"`{file}` needs `samrules {needs}`")
        elif kind == "append":
            path = self.folder / file
            path.write_text(path.read_text("utf-8") + body, "utf-8")
        elif kind == "edit":
            self.edit(self.folder / file, body)
        return found[0]

    def edit(self, path: Path, diff: str) -> None:
        lines = diff.splitlines()
        old = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
        new = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{path.name} has this {text.count(old)} times:\n{old}"
        path.write_text(text.replace(old, new), "utf-8")

    def typed(self, body: str) -> str:
        said = []
        for part in re.split(r"^(?=\$ )", body, flags=re.MULTILINE)[1:]:
            line, _, answer = part.partition("\n")
            said.append(f"{line}\n{self.answer(line.removeprefix('$ '), answer)}")
        return "".join(said)

    def answer(self, line: str, shown: str) -> str:
        program, *words = shlex.split(line)
        if program == "cd":
            self.folder = self.folder / words[0]
            return ""
        assert program == "samrules", line
        if words[0] not in _COMMANDS:
            self.left_out.append(f"there is no `samrules {words[0]}`")
            return shown
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            result = CliRunner().invoke(cli, words)
        finally:
            os.chdir(before)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.output


def test_a_newcomer_who_follows_the_page_sees_what_it_shows(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    reader = Reader(tmp_path)
    followed = reader.follow(page)
    if os.environ.get("SAMRULES_WRITE_TUTORIAL"):
        PAGE.write_text(followed, "utf-8")
    assert FLEETING.sub("…", followed) == FLEETING.sub("…", page)
    assert (tmp_path / "our_rules/our_rules.html").is_file()
    if reader.left_out:
        pytest.skip("; ".join(dict.fromkeys(reader.left_out)))

"""Accounts, events and history into a folder: one set of files, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from samrules.diagnostics import Diagnostic, listed
from samrules.errors import OutputError
from samrules.recipes.recipe import ACCOUNTS, EVENTS

_NAMES = (ACCOUNTS, EVENTS, "history")
_ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")


def check_folder(out: Path, reading: Path, force: bool) -> None:
    """Refuse a place before anything is read. Raises OutputError."""
    if out.exists() and not out.is_dir():
        raise _cannot(out, "it is a file", "give the name of a folder")
    parent = out.resolve().parent
    if not parent.is_dir():
        raise _cannot(out, f"the folder `{out.parent}` does not exist", "create it first, or give another path")
    if not os.access(out if out.exists() else parent, os.W_OK | os.X_OK):
        raise _cannot(out, "you may not write there", "give a path in a folder that you may write to")
    if out.exists() and reading.is_dir() and out.samefile(reading):
        raise _cannot(out, "it is the folder of the exports", "give the results a folder of their own")
    if out.exists() and (there := [p.name for p in _present(out)]) and not force:
        raise _cannot(out, f"it holds {listed(there)}", "give another folder, or `--force` to replace them")


def write_folder(out: Path, files: Mapping[str, bytes]) -> None:
    """Write all files or none; tables of an earlier run in the folder are replaced. Raises OutputError."""
    target = out.resolve()
    beside = target if target.exists() else target.parent  # on one file system with what it becomes
    stage = beside / f".{target.name}.{secrets.token_hex(4)}.tmp"
    try:
        stage.mkdir()
        for name, data in files.items():
            with (stage / name).open("xb") as sink:
                sink.write(data)
                sink.flush()
                os.fsync(sink.fileno())
        if target.exists():
            _exchange(target, stage, files)
        else:
            stage.rename(target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _cannot(out, reason, "free some space, or give another path") from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _exchange(target: Path, stage: Path, files: Iterable[str]) -> None:
    """The new tables for the old ones; where a step fails, all are as they were."""
    old, new = stage / "old", [target / name for name in files]
    old.mkdir()
    before = _present(target)
    try:
        for path in before:
            path.rename(old / path.name)
        for path in new:
            (stage / path.name).rename(path)
    except OSError:
        for path in new:
            if path not in before or (old / path.name).exists():
                with contextlib.suppress(OSError):
                    path.unlink()
        for path in before:
            if (old / path.name).exists():
                (old / path.name).rename(path)
        raise


def _present(folder: Path) -> list[Path]:
    """The tables of a folder that `decide` would read."""
    return sorted(p for p in folder.iterdir() if p.stem.lower() in _NAMES and p.suffix.lower() in _ENDINGS)


def _cannot(path: Path, why: str, help_: str) -> OutputError:
    return OutputError([Diagnostic("cannot-write", f"cannot write the folder: {why}", help_, where=str(path))])



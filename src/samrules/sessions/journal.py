"""The state file of a watch: a snapshot of the accounts, and the lines taken in since, in order.

Each record is a line: a checksum, a blank, JSON. Lines are appended in batches; a batch ends with how far the
input is through, and is on the disk before anything of it is acknowledged. What follows the last whole
batch, torn by a crash, was never acknowledged and is dropped. A snapshot replaces the file in one step.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import attrs

from samrules.diagnostics import Diagnostic
from samrules.errors import FactError, OutputError

SCHEMA = "samrules.watch/1"
HEADER, ACCOUNT, IN, THROUGH, TOLD = "schema", "account", "in", "through", "told"
Entry = dict[str, Any]


@attrs.frozen
class Contents:
    """What a state file holds: its header, accounts, lines after these with their numbers, how far the
    input was through, and of how many of the lines it was told what they changed."""

    header: Entry
    accounts: tuple[Entry, ...]
    lines: tuple[tuple[int, str], ...]
    through: int
    told: int
    dropped: int
    """Bytes at the end that no whole batch holds."""


class Journal:
    """A state file that is open for writing; no other process can open it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        """Lines in it since the snapshot."""
        self._file: IO[bytes] | None = None

    def read(self) -> Contents | None:
        """What the file holds, or None where there is none yet. Raises FactError where it cannot be used.

        What a crash left behind the last whole batch is cut off.
        """
        try:
            self._file = self.path.open("r+b")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self.path, f"cannot open the file: {(error.strerror or str(error)).lower()}",
                            "give the path of a file that you may read and write") from None
        _lock(self._file, self.path)
        if not _is_at(self._file, self.path):
            raise _unusable(self.path, "the file is in use by another process", "end that one first, or give another file")
        for torn in self.path.parent.glob(f".{glob.escape(self.path.name)}.????????.tmp"):
            torn.unlink(missing_ok=True)  # a snapshot that was not finished
        data = self._file.read()
        contents, end = _contents(data, self.path)
        if end < len(data):
            self._file.truncate(end)
        self._file.seek(end)
        self.lines = len(contents.lines)
        return contents

    def commit(self, lines: Iterable[tuple[int, str]], through: int) -> None:
        """Append lines that were taken in, and how far the input is through; on the disk when this returns.

        Raises OutputError.
        """
        entries = [{"n": number, IN: text} for number, text in lines]
        self._append([*entries, {THROUGH: through}], sync=True)
        self.lines += len(entries)

    def told(self, through: int) -> None:
        """Note that what changed up to a line was told; it need not survive a power cut."""
        self._append([{TOLD: through}], sync=False)

    def _append(self, entries: Iterable[Entry], *, sync: bool) -> None:
        assert self._file is not None
        if not _is_at(self._file, self.path):
            raise _unusable(self.path, "the file was removed or replaced meanwhile", "begin again, with a file that is left alone")
        try:
            self._file.write(b"".join(map(_record, entries)))
            self._file.flush()
            if sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise _failed(self.path, error) from None

    def rewrite(self, header: Entry, accounts: Iterable[Entry], through: int) -> None:
        """Replace the file by a snapshot, in one step. Raises OutputError."""
        target = self.path.resolve()
        beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            new = beside.open("xb")
            try:
                _lock(new, self.path)
                new.write(_record({HEADER: SCHEMA, **header}))
                new.writelines(_record({ACCOUNT: account}) for account in accounts)
                new.write(_record({THROUGH: through}) + _record({TOLD: through}))
                new.flush()
                os.fsync(new.fileno())
                beside.replace(target)
                _sync_folder(target.parent)
            except BaseException:
                new.close()
                raise
        except OSError as error:
            raise _failed(self.path, error) from None
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        self.close()
        self._file, self.lines = new, 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


# --- records ---------------------------------------------------------------------------------------


def _record(entry: Entry) -> bytes:
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "surrogatepass")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _entry(line: bytes) -> Entry | None:
    """The entry of a record, or None where it is not whole."""
    check, blank, text = line[:8], line[8:9], line[9:]
    if blank != b" " or check != b"%08x" % zlib.crc32(text):
        return None
    entry = json.loads(text.decode("utf-8", "surrogatepass"))
    return entry if isinstance(entry, dict) else None


def _contents(data: bytes, path: Path) -> tuple[Contents, int]:
    """What the bytes hold, and where the last whole batch ends."""
    header: Entry | None = None
    accounts: list[Entry] = []
    lines: list[tuple[int, str]] = []
    open_lines: list[tuple[int, str]] = []
    through = told = end = 0
    damaged: int | None = None
    for number, entry, stop in _entries(data):
        if entry is None:
            damaged = number if damaged is None else damaged
        elif damaged is not None and (THROUGH in entry or TOLD in entry):
            raise _unusable(path, f"the file is damaged in line {damaged}", "go on from a copy of it, or from a new file")
        elif damaged is not None:
            continue
        elif number == 1:
            header = entry if entry.get(HEADER) == SCHEMA else None
            if header is None:
                break
        elif ACCOUNT in entry:
            accounts.append(entry[ACCOUNT])
        elif IN in entry:
            open_lines.append((entry["n"], entry[IN]))
        else:
            through = entry.get(THROUGH, through)
            lines += open_lines
            open_lines, end = [], stop
            told = len(lines) if TOLD in entry else told
    if header is None or end == 0:
        raise _unusable(path, f"this is no state file of `{SCHEMA}`", "give the path of a state file, or of a new file")
    return Contents(header, tuple(accounts), tuple(lines), through, told, len(data) - end), end


def _entries(data: bytes) -> Iterator[tuple[int, Entry | None, int]]:
    """Each line with its number, what it says, and where it ends; the last may lack its line break."""
    start = 0
    number = 0
    while start < len(data):
        number += 1
        stop = data.find(b"\n", start)
        whole = stop >= 0
        stop = stop if whole else len(data)
        yield number, _entry(data[start:stop]) if whole else None, stop + 1
        start = stop + 1


# --- the file --------------------------------------------------------------------------------------


def _lock(file: IO[bytes], path: Path) -> None:
    """One process at a time. Where the system has no such locks, that is up to the user."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise _unusable(path, "the file is in use by another process", "end that one first, or give another file") from None


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Whether the open file is still the one of that path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system can
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unusable(path: Path, message: str, cure: str) -> FactError:
    return FactError([Diagnostic("bad-state", message, cure, where=str(path))])


def _failed(path: Path, error: OSError) -> OutputError:
    return OutputError([Diagnostic("cannot-write", f"cannot write the state: {(error.strerror or str(error)).lower()}",
                                   "free some space, or give another path; what was acknowledged is safe", where=str(path))])

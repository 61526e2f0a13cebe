"""A ruleset on record: the files it was read from, with all it uses, and the rules they load to again."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samrules.diagnostics import Diagnostic
from samrules.errors import LedgerError
from samrules.rules import Rules, of_bundle
from samrules.syntax.library import SourceFile, bundle_of_files
from samrules.version import __version__

_OWN, _BUNDLED, _TEXT = "own/", "bundled/", "text"


def ruleset_as_data(rules: Rules) -> dict[str, Any]:
    """The body of a ruleset's record. Raises LedgerError where it was read from no files."""
    files = rules.checked.bundle.files
    if not files:
        raise LedgerError([Diagnostic("bad-ledger", f"the ruleset `{rules.name}` was not read from files, and cannot be put on record",
                                      "load it with `samrules.load` or `samrules.loads`", where=rules.name)])
    return {
        "ruleset": identity(rules),
        "title": rules.title,
        "samrules": __version__,
        "files": {_path(f): _text(f.data) for f in files},
    }


def identity(rules: Rules) -> dict[str, str]:
    return {"name": rules.name, "version": rules.version, "digest": rules.digest}


def rules_of_data(body: Mapping[str, Any]) -> Rules:
    """The rules that a record's files load to. Raises RulesetError, ValueError."""
    try:
        files = [_file(path, text) for path, text in body["files"].items()]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the record has no files of a ruleset: {error}") from None
    if not files:
        raise ValueError("the record has no files of a ruleset")
    with tempfile.TemporaryDirectory(prefix="samrules-") as folder:
        return of_bundle(bundle_of_files(files, Path(folder).resolve()))


def _path(file: SourceFile) -> str:
    return f"{_BUNDLED if file.bundled else _OWN}{file.name}" if file.name else _TEXT


def _text(data: bytes) -> str | dict[str, str]:
    """A text as it stands; a workbook, or another spelling of text, in base 64."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _file(path: str, content: Any) -> SourceFile:
    data = base64.b64decode(content["base64"], validate=True) if isinstance(content, dict) else content.encode()
    if path == _TEXT:
        return SourceFile("", False, data)
    for place in (_OWN, _BUNDLED):
        if path.startswith(place):
            return SourceFile(path.removeprefix(place), place == _BUNDLED, data)
    raise ValueError(f"`{path}` is no file of a ruleset")

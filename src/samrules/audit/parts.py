"""What a record says, in parts that are each committed to by a salted hash, so that some can be masked.

A commitment is the SHA-256 of salt, path and the value as JSON, with a line feed between. The salts of a record
come from its secret, which stands beside the record and is in no export: so a masked part cannot be
found by trying values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

_DECISION = "decision"
_CONDITIONS = ("evidence", "exceptions", "failed")

_SPLIT = frozenset({
    "", "facts", "history", "history/#", "history/#/facts", "events", "files", _DECISION,
    *(f"decision/{key}" for key in ("outputs", "scores", "portfolio", "parts", "parts/#", "parts/#/outputs")),
    *(f"decision/{key}{inner}" for key in ("fired", "stopped", "near")
      for inner in ("", "/#", *(f"/#/{conditions}" for conditions in _CONDITIONS))),
})
"""What is taken apart, `#` for each entry of a list; all else is one part. Part of the format."""

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def as_text(value: Any) -> str:
    """A value as the one text that is stored and hashed: compact JSON, keys in their order."""
    return _ENCODE(value)


def parts_of(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Path and value of each part, in order. Two different bodies never have the same parts."""
    yield from _parts(body, "", "")


def _parts(value: Any, path: str, shape: str) -> Iterator[tuple[str, Any]]:
    if shape not in _SPLIT or not value or not isinstance(value, dict | list):
        yield path, value
        return
    before = f"{path}/" if path else ""
    inside = f"{shape}/" if shape else ""
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _parts(entry, f"{before}#{number}", f"{inside}#")
        return
    for key, entry in value.items():
        name = key if key.isidentifier() else _escaped(key)
        yield from _parts(entry, before + name, inside + name)


def _escaped(key: str) -> str:
    """A key that cannot be taken for a path, or for a place in a list."""
    return key.replace("~", "~0").replace("/", "~1").replace("#", "~2")


def key_of(step: str) -> str:
    """The key that a step of a path stands for."""
    return step.replace("~2", "#").replace("~1", "/").replace("~0", "~")


def salt_of(secret: str, path: str) -> str:
    """The salt of a part, 32 hexadecimal digits."""
    return sha256(f"{secret}\n{path}".encode()).hexdigest()[:32]


def commitment(salt: str, path: str, text: str) -> str:
    """What stands for a part in the record's hash. `text` is the value as JSON."""
    return sha256(f"{salt}\n{path}\n{text}".encode()).hexdigest()


def commitments(body: Mapping[str, Any], secret: str) -> list[tuple[str, str]]:
    """Path and commitment of each part, in order."""
    return [(path, commitment(salt_of(secret, path), path, _ENCODE(value))) for path, value in parts_of(body)]

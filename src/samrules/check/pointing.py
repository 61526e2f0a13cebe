"""The exact place of a word in an entry: a diagnostic shows the slip itself, not the name of the entry it stands in.

The model keeps the place of each entry; that of a word in it is found in the text when there is something to report.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from samrules.diagnostics import Span
from samrules.errors import RulesetError
from samrules.syntax import source as src


def inside(texts: Mapping[str, str], entry: Span | None, key: str, word: str) -> Span | None:
    """The place of a word under a key of the entry that begins at `entry`; the entry's own place where it is not found."""
    if entry is None or entry.file not in texts:
        return entry
    for body in _bodies(_root(texts[entry.file], entry.file), entry):
        under = body.get(key)
        for node in under if isinstance(under, src.Sequence) else (under,):
            if isinstance(node, src.Scalar) and node.text == word:
                return node.span
    return entry


@functools.lru_cache(maxsize=4)
def _root(text: str, file: str) -> src.Node | None:
    try:
        return src.read(text, file).root
    except RulesetError:  # no YAML: a table in a file of its own
        return None


def _bodies(node: src.Node | None, entry: Span) -> Iterator[src.Mapping]:
    """The mappings that begin at a place, or that stand under a key there."""
    if isinstance(node, src.Mapping):
        if node.span == entry:
            yield node
        for key, inner in node.items():
            if node.keys_at[key] == entry and isinstance(inner, src.Mapping):
                yield inner
            yield from _bodies(inner, entry)
    elif isinstance(node, src.Sequence):
        for inner in node:
            yield from _bodies(inner, entry)

"""Takes a request apart: which keys it has, and of what kind each is. All problems are gathered, then raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from samrules.diagnostics import Diagnostic, did_you_mean
from samrules.serving.call import Refusal, clip
from samrules.syntax.literals import BadLiteral, parse_date

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"), ((int, float), "a number"), (str, "a text"), (list, "an array"), (dict, "an object"))


@attrs.define
class Shape:
    """Reads the members of one object, each asked for by its name; `done` raises what was wrong."""

    given: Mapping[str, Any]
    keys: Sequence[str]
    where: str = "body"
    problems: list[Diagnostic] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        for name in self.given:
            if name not in self.keys:
                self.wrong("unknown-key", f"there is no key `{clip(name)}` here", did_you_mean(name, self.keys, "keys"))

    def wrong(self, code: str, message: str, help_: str, where: str | None = None) -> None:
        self.problems.append(Diagnostic(code, message, help_, where=where or self.where))

    def done(self) -> None:
        """Raises Refusal where anything was wrong."""
        if self.problems:
            raise Refusal(400, self.problems)

    def text(self, name: str, *, most: int = 200, needed: bool = False) -> str | None:
        """A text that is not blank, without blanks around it."""
        value = self._of(name, str, "a text", needed)
        if value is None:
            return None
        stripped = str(value).strip()
        if needed and not stripped:
            self.wrong("wrong-shape", f"`{name}` is blank", "write something", name)
        if len(stripped) > most:
            self.wrong("request-too-large", f"`{name}` has {len(stripped):,} characters", f"write at most {most:,}", name)
        return stripped or None

    def flag(self, name: str) -> bool:
        return bool(self._of(name, bool, "true or false"))

    def word(self, name: str, words: Sequence[str], default: str) -> str:
        value = self._of(name, str, "a text")
        if value is None:
            return default
        if value not in words:
            self.wrong("wrong-shape", f"`{clip(str(value))}` is no `{name}`", did_you_mean(str(value), words, "words"), name)
            return default
        return str(value)

    def day(self, name: str) -> date | None:
        value = self._of(name, str, "a date as text, such as `2026-11-21`")
        if value is None:
            return None
        try:
            return parse_date(str(value).strip())
        except BadLiteral as error:
            self.wrong("bad-date", f"`{clip(str(value))}` is not a date", str(error), name)
            return None

    def objects(self, name: str, *, most: int, needed: bool = False) -> list[dict[str, Any]] | None:
        """A list of objects, of which there may be so many."""
        value = self._of(name, list, "an array of objects", needed)
        if value is None:
            return None
        if needed and not value:
            self.wrong("wrong-shape", f"`{name}` is empty", "give at least one", name)
        if len(value) > most:
            self.wrong("request-too-large", f"`{name}` has {len(value):,} entries", f"send at most {most:,} in one request", name)
            return []
        for number, entry in enumerate(value, start=1):
            if not isinstance(entry, dict):
                self.wrong("wrong-shape", f"{_kind(entry)} stands where an object belongs", "send an object, `{…}`", f"{name}, entry {number}")
        return [e for e in value if isinstance(e, dict)]

    def object(self, name: str) -> dict[str, Any]:
        """An object that must be there."""
        return dict(self._of(name, dict, "an object", needed=True) or {})

    def names(self, name: str) -> list[str] | None:
        """A list of texts."""
        value = self._of(name, list, "an array of texts")
        if value is None:
            return None
        if any(not isinstance(e, str) for e in value):
            self.wrong("wrong-shape", f"`{name}` holds something that is no text", "send an array of texts", name)
            return None
        return list(value)

    def _of(self, name: str, kind: type, said: str, needed: bool = False) -> Any:
        value = self.given.get(name)
        if value is None:
            if needed:
                self.wrong("missing-key", f"`{name}` is not there", f"add it: {said}")
            return None
        if not isinstance(value, kind):
            self.wrong("wrong-shape", f"`{name}` is {_kind(value)}", f"send {said}", name)
            return None
        return value


def _kind(value: Any) -> str:
    return next((said for kind, said in _KINDS if isinstance(value, kind)), "null")

"""How wide a text is, without a font at hand: a little more than in the usual fonts for screens."""

from __future__ import annotations

import math

LINE = 17.0
"""Height of a line, in pixels, for letters of 13."""
_MOST = 28
_NARROW, _WIDE = set("iljtfrI.,:;'|!()[] "), set("mwMW@%—…∑ÖÜÄ")


def width_of(text: str, *, bold: bool = False) -> float:
    """The width of a line of letters of 13 pixels."""
    wide = math.fsum(4.8 if c in _NARROW else 12.6 if c in _WIDE or ord(c) > 0x2E80 else 9.4 if c.isupper() else 8.1 for c in text)
    return wide * (1.09 if bold else 1.0)


def wrapped(text: str, most: int = _MOST) -> list[str]:
    """A text in lines of about so many letters; a longer word is broken."""
    lines = [""]
    for word in text.split(" "):
        while len(word) > most:
            lines.append(word[:most])
            word = word[most:]
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if len(joined) <= most:
            lines[-1] = joined
        else:
            lines.append(word)
    return [line for line in lines if line] or [""]

"""What a notebook shows, as HTML that stands by itself: no script, no style sheet, no colour of its own, so that it
is as light or dark as the notebook is. Everything that is shown goes through `element`, which escapes it."""

from __future__ import annotations

from html import escape

BOX = "font-family:inherit;color:inherit;line-height:1.45;max-width:60em;text-align:left"
FAINT = "opacity:.8;font-size:.9em"
CELL = "text-align:left;vertical-align:top;padding:.25em 1em .25em 0;background:none;color:inherit"


class Html(str):
    """Text that is HTML already."""


def element(tag: str, *inside: str, style: str = "", **attributes: str) -> Html:
    """An element: what is inside is escaped, unless it is Html. `aria_label` becomes `aria-label`."""
    named = {**({"style": style} if style else {}), **attributes}
    said = "".join(f' {name.replace("_", "-")}="{escape(value)}"' for name, value in named.items())
    return Html(f"<{tag}{said}>{''.join(i if isinstance(i, Html) else escape(i) for i in inside)}</{tag}>")

"""A policy document through its templates: Markdown and HTML. What stands in the document is text, never markup."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samrules.diagnostics import Diagnostic
from samrules.errors import OutputError
from samrules.explain.explanation import escaped
from samrules.publishing.document import Policy

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES = Path(__file__).parent / "templates"


def as_markdown(policy: Policy, picture: str) -> str:
    """The document as Markdown; `picture` is Mermaid text, or empty. Raises OutputError without the extra `report`."""
    text = _template("policy.md.jinja").render(p=policy, picture=_Raw(picture.strip()))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def as_html(policy: Policy, picture: str) -> str:
    """The document as one HTML file; `picture` is the text of an SVG, or empty. Raises OutputError likewise."""
    return _template("policy.html.jinja").render(p=policy, picture=_Raw(picture)).strip() + "\n"


class _Raw(str):
    """What goes into the document as it is. Jinja asks a text for `__html__` to know that."""

    def __html__(self) -> str:
        return str(self)


def _markdown(value: Any) -> str:
    return str(value) if isinstance(value, _Raw) else escaped(re.sub(r"\s+", " ", str(value)))


@functools.cache
def _template(name: str) -> Template:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise OutputError([Diagnostic(
            "needs-extra", "policy documents need the package jinja2, which is not installed",
            "pip install \"samrules[report]\"", where="docs")]) from None
    html = name.endswith(".html.jinja")
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                              keep_trailing_newline=True, autoescape=html, finalize=None if html else _markdown)
    environment.filters["raw"] = _Raw
    environment.globals["indent"] = lambda depth: _Raw("  " * depth)
    return environment.get_template(name)

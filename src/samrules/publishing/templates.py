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
    from jinja2 import Environment, Template

_TEMPLATES = Path(__file__).parent / "templates"


def as_markdown(policy: Policy, picture: str) -> str:
    """The document as Markdown; `picture` is Mermaid text, or empty. Raises OutputError without the extra `report`."""
    text = _template("policy.md.jinja").render(p=policy, picture=Raw(picture.strip()))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def as_html(policy: Policy, picture: str) -> str:
    """The document as one HTML file; `picture` is the text of an SVG, or empty. Raises OutputError likewise."""
    return _template("policy.html.jinja").render(p=policy, picture=Raw(picture)).strip() + "\n"


class Raw(str):
    """A text that goes into a document as it is. Jinja asks a text for `__html__` to know that."""

    def __html__(self) -> str:
        return str(self)


def _markdown(value: Any) -> str:
    return str(value) if isinstance(value, Raw) else escaped(re.sub(r"\s+", " ", str(value)))


@functools.cache
def _template(name: str) -> Template:
    html = name.endswith(".html.jinja")
    found = templates(_TEMPLATES, "policy documents", "docs", html=html)
    found.globals["indent"] = lambda depth: Raw("  " * depth)
    return found.get_template(name)


def templates(folder: Path, what: str, where: str, *, html: bool) -> Environment:
    """The templates of a folder, which write HTML or Markdown and escape all they print.

    `what` and `where` are what needs them, for the OutputError that is raised without the extra `report`.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise OutputError([Diagnostic(
            "needs-extra", f"{what} need the package jinja2, which is not installed",
            "pip install \"samrules[report]\"", where=where)]) from None
    found = Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                        keep_trailing_newline=True, autoescape=html, finalize=None if html else _markdown)
    found.filters["raw"] = Raw
    return found

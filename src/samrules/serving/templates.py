"""The templates of the pages: every value is escaped, and a name that is not there is a fault."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samrules.publishing.templates import templates
from samrules.reporting.render import style as report_style

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent / "templates"


def render(name: str, **values: Any) -> str:
    return _environment().get_template(name).render(**values).strip() + "\n"


def style() -> str:
    """The report's style sheet, and what forms and lists need besides."""
    return report_style() + (_FOLDER / "style.css").read_text("utf-8")


@functools.cache
def _environment() -> Environment:
    return templates(_FOLDER, "pages", "serve", html=True)

"""The templates of the pages, by Jinja: every value is escaped, and a name that is not there is a fault."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = Path(__file__).parent / "templates"


def render(name: str, **values: Any) -> str:
    return _environment().get_template(name).render(**values).strip() + "\n"


def style() -> str:
    return (_FOLDER / "style.css").read_text("utf-8")


@functools.cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True)

"""The first sheet of an XLSX workbook as cells of text. The one place that imports openpyxl."""

from __future__ import annotations

import io
import warnings
import zipfile
from datetime import date, datetime
from typing import Any

from samrules.diagnostics import Diagnostic, Span
from samrules.errors import RulesetError
from samrules.syntax.literals import plain_number, ratio_text

MAX_UNPACKED = 50_000_000
"""An XLSX file is a ZIP archive: a small one can unpack to a huge one."""
MAX_COLUMNS = 1_000


def read_workbook(data: bytes, file: str, rows: int) -> list[list[str]]:
    """The first so many rows of the first sheet, each cell as a ruleset would write it.

    Raises RulesetError where openpyxl is not installed or the file is no workbook.
    """
    at = Span(file, 1, 1, 1, 2)
    try:
        import openpyxl
    except ImportError:
        raise RulesetError([Diagnostic(
            "needs-extra", "XLSX needs the package openpyxl, which is not installed",
            'pip install "samrules[xlsx]", or save the table as CSV', at)]) from None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED:
                raise RulesetError([Diagnostic("too-large", f"the workbook unpacks to more than {MAX_UNPACKED:,} bytes",
                                               "keep only the table in it", at)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that do not concern a table
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheet = book.worksheets[0].iter_rows(max_row=rows, max_col=MAX_COLUMNS)
            return _even([[_text(cell.value, str(cell.number_format)) for cell in row] for row in sheet])
    except RulesetError:
        raise
    except Exception:  # a damaged archive fails in whatever layer meets the damage first
        raise RulesetError([Diagnostic("bad-table", "this is not an XLSX workbook, or it is damaged",
                                       "save it again as XLSX, or as CSV", at)]) from None


def _even(rows: list[list[str]]) -> list[list[str]]:
    """All rows as wide as the widest, without the blank cells at the right of the sheet."""
    width = max((i for row in rows for i, text in enumerate(row, start=1) if text.strip()), default=0)
    return [[*row[:width], *[""] * (width - len(row))] for row in rows]


def _text(value: Any, shown_as: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() if shown_as.endswith("%"):
            return ratio_text(value)
        case int() | float():
            return str(int(value)) if value == int(value) else plain_number(float(value))
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
    return str(value)

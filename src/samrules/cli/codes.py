"""The page of diagnostics, written from the catalogue, so that it cannot drift from the code."""

from __future__ import annotations

from samrules.catalogue import CATALOGUE, Entry, Severity

_INTRODUCTION = """\
# Diagnostics

Every problem samrules can report, by its code. A problem is shown as

```
file:line:column: error[code]: message
  the line of text
      ^^^^
help: the cure
```

An **error** makes the input unusable: nothing is decided or written. A **warning** is a finding. A **note** is for
information. This page is written by `samrules check --codes`; change `src/samrules/catalogue.py`, not the page.
"""


def catalogue_page() -> str:
    parts = [_INTRODUCTION]
    for severity in Severity:
        parts.append(f"## {str(severity).capitalize()}s\n")
        parts += [_entry(e) for e in CATALOGUE.values() if e.severity is severity]
    return "\n".join(parts)


def _entry(entry: Entry) -> str:
    return (f"### {entry.code}\n\n{entry.what}\n\n"
            f"- Why it matters: {entry.why}\n- Example: {entry.example}\n- Fix: {entry.fix}\n")

"""Tests that need what a machine may lack are skipped there, with a word, unless it is required.

`SAMRULES_REQUIRE=spark,durable` names what is required: then the same tests fail where it is missing.
"""

from __future__ import annotations

import os

import pytest


def is_required(what: str) -> bool:
    return what in os.environ.get("SAMRULES_REQUIRE", "").replace(" ", "").split(",")


def missing(what: str, why: str) -> None:
    """Skips the test, or fails it where `what` is required."""
    if is_required(what):
        pytest.fail(f"{what} is required here, and {why}", pytrace=False)
    pytest.skip(why)

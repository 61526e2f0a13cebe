"""The sentences of `because`: which placeholders they hold."""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
FORM = re.compile(r"([a-z][a-z0-9_.]*)(?::([^|{}]+)\|([^|{}]+))?$")
"""`name`, or `name:singular|plural`."""

WHO = "account"
"""The placeholder for the account's name, or its id where no name is known."""

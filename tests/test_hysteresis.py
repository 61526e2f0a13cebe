"""No account flaps: a few of the accounts of benchmarks/hysteresis.py, for some years."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_no_account_changes_twice_within_a_year_unless_it_calls_for_it() -> None:
    found = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "hysteresis.py"), "--accounts", "12", "--reviews", "20", "--processes", "1"],
        capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    rows = {name.strip(): (int(ours), int(theirs))
            for name, ours, theirs in re.findall(r"^(.{28})\s+([\d,]+)\s+([\d,]+)$", found.stdout.replace(",", ""), re.MULTILINE)}
    changes, flapping = rows["changes of status"], rows["not by the customer's acts"]
    assert 0 < changes[0] < changes[1]
    assert flapping[0] == 0 < flapping[1]

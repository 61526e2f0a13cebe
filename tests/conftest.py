"""Shared by all tests: how hard hypothesis tries."""

from __future__ import annotations

import os

from hypothesis import Phase, settings

settings.register_profile("usual", max_examples=60, deadline=None)
settings.register_profile("ci", max_examples=150, deadline=None, derandomize=True)
settings.register_profile("long", max_examples=3000, deadline=None)
settings.register_profile("quick", max_examples=30, deadline=None, phases=[Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "usual"))

"""Engines: a plan and facts to a decision. The interpreter is the meaning."""

"""Rulesets for other engines: export to DMN, and import of decision tables from it."""

"""A ruleset as written to a ruleset that can be trusted: names, types, units, circles, lints."""

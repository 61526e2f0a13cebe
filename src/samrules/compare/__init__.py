"""Two versions of a ruleset: what was edited, which accounts move, and which edit moved them."""

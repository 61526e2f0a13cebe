"""A checked ruleset to the plan that engines run: constructs reduced, in order, with a digest."""

"""A ruleset for people: drawn as a picture, written as a policy they can sign."""

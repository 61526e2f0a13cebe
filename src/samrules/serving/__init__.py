"""A local web application and a JSON API over rulesets and a ledger."""

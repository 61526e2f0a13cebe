"""For tests of rulesets: a pytest plugin that runs cases, and accounts of any ruleset for hypothesis.

Needs the extra `testing`.
"""

from samrules.testing.accounts import GeneratedAccount, accounts_of

__all__ = ["GeneratedAccount", "accounts_of"]

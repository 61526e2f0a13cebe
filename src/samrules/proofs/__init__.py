"""Proofs about rulesets: what holds of every account, and accounts on which it does not."""

"""Thresholds moved over accounts, and history decided anew: what a policy does, before it is one."""

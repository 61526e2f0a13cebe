"""Decisions on all accounts together: who takes a place when more qualify than there are places."""

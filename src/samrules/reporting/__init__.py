"""A portfolio for its readers: one page at a glance, a part for each account, in one HTML file."""

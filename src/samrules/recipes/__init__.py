"""From the tables of other systems to facts, events and history, by recipes written in SQL."""

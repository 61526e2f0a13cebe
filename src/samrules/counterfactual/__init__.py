"""What would have to be different for another outcome: boxes of facts, what is possible in them, the least changes."""

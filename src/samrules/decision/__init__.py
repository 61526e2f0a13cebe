"""What a run returns: the decision, its trace, and the words for values. Knows no engine."""

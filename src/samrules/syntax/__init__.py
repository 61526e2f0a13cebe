"""Text to model and back: YAML with positions, the expression grammar, the canonical spelling."""

"""A decision in words: why, why not; as text, Markdown and JSON."""

"""A Report to text, markdown and JSON."""

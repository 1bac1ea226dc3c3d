"""The configuration over time: its revisions, attempts replayed on them, and when and why they began to fail."""

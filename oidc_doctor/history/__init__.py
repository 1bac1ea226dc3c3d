"""The configuration over time: its revisions, the attempts replayed on them, and when and why they began to fail."""

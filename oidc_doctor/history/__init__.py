"""The configuration over time: its revisions, the attempts replayed on them, and since when and why they fail."""

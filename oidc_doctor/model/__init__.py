"""Plain data that every other part speaks of. Standard library only."""

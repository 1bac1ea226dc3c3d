"""Plain data types for all other packages. Standard library only."""

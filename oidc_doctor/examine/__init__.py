"""Turn evidence into a Report."""

"""Read AWS."""

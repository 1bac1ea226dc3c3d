"""Reading AWS."""

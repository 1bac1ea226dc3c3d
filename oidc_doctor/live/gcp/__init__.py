"""Read Google Cloud."""

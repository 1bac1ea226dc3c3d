"""Reading Google Cloud."""

"""Text to the model, one file for each kind of document."""

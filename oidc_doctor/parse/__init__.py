"""Raw JSON and text to the model."""

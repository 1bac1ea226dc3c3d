"""Parse text into the model, one file for each kind of document."""

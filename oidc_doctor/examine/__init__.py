"""Evidence in, Report out."""

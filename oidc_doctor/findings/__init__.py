"""Turn refusals into causes, and find weaknesses and fixes."""

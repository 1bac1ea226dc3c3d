"""Rows of the report as the screens list them."""

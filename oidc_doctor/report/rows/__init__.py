"""Rows of the report for the lists of the screens."""

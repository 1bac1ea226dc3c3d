"""Synthetic reports for tests of the renderers."""

"""Refusals to causes, weaknesses and fixes."""

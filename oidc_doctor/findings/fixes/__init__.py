"""Propose edits, each proven by the evaluators."""

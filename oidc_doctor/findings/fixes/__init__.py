"""Proposed edits, each proven by the evaluators."""

"""Readers of Google Cloud."""

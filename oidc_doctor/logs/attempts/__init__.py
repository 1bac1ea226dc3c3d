"""Attempts in columns, grouped into signatures, and matched to targets."""

"""Readers of AWS."""

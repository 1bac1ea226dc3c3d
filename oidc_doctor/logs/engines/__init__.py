"""Queries of log engines, and the records in their rows. No module here talks to a cloud."""

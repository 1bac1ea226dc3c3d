"""Audit logs: read files, and extract attempts, writes of configuration and denied calls."""

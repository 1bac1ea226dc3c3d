"""A log record to an attempt, a write of configuration, or neither."""

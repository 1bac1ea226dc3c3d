"""Log files to attempts."""

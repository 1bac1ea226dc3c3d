"""Log files to records, and records to attempts and writes, in bounded memory."""

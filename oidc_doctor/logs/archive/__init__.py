"""Archives of logs in a bucket: what was read of each day folder, its cache, and the extract of a window."""

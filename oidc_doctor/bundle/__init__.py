"""The evidence bundle: its files on disk, in an archive or in memory, and the snapshot that they contain."""

"""The Report on a terminal: the same value that --report renders, to walk through."""

"""Things that a user passes: words of a command line, pasted texts and files, each recognised by its content."""

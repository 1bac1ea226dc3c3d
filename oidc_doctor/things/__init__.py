"""Things that a person gives: words of a command line, pasted texts and files, each recognised by its content."""

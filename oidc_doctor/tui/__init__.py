"""The interactive terminal screens. They show the same Report that --report renders."""

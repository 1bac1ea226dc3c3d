"""The values of a page of HTML, ready for its templates: every text of theirs is visible text."""

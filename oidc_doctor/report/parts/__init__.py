"""Parts of a report that several formats and the screens share."""

"""The part of a log that a report reads: what engines and archives return in place of whole events."""

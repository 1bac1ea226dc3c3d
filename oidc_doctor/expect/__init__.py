"""Expectations of a trust: which subjects and accesses it has to allow and to refuse."""

"""How many examples Hypothesis tries where a test names a number of its own."""

from __future__ import annotations

from hypothesis import settings

_ALL_CASES = 100  # examples of the profile of --all-cases, see conftest.py


def share_of(examples: int) -> int:
    """Return the number for the profile in use: all of them with --all-cases, and three in ten in the usual run."""
    return max(1, examples * settings().max_examples // _ALL_CASES)

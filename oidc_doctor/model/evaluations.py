"""How many evaluations an answer may take: a long configuration allows fewer."""

from __future__ import annotations


class NoEvaluationsLeftError(Exception):
    """The evaluations of an answer are used up; what it did not try is unknown."""


class Evaluations:
    """The evaluations that are left for one answer, shared by all of its cases."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = most

    def use(self) -> None:
        """Count one evaluation. Raises NoEvaluationsLeftError if none is left."""
        if not self.left:
            raise NoEvaluationsLeftError
        self.left -= 1

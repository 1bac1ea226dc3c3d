"""The traces of synthetic tokens, shared by the exchanges of a report.

Fifty tokens of one target lead to the same strangers: the judge decides each of them once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.judge import evaluate

if TYPE_CHECKING:
    from collections.abc import Hashable

    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Trace

_BY_IDENTITY = ("profile", "readings", "refused_writes")  # parts of a case that have no hash
_NOT_OF_THE_ANSWER = ("evidence", "token", "allowed")
_OF_THE_PLACE = ("claims", "origin", "name", "document")  # of a token: where it was read does not decide


class BoundReachedError(NotReadError):
    """A check tried as many tokens as it may: what it did not try is unknown, also where other exchanges passed."""


class SharedTraces:
    """Judges each case once. A trace is used for its states and clauses, and not for where its token was read."""

    def __init__(self) -> None:
        self._traces: dict[Hashable, tuple[Case, Trace]] = {}

    def trace(self, case: Case) -> Trace:
        """Return the trace of a stranger's case. Raises as `evaluate` does, and uses up `case.allowed` as it does."""
        key = _key(case)
        kept = self._traces.get(key)
        if kept is None:
            # the case is kept as well: while its documents exist, no other document has their identity
            kept = self._traces[key] = case, evaluate(case)
        elif case.allowed is not None:
            case.allowed.use()
        return kept[1]


def _key(case: Case) -> Hashable:
    """Return what a decision depends on: the documents, by identity, and the values of the token and the question."""
    token, question = case.token, case._asdict()
    return (
        tuple(map(id, case.evidence)),
        json.dumps(token.claims, sort_keys=True, default=repr),
        *(value for name, value in token._asdict().items() if name not in _OF_THE_PLACE),
        *(id(question[name]) if question[name] else None for name in _BY_IDENTITY),
        *(value for name, value in question.items() if name not in (*_BY_IDENTITY, *_NOT_OF_THE_ANSWER)),
    )

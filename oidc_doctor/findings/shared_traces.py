"""The traces of synthetic tokens, shared by the exchanges of a report.

Fifty tokens of one target lead to the same strangers: they are derived once, and the judge decides each of them once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.findings.strangers import as_stranger, taken_from
from oidc_doctor.issuers.lookalikes import look_alikes
from oidc_doctor.issuers.strangers import Stranger, strangers
from oidc_doctor.judge import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Trace

_Derived = TypeVar("_Derived")
_BY_IDENTITY = ("profile", "readings", "refused_writes")  # parts of a case that have no hash
_NOT_OF_THE_ANSWER = ("evidence", "token", "allowed")
_OF_THE_PLACE = ("claims", "origin", "name", "document")  # of a token: where it was read does not decide


class BoundReachedError(NotReadError):
    """A check tried as many tokens as it may: what it did not try is unknown, also where other exchanges passed."""


class SharedTraces:
    """Judges each case once. A trace is used for its states and clauses, and not for where its token was read."""

    def __init__(self) -> None:
        self._traces: dict[Hashable, tuple[Case, Trace]] = {}
        self._subjects: dict[Hashable, dict[str, Trace]] = {}  # of the strangers of alike cases, by subject
        self._of_case: dict[int, tuple[Case, dict[str, Trace]]] = {}  # by identity; the case is kept with it
        self._of_documents: dict[Hashable, tuple[tuple[object, ...], Any]] = {}

    def trace(self, case: Case) -> Trace:
        """Return the trace of a stranger's case. Raises as `evaluate` does, and uses up `case.allowed` as it does."""
        key = key_of(case)
        kept = self._traces.get(key)
        if kept is None:
            # the case is kept as well: while its documents exist, no other document has their identity
            kept = self._traces[key] = case, evaluate(case)
        elif case.allowed is not None:
            case.allowed.use()
        return kept[1]

    def stranger(self, case: Case, subject: str) -> Trace:
        """Return the trace of `as_stranger(case, subject)`. Raises as `trace` does."""
        if id(case) not in self._of_case:
            alike = (taken_from(case), *_parts(case))
            self._of_case[id(case)] = case, self._subjects.setdefault(alike, {})
        traces = self._of_case[id(case)][1]
        if subject not in traces:
            traces[subject] = self.trace(as_stranger(case, subject))
        elif case.allowed is not None:
            case.allowed.use()
        return traces[subject]

    def strangers(self, subject: str, profile: Profile | None) -> list[Stranger]:
        """Return the strangers that are derived from a subject. The list is shared: it must not be changed."""
        return self.once(("strangers", subject), (profile,), lambda: strangers(subject, profile))

    def look_alikes(self, subject: str, profile: Profile, texts: tuple[str, ...]) -> list[Stranger]:
        """Return the strangers that resemble a subject. The list is shared: it must not be changed."""
        return self.once(("look-alikes", subject, texts), (profile,), lambda: look_alikes(subject, profile, texts))

    def once(self, name: Hashable, documents: tuple[object, ...], derive: Callable[[], _Derived]) -> _Derived:
        """Return what is derived from these documents, by their identity, and from nothing else but what `name` has.

        It is shared: it must not be changed. Traces are kept by the identity of the evidence's parts, so that evidence
        which is derived here is also judged once.
        """
        key = (name, tuple(map(id, documents)))
        if key not in self._of_documents:
            self._of_documents[key] = documents, derive()  # the documents are kept, so that no identity is reused
        derived: _Derived = self._of_documents[key][1]
        return derived


def key_of(case: Case) -> Hashable:
    """Return what a decision depends on: the documents, by identity, and the values of the token and the question.

    The case has to be kept as long as the key: while its documents exist, no other document has their identity.
    """
    token = case.token
    return (
        json.dumps(token.claims, sort_keys=True, default=repr),
        *(value for name, value in token._asdict().items() if name not in _OF_THE_PLACE),
        *_parts(case),
    )


def _parts(case: Case) -> tuple[Hashable, ...]:
    """Return what a decision depends on apart from the token."""
    question = case._asdict()
    return (
        tuple(map(id, case.evidence)),
        *(id(question[name]) if question[name] else None for name in _BY_IDENTITY),
        *(value for name, value in question.items() if name not in (*_BY_IDENTITY, *_NOT_OF_THE_ANSWER)),
    )

"""The compiled policies of the documents at work.

Attempts and strangers are judged on the same few documents, and compiling one takes longer than asking it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor import iam

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.model.document import Document, Json

# By the id of a document's value, which is kept and so stays its own.
_COMPILED: dict[tuple[int, Callable[..., Any], bool], tuple[Json, Any]] = {}
_MOST_COMPILED = 64


def once(document: Document, make: Callable[..., Any], *, pasted: bool) -> Any:
    """Return what `make` makes of the document's value, made once."""
    key = (id(document.value), make, pasted)
    if key not in _COMPILED:
        if len(_COMPILED) >= _MOST_COMPILED:
            _COMPILED.clear()
        _COMPILED[key] = (document.value, make(document.value, pasted=pasted))
    return _COMPILED[key][1]


def trust_policy(document: Document, *, pasted: bool) -> iam.Policy:
    """The policy of a role that says who may assume it."""
    policy: iam.Policy = once(document, iam.compile_policy, pasted=pasted)
    return policy


def identity_policy(document: Document, *, pasted: bool) -> iam.Policy:
    """A policy of a role, its boundary, or a session policy."""
    policy: iam.Policy = once(document, _make_identity_policy, pasted=pasted)
    return policy


def resource_policy(document: Document, *, pasted: bool) -> iam.Policy:
    """A policy of a bucket, repository or key, or a resource control policy."""
    policy: iam.Policy = once(document, _make_resource_policy, pasted=pasted)
    return policy


def _make_identity_policy(value: Json, *, pasted: bool) -> iam.Policy:
    return iam.compile_policy(value, pasted=pasted, grammar=iam.IDENTITY)


def _make_resource_policy(value: Json, *, pasted: bool) -> iam.Policy:
    return iam.compile_policy(value, pasted=pasted, grammar=iam.RESOURCE)

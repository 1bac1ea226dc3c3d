"""Cache the compiled policies of the documents in use.

Attempts and synthetic tokens are judged on the same few documents, and compiling a policy costs more than a decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor import iam

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.iam.controls import ControlStatement
    from oidc_doctor.model.document import Document, Json

# Keyed by the id of a value (of a document, or all documents of a kind). The value is kept, so its id is not reused.
_COMPILED: dict[tuple[int, Callable[..., Any], bool], tuple[Any, Any]] = {}
_MOST_COMPILED = 512


class Controls(NamedTuple):
    """The statements of all resource control policies."""

    together: Json  # combined into one policy, for the condition keys that any of them tests
    statements: list[tuple[Document, ControlStatement]]


def once(value: Any, make: Callable[..., Any], *, pasted: bool) -> Any:
    """Return `make(value)`, computed once per value."""
    key = (id(value), make, pasted)
    if key not in _COMPILED:
        if len(_COMPILED) >= _MOST_COMPILED:
            _COMPILED.clear()
        _COMPILED[key] = (value, make(value, pasted=pasted))
    return _COMPILED[key][1]


def resource_controls(documents: tuple[Document, ...]) -> Controls:
    """Return the statements of all resource control policies: an organization may have hundreds."""
    controls: Controls = once(documents, _make_controls, pasted=True)
    return controls


def _make_controls(documents: tuple[Document, ...], *, pasted: bool) -> Controls:
    raw_values = [document.value.get("Statement") for document in documents if isinstance(document.value, dict)]
    return Controls(
        {"Statement": [element for raw in raw_values for element in (raw if isinstance(raw, list) else [raw])]},
        [
            (document, statement)
            for document in documents
            for statement in iam.control_statements(document.value, pasted=pasted)
        ],
    )


def trust_policy(document: Document, *, pasted: bool) -> iam.Policy:
    """Compile a role's trust policy."""
    policy: iam.Policy = once(document.value, iam.compile_policy, pasted=pasted)
    return policy


def identity_policy(document: Document, *, pasted: bool) -> iam.Policy:
    """Compile an identity policy, a permissions boundary or a session policy."""
    policy: iam.Policy = once(document.value, _make_identity_policy, pasted=pasted)
    return policy


def resource_policy(document: Document, *, pasted: bool) -> iam.Policy:
    """Compile a policy of a bucket, repository or key, or a resource control policy."""
    policy: iam.Policy = once(document.value, _make_resource_policy, pasted=pasted)
    return policy


def _make_identity_policy(value: Json, *, pasted: bool) -> iam.Policy:
    return iam.compile_policy(value, pasted=pasted, grammar=iam.IDENTITY)


def _make_resource_policy(value: Json, *, pasted: bool) -> iam.Policy:
    return iam.compile_policy(value, pasted=pasted, grammar=iam.RESOURCE)

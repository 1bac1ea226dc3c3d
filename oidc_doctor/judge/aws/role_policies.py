"""The policies of the role and of its session that were read, and whether any of them was not."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor import iam
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import Role

if TYPE_CHECKING:
    from oidc_doctor.iam.access import PolicyKind
    from oidc_doctor.judge.aws.state import AwsExchange
    from oidc_doctor.model.document import Json


class RolePolicies(NamedTuple):
    """The policies that limit or grant what a session may do, besides those of the resource."""

    applied: list[iam.AppliedPolicy]
    documents: list[Document]
    unread: frozenset[PolicyKind]
    complete: bool  # every identity policy of the role was read


def policies_of_role(exchange: AwsExchange) -> RolePolicies:
    """Read the role's inline and attached policies, its boundary, and the session policy of the request."""
    evidence = exchange.aws
    read = evidence.documents.get("aws/role-policies/*.json")
    documents = [] if read is None or isinstance(read, Missing) else [row for row in read if _is_of(exchange, row)]
    applied = [_applied(exchange, "PRINCIPAL", document) for document in documents]
    unread: set[PolicyKind] = set()
    complete = (
        isinstance(evidence.role, Role)
        and _complete(exchange, documents)
        and not any(document.duplicates for document in documents)
    )
    if not complete:
        unread.add("PRINCIPAL")
    boundary = evidence.documents.get("aws/boundary.json")
    role = evidence.role
    has_boundary = isinstance(role, Role) and bool(role.raw.get("PermissionsBoundary"))
    if boundary is not None and not isinstance(boundary, Missing):
        documents += boundary
        applied += [_applied(exchange, "PERMISSIONS_BOUNDARY", document) for document in boundary]
        if any(document.duplicates for document in boundary) or not has_boundary:
            unread.add("PERMISSIONS_BOUNDARY")
    elif has_boundary or not isinstance(role, Role) or not role.raw:
        unread.add("PERMISSIONS_BOUNDARY")
    if exchange.request.policy is not None:
        document = _session_policy(exchange.request.policy)
        if document is None:
            unread.add("SESSION")
        else:
            documents.append(document)
            applied.append(_applied(exchange, "SESSION", document))
    return RolePolicies(applied, documents, frozenset(unread), complete)


def _applied(exchange: AwsExchange, kind: PolicyKind, document: Document) -> iam.AppliedPolicy:
    policy = iam.compile_policy(document.value, pasted=exchange.pasted, grammar=iam.IDENTITY)
    return iam.AppliedPolicy(kind, document.file, policy)


def _complete(exchange: AwsExchange, documents: list[Document]) -> bool:
    """Whether the lists of the role's policies were read, and each policy in them."""
    names: list[str] = []
    for path, member, key in (
        ("aws/role-policy-list.json", "PolicyNames", None),
        ("aws/attached-policies.json", "AttachedPolicies", "PolicyName"),
    ):
        read = (
            exchange.aws.attached_policies
            if path.endswith("attached-policies.json")
            else exchange.aws.documents.get(path, Missing(path, "not in the bundle"))
        )
        if isinstance(read, Missing):
            return False
        document = read if isinstance(read, Document) else read[0]
        box = document.value if isinstance(document.value, dict) else {}
        listed = box.get(member)
        if not isinstance(listed, list) or box.get("IsTruncated") or box.get("NextToken") or box.get("Marker"):
            return False
        for entry in listed:
            name: Json = entry.get(key) if key and isinstance(entry, dict) else entry
            if not isinstance(name, str):
                return False
            names.append(name)
    found = {name for document in documents for name in _names(document)}
    return all(name in found for name in names)


def _is_of(exchange: AwsExchange, document: Document) -> bool:
    """Whether a policy is of the target's role: its answer names the role, or the role that was read is the target's.

    A bundle with several roles may hold the policies of another one.
    """
    name = _answer(document).get("RoleName")
    if isinstance(name, str):
        return exchange.role_arn is None or name == exchange.role_arn.name
    return isinstance(exchange.aws.role, Role)


def _answer(document: Document) -> dict[str, Json]:
    """The whole answer that the policy is a part of; empty for a policy alone."""
    if document.inner or not document.pointer:
        return {}
    answer = json.loads(document.text)
    return answer if isinstance(answer, dict) else {}


def _names(document: Document) -> set[str]:
    """The names that a policy's file may be known by: its own, without the kind that a capture puts before it."""
    stem = PurePosixPath(document.file).name.removesuffix(".json")
    names = {stem, stem.removeprefix("inline-"), stem.removeprefix("attached-")}
    name = _answer(document).get("PolicyName")
    if isinstance(name, str):
        names.add(name)
    return names


def _session_policy(text: str) -> Document | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return Document("the session policy of the request", text, value)

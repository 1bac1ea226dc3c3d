"""Collect the role's and session's policies that were read, and whether some were not."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor import iam
from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.judge.aws.compiled import identity_policy
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import ROLE_POLICIES, ROLE_POLICY_LIST, Role

if TYPE_CHECKING:
    from oidc_doctor.iam.access import PolicyKind
    from oidc_doctor.judge.aws.state import AwsExchange
    from oidc_doctor.model.evidence import Documents


class RolePolicies(NamedTuple):
    """The policies that grant or limit a session's permissions, apart from resource policies."""

    applied: list[iam.AppliedPolicy]
    documents: list[Document]
    unread: frozenset[PolicyKind]
    names: frozenset[str] = frozenset()  # names of the role's policies, as far as listed or read

    @property
    def were_read(self) -> bool:
        """Whether any identity policies were read, or a complete list of them, which may be empty."""
        return bool(self.applied) or "PRINCIPAL" not in self.unread


def policies_of_role(exchange: AwsExchange) -> RolePolicies:
    """Read the role's inline and attached policies, its boundary, and the session policy of the request."""
    parts = (_identity_policies(exchange), _boundary(exchange), _session_policy(exchange))
    return RolePolicies(
        [applied for part in parts for applied in part.applied],
        [document for part in parts for document in part.documents],
        frozenset(kind for part in parts for kind in part.unread),
        parts[0].names,
    )


def _part(exchange: AwsExchange, kind: PolicyKind, documents: list[Document], *, all_read: bool) -> RolePolicies:
    applied = [
        iam.AppliedPolicy(kind, document.file, identity_policy(document, pasted=exchange.pasted))
        for document in documents
    ]
    is_read = all_read and not any(document.duplicates for document in documents)
    return RolePolicies(applied, documents, frozenset(() if is_read else (kind,)))


def _identity_policies(exchange: AwsExchange) -> RolePolicies:
    read = exchange.documents(ROLE_POLICIES)
    documents = [] if isinstance(read, Missing) else [document for document in read if _is_of(exchange, document)]
    inline = policy_names(exchange.documents(ROLE_POLICY_LIST), "PolicyNames", "")
    attached = policy_names(exchange.aws.attached_policies, "AttachedPolicies", "PolicyName")
    if inline is not None and attached is not None:  # complete lists: any other file belongs to a deleted policy
        documents = [document for document in documents if names_of(document) & {*inline, *attached}]
    documents = [document for document in documents if not is_old_version(document)]
    documents = _without_contradictions(documents)
    names_read = {name for document in documents for name in names_of(document)}
    all_listed = inline is not None and attached is not None and names_read.issuperset((*inline, *attached))
    if all_listed and inline and attached:  # an inline and a managed policy may share a name
        files = {name: sum(name in names_of(document) for document in documents) for name in {*inline} & {*attached}}
        all_listed = all(number > 1 for number in files.values())
    part = _part(exchange, "PRINCIPAL", documents, all_read=all_listed and isinstance(exchange.aws.role, Role))
    return part._replace(names=frozenset(names_read.union(inline or ())))


def _without_contradictions(documents: list[Document]) -> list[Document]:
    """The policies without those of one name that differ: a role has one inline policy of a name."""
    texts: dict[str, set[str]] = {}
    for document in documents:
        name = document.in_answer("PolicyName")
        if name is not None:
            texts.setdefault(name, set()).add(json.dumps(document.value, sort_keys=True))
    doubted = {name for name, different in texts.items() if len(different) > 1}
    return [document for document in documents if document.in_answer("PolicyName") not in doubted]


def _boundary(exchange: AwsExchange) -> RolePolicies:
    """Return the permissions boundary. A role in IAM's output without a boundary has none."""
    role, read = exchange.aws.role, exchange.documents("aws/boundary.json")
    spellings = ("PermissionsBoundary", "permissionsBoundary")  # IAM's, and CloudTrail's
    is_named = isinstance(role, Role) and any(role.raw.get(name) for name in spellings)
    if isinstance(read, Missing):
        has_none = isinstance(role, Role) and bool(role.raw) and not is_named
        return _part(exchange, "PERMISSIONS_BOUNDARY", [], all_read=has_none)
    in_force = [document for document in read if not is_old_version(document)]
    return _part(exchange, "PERMISSIONS_BOUNDARY", in_force, all_read=is_named and len(in_force) == len(read))


def _session_policy(exchange: AwsExchange) -> RolePolicies:
    text = exchange.request.policy
    if text is None:
        return _part(exchange, "SESSION", [], all_read=True)
    document = read_session_policy(text)
    return _part(exchange, "SESSION", [] if document is None else [document], all_read=document is not None)


def read_session_policy(text: str) -> Document | None:
    """Parse the Policy parameter of a request; None if it is not JSON."""
    try:
        return load(text, "the session policy of the request")
    except Unreadable:
        return None


def policy_names(read: tuple[Document, ...] | Document | Missing, member: str, key: str) -> tuple[str, ...] | None:
    """Return the names in a list of policies; None if the list was not read completely."""
    if isinstance(read, Missing):
        return None
    document = read if isinstance(read, Document) else read[0]
    box = document.value if isinstance(document.value, dict) else {}
    listed = box.get(member)
    if not isinstance(listed, list) or box.get("IsTruncated") or box.get("NextToken") or box.get("Marker"):
        return None
    entries = [entry.get(key) if key and isinstance(entry, dict) else entry for entry in listed]
    names = tuple(entry for entry in entries if isinstance(entry, str))
    return names if len(names) == len(entries) else None


def _is_of(exchange: AwsExchange, document: Document) -> bool:
    """Whether a policy belongs to the target's role: it names the role, or the role that was read is the target's.

    A bundle with several roles may contain the policies of other roles.
    """
    name = document.in_answer("RoleName")
    if name is not None:
        return exchange.role_arn is None or name == exchange.role_arn.name
    return isinstance(exchange.aws.role, Role)


def with_inline_policy(documents: dict[str, Documents], added: Document) -> dict[str, Documents]:
    """Return the evidence's documents with an added inline policy, which is also added to the list of policies."""
    read, listed = documents.get(ROLE_POLICIES), documents.get(ROLE_POLICY_LIST)
    policies = (*(read if isinstance(read, tuple) and not isinstance(read, Missing) else ()), added)
    changed: dict[str, Documents] = {**documents, ROLE_POLICIES: policies}
    names = policy_names(listed, "PolicyNames", "") if listed is not None else None
    if names is not None:
        text = json.dumps({"PolicyNames": [*names, *names_of(added)]}, indent=2)
        changed[ROLE_POLICY_LIST] = (load(text, ROLE_POLICY_LIST),)
    return changed


def is_old_version(document: Document) -> bool:
    """Whether this version of a managed policy is not the default version."""
    answer = document.answer if isinstance(document.answer, dict) else {}
    version = answer.get("PolicyVersion", answer)
    return isinstance(version, dict) and version.get("IsDefaultVersion") is False


def names_of(document: Document) -> set[str]:
    """Return the possible policy names of a file: its own, and without the prefix that a capture adds."""
    stem = PurePosixPath(document.file).name.removesuffix(".json")
    return {
        stem,
        stem.removeprefix("inline-"),
        stem.removeprefix("attached-"),
        document.in_answer("PolicyName") or stem,
    }

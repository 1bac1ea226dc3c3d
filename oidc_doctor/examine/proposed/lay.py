"""Lay changed documents over the evidence of one target.

A document that the change has replaces the present one, a resource that it deletes is absent, a document that it leaves
open is unknown, and everything that it does not mention stays as it was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.examine.proposed.account import with_account
from oidc_doctor.findings.fixes.commands import as_text
from oidc_doctor.judge.aws.role_policies import names_of, with_inline_policy
from oidc_doctor.model.document import Document, Missing, texts_in
from oidc_doctor.model.evidence import ROLE_POLICIES, AwsOidcProvider, GcpProvider, Role
from oidc_doctor.model.placeholder import has_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.evidence import AwsEvidence, Documents, GcpEvidence, IssuerEvidence, TargetEvidence
    from oidc_doctor.model.steps import Cloud

# Steps that a changed document may decide otherwise. A document that is not here can change every step.
_TRUST = frozenset({"request", "session-claims", "authorise", "duration"})
_AWS_PROVIDER = frozenset({"token", "provider", "audience", "keys"})
_GCP_PROVIDER = frozenset({"configure", "target", "token", "issuer", "audience", "keys", "condition", "mapping"})
_IMPERSONATE = frozenset({"impersonate", "permission"})
_PERMISSION = frozenset({"permission"})
_ISSUER = frozenset({"token", "keys", "issuer", "provider"})
_AFFECTED: dict[str, frozenset[str]] = {
    "trust": _TRUST,
    "role": _TRUST | _PERMISSION,
    "aws-provider": _AWS_PROVIDER,
    "rcps": frozenset({"authorise", "permission"}),
    "permission": _PERMISSION,
    "issuer": _ISSUER,
    "gcp-provider": _GCP_PROVIDER | _IMPERSONATE,
    "pool": frozenset({"target"}),
    "impersonate": _IMPERSONATE,
}
_ALLOW_POLICIES = {
    "service_account_policy": ("the allow policy of the service account", "impersonate"),
    "project_policy": ("the allow policy of the project", "impersonate"),
    "folder_policy": ("the allow policy of the folder", "impersonate"),
    "organization_policy": ("the allow policy of the organization", "impersonate"),
    "bucket_policy": ("the allow policy of the bucket", "permission"),
    "repository_policy": ("the allow policy of the repository", "permission"),
    "service_account": ("the service account", "impersonate"),
}
_AWS_DOCUMENTS = {
    "aws/bucket-policy.json": "the bucket policy",
    "aws/bucket-encryption.json": "the encryption of the bucket",
    "aws/repository-policy.json": "the repository policy",
    "aws/key-policy.json": "the key policy",
    "aws/boundary.json": "the permissions boundary",
    "aws/scps/*.json": "a service control policy",
    "aws/endpoint-policies/*.json": "an endpoint policy",
    "aws/role-policy-list.json": "the list of the role's inline policies",
}


# Members at the top of a provider, a pool or an allow policy.
_UNREAD = frozenset(
    {"Arn", "CreateDate", "Tags", "name", "displayName", "description", "etag", "version", "expireTime"}
)


_MOST_NAMES = 6  # in a message


class ChangeError(Exception):
    """The change is not about the evidence. The message has the names, and is not escaped."""


class Laid(NamedTuple):
    """A document of the change next to the present one. `kind` is a key of the steps that it may change."""

    what: str
    kind: str
    before: Document | None
    after: Document | None  # None: deleted, or open as a whole
    is_open: bool = False  # what it will be is not known

    @property
    def differs(self) -> bool:
        """Whether the content differs: not only the layout, and not only what no step reads."""
        before, after = self._values
        repeats = self.after is not None and bool(self.after.duplicates)  # so what it says is not known
        return self.is_open or repeats or before != after or (self.before is None) != (self.after is None)

    @property
    def texts(self) -> tuple[str, str]:
        """The content before and after, in one layout; "" for a document that is not there."""
        before, after = self._values
        return (
            "" if self.before is None else as_text(before),
            "" if self.after is None else as_text(_in_order_of(after, before)),
        )

    @property
    def _values(self) -> tuple[Any, Any]:
        before, after = (None if one is None else _deciding(one.value) for one in (self.before, self.after))
        return before, after


def _deciding(value: Any) -> Any:
    """Return a document without the members that no step reads, which a plan or an older copy may lack."""
    if not isinstance(value, dict):
        return value
    usual = {"state": "ACTIVE", "disabled": False}  # what a member says that is not there
    return {name: inner for name, inner in value.items() if name not in _UNREAD and usual.get(name, ...) != inner}


def _in_order_of(value: Any, other: Any) -> Any:
    """Return a value with the members of its objects in the order of another one, so that a diff shows no moves."""
    if isinstance(value, dict) and isinstance(other, dict):
        names = [*(name for name in other if name in value), *(name for name in value if name not in other)]
        return {name: _in_order_of(value[name], other.get(name)) for name in names}
    if isinstance(value, list) and isinstance(other, list):
        others = [*other, *[None] * max(0, len(value) - len(other))]
        return [_in_order_of(inner, others[number]) for number, inner in enumerate(value)]
    return value


def _pair(what: str, kind: str, before: object, after: object) -> Laid:
    return Laid(what, kind, _document(before), _document(after), _is_open(after))


class LaidEvidence(NamedTuple):
    """The evidence of a target with the change, and the documents that the change has for it."""

    evidence: TargetEvidence
    documents: tuple[Laid, ...]

    @property
    def affected(self) -> frozenset[str]:
        """The steps that the change may decide otherwise."""
        kinds = {document.kind for document in self.documents if document.differs}
        return frozenset[str]().union(*(_AFFECTED[kind] for kind in kinds))


def lay(present: TargetEvidence, change: TargetEvidence, cloud: Cloud) -> LaidEvidence:
    """Return the present evidence of a target with the documents of one cloud that the change has for it."""
    laid: list[Laid] = []
    evidence = present
    if cloud == "aws" and present.aws is not None and change.aws is not None:
        arns = [one.target.aws.role_arn if one.target.aws is not None else None for one in (change, present)]
        evidence = evidence._replace(aws=_aws(present.aws, with_account(change.aws, *arns), laid))
    if cloud == "gcp" and present.gcp is not None and change.gcp is not None:
        evidence = evidence._replace(gcp=_gcp(present.gcp, change.gcp, laid))
    evidence = evidence._replace(issuer=_issuer(present.issuer, change.issuer, laid))
    if any(has_placeholder(text) for one in laid if one.after is not None for text in texts_in(one.after.value)):
        evidence = evidence._replace(target=evidence.target._replace(pasted=True))
    return LaidEvidence(evidence, tuple(laid))


def _is_said(value: object) -> bool:
    """Whether the change says anything about a document: what it is, that it is deleted, or that it is open."""
    return not (isinstance(value, Missing) and value.outcome == "not-asked")


def _is_open(value: object) -> bool:
    """Whether the change leaves a document open, as a plan does with a value that is known only after apply."""
    return isinstance(value, Missing) and value.outcome not in ("not-asked", "not_found")


def _document(value: Any) -> Document | None:
    found = value if isinstance(value, Document) else getattr(value, "document", None)
    return found if isinstance(found, Document) else None


# --- AWS


def _aws(present: AwsEvidence, change: AwsEvidence, laid: list[Laid]) -> AwsEvidence:
    after = present
    if _is_said(change.role):
        role = _role(present.role, change.role)
        after = after._replace(role=role)
        laid += _laid_role(present.role, role)
    if _is_said(change.provider):
        after = _with_providers(after, present, change, laid)
    if _is_said(change.attached_policies):
        what = "the list of the role's attached policies"
        laid.append(_pair(what, "permission", present.attached_policies, change.attached_policies))
        after = after._replace(attached_policies=change.attached_policies)
    if change.rcps:
        changed = {document.file.rpartition("/")[2]: document for document in change.rcps}
        before = {document.file.rpartition("/")[2]: document for document in present.rcps}
        laid += [Laid("a resource control policy", "rcps", before.get(name), one) for name, one in changed.items()]
        after = after._replace(rcps=tuple((before | changed).values()))
    return after._replace(documents=_documents(present.documents, change.documents, laid))


def _role(present: Role | Missing, change: Role | Missing) -> Role | Missing:
    """Return the role with the change; a trust policy alone leaves the role's other values as they are."""
    if not isinstance(change, Role) or not isinstance(present, Role):
        return change
    if change.arn is None and not change.raw:
        return present._replace(trust_policy=change.trust_policy)
    arn = change.arn if change.arn and not has_placeholder(change.arn) else present.arn
    policy = change.trust_policy if _is_said(change.trust_policy) else present.trust_policy
    return change._replace(arn=arn, name=change.name or present.name, trust_policy=policy)


def _laid_role(before: Role | Missing, after: Role | Missing) -> Iterator[Laid]:
    roles = [role if isinstance(role, Role) else None for role in (before, after)]
    name = next((role.name for role in reversed(roles) if role is not None and role.name), "")
    now, then = (None if role is None else _document(role.trust_policy) for role in roles)
    is_open = _is_open(after) or (isinstance(after, Role) and _is_open(after.trust_policy))
    kind = "trust" if roles[1] is not None else "role"
    yield Laid(f"the trust policy of {name}" if name else "the trust policy", kind, now, then, is_open)
    if roles[0] is not None and roles[1] is not None:
        old, new = (Document(role.origin.file, "", _role_fields(role)) for role in (roles[0], roles[1]))
        if old.value != new.value:
            yield Laid(f"the role {name}".strip(), "role", old, new)


def _role_fields(role: Role) -> dict[str, Any]:
    """Return the values of a role, apart from its trust policy, that decide."""
    duration = role.max_session_duration or 3600  # seconds, IAM API Reference, CreateRole
    spellings = ("PermissionsBoundary", "permissionsBoundary")  # IAM's, and CloudTrail's
    boundary = next((role.raw[name] for name in spellings if name in role.raw), None)
    return {"MaxSessionDuration": duration, **({"PermissionsBoundary": boundary} if boundary else {})}


def _with_providers(after: AwsEvidence, present: AwsEvidence, change: AwsEvidence, laid: list[Laid]) -> AwsEvidence:
    """Return the evidence with the OIDC providers of the change, each in place of the one with its URL."""
    changed = [one for one in (change.provider, *change.other_providers) if isinstance(one, AwsOidcProvider)]
    if not changed:
        return _without_provider(after, present, change.provider, laid)
    now = present.provider
    for one in changed:
        others = {other.url: other for other in after.other_providers}
        is_own = not isinstance(now, AwsOidcProvider) or now.url == one.url
        same = now if is_own and isinstance(now, AwsOidcProvider) else others.get(one.url)
        arn = one.arn if one.arn and not has_placeholder(one.arn) else getattr(same, "arn", one.arn)
        placed = _with_thumbprints(one._replace(arn=arn), same)
        if is_own:
            after = after._replace(provider=placed)
            now = placed
        else:
            after = after._replace(other_providers=tuple((others | {one.url: placed}).values()))
        before = None if same is None else same.document
        laid.append(Laid(f"the OIDC provider {one.url}", "aws-provider", before, placed.document))
    return after


def _with_thumbprints(provider: AwsOidcProvider, same: AwsOidcProvider | None) -> AwsOidcProvider:
    """Return the provider with the present thumbprints, where the change has none: IAM then obtains or keeps them."""
    if same is None or provider.thumbprints or not same.thumbprints or not isinstance(provider.document.value, dict):
        return provider
    value = {**provider.document.value, "ThumbprintList": list(same.thumbprints)}
    return provider._replace(thumbprints=same.thumbprints, document=provider.document._replace(value=value))


def _without_provider(
    after: AwsEvidence, present: AwsEvidence, change: AwsOidcProvider | Missing, laid: list[Laid]
) -> AwsEvidence:
    """Return the evidence without a deleted OIDC provider, which the list does not name either; or with an open one."""
    now = present.provider
    url = now.url if isinstance(now, AwsOidcProvider) else ""
    what = f"the OIDC provider {url}".strip()
    laid.append(Laid(what, "aws-provider", _document(now), None, is_open=_is_open(change)))
    if not isinstance(change, Missing) or not change.proves_absence or not isinstance(now, AwsOidcProvider):
        return after._replace(provider=change)
    listed = after.provider_arns
    if not isinstance(listed, Missing):
        listed = tuple(arn for arn in listed if arn != now.arn and not arn.endswith(f":oidc-provider/{url}"))
    others = tuple(provider for provider in after.other_providers if provider.url != url)
    return after._replace(provider=change, provider_arns=listed, other_providers=others)


def _documents(present: dict[str, Documents], change: dict[str, Documents], laid: list[Laid]) -> dict[str, Documents]:
    after = dict(present)
    for path, value in change.items():
        if path == ROLE_POLICIES:
            for document in value if not isinstance(value, Missing) else ():
                after = _with_policy(after, document, laid)
        elif path in _AWS_DOCUMENTS and value != () and _is_said(value):
            after[path] = _with_files(present.get(path), value, _AWS_DOCUMENTS[path], laid, several="*" in path)
    return after


def _with_files(
    present: Documents | None, change: Documents, what: str, laid: list[Laid], *, several: bool
) -> Documents:
    """Return the documents of a row of the contract: of a folder, those of other names stay."""
    before = () if present is None or isinstance(present, Missing) else present
    if isinstance(change, Missing):
        laid.append(Laid(what, "permission", before[0] if before else None, None, is_open=_is_open(change)))
        return change
    names = {document.file.rpartition("/")[2]: document for document in before}
    for document in change:
        other = names.get(document.file.rpartition("/")[2]) if several else next(iter(before), None)
        laid.append(Laid(what, "permission", other, document))
    if not several:
        return change
    return tuple((names | {document.file.rpartition("/")[2]: document for document in change}).values())


def _with_policy(documents: dict[str, Documents], added: Document, laid: list[Laid]) -> dict[str, Documents]:
    """Return the documents with a policy of the role in place of the one of its name; a new one is listed as well."""
    read = documents.get(ROLE_POLICIES)
    policies = read if isinstance(read, tuple) and not isinstance(read, Missing) else ()
    own = added.in_answer("PolicyName")
    names = {own} if own else names_of(added)
    same = next((document for document in policies if names & names_of(document)), None)
    if same is None and own is None and policies:
        listed = ", ".join(min(names_of(document), key=len) for document in policies[:_MOST_NAMES])
        message = (
            f"{added.file} has no PolicyName, and the role's policies that were read are {listed}; name the file like "
            "the policy that it replaces, or add PolicyName for a new one"
        )
        raise ChangeError(message)
    laid.append(Laid(f"the role policy {min(names, key=len)}", "permission", same, added))
    if same is None:
        return with_inline_policy(documents, added)
    return documents | {ROLE_POLICIES: tuple(added if document is same else document for document in policies)}


# --- Google Cloud and the issuer


def _gcp(present: GcpEvidence, change: GcpEvidence, laid: list[Laid]) -> GcpEvidence:
    after = present
    if _is_said(change.provider):
        provider, now = change.provider, present.provider
        if isinstance(provider, GcpProvider) and isinstance(now, GcpProvider):
            is_named = provider.name and not has_placeholder(provider.name)
            name = provider.name if is_named else now.name
            provider = provider._replace(name=name, state=provider.state or now.state)
        after = after._replace(provider=provider)
        name = (getattr(provider, "name", None) or getattr(now, "name", None) or "").rpartition("/")[2]
        laid.append(_pair(f"the provider {name}".strip(), "gcp-provider", now, provider))
    if _is_said(change.pool):
        after = after._replace(pool=change.pool)
        laid.append(_pair("the workload identity pool", "pool", present.pool, change.pool))
    for field, (what, kind) in _ALLOW_POLICIES.items():
        value = getattr(change, field)
        if _is_said(value):
            laid.append(_pair(what, kind, getattr(present, field), value))
            after = after._replace(**{field: value})
    return after


def _issuer(present: IssuerEvidence, change: IssuerEvidence, laid: list[Laid]) -> IssuerEvidence:
    after = present
    for field, what in (("discovery", "the discovery document"), ("jwks", "the key set of the issuer")):
        value = getattr(change, field)
        if _is_said(value):
            laid.append(_pair(what, "issuer", getattr(present, field), value))
            after = after._replace(**{field: value})
    return after

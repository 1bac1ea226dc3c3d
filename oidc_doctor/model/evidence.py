"""The evidence that was read, and its places. A value is known, absent (proven not to exist) or unknown (not read).

All evidence comes from files and services; token claims, policies and log entries are written by other people,
possibly attackers, and are kept unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from oidc_doctor.model.document import ABSENT, UNKNOWN, Document, Gap, Json, Missing, Origin
from oidc_doctor.model.limits import ERROR_TEXT
from oidc_doctor.model.obstacle import Local
from oidc_doctor.model.planned import PlannedChange
from oidc_doctor.model.unknown_value import UnknownValue

_NONE: Any = MappingProxyType({})

# A file, or all files of a folder, that no evaluator uses yet; evidence contains it by its path in the contract.
Documents = tuple[Document, ...] | Missing


class Token(NamedTuple):
    """A token to be judged. Its author writes header and claims.

    `kind`: jwt (compact, nothing missing), decoded (pasted claims), hypothetical (a subject alone), event (from a log).
    `complete`: a claim that is not in `claims` is absent; otherwise it is unknown, as with every hypothetical token.
    """

    kind: Literal["jwt", "decoded", "hypothetical", "event"]
    claims: dict[str, Json]
    header: dict[str, Json] | None
    complete: bool
    origin: Origin
    name: str = "token"
    size: int | None = None  # characters of the compact form
    fault: str | None = None  # why it is not a readable JWT, in plain words
    fault_kind: Literal["", "not-a-jwt", "no-token"] = ""
    fault_where: str = ""  # the malformed part: header, claims, signature, whole
    duplicates: tuple[str, ...] = ()  # claim names that appear twice; the last one counts
    verified: dict[str, Json] | None = None  # a redacted token's {"signature": bool, "kid": …, "alg": …}
    verified_here: bool = False  # this run checked the signature; otherwise a bundle claims it
    signing_input: bytes = b""
    signature: bytes = b""
    missing_claims: frozenset[str] = frozenset()  # claims that the observed error reports as missing
    recorded: bool = False  # a manifest records that it was read, so it contains no placeholders
    document: Document | None = None  # decoded claims as in their file: `document.at("/sub")` has the line
    inferred_complete: bool = False  # assumed complete because iss, sub and aud are present

    def __repr__(self) -> str:
        """Leave out claims and signature, so that a token printed by accident discloses neither."""
        return f"Token({self.kind}, {self.name}, {self.origin})"

    def claim(self, name: str) -> Json:
        """Return the claim's value, ABSENT or UNKNOWN. A decoded `null` is absent; in a compact JWT it stays None."""
        if name in self.claims:
            value = self.claims[name]
            if value is None and self.kind != "jwt":
                return ABSENT
            return value
        if name in self.missing_claims or self.kind == "jwt":
            return ABSENT
        if name in ("iat", "exp") or not self.complete:
            return UNKNOWN
        return ABSENT

    def may_have(self, name: str) -> bool:
        """Whether the token may have a claim that was not supplied: pasted claims are often truncated."""
        value = self.claim(name)
        return value is UNKNOWN or (
            value is ABSENT and self.inferred_complete and name not in self.claims and name not in self.missing_claims
        )

    def header_value(self, name: str) -> Json:
        """Return a header member, ABSENT, or UNKNOWN if the header was not supplied."""
        if self.header is None:
            return ABSENT if f"header.{name}" in self.missing_claims else UNKNOWN
        if name in self.header:
            value = self.header[name]
            return ABSENT if value is None and self.kind != "jwt" else value
        return ABSENT if self.kind == "jwt" else UNKNOWN

    @property
    def given(self) -> bool:
        """Whether any part of a token is known: from a file, a log, or as a subject."""
        return self.kind != "decoded" or bool(self.claims) or self.header is not None or self.fault is not None

    @property
    def subject(self) -> str | None:
        """Return the subject as a string, if known."""
        value = self.claim("sub")
        return value if isinstance(value, str) else None


class Role(NamedTuple):
    """An IAM role (aws iam get-role), or a trust policy alone, in which case `arn` is None."""

    arn: str | None
    name: str | None
    trust_policy: Document | Missing
    origin: Origin
    max_session_duration: int | None = None  # seconds; None is the default of 3600
    created: str | None = None
    raw: dict[str, Json] = _NONE
    document: Document | None = None  # the file, of which the role may be a part


class AwsOidcProvider(NamedTuple):
    """An IAM OIDC provider (aws iam get-open-id-connect-provider)."""

    url: str  # as IAM prints it: no scheme; path and case kept
    arn: str | None
    client_ids: tuple[str, ...] | Gap  # UNKNOWN when the file has no ClientIDList; () is an empty list
    thumbprints: tuple[str, ...]
    document: Document


ROLE_POLICIES, ROLE_POLICY_LIST = "aws/role-policies/*.json", "aws/role-policy-list.json"  # files of a bundle


class AwsEvidence(NamedTuple):
    """The AWS side of one target."""

    role: Role | Missing
    near_roles: tuple[Role, ...] = ()  # read, but different from the target's role
    provider: AwsOidcProvider | Missing = Missing("aws/oidc-provider.json", "not in the bundle")
    other_providers: tuple[AwsOidcProvider, ...] = ()
    provider_arns: tuple[str, ...] | Missing = Missing("aws/oidc-providers.json", "not in the bundle")
    provider_arns_document: Document | None = None
    roles: Document | Missing = Missing("aws/roles.json", "not in the bundle")
    caller_account: str | None = None
    attached_policies: Document | Missing = Missing("aws/attached-policies.json", "not in the bundle")
    rcps: tuple[Document, ...] = ()
    unread_rcps: tuple[str, ...] = ()  # files of resource control policies that could not be read
    unread_controls: tuple[str, ...] = ()  # likewise of service control policies and endpoint policies
    documents: dict[str, Documents] = _NONE

    def read(self, path: str) -> tuple[Document, ...]:
        """Return the documents at a bundle path or path pattern; () if none was read."""
        documents = self.documents.get(path)
        return () if documents is None or isinstance(documents, Missing) else documents


class GcpProvider(NamedTuple):
    """A workload identity pool provider (gcloud … providers describe)."""

    name: str | None  # projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/ID
    kind: Literal["oidc", "aws", "saml", "x509", "unknown"]
    state: str | None
    disabled: bool
    issuer_uri: str | None
    allowed_audiences: tuple[str, ...]  # empty means the vendor's default audience
    jwks_json: str | None  # an uploaded key set replaces fetching
    mapping: dict[str, str] | Gap  # UNKNOWN when the file has no attributeMapping; {} is an empty one
    condition: str | None  # None or empty: every valid token is accepted
    document: Document


class WrittenProvider(NamedTuple):
    """The fields of a provider that was not read, as far as logged writes show them."""

    provider: GcpProvider
    known: frozenset[str]  # state, disabled, condition, mapping: the fields that a write shows
    subject_is_sub: bool = False  # logged exchanges show that google.subject is the token's sub


class GcpPool(NamedTuple):
    """A workload identity pool."""

    name: str | None
    state: str | None
    disabled: bool
    document: Document


class Binding(NamedTuple):
    """A binding of an allow policy: members with a role, perhaps under a condition."""

    role: str
    members: tuple[str, ...]
    condition: str | None  # the CEL text
    pointer: str  # inside the policy's document


class AllowPolicy(NamedTuple):
    """An IAM allow policy of a resource, or of the project, folder or organization above it."""

    bindings: tuple[Binding, ...]
    document: Document
    resource: Literal["service-account", "bucket", "repository", "project", "folder", "organization"]


class ServiceAccount(NamedTuple):
    """A service account (gcloud iam service-accounts describe)."""

    email: str | None
    unique_id: str | None
    disabled: bool
    document: Document


class GcpEvidence(NamedTuple):
    """The Google side of one target."""

    provider: GcpProvider | Missing
    near_providers: tuple[GcpProvider, ...] = ()  # read, but not the one that the target names
    pool: GcpPool | Missing = Missing("gcp/pool.json", "not in the bundle")
    provider_list: Document | Missing = Missing("gcp/providers.json", "not in the bundle")
    pool_list: Document | Missing = Missing("gcp/pools.json", "not in the bundle")
    project_number: str | None = None
    project_state: str | None = None  # lifecycleState
    project_id: str | None = None
    services: Document | Missing = Missing("gcp/services.json", "not in the bundle")
    service_account: ServiceAccount | Missing = Missing("gcp/service-account.json", "not in the bundle")
    near_service_accounts: tuple[ServiceAccount, ...] = ()  # read, but not the one that the target names
    service_account_policy: AllowPolicy | Missing = Missing("gcp/service-account-policy.json", "not in the bundle")
    project_policy: AllowPolicy | Missing = Missing("gcp/project-policy.json", "not in the bundle")
    folder_policy: AllowPolicy | Missing = Missing("gcp/folder-policy.json", "not in the bundle")
    organization_policy: AllowPolicy | Missing = Missing("gcp/organization-policy.json", "not in the bundle")
    bucket_policy: AllowPolicy | Missing = Missing("gcp/bucket-policy.json", "not in the bundle")
    repository_policy: AllowPolicy | Missing = Missing("gcp/repository-policy.json", "not in the bundle")
    credentials: Document | Missing = Missing("gcp/credentials.json", "not in the bundle")
    documents: dict[str, Documents] = _NONE
    written_provider: WrittenProvider | None = None  # if `provider` was not read, and logged writes show part of it


class IssuerEvidence(NamedTuple):
    """The issuer's published documents."""

    discovery: Document | Missing = Missing("issuer/openid-configuration.json", "not in the bundle")
    jwks: Document | Missing = Missing("issuer/jwks.json", "not in the bundle")
    chain: str | Missing = Missing("issuer/chain.pem", "not in the bundle")
    seconds: dict[str, float] = _NONE  # path → how long its answer took
    redirects: dict[str, tuple[str, ...]] = _NONE  # path → the addresses that it was sent to
    tls_fault: str = ""  # why a client with public certificate authorities does not trust the host
    tls13_only: bool = False


class ObservedError(NamedTuple):
    """The caller's error, verbatim. Written by the cloud, the SDK or the person who pasted it."""

    text: str
    origin: Origin

    @classmethod
    def read(cls, text: str, origin: Origin) -> ObservedError:
        """Truncate the text to the limit. Secrets are removed first: truncation could hide half of a secret."""
        if len(text) > ERROR_TEXT.most:
            from oidc_doctor.model.secret_texts import beginning_without_secrets  # late: few errors are so long

            text, _ = beginning_without_secrets(text, ERROR_TEXT.most)
        return cls(text, origin)


class TargetAws(NamedTuple):
    """The AssumeRoleWithWebIdentity request as sent, faults included."""

    role_arn: str | None = None
    role_session_name: str | None = None
    duration_seconds: int | None = None
    provider_id: str | None = None
    region: str | None = None
    s3_bucket: str | None = None
    ecr_repository: str | None = None
    policy: str | None = None  # an inline session policy
    context: dict[str, str] = _NONE


class TargetGcp(NamedTuple):
    """The STS exchange and impersonation as configured in the client."""

    provider: str | None = None
    audience: str | None = None  # of the STS request
    service_account: str | None = None
    artifact_repository: str | None = None
    gcs_bucket: str | None = None
    access_token_lifetime: int | None = None  # seconds
    scopes: tuple[str, ...] | None = None


class Target(NamedTuple):
    """The target to examine. A cloud that no source names is None."""

    name: str
    issuer: str | None = None
    aws: TargetAws | None = None
    gcp: TargetGcp | None = None
    origins: dict[str, Origin] = _NONE  # "aws.role_arn" → where that was read
    pasted: bool = True  # values may hold placeholders


# Reasons why a file was never requested: by a bundle, by the user, by a live run.
NOT_IN_BUNDLE, NOT_GIVEN, NOT_READ = "not in the bundle", "not given", "not read"


@dataclass(frozen=True)
class Coverage:
    """A source of evidence, and whether it was read."""

    what: str
    status: Literal["read", "partial", "missing", "denied", "not-asked"]
    reason: str = ""
    since: str | None = None  # RFC 3339, for logs
    until: str | None = None
    count: int | None = None
    named: bool = False  # named by the user, so a failure to read it changes the exit code
    path: str = ""  # its path in a bundle, without the target's folder; `what` may be only a file name
    local: Local = ""  # not read because of a fault of this machine or its credentials
    selective: bool = False  # of logs: a log engine was asked only for the events that a report reads

    @property
    def named_unread(self) -> bool:
        """Whether the user named it and it was not read, or not as a whole."""
        return self.named and self.status in ("missing", "denied", "partial")


class LostRead(NamedTuple):
    """A read that a cloud allowed the last time, and denied in this run."""

    path: str  # of the file in a bundle, without the target's folder
    call: str  # iam:GetRole; "" if the manifest does not say
    reason: str  # the call with the service's own message, in one line
    at: float | None = None  # when it was allowed, epoch seconds


class Earlier(NamedTuple):
    """A target's configuration as it was read the last time. Checks compare with it; no decision rests on it."""

    evidence: TargetEvidence  # with the present target, and without tokens, errors and logs
    at: float | None = None  # when it was read, epoch seconds
    lost: tuple[LostRead, ...] = ()


class TargetEvidence(NamedTuple):
    """All evidence for one target."""

    target: Target
    tokens: tuple[Token, ...]
    issuer: IssuerEvidence
    aws: AwsEvidence | None
    gcp: GcpEvidence | None
    observed: tuple[ObservedError, ...] = ()
    truss: Document | Missing = Missing("truss/config.yaml", "not in the bundle")
    setup_output: str | None = None
    truss_version: str | None = None  # as truss --version printed it
    cloudtrail: tuple[str, ...] = ()  # paths of log files, to be opened through the bundle
    gcp_logs: tuple[str, ...] = ()
    whoami: Document | Missing = Missing("truss/whoami.txt", "not in the bundle")  # org_id, teams, issuer, audience, …
    earlier: Earlier | None = None  # the configuration of the last time, if the bundle has it
    planned: tuple[PlannedChange, ...] = ()  # of a plan: the changes of the resources that the target relies on
    unknown_values: tuple[UnknownValue, ...] = ()  # of a plan: the values that are known only after apply
    plan_assumes: tuple[str, ...] = ()  # what the files assume of a plan's configuration

    def is_left_open(self, text: str) -> bool:
        """Whether a text of the configuration is a placeholder for a value that a plan leaves open."""
        return any(value.text == text for value in self.unknown_values if value.text)


class Snapshot(NamedTuple):
    """All evidence of one run."""

    targets: tuple[TargetEvidence, ...]
    coverage: tuple[Coverage, ...]
    collected_at: float | None  # epoch seconds; from the manifest
    reads: dict[str, Missing] = _NONE  # manifest outcomes that are not ok, by path

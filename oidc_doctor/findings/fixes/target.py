"""Edit the client's own configuration: a wrong role, provider, audience or service account.

The evidence after such an edit has the same cloud configuration and the changed request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.edit import Candidate, Maker
from oidc_doctor.judge.gcp.names import HOST, ProviderName, read_name
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import GcpProvider, Role, TargetAws, TargetEvidence, TargetGcp
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Refusal

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case

_CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_HOUR = 3600  # seconds, the longest lifetime of an access token without an organization policy
_NAME = re.compile(r"projects/[^/\s]+/locations/global/workloadIdentityPools/[^/\s]+/providers/[^/\s]+")
_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/[\w+=,.@/-]+")


def _with_target(case: Case, cloud: str, evidence: TargetEvidence | None = None, **changed: Any) -> Iterator[Candidate]:
    """Yield the request with these values changed; nothing without a change, or if a value is a placeholder."""
    before = case.evidence if evidence is None else evidence
    target = before.target
    request: TargetAws | TargetGcp = (target.aws or TargetAws()) if cloud == "aws" else (target.gcp or TargetGcp())
    edited = request._replace(**changed)
    if edited == request or any(isinstance(value, str) and has_placeholder(value) for value in changed.values()):
        return
    after = target._replace(aws=edited) if isinstance(edited, TargetAws) else target._replace(gcp=edited)
    yield Candidate(before._replace(target=after), "correct", "declared")


# --- Google Cloud ----------------------------------------------------------------------------------------------------


def _provider_named(case: Case, name: ProviderName) -> Iterator[Candidate]:
    """Return the request for this provider, in the client's fields and format."""
    request = case.evidence.target.gcp
    if request is None or name.fault or not name.project_is_number:
        return
    changed: dict[str, Any] = {}
    if request.audience:
        changed["audience"] = HOST + name.full
    if request.provider:
        changed["provider"] = name.full if request.provider.startswith("projects/") else HOST + name.full
    yield from _with_target(case, "gcp", **changed)
    if "provider" in changed and changed["provider"] != name.full:
        yield from _with_target(case, "gcp", **changed | {"provider": name.full})  # most clients prefix the host


def _read_providers(case: Case) -> list[ProviderName]:
    """Return the names of providers that were read, the target's own first."""
    gcp = case.evidence.gcp
    providers = [] if gcp is None else [gcp.provider, *gcp.near_providers]
    names = [read_name(provider.name) for provider in providers if isinstance(provider, GcpProvider) and provider.name]
    return [name for name in dict.fromkeys(names) if not name.fault]


def project_number(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Use the project's number instead of its id or of a wrong number."""
    gcp, request = case.evidence.gcp, case.evidence.target.gcp
    if gcp is None or request is None:
        return
    sent = read_name((request.audience or request.provider or "").removeprefix(HOST))
    numbers = [gcp.project_number] if gcp.project_number and gcp.project_id in (None, sent.project) else []
    numbers += [
        name.project for name in _read_providers(case) if (name.pool, name.provider) == (sent.pool, sent.provider)
    ]
    for number in dict.fromkeys(numbers):
        if not sent.fault and number.isdecimal():
            yield from _provider_named(case, sent._replace(project=number))


def audience_form(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Use the provider's name in valid form: from the malformed text, else as read."""
    request = case.evidence.target.gcp
    text = (request.audience or request.provider or "") if request is not None else ""
    inside = _NAME.search(text.replace("//iam.googleapis.com///iam.googleapis.com/", "//iam.googleapis.com/"))
    for name in dict.fromkeys([*([read_name(inside[0])] if inside else []), *_read_providers(case)]):
        yield from _provider_named(case, name._replace(text=name.full))


def near_provider(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Use the provider that was read instead of a missing one."""
    for name in _read_providers(case):
        yield from _provider_named(case, name)


def near_account(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Use the service account in the evidence instead of a missing one."""
    gcp = case.evidence.gcp
    if gcp is None:
        return
    emails = [refusal.fact("near"), refusal.fact("read")]
    emails += [account.email for account in gcp.near_service_accounts if account.email]
    for email in dict.fromkeys(filter(None, emails)):
        read = next((candidate for candidate in gcp.near_service_accounts if candidate.email == email), None)
        account = read or Missing("gcp/service-account.json", "not read for this account")
        edited = gcp._replace(service_account=account, near_service_accounts=())
        if isinstance(gcp.service_account_policy, Missing):  # the other account was found to have no policy
            unread = Missing("gcp/service-account-policy.json", "not read for this account")
            edited = edited._replace(service_account_policy=unread)
        yield from _with_target(case, "gcp", case.evidence._replace(gcp=edited), service_account=email)


def shorter_life(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Use the longest access token lifetime without an organization policy."""
    yield from _with_target(case, "gcp", access_token_lifetime=_HOUR)


def scope_added(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Use the scope for all of Google Cloud: the account's roles limit its permissions."""
    yield from _with_target(case, "gcp", scopes=(_CLOUD_PLATFORM,))


def impersonation_added(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Add the service account to the client's credential configuration."""
    gcp = case.evidence.gcp
    account = case.evidence.target.gcp.service_account if case.evidence.target.gcp else None
    if gcp is None or not isinstance(gcp.credentials, Document) or not isinstance(gcp.credentials.value, dict):
        return
    email = account or getattr(gcp.service_account, "email", None)
    if not email or gcp.credentials.value.get("service_account_impersonation_url"):
        return
    url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
    value = gcp.credentials.value | {"service_account_impersonation_url": url}
    credentials = gcp.credentials._replace(value=value, text=json.dumps(value, indent=2))
    evidence = case.evidence._replace(gcp=gcp._replace(credentials=credentials))
    request = (evidence.target.gcp or TargetGcp())._replace(service_account=email)
    yield Candidate(evidence._replace(target=evidence.target._replace(gcp=request)), "add", "declared")


_CREDENTIALS = {
    "type": "external_account",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
}


def credentials_completed(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Add members that the client's credential configuration lacks, if derivable from the provider."""
    gcp, providers = case.evidence.gcp, _read_providers(case)
    if gcp is None or not isinstance(gcp.credentials, Document) or not isinstance(gcp.credentials.value, dict):
        return
    lacking = {name: text for name, text in _CREDENTIALS.items() if not gcp.credentials.value.get(name)}
    lacking |= {"type": "external_account"}
    if not gcp.credentials.value.get("audience") and providers:
        lacking["audience"] = HOST + providers[0].full
    value = gcp.credentials.value | lacking
    if value != gcp.credentials.value:
        credentials = gcp.credentials._replace(value=value, text=json.dumps(value, indent=2))
        yield Candidate(case.evidence._replace(gcp=gcp._replace(credentials=credentials)), "correct", "declared")


# --- AWS -------------------------------------------------------------------------------------------------------------


def near_role(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Use the ARN of the role that was read, or the ARN inside the malformed text."""
    aws, request = case.evidence.aws, case.evidence.target.aws
    if aws is None or request is None:
        return
    roles = [role for role in (aws.role, *aws.near_roles) if isinstance(role, Role) and role.arn]
    wanted = refusal.expected.value if refusal.expected is not None else ""
    for role in sorted(roles, key=lambda candidate: candidate.arn != wanted):
        evidence = case.evidence._replace(aws=aws._replace(role=role, near_roles=()))
        yield from _with_target(case, "aws", evidence, role_arn=role.arn)
    inside = _ARN.search(request.role_arn or "")
    if inside and not roles:
        yield from _with_target(case, "aws", role_arn=inside[0])


TARGET_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.PROJECT_ID_FOR_NUMBER: (project_number, near_provider),
    Kind.PROJECT_NUMBER_DIFFERS: (project_number, near_provider),
    Kind.REQUEST_AUDIENCE_MALFORMED: (audience_form,),
    Kind.PROVIDER_NOT_FOUND: (near_provider,),
    Kind.WORKLOAD_POOL_MISSING: (near_provider,),
    Kind.SERVICE_ACCOUNT_MISSING: (near_account,),
    Kind.SERVICE_ACCOUNT_DIFFERS: (near_account,),
    Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT: (shorter_life,),
    Kind.SCOPE_MISSING: (scope_added,),
    Kind.IMPERSONATION_NOT_CONFIGURED: (impersonation_added,),
    Kind.CREDENTIAL_CONFIG_INVALID: (credentials_completed,),
    Kind.ROLE_ARN_MALFORMED: (near_role,),
    Kind.ROLE_MISSING: (near_role,),
}

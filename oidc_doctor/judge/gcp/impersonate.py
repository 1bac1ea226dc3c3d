"""Service account impersonation: the request for the account's token, the account itself, then its allow policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.documents.provider import service_states
from oidc_doctor.judge.gcp.members import judge_bindings, principal_of
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AllowPolicy, ServiceAccount
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import CloudError, Side

if TYPE_CHECKING:
    from oidc_doctor.judge.gcp.state import GcpExchange

_API = "iamcredentials.googleapis.com"
_HOUR = 3600


def judge_impersonation(exchange: GcpExchange) -> None:
    """Settle `impersonate`."""
    account = exchange.request.service_account
    gcp = exchange.gcp
    if exchange.provider is not None and exchange.provider.kind not in ("oidc", "unknown"):
        return
    if _uses_the_token_directly(exchange):
        _direct_access(exchange)
        return
    policies = [
        policy
        for policy in (gcp.service_account_policy, gcp.project_policy, gcp.folder_policy, gcp.organization_policy)
        if isinstance(policy, AllowPolicy)
    ]
    if account is None and isinstance(gcp.service_account, ServiceAccount):
        account = gcp.service_account.email
    if account is None and isinstance(gcp.service_account_policy, Missing):
        _direct_access(exchange)
        return
    _judge_request(exchange)
    _judge_account(exchange, account or "")
    judge_bindings(exchange, account or "", policies)


def _uses_the_token_directly(exchange: GcpExchange) -> bool:
    """Whether the client's configuration names no service account, and the target's own settings name none either."""
    credentials = exchange.gcp.credentials
    if isinstance(credentials, Missing) or not isinstance(credentials.value, dict):
        return False
    origin = exchange.case.evidence.target.origins.get("gcp.service_account")
    by_client = origin is not None and not origin.file.startswith("gcp/")
    return not credentials.value.get("service_account_impersonation_url") and not by_client


def _direct_access(exchange: GcpExchange) -> None:
    """Settle `impersonate` for a target without a service account, which uses the federated token directly."""
    if exchange.seen_at("impersonate") or exchange.seen_at("permission"):
        credentials = exchange.gcp.credentials
        name = exchange.provider_name
        subject = exchange.mapped.get("google.subject", "")
        exchange.refuse(
            Kind.IMPERSONATION_NOT_CONFIGURED,
            where=credentials.at("/service_account_impersonation_url") if isinstance(credentials, Document) else None,
            certain=False,
            settle="the client's credential configuration",
            principal=principal_of(name, subject) if name and subject else "",
        )
        return
    exchange.passed("impersonate", "no service account is named: the federated token is used directly")


def _judge_request(exchange: GcpExchange) -> None:
    lifetime = exchange.request.access_token_lifetime
    origins = exchange.case.evidence.target.origins
    if lifetime is not None and lifetime > _HOUR:
        exchange.refuse(
            Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT,
            actual=Side(str(lifetime), origins.get("gcp.access_token_lifetime")),
            expected=Side(f"at most {_HOUR}"),
            # the organisation may have lifted the limit for this account
            certain=exchange.seen_at("impersonate"),
            settle="the constraint iam.allowServiceAccountCredentialLifetimeExtension of the organisation",
            requested=str(lifetime),
            limit=str(_HOUR),
        )
    if exchange.request.scopes is not None and not exchange.request.scopes:
        exchange.refuse(Kind.SCOPE_MISSING, where=origins.get("gcp.scopes"))
    services = exchange.gcp.services
    if isinstance(services, Missing):
        exchange.unseen.add(Kind.API_DISABLED)
    elif service_states(services).get("sts.googleapis.com") == "DISABLED":
        # inferred: no raw refusal for this was found, and it is the pool's project that counts
        exchange.refuse(
            Kind.API_DISABLED,
            CloudError("PERMISSION_DENIED", "", certain=False),
            step="target",
            where=services.at(),
            certain=exchange.seen_at("target"),
            settle="an exchange, or gcloud services list in the pool's project",
            api="sts.googleapis.com",
            project=exchange.gcp.project_id or exchange.gcp.project_number or "",
        )
    if lifetime is None:
        exchange.unseen.add(Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT)
    if exchange.request.scopes is None:
        exchange.unseen.add(Kind.SCOPE_MISSING)
    if isinstance(services, Document) and service_states(services).get(_API) == "DISABLED":
        exchange.refuse(
            Kind.API_DISABLED,
            CloudError(
                "PERMISSION_DENIED",
                "IAM Service Account Credentials API has not been used in project "
                f"{exchange.gcp.project_number or '<number>'} before or it is disabled.",
                certain=False,
            ),
            step="impersonate",
            where=services.at(),
            api=_API,
            project=exchange.gcp.project_id or exchange.gcp.project_number or "",
        )


def _judge_account(exchange: GcpExchange, account: str) -> None:
    read = exchange.gcp.service_account
    if isinstance(read, Missing):
        exchange.unseen |= {Kind.SERVICE_ACCOUNT_DISABLED, Kind.SERVICE_ACCOUNT_MISSING}
        if read.proves_absence:
            exchange.refuse(
                Kind.SERVICE_ACCOUNT_MISSING,
                CloudError("NOT_FOUND", f"Not found; Gaia id not found for email {account}", certain=False),
                where=exchange.case.evidence.target.origins.get("gcp.service_account"),
                service_account=account,
            )
    elif read.disabled:
        exchange.refuse(Kind.SERVICE_ACCOUNT_DISABLED, where=read.document.at("/disabled"), service_account=account)

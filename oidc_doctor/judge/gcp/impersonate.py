"""Judge service account impersonation: the request for the token, the account itself, then its allow policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.commands import command
from oidc_doctor.documents.provider import service_states
from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge.error_texts import is_of_federated_principal, on_the_wire
from oidc_doctor.judge.gcp.members import judge_bindings, own_principal
from oidc_doctor.judge.gcp.names import gke_identity
from oidc_doctor.judge.typos import similarity
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import AllowPolicy, ServiceAccount
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import CloudError, Side
from oidc_doctor.model.steps import PASSED

if TYPE_CHECKING:
    from oidc_doctor.judge.gcp.state import GcpExchange
    from oidc_doctor.model.case import Reading

_API = "iamcredentials.googleapis.com"
_HOUR = 3600


def judge_impersonation(exchange: GcpExchange) -> None:
    """Settle `impersonate`."""
    account = exchange.request.service_account
    gcp = exchange.gcp
    if exchange.provider is not None and exchange.provider.kind not in ("oidc", "unknown"):
        return
    if exchange.provider is None and exchange.name is None:
        identity = gke_identity(exchange.token.claim("iss"), exchange.token.subject)
        if identity is not None:
            exchange.gke, exchange.mapped = identity[0], {"google.subject": identity[1]}
    if uses_the_token_directly(exchange):
        _direct_access(exchange)
        return
    policies = _policies(exchange)
    if account is None and isinstance(gcp.service_account, ServiceAccount):
        account = gcp.service_account.email
    if account is None and isinstance(gcp.service_account_policy, Missing):
        _direct_access(exchange)
        return
    _judge_request(exchange)
    other = _other_account(exchange, account or "")
    _judge_account(exchange, account or "", other.value if other else "")
    if other is not None and not _is_proven_absent(exchange):
        _suspect_account(exchange, account or "", other)
        if exchange.gcp.near_service_accounts:
            return  # the policy that was read is assumed to belong to that other account
    judge_bindings(exchange, account or "", policies)


_IMPERSONATION = re.compile(r"/serviceAccounts/([^/:]+@[^/:]+):generateAccessToken")
_ALIKE = 0.95  # minimum similarity of an address and its misspelling


def _other_account(exchange: GcpExchange, account: str) -> Side | None:
    """Return the account that was read or listed, if the client requests a different one."""
    gcp = exchange.gcp
    if not account or has_placeholder(account):
        return None
    account = account.rpartition("/serviceAccounts/")[2]  # a resource name ends with the address
    for near in gcp.near_service_accounts:
        if near.email and near.email != account:
            return Side(near.email, near.document.at("/email"))
    if isinstance(gcp.credentials, Document) and isinstance(gcp.credentials.value, dict):
        url = gcp.credentials.value.get("service_account_impersonation_url")
        configured = _IMPERSONATION.search(url) if isinstance(url, str) else None
        if configured and configured[1] != account and not has_placeholder(configured[1]):
            return Side(configured[1], gcp.credentials.at("/service_account_impersonation_url"))
    if not exchange.seen_at("impersonate"):
        return None
    if isinstance(gcp.service_account, ServiceAccount) and gcp.service_account.email == account:
        return None
    return _misspelled_by(account, _policies(exchange))


def _misspelled_by(account: str, policies: list[AllowPolicy]) -> Side | None:
    """Return the member address that this account probably misspells; None if the account itself is a member."""
    nearest = None
    for policy in policies:
        for binding in policy.bindings:
            for index, member in enumerate(binding.members):
                listed = member.removeprefix("serviceAccount:")
                if listed == account:
                    return None
                if listed == member or "@" not in listed or nearest is not None:
                    continue
                if similarity(account, listed) >= _ALIKE:
                    nearest = Side(listed, policy.document.at(f"{binding.pointer}/members/{index}"))
    return nearest


def _is_proven_absent(exchange: GcpExchange) -> bool:
    read = exchange.gcp.service_account
    return isinstance(read, Missing) and read.proves_absence


def _suspect_account(exchange: GcpExchange, account: str, other: Side) -> None:
    difference = compare_value([other.value], account, wildcards=False, pasted=exchange.pasted)
    origins = exchange.case.evidence.target.origins
    exchange.refuse(
        Kind.SERVICE_ACCOUNT_DIFFERS,
        expected=other._replace(spans=difference.expected_spans),
        actual=Side(account, origins.get("gcp.service_account"), difference.actual_spans),
        certain=False,
        settle=command("gcloud", "iam", "service-accounts", "get-iam-policy", account)
        or "gcloud iam service-accounts get-iam-policy of the account that the client names",
        rank=-1,
        service_account=account,
        read=other.value,
    )


def _policies(exchange: GcpExchange) -> list[AllowPolicy]:
    gcp = exchange.gcp
    policies = (gcp.service_account_policy, gcp.project_policy, gcp.folder_policy, gcp.organization_policy)
    return [policy for policy in policies if isinstance(policy, AllowPolicy)]


def uses_the_token_directly(exchange: GcpExchange) -> bool:
    """Whether neither the client's configuration nor the target's own settings name a service account."""
    credentials = exchange.gcp.credentials
    if isinstance(credentials, Missing) or not isinstance(credentials.value, dict):
        return False
    origin = exchange.case.evidence.target.origins.get("gcp.service_account")
    by_client = origin is not None and not origin.file.startswith("gcp/")
    return not credentials.value.get("service_account_impersonation_url") and not by_client


def _direct_access(exchange: GcpExchange) -> None:
    """Settle `impersonate` for a target that uses the federated token directly, without a service account."""
    credentials = exchange.gcp.credentials
    unread = exchange.provider is None and exchange.name is None and exchange.gke is None
    if unread and not isinstance(credentials, Document):
        exchange.settle("impersonate", "unknown", "nothing that was read says what the client asks for")
        return
    if exchange.seen_at("impersonate") or exchange.seen_at("permission"):
        exchange.refuse(
            Kind.IMPERSONATION_NOT_CONFIGURED,
            step="impersonate",
            where=credentials.at("/service_account_impersonation_url") if isinstance(credentials, Document) else None,
            certain=False,
            settle="the client's credential configuration",
            principal=own_principal(exchange),
        )
        return
    if isinstance(credentials, Document):
        exchange.passed("impersonate", "no service account is named: the federated token is used directly")
    else:
        exchange.assume("impersonate", "that the client impersonates no service account: none is named")


def judge_permission(exchange: GcpExchange) -> None:
    """Report the principal of an observed refusal after the exchange; the sentence itself proves the refusal."""
    for reading in exchange.case.readings:
        if reading.kind is not Kind.PERMISSION_MISSING or reading.cloud != "gcp":
            continue
        principal = own_principal(exchange)
        federated = is_of_federated_principal(reading.text)
        account = exchange.request.service_account
        direct = federated or uses_the_token_directly(exchange)
        if federated and exchange.results["impersonate"].state == PASSED and exchange.results["impersonate"].at:
            _impersonation_was_meant(exchange, reading, principal)
        if _is_shown(exchange, reading.facts.get("permission", "")):
            continue  # the policies show the call, and why it is denied
        exchange.refuse(
            Kind.PERMISSION_MISSING,
            CloudError(*on_the_wire(reading.text)),
            step="permission",
            actual=Side(principal) if direct and principal else None,
            certain=False,
            where=Origin(reading.source),
            settle="the allow policy of the resource",
            facts={
                **reading.facts,
                "service_account": account or "",
            },
        )


def _is_shown(exchange: GcpExchange, permission: str) -> bool:
    """Whether policies that were read deny this call."""
    return any(
        refusal.kind is Kind.PERMISSION_MISSING and permission in refusal.fact("calls").split()
        for refusal in exchange.results["permission"].refusals
    )


def _impersonation_was_meant(exchange: GcpExchange, reading: Reading, principal: str) -> None:
    """Report a principal that may impersonate an account, but reached Cloud Storage without doing so."""
    exchange.refuse(
        Kind.IMPERSONATION_NOT_CONFIGURED,
        CloudError(*on_the_wire(reading.text)),
        step="permission",
        where=Origin(reading.source),
        rank=-1,
        principal=principal,
        permission=reading.facts.get("permission", ""),
    )
    refusals = exchange.results["permission"].refusals
    refusals[-1] = refusals[-1]._replace(named_by_error=True)  # the sentence calls such a principal "Caller"


def _judge_request(exchange: GcpExchange) -> None:
    lifetime = exchange.request.access_token_lifetime
    origins = exchange.case.evidence.target.origins
    if lifetime is not None and lifetime > _HOUR:
        exchange.refuse(
            Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT,
            actual=Side(str(lifetime), origins.get("gcp.access_token_lifetime")),
            expected=Side(f"at most {_HOUR}"),
            # the organization may have lifted the limit for this account
            certain=exchange.seen_at("impersonate"),
            settle="the constraint iam.allowServiceAccountCredentialLifetimeExtension of the organization",
            requested=str(lifetime),
            limit=str(_HOUR),
        )
    if exchange.request.scopes is not None and not exchange.request.scopes:
        exchange.refuse(Kind.SCOPE_MISSING, where=origins.get("gcp.scopes"))
    services = exchange.gcp.services
    if isinstance(services, Missing):
        exchange.unseen.add(Kind.API_DISABLED)
    elif _is_disabled(services, "sts.googleapis.com") is not False:
        # inferred: no such refusal was found in raw form; the pool's project decides
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
    disabled = _is_disabled(services, _API) if isinstance(services, Document) else False
    if isinstance(services, Document) and disabled is not False:
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
            certain=disabled is True,
            settle="gcloud services list --enabled in the pool's project, in full",
            api=_API,
            project=exchange.gcp.project_id or exchange.gcp.project_number or "",
        )


def _is_disabled(services: Document, api: str) -> bool | None:
    """Whether the list shows the service as disabled; None for any other state.

    None also if a list of enabled services lacks the service, since the list may be truncated.
    """
    states = service_states(services)
    if api in states:
        return {"DISABLED": True, "ENABLED": False}.get(states[api])
    value = services.value
    listed = value.get("services") if isinstance(value, dict) else value
    return None if isinstance(listed, list) and set(states.values()) == {"ENABLED"} else False


def _judge_account(exchange: GcpExchange, account: str, other: str) -> None:
    read = exchange.gcp.service_account
    if isinstance(read, Missing):
        exchange.unseen |= {Kind.SERVICE_ACCOUNT_DISABLED, Kind.SERVICE_ACCOUNT_MISSING}
        if read.proves_absence:
            exchange.refuse(
                Kind.SERVICE_ACCOUNT_MISSING,
                CloudError("NOT_FOUND", f"Not found; Gaia id not found for email {account}", certain=False),
                where=exchange.case.evidence.target.origins.get("gcp.service_account"),
                service_account=account,
                near=other,
            )
        elif other and any(reading.kind is Kind.SERVICE_ACCOUNT_MISSING for reading in exchange.case.readings):
            # the sentence proves the refusal; alternatives from the evidence are added
            exchange.refuse(
                Kind.SERVICE_ACCOUNT_MISSING,
                where=exchange.case.evidence.target.origins.get("gcp.service_account"),
                certain=False,
                service_account=account,
                near=other,
            )
    elif read.disabled:
        exchange.refuse(Kind.SERVICE_ACCOUNT_DISABLED, where=read.document.at("/disabled"), service_account=account)

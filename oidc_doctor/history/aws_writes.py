"""Derive the effects of IAM writes in CloudTrail on the fields of a role and an OIDC provider.

Sources: the IAM API reference, CloudTrail's published events.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oidc_doctor.history.writes import UNSEEN, FieldWrite, Unseen, strings
from oidc_doctor.logs.records.cloudtrail_writes import OF_POLICY, OF_PROVIDER, OF_ROLE, Members, policy_text
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.placeholder import account_is_redacted

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence

DEFAULT_DURATION = 3600  # MaxSessionDuration of a role that does not set it [IAM API reference]


def aws_field_writes(change: Change, evidence: TargetEvidence, issuers: frozenset[str]) -> list[FieldWrite] | None:
    """Return the write's effects: [] if no step depends on them, None for another target's resources."""
    if change.what in OF_ROLE:
        return _role_writes(change) if is_role_of(change, evidence) else None
    if change.what in OF_PROVIDER:
        return _provider_writes(change) if _is_provider(change, evidence, issuers) else None
    return [] if change.what in OF_POLICY else None  # concerns permissions, which are no step of the exchange


def role_account(evidence: TargetEvidence) -> str | None:
    """Return the account of the target's role, None if unknown."""
    arn = (evidence.target.aws.role_arn if evidence.target.aws else None) or ""
    account = account_of(arn)
    return account if account and account.isdigit() else None


def is_role_of(change: Change, evidence: TargetEvidence) -> bool:
    """Whether the write concerns the target's role."""
    names: set[str] = set()
    if evidence.target.aws and evidence.target.aws.role_arn:
        names.add(evidence.target.aws.role_arn.rpartition("/")[2].casefold())
    role = evidence.aws.role if evidence.aws else None
    name = getattr(role, "name", None)
    if name:
        names.add(name.casefold())
    return change.resource.rpartition("/")[2].casefold() in names and _same_account(change.account, evidence)


def _is_provider(change: Change, evidence: TargetEvidence, issuers: frozenset[str]) -> bool:
    return provider_path(change.resource) in issuers and _same_account(change.account, evidence)


def provider_path(name: str) -> str:
    """Return the issuer's address without scheme from a provider's ARN or URL."""
    return name.partition(":oidc-provider/")[2] or name.removeprefix("https://")


def _same_account(account: str | None, evidence: TargetEvidence) -> bool:
    target_account = role_account(evidence)
    return target_account is None or account is None or account_is_redacted(account) or target_account == account


def _role_writes(change: Change) -> list[FieldWrite]:
    request = Members(change.record.get("requestParameters"))
    event_name = change.what
    if event_name == "DeleteRole":
        return [FieldWrite("role", value=False, before=True)]
    if event_name == "CreateRole":
        created = Members(Members(change.record.get("responseElements")).get("role"))
        document = request.get("assumeRolePolicyDocument") or created.get("assumeRolePolicyDocument")
        duration = request.get("maxSessionDuration") or created.get("maxSessionDuration")
        return [
            FieldWrite("role", value=True, before=False),
            FieldWrite("trust", value=policy_of(document)),
            FieldWrite("duration", value=_integer(duration) or DEFAULT_DURATION),
        ]
    if event_name == "UpdateAssumeRolePolicy":
        return [
            FieldWrite("role", value=True, before=True),
            FieldWrite("trust", value=policy_of(request.get("policyDocument"))),
        ]
    if event_name == "UpdateRole" and request.get("maxSessionDuration") is not None:
        return [
            FieldWrite("role", value=True, before=True),
            FieldWrite("duration", value=_integer(request.get("maxSessionDuration"))),
        ]
    return []


def _provider_writes(change: Change) -> list[FieldWrite]:
    request = Members(change.record.get("requestParameters"))
    event_name = change.what
    url = FieldWrite("url", value=provider_path(change.resource), before=provider_path(change.resource))
    if event_name == "DeleteOpenIDConnectProvider":
        return [FieldWrite("provider", value=False, before=True), url]
    if event_name == "CreateOpenIDConnectProvider":
        return [
            FieldWrite("provider", value=True, before=False),
            url,
            FieldWrite("clients", value=strings(request.get("clientIDList"))),
            FieldWrite(
                "thumbprints", value=_thumbprints(request) or UNSEEN
            ),  # without one, IAM fetches it [API reference]
        ]
    exists = FieldWrite("provider", value=True, before=True)
    client = request.text("clientID")
    if event_name == "AddClientIDToOpenIDConnectProvider" and client:
        return [exists, url, FieldWrite("clients", forward=_adding(client), backward=_removing(client))]
    if event_name == "RemoveClientIDFromOpenIDConnectProvider" and client:
        return [exists, url, FieldWrite("clients", forward=_removing(client), backward=_adding(client))]
    if event_name == "UpdateOpenIDConnectProviderThumbprint":
        return [exists, url, FieldWrite("thumbprints", value=_thumbprints(request))]
    return []


def _adding(client: str) -> Callable[[Json], Json]:
    return lambda clients: [*clients, *([] if client in clients else [client])]


def _removing(client: str) -> Callable[[Json], Json]:
    return lambda clients: [listed for listed in clients if listed != client]


def policy_of(value: Json) -> Json | Unseen:
    """Parse a policy of an event; return UNSEEN where the event was cut."""
    document = policy_text(value)
    if document is None:
        return UNSEEN
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return UNSEEN  # CloudTrail cuts a request that is too large, which is then not JSON


def _thumbprints(request: Members) -> list[str]:
    """IAM keeps them in lower case (measured)."""
    return [thumbprint.lower() for thumbprint in strings(request.get("thumbprintList"))]


def _integer(value: Json) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    return value if isinstance(value, int) and not isinstance(value, bool) else None

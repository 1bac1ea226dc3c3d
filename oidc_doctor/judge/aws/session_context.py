"""Build the condition keys of a call that a session makes after the exchange.

IAM User Guide, AWS global condition context keys ("Availability" of each key). A key that a policy tests and no row
here settles is unknown: it never decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from oidc_doctor import iam
from oidc_doctor.documents.truss import ECR_HOST
from oidc_doctor.judge.aws.arns import issuer_path
from oidc_doctor.judge.aws.request_context import condition_keys_of
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.placeholder import has_placeholder

if TYPE_CHECKING:
    from oidc_doctor.judge.aws.state import AwsExchange
    from oidc_doctor.model.access import Need
    from oidc_doctor.model.document import Json

# Absent for a federated session that calls a service directly.
_ABSENT = frozenset(
    (
        *("aws:username", "aws:multifactorauthpresent", "aws:multifactorauthage", "aws:principalservicename"),
        *("aws:principalservicenameslist", "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid"),
        *("aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:signinsessionarn"),
        *("aws:calledviaawsmcp", "aws:viaawsmcpservice"),
    )
)
_THROUGH_S3 = frozenset(("aws:calledvia", "aws:calledviafirst", "aws:calledvialast"))


def _region(need: Need) -> str:
    """Return the Region of the registry or key. A bucket's name does not contain its Region."""
    if need.service == "s3":
        return ""
    ecr = ECR_HOST.fullmatch(need.wish.partition("/")[0])
    fields = str(need.resource).split(":")
    region = ecr["region"] if ecr is not None else fields[_REGION] if len(fields) > _REGION else ""
    return "" if has_placeholder(region) else region


_REGION = 3  # index of the Region in an ARN


def session_context(exchange: AwsExchange, need: Need, account: str | None, policies: Iterable[Json]) -> dict[str, Any]:
    """Return the value of each key that the policies test; `account` is the resource's."""
    role, request = exchange.aws.role, exchange.request
    name = request.role_session_name
    role_id = role.raw.get("RoleId") if isinstance(role, Role) else None
    context: dict[str, Any] = {
        "aws:PrincipalArn": request.role_arn or (role.arn if isinstance(role, Role) else None) or iam.UNKNOWN,
        "aws:PrincipalAccount": exchange.account or iam.UNKNOWN,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalIsAWSService": "false",
        "aws:userid": f"{role_id}:{name}" if isinstance(role_id, str) and name else iam.UNKNOWN,
        "aws:FederatedProvider": exchange.provider_arn or iam.UNKNOWN,
        "aws:SecureTransport": "true",
        "aws:CurrentTime": rfc3339(exchange.case.at),
        "aws:EpochTime": str(int(exchange.case.at)),
        "aws:RequestedRegion": _region(need) or iam.UNKNOWN,
        "aws:ResourceAccount": account if account and need.service != "s3" else iam.UNKNOWN,  # any owner's bucket
        # S3 calls KMS for the session, with forward access sessions
        "aws:ViaAWSService": "true" if need.service == "kms" else "false",
    }
    subject = exchange.token.subject
    if exchange.issuer and subject is not None:
        context[f"{issuer_path(exchange.issuer)}:sub"] = subject
    if exchange.issuer and exchange.audience is not None:
        context[f"{issuer_path(exchange.issuer)}:aud"] = exchange.audience
    values = {
        key: value for key, value in request.context.items() if key.lower().startswith(("aws:", f"{need.service}:"))
    }
    named = {key.lower() for key in values}
    context = {key: value for key, value in context.items() if key.lower() not in named} | values | dict(need.context)
    known_keys = {key.lower() for key in context} | _ABSENT
    if need.service == "kms":
        known_keys -= _THROUGH_S3
    for policy in policies:
        for key in condition_keys_of(policy):
            if key.lower() not in known_keys:
                context[key] = iam.UNKNOWN
    return context

"""Find the ARN of a role by its name, in the credentials' account."""

from __future__ import annotations

from typing import Any

from oidc_doctor.live.aws.account import member
from oidc_doctor.live.aws.client import IAM_REGION, AwsClients, with_call_errors
from oidc_doctor.live.collect import CallError
from oidc_doctor.model.arns import ARN_FIELDS

_USUAL = "aws"  # the partition of the first calls; a caller's ARN says its own


def arn_of_role(name: str, profile: str | None, region: str | None) -> str:
    """Return the role's ARN from IAM, since its path is not in its name. Raises CallError.

    If the role cannot be read or does not exist, return the ARN without a path.
    """
    clients = AwsClients(profile, _USUAL)
    caller = _ask(clients, "sts", region or IAM_REGION[_USUAL], "get_caller_identity")
    _, partition, _, _, account, _ = str(member(caller, "Arn", str)).split(":", ARN_FIELDS - 1)
    try:
        answer = _ask(clients, "iam", IAM_REGION.get(partition, IAM_REGION[_USUAL]), "get_role", RoleName=name)
        return str(member(member(answer, "Role", dict), "Arn", str))
    except CallError:
        return f"arn:{partition}:iam::{account}:role/{name}"


def _ask(clients: AwsClients, service: str, region: str, operation: str, **parameters: Any) -> Any:
    client = clients.of(service, region)
    return with_call_errors(lambda: getattr(client, operation)(**parameters))

"""AWS by boto3: a role's trust and permissions, and CloudTrail's records. Read-only.

Permissions as the service authorization reference names them; limits of LookupEvents as the CloudTrail user guide does
(two requests a second, account and Region; 50 events a page; 90 days).
"""

from __future__ import annotations

from oidc_doctor.live.aws.account import AwsScope, partition_of
from oidc_doctor.live.aws.client import IAM_REGION, AwsClients
from oidc_doctor.live.aws.configuration import AwsConfiguration
from oidc_doctor.live.aws.logs import AwsLogs
from oidc_doctor.live.aws.lookup import RoleGroup
from oidc_doctor.live.aws.oracles import Oracles
from oidc_doctor.live.collect import Reader

__all__ = ["IAM_REGION", "AwsClients", "AwsScope", "RoleGroup", "partition_of", "readers"]


class _Aws(AwsLogs, AwsConfiguration, Oracles):
    """All readers of one target."""


def readers(clients: AwsClients, scope: AwsScope, group: RoleGroup | None = None) -> list[Reader]:
    """Return all AWS readers that a target needs. `group` has the targets that share the clients."""
    target = _Aws(clients, scope, group or RoleGroup())
    places = target.places()
    if scope.only_logs:
        return [target.caller(), *places]
    readers = [target.caller(), target.provider_list(), target.provider()]
    if target.role_name:
        readers += [target.role(), target.policy_list(), target.attached()]
    readers += target.resources()
    if scope.lookup and not any(place.engine != "s3" for place in scope.places):  # an engine has the same events
        readers += target.lookups()
    readers += places
    if scope.oracles:
        readers += target.oracles()
    if scope.attempt is not None:
        readers.append(target.exchange(scope.attempt))
    return readers

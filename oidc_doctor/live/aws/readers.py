"""AWS by boto3: what a role accepts, who it lets do what, and what CloudTrail recorded. Read-only.

Permissions as the service authorization reference names them; limits of LookupEvents as the CloudTrail user guide does
(two requests a second, account and Region; 50 events a page; 90 days).
"""

from __future__ import annotations

from oidc_doctor.live.aws.account import Wanted, partition_of
from oidc_doctor.live.aws.client import IAM_REGION, Clients
from oidc_doctor.live.aws.configuration import Configuration
from oidc_doctor.live.aws.logs import Logs
from oidc_doctor.live.aws.oracles import Oracles
from oidc_doctor.live.collect import Reader

__all__ = ["IAM_REGION", "Clients", "Wanted", "partition_of", "readers"]


class _Aws(Configuration, Logs, Oracles):
    """All readers of one target."""


def readers(clients: Clients, wanted: Wanted) -> list[Reader]:
    """Everything that is to be read of AWS for one target, and nothing else."""
    one = _Aws(clients, wanted)
    found = [one.caller(), one.provider_list(), one.provider()]
    if one.role_name:
        found += [one.role(), one.policy_list(), one.attached()]
    found += one.resources()
    if wanted.lookup:
        found += one.lookups()
    found += [one.trail(place, index) for index, place in enumerate(wanted.trails)]
    if wanted.oracles:
        found += one.oracles()
    if wanted.attempt is not None:
        found.append(one.exchange(wanted.attempt))
    return found

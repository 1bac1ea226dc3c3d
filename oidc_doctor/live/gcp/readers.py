"""Google Cloud: what a provider and a service account accept, what is switched on, and what was logged. Read-only.

Wire details as the APIs' discovery documents have them: iam v1, cloudresourcemanager v3, serviceusage v1, orgpolicy v2,
logging v2, sts v1, iamcredentials v1.
"""

from __future__ import annotations

from oidc_doctor.live.collect import Reader
from oidc_doctor.live.gcp.client import Clients, new_pacer, role_with
from oidc_doctor.live.gcp.configuration import Configuration, Wanted
from oidc_doctor.live.gcp.exchange import Exchange
from oidc_doctor.live.gcp.logs import Logs

__all__ = ["Clients", "Wanted", "new_pacer", "readers", "role_with"]


class _Google(Configuration, Logs, Exchange):
    """All readers of one target."""


def readers(clients: Clients, wanted: Wanted) -> list[Reader]:
    """Everything that is to be read of Google Cloud for one target, and nothing else."""
    one = _Google(clients, wanted)
    found = one.unusable()
    if one.pool:
        found += [one.project(), one.pool_itself(), one.pool_list(), one.services(), one.org_policy()]
        found += [one.provider(), one.provider_list()] if one.provider_id else [one.provider_list()]
    if one.email:
        found += [one.service_account(), one.service_account_policy()]
        found += [] if one.pool else [one.services()]
    if one.policy_project:
        found += [one.project_policy(), *one.policies_above()]
    if wanted.lookup and (one.pool or one.email):
        found += one.lookups()
    if wanted.attempt is not None and one.pool:
        found.append(one.exchange(wanted.attempt))
    return found

"""Google Cloud: the configuration of a provider and a service account, the APIs, and the logs. Read-only.

Wire details as the APIs' discovery documents have them: iam v1, cloudresourcemanager v3, serviceusage v1, orgpolicy v2,
logging v2, sts v1, iamcredentials v1, storage v1, artifactregistry
v1, policytroubleshooter v3.
"""

from __future__ import annotations

from oidc_doctor.live.collect import Reader
from oidc_doctor.live.gcp.client import GcpClients, is_configured, new_pacer, role_with
from oidc_doctor.live.gcp.configuration import GcpConfiguration, GcpScope
from oidc_doctor.live.gcp.exchange import ExchangeReader
from oidc_doctor.live.gcp.logs import GcpLogs
from oidc_doctor.live.gcp.oracles import GcpOracles
from oidc_doctor.live.gcp.resources import GcpResources
from oidc_doctor.live.gcp.shared_logs import ProjectGroup

__all__ = ["GcpClients", "GcpScope", "ProjectGroup", "is_configured", "new_pacer", "readers", "role_with"]


class _Google(GcpLogs, GcpConfiguration, GcpResources, GcpOracles, ExchangeReader):
    """All readers of one target."""


def readers(clients: GcpClients, scope: GcpScope, group: ProjectGroup | None = None) -> list[Reader]:
    """Return all Google Cloud readers that a target needs. `group` has the targets that share the clients."""
    target = _Google(clients, scope, group or ProjectGroup())
    places = target.places()
    if scope.only_logs:
        return places
    readers = target.unusable()
    if target.pool:
        readers += [target.project(), target.pool_itself(), target.pool_list(), target.services(), target.org_policy()]
        readers += [target.provider(), target.provider_list()] if target.provider_id else [target.provider_list()]
    if target.email:
        readers += [target.service_account(), target.service_account_policy()]
        readers += [] if target.pool else [target.services()]
    if target.policy_project:
        readers += [target.project_policy(), *target.policies_above()]
    readers += target.resource_policies()
    readers += target.oracles() if scope.oracles else []
    readers += places
    if scope.lookup and not any(place.engine != "gs" for place in scope.places) and (target.pool or target.email):
        readers += target.lookups()
    if scope.attempt is not None and target.pool:
        readers.append(target.exchange(scope.attempt))
    return readers

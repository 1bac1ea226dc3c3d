"""The allow policies of what the workload reads: a bucket of Cloud Storage, a repository of Artifact Registry.

Wire details as in the discovery documents of storage v1 (buckets.getIamPolicy) and artifactregistry v1
(projects.locations.repositories.getIamPolicy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.judge.gcp.access import needs_of_request
from oidc_doctor.live.collect import Collector, Grant, Reader
from oidc_doctor.live.gcp.client import segment
from oidc_doctor.live.gcp.configuration import GcpReaders, check_policy

if TYPE_CHECKING:
    from collections.abc import Callable


class GcpResources(GcpReaders):
    """The readers of what the target names."""

    def resource_policies(self) -> list[Reader]:
        """Return a reader for the bucket and for the repository that the target names."""
        needs = {need.resource: need for need in needs_of_request(self.gcp)}
        return [
            self._bucket_policy(resource) if need.service == "storage" else self._repository_policy(resource)
            for resource, need in needs.items()
        ]

    def _bucket_policy(self, resource: str) -> Reader:
        call = "storage.buckets.getIamPolicy"
        path = f"storage/v1/b/{segment(resource.rpartition('/')[2])}/iam"

        def ask(collector: Collector) -> dict[str, Any]:
            return self.clients.get(collector, "storage", path, optionsRequestedPolicyVersion=3)

        grant = Grant(call, resource, "storage.googleapis.com")
        return self._reader("bucket-policy", call, ask, grant)

    def _repository_policy(self, resource: str) -> Reader:
        call = "artifactregistry.repositories.getIamPolicy"
        path = "/".join(map(segment, resource.split("/")))

        def ask(collector: Collector) -> dict[str, Any]:
            query = {"options.requestedPolicyVersion": 3}
            return self.clients.get(collector, "artifactregistry", f"v1/{path}:getIamPolicy", **query)

        grant = Grant(call, resource, "artifactregistry.googleapis.com")
        return self._reader("repository-policy", call, ask, grant)

    def _reader(self, short: str, call: str, ask: Callable[[Collector], dict[str, Any]], grant: Grant) -> Reader:
        def read(collector: Collector) -> dict[str, Any]:
            policy = ask(collector)
            check_policy(policy)
            collector.save(self.path(f"{short}.json"), call, policy)
            return policy

        return self.reader(short, f"{short}.json", call, read, (grant,))

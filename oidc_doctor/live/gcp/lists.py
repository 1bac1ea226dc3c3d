"""Every pool and provider of a Google Cloud project, for --account."""

from __future__ import annotations

import functools
from typing import Any

from oidc_doctor.live.collect import CallError, Collector, Grant, Reader
from oidc_doctor.live.gcp.client import segment
from oidc_doctor.live.gcp.configuration import IAM, GcpReaders


class Providers(GcpReaders):
    """All pools and providers of a Google project, the deleted among them."""

    def providers(self, project: str) -> Reader:
        """Pools to pools.json, the providers of all to providers.json."""
        call = "iam.workloadIdentityPoolProviders.list"
        place = f"projects/{project}"
        grants = (Grant(call, place, IAM), Grant("iam.workloadIdentityPools.list", place, IAM))

        def read(collector: Collector) -> list[Any]:
            above = f"v1/projects/{segment(project)}/locations/global/workloadIdentityPools"
            pools = self.listed(collector, above, "workloadIdentityPools")
            collector.save(self.path("pools.json"), "iam.workloadIdentityPools.list", pools)
            names = [pool["name"] for pool in pools if isinstance(pool, dict) and isinstance(pool.get("name"), str)]
            ids = [segment(name.rpartition("/")[2]) for name in names]
            asks = [
                functools.partial(
                    self.listed, collector, f"{above}/{pool_id}/providers", "workloadIdentityPoolProviders"
                )
                for pool_id in ids
            ]
            providers: list[Any] = []
            for result in collector.side_by_side(asks):
                if isinstance(result, CallError):
                    raise result
                providers += result
            collector.save(self.path("providers.json"), call, providers)
            return providers

        return self.reader("account", "providers.json", call, read, grants)

"""Read Policy Troubleshooter's results for the service account's calls, only if the user allows it.

Wire details as in the discovery document of policytroubleshooter v3. It does not support federated principals, so it
judges the impersonated account and never the exchange.
"""

from __future__ import annotations

from typing import Any

from oidc_doctor.judge.gcp.access import needs_of_request
from oidc_doctor.judge.second_opinions import full_name
from oidc_doctor.live.collect import Collector, Grant, Reader
from oidc_doctor.live.gcp.configuration import GcpReaders


class GcpOracles(GcpReaders):
    """The reader of Google's own evaluation."""

    def oracles(self) -> list[Reader]:
        """Return the reader if an account and a resource that it reads are named."""
        needs = needs_of_request(self.gcp)
        if not self.email or not needs:
            return []

        def read(collector: Collector) -> None:
            answers: list[Any] = []
            for need in needs:
                asked = {"principal": self.email, "fullResourceName": full_name(need), "permission": need.action}
                answer = self.clients.post(
                    collector, "policytroubleshooter", "v3/iam:troubleshoot", {"accessTuple": asked}
                )
                # the explanation quotes whole policies, with unrelated members
                answers.append({"accessTuple": asked, "overallAccessState": answer.get("overallAccessState")})
            collector.save(self.path(path), call, {"answers": answers})

        call, path = "policytroubleshooter.googleapis.com iam:troubleshoot", "troubleshooting.json"
        api = "policytroubleshooter.googleapis.com"
        # it omits unreadable resources from its response (Google Cloud, Policy Troubleshooter)
        grants = (Grant("resourcemanager.projects.getIamPolicy", "projects/*", api),)
        return [self.reader("troubleshooting", path, call, read, grants)]

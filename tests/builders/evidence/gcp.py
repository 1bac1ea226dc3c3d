"""Google's side of a bundle: provider, pool, service account, their policies, and audit log entries."""

from __future__ import annotations

from typing import Self

from evidence.folder import Folder, Json
from evidence.names import Names


class GcpFiles(Folder):
    """gcp/."""

    def gcp_provider(
        self, *, mapping: Json = None, condition: Json = None, audiences: Json = (Names.AUDIENCE,), **members: Json
    ) -> Self:
        """gcp/provider.json as gcloud prints it; what is given as `...` is left out. `oidc` members as `oidc={…}`."""
        oidc: dict[str, Json] = {"issuerUri": self.ISSUER, "allowedAudiences": audiences} | members.pop("oidc", {})
        box: dict[str, Json] = {
            "name": self.GCP_PROVIDER,
            "displayName": "baseten",
            "state": "ACTIVE",
            "attributeMapping": {"google.subject": "assertion.sub", "attribute.team": "assertion.team"}
            if mapping is None
            else mapping,
            "attributeCondition": f"google.subject.startsWith('v=1:org={self.ORG}:team={self.TEAM}:')"
            if condition is None
            else condition,
            "oidc": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in oidc.items()
                if value is not ...
            },
        } | members
        return self.write("gcp/provider.json", {name: value for name, value in box.items() if value is not ...})

    def gcp_pool(self, **members: Json) -> Self:
        """gcp/pool.json."""
        return self.write("gcp/pool.json", {"name": self.POOL, "state": "ACTIVE"} | members)

    def gcp_project(self) -> Self:
        """gcp/project.json."""
        return self.write(
            "gcp/project.json",
            {"projectId": self.PROJECT_ID, "projectNumber": self.PROJECT_NUMBER, "lifecycleState": "ACTIVE"},
        )

    def service_account(self, **members: Json) -> Self:
        """gcp/service-account.json."""
        box: dict[str, Json] = {
            "name": f"projects/{self.PROJECT_ID}/serviceAccounts/{self.SERVICE_ACCOUNT}",
            "email": self.SERVICE_ACCOUNT,
            "projectId": self.PROJECT_ID,
            "uniqueId": "109876543210987654321",
        } | members
        return self.write("gcp/service-account.json", box)

    def service_account_policy(
        self, *members: str, role: str = "roles/iam.workloadIdentityUser", condition: Json = None, bindings: Json = None
    ) -> Self:
        """gcp/service-account-policy.json: one binding of the healthy member unless members or bindings are given."""
        binding: dict[str, Json] = {"role": role, "members": list(members) or [self.MEMBER]}
        if condition is not None:
            binding["condition"] = {"title": "condition", "expression": condition}
        policy = {"bindings": [binding] if bindings is None else bindings, "etag": "BwYtest", "version": 3}
        return self.write("gcp/service-account-policy.json", policy)

    def project_policy(self, bindings: Json = (), **members: Json) -> Self:
        """gcp/project-policy.json."""
        return self.write("gcp/project-policy.json", {"bindings": list(bindings), "version": 3} | members)

    def log_entry(self, payload: Json = None, *, insert_id: str = "1a2b3c", **changes: Json) -> dict[str, Json]:
        """An audit log entry of an accepted exchange; `payload` goes over its protoPayload, `message` refuses it."""
        message = changes.pop("message", None)
        subject = changes.pop("subject", self.SUBJECT)
        base: dict[str, Json] = {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "authenticationInfo": {"principalSubject": subject},
            "authorizationInfo": [{"granted": False, "permission": "sts.identityProviders.checkLogging"}],
            "metadata": {"mapped_principal": f"principal://iam.googleapis.com/{self.POOL}/subject/{subject}"},
            "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken",
            "request": {"audience": f"//iam.googleapis.com/{self.GCP_PROVIDER}"},
            "resourceName": self.GCP_PROVIDER,
            "serviceName": "sts.googleapis.com",
            "status": {},
        }
        if message is not None:
            del base["metadata"]
            base["status"] = {"code": changes.pop("code", 16), "message": message}
        at = changes.pop("at", "2026-11-22T22:30:00Z")
        base["requestMetadata"] = {"callerIp": "198.51.100.24", "requestAttributes": {"time": at}}
        box = {
            "insertId": insert_id,
            "logName": f"projects/{self.PROJECT_ID}/logs/cloudaudit.googleapis.com%2Fdata_access",
            "protoPayload": base | (payload or {}),
            "resource": {"type": "audited_resource", "labels": {"project_id": self.PROJECT_ID}},
            "severity": "INFO" if message is None else "ERROR",
            "timestamp": at,
        } | changes
        return {name: value for name, value in box.items() if value is not ...}

    def gcp_logs(self, entries: list[Json] | tuple[Json, ...], name: str = "entries") -> Self:
        """A log file below gcp/logs/, as gcloud logging read prints it."""
        return self.write(f"gcp/logs/{name}.json", list(entries))

"""Single entries as Google's audit logs write them, after published ones."""

from __future__ import annotations

from random import Random

from log_shapes import Json, address, fine_stamp, letters

BYOID = "gl-python/3.11.9 auth/2.62.2 google-byoid-sdk source/file sa-impersonation/true config-lifetime/false"
GCLOUD = "google-cloud-sdk gcloud/548.0.0 command/gcloud."

EXCHANGE = "google.identity.sts.v1.SecurityTokenService.ExchangeToken"
CONDITION_FALSE = "The given credential is rejected by the attribute condition."
AUDIT = "type.googleapis.com/google.cloud.audit.AuditLog"


def gcp_entry(
    rng: Random,
    at: float,
    project: str,
    log: str,
    service: str,
    method: str,
    resource_name: str,
    payload: Json,
    *,
    resource: Json | None = None,
    operation: Json | None = None,
    agent: str = BYOID,
    caller: str = "",
) -> Json:
    """A LogEntry; `log` is data_access or activity. A payload's member given as `...` is left out."""
    status = payload.get("status", {})
    body: Json = {
        "@type": AUDIT,
        "authenticationInfo": {},
        "methodName": method,
        "requestMetadata": {
            "callerIp": caller or address(rng),
            "callerSuppliedUserAgent": agent,
            "destinationAttributes": {},
            "requestAttributes": {"auth": {}, "time": fine_stamp(at)},
        },
        "resourceName": resource_name,
        "serviceName": f"{service}.googleapis.com",
        "status": {},
    } | payload
    body = {name: body[name] for name in sorted(body) if body[name] is not ...}
    labels = {"method": method, "project_id": project, "service": f"{service}.googleapis.com"}
    entry: Json = {
        "insertId": letters(rng, 12),
        "logName": f"projects/{project}/logs/cloudaudit.googleapis.com%2F{log}",
        "operation": operation,
        "protoPayload": body,
        "receiveTimestamp": fine_stamp(at + rng.uniform(0.04, 1.9)),
        "resource": resource or {"labels": labels, "type": "audited_resource"},
        "severity": "ERROR" if status.get("code") else ("NOTICE" if log == "activity" else "INFO"),
        "timestamp": fine_stamp(at),
    }
    return {name: value for name, value in entry.items() if value is not None}


def exchange(
    rng: Random,
    at: float,
    project: str,
    provider: str,
    subject: str,
    *,
    mapped: str | None = None,
    message: str = "",
    caller: str = "",
    agent: str = BYOID,
) -> Json:
    """ExchangeToken at a provider's full name; with `message` it is refused. granted is false also on success."""
    metadata: Json = {"@type": "type.googleapis.com/google.identity.sts.v1.AuditData"}
    if not message:
        pool = provider.partition("/providers/")[0]
        metadata["mapped_principal"] = f"principal://iam.googleapis.com/{pool}/subject/{mapped or subject}"
    payload = {
        "authenticationInfo": {"principalSubject": subject},
        "authorizationInfo": [
            {
                "granted": False,
                "permission": "sts.identityProviders.checkLogging",
                "permissionType": "ADMIN_READ",
                "resource": provider,
                "resourceAttributes": {},
            }
        ],
        "metadata": metadata,
        "request": {
            "@type": "type.googleapis.com/google.identity.sts.v1.ExchangeTokenRequest",
            "audience": f"//iam.googleapis.com/{provider}",
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
            "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        },
        "status": {"code": 16, "message": message} if message else {},
    }
    return gcp_entry(rng, at, project, "data_access", "sts", EXCHANGE, provider, payload, caller=caller, agent=agent)


def impersonation(
    rng: Random,
    at: float,
    project: str,
    account: tuple[str, str],
    principal: str | None,
    *,
    accepted: bool = True,
    inner_shape: bool = False,
    caller: str = "",
    agent: str = BYOID,
) -> Json:
    """GenerateAccessToken for an account (e-mail, unique id) by a principal://….

    Two shapes of success are published: one names the principal, the other (`inner_shape`) the account itself. A
    denial has neither: Google removes the caller.
    """
    email, unique = account
    name = f"projects/-/serviceAccounts/{email}"
    resource = f"projects/-/serviceAccounts/{unique}"
    allowed: Json = {
        "permission": "iam.serviceAccounts.getAccessToken",
        "permissionType": "ADMIN_READ",
        "resource": resource,
        "resourceAttributes": {},
    }
    payload: Json = {
        "authorizationInfo": [allowed],
        "metadata": {"identityDelegationChain": [name]},
        "request": {"@type": "type.googleapis.com/google.iam.credentials.v1.GenerateAccessTokenRequest", "name": name},
    }
    if not accepted:
        payload["status"] = {"code": 7, "message": "PERMISSION_DENIED"}
    elif inner_shape:
        allowed |= {"granted": True, "permissionType": "DATA_READ"}
        payload["authenticationInfo"] = {
            "principalEmail": email,
            "loggableShortLivedCredential": {"oauthToken": {"tokenPrefix": "ya29.c." + letters(rng, 8)}},
        }
        payload["metadata"] = ...
        payload["request"] |= {"lifetime": "3600s", "scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    else:
        allowed["granted"] = True
        payload["authenticationInfo"] = {"principalSubject": principal, "serviceAccountDelegationInfo": [{}]}
    labels = {"email_id": email, "project_id": project, "unique_id": unique}
    return gcp_entry(
        rng, at, project, "data_access", "iamcredentials", "GenerateAccessToken", resource, payload,
        resource={"labels": labels, "type": "service_account"}, caller=caller, agent=agent,
    )  # fmt: skip


def administrator(rng: Random, project: str, name: str) -> Json:
    """The authenticationInfo of a service account that used a key."""
    email = f"{name}@{project}.iam.gserviceaccount.com"
    key = f"{rng.getrandbits(160):040x}"
    return {
        "principalEmail": email,
        "principalSubject": f"serviceAccount:{email}",
        "serviceAccountKeyName": f"//iam.googleapis.com/projects/{project}/serviceAccounts/{email}/keys/{key}",
    }


def pool_write(
    rng: Random, at: float, project: str, by: str, method: str, name: str, request: Json, *, seconds: float = 2.4
) -> list[Json]:
    """The two entries of a write to a pool or provider: it is a long-running operation. The second names nobody."""
    operation = {"id": f"{name}/operations/{letters(rng, 24)}", "producer": "iam.googleapis.com"}
    kind = "workloadIdentityPoolProviders" if method.endswith("Provider") else "workloadIdentityPools"
    verb = method.partition("Workload")[0].lower()
    full = f"google.iam.v1.WorkloadIdentityPools.{method}"
    caller = "198.51.100.24"
    agent = f"{GCLOUD}iam.workload-identity-pools.{'providers.' if method.endswith('Provider') else ''}{verb}"
    asked = {
        "authenticationInfo": administrator(rng, project, by),
        "authorizationInfo": [
            {
                "granted": True,
                "permission": f"iam.{kind}.{verb}",
                "permissionType": "ADMIN_WRITE",
                "resource": name,
                "resourceAttributes": {},
            }
        ],
        "request": {"@type": f"type.googleapis.com/google.iam.v1.{method}Request"} | request,
    }
    first = gcp_entry(
        rng, at, project, "activity", "iam", full, name, asked,
        operation={"first": True} | operation, caller=caller, agent=agent,
    )  # fmt: skip
    last = gcp_entry(
        rng, at + seconds, project, "activity", "iam", full, name, {},
        operation={"last": True} | operation, caller=caller, agent=agent,
    )  # fmt: skip
    return [first, last]


def set_project_policy(rng: Random, at: float, project: str, by: str, bindings: list[Json], deltas: list[Json]) -> Json:
    """SetIamPolicy on the project."""
    payload = {
        "authenticationInfo": administrator(rng, project, by),
        "authorizationInfo": [
            {
                "granted": True,
                "permission": "resourcemanager.projects.setIamPolicy",
                "permissionType": "ADMIN_WRITE",
                "resource": f"projects/{project}",
                "resourceAttributes": {},
            }
        ],
        "request": {
            "@type": "type.googleapis.com/google.iam.v1.SetIamPolicyRequest",
            "policy": {"bindings": bindings, "etag": f"BwY{letters(rng, 8)}="},
            "resource": project,
        },
        "serviceData": {
            "@type": "type.googleapis.com/google.iam.v1.logging.AuditData",
            "policyDelta": {"bindingDeltas": deltas},
        },
    }
    return gcp_entry(
        rng, at, project, "activity", "cloudresourcemanager", "SetIamPolicy", f"projects/{project}", payload,
        resource={"labels": {"project_id": project}, "type": "project"}, caller="198.51.100.24",
        agent=f"{GCLOUD}projects.set-iam-policy",
    )  # fmt: skip


def set_account_policy(
    rng: Random, at: float, project: str, by: str, account: tuple[str, str], bindings: list[Json], deltas: list[Json]
) -> Json:
    """SetIAMPolicy on a service account: the whole new policy in the request, the difference in serviceData."""
    resource = f"projects/-/serviceAccounts/{account[1]}"
    payload = {
        "authenticationInfo": administrator(rng, project, by),
        "authorizationInfo": [
            {
                "granted": True,
                "permission": "iam.serviceAccounts.setIamPolicy",
                "permissionType": "ADMIN_WRITE",
                "resource": resource,
                "resourceAttributes": {},
            }
        ],
        "request": {
            "@type": "type.googleapis.com/google.iam.v1.SetIamPolicyRequest",
            "policy": {"bindings": bindings, "etag": f"BwY{letters(rng, 8)}=", "version": 1},
            "resource": resource,
        },
        "serviceData": {
            "@type": "type.googleapis.com/google.iam.v1.logging.AuditData",
            "policyDelta": {"bindingDeltas": deltas},
        },
    }
    labels = {"email_id": account[0], "project_id": project, "unique_id": account[1]}
    return gcp_entry(
        rng, at, project, "activity", "iam", "google.iam.admin.v1.SetIAMPolicy", resource, payload,
        resource={"labels": labels, "type": "service_account"}, caller="198.51.100.24",
        agent=f"{GCLOUD}iam.service-accounts.set-iam-policy",
    )  # fmt: skip


def account_write(rng: Random, at: float, project: str, by: str, account: tuple[str, str], verb: str) -> Json:
    """DisableServiceAccount, EnableServiceAccount, DeleteServiceAccount."""
    resource = f"projects/-/serviceAccounts/{account[1]}"
    payload = {
        "authenticationInfo": administrator(rng, project, by),
        "authorizationInfo": [
            {
                "granted": True,
                "permission": f"iam.serviceAccounts.{verb.lower()}",
                "permissionType": "ADMIN_WRITE",
                "resource": resource,
                "resourceAttributes": {},
            }
        ],
        "request": {"@type": f"type.googleapis.com/google.iam.admin.v1.{verb}ServiceAccountRequest", "name": resource},
        "response": {"@type": "type.googleapis.com/google.protobuf.Empty"},
    }
    labels = {"email_id": account[0], "project_id": project, "unique_id": account[1]}
    return gcp_entry(
        rng, at, project, "activity", "iam", f"google.iam.admin.v1.{verb}ServiceAccount", resource, payload,
        resource={"labels": labels, "type": "service_account"}, caller="198.51.100.24",
        agent=f"{GCLOUD}iam.service-accounts.{verb.lower()}",
    )  # fmt: skip

"""Single records as CloudTrail and Google's audit logs write them, for archives and samples that tests make.

Shapes: the published trail files of invictus-ir/aws_dataset, the CloudTrail user guide (cloudtrail-integration), and
published Google audit entries. Every value comes from the generator that is handed in: one seed, one archive.
Times are epoch seconds.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

Json = dict[str, Any]

BOTO = (
    "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.8.0-1031-aws md/arch#x86_64 lang/python#3.11.9 "
    "md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.44.5"
)
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.4 (+https://www.terraform.io) terraform-provider-aws/6.21.0 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.41.2 ua/2.1 os/linux lang/go#1.24.9 "
    "md/GOOS#linux md/GOARCH#amd64 api/iam#1.49.0"
)
GO_SDK = "aws-sdk-go-v2/1.41.2 ua/2.1 os/linux lang/go#1.25.3 md/GOOS#linux md/GOARCH#amd64 api/sts#1.41.5"
BYOID = "gl-python/3.11.9 auth/2.62.2 google-byoid-sdk source/file sa-impersonation/true config-lifetime/false"
GCLOUD = "google-cloud-sdk gcloud/548.0.0 command/gcloud."

EXCHANGE = "google.identity.sts.v1.SecurityTokenService.ExchangeToken"
CONDITION_FALSE = "The given credential is rejected by the attribute condition."
AUDIT = "type.googleapis.com/google.cloud.audit.AuditLog"

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE36 = "abcdefghijklmnopqrstuvwxyz0123456789"


def stamp(at: float) -> str:
    """CloudTrail's eventTime: whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fine_stamp(at: float) -> str:
    """Google's timestamp: microseconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event_id(rng: Random) -> str:
    """A version 4 UUID."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def letters(rng: Random, count: int, alphabet: str = _BASE36) -> str:
    """So many characters of an alphabet."""
    return "".join(rng.choices(alphabet, k=count))


def address(rng: Random) -> str:
    """An address of the documentation ranges."""
    return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randrange(1, 255)}"


def key_id(rng: Random, prefix: str = "ASIA") -> str:
    """An identifier of AWS's form that nobody has: 20 characters for access keys, 21 for the rest, with EXAMPLE."""
    tail = "" if prefix in ("ASIA", "AKIA") else letters(rng, 1, _BASE32)
    return f"{prefix}{letters(rng, 9, _BASE32)}EXAMPLE{tail}"


# ------------------------------------------------------------------------------------------------------------------ AWS


def assumed_role(rng: Random, account: str, role: str, session: str, at: float) -> Json:
    """A userIdentity of a role's session."""
    unique = key_id(rng, "AROA")
    return {
        "type": "AssumedRole",
        "principalId": f"{unique}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": key_id(rng),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique,
                "arn": f"arn:aws:iam::{account}:role/{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": stamp(at - 180), "mfaAuthenticated": "false"},
        },
    }


def aws_record(rng: Random, at: float, service: str, name: str, identity: Json, account: str, **members: Any) -> Json:
    """A management event; a member given as `...` is left out."""
    base: Json = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": stamp(at),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": address(rng),
        "userAgent": BOTO,
        "errorCode": ...,
        "errorMessage": ...,
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": ...,
        "requestID": event_id(rng),
        "eventID": event_id(rng),
        "readOnly": name.startswith(("Get", "List", "Describe", "Assume", "Lookup", "Batch")),
        "resources": ...,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    } | members
    return {name: value for name, value in base.items() if value is not ...}


def tls(host: str) -> Json:
    """The tlsDetails of a call to this host."""
    return {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}


def web_identity(
    rng: Random,
    at: float,
    provider: str,
    audience: str,
    subject: str,
    role: str,
    *,
    accepted: bool,
    region: str = "us-east-1",
    global_endpoint: bool = False,
    duration: int | None = None,
    session: str = "",
    caller: str = "",
    agent: str = GO_SDK,
) -> Json:
    """AssumeRoleWithWebIdentity; `provider` and `role` are ARNs. A refused one is refused by the trust policy."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    session = session or str(int(at * 1_000_000_000) + rng.randrange(10**9))
    region = "us-east-1" if global_endpoint else region
    request: Json = {"roleArn": role, "roleSessionName": session}
    if duration is not None:
        request["durationSeconds"] = duration
    members: Json = {}
    if accepted:
        until = datetime.fromtimestamp(at + (duration or 3600), UTC)
        members["responseElements"] = {
            "credentials": {
                "accessKeyId": key_id(rng),
                "sessionToken": "IQoJb3JpZ2luX2Vj" + letters(rng, 24) + "EXAMPLE",
                "expiration": f"{until:%b} {until.day}, {until.year}, {until.hour % 12 or 12}:{until:%M:%S %p}",
            },
            "subjectFromWebIdentityToken": subject,
            "assumedRoleUser": {
                "assumedRoleId": f"{key_id(rng, 'AROA')}:{session}",
                "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            },
            "provider": provider,
            "audience": audience,
        }
        members["additionalEventData"] = {
            "identityProviderConnectionVerificationMethod": "IAMTrustStore",
            "RequestDetails": {"endpointType": "global" if global_endpoint else "regional", "awsServingRegion": region},
        }
    else:
        members |= {"errorCode": "AccessDenied", "errorMessage": "An unknown error occurred"}
    identity = {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:{audience}:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }
    members |= {
        "awsRegion": region,
        "userAgent": agent,
        "requestParameters": request,
        "resources": [{"accountId": account, "type": "AWS::IAM::Role", "ARN": role}],
        "tlsDetails": tls("sts.amazonaws.com" if global_endpoint else f"sts.{region}.amazonaws.com"),
    }
    if caller:
        members["sourceIPAddress"] = caller
    return aws_record(rng, at, "sts", "AssumeRoleWithWebIdentity", identity, account, **members)


def session_event(rng: Random, at: float, opened: Json, service: str, name: str, **members: Any) -> Json:
    """What the session of an accepted `web_identity` did; tied to it by accessKeyId and webIdFederationData."""
    response, account = opened["responseElements"], opened["recipientAccountId"]
    unique, _, session = response["assumedRoleUser"]["assumedRoleId"].partition(":")
    role = opened["requestParameters"]["roleArn"]
    identity = {
        "type": "AssumedRole",
        "principalId": f"{unique}:{session}",
        "arn": response["assumedRoleUser"]["arn"],
        "accountId": account,
        "accessKeyId": response["credentials"]["accessKeyId"],
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique,
                "arn": role,
                "accountId": account,
                "userName": role.rpartition("/")[2],
            },
            "webIdFederationData": {"federatedProvider": response["provider"], "attributes": {}},
            "attributes": {"creationDate": opened["eventTime"], "mfaAuthenticated": "false"},
        },
    }
    base = {"awsRegion": opened["awsRegion"], "sourceIPAddress": opened["sourceIPAddress"]}
    return aws_record(rng, at, service, name, identity, account, **(base | members))


def iam_write(
    rng: Random, at: float, account: str, by: str, name: str, request: Json | None, **members: Any
) -> Json:
    """An IAM write by a session `ROLE/SESSION`. IAM is global: its events are in us-east-1."""
    role, _, session = by.partition("/")
    base = {
        "requestParameters": request,
        "userAgent": TERRAFORM,
        "sourceIPAddress": "198.51.100.24",
        "readOnly": False,
        "tlsDetails": tls("iam.amazonaws.com"),
    }
    return aws_record(rng, at, "iam", name, assumed_role(rng, account, role, session, at), account, **(base | members))


def compact(value: Any) -> str:
    """JSON without spaces, as SDKs send it."""
    return json.dumps(value, separators=(",", ":"))


# --------------------------------------------------------------------------------------------------------------- Google


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
    return gcp_entry(
        rng, at, project, "data_access", "sts", EXCHANGE, provider, payload, caller=caller, agent=agent
    )


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

"""Logs, with edits and tokens. Each has at most a mebibyte, except those that show how the cost grows."""

from __future__ import annotations

import gzip
import json
import shutil
from typing import TYPE_CHECKING, Any

from cost_inputs.bundles import Command, bundle, edit, exact, records, report, revised, sample_tokens
from cost_inputs.conditions import revisions_and_subjects

if TYPE_CHECKING:
    from pathlib import Path


def events(place: Path) -> Command:
    """A log of 3,000 refused subjects."""
    folder = bundle(place, "healthy-aws")
    records(folder, 3_000)
    return report(folder)


def thousand(place: Path) -> Command:
    """A log of 1,000 refused subjects, a mebibyte."""
    folder = bundle(place, "healthy-aws")
    records(folder, 1_000)
    return report(folder)


def extract(place: Path, count: int = 3_000) -> Command:
    """An extract of so many refused subjects."""
    folder = bundle(place, "healthy-aws")
    records(folder, count)
    trail = folder / "aws/cloudtrail/many.json"
    (trail.parent / "many.json.gz").write_bytes(gzip.compress(trail.read_bytes()))
    trail.unlink()
    return report(folder)


def long_extract(place: Path) -> Command:
    """An extract of 100,000 refused subjects: more than a mebibyte, to see how the cost grows."""
    return extract(place, 100_000)


def many_revisions(place: Path) -> Command:
    """A role with 60 exact subjects and 200 logged edits of them, with a log of 300 refused subjects."""
    return revisions_and_subjects(place, 200)


def proposed(place: Path) -> Command:
    """A changed trust policy that is laid over a log of 1,000 subjects."""
    folder = revised(place, 20)
    records(folder, 1_000)
    changed = place / "changed.json"
    document = json.loads((folder / "aws/role.json").read_text(encoding="utf-8"))["Role"]["AssumeRolePolicyDocument"]
    document["Statement"][0]["Condition"] = {"StringLike": {"oidc.baseten.co:sub": [exact(1), "v=1:org=o5*"]}}
    changed.write_text(json.dumps(document), encoding="utf-8")
    return [*report(folder), "--with", str(changed)]


POOL = "projects/104729385610/locations/global/workloadIdentityPools/baseten-pool"


def entry(number: int, method: str, name: str, body: dict[str, Any], **labels: str) -> dict[str, Any]:
    """An entry of Google's audit logs."""
    kind = "data_access" if "Token" in method else "activity"
    time = f"2026-11-19T{9 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return {
        "insertId": f"i{number}{method[-6:]}",
        "logName": f"projects/acme-ml-prod/logs/cloudaudit.googleapis.com%2F{kind}",
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "authenticationInfo": {"principalEmail": "ci@acme-ml-prod.iam.gserviceaccount.com"},
            "methodName": method,
            "requestMetadata": {"callerIp": "198.51.100.24", "callerSuppliedUserAgent": "google-cloud-sdk"},
            "resourceName": name,
            "serviceName": "sts.googleapis.com" if "Exchange" in method else "iam.googleapis.com",
            "status": {},
            **body,
        },
        "resource": {"labels": {"project_id": "acme-ml-prod", **labels}, "type": "audited_resource"},
        "timestamp": time,
    }


def admits(number: int) -> str:
    """An attribute condition that names 25 subjects."""
    return " || ".join(f"assertion.sub == '{exact(number + index)}'" for index in range(25))


def google_revised(place: Path, edits: int, exchanges: int) -> Path:
    """A provider and an allow policy that were edited so many times each, and refused exchanges of so many subjects."""
    folder = bundle(place, "gcp-condition-tightened")
    shutil.rmtree(folder / "gcp/logs", ignore_errors=True)
    (folder / "error.txt").unlink()
    edit(folder / "gcp/provider.json", lambda box: box.update(attributeCondition=admits(edits)))
    provider = f"{POOL}/providers/baseten-provider"
    account = "projects/-/serviceAccounts/baseten-oidc@acme-ml-prod.iam.gserviceaccount.com"
    email = account.rpartition("/")[2]
    update = "google.iam.v1.WorkloadIdentityPools.UpdateWorkloadIdentityPoolProvider"
    entries = []
    for number in range(edits):
        written = {"name": provider, "attributeCondition": admits(number + 1)}
        request = {"updateMask": "attributeCondition", "workloadIdentityPoolProvider": written}
        entries.append(entry(number * 10, update, provider, {"request": request}))
        members = [f"principal://iam.googleapis.com/{POOL}/subject/{exact(number + index)}" for index in range(25)]
        policy = {"bindings": [{"members": members, "role": "roles/iam.workloadIdentityUser"}], "version": 1}
        body = {"request": {"policy": policy, "resource": account}}
        entries.append(entry(number * 10 + 5, "google.iam.admin.v1.SetIAMPolicy", account, body, email_id=email))
    exchange = "google.identity.sts.v1.SecurityTokenService.ExchangeToken"
    status = {"code": 16, "message": "The given credential is rejected by the attribute condition."}
    for number in range(exchanges):
        subject = f"v=1:org=o{number}:team=t:model=m:deployment=d:environment=production:type=model_container"
        body = {
            "authenticationInfo": {"principalSubject": subject},
            "request": {"audience": f"//iam.googleapis.com/{provider}"},
            "status": status,
        }
        entries.append(entry(3_600 + number, exchange, provider, body))
    (folder / "gcp/logs").mkdir()
    text = "\n".join(json.dumps(one) for one in entries)
    (folder / "gcp/logs/entries.json").write_text(text, encoding="utf-8")
    return folder


def google_revisions_and_subjects(place: Path) -> Command:
    """A provider and an allow policy with 20 logged edits each, with a log of 300 refused subjects."""
    return report(google_revised(place, 20, 300))


def google_events(place: Path) -> Command:
    """Google's log of 1,200 refused subjects."""
    return report(google_revised(place, 0, 1_200))


def google_revisions_and_tokens(place: Path) -> Command:
    """A provider and an allow policy with 20 logged edits each, with 50 sample tokens."""
    folder = google_revised(place, 20, 0)
    sample_tokens(folder)
    return report(folder)


def google_tokens(place: Path) -> Command:
    """Fifty sample tokens of a Google provider."""
    folder = bundle(place, "healthy-gcp")
    sample_tokens(folder)
    return report(folder)


def writes(place: Path) -> Command:
    """A log of a mebibyte of edits of a trust policy."""
    return report(revised(place, 170))


def refused_calls(place: Path) -> Command:
    """A log of 1,000 refused calls of the role's sessions."""
    folder = bundle(place, "healthy-aws")
    role = json.loads((folder / "aws/role.json").read_text(encoding="utf-8"))["Role"]["Arn"]
    account, name = role.split(":")[4], role.rpartition("/")[2]
    session = f"arn:aws:sts::{account}:assumed-role/{name}/weights"
    issuer = {"type": "Role", "arn": role, "accountId": account, "userName": name}

    def call(number: int) -> dict[str, Any]:
        thing = f"arn:aws:s3:::acme-model-weights-{number}/file"
        return {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "arn": session,
                "accountId": account,
                "sessionContext": {
                    "sessionIssuer": issuer,
                    "webIdFederationData": {
                        "federatedProvider": f"arn:aws:iam::{account}:oidc-provider/oidc.baseten.co",
                        "attributes": {"oidc.baseten.co:sub": exact(number)},
                    },
                },
            },
            "eventTime": f"2026-11-19T{10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.24",
            "userAgent": "Boto3/1.40.0",
            "errorCode": "AccessDenied",
            "errorMessage": f"User: {session} is not authorized to perform: s3:GetObject on resource: {thing} because "
            "no identity-based policy allows the s3:GetObject action",
            "requestParameters": {"bucketName": f"acme-model-weights-{number}", "key": "file"},
            "eventID": f"30000000-0000-4000-8000-{number:012}",
            "recipientAccountId": account,
        }

    trail = folder / "aws/cloudtrail"
    trail.mkdir(parents=True)
    (trail / "calls.json").write_text(json.dumps({"Records": [call(n) for n in range(1_000)]}), encoding="utf-8")
    return report(folder)


INPUTS = {
    "log of 3,000": events,
    "log of 1,000": thousand,
    "extract of 3,000": extract,
    "extract of 100,000": long_extract,
    "200 revisions x subjects": many_revisions,
    "changed document x subjects": proposed,
    "log of writes": writes,
    "log of refused calls": refused_calls,
    "Google: revisions x subjects": google_revisions_and_subjects,
    "Google: revisions x tokens": google_revisions_and_tokens,
    "Google: tokens": google_tokens,
    "Google: log of 1,200": google_events,
}

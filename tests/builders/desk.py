"""The working folder of a reader of the guides: the files that the guides name, and stand-ins for tools.

The files are those of the clouds' and the vendors' own tools, about an AWS role and a Google provider that refuse the
reader's token. `aws` and `oidc-doctor` are the real programs, which talk to the loopback; `gcloud`, `truss`, `kubectl`,
`curl` and `terraform` print a file of the folder that the real ones would print.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from evidence import Bundle
from plan_text import PlanText, kept_role, new_role_and_provider

ACCOUNT = "123456789012"  # moto's
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/ModelWeights"
ISSUER, AUDIENCE = "https://oidc.baseten.co", "oidc.baseten.co"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1Xk0s:environment=production:type=model_build"
POOL = "projects/482910375566/locations/global/workloadIdentityPools/baseten-pool"
PROVIDER = f"{POOL}/providers/baseten-provider"
SERVICE_ACCOUNT = "baseten-oidc@weights-prod.iam.gserviceaccount.com"
CONDITION = "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2y:')"
REFUSED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"

_CLUSTER = "https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9"
# Of each issuer: its address, its audience, the subject that the role trusts, and the subject of the token.
ISSUERS = {
    "github": (
        "https://token.actions.githubusercontent.com",
        "sts.amazonaws.com",
        "repo:acme/weights:ref:refs/heads/main",
        "repo:acme/weights:environment:production",
    ),
    "gitlab": (
        "https://gitlab.com",
        "https://gitlab.com",
        "project_path:acme/weights:ref_type:branch:ref:main",
        "project_path:acme/weights:ref_type:tag:ref:v1.2.0",
    ),
    "eks": (
        _CLUSTER,
        "sts.amazonaws.com",
        "system:serviceaccount:ml:weights",
        "system:serviceaccount:ml-staging:weights",
    ),
}

# The words of a command that a stand-in answers → the file that it prints.
_ANSWERS = {
    "gcloud iam workload-identity-pools providers describe": "provider.json",
    "gcloud iam service-accounts get-iam-policy": "service-account-policy.json",
    "gcloud logging read": "entries.json",
    "truss whoami --show-oidc": "whoami.txt",
    "kubectl create token": "eks.jwt",
    "kubectl exec": "eks.jwt",
    "curl": "openid-configuration.json",
    "terraform plan": "terraform-plan.txt",
    "terraform show -json": "terraform-show.json",
}
_STAND_IN = """#!{python}
import os, sys
words = " ".join([os.path.basename(sys.argv[0]), *sys.argv[1:]])
answers = {answers!r}
found = [name for start, name in answers.items() if words.startswith(start)]
if not found:
    sys.exit("no stand-in for: " + words)
name = "jwks.json" if "jwks" in words else found[0]
with open(os.path.join({folder!r}, name), encoding="utf-8") as file:
    print(file.read())
"""


def statement(issuer: str, audience: str, subject: str, account: str = ACCOUNT) -> dict[str, Any]:
    """A statement of a trust policy."""
    host = issuer.removeprefix("https://")
    return {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{host}:aud": audience}, "StringLike": {f"{host}:sub": subject}},
    }


def role(issuer: str, audience: str, subject: str) -> dict[str, Any]:
    """A role as `aws iam get-role` prints it."""
    policy = {"Version": "2012-10-17", "Statement": [statement(issuer, audience, subject)]}
    arn = {"Path": "/", "RoleName": "ModelWeights", "RoleId": "AROAEXAMPLEEXAMPLE000", "Arn": ROLE_ARN}
    dates = {"CreateDate": "2026-03-02T09:00:00+00:00", "MaxSessionDuration": 3600}
    return {"Role": {**arn, **dates, "AssumeRolePolicyDocument": policy}}


TRUSTED = role(ISSUER, AUDIENCE, "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*")


def event(moment: float, subject: str = SUBJECT) -> dict[str, Any]:
    """A CloudTrail record of a refused exchange."""
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.baseten.co"
    who = {"type": "WebIdentityUser", "principalId": f"{provider}:{AUDIENCE}:{subject}", "userName": subject}
    return {
        "eventVersion": "1.11",
        "eventID": "3cf86bfc-6116-4038-bbe5-7fc9064d83f4",
        "eventName": "AssumeRoleWithWebIdentity",
        "eventSource": "sts.amazonaws.com",
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
        "eventType": "AwsApiCall",
        "awsRegion": "us-east-1",
        "recipientAccountId": ACCOUNT,
        "userIdentity": {**who, "identityProvider": provider},
        "requestParameters": {"roleArn": ROLE_ARN, "roleSessionName": "weights"},
        "responseElements": None,
        "errorCode": "AccessDenied",
        "errorMessage": "An unknown error occurred",
    }


def looked_up(record: dict[str, Any]) -> dict[str, Any]:
    """The record as one of `Events` of `aws cloudtrail lookup-events`."""
    names = {"EventId": record["eventID"], "EventName": record["eventName"], "EventTime": record["eventTime"]}
    resources = [{"ResourceType": "AWS::IAM::Role", "ResourceName": ROLE_ARN}]
    return {**names, "Resources": resources, "CloudTrailEvent": json.dumps(record)}


def _entry(moment: float) -> dict[str, Any]:
    return {
        "insertId": "entry1",
        "logName": "projects/weights-prod/logs/cloudaudit.googleapis.com%2Fdata_access",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
        "severity": "ERROR",
        "resource": {"type": "audited_resource", "labels": {"project_id": "weights-prod"}},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "sts.googleapis.com",
            "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken",
            "resourceName": PROVIDER,
            "authenticationInfo": {"principalSubject": SUBJECT},
            "status": {"code": 16, "message": "The given credential is rejected by the attribute condition."},
        },
    }


_TRUSS = f"""model_name: weights
weights:
  - source: s3://acme-weights/model
    mount_location: /models/base
    auth: {{auth_method: AWS_OIDC, aws_oidc_role_arn: '{ROLE_ARN}', aws_oidc_region: us-east-1}}
"""
_WHOAMI = """Org ID:  Org8Kd2P
Issuer:  https://oidc.baseten.co
"""


def _plan() -> str:
    """The plan of the changed role."""
    texts = [
        json.dumps(role(ISSUER, AUDIENCE, f"v=1:org=Org8Kd2P:team={team}:*")["Role"]["AssumeRolePolicyDocument"])
        for team in ("Tq7LmZ2y", "Tq7LmZ2x")
    ]
    before, after = (kept_role(text, name="ModelWeights") | {"arn": ROLE_ARN} for text in texts)
    return PlanText().add("aws_iam_role.weights", after, before=before).text()


def fill(folder: Path) -> None:
    """Write the files that the guides name. Tokens are of now: they are judged at the time of the run."""
    now = time.time()
    bundle = Bundle(folder / "issuer-of-tokens")
    times = {"iat": int(now) - 60, "exp": int(now) + 3540}
    ours = bundle.claims_of(sub=SUBJECT, type="model_build", deployment="4be1Xk0s", **times)
    members = [f"principalSet://iam.googleapis.com/{POOL}/attribute.team/Tq7LmZ2x"]
    record = event(now - 600)
    allowed = {"role": "roles/iam.workloadIdentityUser", "members": members}
    provider = {
        "name": PROVIDER,
        "state": "ACTIVE",
        "oidc": {"issuerUri": ISSUER, "allowedAudiences": [AUDIENCE]},
        "attributeMapping": {"google.subject": "assertion.sub", "attribute.team": "assertion.team"},
        "attributeCondition": CONDITION,
    }
    plan = new_role_and_provider("v=1:org=Org8Kd2P:team=Tq7LmZ2x:*").value()
    files: dict[str, Any] = {
        "role.json": TRUSTED,
        "expect.toml": f'[[expect]]\naccepted = ["{SUBJECT.replace("Tq7LmZ2x", "Tq7LmZ2y")}"]\nstrangers = "refused"\n',
        "changed-role.json": role(ISSUER, AUDIENCE, "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"),
        "update-plan.json": _plan(),
        "plan.json": plan,
        "terraform-show.json": plan,  # what becomes plan.json
        "terraform-plan.txt": "Plan: 2 to add, 0 to change, 0 to destroy.\n",
        "health.toml": '[[target]]\nname = "weights"\nfrom = "role.json"\n',
        "token.jwt": bundle.compact(ours),
        "claims.json": ours,
        "error.txt": f"AccessDenied: {REFUSED}",
        "event.json": record,
        "trail/AWSLogs/events.json": {"Records": [record]},
        "provider.json": provider,
        "service-account-policy.json": {"version": 1, "etag": "BwY=", "bindings": [allowed]},
        "entries.json": [_entry(now - 600)],
        "config.yaml": _TRUSS,
        "whoami.txt": _WHOAMI,
        "openid-configuration.json": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/.well-known/jwks.json"},
        "jwks.json": {"keys": [bundle.jwk()]},
    }
    files["cluster-provider.json"] = {
        **provider,
        "oidc": {"issuerUri": _CLUSTER, "allowedAudiences": ["sts.amazonaws.com"]},
        "attributeMapping": {"google.subject": "assertion.sub"},
        "attributeCondition": "assertion.sub.startsWith('system:serviceaccount:ml:')",
    }
    for name, (issuer, audience, trusted, subject) in ISSUERS.items():
        claims = {"iss": issuer, "aud": audience, "sub": subject, **times}
        files |= {f"{name}-role.json": role(issuer, audience, trusted), f"{name}.jwt": bundle.compact(claims)}
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")


def tools(folder: Path, files: Path) -> str:
    """Make the programs that the guides call in `folder`, and return the PATH that finds them."""
    folder.mkdir()
    script = _STAND_IN.format(python=sys.executable, answers=_ANSWERS, folder=str(files))
    for name in sorted({words.split()[0] for words in _ANSWERS}):
        (folder / name).write_text(script, encoding="utf-8")
    for name, arguments in {"oidc-doctor": "-m oidc_doctor ", "python3": "", "aws": "-m awscli "}.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} {arguments}"$@"\n', encoding="utf-8")
    for program in folder.iterdir():
        program.chmod(0o755)
    return f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin"

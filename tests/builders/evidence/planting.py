"""Bundles that have every file of the contract, and copies of them in which one text is a stranger's payload.

The texts are found by walking the files, so a further file of the contract, or a further member of a file, is planted
as soon as `whole` writes it; `tests/report/test_live_payloads.py` fails where a file of the contract is missing here.
"""

from __future__ import annotations

import dataclasses
import io
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from evidence.bundle import Bundle
from oidc_doctor.bundle.files import Bundle as Files
from oidc_doctor.bundle.files import BundleMember
from oidc_doctor.model.document import Origin

Json = Any
Place = tuple[str | int, ...]

OURS = ("outcome", "step")  # words of closed lists, though a str


def whole(root: Path) -> dict[str, Json]:
    """The files of one bundle for both clouds, as JSON values or texts: a refused token, with logs and a manifest."""
    made = Bundle(root)
    made.jwks().discovery().aws_provider().aws_role().aws_providers(made.PROVIDER_ARN)
    made.gcp_provider(condition=f"assertion.sub == '{made.SUBJECT}x'").gcp_pool().gcp_project().service_account()
    made.service_account_policy().project_policy()
    made.trust(made.statement(made.subject(made.PATTERN.replace("Tq7LmZ2x", "Tq7LmZ2y"))))
    made.claims(header={"alg": "RS256", "typ": "JWT", "kid": made.KID})
    made.error("An error occurred (AccessDenied): Not authorized to perform sts:AssumeRoleWithWebIdentity")
    change = {
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{made.ACCOUNT}:assumed-role/Deploy/ci"},
        "eventSource": "iam.amazonaws.com",
        "eventName": "UpdateAssumeRolePolicy",
        "requestParameters": {
            "roleName": "ModelWeights",
            "policyDocument": json.dumps(
                made.policy(made.statement(made.subject(made.PATTERN.replace("Tq7LmZ2x", "Tq7LmZ2y"))))
            ),
        },
        "errorCode": ...,
        "errorMessage": ...,
    }
    made.cloudtrail(
        [
            made.accepted_event(at="2026-11-22T21:00:00Z", event_id="00000000-0000-4000-8000-000000000001"),
            made.event(at="2026-11-22T21:30:00Z", event_id="00000000-0000-4000-8000-000000000002", **change),
            made.event(at="2026-11-22T22:00:00Z", event_id="00000000-0000-4000-8000-000000000003"),
        ]
    )
    refused = "The given credential is rejected by the attribute condition."
    made.gcp_logs([made.log_entry(at="2026-11-22T21:00:00Z"), made.log_entry(message=refused, insert_id="9z8y7x")])
    policy = made.policy({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
    binding = {"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [made.MEMBER]}], "etag": "BwX="}
    for name, value in {
        "aws/caller-identity.json": {"UserId": "AROA:ci", "Account": made.ACCOUNT, "Arn": made.ROLE_ARN},
        "aws/roles.json": {"Roles": [made.read("aws/role.json")["Role"]]},
        "aws/role-policies/Read.json": {"RoleName": "ModelWeights", "PolicyName": "Read", "PolicyDocument": policy},
        "aws/role-policy-list.json": {"PolicyNames": ["Read"]},
        "aws/attached-policies.json": {"AttachedPolicies": [{"PolicyName": "A", "PolicyArn": "arn:aws:iam::aws:a"}]},
        "aws/boundary.json": {"PolicyVersion": {"Document": policy, "VersionId": "v1"}},
        "aws/rcps/p-1.json": {"Policy": {"PolicySummary": {"Name": "rcp"}, "Content": json.dumps(policy)}},
        "aws/bucket-policy.json": {"Policy": json.dumps(policy)},
        "aws/scps/one.json": {"Policy": {"Content": json.dumps(policy)}},
        "aws/endpoint-policies/one.json": policy,
        "aws/bucket-encryption.json": {"Rules": [{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key"}]},
        "aws/repository-policy.json": {"repositoryName": "r", "policyText": json.dumps(policy)},
        "aws/key-policy.json": {"Policy": json.dumps(policy)},
        "aws/access-analyzer.json": {"findings": [{"findingDetails": "words", "issueCode": "X"}]},
        "aws/simulation.json": {"EvaluationResults": [{"EvalActionName": "s3:GetObject", "EvalDecision": "allowed"}]},
        "gcp/providers.json": [made.read("gcp/provider.json")],
        "gcp/pools.json": [made.read("gcp/pool.json")],
        "gcp/credentials.json": {
            "type": "external_account",
            "audience": f"//iam.googleapis.com/{made.GCP_PROVIDER}",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
            f"{made.SERVICE_ACCOUNT}:generateAccessToken",
            "credential_source": {"file": "/var/run/token"},
        },
        "gcp/folder-policy.json": binding,
        "gcp/organization-policy.json": binding,
        "gcp/bucket-policy.json": binding,
        "gcp/troubleshooting.json": {"answers": [{"accessTuple": {"permission": "storage.objects.get"}}]},
        "gcp/repository-policy.json": binding,
        "gcp/services.json": [{"config": {"name": "iam.googleapis.com"}, "state": "ENABLED"}],
        "gcp/org-policies/c.json": {"name": "policies/c", "spec": {"rules": [{"values": {"allowedValues": ["x"]}}]}},
        "truss/config.yaml": {"model_name": "weights", "runtime": {"docker_auth": {"auth_method": "AWS_OIDC"}}},
        "truss/whoami.txt": f"User: ada\nOIDC org id: {made.ORG}\nOIDC team id: {made.TEAM}\nissuer: {made.ISSUER}\n",
        "planned.json": {
            "changes": [],  # with changes, the target is one of a plan, whose report has no commands
            "unknown_values": [
                {
                    "address": "aws_iam_role.weights",
                    "attribute": "name",
                    "settled_by": "Plan again.",
                    "place": "aws/role.json",
                    "text": "<name>",
                    "why": "known only after apply",
                }
            ],
            "assumed": ["that the trust policy is data.aws_iam_policy_document.trust"],
            "notes": [{"what": "plan.json", "reason": "planning ended with an error", "named": False}],
        },
        "truss/version.txt": "truss, version 0.18.36\n",
        "setup/output.txt": f"Created role {made.ROLE_ARN}\nsubject {made.PATTERN}\n",
        "issuer/chain.pem": " 0 s:CN = oidc.baseten.co\n   i:C = US, O = Example, CN = Root\n",
    }.items():
        made.write(name, value)
    made.target(
        aws={"role_arn": made.ROLE_ARN, "role_session_name": "weights", "region": "us-east-1", "s3_bucket": "weights"},
        gcp={
            "provider": made.GCP_PROVIDER,
            "audience": f"//iam.googleapis.com/{made.GCP_PROVIDER}",
            "service_account": made.SERVICE_ACCOUNT,
            "gcs_bucket": "weights",
        },
        issuer=made.ISSUER,
    )
    denied = {"outcome": "denied", "code": "AccessDenied", "message": "not allowed to perform: iam:GetRole"}
    made.manifest(
        [
            {"path": "aws/rcps/", "call": "aws organizations list-policies", **denied},
            {"path": "gcp/folder-policy.json", "call": "gcloud", "outcome": "failed", "code": "X", "message": "words"},
            {"path": "aws/cloudtrail/", "call": "lookup-events", "outcome": "ok", "region": "us-east-1", "filter": "x"},
        ]
    )
    for name in ("issuer/jwks.json", "aws/role.json", "gcp/provider.json", "gcp/service-account-policy.json"):
        made.write(f"earlier/{name}", made.read(name))
    made.write(
        "earlier/manifest.json",
        {
            "collected_at": "2026-11-21T22:40:00Z",
            "reads": [{"path": "gcp/folder-policy.json", "call": "gcloud", "outcome": "ok"}],
        },
    )
    files = sorted(place for place in root.rglob("*") if place.is_file())
    return {place.relative_to(root).as_posix(): _value(place) for place in files}


def _value(place: Path) -> Json:
    text = place.read_text("utf-8")
    if place.suffix == ".toml":
        return tomllib.loads(text)
    return json.loads(text) if place.suffix == ".json" or place.name == "config.yaml" else text


def files_of(values: Mapping[str, Json]) -> Files:
    """A bundle in memory with these files; a text is written as it is, lone surrogates included."""

    def member(name: str, value: Json) -> BundleMember:
        text = _toml(value) if name.endswith(".toml") else value if isinstance(value, str) else json.dumps(value)
        data = text.encode("utf-8", "surrogatepass")
        return BundleMember(len(data), lambda: io.BytesIO(data))

    return Files("planted", {name: member(name, value) for name, value in values.items()})


def _toml(value: Mapping[str, Json]) -> str:
    """A target file; a lone surrogate, which TOML cannot say, is left out."""

    def text(item: Json) -> str:
        if isinstance(item, dict):
            return "{" + ", ".join(f"{text(name)} = {text(inner)}" for name, inner in item.items()) + "}"
        if isinstance(item, list):
            return "[" + ", ".join(map(text, item)) + "]"
        if not isinstance(item, str):
            return json.dumps(item)
        plain = item.encode("utf-8", "ignore").decode()
        return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in plain) + '"'

    return "".join(f"{text(name)} = {text(inner)}\n" for name, inner in value.items())


# Planting


def leaves(value: Json, place: Place = ()) -> Iterator[Place]:
    """The place of every text of a JSON value."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*place, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*place, index))


def planted_at(value: Json, place: Place, change: Callable[[str], str]) -> Json:
    """A copy of a JSON value with the text at `place` changed."""
    if not place:
        return change(value)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = planted_at(value[place[0]], place[1:], change)
    return copy


def everywhere(value: Json, change: Callable[[str], str]) -> Json:
    """A copy with every text changed."""
    for place in leaves(value):
        value = planted_at(value, place, change)
    return value


def with_members(value: Json, payload: str) -> Json:
    """A copy in which each object has a member whose name and value a stranger chose."""
    if isinstance(value, dict):
        return {name: with_members(inner, payload) for name, inner in value.items()} | {payload: payload}
    return [with_members(inner, payload) for inner in value] if isinstance(value, list) else value


def planted_report(value: Any, change: Callable[[str], str], kind: Any = None) -> Any:
    """A copy of a report, or of a part of one, with every text changed that is not of a closed list."""
    if get_origin(kind) is Literal or (kind is not None and any(get_origin(of) is Literal for of in get_args(kind))):
        return value
    if isinstance(value, str):
        return change(value) if type(value) is str else value
    if isinstance(value, Origin):
        return Origin(change(value.file), *value[1:])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kinds = get_type_hints(type(value))
        names = [entry.name for entry in dataclasses.fields(value) if entry.init]
        return dataclasses.replace(
            value,
            **{name: planted_report(getattr(value, name), change, kinds[name]) for name in names if name not in OURS},
        )
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        kinds = get_type_hints(type(value))
        return type(value)(
            *(planted_report(inner, change, kinds[name]) for name, inner in zip(value._fields, value, strict=True))
        )
    if isinstance(value, Mapping):
        return {name: planted_report(inner, change) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(planted_report(inner, change) for inner in value)
    return value

"""Permission fields of a role's session, from the evidence and from logged writes: role and resource policies.

inline:NAME (a policy, or None if the role lacks it), attached:ARN (a bool), version:ARN (the default version of a
managed policy), boundary (an ARN or None), and bucket, repository, key (a policy or None). Sources: the IAM, Amazon S3,
Amazon ECR and AWS KMS API references.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.documents.trust_policy import parse_policy
from oidc_doctor.history.aws_writes import is_role_of, policy_of
from oidc_doctor.history.writes import FieldWrite
from oidc_doctor.judge.aws.role_policies import names_of, policy_names
from oidc_doctor.logs.records.cloudtrail_writes import OF_POLICY, OF_RESOURCE, OF_ROLE, Members
from oidc_doctor.model.arns import ARN_FIELDS
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import ROLE_POLICIES, ROLE_POLICY_LIST, AwsEvidence, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from oidc_doctor.history.config_fields import SourcedFields
    from oidc_doctor.model.access import Need
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence

_FILES = {
    "bucket": "aws/bucket-policy.json",
    "repository": "aws/repository-policy.json",
    "key": "aws/key-policy.json",
}
_FIELD_OF = {"s3": "bucket", "ecr": "repository", "kms": "key"}


def permission_writes(
    change: Change, evidence: TargetEvidence, needs: Sequence[Need], managed: frozenset[str]
) -> list[FieldWrite] | None:
    """Return the write's effects: [] if a write to the role changes no permission, None for other resources.

    `needs` are the refused calls, and `managed` the ARNs of managed policies that the role has or had.
    """
    if change.what in OF_ROLE:
        return _role_writes(change) if is_role_of(change, evidence) else None
    if change.what in OF_POLICY:
        return _version_writes(change) if change.resource in managed else None
    if change.what in OF_RESOURCE and any(_is_of(change, need) for need in needs):
        request = Members(change.record.get("requestParameters"))
        field = _FIELD_OF[OF_RESOURCE[change.what]]
        if change.what.startswith("Delete"):
            return [FieldWrite(field, value=None)]
        written = request.get("bucketPolicy") or request.get("policyText") or request.get("policy")
        return [FieldWrite(field, value=policy_of(written))]
    return None


def managed_policies(evidence: TargetEvidence, changes: Iterable[Change]) -> frozenset[str]:
    """Return the ARNs of the managed policies that the role has, or that were attached or detached."""
    written = (
        Members(change.record.get("requestParameters")).text("policyArn")
        for change in changes
        if change.what in ("AttachRolePolicy", "DetachRolePolicy") and is_role_of(change, evidence)
    )
    attached = _attached(evidence.aws) if evidence.aws is not None else None
    return frozenset(filter(None, written)).union(attached or ())


def _is_of(change: Change, need: Need) -> bool:
    """Whether the write concerns the policy of this call's resource. Only bucket names are globally unique."""
    if OF_RESOURCE[change.what] != need.service:
        return False
    fields = str(need.resource).split(":", ARN_FIELDS - 1)
    if len(fields) < ARN_FIELDS:
        return False
    region, account, name = fields[3], fields[4], fields[5]
    if need.service == "s3":
        return change.resource == name.partition("/")[0]
    if change.resource.startswith("arn:"):
        return change.resource == str(need.resource)
    request = Members(change.record.get("requestParameters"))
    written_in = request.text("registryId") or change.account
    return (change.record.get("awsRegion"), written_in, change.resource) == (region, account, name.partition("/")[2])


def _role_writes(change: Change) -> list[FieldWrite]:
    request, what = Members(change.record.get("requestParameters")), change.what
    name, arn = request.text("policyName"), request.text("policyArn")
    if what == "PutRolePolicy" and name:
        return [FieldWrite(f"inline:{name}", value=policy_of(request.get("policyDocument")))]
    if what == "DeleteRolePolicy" and name:
        return [FieldWrite(f"inline:{name}", value=None)]
    if what == "AttachRolePolicy" and arn:
        return [FieldWrite(f"attached:{arn}", value=True)]  # also succeeds if it was already attached
    if what == "DetachRolePolicy" and arn:
        return [FieldWrite(f"attached:{arn}", value=False, before=True)]
    if what == "PutRolePermissionsBoundary":
        return [FieldWrite("boundary", value=request.text("permissionsBoundary"))]
    return [FieldWrite("boundary", value=None)] if what == "DeleteRolePermissionsBoundary" else []


def _version_writes(change: Change) -> list[FieldWrite]:
    request = Members(change.record.get("requestParameters"))
    if change.what == "SetDefaultPolicyVersion":
        return [FieldWrite(f"version:{change.resource}")]  # the version's text was written by an earlier event
    if change.what == "CreatePolicyVersion" and request.get("setAsDefault") is True:
        return [FieldWrite(f"version:{change.resource}", value=policy_of(request.get("policyDocument")))]
    return []


def permission_fields(evidence: TargetEvidence, written: frozenset[str]) -> dict[str, Json]:
    """Return the fields that the evidence shows, including the absence of fields that were written."""
    aws = evidence.aws
    if aws is None or not isinstance(aws.role, Role):
        return {}
    fields: dict[str, Json] = {}
    if aws.role.raw:
        boundary = aws.role.raw.get("PermissionsBoundary")
        fields["boundary"] = boundary.get("PermissionsBoundaryArn") if isinstance(boundary, dict) else None
    inline, attached = _inline(aws), _attached(aws)
    documents = _documents(aws)
    for name in inline or ():
        if name in documents:
            fields[f"inline:{name}"] = documents[name].value
    for arn, name in (attached or {}).items():
        fields[f"attached:{arn}"] = True
        if name in documents:
            fields[f"version:{arn}"] = documents[name].value
    for field in written:
        kind, _, name = field.partition(":")
        if kind == "inline" and inline is not None and name not in inline:
            fields[field] = None
        elif kind == "attached" and attached is not None and name not in attached:
            fields[field] = False
    for field, file in _FILES.items():
        read = aws.documents.get(file)
        if read is not None and not isinstance(read, Missing):
            fields[field] = read[0].value
        elif read is not None and read.proves_absence:
            fields[field] = None
    return fields


def _inline(aws: AwsEvidence) -> tuple[str, ...] | None:
    return policy_names(aws.documents.get(ROLE_POLICY_LIST, _UNREAD), "PolicyNames", "")


def _attached(aws: AwsEvidence) -> dict[str, str] | None:
    """Return the names of the attached policies by ARN; None if the list is incomplete."""
    names = policy_names(aws.attached_policies, "AttachedPolicies", "PolicyName")
    arns = policy_names(aws.attached_policies, "AttachedPolicies", "PolicyArn")
    return dict(zip(arns, names, strict=True)) if names is not None and arns is not None else None


_UNREAD = Missing(ROLE_POLICY_LIST, "not in the bundle")


def _documents(aws: AwsEvidence) -> dict[str, Document]:
    """Return the role's policies that were read, under each possible name."""
    return {name: document for document in aws.read(ROLE_POLICIES) for name in names_of(document)}


def with_permissions(evidence: TargetEvidence, fields: SourcedFields, present: dict[str, Json]) -> TargetEvidence:
    """Return the evidence as it would have been read with these field values. Unknown fields are unread."""
    aws = evidence.aws
    if aws is None or not isinstance(aws.role, Role):
        return evidence
    names = dict.fromkeys((*present, *fields))
    inline = [name.partition(":")[2] for name in names if name.startswith("inline:")]
    inline = [name for name in inline if f"inline:{name}" not in fields or fields[f"inline:{name}"][0] is not None]
    attached = [name.partition(":")[2] for name in names if name.startswith("attached:")]
    attached = [arn for arn in attached if f"attached:{arn}" not in fields or fields[f"attached:{arn}"][0]]
    documents = [*_policies("inline", inline, fields), *_policies("version", attached, fields)]
    lists: dict[str, Json] = {"PolicyNames": inline}
    attached_list = {"AttachedPolicies": [{"PolicyArn": arn, "PolicyName": _name(arn)} for arn in attached]}
    changed: dict[str, tuple[Document, ...] | Missing] = {
        ROLE_POLICIES: tuple(documents),
        ROLE_POLICY_LIST: (load(json.dumps(lists), ROLE_POLICY_LIST),),
    }
    for field, file in _FILES.items():
        if field in present or field in fields:
            changed[file] = _of_resource(field, file, fields)
    role = aws.role
    if "boundary" in present or "boundary" in fields:
        role = _bounded(role, fields.get("boundary", (_UNKNOWN, None))[0])
        if "boundary" not in fields or fields["boundary"][0] != present.get("boundary"):
            changed["aws/boundary.json"] = Missing("aws/boundary.json", "it was read later")
    return evidence._replace(
        aws=aws._replace(
            role=role,
            documents={**aws.documents, **changed},
            attached_policies=load(json.dumps(attached_list), "aws/attached-policies.json"),
        )
    )


_UNKNOWN = "unknown"  # a boundary that is set but was not read


def _policies(kind: str, names: list[str], fields: SourcedFields) -> Iterator[Document]:
    """Return the policies whose text is known, under their names in the evidence's lists."""
    for name in names:
        value, source = fields.get(f"{kind}:{name}", (None, None))
        if value is not None:
            file = f"aws/role-policies/{_name(name)}.json"
            read = _parsed({"PolicyName": _name(name), "PolicyDocument": value}, source or file)
            if read is not None:
                yield read


def _name(name: str) -> str:
    """Return the last part of a managed policy's ARN, or an inline policy's name."""
    return name.rpartition("/")[2]


def _parsed(answer: Any, file: str) -> Document | None:
    try:
        return parse_policy(json.dumps(answer), file)
    except Unreadable:
        return None


def _of_resource(field: str, file: str, fields: SourcedFields) -> tuple[Document, ...] | Missing:
    if field not in fields:
        return Missing(file, "it was read later")
    value, source = fields[field]
    if value is None:
        return Missing(file, "there was none", "not_found")
    read = _parsed(value, source or file)
    return (read,) if read is not None else Missing(file, "it was not seen in the logs", "unreadable")


def _bounded(role: Role, boundary: Json) -> Role:
    raw = {name: value for name, value in role.raw.items() if name != "PermissionsBoundary"}
    if boundary is not None:
        raw["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
    return role._replace(raw=raw)

"""Parse IAM roles and their policies, in the forms that the AWS CLI, CloudTrail and people write."""

from __future__ import annotations

import json
from typing import Any

from oidc_doctor.documents import fields
from oidc_doctor.documents.json_text import Unreadable, load, load_inner, part
from oidc_doctor.model import limits
from oidc_doctor.model.document import Document, Json, Missing, Origin
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.json_pointer import element_lines, pointer_segment

_POLICY = "AssumeRolePolicyDocument"

# The policy's place in the CLI's output: get-role-policy, get-policy-version, the resource policies of S3, KMS
# and ECR, and organizations describe-policy. A string there contains a policy.
_POLICY_PLACES = (
    ("PolicyDocument",),
    ("PolicyVersion", "Document"),
    ("Policy", "Content"),
    ("Policy",),
    ("policyText",),
    ("Document",),
    ("Content",),
)


def parse_roles(text: str, file: str) -> tuple[Role, ...]:
    """Parse a file's roles: get-role, list-roles, a bare role, a list of roles, or only a trust policy.

    Raises Unreadable. A role with an unreadable trust policy is kept, with a Missing as its policy.
    """
    return roles_of(load(text, file))


def roles_of(document: Document) -> tuple[Role, ...]:
    """Return the roles of a file that was loaded already. Raises Unreadable, as `parse_roles` does."""
    value = document.value
    if isinstance(value, str):  # a policy in a string, as in a template's output
        document = load_inner(document, "", value)
        value = document.value
    for name in ("Roles", "RoleDetailList"):  # list-roles, get-account-authorization-details
        if isinstance(value, dict) and isinstance(value.get(name), list):
            return _listed(document, pointer_segment(name), value[name])
    if isinstance(value, list):
        return _listed(document, "", value)
    return (_role(document, "", value, document.at()),)


def parse_policy(text: str, file: str) -> Document:
    """Parse a policy: bare, or in the response of the call that reads it. Raises Unreadable."""
    return within(_policy(load(text, file)), limits.POLICY)


def within(policy: Document, limit: limits.Limit) -> Document:
    """Return the policy unchanged. Raises Unreadable if it is longer than the cloud stores."""
    size = policy_size(policy.value)
    if size > limit.most:
        line = policy.at().line
        raise Unreadable(policy.file, line, None, limit.exceeded_by(size))
    return policy


def policy_size(policy: Json) -> int:
    """Return a policy's size as IAM counts it: without white space."""
    return len("".join(json.dumps(policy, separators=(",", ":"), ensure_ascii=False).split()))


def _policy(document: Document) -> Document:
    if isinstance(document.value, str):
        document = load_inner(document, "", document.value)
    value = fields.members(document, "", document.value, "a policy")
    if "Statement" in value:
        return document
    for place in _POLICY_PLACES:
        policy: Json = value
        for name in place:
            policy = policy.get(name) if isinstance(policy, dict) else None
        pointer = "".join(pointer_segment(name) for name in place)
        if isinstance(policy, str):
            return load_inner(document, pointer, policy)
        if isinstance(policy, dict) and ("Statement" in policy or place == ("PolicyDocument",)):
            return part(document, pointer, policy)
    raise fields.wrong(document, "", "no policy in it (a policy has a Statement)")


def _listed(document: Document, pointer: str, values: list[Json]) -> tuple[Role, ...]:
    fields.within(document, pointer, len(values), limits.LISTED)
    lines = [None] * len(values) if document.inner else element_lines(document.text, pointer)
    origins = [Origin(document.file, pointer + pointer_segment(index), line) for index, line in enumerate(lines)]
    return tuple(_role(document, origin.pointer, item, origin) for origin, item in zip(origins, values, strict=True))


def _role(document: Document, pointer: str, value: Json, origin: Origin) -> Role:
    box = fields.members(document, pointer, value, "a role or a trust policy")
    for wrapper in ("Role", "role"):
        if isinstance(box.get(wrapper), dict):
            box, pointer = box[wrapper], pointer + pointer_segment(wrapper)
            origin = origin if origin.pointer else document.at(pointer)
            break
    if "Statement" in box:
        return Role(None, None, _bounded(part(document, pointer, box)), origin, document=document)
    if not any(_either(box, name)[1] is not None for name in ("Arn", "RoleName", _POLICY)):
        raise fields.wrong(
            document, pointer, "neither a role (RoleName, AssumeRolePolicyDocument) nor a trust policy (Statement)"
        )
    duration_name, duration = _either(box, "MaxSessionDuration")
    if duration is not None and (not isinstance(duration, int) or isinstance(duration, bool)):
        raise fields.wrong(
            document,
            pointer + pointer_segment(duration_name),
            f"expected a number of seconds, found {fields.kind(duration)}",
        )
    created = _either(box, "CreateDate")[1]
    arn = fields.text(document, pointer, box, _either(box, "Arn")[0])
    return Role(
        arn=arn,
        name=fields.text(document, pointer, box, _either(box, "RoleName")[0]) or (arn or "").rpartition("/")[2] or None,
        trust_policy=_trust_policy(document, pointer, box),
        origin=origin,
        max_session_duration=duration,
        created=created if isinstance(created, str) else None,
        raw=box,
        document=document,
    )


def _trust_policy(document: Document, pointer: str, box: dict[str, Any]) -> Document | Missing:
    name, value = _either(box, _POLICY)
    place = pointer + pointer_segment(name)
    both = [box[spelling] for spelling in (_POLICY, _POLICY[0].lower() + _POLICY[1:]) if box.get(spelling) is not None]
    if len(both) > 1 and both[0] != both[1]:
        return Missing(document.file, "the role has two trust policies, which differ", "unreadable")
    if value is None:
        return Missing(document.file, f"the role has no {_POLICY}")
    if isinstance(value, dict):
        return _bounded(part(document, place, value))
    try:
        if isinstance(value, str):
            return _bounded(load_inner(document, place, value))
        raise fields.wrong(document, place, f"expected a policy, found {fields.kind(value)}")
    except Unreadable as error:
        return Missing(document.file, error.reason, "unreadable")


def _bounded(policy: Document) -> Document | Missing:
    try:
        return within(policy, limits.TRUST_POLICY)
    except Unreadable as error:
        return Missing(policy.file, error.reason, "unreadable")


def _either(box: dict[str, Any], name: str) -> tuple[str, Json]:
    """Return the member in IAM's spelling, or in CloudTrail's with a lower-case first letter; null counts as absent."""
    camel = name[0].lower() + name[1:]
    spelling = camel if box.get(name) is None and box.get(camel) is not None else name
    return spelling, box.get(spelling)

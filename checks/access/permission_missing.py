"""Permission missing

Symptom
    AccessDenied from S3, ECR or KMS, or a 403 from Google Cloud Storage or Artifact Registry. The exchange itself
    worked.
Reason
    The token was accepted; the role or service account behind it may not do what the workload then asks. S3 answers 403
    instead of 404 for a missing object when the caller lacks s3:ListBucket. A KMS-encrypted object needs kms:Decrypt as
    well, and a bucket or repository in another account needs a policy on its own side.
Confirm
    Find the refused call in the logs and compare its permission and resource with the policies of the role. Reads of
    objects are data events and are not logged by default. Where the role's policies are in the evidence, oidc-doctor
    decides each call that the Truss file or the target asks for on them: `ecr:GetAuthorizationToken` needs Resource
    `*`, `s3:ListBucket` the bucket's ARN and `s3:GetObject` the objects' (`…/*`).
Fix
    Grant this one permission on this one resource.
Source
    Baseten's OIDC documentation (permissions for ECR, S3, Artifact Registry, Cloud Storage); S3 API reference.
"""

from __future__ import annotations

import json

from oidc_doctor.checkkit import (
    Kind,
    Refusal,
    Words,
    as_value,
    aws_iam,
    bind_commands,
    cause,
    credentials_first,
    given,
    names_a_deployment,
    quoted,
    role_name,
)


@cause("ACC001", "permission-missing", Kind.PERMISSION_MISSING)
def permission_missing(refusal: Refusal) -> Words:
    """Name the permission that the session lacks, and on what."""
    permission, resource = refusal.fact("permission"), refusal.fact("resource")
    if refusal.cloud == "gcp" and refusal.fact("shown_by"):
        return _by_allow_policies(refusal, permission)
    if refusal.cloud == "gcp":
        return _on_google(refusal, permission or "a permission", resource)
    holder = _holder(refusal)
    if refusal.fact("other_caller"):
        return Words(
            f"{holder} lacks {permission or 'a permission'}, and its credentials are not those of the target's role",
            credentials_first(refusal, ""),
        )
    if refusal.fact("shown_by"):
        return _by_policies(refusal, permission)
    lacks = given("{} lacks {}", holder, permission) or f"{holder} lacks a permission"
    hidden = " If the object may not exist, list its prefix first: S3 answers both alike." if _hides(refusal) else ""
    return Words(
        f"{lacks}{given(' on {}', quoted(resource, '') or quoted(resource.rpartition(':')[2], ''))}",
        f"Grant {holder} {permission or 'the permission that the error names'}"
        f"{given(' on {}', resource) or ' on the resource that it needs'}.{hidden}{_statement(permission, resource)}",
    )


def _statement(permission: str, resource: str) -> str:
    """The statement for the call as the error names it; "" where a name is not known, or could be a pattern."""
    is_exact = resource.startswith("arn:") and not {"*", "?", "$"} & {*permission, *resource}
    if not permission or not is_exact or not resource.isprintable():
        return ""
    return f" The statement: {json.dumps({'Effect': 'Allow', 'Action': permission, 'Resource': resource})}"


def _by_policies(refusal: Refusal, permission: str) -> Words:
    """What the policies that were read lack, with the statement that was tried on them."""
    role, statement = role_name(refusal), refusal.fact("statement")
    holder = f"the role {role}" if role else "the role"
    command = aws_iam(
        "put-role-policy", RoleName=role, PolicyName=refusal.fact("policy_name"), PolicyDocument=statement or "{}"
    )
    allow = f"Allow {permission} on {refusal.fact('on')} in a policy of {holder}"
    return Words(
        f"the session lacks {permission} on {refusal.fact('on')}: no policy of {holder} allows it"
        f"{given('; {}', refusal.fact('reason'))}",
        f"{allow}; the command adds it as a policy of its own." if statement else f"{allow}.",
        (command,) if role and statement else (),
    )


def _by_allow_policies(refusal: Refusal, permission: str) -> Words:
    """What the allow policies that were read lack, and the binding that grants it on the bucket or repository."""
    holder, role = refusal.fact("holder"), refusal.fact("grants")
    place = "bucket" if refusal.fact("bucket") else "repository"
    grant = f"Grant {as_value(holder)} the role {role} on that {place}."
    if names_a_deployment(holder):
        grant = (
            f"Grant the role {role} on that {place} to a principalSet of a mapped attribute that names this workload: "
            "the next push changes the deployment in its subject."
        )
    return Words(
        f"{as_value(holder)} lacks {permission} on {refusal.fact('on')}: "
        f"{refusal.fact('reason') or 'no binding that was read grants it'}",
        grant,
        bind_commands(refusal, holder),
    )


def _holder(refusal: Refusal) -> str:
    """The role whose session made the call, or the other caller that the text names."""
    caller = refusal.fact("caller")
    _, is_session, session = caller.partition(":assumed-role/")
    if caller and not is_session:
        return given("the caller {}", quoted(caller.rpartition(":")[2], "")) or "the caller"
    return given("the role {}", session.partition("/")[0]) or "the role"


def _hides(refusal: Refusal) -> bool:
    """Whether S3 returns the same answer for an object that does not exist."""
    return refusal.fact("operation") in ("GetObject", "HeadObject")


def _on_google(refusal: Refusal, permission: str, resource: str) -> Words:
    """Name the holder as Google's sentence does: an e-mail, `Caller` for a federated principal, or no one."""
    caller, account = refusal.fact("caller"), refusal.fact("service_account")
    lacks = f"lacks {permission}{given(' on {}', quoted(resource, ''))}"
    where = given("on {}", resource) or "on the resource that it needs"
    if caller == "Caller" or caller.startswith("principal"):
        return Words(
            f"the federated principal {lacks}; no service account made this call",
            f"Grant the federated principal {permission} {where}, or let the client impersonate the service account "
            "that has it.",
        )
    if not caller:
        return Words(
            f"the caller {lacks}, and the error does not name the caller",
            f"Find out which identity made the call, and grant that identity {permission} {where}.",
        )
    holder = f"the service account {caller}" if caller.endswith(".gserviceaccount.com") else caller
    if account and caller != account:
        return Words(
            f"{holder}, which is not {account}, {lacks}",
            f"Let the client use {account}, or grant {caller} {permission} {where}.",
        )
    if account:
        return Words(f"the service account {lacks}", f"Grant {holder} {permission} {where}.")
    return Words(f"{holder} {lacks}", f"Grant {holder} {permission} {where}.")
